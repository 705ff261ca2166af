"""The actions of ``half_year_report``: each liaison office's report is filled in, sent, taken or returned (T6 R5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from service import reports
from service.actions.parameters import day_of, entitled, text_of, whole_of
from service.actions.rounds import refuse_another, taken
from service.engine import EngineFailure
from service.errors import Finding, Invalid, LiaisonError
from service.ledger.counts import half_year_needs
from service.processes.models import Instance, UserTask
from service.processes.steps import last_due_on
from service.processes.wiring import Action, ActionCall
from service.reports.models import HalfYearReport
from service.reports.papers import roll_up_paper
from service.reports.rules import EDITABLE
from service.rights import SYSTEM, Actor

STEP_SECTIONS = ("work", "plans")
"""The sections that the step itself takes; the others are written on the report's page."""


def _liaison_offices(session: Session, call: ActionCall) -> list[str]:
    """The units that report for the half-year (T6), whether they have a liaison just now or not (T4).

    Those that another round of the same half has asked are left out. Raises Invalid where somebody starts a second
    round of a half by hand.
    """
    year, half = whole_of(call, "year"), whole_of(call, "half")
    refuse_another(session, call, "/data/half", "还没有报送的单位，请在“半年报告”页面编制、报送")
    others = taken(session, call)
    return [unit.code for unit in reports.reporting_units(session, year=year, half=half) if unit.code not in others]


def _compile_report(session: Session, call: ActionCall) -> dict[str, Any]:
    """Fills in the unit's report from the data (T6); what was submitted meanwhile stays as it is."""
    unit, year, half = text_of(call, "unit"), whole_of(call, "year"), whole_of(call, "half")
    found = reports.find_report(session, unit_code=unit, year=year, half=half)
    if found is None or found.status in EDITABLE:
        found = reports.compile_report(
            session,
            unit_code=unit,
            year=year,
            half=half,
            needs=half_year_needs(session, year=year, half=half, unit=unit),
            due_on=day_of(call, "due_on"),
            instance_id=call.instance.id,
            actor=entitled(call.actor, "compile_reports", unit),
            now=call.now,
        )
    return _told(found)


def _submit_report(session: Session, call: ActionCall) -> dict[str, Any]:
    """Sends the report, with the words that were filled in here; what the report lacks is said at the step's field.

    A report that was sent before the step was taken stays as it is, and words that would be lost are refused.
    """
    report = _report(session, call)
    words = {name: str(call.parameters.get(name) or "") for name in STEP_SECTIONS}
    if report.status in EDITABLE:
        sections = {name: text for name, text in words.items() if text}
        actor = entitled(call.actor, "submit_reports", report.unit_code)
        with found_at({f"/sections/{name}": f"/data/{name}" for name in STEP_SECTIONS}):
            if sections:
                reports.edit_report(session, report_id=report.id, sections=sections, actor=actor, now=call.now)
            due_on = last_due_on(session, call.instance.id, call.scope, report.unit_code)
            send_with_needs(session, report, actor, call.now, due_on)
        return _told(report)
    lost = [name for name, text in words.items() if text and text != report.sections.get(name)]
    if lost:
        said = "报告已经报送，这里填写的内容不会写入报告；请清空本栏后提交，需要修改的请由区人才办退回"
        raise Invalid("没有提交", [Finding(f"/data/{name}", said) for name in lost])
    return _told(report)


def _return_report(session: Session, call: ActionCall) -> dict[str, Any]:
    report = _report(session, call)
    if report.status == "accepted":
        said = "这份半年报告已接收，不能再退回；请选“接收”"
        raise Invalid("没有退回", [Finding("/data/decision", said)])
    if report.status == "submitted":
        reports.return_report(
            session, report_id=report.id, reason=text_of(call, "reason"), actor=call.actor, now=call.now
        )
    return _told(report)


def _accept_report(session: Session, call: ActionCall) -> dict[str, Any]:
    report = _report(session, call)
    if report.status in EDITABLE:
        said = "这份半年报告还没有报送（或已退回修改），不能接收；请选“退回修改”，由联络员重新报送"
        raise Invalid("没有接收", [Finding("/data/decision", said)])
    if report.status == "submitted":
        reports.accept_report(session, report_id=report.id, actor=call.actor, now=call.now)
    return _told(report)


