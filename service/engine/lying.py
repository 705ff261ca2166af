"""Tokens that lie for ever where they are, although others of the case can move.

A called process, an instance of a multi-instance call, a parallel branch: each can come to rest for ever beside open
steps. A token is said to lie only where no token that can move leads to what it waits for, whichever way it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.fitting import LIVE, parts_of
from service.engine.specs import JOINED, EventGateway, Join, named_alike
from service.engine.timers import ArmedTimer


def lying(workflow: BpmnWorkflow) -> list[tuple[Any, Task]]:
    """(part of the case, token) of all that lie."""
    parts = [] if workflow.completed else parts_of(workflow)
    tokens = {id(part): live_of(part) for part in parts}
    if not any(_may_lie(one) for some in tokens.values() for one in some):
        return []
    alive: set[str] = set()
    while more := {_call_of(part) for part in parts if any(_goes_on(one, alive) for one in tokens[id(part)])} - alive:
        alive |= more  # who calls what goes on goes on too
    found: list[tuple[Any, Task]] = []
    for part in parts:
        here = tokens[id(part)]
        moving = [one for one in here if _goes_on(one, alive)]
        if not moving:
            found += [(part, one) for one in here if not _calls(one) and _named(one)]
        elif waiting := [one for one in here if _may_lie(one)]:
            ahead = ahead_of([*moving, *(one.parent for one in moving if isinstance(one.parent.task_spec, LoopTask))])
            found += [(part, one) for one in waiting if _waits_in_vain(one, moving, ahead)]
    return found


def live_of(part: Any) -> list[Task]:
    """All tokens of a process that runs."""
    return [task for task in part.tasks.values() if task._state & LIVE and task._parent in part.tasks]


def _may_lie(task: Task) -> bool:
    """Whether a live token waits for something that neither a person nor a timer brings by itself."""
    spec = task.task_spec
    found: bool | None = spec.__dict__.get("kept_may_lie")
    if found is None:  # each step of each case asks
        message = isinstance(getattr(spec, "event_definition", None), MessageEventDefinition)
        found = spec.kept_may_lie = isinstance(spec, Join) or (message and not isinstance(spec, BoundaryEvent))
    return found


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


def _waits_in_vain(task: Task, moving: list[Task], ahead: set[str]) -> bool:
    if isinstance(task.task_spec, Join):
        return not _awaited(task) <= ahead
    # of the events of one gateway the first that happens withdraws the others
    beside = isinstance(task.parent.task_spec, EventGateway)
    return not (beside and any(one.parent is task.parent for one in moving))


def _awaited(task: Task) -> set[str]:
    """The ways into a join on which no token of this round has come."""
    awaited = {spec.name for spec in task.task_spec.inputs}
    for one in named_alike(task):
        if JOINED not in one.internal_data and one.parent is not None and one.parent.state == TaskState.COMPLETED:
            awaited.discard(one.parent.task_spec.name)
    return awaited


def ahead_of(tokens: Iterable[Task]) -> set[str]:
    """The names of the specs to which some way leads from these tokens, their own among them."""
    found: set[str] = set()
    for spec in dict.fromkeys(one.task_spec for one in tokens):
        if (known := _reached.get(spec)) is None:
            known = _reached[spec] = _from(spec)
        found |= known
    return found


_reached: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()
"""By spec: a drawing does not change, and each step of each case asks."""


def _from(first: Any) -> frozenset[str]:
    found: set[str] = set()
    waiting = [first]
    while waiting:
        spec = waiting.pop()
        if spec.name not in found:
            found.add(spec.name)
            waiting += spec.outputs
    return frozenset(found)
