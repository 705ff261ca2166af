"""Verification of all that is stored: chains, definitions, calendars, replays, and every row of every table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

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
        yield from verify_records(session)
