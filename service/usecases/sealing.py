"""Seals on demand and their check, by the worker: it alone has the key, and a check reads the whole journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import access_log, clock, jobs, seals
from service.auth.queries import actor_of
from service.config import Settings
from service.errors import Conflict

SEAL, CHECK, RIGHT = "seal", "seal_check", "verify"
MOST_NAMED = 200
"""Mismatches that a result holds."""


def kinds(settings: Settings) -> tuple[jobs.Kind, ...]:
    """The kinds of these jobs; each has one piece."""

    def make(run: jobs.Run) -> Mapping[str, Any]:
        with run.database.reading() as session:
            actor = actor_of(session, run.made_by)
        with run.database.transaction() as session:
            access_log.seal_entries(session, now=clock.now())
        sealer = seals.Sealer(run.database, settings.seal, mail=settings.mail.enabled)
        made = sealer.seal(by=actor, now=clock.now())
        if made is None:
            raise Conflict("有人正在长时间写入（例如批量导入），现在不能封存，请稍后再试")
        for _, operation in sealer.rest(clock.now()):
            operation()
        return {"number": made.number, "digest": made.digest}

    def check(run: jobs.Run) -> Mapping[str, Any]:
        with run.database.reading(long=True) as session:
            found = seals.check_seals(session, lambda done, total: _told(run, done, total))
        return {
            "ok": not found.mismatches,
            "seals": found.seals,
            "size": found.size,
            "mismatches": [one.what for one in found.mismatches[:MOST_NAMED]],
            "remarks": found.remarks,
        }

    return (
        jobs.Kind(SEAL, "封存", RIGHT, make, pausable=False),
        jobs.Kind(CHECK, "核对封存", RIGHT, check, pausable=False),
    )


def _told(run: jobs.Run, done: int, total: int) -> None:
    run.tell(done=done, total=total)
