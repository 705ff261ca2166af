"""Doing a job: one worker at a time holds it by a lease, and what it does is told in short transactions.

A worker does the jobs of one kind one after the other, and the kinds side by side (``worker.loop``).

A handler runs outside any transaction. It does a piece, and says so with ``Run.step`` in the very transaction in which
the piece was done: a worker that dies leaves the job where its last piece was, and another goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from service import clock, ids
from service.canonical import normalized
from service.db import Database
from service.db.failures import describe, explain
from service.errors import LiaisonError
from service.history.folding import Digest
from service.jobs.fields import ENDED, TOLD, journal, standing
from service.jobs.models import DONE, FAILED, QUEUED, RUNNING, Job, JobItem
from service.rights import SYSTEM

LEASE = timedelta(minutes=2)
"""How long a job stays with a worker that is not heard of."""
MAX_ATTEMPTS = 3
MOST_LOOKED_AT = 5

log = structlog.get_logger(__name__)


class Stopped(Exception):
    """The job is no longer this worker's: paused, cancelled, taken by another, or the worker stops."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of what a job tells (``JobItem``)."""

    key: str
    verdict: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """A job in a worker's hands. ``state`` is as the last step left it: empty at the first time."""

    database: Database
    id: UUID
    params: Mapping[str, Any]
    made_by: str
    state: Mapping[str, Any]
    done: int
    lease: UUID
    stopping: Callable[[], bool]

    def step(
        self,
        session: Session,
        *,
        done: int | None = None,
        total: int | None = None,
        items: Iterable[Item] = (),
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes a step in the handler's own transaction, as its last statement; an item of a key replaces the earlier.

        Raises Stopped when the job is not to go on: the transaction is then undone.
        """
        job = session.get(Job, self.id, with_for_update=True, populate_existing=True)
        if job is None or job.status != RUNNING or job.lease != self.lease:
            raise Stopped
        rows = [{"job_id": self.id, "key": one.key, "verdict": one.verdict, "data": dict(one.data)} for one in items]
        if rows:
            old = delete(JobItem).where(JobItem.job_id == self.id, JobItem.key.in_([row["key"] for row in rows]))
            session.execute(old)
            session.execute(insert(JobItem), rows)
            told = {str(row["key"]): {"verdict": row["verdict"], "data": _sealed(row["data"])} for row in rows}
            journal(session, self.id, TOLD, {"items": told}, actor=SYSTEM, now=clock.now())
        if done is not None:
            job.done = self.done = done
        if total is not None:
            job.total = total
        if state is not None:
            job.state = self.state = dict(state)
        now = clock.now()
        job.touched_at, job.leased_until, job.attempts = now, now + LEASE, 0
        session.flush()

    def tell(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        items: Iterable[Item] = (),
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """As ``step``, in a transaction of its own. Raises Stopped too when the worker is to stop."""
        with self.database.transaction() as session:
            self.step(session, done=done, total=total, items=items, state=state)
        self.go_on()

    def go_on(self) -> None:
        """Raises Stopped when the worker is to stop."""
        if self.stopping():
            raise Stopped


Handler = Callable[[Run], Mapping[str, Any] | None]
"""Does a job and gives its result. Raises LiaisonError with what its maker must read, and Stopped as it comes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of jobs: who has ``right`` may see and steer them. ``pausable``: the rest may be done later."""

    name: str
    title: str
    right: str
    work: Handler
    pausable: bool = True


def work(database: Database, kinds: Mapping[str, Kind], stopping: Callable[[], bool], now: datetime) -> bool:
    """Does one job to its end, or until it is stopped; whether there was one. Called outside any transaction."""
    taken = _take(database, kinds, stopping, now) if kinds else None
    if taken is None:
        return False
    kind, run = taken
    try:
        result = kind.work(run)
    except Stopped:
        _lay_down(database, run)
    except LiaisonError as error:
        said = "；".join([error.message, *(one.message for one in error.findings[:5])])
        _end(database, run, FAILED, said)
    except Exception as error:  # a defect must be seen, not tried for ever
        if explain(error) is not None:  # the database is not there: another time
            with suppress(Exception):
                _lay_down(database, run)
            raise
        log.exception("job_failed", job=str(run.id), kind=kind.name, error=describe(error))
        _end(database, run, FAILED, "系统内部错误，已停在出错处；请联系系统管理员查看日志")
    else:
        _end(database, run, DONE, "", result)
    return True


def waiting(database: Database, now: datetime) -> frozenset[str]:
    """The kinds of which some job waits, or was left lying by a worker; one statement."""
    with database.reading() as session:
        return frozenset(session.scalars(select(Job.kind).where(_waits(now)).distinct()))


def _waits(now: datetime) -> ColumnElement[bool]:
    lying = and_(Job.status == RUNNING, or_(Job.leased_until.is_(None), Job.leased_until < now))
    return or_(Job.status == QUEUED, lying)


def _take(
    database: Database, kinds: Mapping[str, Kind], stopping: Callable[[], bool], now: datetime
) -> tuple[Kind, Run] | None:
    """The oldest job that waits, or that a worker has left lying, leased to this one."""
    asked = select(Job.id).where(Job.kind.in_(list(kinds)), _waits(now))
    with database.reading() as session:
        found = session.scalars(asked.order_by(Job.made_at, Job.id).limit(MOST_LOOKED_AT)).all()
    for one in found:  # where another worker was faster, the next one waits no longer for it
        if (taken := _lease(database, kinds, one, stopping, now)) is not None:
            return taken
    return None


def _lease(
    database: Database, kinds: Mapping[str, Kind], waiting: UUID, stopping: Callable[[], bool], now: datetime
) -> tuple[Kind, Run] | None:
    with database.transaction() as session:
        job = session.get(Job, waiting, with_for_update={"skip_locked": True})
        if job is None or not (job.status == QUEUED or (job.status == RUNNING and _expired(job, now))):
            return None  # another worker was faster
        if job.attempts >= MAX_ATTEMPTS:
            job.status, job.ended_at, job.lease = FAILED, now, None
            job.message = "多次中断，没有进展；请联系系统管理员查看日志后重新提交"
            journal(session, job.id, ENDED, standing(job), actor=SYSTEM, now=now)
            return None
        job.status, job.lease, job.leased_until = RUNNING, ids.new(), now + LEASE
        job.attempts, job.touched_at = job.attempts + 1, now
        run = Run(database, job.id, job.params, job.made_by, job.state, job.done, job.lease, stopping)
        return kinds[job.kind], run


def _expired(job: Job, now: datetime) -> bool:
    return job.leased_until is None or job.leased_until < now


def _lay_down(database: Database, run: Run) -> None:
    """Gives the job back to whoever comes next, unless a person has meanwhile decided otherwise."""
    with database.transaction() as session:
        job = session.get(Job, run.id, with_for_update=True)
        if job is not None and job.lease == run.lease:
            job.lease = job.leased_until = None
            job.attempts = 0
            if job.status == RUNNING:
                job.status = QUEUED


def _end(database: Database, run: Run, status: str, message: str, result: Mapping[str, Any] | None = None) -> None:
    with database.transaction() as session:
        job = session.get(Job, run.id, with_for_update=True)
        if job is None or job.lease != run.lease or job.status != RUNNING:
            return
        job.status, job.message, job.ended_at = status, message, clock.now()
        job.touched_at, job.lease, job.leased_until = job.ended_at, None, None
        if result is not None:
            job.result = dict(result)
        journal(session, job.id, ENDED, standing(job), actor=SYSTEM, now=job.ended_at)


def _sealed(data: object) -> str:
    """The digest of an item's data, which may be long and private: the journal keeps no more."""
    return Digest.of(normalized(data)).sha256
