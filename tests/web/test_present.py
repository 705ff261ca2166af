"""How values look to staff."""

from __future__ import annotations

import json
from datetime import date

import pytest

from service.processes.rules import RED, YELLOW, light
from service.web.diagrams import Picture, travelled
from service.web.present import day, island, left, moment
from service.workdays import Calendar


def test_a_day_names_its_weekday() -> None:
    assert day(date(2026, 10, 13)) == "2026-10-13（周二）"
    assert day("2026-10-18") == "2026-10-18（周日）"
    assert day(None) == "—"


def test_a_moment_is_told_in_shanghai_time() -> None:
    assert moment("2026-10-12T23:30:00+00:00") == "2026-10-13（周二）07:30"


@pytest.mark.parametrize(
    ("days", "words"),
    [(3, "还剩 3 个工作日"), (0, "今天到期"), (-2, "超期 2 个工作日"), (None, "")],
)
def test_what_is_left_is_counted_in_working_days(days: int | None, words: str) -> None:
    assert left(days) == words


@pytest.mark.parametrize(
    ("due_on", "words", "shown"),
    [
        (date(2026, 11, 27), "已过到期日，未满 1 个工作日", RED),
        (date(2026, 11, 28), "今天到期", YELLOW),
        (date(2026, 11, 29), "还剩不到 1 个工作日", YELLOW),
    ],
)
def test_on_a_day_off_words_and_light_say_the_same(due_on: date, words: str, shown: str) -> None:
    saturday = date(2026, 11, 28)
    days = Calendar.from_config([]).between(saturday, due_on)
    assert left(days, due_on, saturday) == words
    assert light(due_on=due_on, warn_on=date(2026, 11, 24), paused=False, today=saturday) == shown


def test_json_in_a_page_cannot_end_its_element() -> None:
    value = {"text": "</script><!-- & \u2028"}
    text = island(value)
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == value


BPMN = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="{id}">'
    '<sequenceFlow id="f" sourceRef="before" targetRef="call"/><callActivity id="call" calledElement="{calls}"/>'
    "</process></definitions>"
)


def test_a_position_within_a_call_is_a_position_of_every_caller() -> None:
    drawn = [
        Picture("a", "甲", BPMN.format(id="a", calls="b")),
        Picture("b", "乙", BPMN.format(id="b", calls="c")),
        Picture("c", "丙", BPMN.format(id="c", calls="none"), active=["task"]),
    ]
    travelled(drawn, [("a", "before", None), ("b", "before", None)])
    assert [picture.active for picture in drawn] == [["call"], ["call"], ["task"]]


def test_a_call_that_was_never_reached_is_no_position() -> None:
    caller = Picture("a", "甲", BPMN.format(id="a", calls="c"))
    travelled([caller, Picture("c", "丙", BPMN.format(id="c", calls="none"), ["x"])], [])
    assert caller.active == []
