"""The ledger (台账, R2): every need that the reader may see, filterable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.api.calls import Calls
from service.api.context import actor, db
from service.api.fields import Choice, Count, Day, Flag, Id, List, Moment, Nested, Query, Said, Schema, Text, Whole
from service.api.names import learn
from service.api.tasks import Named
from service.processes import queries
from service.processes.models import COMPLETED, OPEN, RUNNING, SUSPENDED, TERMINATED, Instance, UserTask
from service.processes.rules import GREEN, GREY, RED, STAGES, YELLOW

calls = Calls("requests", "The ledger (台账) of needs")

SORTS = ("started", "-started", "number", "-number", "ended", "-ended", "-urges")
WORST_FIRST = (RED, YELLOW, GREEN, GREY)


class Request(Schema):
    """A need as the ledger shows it. ``light`` and ``due_on`` are those of its most urgent open task."""

    id = Id(required=True)
    process = Said(required=True)
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    status = Choice(RUNNING, SUSPENDED, COMPLETED, TERMINATED, required=True)
    stage = Choice(*STAGES, required=True, allow_none=True)
    talent = Nested(Named, required=True, allow_none=True)
    leader = Nested(Named, required=True, allow_none=True)
    category = Said(required=True, allow_none=True)
    town = Said(required=True, allow_none=True)
    units = List(Said(), required=True, metadata={"description": "codes of the units that must act now"})
    light = Choice(*WORST_FIRST, required=True, allow_none=True)
    due_on = Day(required=True, allow_none=True)
    initiator = Said(required=True)
    initiator_name = Said(required=True, allow_none=True)
    initiator_unit = Said(required=True, allow_none=True)
    initiator_unit_name = Said(required=True, allow_none=True)
    started_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    end = Said(required=True, allow_none=True)
    end_name = Said(required=True, allow_none=True)
    late = Flag(required=True, metadata={"description": "was answered late, or somebody is late now"})
    urges = Whole(required=True)


class Requests(Schema):
    """A page of the ledger. ``next`` is the offset of the next page, null on the last."""

    items = List(Nested(Request), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class RequestQuery(Query):
    """Filters of the ledger."""

    process = Text(load_default="request")
    status = Choice(RUNNING, SUSPENDED, COMPLETED, TERMINATED)
    stage = Choice(*STAGES)
    number = Text()
    talent_id = Text(data_key="talent")
    leader_id = Text(data_key="leader")
    category = Text()
    town = Text()
    unit = Text(metadata={"description": "code of a unit that has, or had, a task in the case"})
    end = Text(metadata={"description": "id of the end event"})
    late = Flag()
    since = Day(metadata={"description": "started on this day or later"})
    until = Day(metadata={"description": "started on this day or earlier"})
    q = Text(metadata={"description": "number or matter: 汉字, pinyin or initials"})
    sort = Choice(*SORTS, load_default="-started")
    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


@calls.get("/requests", answer=Requests, query=RequestQuery)
def requests(query: dict[str, Any]) -> Mapping[str, Any]:
    """台账: the needs that I may see, the newest first."""
    limit, offset = query.pop("limit"), query.pop("offset")
    page = queries.cases(db(), actor(), filters=queries.CaseFilter(**query), limit=limit, offset=offset)
    return {"items": _rows(db(), page.items), "total": page.total, "next": page.next}


def _rows(session: Session, instances: Sequence[Instance]) -> list[dict[str, Any]]:
    names = learn(
        session,
        units=[row.initiator_unit for row in instances],
        accounts=[row.initiator for row in instances],
        talents=[row.talent_id for row in instances],
        leaders=[row.leader_id for row in instances],
    )
    waiting, overdue = _open(session, instances), queries.overdue(session, instances)
    return [
        {
            "id": row.id,
            "process": row.process,
            "number": row.number,
            "title": row.title,
            "status": row.status,
            "stage": row.stage,
            "talent": names.talent(row.talent_id),
            "leader": names.leader(row.leader_id),
            "category": _word(row.data.get("category")),
            "town": _word(row.data.get("town")),
            **_urgency(waiting.get(row.id, []), suspended=row.status == SUSPENDED),
            "initiator": row.initiator,
            "initiator_name": names.accounts.get(row.initiator),
            "initiator_unit": row.initiator_unit,
            "initiator_unit_name": names.units.get(row.initiator_unit or ""),
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "end": row.end,
            "end_name": row.end_name,
            "late": row.late or row.id in overdue,
            "urges": row.urges,
        }
        for row in instances
    ]


def _open(session: Session, instances: Sequence[Instance]) -> dict[UUID, list[UserTask]]:
    found: dict[UUID, list[UserTask]] = {}
    wanted = [row.id for row in instances if row.ended_at is None]
    if wanted:
        tasks = select(UserTask).where(UserTask.instance_id.in_(wanted), UserTask.status == OPEN)
        for task in session.scalars(tasks):
            found.setdefault(task.instance_id, []).append(task)
    return found


def _urgency(tasks: Sequence[UserTask], *, suspended: bool) -> dict[str, Any]:
    today = clock.today()
    lights = {queries.light_of(task, today, suspended=suspended) for task in tasks}
    days: list[date] = [task.due_on for task in tasks if task.due_on is not None and not task.paused]
    return {
        "light": next((light for light in WORST_FIRST if light in lights), None),
        "due_on": min(days, default=None),
        "units": sorted({task.unit for task in tasks if task.unit}),
    }


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None
