"""Filters of the lists of reports and briefs."""

from __future__ import annotations

from dataclasses import dataclass

from service.fields import FIRST_YEAR, LAST_YEAR, condition
from service.reports.rules import HALVES, REPORT_STATUSES

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Filters of the list of reports. ``late`` are those sent late, or past their date and not sent (T6)."""

    unit: str | None = None
    year: int | None = condition(choices=YEARS)
    half: int | None = condition(choices=HALVES)
    status: str | None = condition(choices=REPORT_STATUSES)
    late: bool | None = None


@dataclass(frozen=True, slots=True)
class BriefFilter:
    """Filters of the list of briefs: of a leader's post, of a month, those released or not."""

    leader_id: str | None = condition(sent="leader")
    year: int | None = condition(choices=YEARS)
    month: int | None = condition(choices=MONTHS)
    released: bool | None = None
