"""An expression made into functions says what ``simpleeval``, walking its tree, says of it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from simpleeval import EvalWithCompoundTypes

from service.engine import ExpressionError, evaluate
from service.engine.closures import LITERALS, value_of
from service.engine.comparing import compare, kind_of
from service.engine.expressions import PURE

FUNCTIONS = {**PURE, "today": lambda: date(2026, 9, 16), "after": lambda day, n: [day, n + 1]}
ATOMS = ["a", "b", "c", "null", "true", "missing", "1", "0", "-1", "2.5", "'x'", "''", "'2026-09-16'", "None", "True"]
NAMES = {
    "a": {"b": [1, "x", {"c": 2}], "x": None},
    "b": [True, 1, "2026-09-16", {"x": "y"}, []],
    "c": "2026-09-16",
}


def _pairs(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = ["+", "-", "*", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not", "and", "or"]
    return st.one_of(
        st.tuples(inner, st.sampled_from(signs), inner).map(lambda one: f"({one[0]} {one[1]} {one[2]})"),
        st.tuples(inner, inner, inner).map(lambda one: f"({one[0]} < {one[1]} == {one[2]})"),
        st.tuples(inner, inner, inner).map(lambda one: f"({one[0]} if {one[1]} else {one[2]})"),
        inner.map(lambda one: f"(not {one})"),
        inner.map(lambda one: f"(-{one})"),
        st.tuples(inner, st.sampled_from("bcx")).map(lambda one: f"({one[0]}).{one[1]}"),
        st.tuples(inner, inner).map(lambda one: f"({one[0]})[{one[1]}]"),
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        st.lists(inner, max_size=3).map(lambda some: f"({''.join(f'{one}, ' for one in some)})"),
        st.lists(st.tuples(inner, inner), max_size=2).map(
            lambda some: "{" + ", ".join(f"{key}: {value}" for key, value in some) + "}"
        ),
        inner.map(lambda one: f"{{'z': 1, **{one}}}"),
        st.tuples(st.sampled_from([*FUNCTIONS]), st.lists(inner, max_size=2)).map(
            lambda one: f"{one[0]}({', '.join(one[1])})"
        ),
    )


EXPRESSIONS = st.recursive(st.sampled_from(ATOMS), _pairs, max_leaves=8)


class Walker(EvalWithCompoundTypes):
    """The library with our comparisons, sums, attributes and subscripts."""

    texts_as_dates = True

    @staticmethod
    def _check_disallowed_items(_item: Any) -> None:
        """Nothing."""

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
            sign = {ast.Add: "加", ast.Sub: "减", ast.Mult: "乘"}[type(node.op)]  # type: ignore[index]  # of the three
            raise ExpressionError(f"{kind_of(left)}与{kind_of(right)}不能相{sign}") from error
        if isinstance(value, int) and value.bit_length() > 1000:
            raise ExpressionError("数字过大")
        return value

    def _eval_call(self, node: ast.Call) -> Any:
        try:
            return super()._eval_call(node)
        except TypeError as error:
            assert isinstance(node.func, ast.Name)
            raise ExpressionError(f"函数 {node.func.id} 的参数个数或类型不对") from error

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


def _walked(tree: ast.expr, texts_as_dates: bool) -> Any:
    walker = Walker(names=lambda node: NAMES.get(node.id, LITERALS.get(node.id)), functions=FUNCTIONS)
    walker.texts_as_dates = texts_as_dates
    return walker.eval("", previously_parsed=tree)


def _outcome(asked: Any) -> tuple[str, str]:
    try:
        return "value", repr(asked())
    except Exception as error:  # noqa: BLE001 - whatever it raises is compared
        return type(error).__name__, str(error)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.booleans())
def test_functions_say_what_the_library_says(text: str, texts_as_dates: bool) -> None:
    tree = ast.parse(text, mode="eval").body
    made = _outcome(lambda: value_of(tree)(NAMES, FUNCTIONS, texts_as_dates))
    assert made == _outcome(lambda: _walked(tree, texts_as_dates))


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_a_failure_is_an_expression_error(text: str) -> None:
    kind, _ = _outcome(lambda: evaluate(text, NAMES, FUNCTIONS))
    assert kind in ("value", "ExpressionError")
