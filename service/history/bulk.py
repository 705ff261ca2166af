"""Many streams at once: an import of thousands of records, or a night's letters, would take minutes event by event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from service.canonical import normalized
from service.history.chain import FIRST, seal
from service.history.journal import _HEAD, _HEADS, _in_order, append
from service.history.models import HistoryEvent, HistoryHead
from service.history.telling import Head

_LOCKED = (
    select(*_HEAD)
    .where(HistoryHead.stream.in_(bindparam("streams", expanding=True)))
    .order_by(HistoryHead.stream)
    .with_for_update(of=HistoryHead)
)
_EVENTS = insert(HistoryEvent.__table__)  # type: ignore[arg-type]
_MOVED = (
    update(HistoryHead.__table__)  # type: ignore[arg-type]
    .where(HistoryHead.stream == bindparam("of"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)


def begin_streams(
    session: Session,
    *,
    kind: str,
    actor: str,
    at: datetime,
    data: Mapping[str, Mapping[str, Any]],
    on_behalf_of: str | None = None,
) -> None:
    """Gives each stream of ``data`` (stream -> the event's data) its first event, in the caller's transaction.

    Two statements, whatever the number of streams. Raises ``IntegrityError`` where one of them exists already, so only
    for records that are new; ``kind`` must not be one that is owed to the outside.
    """
    if not data:
        return
    session.flush()
    events = [_row(stream, 1, FIRST, kind, actor, on_behalf_of, at, given) for stream, given in data.items()]
    session.execute(insert(HistoryHead), [{"stream": one["stream"], "seq": 1, "hash": one["hash"]} for one in events])
    _insert(session, events)


def extend_streams(
    session: Session, *, kind: str, actor: str, at: datetime, data: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """Adds events (stream, the event's data) to streams that have begun, in the caller's transaction.

    Three statements for up to a few hundred of them; the streams are locked in the order of their
    names. One that has not begun, or whose head the transaction holds already, costs what ``append`` does. ``kind``
    must not be one that is owed to the outside. Raises Conflict as ``append`` does.
    """
    if not data:
        return
    session.flush()
    held = session.info.get(_HEADS, {})
    wanted = sorted({stream for stream, _ in data} - held.keys())
    heads = {row[0]: Head(*row) for row in session.execute(_LOCKED, {"streams": wanted})}
    for head in heads.values():
        _in_order(session, head, at)
    events = []
    for stream, given in data:
        if stream not in heads:
            append(session, stream=stream, kind=kind, actor=actor, at=at, data=given)
            continue
        head = heads[stream]
        row = _row(stream, head.seq + 1, head.hash, kind, actor, None, at, given)
        head.seq, head.hash = row["seq"], row["hash"]
        events.append(row)
    if not events:
        return
    _insert(session, events)
    moved = [{"of": stream, "to_seq": head.seq, "to_hash": head.hash} for stream, head in heads.items()]
    session.connection().execute(_MOVED, moved)


def _row(
    stream: str,
    seq: int,
    prev_hash: str,
    kind: str,
    actor: str,
    on_behalf_of: str | None,
    at: datetime,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """An event as its table keeps it, without an id."""
    said: dict[str, Any] = {
        "stream": stream,
        "seq": seq,
        "at": at,
        "actor": actor,
        "on_behalf_of": on_behalf_of,
        "kind": kind,
        "task": None,
        "data": normalized(dict(data)),
        "prev_hash": prev_hash,
    }
    return said | {"hash": seal(**said)}


def _insert(session: Session, events: list[dict[str, Any]]) -> None:
    """Writes events in one statement; the database numbers them, and is not asked how."""
    session.connection().execute(_EVENTS, events)
