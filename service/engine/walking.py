"""Walks through the tree of tasks as the library makes them, in the same order, at a fraction of the work.

The library asks an object for each task whether it fits, and writes down each change of a state for a log that nobody
keeps. At every step of every case that is a third of all work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from service.engine.data import look
from service.engine.specs import CatchEvent
from service.engine.timers import ArmedTimer
from service.engine.world import moment_now

_ASKING = (TimerEventDefinition, MultipleEventDefinition)
_PLAIN_EVENTS = frozenset({BoundaryEvent, CatchEvent})
_ASKED = frozenset({"state", "spec_name"})
_library_tasks = Workflow.get_tasks


def tasks_of(workflow: Any, first_task: Task | None = None, **wanted: Any) -> list[Task]:
    """The tasks of ``workflow`` and of what it calls, from ``first_task`` on, of a ``state`` and a ``spec_name``.

    The library looks for everything else that is ``wanted``.
    """
    if wanted.keys() - _ASKED:
        found: list[Task] = _library_tasks(workflow, first_task, **wanted)
        return found
    state, name = wanted.get("state", TaskState.ANY_MASK), wanted.get("spec_name")
    called, least, found = workflow.top_workflow.subprocesses, _least(state), []
    waiting = [first_task or workflow.task_tree]
    while waiting:
        task = waiting.pop()
        inner = called.get(task.id)
        if task._children and (task._state >= least or inner is not None):
            tasks = task.workflow.tasks
            waiting += [tasks[child] for child in reversed(task._children)]
        if inner is not None:
            waiting.append(inner.task_tree)
        if task._state & state and (name is None or task.task_spec.name == name):
            found.append(task)
    return found


def update_waiting(workflow: Any) -> None:
    """Has every task of a process that waits look whether it still must: what comes of one, the next ones see.

    An armed timer need not look: that it has fired, it is told.
    """
    waiting = [task for task in workflow.tasks.values() if task._state == TaskState.WAITING]
    if waiting and not all(map(_armed, waiting)):
        for task in _going(workflow, TaskState.WAITING):
            if not _armed(task):
                task.task_spec._update(task)


def refresh_timers(workflow: BpmnWorkflow) -> None:
    """Has the events that wait look whether they still must; the library asks its clock here.

    One that has left the tree, or whose task has, is asked no more.
    """
    for task in list(workflow.event_manager.tasks.values()):
        there = task.workflow.tasks
        if task.id not in there or task._parent not in there:
            continue
        if isinstance(task.task_spec.event_definition, _ASKING) and not _armed(task):
            task.task_spec._update(task)


def _armed(task: Task) -> bool:
    """Whether a task waits for its timer, has nothing to take over, and would find nothing new."""
    spec, told = task.task_spec, task.internal_data
    return (
        task._state == TaskState.WAITING
        and isinstance(getattr(spec, "event_definition", None), ArmedTimer)
        and type(spec) in _PLAIN_EVENTS
        and not spec.data_input_associations
        and spec.io_specification is None
        and told.get("event_value") is not None
        and not told.get("event_fired")
        and look(task) == look(task.workflow.tasks[task._parent])
    )


def _going(workflow: Any, state: int) -> Iterator[Task]:
    """The tasks of one process that have the state, each when it is its turn: they may change meanwhile."""
    least, tasks, waiting = _least(state), workflow.tasks, [workflow.task_tree]
    while waiting:
        task = waiting.pop()
        if task._children and task._state >= least:
            waiting += [tasks[child] for child in reversed(task._children)]
        if task._state & state:
            yield task


def _least(state: int) -> int:
    """The state below which no task has one of ``state`` behind it: what is predicted follows what is definite."""
    if state & TaskState.PREDICTED_MASK:
        return int(TaskState.MAYBE)
    return int(TaskState.FUTURE if state & TaskState.DEFINITE_MASK else TaskState.COMPLETED)


def ready(workflow: BpmnWorkflow, part: Any) -> list[Task]:
    """The tasks of a process, and of what it calls, that the engine has to run, in the library's order.

    A look at all tasks takes less than a walk, and of one there is no order.
    """
    called = workflow.subprocesses
    parts = [part] if part is not workflow else [part, *called.values()]
    if part is not workflow and not called.keys().isdisjoint(part.tasks.keys()):
        parts = list(called.values())
    found = [
        one
        for each in parts
        for one in each.tasks.values()
        if one._state == TaskState.READY and not one.task_spec.manual
    ]
    if not found or (len(found) == 1 and found[0].workflow is part):
        return found
    return [one for one in part.get_tasks(state=TaskState.READY) if not one.task_spec.manual]


def run_ready(workflow: BpmnWorkflow, will: Callable[[Task], None], did: Callable[[Task], None]) -> bool:
    """Runs what the engine has to run, the innermost processes first, as the library's ``do_engine_steps``."""

    def run(part: Any) -> int:
        found = ready(workflow, part)
        for task in found:
            will(task)
            task.run()
            did(task)
        return len(found)

    active = workflow.get_active_subprocesses()
    if len(active) > 1:
        active.sort(key=lambda one: one.depth, reverse=True)
    for part in active:
        while run(part):
            pass
        call = workflow.get_task_from_id(part.parent_task_id)
        call.task_spec._update(call)
    return run(workflow) > 0 or len(workflow.get_active_subprocesses()) > len(active)


def set_state(task: Task, value: int) -> None:
    """Gives a task its state, with the moment."""
    if value != task._state:
        task.last_state_change, task._state = moment_now(), value


BpmnBaseWorkflow.get_tasks = tasks_of
Workflow.update_waiting_tasks = update_waiting
Task._set_state = set_state
