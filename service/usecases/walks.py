"""The walks (走查) that people ask for: each is of one content, by which it is found again before a publication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
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

NONE, UNDER_WAY, STALE, FAILED, FAULTY, CUT, CLEAN = "none", "under_way", "stale", "failed", "faulty", "cut", "clean"
"""Nobody has walked it; somebody does; the last walk was of another content; it broke down; it found faults; it found
none as far as it came, but was cut short; it found none."""
CONSENT = "/consent"
"""The field in which somebody says that a content shall be published though its walk was cut short."""
NOTE = "note"
"""Under what name a walk keeps the note of the publication for which it was asked, so that nobody types it twice."""
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
    session: Session,
    *,
    draft_id: UUID,
    content: str,
    actor: Actor,
    now: datetime,
    seconds: int = SECONDS,
    note: str = "",
) -> jobs.Job:
    """A job that walks the draft as it is when its turn comes; now that is ``content``. ``note`` is that of the
    publication which waits for it.

    Raises NotAllowed, NotFound, Conflict (not open).
    """
    draft = drafts.get(session, draft_id, actor)
    if draft.discarded_at is not None or draft.published_at is not None:
        raise Conflict("这份草稿已丢弃或已发布，不能走查")
    said = {"process": draft.process, "revision": draft.revision, "seconds": seconds, CONTENT: content}
    params = {"draft": str(draft_id), **said, **({NOTE: note} if note else {})}
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
            return Walk(standing_of(job.result), job)
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


def standing_of(result: Mapping[str, Any]) -> str:
    """The standing of a content by the result of its walk, which earlier said nothing of untried steps."""
    if not result["holds"]:
        return FAULTY
    return CUT if result["left"] or result.get("untried") else CLEAN


def note_of(session: Session, draft_id: UUID) -> str:
    """The note that was given when the last walk of a draft was asked for, to be published."""
    found = last(session, draft_id)
    return str(found.params.get(NOTE, "")) if found is not None else ""


def said_of(walk: Walk, *, consent: bool) -> dict[str, Any]:
    """How a content stands with its walk, as the journal of a publication keeps it; with the consent where one is due.

    Raises Invalid for a walk that was cut short, where nobody consents.
    """
    told: dict[str, Any] = {"standing": walk.standing}
    if walk.job is None or walk.standing not in (CUT, CLEAN, FAULTY):
        return told
    told["job"] = str(walk.job.id)
    if walk.standing != CUT:
        return told
    if not consent:
        message = "走查没有走完，没有报出的问题不等于没有；请看过哪些没有走，勾选“我知道走查没有走完，仍要发布”"
        raise Invalid("没有发布：走查没有走完", [Finding(CONSENT, message)])
    result = walk.job.result or {}
    return {**told, "consent": True, "states": result["states"], "unexplored": list(result["unexplored"])}


def require_clean(walk: Walk) -> bool:
    """Whether a content was walked and nothing is wrong with it as far as the walk came; False where the walk is still
    to be asked for.

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
    return walk.standing in (CUT, CLEAN)
