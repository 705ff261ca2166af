"""半年报告: the list, one report with its texts and figures, and the operations on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, reports
from service.db.lists import Page
from service.errors import Finding, Invalid
from service.history import version_of
from service.http.context import actor, db, settings
from service.http.files import printed
from service.ids import as_id
from service.ledger import Cell
from service.people.models import Unit
from service.people.queries import get_unit
from service.processes.calendars import current
from service.reports import HALVES, REPORT_STATUSES, SECTIONS, HalfYearReport, ReportFilter
from service.reports.edits import report_edits
from service.reports.numbering import REPORT, report_number
from service.reports.papers import report_paper
from service.reports.rules import EDITABLE, SUBMITTED, half_to_report
from service.rights import units_with
from service.usecases import half_years, issuing_reports
from service.usecases.issuing import RIGHT
from service.usecases.names import Names
from service.web import attachments, stale
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text, whole
from service.web.asked import asked
from service.web.context import may_today, selves
from service.web.exports import Columns, exported
from service.web.issuing import example_of, numbered
from service.web.opened_needs import opened_needs
from service.web.prints import without_type

blueprint = Blueprint("reports", __name__)

COLUMNS: Columns[HalfYearReport] = {
    "报告": lambda one: f"{one.year} 年{HALVES[one.half]}报告",
    "单位": lambda one: one.unit.name,
    "状态": lambda one: REPORT_STATUSES[one.status],
    "是否逾期报送": lambda one: "逾期未报送" if one.overdue(clock.today()) else "是" if one.late else "否",
    "报送期限": lambda one: one.due_on,
    "报送时间": lambda one: one.submitted_at,
    "联系次数": lambda one: one.facts["contacts"]["total"],
    "意见建议条数": lambda one: one.facts["contacts"]["opinions"]["total"],
    "需求件数": lambda one: one.facts["needs"].get("started") or 0,
}


@blueprint.get("/reports")
@requires()
def reports_list() -> ResponseReturnValue:
    """半年报告."""
    year, half = half_to_report(clock.today())
    return render_template(
        "reports/reports.html",
        page=_found(PER_PAGE, offset()),
        own_units=_own_units(),
        year=year,
        half=half,
        may_review=may_today("view_reports"),
        provisional=_provisional(),
        today=clock.today(),
    )


@blueprint.post("/reports")
@requires()
def compile_report() -> ResponseReturnValue:
    """Begins a report, or counts its figures anew."""
    fields = sent()
    if known := as_id(text(fields, "report")):
        _keep_words(reports.get_report(db(), known, actor()).id, fields)
    made = half_years.begin_report(
        db(),
        unit_code=text(fields, "unit"),
        year=whole(fields, "year"),
        half=whole(fields, "half"),
        days=settings().contacts.report_days,
        actor=actor(),
        now=clock.now(),
    )
    return done("已按系统数据填好统计数字，请修改文字后报送。", _at(made.id))


@blueprint.get("/reports/<uuid:report_id>")
@requires()
def report(report_id: UUID) -> ResponseReturnValue:
    """One report: its texts to write, its figures beside them."""
    found = reports.get_report(db(), report_id, actor())
    return render_template(
        "reports/report.html",
        report=found,
        paper=(paper := report_paper(found, _sent_by(found), report_number(db(), found.id))),
        example=example_of(REPORT),
        may_number=may_today(RIGHT),
        lacking=without_type(paper),
        may_write=may_today("submit_reports", found.unit_code) and found.status in EDITABLE,
        may_review=may_today("review_reports") and found.status == SUBMITTED,
        sections=SECTIONS,
        version=version_of(db(), report_edits(found)),
        files=attachments.of_record(f"report:{found.id}"),
        provisional=_provisional(),
        opened=opened_needs(found.facts["needs"], found.facts["starts_on"], found.facts["ends_on"], found.unit_code),
        today=clock.today(),
    )


@blueprint.post("/reports/<uuid:report_id>/edit")
@requires()
def edit(report_id: UUID) -> ResponseReturnValue:
    """Keeps the texts."""
    reports.get_report(db(), report_id, actor())
    _keep_words(report_id, {f"section_{name}": "" for name in SECTIONS} | sent())
    return done("文字已保存，尚未报送。", _at(report_id))


@blueprint.post("/reports/<uuid:report_id>/submit")
@requires()
def submit(report_id: UUID) -> ResponseReturnValue:
    """Sends a report to the Talent Office, with the texts as they stand on the page: both or neither."""
    before = reports.get_report(db(), report_id, actor()).facts
    _keep_words(report_id, sent())
    with _on_the_page():
        made = half_years.send_report(db(), report_id=report_id, actor=actor(), now=clock.now())
    told = "已报送区人才办。"
    if _figures(before) != _figures(made.facts):
        told += "数据在填写之后有变化，已按报送时的数据更新，请核对。"
    return done(told + ("已超过报送期限，标为逾期报送。" if made.late else ""), _at(report_id))


@blueprint.post("/reports/<uuid:report_id>/return")
@requires(right="review_reports")
def return_report(report_id: UUID) -> ResponseReturnValue:
    """Sends a report back."""
    reason = text(sent(), "reason")
    half_years.give_back_report(db(), report_id=report_id, reason=reason, actor=actor(), now=clock.now())
    return done("已退回修改。", _at(report_id))


@blueprint.post("/reports/<uuid:report_id>/accept")
@requires(right="review_reports")
def accept(report_id: UUID) -> ResponseReturnValue:
    """Accepts a report."""
    half_years.take_report(db(), report_id=report_id, actor=actor(), now=clock.now())
    return done("报告已接收。", _at(report_id))


@blueprint.post("/reports/<uuid:report_id>/number")
@requires(right=RIGHT)
def number(report_id: UUID) -> ResponseReturnValue:
    """编文号: gives the accepted report its number, once."""
    return numbered(_at(report_id), issuing_reports.number_report, report_id=report_id)


@blueprint.get("/reports/<uuid:report_id>.<any(pdf, docx):suffix>")
@requires()
def paper(report_id: UUID, suffix: str) -> ResponseReturnValue:
    """The report as PDF or for Word."""
    found = reports.get_report(db(), report_id, actor())
    number = report_number(db(), found.id)
    made = reports.report_document(found, suffix, submitted_by=_sent_by(found), number=number)
    return printed(made, found.name, suffix, save=suffix == "docx")


def _sent_by(report: HalfYearReport) -> str:
    return Names(db()).person(report.submitted_by)


def _found(limit: int, offset: int) -> Page[HalfYearReport]:
    """The reports that the address asks for."""
    return reports.search_reports(db(), asked(ReportFilter), limit, offset, reader=actor())


def _columns(_found: Sequence[HalfYearReport]) -> Columns[HalfYearReport]:
    provisional, columns = _provisional(), dict[str, Callable[[HalfYearReport], Cell]]()
    for heading, cell in COLUMNS.items():
        columns[heading] = cell
        if heading == "报送期限":
            columns["是否暂定"] = lambda one: "暂定" if provisional(one) else ""
    return columns


def _keep_words(report_id: UUID, fields: dict[str, Any]) -> None:
    """Keeps the texts that were sent along; a page that shows none sends none."""
    if not any(f"section_{name}" in fields for name in SECTIONS):
        return
    sections = {name: text(fields, f"section_{name}") for name in SECTIONS}
    version = stale.version(fields)
    with stale.named(fields, "section_"):
        reports.edit_report(
            db(), report_id=report_id, sections=sections, version=version, actor=actor(), now=clock.now()
        )


@contextmanager
def _on_the_page() -> Iterator[None]:
    """Within the block findings on a section stand at its field of the page."""
    try:
        yield
    except Invalid as error:
        error.findings = tuple(
            Finding(one.path.replace("/sections/", "/section_"), one.message) for one in error.findings
        )
        raise


def _figures(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in facts.items() if name not in ("counted_on", "counted_at", "drafted")}


def _own_units() -> list[Unit]:
    """The units for which the reader writes reports."""
    return [
        get_unit(db(), code)
        for code in sorted({unit for one in selves() for unit in units_with(one, "compile_reports")})
    ]


def _provisional() -> Callable[[HalfYearReport], bool]:
    """Whether the day by which a report is due may still move."""
    calendar = current(db())
    return lambda report: reports.due_provisional(report, calendar)


def _at(report_id: UUID) -> str:
    return url_for("web.reports.report", report_id=report_id)


exported(blueprint, "/reports.xlsx", "半年报告", _found, _columns)
