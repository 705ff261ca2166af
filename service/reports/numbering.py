"""发文字号 of briefs and half-year reports: when one may be given, and what their journal tells (adr/0071)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.errors import Conflict
from service.history import HistoryEvent, of_kinds
from service.history.records import record
from service.reports.commands import locked_brief, locked_report
from service.reports.rules import ACCEPTED
from service.rights import Actor

BRIEF, REPORT, ROLL_UP = "brief", "half_year_report", "roll_up"
PAPERS: Mapping[str, str] = MappingProxyType({BRIEF: "专报", REPORT: "半年报告", ROLL_UP: "半年报告汇总"})
"""The print templates of papers that are numbered beside those of steps, and what people call the papers."""


def given_number(session: Session, streams: Collection[str], paper: str, on: date | None = None) -> str:
    """The number that ``paper`` was given in one of the journals by the end of a day (default: now); '' for none."""
    asked = select(HistoryEvent.data).where(HistoryEvent.stream.in_(streams), of_kinds("numbered"))
    if on is not None:
        asked = asked.where(HistoryEvent.at < clock.end_of(on))
    found = (data for data in session.scalars(asked.order_by(HistoryEvent.id)) if data.get("paper") == paper)
    return next((str(data["number"]) for data in found), "")


def brief_number(session: Session, brief_id: UUID) -> str:
    """The number of a brief; '' while it has none."""
    return given_number(session, (f"brief:{brief_id}",), BRIEF)


def report_number(session: Session, report_id: UUID) -> str:
    """The number of a half-year report; '' while it has none."""
    return given_number(session, (f"report:{report_id}",), REPORT)


def brief_to_number(session: Session, brief_id: UUID | str, actor: Actor) -> str:
    """The journal of a brief that may be numbered, kept by this transaction. Raises NotFound, Conflict."""
    brief = locked_brief(session, brief_id, actor)
    if brief.released_at is None:
        raise Conflict("专报签发后才编号，请先签发")
    return f"brief:{brief.id}"


def report_to_number(session: Session, report_id: UUID | str, actor: Actor) -> str:
    """The journal of a half-year report that may be numbered, kept by this transaction. Raises NotFound, Conflict."""
    report = locked_report(session, report_id, actor)
    if report.status != ACCEPTED:
        raise Conflict("半年报告接收后才编号，请先审核接收")
    return f"report:{report.id}"


def keep_number(session: Session, stream: str, said: Mapping[str, object], actor: Actor, now: datetime) -> None:
    """Notes in the journal of a brief or a report which number it was given."""
    record(session, stream, "numbered", said, actor=actor, now=now)
