"""工作台 by role: the Talent Office, a leader, a liaison and a handler each see first what they must do first.

A desk is a list of parts (``templates/desk/_<part>.html``) in the order of urgency, and what they show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service import contacts, notifications, people, reports
from service.contacts import InterviewFilter, OpinionFilter
from service.db.lists import MOST_COUNTED
from service.http.context import actor, db
from service.ledger import board
from service.processes import queries
from service.processes.definitions import list_definitions
from service.processes.filters import CaseFilter
from service.processes.instances import LATE, LATE_STEPS, needs_by_talent, needs_seen
from service.processes.models import RUNNING, SUSPENDED
from service.processes.rules import HANDLING, NEED
from service.processes.waiting import work_by_stage
from service.rights import LEADER, LIAISON, TALENT_OFFICE, Actor, may
from service.web import overview
from service.web.context import stage_name

MOST = 8
"""Rows of a part that leads to a list of its own."""
MOST_STANDING = 500
"""Needs of which a leader's desk tells how each stands."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk: its ``parts`` in their order, the title of its list of running cases, late ones first or not.

    ``own``: the talents whose cases that list is of, where the other cases stand apart from them.
    """

    parts: Sequence[str]
    running: str = ""
    late_first: bool = False
    own: Collection[str] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def desk_of(reader: Actor, today: date) -> Desk:
    """The desk of the first of these roles that the reader holds; a fixed number of statements."""
    if reader.has_role(TALENT_OFFICE):
        return _office(today)
    if reader.has_role(LEADER):
        return _leader(today)
    if reader.has_role(LIAISON):
        return _liaison(today)
    if may(reader, "view_ledger_all"):
        more = _units(board.scope_of(db(), reader), today)
        return Desk(("tiles", "tasks", "running", "units", "begins"), "全区在办的需求", more=more)
    return _handler(today)


def _office(today: date) -> Desk:
    """Own steps by stage, then the units that are late, then the rest."""
    parts = ("tiles", "stages", "tasks", "units", "opinions", "begins")
    scope = board.scope_of(db(), actor())
    more = {**_stages(today), "asked": board.count_asked(db(), scope), **_units(scope, today), **_opinions()}
    return Desk(parts, more=more)


def _leader(today: date) -> Desk:
    """Own talents' needs by how they stand, own tasks, own talents: whom to call on; the late needs first."""
    mine, person = overview.own_talents(db(), actor()), actor().person_id
    stand = needs_by_talent(db(), [one.id for one in mine], today)
    posts = contacts.leaders_to_enter(db(), actor(), today, MOST)[:MOST]
    own = [one.id for one in posts if one.person_id == actor().person_id]
    held: dict[str, date] = {}
    for (_, talent_id), on in contacts.last_contacts(db(), own).items():
        held[talent_id] = max(on, held.get(talent_id, on))
    pairs = contacts.interviews_of(db(), own, today)
    more = {
        "talents": mine,
        "talent_needs": stand,
        **_needs_seen(today),
        "last_contact": held,
        "pairs_of": {talent_id: pair for (_, talent_id), pair in pairs.items()},
        "unread_briefs": reports.unread_briefs(db(), actor()),
        "own_posts": [str(one.id) for one in people.posts_of(db(), person)] if person is not None else [],
    }
    parts = ("need_tiles", "own_tasks", "talents", "running", "begins")
    return Desk(parts, "我联系的人才的在办需求", True, [one.id for one in mine], more)


def _needs_seen(today: date) -> dict[str, Any]:
    """The needs of the reader's ledger by how they stand: those late or suspended as its filters find them, the others
    by their light. Of more than ``MOST_STANDING`` only what the filters find is told."""
    if (found := needs_seen(db(), actor(), today, MOST_STANDING)) is not None:
        late, late_steps, halted = (found[mark] for mark in (LATE, LATE_STEPS, SUSPENDED))
        return {"need_lights": found, "needs_late": late, "needs_late_steps": late_steps, "needs_suspended": halted}
    going_on = [CaseFilter(status=RUNNING, late=True), CaseFilter(status=RUNNING, late_steps=True)]
    asked = [*going_on, CaseFilter(status=SUSPENDED)]
    late, late_steps, halted = queries.count_each(db(), actor(), asked, MOST_COUNTED)
    return {"need_lights": {}, "needs_late": late, "needs_late_steps": late_steps, "needs_suspended": halted}


def _liaison(today: date) -> Desk:
    """Own steps by stage, what talents said and nobody has answered, interviews that are missing."""
    short = contacts.interview_progress(db(), actor(), InterviewFilter(short=True))
    more = {
        **_stages(today),
        "pairs": short[:MOST],
        "pairs_total": len(short),
        **_opinions(),
    }
    parts = ("tiles", "stages", "tasks", "opinions", "pairs", "running", "begins")
    return Desk(parts, "与我有关的在办需求", more=more)


def _handler(today: date) -> Desk:
    """Urges to be signed for, what is due, what the own unit has a part in."""
    more = {"receipts": notifications.receipts_owed(db(), actor()), **_stages(today)}
    return Desk(("receipts", "tiles", "tasks", "stages", "running", "begins"), "与我有关的在办需求", more=more)


def _stages(today: date) -> dict[str, Any]:
    """Own steps by stage, and what each is called: where two processes call theirs alike, with the process."""
    found = work_by_stage(db(), actor(), today)
    called = {(one.process, one.stage): stage_name(one.process, one.stage) or "其他步骤" for one in found}
    often = Counter(called.values())
    if any(number > 1 for number in often.values()):
        processes = {one.key: one.name for one in reversed(list_definitions(db()))}
        for place, name in called.items():
            if often[name] > 1 and processes.get(place[0], name) != name:
                called[place] = f"{name}（{processes[place[0]]}）"
    return {"stages": found, "stages_called": called}


def _units(scope: board.Scope, today: date) -> dict[str, Any]:
    """The needs' steps that each responsible unit handles, as the board counts them."""
    return {
        "units": board.units_handling(board.cells(db(), scope, today)),
        "handled": {"process": NEED, "stage": HANDLING},
    }


def _opinions() -> dict[str, Any]:
    return {"said": contacts.search_opinions(db(), actor(), OpinionFilter(status="open"), MOST)}
