"""Repeating intervals are counted by the calendar, from the first occurrence."""

from __future__ import annotations

from datetime import datetime

import pytest

from service import clock
from service.processes.cycles import Cycle


def days(text: str, *numbers: int) -> list[str | None]:
    found = [Cycle.parse(text).moment(n) for n in numbers]
    return [clock.local(moment).isoformat(timespec="minutes") if moment else None for moment in found]


def test_a_month_stays_a_month_and_the_last_day_comes_back():
    assert days("R/2026-01-31T09:00:00+08:00/P1M", 0, 1, 2, 13) == [
        "2026-01-31T09:00+08:00",
        "2026-02-28T09:00+08:00",
        "2026-03-31T09:00+08:00",
        "2027-02-28T09:00+08:00",
    ]


def test_half_years_begin_in_january_and_july_for_ever():
    assert days("R/2026-01-01T09:00:00+08:00/P6M", 1, 2, 199)[:2] == [
        "2026-07-01T09:00+08:00",
        "2027-01-01T09:00+08:00",
    ]


def test_a_counted_interval_ends():
    assert days("R2/2026-06-30/P1Y", 1, 2) == ["2027-06-30T00:00+08:00", None]


@pytest.mark.parametrize(
    ("now", "n"),
    [("2025-12-31T00:00", 0), ("2026-01-01T09:00", 1), ("2026-06-30T23:00", 1), ("2126-01-02T00:00", 201)],
)
def test_what_comes_next_is_later_than_now(now: str, n: int):
    moment = datetime.fromisoformat(now).replace(tzinfo=clock.SHANGHAI)
    assert Cycle.parse("R/2026-01-01T09:00:00+08:00/P6M").after(moment) == n


def test_after_the_last_there_is_none():
    cycle = Cycle.parse("R2/2026-06-30/P1Y")
    assert cycle.moment(cycle.after(datetime(2030, 1, 1, tzinfo=clock.SHANGHAI))) is None


@pytest.mark.parametrize("text", ["P6M", "R/someday/P6M", "R/2026-01-01/PT1H", "R/2026-01-01/P0D", "R/2026-01-01/6M"])
def test_what_is_no_interval_is_refused(text: str):
    with pytest.raises(ValueError, match=r"应为|起点|间隔"):
        Cycle.parse(text)
