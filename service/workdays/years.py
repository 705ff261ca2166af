"""A year of the calendar as it is drawn: twelve months of weeks, each day with its kind. Pure."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from service.workdays.calendar import Calendar, Mark

WORK, WEEKEND, OFF, WORKED, CLOSED = "work", "weekend", "off", "worked", "closed"
SIGNS = {OFF: "休", WORKED: "班", CLOSED: "停"}
"""The sign of a day that is not as its day of the week has it."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day: its kind, and why in Chinese."""

    date: date
    kind: str
    reason: str

    @property
    def sign(self) -> str:
        """休, 班 or 停; empty for an ordinary day."""
        return SIGNS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive days of one kind for one reason, told in a line."""

    first: date
    last: date
    kind: str
    reason: str
    number: str | None


@dataclass(frozen=True, slots=True)
class Year:
    """A year. ``months``: month → weeks from Monday on, None where a day lies in another month; ``number`` is that of
    the notice (None: not known, and all of it is provisional)."""

    year: int
    number: str | None
    months: Sequence[Sequence[Sequence[Day | None]]]
    runs: Sequence[Run]
    working_days: int


def year_of(calendar: Calendar, year: int) -> Year:
    """The year as ``calendar`` has it, which lies within its first and last day."""
    weeks = Weeks()
    months = [
        [
            [_day(calendar, day) if day.month == month else None for day in week]
            for week in weeks.monthdatescalendar(year, month)
        ]
        for month in range(1, 13)
    ]
    days = [day for month in months for week in month for day in week if day is not None]
    number = calendar.years.get(year)
    return Year(year, number, months, _runs(calendar, days), sum(day.kind in (WORK, WORKED) for day in days))


def _day(calendar: Calendar, day: date) -> Day:
    if day in calendar.closures:
        kind = CLOSED
    elif day in calendar.worked:
        kind = WORKED
    elif day in calendar.days_off:
        kind = OFF
    else:
        kind = WEEKEND if day.weekday() >= 5 else WORK
    return Day(day, kind, calendar.reason(day))


def _runs(calendar: Calendar, days: Sequence[Day]) -> list[Run]:
    found: list[Run] = []
    for day in days:
        marks = {OFF: calendar.days_off, WORKED: calendar.worked, CLOSED: calendar.closures}.get(day.kind)
        if marks is None:
            continue
        mark = marks[day.date]
        last = found[-1] if found else None
        if last is not None and _goes_on(last, day, mark):
            found[-1] = replace(last, last=day.date)
            continue
        found.append(Run(day.date, day.date, day.kind, mark.reason, mark.number))
    return found


def _goes_on(run: Run, day: Day, mark: Mark) -> bool:
    """Whether a day belongs to the run before it: a holiday of several names is one, other days have one reason."""
    follows = (day.date - run.last).days == 1 and (run.kind, run.number) == (day.kind, mark.number)
    return follows and (day.kind == OFF or run.reason == mark.reason)
