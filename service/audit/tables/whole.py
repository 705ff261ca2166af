"""Verification of all that is stored: chains, definitions, calendars, replays, and every row of every table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.access_log import checking
from service.audit.tables.guards import guards
from service.audit.tables.registry import HELD, REPLAYED
from service.audit.tables.streams import verify_records
from service.processes import replay
from service.processes.deployed import Mismatch


def verify(
    session: Session,
    instance_ids: Sequence[UUID] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Mismatch]:
    """Yields whatever is not as the journal says, each with its place; of all, or of the cases ``instance_ids``.

    ``progress`` is told how many cases of how many are done.
    """
    yield from replay.verify(session, instance_ids, progress)
    if instance_ids is None:
        yield from guards(session)
        yield from verify_records(session)
        yield from access_log(session)


def access_log(session: Session) -> Iterator[Mismatch]:
    """Each entry of the access log that is not as its batch says, and of the index that is not as the entries say."""
    for table, key, what in checking.check(session):
        yield Mismatch(checking.STREAM, None, what, table, key)


def rows_compared(session: Session) -> dict[str, int]:
    """Table → its rows, of all tables that are compared."""
    models = [*HELD, *REPLAYED]
    return {one.__tablename__: session.scalar(select(func.count()).select_from(one)) or 0 for one in models}
