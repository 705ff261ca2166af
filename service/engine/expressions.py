"""The expressions of diagrams, decision tables and forms: a small, safe subset of Python.

A diagram is data from a person, never code. Every expression is checked against a whitelist of syntax before
``simpleeval`` walks it; there is no ``eval``, no attribute access to objects, no comprehension, no lambda.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression

FUNCTIONS = frozenset({"working_days", "working_days_after", "today", "now"})
"""What an expression may call (the owner's contract)."""

MAX_LENGTH = 2000
_MAX_DEPTH = 40
CACHED = 512
"""Expressions kept parsed."""

_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
    ast.In,
    ast.NotIn,
    ast.Is,
    ast.IsNot,
    ast.IfExp,
    ast.Call,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Attribute,
    ast.Subscript,
)


class ExpressionError(Exception):
    """An expression is outside the subset, or failed on the data that it met."""


def check_expression(text: str, known_names: Collection[str] | None, functions: Collection[str]) -> list[str]:
    """What is wrong with ``text``, as Chinese sentences; empty when it may be used.

    ``known_names`` are the data that the expression may name (None: any name); ``functions`` what it may call.
    """
    try:
        tree = _parse(text)
    except ExpressionError as error:
        return [str(error)]
    problems: list[str] = []
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name):
                problems.append("只能调用列明的函数，不能调用方法")
            elif node.func.id not in functions:
                problems.append(f"不认识函数 {node.func.id}；可用的函数：{'、'.join(sorted(functions))}")
            if node.keywords:
                problems.append("函数只接受按位置给出的参数")
        elif isinstance(node, ast.Name) and id(node) not in called:
            if node.id in functions:
                problems.append(f"{node.id} 是函数，要写成 {node.id}(…)")
            elif known_names is not None and node.id not in known_names:
                problems.append(f"不认识数据 {node.id}；它既不是表单字段，也不是动作结果")
    return problems


def evaluate(text: str, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
    """The value of ``text`` over ``names``; a name that is absent is None.

    Raises ExpressionError outside the subset or when the data do not fit.
    """
    problems = _problems(text, frozenset(functions))
    if problems:
        raise ExpressionError("；".join(problems))
    walker = _Walker(names=lambda node: names.get(node.id), functions=dict(functions))
    try:
        return walker.eval(text, previously_parsed=_parse(text).body)
    except (InvalidExpression, TypeError, ValueError, KeyError, IndexError, ArithmeticError, RecursionError) as error:
        raise ExpressionError(f"表达式 {text} 无法计算：{error}") from error


@lru_cache(maxsize=CACHED)
def _problems(text: str, functions: frozenset[str]) -> tuple[str, ...]:
    return tuple(check_expression(text, None, functions))


@lru_cache(maxsize=CACHED)
def _parse(text: str) -> ast.Expression:
    """The checked tree, which nobody changes: a diagram's few expressions are evaluated at every step."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"表达式超过 {MAX_LENGTH} 个字符")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"表达式 {text[:80]} 写法有误") from error
    if _depth(tree) > _MAX_DEPTH:
        raise ExpressionError("表达式嵌套过深")
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise ExpressionError(f"表达式里不允许出现 {type(node).__name__}")
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            raise ExpressionError(f"表达式里不允许出现 .{node.attr}")
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            raise ExpressionError(f"表达式里不允许出现 {node.id}")
    return tree


def _depth(node: ast.AST) -> int:
    deepest, stack = 0, [(node, 1)]
    while stack:
        current, depth = stack.pop()
        deepest = max(deepest, depth)
        if depth > _MAX_DEPTH:
            break
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(current))
    return deepest


class _Walker(EvalWithCompoundTypes):
    """Attributes and subscripts read dictionaries and lists only; what is absent is None."""

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        value = self._eval(node.value)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return value.get(node.attr)
        raise ExpressionError(f".{node.attr} 只能用在字典数据上")

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        value, key = self._eval(node.value), self._eval(node.slice)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return value.get(key)
        if isinstance(value, list | tuple | str) and isinstance(key, int):
            return value[key]
        raise ExpressionError("下标只能用在字典或列表数据上")


def as_date(value: Any) -> date | None:
    """A date out of what an expression or a form gave: a date, a datetime, or ISO text; None otherwise."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return None
