"""Instances: starting one, its state, its journal, its diagrams, and the operations on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Choice, Flag, Form, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import Row, whole
from service.api.shapes import page_of
from service.api.steps import Step, steps, steps_of
from service.config.supervision import SYSTEM
from service.history import Happened, HistoryEvent
from service.http.context import actor, db, settings, wired
from service.http.sessions import afterwards
from service.processes import commands, halting, lateness, operations, queries, sharing
from service.processes.advance import open_tasks
from service.processes.drawings import drawings
from service.processes.filters import STAGE
from service.processes.models import (
    COMPLETED,
    RUNNING,
    SUSPENDED,
    TERMINATED,
    Instance,
    UserTask,
)
from service.processes.rules import one_line
from service.processes.visibility import Seen, seen
from service.usecases.names import Names
from service.usecases.supervision import require_channel

calls = Calls(
    "instances", "Instances (需求 and other cases): start, state, journal, diagrams, 催办 挂起 恢复 终止 沟通 抄送"
)


BEHALF = "an account; of a stand-in: leader:<id>, unit:<code> or role:<role> for which nobody could act"


class InstanceState(Schema):
    """An instance. ``data`` is what the forms have said, the latest of each field."""

    id = Id(required=True)
    process = Said(required=True)
    version = Whole(required=True)
    status = Choice(RUNNING, SUSPENDED, COMPLETED, TERMINATED, required=True)
    stage = Said(required=True, allow_none=True, metadata={"description": STAGE})
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    data = Form(required=True)
    initiator = Said(required=True)
    initiator_unit = Said(required=True, allow_none=True)
    started_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    end = Said(required=True, allow_none=True)
    end_name = Said(required=True, allow_none=True)
    late = Flag(required=True, metadata={"description": "a responsible unit was late in it, or is"})
    late_steps = Flag(required=True, metadata={"description": "another step was late, or is"})
    urges = Whole(required=True)


class InstanceTasks(InstanceState):
    """An instance with its open tasks."""

    open_tasks = List(Nested(Step), required=True)


class Operations(Schema):
    """The operations that the reader may do with the instance now."""

    urge = Flag(required=True)
    suspend = Flag(required=True)
    resume = Flag(required=True)
    terminate = Flag(required=True)
    comment = Flag(required=True)
    copy = Flag(required=True)


class InstanceDetail(InstanceTasks):
    """An instance with its tasks, and what the reader may do with it."""

    done_tasks = List(Nested(Step), required=True)
    may = Nested(Operations, required=True)


class Moved(Schema):
    """Where the instance stands after the operation; ``task`` is the one that it was about."""

    instance = Nested(InstanceState, required=True)
    open_tasks = List(Nested(Step), required=True)
    task = Nested(Step)


class Entry(Schema):
    """One event of the journal; ``hash`` seals it and all before it."""

    seq = Whole(required=True)
    at = Moment(required=True)
    actor = Said(required=True)
    actor_name = Said(required=True, allow_none=True)
    on_behalf_of = Said(required=True, allow_none=True, metadata={"description": BEHALF})
    on_behalf_of_name = Said(required=True, allow_none=True)
    kind = Said(required=True)
    task = Said(required=True, allow_none=True)
    data = Form(required=True)
    prev_hash = Said(required=True)
    hash = Said(required=True)


class Passed(Schema):
    """A node of a diagram that the case has passed, and the one that it came from."""

    node = Said(required=True)
    source = Said(required=True, allow_none=True, data_key="from", attribute="from")
    scope = Said(required=True)
    at = Said(required=True)
    seq = Whole(required=True)


class Drawing(Schema):
    """One BPMN diagram with the way so far (``trail``) and the nodes where somebody must act (``present``).

    ``version`` is set where it is that of an earlier version, from which the case was migrated since.
    """

    process = Said(required=True)
    name = Said(required=True)
    xml = Said(required=True)
    trail = List(Nested(Passed), required=True)
    present = List(Said(), required=True)
    version = Whole(required=True, allow_none=True)


class Diagram(Drawing):
    """The diagram of the main process; ``drawings`` has all, those of called processes too."""

    drawings = List(Nested(Drawing), required=True)


class NewInstance(Body):
    """The process to start; ``data`` prefills its first form."""

    process = Text(required=True, longest=64)
    data = Form(load_default=dict)


class Urge(Body):
    """The words for those who must act; ``task`` names one task, else all open ones of others are urged. ``channel`` is
    the way by which they were urged besides, as the settings name it."""

    text = Text(required=True, longest=10_000)
    task = Id(load_default=None, allow_none=True)
    channel = Text(load_default=SYSTEM, longest=16)


class Reason(Body):
    """Why."""

    reason = Text(required=True, longest=10_000)


class Suspension(Reason):
    """Why, what becomes of its dates (``keep``, or ``shift`` by the working days that it stands still), and in words
    who asked for it and who approved (empty: who suspends)."""

    due = Choice(halting.SHIFT, halting.KEEP, load_default=halting.KEEP)
    asked_by = Text(load_default="", longest=200)
    approved_by = Text(load_default="", longest=200)


class OptionalReason(Body):
    """Why, if there is something to say."""

    reason = Text(load_default="", longest=10_000)


class Remark(Body):
    """A remark; ``@name`` (a sign-in name) in it tells that user."""

    text = Text(required=True, longest=10_000)


class TaskRemark(Remark):
    """A remark on the case, or on one task of it."""

    task = Id(load_default=None, allow_none=True)


class CopyOrder(Body):
    """To whom (sign-in names) the case is shown for information."""

    to = List(Text(), required=True)
    note = Text(load_default="", longest=500)


class CopyWithdrawal(Body):
    """The account (by sign-in name) that is no longer shown the case."""

    to = Text(required=True)


class Copy(Schema):
    """Somebody to whom the case is shown."""

    username = Said(required=True)
    sent_by = Said(required=True)
    sent_at = Moment(required=True)
    read_at = Moment(required=True, allow_none=True)


COPIES = page_of(Copy, "Copies")
"""Those to whom the case is copied; of the call that copies it those whom it named."""


@calls.post("/instances", answer=InstanceTasks, status=201, body=NewInstance)
def start(body: dict[str, Any]) -> Row:
    """Starts the newest version of a process. ``data`` prefills the first form, which is then completed as a task."""
    told = moved(db(), commands.start(db(), actor=actor(), now=clock.now(), **body))
    return Row(told["instance"], open_tasks=told["open_tasks"])


@calls.get("/instances/<uuid:instance_id>", answer=InstanceDetail)
def instance(instance_id: UUID) -> Row:
    """The state of an instance. Reading it, or its journal, reads the copy that was sent to the caller (抄送)."""
    detail = queries.case_detail(db(), instance_id, actor())
    _note_reading(instance_id)
    rows = [*detail.open_tasks, *detail.done_tasks]
    told = steps_of(db(), [(task, detail.instance) for task in rows], detail.marks)
    opened = len(detail.open_tasks)
    state = state_of(detail.instance, detail.standing, seen(db(), detail.instance, actor()))
    return Row(state, open_tasks=told[:opened], done_tasks=told[opened:], may=detail.may)


@calls.get("/instances/<uuid:instance_id>/history", answer=page_of(Entry, "History"))
def history(instance_id: UUID) -> Mapping[str, Any]:
    """The journal of an instance, in order, whole; of a round without what is other units' alone."""
    events = queries.timeline(db(), instance_id, actor())
    _note_reading(instance_id)
    names = Names(db()).learn([name for event in events for name in (event.actor, event.on_behalf_of)])
    return whole([entry(event, names) for event in events])


