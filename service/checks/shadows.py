"""Rules of a decision table that are never asked, and answers that nobody reads."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from typing import Any

from service.checks.bundle import Bundle
from service.checks.decision_model import Cell, Decision
from service.checks.expressions import uses
from service.checks.findings import Report
from service.checks.sampling import names_in
from service.checks.wording import data
from service.engine.cells import asked
from service.engine.expressions import readable

MOST_RULES = 400
"""Of one table that are held against each other."""

_ANYTHING = ("", "-")


def check(bundle: Bundle, report: Report) -> None:
    """Rules decision-shadowed and decision-output."""
    read = _read(bundle)
    for decision in bundle.decisions.values():
        if decision.hit_policy != "COLLECT":
            _shadowed(decision, report)
        for output in decision.outputs:
            if output.text and output.text not in read:
                close = difflib.get_close_matches(output.text, sorted(read), n=1)
                hint = f"，是不是{data(close[0])}？" if close else ""
                message = (
                    f"结果列 {output.text} 没有哪一步用到：没有表单字段叫这个名字，也没有式子读它{hint or '；'}"
                    "请把列名改成要预填的字段，或删去这一列"
                )
                report.warning(decision.file, output.line, decision.id, "decision-output", message)


def _read(bundle: Bundle) -> frozenset[str]:
    """The names that anything reads: an expression, a list to go through, a field that may be filled in before."""
    read: set[str] = set()
    for use in uses(bundle):
        read |= names_in(asked(use.text))
    for form in bundle.forms.values():
        read |= form.fields.keys()
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.loop is not None:
                read.update(filter(None, (node.loop.collection, node.loop.output_item)))
    return frozenset(read)


def _shadowed(decision: Decision, report: Report) -> None:
    rules = decision.rules[:MOST_RULES]
    taken = [[_taken(cell) for cell in rule.inputs] for rule in rules]
    for at, rule in enumerate(rules):
        for before in range(at):
            if len(taken[before]) == len(taken[at]) and all(
                _covers(one, other) for one, other in zip(taken[before], taken[at], strict=True)
            ):
                first = rules[before]
                whole = "什么情况都相符" if first.catches_all else "包含了这一条的情况"
                message = (
                    f"第 {at + 1} 条永远轮不到：第 {before + 1} 条在前面，{whole}，取的是第一条相符的；"
                    "请把宽的一条移到后面，或改条件"
                )
                report.error(decision.file, rule.line, decision.id, "decision-shadowed", message)
                break


def _taken(cell: Cell) -> frozenset[Any] | str | None:
    """The constants that a cell takes; None: any value; a text: what can only be held against the same text."""
    if cell.text in _ANYTHING:
        return None
    values = list(_constants(cell.text))
    return frozenset(values) if values else " ".join(cell.text.split())


def _constants(text: str) -> Iterator[Any]:
    tree = readable(asked(text))
    body = tree.body if tree is not None else None
    if isinstance(body, ast.Constant):
        yield body.value
    elif isinstance(body, ast.Compare) and len(body.ops) == 1:
        right = body.comparators[0]
        if isinstance(body.ops[0], ast.Eq) and isinstance(right, ast.Constant):
            yield right.value
        elif isinstance(body.ops[0], ast.In) and isinstance(right, ast.List | ast.Tuple):
            constants = [one.value for one in right.elts if isinstance(one, ast.Constant)]
            yield from constants if len(constants) == len(right.elts) else ()


def _covers(one: frozenset[Any] | str | None, other: frozenset[Any] | str | None) -> bool:
    if one is None:
        return True
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return other <= one
    return one == other
