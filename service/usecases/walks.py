"""The walks (走查) that people ask for: each is of one content, by which it is found again before a publication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service import jobs
from service.errors import Conflict, Finding, Invalid
from service.processes.options import Lists, frozen
from service.rights import Actor
from service.studio import drafts
from service.studio.names import bundle_of
from service.studio.sameness import program_digest

PROOF = "proof"
SECONDS = 120
"""Processor seconds of a walk where nobody says otherwise: the largest shipped process takes a fifth of it."""
CONTENT = "content"
"""Under what name a job says which content it walks: in ``params`` as it was asked for, in ``state`` as it was read."""

NONE, UNDER_WAY, STALE, FAILED, FAULTY, CLEAN = "none", "under_way", "stale", "failed", "faulty", "clean"
"""Nobody has walked it; somebody does; the last walk was of another content; it did not come to its end; it found
faults; it found none."""
_GOING = (jobs.QUEUED, jobs.RUNNING)


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk that says most about a content, and what that is: one of the words above."""

    standing: str
    job: jobs.Job | None = None


def content_of(files: Mapping[str, bytes], lists: Lists | None) -> str:
    """SHA-256 (hex) of what a walk of these files reads: the choices of today's settings are in it, layout, print
    templates and scenarios are not."""
    walked = {name: content for name, content in bundle_of(files).items() if not name.startswith("print/")}
    return program_digest(frozen(walked, lists))


def submit(
    session: Session, *, draft_id: UUID, content: str, actor: Actor, now: datetime, seconds: int = SECONDS
) -> jobs.Job:
    """A job that walks the draft as it is when its turn comes; now that is ``content``.

    Raises NotAllowed, NotFound, Conflict (not open).
    """
    draft = drafts.get(session, draft_id, actor)
    if draft.discarded_at is not None or draft.published_at is not None:
        raise Conflict("这份草稿已丢弃或已发布，不能走查")
    said = {"process": draft.process, "revision": draft.revision, "seconds": seconds, CONTENT: content}
    params = {"draft": str(draft_id), **said}
    return jobs.submit(session, kind=PROOF, params=params, actor=actor, now=now, total=1)


def last(session: Session, draft_id: UUID) -> jobs.Job | None:
    """The last walk of a draft, whatever became of it."""
    return next(iter(jobs.about(session, PROOF, params={"draft": str(draft_id)}, limit=1)), None)


def walk_of(session: Session, content: str, draft_id: UUID | None = None) -> Walk:
    """How far the walk of a content is: whoever walked it, in whichever draft and revision.

    Where none has, a walk of the draft that waits for its turn counts as under way: it walks what it finds then.
    """
    for job in jobs.about(session, PROOF, state={CONTENT: content}, status=(jobs.DONE,)):
        if job.result is not None and (not job.result["left"] or job.params["seconds"] >= SECONDS):
            return Walk(CLEAN if job.result["holds"] else FAULTY, job)
    for job in jobs.about(session, PROOF, status=_GOING):
        mine = draft_id is not None and job.params["draft"] == str(draft_id)
        if job.state.get(CONTENT, job.params.get(CONTENT)) == content or (mine and job.status == jobs.QUEUED):
            return Walk(UNDER_WAY, job)
    latest = last(session, draft_id) if draft_id is not None else None
    if latest is None or latest.status == jobs.CANCELLED:
        return Walk(NONE)
    if latest.status == jobs.FAILED and latest.params.get(CONTENT) == content:
        return Walk(FAILED, latest)
    return Walk(STALE, latest)


def require_clean(walk: Walk) -> bool:
    """Whether a content was walked and nothing is wrong with it; False where the walk is still to be asked for.

    Raises Conflict while it is under way, Invalid naming each fault that it found.
    """
    if walk.standing == UNDER_WAY:
        raise Conflict("这份内容正在走查，还没有走完，没有发布；走完没有错误后再发布")
    if walk.standing == FAULTY and walk.job is not None and walk.job.result is not None:
        found = [
            Finding(f"{one['file']}:{one['line']} {one['element']} {one['kind']}", one["message"])
            for one in walk.job.result["faults"]
        ]
        raise Invalid(f"走查发现 {walk.job.result['counts']['faults']} 处错误，没有发布；请改正后再发布", found)
    return walk.standing == CLEAN
