"""Replay: the journal's inputs, run again on the stored definition, must give the recorded effects and stored state.

Rebuilding without one input is also how 撤回 works: what is left is the instance as if that step had not been taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import engine, history
from service.db.canonical import dumps, normalized
from service.errors import Conflict, LiaisonError
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.advance import FRAME_NAMES, as_of, context_of, merged, stream_of
from service.processes.bundles import Compiled, compile_bundle, compiled, digest_of, files_of
from service.processes.calendars import DayFunctions, by_digest
from service.processes.models import (
    WAITING,
    CalendarVersion,
    Definition,
    Instance,
    Timer,
    UserTask,
)
from service.processes.projections import instance_faults, task_faults
from service.processes.wiring import wiring
from service.workdays import Calendar

INPUTS = frozenset(
    {"started", "completed", "returned", "terminated", "message", "timer_fired", "calendar_changed", "taken_back"}
)
ACTION = "action"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as the journal says. ``seq`` is the event, None for the stored rows."""

    stream: str
    seq: int | None
    what: str


@dataclass
class Step:
    """An input with the action results that were recorded for it and the effects that followed."""

    event: HistoryEvent
    actions: list[HistoryEvent] = field(default_factory=list)
    effects: list[HistoryEvent] = field(default_factory=list)


@dataclass
class Course:
    """An instance on its way through replay: where the engine landed, when each task was entered, when it is due."""

    landing: engine.Landing | None = None
    entered: dict[str, datetime] = field(default_factory=dict)
    due: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def open(self) -> frozenset[str]:
        return frozenset(self.landing.open_tasks) if self.landing else frozenset()


def steps_of(events: Sequence[HistoryEvent]) -> list[Step]:
    """The journal of an instance as inputs with what belongs to each; notes (claims, comments) are left out."""
    steps: list[Step] = []
    for event in events:
        if event.kind in INPUTS:
            steps.append(Step(event))
        elif steps and event.kind == ACTION:
            steps[-1].actions.append(event)
        elif steps and event.kind in fx.EFFECTS:
            steps[-1].effects.append(event)
    return steps


def standing(steps: Sequence[Step], without: frozenset[int] = frozenset()) -> Iterator[Step]:
    """The steps that still count: less those in ``without`` and those that were taken back."""
    gone = without | {int(step.event.data["input"]) for step in steps if step.event.kind == "taken_back"}
    return (step for step in steps if step.event.seq not in gone and step.event.kind != "taken_back")


def data_of(steps: Sequence[Step], without: frozenset[int] = frozenset()) -> dict[str, Any]:
    """The case's data as its journal has them: the same as the incremental merges gave."""
    places: dict[str, tuple[str, str | None]] = {}
    data: dict[str, Any] = {}
    for step in standing(steps, without):
        event = step.event
        if event.kind == "started":
            data = {name: value for name, value in event.data["data"].items() if name not in FRAME_NAMES}
        elif event.kind == "completed":
            scope, slot = places.get(event.task or "", ("", None))
            data = merged(data, scope, slot, event.data["data"], frozenset(event.data["drop"]))
        for action in step.actions:
            if not action.data["scope"]:
                data = {**data, action.data["variable"]: action.data["result"]}
        for effect in step.effects:
            if effect.kind == fx.ENTERED and effect.task:
                places[effect.task] = (effect.data["scope"], effect.data["slot"])
    return data


