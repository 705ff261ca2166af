"""How values look to staff: dates, moments, lights, stages. Pure, registered as template filters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from service import clock
from service.processes.lateness import Standing
from service.processes.rules import NEED, left, numbered, one_line
from service.processes.subjects import titled
from service.reports.rules import late_words, lateness_note

YEARS_SHOWN = 5

LIGHTS: Mapping[str, str] = {"green": "正常", "yellow": "临期", "red": "超期", "grey": "不计时"}


def day(value: date | str | None) -> str:
    """2026-10-13（周二）; an ISO text will do; a dash for nothing."""
    if not value:
        return "—"
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return clock.written(found)


def moment(value: datetime | str | None) -> str:
    """2026-10-13（周二）09:12 in Shanghai; a dash for nothing."""
    if not value:
        return "—"
    found = clock.local(datetime.fromisoformat(value) if isinstance(value, str) else value)
    return f"{day(found.date())}{found:%H:%M}"


def case_number(case: Any) -> str:
    """The number of a case, 未编号 of a need that has none yet, 无编号 where its process gives none."""
    return numbered(case.number, getattr(case, "process", NEED))


def lateness(standing: Standing | None) -> list[str]:
    """How a case stands, in words: what a responsible unit is or was late with, then what another step is or was."""
    if standing is None:
        return []
    unit = "超期" if standing.overdue else "曾超期" if standing.late else ""
    step = "环节超期" if standing.overdue_steps else "环节曾超期" if standing.late_steps else ""
    return [word for word in (unit, step) if word]


def island(value: Any) -> Markup:
    """JSON for a ``<script type="application/json">``: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that could end the element was replaced above


def usual(years_back: int, years_ahead: int) -> Markup:
    """Attributes of a date input: outside these years around today it asks to look at the year, stopping nobody."""
    today = clock.today().replace(day=min(clock.today().day, 28))
    first, last = today.replace(year=today.year - years_back), today.replace(year=today.year + years_ahead)
    return Markup('data-usual-from="{}" data-usual-until="{}"').format(first.isoformat(), last.isoformat())


def recent_years() -> list[tuple[str, str]]:
    """The years that a list offers to look at, the present one first."""
    year = clock.today().year
    return [(str(one), f"{one} 年") for one in range(year, year - YEARS_SHOWN, -1)]


def named(items: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(code, name) of the towns, categories … of the organization."""
    return [(code, str(item.name)) for code, item in items.items()]


def coded(items: Iterable[Any]) -> list[tuple[str, str]]:
    """(code, name) of units."""
    return [(str(item.code), str(item.name)) for item in items]


FILTERS = {
    "day": day,
    "moment": moment,
    "left": left,
    "lateness": lateness,
    "late_words": late_words,
    "lateness_note": lateness_note,
    "island": island,
    "named": named,
    "coded": coded,
    "case_number": case_number,
    "numbered": numbered,
    "one_line": one_line,
    "titled": titled,
}
FUNCTIONS = {"usual": usual, "recent_years": recent_years}
"""The functions that templates call without a value to begin with."""
