"""Once, at the upgrade to the release that compares every column: what earlier events did not tell is written down."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import history, ids
from service.audit.tables.comparing import Found
from service.audit.tables.streams import verify_records
from service.auth.models import Account
from service.history import OutboxEntry
from service.history.folding import BASELINE, Digest
from service.jobs.models import QUEUED, RUNNING, Job, JobItem
from service.notifications.models import MailAddress
from service.processes.models import Timer
from service.processes.recording import stream_of
from service.rights import SYSTEM

STREAM = "baseline"


def write_baseline(session: Session, *, now: datetime) -> int | None:
    """Journals, as found, the values that no earlier event tells; gives how many rows, None where it was done before.

    Only what the events left open is taken as it stands: where they say something else verification names it still.
    It is done once for ever, so that nothing changed later is taken for what was there.
    """
    if history.count(session, STREAM):
        return None
    until = history.last_event(session)
    found: list[Found] = []
    for _ in verify_records(session, found=found):
        pass
    listed = [one for one in found if one.stream]
    listed += [*_failing_timers(session), *_failing_notices(session)]
    history.lock_all(session, {one.stream for one in listed})
    for one in listed:
        data = {"table": one.table, "by": dict(one.by), "row": _kept(one)}
        history.append(session, stream=one.stream, kind=BASELINE, actor=SYSTEM.username, at=now, data=data)
    owed = list(session.scalars(select(OutboxEntry.event_id).order_by(OutboxEntry.event_id)))
    said = {"rows": len(listed), "notices_until": until, "owed": owed}
    if session.scalar(select(Account.username).where(Account.demo).limit(1)) is not None:
        history.note_played(session, until=now, actor=SYSTEM.username)  # its past was played before the journal said so
    history.append(session, stream=STREAM, kind=BASELINE, actor=SYSTEM.username, at=now, data=said)
    session.flush()
    return len(listed)


def _failing_timers(session: Session) -> list[Found]:
    """Timers that have failed and are to be tried again: earlier journals did not say when."""
    rows = session.scalars(select(Timer).where(or_(Timer.attempts != 0, Timer.due_at != Timer.fire_at)))
    return [
        Found(
            stream_of(row.instance_id),
            Timer.__tablename__,
            {"id": str(row.id)},
            {"attempts": row.attempts, "due_at": row.due_at.isoformat()},
        )
        for row in rows
    ]


def _failing_notices(session: Session) -> list[Found]:
    """Notices whose delivery has failed so far."""
    rows = session.scalars(select(OutboxEntry).where(OutboxEntry.last_error.is_not(None)))
    return [
        Found(
            history.notice_stream(row.event_id),
            OutboxEntry.__tablename__,
            {"event_id": row.event_id},
            {"attempts": row.attempts, "due_at": row.due_at.isoformat(), "last_error": row.last_error},
        )
        for row in rows
    ]


def _kept(found: Found) -> dict[str, Any]:
    """The columns to write down: of long and private documents the digest, of work under way that it goes on.

    An address is kept with a salt, as by the command that sets it, so that nobody finds it by trying.
    """
    row = dict(found.row)
    if found.table == MailAddress.__tablename__ and "address" in row:
        row["address"] = asdict(Digest.salted(row["address"], ids.new().hex))
    if found.table == JobItem.__tablename__:
        row["data"] = {"sha256": Digest.of(row["data"]).sha256}
    elif found.table == Job.__tablename__ and row.get("status") in (QUEUED, RUNNING):
        row |= {name: {"live": True} for name in ("status", "done", "total", "state")}
    return row
