"""The tokens of a stored state as a tree, read without running anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.program import Program
from service.engine.prune import CAME_FROM
from service.engine.state import looked_at

_HELD = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class Token(NamedTuple):
    """A place of a state that was reached, and what was reached from it.

    ``node`` is the diagram's node ('' for what the engine puts between nodes, ``spec`` names it), ``held`` whether a
    token is there still, ``cancelled`` whether it was taken away; ``source`` the node from which it came; ``moment``
    when its timer is due (ISO); ``data`` what of the names asked for it knows; ``called`` the start of the process that
    it runs.
    """

    id: str
    process: str
    scope: str
    node: str
    spec: str
    held: bool
    cancelled: bool
    source: str | None
    moment: str | None
    data: Mapping[str, Any]
    after: tuple[Token, ...]
    called: Token | None


def tokens(program: Program, state: str, names: Collection[str]) -> Token:
    """The tree of ``state``: all that was reached and still matters, with the data named ``names``."""
    workflow = looked_at(program, state)
    return _part(workflow, "", workflow.subprocesses, frozenset(names))


def _part(part: Any, scope: str, called: Mapping[str, Any], names: frozenset[str]) -> Token:
    process, tasks, over = part.spec.name, part.tasks, part.completed

    def token(task: Task, before: str | None) -> Token:
        state, inside, inner = task._state, task.internal_data, called.get(task.id)
        node = str(getattr(task.task_spec, "bpmn_id", None) or "")
        source = inside.get(CAME_FROM) or before
        after = [tasks[one] for one in task._children if one in tasks]
        data = task.data
        return Token(
            task.id,
            process,
            scope,
            node,
            task.task_spec.name,
            bool(state & _HELD) and not over,
            state == TaskState.CANCELLED,
            source,
            inside.get("event_value") if state == TaskState.WAITING else None,
            {name: data[name] for name in names if name in data},
            tuple([token(one, node or source) for one in after if one._state >= TaskState.WAITING]),
            _part(inner, task.id, called, names) if inner is not None else None,
        )

    return token(part.task_tree, None)
