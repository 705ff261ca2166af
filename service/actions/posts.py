"""Ending a leader's post: the one deed of the directory that reaches the links."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, history, people
from service.auth import Actor
from service.auth.directory import require_leader
from service.liaisons import hold_links
from service.liaisons.models import Link
from service.people import Leader
from service.processes.commands import begin
from service.processes.definitions import find_latest
from service.processes.models import RUNNING, SUSPENDED, Instance

PROCESS = "liaison_change"


def end_post(
    session: Session, *, leader_id: UUID | str, ends_on: date, actor: Actor, now: datetime
) -> tuple[Leader, list[Link]]:
    """Sets the last day of a post; from the next day on the Talent Office holds its links, which are answered (O4).

    A post that has ended with links left opens their handover at once, one that ends later on the day after.
    Raises ``NotAllowed``, ``NotFound``, ``Invalid`` for a day before the first, ``Conflict`` where the post has ended.
    """
    leader = people.get_leader(session, leader_id)
    require_leader(actor, leader)
    people.end_leader(session, leader_id=leader.id, ends_on=ends_on, actor=actor, now=now)
    first = ends_on + timedelta(days=1)
    held = hold_links(session, leader_id=leader.id, held_from=first, actor=actor, now=now)
    open_handovers(session, actor=actor, now=now, leader_id=leader.id)
    return leader, held


def open_handovers(session: Session, *, actor: Actor, now: datetime, leader_id: UUID | None = None) -> int:
    """Opens the handover (``liaison_change``) of each ended post whose links nobody has taken over; gives how many.

    Of one post, or of all: the daily round, which any number of workers may make. A post has one running handover.
    """
    if find_latest(session, PROCESS) is None:
        return 0
    history.lock(session, f"handover:{leader_id or 'all'}")
    running = select(Instance.leader_id).where(
        Instance.process == PROCESS, Instance.status.in_((RUNNING, SUSPENDED)), Instance.leader_id.is_not(None)
    )
    going_on = set(session.scalars(running))
    today = clock.local(now).date()
    ended = select(Leader.id).where(Leader.ends_on.is_not(None), Leader.ends_on <= today)
    waiting = select(Link.leader_id).where(
        Link.leader_id.in_(ended), Link.ends_on.is_(None), Link.status.in_(("active", "held"))
    )
    if leader_id is not None:
        waiting = waiting.where(Link.leader_id == leader_id)
    opened = 0
    for post in sorted(set(session.scalars(waiting)) - {UUID(one) for one in going_on}, key=str):
        begin(session, process=PROCESS, data={"leader_id": str(post)}, actor=actor, now=now)
        opened += 1
    return opened
