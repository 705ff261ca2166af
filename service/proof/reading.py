"""How expressions read the data: which names, how deep, and compared with what. From it follows which values decide."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service.checks.decision_model import Decision
from service.engine.cells import PLACEHOLDER, asked
from service.engine.expressions import LITERALS, readable

TRUTH, EQUAL, ORDER, HOLDS, DAY, VALUE = "truth", "equal", "order", "holds", "day", "value"
"""Whether something is there; whether it is one of some constants; its order; what a list holds; whether its day has
come; all of it."""

Path = tuple[str, ...]


class Fact(NamedTuple):
    """A name whose value still matters; with ``by`` only where that other name has one of ``values``."""

    name: str
    by: str = ""
    values: tuple[Any, ...] = ()

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether it matters with these data."""
        return not self.by or data.get(self.by) in self.values


@dataclass
class Reading:
    """How something is read: the kinds, the constants that it is compared with, and those that its length is."""

    kinds: set[str] = field(default_factory=set)
    constants: list[Any] = field(default_factory=list)
    lengths: set[int] = field(default_factory=set)

    def add(self, kind: str, constants: Iterator[Any] | tuple[Any, ...] = ()) -> None:
        """Notes one more way in which it is read."""
        self.kinds.add(kind)
        self.constants += [one for one in constants if not any(_same(one, known) for known in self.constants)]


class Readings:
    """All reads of a bundle, by name and by the path below it (``handover.klass``)."""

    def __init__(self) -> None:
        self.by_name: dict[str, dict[Path, Reading]] = {}

    def longest(self, name: str | None = None) -> int:
        """The length that a list (``name``; None: any) must have for all that its length is compared with to differ."""
        names = self.by_name.values() if name is None else [self.by_name.get(name, {})]
        known = [length for paths in names for reading in paths.values() for length in reading.lengths]
        return max(known) + 1 if known else 0

    def of(self, name: str, path: Path = ()) -> Reading:
        """The reading of a name, or of what stands below it."""
        return self.by_name.setdefault(name, {}).setdefault(path, Reading())

    def read(self, text: str, *, truth: bool = False) -> frozenset[Fact]:
        """Notes an expression, whose value or whose truth alone is asked for. Gives what it reads."""
        tree = readable(text)
        if tree is None:
            return frozenset()
        walker = _Walker(self)
        walker.walk(tree.body, truth=truth)
        return frozenset(walker.facts)

    def read_table(self, decision: Decision) -> frozenset[Fact]:
        """Notes a decision table. Gives what it reads."""
        facts: set[Fact] = set()
        for column, cell in enumerate(decision.inputs):
            tree = readable(cell.text)
            place = _place(tree.body) if tree is not None else None
            if place is None:
                facts |= self.read(cell.text)
                measured = _measured(tree.body) if tree is not None else None
                for rule in decision.rules if measured is not None else ():
                    if measured is not None and column < len(rule.inputs):
                        self.of(*measured).lengths |= _lengths_in(rule.inputs[column].text)
                continue
            facts.add(Fact(place[0]))
            for rule in decision.rules:
                if column < len(rule.inputs):
                    facts |= self._match(place, rule.inputs[column].text)
        for rule in decision.rules:
            for cell in rule.outputs:
                facts |= self.read(cell.text)
        return frozenset(facts)

    def _match(self, place: tuple[str, Path], text: str) -> frozenset[Fact]:
        if text in ("", "-"):
            return frozenset()
        tree = readable(asked(text))
        if tree is None:
            tree = readable(f"{PLACEHOLDER} {asked(text)}")
        if tree is None:
            return frozenset()
        constant = _constants(tree.body)
        if constant is not None:
            self.of(*place).add(EQUAL, tuple(constant))
            return frozenset()
        inner = Readings()
        walker = _Walker(inner)
        walker.walk(tree.body, truth=True)
        for name, paths in inner.by_name.items():
            for path, reading in paths.items():
                where = (place[0], place[1] + path) if name == PLACEHOLDER else (name, path)
                for kind in reading.kinds:
                    self.of(*where).add(kind, tuple(reading.constants))
        return frozenset(Fact(fact.name) for fact in walker.facts if fact.name != PLACEHOLDER)


