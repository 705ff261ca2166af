"""Additions of an office to the calendar: notices on holidays, and local closures.

A file of notices (``config/calendar.toml``, or what ``liaison calendar load FILE`` reads) looks like this::

    [[notices]]
    year = 2027
    number = "国办发明电〔2026〕9号"
    issued_on = 2026-11-05
    days_off = [{ from = 2027-01-01, to = 2027-01-03, name = "元旦" }, …]
    worked_weekends = [2027-01-09, …]

    [[closures]]
    from = 2027-08-20
    reason = "台风停工"

A notice without ``amends`` arranges its whole year. One with ``amends = "number"`` changes only the days it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from service.config.reader import Table, as_day, invalid, parse, read_file
from service.errors import Finding

FILE = "calendar.toml"
FIRST_YEAR = 2005
_LAST_YEAR = 2100  # the library's lunar tables end here
_LONGEST_SPAN_DAYS = 31


@dataclass(frozen=True, slots=True)
class DayOff:
    """Consecutive days, both ends included, off for the holiday ``name``."""

    first: date
    last: date
    name: str
    place: str = field(default="", compare=False)

    def days(self) -> Iterator[date]:
        return _days(self.first, self.last)


@dataclass(frozen=True, slots=True)
class HolidayNotice:
    """A notice of the State Council on the holidays of ``year``.

    ``amends`` is the number of the notice it changes, or None if it arranges the whole year. ``place`` says where it
    was read.
    """

    year: int
    number: str
    days_off: tuple[DayOff, ...] = ()
    worked_weekends: tuple[date, ...] = ()
    issued_on: date | None = None
    amends: str | None = None
    place: str = field(default="", compare=False)

    def named_days(self) -> Iterator[tuple[date, str]]:
        """Each day this notice decides, with its place in the file; twice if it is named twice."""
        for span in self.days_off:
            for day in span.days():
                yield day, span.place or f"{self.place}.days_off"
        for index, day in enumerate(self.worked_weekends):
            yield day, f"{self.place}.worked_weekends[{index}]"


@dataclass(frozen=True, slots=True)
class Closure:
    """Consecutive days, both ends included, on which local offices were closed (a typhoon)."""

    first: date
    last: date
    reason: str
    number: str | None = None
    place: str = field(default="", compare=False)

    def days(self) -> Iterator[date]:
        return _days(self.first, self.last)


@dataclass(frozen=True, slots=True)
class CalendarNotices:
    """All that offices have added. ``library_numbers``: year -> number of the notice that the library already holds."""

    notices: tuple[HolidayNotice, ...] = ()
    closures: tuple[Closure, ...] = ()
    library_numbers: Mapping[int, str] = field(default_factory=dict)

    def merged(self, other: CalendarNotices) -> CalendarNotices:
        """Both together; what both hold alike counts once.

        Raises ``Invalid`` naming the places of days that both decide.
        """
        both = CalendarNotices(
            self.notices + tuple(notice for notice in other.notices if notice not in self.notices),
            self.closures + tuple(closure for closure in other.closures if closure not in self.closures),
            {**self.library_numbers, **other.library_numbers},
        )
        findings = overlaps(both)
        if findings:
            raise invalid("放假安排", findings)
        return both

    def to_data(self) -> dict[str, object]:
        """JSON-ready; ``from_data`` gives an equal value back."""
        return {
            "library_numbers": {str(year): number for year, number in sorted(self.library_numbers.items())},
            "notices": [_notice_data(notice) for notice in self.notices],
            "closures": [
                {
                    "from": closure.first.isoformat(),
                    "to": closure.last.isoformat(),
                    "reason": closure.reason,
                    **({"number": closure.number} if closure.number else {}),
                }
                for closure in self.closures
            ],
        }

    @staticmethod
    def from_data(data: Mapping[str, object], name: str = "放假安排数据") -> CalendarNotices:
        """The notices in ``data`` (shape: that of the file); raises ``Invalid`` naming each mistake."""
        findings: list[Finding] = []
        root = Table(data, "", findings)
        numbers = root.table("library_numbers")
        library_numbers = {
            int(year): numbers.text(year, longest=60) for year in numbers.names() if _is_year(year, numbers)
        }
        notices = tuple(_read_notice(table) for table in root.tables("notices"))
        closures = tuple(_read_closure(table) for table in root.tables("closures"))
        root.close()
        numbers.close()
        read = CalendarNotices(notices, closures, library_numbers)
        findings += overlaps(read) if not findings else []
        if findings:
            raise invalid(name, findings)
        return read


def parse_notice_file(content: bytes, name: str = FILE) -> CalendarNotices:
    """The notices and closures in a TOML file's ``content``; ``name`` is what errors call the file.

    Raises ``Invalid`` whose findings name each bad, unknown or overlapping place.
    """
    return _placed(CalendarNotices.from_data(parse(content, name), name), name)


def load_notices(directory: Path) -> CalendarNotices:
    """The notices of ``directory/calendar.toml``. Raises ``Invalid`` as ``parse_notice_file`` does."""
    return _placed(CalendarNotices.from_data(read_file(directory / FILE), FILE), FILE)


def overlaps(notices: CalendarNotices) -> list[Finding]:
    """Days or years that are decided twice, each named at its second place.

    A notice that amends may decide anew what the amended year's other notice decided; nobody else may.
    """
    findings: list[Finding] = []
    seen: dict[tuple[date, bool], str] = {}
    whole_years: dict[int, str] = {}
    days_off: dict[date, str] = {}
    for notice in notices.notices:
        if notice.amends is None:
            if notice.year in whole_years:
                message = (
                    f"{notice.year} 年的放假安排已在 {whole_years[notice.year]}；如为变更通知，请写 amends = 原文号"
                )
                findings.append(Finding(f"{notice.place}.year", message))
            whole_years.setdefault(notice.year, notice.place)
        for day, place in notice.named_days():
            findings += _second(seen, (day, notice.amends is not None), place)
        days_off.update((day, span.place) for span in notice.days_off for day in span.days())
    closed: dict[tuple[date, bool], str] = {}
    for closure in notices.closures:
        for day in closure.days():
            findings += _second(closed, (day, True), closure.place)
            if day in days_off:
                findings.append(Finding(closure.place, f"{day} 已在 {days_off[day]} 放假，停工日期请去掉这一天"))
    return findings


def _second(seen: dict[tuple[date, bool], str], key: tuple[date, bool], place: str) -> list[Finding]:
    if key in seen:
        return [Finding(place, f"{key[0]} 与 {seen[key]} 重复，同一天只能写一次")]
    seen[key] = place
    return []


def _read_notice(table: Table) -> HolidayNotice:
    year = table.integer("year", low=FIRST_YEAR, high=_LAST_YEAR)
    number = table.text("number", longest=60)
    issued_on = table.day("issued_on", required=False)
    amends = table.text("amends", "", longest=60) or None
    place = table.path
    spans = tuple(span for span in (_read_day_off(part, year) for part in table.tables("days_off")) if span)
    worked: list[date] = []
    for index, value in enumerate(table.items("worked_weekends")):
        day = as_day(value)
        at = f"{place}.worked_weekends[{index}]"
        if day is None:
            table.findings.append(Finding(at, f"“{value}”不是日期，应写成 2027-01-09 的样子"))
        elif day.weekday() < 5:
            table.findings.append(Finding(at, f"{day} 是周{'一二三四五'[day.weekday()]}，不是周末，不需要写成调休上班"))
        elif _outside(day, year):
            table.findings.append(Finding(at, _outside_message(day, year)))
        else:
            worked.append(day)
    if not spans and not worked and not table.findings:
        table.findings.append(Finding(place, "没有写放假日期（days_off）或调休上班日期（worked_weekends）"))
    table.close()
    return HolidayNotice(year, number, spans, tuple(worked), issued_on, amends, place)


def _read_day_off(table: Table, year: int) -> DayOff | None:
    span = _read_span(table)
    name = table.text("name", longest=40)
    table.close()
    if span is None:
        return None
    for key, day in zip(("from", "to"), span, strict=True):
        if _outside(day, year):
            table.fault(key, _outside_message(day, year))
            return None
    return DayOff(*span, name, table.path)


def _read_closure(table: Table) -> Closure:
    span = _read_span(table) or (date.min, date.min)
    reason = table.text("reason", longest=100)
    number = table.text("number", "", longest=60) or None
    table.close()
    return Closure(*span, reason, number, table.path)


def _read_span(table: Table) -> tuple[date, date] | None:
    first = table.day("from")
    last = table.day("to", first, required=False)
    if first is None or last is None:
        return None
    if not FIRST_YEAR <= first.year <= _LAST_YEAR:
        table.fault("from", f"{first} 超出日历范围（{FIRST_YEAR} 至 {_LAST_YEAR} 年）")
    elif last < first:
        table.fault("to", f"结束日期 {last} 早于开始日期 {first}")
    elif (last - first).days >= _LONGEST_SPAN_DAYS:
        table.fault("to", f"{first} 至 {last} 超过 {_LONGEST_SPAN_DAYS} 天，请检查年份或分段填写")
    else:
        return first, last
    return None


def _outside(day: date, year: int) -> bool:
    # A notice may reach into the December before: that of 2006 made 2005-12-31 a working day.
    return not (day.year == year or (day.year == year - 1 and day.month == 12))


def _outside_message(day: date, year: int) -> str:
    return f"{day} 不属于 {year} 年的安排（只能是 {year} 年或 {year - 1} 年 12 月的日期）"


def _is_year(key: str, table: Table) -> bool:
    good = key.isascii() and key.isdigit() and FIRST_YEAR <= int(key[:6]) <= _LAST_YEAR
    if not good:
        table.value(key)
        table.fault(key, f"应为 {FIRST_YEAR} 至 {_LAST_YEAR} 之间的年份")
    return good


def _placed(read: CalendarNotices, name: str) -> CalendarNotices:
    """The same with the file's name before every place, so that errors across files say which file."""
    return replace(
        read,
        notices=tuple(
            replace(
                notice,
                place=f"{name} {notice.place}",
                days_off=tuple(replace(span, place=f"{name} {span.place}") for span in notice.days_off),
            )
            for notice in read.notices
        ),
        closures=tuple(replace(closure, place=f"{name} {closure.place}") for closure in read.closures),
    )


def _notice_data(notice: HolidayNotice) -> dict[str, object]:
    data: dict[str, object] = {
        "year": notice.year,
        "number": notice.number,
        "days_off": [
            {"from": span.first.isoformat(), "to": span.last.isoformat(), "name": span.name} for span in notice.days_off
        ],
        "worked_weekends": [day.isoformat() for day in notice.worked_weekends],
    }
    if notice.issued_on:
        data["issued_on"] = notice.issued_on.isoformat()
    if notice.amends:
        data["amends"] = notice.amends
    return data


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
