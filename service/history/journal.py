"""Writing and reading the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, event, func, select, text
from sqlalchemy.orm import Session

from service.canonical import written
from service.clock import local
from service.db.prepared import Prepared
from service.errors import Conflict
from service.history.chain import FIRST, seal_text
from service.history.confirmed import confirmations, confirmed_between
from service.history.models import HistoryEvent, HistoryHead
from service.history.telling import Happened, Head, tell

_HEADS = "history_heads"
"""In a session: the heads that its transaction holds locked, by stream."""
PLAYED = "history_played"
"""Under this name the demonstration tells a session that it plays a past: its events may come before those there."""
LATE_BY = timedelta(minutes=10)
"""So much earlier than the last event of its stream an event may say that it is: a request takes the time when it
begins, and a worker at the beginning of a round, but each waits for its turn at the stream."""
_TOLD = "history_told"
"""In a session: the data of the last events that its transaction has told, by stream and number."""
_AT_ONCE = 500
_SAID = Prepared(
    select(HistoryEvent.data).where(HistoryEvent.stream == bindparam("stream"), HistoryEvent.seq == bindparam("seq"))
)


_LAST_AT = (
    select(HistoryEvent.at)
    .where(HistoryEvent.stream == HistoryHead.stream, HistoryEvent.seq == HistoryHead.seq)
    .correlate(HistoryHead)
    .scalar_subquery()
)
_HEAD: list[ColumnElement[Any]] = [HistoryHead.stream, HistoryHead.seq, HistoryHead.hash, _LAST_AT]  # type: ignore[list-item]
_LOCKED = Prepared(select(*_HEAD).where(HistoryHead.stream == bindparam("stream")).with_for_update(of=HistoryHead))
_FIRST_HEAD = text(
    "INSERT INTO history_head (stream, seq, hash) VALUES (:stream, 0, :hash) ON CONFLICT DO NOTHING RETURNING seq"
)


def append(
    session: Session,
    *,
    stream: str,
    kind: str,
    actor: str,
    at: datetime,
    data: Mapping[str, Any],
    task: str | None = None,
    on_behalf_of: str | None = None,
) -> Happened:
    """Adds one event to the end of ``stream``, in the caller's transaction.

    Nobody else extends the stream until that ends. ``actor`` and ``on_behalf_of`` are user names, ``at`` is aware,
    ``data`` is a JSON object (copied; whole floats become ints). A kind in ``OUTBOX_KINDS`` is also owed to the
    outside. The row is sent, together with all others of the command, at the next flush.
    Raises Invalid for data that no database can keep, Conflict for a moment before the stream's last event by more than
    ``LATE_BY`` (the machine's clock was set back, and nobody has confirmed it since), ValueError for a naive moment.
    """
    if at.tzinfo is None:
        raise ValueError(f"naive datetime {at!r}: every moment carries its time zone")
    head = _locked_head(session, stream)
    _in_order(session, head, at)
    seq, prev_hash = head.seq + 1, head.hash
    copy: dict[str, Any]
    copy, said = written(dict(data))
    sealed = seal_text(
        stream=stream,
        seq=seq,
        at=at,
        actor=actor,
        on_behalf_of=on_behalf_of,
        kind=kind,
        task=task,
        said=said,
        prev_hash=prev_hash,
    )
    happened = Happened(
        stream=stream,
        seq=seq,
        at=at,
        actor=actor,
        on_behalf_of=on_behalf_of,
        kind=kind,
        task=task,
        data=copy,
        said=said,
        prev_hash=prev_hash,
        hash=sealed,
    )
    head.seq, head.hash = seq, sealed
    tell(session, happened, head)
    told: dict[tuple[str, int], Mapping[str, Any]] = session.info.setdefault(_TOLD, {})
    if len(told) >= _AT_ONCE:
        told.clear()
    told[stream, seq] = copy
    return happened


def head_columns() -> list[ColumnElement[Any]]:
    """The columns of a head that ``hold`` takes, for whoever reads more with it over ``HistoryHead``, locked."""
    return _HEAD


def hold(session: Session, values: Sequence[Any]) -> None:
    """The head with these ``head_columns``, locked by the caller until the transaction ends, is asked for no more."""
    held: dict[str, Head] = session.info.setdefault(_HEADS, {})
    if values[0] not in held:
        held[values[0]] = Head(*values)


def lock(session: Session, stream: str) -> None:
    """Nobody else extends ``stream`` until the caller's transaction ends: what was read of it stays true."""
    _locked_head(session, stream)


def next_seq(session: Session, stream: str) -> int:
    """The number that the next event of ``stream`` gets, which nobody else extends until the caller's transaction
    ends."""
    return _locked_head(session, stream).seq + 1


def lock_all(session: Session, streams: Iterable[str]) -> None:
    """The same for many streams, in a statement for each few hundred: events for each of them then cost no question.

    In the order of their names, so that two who lock many do not wait for each other in a ring.
    """
    held: dict[str, Head] = session.info.setdefault(_HEADS, {})
    wanted = sorted(set(streams) - held.keys())
    for first in range(0, len(wanted), _AT_ONCE):
        some = select(*_HEAD).where(HistoryHead.stream.in_(wanted[first : first + _AT_ONCE]))
        for row in session.execute(some.order_by(HistoryHead.stream).with_for_update(of=HistoryHead)):
            held[row[0]] = Head(*row)


def stream_events(session: Session, stream: str, after: int = 0) -> list[HistoryEvent]:
    """The events of ``stream`` with ``seq`` above ``after``, in order."""
    found = (
        select(HistoryEvent).where(HistoryEvent.stream == stream, HistoryEvent.seq > after).order_by(HistoryEvent.seq)
    )
    return list(session.scalars(found))


def streams(session: Session, prefix: str = "") -> list[str]:
    """The names of all streams that begin with ``prefix``, sorted."""
    found = select(HistoryHead.stream).where(HistoryHead.stream.startswith(prefix, autoescape=True))
    return sorted(session.scalars(found))


def last_of(session: Session, stream: str, kind: str) -> HistoryEvent | None:
    """The newest event of a kind in ``stream``."""
    query = select(HistoryEvent).where(HistoryEvent.stream == stream, HistoryEvent.kind == kind)
    return session.scalars(query.order_by(HistoryEvent.seq.desc()).limit(1)).first()


def said(session: Session, stream: str, seq: int | None) -> Mapping[str, Any]:
    """The data of an event; empty where there is none. Asks nothing of one that this transaction has told."""
    told: Mapping[str, Any] | None = session.info.get(_TOLD, {}).get((stream, seq))
    if told is not None:
        return told
    rows = _SAID.rows(session, {"stream": stream, "seq": seq})
    return rows[0][0] if rows else {}


def count(session: Session, stream: str) -> int:
    """How many events ``stream`` holds; 0 where there is no such stream."""
    return session.scalar(select(func.count()).where(HistoryEvent.stream == stream)) or 0


def last_event(session: Session) -> int:
    """The id of the newest event of all streams; 0 while the journal is empty."""
    return session.scalar(select(func.max(HistoryEvent.id))) or 0


def _locked_head(session: Session, stream: str) -> Head:
    """The head row, locked until the transaction ends; asked for once a transaction, whatever the number of events."""
    held: dict[str, Head] = session.info.setdefault(_HEADS, {})
    if stream in held:
        return held[stream]
    given = {"stream": stream}
    if found := _LOCKED.rows(session, given):
        head = Head(*found[0])
    elif session.execute(_FIRST_HEAD, {**given, "hash": FIRST}).one_or_none() is not None:
        head = Head(stream, 0, FIRST)
    elif found := _LOCKED.rows(session, given):
        head = Head(*found[0])  # of two first events at once one inserts, the other has waited and finds the row
    else:
        raise LookupError(stream)
    held[stream] = head
    return head


def _confirmed(session: Session, head: Head, at: datetime) -> bool:
    """Whether a person has said since the stream's last event that the clock is right."""
    last = select(HistoryEvent.id).where(HistoryEvent.stream == head.stream, HistoryEvent.seq == head.seq)
    known = confirmations(session)
    return bool(known) and confirmed_between(known, session.scalars(last).one(), None, at + LATE_BY)


def _in_order(session: Session, head: Head, at: datetime) -> None:
    """Raises Conflict for an event that would stand before what its stream tells already, unless a person has said
    since that what it tells is from a clock that went wrong (adr/0113)."""
    last = head.at
    if last is not None and at < last - LATE_BY and not session.info.get(PLAYED):
        session.flush()
        if not _confirmed(session, head, at):
            told, now = (f"{local(one):%Y-%m-%d %H:%M:%S}" for one in (last, at))
            raise Conflict(
                f"没有保存：现在的时间 {now} 早于该记录最后的变动 {told}，请联系系统管理员校准服务器时钟；"
                "时钟现在无误的，请系统管理员运行 liaison resume 确认"
            )
        last = None
    head.at = at if last is None else max(at, last)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget_heads(session: Session, *_: object) -> None:
    """A lock ends with its transaction or savepoint, so what is known under the lock ends with it too."""
    session.info.pop(_HEADS, None)
    session.info.pop(_TOLD, None)
