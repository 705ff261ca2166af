"""考核指标: what was done of what is asked, by leader and by unit, for a year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db, settings
from service.ledger.assessment import sheet_of_year
from service.processes.lateness import MEANING
from service.reports import INDICATORS, Figure, Score, Sheet
from service.reports.assessment import OF_LEADERS
from service.web.access import requires
from service.web.answers import argument
from service.web.asked import asked_number
from service.web.context import may_today
from service.web.exports import sheet

blueprint = Blueprint("assessment", __name__)

FIRST_YEAR = 2000


@blueprint.get("/assessment")
@requires()
def assessment() -> ResponseReturnValue:
    """考核指标."""
    return render_template(
        "assessment/assessment.html",
        sheet=_sheet(),
        indicators=INDICATORS,
        leader_indicators=OF_LEADERS,
        weights=settings().assessment,
        meaning=MEANING,
        today=clock.today(),
        sees_all=may_today("view_assessment"),
    )


@blueprint.get("/assessment.xlsx")
@requires()
def export() -> ResponseReturnValue:
    """The sheet for a spreadsheet; scores with their working where there are weights."""
    found = _sheet()
    heading = ["对象", "类别", "单位", *INDICATORS.values(), "得分", "计算过程"]
    return sheet(f"{found.year} 年考核指标", heading, _rows(found))


def _sheet() -> Sheet:
    today = clock.today()
    return sheet_of_year(
        db(),
        year=asked_number("year", range(FIRST_YEAR, today.year + 1)) or today.year,
        on=today,
        unit=argument("unit"),
        weights=settings().assessment,
        report_days=settings().contacts.report_days,
        reader=actor(),
    )


def _rows(sheet: Sheet) -> Iterator[list[str | int]]:
    for line in sheet.units:
        name = sheet.names[line.unit.code]
        yield [name, "单位", name, *_cells(line.figures, line.score)]
    for row in sheet.leaders:
        unit = sheet.names.get(row.then.unit_code or "", "")
        yield [row.then.name, f"领导（{row.leader.klass}类）", unit, *_cells(row.figures, row.score)]


def _cells(figures: Mapping[str, Figure], score: Score | None) -> list[str | int]:
    shown: list[str | int] = []
    for code in INDICATORS:
        figure = figures.get(code)
        shown.append(f"{figure.done}/{figure.of}" if figure is not None and figure.of else "—")
    return [*shown, f"{score.points:.1f}" if score else "", score.working if score else ""]
