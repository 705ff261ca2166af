"""The assessment sheet (考核指标, O1): what was done of what is asked, by leader and by unit, for a year.

The figures are counted; a score there is only with weights from the settings, and it shows its working.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from service import clock
from service.contacts import interview_counts
from service.contacts.access import leaders_clause
from service.contacts.models import Contact, ContactTalent
from service.contacts.past import statuses
from service.contacts.rules import OPEN, period_of
from service.db.lists import on_day
from service.history import HistoryEvent, of_kinds
from service.liaisons.models import Link
from service.liaisons.queries import serving
from service.liaisons.rules import QUOTAS
from service.people.models import Leader, Liaison, Unit
from service.people.past import LeaderThen, leaders_then, served_by_unit, unit_names_then
from service.reports.models import HalfYearReport
from service.reports.rules import HALVES, REPORT_DAYS, Figure, Score, score, shares
from service.rights import Actor, may, units_with
from service.workdays import Calendar

OF_LEADERS = ("quota", "contacts", "interviews", "entered_in_time", "opinions_handled", "needs_in_time")

Pairs = Mapping[str, tuple[int, int]]
"""Leader's post or unit's code → (all, in time)."""


@dataclass(frozen=True, slots=True)
class LeaderRow:
    """A leader's indicators; ``then`` is what the post was called on the day, ``score`` is ``None`` without weights."""

    leader: Leader
    then: LeaderThen
    figures: Mapping[str, Figure]
    score: Score | None


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit's indicators: those of its leaders together, its answers and its reports."""

    unit: Unit
    figures: Mapping[str, Figure]
    score: Score | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet of a year as it stands ``on`` a day; ``names`` of all units are those of the day, by code."""

    year: int
    on: date
    leaders: tuple[LeaderRow, ...]
    units: tuple[UnitRow, ...]
    names: Mapping[str, str]


def assessment_sheet(
    session: Session,
    *,
    year: int,
    on: date,
    calendar: Calendar,
    needs_by_leader: Pairs,
    answers_by_unit: Pairs,
    weights: Mapping[str, float],
    unit: str | None = None,
    report_days: int = REPORT_DAYS,
    reader: Actor,
) -> Sheet:
    """Leaders and units that the reader may see, counted from 1 January to ``on`` (at most 31 December).

    ``needs_by_leader`` and ``answers_by_unit`` are those of ``ledger.counts``; ``weights`` (indicator → weight) may be
    empty: then no score is given. ``unit`` narrows to one unit. A fixed number of statements.
    """
    until = min(on, date(year, 12, 31))
    # a role of an office may have the sheet alone: its figures count all contacts, and name none
    seen = true() if may(reader, "view_assessment") else leaders_clause(session, reader)
    posts = select(Leader).where(on_day(Leader.starts_on, Leader.ends_on, until), seen)
    if unit is not None:
        posts = posts.where(served_by_unit(session, unit, until))
    leaders = sorted(session.scalars(posts), key=lambda one: (one.klass, one.person.pinyin, str(one.id)))
    figures = _of_leaders(session, leaders, year, until, needs_by_leader, seen)
    then = leaders_then(session, leaders, until)
    rows = tuple(LeaderRow(one, then[one.id], figures[one.id], score(figures[one.id], weights)) for one in leaders)
    return Sheet(
        year,
        until,
        rows,
        _of_units(session, rows, year, on, calendar, answers_by_unit, weights, unit, report_days, reader),
        unit_names_then(session, until),
    )


def _of_leaders(
    session: Session,
    leaders: Collection[Leader],
    year: int,
    until: date,
    needs: Pairs,
    seen: ColumnElement[bool],
) -> dict[UUID, dict[str, Figure]]:
    first = date(year, 1, 1)
    among = select(Leader.id).where(seen)
    served: dict[UUID, set[str]] = defaultdict(set)
    for leader_id, talent_id in session.execute(
        select(Link.leader_id, Link.talent_id).where(serving(until), Link.leader_id.in_(among))
    ):
        served[leader_id].add(talent_id)
    contacts = [Contact.withdrawn_at.is_(None), Contact.held_on.between(first, until), Contact.leader_id.in_(among)]
    met: dict[UUID, set[str]] = defaultdict(set)
    pairs = select(Contact.leader_id, ContactTalent.talent_id).join(ContactTalent).where(*contacts).distinct()
    for leader_id, talent_id in session.execute(pairs):
        met[leader_id].add(talent_id)
    entered = _figures(
        session,
        select(Contact.leader_id, func.count(), func.count().filter(Contact.late.is_(False)))
        .where(*contacts, Contact.supplementary.is_(False))
        .group_by(Contact.leader_id),
    )
    _, heard = statuses(session, contacts, until)
    handled = {one: Figure(found.total() - found[OPEN], found.total()) for one, found in heard.items()}
    interviews: dict[UUID, list[Figure]] = defaultdict(list)
    for pair in interview_counts(session, year=year, on=until, leader_ids=seen):
        interviews[pair.leader.id].append(Figure(min(pair.count, pair.required), pair.required))
    both = set(session.scalars(_of_class_a(until)))
    nothing = Figure(0, 0)
    found = {}
    for one in leaders:
        # a person of both classes is held to the quota of class A alone (L2)
        required = 0 if one.klass == "B" and one.person_id in both else QUOTAS[one.klass]
        talents = served[one.id]
        total, in_time = needs.get(str(one.id), (0, 0))
        found[one.id] = {
            "quota": Figure(min(len(talents), required), required),
            "contacts": Figure(len(talents & met[one.id]), len(talents)),
            "interviews": shares(interviews[one.id]),
            "entered_in_time": entered.get(one.id, nothing),
            "opinions_handled": handled.get(one.id, nothing),
            "needs_in_time": Figure(in_time, total),
        }
    return found


def _of_units(
    session: Session,
    rows: Collection[LeaderRow],
    year: int,
    on: date,
    calendar: Calendar,
    answers: Pairs,
    weights: Mapping[str, float],
    only: str | None,
    report_days: int,
    reader: Actor,
) -> tuple[UnitRow, ...]:
    officers = set(
        session.scalars(
            select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, min(on, date(year, 12, 31))))
        )
    )
    led: dict[str, list[LeaderRow]] = defaultdict(list)
    for row in rows:
        if row.then.unit_code is not None:
            led[row.then.unit_code].append(row)
    everything = may(reader, "view_assessment")
    wanted = set(led) | (officers | set(answers) if everything else officers & units_with(reader, "view_assessment"))
    if only is not None:
        wanted &= {only}
    reported = _reports(session, year, on, calendar, report_days)
    found = []
    for unit in session.scalars(select(Unit).where(Unit.code.in_(wanted)).order_by(Unit.pinyin, Unit.code)):
        figures = {code: shares([row.figures[code] for row in led[unit.code]]) for code in OF_LEADERS}
        total, in_time = answers.get(unit.code, (0, 0))
        figures["answers_in_time"] = Figure(in_time, total)
        done, due = reported(unit.code) if unit.code in officers else (0, 0)
        figures["reports_in_time"] = Figure(done, due)
        found.append(UnitRow(unit, figures, score(figures, weights)))
    return tuple(found)


def _reports(session: Session, year: int, on: date, calendar: Calendar, days: int) -> Any:
    """Unit's code → (reports submitted in time, reports that were in or due by ``on``).

    A report that nobody began was due where the unit had a liaison at the end of that half-year.
    """
    rows = {
        (one.unit_code, one.half): one
        for one in session.scalars(select(HalfYearReport).where(HalfYearReport.year == year))
    }
    first = _first_sent(session, list(rows.values()), on)
    due = {half: calendar.add(period_of(year, half)[1], days).due for half in HALVES}
    served = {
        half: set(
            session.scalars(
                select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, period_of(year, half)[1]))
            )
        )
        for half in HALVES
    }

    def of(code: str) -> tuple[int, int]:
        done = asked = 0
        for half in HALVES:
            report = rows.get((code, half))
            sent = first.get(report.id) if report is not None else None
            if report is not None and sent is not None and sent < clock.end_of(on):
                done, asked = done + (report.late is not True), asked + 1
            elif report is None and code not in served[half]:
                continue
            elif on > ((report.due_on if report is not None else None) or due[half]):
                asked += 1
        return done, asked

    return of


def _first_sent(session: Session, reports: Collection[HalfYearReport], on: date) -> dict[UUID, datetime]:
    """When each report was first submitted; of one that was sent again after ``on`` the journal knows."""
    sent = {one.id: one.submitted_at for one in reports if one.submitted_at is not None}
    again = {f"report:{key}": key for key, at in sent.items() if at >= clock.end_of(on)}
    if again:
        told = (
            select(HistoryEvent.stream, func.min(HistoryEvent.at))
            .where(HistoryEvent.stream.in_(again), of_kinds("report_submitted"))
            .group_by(HistoryEvent.stream)
        )
        sent |= {again[stream]: at for stream, at in session.execute(told)}
    return sent


def _of_class_a(on: date) -> Any:
    return select(Leader.person_id).where(Leader.klass == "A", on_day(Leader.starts_on, Leader.ends_on, on))


def _figures(session: Session, query: Any) -> dict[UUID, Figure]:
    return {leader_id: Figure(done, total) for leader_id, total, done in session.execute(query)}
