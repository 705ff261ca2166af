"""The values that a name can have at a place of the diagram: those that forms, tables and actions before it give."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.checks.bundle import Bundle
from service.checks.decision_model import Decision
from service.checks.findings import CheckContext
from service.checks.form_model import Field, Form, allowed_values
from service.checks.graph import Calls
from service.checks.model import Node, ProcessModel
from service.engine.expressions import LITERALS, readable

Values = frozenset[Any] | None
"""All the values that there may be; None: any."""


def compared(text: str) -> Iterator[tuple[str, Any]]:
    """Each (name, constant) that an expression compares for equality or membership."""
    for left, operator, right in _comparisons(text):
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


def sought(text: str) -> Iterator[tuple[str, Any]]:
    """Each (name of a list, constant) where an expression asks whether the constant is in the list."""
    for left, operator, right in _comparisons(text):
        if isinstance(operator, ast.In | ast.NotIn) and isinstance(left, ast.Constant) and isinstance(right, ast.Name):
            yield right.id, left.value


def _comparisons(text: str) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    tree = readable(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield node.left, node.ops[0], node.comparators[0]


MOST_STEPS = 500_000
"""Of one check through its diagrams: what comes after is not looked at."""

FORM, TABLE, ACTION, ITEM, GATHERED = "form", "table", "action", "item", "gathered"
START, GIVEN, SENT = "start", "given", "sent"


@dataclass(frozen=True, slots=True)
class Origin:
    """A node that may have written a name last, and as what: ITEM and GATHERED are of a multi-instance activity.

    START stands for the beginning of a case, where nothing on the way wrote it; GIVEN for that where the case begins
    with it (property ``given``), SENT for a message that may have brought it.
    """

    kind: str
    process: ProcessModel
    node: Node


class Writers:
    """The nodes that may have written a name before a token comes to a node."""

    def __init__(self, bundle: Bundle, context: CheckContext | None = None) -> None:
        self._bundle = bundle
        self._context = context
        self._callers = Calls(bundle.processes).callers
        self._known: dict[tuple[str, str, str], list[Origin] | None] = {}
        self._steps = 0

    def values(self, process: ProcessModel, node: Node, name: str) -> Values:
        """The values that ``name`` may have at ``node``; None when any is possible or nothing is known."""
        return self._all(process, node, name, frozenset(), self._value)

    def elements(self, process: ProcessModel, node: Node, name: str) -> Values:
        """The values that may stand in the list ``name`` at ``node``; None as for ``values``."""
        return self._all(process, node, name, frozenset(), self._element)

    def fields(self, process: ProcessModel, node: Node, name: str) -> list[Field] | None:
        """The fields that may have said ``name`` last before ``node``; None where something else may have."""
        forms = self.forms(process, node, name)
        return None if forms is None else [form.fields[name] for form in forms]

    def forms(self, process: ProcessModel, node: Node, name: str) -> list[Form] | None:
        """The forms that may have said ``name`` last before ``node``; None where something else may have."""
        origins = self.origins(process, node, name)
        if origins is None or any(origin.kind not in (FORM, START) for origin in origins):
            return None
        forms = (self._bundle.forms[origin.node.form or ""] for origin in origins if origin.kind == FORM)
        return list({form.name: form for form in forms}.values())

    def origins(self, process: ProcessModel, node: Node, name: str) -> list[Origin] | None:
        """The origins of ``name`` at ``node``, the last on each way; None where there was too much to look at."""
        asked = (process.id, node.id, name)
        if asked not in self._known:
            self._known[asked] = self._origins(process, node, name)
        return self._known[asked]

    def _origins(self, process: ProcessModel, node: Node, name: str) -> list[Origin] | None:
        found: dict[tuple[str, str, str], Origin] = {}
        seen: set[tuple[str, str]] = set()
        waiting = list(self._earlier(process, node, name))
        while waiting:
            self._steps += 1
            if self._steps > MOST_STEPS:
                return None
            origin = waiting.pop()
            scope, current = origin.process, origin.node
            if origin.kind in (ITEM, START, GIVEN):
                found[origin.kind, scope.id, current.id] = origin
                continue
            if (scope.id, current.id) in seen:
                continue
            seen.add((scope.id, current.id))
            kinds = list(self._writes(current, name))
            found.update({(kind, scope.id, current.id): Origin(kind, scope, current) for kind in kinds})
            if not kinds:
                waiting.extend(self._ends_of(current))
                waiting.extend(self._earlier(scope, current, name))
        return list(found.values())

    def _earlier(self, scope: ProcessModel, node: Node, name: str) -> Iterator[Origin]:
        """Where a token was before it came to the node, in the caller too; a kind counts if ITEM, START or GIVEN."""
        if node.loop is not None and node.loop.item == name and node.type == "userTask":
            yield Origin(ITEM, scope, node)
            return
        if node.type == "startEvent":
            callers = self._callers.get(scope.id, [])
            for caller, activity in callers:
                if activity.loop is not None and activity.loop.item == name:
                    yield Origin(ITEM, caller, activity)
                else:
                    yield from self._earlier(caller, activity, name)
            if not callers and name not in scope.properties.get("given", "").split():
                yield Origin(START, scope, node)
            elif not callers:
                yield Origin(GIVEN, scope, node)
            return
        for before in scope.before(node.id):
            if before.id == node.attached_to:
                # the event interrupts its task: the form of the task was not submitted
                yield from self._ends_of(before)
                yield from self._earlier(scope, before, name)
            else:
                yield Origin(FORM, scope, before)

    def _ends_of(self, node: Node) -> Iterator[Origin]:
        """The ends of the process that the node runs, when the data come back from it."""
        called = self._bundle.processes.get(node.called or "")
        if called is not None and node.loop is None:
            yield from (Origin(FORM, called, end) for end in called.ends())

    def _writes(self, node: Node, name: str) -> Iterator[str]:
        """As what the node writes the name; nothing when it does not."""
        form = self._bundle.forms.get(node.form or "")
        if form is not None and name in form.fields:
            yield FORM
        if node.operation is not None and node.operation.result == name:
            yield ACTION
        if node.loop is not None and node.loop.output_collection == name:
            yield GATHERED
        if node.event == "message":  # it may bring any name
            yield SENT
        decision = self._bundle.decisions.get(node.decision or "")
        if decision is not None and any(output.text == name for output in decision.outputs):
            yield TABLE

    def _all(
        self, process: ProcessModel, node: Node, name: str, asked: frozenset[tuple[str, str, str]], of: Any
    ) -> Values:
        key = (process.id, node.id, name)
        if key in asked:
            return None
        origins = self.origins(process, node, name)
        found: frozenset[Any] = frozenset()
        for origin in origins or ():
            given = of(origin, name, asked | {key})
            if given is None:
                return None
            found |= given
        return found or None

    def _value(self, origin: Origin, name: str, asked: frozenset[tuple[str, str, str]]) -> Values:
        node = origin.node
        if origin.kind == FORM:
            field = self._bundle.forms[node.form or ""].fields[name]
            return field.values if field.values is not None else self._referred(field.schema)
        if origin.kind == TABLE:
            return _outputs(self._bundle.decisions[node.decision or ""], name)
        if origin.kind == ACTION:
            return frozenset({True, False}) if isinstance(self._sample(node), bool) else None
        if origin.kind == ITEM and node.loop is not None and node.loop.collection:
            return self._all(origin.process, node, node.loop.collection, asked, self._element)
        if origin.kind == START:
            return self._of_start(name, {"initiator_unit": self._units})
        return None

    def _element(self, origin: Origin, name: str, asked: frozenset[tuple[str, str, str]]) -> Values:
        node = origin.node
        if origin.kind == FORM:
            items = self._bundle.forms[node.form or ""].fields[name].schema.get("items")
            if not isinstance(items, dict):
                return None
            values = allowed_values(items)
            return values if values is not None else self._referred(items)
        if origin.kind == ACTION:
            sample = self._sample(node)
            units = self._units
            listed = isinstance(sample, list) and bool(sample) and units is not None
            return units if listed and units is not None and all(one in units for one in _plain(sample)) else None
        if origin.kind == GATHERED and node.loop is not None and node.loop.output_item:
            called = self._bundle.processes.get(node.called or "")
            if called is None:
                return None
            every = [self._all(called, end, node.loop.output_item, asked, self._value) for end in called.ends()]
            known = [one for one in every if one is not None]
            return frozenset().union(*known) if known and len(known) == len(every) else None
        if origin.kind == START:
            roles = frozenset(self._context.roles) if self._context is not None else None
            return self._of_start(name, {"initiator_roles": roles})
        return None

    def _of_start(self, name: str, known: Mapping[str, Values]) -> Values:
        """A name that a case has from its start; what nothing wrote has no value."""
        return known.get(name, None if name in _STARTING else frozenset())

    def _referred(self, schema: Mapping[str, Any]) -> Values:
        return self._units if schema.get("x-ref") == "units" else None

    @property
    def _units(self) -> Values:
        return self._context.units if self._context is not None else None

    def _sample(self, node: Node) -> Any:
        if self._context is None or node.operation is None:
            return None
        signature = self._context.actions.get(node.operation.action)
        return signature.sample if signature is not None else None


_STARTING = frozenset({"settings", "initiator", "initiator_unit", "initiator_roles", "scheduled", "number", "unit"})
"""The names that something outside the diagram may have given."""


def _plain(values: list[Any]) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values]


def _outputs(decision: Decision, name: str) -> Values:
    """The constants that a table answers in a column; None where a cell is more than a constant."""
    if decision.hit_policy == "COLLECT":
        return None
    found: set[Any] = set()
    at = [output.text for output in decision.outputs].index(name)
    for rule in decision.rules:
        tree = readable(rule.outputs[at].text) if at < len(rule.outputs) else None
        body = tree.body if tree is not None else None
        if isinstance(body, ast.Constant):
            found.add(body.value)
        elif isinstance(body, ast.Name) and body.id in LITERALS:
            found.add(LITERALS[body.id])
        else:
            return None
    return frozenset(found)
