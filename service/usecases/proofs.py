"""Proofs of drafts: a job walks the draft in a process of its own, and its result says what is wrong, with the ways."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import jobs
from service.auth.queries import actor_of
from service.config import Organization, Settings
from service.proof import KINDS, Bounds, Fault, Proof
from service.studio import drafts
from service.studio.checking import verdict
from service.usecases.proving import House, prove_confined
from service.usecases.studio import house_of, read_draft
from service.usecases.walks import CONTENT, PROOF, content_of

MOST_SECONDS = 900
MOST_SHOWN = 200
"""Faults and warnings that a result holds."""
_HEARTBEAT = 20
"""Seconds between two signs of life."""


def kind(settings: Settings, organization: Organization) -> jobs.Kind:
    """The kind of these jobs. It has one piece: a worker that dies begins anew."""

    def walk(run: jobs.Run) -> Mapping[str, Any]:
        with run.database.reading() as session:
            actor = actor_of(session, run.made_by)
        read = read_draft(run.database, UUID(run.params["draft"]), actor)
        content = content_of(read.files, organization.lists)
        run.tell(state={CONTENT: content})
        context = house_of(settings, organization).context
        files = verdict(read.files, key=read.process, context=context, base=read.base).required().files
        house = House(settings, organization, read.calendar)
        bounds = Bounds(seconds=run.params["seconds"])
        proof = prove_confined(files, read.process, house, bounds, going=_Heart(run).beat)
        run.tell(done=1)
        return {"revision": read.revision, CONTENT: content, **result_of(proof)}

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
        "memory": proof.memory,
        "left": proof.left,
        "bound": proof.bound,
        "untried": proof.untried,
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
