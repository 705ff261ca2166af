"""The expressions of diagrams, decision tables and forms: a small, safe subset of Python.

A diagram is data from a person, never code. Every expression is checked against a whitelist of syntax before
``simpleeval`` walks it; there is no ``eval``, no attribute access to objects, no comprehension, no lambda.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from simpleeval import EvalWithCompoundTypes, InvalidExpression, IterableTooLong

from service.engine.comparing import ExpressionError, as_date, as_text, compare, kind_of, size_of

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

LITERALS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
"""Constants as DMN and JSON write them, where the data have no such name."""

MAX_LENGTH = 2000
_MAX_DEPTH = 40
_MAX_BITS = 1000
"""Of a whole number: more than any count, sum or amount has."""
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
    walker = _idle.walkers.pop() if _idle.walkers else _Walker()
    walker.names = lambda node: names.get(node.id, LITERALS.get(node.id))
    walker.functions, walker.texts_as_dates = functions, texts_as_dates
    try:
        return walker.eval(text, previously_parsed=_parse(text).body)
    except _FAILURES as error:
        raise ExpressionError(f"表达式 {text.strip()} 无法计算：{_reason(error)}") from error
    finally:
        walker.names = walker.functions = {}
        _idle.walkers.append(walker)


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
    """The functions that an expression calls, and the data that it names."""

    called: frozenset[str]
    named: frozenset[str]


@lru_cache(maxsize=CACHED)
def _used(text: str) -> _Used | None:
    """The functions and data of a sound expression, looked for once a text; None for one that is unsound."""
    try:
        nodes = list(ast.walk(_parse(text)))
    except ExpressionError:
        return None
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    called = frozenset(one.id for one in calls if isinstance(one, ast.Name))
    named = frozenset(node.id for node in nodes if isinstance(node, ast.Name) and node not in calls)
    return None if faults_of(text, called) else _Used(called, named)


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


_SIGNS = {ast.Add: "加", ast.Sub: "减", ast.Mult: "乘"}


class _Walker(EvalWithCompoundTypes):
    """Attributes and subscripts read dictionaries and lists only; what is absent is None."""

    texts_as_dates = True

    @staticmethod
    def _check_disallowed_items(_item: Any) -> None:
        """Nothing: the library looks through each value for modules and functions; ours are JSON and days, and a
        function is only ever called."""

    def _eval_compare(self, node: ast.Compare) -> bool:
        left = self._eval(node.left)
        for operation, comparator in zip(node.ops, node.comparators, strict=True):
            right = self._eval(comparator)
            if not compare(operation, left, right, texts_as_dates=self.texts_as_dates):
                return False
            left = right
        return True

    def _eval_binop(self, node: ast.BinOp) -> Any:
        left, right = self._eval(node.left), self._eval(node.right)
        try:
            value = self.operators[type(node.op)](left, right)
        except TypeError as error:
            sign = _SIGNS[type(node.op)]
            raise ExpressionError(f"{kind_of(left)}与{kind_of(right)}不能相{sign}") from error
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            raise ExpressionError("数字过大")
        return value

    def _eval_call(self, node: ast.Call) -> Any:
        try:
            return super()._eval_call(node)
        except TypeError as error:
            called = node.func.id if isinstance(node.func, ast.Name) else "（函数）"
            raise ExpressionError(f"函数 {called} 的参数个数或类型不对") from error

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


class _Idle(threading.local):
    """The walkers of this thread that are not at work: the library makes one slowly, each a ring for the collector."""

    def __init__(self) -> None:
        self.walkers: list[_Walker] = []


_idle = _Idle()
