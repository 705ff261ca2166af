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

from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.ahead import LAST_FORESEEING, foresee, forget
from service.engine.compact import ENDED, called, compact_text, is_compact, opened, put
from service.engine.data import containers
from service.engine.program import Program
from service.engine.world import by_rules, copied
from service.engine.writing import PLAIN, REGISTRY, text_of

for _name in ("spiff.task", "spiff.workflow"):  # left unset, they gather whole trees for lines that nobody writes
    logging.getLogger(_name).setLevel(logging.WARNING)


class InMemory(str):
    """A state that never leaves its process: its workflow, to be looked at, until it is kept as bytes or gone on from.

    It has no text: a step of which nobody keeps anything writes nothing.
    """

    __slots__ = ("kept", "workflow")
    kept: bytes
    workflow: BpmnWorkflow | None

    @classmethod
    def of(cls, workflow: BpmnWorkflow) -> InMemory:
        """The state of ``workflow``, with which nobody goes on."""
        state = cls()
        state.kept, state.workflow = b"", _handed_on(workflow)
        return state

    def keep(self) -> bytes:
        """The state as bytes, a fraction of the memory of its workflow, which is let go."""
        if self.workflow is not None:
            self.kept, self.workflow = _to_bytes(self.workflow), None
        return self.kept


def dump(workflow: BpmnWorkflow, *, in_memory: bool = False) -> str:
    """The state of ``workflow`` as JSON text, or as it stays in this process."""
    workflow.bpmn_events = []  # what nobody here caught leaves with the advance that threw it
    compact = by_rules() > LAST_FORESEEING
    if compact:
        forget(workflow)
    if in_memory:
        return InMemory.of(workflow)
    return compact_text(workflow) if compact else text_of(workflow)


def keep(state: str) -> None:
    """Lets a state take little memory until somebody goes on from it."""
    if isinstance(state, InMemory):
        state.keep()


def load(program: Program, state: str) -> BpmnWorkflow:
    """The workflow that ``dump`` wrote, on the specs of ``program``."""
    if isinstance(state, InMemory):
        return _from_bytes(program, state.keep())
    return opened(program, state) if is_compact(state) else _opened(program, json.loads(state))


def going_on(program: Program, state: str) -> BpmnWorkflow:
    """The workflow of ``state``, to be moved by the rules of the advance that runs: that of a live state, else read."""
    workflow = _taken(program, state) or load(program, state)
    if by_rules() > LAST_FORESEEING:
        if not is_compact(state):
            forget(workflow)
        foresee(workflow)
    return workflow


class at_work:  # noqa: N801 - read as a statement
    """Within the block ``workflow`` is at work; behind it nothing of it is left, unless a state keeps it.

    Its tasks name it and it names them: the collector would have to find them, at every step of every case.
    """

    __slots__ = ("_workflow",)

    def __init__(self, workflow: BpmnWorkflow) -> None:
        self._workflow = workflow

    def __enter__(self) -> BpmnWorkflow:
        self._workflow.handed_on = False
        return self._workflow

    def __exit__(self, *_error: object) -> None:
        workflow = self._workflow
        if not workflow.handed_on:
            for part in (workflow, *workflow.subprocesses.values()):
                for task in part.tasks.values():
                    task.__dict__.clear()
                part.__dict__.clear()


def _handed_on(workflow: BpmnWorkflow) -> BpmnWorkflow:
    """``workflow``, which a state keeps."""
    workflow.handed_on = True
    return workflow


def looked_at(program: Program, state: str) -> BpmnWorkflow:
    """As ``load``, to be looked at only: nobody may change it."""
    if isinstance(state, InMemory) and state.workflow is not None:
        return state.workflow
    return load(program, state)


class Live(str):
    """A state with its workflow at hand: whoever goes on from it first need not read it."""

    __slots__ = ("program", "workflow")
    program: Program
    workflow: BpmnWorkflow | None


def kept_live(program: Program, workflow: BpmnWorkflow) -> Live:
    """As ``dump``, with the workflow at hand for one further step, where there may be one."""
    state = Live(dump(workflow))
    state.program, state.workflow = program, None if state == ENDED else _handed_on(workflow)
    return state


def _taken(program: Program, state: str) -> BpmnWorkflow | None:
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
    if by_rules() <= LAST_FORESEEING:
        return _opened(program, _to_dict(workflow))
    forget(workflow)
    return opened(program, compact_text(workflow))


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
    workflow = looked_at(program, state)
    found = list(_tokens("", workflow))
    for scope, part in workflow.subprocesses.items():
        found += _tokens(scope, part)
    return tuple(sorted(found))


