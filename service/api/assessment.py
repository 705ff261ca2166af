"""The assessment sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from service import clock
from service.api.calls import Calls
from service.api.fields import Count, Day, List, Nested, Query, Said, Schema, Text, Whole
from service.fields import FIRST_YEAR, LAST_YEAR
from service.http.context import actor, db, settings
from service.ledger.assessment import sheet_of_year
from service.reports import Figure, Score

calls = Calls("reports", "Half-year reports, briefs to leaders, the assessment sheet", noun="assessment")


class FigureItem(Schema):
    """``done`` of ``of``."""

    indicator = Said(required=True)
    done = Whole(required=True)
    of = Whole(required=True)


class AssessmentRow(Schema):
    """A leader's or a unit's indicators. ``score`` and ``working`` are null without weights: none is invented."""

    id = Said(required=True)
    name = Said(required=True)
    unit = Said(required=True, allow_none=True)
    figures = List(Nested(FigureItem), required=True)
    score = Said(required=True, allow_none=True)
    working = Said(required=True, allow_none=True)


class Assessment(Schema):
    """The assessment sheet of a year."""

    year = Whole(required=True)
    on = Day(required=True)
    leaders = List(Nested(AssessmentRow), required=True)
    units = List(Nested(AssessmentRow), required=True)


class AssessmentQuery(Query):
    """The year; ``on`` is the last day counted (default today)."""

    year = Count(low=FIRST_YEAR, high=LAST_YEAR)
    on = Day()
    unit = Text()


@calls.get("/assessment", answer=Assessment, query=AssessmentQuery)
def assessment(query: dict[str, Any]) -> Mapping[str, Any]:
    """考核指标: the leaders and units that I may see."""
    on: date = query.get("on") or clock.today()
    known = settings()
    sheet = sheet_of_year(
        db(),
        year=query.get("year") or on.year,
        on=on,
        unit=query.get("unit"),
        weights=known.assessment,
        report_days=known.contacts.report_days,
        reader=actor(),
    )
    leaders = [(str(row.leader.id), row.then.name, row.then.unit_code, row) for row in sheet.leaders]
    units = [(row.unit.code, sheet.names[row.unit.code], row.unit.code, row) for row in sheet.units]
    return {
        "year": sheet.year,
        "on": sheet.on,
        "leaders": [_row(key, name, unit, row.figures, row.score) for key, name, unit, row in leaders],
        "units": [_row(key, name, unit, row.figures, row.score) for key, name, unit, row in units],
    }


def _row(key: str, name: str, unit: str | None, figures: Mapping[str, Figure], score: Score | None) -> dict[str, Any]:
    return {
        "id": key,
        "name": name,
        "unit": unit,
        "figures": [{"indicator": code, "done": one.done, "of": one.of} for code, one in figures.items()],
        "score": f"{score.points:.1f}" if score is not None else None,
        "working": score.working if score is not None else None,
    }
