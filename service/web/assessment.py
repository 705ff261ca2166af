"""考核指标: what was done of what is asked, by leader and by unit, for a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db, settings
from service.ledger.assessment import sheet_of_year
from service.ledger.statistics import ANSWERS_MEANING
from service.processes.lateness import ASKED_FOR, MEANING
from service.reports import INDICATORS, Figure, Score, Sheet
from service.reports.assessment import OF_LEADERS, LeaderRow, UnitRow
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
    found = _sheet()
    of_leader, of_unit = _openers(found)
    return render_template(
        "assessment/assessment.html",
        sheet=found,
        of_leader=of_leader,
        of_unit=of_unit,
        indicators=INDICATORS,
        leader_indicators=OF_LEADERS,
        weights=settings().assessment,
        meaning=MEANING,
        answers_meaning=ANSWERS_MEANING,
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


def _openers(found: Sheet) -> tuple[Callable[[LeaderRow, str], str], Callable[[UnitRow, str], str]]:
    """The addresses of a leader's and of a unit's figures: lists of what they count, up to the sheet's day."""
    days: dict[str, Any] = {"since": f"{found.year}-01-01", "until": found.on.isoformat()}

    def of_leader(row: LeaderRow, code: str) -> str:
        whose: dict[str, Any] = {"leader": str(row.leader.id)}
        if code == "needs_in_time":
            return url_for("web.ledger.ledger", **whose, **days, as_of=days["until"])
        if code in ("quota", "contacts"):
            return url_for("web.links.links", **whose, status="all", on=days["until"])
        if code == "interviews":
            return url_for("web.interviews.interviews", **whose, year=found.year)
        page = "web.contacts.index" if code == "entered_in_time" else "web.opinions.opinions"
        return url_for(page, **whose, **days)

    def of_unit(row: UnitRow, code: str) -> str:
        if code == "answers_in_time":
            asked: dict[str, Any] = {"asked": row.unit.code, "answers": ASKED_FOR, "answers_since": days["since"]}
            return url_for("web.ledger.ledger", **asked, as_of=days["until"])
        if code == "reports_in_time":
            return url_for("web.reports.reports_list", unit=row.unit.code, year=found.year)
        return url_for(".assessment", year=found.year, unit=row.unit.code, _anchor="leaders")

    return of_leader, of_unit


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
