"""Timers that ring again: those of open tasks that rang on the date of before, where the date is now to come.

A date moves later when a case goes to another version with its dates counted anew, and when a notice changes the
calendar. People who were reminded of the date of before are reminded of the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.fitting import LIVE, is_main, parts_of, split_of
from service.engine.program import Program
from service.engine.prune import CAME_FROM, came_from
from service.engine.scripts import ScriptEngine
from service.engine.timers import ArmedTimer
from service.engine.world import Context

FIRED = "fired"
"""Under what name an activity remembers the events that have happened to it and that its drawing no longer shows."""


def revive(workflow: BpmnWorkflow, program: Program, armed: Callable[[datetime], Context], now: datetime) -> list[Task]:
    """Arms once more the timers of activities that rang on the date of before and whose moment is now to come; gives
    their events, behind which the caller must predict the way.

    ``armed`` gives the context as of a past moment. A run that the first ring has begun goes on beside the task.
    """
    return [
        event
        for part in parts_of(workflow)
        for task in [one for one in part.tasks.values() if is_main(one)]
        if (split := split_of(task)) is not None
        for event in _revived(workflow, part, split, task, program, armed, now)
    ]


def _revived(
    workflow: BpmnWorkflow,
    part: Any,
    split: Task,
    task: Task,
    program: Program,
    armed: Callable[[datetime], Context],
    now: datetime,
) -> list[Task]:
    again: list[Task] = []
    kept = set(task.internal_data.get(FIRED, ()))
    for spec in split.task_spec.outputs:
        if not isinstance(getattr(spec, "event_definition", None), ArmedTimer):
            continue
        there = [one for one in split.children if one.task_spec.name == spec.name]
        rang = [one for one in there if one.has_state(TaskState.FINISHED_MASK)]
        if len(rang) < len(there) or not (rang or spec.name in kept):
            continue
        event = armed_anew(workflow, program, split, task, spec, armed)
        if datetime.fromisoformat(event.internal_data["event_value"]) <= now:
            part._remove_task(event.id)
            continue
        for one in rang:
            keep_begun(part, one, split)
            part._remove_task(one.id)
        kept.discard(spec.name)
        again.append(event)
    if FIRED in task.internal_data:
        task._set_internal_data(**{FIRED: sorted(kept)})
    return again


def armed_anew(
    workflow: BpmnWorkflow,
    program: Program,
    above: Task,
    since: Task,
    spec: Any,
    armed: Callable[[datetime], Context],
) -> Task:
    """A new event of ``above`` that waits, as of the moment at which ``since`` was entered."""
    workflow.script_engine = ScriptEngine(program, armed(datetime.fromtimestamp(since.last_state_change, UTC)))
    event = above._add_child(spec, TaskState.MAYBE)
    event._set_state(TaskState.WAITING)
    spec._update(event)
    return event


def keep_begun(part: Any, event: Task, split: Task) -> None:
    """A run that a watch has begun (a circular that waits for its approval) goes on beside the task."""
    for after in list(event.children):
        if isinstance(after.task_spec, BoundaryEventJoin) or not _lives(after):
            continue
        after._set_internal_data(**{CAME_FROM: came_from(after)})
        event._children.remove(after.id)
        after.parent = split.parent
        split.parent._children.append(after.id)


def _lives(task: Task) -> bool:
    ended = task.task_spec.name.endswith(".EndJoin")
    return (task.has_state(LIVE) and not ended) or any(_lives(child) for child in task.children)
