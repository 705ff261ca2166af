"""A condition in an owner's words: “决定”是“受理”, 并且“人数”大于 5. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from service.engine.expressions import readable

_COMPARED: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "是",
    ast.NotEq: "不是",
    ast.Lt: "小于",
    ast.LtE: "不大于",
    ast.Gt: "大于",
    ast.GtE: "不小于",
    ast.In: "是",
    ast.NotIn: "不是",
}
_PLAIN = {"true": True, "false": False, "null": None}


class Unsaid(Exception):
    """A part of the condition for which there are no words."""


def in_words(text: str, known: Iterable[Mapping[str, Any]]) -> str:
    """The condition as a sentence over the titles and choices of ``known`` (see ``known.known``); empty without one."""
    tree = readable(text)
    if tree is None:
        return ""
    try:
        return Words(known).said(tree.body)
    except Unsaid:
        return ""


class Words:
    """The words for parts of an expression, over known data by name."""

    def __init__(self, known: Iterable[Mapping[str, Any]]) -> None:
        self._known = {str(one["name"]): one for one in known}

    def said(self, node: ast.expr) -> str:
        """A condition. Raises Unsaid."""
        if isinstance(node, ast.BoolOp):
            word = "，并且" if isinstance(node.op, ast.And) else "，或者"
            parts = [self.said(one) for one in node.values]
            nested = [isinstance(one, ast.BoolOp) for one in node.values]
            return word.join(f"（{part}）" if inner else part for part, inner in zip(parts, nested, strict=True))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            if isinstance(node.operand, ast.Name | ast.Attribute):
                one = self.data(node.operand)
                return f"{self.title(one)}为否" if self._is_flag(one) else f"{self.title(one)}没有填"
            return f"不是（{self.said(node.operand)}）"
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node.left, node.ops[0], node.comparators[0])
        if isinstance(node, ast.Name | ast.Attribute):
            one = self.data(node)
            return f"{self.title(one)}为是" if self._is_flag(one) else f"{self.title(one)}填了"
        raise Unsaid

    def _compared(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        one = self.data(left)
        title = self.title(one)
        if isinstance(right, ast.Constant) and right.value is None:
            empty = isinstance(operator, ast.Eq | ast.Is)
            return f"{title}没有填" if empty else f"{title}填了"
        word = _COMPARED.get(type(operator))
        if word is None:
            raise Unsaid
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
                raise Unsaid
            return f"{title}{word}{'或'.join(self._value(one, each) for each in right.elts)}"
        return f"{title}{word}{self._value(one, right)}"

    def data(self, node: ast.expr) -> Mapping[str, Any]:
        """The data that a part names. Raises Unsaid."""
        found = self._known.get(ast.unparse(node)) if isinstance(node, ast.Name | ast.Attribute) else None
        if found is None or "insert" in found:
            raise Unsaid
        return found

    def title(self, one: Mapping[str, Any]) -> str:
        """The title of data, as a sentence quotes it."""
        return f"“{one['title']}”"

    def _is_flag(self, one: Mapping[str, Any]) -> bool:
        return any(isinstance(choice["value"], bool) for choice in one.get("values", ()))

    def _value(self, one: Mapping[str, Any], node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            value = node.value
        elif isinstance(node, ast.Name) and node.id in _PLAIN:
            value = _PLAIN[node.id]
        elif isinstance(node, ast.Name | ast.Attribute):
            return self.title(self.data(node))
        else:
            raise Unsaid
        for choice in one.get("values", ()):
            if choice["value"] == value and isinstance(choice["value"], bool) == isinstance(value, bool):
                return f"“{choice['title']}”"
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f" {value} "
        if one.get("values") or not isinstance(value, str):
            raise Unsaid  # a value that nobody can choose is no word
        return f"“{value}”"
