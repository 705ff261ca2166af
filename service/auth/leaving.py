"""Changes that have to follow when accounts lose a right: told to whatever room above this one was wired in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.models import Account, RoleGrant
from service.rights import Actor

KEY = "auth.leaving"

LetGo = Callable[[Session, Collection[str], Actor, datetime], object]
"""Told, in the transaction that takes the right away: the accounts concerned, who does it, when."""


def let_go(session: Session, usernames: Collection[str], actor: Actor, now: datetime) -> None:
    """These accounts have lost a right, or may have; what they held by it goes back."""
    told: LetGo | None = session.info.get(KEY)
    if told is not None and usernames:
        session.flush()
        told(session, usernames, actor, now)


def usernames_of(session: Session, person_id: UUID) -> list[str]:
    """The accounts of a person."""
    return list(session.scalars(select(Account.username).where(Account.person_id == person_id)))


def usernames_in(session: Session, unit_code: str) -> list[str]:
    """The accounts that hold, or held, a role of the unit given by hand."""
    query = select(RoleGrant.username).where(RoleGrant.unit_code == unit_code).distinct()
    return list(session.scalars(query))
