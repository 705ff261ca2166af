"""Finding the cases that use cases and actions go by: of a round, about a talent, about a leader's post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session, defer

from service import history
from service.errors import Finding, Invalid, NotFound
from service.ids import as_id
from service.processes.lateness import IN_TIME, standings
from service.processes.models import COMPLETED, OPEN, RUNNING, SUSPENDED, TERMINATED, Instance, UserTask
from service.processes.rules import GREY, NEED, WORST_FIRST, light
from service.processes.visibility import visible_clause
from service.processes.wide import of_process
from service.rights import Actor

GOING_ON = (RUNNING, SUSPENDED)
LATE, LATE_STEPS = "late", "late_steps"
"""A responsible unit is or was late in a need; another step is or was."""


def cases_about(session: Session, talent_ids: Collection[str], processes: Collection[str]) -> list[Instance]:
    """The cases of these processes about these talents that were not terminated, the oldest first; no state is read."""
    query = (
        select(Instance)
        .where(
            Instance.process.in_(processes),
            Instance.talent_id.in_(talent_ids),
            Instance.status.in_((*GOING_ON, COMPLETED)),
        )
        .options(defer(Instance.state), defer(Instance.frame))
    )
    return list(session.scalars(query.order_by(Instance.started_at, Instance.id))) if talent_ids else []


def lock_cases_of(session: Session, task_ids: Collection[UUID]) -> None:
    """Locks the cases of these steps until the transaction ends, in the order of their ids: of two who do something
    with many at once neither waits for the other in a ring."""
    mine = select(UserTask.instance_id).where(UserTask.id.in_(task_ids))
    session.execute(select(Instance.id).where(Instance.id.in_(mine)).order_by(Instance.id).with_for_update())


def case_label(session: Session, written: str) -> str | None:
    """The number and the title of the case with this id; ``None`` where there is none."""
    key = as_id(written)
    query = select(Instance.number, Instance.title).where(Instance.id == key)
    found = session.execute(query).one_or_none() if key is not None else None
    return " ".join(part for part in found if part) if found is not None else None


def cases_about_record(session: Session, record_id: UUID, actor: Actor) -> list[Instance]:
    """The cases about this record (``about_id``) that the actor may see, the oldest first; no state is read."""
    query = (
        select(Instance)
        .where(Instance.about_id == str(record_id), visible_clause(session, actor))
        .options(defer(Instance.state), defer(Instance.frame))
    )
    return list(session.scalars(query.order_by(Instance.started_at, Instance.id)))


def needs_by_talent(session: Session, talent_ids: Collection[str], today: date) -> dict[str, Counter[str]]:
    """Of each talent the needs that go on, by how they stand as of today; two statements.

    ``LATE`` and ``LATE_STEPS`` as the ledger has them (``lateness``; a need may be both), the others by the worst light
    of their open steps, ``SUSPENDED`` where the case is. Grey is what has no open step, or none with a date.
    """
    counts: dict[str, Counter[str]] = {}
    theirs = Instance.talent_id.in_(talent_ids) & Instance.status.in_(GOING_ON)
    for talent_id, marks in _stands(session, theirs, today) if talent_ids else ():
        counts.setdefault(str(talent_id), Counter()).update(marks)
    return counts


def needs_seen(session: Session, actor: Actor, today: date, most: int) -> Counter[str] | None:
    """The needs that go on and that the actor may see, by how they stand as above; None where they are more than
    ``most``. Two statements."""
    of_need = (*of_process(NEED, found=False), Instance.status.in_(GOING_ON))
    some = select(Instance.id).where(*of_need, visible_clause(session, actor)).limit(most + 1)
    found = _stands(session, Instance.id.in_(some), today)
    return Counter(mark for _, marks in found for mark in marks) if len(found) <= most else None


def _stands(session: Session, which: ColumnElement[bool], today: date) -> list[tuple[str | None, Sequence[str]]]:
    """(talent, how it stands) of each of these needs."""
    query = (
        select(Instance.id, Instance.talent_id, Instance.status, UserTask.due_on, UserTask.warn_on, UserTask.paused)
        .outerjoin(UserTask, and_(UserTask.instance_id == Instance.id, UserTask.status == OPEN))
        .where(Instance.process == NEED, which)
    )
    worst: dict[tuple[str | None, UUID], str] = {}
    running: set[UUID] = set()
    for row in session.execute(query):
        if row.status == RUNNING:
            running.add(row.id)
        key = (row.talent_id, row.id)
        if row.status == SUSPENDED:
            worst[key] = SUSPENDED
            continue
        shown = light(due_on=row.due_on, warn_on=row.warn_on, paused=bool(row.paused), today=today, late_days=None)
        worst[key] = min(shown, worst.get(key, GREY), key=WORST_FIRST.index)
    late = standings(session, running, today)
    found: list[tuple[str | None, Sequence[str]]] = []
    for (talent_id, case), shown in worst.items():
        stood = late.get(case, IN_TIME)
        marks = [name for name, is_so in ((LATE, stood.late), (LATE_STEPS, stood.late_steps)) if is_so]
        found.append((talent_id, marks or [shown]))
    return found


def case_id(session: Session, written: str) -> UUID:
    """The id of the case that people name by its number, or by the id itself. Raises NotFound."""
    found = session.scalar(select(Instance.id).where(Instance.number == written.strip()))
    if found is None and (meant := as_id(written.strip())) is not None:
        found = session.scalar(select(Instance.id).where(Instance.id == meant))
    if found is None:
        raise NotFound(f"没有编号为 {written} 的事项")
    return found


def going_on_about(session: Session, process: str, leader_id: UUID) -> list[UUID]:
    """The ids of the cases of ``process`` about a leader's post that run or are suspended."""
    query = select(Instance.id).where(
        Instance.process == process, Instance.leader_id == str(leader_id), Instance.status.in_(GOING_ON)
    )
    return list(session.scalars(query.order_by(Instance.id)))


