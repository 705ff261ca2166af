"""Further words of changes of settings, organization and calendar: what stood there before and since.

The first entry of each differs from nothing; it tells what stood in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit.questions.journal import Event
from service.audit.questions.known import Known
from service.audit.questions.words import FIRST, detail, titled, value_words
from service.config.secrets import shown
from service.errors import Invalid, NotFound
from service.fields import NOTHING
from service.history import HistoryEvent
from service.processes.calendars import by_digest
from service.workdays import Calendar, CalendarNotices
from service.workdays.calendar import Mark

CALENDAR, USUAL = "calendar", "照常"
LOADED, FILED = "calendar_loaded", "notices_filed"
LONGEST = 30_000
"""Characters of a detail: a cell of Excel takes 32,767."""

Days = Mapping[date, str]
"""Day → what is told of it; days of which nothing is told are ordinary ones."""


def changes(session: Session, events: Sequence[Event], _known: Known) -> Mapping[int, Mapping[str, Any]]:
    """``what`` and ``detail`` of the entries that say what stood there, each from → to. One statement, and one for each
    calendar that is not at hand."""
    found: dict[int, Mapping[str, Any]] = {}
    for one in events:
        if one.kind in FIRST:
            if not one.data.get("changes") and isinstance(values := one.data.get("values"), Mapping):
                found[one.id] = {"detail": _cut(_first_values(one.kind, values))}
            else:
                found[one.id] = {"detail": _cut(detail(one.kind, one.stream, one.data, str, longest=LONGEST))}
    return found | _of_calendars(session, {one.id for one in events})


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _first_values(kind: str, values: Mapping[str, Any]) -> str:
    named = {
        titled(name) if kind == "settings_loaded" else name: value_words(shown(name, value), name)
        for name, value in values.items()
    }
    told = "；".join(f"{name}：{NOTHING} → {value}" for name, value in named.items())
    return f"首次记录 {len(named)} 项，此前没有记录：{told}"


def _of_calendars(session: Session, wanted: set[int]) -> dict[int, Mapping[str, Any]]:
    query = select(HistoryEvent.id, HistoryEvent.kind, HistoryEvent.data)
    entries = session.execute(query.where(HistoryEvent.stream == CALENDAR).order_by(HistoryEvent.seq)).all()
    loaded = [None, *(one for one in entries if one.kind == LOADED)]
    filed = [None, *(one for one in entries if one.kind == FILED)]
    found: dict[int, Mapping[str, Any]] = {}
    for before, after in pairwise(loaded):
        if after is not None and after.id in wanted:
            try:
                was = by_digest(session, before.data["digest"]) if before is not None else None
                said = _calendars(was, by_digest(session, after.data["digest"]))
            except (NotFound, Invalid):
                said = ["工作日历的内容缺失或无法读取，见核验"]
            found[after.id] = _told(after, "启用工作日历（首次）", said)
    for before, after in pairwise(filed):
        if after is not None and after.id in wanted:
            held = _notices(before.data) if before is not None else CalendarNotices()
            found[after.id] = _told(
                after, "配置文件中的放假安排（首次记录）", list(_differing(held, _notices(after.data)))
            )
    for one in entries:
        if one.kind not in (LOADED, FILED) and one.id in wanted and "notices" in one.data:
            found[one.id] = _told(one, "", list(_differing(CalendarNotices(), _notices(one.data))))
    firsts = {each[1].id for each in (loaded, filed) if len(each) > 1 and each[1] is not None}
    return {key: told if key in firsts else {"detail": told["detail"]} for key, told in found.items()}


def _told(event: Any, what: str, said: Sequence[str]) -> Mapping[str, Any]:
    source = f"来源：{event.data['source']}" if event.data.get("source") else ""
    return {"what": what, "detail": _cut("；".join(part for part in (source, *(said or ["内容没有不同"])) if part))}


def _notices(data: Mapping[str, Any]) -> CalendarNotices:
    return CalendarNotices.from_data(data["notices"])


# --- Calendars -------------------------------------------------------------------------------------------------------


def _calendars(before: Calendar | None, after: Calendar) -> list[str]:
    """The differences of two calendars: years with their notices, then days, runs of days in one line."""
    years = before.years if before is not None else {}
    said = [
        f"{year} 年的放假安排：{_year(years, year)} → {_year(after.years, year)}"
        for year in sorted(years.keys() | after.years.keys())
        if _year(years, year) != _year(after.years, year)
    ]
    return [*said, *_days(_marked(before) if before is not None else {}, _marked(after))]


def _year(years: Mapping[int, str], year: int) -> str:
    return (years[year] or "随系统自带") if year in years else NOTHING


def _marked(calendar: Calendar) -> Days:
    """The days that are not as their day of the week has them. Of years without a notice nothing is settled."""
    found: dict[date, str] = {}
    for word, marks in (("放假", calendar.days_off), ("上班", calendar.worked), ("停工", calendar.closures)):
        found |= {day: _mark(word, mark) for day, mark in marks.items() if day.year in calendar.years or word == "停工"}
    return found


def _mark(word: str, mark: Mark) -> str:
    said = "，".join(part for part in (mark.reason, mark.number or "") if part and part != word)
    return f"{word}（{said}）" if said else word


def _days(before: Days, after: Days) -> Iterator[str]:
    run: list[date] = []
    told: tuple[str, str] | None = None
    for day in sorted(before.keys() | after.keys()):
        pair = before.get(day, USUAL), after.get(day, USUAL)
        if pair[0] == pair[1]:
            continue
        if run and pair == told and day == run[-1] + timedelta(days=1):
            run.append(day)
            continue
        if told is not None:
            yield _line(run, told)
        run, told = [day], pair
    if told is not None:
        yield _line(run, told)


def _line(run: Sequence[date], told: tuple[str, str]) -> str:
    return f"{_span(run[0], run[-1])}：{told[0]} → {told[1]}"


# --- Notices ---------------------------------------------------------------------------------------------------------


def _differing(before: CalendarNotices, after: CalendarNotices) -> Iterator[str]:
    """The notices and closures that one has and the other has not, and the numbers of known years."""
    had, has = _spoken(before), _spoken(after)
    yield from (f"新增{line}" for line in has if line not in had)
    yield from (f"删去{line}" for line in had if line not in has)
    years = before.library_numbers.keys() | after.library_numbers.keys()
    for year in sorted(years):
        was, now = before.library_numbers.get(year, NOTHING), after.library_numbers.get(year, NOTHING)
        if was != now:
            yield f"系统自带 {year} 年安排的文号：{was} → {now}"


def _spoken(notices: CalendarNotices) -> list[str]:
    told = []
    for one in notices.notices:
        off = "、".join(f"{each.name} {_span(each.first, each.last)} 放假" for each in one.days_off)
        worked = "、".join(day.isoformat() for day in one.worked_weekends)
        parts = (off, f"{worked} 上班" if worked else "", f"变更 {one.amends}" if one.amends else "")
        told.append(f"放假安排：{one.number}（{one.year} 年）{'，'.join(part for part in parts if part)}")
    for closure in notices.closures:
        number = f"（{closure.number}）" if closure.number else ""
        told.append(f"停工：{_span(closure.first, closure.last)} {closure.reason}{number}")
    return told


def _span(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()} 至 {last.isoformat()}"
