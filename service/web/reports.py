"""半年报告、汇总、专报、考核指标."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from service import clock, documents, reports
from service.auth.queries import signs_in
from service.contacts.access import leaders_clause
from service.contacts.rules import half_of, period_of
from service.db.lists import Page, on_day
from service.errors import Finding, Invalid
from service.history import version_of
from service.ids import as_id
from service.ledger import Cell
from service.ledger.counts import half_year_needs, leader_answers, leader_needs, need_counts, unit_answers
from service.people.models import Leader, Unit
from service.people.queries import get_leader, get_unit
from service.processes.calendars import current
from service.processes.lateness import MEANING
from service.reports.edits import brief_edits, report_edits
from service.reports.models import Brief, HalfYearReport
from service.reports.papers import brief_paper, report_paper, roll_up_paper
from service.reports.rules import HALVES, INDICATORS, REPORT_STATUSES, SECTIONS, month_of
from service.rights import may
from service.usecases import half_years
from service.usecases.briefs import release_from_page
from service.web import files, stale
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset, sent, text
from service.web.context import actor, db, selves, settings
from service.web.exports import Columns, batches, sheet, workbook
from service.web.names import Names
from service.web.prints import TEMPLATES, paper_file, without_type

blueprint = Blueprint("reports", __name__)
FOLDERS = {"templates": TEMPLATES, "type_folder": documents.TYPE_FOLDER}

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES = {"pdf": "application/pdf", "docx": WORD}
FIRST_YEAR = 2000
YEARS_SHOWN = 5

REPORT_COLUMNS: Columns[HalfYearReport] = {
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
BRIEF_COLUMNS: Columns[Brief] = {
    "专报": lambda one: f"{one.year} 年 {one.month} 月",
    "领导": lambda one: one.leader.person.name,
    "领导职务": lambda one: one.leader.post,
    "需求件数": lambda one: one.facts["needs"].get("total") or 0,
    "联系次数": lambda one: len(one.facts["contacts"]),
    "签发时间": lambda one: one.released_at,
    "阅知时间": lambda one: one.read_at,
}


# --- Half-year reports -----------------------------------------------------------------------------------------------


@blueprint.get("/reports")
@requires()
def index() -> ResponseReturnValue:
    """半年报告."""
    page = _found(PER_PAGE, offset())
    year, half = _last_half()
    return render_template(
        "reports/index.html",
        page=page,
        own_units=_reporting_units(),
        year=year,
        half=half,
        may_review=_may("view_reports"),
        **_words(),
    )


@blueprint.get("/reports.xlsx")
@requires()
def export() -> ResponseReturnValue:
    """半年报告 as the list shows it, all its pages."""
    return workbook("半年报告", batches(_found), _report_columns)


@blueprint.post("/reports")
@requires()
def compile_report() -> ResponseReturnValue:
    """Begins a report, or counts its figures anew."""
    fields = sent()
    year, half = _whole(fields, "year"), _whole(fields, "half")
    unit = text(fields, "unit")
    if known := as_id(text(fields, "report")):
        _keep_words(reports.get_report(db(), known, actor()).id, fields)
    starts_on, ends_on = period_of(year, half) if year and half in HALVES else (clock.today(), clock.today())
    made = reports.compile_report(
        db(),
        unit_code=unit,
        year=year,
        half=half,
        needs=need_counts(db(), unit=unit, starts_on=starts_on, ends_on=ends_on),
        due_on=reports.due_of(current(db()), ends_on, settings().contacts.report_days),
        actor=actor(),
        now=clock.now(),
    )
    return done("已按系统数据填好统计数字，请修改文字后报送。", url_for(".report", report_id=made.id))


@blueprint.get("/reports/<uuid:report_id>")
@requires()
def report(report_id: UUID) -> ResponseReturnValue:
    """One report: its texts to write, its figures beside them."""
    found = reports.get_report(db(), report_id, actor())
    names = Names(db()).learn([found.submitted_by])
    return render_template(
        "reports/report.html",
        report=found,
        paper=(paper := report_paper(found, names.person(found.submitted_by))),
        lacking=without_type(paper),
        may_write=_may("submit_reports", found.unit_code) and found.status in ("draft", "returned"),
        may_review=_may("review_reports") and found.status == "submitted",
        sections=SECTIONS,
        version=version_of(db(), report_edits(found)),
        files=files.of_record(f"report:{found.id}"),
        **_words(),
    )


@blueprint.post("/reports/<uuid:report_id>/edit")
@requires()
def edit(report_id: UUID) -> ResponseReturnValue:
    """Keeps the texts."""
    reports.get_report(db(), report_id, actor())
    _keep_words(report_id, {f"section_{name}": "" for name in SECTIONS} | sent())
    return done("文字已保存，尚未报送。", url_for(".report", report_id=report_id))


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
    half_years.give_back_report(
        db(), report_id=report_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now()
    )
    return done("已退回修改。", _at(report_id))


@blueprint.post("/reports/<uuid:report_id>/accept")
@requires(right="review_reports")
def accept(report_id: UUID) -> ResponseReturnValue:
    """Accepts a report."""
    half_years.take_report(db(), report_id=report_id, actor=actor(), now=clock.now())
    return done("报告已通过。", _at(report_id))


ROLL_UP_COLUMNS: Columns[Mapping[str, Any]] = {
    "单位": lambda row: row["name"],
    "状态": lambda row: REPORT_STATUSES[row["status"]] if row["status"] else "未编制",
    "是否逾期报送": lambda row: "是" if row["late"] else "否",
    "联系次数": lambda row: row["contacts"],
    "意见建议": lambda row: row["opinions"],
    "需求": lambda row: row["needs"],
}


@blueprint.get("/reports/<uuid:report_id>.pdf")
@requires()
def report_pdf(report_id: UUID) -> ResponseReturnValue:
    """The report as PDF."""
    return _report_file(report_id, "pdf")


@blueprint.get("/reports/<uuid:report_id>.docx")
@requires()
def report_word(report_id: UUID) -> ResponseReturnValue:
    """The report for Word."""
    return _report_file(report_id, "docx")


@blueprint.get("/reports/roll-up")
@requires(right="view_reports")
def roll_up() -> ResponseReturnValue:
    """汇总: what the offices' reports of a half-year add up to, and whose are missing."""
    summed = _summed()
    return render_template(
        "reports/roll_up.html",
        summed=summed,
        paper=(paper := roll_up_paper(summed, _summary(summed))),
        lacking=without_type(paper),
        written=half_years.summaries(db(), year=summed["year"], half=summed["half"])[:1],
        names=Names(db()),
        **_words(),
    )


