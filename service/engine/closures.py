"""Checked expressions as functions: a tree is walked once a text, not once an evaluation.

Each node of a tree becomes a function of the data, of what may be called, and of whether texts are dates where they
are compared. It does what ``simpleeval`` does with that node, within its limits; a test holds the two side by side.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from simpleeval import safe_add, safe_mult

from service.engine.comparing import ExpressionError, compare, kind_of

Value = Callable[[Mapping[str, Any], Mapping[str, Callable[..., Any]], bool], Any]
"""The value of a node over data (a name that is absent is None), functions by name, and ``texts_as_dates``."""

LITERALS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
"""Constants as DMN and JSON write them, where the data have no such name."""

_MAX_BITS = 1000
"""Of a whole number: more than any count, sum or amount has."""
_SIGNS = {ast.Add: "加", ast.Sub: "减", ast.Mult: "乘"}
_SUMS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: safe_add,
    ast.Sub: operator.sub,
    ast.Mult: safe_mult,
}


def value_of(node: ast.expr) -> Value:
    """The function of a node. Raises KeyError for one that no expression may hold."""
    return _MAKERS[type(node)](node)


def _constant(node: ast.Constant) -> Value:
    value = node.value
    return lambda _names, _functions, _dates: value


def _name(node: ast.Name) -> Value:
    name, literal = node.id, LITERALS.get(node.id)
    return lambda names, _functions, _dates: names.get(name, literal)


def _unary(node: ast.UnaryOp) -> Value:
    change: Callable[[Any], Any] = operator.not_ if isinstance(node.op, ast.Not) else operator.neg
    inner = value_of(node.operand)
    return lambda names, functions, dates: change(inner(names, functions, dates))


def _binary(node: ast.BinOp) -> Value:
    first, second, joined, sign = value_of(node.left), value_of(node.right), _SUMS[type(node.op)], _SIGNS[type(node.op)]

    def binary(names: Any, functions: Any, dates: Any) -> Any:
        left, right = first(names, functions, dates), second(names, functions, dates)
        try:
            value = joined(left, right)
        except TypeError as error:
            raise ExpressionError(f"{kind_of(left)}与{kind_of(right)}不能相{sign}") from error
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            raise ExpressionError("数字过大")
        return value

    return binary


def _bool(node: ast.BoolOp) -> Value:
    parts, stops = [value_of(one) for one in node.values], isinstance(node.op, ast.Or)

    def both(names: Any, functions: Any, dates: Any) -> Any:
        value: Any = False
        for part in parts:
            value = part(names, functions, dates)
            if bool(value) is stops:
                break
        return value

    return both


def _compare(node: ast.Compare) -> Value:
    first = value_of(node.left)
    rest = [(sign, value_of(one)) for sign, one in zip(node.ops, node.comparators, strict=True)]

    def compared(names: Any, functions: Any, dates: Any) -> bool:
        left = first(names, functions, dates)
        for sign, other in rest:
            right = other(names, functions, dates)
            if not compare(sign, left, right, texts_as_dates=dates):
                return False
            left = right
        return True

    return compared


def _either(node: ast.IfExp) -> Value:
    test, yes, no = value_of(node.test), value_of(node.body), value_of(node.orelse)
    return lambda names, functions, dates: (yes if test(names, functions, dates) else no)(names, functions, dates)


def _call(node: ast.Call) -> Value:
    if not isinstance(node.func, ast.Name):
        raise KeyError(type(node.func))
    called, given = node.func.id, [value_of(one) for one in node.args]

    def call(names: Any, functions: Any, dates: Any) -> Any:
        try:
            return functions[called](*[one(names, functions, dates) for one in given])
        except TypeError as error:
            raise ExpressionError(f"函数 {called} 的参数个数或类型不对") from error

    return call


def _list(node: ast.List) -> Value:
    parts = [value_of(one) for one in node.elts]
    return lambda names, functions, dates: [one(names, functions, dates) for one in parts]


def _tuple(node: ast.Tuple) -> Value:
    parts = [value_of(one) for one in node.elts]
    return lambda names, functions, dates: tuple([one(names, functions, dates) for one in parts])


def _dict(node: ast.Dict) -> Value:
    pairs = [
        (value_of(key) if key is not None else None, value_of(value))
        for key, value in zip(node.keys, node.values, strict=True)
    ]

    def made(names: Any, functions: Any, dates: Any) -> Any:
        found: dict[Any, Any] = {}
        for key, value in pairs:
            if key is None:  # {**other}
                found.update(value(names, functions, dates))
            else:
                found[key(names, functions, dates)] = value(names, functions, dates)
        return found

    return made


def _attribute(node: ast.Attribute) -> Value:
    inner, name = value_of(node.value), node.attr

    def attribute(names: Any, functions: Any, dates: Any) -> Any:
        value = inner(names, functions, dates)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return value.get(name)
        raise ExpressionError(f".{name} 只能用在字典数据上")

    return attribute


def _subscript(node: ast.Subscript) -> Value:
    inner, which = value_of(node.value), value_of(node.slice)

    def subscript(names: Any, functions: Any, dates: Any) -> Any:
        value, key = inner(names, functions, dates), which(names, functions, dates)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return value.get(key)
        if isinstance(value, list | tuple | str) and isinstance(key, int):
            return value[key]
        raise ExpressionError("下标只能用在字典或列表数据上")

    return subscript


_MAKERS: Mapping[type[ast.expr], Callable[[Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.IfExp: _either,
    ast.Call: _call,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Dict: _dict,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
}