def leaders_under_way(session: Session, process: str) -> set[UUID]:
    """The leaders' posts about which a case of ``process`` runs or is suspended."""
    query = select(Instance.leader_id).where(
        Instance.process == process, Instance.status.in_(GOING_ON), Instance.leader_id.is_not(None)
    )
    return {UUID(one) for one in session.scalars(query) if one is not None}


def running_of_leader(session: Session, process: str, leader_id: UUID) -> list[Instance]:
    """The running cases of ``process`` that name a leader's post, the oldest first."""
    query = select(Instance).where(
        Instance.process == process, Instance.leader_id == str(leader_id), Instance.status == RUNNING
    )
    return list(session.scalars(query.order_by(Instance.started_at, Instance.id)))


def versions_now(session: Session, ids: Collection[UUID]) -> dict[UUID, tuple[int, bool, datetime]]:
    """Case → its version, whether it goes on, and when it was started; one statement."""
    query = select(Instance.id, Instance.version, Instance.status, Instance.started_at).where(Instance.id.in_(ids))
    found = session.execute(query) if ids else ()
    return {row.id: (row.version, row.status in GOING_ON, row.started_at) for row in found}


def numbered(session: Session, process: str, number: str) -> UUID:
    """The id of the case of ``process`` with a number. Raises Invalid where there is none that goes on."""
    query = select(Instance.id).where(
        Instance.process == process, Instance.number == number, Instance.status.in_(GOING_ON)
    )
    found = session.scalar(query)
    if found is None:
        raise Invalid("没有迁移", [Finding("/number", f"没有编号为 {number} 的在办事项，请核对")])
    return found


def other_rounds(session: Session, instance: Instance, period: str | None = None) -> list[Instance]:
    """The other cases of the process of ``instance`` that go on, the oldest first; the completed of ``period`` too.

    Nobody starts another one until this transaction ends.
    """
    history.lock(session, f"definition:{instance.process}")
    same = Instance.data["period"]["name"].as_string() == period if period is not None else false()
    query = select(Instance).where(
        Instance.process == instance.process,
        Instance.id != instance.id,
        Instance.status != TERMINATED,
        or_(Instance.status != COMPLETED, same),
    )
    return list(session.scalars(query.order_by(Instance.started_at, Instance.id)))
