"""The ledger (台账, R2): every need that the reader may see, filterable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import clock
from service.api.calls import Calls
from service.api.fields import Choice, Day, Flag, Id, List, Moment, Nested, Query, Said, Schema, Whole
from service.api.records import Pages, Row, paged
from service.api.shapes import asks, page_of, wanted
from service.api.tasks import Named
from service.http.context import actor, db
from service.processes import queries
from service.processes.filters import STAGE
from service.processes.lateness import IN_TIME, standings
from service.processes.models import COMPLETED, RUNNING, SUSPENDED, TERMINATED, Instance
from service.processes.past import State, TaskThen, open_tasks_then, states
from service.processes.rules import GREY, WORST_FIRST, light
from service.processes.stages import StageNames
from service.usecases.names import Names

calls = Calls("requests", "The ledger (台账) of needs")


class Request(Schema):
    """A need as the ledger shows it. ``light`` and ``due_on`` are those of its most urgent open task.

    ``due_provisional``: the days off of that year are not announced yet, and the date may move.
    """

    id = Id(required=True)
    process = Said(required=True)
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    status = Choice(RUNNING, SUSPENDED, COMPLETED, TERMINATED, required=True)
    stage = Said(required=True, allow_none=True, metadata={"description": STAGE})
    talent = Nested(Named, required=True, allow_none=True)
    leader = Nested(Named, required=True, allow_none=True)
    category = Said(required=True, allow_none=True)
    town = Said(required=True, allow_none=True)
    units = List(Said(), required=True, metadata={"description": "codes of the units that must act now"})
    light = Choice(*WORST_FIRST, required=True, allow_none=True)
    due_on = Day(required=True, allow_none=True)
    due_provisional = Flag(required=True)
    initiator = Said(required=True)
    initiator_name = Said(required=True, allow_none=True)
    initiator_unit = Said(required=True, allow_none=True)
    initiator_unit_name = Said(required=True, allow_none=True)
    started_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    end = Said(required=True, allow_none=True)
    end_name = Said(required=True, allow_none=True)
    late = Flag(
        required=True,
        metadata={"description": "a responsible unit answered late, or is past its due date without an answer"},
    )
    late_steps = Flag(required=True, metadata={"description": "another step was done late, or is past its due date"})
    urges = Whole(required=True)


@asks(queries.CaseFilter)
class Narrowed(Query):
    """The conditions of the ledger."""


class RequestQuery(Pages, Narrowed):
    """Filters of the ledger."""


@calls.get("/requests", answer=page_of(Request, "Requests"), query=RequestQuery)
def requests(query: dict[str, Any]) -> Mapping[str, Any]:
    """台账: the needs that I may see, the newest first."""
    asked = wanted(queries.CaseFilter, query)
    if asked.stage:
        StageNames(db()).require(asked.process, asked.stage)
    page = queries.cases(db(), actor(), filters=asked, **query)
    on = asked.as_of or clock.today()
    return {**paged(page), "items": _rows(db(), page.items, on)}


def _rows(session: Session, instances: Sequence[Instance], on: date) -> list[Row]:
    stood, late = states(session, instances, on), standings(session, instances, on)
    names = Names(session, on).learn(
        [row.initiator for row in instances],
        [row.initiator_unit for row in instances],
        [state.talent_id for state in stood.values()],
        [state.leader_id for state in stood.values()],
    )
    tasks = open_tasks_then(session, [row.id for row in instances], on)
    return [
        Row(
            state,
            late.get(row.id, IN_TIME),
            row,
            talent=names.known("talents", state.talent_id),
            leader=names.known("leaders", state.leader_id),
            initiator_name=names.known_person(row.initiator),
            initiator_unit_name=names.known_unit(row.initiator_unit),
            **_urgency(tasks.get(row.id, ()), state, on),
        )
        for row, state in ((row, stood[row.id]) for row in instances)
    ]


def _urgency(tasks: Sequence[TaskThen], state: State, on: date) -> dict[str, Any]:
    suspended = state.status == SUSPENDED
    lights = {
        light(due_on=one.due_on, warn_on=one.warn_on, paused=one.paused or suspended, today=on) for one in tasks
    } or ({GREY} if state.ended_at is None else set())
    due_on, provisional = min(
        ((one.due_on, one.provisional) for one in tasks if one.due_on is not None and not one.paused),
        default=(None, False),
    )
    return {
        "light": next((one for one in WORST_FIRST if one in lights), None),
        "due_on": due_on,
        "due_provisional": provisional,
        "units": sorted({one.unit for one in tasks if one.unit}),
    }
