"""Conditions of one gateway that can both hold: the engine takes the first that stands in the file."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.model import Flow, Node, ProcessModel
from service.checks.sampling import FUNCTIONS, names_in
from service.checks.values import Writers
from service.checks.wording import data as data_named
from service.checks.wording import flow as flow_named
from service.checks.wording import value as value_named
from service.engine.expressions import ExpressionError, evaluate, readable

MOST_CASES = 512
"""Combinations of values that two conditions are tried on."""
MOST_TRIALS = 20_000
"""Of one check."""


def check(bundle: Bundle, writers: Writers, report: Report) -> None:
    """Rule condition-overlap."""
    trials = itertools.count()
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.type != "exclusiveGateway":
                continue
            flows = [flow for flow in _in_file_order(process, node) if flow.condition and not flow.default]
            for first, second in itertools.combinations(flows[:MOST_FLOWS], 2):
                said = _both(process, node, first, second, writers, trials)
                if said is not None:
                    _told(node, first, second, said, report)


MOST_FLOWS = 40
"""Of one gateway; who draws more has other troubles."""


def _in_file_order(process: ProcessModel, node: Node) -> Iterator[Flow]:
    return (process.flows[flow] for flow in node.outgoing)


def _told(node: Node, first: Flow, second: Flow, said: str, report: Report) -> None:
    other = flow_named(node.file, first.id)
    message = f"条件与{other}的条件{said}；这时走的是先画的{other}。请把两个条件改成不会同时成立"
    report.warning(node.file, second.line, second.id, "condition-overlap", message)


def _both(
    process: ProcessModel, node: Node, first: Flow, second: Flow, writers: Writers, trials: Iterator[int]
) -> str | None:
    """How two conditions come to hold together, in words; None when they do not, or nobody can tell."""
    one, other = str(first.condition), str(second.condition)
    if _normal(one) == _normal(other):
        return "一样，这条路永远走不到"
    names = sorted(names_in(one) | names_in(other))
    if not _plain(one) or not _plain(other):
        return None
    domains: list[Sequence[Any]] = [_domain(process, node, name, (one, other), writers) for name in names]
    if not all(domains):
        return None
    for values in itertools.islice(itertools.product(*domains), MOST_CASES):
        if next(trials) > MOST_TRIALS:
            return None
        data = dict(zip(names, values, strict=True))
        if _holds(one, data) and _holds(other, data):
            return f"能同时成立，例如{_shown(data)}"
    return None


def _domain(process: ProcessModel, node: Node, name: str, texts: Sequence[str], writers: Writers) -> Sequence[Any]:
    """The values worth trying: those that can be there, else those about the constants with which it is compared.

    None at all where nobody can tell.
    """
    values = writers.values(process, node, name)
    if values is not None:
        return sorted(values, key=str)
    constants = {constant for text in texts for constant in _constants(text, name)}
    if constants and all(isinstance(one, int | float) and not isinstance(one, bool) for one in constants):
        return sorted({one + step for one in constants for step in (-1, 0, 1)})
    if constants and all(isinstance(one, str) for one in constants):
        return [*sorted(constants), "\x00"]
    return ()


def _constants(text: str, name: str) -> Iterator[Any]:
    tree = readable(text)
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Compare):
            continue
        parts = [node.left, *node.comparators]
        if not any(isinstance(part, ast.Name) and part.id == name for part in parts):
            continue
        for part in parts:
            for leaf in part.elts if isinstance(part, ast.List | ast.Tuple) else [part]:
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str | int | float):
                    yield leaf.value


def _plain(text: str) -> bool:
    """Whether a condition asks the data alone: neither settings nor the calendar nor a part of a record."""
    tree = readable(text)
    return tree is not None and not any(
        isinstance(node, ast.Attribute | ast.Subscript | ast.Call) for node in ast.walk(tree)
    )


def _holds(text: str, data: dict[str, Any]) -> bool:
    try:
        return bool(evaluate(text, data, FUNCTIONS))
    except (ExpressionError, ValueError):
        return False


def _normal(text: str) -> str:
    """An expression without its spelling: blanks, quotes, and which side of ``==`` the constant stands on."""
    tree = readable(text)
    if tree is None:
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = sorted([node.left, node.comparators[0]], key=ast.dump)
            node.left, node.comparators = sides[0], [sides[1]]
    return ast.dump(tree)


def _shown(data: dict[str, Any]) -> str:
    return "、".join(
        f"{data_named(name)}是{' 别的值' if one == chr(0) else value_named(name, one)}" for name, one in data.items()
    )
