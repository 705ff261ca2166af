"""Changes that follow above when the directory takes something from a person: told to whoever was wired in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service.rights import Actor

KEY = "people.leaving"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A person has moved or left (``person_id``), a liaison's service has ended, a unit is out of use (no person).

    Grants by hand for ``unit_code`` end with the day ``until``: to a ``liaison``, or to who works there.
    """

    person_id: UUID | None = None
    unit_code: str | None = None
    until: date | None = None
    liaison: bool = False


Follow = Callable[[Session, Leaving, Actor, datetime], object]
"""Told in the transaction that takes something away."""


def follow(session: Session, leaving: Leaving, actor: Actor, now: datetime) -> None:
    """Tells the rooms above. A session that nobody wired is a fault: rights would outlast what they follow from."""
    told: Follow | None = session.info.get(KEY)
    if told is None:
        raise RuntimeError(f"nobody follows {KEY} in this session: see auth.leaving.watch")
    session.flush()
    told(session, leaving, actor, now)
