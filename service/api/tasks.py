"""Tasks: what I must do, one with its form, completing it, and the operations on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.api.calendar import DueExplanation, explained
from service.api.calls import Calls
from service.api.fields import (
    Body,
    Day,
    Flag,
    Form,
    List,
    Moment,
    Nested,
    Query,
    Said,
    Schema,
    Text,
    Whole,
)
from service.api.instances import Entry, Moved, Reason, Remark, entry, moved
from service.api.records import Pages, Row, Search, paged
from service.api.shapes import asks, page_of, wanted
from service.api.steps import Step, steps_of
from service.db.by_hand import loaded
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db
from service.http.filled import LONGEST, filled_of, unsealed
from service.processes import commands, operations, queries, sharing
from service.processes.marking import marks
from service.processes.models import DONE, OPEN, Instance, UserTask
from service.processes.rules import NO_TASK
from service.processes.visibility import sees_task
from service.talents import TalentFilter, search_talents
from service.usecases.names import Names
from service.usecases.receipts import sign

calls = Calls("tasks", "Tasks: 待办 已办, with their forms, and the operations 领办 退领 转办 退回 撤回 签收 沟通")


class Named(Schema):
    """Somebody by id and name."""

    id = Said(required=True)
    name = Said(required=True, allow_none=True)


class Task(Step):
    """A task as lists show it."""

    unit_name = Said(required=True, allow_none=True)
    assignee_name = Said(required=True, allow_none=True)
    talent = Nested(Named, required=True, allow_none=True)


class Target(Schema):
    """An earlier step that a task can be returned to."""

    task = Said(required=True)
    name = Said(required=True)


class Rights(Schema):
    """The operations that the reader may do with the task now."""

    complete = Flag(required=True, attribute="may_act")
    claim = Flag(required=True, attribute="may_claim")
    release = Flag(required=True, attribute="may_release")
    reassign = Flag(required=True, attribute="may_reassign")
    take_back = Flag(required=True, attribute="may_take_back")
    ask_extension = Flag(required=True, attribute="may_ask")
    decide_extension = Flag(required=True, attribute="may_extend")


class Listing(Schema):
    """The list of records that an open task is about; its form picks from it alone. ``href`` gives it by pages."""

    kind = Said(required=True, metadata={"description": "what the records are: talents"})
    total = Whole(required=True)
    href = Said(required=True)


class CheckedTalent(Schema):
    """A talent whose file the task is about: what is to be checked."""

    id = Said(required=True)
    name = Said(required=True)
    category = Whole(required=True, allow_none=True)
    type = Whole(required=True, allow_none=True)
    employer = Said(required=True)
    post = Said(required=True, allow_none=True)
    in_district = Flag(required=True)
    works_until = Day(required=True, allow_none=True)
    recognition_expires_on = Day(required=True, allow_none=True)
    confirmed_on = Day(required=True, allow_none=True)


class TaskDetail(Task):
    """A task with its form (JSON Schema 2020-12), prefilled data (or what was submitted), and why it is due when."""

    schema = Form(required=True)
    ui_schema = Form(required=True)
    refused = Said(
        required=True,
        metadata={"description": "why the form is not handed out (too large, deployed long ago); else empty"},
    )
    data = Form(required=True)
    proposed = List(
        Said(), required=True, metadata={"description": "fields of data that the service has filled in (x-fill)"}
    )
    filled = Said(
        required=True,
        metadata={"description": "what the service has filled in, signed; sent along, the journal keeps it"},
    )
    due_explanation = Nested(DueExplanation, required=True, allow_none=True)
    due_basis = Said(required=True, allow_none=True)
    days_left = Whole(required=True, allow_none=True)
    waiting_days = Whole(required=True)
    round = Whole(required=True)
    urges = Whole(required=True)
    may = Nested(Rights, required=True)
    targets = List(Nested(Target), required=True)
    on_behalf_of_name = Said(required=True, allow_none=True)
    completed_at = Moment(required=True, allow_none=True)
    completed_by = Said(required=True, allow_none=True)
    late_days = Whole(required=True, allow_none=True)
    dates = List(
        Form(), required=True, metadata={"description": "the form's rules on dates (x-dates), their days filled in"}
    )
    listing = Nested(Listing, required=True, allow_none=True)


@asks(queries.TaskFilter)
class Narrowed(Query):
    """The conditions of the list of tasks."""


class TaskQuery(Pages, Narrowed):
    """Filters of the list of tasks. ``status=completed`` lists what I have done."""


class Completion(Body):
    """The filled form. ``revision`` is the task's as it was read: another one now means that it changed meanwhile.

    ``filled`` is that of the task as it was read, so that the journal keeps what the form was filled with.
    """

    data = Form(required=True)
    revision = Whole(low=0, high=2**31, load_default=None, allow_none=True)
    filled = Text(longest=LONGEST, load_default=None, allow_none=True)


class Completed(Moved):
    """Where the instance stands, and what the form warned of, in its own words."""

    warnings = List(Said(), required=True)


class Handover(Reason):
    """To whom (a sign-in name) and why."""

    to = Text(required=True)


class Return(Reason):
    """To which earlier step (one of the task's ``targets``) and why."""

    target = Text(required=True)


@calls.get("/tasks", answer=page_of(Task, "Tasks"), query=TaskQuery)
def tasks(query: dict[str, Any]) -> Mapping[str, Any]:
    """待办: the open tasks that I may act on, most urgent first."""
    asked = wanted(queries.TaskFilter, query)
    if asked.status == DONE and asked.light:
        raise Invalid("已办任务没有灯", [Finding("/light", "只能与 status=open 一起使用")])
    listed = queries.open_tasks if asked.status == OPEN else queries.done_tasks
    page = listed(db(), actor(), today=clock.today(), filters=asked, **query)
    return {**paged(page), "items": task_rows(db(), [(row, row.instance) for row in page.items])}


@calls.get("/tasks/<uuid:task_id>", answer=TaskDetail)
def task(task_id: UUID) -> Row:
    """One task with its form, its data and the explanation of its due date."""
    detail = queries.task_detail(db(), task_id, actor())
    return Row(
        *task_rows(db(), [(detail.task, detail.instance)]),
        detail,
        schema={} if detail.refused else detail.schema,
        ui_schema={} if detail.refused else detail.ui_schema,
        data=detail.data,
        proposed=sorted(detail.proposed),
        filled=filled_of(detail),
        due_explanation=explained(detail.due_explanation) if detail.due_explanation else None,
        round=detail.round,
        may=detail,
        targets=[{"task": target, "name": name} for target, name in detail.targets],
        on_behalf_of_name=detail.on_behalf_of,
        listing=_listing(detail),
    )


@calls.get("/tasks/<uuid:task_id>/records", answer=page_of(CheckedTalent, "CheckedTalents"), query=Search)
def records(query: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """The talents whose files an open task is about, found by name, pinyin, initials, id or employer."""
    detail = queries.task_detail(db(), task_id, actor())
    if detail.listing is None:
        raise NotFound("本步骤没有要逐一核对的名单")
    return paged(search_talents(db(), TalentFilter(query.pop("q", None)), **query, among=detail.listing))


@calls.post("/tasks/<uuid:task_id>/complete", answer=Completed, body=Completion)
def complete(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """办结: completes the task with its filled form and advances the case.

    ``warnings`` are what the form warns of (late, dates that contradict); they stop nobody and stand in the journal.
    409: done already, or changed since ``revision``; 422: bad data, field by field (``/data/…``); 403: not yours.
    """
    session, filled = db(), unsealed(body.pop("filled"), str(task_id))
    done = commands.complete(session, task_id=task_id, actor=actor(), now=clock.now(), filled=filled, **body)
    return {**moved_task(done), "warnings": queries.warnings_of(session, done)}


@calls.post("/tasks/<uuid:task_id>/claim", answer=Moved)
def claim(_body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """领办: takes an unassigned task for oneself."""
    return moved_task(operations.claim(db(), task_id=task_id, actor=actor(), now=clock.now()))


@calls.post("/tasks/<uuid:task_id>/release", answer=Moved)
def release(_body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """退领: gives a task back to all candidates."""
    return moved_task(operations.release(db(), task_id=task_id, actor=actor(), now=clock.now()))


@calls.post("/tasks/<uuid:task_id>/reassign", answer=Moved, body=Handover)
def reassign(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """转办: hands the task to another candidate."""
    return moved_task(operations.reassign(db(), task_id=task_id, actor=actor(), now=clock.now(), **body))


@calls.post("/tasks/<uuid:task_id>/return", answer=Moved, body=Return)
def return_task(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """退回: moves the case back to an earlier step."""
    return moved_task(commands.return_task(db(), task_id=task_id, actor=actor(), now=clock.now(), **body))


@calls.post("/tasks/<uuid:task_id>/take_back", answer=Moved, body=Reason)
def take_back(body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """撤回: undoes one's own completed step while nobody has acted on it."""
    return moved_task(operations.take_back(db(), task_id=task_id, actor=actor(), now=clock.now(), **body))


@calls.post("/tasks/<uuid:task_id>/acknowledge", answer=Moved)
def acknowledge(_body: dict[str, Any], task_id: UUID) -> Mapping[str, Any]:
    """签收: says that the task, or an urge, has been received. Moves no deadline."""
    return moved_task(sign(db(), task_id=task_id, actor=actor(), now=clock.now()))


@calls.post("/tasks/<uuid:task_id>/comment", answer=Entry, status=201, body=Remark)
def comment(body: dict[str, Any], task_id: UUID) -> Row:
    """沟通: a remark on the task; ``@name`` in it tells that user."""
    found = db().get(UserTask, task_id)
    if found is None or not sees_task(db(), found, actor()):
        raise NotFound(NO_TASK)
    made = sharing.comment(db(), instance_id=found.instance_id, task_id=task_id, actor=actor(), now=clock.now(), **body)
    return entry(made, Names(db()))


def _listing(detail: queries.TaskDetail) -> Mapping[str, Any] | None:
    if detail.listing is None:
        return None
    total = search_talents(db(), limit=1, among=detail.listing).total
    return {"kind": detail.listed, "total": total, "href": f"/api/v1/tasks/{detail.task.id}/records"}


def moved_task(row: UserTask) -> Mapping[str, Any]:
    """Where the case stands after an operation on a task, as the shape ``Moved``."""
    session = db()
    return moved(session, loaded(session, Instance, row.instance_id), row)


def task_rows(session: Session, rows: Iterable[tuple[UserTask, Instance]]) -> list[Row]:
    """Tasks, each with its case, as the shape ``Task``; a fixed number of statements."""
    pairs = list(rows)
    told = steps_of(session, pairs, marks(session, [row for row, _ in pairs], clock.today()))
    names = Names(session).learn(
        [step.assignee for step in told],
        [row.unit for row, _ in pairs],
        [instance.talent_id for _, instance in pairs],
    )
    return [
        Row(
            step,
            unit_name=names.known_unit(row.unit),
            assignee_name=names.known_person(step.assignee),
            talent=names.known("talents", instance.talent_id),
        )
        for step, (row, instance) in zip(told, pairs, strict=True)
    ]
