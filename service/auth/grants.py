"""Roles given by hand: granted, by one or after two have agreed, revoked, and ended with a person's office."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
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
from service.rights import LIAISON, Actor, require


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A role that an account is to have, for the unit ``unit_code`` where it wants one, between two days, both
    included; from today on where ``starts_on`` is None."""

    username: str
    role: str
    unit_code: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None


def grant_role(
    session: Session,
    *,
    username: str,
    role: str,
    unit_code: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    actor: Actor,
    now: datetime,
) -> RoleGrant:
    """Gives an account a role, as ``WantedRole`` says.

    Raises ``Invalid``, ``NotAllowed`` for the own account and where two must agree (``proposals``), ``Conflict`` where
    the account holds the role for that unit already, or must not hold it beside its others.
    """
    require(actor, "grant_roles")
    if account_rules(session).by_two and not actor.is_system:
        raise NotAllowed("授予角色须一人提出、另一人批准，请提交申请")
    return give_role(session, WantedRole(username, role, unit_code, starts_on, ends_on), actor, now)


def give_role(session: Session, wanted: WantedRole, actor: Actor, now: datetime) -> RoleGrant:
    """The same without asking whether two have agreed."""
    account = locked(session, wanted.username)
    wanted = checked(session, account, wanted, actor, now)
    let_go(session, [account.username], actor, now)
    grant = RoleGrant(id=ids.new(), **asdict(wanted))
    session.add(grant)
    session.flush()
    journal(session, "role_granted", _grant_data(grant), actor, now)
    return grant


def checked(session: Session, account: Account, wanted: WantedRole, actor: Actor, now: datetime) -> WantedRole:
    """``wanted`` with the account's name as it is stored and its first day.

    Raises where ``actor`` cannot give the account that role: unknown, own, without its unit, held already, or one that
    does not go beside the others.
    """
    if account.username == actor.username:
        raise NotAllowed("不能给自己授予角色，请由另一位管理员办理")
    today, roles = clock.local(now).date(), roles_of(session)
    first = wanted.starts_on or today
    wanted = replace(wanted, username=account.username, starts_on=first)
    checks = Checks()
    checks.choice("/role", "角色", wanted.role, tuple(roles))
    if wanted.role in roles and roles[wanted.role].of_unit and wanted.unit_code is None:
        checks.refuse("/unit_code", "该角色须指定单位")
    checks.optional_code("/unit_code", "单位代码", wanted.unit_code)
    checks.period(first, wanted.ends_on)
    checks.done()
    if wanted.unit_code is not None:
        get_unit(session, wanted.unit_code)
    same = select(RoleGrant.id).where(
        RoleGrant.username == wanted.username,
        RoleGrant.role == wanted.role,
        RoleGrant.unit_code == wanted.unit_code,
        RoleGrant.revoked_at.is_(None),
        RoleGrant.starts_on <= (wanted.ends_on or date.max),
        or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= first),
    )
    if session.scalar(same.limit(1)):
        raise Conflict("该账号在这段时间内已有此角色")
    require_apart(session, wanted.username, wanted.role, today)
    return wanted


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
