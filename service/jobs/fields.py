"""The journal of a job: its words, and how it is entered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service.fields import Entry, Field
from service.history.records import record
from service.jobs.models import Job
from service.rights import Actor

MADE, HELD, RESUMED, TOLD = "job_made", "job_paused", "job_resumed", "job_told"
ENDED, FORGOTTEN = "job_ended", "job_forgotten"

ENTRIES: Mapping[str, Entry] = {
    MADE: Entry("提交后台任务", (Field("kind", "种类", among="job_kinds"),)),
    HELD: Entry("暂停后台任务"),
    RESUMED: Entry("继续后台任务"),
    TOLD: Entry("后台任务的进展"),
    ENDED: Entry("后台任务结束"),
    FORGOTTEN: Entry("清理早已结束的后台任务"),
}
"""Kinds of entries in the journal of a job."""


def stream_of(job_id: UUID) -> str:
    """The journal stream of a job."""
    return f"job:{job_id}"


def journal(
    session: Session, job_id: UUID, kind: str, data: Mapping[str, object], *, actor: Actor, now: datetime
) -> None:
    """Enters what happened to a job."""
    record(session, stream_of(job_id), kind, data, actor=actor, now=now)


def standing(job: Job) -> dict[str, object]:
    """How a job stands at its end, as its journal keeps it."""
    return {
        "status": job.status,
        "done": job.done,
        "total": job.total,
        "state": job.state,
        "result": job.result,
        "message": job.message,
    }