@blueprint.get("/reports/roll-up.xlsx")
@requires(right="view_reports")
def export_roll_up() -> ResponseReturnValue:
    """The units of the roll-up as a sheet."""
    summed = _summed()
    title = f"{summed['year']}年{HALVES[summed['half']]}报告汇总"
    return workbook(title, [summed["units"]], lambda _: ROLL_UP_COLUMNS)


@blueprint.get("/reports/roll-up.pdf")
@requires(right="view_reports")
def roll_up_pdf() -> ResponseReturnValue:
    """The roll-up as PDF."""
    return _roll_up_file("pdf")


@blueprint.get("/reports/roll-up.docx")
@requires(right="view_reports")
def roll_up_word() -> ResponseReturnValue:
    """The roll-up for Word."""
    return _roll_up_file("docx")


# --- Briefs ----------------------------------------------------------------------------------------------------------


@blueprint.get("/briefs")
@requires()
def briefs() -> ResponseReturnValue:
    """专报."""
    page = _found_briefs(PER_PAGE, offset())
    last = month_of(clock.today().year, clock.today().month)[0]
    before = date(last.year - 1, 12, 1) if last.month == 1 else date(last.year, last.month - 1, 1)
    return render_template(
        "reports/briefs.html", page=page, may_release=_may("release_briefs"), before=before, **_words()
    )


