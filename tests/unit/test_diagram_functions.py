"""The functions of expressions and the task that sets a value: over real days, and where something is empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from service import clock, engine
from service.checks import ActionSignature
from service.processes.calendars import DayFunctions
from service.rehearsal.core import Rehearsal
from tests.factories import engines
from tests.factories.diagrams import CONTEXT, before_end, definition, rules
from tests.factories.rehearsals import MONDAY, calendar, made_of, plan

DATA = {"received_on": "2026-02-27", "units": ["edu", "dali"], "empty": "", "parts": {"a": 1}, "amount": 12.5}
OPEN = b'{"type": "object", "properties": {}, "additionalProperties": true}'


def value(text: str) -> Any:
    return engine.evaluate(text, DATA, DayFunctions(calendar(), MONDAY).table())


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("working_days_between(received_on, today())", 2),  # Friday to Monday, and the Saturday is worked on
        ("working_days_between(today(), received_on)", -2),
        ("working_days_between(today(), working_days(7))", 7),
        ("working_days_between(nothing, today())", None),
        ("working_days_between(empty, today()) > 3", False),
        ("not (working_days_between(empty, today()) > 3)", True),
        ("size_of(units)", 2),
        ("size_of(nothing) == 0 and size_of(empty) == 0", True),
        ("size_of(received_on)", 1),
        ("size_of(parts)", 1),
        ("as_text(3)", "3"),
        ("as_text(amount)", "12.5"),
        ("as_text(true)", "是"),
        ("as_text(nothing)", ""),
        ("as_text(units)", "edu、dali"),
        ("as_text(working_days(1))", "2026-03-03"),
        ("as_text(now())", "2026-03-02 09:30"),
        ("'超期 ' + as_text(working_days_between(received_on, today())) + ' 个工作日'", "超期 2 个工作日"),
        ("received_on < '2026-10-01'", True),
        ("working_days(1) >= '2026-03-03'", True),
    ],
)
def test_a_function_gives(text: str, gives: object) -> None:
    assert value(text) == gives


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("working_days_between('明天', today())", "文字“明天”不是日期，不能数工作日"),
        ("working_days_between(today())", "函数 working_days_between 的参数个数或类型不对"),
        ("as_text(parts)", "一组数据不能写成文字"),
    ],
)
def test_a_function_says_what_it_cannot_do(text: str, says: str) -> None:
    with pytest.raises(engine.ExpressionError, match=says):
        value(text)


def test_days_are_counted_by_the_calendar() -> None:
    table = DayFunctions(calendar(), datetime(2026, 9, 30, 9, tzinfo=clock.SHANGHAI)).table()
    assert engine.evaluate("working_days_between(today(), '2026-10-09')", {}, table) == 2  # the 8th and the 9th
    assert engine.evaluate("working_days(2)", {}, table) == date(2026, 10, 9)


def setting(value: str, then: str = "") -> Rehearsal:
    """A process that sets ``days`` at once, and asks somebody by then."""
    body = (
        engines.start("reckon")
        + engines.service("reckon", "set", "days", value=value)
        + engines.flow("reckon", "ask")
        + engines.user("ask", candidates="talent_office", due=then or "working_days(days)")
        + engines.flow("ask", "finish")
        + engines.end()
    )
    made = made_of(engines.bpmn(engines.process(body)), {"ask": OPEN})
    return Rehearsal(made, calendar(), plan(), MONDAY, by="talent_office", data={"category": "housing"})


def test_a_task_sets_a_value_and_the_next_step_counts_with_it() -> None:
    state = setting("5 if category == 'housing' else 7").state
    assert state.data["days"] == 5
    assert state.due == {"ask": date(2026, 3, 9)}


def test_a_date_that_is_set_is_kept_as_its_text() -> None:
    state = setting("working_days(3)", "days").state
    assert state.data["days"] == "2026-03-05"
    assert state.due == {"ask": date(2026, 3, 5)}


SET = (
    '<bpmn:serviceTask id="extra" name="算天数"><bpmn:extensionElements>'
    '<spiffworkflow:serviceTaskOperator id="set"{}><spiffworkflow:parameters>'
    '<spiffworkflow:parameter id="value" type="str" value="{}" /></spiffworkflow:parameters>'
    "</spiffworkflow:serviceTaskOperator></bpmn:extensionElements></bpmn:serviceTask>"
)
WITH_SET = replace(
    CONTEXT,
    actions={**CONTEXT.actions, "set": ActionSignature({"value": True}, same_as="value", kept=True)},
)
NAMED = ' resultVariable="days"'


@pytest.mark.parametrize(
    ("named", "text", "found"),
    [
        (NAMED, "count * 2", []),
        ("", "count * 2", [("action-result", "extra")]),
        (NAMED, "counts * 2", [("unknown-data", "extra")]),
        (NAMED, "category * count * wanted_on", [("expression-fails", "extra")]),
        (' resultVariable="today"', "3", [("data-name", "extra")]),
    ],
)
def test_a_set_value_is_checked_where_it_is_set(named: str, text: str, found: list[tuple[str, str]]) -> None:
    assert rules(definition(before_end(SET.format(named, text))), WITH_SET) == found


def test_an_expression_is_tried_on_what_is_set() -> None:
    due = ("bpmn/matter.bpmn", '<spiffworkflow:property name="due" value="working_days(2)" />', "{}")
    for text, found in (("count + 1", []), ("category", [("expression-fails", "apply")])):
        put = '<spiffworkflow:property name="due" value="working_days(days)" />'
        spoiled = definition(before_end(SET.format(NAMED, text)), (*due[:2], put))
        early = ("data-unwritten", "apply")  # it is set behind the task
        assert rules(spoiled, WITH_SET) == [early, *found]


def test_a_title_calls_no_day() -> None:
    put = '<spiffworkflow:property name="title" value="{}" /><spiffworkflow:property name="work"'
    for text, found in (("as_text(count) + ' 人'", []), ("as_text(today())", [("expression-syntax", "matter")])):
        change = ("bpmn/matter.bpmn", '<spiffworkflow:property name="work"', put.format(text))
        assert rules(definition(change), WITH_SET) == found
