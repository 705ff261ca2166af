"""延期: a later date for a step, asked for, agreed on or refused; and the stops of a case's clocks with their dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.instances import Moved, Reason
from service.api.records import Row, whole
from service.api.shapes import page_of
from service.api.tasks import moved_task
from service.http.context import actor, db
from service.processes import extensions, queries
from service.processes.calendars import current
from service.processes.rules import one_line
from service.processes.stops import KINDS, OUTCOMES, Stop, stops_of
from service.usecases.names import Names

calls = Calls("extensions", "Stops and agreed dates (挂起 待上会 阶段反馈 延期), and requests for a later date")


class Wish(Reason):
    """Until when (a working day, later than the date of now) and why."""

    due_on = Day(required=True)


class Agreement(Body):
    """The date agreed on; without one the one asked for. ``reason`` must say why it is another one.

    Where nobody in the system has asked, ``due_on``, ``reason`` and ``asked_by``, who did, in words, are needed.
    """

    due_on = Day(load_default=None, allow_none=True)
    reason = Text(load_default="", longest=10_000)
    asked_by = Text(load_default="", longest=200)


class MovedDate(Schema):
    """A date that a stop moved."""

    task = Id(required=True)
    step = Said(required=True)
    unit = Said(required=True, allow_none=True)
    old = Day(required=True, allow_none=True)
    new = Day(required=True, allow_none=True)


class StopView(Schema):
    """A stop of clocks, or a date that was asked for.

    ``first`` is the date that the step first had, ``was`` the one before, ``proposed`` the one asked for, ``due`` the
    one agreed. ``since`` to ``until`` (null: it lasts) the clock stood still, ``days`` long: working days of a
    suspension, calendar days of a wait. ``task`` is null where it is of the whole case.
    """

    seq = Whole(required=True)
    kind = Choice(*KINDS, required=True)
    outcome = Choice(*OUTCOMES, "", required=True)
    task = Id(required=True, allow_none=True)
    step = Said(required=True)
    unit = Said(required=True, allow_none=True)
    reason = Said(required=True)
    answer = Said(required=True)
    asked_by = Said(required=True, allow_none=True)
    asked_by_name = Said(required=True, allow_none=True)
    asked_for = Said(required=True, metadata={"description": "who asked, in words, where it was nobody's account"})
    asked_at = Moment(required=True, allow_none=True)
    approved_by = Said(required=True, allow_none=True)
    approved_by_name = Said(required=True, allow_none=True)
    approved_for = Said(required=True, metadata={"description": "who approved, in words"})
    approved_at = Moment(required=True, allow_none=True)
    first = Day(required=True, allow_none=True)
    was = Day(required=True, allow_none=True)
    proposed = Day(required=True, allow_none=True)
    due = Day(required=True, allow_none=True)
    since = Day(required=True, allow_none=True)
    until = Day(required=True, allow_none=True)
    days = Whole(required=True, allow_none=True)
    lasts = Flag(required=True)
    moved = List(Nested(MovedDate), required=True)


@calls.get("/instances/<uuid:instance_id>/stops", answer=page_of(StopView, "Stops"))
def stops(instance_id: UUID) -> Mapping[str, Any]:
    """The stops of the clocks of an instance and the dates that were agreed, in the order in which they began."""
    found = stops_of(queries.timeline(db(), instance_id, actor()), current(db()), clock.today())
    names = Names(db()).learn([name for one in found for name in (one.asked_by, one.approved_by)])
    return whole([_view(one, names) for one in found])


@calls.post("/tasks/<uuid:task_id>/extension", answer=Moved, body=Wish)
def ask(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """申请延期: who may do the task asks for a later date. Moves nothing until the Talent Office has decided."""
    return moved_task(extensions.ask(db(), task_id=task_id, actor=actor(), now=clock.now(), **body))


@calls.post("/tasks/<uuid:task_id>/extension/withdraw", answer=Moved)
def withdraw(_body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """撤销申请: a later date is no longer asked for."""
    return moved_task(extensions.drop(db(), task_id=task_id, actor=actor(), now=clock.now()))


@calls.post("/tasks/<uuid:task_id>/extension/agree", answer=Moved, body=Agreement)
def agree(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """同意延期: the task is due on the later date, and its timers follow. For the Talent Office, not for who asked."""
    return moved_task(extensions.extend(db(), task_id=task_id, actor=actor(), now=clock.now(), **body))


@calls.post("/tasks/<uuid:task_id>/extension/refuse", answer=Moved, body=Reason)
def refuse(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """不同意延期: the date stays; who asked is told why. For the Talent Office."""
    return moved_task(extensions.refuse(db(), task_id=task_id, actor=actor(), now=clock.now(), **body))


def _view(stop: Stop, names: Names) -> Row:
    return Row(
        stop,
        step=one_line(stop.step),
        asked_by_name=names.known_person(stop.asked_by),
        approved_by_name=names.known_person(stop.approved_by),
    )
