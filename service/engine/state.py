"""The stored state: the library's own JSON of a running workflow, but without specs, which come from the program.

Written and read here and not by the library's registry of converters: it asks every value of every task for its type
and makes an object of each of the hundreds of ids, at every step of every case. The text is the same, byte by byte.
Within a running workflow an id is its text, for the library only ever looks tasks up by it.
"""

from __future__ import annotations

import json
import logging
import marshal
from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.serializer.helpers.registry import DefaultRegistry
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.program import Program
from service.engine.world import copied

_PLAIN = frozenset({str, int, float, bool, type(None)})
_REGISTRY = DefaultRegistry()
"""For the few internal values that are no JSON (moments of a repeated timer)."""

for _name in ("spiff.task", "spiff.workflow"):  # left unset, they gather whole trees for lines that nobody writes
    logging.getLogger(_name).setLevel(logging.WARNING)


class InMemory(str):
    """A state that never leaves its process, written faster than JSON; only ``stored_in`` reads it."""

    __slots__ = ()


def dump(workflow: BpmnWorkflow, *, in_memory: bool = False) -> str:
    """The state of ``workflow`` as JSON text, or as it stays in this process."""
    workflow.bpmn_events = []  # what nobody here caught leaves with the advance that threw it
    if in_memory:
        return InMemory(marshal.dumps(_private(_to_dict(workflow))).decode("latin-1"))
    return json.dumps(_to_dict(workflow), ensure_ascii=False, separators=(",", ":"))


def stored_in(state: str) -> dict[str, Any]:
    """The parts of a state, which are the caller's own."""
    found: dict[str, Any] = (
        marshal.loads(state.encode("latin-1"))  # noqa: S302 - written by this process
        if isinstance(state, InMemory)
        else json.loads(state)
    )
    return found


def _private(stored: dict[str, Any]) -> dict[str, Any]:
    """The same, of which no part is shared, with nothing but what JSON knows."""
    for part in [stored, *stored["subprocesses"].values()]:
        part["data"], part["correlations"] = copied(part["data"]), copied(part["correlations"])
        for task in part["tasks"].values():
            task["data"] = copied(task["data"])
            if updates := task["delta"].get("updates"):
                task["delta"]["updates"] = copied(updates)
    return stored


def load(program: Program, state: str) -> BpmnWorkflow:
    """The workflow that ``dump`` wrote, on the specs of ``program``."""
    return _opened(program, stored_in(state))


class Live(str):
    """A state with its workflow at hand: whoever goes on from it first need not read it."""

    __slots__ = ("program", "workflow")
    program: Program
    workflow: BpmnWorkflow | None


def kept_live(program: Program, workflow: BpmnWorkflow) -> Live:
    """As ``dump``, with the workflow at hand for one further step."""
    state = Live(dump(workflow))
    state.program, state.workflow = program, workflow
    return state


def taken(program: Program, state: str) -> BpmnWorkflow | None:
    """The workflow of a live state, as if it were loaded; None where there is none, or somebody has gone on with it."""
    if not isinstance(state, Live) or state.workflow is None or state.program is not program:
        return None
    workflow, state.workflow = state.workflow, None
    for part in (workflow, *workflow.subprocesses.values()):
        for task in part.tasks.values():
            task.thread_id = Task.thread_id_pool  # as all have it that are loaded
    return workflow


def reopened(program: Program, workflow: BpmnWorkflow) -> BpmnWorkflow:
    """``workflow``, which is used up, on the specs of ``program``: as if it were stored and loaded."""
    workflow.bpmn_events = []
    return _opened(program, _to_dict(workflow))


def _to_dict(workflow: BpmnWorkflow) -> dict[str, Any]:
    return {
        **_part_to_dict(workflow),
        "subprocesses": {key: _subprocess_to_dict(part) for key, part in workflow.subprocesses.items()},
        "typename": "BpmnWorkflow",
    }


def _opened(program: Program, stored: Mapping[str, Any]) -> BpmnWorkflow:
    workflow = BpmnWorkflow(program.spec, dict(program.subprocess_specs), deserializing=True)
    _restore(workflow, stored)
    _restore_subprocesses(stored["subprocesses"], workflow, workflow)
    return workflow


def marking(program: Program, state: str) -> tuple[tuple[str, str, str], ...]:
    """(process, scope, node) of everything that holds a token in ``state``, in one order: open tasks, calls that run,
    joins, events and timers that wait."""
    stored = stored_in(state)
    found = list(_tokens(program.spec, "", stored))
    for scope, part in stored["subprocesses"].items():
        found += _tokens(program.subprocess_specs[part["spec"]], scope, part)
    return tuple(sorted(found))


