"""Working days: when something is due, and why then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from service import clock
from service.api.calls import Calls
from service.api.fields import Count, Day, Flag, List, Nested, Query, Said, Schema, Whole
from service.errors import Finding, Invalid
from service.http.context import db
from service.processes.calendars import current
from service.processes.terms import MAX_DAYS

calls = Calls("calendar", "Working days: due dates with their explanation")

DAYS = 7
"""办理 takes seven working days (W6)."""


class DayNote(Schema):
    """One day of an explanation. ``number`` is its place in the count, null where it does not count."""

    date = Day(required=True)
    counted = Flag(required=True)
    number = Whole(required=True, allow_none=True)
    reason = Said(required=True)
    notice = Said(required=True, allow_none=True)
    provisional = Flag(required=True)


class DueExplanation(Schema):
    """A due date with its reasons. ``named``: a person named the day, nothing was counted."""

    due = Said(required=True)
    provisional = Flag()
    named = Flag()
    explanation = List(Nested(DayNote), required=True)
    notices = List(Said())


class Due(DueExplanation):
    """When ``days`` working days from ``from`` on are over."""

    start = Day(required=True, data_key="from")
    days = Whole(required=True)


class DueQuery(Query):
    """``from`` (default: today) is day 0; ``days`` working days, counted back where negative."""

    start = Day(data_key="from")
    days = Count(low=-MAX_DAYS, high=MAX_DAYS, load_default=DAYS)


@calls.get("/calendar/due", answer=Due, query=DueQuery, for_administrators=True)
def due(query: dict[str, Any]) -> Mapping[str, Any]:
    """The due date, whether it is provisional (暂定), and each counted and skipped day with its reason."""
    start: date = query.get("start") or clock.today()
    try:
        counted = current(db()).add(start, query["days"])
    except Invalid as error:
        raise Invalid(error.message, [Finding("/from", error.message)]) from error
    return {"start": start, "days": query["days"], **explained(counted.to_data())}


def explained(data: Mapping[str, Any]) -> dict[str, Any]:
    """A stored explanation, with its days as dates."""
    notes = [{**note, "date": date.fromisoformat(note["date"])} for note in data.get("explanation", [])]
    return {**data, "explanation": notes}
