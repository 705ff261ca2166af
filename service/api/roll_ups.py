"""The sums of the offices' reports of a half-year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock
from service.api.calls import Calls
from service.api.fields import Body, Count, Day, Flag, Form, List, Query, Said, Schema, Whole
from service.fields import FIRST_YEAR, LAST_YEAR
from service.http.context import actor, db, settings
from service.usecases import half_years, issuing_reports
from service.usecases.issuing import RIGHT

calls = Calls("reports", "Half-year reports, briefs to leaders, the assessment sheet", noun="roll_ups")


class RollUp(Schema):
    """The sums of the reports of a half-year."""

    year = Whole(required=True)
    half = Whole(required=True)
    on = Day(required=True, metadata={"description": "the reports as they stood at the end of this day"})
    expected = Whole(required=True)
    submitted = Whole(required=True)
    accepted = Whole(required=True)
    returned = Whole(required=True)
    late = Whole(required=True)
    overdue = Whole(
        required=True,
        metadata={"description": "units that owe their report past its date"},
    )
    complete = Flag(required=True)
    missing = List(Form(), required=True)
    units = List(Form(), required=True)
    totals = Form(required=True)
    summary = Said(required=True, allow_none=True)
    number = Said(required=True, metadata={"description": "the number of the paper by that day; empty for none"})


class Half(Body):
    """The half-year whose roll-up is numbered."""

    year = Whole(low=FIRST_YEAR, high=LAST_YEAR, required=True)
    half = Whole(low=1, high=2, required=True)


class HalfQuery(Query):
    """The half-year that is summed up."""

    year = Count(low=FIRST_YEAR, high=LAST_YEAR, required=True)
    half = Count(low=1, high=2, required=True)
    as_of = Day(metadata={"description": "as of the end of this day (default: today): reports as they stood then"})


@calls.get("/reports/roll-up", answer=RollUp, query=HalfQuery, right="view_reports")
def roll_up(query: dict[str, Any]) -> Mapping[str, Any]:
    """Sums up the reports of a half-year, and names those missing; ``summary`` is the Talent Office's."""
    return _rolled_up(on=query.pop("as_of", None), **query)


@calls.post("/reports/roll-up/number", answer=RollUp, body=Half, right=RIGHT)
def number_roll_up(body: dict[str, Any]) -> Mapping[str, Any]:
    """Gives the roll-up of a half-year its number, once (编文号)."""
    issuing_reports.number_roll_up(db(), **body, formats=settings().paper_formats, actor=actor(), now=clock.now())
    return _rolled_up(**body)


def _rolled_up(**asked: Any) -> Mapping[str, Any]:
    return half_years.rolled_up(db(), days=settings().contacts.report_days, **asked)
