"""Checking the chain: any byte of any event that is not what was written is found and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from service.canonical import dumps
from service.history.chain import FIRST, seal
from service.history.journal import LATE_BY
from service.history.models import HistoryEvent, HistoryHead
from service.history.played import played_until


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where the journal is not what was written; ``what`` is a Chinese sentence."""

    stream: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class _Row:
    """An event as stored. ``broken`` names a column whose stored form is not one that this product writes."""

    id: int
    seq: int
    sealed: str
    prev_hash: str
    hash: str
    broken: str | None
    at: datetime | None


def verify_stream(session: Session, stream: str, *, played: datetime | None = None) -> list[Mismatch]:
    """Recomputes the chain of ``stream`` from its first event to its head; empty if nothing was changed.

    Finds changed, missing, inserted and reordered events, a cut-off end, and on SQLite a changed text of the same
    meaning; and an event that says to be earlier than the one before it, unless it is of a demonstration (before
    ``played``). At most one mismatch an event, the first that shows.
    """
    mismatches: list[Mismatch] = []
    made_up = played if played is not None else played_until(session)
    last_at: datetime | None = None
    expected_seq, prev_hash, last_id = 1, FIRST, 0
    for row in _rows(session, stream):
        if row.seq != expected_seq:
            gap = "缺失" if row.seq > expected_seq else "重复"
            mismatches.append(Mismatch(stream, expected_seq, f"第 {expected_seq} 条记录{gap}"))
        elif row.broken is not None:
            mismatches.append(Mismatch(stream, row.seq, f"字段 {row.broken} 的存储内容被改动"))
        elif row.prev_hash != prev_hash:
            mismatches.append(Mismatch(stream, row.seq, "与上一条记录的哈希不衔接"))
        elif row.hash != row.sealed:
            mismatches.append(Mismatch(stream, row.seq, "内容与其哈希不符，记录被改动"))
        elif row.id <= last_id:
            mismatches.append(Mismatch(stream, row.seq, "记录编号的先后与序号不符"))
        elif row.at is not None and last_at is not None and made_up <= row.at < last_at - LATE_BY:
            mismatches.append(Mismatch(stream, row.seq, "时间早于上一条记录"))
        if row.at is not None:
            last_at = row.at if last_at is None else max(last_at, row.at)
        expected_seq, prev_hash, last_id = row.seq + 1, row.hash, row.id
    head = session.execute(select(HistoryHead.seq, HistoryHead.hash).where(HistoryHead.stream == stream)).one_or_none()
    if head is None:
        if expected_seq > 1:
            mismatches.append(Mismatch(stream, expected_seq - 1, "缺少链头"))
    elif tuple(head) != (expected_seq - 1, prev_hash):
        mismatches.append(
            Mismatch(stream, head.seq, f"链头记为第 {head.seq} 条，与末条记录（第 {expected_seq - 1} 条）不符")
        )
    return mismatches


def _rows(session: Session, stream: str) -> Iterator[_Row]:
    raw = session.get_bind().dialect.name == "sqlite"
    event = HistoryEvent
    found = select(
        event.id,
        event.seq,
        # SQLite keeps moments and documents as text: read the text itself, for a changed text may parse to the same
        # value or to nothing at all.
        type_coerce(event.at, Text).label("at") if raw else event.at,
        event.actor,
        event.on_behalf_of,
        event.kind,
        event.task,
        type_coerce(event.data, Text).label("data") if raw else event.data,
        event.prev_hash,
        event.hash,
    )
    found = found.where(event.stream == stream).order_by(event.seq, event.id).execution_options(yield_per=500)
    for row in session.execute(found):
        at = _sqlite_moment(row.at) if raw else row.at
        data = _sqlite_document(row.data) if raw else row.data
        broken = "at" if at is None else "data" if not isinstance(data, dict) else None
        sealed = ""
        if at is not None and isinstance(data, dict):
            sealed = seal(
                stream=stream,
                seq=row.seq,
                at=at,
                actor=row.actor,
                on_behalf_of=row.on_behalf_of,
                kind=row.kind,
                task=row.task,
                data=data,
                prev_hash=row.prev_hash,
            )
        yield _Row(row.id, row.seq, sealed, row.prev_hash, row.hash, broken, at)


def _sqlite_moment(text: Any) -> datetime | None:
    """The moment that SQLAlchemy writes as ``text``; None for any other text."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
    return moment if f"{moment:%Y-%m-%d %H:%M:%S.%f}" == text else None


def _sqlite_document(text: Any) -> Any:
    """The document that is canonically written as ``text``; None for any other text."""
    try:
        document = json.loads(text)
        return document if dumps(document) == text else None
    except (TypeError, ValueError):
        return None
