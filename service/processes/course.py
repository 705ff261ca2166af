"""The course of an instance: the inputs of its journal, run again one by one.

Verification compares what they lead to with what was recorded and stored. Leaving one input out is how 撤回 works:
what is left is the instance as if that step had not been taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import engine, history
from service.db.canonical import normalized
from service.errors import Conflict, LiaisonError
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.advance import FRAME_NAMES, merged, stream_of
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, by_digest
from service.processes.contexts import as_of, context_of
from service.processes.models import Instance
from service.workdays import Calendar

INPUTS = frozenset(
    {
        "started",
        "completed",
        "returned",
        "terminated",
        "message",
        "timer_fired",
        "calendar_changed",
        "taken_back",
        "woken",
    }
)
ACTION = "action"


@dataclass
class Step:
    """An input with the action results that were recorded for it and the effects that followed."""

    event: HistoryEvent
    actions: list[HistoryEvent] = field(default_factory=list)
    effects: list[HistoryEvent] = field(default_factory=list)


@dataclass
class Course:
    """An instance on its way: where the engine landed, the case's data, and of each task when it was entered, when it
    is due, and in which scope and slot it stands."""

    landing: engine.Landing | None = None
    data: dict[str, Any] = field(default_factory=dict)
    entered: dict[str, datetime] = field(default_factory=dict)
    due: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    places: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    @property
    def open(self) -> frozenset[str]:
        """The ids of the open tasks."""
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


def rules_of(event: HistoryEvent) -> int:
    """The rules by which an input ran; those before the journal kept their number are the first."""
    return int(event.data.get("rules", 1))


def standing(steps: Sequence[Step], without: frozenset[int] = frozenset()) -> Iterator[Step]:
    """The steps that still count: less those in ``without`` and those that were taken back."""
    gone = without | {int(step.event.data["input"]) for step in steps if step.event.kind == "taken_back"}
    return (step for step in steps if step.event.seq not in gone and step.event.kind != "taken_back")


class Replayer:
    """Runs an instance's inputs again, with nothing of today: ``frame`` and definition are those that it began with,
    ``calendar`` looks up by digest the calendar that an input was counted with."""

    def __init__(
        self, instance_id: UUID, frame: Mapping[str, Any], made: Compiled, calendar: Callable[[str], Calendar]
    ) -> None:
        self.instance_id = instance_id
        self.frame = frame
        self.made = made
        self.calendar = calendar

    def run(self, steps: Sequence[Step], without: frozenset[int] = frozenset()) -> Course:
        """Where the instance stands after ``steps``, less the inputs with a sequence number in ``without``."""
        course = Course()
        for step in standing(steps, without):
            self.step(course, step)
        return course

    def step(self, course: Course, step: Step) -> list[fx.Effect]:
        """Runs one input and gives its effects. Raises what the engine raises."""
        event = step.event
        days = DayFunctions(self.calendar(event.data["calendar"]), event.at)
        self._take_in(course, event)
        landing = self._land(course, step, days)
        before = course.open
        if event.kind == "calendar_changed":
            found = fx.due_changes(self.made, landing, course.entered, days.calendar, course.due, event.data["notice"])
            found.append(fx.Effect(fx.ADVANCED, fx.sealed(landing)))
        else:
            completed = event.task if event.kind == "completed" else None
            found = fx.effects_of(self.made, self.frame, before, completed, landing, days, rules_of(event))
        course.landing = landing
        for task_id in landing.open_tasks:
            course.entered.setdefault(task_id, event.at)
        for effect in found:
            if effect.task and "due_on" in effect.data:
                course.due[effect.task] = effect.data
            if effect.task and effect.kind == fx.ENTERED:
                course.places[effect.task] = (effect.data["scope"], effect.data["slot"])
        return found

    def _take_in(self, course: Course, event: HistoryEvent) -> None:
        """Brings what an input says into the case's data, as the command did."""
        if event.kind == "started":
            course.data = {name: value for name, value in event.data["data"].items() if name not in FRAME_NAMES}
        elif event.kind == "completed":
            if event.task not in course.places:
                raise Conflict("该任务已经完成或取消")
            scope, slot = course.places[event.task]
            own = self.made.own_fields(event.data["process"], event.data["step"])
            course.data = merged(course.data, scope, slot, event.data["data"], frozenset(event.data["drop"]), own)

    def _land(self, course: Course, step: Step, days: DayFunctions) -> engine.Landing:
        event, data, program = step.event, step.event.data, self.made.program
        opening = time.fromisoformat(data["opening"])
        context = context_of(self.instance_id, event.seq, days, _recorded(course, step), opening, rules_of(event))
        if event.kind == "started":
            return engine.start(program, data["data"], context, data.get("event"))
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
        if event.kind == "woken":
            if not engine.sleeps(program, state):  # the step that led there has been taken back: nothing waits for it
                return engine.inspect(program, state, context)
            return engine.wake(program, state, context)
        return engine.recompute(program, state, as_of(days.calendar, context), context)


def rebuilt(session: Session, instance: Instance, without: int) -> Course:
    """The instance as if the input ``without`` (a sequence number) had not happened.

    Raises Conflict when something later depends on it.
    """
    steps = steps_of(history.stream_events(session, stream_of(instance.id)))
    made = compiled(session, instance.digest, instance.process)
    replayer = Replayer(instance.id, instance.frame, made, lambda digest: by_digest(session, digest))
    try:
        return replayer.run(steps, frozenset({without}))
    except LiaisonError as error:
        raise Conflict("后续步骤已经办理，不能撤回；请由后续环节退回") from error


def taken_back_effects(before: frozenset[str], due: Mapping[str, Mapping[str, Any]], course: Course) -> list[fx.Effect]:
    """What a step that is taken back leaves: tasks that vanish, tasks that come back, each by the date that it would
    have by now.

    ``before`` are the ids of the tasks open until now, ``due`` the dates that tasks had when they were last open.
    """
    found = [fx.Effect(fx.CANCELLED, {}, task_id) for task_id in sorted(before - course.open)]
    for task_id in sorted(course.open - before):
        found.append(fx.Effect(fx.REOPENED, {"entered_at": course.entered[task_id].isoformat()}, task_id))
        old, new = due[task_id], course.due[task_id]
        if fx.differ(old, new):  # a notice was loaded while the answer was in
            found.append(fx.Effect(fx.DUE_CHANGED, fx.changed(old, new, str(new.get("notice") or "")), task_id))
    if course.landing is not None:
        found.append(fx.Effect(fx.ADVANCED, fx.sealed(course.landing)))
    return found


def _recorded(course: Course, step: Step) -> Callable[[engine.Call], Any]:
    """Gives the results that were recorded, in order, and brings them into the case's data, as the action did."""
    queue = list(step.actions)

    def give(call: engine.Call) -> Any:
        if not queue:
            raise Conflict(f"重放时动作 {call.name} 没有记录的结果")
        event = queue.pop(0)
        wanted = [call.name, call.task, normalized(dict(call.parameters))]
        if [event.data["name"], event.task, event.data["parameters"]] != wanted:
            raise Conflict(f"重放时动作 {call.name} 与记录的 {event.data['name']} 不符")
        if not call.scope:
            course.data = {**course.data, call.variable: event.data["result"]}
        return event.data["result"]

    return give
