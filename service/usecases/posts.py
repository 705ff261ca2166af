"""Ending and correcting a leader's post: the operations of the directory that reach links, contacts and handovers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, history, people
from service.actions.parameters import entitled
from service.contacts.queries import has_contacts, last_contact
from service.fields import Checks
from service.liaisons import check_release, hold_links, release_links
from service.liaisons.models import Link
from service.liaisons.queries import has_links, posts_with_links_left
from service.people import Leader
from service.people.access import require_leader
from service.people.posts import PLACE_FIELDS, update_leader
from service.people.posts import correct_end as correct_post_end
from service.processes.commands import begin, terminate
from service.processes.definitions import find_latest
from service.processes.instances import going_on_about, leaders_under_way
from service.rights import Actor

PROCESS = "liaison_change"


def end_post(
    session: Session, *, leader_id: UUID | str, ends_on: date, actor: Actor, now: datetime
) -> tuple[Leader, list[Link]]:
    """Sets the last day of a post; from the next day on the Talent Office holds its links, which are answered (O4).

    A post that has ended with links left opens their handover at once, one that ends later on the day after.
    Raises ``NotAllowed``, ``NotFound``, ``Invalid`` for a day before the first, ``Conflict`` where the post has ended.
    """
    leader = people.end_leader(session, leader_id=leader_id, ends_on=ends_on, actor=actor, now=now)
    first = ends_on + timedelta(days=1)
    held = hold_links(session, leader_id=leader.id, held_from=first, actor=actor, now=now)
    open_handovers(session, actor=actor, now=now, leader_id=leader.id)
    return leader, held


def correct_end(
    session: Session,
    *,
    leader_id: UUID | str,
    ends_on: date | None,
    reason: str,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[Leader, list[Link]]:
    """Puts the right last day of a post in the place of a wrong one, or none where the leader goes on (O4).

    Held links and the service team follow it, an open handover is closed; another opens where the post has ended all
    the same. Raises ``NotAllowed``, ``NotFound``, ``Conflict`` where it has no end, and ``Invalid``: also once a
    successor has taken a link over, or for a day before links or contacts of the post.
    """
    leader = people.get_leader(session, leader_id)
    require_leader(actor, leader)
    before, checks = leader.ends_on, Checks()
    if before is not None:
        check_release(session, checks, leader, ends_on)
        last = last_contact(session, leader.id) if ends_on is not None else None
        if last is not None and ends_on is not None and last > ends_on:
            said = f"{leader.person.name}于 {last.isoformat()} 还有联系记录，结束日期不能早于这一天"
            checks.refuse("/ends_on", f"{said}；登记有误的请先撤回该联系记录")
    checks.done()
    correct_post_end(
        session, leader_id=leader.id, ends_on=ends_on, reason=reason, version=version, actor=actor, now=now
    )
    changed = release_links(session, leader=leader, before=before or date.max, actor=actor, now=now)
    for case in going_on_about(session, PROCESS, leader.id):
        said = f"任职结束日期已更正：{reason.strip()}"
        terminate(session, instance_id=case, reason=said, actor=entitled(actor, "operate_cases"), now=now)
    open_handovers(session, actor=actor, now=now, leader_id=leader.id)
    return leader, changed


def correct_post(
    session: Session,
    *,
    leader_id: UUID | str,
    changes: Mapping[str, object],
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Leader:
    """``people.update_leader``; refuses to make the post another one while links or contacts are in its name."""
    leader = people.get_leader(session, leader_id)
    require_leader(actor, leader)
    moved = [
        name
        for name in PLACE_FIELDS
        if name in changes and getattr(leader, name) is not None and changes[name] != getattr(leader, name)
    ]
    if moved and _in_use(session, leader):
        checks = Checks()
        for name in moved:
            checks.refuse(f"/{name}", "该任职已有联系关系或联系记录，不能更正这一项；请结束该任职后重新登记")
        checks.done()
    return update_leader(session, leader_id=leader.id, changes=changes, version=version, actor=actor, now=now)


def _in_use(session: Session, leader: Leader) -> bool:
    return has_links(session, leader.id) or has_contacts(session, leader.id)


def open_handovers(session: Session, *, actor: Actor, now: datetime, leader_id: UUID | None = None) -> int:
    """Opens the handover (``liaison_change``) of each ended post whose links nobody has taken over; gives how many.

    Of one post, or of all: the daily round, which any number of workers may make. A post has one running handover.
    """
    if find_latest(session, PROCESS) is None:
        return 0
    history.lock(session, f"handover:{leader_id or 'all'}")
    today = clock.local(now).date()
    waiting = posts_with_links_left(session, today, leader_id) - leaders_under_way(session, PROCESS)
    opened = 0
    for post in sorted(waiting, key=str):
        begin(session, process=PROCESS, data={"leader_id": str(post)}, actor=actor, now=now)
        opened += 1
    return opened
