"""The rules of a form on a single date: how far it may be, past or to come, a working day or not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from service.errors import Finding
from service.workdays import Calendar

FIRST_DATE = date(2000, 1, 1)
YEARS_AHEAD = 10
WORKDAY = "x-workday"
"""Says that a date must be a working day."""


def date_findings(
    name: str, value: str, schema: Mapping[str, Any], today: date, calendar: Calendar
) -> Iterator[Finding]:
    """The faults of a field's date; none of what is no date, which the schema tells."""
    try:
        day = date.fromisoformat(value)
    except ValueError:  # a field that the chosen branch does not ask for: the schema has not looked at it
        return
    title, path = schema.get("title", name), f"/data/{name}"
    last = today.replace(year=today.year + YEARS_AHEAD, day=min(today.day, 28))
    if not FIRST_DATE <= day <= last:
        yield Finding(path, f"{title}：日期应在 {FIRST_DATE} 至 {last} 之间")
    elif schema.get("x-date") == "past" and day > today:
        yield Finding(path, f"{title}：不能晚于今天（{today}）")
    elif schema.get("x-date") == "future" and day <= today:
        yield Finding(path, f"{title}：应晚于今天（{today}）")
    elif schema.get(WORKDAY) is True and not calendar.is_working_day(day):
        before, after = (calendar.add(day, step).due.isoformat() for step in (-1, 1))
        yield Finding(path, f"{title}：{day} 不是工作日（{calendar.reason(day)}），可填 {before} 或 {after}")
    elif (limit := schema.get("x-within-working-days")) is not None and day > (end := calendar.add(today, limit).due):
        yield Finding(path, f"{title}：最多 {limit} 个工作日，即不晚于 {end}")
