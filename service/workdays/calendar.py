"""The working-day calendar: pure, frozen, and able to say why.

A calendar holds every day off and every worked weekend of its years explicitly, so one that was kept as data answers
years later exactly as it did then, whatever the holiday library knows by that time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate

from service.config.reader import as_day, invalid
from service.errors import Finding, Invalid
from service.workdays import library
from service.workdays.holiday_notices import FIRST_YEAR, CalendarNotices, HolidayNotice

GUESSED_YEARS = 10
"""How many years past the last notice dates are still computed, all of them provisional."""

REMEMBERED = 10_000
"""Counts that a calendar keeps at most, explanations included."""

_FORMAT = 1
_ONE = timedelta(days=1)
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class DayNote:
    """One day of an explanation.

    ``number`` is the day's place in the count (0 for the start, negative when counting back), None if not counted.
    ``notice`` is the number of the notice that decided this day, where one did.
    """

    date: date
    counted: bool
    number: int | None
    reason: str
    notice: str | None = None
    provisional: bool = False

    def to_data(self) -> dict[str, object]:
        """JSON-ready: the date as ISO text."""
        return {
            "date": self.date.isoformat(),
            "counted": self.counted,
            "number": self.number,
            "reason": self.reason,
            "notice": self.notice,
            "provisional": self.provisional,
        }


@dataclass(frozen=True, slots=True)
class DueDate:
    """A due date with its reasons: each day from the start on, and the numbers of the notices relied on.

    ``provisional`` (暂定): the count touches a year whose notice is not known yet.
    """

    due: date
    provisional: bool
    explanation: tuple[DayNote, ...]
    notices: tuple[str, ...]

    def to_data(self) -> dict[str, object]:
        """JSON-ready: dates as ISO text."""
        return {
            "due": self.due.isoformat(),
            "provisional": self.provisional,
            "explanation": [note.to_data() for note in self.explanation],
            "notices": list(self.notices),
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """Why a day is not an ordinary day of the week: a holiday's name or a reason, and the notice's number."""

    reason: str
    number: str | None = None


@dataclass(frozen=True)
class Calendar:
    """Working days from ``first`` to ``last``; ``years``: year with a notice -> its number ("" if not recorded)."""

    first: date
    last: date
    years: Mapping[int, str]
    days_off: Mapping[date, Mark]
    worked: Mapping[date, Mark]
    closures: Mapping[date, Mark]

    @staticmethod
    def from_config(notices: CalendarNotices | None = None) -> Calendar:
        """The library's official years, the offices' notices and closures over them, and guessed years after.

        Raises ``Invalid`` if a notice leaves a year out, amends an unknown year, or forgets a statutory holiday.
        """
        return _build(notices or CalendarNotices())

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on ``day``; raises ``Invalid`` outside the calendar."""
        self._check(day)
        return self._works(day)

    def add(self, start: date, n: int) -> DueDate:
        """The ``n``-th working day after ``start`` (before it, if ``n`` is negative), with its explanation (W6, CLOCK).

        ``start`` is day 0 and never counts; from a day off, the next working day is day 1. ``n`` = 0 is ``start``
        itself, or the next working day if that is a day off. Raises ``Invalid`` where the calendar ends.
        """
        found = self._counted.get((start, n))
        if found is None:
            if len(self._counted) >= REMEMBERED:
                self._counted.clear()
            found = self._counted[start, n] = self._add(start, n)
        return found

    @cached_property
    def _counted(self) -> dict[tuple[date, int], DueDate]:
        """The counts of before: cases of a day ask for the same ones, and replay asks for each once more."""
        return {}

    def _add(self, start: date, n: int) -> DueDate:
        self._check(start)
        if n == 0 and not self._works(start):
            return self._settled(start, self._walk(start, 1), count_to=0)
        return self._settled(start, self._walk(start, n), count_to=n)

    def between(self, a: date, b: date) -> int:
        """The signed number of working days from ``a`` to ``b``: those after ``a`` up to and with ``b``.

        ``between(b, a) == -between(a, b)``, so a late answer's lateness and a due date's rest are one figure.
        """
        self._check(a)
        self._check(b)
        return self._running[self._index(b)] - self._running[self._index(a)]

    def is_provisional(self, day: date) -> bool:
        """Whether ``day`` lies in a year whose notice is not known."""
        self._check(day)
        return day.year not in self.years

    def reason(self, day: date) -> str:
        """Why ``day`` is or is not a working day, in Chinese; raises ``Invalid`` outside the calendar."""
        self._check(day)
        return self._reason(day)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the calendar's data: equal digests answer equally."""
        text = json.dumps(self.to_data(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_data(self) -> dict[str, object]:
        """JSON-ready and complete: ``from_data`` needs neither the library nor the files."""
        return {
            "format": _FORMAT,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "years": {str(year): number for year, number in sorted(self.years.items())},
            "days_off": _marks_data(self.days_off),
            "worked": _marks_data(self.worked),
            "closures": _marks_data(self.closures),
        }

    @staticmethod
    def from_data(data: Mapping[str, object]) -> Calendar:
        """The calendar that ``to_data`` wrote; raises ``Invalid`` if ``data`` is not such."""
        first, last, years = as_day(data.get("first")), as_day(data.get("last")), data.get("years")
        if data.get("format") != _FORMAT or first is None or last is None or not isinstance(years, Mapping):
            raise Invalid("工作日历数据无法识别，可能由较新版本写成", [Finding("format", "无法识别")])
        if not all(str(year).isdecimal() for year in years):
            raise Invalid("工作日历数据无法识别", [Finding("years", "应为年份")])
        return Calendar(
            first,
            last,
            {int(year): str(number) for year, number in years.items()},
            _marks(data, "days_off"),
            _marks(data, "worked"),
            _marks(data, "closures"),
        )

    @cached_property
    def _running(self) -> tuple[int, ...]:
        """For each day of the calendar, how many working days there are up to and with it."""
        count = self._index(self.last) + 1
        return tuple(accumulate(int(self._works(self.first + timedelta(days=offset))) for offset in range(count)))

    def _index(self, day: date) -> int:
        return (day - self.first).days

    def _works(self, day: date) -> bool:
        if day in self.closures:
            return False
        return day in self.worked or (day.weekday() < 5 and day not in self.days_off)

    def _walk(self, start: date, n: int) -> list[date]:
        """The days after (before) ``start`` up to the ``n``-th working one."""
        step, left, day, days = (_ONE if n > 0 else -_ONE), abs(n), start, []
        while left:
            # Compared before stepping: date.max cannot be stepped over.
            if day == (self.last if n > 0 else self.first):
                raise self._outside(f"自 {start} 起 {n} 个工作日")
            day += step
            days.append(day)
            left -= self._works(day)
        return days

    def _settled(self, start: date, days: list[date], *, count_to: int) -> DueDate:
        sign = -1 if count_to < 0 else 1
        opening = "起算日，" if count_to == 0 and not days else "起算日，不计入；"
        notes = [self._note(start, counted=False, number=0, opening=opening)]
        counted = 0
        for day in days:
            works = self._works(day)
            counted += works
            number = (sign * counted if count_to else 0) if works else None
            notes.append(self._note(day, counted=works, number=number))
        relied_on = notes[1:] or notes
        numbers = [n for note in relied_on for n in (self.years.get(note.date.year), note.notice) if n]
        return DueDate(
            due=notes[-1].date,
            provisional=any(note.provisional for note in relied_on),
            explanation=tuple(notes),
            notices=tuple(dict.fromkeys(numbers)),
        )

    def _note(self, day: date, *, counted: bool, number: int | None, opening: str = "") -> DayNote:
        mark = self.closures.get(day) or self.worked.get(day) or self.days_off.get(day)
        return DayNote(
            day, counted, number, opening + self._reason(day), mark.number if mark else None, day.year not in self.years
        )

    def _reason(self, day: date) -> str:
        weekday = f"周{_WEEKDAYS[day.weekday()]}"
        if day in self.closures:
            text = f"本地停工（{self.closures[day].reason}）"
        elif day in self.worked:
            text = "调休上班" + (f"（{self.worked[day].reason}）" if self.worked[day].reason else "")
        elif day in self.days_off:
            text = f"{self.days_off[day].reason}放假"
        elif day.weekday() >= 5:
            text = "周末"
        else:
            text = "工作日"
        doubt = "" if day.year in self.years else f"（暂定：{day.year}年放假安排通知尚未录入）"
        return f"{weekday}，{text}{doubt}"

    def _check(self, day: date) -> None:
        if isinstance(day, datetime):
            raise TypeError("a calendar takes days, not moments: convert to Asia/Shanghai and take .date()")
        if not self.first <= day <= self.last:
            raise self._outside(f"日期 {day}")

    def _outside(self, what: str) -> Invalid:
        message = f"{what}超出工作日历的范围（{self.first} 至 {self.last}），请检查年份是否写错"
        return Invalid(message, [Finding("date", message)])


def _build(notices: CalendarNotices) -> Calendar:
    whole = {notice.year: notice for notice in notices.notices if notice.amends is None}
    amending = [notice for notice in notices.notices if notice.amends is not None]
    years = {year: notices.library_numbers.get(year, "") for year in library.official_years()}
    years |= {year: notice.number for year, notice in sorted(whole.items())}
    findings = _gaps(years, whole, amending, notices.library_numbers)
    findings += [finding for notice in whole.values() for finding in _forgotten(notice, amending)]
    if findings:
        raise invalid("放假安排", findings)

    last_year = max(years) + GUESSED_YEARS
    days_off: dict[date, Mark] = {}
    worked: dict[date, Mark] = {}
    for year in range(FIRST_YEAR, last_year + 1):
        if year in whole:
            continue
        known = library.year(year)
        number = years.get(year) or None
        days_off |= {day: Mark(name, number) for day, name in known.days_off.items()}
        worked |= {day: Mark(f"换休 {free}", number) for day, free in known.worked.items() if day.year >= FIRST_YEAR}
    for notice in [*whole.values(), *amending]:
        for span in notice.days_off:
            for day in span.days():
                worked.pop(day, None)
                days_off[day] = Mark(span.name, notice.number)
        for day in notice.worked_weekends:
            days_off.pop(day, None)
            worked[day] = Mark("", notice.number)
    first, last = date(FIRST_YEAR, 1, 1), date(last_year, 12, 31)
    closures = {
        day: Mark(closure.reason, closure.number)
        for closure in notices.closures
        for day in closure.days()
        if first <= day <= last
    }
    return Calendar(first, last, years, days_off, worked, closures)


def _gaps(
    years: Mapping[int, str],
    whole: Mapping[int, HolidayNotice],
    amending: list[HolidayNotice],
    library_numbers: Mapping[int, str],
) -> list[Finding]:
    findings = [
        Finding(f"library_numbers.{year}", f"系统没有自带 {year} 年的放假安排，请用 [[notices]] 录入整份通知")
        for year in library_numbers
        if year not in library.official_years()
    ]
    findings += [
        Finding(f"{notice.place}.year", f"缺少 {year - 1} 年的通知，请先录入，或检查年份 {year} 是否写错")
        for year, notice in whole.items()
        if year - 1 not in years and year > FIRST_YEAR
    ]
    findings += [
        Finding(f"{notice.place}.amends", f"{notice.year} 年的放假安排尚未录入，没有可变更的通知“{notice.amends}”")
        for notice in amending
        if notice.year not in years
    ]
    return findings


def _forgotten(notice: HolidayNotice, amending: list[HolidayNotice]) -> list[Finding]:
    """Statutory holidays that a whole year's notice does not name: a slip of the pen, not a rule.

    Those on a weekend must be named too, for a forgotten one takes its day in lieu with it.
    """
    parts = [notice, *(other for other in amending if other.year == notice.year)]
    named = {day for part in parts for span in part.days_off for day in span.days()}
    return [
        Finding(f"{notice.place}.days_off", f"没有写法定节假日 {day}（{name}），请补全 {notice.year} 年的放假日期")
        for day, name in library.statutory_days(notice.year).items()
        if day not in named
    ]


def _marks_data(marks: Mapping[date, Mark]) -> dict[str, list[str | None]]:
    return {day.isoformat(): [mark.reason, mark.number] for day, mark in sorted(marks.items())}


def _marks(data: Mapping[str, object], key: str) -> dict[date, Mark]:
    """Reads what ``_marks_data`` wrote."""
    marks: dict[date, Mark] = {}
    table = data.get(key)
    for text, pair in table.items() if isinstance(table, Mapping) else ():
        day = as_day(text)
        if day is None or not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Invalid("工作日历数据无法识别", [Finding(f"{key}.{text}", "应为 [原因, 文号]")])
        marks[day] = Mark(str(pair[0]), None if pair[1] is None else str(pair[1]))
    return marks