@blueprint.get("/briefs.xlsx")
@requires()
def export_briefs() -> ResponseReturnValue:
    """专报 as the list shows it, all its pages."""
    return workbook("专报", batches(_found_briefs), lambda _: BRIEF_COLUMNS)


@blueprint.post("/briefs")
@requires(right="release_briefs")
def draft_briefs() -> ResponseReturnValue:
    """Draws up the brief of one leader for a month, or of every serving leader that has none released."""
    fields = sent()
    year, month, one = _whole(fields, "year"), _whole(fields, "month"), text(fields, "leader")
    leaders = [get_leader(db(), one)] if one else _without_brief(year, month)
    made = None
    for leader in leaders:
        starts_on, ends_on = month_of(year, month) if year and 1 <= month <= 12 else (clock.today(), clock.today())
        made = reports.draft_brief(
            db(),
            leader_id=leader.id,
            year=year,
            month=month,
            needs=leader_needs(db(), leader_id=leader.id, starts_on=starts_on, ends_on=ends_on),
            actor=actor(),
            now=clock.now(),
        )
    if one and made is not None:
        return done("专报已编制，请核对后签发。", url_for(".brief", brief_id=made.id))
    return done(f"已编制 {len(leaders)} 份专报，请逐份核对后签发。", url_for(".briefs", year=year, month=month))


@blueprint.get("/briefs/<uuid:brief_id>")
@requires()
def brief(brief_id: UUID) -> ResponseReturnValue:
    """One brief."""
    found = reports.get_brief(db(), brief_id, actor())
    mine = any(one.person_id == found.leader.person_id for one in selves())
    return render_template(
        "reports/brief.html",
        brief=found,
        version=version_of(db(), brief_edits(found)),
        paper=(paper := brief_paper(found)),
        lacking=without_type(paper),
        needs=found.facts["needs"].get("items", ()),
        names=Names(db()),
        may_write=_may("release_briefs") and found.released_at is None,
        on_paper=_may("release_briefs") and not signs_in(db(), found.leader.person_id),
        may_read=mine and found.released_at is not None and found.read_at is None,
    )


@blueprint.post("/briefs/<uuid:brief_id>/edit")
@requires(right="release_briefs")
def edit_brief(brief_id: UUID) -> ResponseReturnValue:
    """Keeps the words of a brief."""
    _reword_brief(brief_id, sent())
    return done("专报已保存，尚未签发。", url_for(".brief", brief_id=brief_id))


@blueprint.post("/briefs/<uuid:brief_id>/release")
@requires(right="release_briefs")
def release(brief_id: UUID) -> ResponseReturnValue:
    """Releases a brief to its leader, with the words as they stand on the page: both or neither."""
    fields = sent()
    if text(fields, "text"):
        _reword_brief(brief_id, fields)
    release_from_page(db(), brief_id=brief_id, actor=actor(), now=clock.now())
    return done("专报已签发，领导会收到提醒。", url_for(".brief", brief_id=brief_id))


@blueprint.post("/briefs/<uuid:brief_id>/read")
@requires()
def read(brief_id: UUID) -> ResponseReturnValue:
    """The leader has read it."""
    reports.get_brief(db(), brief_id, actor())
    reports.read_brief(db(), brief_id=brief_id, actor=actor(), now=clock.now())
    return redirect(url_for(".brief", brief_id=brief_id))


@blueprint.get("/briefs/<uuid:brief_id>.pdf")
@requires()
def brief_pdf(brief_id: UUID) -> ResponseReturnValue:
    """The brief as PDF."""
    return _brief_file(brief_id, "pdf")


@blueprint.get("/briefs/<uuid:brief_id>.docx")
@requires()
def brief_word(brief_id: UUID) -> ResponseReturnValue:
    """The brief for Word."""
    return _brief_file(brief_id, "docx")


