"""Ending a leader's post: the one deed of the directory that reaches the links."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from service import people
from service.auth import Actor
from service.auth.directory import require_leader
from service.liaisons import hold_links
from service.liaisons.models import Link
from service.people import Leader


def end_post(
    session: Session, *, leader_id: UUID | str, ends_on: date, actor: Actor, now: datetime
) -> tuple[Leader, list[Link]]:
    """Sets the last day of a post; from the next day on the Talent Office holds its links, which are answered (O4).

    Raises ``NotAllowed``, ``NotFound``, ``Invalid`` for a day before the first, ``Conflict`` where the post has ended.
    """
    leader = people.get_leader(session, leader_id)
    require_leader(actor, leader)
    people.end_leader(session, leader_id=leader.id, ends_on=ends_on, actor=actor, now=now)
    first = ends_on + timedelta(days=1)
    return leader, hold_links(session, leader_id=leader.id, held_from=first, actor=actor, now=now)
