"""The needs of a period in figures, for reports, briefs and the assessment sheet (T6, R3, R5, O1)."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, text
from sqlalchemy.orm import Session

from service.clock import SHANGHAI, end_of, local, today
from service.history import HistoryEvent, stream_events
from service.ledger.cases import OUTCOMES, STATUSES
from service.ledger.circulars import issued
from service.ledger.past import State, happened_after, states
from service.liaisons.served import served_within
from service.people.models import Leader
from service.processes import lateness
from service.processes.lateness import IN_TIME, late_cases, standings
from service.processes.models import DONE, TERMINATED, Instance, UserTask
from service.processes.rules import STAGES
from service.talents.models import Talent

PROCESS = "request"
ON_THE_SPOT, REJECTED = "end_on_the_spot", "end_rejected"

NEED_OUTCOMES: Mapping[str, str] = {
    **OUTCOMES,
    "ended": "办结（未注明结果）",
    "on_the_spot": "现场解答",
    "rejected": "不予受理",
    "terminated": "已终止",
    "running": "在办",
}
"""What became of a need: every need is counted under exactly one."""

MOST_ITEMS = 200
AT_ONCE = 5_000


def need_counts(
    session: Session, *, unit: str | None, starts_on: date, ends_on: date, on: date | None = None
) -> dict[str, Any]:
    """The needs registered in a period, JSON-ready: ``started``, ``late``, ``urges``, ``outcomes``, ``categories``.

    All as of the end of the day ``on`` (default: today, at most the last of the period). ``late`` are those in which a
    responsible unit was late, ``late_steps`` those in which another step was (``processes.lateness``). ``names`` are
    the outcomes in words.

    ``unit`` is a liaison office: the needs of its leaders and those that it registered (R5); ``None`` counts all.
    A fixed number of statements.
    """
    as_of = day_of_paper(ends_on, on)
    scope = _of_unit(session, unit) & _started(starts_on, as_of)
    stood = _stood(session, scope, as_of)
    apart = {case_id: state for case_id, state in stood.items() if state.title}
    plain = scope & Instance.id.not_in(stood)
    outcome = _outcome(as_of).label("outcome")
    late, late_steps = (Instance.id.in_(late_cases(as_of, steps=steps)) for steps in (False, True))
    rows = session.execute(
        select(outcome, func.count(), func.sum(Instance.urges), func.count().filter(late), _number(late_steps))
        .where(plain)
        .group_by(text("outcome"))
    ).all()
    category = Instance.data["category"].as_string().label("category")
    categories: Tally[str | None] = Tally(
        dict(session.execute(select(category, func.count()).where(plain).group_by(text("category"))).all())
    )
    counted = Tally({str(row[0]): row[1] for row in rows})
    standing = standings(session, apart, as_of)
    for state in apart.values():
        counted[_became(state)] += 1
        categories[_text(state.data.get("category"))] += 1
    later = _within(session, plain, happened_after(session, "urged", as_of))
    return {
        "on": as_of.isoformat(),
        "started": counted.total(),
        "urges": sum(int(row[2]) for row in rows) + sum(state.urges for state in apart.values()) - later,
        "late": sum(row[3] for row in rows) + sum(one.late for one in standing.values()),
        "late_steps": sum(row[4] for row in rows) + sum(one.late_steps for one in standing.values()),
        "outcomes": {name: counted[name] for name in NEED_OUTCOMES},
        "names": dict(NEED_OUTCOMES),
        "categories": {str(name): count for name, count in sorted(categories.items(), key=str) if name is not None},
    }


def leader_needs(
    session: Session, *, leader_id: UUID, starts_on: date, ends_on: date, on: date | None = None
) -> dict[str, Any]:
    """The needs of one leader's talents that were open or ended in a period, JSON-ready (R3).

    Those that went through the leader, and those of the talents whom the leader served in the period: what another
    leader had taken in before a handover is the successor's to know (O4). All as of the end of the day ``on``
    (default: today, at most the last of the period).

    ``items`` tells of each: number, title, talent, status, stage, whether a responsible unit was ``late`` in it (or
    another step was: ``late_steps``), whether somebody still was that day (``overdue``, ``overdue_steps``), the numbers
    of the circulars about it that were issued in the period (W10); ``outcomes`` counts them. Five statements, and one
    for each need with a circular.
    """
    as_of = day_of_paper(ends_on, on)
    first = _midnight(starts_on)
    query = (
        select(Instance)
        .where(
            _alive(starts_on, as_of),
            or_(
                Instance.leader_id == str(leader_id),
                Instance.talent_id.in_(served_within(leader_id, starts_on, as_of)),
            ),
        )
        .order_by(Instance.started_at, Instance.id)
        .limit(MOST_ITEMS)
    )
    rows = list(session.scalars(query))
    stood = {
        case_id: state
        for case_id, state in states(session, rows, as_of).items()
        if state.title and (state.ended_at is None or state.ended_at >= first)
    }
    rows = [row for row in rows if row.id in stood]
    late = standings(session, stood, as_of)
    wanted = {state.talent_id for state in stood.values() if state.talent_id}
    names = dict(session.execute(select(Talent.id, Talent.name).where(Talent.id.in_(wanted))).all())
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
                "status": STAGES.get(state.stage or "", STATUSES[state.status])
                if name == "running"
                else NEED_OUTCOMES[name],
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
        "circulars": sum(len(numbers) for numbers in told.values()),
        "outcomes": {name: sum(one["outcome"] == name for one in items) for name in NEED_OUTCOMES},
        "names": dict(NEED_OUTCOMES),
        "items": items,
    }


def leaders_with_needs(session: Session, *, starts_on: date, ends_on: date) -> set[str]:
    """The leaders' posts (ids as text) through which needs went that were open or ended in a period; one statement."""
    query = select(Instance.leader_id).where(_alive(starts_on, ends_on), Instance.leader_id.is_not(None)).distinct()
    return {str(leader_id) for leader_id in session.scalars(query)}


