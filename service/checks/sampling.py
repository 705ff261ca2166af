"""Trying expressions on plausible data, before any instance meets them."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext
from service.checks.form_model import sample
from service.clock import SHANGHAI
from service.engine.comparing import is_empty
from service.engine.expressions import LITERALS, PURE, ExpressionError, as_date, evaluate, kind_of, readable
from service.processes.terms import MAX_DAYS

MAX_VARIANTS = 64
MAX_TRIALS = 4_000
"""Of one check: a definition cannot keep the machine busy by its number of expressions."""

MAX_SETS, MAX_SAMPLES = 10, 8
"""How often values that rest on each other are worked out anew, and how many of each are kept."""

DAY = date(2026, 3, 2)


def names_in(text: str) -> frozenset[str]:
    """The data that an expression names; empty when it cannot be read."""
    tree = readable(text)
    if tree is None:
        return frozenset()
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called) - {
        *LITERALS
    }


class Samples:
    """Plausible data of a bundle: for each name the values worth trying; a name without any cannot be tried."""

    def __init__(self, bundle: Bundle, context: CheckContext) -> None:
        self._trials = 0
        self._values: dict[str, list[Any]] = {
            "initiator": ["zhangsan"],
            "initiator_unit": ["district_office"],
            "unit": ["edu"],
            "number": ["2026-需-0001"],
            "due_on": [DAY.isoformat()],
        }
        for form in bundle.forms.values():
            for name, field in form.fields.items():
                values = field.values or ([sample(field.schema)] if field.schema else [])
                known = self._values.setdefault(name, [])
                known.extend(value for value in sorted(values, key=str) if value not in known)
        for process in bundle.processes.values():
            for node in process.nodes.values():
                if node.operation is None or node.operation.result is None:
                    continue
                signature = context.actions.get(node.operation.action)
                if signature is not None and signature.sample is not None:
                    self._values.setdefault(node.operation.result, []).append(signature.sample)
        self._take_over(bundle, context)

    def _take_over(self, bundle: Bundle, context: CheckContext) -> None:
        """The results that are the value of a parameter, worked out over the samples; one may rest on another."""
        given = [
            (node.operation.result, node.operation.parameters.get(signature.same_as, ""))
            for process in bundle.processes.values()
            for node in process.nodes.values()
            if node.operation is not None and node.operation.result is not None
            for signature in [context.actions.get(node.operation.action)]
            if signature is not None and signature.same_as
        ]
        for _ in given[:MAX_SETS]:
            found: dict[str, list[Any]] = {}
            for name, text in given:
                values = found.setdefault(name, [])
                values += [
                    value.isoformat() if isinstance(value, date) else value
                    for value in self.results(text)
                    if not isinstance(value, ExpressionError)
                ]
            fresh = {name: values for name, values in found.items() if values and not self._values.get(name)}
            if not fresh:
                return
            self._values.update({name: values[:MAX_SAMPLES] for name, values in fresh.items()})

    def results(self, text: str) -> Iterator[Any]:
        """The expression's values over the samples; an ExpressionError in place of a value that it does not have.

        Nothing for an expression that names data of unknown shape (settings, an action's undeclared result).
        """
        names = sorted(names_in(text))
        if not all(self._values.get(name) for name in names):
            return
        choices: Iterable[tuple[Any, ...]] = itertools.product(*(self._values[name] for name in names))
        for values in itertools.islice(choices, MAX_VARIANTS):
            self._trials += 1
            if self._trials > MAX_TRIALS:
                return
            try:
                yield _evaluate(text, dict(zip(names, values, strict=True)))
            except (ExpressionError, ValueError) as error:
                yield error if isinstance(error, ExpressionError) else ExpressionError("样例数据不合适")


def _working_days(count: Any) -> date:
    return _working_days_after(DAY, count)


def _working_days_after(start: Any, count: Any) -> date:
    """As the calendar's, but that every day counts: no check asks which day it is."""
    day = as_date(start)
    if day is None:
        raise ExpressionError(f"{kind_of(start)}不是日期，不能推算工作日")
    if isinstance(count, bool) or not isinstance(count, int) or abs(count) > MAX_DAYS:
        raise ExpressionError(f"{kind_of(count)}不是工作日数（应为整数，最多 {MAX_DAYS}）")
    return day + timedelta(days=count)


def _working_days_between(first: Any, last: Any) -> int | None:
    """As the calendar's, but that every day counts."""
    if is_empty(first) or is_empty(last):
        return None
    days = as_date(first), as_date(last)
    if days[0] is None or days[1] is None:
        raise ExpressionError(f"{kind_of(first if days[0] is None else last)}不是日期，不能数工作日")
    return (days[1] - days[0]).days


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "working_days": _working_days,
    "working_days_after": _working_days_after,
    "working_days_between": _working_days_between,
    "today": lambda: DAY,
    "now": lambda: datetime(2026, 3, 2, 9, tzinfo=SHANGHAI),
    **PURE,
}


def _evaluate(text: str, data: Mapping[str, Any]) -> Any:
    return evaluate(text, data, FUNCTIONS)
