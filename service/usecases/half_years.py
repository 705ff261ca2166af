"""The work of pages and API on half-year reports: by the step of the round that waits, where one does (T6 R5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, reports
from service.actions.half_year_report import STEP_SECTIONS, found_at, send_with_needs
from service.contacts.rules import period_of
from service.fields import FIRST_YEAR, LAST_YEAR
from service.history.records import owe_notice
from service.ledger.counts import half_year_needs
from service.processes import calendars
from service.processes.models import UserTask
from service.processes.recording import stream_of
from service.processes.steps import done_steps
from service.reports import numbering
from service.reports.models import HalfYearReport
from service.rights import LIAISON, TALENT_OFFICE, Actor
from service.usecases.steps import take_step

SUBMIT, REVIEW, ROLL_UP = "submit_half_year", "review_report", "roll_up"
"""The steps of a round that the report's own pages take as well."""


def begin_report(
    session: Session, *, unit_code: str, year: int, half: int, days: int, actor: Actor, now: datetime
) -> HalfYearReport:
    """Begins a report, or counts its figures anew (T6); it is due ``days`` working days after the half-year.

    Raises as ``reports.compile_report`` does.
    """
    known = half in reports.HALVES and FIRST_YEAR <= year <= LAST_YEAR  # else the command refuses it
    ends_on = period_of(year, half)[1] if known else clock.local(now).date()
    return reports.compile_report(
        session,
        unit_code=unit_code,
        year=year,
        half=half,
        needs=half_year_needs(session, year=year, half=half, unit=unit_code) if known else {},
        due_on=reports.due_of(calendars.current(session), ends_on, days),
        actor=actor,
        now=now,
    )


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
    """The Talent Office's words on rolling a half-year up (R5): the done steps, the newest first."""
    return done_steps(session, reports.rounds_of(session, year=year, half=half), ROLL_UP)


def rolled_up(session: Session, *, year: int, half: int, days: int, on: date | None = None) -> dict[str, Any]:
    """``reports.roll_up`` of a half-year at the end of a day (R5), with each need of all offices counted once; reports
    are due ``days`` working days after the half-year.

    ``summary`` is what the Talent Office wrote when it rolled the half-year up, ``summed_up`` the step in which it did;
    both are None before. ``number`` is that of the paper as of that day, '' for none.
    """
    done = summaries(session, year=year, half=half)
    step = next((one for one in done if on is None or (one.completed_at and one.completed_at < clock.end_of(on))), None)
    summary = (step.submitted or {}).get("summary") if step is not None else None
    needs = half_year_needs(session, year=year, half=half, on=on)
    due_on = reports.due_of(calendars.current(session), period_of(year, half)[1], days)
    summed = reports.roll_up(session, year=year, half=half, needs=needs, on=on, due_on=due_on)
    number = roll_up_number(session, year=year, half=half, on=on)
    return {**summed, "summary": summary, "summed_up": step, "number": number}


def roll_up_number(session: Session, *, year: int, half: int, on: date | None = None) -> str:
    """The number that the roll-up of a half-year had at the end of a day (default: now); '' for none."""
    streams = [stream_of(one) for one in reports.rounds_of(session, year=year, half=half)]
    return numbering.given_number(session, streams, numbering.ROLL_UP, on)


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
    owe_notice(
        session, f"report:{report.id}", template, title=report.name, text=text, role=to, unit=unit, actor=actor, now=now
    )
