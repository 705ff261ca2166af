"""汇总: what the offices' reports of a half-year add up to, and whose are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, reports
from service.contacts.rules import period_of
from service.http.context import db, settings
from service.http.files import printed
from service.reports import HALVES, REPORT_STATUSES
from service.reports.filters import YEARS
from service.reports.numbering import ROLL_UP
from service.reports.papers import roll_up_paper
from service.reports.rules import EDITABLE, half_to_report
from service.usecases import half_years, issuing_reports
from service.usecases.issuing import RIGHT
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import asked_day, sent, whole
from service.web.asked import asked_number
from service.web.context import may_today
from service.web.exports import Columns, workbook
from service.web.issuing import example_of, numbered
from service.web.opened_needs import opened_needs
from service.web.prints import without_type

blueprint = Blueprint("roll_ups", __name__)

COLUMNS: Columns[Mapping[str, Any]] = {
    "单位": lambda row: row["name"],
    "状态": lambda row: REPORT_STATUSES[row["status"]] if row["status"] else "未编制",
    "是否逾期报送": lambda row: "逾期未报送" if row["overdue"] else "是" if row["late"] else "否",
    "合计": lambda row: "未计入合计" if row["status"] in (None, *EDITABLE) else "计入合计",
    "联系次数": lambda row: row["contacts"],
    "意见建议": lambda row: row["opinions"],
    "需求": lambda row: row["needs"],
}


@blueprint.get("/reports/roll-up")
@requires(right="view_reports")
def roll_up() -> ResponseReturnValue:
    """汇总."""
    summed = _summed()
    paper = roll_up_paper(summed, summed["summary"] or "")
    lacking = without_type(paper)
    past = summed["on"].isoformat() if summed["on"] < clock.today() else None
    told = {"summed": summed, "paper": paper, "lacking": lacking, "past": past, "today": clock.today()}
    told |= {"under_way": _under_way(summed), "example": example_of(ROLL_UP), "may_number": may_today(RIGHT)}
    starts_on, ends_on = period_of(summed["year"], summed["half"])
    told["opened"] = opened_needs(_counted(summed["totals"]), starts_on.isoformat(), ends_on.isoformat())
    return render_template("roll_ups/roll_up.html", **told, names=Names(db()))


@blueprint.post("/reports/roll-up/number")
@requires(right=RIGHT)
def number() -> ResponseReturnValue:
    """编文号: gives the roll-up of a half-year its number, once."""
    fields = sent()
    year, half = whole(fields, "year"), whole(fields, "half")
    back = url_for("web.roll_ups.roll_up", year=year, half=half)
    return numbered(back, issuing_reports.number_roll_up, year=year, half=half)


@blueprint.get("/reports/roll-up.xlsx")
@requires(right="view_reports")
def export() -> ResponseReturnValue:
    """The units of the roll-up as a sheet."""
    summed = _summed()
    return workbook(_name(summed), [summed["units"]], lambda _: COLUMNS)


@blueprint.get("/reports/roll-up.<any(pdf, docx):suffix>")
@requires(right="view_reports")
def paper(suffix: str) -> ResponseReturnValue:
    """The roll-up as PDF or for Word."""
    summed = _summed()
    made = reports.roll_up_document(roll_up_paper(summed, summed["summary"] or ""), suffix, made_at=clock.now())
    return printed(made, _name(summed), suffix, save=suffix == "docx")


def _summed() -> dict[str, Any]:
    """The sum of the half-year that the address names; where it names none, the one to report on."""
    year, half = asked_number("year", YEARS), asked_number("half", HALVES)
    if year is None or half is None:
        year, half = half_to_report(clock.today())
    days = settings().contacts.report_days
    return half_years.rolled_up(db(), year=year, half=half, days=days, on=asked_day("as_of"))


def _counted(totals: Mapping[str, Any]) -> dict[str, Any]:
    """The needs of all offices among the totals, as they were counted."""
    named = {"on": "needs_on", "started": "needs", "late": "needs_late", "late_steps": "needs_late_steps"}
    found = {name: totals.get(key) for name, key in named.items()}
    return {**found, "outcomes": totals["outcomes"], "names": totals["outcome_names"]}


def _under_way(summed: Mapping[str, Any]) -> str:
    """Why no report of the half-year is missing yet, on the day that is asked about; '' once it has ended."""
    starts_on, ends_on = period_of(summed["year"], summed["half"])
    if summed["on"] < starts_on:
        return f"该半年自 {starts_on.isoformat()} 起，尚未开始。"
    return f"该半年到 {ends_on.isoformat()} 止，尚未结束；报告在结束后报送。" if summed["on"] <= ends_on else ""


def _name(summed: Mapping[str, Any]) -> str:
    return f"{summed['year']}年{HALVES[summed['half']]}报告汇总"
