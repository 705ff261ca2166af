"""Keeping the ways of cases up to date: those that are behind their journals are found, folded and stored.

A page folds a few by itself and stores nothing; the worker does the rest, as a job that tells how far it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from service import jobs
from service.audit.models import CaseWayRow
from service.audit.ways.steps import steps_of
from service.audit.ways.way import FORMAT, CaseWay, way_of
from service.canonical import encoder
from service.db import Database
from service.errors import DAMAGE
from service.history import HistoryEvent, HistoryHead
from service.ids import as_id
from service.processes.bundles import Compiled, compiled
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.rights import SYSTEM, Actor

JOB, RIGHT = "ways", "view_ways"
_told = encoder(sort_keys=False, allow_nan=True, escaped=True)
BATCH = 50
"""Cases that are folded and stored at a time."""
MOST_ASIDE = 20
"""Cases that a page folds by itself: what a day's work changes should not cost a second."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A case whose stored way is missing, or older than its journal."""

    instance: UUID
    process: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A case's way, as its row will keep it; None where its journal cannot be read."""

    instance: UUID
    process: str
    seq: int
    way: CaseWay | None

    def row(self, way: CaseWay) -> dict[str, Any]:
        """The columns of its row."""
        return {
            "instance_id": self.instance,
            "process": self.process,
            "stream": stream_of(self.instance),
            "seq": self.seq,
            "format": FORMAT,
            "version": way.versions[-1],
            "started_on": date.fromordinal(way.began),
            "ended_on": date.fromordinal(way.ended) if way.ended is not None else None,
            "told": _told(way.data()),
        }


def behind(session: Session, process: str | None = None, *, after: UUID | None = None, limit: int) -> list[Behind]:
    """The cases whose ways are to be folded, in the order of their ids, at most ``limit``; without a process of all."""
    found = select(Instance.id, Instance.process).order_by(Instance.id).limit(limit)
    found = found.where(Instance.id > after) if after is not None else found
    return [Behind(instance, key) for instance, key in session.execute(_stale(found, process))]


def count_behind(session: Session, process: str | None = None) -> int:
    """How many there are."""
    return session.scalar(_stale(select(func.count()).select_from(Instance), process)) or 0


def _stale(query: Any, process: str | None) -> Any:
    query = query.outerjoin(CaseWayRow, CaseWayRow.instance_id == Instance.id)
    query = query.outerjoin(HistoryHead, HistoryHead.stream == CaseWayRow.stream)
    old: ColumnElement[bool] = or_(
        CaseWayRow.instance_id.is_(None), CaseWayRow.seq != HistoryHead.seq, CaseWayRow.format != FORMAT
    )
    return query.where(old, Instance.process == process) if process is not None else query.where(old)


def folded(session: Session, cases: Sequence[Behind]) -> Iterator[Folded]:
    """The ways of these cases as their journals tell them now; one statement, and one for each definition not met
    before."""
    of = {stream_of(one.instance): one for one in cases}
    columns = (HistoryEvent.stream, HistoryEvent.seq, HistoryEvent.at, HistoryEvent.actor, HistoryEvent.on_behalf_of)
    events = session.execute(
        select(HistoryEvent.id, *columns, HistoryEvent.kind, HistoryEvent.task, HistoryEvent.data)
        .where(HistoryEvent.stream.in_(of))
        .order_by(HistoryEvent.stream, HistoryEvent.seq)
    )
    for stream, some in groupby(events, key=lambda event: event.stream):
        one = of[stream]
        yield refolded(one, list(some), lambda digest: compiled(session, digest, one.process))  # noqa: B023 - used at once


def refolded(one: Behind, events: Sequence[Any], definition: Callable[[str], Compiled]) -> Folded:
    """The way of a case by these events, the first ones of its journal or all."""
    try:
        way = way_of(steps_of(events, definition), definition)
    except DAMAGE:  # of the journal, which verification names
        way = None
    return Folded(one.instance, one.process, events[-1].seq, way)


def store(session: Session, ways: Iterable[Folded]) -> None:
    """Keeps the ways in the caller's transaction, in place of earlier ones."""
    rows = [one.row(one.way) for one in ways if one.way is not None]
    if rows:
        session.execute(delete(CaseWayRow).where(CaseWayRow.instance_id.in_([row["instance_id"] for row in rows])))
        session.execute(insert(CaseWayRow), rows)


# --- The job ---------------------------------------------------------------------------------------------------------


def kind() -> jobs.Kind:
    """The kind of these jobs."""
    return jobs.Kind(JOB, "汇总流程图谱", RIGHT, work)


def running(session: Session) -> jobs.Job | None:
    """The job that waits or is under way; None where there is none."""
    found = jobs.about(session, JOB, status=(jobs.QUEUED, jobs.RUNNING, jobs.PAUSED), limit=1)
    return found[0] if found else None


def submit(session: Session, *, actor: Actor, now: datetime) -> jobs.Job:
    """Has the worker fold what is behind; the job that is at it already where there is one. Raises NotAllowed."""
    there = running(session)
    if there is not None:
        return there
    return jobs.submit(session, kind=JOB, params={}, actor=actor, now=now, total=count_behind(session))


def daily(session: Session, now: datetime) -> None:
    """Once a day, so that whoever looks in the morning finds yesterday's work counted."""
    if running(session) is None and count_behind(session):
        jobs.submit(session, kind=JOB, params={}, actor=SYSTEM, now=now, total=count_behind(session))


def work(run: jobs.Run) -> dict[str, Any]:
    """The work of the job: some cases at a time, each batch in a transaction of its own."""
    for last, cases, ways in _batches(run.database, as_id(run.state.get("after") or "")):
        with run.database.transaction() as session:
            store(session, ways)
            run.step(session, done=run.done + cases, state={"after": str(last)})
    return {"cases": run.done}


def take_in(database: Database) -> None:
    """Folds and stores all that is behind, at once: of a demonstration, which nobody waits a day for."""
    for _, _, ways in _batches(database, None):
        with database.transaction() as session:
            store(session, ways)


def _batches(database: Database, after: UUID | None) -> Iterator[tuple[UUID, int, list[Folded]]]:
    """(the last case, how many cases, their ways) of each batch of what is behind, in the order of their ids."""
    while True:
        with database.reading() as session:
            cases = behind(session, after=after, limit=BATCH)
            ways = list(folded(session, cases))
        if not cases:
            return
        after = cases[-1].instance
        yield after, len(cases), ways