class Replayer:
    """Runs an instance's inputs again. ``calendar`` looks a calendar up by digest, ``made`` a definition."""

    def __init__(
        self, session: Session, instance: Instance, made: Compiled, calendar: Callable[[str], Calendar] | None = None
    ) -> None:
        self.instance_id = instance.id
        self.frame = instance.frame
        self.made = made
        self.calendar = calendar or (lambda digest: by_digest(session, digest))
        self.opening = wiring(session).opening

    def run(self, steps: Sequence[Step], without: frozenset[int] = frozenset()) -> Course:
        """Where the instance stands after ``steps``, less the inputs with a sequence number in ``without``."""
        course = Course()
        for step in standing(steps, without):
            self.step(course, step)
        return course

    def step(self, course: Course, step: Step) -> list[fx.Effect]:
        """Runs one input and gives its effects. Raises what the engine raises."""
        days = self._days(step.event)
        landing = self._land(course, step, days)
        before = course.open
        completed = step.event.task if step.event.kind == "completed" else None
        if step.event.kind == "calendar_changed":
            notice = step.event.data["notice"]
            found = fx.due_changes(self.made, landing, course.entered, days.calendar, course.due, notice)
            found.append(fx.Effect(fx.ADVANCED, fx.sealed(landing)))
        else:
            found = fx.effects_of(self.made, self.frame, before, completed, landing, days)
        course.landing = landing
        for task_id in landing.open_tasks:
            course.entered.setdefault(task_id, step.event.at)
        course.due.update({effect.task: effect.data for effect in found if effect.task and "due_on" in effect.data})
        return found

    def _land(self, course: Course, step: Step, days: DayFunctions) -> engine.Landing:
        event, data, program = step.event, step.event.data, self.made.program
        context = context_of(self.instance_id, event.seq, days, _recorded(step), self.opening)
        if event.kind == "started":
            return engine.start(program, data["data"], context)
        if course.landing is None:
            raise Conflict("历史不是从启动开始的")
        state = course.landing.state
        if event.kind == "completed":
            return engine.complete(program, state, event.task or "", data["data"], frozenset(data["drop"]), context)
        if event.kind == "returned":
            return engine.move(program, state, event.task or "", data["target"], context)
        if event.kind == "timer_fired":
            return engine.fire_timer(program, state, data["timer"], context)
        if event.kind == "message":
            return engine.deliver(program, state, data["message"], data["payload"], context)
        if event.kind == "terminated":
            return engine.cancel(program, state, context)
        return engine.recompute(program, state, as_of(days.calendar, context), context)

    def _days(self, event: HistoryEvent) -> DayFunctions:
        return DayFunctions(self.calendar(event.data["calendar"]), event.at)


def _recorded(step: Step) -> Callable[[engine.Call], Any]:
    queue = list(step.actions)

    def give(call: engine.Call) -> Any:
        if not queue:
            raise Conflict(f"重放时动作 {call.name} 没有记录的结果")
        event = queue.pop(0)
        wanted = [call.name, call.task, normalized(dict(call.parameters))]
        if [event.data["name"], event.task, event.data["parameters"]] != wanted:
            raise Conflict(f"重放时动作 {call.name} 与记录的 {event.data['name']} 不符")
        return event.data["result"]

    return give


def rebuilt(session: Session, instance: Instance, without: int) -> Course:
    """The instance as if the input ``without`` (a sequence number) had not happened.

    Raises Conflict when something later depends on it.
    """
    events = history.stream_events(session, stream_of(instance.id))
    made = compiled(session, instance.digest, instance.process)
    try:
        return Replayer(session, instance, made).run(steps_of(events), frozenset({without}))
    except LiaisonError as error:
        raise Conflict("后续步骤已经办理，不能撤回；请由后续环节退回") from error


# --- Verification ----------------------------------------------------------------------------------------------------


def verify(
    session: Session,
    instance_ids: Sequence[UUID] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Mismatch]:
    """Checks definitions, calendars, chains and replays; yields every mismatch, each named.

    Of all instances, or of ``instance_ids`` only. Whatever cannot be read or replayed is a mismatch, not an error.
    ``progress`` is told how many instances of how many are done.
    """
    definitions = dict(_verified_definitions(session))
    for digest, (_, problem) in definitions.items():
        if problem:
            yield Mismatch(f"definition:{digest}", None, problem)
    calendars: dict[str, Calendar] = {}
    for version in session.scalars(select(CalendarVersion)):
        problem = _calendar_problem(version, calendars)
        if problem:
            yield Mismatch(f"calendar:{version.digest}", None, problem)
    if instance_ids is None:
        for stream in history.streams(session):
            if not stream.startswith("instance:"):
                yield from _chain(session, stream)
        yield from _orphans(session)
        instance_ids = list(session.scalars(select(Instance.id).order_by(Instance.started_at, Instance.id)))
    for done, instance_id in enumerate(instance_ids):
        if progress is not None:
            progress(done, len(instance_ids))
        instance = session.get(Instance, instance_id)
        if instance is None:
            yield Mismatch(stream_of(instance_id), None, "没有这个事项")
            continue
        made, _ = definitions.get(instance.digest, (None, None))
        yield from verify_instance(session, instance, made, calendars)
        session.expunge_all()


def verify_instance(
    session: Session, instance: Instance, made: Compiled | None, calendars: Mapping[str, Calendar]
) -> Iterator[Mismatch]:
    """Chain, effects and final state of one instance."""
    stream = stream_of(instance.id)
    yield from _chain(session, stream)
    if made is None:
        yield Mismatch(stream, None, f"定义 {instance.digest} 缺失或已损坏，无法重放")
        return
    events = history.stream_events(session, stream)
    steps = steps_of(events)
    if not steps or steps[0].event.kind != "started":
        yield Mismatch(stream, None, "历史缺少启动记录")
        return
    course: Course
    try:
        frame = steps[0].event.data["frame"]
        if frame != instance.frame or steps[0].event.data["digest"] != instance.digest:
            yield Mismatch(stream, 1, "事项记录的定义或设置与启动时不符")
        replayer = Replayer(session, instance, made, lambda digest: calendars[digest])
        course = yield from _replayed(stream, replayer, steps)
    except (LiaisonError, KeyError, TypeError, ValueError, AttributeError) as error:
        # a damaged journal can fail in any way; each is a finding
        yield Mismatch(stream, None, f"无法重放：{error}")
        return
    yield from _rows(session, instance, course, events)


