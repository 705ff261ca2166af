"""The tokens of a stored state as a tree, read without running anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState

from service.engine.program import Program
from service.engine.prune import CAME_FROM
from service.engine.state import stored_in

_HELD = TaskState.READY | TaskState.WAITING | TaskState.STARTED


@dataclass(frozen=True, slots=True)
class Token:
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
    stored = stored_in(state)
    return _Reader(program, stored, names).part("", stored)


class _Reader:
    def __init__(self, program: Program, stored: Mapping[str, Any], names: Collection[str]) -> None:
        self.program, self.stored, self.names = program, stored, names

    def part(self, scope: str, part: Mapping[str, Any]) -> Token:
        spec = self.program.subprocess_specs[part["spec"]] if scope else self.program.spec
        return self._token(spec, scope, part, part["tasks"][part["root"]], {}, None)

    def _token(
        self,
        spec: Any,
        scope: str,
        part: Mapping[str, Any],
        task: Mapping[str, Any],
        above: Mapping[str, Any],
        before: str | None,
    ) -> Token:
        node = str(getattr(spec.task_specs.get(task["task_spec"]), "bpmn_id", None) or "")
        source = task["internal_data"].get(CAME_FROM) or before
        data, reached = self._data(task, above), part["tasks"]
        after = tuple(
            self._token(spec, scope, part, child, data, node or source)
            for child in (reached[one] for one in task["children"] if one in reached)
            if child["state"] >= TaskState.WAITING
        )
        called = self.stored["subprocesses"].get(task["id"])
        return Token(
            id=task["id"],
            process=spec.name,
            scope=scope,
            node=node,
            spec=task["task_spec"],
            held=bool(task["state"] & _HELD) and not part["completed"],
            cancelled=task["state"] == TaskState.CANCELLED,
            source=source,
            moment=task["internal_data"].get("event_value") if task["state"] == TaskState.WAITING else None,
            data=data,
            after=after,
            called=self.part(task["id"], called) if called is not None else None,
        )

    def _data(self, task: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
        delta = task["delta"]
        if not delta:
            return {name: value for name, value in task["data"].items() if name in self.names}
        updates = {name: value for name, value in delta["updates"].items() if name in self.names}
        gone = [name for name in delta["deletions"] if name in above]
        if not updates and not gone:
            return above
        data = {**above, **updates}
        for name in gone:
            del data[name]
        return data
