"""A value in an owner's words: data by their titles, codes by the names of their list, what is computed as a sentence.

Pure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from service.checks.condition_words import Unsaid, Words
from service.checks.date_words import date_in_words
from service.engine.expressions import readable
from service.processes.terms import SLOTS

EMPTY = "空（不填）"
_NONE: Mapping[str, str] = {}


def value_in_words(text: str, known: Iterable[Mapping[str, Any]], listed: Mapping[str, str] = _NONE) -> str:
    """The words for an expression that gives a value, such as a parameter of an action or the list of 各办一份.

    ``known`` as for ``in_words``; ``listed`` is the list on which a text must stand, code → name. Empty where some part
    has no words.
    """
    tree = readable(text)
    if tree is None:
        return ""
    data = list(known)
    try:
        return _Values(data, listed).of(tree.body)
    except Unsaid:
        return date_in_words(text, data)


def subjects_in_words(text: str, known: Iterable[Mapping[str, Any]], units: Mapping[str, str] = _NONE) -> str:
    """The words for the units that a step decides on (``about``); empty where some part has no words."""
    if not text.startswith(SLOTS):
        return value_in_words(text, known, units)
    tree = readable(text.removeprefix(SLOTS))
    try:
        return f"各单位办完的，{Words(known).said(tree.body)}的单位" if tree is not None else ""
    except Unsaid:
        return ""


class _Values(Words):
    """The words for values; a condition within one is told as a condition."""

    def __init__(self, known: Iterable[Mapping[str, Any]], listed: Mapping[str, str]) -> None:
        super().__init__(known)
        self._listed = listed

    def of(self, node: ast.expr) -> str:
        """A value. Raises Unsaid."""
        if isinstance(node, ast.Constant):
            return self._constant(node.value)
        if isinstance(node, ast.List | ast.Tuple):
            return "、".join(self.of(one) for one in node.elts) or "没有"
        if isinstance(node, ast.IfExp):
            return f"{self.said(node.test)}时是{self.of(node.body)}，其余是{self.of(node.orelse)}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return f"{self.of(node.left)}接{self.of(node.right)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._computed(node.func.id, node.args)
        if isinstance(node, ast.Name | ast.Attribute):
            return self.title(self.data(node))
        return self.said(node)

    def _constant(self, value: Any) -> str:
        if value is None:
            return EMPTY
        if isinstance(value, bool):
            return "是" if value else "否"
        return f"“{self._listed.get(value, value)}”" if isinstance(value, str) else f"“{value}”"

    def _computed(self, name: str, given: list[ast.expr]) -> str:
        if name == "as_text" and len(given) == 1:
            return self.of(given[0])
        if name == "size_of" and len(given) == 1:
            return f"{self.of(given[0])}有几个"
        if name == "today" and not given:
            return "今天"
        if name == "working_days_between" and len(given) == 2:
            return f"从{self.of(given[0])}到{self.of(given[1])}有几个工作日"
        raise Unsaid
