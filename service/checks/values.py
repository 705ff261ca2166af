"""The values that a field can have at a place of the diagram: those that the forms before it offer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from service.checks.bundle import Bundle
from service.checks.form_model import Form
from service.checks.graph import Calls
from service.checks.model import Node, ProcessModel
from service.engine.expressions import readable


def compared(text: str) -> Iterator[tuple[str, Any]]:
    """Each (name, constant) that an expression compares for equality or membership."""
    tree = readable(text)
    if tree is None:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        left, right, operator = node.left, node.comparators[0], node.ops[0]
        if isinstance(operator, ast.Eq | ast.NotEq) and isinstance(left, ast.Constant):
            left, right = right, left
        if not isinstance(left, ast.Name):
            continue
        if isinstance(operator, ast.Eq | ast.NotEq) and isinstance(right, ast.Constant):
            yield left.id, right.value
        elif isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
            for element in right.elts:
                if isinstance(element, ast.Constant):
                    yield left.id, element.value


MOST_STEPS = 500_000
"""Of one check through its diagrams: what comes after is not hinted at."""


class Writers:
    """The forms that may have written a field before a token comes to a node."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._callers = Calls(bundle.processes).callers
        self._known: dict[tuple[str, str, str], list[Form] | None] = {}
        self._steps = 0

    def values(self, process: ProcessModel, node: Node, name: str) -> frozenset[Any] | None:
        """The values that ``name`` may have at ``node``; None when any is possible or nothing is known."""
        forms = self.forms(process, node, name)
        each = [form.fields[name].values for form in forms or ()]
        found: frozenset[Any] = frozenset().union(*(values for values in each if values))
        return found if each and all(each) else None

    def forms(self, process: ProcessModel, node: Node, name: str) -> list[Form] | None:
        """The forms that may have said ``name`` last before ``node``; None where something else may have."""
        asked = (process.id, node.id, name)
        if asked not in self._known:
            self._known[asked] = self._forms(process, node, name)
        return self._known[asked]

    def _forms(self, process: ProcessModel, node: Node, name: str) -> list[Form] | None:
        found: dict[str, Form] = {}
        seen: set[tuple[str, str]] = set()
        waiting = list(self._earlier(process, node))
        while waiting:
            self._steps += 1
            if self._steps > MOST_STEPS:
                return None
            scope, current = waiting.pop()
            if (scope.id, current.id) in seen:
                continue
            seen.add((scope.id, current.id))
            if self._sets(current, name):
                return None
            form = self._bundle.forms.get(current.form or "")
            if form is not None and name in form.fields:
                found[form.name] = form
                continue
            waiting.extend(self._ends_of(current))
            waiting.extend(self._earlier(scope, current))
        return list(found.values())

    def _earlier(self, scope: ProcessModel, node: Node) -> Iterator[tuple[ProcessModel, Node]]:
        """Where a token was before it came to the node, in the caller too."""
        if node.type == "startEvent":
            for caller, activity in self._callers.get(scope.id, []):
                yield from self._earlier(caller, activity)
            return
        for before in scope.before(node.id):
            if before.id == node.attached_to:
                # the event interrupts its task: the form of the task was not submitted
                yield from self._ends_of(before)
                yield from self._earlier(scope, before)
            else:
                yield scope, before

    def _ends_of(self, node: Node) -> Iterator[tuple[ProcessModel, Node]]:
        """The ends of the process that the node runs, when the data come back from it."""
        called = self._bundle.processes.get(node.called or "")
        if called is not None and node.loop is None:
            yield from ((called, end) for end in called.ends())

    def _sets(self, node: Node, name: str) -> bool:
        """Whether something other than a form gives the value here."""
        if node.operation is not None and node.operation.result == name:
            return True
        if node.loop is not None and name in (node.loop.item, node.loop.output_collection):
            return True
        decision = self._bundle.decisions.get(node.decision or "")
        return decision is not None and any(output.text == name for output in decision.outputs)
