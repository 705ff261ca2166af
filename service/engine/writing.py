"""The text of a state, as the encoder would write it byte by byte, put together at a fraction of the work.

Most tasks of a state are predicted ones without data: their few words are written here, those of the others by the
encoder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from SpiffWorkflow.bpmn.serializer.helpers.registry import DefaultRegistry
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task

PLAIN = frozenset({str, int, float, bool, type(None)})
REGISTRY = DefaultRegistry()
"""For the few internal values that are no JSON (moments of a repeated timer)."""

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring


def text_of(workflow: BpmnWorkflow) -> str:
    """The state of ``workflow`` as JSON."""
    called = ",".join(
        f'{_json(key)}:{{{_part_text(part)},"parent_task_id":{_json(part.parent_task_id)},'
        f'"spec":{spelled(part.spec.name)},"typename":"BpmnSubWorkflow"}}'
        for key, part in workflow.subprocesses.items()
    )
    return f'{{{_part_text(workflow)},"subprocesses":{{{called}}},"typename":"BpmnWorkflow"}}'


def _part_text(part: Any) -> str:
    last = f'"{part.last_task.id}"' if part.last_task is not None else "null"
    tasks = part.tasks
    written = ",".join([f'"{key}":{_task_text(task, tasks)}' for key, task in tasks.items()])
    return (
        f'"data":{_object(part.data)},"correlations":{_object(part.correlations)},"last_task":{last},'
        f'"success":{_yes(part.success)},"completed":{_yes(part.completed)},"tasks":{{{written}}},'
        f'"root":"{part.task_tree.id}"'
    )


def _task_text(task: Task, tasks: Mapping[str, Task]) -> str:
    parent, data = tasks.get(task._parent), task.data
    if parent is None:
        own, above, delta = _object(data), "null", "{}"
    else:
        own, above, delta = "{}", f'"{task._parent}"', _delta_text(data, parent.data)
    inner = _inner_text(task.internal_data) if task.internal_data else "{}"
    children = '","'.join(task._children)
    children = f'["{children}"]' if children else "[]"
    return (
        f'{{"id":"{task.id}","parent":{above},"children":{children},"last_state_change":{task.last_state_change!r},'
        f'"state":{task._state},"task_spec":{spelled(task.task_spec.name)},"triggered":{_yes(task.triggered)},'
        f'"internal_data":{inner},"data":{own},"delta":{delta},"typename":"Task"}}'
    )


def _delta_text(here: Mapping[str, Any], above: Mapping[str, Any]) -> str:
    if here == above:
        return '{"updates":{},"deletions":[]}'
    if not here:
        return f'{{"updates":{{}},"deletions":{_names(tuple(above))}}}'
    updates = {key: here[key] for key in here if key not in above or here[key] != above[key]}
    deletions = tuple([key for key in above if key not in here])
    return f'{{"updates":{_object(updates)},"deletions":{_names(deletions)}}}'


def _object(data: Mapping[str, Any]) -> str:
    return _json(data) if data else "{}"


@lru_cache(maxsize=4096)
def _names(names: tuple[str, ...]) -> str:
    """Names of data: those of the tasks of a case are mostly the same."""
    return _json(names)


def _inner_text(inner: Mapping[str, Any]) -> str:
    if all(type(one) is str for one in inner.values()):
        return "{" + ",".join([f"{_quoted(key)}:{_quoted(one)}" for key, one in inner.items()]) + "}"
    return _json({key: one if type(one) in PLAIN else REGISTRY.convert(one) for key, one in inner.items()})


def _yes(value: Any) -> str:
    return "true" if value else "false"


@lru_cache(maxsize=4096)
def spelled(name: str) -> str:
    """A name as JSON: a diagram has few, a state hundreds."""
    return _json(name)
