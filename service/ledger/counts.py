"""The needs of a period in figures, for reports, briefs and the assessment sheet (T6, R3, R5, O1)."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text, true
from sqlalchemy.orm import Session

from service.clock import SHANGHAI, local, today
from service.contacts import period_of
from service.history import HistoryEvent, of_kinds, stream_events
from service.ledger.cases import OUTCOMES
from service.ledger.circulars import issued
from service.liaisons.served import served_within
from service.processes import lateness
from service.processes.column_filters import of_office
from service.processes.lateness import IN_TIME, late_cases, standings
from service.processes.models import RUNNING, SUSPENDED, TERMINATED, Instance
from service.processes.need_figures import ON_THE_SPOT, REJECTED
from service.processes.past import Rows, State, cases_on, open_tasks_then, said, states
from service.processes.rules import NEED, STATUSES
from service.processes.stages import StageNames
from service.processes.stops import KINDS, WAITING
from service.talents.past import names_then

NEED_OUTCOMES: Mapping[str, str] = {
    **OUTCOMES,
    "ended": "办结（未注明结果）",
    "on_the_spot": "现场解答",
    "rejected": "不予受理",
    "terminated": "已终止",
    RUNNING: STATUSES[RUNNING],
    SUSPENDED: STATUSES[SUSPENDED],
}
"""The outcome of a need: every need is counted under exactly one; 在办 is what goes on, as in the ledger."""

MOST_ITEMS = 200


def half_year_needs(
    session: Session, *, year: int, half: int, unit: str | None = None, on: date | None = None
) -> dict[str, Any]:
    """:func:`need_counts` of a half-year: of one liaison office, or of all, each need counted once (R5)."""
    starts_on, ends_on = period_of(year, half)
    return need_counts(session, unit=unit, starts_on=starts_on, ends_on=ends_on, on=on)


def need_counts(
    session: Session, *, unit: str | None, starts_on: date, ends_on: date, on: date | None = None
) -> dict[str, Any]:
    """The needs registered in a period, JSON-ready: ``started``, ``late``, ``urges``, ``outcomes``, ``categories``.

    All as of the end of the day ``on`` (default: today, at most the last of the period). ``late`` are those in which a
    responsible unit was late, ``late_steps`` those in which another step was (``processes.lateness``), ``late_both``
    those of both. ``names`` are the outcomes in words.

    ``unit`` is a liaison office: the needs of its leaders and those that it registered (R5); ``None`` counts all.
    A fixed number of statements.
    """
    as_of = day_of_paper(ends_on, on)
    cases, needs = _needs(as_of)
    scope = and_(needs, _of_unit(session, cases, unit, as_of), _started(starts_on, as_of))
    # labels that no column has: grouping by a name takes the column first
    became, of_kind = _outcome(cases).label("became"), said(cases, "category").label("of_kind")
    late, late_steps = (Instance.id.in_(late_cases(as_of, steps=steps)) for steps in (False, True))
    rows = session.execute(
        select(
            became,
            func.count(),
            func.sum(cases.urges),
            *(_number(one) for one in (late, late_steps, and_(late, late_steps))),
        )
        .where(scope)
        .group_by(text("became"))
    ).all()
    categories = session.execute(select(of_kind, func.count()).where(scope).group_by(text("of_kind"))).all()
    counted = Tally({str(row[0]): row[1] for row in rows})
    return {
        "on": as_of.isoformat(),
        "started": counted.total(),
        "urges": sum(int(row[2]) for row in rows),
        "late": sum(row[3] for row in rows),
        "late_steps": sum(row[4] for row in rows),
        "late_both": sum(row[5] for row in rows),
        "outcomes": {name: counted[name] for name in NEED_OUTCOMES},
        "names": dict(NEED_OUTCOMES),
        "categories": {str(name): count for name, count in sorted(map(tuple, categories), key=str) if name is not None},
    }


def late_needs(session: Session, on: date) -> dict[str, int]:
    """Needs in which a responsible ``unit`` was late or is, and in which another ``step`` was; two statements."""
    return {
        name: session.scalar(
            select(func.count()).where(
                Instance.process == NEED, Instance.title != "", Instance.id.in_(late_cases(on, steps=steps))
            )
        )
        or 0
        for name, steps in (("unit", False), ("step", True))
    }


def leader_needs(
    session: Session, *, leader_id: UUID, starts_on: date, ends_on: date, on: date | None = None
) -> dict[str, Any]:
    """The needs of one leader's talents that were open or ended in a period, JSON-ready (R3).

    Those of the talents whom the leader served in the period, whoever had taken them in (O4): what was told to the
    leader about the talents of others is theirs. All as of the end of the day ``on`` (default: today, at most the last
    of the period).

    ``items`` tells of each: number, title, talent, status, stage, whether a responsible unit was ``late`` in it (or
    another step was: ``late_steps``), whether somebody still was that day (``overdue``, ``overdue_steps``), the numbers
    of the circulars about it that were issued in the period (W10); ``outcomes`` counts them. Eight statements at most,
    and one for each need with a circular.
    """
    as_of = day_of_paper(ends_on, on)
    first = _midnight(starts_on)
    cases, needs = _needs(as_of)
    query = (
        select(Instance)
        .where(
            needs,
            _alive(cases, starts_on, as_of),
            cases.talent_id.in_(served_within(leader_id, starts_on, as_of)),
        )
        .order_by(Instance.started_at, Instance.id)
        .limit(MOST_ITEMS)
    )
    rows = list(session.scalars(query))
    stood, stages = states(session, rows, as_of), StageNames(session)
    late = standings(session, stood, as_of)
    waits = {case for case, tasks in open_tasks_then(session, stood, as_of).items() if any(one.paused for one in tasks)}
    wanted = {state.talent_id for state in stood.values() if state.talent_id}
    names = names_then(session, wanted, as_of)
    told = _circulars(session, list(stood), starts_on, as_of)
    items = []
    for row in rows:
        state, standing = stood[row.id], late.get(row.id, IN_TIME)
        name = _became(state)
        items.append(
            {
                "id": str(row.id),
                "number": state.number,
                "title": state.title,
                "talent_id": state.talent_id,
                "talent": names.get(state.talent_id or "", ""),
                "status": _how_far(name, stages.of(row.process, state.stage), waits=row.id in waits),
                "outcome": name,
                "late": standing.late,
                "overdue": standing.overdue,
                "late_steps": standing.late_steps,
                "overdue_steps": standing.overdue_steps,
                "urges": state.urges,
                "circulars": told.get(row.id, []),
                "started_on": local(row.started_at).date().isoformat(),
                "ended_on": local(state.ended_at).date().isoformat() if state.ended_at is not None else None,
            }
        )
    return {
        "on": as_of.isoformat(),
        "total": len(items),
        "started": sum(first <= row.started_at for row in rows),
        "late": sum(one.late for one in late.values()),
        "overdue": sum(one.overdue for one in late.values()),
        "late_steps": sum(one.late_steps for one in late.values()),
        "late_both": sum(one.late and one.late_steps for one in late.values()),
        "circulars": sum(len(numbers) for numbers in told.values()),
        "outcomes": {name: sum(one["outcome"] == name for one in items) for name in NEED_OUTCOMES},
        "names": dict(NEED_OUTCOMES),
        "items": items,
    }


def unit_answers(session: Session, *, starts_on: date, ends_on: date) -> dict[str, tuple[int, int]]:
    """Responsible unit → (what it was asked in a period, what of it was answered in time) (W6).

    As of the last day of the period, or of today while it lasts. Each round of handling counts; so does what is overdue
    without an answer. A hand-back in time is no answer.
    """
    found = lateness.unit_answers(session, process=NEED, since=starts_on, on=day_of_paper(ends_on))
    return {unit: (one.asked, one.in_time) for unit, one in found.items()}


def leader_answers(session: Session, *, starts_on: date, ends_on: date) -> dict[str, tuple[int, int]]:
    """Leader's post (id as text) → (needs registered in a period, those in which no responsible unit was late).

    As of the last day of the period, or of today while it lasts. A fixed number of statements.
    """
    on = day_of_paper(ends_on)
    cases, needs = _needs(on)
    rows = session.execute(
        select(cases.leader_id, func.count(), _number(Instance.id.not_in(late_cases(on))))
        .where(needs, _started(starts_on, on), cases.leader_id.is_not(None))
        .group_by(cases.leader_id)
    )
    return {str(leader_id): (total, in_time) for leader_id, total, in_time in rows}


def day_of_paper(ends_on: date, on: date | None = None) -> date:
    """The day whose state a paper about a period says: its last, or today while it lasts; earlier where asked."""
    return min(ends_on, on or today())


def open_matters_of(session: Session, talent_id: str) -> list[tuple[UUID, str, str]]:
    """(id, title, description) of the open needs of one talent: what a new one may repeat (O3); one statement."""
    query = (
        select(Instance.id, Instance.title, func.coalesce(Instance.data["description"].as_string(), ""))
        .where(
            Instance.process == NEED,
            Instance.talent_id == talent_id,
            Instance.ended_at.is_(None),
            Instance.title != "",
        )
        .order_by(Instance.started_at, Instance.id)
        .limit(MOST_ITEMS)
    )
    return [(case_id, title, str(said)) for case_id, title, said in session.execute(query)]


def _needs(on: date) -> tuple[Rows, ColumnElement[bool]]:
    """Where the columns of needs stand as of the end of a day, and which cases were needs then, with a title."""
    cases, tied = cases_on(on)
    return cases, and_(Instance.process == NEED, cases.title != "", *tied)


def _of_unit(session: Session, cases: Rows, unit: str | None, on: date) -> ColumnElement[bool]:
    return true() if unit is None else of_office(session, cases, unit, on)


def _outcome(cases: Rows) -> ColumnElement[str]:
    """The outcome of a need then."""
    told = said(cases, "outcome")
    return case(
        (and_(cases.ended_at.is_(None), cases.status == SUSPENDED), SUSPENDED),
        (cases.ended_at.is_(None), RUNNING),
        (cases.status == TERMINATED, "terminated"),
        (cases.end == ON_THE_SPOT, "on_the_spot"),
        (cases.end == REJECTED, "rejected"),
        (told.in_(tuple(OUTCOMES)), told),
        else_="ended",
    )


def _became(state: State) -> str:
    """The same of one case."""
    if state.ended_at is None:
        return SUSPENDED if state.status == SUSPENDED else RUNNING
    if state.status == TERMINATED:
        return "terminated"
    spoken = {ON_THE_SPOT: "on_the_spot", REJECTED: "rejected"}.get(state.end or "")
    return spoken or (state.outcome if state.outcome and state.outcome in OUTCOMES else "ended")


def _how_far(outcome: str, stage: str | None, *, waits: bool = False) -> str:
    """How far a need is in words: its stage while it goes on; of one that stands still, or ``waits`` for a meeting
    without a clock (待上会), both."""
    if outcome == SUSPENDED and stage:
        return f"{stage}（{NEED_OUTCOMES[SUSPENDED]}）"
    if outcome == RUNNING and stage and waits:
        return f"{stage}（{KINDS[WAITING]}）"
    return (stage if outcome == RUNNING else None) or NEED_OUTCOMES[outcome]


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(which)


def _started(starts_on: date, ends_on: date) -> ColumnElement[bool]:
    return and_(
        Instance.started_at >= _midnight(starts_on), Instance.started_at < _midnight(ends_on + timedelta(days=1))
    )


def _circulars(session: Session, cases: Sequence[UUID], starts_on: date, ends_on: date) -> dict[UUID, list[str]]:
    """The circulars of a period that stood at its end, by case: the journals say which cases had any."""
    first, after = _midnight(starts_on), _midnight(ends_on + timedelta(days=1))
    streams = {f"instance:{case_id}": case_id for case_id in cases}
    having = select(HistoryEvent.stream).where(
        HistoryEvent.stream.in_(streams),
        of_kinds("circular_issued"),
        HistoryEvent.at >= first,
        HistoryEvent.at < after,
    )
    found = {}
    for stream in sorted(set(session.scalars(having))):
        case_id = streams[stream]
        told = [event for event in stream_events(session, stream) if event.at < after]
        numbers = [number for number, at in issued(told) if first <= at]
        if numbers:
            found[case_id] = numbers
    return found


def _alive(cases: Rows, starts_on: date, on: date) -> ColumnElement[bool]:
    """The cases that had begun by the end of a day, and were open or had ended in the period until then."""
    return and_(
        Instance.started_at < _midnight(on + timedelta(days=1)),
        or_(cases.ended_at.is_(None), cases.ended_at >= _midnight(starts_on)),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
