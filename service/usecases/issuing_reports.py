"""发文字号 of 专报, 半年报告 and 汇总, each once, kind by kind without gaps (R3 R5, adr/0071)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import reports
from service.errors import Conflict, Finding, Invalid
from service.fields import FIRST_YEAR, LAST_YEAR
from service.processes.commands import locked_instance
from service.processes.recording import record
from service.reports import numbering
from service.rights import Actor, require
from service.usecases import half_years
from service.usecases.issuing import RIGHT, taken_number


def number_brief(
    session: Session, *, brief_id: UUID | str, formats: Mapping[str, str], actor: Actor, now: datetime
) -> str:
    """Gives a released brief the next number of briefs in this year (R3).

    ``formats`` are those of the settings, by the name of a template. Raises NotFound, NotAllowed, and Conflict where
    the brief is not released, has a number already, or briefs have no format.
    """
    require(actor, RIGHT)
    return _number_record(
        session, numbering.brief_to_number(session, brief_id, actor), numbering.BRIEF, formats, actor, now
    )


def number_report(
    session: Session, *, report_id: UUID | str, formats: Mapping[str, str], actor: Actor, now: datetime
) -> str:
    """Gives an accepted half-year report the next number of its kind (T6); raises as ``number_brief``."""
    require(actor, RIGHT)
    return _number_record(
        session, numbering.report_to_number(session, report_id, actor), numbering.REPORT, formats, actor, now
    )


def number_roll_up(
    session: Session, *, year: int, half: int, formats: Mapping[str, str], actor: Actor, now: datetime
) -> str:
    """Gives the roll-up of a half-year its number, in the journal of the round that summed it up (R5).

    Raises NotAllowed, Invalid for what is no half-year, and Conflict where the Talent Office has not summed it up, it
    has a number already, or roll-ups have no format.
    """
    require(actor, RIGHT)
    if half not in reports.HALVES or not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid("没有编号", [Finding("/half", "没有这个半年，请从汇总页面选择年度和期间后编号")])
    steps = half_years.summaries(session, year=year, half=half)
    if not steps:
        raise Conflict(f"{year} 年{reports.HALVES[half]}还没有汇总，请在“半年总结”流程里汇总后再编号")
    instance = locked_instance(session, steps[0].instance_id)
    _refuse_second(half_years.roll_up_number(session, year=year, half=half))
    said = taken_number(session, numbering.ROLL_UP, numbering.PAPERS[numbering.ROLL_UP], formats, now)
    data = {"paper": numbering.ROLL_UP, "year": year, "half": half, **said}
    record(session, instance, kind="numbered", actor=actor, now=now, data=data)
    session.flush()
    return str(said["number"])


def _number_record(
    session: Session, stream: str, paper: str, formats: Mapping[str, str], actor: Actor, now: datetime
) -> str:
    _refuse_second(numbering.given_number(session, (stream,), paper))
    said = taken_number(session, paper, numbering.PAPERS[paper], formats, now)
    numbering.keep_number(session, stream, {"paper": paper, **said}, actor, now)
    return str(said["number"])


def _refuse_second(known: str) -> None:
    if known:
        raise Conflict(f"这份文书已经编号：{known}")
