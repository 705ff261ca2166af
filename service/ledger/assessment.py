"""The assessment sheet of a year with what the ledger counts for it: needs by leader, answers by unit (O1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from service.ledger.counts import leader_answers, unit_answers
from service.processes.calendars import current
from service.reports.assessment import Sheet, assessment_sheet
from service.rights import Actor


def sheet_of_year(
    session: Session,
    *,
    year: int,
    on: date,
    unit: str | None,
    weights: Mapping[str, float],
    report_days: int,
    reader: Actor,
) -> Sheet:
    """``reports.assessment_sheet`` of a year, counted from 1 January to ``on`` (at most 31 December)."""
    first, last = date(year, 1, 1), min(on, date(year, 12, 31))
    return assessment_sheet(
        session,
        year=year,
        on=on,
        calendar=current(session),
        needs_by_leader=leader_answers(session, starts_on=first, ends_on=last),
        answers_by_unit=unit_answers(session, starts_on=first, ends_on=last),
        weights=weights,
        unit=unit,
        report_days=report_days,
        reader=reader,
    )
