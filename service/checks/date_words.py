"""A deadline or a clock in an owner's words: 5 个工作日, by a case, before or after the due date. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

from service.checks.condition_words import Unsaid, Words
from service.engine.expressions import readable

_SPAN = re.compile(r"P(\d{1,4})([DWMY])|PT(\d{1,4})([HM])")
_UNITS: Mapping[str, str] = {"D": "天", "W": "周", "M": "个月", "Y": "年"}
_HOURS: Mapping[str, str] = {"H": "小时", "M": "分钟"}
_CYCLE = re.compile(r"R\d*/(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[^/]*/P(\d{1,3})([DWMY])")


def date_in_words(text: str, known: Iterable[Mapping[str, Any]]) -> str:
    """The words for an expression of a date, of working days or of a span, over the titles of ``known``.

    Cases are told one by one. A part for which there are no words is quoted as it is written, whole; empty where that
    is all of it.
    """
    if cycle := _CYCLE.fullmatch(text.strip().strip("'\"")):
        often = _UNITS[cycle[4]] if cycle[3] == "1" else f" {cycle[3]} {_UNITS[cycle[4]]}"
        return f"自 {cycle[1]} {cycle[2]} 起每{often.removeprefix('个')}一次"
    tree = readable(text)
    if tree is None:
        return ""
    words = Words(known)
    try:
        return _Cases(words, text).said(tree.body)
    except Unsaid:
        return ""


class _Cases:
    """The words for one expression."""

    def __init__(self, words: Words, text: str) -> None:
        self._words, self._text = words, text.strip()

    def said(self, node: ast.expr) -> str:
        """An expression of a date. Raises Unsaid where none of it has words."""
        if not isinstance(node, ast.IfExp):
            return self._day(node)
        told: list[str] = []
        rest: ast.expr = node
        while isinstance(rest, ast.IfExp):
            told.append(_beside(f"{self._when(rest.test)}时", self._part(rest.body)))
            rest = rest.orelse
        return "；".join([*told, _beside("其余", self._part(rest))])

    def _when(self, node: ast.expr) -> str:
        try:
            return self._words.said(node)
        except Unsaid:
            return f"“{self._written(node)}”成立"

    def _part(self, node: ast.expr) -> str:
        try:
            return self._day(node)
        except Unsaid:
            return f"“{self._written(node)}”"

    def _written(self, node: ast.expr) -> str:
        return " ".join((ast.get_source_segment(self._text, node) or ast.unparse(node)).split())

    def _day(self, node: ast.expr) -> str:
        if isinstance(node, ast.IfExp):
            return f"（{self.said(node)}）"
        if isinstance(node, ast.Constant):
            return self._constant(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._counted(node.func.id, node.args)
        return self._words.title(self._words.data(node))

    def _constant(self, value: Any) -> str:
        if value is None:
            return "没有期限"
        if not isinstance(value, str):
            raise Unsaid
        if span := _SPAN.fullmatch(value):
            return f"{span[1]} {_UNITS[span[2]]}" if span[1] else f"{span[3]} {_HOURS[span[4]]}"
        return value

    def _counted(self, name: str, given: list[ast.expr]) -> str:
        if name == "today" and not given:
            return "今天"
        days = _whole(given[-1]) if given else None
        if name == "working_days" and len(given) == 1:
            return f"{self._number(days, given[0])}个工作日"
        if name != "working_days_after" or len(given) != 2 or days is None:
            raise Unsaid
        due = isinstance(given[0], ast.Name) and given[0].id == "due_on"
        if days == 0:
            return "到期当日" if due else f"{self._part(given[0])}当天"
        if due:
            return f"到期前 {-days} 个工作日" if days < 0 else f"逾期 {days} 个工作日"
        return f"{self._part(given[0])}{'前' if days < 0 else '后'}第 {abs(days)} 个工作日"

    def _number(self, days: int | None, node: ast.expr) -> str:
        return f"{days} " if days is not None else self._words.title(self._words.data(node))


def _beside(before: str, said: str) -> str:
    """Two words beside each other: a figure keeps its distance."""
    return f"{before} {said}" if said[:1].isascii() else f"{before}{said}"


def _whole(node: ast.expr) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _whole(node.operand)
        return None if inner is None else -inner
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
