"""Roles given by hand: granted, by one or after two have agreed, revoked, and ended with a person's office."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import clock, ids
from service.auth.accounts import LAST, hold_admins, journal, keep_an_admin, locked
from service.auth.leaving import let_go
from service.auth.models import Account, RoleGrant
from service.auth.roles import account_rules, roles_of
from service.auth.separation import require_apart
from service.errors import Conflict, NotAllowed
from service.fields import Checks
from service.people.queries import get_unit
from service.rights import LIAISON, ROLES, Actor, require


def grant_role(
    session: Session,
    *,
    username: str,
    role: str,
    unit_code: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    known_roles: Collection[str] = ROLES,
    actor: Actor,
    now: datetime,
) -> RoleGrant:
    """Gives an account a role from ``starts_on`` (default: the day of ``now``) to ``ends_on``, both included.

    ``known_roles`` are the ids of ``organization.toml`` where an office has added its own. Raises ``Invalid``,
    ``NotAllowed`` for the own account and where two must agree (``proposals``), ``Conflict`` where the account holds
    the role for that unit already, or must not hold it beside its others.
    """
    require(actor, "grant_roles")
    if account_rules(session).by_two and not actor.is_system:
        raise NotAllowed("授予角色须一人提出、另一人批准，请提交申请")
    return give_role(
        session,
        username=username,
        role=role,
        unit_code=unit_code,
        starts_on=starts_on,
        ends_on=ends_on,
        known_roles=known_roles,
        actor=actor,
        now=now,
    )


def give_role(
    session: Session,
    *,
    username: str,
    role: str,
    unit_code: str | None,
    starts_on: date | None,
    ends_on: date | None,
    known_roles: Collection[str],
    actor: Actor,
    now: datetime,
) -> RoleGrant:
    """The same without asking whether two have agreed."""
    account = locked(session, username)
    day = starts_on or clock.local(now).date()
    check_grant(session, account, role, unit_code, day, ends_on, known_roles, actor)
    require_apart(session, account.username, role, clock.local(now).date())
    let_go(session, [account.username], actor, now)
    grant = RoleGrant(
        id=ids.new(), username=account.username, role=role, unit_code=unit_code, starts_on=day, ends_on=ends_on
    )
    session.add(grant)
    session.flush()
    journal(session, "role_granted", _grant_data(grant), actor, now)
    return grant


def check_grant(
    session: Session,
    account: Account,
    role: str,
    unit_code: str | None,
    starts_on: date,
    ends_on: date | None,
    known_roles: Collection[str],
    actor: Actor,
) -> None:
    """Raises where ``actor`` cannot give the account that role: unknown, own, without its unit, held already."""
    if account.username == actor.username:
        raise NotAllowed("不能给自己授予角色，请由另一位管理员办理")
    checks = Checks()
    checks.choice("/role", "角色", role, tuple(known_roles))
    known = roles_of(session).get(role)
    if known is not None and known.of_unit and unit_code is None:
        checks.refuse("/unit_code", "该角色须指定单位")
    checks.optional_code("/unit_code", "单位代码", unit_code)
    checks.period(starts_on, ends_on)
    checks.done()
    if unit_code is not None:
        get_unit(session, unit_code)
    same = select(RoleGrant.id).where(
        RoleGrant.username == account.username,
        RoleGrant.role == role,
        RoleGrant.unit_code == unit_code,
        RoleGrant.revoked_at.is_(None),
        RoleGrant.starts_on <= (ends_on or date.max),
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= starts_on),
    )
    if session.scalar(same.limit(1)):
        raise Conflict("该账号在这段时间内已有此角色")


def revoke_role(
    session: Session, *, username: str, role: str, unit_code: str | None = None, actor: Actor, now: datetime
) -> None:
    """Takes a role given by hand from an account, at once, future periods too.

    Raises ``Conflict`` where there is none, and for the last administrator.
    """
    require(actor, "grant_roles")
    if role in LAST:
        hold_admins(session, username)
    account = locked(session, username)
    held = select(RoleGrant).where(
        RoleGrant.username == account.username,
        RoleGrant.role == role,
        RoleGrant.unit_code == unit_code,
        RoleGrant.revoked_at.is_(None),
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= clock.local(now).date()),
    )
    grants = list(session.scalars(held))
    if not grants:
        raise Conflict("该账号没有这项角色；联络员、联系领导的角色随单位与人员名录变动")
    if role in LAST:
        keep_an_admin(session, account.username, now, (role,))
    for grant in grants:
        grant.revoked_at = now
        session.flush()
        journal(session, "role_revoked", _grant_data(grant), actor, now)
    let_go(session, [account.username], actor, now)


def end_unit_grants(
    session: Session,
    *,
    person_id: UUID,
    unit_code: str,
    until: date,
    roles: Collection[str] = (LIAISON,),
    actor: Actor,
    now: datetime,
) -> int:
    """Ends, with ``until`` as the last day, what the person was given by hand for the unit; gives how many.

    The directory says who is the liaison (T4), and a person who works elsewhere handles nothing of the former unit: a
    grant beside it would outlast the office.
    """
    accounts = select(Account.username).where(Account.person_id == person_id)
    held = select(RoleGrant).where(
        RoleGrant.username.in_(accounts),
        RoleGrant.role.in_(roles),
        RoleGrant.unit_code == unit_code,
        RoleGrant.revoked_at.is_(None),
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on > until),
    )
    grants = list(session.scalars(held.order_by(RoleGrant.id)))
    for grant in grants:
        if grant.starts_on > until:
            grant.revoked_at = now
        else:
            grant.ends_on = until
        session.flush()
        journal(session, "role_revoked", _grant_data(grant), actor, now)
    return len(grants)


def _grant_data(grant: RoleGrant) -> dict[str, object]:
    return {
        "id": grant.id,
        "username": grant.username,
        "role": grant.role,
        "unit": grant.unit_code,
        "starts_on": grant.starts_on,
        "ends_on": grant.ends_on,
        "revoked": grant.revoked_at is not None,
    }