def _replayed(stream: str, replayer: Replayer, steps: Sequence[Step]) -> Generator[Mismatch, None, Course]:
    course = Course()
    for position, step in enumerate(steps):
        if step.event.kind == "taken_back":
            before = course.open
            course = replayer.run(steps[: position + 1])
            found = taken_back_effects(before, course)
        else:
            found = replayer.step(course, step)
        wanted = [(effect.kind, effect.task, dumps(normalized(dict(effect.data)))) for effect in found]
        have = [(event.kind, event.task, dumps(event.data)) for event in step.effects]
        if wanted != have:
            yield Mismatch(stream, step.event.seq, f"重放「{step.event.kind}」得到的结果与记录不符")
    return course


def taken_back_effects(before: frozenset[str], course: Course) -> list[fx.Effect]:
    """Tasks that vanish and come back when a step is taken back; a returning task keeps its old due date."""
    found = [fx.Effect(fx.CANCELLED, {}, task_id) for task_id in sorted(before - course.open)]
    found += [
        fx.Effect(fx.REOPENED, {"entered_at": course.entered[task_id].isoformat()}, task_id)
        for task_id in sorted(course.open - before)
    ]
    if course.landing is not None:
        found.append(fx.Effect(fx.ADVANCED, fx.sealed(course.landing)))
    return found


def _rows(session: Session, instance: Instance, course: Course, events: Sequence[HistoryEvent]) -> Iterator[Mismatch]:
    stream, landing = stream_of(instance.id), course.landing
    if landing is None or landing.state != instance.state:
        have = hashlib.sha256(instance.state.encode()).hexdigest()[:12]
        yield Mismatch(stream, None, f"保存的状态（{have}…）与重放结果不符")
    if landing is None:
        return
    if dumps(data_of(steps_of(events))) != dumps(instance.data):
        yield Mismatch(stream, None, "事项数据与历史不符")
    rows = list(
        session.scalars(
            select(UserTask).where(UserTask.instance_id == instance.id).order_by(UserTask.entered_seq, UserTask.id)
        )
    )
    for what in instance_faults(instance, rows, landing, events):
        yield Mismatch(stream, None, what)
    for seq, what in task_faults(rows, landing, events):
        yield Mismatch(stream, seq, what)
    waiting = session.scalars(select(Timer).where(Timer.instance_id == instance.id, Timer.status == WAITING))
    if {(str(row.id), row.fire_at) for row in waiting} != {
        (timer.id, timer.fire_at) for timer in landing.timers.values()
    }:
        yield Mismatch(stream, None, "定时器与重放结果不符")


def _verified_definitions(session: Session) -> Iterator[tuple[str, tuple[Compiled | None, str | None]]]:
    for digest, key in session.execute(select(Definition.digest, Definition.key).order_by(Definition.deployed_at)):
        try:
            files = files_of(session, digest)
            actual = digest_of(files)
            if actual != digest:
                yield digest, (None, f"流程 {key} 的定义文件与摘要不符（实际 {actual[:12]}…）")
            else:
                yield digest, (compile_bundle(files, key), None)
        except LiaisonError as error:
            yield digest, (None, f"流程 {key} 的定义无法读取：{error}")


def _calendar_problem(version: CalendarVersion, into: dict[str, Calendar]) -> str | None:
    try:
        calendar = Calendar.from_data(version.data)
    except (LiaisonError, KeyError, TypeError, ValueError, AttributeError) as error:
        return f"工作日历无法读取：{error}"
    if calendar.digest != version.digest:
        return f"工作日历与摘要不符（实际 {calendar.digest[:12]}…）"
    into[version.digest] = calendar
    return None


def _chain(session: Session, stream: str) -> Iterator[Mismatch]:
    for found in history.verify_stream(session, stream):
        yield Mismatch(found.stream, found.seq, found.what)


def _orphans(session: Session) -> Iterator[Mismatch]:
    known = {stream_of(instance_id) for instance_id in session.scalars(select(Instance.id))}
    for stream in history.streams(session, "instance:"):
        if stream not in known:
            yield Mismatch(stream, None, "有历史而没有事项记录")