# --- Assessment ------------------------------------------------------------------------------------------------------


@blueprint.get("/assessment")
@requires()
def assessment() -> ResponseReturnValue:
    """考核指标."""
    sheet = _sheet()
    return render_template(
        "reports/assessment.html",
        sheet=sheet,
        indicators=INDICATORS,
        leader_indicators=[name for name in INDICATORS if name not in ("answers_in_time", "reports_in_time")],
        weighted=bool(settings().assessment),
        weights=settings().assessment,
        meaning=MEANING,
        **_words(),
    )


@blueprint.get("/assessment.xlsx")
@requires()
def assessment_export() -> ResponseReturnValue:
    """The sheet for a spreadsheet; scores with their working where there are weights."""
    found = _sheet()
    heading = ["对象", "类别", "单位", *INDICATORS.values(), "得分", "计算过程"]
    return sheet(f"{found.year} 年考核指标", heading, _assessed(found))


def _sheet() -> reports.Sheet:
    today = clock.today()
    year = _number("year")
    year = year if year is not None and FIRST_YEAR <= year <= today.year else today.year
    first, last = date(year, 1, 1), min(today, date(year, 12, 31))
    return reports.assessment_sheet(
        db(),
        year=year,
        on=today,
        calendar=current(db()),
        needs_by_leader=leader_answers(db(), starts_on=first, ends_on=last),
        answers_by_unit=unit_answers(db(), starts_on=first, ends_on=last),
        weights=settings().assessment,
        unit=argument("unit"),
        report_days=settings().contacts.report_days,
        reader=actor(),
    )


def _assessed(sheet: reports.Sheet) -> Iterator[list[str | int]]:
    for line in sheet.units:
        name = sheet.names[line.unit.code]
        yield [name, "单位", name, *_cells(line.figures, line.score)]
    for row in sheet.leaders:
        unit = sheet.names.get(row.then.unit_code or "", "")
        yield [row.then.name, f"领导（{row.leader.klass}类）", unit, *_cells(row.figures, row.score)]


def _cells(figures: Any, score: reports.Score | None) -> list[str | int]:
    shown: list[str | int] = []
    for code in INDICATORS:
        figure = figures.get(code)
        shown.append(f"{figure.done}/{figure.of}" if figure is not None and figure.of else "—")
    return [*shown, f"{score.points:.1f}" if score else "", score.working if score else ""]


# --- Parts -----------------------------------------------------------------------------------------------------------


def _keep_words(report_id: UUID, fields: dict[str, Any]) -> None:
    """Keeps the texts that were sent along; a page that shows none sends none."""
    if any(f"section_{name}" in fields for name in SECTIONS):
        sections = {name: text(fields, f"section_{name}") for name in SECTIONS}
        with stale.named(fields, "section_"):
            reports.edit_report(
                db(),
                report_id=report_id,
                sections=sections,
                version=stale.version(fields),
                actor=actor(),
                now=clock.now(),
            )


