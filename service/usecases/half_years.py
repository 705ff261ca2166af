"""What pages and API do with half-year reports: by the step of the round that waits, where one does (T6 R5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import reports
from service.actions.half_year_report import STEP_SECTIONS, found_at, send_with_needs
from service.history.records import owe_notice
from service.processes.models import DONE, UserTask
from service.reports.models import HalfYearReport
from service.rights import LIAISON, TALENT_OFFICE, Actor
from service.usecases.steps import take_step

SUBMIT, REVIEW, ROLL_UP = "submit_half_year", "review_report", "roll_up"
"""The steps of a round that the report's own pages take as well."""


def send_report(session: Session, *, report_id: UUID | str, actor: Actor, now: datetime) -> HalfYearReport:
    """Sends a report (T6): takes the step of the round that waits for it, where there is one.

    Raises ``NotFound``, ``NotAllowed``, ``Conflict``, and ``Invalid`` where it cannot be sent yet.
    """
    report = reports.get_report(session, report_id, actor)
    with found_at({f"/data/{name}": f"/sections/{name}" for name in STEP_SECTIONS}):
        if not _take(session, report, SUBMIT, {}, actor, now):
            send_with_needs(session, report, actor, now)
            _tell(session, report, "report_submitted", "", TALENT_OFFICE, None, actor, now)
    return report


def give_back_report(
    session: Session, *, report_id: UUID | str, reason: str, actor: Actor, now: datetime
) -> HalfYearReport:
    """Returns a report with what to mend, by the round's step where one waits; its office is told either way."""
    report = reports.get_report(session, report_id, actor)
    with found_at({"/data/reason": "/reason"}):
        if not _take(session, report, REVIEW, {"decision": "return", "reason": reason}, actor, now):
            reports.return_report(session, report_id=report.id, reason=reason, actor=actor, now=now)
            _tell(session, report, "report_returned", reason.strip(), LIAISON, report.unit_code, actor, now)
    return report


def take_report(session: Session, *, report_id: UUID | str, actor: Actor, now: datetime) -> HalfYearReport:
    """Accepts a report, by the round's step where one waits."""
    report = reports.get_report(session, report_id, actor)
    if not _take(session, report, REVIEW, {"decision": "accept"}, actor, now):
        reports.accept_report(session, report_id=report.id, actor=actor, now=now)
    return report


def summaries(session: Session, *, year: int, half: int) -> list[UserTask]:
    """What the Talent Office wrote when it rolled a half-year up (R5): the done steps, the newest first."""
    rounds = select(HalfYearReport.instance_id).where(
        HalfYearReport.year == year, HalfYearReport.half == half, HalfYearReport.instance_id.is_not(None)
    )
    query = select(UserTask).where(UserTask.instance_id.in_(rounds), UserTask.task == ROLL_UP, UserTask.status == DONE)
    return list(session.scalars(query.order_by(UserTask.completed_at.desc())))


def _take(
    session: Session, report: HalfYearReport, step: str, data: Mapping[str, Any], actor: Actor, now: datetime
) -> bool:
    return take_step(
        session,
        instance_id=report.instance_id,
        step=step,
        slot=report.unit_code,
        data=data,
        actor=actor,
        now=now,
    )


def _tell(
    session: Session,
    report: HalfYearReport,
    template: str,
    text: str,
    to: str,
    unit: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Word of a report outside a round; in a round the next step's task is word enough."""
    title = f"{report.unit.name}{report.year}年{reports.HALVES[report.half]}报告"
    owe_notice(
        session, f"report:{report.id}", template, title=title, text=text, role=to, unit=unit, actor=actor, now=now
    )
