"""The commands of people on a job: submit, pause, go on, cancel. Plain functions in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service import ids
from service.canonical import normalized
from service.errors import Busy, Conflict, NotFound
from service.jobs.fields import ENDED, FORGOTTEN, HELD, MADE, RESUMED, journal, standing
from service.jobs.models import CANCELLED, DONE, FAILED, PAUSED, QUEUED, RUNNING, Job
from service.jobs.running import Kind
from service.rights import SYSTEM, Actor, require

KEY = "jobs"
"""Under what name the wiring hands the table of kinds to every session (``session.info``)."""
MOST_WAITING = 20
"""Jobs of one person that wait or run at a time."""
KEEP = timedelta(days=180)

_OVER = (DONE, FAILED, CANCELLED)


def kinds_of(session: Session) -> Mapping[str, Kind]:
    """The table of kinds that the wiring has handed over."""
    found: Mapping[str, Kind] = session.info[KEY]
    return found


def submit(
    session: Session, *, kind: str, params: Mapping[str, Any], actor: Actor, now: datetime, total: int = 0
) -> Job:
    """A new job, which the worker does as soon as it can. The caller has checked that ``params`` can be done.

    Raises NotAllowed without the kind's right, Busy when the person has too many waiting.
    """
    require(actor, kinds_of(session)[kind].right)
    mine = select(func.count()).where(Job.made_by == actor.username, Job.status.in_((QUEUED, RUNNING)))
    if (session.scalar(mine) or 0) >= MOST_WAITING:
        raise Busy(f"您已有 {MOST_WAITING} 个后台任务在排队或进行，请等其中一些完成后再提交")
    job = Job(
        id=ids.new(),
        kind=kind,
        params=normalized(dict(params)),
        status=QUEUED,
        done=0,
        total=total,
        state={},
        message="",
        made_by=actor.username,
        made_at=now,
        touched_at=now,
        attempts=0,
    )
    session.add(job)
    said = {"kind": kind, "params": job.params, "total": total}
    journal(session, job.id, MADE, said, actor=actor, now=now)
    session.flush()
    return job


def locked(session: Session, job_id: UUID, actor: Actor) -> Job:
    """The job, locked. Raises NotFound, also for who may not know of it."""
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    kind = kinds_of(session).get(job.kind) if job is not None else None
    if job is None or kind is None:
        raise NotFound("没有这个后台任务")
    require(actor, kind.right)
    return job


def pause(session: Session, *, job_id: UUID, actor: Actor, now: datetime) -> Job:
    """暂停: the worker stops after the piece at hand. Raises Conflict when it is over, or can only be cancelled."""
    job = locked(session, job_id, actor)
    if job.status not in (QUEUED, RUNNING):
        raise Conflict("该后台任务没有在进行，无需暂停")
    if not kinds_of(session)[job.kind].pausable:
        raise Conflict("这种后台任务不能暂停，可以取消后重新提交")
    job.status, job.touched_at = PAUSED, now
    journal(session, job.id, HELD, {}, actor=actor, now=now)
    return job


def resume(session: Session, *, job_id: UUID, actor: Actor, now: datetime) -> Job:
    """继续: it goes on where it stopped; one that failed is tried again from there."""
    job = locked(session, job_id, actor)
    if job.status not in (PAUSED, FAILED):
        raise Conflict("该后台任务没有暂停，无需继续")
    job.status, job.touched_at, job.ended_at, job.message, job.attempts = QUEUED, now, None, "", 0
    job.lease = job.leased_until = None
    journal(session, job.id, RESUMED, {}, actor=actor, now=now)
    return job


def cancel(session: Session, *, job_id: UUID, actor: Actor, now: datetime) -> Job:
    """取消: what is done stays done, the rest is left. Raises Conflict when it is over."""
    job = locked(session, job_id, actor)
    if job.status in _OVER:
        raise Conflict("该后台任务已经结束，不能取消")
    job.status, job.touched_at, job.ended_at = CANCELLED, now, now
    journal(session, job.id, ENDED, standing(job), actor=actor, now=now)
    return job


def forget_old(session: Session, *, now: datetime) -> None:
    """Drops jobs that have long been over; what they did stands in the journals."""
    old = list(session.scalars(select(Job.id).where(Job.status.in_(_OVER), Job.touched_at < now - KEEP)))
    for job_id in old:
        journal(session, job_id, FORGOTTEN, {}, actor=SYSTEM, now=now)
    session.execute(delete(Job).where(Job.id.in_(old)))
