"""Expressions of diagrams are data from a person, never code."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine import ExpressionError, check_expression, evaluate
from service.engine.expressions import FUNCTIONS, as_date

ATTACKS = [
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__.__mro__",
    "settings.__class__",
    "settings.__dict__",
    "__import__('os')",
    "__import__('os').system('true')",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "globals()",
    "getattr(settings, 'a')",
    "(lambda: 1)()",
    "[x for x in units]",
    "{x: 1 for x in units}",
    "(x for x in units)",
    "f'{settings}'",
    "f'{().__class__}'",
    "'{0.__class__}'.format(1)",
    "'%s' % settings",
    "'a'.join(units)",
    "units.append(1)",
    "today.__globals__",
    "working_days.__globals__",
    "(x := 1)",
    "*units",
    "10 ** 10",
    "9 ** 9 ** 9",
    "1 << 999",
    "7 // 0",
    "1 / 0",
    "~1",
    "1 if True else __import__('os')",
    "await x",
    "yield 1",
    "import os",
    "a = 1",
    "a; b",
    "working_days(n=1)",
    "working_days(*units)",
    "working_days(**settings)",
    "today",
    "settings.get('a')",
    "_private",
    "settings._private",
    "units[0:2]",
    "print(1)",
    "type(1)",
    "vars()",
    "help()",
    "breakpoint()",
    "",
    "   ",
    "((((",
    "x" * 5000,
    "not " * 60 + "x",
    "-" * 80 + "1",
    "[" * 50 + "]" * 50,
]


def run(text: str, **names: Any) -> Any:
    """``text`` over ``names`` with the functions of the contract."""
    functions = {
        "today": lambda: date(2026, 9, 16),
        "now": lambda: datetime(2026, 9, 16, 9, 0),  # noqa: DTZ001  # any value serves
        "working_days": lambda n: date(2026, 9, 16 + n),
        "working_days_after": lambda day, n: (day, n),
    }
    return evaluate(text, names, functions)


@pytest.mark.parametrize("text", ATTACKS)
def test_attack_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        run(text, settings={"a": 1}, units=["edu"], a=1, x=1)


@pytest.mark.parametrize("text", ["'a' * 999999999", "[0] * 999999999", "'a' * 99999 * 99999"])
def test_expression_does_not_eat_the_memory(text: str) -> None:
    with pytest.raises(ExpressionError):
        run(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("decision == 'redo'", True),
        ("'refer' in decisions", True),
        ("'nobody' not in decisions", True),
        ("missing", None),
        ("missing == 'x'", False),
        ("missing.deeper.still", None),
        ("missing[0]", None),
        ("settings.group_opinion_required", True),
        ("settings['group_opinion_required']", True),
        ("settings.unknown", None),
        ("decisions[0]", "refer"),
        ("decisions[-1]", "accept"),
        ("held_on or decided_on or settings.group_opinion_required", True),
        ("agreed_date if result == 'interim' and agreed_date else working_days(7)", date(2026, 9, 23)),
        ("working_days_after(today(), -3)", (date(2026, 9, 16), -3)),
        ("not missing", True),
        ("result is None", True),
        ("[town]", ["xiqiao"]),
        ("{'a': town}", {"a": "xiqiao"}),
        ("(1, 2)", (1, 2)),
        ("today() >= today()", True),
    ],
)
def test_allowed_expression(text: str, value: Any) -> None:
    names = {
        "decision": "redo",
        "decisions": ["refer", "accept"],
        "settings": {"group_opinion_required": True},
        "town": "xiqiao",
    }
    assert run(text, **names) == value


@pytest.mark.parametrize("text", ["missing < 1", "'a' + 1", "units[9]", "'a'.b", "working_days('x')", "settings < 3"])
def test_data_that_do_not_fit_are_an_error_of_the_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        run(text, units=["edu"], settings={})


def test_expression_cannot_change_the_data() -> None:
    names = {"units": ["edu"], "settings": {"a": {"b": 1}}}
    run("units + ['x']", **names)
    assert names == {"units": ["edu"], "settings": {"a": {"b": 1}}}


@given(st.text(max_size=80))
def test_any_text_gives_a_value_or_an_expression_error(text: str) -> None:
    with suppress(ExpressionError):
        run(text, a=1, settings={"b": [1, 2]})


class TestChecking:
    def test_unknown_names_and_functions_are_named(self) -> None:
        (problem,) = check_expression("decison == 'x'", {"decision"}, FUNCTIONS)
        assert "decison" in problem
        (problem,) = check_expression("weekdays(7)", {"decision"}, FUNCTIONS)
        assert "weekdays" in problem

    def test_function_without_a_call(self) -> None:
        (problem,) = check_expression("today", {"decision"}, FUNCTIONS)
        assert "today(…)" in problem

    def test_sound_expression(self) -> None:
        assert (
            check_expression("working_days(7) if decision == 'x' else due_on", {"decision", "due_on"}, FUNCTIONS) == []
        )

    def test_method_call(self) -> None:
        assert check_expression("decision.upper()", {"decision"}, FUNCTIONS)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (date(2026, 9, 16), date(2026, 9, 16)),
        (datetime(2026, 9, 16, 9, 0), date(2026, 9, 16)),  # noqa: DTZ001  # a form's datetime carries no zone
        ("2026-09-16", date(2026, 9, 16)),
        ("2026-09-16T09:00:00", date(2026, 9, 16)),
        ("soon", None),
        (None, None),
        (7, None),
    ],
)
def test_dates_out_of_values(value: Any, day: date | None) -> None:
    assert as_date(value) == day
