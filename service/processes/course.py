"""The course of an instance: the inputs of its journal, run again one by one.

Verification compares what they lead to with what was recorded and stored. Leaving one input out is how 撤回 works:
what is left is the instance as if that step had not been taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import engine, history
from service.canonical import normalized
from service.errors import Conflict, LiaisonError
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.agreed import MOVING
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import by_digest
from service.processes.inputs import Act, Begun, Course, run_input
from service.processes.models import Instance
from service.processes.moves import MIGRATED
from service.processes.recording import stream_of
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
        MIGRATED,
        *MOVING,
    }
)
ACTION = "action"


@dataclass
class Step:
    """An input with the action results that were recorded for it and the effects that followed."""

    event: HistoryEvent
    actions: list[HistoryEvent] = field(default_factory=list)
    effects: list[HistoryEvent] = field(default_factory=list)


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


class Replayer:
    """Runs an instance's inputs again, with nothing of today: frame and definition are those of ``started``, its first
    event, until it was migrated; ``definition`` and ``calendar`` look up by digest what an input was run with."""

    def __init__(
        self,
        instance_id: UUID,
        started: HistoryEvent,
        definition: Callable[[str], Compiled],
        calendar: Callable[[str], Calendar],
        *,
        live: bool = False,
    ) -> None:
        said = started.data
        self.begun = Begun(instance_id, said["frame"], definition(said["digest"]), definitions=definition, live=live)
        self.calendar = calendar

    def run(self, steps: Sequence[Step], without: frozenset[int] = frozenset()) -> Course:
        """Where the instance stands after ``steps``, less the inputs with a sequence number in ``without``."""
        course = Course()
        for step in standing(steps, without):
            self.step(course, step)
        return course

    def step(self, course: Course, step: Step) -> list[fx.Effect]:
        """Runs one input and gives its effects. Raises what the engine raises."""
        calendar = self.calendar(step.event.data["calendar"])
        return run_input(self.begun, course, step.event, calendar, _recorded(step))


def replayer_of(session: Session, instance: Instance, started: HistoryEvent) -> Replayer:
    """The replayer of an instance, whose first event is ``started``."""
    return Replayer(
        instance.id,
        started,
        lambda digest: compiled(session, digest, instance.process),
        lambda digest: by_digest(session, digest),
    )


def rebuilt(session: Session, instance: Instance, without: int) -> Course:
    """The instance as if the input ``without`` (a sequence number) had not happened.

    Raises Conflict when something later depends on it.
    """
    steps = steps_of(history.stream_events(session, stream_of(instance.id)))
    try:
        return replayer_of(session, instance, steps[0].event).run(steps, frozenset({without}))
    except engine.Unfit as error:
        raise Conflict(f"本事项后来迁移过流程版本，撤回后它在新版中没有位置（{error}）；请由后续步骤退回") from error
    except LiaisonError as error:
        raise Conflict("后续步骤已经办理，不能撤回；请由后续步骤退回") from error


def taken_back_effects(
    before: frozenset[str],
    due: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Mapping[str, Any]],
    kept: Mapping[str, Mapping[str, Any]],
    course: Course,
) -> list[fx.Effect]:
    """The effects of taking back a step: tasks that vanish, tasks that come back, each by the date that it would
    have by now, and as the version draws it that the case was migrated to.

    ``before`` are the ids of the tasks open until now; ``due``, ``facts`` and ``kept`` what tasks were when they were
    last open.
    """
    found = [fx.Effect(fx.CANCELLED, {}, task_id) for task_id in sorted(before - course.open)]
    for task_id in sorted(course.open - before):
        found.append(fx.Effect(fx.REOPENED, {"entered_at": course.entered[task_id].isoformat()}, task_id))
        words, now = kept.get(task_id), course.kept.get(task_id)
        if course.begun is not None and (facts[task_id], words) != _now(course, task_id):
            told = {**course.facts[task_id], "kept": now, "was": facts[task_id]["name"]}
            told["handed_on"] = False
            found.append(fx.Effect(fx.RENEWED, told, task_id))
            words = now
        old, new = due[task_id], course.due[task_id]
        if fx.differ(old, new) or words != now:  # a notice was loaded, or the case stood still, while the answer was in
            said = fx.changed(old, new, str(new.get("notice") or ""))
            said |= {"kept": now} if words != now else {}
            found.append(fx.Effect(fx.DUE_CHANGED, said, task_id))
    if course.landing is not None:
        found.append(fx.Effect(fx.ADVANCED, fx.sealed(course.landing)))
    return found


def _now(course: Course, task_id: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    return course.facts[task_id], course.kept.get(task_id)


def _recorded(step: Step) -> Act:
    """Gives the results that were recorded, in order."""
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
