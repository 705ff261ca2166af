"""Word of proposals about rights (四眼): who may decide hears that one waits, who proposed it hears how it ended."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.auth.accounts import ACCESS
from service.auth.models import AccessProposal
from service.auth.queries import accounts_of_role, actor_of_account
from service.auth.roles import roles_of
from service.history.records import owe_notice
from service.people.queries import unit_names
from service.rights import Actor, may, roles_with

WAITS, DECIDED = "access_proposed", "access_decided"
"""The kinds of these notices."""
RIGHT = "grant_roles"
"""The right to decide."""


def tell_who_decides(session: Session, row: AccessProposal, actor: Actor, now: datetime) -> None:
    """Owes word of a new proposal to all who may decide on it; to nobody where nobody may."""
    day = clock.local(now).date()
    names = [name for name in _deciders(session, day) if name not in (row.proposed_by, row.username)]
    if names:
        until = clock.local(row.expires_at)
        text = (
            f"理由：{row.reason or '没有写'}。请在 {clock.written(until.date())}{until:%H:%M} 前到“权限审批”批准或退回"
        )
        owe_notice(session, ACCESS, WAITS, title=_title(session, row), text=text, usernames=names, actor=actor, now=now)


def tell_who_proposed(session: Session, row: AccessProposal, said: str, actor: Actor, now: datetime) -> None:
    """Owes word of the end of a proposal to who made it; ``said`` is how it ended."""
    title, names = _title(session, row), [row.proposed_by]
    owe_notice(session, ACCESS, DECIDED, title=title, text=said, usernames=names, actor=actor, now=now)


def count_to_decide(session: Session, actor: Actor, now: datetime) -> int:
    """How many proposals wait for ``actor``; at most one statement."""
    if not may(actor, RIGHT):
        return 0
    waiting = select(func.count()).where(
        AccessProposal.outcome.is_(None),
        AccessProposal.expires_at > now,
        AccessProposal.proposed_by != actor.username,
        AccessProposal.username != actor.username,
    )
    return session.scalar(waiting) or 0


def waits(session: Session, proposed_at: datetime, now: datetime) -> bool:
    """Whether a proposal of that moment still waits: word of it is pointless once it is over."""
    found = select(AccessProposal.id).where(
        AccessProposal.proposed_at == proposed_at, AccessProposal.outcome.is_(None), AccessProposal.expires_at > now
    )
    return session.scalar(found.limit(1)) is not None


def _deciders(session: Session, day: date) -> list[str]:
    """The sign-in names of all who may decide on the day."""
    found = {
        one.username: one
        for role in sorted(roles_with(RIGHT, roles_of(session)))
        for one in accounts_of_role(session, role, on=day)
    }
    return sorted(name for name, one in found.items() if may(actor_of_account(session, one, day), RIGHT))


def _title(session: Session, row: AccessProposal) -> str:
    """授予谭雅文流程管理员（区教育局）; 重置谭雅文的二次验证."""
    if row.role is None:
        return f"重置{row.account.name}的二次验证"
    known = roles_of(session).get(row.role)
    unit = f"（{unit_names(session, [row.unit_code]).get(row.unit_code, row.unit_code)}）" if row.unit_code else ""
    return f"授予{row.account.name}{known.name if known is not None and known.name else row.role}{unit}"
