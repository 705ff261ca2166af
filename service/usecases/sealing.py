"""Seals on demand and their check, by the worker: it alone has the key, and a check reads the whole journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from service import access_log, clock, history, jobs, seals
from service.audit.tables.names import named
from service.auth.queries import actor_of
from service.config import Settings
from service.errors import Conflict
from service.rights import Actor
from service.seals.offering import digests, laid_out, note_held, offer, offered, waiting_for, withdraw

SEAL, CHECK, AGAINST, RIGHT = "seal", "seal_check", "seal_against", "verify"
LARGEST = 60_000_000
"""Bytes of the files of heads that may be sent at once."""
MOST_NAMED = 200
"""Mismatches that a result holds."""


def submit_against(session: Session, files: Mapping[str, bytes], *, actor: Actor, now: datetime) -> jobs.Job:
    """Has the journal held against heads that somebody kept elsewhere, by the worker: ``files`` by their names,
    ``seal-000001.json`` and ``seal-000001.leaves.gz``.

    Raises Invalid for files that are no heads, NotAllowed, Busy.
    """
    named_by = digests(files)
    job = jobs.submit(session, kind=AGAINST, params={"files": named_by}, actor=actor, now=now, total=1)
    offer(session, job.id, files)
    return job


def forget_offers(session: Session) -> None:
    """Forgets the files of heads whose job is over, however it ended."""
    there = waiting_for(session)
    withdraw(session, there - jobs.unfinished(session, there))


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
            "mismatches": [f"{one.what}{_values(one)}" for one in found.mismatches[:MOST_NAMED]],
            "remarks": found.remarks,
        }

    def against(run: jobs.Run) -> Mapping[str, Any]:
        with run.database.reading() as session:
            files, actor = offered(session, run.id), actor_of(session, run.made_by)
        with laid_out(files) as kept, run.database.reading(long=True) as session:
            found = seals.check_against(
                session, kept, lambda done, total: _told(run, done, total), named=partial(named, session)
            )
            wrong = [{**asdict(one), "name": named(session, one.stream)} for one in found.mismatches[:MOST_NAMED]]
        said = {"ok": not found.mismatches, "seals": found.seals, "size": found.size}
        noted = {**said, "mismatches": len(found.mismatches), "files": run.params["files"]}
        with run.database.transaction() as session:
            note_held(session, noted, actor=actor, now=clock.now())
        return {**said, "mismatches": wrong, "remarks": found.remarks}

    return (
        jobs.Kind(AGAINST, "用保存在别处的封存核对", RIGHT, against, pausable=False),
        jobs.Kind(SEAL, "封存", RIGHT, make, pausable=False),
        jobs.Kind(CHECK, "核对封存", RIGHT, check, pausable=False),
    )


def _values(one: history.Mismatch) -> str:
    return f"（应为 {one.must}，现为 {one.have}）" if one.must is not None else ""


def _told(run: jobs.Run, done: int, total: int) -> None:
    run.tell(done=done, total=total)
