"""Tokens that lie for ever where they are, although others of the case can move.

A called process, an instance of a multi-instance call, a parallel branch: each can come to rest for ever beside open
steps. A token is said to lie only where no token that can move leads to what it waits for, whichever way it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.fitting import LIVE, parts_of
from service.engine.specs import JOINED, EventGateway, Join
from service.engine.timers import ArmedTimer


def lying(workflow: BpmnWorkflow) -> list[tuple[Any, Task]]:
    """(part of the case, token) of all that lie."""
    parts = [] if workflow.completed else parts_of(workflow)
    if not any(_may_lie(task) for part in parts for task in part.tasks.values()):
        return []
    alive: set[str] = set()
    while more := {_call_of(part) for part in parts if any(_goes_on(one, alive) for one in live_of(part))} - alive:
        alive |= more  # who calls what goes on goes on too
    found: list[tuple[Any, Task]] = []
    for part in parts:
        tokens = live_of(part)
        moving = [one for one in tokens if _goes_on(one, alive)]
        if not moving:
            found += [(part, one) for one in tokens if not _calls(one) and _named(one)]
            continue
        ahead = _ahead([*moving, *(one.parent for one in moving if isinstance(one.parent.task_spec, LoopTask))])
        found += [(part, one) for one in tokens if _may_lie(one) and _waits_in_vain(part, one, moving, ahead)]
    return found


def live_of(part: Any) -> list[Task]:
    """All tokens of a process that runs."""
    return [task for task in part.tasks.values() if task.has_state(LIVE) and task.parent is not None]


def _may_lie(task: Task) -> bool:
    """Whether something is waited for that neither a person nor a timer brings by itself."""
    if not task.has_state(LIVE) or isinstance(task.task_spec, BoundaryEvent):
        return False
    event = getattr(task.task_spec, "event_definition", None)
    return isinstance(task.task_spec, Join) or isinstance(event, MessageEventDefinition)


def _call_of(part: Any) -> str:
    """The id of the token that called a process; '' of the case itself."""
    return str(getattr(part, "parent_task_id", None) or "")


def _goes_on(task: Task, alive: Collection[str]) -> bool:
    return _moves(task) or str(task.id) in alive


def _moves(task: Task) -> bool:
    """Whether a person or a timer can move the token."""
    if task.state == TaskState.READY:
        return bool(task.task_spec.manual)
    return isinstance(getattr(task.task_spec, "event_definition", None), ArmedTimer)


def _calls(task: Task) -> bool:
    return isinstance(task.task_spec, SubWorkflowTask | LoopTask)


def _named(task: Task) -> bool:
    return bool(getattr(task.task_spec, "bpmn_id", None))


def _waits_in_vain(part: Any, task: Task, moving: list[Task], ahead: set[str]) -> bool:
    if isinstance(task.task_spec, Join):
        return not _awaited(part, task) <= ahead
    # of the events of one gateway the first that happens withdraws the others
    beside = isinstance(task.parent.task_spec, EventGateway)
    return not (beside and any(one.parent is task.parent for one in moving))


def _awaited(part: Any, task: Task) -> set[str]:
    """The ways into a join on which no token of this round has come."""
    awaited = {spec.name for spec in task.task_spec.inputs}
    for one in part.get_tasks(spec_name=task.task_spec.name):
        if JOINED not in one.internal_data and one.parent is not None and one.parent.state == TaskState.COMPLETED:
            awaited.discard(one.parent.task_spec.name)
    return awaited


def _ahead(tokens: Iterable[Task]) -> set[str]:
    """The names of the specs to which some way leads from these tokens, their own among them."""
    found: set[str] = set()
    waiting = [one.task_spec for one in tokens]
    while waiting:
        spec = waiting.pop()
        if spec.name not in found:
            found.add(spec.name)
            waiting += spec.outputs
    return found
