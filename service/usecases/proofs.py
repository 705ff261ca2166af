"""Proofs of drafts: a job walks the draft in a process of its own, and its result says what is wrong, with the ways."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import jobs
from service.auth.queries import actor_of
from service.config import Organization, Settings
from service.errors import Conflict
from service.proof import KINDS, Bounds, Fault, Proof
from service.rights import Actor
from service.studio import drafts
from service.studio.checking import verdict
from service.studio.names import bundle_of
from service.usecases.proving import House, prove_confined
from service.usecases.studio import house_of, read_draft

PROOF = "proof"
SECONDS = 120
"""Processor seconds of a walk where nobody says otherwise: the largest shipped process takes a fifth of it."""
MOST_SECONDS = 900
MOST_SHOWN = 200
"""Faults and warnings that a result holds."""
_HEARTBEAT = 20
"""Seconds between two signs of life."""


def submit(session: Session, *, draft_id: UUID, seconds: int, actor: Actor, now: datetime) -> jobs.Job:
    """A job that walks the draft as it is when its turn comes. Raises NotAllowed, NotFound, Conflict (not open)."""
    draft = drafts.get(session, draft_id, actor)
    if draft.discarded_at is not None or draft.published_at is not None:
        raise Conflict("这份草稿已丢弃或已发布，不能走查")
    params = {"draft": str(draft_id), "process": draft.process, "revision": draft.revision, "seconds": seconds}
    return jobs.submit(session, kind=PROOF, params=params, actor=actor, now=now, total=1)


def kind(settings: Settings, organization: Organization) -> jobs.Kind:
    """The kind of these jobs. It has one piece: a worker that dies begins anew."""

    def walk(run: jobs.Run) -> Mapping[str, Any]:
        with run.database.reading() as session:
            actor = actor_of(session, run.made_by)
        read = read_draft(run.database, UUID(run.params["draft"]), actor)
        files = bundle_of(read.files)
        context = house_of(settings, organization).context
        verdict(files, key=read.process, context=context, base=read.base).required()
        house = House(settings, organization, read.calendar)
        bounds = Bounds(seconds=run.params["seconds"])
        proof = prove_confined(files, read.process, house, bounds, going=_Heart(run).beat)
        run.tell(done=1)
        return {"revision": read.revision, **result_of(proof)}

    return jobs.Kind(PROOF, "走查", drafts.EDIT, walk, pausable=False)


class _Heart:
    """Says now and then that the job is under way; raises Stopped when it is not to go on."""

    def __init__(self, run: jobs.Run) -> None:
        self.run, self.last = run, time.monotonic()

    def beat(self) -> None:
        if time.monotonic() - self.last > _HEARTBEAT or self.run.stopping():
            self.last = time.monotonic()
            self.run.tell()


def result_of(proof: Proof) -> dict[str, Any]:
    """A proof as the result of a job. ``passed`` and ``missed`` are [process, element], for the drawing."""
    return {
        "holds": proof.holds,
        "faults": [_told(one) for one in proof.faults[:MOST_SHOWN]],
        "warnings": [_told(one) for one in proof.warnings[:MOST_SHOWN]],
        "counts": {"faults": len(proof.faults), "warnings": len(proof.warnings)},
        "states": proof.states,
        "ways": proof.ways,
        "seconds": round(proof.seconds, 1),
        "unexplored": list(proof.unexplored),
        "passed": [list(one) for one in proof.passed],
        "missed": [list(one) for one in proof.missed],
    }


def _told(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "kind_name": KINDS[fault.kind],
        "severity": fault.severity,
        "file": fault.file,
        "line": fault.line,
        "element": fault.element,
        "message": fault.message,
        "way": list(fault.way),
        "scenario": fault.scenario,
    }
