"""Reading jobs and what they tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.lists import Page, page, whole
from service.errors import NotFound
from service.history import LATE_BY
from service.jobs.models import PAUSED, QUEUED, RUNNING, Job, JobItem
from service.jobs.submitting import kinds_of
from service.rights import Actor, may, require


def job_of(session: Session, job_id: UUID) -> Job:
    """The job. Raises NotFound."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound("没有这个后台任务")
    return job


def visible_job(session: Session, job_id: UUID, actor: Actor) -> Job:
    """The job, for those who have the right of its kind. Raises NotFound, NotAllowed."""
    job = job_of(session, job_id)
    kind = kinds_of(session).get(job.kind)
    if kind is None:
        raise NotFound("没有这个后台任务")
    require(actor, kind.right)
    return job


def unfinished(session: Session, job_ids: Collection[UUID]) -> set[UUID]:
    """Those of some jobs that a worker still has to do, or to end; one statement."""
    query = select(Job.id).where(Job.id.in_(job_ids), Job.status.in_((QUEUED, RUNNING, PAUSED)))
    return set(session.scalars(query)) if job_ids else set()


def jobs(session: Session, actor: Actor, *, kind: str | None = None, limit: int = 50, offset: int = 0) -> Page[Job]:
    """The jobs that the actor may see, the newest first."""
    seen = [one.name for one in kinds_of(session).values() if may(actor, one.right) and kind in (None, one.name)]
    query = select(Job).where(Job.kind.in_(seen)).order_by(Job.made_at.desc(), Job.id)
    return page(session, query, limit=limit, offset=offset)


def about(
    session: Session,
    kind: str,
    *,
    params: Mapping[str, str] = {},
    state: Mapping[str, str] = {},
    status: Collection[str] = (),
    limit: int = 50,
) -> list[Job]:
    """The jobs of a kind whose ``params`` and ``state`` hold these texts, the newest first; of any status, or these."""
    query = select(Job).where(Job.kind == kind, *(Job.params[name].as_string() == one for name, one in params.items()))
    query = query.where(*(Job.state[name].as_string() == one for name, one in state.items()))
    if status:
        query = query.where(Job.status.in_(status))
    return list(session.scalars(query.order_by(Job.made_at.desc(), Job.id).limit(limit)))


def items_of(
    session: Session, job_id: UUID, *, verdict: str | None = None, limit: int = 50, offset: int = 0
) -> Page[JobItem]:
    """The pieces that a job tells, in the order in which it told them; of one ``verdict`` alone where it is named."""
    query = select(JobItem).where(JobItem.job_id == job_id).order_by(JobItem.id)
    if verdict is not None:
        query = query.where(JobItem.verdict == verdict)
    return page(session, query, limit=limit, offset=offset)


def all_items(session: Session, job_id: UUID) -> Iterator[JobItem]:
    """All items of a job, for a report, one after the other: there may be one a case."""
    yield from whole(session, select(JobItem).where(JobItem.job_id == job_id).order_by(JobItem.id))


def counts(session: Session, job_id: UUID) -> dict[str, int]:
    """Verdict → how many items have it."""
    found = select(JobItem.verdict, func.count()).where(JobItem.job_id == job_id).group_by(JobItem.verdict)
    return {row[0]: row[1] for row in session.execute(found.order_by(JobItem.verdict))}


def submitted_since(session: Session, kind: str, username: str, since: datetime, now: datetime) -> bool:
    """Whether somebody has submitted a job of a kind since a moment, up to ``now``: a clock that went wrong may have
    left one of a day to come."""
    found = select(Job.id).where(Job.kind == kind, Job.made_by == username, Job.made_at.between(since, now + LATE_BY))
    return session.scalar(found.limit(1)) is not None
