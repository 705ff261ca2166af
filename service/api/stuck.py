"""Stuck cases: those that nobody can move, why, and putting them back to an earlier step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import Pages, Row, paged
from service.api.shapes import page_of
from service.http.context import actor, db
from service.processes import freeing, stuck
from service.processes.models import RUNNING, SUSPENDED, Instance

calls = Calls("stuck", "Stuck cases: nobody can move them")


class StuckTarget(Schema):
    """A completed step to which the token can be put back; ``scope`` is empty for the case itself."""

    scope = Said(required=True)
    task = Said(required=True)
    name = Said(required=True)


class StuckReason(Schema):
    """Why: ``unmanned`` (the open task ``task`` is nobody's today), ``standstill`` (nothing is open, nothing is waited
    for that could come) or ``timer`` (it has failed too often). ``message`` says so to staff, ``step`` is a name."""

    kind = Choice(*stuck.KINDS, required=True)
    step = Said(required=True)
    message = Said(required=True)
    task = Id(required=True, allow_none=True)
    targets = List(Nested(StuckTarget), required=True)


class StuckItem(Schema):
    """A case that nobody can move; nothing of its content."""

    id = Id(required=True)
    number = Said(required=True, allow_none=True)
    process = Said(required=True)
    process_name = Said(required=True)
    version = Whole(required=True)
    started_at = Moment(required=True)
    reasons = List(Nested(StuckReason), required=True)


class PutBack(Body):
    """The step ``target`` of ``scope``; ``task`` is the open task that nobody may take, left out at a standstill.

    ``to`` moves the case to that version at once (right ``migrate_instances``).
    """

    target = Text(longest=64, required=True)
    scope = Text(longest=36, load_default="")
    task = Id(data_key="task", attribute="task_id")
    to = Whole(low=1, high=2**31 - 1)
    reason = Text(longest=2000, required=True)


class Freed(Schema):
    """Where the case stands now."""

    id = Id(required=True)
    process = Said(required=True)
    version = Whole(required=True)
    status = Choice(RUNNING, SUSPENDED, required=True)
    number = Said(required=True, allow_none=True)


@calls.get("/stuck", answer=page_of(StuckItem, "StuckCases"), query=Pages, right=freeing.RIGHT)
def stuck_cases(query: dict[str, Any]) -> Mapping[str, Any]:
    """The running cases that nobody can move, the oldest first, each with the reasons."""
    found = stuck.stuck_cases(db(), clock.today(), **query)
    return paged(found, lambda one: Row(one, one.instance))


@calls.post("/instances/<uuid:instance_id>/put-back", answer=Freed, body=PutBack, right=freeing.RIGHT)
def put_back(body: dict[str, Any], instance_id: UUID) -> Instance:
    """Puts a stuck case back to an earlier step. 409 where it can go on; then nothing has changed."""
    return freeing.put_back(db(), instance_id=instance_id, **body, actor=actor(), now=clock.now())