_HELD = TaskState.READY | TaskState.WAITING | TaskState.STARTED


def _tokens(spec: Any, scope: str, part: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    if part["completed"]:
        return
    for task in part["tasks"].values():
        node = getattr(spec.task_specs.get(task["task_spec"]), "bpmn_id", None)
        if node and task["state"] & _HELD:
            yield spec.name, scope, node


def _part_to_dict(part: Any) -> dict[str, Any]:
    return {
        "data": part.data,
        "correlations": part.correlations,
        "last_task": part.last_task.id if part.last_task is not None else None,
        "success": part.success,
        "completed": part.completed,
        "tasks": {key: _task_to_dict(task, part.tasks) for key, task in part.tasks.items()},
        "root": part.task_tree.id,
    }


def _subprocess_to_dict(part: BpmnSubWorkflow) -> dict[str, Any]:
    return {
        **_part_to_dict(part),
        "parent_task_id": part.parent_task_id,
        "spec": part.spec.name,
        "typename": "BpmnSubWorkflow",
    }


def _task_to_dict(task: Task, tasks: Mapping[str, Task]) -> dict[str, Any]:
    """Below the root only what differs from the data of the parent is kept."""
    parent = tasks.get(task._parent)
    delta: dict[str, Any] = {}
    if parent is not None:
        above, here = parent.data, task.data
        alike = here == above
        delta["updates"] = (
            {} if alike else {key: here[key] for key in here if key not in above or here[key] != above[key]}
        )
        delta["deletions"] = [] if alike else [key for key in above if key not in here]
    return {
        "id": task.id,
        "parent": task._parent if parent is not None else None,
        "children": task._children,
        "last_state_change": task.last_state_change,
        "state": task._state,
        "task_spec": task.task_spec.name,
        "triggered": task.triggered,
        "internal_data": {
            key: value if type(value) in _PLAIN else _REGISTRY.convert(value)
            for key, value in task.internal_data.items()
        },
        "data": {} if parent is not None else task.data,
        "delta": delta,
        "typename": "Task",
    }


def _restore(part: Any, stored: Mapping[str, Any]) -> None:
    held: dict[str, list[str]] = {}
    for task in stored["tasks"].values():
        _restore_task(part, task, held)
    part.task_tree = part.tasks[stored["root"]]
    part.success = stored["success"]
    part.completed = stored["completed"]
    part.correlations = stored["correlations"]
    if stored["last_task"] is not None:
        part.last_task = part.tasks.get(stored["last_task"])
    part.data = stored["data"]


def _restore_task(part: Any, stored: Mapping[str, Any], held: dict[str, list[str]]) -> None:
    """Makes a task of ``part``; parents come before their children.

    ``held``: id of a task -> the names in its data of objects and lists, of which each task has its own.
    """
    task = Task(part, part.spec.task_specs.get(stored["task_spec"]), state=stored["state"], id=stored["id"])
    task._parent = stored["parent"]
    task._children = stored["children"]
    task.last_state_change = stored["last_state_change"]
    task.triggered = stored["triggered"]
    task.internal_data = {
        key: value if type(value) in _PLAIN else _REGISTRY.restore(value)
        for key, value in stored["internal_data"].items()
    }
    if task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
        part.top_workflow.event_manager.add_task(task)
    parent, delta = part.tasks.get(task._parent), stored["delta"]
    if parent is None or not delta:
        task.data = stored["data"]
        held[task.id] = _held(task.data)
        return
    data, names = parent.data.copy(), held[parent.id]
    for key in names:
        data[key] = data[key].copy()
    if delta["updates"] or delta["deletions"]:
        data.update(delta["updates"])
        for key in delta["deletions"]:
            data.pop(key, None)
        names = _held(data)
    task.data, held[task.id] = data, names


def _held(data: Mapping[str, Any]) -> list[str]:
    return [key for key, value in data.items() if type(value) is dict or type(value) is list]


def _restore_subprocesses(stored: Mapping[str, Any], part: Any, top: BpmnWorkflow) -> None:
    """Those called from ``part`` and, below them, those that they call."""
    for task in list(part.tasks.values()):
        if isinstance(task.task_spec, SubWorkflowTask) and task.id in stored and task.id not in top.subprocesses:
            called = stored[task.id]
            inner = BpmnSubWorkflow(top.subprocess_specs[task.task_spec.spec], task.id, top, deserializing=True)
            _restore(inner, called)
            top.subprocesses[task.id] = inner
            inner.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
            _restore_subprocesses(stored, inner, top)
