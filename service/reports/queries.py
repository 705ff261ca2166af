"""Reading reports and briefs; what all offices' reports add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session, contains_eager

from service import clock
from service.contacts.access import selves
from service.contacts.rules import period_of
from service.db.lists import Page, on_day, page
from service.errors import NotFound
from service.ids import as_id
from service.people.models import Leader, Liaison, Person, Unit
from service.people.past import unit_names_then, units_owing_then
from service.people.queries import owes_liaison
from service.reports.filters import BriefFilter, ReportFilter
from service.reports.models import Brief, HalfYearReport
from service.reports.past import ReportThen, reports_then
from service.reports.rules import ACCEPTED, EDITABLE, RETURNED, SUBMITTED, overdue
from service.rights import Actor, may, units_with


def search_reports(
    session: Session,
    wanted: ReportFilter = ReportFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor,
) -> Page[HalfYearReport]:
    """The reports that the reader may see, the newest half-year first: two statements."""
    query = select(HalfYearReport).join(HalfYearReport.unit).options(contains_eager(HalfYearReport.unit))
    query = query.where(visible_reports(session, reader))
    equal: dict[Any, object] = {
        HalfYearReport.unit_code: wanted.unit,
        HalfYearReport.year: wanted.year,
        HalfYearReport.half: wanted.half,
        HalfYearReport.status: wanted.status,
    }
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if wanted.late is not None:
        query = query.where(is_late(clock.today()) if wanted.late else ~is_late(clock.today()))
    newest = (HalfYearReport.year.desc(), HalfYearReport.half.desc(), Unit.pinyin, HalfYearReport.id)
    return page(session, query.order_by(*newest), limit=limit, offset=offset)


def is_late(on: date) -> ColumnElement[bool]:
    """The reports that were sent late, or are owed as of a day (``rules.overdue``, T6)."""
    unsent = and_(HalfYearReport.status.in_(EDITABLE), func.coalesce(HalfYearReport.due_on < on, false()))
    return or_(func.coalesce(HalfYearReport.late, false()), unsent)


def get_report(session: Session, report_id: UUID | str, actor: Actor) -> HalfYearReport:
    """The report if the actor may see it; raises ``NotFound``."""
    key = as_id(report_id)
    query = select(HalfYearReport).where(HalfYearReport.id == key, visible_reports(session, actor))
    found = session.scalar(query) if key is not None else None
    if found is None:
        raise NotFound("没有这份报告，或您无权查看")
    return found


def find_report(session: Session, *, unit_code: str, year: int, half: int) -> HalfYearReport | None:
    """The report of a unit for a half-year, or ``None``."""
    mine = {"unit_code": unit_code, "year": year, "half": half}
    return session.scalar(select(HalfYearReport).filter_by(**mine))


def rounds_of(session: Session, *, year: int, half: int) -> list[UUID]:
    """The cases of the rounds in which reports of a half-year were asked for."""
    query = (
        select(HalfYearReport.instance_id).where(HalfYearReport.year == year, HalfYearReport.half == half).distinct()
    )
    return [one for one in session.scalars(query) if one is not None]


def search_briefs(
    session: Session,
    wanted: BriefFilter = BriefFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor,
) -> Page[Brief]:
    """The briefs that the reader may see, the newest month first: two statements."""
    query = select(Brief).join(Brief.leader).join(Leader.person)
    query = query.options(contains_eager(Brief.leader).contains_eager(Leader.person))
    query = query.where(visible_briefs(session, reader))
    if wanted.leader_id is not None:
        key = as_id(wanted.leader_id)
        query = query.where(Brief.leader_id == key if key is not None else false())
    if wanted.year is not None:
        query = query.where(Brief.year == wanted.year)
    if wanted.month is not None:
        query = query.where(Brief.month == wanted.month)
    if wanted.released is not None:
        query = query.where(Brief.released_at.is_not(None) if wanted.released else Brief.released_at.is_(None))
    newest = (Brief.year.desc(), Brief.month.desc(), Leader.klass, Person.pinyin, Brief.id)
    return page(session, query.order_by(*newest), limit=limit, offset=offset)


def get_brief(session: Session, brief_id: UUID | str, actor: Actor) -> Brief:
    """The brief if the actor may see it: the Talent Office and auditors any, a leader the own ones once released."""
    key = as_id(brief_id)
    query = select(Brief).where(Brief.id == key, visible_briefs(session, actor))
    found = session.scalar(query) if key is not None else None
    if found is None:
        raise NotFound("没有这份专报，或尚未签发")
    return found


def brief_of(session: Session, brief_id: UUID | str) -> Brief | None:
    """The brief with this id, whoever asks, or ``None``."""
    key = as_id(brief_id)
    return session.get(Brief, key) if key is not None else None


def reads_brief(session: Session, brief_id: UUID | str, actor: Actor) -> bool:
    """Whether ``get_brief`` finds it for the actor."""
    query = select(Brief.id).where(Brief.id == as_id(brief_id), visible_briefs(session, actor))
    return session.scalar(query) is not None


def unread_briefs(session: Session, actor: Actor) -> int:
    """How many released briefs the leader has not read yet; one statement."""
    mine = select(Leader.id).where(Leader.person_id == actor.person_id)
    query = select(func.count()).where(
        Brief.leader_id.in_(mine), Brief.released_at.is_not(None), Brief.read_at.is_(None)
    )
    return session.scalar(query) or 0 if actor.person_id is not None else 0


def reporting_units(session: Session, *, year: int, half: int, on: date | None = None) -> list[Unit]:
    """The units that report for a half-year, by name: who owes a liaison (T4, T6), or had one on its last day.

    ``on``: who owed one at the end of that day (default: today).

    A unit without a liaison owes its report all the same: who is named meanwhile writes it.
    """
    ends_on = period_of(year, half)[1]
    named = select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, ends_on))
    if on is not None and on < clock.today():
        return units_owing_then(session, on, set(session.scalars(named)))
    query = select(Unit).where(or_(owes_liaison(), and_(Unit.code.in_(named), Unit.active)))
    return list(session.scalars(query.order_by(Unit.pinyin, Unit.code)))


def roll_up(
    session: Session,
    *,
    year: int,
    half: int,
    needs: Mapping[str, Any],
    on: date | None = None,
    due_on: date | None = None,
) -> dict[str, Any]:
    """The sums of the offices' reports of a half-year at the end of a day (default: today), which is ``on`` (R5).

    Counted are those submitted or accepted by then. ``missing`` are the units that had not sent theirs, ``overdue`` how
    many of them were past their date (of who had not begun one ``due_on``, or the latest date of the others);
    ``complete`` says whether there are none. Totals are sums of the figures as they stood in each report; but a need is
    counted in the report of the office that registered it and in that of its leader's office, so the totals of needs
    are ``needs`` (``ledger.counts.need_counts`` of all offices), each once, and ``needs_reported`` is the plain sum. A
    fixed number of statements.
    """
    day = min(on or clock.today(), clock.today())
    query = select(HalfYearReport).where(HalfYearReport.year == year, HalfYearReport.half == half)
    rows = list(session.scalars(query))
    then = reports_then(session, rows, day)
    reports = {one.unit_code: then[one.id] for one in rows if one.id in then}
    units = {unit.code: unit.name for unit in reporting_units(session, year=year, half=half, on=day)}
    units |= {one.unit_code: one.unit.name for one in rows if one.id in then}
    if day < clock.today():
        called = unit_names_then(session, day)
        units = {code: called.get(code, name) for code, name in units.items()}
    sent = {code: one for code, one in reports.items() if one.status in (SUBMITTED, ACCEPTED)}
    due_on = due_on or max((one.due_on for one in reports.values() if one.due_on), default=None)
    rows_of_units = [_row(code, name, reports.get(code), due_on, day) for code, name in units.items()]
    return {
        "year": year,
        "half": half,
        "on": day,
        "expected": len(units),
        "submitted": len(sent),
        "accepted": sum(one.status == ACCEPTED for one in sent.values()),
        "returned": sum(one.status == RETURNED for one in reports.values()),
        "late": sum(one.late is True for one in sent.values()),
        "overdue": sum(row["overdue"] for row in rows_of_units),
        "complete": len(sent) == len(units),
        "missing": [{"unit": code, "name": name} for code, name in units.items() if code not in sent],
        "units": rows_of_units,
        "totals": _totals([one.facts for one in sent.values()], needs),
    }


def _row(code: str, name: str, report: ReportThen | None, due_on: date | None, on: date) -> dict[str, Any]:
    facts: Mapping[str, Any] = report.facts if report is not None else {}
    contacts = facts.get("contacts", {})
    return {
        "unit": code,
        "name": name,
        "id": str(report.id) if report is not None else None,
        "status": report.status if report is not None else None,
        "late": report.late if report is not None else None,
        "overdue": report.overdue(on) if report is not None else overdue(None, due_on, on),
        "contacts": contacts.get("total", 0),
        "opinions": contacts.get("opinions", {}).get("total", 0),
        "needs": facts.get("needs", {}).get("started", 0),
    }


def _totals(facts: list[Mapping[str, Any]], counted: Mapping[str, Any]) -> dict[str, Any]:
    def added(*path: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for one in facts:
            inner: Any = one
            for name in path:
                inner = inner.get(name, {})
            found.update({key: value for key, value in inner.items() if isinstance(value, int)})
        return found

    contacts, needs, interviews = added("contacts"), added("needs"), added("interviews")
    return {
        "contacts": contacts["total"],
        "inbound": contacts["inbound"],
        "late_entries": contacts["late"],
        "forms": dict(added("contacts", "forms")),
        "topics": dict(added("contacts", "topics")),
        "opinions": dict(added("contacts", "opinions")),
        "activities": dict(added("contacts", "activities")),
        "matters": dict(added("contacts", "matters")),
        "pairs": interviews["pairs"],
        "pairs_done": interviews["done"],
        "quotas": dict(added("quotas")),
        "needs": counted["started"],
        "needs_reported": needs["started"],
        "needs_late": counted["late"],
        "needs_late_steps": counted["late_steps"],
        "needs_late_both": counted["late_both"],
        "needs_on": counted["on"],
        "outcomes": dict(counted["outcomes"]),
        "outcome_names": dict(counted["names"]),
    }


def visible_reports(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``HalfYearReport`` that the actor may see it: the own offices', or all."""
    mine = selves(session, actor)
    if any(may(one, "view_reports") for one in mine):
        return true()
    return HalfYearReport.unit_code.in_(sorted({unit for one in mine for unit in units_with(one, "view_reports")}))


def visible_briefs(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Brief`` that the actor may see it: drafts with the right to release them, a leader the own
    ones once released."""
    mine = selves(session, actor)
    if any(may(one, "release_briefs") for one in mine):
        return true()
    ways = [Brief.released_at.is_not(None)] if any(may(one, "view_briefs") for one in mine) else []
    persons = [one.person_id for one in mine if one.person_id is not None]
    own = select(Leader.id).where(Leader.person_id.in_(persons))
    return or_(*ways, and_(Brief.released_at.is_not(None), Brief.leader_id.in_(own)))