def _note_reading(instance_id: UUID) -> None:
    """Notes that the reader has read a case that was copied to them; done beside the request, which only reads."""
    who, now = actor(), clock.now()
    if not sharing.has_unread_copy(db(), instance_id, who):
        return

    note = partial(sharing.mark_copy_read, instance_id=instance_id, actor=who, now=now)
    afterwards(partial(wired().database.try_aside, note))


@calls.get("/instances/<uuid:instance_id>/diagram", answer=Diagram)
def diagram(instance_id: UUID) -> Row:
    """The diagrams of an instance with the way so far."""
    found = drawings(db(), instance_id, actor())
    return Row(found[0], drawings=found)


@calls.post("/instances/<uuid:instance_id>/urge", answer=Moved, body=Urge)
def urge(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """催办 by hand: counted, journaled, told to those who must act. For the Talent Office."""
    channel = require_channel(body["channel"], settings().supervision)
    said = {"text": body["text"], "task_id": body["task"], "channel": channel}
    operations.urge(db(), instance_id=instance_id, **said, actor=actor(), now=clock.now())
    return moved(db(), db().get_one(Instance, instance_id))


@calls.post("/instances/<uuid:instance_id>/suspend", answer=Moved, body=Suspension)
def suspend(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """挂起: nothing can be done and no timer fires until it is resumed. For the Talent Office."""
    return moved(db(), halting.suspend(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **body))


@calls.post("/instances/<uuid:instance_id>/resume", answer=Moved, body=OptionalReason)
def resume(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """恢复 a suspended instance; its dates as was said when it was suspended. For the Talent Office."""
    return moved(db(), halting.resume(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **body))


@calls.post("/instances/<uuid:instance_id>/terminate", answer=Moved, body=Reason)
def terminate(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """终止: ends an instance for good. For the Talent Office."""
    return moved(db(), commands.terminate(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **body))


@calls.post("/instances/<uuid:instance_id>/comment", answer=Entry, status=201, body=TaskRemark)
def comment(body: dict[str, Any], instance_id: UUID) -> Row:
    """沟通: a remark on the case; ``@name`` in it tells that user, who must see the case. Not for auditors."""
    made = sharing.comment(
        db(), instance_id=instance_id, text=body["text"], task_id=body["task"], actor=actor(), now=clock.now()
    )
    return entry(made, Names(db()))


@calls.post("/instances/<uuid:instance_id>/copy", answer=COPIES, status=201, body=CopyOrder)
def copy(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """抄送: shows the case to others, who hold a role, for information. For who has or had a part in it."""
    return whole(sharing.copy(db(), instance_id=instance_id, actor=actor(), now=clock.now(), **body))


@calls.get("/instances/<uuid:instance_id>/copies", answer=COPIES)
def copies(instance_id: UUID) -> Mapping[str, Any]:
    """To whom the case is copied, the latest first."""
    return whole(queries.copies_of(db(), queries.visible(db(), instance_id, actor())))


@calls.post("/instances/<uuid:instance_id>/copy/withdraw", answer=COPIES, body=CopyWithdrawal)
def withdraw_copy(body: dict[str, Any], instance_id: UUID) -> Mapping[str, Any]:
    """撤回抄送: for who sent the copy, and the Talent Office. Answers the copies that are left."""
    sharing.withdraw_copy(db(), instance_id=instance_id, username=body["to"], actor=actor(), now=clock.now())
    return whole(queries.copies_of(db(), db().get_one(Instance, instance_id)))


def moved(session: Session, instance: Instance, task: UserTask | None = None) -> dict[str, Any]:
    """Where ``instance`` stands, as far as whoever asks sees it, and ``task`` of it, if one is asked for."""
    part = seen(session, instance, actor())
    opened = part.rows(open_tasks(session, instance.id))
    rows = opened if task is None or task in opened else [task, *opened]
    standing = lateness.standing_soon(session, instance, clock.today())
    told = dict(zip(rows, steps(session, instance, rows), strict=True))
    state = state_of(instance, standing(), part)
    answer = {"instance": state, "open_tasks": [told[row] for row in opened]}
    return answer if task is None else {**answer, "task": told[task]}


def state_of(instance: Instance, standing: lateness.Standing, part: Seen) -> Row:
    """An instance as the shape ``InstanceState``; ``part`` is what of it is seen."""
    return Row(
        instance,
        standing,
        end_name=None if instance.end_name is None else one_line(instance.end_name),
        data=part.data(instance.data),
    )


def entry(event: HistoryEvent | Happened, names: Names) -> Row:
    """An event as the shape ``Entry``."""
    return Row(
        event,
        actor_name=names.known_person(event.actor) or (actor().name if event.actor == actor().username else None),
        on_behalf_of_name=names.known_person(event.on_behalf_of),
    )
