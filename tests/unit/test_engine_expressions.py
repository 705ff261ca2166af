"""Expressions of diagrams are data from a person, never code."""

from __future__ import annotations

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import SpiffWorkflow.dmn.engine.DMNEngine as library_tables  # noqa: N813 - a module, called like its class
import SpiffWorkflow.dmn.parser.DMNParser as library_reader  # noqa: N813 - a module, called like its class
from hypothesis import given
from hypothesis import strategies as st

import service
from service.engine import ExpressionError, check_expression, comparing, evaluate
from service.engine.cells import PLACEHOLDER, asked
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


@pytest.mark.parametrize(
    "text", ["'a' < 1", "'a' + 1", "missing + 1", "units[9]", "'a'.b", "working_days('x')", "settings < 3"]
)
def test_data_that_do_not_fit_are_an_error_of_the_expression(text: str) -> None:
    with pytest.raises(ExpressionError):
        run(text, units=["edu"], settings={})


@pytest.mark.parametrize("empty", ["missing", "None", "null", "''", "blank"])
@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("other", ["5", "'a'", "today()", "missing", "blank", "-1", "False"])
def test_no_order_holds_with_what_is_empty(empty: str, sign: str, other: str) -> None:
    assert run(f"{empty} {sign} {other}", blank="") is False
    assert run(f"{other} {sign} {empty}", blank="") is False
    assert run(f"not ({empty} {sign} {other})", blank="") is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0 < missing < 9", False),
        ("missing > 5 and missing < 10", False),
        ("missing == None", True),
        ("missing != 5", True),
        ("'a' in missing", False),
        ("'a' not in missing", True),
        ("missing in ['a']", False),
        ("missing in 'abc'", False),
        ("missing not in ['a']", True),
        ("flag == true", True),
        ("flag == false", False),
        ("missing == null", True),
        ("other == true", False),
        # dates and their text
        ("day < '2026-09-17'", True),
        ("today() > '2026-09-15'", True),
        ("today() <= '2026-09-16'", True),
        ("'2026-09-15' < today() < '2026-09-17'", True),
        ("today() == '2026-09-16'", True),
        ("today() != '2026-09-16'", False),
        ("today() in ['2026-09-15', '2026-09-16']", True),
        ("today() == 'soon'", False),
        ("today() == 5", False),
        ("now() > '2026-09-16'", False),
        ("now() >= '2026-09-16'", True),
        ("now() > '2026-09-16T08:00'", True),
        ("now() < '2026-09-16T01:30:00+00:00'", True),
        ("now() >= today()", True),
        ("today() < now()", False),
        ("10 == 10.0", True),
    ],
)
def test_comparison(text: str, value: bool) -> None:
    assert run(text, flag=True, other="true", day="2026-09-16") is value


def test_a_field_called_like_a_constant_goes_before_it() -> None:
    assert run("true", true="是") == "是"


PYTHON = re.compile(r"[A-Za-z]{3,} [a-z]+ |Error|NoneType|not supported|object|instance")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("said > 3", "文字“很多”与数字 3不能比大小"),
        ("today() > 3", "数字 3不能与日期比较"),
        ("today() > said", "文字“很多”不是日期，不能与日期比较"),
        ("units < 3", "名单与数字 3不能比大小"),
        ("3 in 5", "in 的右边应为名单或文字，不能是数字 5"),
        ("said + 1", "文字“很多”与数字 1不能相加"),
        ("missing * 2", "空与数字 2不能相乘"),
        ("units[7]", "名单里没有这一项"),
        ("units['a']", "下标只能用在字典或列表数据上"),
        ("said.length", ".length 只能用在字典数据上"),
        ("working_days()", "函数 working_days 的参数个数或类型不对"),
        ("'a' * 999999999", "文字或名单过长"),
        ("-said", "数据的类型对不上"),
        ("big * big * big * big * big * big", "数字过大"),
        ("{units: 1}", "数据的类型对不上"),
    ],
)
def test_a_failure_is_told_in_words_for_staff(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as failure:
        run(text, said="很多", units=["edu"], big=10**60)
    assert str(failure.value) == f"表达式 {text} 无法计算：{words}"
    assert not PYTHON.search(str(failure.value).removeprefix(f"表达式 {text} "))


def test_threads_that_parse_at_once_refuse_nothing() -> None:
    texts = [f"({'(' * depth}count + {n}{')' * depth}) > 3" for n in range(300) for depth in (0, 5, 12)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda text: check_expression(text, None, frozenset()) == [], texts))


def test_expressions_are_parsed_in_one_place() -> None:
    """Only there is the lock that older versions of Python need."""
    package = Path(service.__file__).parent
    found = {path.name for path in package.rglob("*.py") if re.search(r"\bast\.parse\(", path.read_text())}
    assert found == {"expressions.py"}
    assert library_reader.ast is not ast
    assert library_tables.re is not re


@given(st.text(alphabet="?'\"a ", max_size=20))
def test_a_cell_is_asked_as_the_library_asks_it(text: str) -> None:
    theirs = re.sub(r"""(\?)(?=(?:[^'"]|['"][^'"]*['"])*$)""", PLACEHOLDER, text)
    assert asked(text) == theirs


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


def test_under_the_rules_of_older_inputs_the_empty_text_is_a_text() -> None:
    assert comparing.compare(ast.Lt(), "", "b", texts_as_dates=False)
    assert comparing.compare(ast.In(), "", "", texts_as_dates=False)
    assert not comparing.compare(ast.Lt(), None, "b", texts_as_dates=False)
    assert not comparing.compare(ast.Lt(), "", "b")
