"""Values that an expression tests and that nothing before it gives: misspelt, removed, of another type."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.checks.bundle import Bundle
from service.checks.expressions import Use, places, uses
from service.checks.findings import CheckContext, Report
from service.checks.form_model import Field
from service.checks.model import Node, ProcessModel
from service.checks.values import Writers, compared, sought
from service.checks.wording import data, value
from service.engine.cells import asked
from service.engine.expressions import kind_of, readable

MOST_SHOWN = 12
"""Values that a message lists."""

_NUMBERS = frozenset({"integer", "number"})


def check(bundle: Bundle, context: CheckContext, writers: Writers, report: Report) -> None:
    """Rule value-unknown, of diagrams."""
    parts = _parts(bundle, context)
    for use in uses(bundle):
        _attributes(use, parts, report)
        if use.process is None or use.node is None:
            continue
        where = list(places(bundle, use, use.process, use.node))
        for name, constant in compared(use.text):
            each = [writers.values(process, node, name) for process, node in where]
            if each and all(one is None for one in each):
                _type(use, name, constant, where, writers, report)
            else:
                _known(use, name, constant, each, report)
        for name, constant in sought(use.text):
            _known(use, name, constant, [writers.elements(process, node, name) for process, node in where], report)


def _known(use: Use, name: str, constant: Any, each: list[frozenset[Any] | None], report: Report) -> None:
    allowed: set[Any] = set()
    for one in each:
        if one is None:
            return
        allowed |= one
    if not each or constant is None or constant in allowed:
        return
    shown = listed(allowed, name)
    close = difflib.get_close_matches(str(constant), [str(one) for one in allowed], n=1)
    near = next((one for one in allowed if close and str(one) == close[0]), None)
    hint = f"，是不是{value(name, near)}？" if close else "；"
    message = f"{use.said}：到这里{data(name)}不会是 {constant!r}{hint}可能的值是 {shown}，请改成其中一个"
    report.error(use.file, use.line, use.element, "value-unknown", message)


def _type(
    use: Use, name: str, constant: Any, where: list[tuple[ProcessModel, Node]], writers: Writers, report: Report
) -> None:
    """A number compared with a text, or a text with a number."""
    fields: list[Field] = []
    for process, node in where:
        found = writers.fields(process, node, name)
        if not found:
            return
        fields += found
    numbers = all(field.schema.get("type") in _NUMBERS for field in fields)
    texts = all(field.schema.get("type") == "string" for field in fields)
    said = isinstance(constant, str)
    counted = isinstance(constant, int | float) and not isinstance(constant, bool)
    if (numbers and (said or isinstance(constant, bool))) or (texts and (counted or isinstance(constant, bool))):
        kind = "数字" if numbers else "文字"
        message = (
            f"{use.said}：{data(name)}填的是{kind}，永远不会等于{kind_of(constant)} {constant!r}；"
            f"请写成{'不加引号的数字' if numbers else '加引号的文字'}"
        )
        report.error(use.file, use.line, use.element, "value-unknown", message)


def _parts(bundle: Bundle, context: CheckContext) -> Mapping[str, frozenset[str]]:
    """Name → the parts that an action's result of that name has, where nothing else gives the name."""
    samples: dict[str, list[Any]] = {}
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.operation is not None and node.operation.result:
                signature = context.actions.get(node.operation.action)
                samples.setdefault(node.operation.result, []).append(signature.sample if signature else None)
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.loop is not None and node.loop.item:
                lists = samples.get(node.loop.collection or "", [None])
                every = [part for one in lists for part in (one if isinstance(one, list) else [None])]
                samples.setdefault(node.loop.item, []).extend(every or [None])
    fields = {name for form in bundle.forms.values() for name in form.fields}
    return {
        name: frozenset().union(*(one.keys() for one in every))
        for name, every in samples.items()
        if name not in fields and every and all(isinstance(one, dict) for one in every)
    }


def _attributes(use: Use, parts: Mapping[str, frozenset[str]], report: Report) -> None:
    for name, part in attributes(use.text):
        known = parts.get(name)
        if known is None or part in known:
            continue
        close = difflib.get_close_matches(part, sorted(known), n=1)
        hint = f"，是不是“{name}.{close[0]}”？" if close else "；"
        parts_ = listed(f"“{one}”" for one in known)
        message = f"{use.said}：{data(name)}里没有 {part}{hint}请改成其中一项：{parts_}"
        report.error(use.file, use.line, use.element, "value-unknown", message)


def attributes(text: str) -> Iterator[tuple[str, str]]:
    """Each (name, part) of ``name.part`` in an expression."""
    tree = readable(asked(text))
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def listed(values: Iterable[Any], name: str = "") -> str:
    """Values in a message, not too many; those of the data ``name`` by their words."""
    ordered = sorted(values, key=str)
    every = [value(name, one) if name else str(one) for one in ordered]
    return "、".join(every[:MOST_SHOWN]) + (f"等 {len(every)} 个" if len(every) > MOST_SHOWN else "")