_HELD = TaskState.READY | TaskState.WAITING | TaskState.STARTED


def _tokens(scope: str, part: Any) -> Iterator[tuple[str, str, str]]:
    if part.completed:
        return
    for task in part.tasks.values():
        if task._state & _HELD and (node := getattr(task.task_spec, "bpmn_id", None)):
            yield part.spec.name, scope, node


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
            key: value if type(value) in PLAIN else REGISTRY.convert(value) for key, value in task.internal_data.items()
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
    task = put(
        part,
        stored["task_spec"],
        {
            "id": stored["id"],
            "_parent": stored["parent"],
            "_children": stored["children"],
            "_state": stored["state"],
            "triggered": stored["triggered"],
            "last_state_change": stored["last_state_change"],
            "internal_data": {
                key: value if type(value) in PLAIN else REGISTRY.restore(value)
                for key, value in stored["internal_data"].items()
            },
        },
    )
    parent, delta = part.tasks.get(task._parent), stored["delta"]
    if parent is None or not delta:
        task.data = stored["data"]
        held[task.id] = containers(task.data)
        return
    data, names = parent.data.copy(), held[parent.id]
    for key in names:
        data[key] = data[key].copy()
    if delta["updates"] or delta["deletions"]:
        data.update(delta["updates"])
        for key in delta["deletions"]:
            data.pop(key, None)
        names = containers(data)
    task.data, held[task.id] = data, names


def _restore_subprocesses(stored: Mapping[str, Any], part: Any, top: BpmnWorkflow) -> None:
    """Those called from ``part`` and, below them, those that they call."""
    for task in list(part.tasks.values()):
        if isinstance(task.task_spec, SubWorkflowTask) and task.id in stored and task.id not in top.subprocesses:
            inner = called(task, top)
            _restore(inner, stored[task.id])
            _restore_subprocesses(stored, inner, top)


# --- Within this process ---------------------------------------------------------------------------------------------


def _to_bytes(workflow: BpmnWorkflow) -> bytes:
    """All of ``workflow``, of which no part is shared, with nothing but what JSON knows."""
    parts = {key: _facts_of(part) for key, part in workflow.subprocesses.items()}
    return marshal.dumps((_facts_of(workflow), parts))


def _facts_of(part: Any) -> tuple[Any, ...]:
    last = part.last_task.id if part.last_task is not None else None
    own = (copied(part.data), copied(part.correlations), last, part.success, part.completed, part.task_tree.id)
    return part.spec.name, own, [_facts_of_task(task, part.tasks) for task in part.tasks.values()]


def _facts_of_task(task: Task, tasks: Mapping[str, Task]) -> tuple[str, dict[str, Any]]:
    return task.task_spec.name, {
        "id": task.id,
        "_parent": task._parent if task._parent in tasks else None,
        "_children": task._children,
        "_state": task._state,
        "triggered": task.triggered,
        "last_state_change": task.last_state_change,
        "internal_data": {
            key: value if type(value) in PLAIN else copied(REGISTRY.convert(value))
            for key, value in task.internal_data.items()
        },
        "data": copied(task.data),
    }


def _from_bytes(program: Program, kept: bytes) -> BpmnWorkflow:
    top, parts = marshal.loads(kept)  # noqa: S302 - written by this process
    workflow = BpmnWorkflow(program.spec, dict(program.subprocess_specs), deserializing=True)
    _fill(workflow, top)
    _fill_called(parts, workflow, workflow)
    return workflow


def _fill(part: Any, facts: tuple[Any, ...]) -> None:
    _, (data, correlations, last, success, completed, root), tasks = facts
    for spec, own in tasks:
        for key, value in own["internal_data"].items():
            if type(value) not in PLAIN:
                own["internal_data"][key] = REGISTRY.restore(value)
        put(part, spec, own)
    part.task_tree, part.success, part.completed = part.tasks[root], success, completed
    part.correlations, part.data = correlations, data
    if last is not None:
        part.last_task = part.tasks.get(last)


def _fill_called(parts: Mapping[str, tuple[Any, ...]], part: Any, top: BpmnWorkflow) -> None:
    """As ``_restore_subprocesses``."""
    for task in list(part.tasks.values()):
        if isinstance(task.task_spec, SubWorkflowTask) and task.id in parts and task.id not in top.subprocesses:
            inner = called(task, top)
            _fill(inner, parts[task.id])
            _fill_called(parts, inner, top)