def unit_answers(session: Session, *, starts_on: date, ends_on: date) -> dict[str, tuple[int, int]]:
    """Responsible unit → (what it was asked in a period, what of it was answered in time) (W6).

    As of the last day of the period, or of today while it lasts. Each round of handling counts; so does what is overdue
    without an answer. A hand-back in time is no answer.
    """
    found = lateness.unit_answers(session, process=PROCESS, since=starts_on, on=day_of_paper(ends_on))
    return {unit: (one.asked, one.in_time) for unit, one in found.items()}


def leader_answers(session: Session, *, starts_on: date, ends_on: date) -> dict[str, tuple[int, int]]:
    """Leader's post (id as text) → (needs registered in a period, those in which no responsible unit was late).

    As of the last day of the period, or of today while it lasts. A fixed number of statements.
    """
    on = day_of_paper(ends_on)
    scope = _needs() & _started(starts_on, on) & Instance.leader_id.is_not(None)
    untitled = [case_id for case_id, state in _stood(session, scope, on).items() if not state.title]
    rows = session.execute(
        select(Instance.leader_id, func.count(), _number(Instance.id.not_in(late_cases(on))))
        .where(scope, Instance.id.not_in(untitled))
        .group_by(Instance.leader_id)
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
            Instance.process == PROCESS,
            Instance.talent_id == talent_id,
            Instance.ended_at.is_(None),
            Instance.title != "",
        )
        .order_by(Instance.started_at, Instance.id)
        .limit(MOST_ITEMS)
    )
    return [(case_id, title, str(said)) for case_id, title, said in session.execute(query)]


def _needs() -> ColumnElement[bool]:
    return and_(Instance.process == PROCESS, Instance.title != "")


def _of_unit(session: Session, unit: str | None) -> ColumnElement[bool]:
    if unit is None:
        return _needs()
    # a need keeps its leader's id as text
    leaders = [str(one) for one in session.scalars(select(Leader.id).where(Leader.unit_code == unit))]
    return _needs() & or_(Instance.initiator_unit == unit, Instance.leader_id.in_(leaders))


def _outcome(on: date) -> ColumnElement[str]:
    """What had become of a need by the end of a day, where nothing was taken back since."""
    said = Instance.data["outcome"].as_string()
    return case(
        (or_(Instance.ended_at.is_(None), Instance.ended_at >= end_of(on)), "running"),
        (Instance.status == TERMINATED, "terminated"),
        (Instance.end == ON_THE_SPOT, "on_the_spot"),
        (Instance.end == REJECTED, "rejected"),
        (said.in_(tuple(OUTCOMES)), said),
        else_="ended",
    )


def _became(state: State) -> str:
    """The same of one case."""
    if state.ended_at is None:
        return "running"
    if state.status == TERMINATED:
        return "terminated"
    spoken = {ON_THE_SPOT: "on_the_spot", REJECTED: "rejected"}.get(state.end or "")
    said = state.data.get("outcome")
    return spoken or (said if isinstance(said, str) and said in OUTCOMES else "ended")


def _stood(session: Session, scope: ColumnElement[bool], on: date) -> dict[UUID, State]:
    """Those of a scope whose rows do not tell how they stood at the end of a day, as they stood.

    Nobody had done their first step (perhaps without so much as a title), or a step was taken back since.
    """
    if on >= today():
        return {}
    done = exists().where(
        UserTask.instance_id == Instance.id, UserTask.status == DONE, UserTask.completed_at < end_of(on)
    )
    changed = set(happened_after(session, "taken_back", on))
    rows = session.scalars(select(Instance).where(scope, or_(~done, Instance.id.in_(changed))))
    return states(session, list(rows), on)


def _within(session: Session, scope: ColumnElement[bool], events: Sequence[UUID]) -> int:
    """How many of the events (by case, perhaps several of one) are about cases of a scope."""
    tally = Tally(events)
    ids = list(tally)
    found = (
        case_id
        for first in range(0, len(ids), AT_ONCE)
        for case_id in session.scalars(select(Instance.id).where(scope, Instance.id.in_(ids[first : first + AT_ONCE])))
    )
    return sum(tally[case_id] for case_id in found)


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(which)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


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
        HistoryEvent.kind == "circular_issued",
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


def _alive(starts_on: date, ends_on: date) -> ColumnElement[bool]:
    """The needs that were open or ended in a period."""
    return and_(
        Instance.process == PROCESS,
        Instance.title != "",
        Instance.started_at < _midnight(ends_on + timedelta(days=1)),
        or_(Instance.ended_at.is_(None), Instance.ended_at >= _midnight(starts_on)),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
