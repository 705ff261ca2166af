"""The expressions of diagrams, decision tables and forms: a small, safe subset of Python.

A diagram is data from a person, never code. Every expression is checked against a whitelist of syntax before it is made
into a function (``closures``); there is no ``eval``, no attribute access to objects, no comprehension, no lambda.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from simpleeval import InvalidExpression, IterableTooLong

from service.engine.closures import LITERALS, Value, value_of
from service.engine.comparing import ExpressionError, as_date, as_text, kind_of, size_of

__all__ = [
    "FUNCTIONS",
    "LITERALS",
    "PURE",
    "ExpressionError",
    "as_date",
    "check_expression",
    "evaluate",
    "faults_of",
    "kind_of",
    "readable",
]

FUNCTIONS = frozenset(
    {"working_days", "working_days_after", "working_days_between", "today", "now", "size_of", "as_text"}
)
"""The functions that an expression may call (the owner's contract)."""

PURE: Mapping[str, Callable[..., Any]] = {"size_of": size_of, "as_text": as_text}
"""Those among them that ask for no day: a title may call them."""

MAX_LENGTH = 2000
_MAX_DEPTH = 40
CACHED = 4096
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


def check_expression(text: str, known_names: Collection[str] | None, functions: Collection[str]) -> list[str]:
    """The faults of ``text``, as Chinese sentences; empty when it may be used.

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
            elif known_names is not None and node.id not in known_names and node.id not in LITERALS:
                problems.append(f"不认识数据 {node.id}；它既不是表单字段，也不是动作结果")
    return problems


def readable(text: str) -> ast.Expression | None:
    """The tree of a text that may be an expression; None for what is none, or is longer than any."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        with _one_at_a_time:
            return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_one_at_a_time = threading.Lock()
"""Before Python 3.11.8 threads that parse at once share one count of the depth, and sound expressions are refused."""


def evaluate(
    text: str,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    *,
    texts_as_dates: bool = True,
) -> Any:
    """The value of ``text`` over ``names``; a name that is absent is None.

    Comparisons are those of ``comparing.compare``. Raises ExpressionError, naming the expression in words for staff,
    outside the subset or when the data do not fit.
    """
    used = _used(text)
    if used is None or not (functions.keys() >= used.called and functions.keys().isdisjoint(used.named)):
        raise ExpressionError("；".join(faults_of(text, frozenset(functions))))
    try:
        return used.value(names, functions, texts_as_dates)
    except _FAILURES as error:
        raise ExpressionError(f"表达式 {text.strip()} 无法计算：{_reason(error)}") from error


_FAILURES = (
    *(ExpressionError, InvalidExpression, TypeError, ValueError, LookupError, ArithmeticError, RecursionError),
    AttributeError,
)


def _reason(error: Exception) -> str:
    """Why an expression failed, never in the words of Python."""
    if isinstance(error, ExpressionError):
        return str(error)
    if isinstance(error, ArithmeticError):
        return "数字过大"
    if isinstance(error, LookupError):
        return "名单里没有这一项"
    if isinstance(error, IterableTooLong):
        return "文字或名单过长"
    if isinstance(error, RecursionError):
        return "嵌套过深"
    return "数据的类型对不上"


@lru_cache(maxsize=CACHED)
def faults_of(text: str, functions: frozenset[str]) -> tuple[str, ...]:
    """The faults of ``text``, whatever data it names (``check_expression``), looked for once."""
    return tuple(check_expression(text, None, functions))


class _Used(NamedTuple):
    """The functions that an expression calls, the data that it names, and its value over both."""

    called: frozenset[str]
    named: frozenset[str]
    value: Value


@lru_cache(maxsize=CACHED)
def _used(text: str) -> _Used | None:
    """The uses of a sound expression and its value, looked for once a text; None for one that is unsound."""
    try:
        tree = _parse(text)
    except ExpressionError:
        return None
    nodes = list(ast.walk(tree))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    called = frozenset(one.id for one in calls if isinstance(one, ast.Name))
    named = frozenset(node.id for node in nodes if isinstance(node, ast.Name) and node not in calls)
    return None if faults_of(text, called) else _Used(called, named, value_of(tree.body))


@lru_cache(maxsize=CACHED)
def _parse(text: str) -> ast.Expression:
    """The checked tree, which nobody changes: a diagram's few expressions are evaluated at every step."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"表达式超过 {MAX_LENGTH} 个字符")
    tree = readable(text)
    if tree is None:
        raise ExpressionError(f"表达式 {text[:80]} 写法有误")
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
