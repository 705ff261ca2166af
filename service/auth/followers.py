"""Changes that follow for a person's accounts when the directory takes something from the person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.auth.grants import end_unit_grants
from service.auth.leaving import let_go, usernames_in, usernames_of
from service.people.leaving import Leaving
from service.rights import EMPLOYER, LIAISON, RESPONSIBLE_UNIT, Actor

MOVING = (RESPONSIBLE_UNIT, EMPLOYER)
"""Roles given by hand for a unit that end when the person moves to another one; the liaison's follows the directory."""


def follow(session: Session, leaving: Leaving, actor: Actor, now: datetime) -> None:
    """Ends grants by hand for a unit, and claims, when the directory takes the person from it.

    Wired in as ``people.leaving.KEY``. The liaison's own rights follow the directory by themselves.
    """
    if leaving.person_id is None:
        let_go(session, usernames_in(session, leaving.unit_code or ""), actor, now)
        return
    if leaving.unit_code is not None and leaving.until is not None:
        end_unit_grants(
            session,
            person_id=leaving.person_id,
            unit_code=leaving.unit_code,
            until=leaving.until,
            roles=(LIAISON,) if leaving.liaison else MOVING,
            actor=actor,
            now=now,
        )
    let_go(session, usernames_of(session, leaving.person_id), actor, now)
