"""四眼: what one administrator proposes about rights, another approves or refuses, within the days of the settings."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.auth.accounts import journal
from service.auth.factors import drop_factor, find_factor
from service.auth.grants import WantedRole, checked, give_role
from service.auth.models import AccessProposal
from service.auth.proposal_notices import tell_who_decides, tell_who_proposed
from service.auth.queries import get_account
from service.auth.roles import account_rules
from service.db.lists import Page, page
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.fields import Checks
from service.rights import SYSTEM, Actor, require

GRANT, FACTOR_RESET = "grant", "factor_reset"
APPROVED, REFUSED, WITHDRAWN, EXPIRED, OPEN = "approved", "refused", "withdrawn", "expired", "open"
STATES = {OPEN: "待审批", APPROVED: "已批准", REFUSED: "已退回", WITHDRAWN: "已撤回", EXPIRED: "已过期"}


def state_of(row: AccessProposal, now: datetime) -> str:
    """A key of ``STATES``."""
    return row.outcome or (EXPIRED if row.expires_at <= now else OPEN)


def propose_role(
    session: Session,
    *,
    username: str,
    role: str,
    unit_code: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> AccessProposal:
    """Proposes what ``grant_role`` gives; it holds once it is approved.

    Raises ``Invalid``, ``NotAllowed``, and ``Conflict`` where the account has the role, must not have it beside its
    others, or the same is proposed already.
    """
    require(actor, "propose_access")
    asked = WantedRole(username, role, unit_code, starts_on, ends_on)
    wanted = checked(session, get_account(session, username), asked, actor, now)
    for other in _open(session, wanted.username, GRANT, now):
        if (other.role, other.unit_code) == (wanted.role, wanted.unit_code):
            raise Conflict("同样的授权申请正在等待审批")
    row = AccessProposal(kind=GRANT, **asdict(wanted), reason=_text(reason, "/reason", "理由"))
    return _proposed(session, row, "grant_proposed", actor, now)


def propose_reset(
    session: Session, *, username: str, reason: str | None, actor: Actor, now: datetime
) -> AccessProposal:
    """Proposes that an account enrols its second factor anew. Raises ``Invalid``, ``NotAllowed``, ``Conflict``."""
    require(actor, "propose_access")
    account = get_account(session, username)
    if account.username == actor.username:
        raise NotAllowed("不能为自己申请重置，请由另一位管理员办理")
    if find_factor(session, account.username) is None:
        raise Conflict("该账号没有登记二次验证")
    if _open(session, account.username, FACTOR_RESET, now):
        raise Conflict("重置申请正在等待审批")
    row = AccessProposal(kind=FACTOR_RESET, username=account.username, reason=_text(reason, "/reason", "理由"))
    return _proposed(session, row, "factor_reset_proposed", actor, now)


def approve(session: Session, *, proposal_id: UUID, actor: Actor, now: datetime) -> AccessProposal:
    """Puts a proposal into effect. Raises ``NotAllowed`` for who proposed it or whom it concerns, ``Conflict``."""
    row = _for_decision(session, proposal_id, actor, now)
    if actor.username in (row.proposed_by, row.username):
        raise NotAllowed("须由另一人审批：提出申请的人和申请涉及的本人都不能批准")
    if row.kind == FACTOR_RESET:
        drop_factor(session, username=row.username, actor=actor, now=now)
    else:
        starts_on = max(row.starts_on or date.min, clock.local(now).date())
        wanted = WantedRole(row.username, row.role or "", row.unit_code, starts_on, row.ends_on)
        give_role(session, wanted, actor, now)
    kind = "grant_approved" if row.kind == GRANT else "factor_reset_approved"
    tell_who_proposed(session, row, f"{actor.name}已批准，即时生效", actor, now)
    return _decided(session, row, kind, APPROVED, None, actor, now)


def refuse(session: Session, *, proposal_id: UUID, answer: str, actor: Actor, now: datetime) -> AccessProposal:
    """Refuses a proposal with a reason. Raises ``Invalid`` at ``/answer``, ``NotAllowed``, ``Conflict``."""
    row = _for_decision(session, proposal_id, actor, now)
    if actor.username == row.proposed_by:
        raise NotAllowed("自己提出的申请请用“撤回”")
    text = _text(answer, "/answer", "退回理由")
    if text is None:
        raise Invalid("请写明退回理由", [Finding("/answer", "请写明退回理由")])
    kind = "grant_refused" if row.kind == GRANT else "factor_reset_refused"
    tell_who_proposed(session, row, f"{actor.name}已退回，理由：{text}", actor, now)
    return _decided(session, row, kind, REFUSED, text, actor, now)


def withdraw(session: Session, *, proposal_id: UUID, actor: Actor, now: datetime) -> AccessProposal:
    """Takes the own proposal back. Raises ``NotAllowed``, ``Conflict``."""
    require(actor, "propose_access")
    row = _held(session, proposal_id, now)
    if actor.username != row.proposed_by:
        raise NotAllowed("只能撤回自己提出的申请")
    kind = "grant_withdrawn" if row.kind == GRANT else "factor_reset_withdrawn"
    return _decided(session, row, kind, WITHDRAWN, None, actor, now)


def expire(session: Session, *, now: datetime) -> int:
    """Journals that proposals have grown old without an answer; gives how many. Before that they are void already."""
    old = select(AccessProposal).where(AccessProposal.outcome.is_(None), AccessProposal.expires_at <= now)
    rows = list(session.scalars(old.order_by(AccessProposal.id).with_for_update(of=AccessProposal, skip_locked=True)))
    for row in rows:
        kind = "grant_expired" if row.kind == GRANT else "factor_reset_expired"
        _decided(session, row, kind, EXPIRED, None, SYSTEM, now)
        tell_who_proposed(session, row, "没有人审批，已过期作废，仍需要的请重新提出", SYSTEM, now)
    return len(rows)


def list_proposals(
    session: Session, *, now: datetime, waiting: bool | None = None, limit: int = 50, offset: int = 0
) -> Page[AccessProposal]:
    """Proposals, the newest first; ``waiting`` keeps those that wait, or those that are over. Two statements."""
    query = select(AccessProposal)
    if waiting is not None:
        waits = AccessProposal.outcome.is_(None) & (AccessProposal.expires_at > now)
        query = query.where(waits if waiting else ~waits)
    query = query.order_by(AccessProposal.proposed_at.desc(), AccessProposal.id)
    return page(session, query, limit=limit, offset=offset)


def waiting_of(session: Session, username: str, now: datetime) -> list[AccessProposal]:
    """The proposals about an account that wait; one statement."""
    query = select(AccessProposal).where(
        AccessProposal.username == username, AccessProposal.outcome.is_(None), AccessProposal.expires_at > now
    )
    return list(session.scalars(query.order_by(AccessProposal.proposed_at)))


def _proposed(session: Session, row: AccessProposal, kind: str, actor: Actor, now: datetime) -> AccessProposal:
    row.id, row.proposed_by, row.proposed_at = ids.new(), actor.username, now
    row.expires_at = now + account_rules(session).proposal_lifetime
    session.add(row)
    session.flush()
    journal(session, kind, _data(row), actor, now)
    tell_who_decides(session, row, actor, now)
    return row


def _decided(
    session: Session, row: AccessProposal, kind: str, outcome: str, answer: str | None, actor: Actor, now: datetime
) -> AccessProposal:
    row.outcome, row.answer, row.decided_by, row.decided_at = outcome, answer, actor.username, now
    session.flush()
    data = {"id": row.id, "username": row.username, "role": row.role, "unit": row.unit_code, "answer": answer}
    journal(session, kind, data, actor, now)
    return row


def _for_decision(session: Session, proposal_id: UUID, actor: Actor, now: datetime) -> AccessProposal:
    require(actor, "grant_roles")
    return _held(session, proposal_id, now)


def _held(session: Session, proposal_id: UUID, now: datetime) -> AccessProposal:
    query = select(AccessProposal).where(AccessProposal.id == proposal_id)
    row = session.scalars(query.with_for_update(of=AccessProposal)).one_or_none()
    if row is None:
        raise NotFound("没有这个申请")
    state = state_of(row, now)
    if state == EXPIRED:
        raise Conflict("该申请已过期，请重新提出")
    if state != OPEN:
        raise Conflict(f"该申请{STATES[state]}")
    return row


def _open(session: Session, username: str, kind: str, now: datetime) -> list[AccessProposal]:
    return [row for row in waiting_of(session, username, now) if row.kind == kind]


def _text(text: str | None, path: str, label: str) -> str | None:
    checks = Checks()
    found = checks.optional_text(path, label, text)
    checks.done()
    return found


def _data(row: AccessProposal) -> dict[str, object]:
    return {
        "id": row.id,
        "username": row.username,
        "role": row.role,
        "unit": row.unit_code,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "reason": row.reason,
        "expires_at": row.expires_at.isoformat(),
    }
