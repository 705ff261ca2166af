"""Why the evidence of a case cannot be made: what stands in its part of the journal is not what was sealed."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.audit.replay.readable import placed
from service.audit.tables.names import named
from service.errors import Finding
from service.history import HistoryEvent
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.seals import Altered

MOST = 20
"""Changed records that are named."""


def tell(session: Session, error: Altered, instance: Instance) -> None:
    """Says in ``error`` which records of the broken part were changed, and whether the case's own were."""
    own = named(session, stream_of(instance.id))
    found = list(_changed(session, error))
    part = f"{error.message}，因此这一段里的记录都做不出封存证明，{own}不能导出证据包"
    if not found:
        error.message = (
            f"{part}。这一段里每条记录与自己的哈希相符，改动的人可能把哈希也重新算过；"
            "要知道是哪一条，请到“封存”页用保存在别处的封存核对"
        )
    elif any(one.stream == stream_of(instance.id) for one in found):
        error.message = f"{part}。查出改动的记录中有该事项自己的"
    else:
        error.message = f"{part}。该事项自己的记录没有查出改动，查出改动的是同一段里的其他记录"
    error.findings = tuple(Finding("", f"{named(session, one.stream)} {placed(one)}") for one in found[:MOST])


def _changed(session: Session, error: Altered) -> Iterator[history.Mismatch]:
    part = HistoryEvent.id.between(error.first_id, error.last_id)
    streams = sorted(session.scalars(select(HistoryEvent.stream).where(part).distinct()))
    yield from history.verify_streams(session, streams)
