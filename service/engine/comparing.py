"""How expressions compare: with what is empty nothing holds, and dates meet their ISO text."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from service import clock

_ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_SHOWN = 20
"""Letters of a text that a message shows."""


class ExpressionError(Exception):
    """An expression is outside the subset, or failed on the data that it met."""


def compare(operation: ast.cmpop, left: Any, right: Any, *, texts_as_dates: bool = True) -> bool:
    """Whether ``left`` stands to ``right`` as the operation says.

    An order (``<`` and its like) never holds with an empty side (None or ''), so its opposite does not either:
    ``not (x > 5)`` holds where x is empty. An empty list contains nothing. A date compares with ISO text, by the day
    where one side has no time; for ``==`` and ``in`` only with ``texts_as_dates``. Without that (the rules of older
    inputs) the empty text is a text like any other. Raises ExpressionError, in words
    for staff, for what has no order.
    """
    kind = type(operation)
    if kind in _ORDERS:
        if any(is_empty(side) if texts_as_dates else side is None for side in (left, right)):
            return False
        left, right = _aligned(left, right)
        try:
            return bool(_ORDERS[kind](left, right))
        except TypeError as error:
            raise ExpressionError(f"{kind_of(left)}与{kind_of(right)}不能比大小") from error
    if kind is ast.Eq or kind is ast.NotEq:
        return _equal(left, right, texts_as_dates) is (kind is ast.Eq)
    if kind is ast.In or kind is ast.NotIn:
        return _contains(right, left, texts_as_dates) is (kind is ast.In)
    return (left is right) is (kind is ast.Is)


def is_empty(value: Any) -> bool:
    """Whether nothing was given: None (also: no such data) or the empty text."""
    return value is None or (isinstance(value, str) and value == "")


def kind_of(value: Any) -> str:
    """The kind of a value, in words for staff."""
    if is_empty(value):
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return f"数字 {value}" if abs(value) < 1e15 else "过大的数字"
    if isinstance(value, str):
        return f"文字“{value[:_SHOWN]}{'…' if len(value) > _SHOWN else ''}”"
    if isinstance(value, datetime):
        return f"时间 {value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"日期 {value.isoformat()}"
    if isinstance(value, list | tuple):
        return "名单"
    return "一组数据" if isinstance(value, Mapping) else "其他数据"


def size_of(value: Any) -> int:
    """How many a list has; 1 for a single thing, 0 for what is empty."""
    if is_empty(value):
        return 0
    return len(value) if isinstance(value, list | tuple | Mapping) else 1


def as_text(value: Any) -> str:
    """A value as people read it: 2026-03-02, 是 or 否, the parts of a list with 、; '' for what is empty."""
    if is_empty(value):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "、".join(as_text(each) for each in value)
    if isinstance(value, Mapping):
        raise ExpressionError("一组数据不能写成文字，请写明其中哪一项")
    return str(value)


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


def _equal(left: Any, right: Any, texts_as_dates: bool) -> bool:
    if texts_as_dates and isinstance(left, date) is not isinstance(right, date):
        try:
            left, right = _aligned(left, right)
        except ExpressionError:
            return False
    return bool(left == right)


def _contains(container: Any, item: Any, texts_as_dates: bool) -> bool:
    if container is None or (texts_as_dates and is_empty(container)):
        return False
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, list | tuple | Mapping):
        return any(_equal(item, each, texts_as_dates) for each in container)
    raise ExpressionError(f"in 的右边应为名单或文字，不能是{kind_of(container)}")


def _aligned(left: Any, right: Any) -> tuple[Any, Any]:
    """Both as moments, or both as days, where either is a date and the other can be one."""
    if not isinstance(left, date) and not isinstance(right, date):
        return left, right
    pair = _moment(left), _moment(right)
    if all(isinstance(side, datetime) for side in pair):
        return pair
    first, second = (side.date() if isinstance(side, datetime) else side for side in pair)
    return first, second


def _moment(value: Any) -> date:
    """A day, or a moment in Shanghai."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) <= len("2026-01-01") else datetime.fromisoformat(value)
        except ValueError as error:
            raise ExpressionError(f"{kind_of(value)}不是日期，不能与日期比较") from error
    if isinstance(value, datetime):
        return value.replace(tzinfo=clock.SHANGHAI) if value.tzinfo is None else value.astimezone(clock.SHANGHAI)
    if isinstance(value, date):
        return value
    raise ExpressionError(f"{kind_of(value)}不能与日期比较")
