"""The actions of ``half_year_report``: each liaison office's report is filled in, sent, taken or returned (T6 R5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import contacts, reports
from service.actions.reading import day_of, entitled, text_of, whole_of
from service.actions.rounds import refuse_another, taken
from service.auth import SYSTEM
from service.engine import EngineFailure
from service.errors import Finding, Invalid
from service.ledger.counts import need_counts
from service.processes.wiring import Action, ActionCall


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
    found = session.scalar(
        select(reports.HalfYearReport).where(
            reports.HalfYearReport.unit_code == unit,
            reports.HalfYearReport.year == year,
            reports.HalfYearReport.half == half,
        )
    )
    if found is None or found.status in ("draft", "returned"):
        starts_on, ends_on = contacts.period_of(year, half)
        found = reports.compile_report(
            session,
            unit_code=unit,
            year=year,
            half=half,
            needs=need_counts(session, unit=unit, starts_on=starts_on, ends_on=ends_on),
            due_on=day_of(call, "due_on"),
            instance_id=call.instance.id,
            actor=entitled(call.actor, "compile_reports", unit),
            now=call.now,
        )
    return _told(found)


def _submit_report(session: Session, call: ActionCall) -> dict[str, Any]:
    """Sends the report, with the words that were filled in here; sent from its own page already it stays so."""
    report = _report(session, call)
    if report.status in ("draft", "returned"):
        words = {name: call.parameters.get(name) for name in ("work", "plans")}
        sections = {name: str(text) for name, text in words.items() if text}
        actor = entitled(call.actor, "submit_reports", report.unit_code)
        if sections:
            reports.edit_report(session, report_id=report.id, sections=sections, actor=actor, now=call.now)
        reports.submit_report(session, report_id=report.id, actor=actor, now=call.now)
    return _told(report)


def _return_report(session: Session, call: ActionCall) -> dict[str, Any]:
    report = _report(session, call)
    if report.status == "accepted":
        said = "这份半年报告已通过，不能再退回；请选“接收”"
        raise Invalid("没有退回", [Finding("/data/decision", said)])
    if report.status == "submitted":
        reports.return_report(
            session, report_id=report.id, reason=text_of(call, "reason"), actor=call.actor, now=call.now
        )
    return _told(report)


def _accept_report(session: Session, call: ActionCall) -> dict[str, Any]:
    report = _report(session, call)
    if report.status == "submitted":
        reports.accept_report(session, report_id=report.id, actor=call.actor, now=call.now)
    return _told(report)


def _report(session: Session, call: ActionCall) -> reports.HalfYearReport:
    known = call.parameters.get("report")
    if not isinstance(known, Mapping):
        raise EngineFailure("没有半年报告，请检查流程图")
    return reports.get_report(session, str(known.get("report_id")), SYSTEM)


def _told(report: reports.HalfYearReport) -> dict[str, Any]:
    late = {None: "尚未报送", False: "按时报送", True: "迟报"}[report.late]
    return {
        "report_id": str(report.id),
        "late": report.late,
        "lines": [["半年报告", f"{report.year}年{reports.HALVES[report.half]}"], ["报送", late]],
    }


ACTIONS = (
    Action("liaison_offices", "列出联络员单位", ("year", "half"), _liaison_offices, sample=["edu"]),
    Action(
        "compile_report",
        "预填半年报告",
        ("unit", "year", "half", "due_on"),
        _compile_report,
        sample={"report_id": "a", "lines": []},
    ),
    Action(
        "submit_report",
        "报送半年报告",
        ("report",),
        _submit_report,
        ("work", "plans"),
        sample={"report_id": "a", "lines": []},
    ),
    Action(
        "return_report", "退回半年报告", ("report", "reason"), _return_report, sample={"report_id": "a", "lines": []}
    ),
    Action("accept_report", "接收半年报告", ("report",), _accept_report, sample={"report_id": "a", "lines": []}),
)
