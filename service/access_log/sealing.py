"""The access log under the journal: every few minutes the entries since the last batch are digested into one event.

So the daily seal covers them, and an entry that is changed, taken out or put in afterwards is found and named.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import history
from service.access_log.entries import digest_of
from service.access_log.models import AccessBatch, AccessEntry, AccessSubject
from service.rights import SYSTEM

STREAM, SEALED, ENDED = "access_log", "access_sealed", "access_ended"
LONGEST = 5000
"""Entries of a batch at most."""
READ_AT_ONCE = 50
"""Entries that are held in memory: some tell of thousands of records."""
PATIENCE_MS = 500
"""How long a writer of entries waits at most while a batch asks for its end."""


def seal_entries(session: Session, *, now: datetime) -> int:
    """Puts the entries since the last batch under the journal; gives how many, at most ``LONGEST``.

    0 where there are none, or somebody is writing some at this moment.
    """
    history.lock(session, STREAM)
    number, after = last_batch(session)
    if not _settled(session):
        return 0
    query = select(*AccessEntry.__table__.columns).where(AccessEntry.id > after).order_by(AccessEntry.id).limit(LONGEST)
    ids: list[int] = []
    digests: list[bytes] = []
    last_at = datetime.min.replace(tzinfo=UTC)
    with session.execute(query.execution_options(yield_per=READ_AT_ONCE)) as rows:
        for row in rows.mappings():
            ids.append(row["id"])
            digests.append(digest_of(row["id"], dict(row)))
            last_at = max(last_at, row["at"])
    if not ids:
        return 0
    leaves = b"".join(digests)
    made = AccessBatch(
        number=number + 1,
        first_id=ids[0],
        last_id=ids[-1],
        entries=len(ids),
        last_at=last_at,
        leaves=leaves,
        ended_at=None,
    )
    session.add(made)
    data = {
        "number": made.number,
        "first_id": made.first_id,
        "last_id": made.last_id,
        "entries": made.entries,
        "last_at": made.last_at.isoformat(),
        "leaves_sha256": hashlib.sha256(leaves).hexdigest(),
    }
    history.append(session, stream=STREAM, kind=SEALED, actor=SYSTEM.username, at=now, data=data)
    session.flush()
    return len(ids)


def last_batch(session: Session) -> tuple[int, int]:
    """The number of the newest batch and the id of its last entry; zeros before the first."""
    query = select(AccessBatch.number, AccessBatch.last_id).order_by(AccessBatch.number.desc()).limit(1)
    found = session.execute(query).first()
    return (found.number, found.last_id) if found is not None else (0, 0)


def end_keeping(session: Session, *, keep: timedelta, now: datetime) -> int:
    """Deletes the entries of batches all of which are older than ``keep``, and journals it; gives how many entries."""
    over = select(AccessBatch).where(AccessBatch.ended_at.is_(None), AccessBatch.last_at < now - keep)
    batches = list(session.scalars(over.order_by(AccessBatch.number).with_for_update()))
    for batch in batches:
        data = {"number": batch.number, "entries": batch.entries, "until": batch.last_at.isoformat()}
        history.append(session, stream=STREAM, kind=ENDED, actor=SYSTEM.username, at=now, data=data)
        ended = {"ended_at": now, "leaves": b""}
        # First: the triggers let nobody delete an entry whose batch is still kept.
        session.execute(update(AccessBatch).where(AccessBatch.number == batch.number).values(ended))
        for model, key in ((AccessSubject, AccessSubject.entry_id), (AccessEntry, AccessEntry.id)):
            session.execute(delete(model).where(key.between(batch.first_id, batch.last_id)))
    return sum(batch.entries for batch in batches)


def is_over(session: Session, *, keep: timedelta, now: datetime) -> bool:
    """Whether there is something for ``end_keeping`` to do; one statement."""
    over = select(AccessBatch.number).where(AccessBatch.ended_at.is_(None), AccessBatch.last_at < now - keep)
    return session.scalar(over.limit(1)) is not None


def waiting(session: Session) -> int:
    """How many entries are not under the journal yet; two statements."""
    _, after = last_batch(session)
    return session.scalar(select(func.count()).select_from(AccessEntry).where(AccessEntry.id > after)) or 0


def _settled(session: Session) -> bool:
    """Whether no entry can appear any more below those that are there (``seals.reading.settled_end``)."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_MS}ms'"))
            session.execute(text("LOCK TABLE access_entry IN SHARE MODE"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            return False
        raise
    return True
