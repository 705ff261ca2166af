"""The facts that the ``holidays`` library has about China: official years, and its guesses for the years after.

The library models the State Council's notices up to ``max(special_public_holidays)``. Past that year it goes on with
the statutory holidays alone, without saying so; here those years are called guesses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from service.workdays.holiday_notices import FIRST_YEAR

_SWAPPED = re.compile(r"休息日（由 (\d{4}-\d{2}-\d{2}) 调休）")


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the library: ``days_off`` day -> holiday name; ``worked`` weekend day -> the day off it pays for."""

    days_off: dict[date, str]
    worked: dict[date, date]


def last_official_year() -> int:
    """The last year whose notice the installed library holds."""
    from holidays.countries.china import (
        ChinaStaticHolidays,
    )  # read when a calendar is made: not every process makes one

    return max(ChinaStaticHolidays.special_public_holidays)


@cache
def year(number: int) -> Year:
    """The library's answer for the year ``number``, official or guessed.

    A weekend that was worked for a day off of this year is listed here even if it lay in the December before.
    """
    table = _table(number, observed=True)
    days_off: dict[date, str] = {}
    worked: dict[date, date] = {}
    for day, name in sorted(table.items()):
        swapped = _SWAPPED.fullmatch(name)
        if swapped:
            worked[date.fromisoformat(swapped[1])] = day
        days_off[day] = "" if swapped else name.replace("; ", "、")
    for day, name in days_off.items():
        if not name:
            days_off[day] = f"{_holiday_around(day, days_off)}调休"
    return Year(days_off, worked)


def official_years() -> range:
    """The years from 2005 on whose notices the library holds."""
    return range(FIRST_YEAR, last_official_year() + 1)


@cache
def statutory_days(number: int) -> dict[date, str]:
    """The statutory holidays of a year themselves, without days moved or swapped."""
    table = _table(number, observed=False)
    return {day: name for day, name in sorted(table.items()) if not _SWAPPED.fullmatch(name)}


def _table(number: int, *, observed: bool) -> Mapping[date, str]:
    """The library's days of the year ``number``; without ``observed`` those that the law names, unmoved."""
    from holidays import PUBLIC, country_holidays

    return country_holidays("CN", years=number, categories=(PUBLIC,), observed=observed, language="zh_CN")


def _holiday_around(day: date, days_off: dict[date, str]) -> str:
    """The holidays whose unbroken run of free days holds ``day``: that is what it was swapped for."""
    first = last = day
    while _is_free(first - timedelta(days=1), days_off):
        first -= timedelta(days=1)
    while _is_free(last + timedelta(days=1), days_off):
        last += timedelta(days=1)
    names: list[str] = []
    for offset in range((last - first).days + 1):
        name = days_off.get(first + timedelta(days=offset), "")
        names += [part for part in re.sub(r"（.*?）|调休$", "", name).split("、") if part and part not in names]
    return "、".join(names)


def _is_free(day: date, days_off: dict[date, str]) -> bool:
    return day in days_off or day.weekday() >= 5