def _sum_reports(session: Session, call: ActionCall) -> dict[str, Any]:
    """The sum of the reports, beside the step in which the Talent Office words it (R5)."""
    year, half = whole_of(call, "year"), whole_of(call, "half")
    summed = reports.roll_up(session, year=year, half=half, needs=half_year_needs(session, year=year, half=half))
    paper = roll_up_paper(summed, "")
    lines = [["报送情况", paper["state"]], *([row["name"], row["value"]] for row in paper["figures"])]
    return {"roll_up": f"{year}-{half}", "lines": lines}


def _report(session: Session, call: ActionCall) -> HalfYearReport:
    known = call.parameters.get("report")
    if not isinstance(known, Mapping):
        raise EngineFailure("没有半年报告，请检查流程图")
    return reports.get_report(session, str(known.get("report_id")), SYSTEM)


def _told(report: HalfYearReport) -> dict[str, Any]:
    late = {None: "尚未报送", False: "按时报送", True: "迟报"}[report.late]
    return {
        "report_id": str(report.id),
        "unit_name": report.unit.name,
        "late": report.late,
        "due_on": report.due_on.isoformat() if report.due_on is not None else None,
        "lines": [["半年报告", report.name], ["状态", f"{reports.REPORT_STATUSES[report.status]}，{late}"]],
    }


def date_moved(session: Session, instance: Instance, task: UserTask, actor: Actor, now: datetime) -> None:
    """Tells a report that its unit's step has another date: agreed on (延期), put off (顺延) or by another calendar."""
    if instance.process == "half_year_report" and task.unit is not None and task.due_on is not None:
        reports.move_due(session, instance.id, task.unit, task.due_on, actor=actor, now=now)


def send_with_needs(
    session: Session, report: HalfYearReport, actor: Actor, now: datetime, due_on: date | None = None
) -> None:
    """Sends a report with its office's needs of the half-year as they stand today (T6), due on ``due_on`` where that is
    not the date with which it was begun."""
    needs = half_year_needs(session, year=report.year, half=report.half, unit=report.unit_code)
    reports.submit_report(session, report_id=report.id, needs=needs, due_on=due_on, actor=actor, now=now)


@contextmanager
def found_at(paths: Mapping[str, str]) -> Iterator[None]:
    """Within the block findings on one path stand at another: a step and a page have fields of their own."""
    try:
        yield
    except LiaisonError as error:
        error.findings = tuple(Finding(paths.get(one.path, one.path), one.message) for one in error.findings)
        raise


SAMPLE = {"report_id": "a", "unit_name": "区教育局", "late": False, "due_on": None, "lines": []}

ACTIONS = (
    Action(
        "liaison_offices",
        "列出联络员单位",
        ("year", "half"),
        _liaison_offices,
        sample=["edu"],
        does="列出应报送半年报告的单位；已在另一轮中的不再列入",
    ),
    Action(
        "compile_report",
        "预填半年报告",
        ("unit", "year", "half", "due_on"),
        _compile_report,
        sample=SAMPLE,
        does="按数据预填该单位的半年报告；已报送的不动。结果是报告的编号、单位、是否迟报、显示在表单前的几行",
    ),
    Action(
        "submit_report",
        "报送半年报告",
        ("report",),
        _submit_report,
        ("work", "plans"),
        sample=SAMPLE,
        does="报送半年报告，`work`、`plans` 是在本步骤里写的两部分；结果同 `compile_report`",
    ),
    Action(
        "return_report",
        "退回半年报告",
        ("report", "reason"),
        _return_report,
        sample=SAMPLE,
        does="退回半年报告，写明 `reason`；已接收的不能退回",
    ),
    Action(
        "accept_report",
        "接收半年报告",
        ("report",),
        _accept_report,
        sample=SAMPLE,
        does="接收半年报告；没有报送的不能接收",
    ),
    Action(
        "sum_reports",
        "合计各单位数据",
        ("year", "half"),
        _sum_reports,
        sample={"roll_up": "2026-1", "lines": []},
        does="合计各单位的数据，供区人才办汇总时看；结果是汇总的编号和显示在表单前的几行",
    ),
)