def _reword_brief(brief_id: UUID, fields: dict[str, Any]) -> None:
    with stale.named(fields):
        reports.edit_brief(
            db(),
            brief_id=brief_id,
            text=text(fields, "text"),
            version=stale.version(fields),
            actor=actor(),
            now=clock.now(),
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


def _summed() -> dict[str, Any]:
    year, half = _number("year"), _number("half")
    if year is None or half is None or half not in HALVES:
        year, half = _last_half()
    needs = half_year_needs(db(), year=year, half=half)
    return reports.roll_up(db(), year=year, half=half, needs=needs)


def _summary(summed: Mapping[str, Any]) -> str:
    """What the Talent Office wrote when it rolled the half-year up."""
    written = half_years.summaries(db(), year=summed["year"], half=summed["half"])
    return str((written[0].submitted or {}).get("summary") or "") if written else ""


def _roll_up_file(kind: str) -> ResponseReturnValue:
    summed = _summed()
    paper = roll_up_paper(summed, _summary(summed))
    made = reports.roll_up_document(paper, kind, made_at=clock.now(), **FOLDERS)
    return _file(made, kind, f"{summed['year']}年{HALVES[summed['half']]}报告汇总")


def _found(limit: int, offset: int) -> Page[HalfYearReport]:
    return reports.search_reports(
        db(),
        actor(),
        unit=argument("unit"),
        year=_number("year"),
        half=_number("half"),
        status=argument("status"),
        late={"yes": True, "no": False}.get(request.args.get("late", "")),
        limit=limit,
        offset=offset,
    )


def _found_briefs(limit: int, offset: int) -> Page[Brief]:
    return reports.search_briefs(
        db(),
        actor(),
        year=_number("year"),
        month=_number("month"),
        released={"yes": True, "no": False}.get(request.args.get("released", "")),
        limit=limit,
        offset=offset,
    )


def _without_brief(year: int, month: int) -> list[Leader]:
    if not year or not 1 <= month <= 12:
        return []
    last = min(month_of(year, month)[1], clock.today())
    released = {
        one.leader_id
        for one in reports.search_briefs(db(), actor(), year=year, month=month, released=True, limit=200).items
    }
    serving = select(Leader).where(on_day(Leader.starts_on, Leader.ends_on, last), leaders_clause(db(), actor()))
    return [one for one in db().scalars(serving.order_by(Leader.klass, Leader.id)) if one.id not in released]


def _reporting_units() -> list[Unit]:
    mine = selves()
    return [get_unit(db(), code) for code in sorted({unit for one in mine for unit in one.units_of("liaison")})]


def _may(right: str, unit: str | None = None) -> bool:
    return any(may(one, right, unit=unit) for one in selves())


def _at(report_id: UUID) -> str:
    return url_for(".report", report_id=report_id)


def _last_half() -> tuple[int, int]:
    """The half-year that has ended last: the one to report on."""
    year, half = half_of(clock.today())
    return (year, 1) if half == 2 else (year - 1, 2)


def _number(name: str) -> int | None:
    value = request.args.get(name, "")
    return int(value) if value.isdecimal() and len(value) <= 4 else None


def _whole(fields: dict[str, Any], name: str) -> int:
    value = text(fields, name)
    return int(value) if value.isdecimal() and len(value) <= 4 else 0


def _report_file(report_id: UUID, kind: str) -> ResponseReturnValue:
    found = reports.get_report(db(), report_id, actor())
    name = Names(db()).person(found.submitted_by)
    made = reports.report_document(found, kind, **FOLDERS, submitted_by=name)
    return _file(made, kind, f"{found.unit.name}{found.year}年{HALVES[found.half]}报告")


def _brief_file(brief_id: UUID, kind: str) -> ResponseReturnValue:
    found = reports.get_brief(db(), brief_id, actor())
    made = reports.brief_document(found, kind, **FOLDERS)
    return _file(made, kind, f"{found.leader.person.name}{found.year}年{found.month}月专报")


def _file(made: documents.Printed, kind: str, name: str) -> ResponseReturnValue:
    return paper_file(made, MEDIA_TYPES[kind], f"{name}.{kind}", save=kind == "docx")


def _report_columns(_found: Sequence[HalfYearReport]) -> Columns[HalfYearReport]:
    calendar = current(db())
    columns: dict[str, Callable[[HalfYearReport], Cell]] = {}
    for heading, cell in REPORT_COLUMNS.items():
        columns[heading] = cell
        if heading == "报送期限":
            columns["是否暂定"] = lambda one: "暂定" if reports.due_provisional(one, calendar) else ""
    return columns


def _words() -> dict[str, Any]:
    year, calendar = clock.today().year, current(db())
    return {
        "halves": HALVES,
        "provisional": lambda report: reports.due_provisional(report, calendar),
        "report_statuses": REPORT_STATUSES,
        "years": [(str(one), f"{one} 年") for one in range(year, year - YEARS_SHOWN, -1)],
    }
