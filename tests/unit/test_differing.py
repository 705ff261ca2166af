"""Findings tell two values of a column apart in words, and nothing that people typed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from service.audit.verifying.advice import advice
from service.db.differing import apart
from service.db.raw_rows import Shape
from service.processes.models import ClockRun, Instance, UserTask
from service.talents.models import Talent


@pytest.mark.parametrize(
    ("model", "column", "must", "have", "told"),
    [
        (ClockRun, "due_on", date(2026, 9, 24), "2026-12-31", ("2026-09-24（周四）", "2026-12-31（周四）")),
        (ClockRun, "due_on", date(2026, 9, 24), "2026-09-3x", ("2026-09-24（周四）", "读不出的“2026-09-3x”")),
        (ClockRun, "until_on", None, "2026-09-25", ("空", "2026-09-25（周五）")),
        (UserTask, "late_days", 3, 0, ("3", "0")),
        (UserTask, "due_provisional", True, 0, ("是", "否")),
        (UserTask, "status", "done", "open", ("“已办”", "“待办”")),
        (UserTask, "completed_by", "handler-edu", "office", ("“handler-edu”", "“office”")),
        (Instance, "title", "子女入学", "子女入托", ("4 个字的内容", "4 个字，从第 4 个字起不同")),
        (
            Instance,
            "data",
            {"title": "甲", "town": "a"},
            '{"title":"乙"}',
            ("日志里的内容", "2 项不同：标题（title）、镇街（town）"),
        ),
        (Talent, "phone", None, "13800000000", ("空", "11 个字的内容")),
    ],
)
def test_values_are_told_apart_in_words(model: Any, column: str, must: Any, have: Any, told: tuple[str, str]) -> None:
    known = Shape(model.__table__, sqlite.dialect())
    assert apart(known, column, known.form(column, must), have) == {"must": told[0], "have": told[1]}


def test_a_moment_is_told_to_the_part_of_a_second_that_differs() -> None:
    known = Shape(Instance.__table__, sqlite.dialect())
    must = known.form("started_at", datetime(2026, 9, 16, 1, 0, tzinfo=UTC))
    told = apart(known, "started_at", must, "2026-09-16 01:00:00.000001")
    assert told == {"must": "2026-09-16（周三）09:00:00", "have": "2026-09-16（周三）09:00:00.000001"}


def test_each_kind_of_finding_has_a_grade_and_a_next_step() -> None:
    grades = {
        ("instance:1", "user_task"): "乙",
        ("instance:1", None): "甲",
        ("definition:request", "definition"): "甲",
        ("access_log", "access_entry"): "甲",
        ("counter:numbers", "counter"): "丙",
        ("talent:T0001", "talent"): "乙",
        ("instance:1", "case_order"): "丙",
        ("figures", "figure_tally"): "丙",
        ("database", "history_event"): "甲",
    }
    for (stream, table), grade in grades.items():
        found, step = advice({"stream": stream, "table": table})
        assert (found, bool(step)) == (grade, True), (stream, table)


@pytest.mark.parametrize("what", ["时间早于上一条记录", "时间早于此前的第 4 次封存"])
def test_an_entry_of_doubtful_time_leads_to_where_it_is_acknowledged(what: str) -> None:
    grade, step = advice({"stream": "instance:1", "seq": 3, "table": None, "what": what})
    assert grade == "甲"
    assert "时间存疑的记录" in step
    assert "封存" not in step
