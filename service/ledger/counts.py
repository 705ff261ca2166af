"""The needs of a period in figures, for reports, briefs and the assessment sheet (T6, R3, R5, O1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text
from sqlalchemy.orm import Session

from service.clock import SHANGHAI, local
from service.history import HistoryEvent, stream_events
from service.ledger.cases import OUTCOMES, STATUSES
from service.ledger.circulars import issued
from service.liaisons.served import served_within
from service.people.models import Leader
from service.processes.models import COMPLETED, DONE, TERMINATED, Instance, UserTask
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


def need_counts(session: Session, *, unit: str | None, starts_on: date, ends_on: date) -> dict[str, Any]:
    """The needs registered in a period, JSON-ready: ``started``, ``late``, ``urges``, ``outcomes``, ``categories``.

    ``names`` are the outcomes in words.

    ``unit`` is a liaison office: the needs of its leaders and those that it registered (R5); ``None`` counts all.
    At most three statements.
    """
    scope = _of_unit(session, unit) & _started(starts_on, ends_on)
    outcome = _outcome().label("outcome")
    rows = session.execute(
        select(outcome, func.count(), func.coalesce(func.sum(Instance.urges), 0), func.count().filter(Instance.late))
        .where(scope)
        .group_by(text("outcome"))
    ).all()
    category = Instance.data["category"].as_string().label("category")
    categories = session.execute(select(category, func.count()).where(scope).group_by(text("category"))).all()
    counted = {str(name): count for name, count, _, _ in rows}
    return {
        "started": sum(counted.values()),
        "urges": sum(int(urges) for _, _, urges, _ in rows),
        "late": sum(late for _, _, _, late in rows),
        "outcomes": {name: counted.get(name, 0) for name in NEED_OUTCOMES},
        "names": dict(NEED_OUTCOMES),
        "categories": {str(name): count for name, count in sorted(categories, key=str) if name is not None},
    }


def leader_needs(session: Session, *, leader_id: UUID, starts_on: date, ends_on: date) -> dict[str, Any]:
    """The needs of one leader's talents that were open or ended in a period, JSON-ready (R3).

    Those that went through the leader, and those of the talents whom the leader served in the period: what another
    leader had taken in before a handover is the successor's to know (O4).

    ``items`` tells of each: number, title, talent, status, stage, whether it was late, the numbers of the circulars
    about it that were issued in the period (W10); ``outcomes`` counts them. Three statements, and one for each need
    with a circular.
    """
    first = _midnight(starts_on)
    outcome = _outcome()
    query = (
        select(Instance, outcome)
        .where(
            _alive(starts_on, ends_on),
            or_(
                Instance.leader_id == str(leader_id),
                Instance.talent_id.in_(served_within(leader_id, starts_on, ends_on)),
            ),
        )
        .order_by(Instance.started_at, Instance.id)
        .limit(MOST_ITEMS)
    )
    rows = [(row, str(name)) for row, name in session.execute(query)]
    wanted = {row.talent_id for row, _ in rows if row.talent_id}
    names = dict(session.execute(select(Talent.id, Talent.name).where(Talent.id.in_(wanted))).all())
    told = _circulars(session, [row.id for row, _ in rows], starts_on, ends_on)
    outcomes = {name: sum(one == name for _, one in rows) for name in NEED_OUTCOMES}
    items = [
        {
            "id": str(row.id),
            "number": row.number,
            "title": row.title,
            "talent_id": row.talent_id,
            "talent": names.get(row.talent_id or "", ""),
            "status": NEED_OUTCOMES[name] if name != "running" else STAGES.get(row.stage or "", STATUSES[row.status]),
            "outcome": name,
            "late": row.late,
            "urges": row.urges,
            "circulars": told.get(row.id, []),
            "started_on": local(row.started_at).date().isoformat(),
            "ended_on": local(row.ended_at).date().isoformat() if row.ended_at is not None else None,
        }
        for row, name in rows
    ]
    fresh = sum(first <= row.started_at for row, _ in rows)
    return {
        "total": len(items),
        "started": fresh,
        "late": sum(row.late for row, _ in rows),
        "circulars": sum(len(numbers) for numbers in told.values()),
        "outcomes": outcomes,
        "names": dict(NEED_OUTCOMES),
        "items": items,
    }


def leaders_with_needs(session: Session, *, starts_on: date, ends_on: date) -> set[str]:
    """The leaders' posts (ids as text) through which needs went that were open or ended in a period; one statement."""
    query = select(Instance.leader_id).where(_alive(starts_on, ends_on), Instance.leader_id.is_not(None)).distinct()
    return {str(leader_id) for leader_id in session.scalars(query)}


def unit_answers(session: Session, *, starts_on: date, ends_on: date) -> dict[str, tuple[int, int]]:
    """Responsible unit → (answers of a period, those of them in time): each round of handling counts (W6)."""
    rows = session.execute(
        select(UserTask.unit, func.count(), func.count().filter(func.coalesce(UserTask.late_days, 0) <= 0))
        .where(
            UserTask.role == "responsible_unit",
            UserTask.status == DONE,
            UserTask.unit.is_not(None),
            UserTask.due_on.is_not(None),
            UserTask.completed_at >= _midnight(starts_on),
            UserTask.completed_at < _midnight(ends_on + timedelta(days=1)),
        )
        .group_by(UserTask.unit)
    )
    return {str(unit): (answered, in_time) for unit, answered, in_time in rows}


def leader_answers(session: Session, *, starts_on: date, ends_on: date) -> dict[str, tuple[int, int]]:
    """Leader's post (id as text) → (needs registered in a period, those of them never late so far)."""
    rows = session.execute(
        select(Instance.leader_id, func.count(), func.count().filter(Instance.late.is_(False)))
        .where(Instance.process == PROCESS, Instance.leader_id.is_not(None), _started(starts_on, ends_on))
        .group_by(Instance.leader_id)
    )
    return {str(leader_id): (total, in_time) for leader_id, total, in_time in rows}


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


def _of_unit(session: Session, unit: str | None) -> ColumnElement[bool]:
    needs = and_(Instance.process == PROCESS, Instance.title != "")
    if unit is None:
        return needs
    # a need keeps its leader's id as text
    leaders = [str(one) for one in session.scalars(select(Leader.id).where(Leader.unit_code == unit))]
    return needs & or_(Instance.initiator_unit == unit, Instance.leader_id.in_(leaders))


def _outcome() -> ColumnElement[str]:
    said = Instance.data["outcome"].as_string()
    return case(
        (Instance.status == TERMINATED, "terminated"),
        (Instance.status != COMPLETED, "running"),
        (Instance.end == ON_THE_SPOT, "on_the_spot"),
        (Instance.end == REJECTED, "rejected"),
        (said.in_(tuple(OUTCOMES)), said),
        else_="ended",
    )


def _started(starts_on: date, ends_on: date) -> ColumnElement[bool]:
    return and_(
        Instance.started_at >= _midnight(starts_on), Instance.started_at < _midnight(ends_on + timedelta(days=1))
    )


def _circulars(session: Session, cases: Sequence[UUID], starts_on: date, ends_on: date) -> dict[UUID, list[str]]:
    """The circulars of a period that stand, by case: the journals say which cases had any."""
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
        numbers = [number for number, at in issued(stream_events(session, stream)) if first <= at < after]
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
