"""The compact text of a state: lists in place of objects, each id and moment once, no step that only may come.

``[2, moments, parts]``; ``[2]`` of a case that has ended, of which nothing more is asked. A part is the case itself or
a process that it calls: ``[process, caller, data, correlations, last, success, completed, tasks]``, ``caller`` the
places of its part and of its task (null: the case itself), ``last`` the place of the task that was done last.

A task is ``[id, parent, spec, state, moment, updates, deletions, internal, triggered]``, without the empty ones at its
end: ``parent`` and ``moment`` are places; of the data stands what differs from the parent's, at the start of a called
process from the caller's. Tasks stand in the order of their tree, each behind its parent. Keys are written in one
order, so that a state has one text whoever wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs import StartTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.canonical import encoder, loads
from service.engine.data import Kept, keep, kept_of, look
from service.engine.program import Program
from service.engine.writing import PLAIN, REGISTRY, spelled

FORMAT = 2
"""The first number of a text; texts of the format before are objects."""
ENDED = f"[{FORMAT}]"
"""The state of a case that has ended."""
_ROOT = "00000000-0000-0000-0000-000000000000"

_json = encoder(sort_keys=True, allow_nan=True)
_NOTHING: Mapping[str, Any] = {}
_EXACT = frozenset({str, int, bool})
_NAMES = _TEXTS = frozenset({str})
_quoted = json.encoder.encode_basestring


def is_compact(state: str) -> bool:
    """Whether ``state`` is a text of this format."""
    return state.startswith("[")


def compact_text(workflow: BpmnWorkflow) -> str:
    """The state of ``workflow``, whose tasks stand in the order of their tree (``ahead.forget``)."""
    if workflow.completed:
        return ENDED
    moments: dict[float, int] = {}
    places: dict[str, tuple[int, int]] = {}
    parts = [_part(workflow, None, None, 0, moments, places)]
    for caller, part in workflow.subprocesses.items():
        task = part.parent_workflow.tasks[caller] if caller in places else None
        if task is not None and isinstance(task.task_spec, SubWorkflowTask):
            parts.append(_part(part, places[caller], kept_of(task), len(parts), moments, places))
    return f"[{FORMAT},{_json(list(moments))},[{','.join(parts)}]]"


def _part(
    part: Any,
    caller: tuple[int, int] | None,
    above: Kept | None,
    number: int,
    moments: dict[float, int],
    places: dict[str, tuple[int, int]],
) -> str:
    """The text of a process: the encoder would write the same, and would have to be given lists of lists. ``above`` are
    the data of the caller. From here on the data of each task are kept as they were written."""
    tasks, written, own = part.tasks, [], dict[str, int]()
    for key, task in tasks.items():
        parent = tasks.get(task._parent)
        own[key] = place = len(own)
        places[key] = (number, place)
        kept = _kept(task, above if parent is None else kept_of(parent))
        internal = task.internal_data
        if task.triggered:
            said = f",{_updates(kept)},{_deletions(kept)},{_internal(internal)},1"
        elif internal:
            said = f",{_updates(kept)},{_deletions(kept)},{_internal(internal)}"
        elif kept.deletions:
            said = f",{_updates(kept)},{_deletions(kept)}"
        else:
            said = f",{_updates(kept)}" if kept.updates else ""
        changed = task.last_state_change
        moment = moments.get(changed)
        if moment is None:
            moment = moments[changed] = len(moments)
        at = -1 if parent is None else own[task._parent]
        written.append(f"[{_quoted(key)},{at},{spelled(task.task_spec.name)},{task._state},{moment}{said}]")
    last = own.get(part.last_task.id, -1) if part.last_task is not None else -1
    facts = (part.spec.name, caller, part.data or 0, part.correlations or 0, last, part.success, part.completed)
    return f"{_json(facts)[:-1]},[{','.join(written)}]]"


def _updates(kept: Kept) -> str:
    """The text of the data that a task has put in, written once unless something stands deep in them: all tasks share
    what a copy of their own does not reach, and the library merges into it."""
    if not kept.updates:
        return "0"
    if kept.text is not None:
        return kept.text
    text = _json(kept.updates)
    if all(map(_flat, kept.updates.values())):
        kept.text = text
    return text


def _flat(value: Any) -> bool:
    """Whether a value holds no list and no object but itself."""
    kind = type(value)
    within = value.values() if kind is dict else value if kind is list else ()
    return PLAIN.issuperset(map(type, within)) if within else kind in PLAIN or kind is dict or kind is list


def _deletions(kept: Kept) -> str:
    return _json(kept.deletions) if kept.deletions else "0"


def _internal(internal: Mapping[str, Any]) -> str:
    if not internal:
        return "0"
    if _TEXTS.issuperset(map(type, internal.values())):
        return "{" + ",".join([f"{spelled(name)}:{_quoted(internal[name])}" for name in sorted(internal)]) + "}"
    return _json({name: one if type(one) in PLAIN else REGISTRY.convert(one) for name, one in internal.items()})


def _kept(task: Task, above: Kept | None) -> Kept:
    """The data of a task as a state keeps them, below those that are kept ``above`` it."""
    kept = kept_of(task)
    if kept is None or kept.above is not above:
        data = look(task)
        kept = Kept(above, *_delta(data, above.known() if above is not None else _NOTHING))
        keep(task, kept, data)
    return kept


def _delta(here: Mapping[str, Any], above: Mapping[str, Any]) -> tuple[Any, Any]:
    """The data to put into those of a parent, and the names to take out of them; 0 for nothing."""
    if here is above:
        return 0, 0
    updates, fresh = {}, 0
    for key, value in here.items():
        if key not in above:
            updates[key] = value
            fresh += 1
        elif above[key] is not value and not alike(value, above[key]):
            updates[key] = value
    return updates or 0, sorted(above.keys() - here.keys()) if len(here) - fresh < len(above) else 0


def alike(one: Any, other: Any) -> bool:
    """Whether two values have one text: 1, 1.0 and true are equal to each other and are not the same."""
    if one is other:
        return True
    if one != other:
        return False
    kind = type(one)
    if kind in _EXACT and kind is type(other):
        return True
    if kind is not type(other):
        return bool(_json(one) == _json(other))
    if kind is dict and _NAMES.issuperset(map(type, one)):
        return all(value is other[key] or alike(value, other[key]) for key, value in one.items())
    if kind is list:
        return all(map(alike, one, other))
    return bool(_json(one) == _json(other))


def opened(program: Program, state: str) -> BpmnWorkflow:
    """The workflow whose state ``compact_text`` wrote, on the specs of ``program``."""
    workflow = BpmnWorkflow(program.spec, dict(program.subprocess_specs), deserializing=True)
    said = loads(state)
    if len(said) == 1:
        _end(workflow)
        return workflow
    _, moments, written = said
    parts: list[Any] = []
    for _process, caller, data, correlations, last, success, completed, tasks in written:
        part, above = workflow, None
        if caller is not None:
            above = parts[caller[0]][1][caller[1]]
            part = called(above, workflow)
        made = _restored(part, tasks, moments, kept_of(above) if above is not None else None)
        part.task_tree, part.data, part.correlations = made[0], data or {}, correlations or {}
        part.last_task = made[last] if last >= 0 else None
        part.success, part.completed = success, completed
        parts.append((part, made))
    return workflow


def _end(workflow: BpmnWorkflow) -> None:
    root = put(workflow, workflow.spec.start.name, _facts(_ROOT, None, TaskState.COMPLETED, 0.0))
    root.data = {}
    workflow.task_tree, workflow.completed = root, True


def _facts(own: str, parent: str | None, state: int, moment: float) -> dict[str, Any]:
    return {
        "id": own,
        "_parent": parent,
        "_children": [],
        "_state": state,
        "triggered": False,
        "last_state_change": moment,
        "internal_data": {},
    }


def _restored(part: Any, tasks: Sequence[Any], moments: Sequence[float], above: Kept | None) -> list[Task]:
    """The tasks of ``part``, in their order."""
    made: list[Task] = []
    for own, parent, spec, state, moment, *rest in tasks:
        before = made[parent] if parent >= 0 else None
        facts = _facts(own, before.id if before is not None else None, state, moments[moment])
        updates, deletions, internal, triggered = (*rest, 0, 0, 0, 0)[:4]
        if internal:
            facts["internal_data"] = {
                key: value if type(value) in PLAIN else REGISTRY.restore(value) for key, value in internal.items()
            }
        if triggered:
            facts["triggered"] = True
        facts["kept"] = Kept(kept_of(before) if before is not None else above, updates, deletions)
        made.append(put(part, spec, facts))
        if before is not None:
            before._children.append(own)
    return made


def put(part: Any, spec: str, facts: dict[str, Any]) -> Task:
    """A task of ``part`` with these ``facts`` (its attributes, which are its own), as the library would make it."""
    task: Task = Task.__new__(Task)
    facts["workflow"], facts["thread_id"] = part, Task.thread_id_pool
    facts["task_spec"] = part.spec.task_specs.get(spec) or StartTask(part.spec)
    task.__dict__ = facts
    part.tasks[task.id] = task
    if task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
        part.top_workflow.event_manager.add_task(task)
    return task


def called(task: Task, top: BpmnWorkflow) -> BpmnSubWorkflow:
    """The process, empty yet, that a task of a case calls."""
    inner = BpmnSubWorkflow(top.subprocess_specs[task.task_spec.spec], task.id, top, deserializing=True)
    top.subprocesses[task.id] = inner
    inner.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
    return inner