class _Walker:
    def __init__(self, readings: Readings) -> None:
        self.readings = readings
        self.facts: set[Fact] = set()
        self._given: list[tuple[str, tuple[Any, ...]]] = []

    def walk(self, node: ast.expr, *, truth: bool) -> None:
        place = _place(node)
        if place is not None:
            self._note(place, TRUTH if truth else VALUE)
        elif isinstance(node, ast.BoolOp):
            every, known = isinstance(node.op, ast.And), len(self._given)
            for number, one in enumerate(node.values):
                self.walk(one, truth=truth or (every and number < len(node.values) - 1))
                self._given += equalities(one) if every else []
            del self._given[known:]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.walk(node.operand, truth=True)
        elif isinstance(node, ast.IfExp):
            self.walk(node.test, truth=True)
            known = len(self._given)
            self._given += equalities(node.test)
            self.walk(node.body, truth=truth)
            del self._given[known:]
            self.walk(node.orelse, truth=truth)
        elif isinstance(node, ast.Compare):
            self._compare(node)
        elif isinstance(node, ast.Call):
            for one in node.args:
                self.walk(one, truth=False)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.walk(child, truth=False)

    def _compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for left, operation, right in zip(sides, node.ops, sides[1:], strict=False):
            order = isinstance(operation, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            inside = isinstance(operation, ast.In | ast.NotIn)
            for one, other, kind in (
                (left, right, ORDER if order else EQUAL),
                (right, left, ORDER if order else HOLDS if inside else EQUAL),
            ):
                place, constants = _place(one), _constants(other)
                if (measured := _measured(one)) is not None:
                    self.readings.of(*measured).lengths |= _whole(constants or ())
                if place is None:
                    if _constants(one) is None:
                        self.walk(one, truth=False)
                elif constants is not None:
                    self._note(place, kind, tuple(constants))
                elif order and isinstance(other, ast.Call):
                    self._note(place, ORDER)
                else:
                    self._note(place, VALUE)

    def _note(self, place: tuple[str, Path], kind: str, constants: tuple[Any, ...] = ()) -> None:
        given = next((one for one in self._given if one[0] != place[0]), None)
        self.facts.add(Fact(place[0], *given) if given is not None else Fact(place[0]))
        self.readings.of(*place).add(kind, constants)


def equalities(node: ast.expr) -> list[tuple[str, tuple[Any, ...]]]:
    """(name, values) of what must be one of some constants for the expression to hold."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [found for one in node.values for found in equalities(one)]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.In):
        place, constants = _place(node.left), _constants(node.comparators[0])
        if place is not None and not place[1] and constants is not None:
            return [(place[0], tuple(constants))]
    return []


def _place(node: ast.expr) -> tuple[str, Path] | None:
    """The name and path of ``a``, ``a.b``, ``a['b']``; None for anything else."""
    path: list[str] = []
    while True:
        if isinstance(node, ast.Name):
            return None if node.id in LITERALS else (node.id, tuple(reversed(path)))
        if isinstance(node, ast.Attribute):
            path.append(node.attr)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            path.append(str(node.slice.value))
        else:
            return None
        node = node.value


def _constants(node: ast.expr) -> list[Any] | None:
    """The constants that a literal, or a list of literals, stands for; None for anything else."""
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.Name) and node.id in LITERALS:
        return [LITERALS[node.id]]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return [-node.operand.value] if isinstance(node.operand.value, int | float) else None
    if isinstance(node, ast.List | ast.Tuple):
        each = [_constants(one) for one in node.elts]
        return None if any(one is None for one in each) else [value for one in each for value in one or ()]
    return None


def _measured(node: ast.expr) -> tuple[str, Path] | None:
    """The place whose size an expression asks for; None for anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "size_of" and node.args:
        return _place(node.args[0])
    return None


def _lengths_in(text: str) -> set[int]:
    """The numbers with which a cell of a decision table compares."""
    tree = readable(asked(text))
    if tree is None:
        tree = readable(f"{PLACEHOLDER} {asked(text)}")
    return _whole([one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)]) if tree is not None else set()


def _whole(constants: Iterable[Any]) -> set[int]:
    return {one for one in constants if isinstance(one, int) and not isinstance(one, bool) and one >= 0}


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def at(value: Any, path: Path) -> Any:
    """The part of a value under a path; None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
