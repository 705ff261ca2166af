"""Checking the chain: any byte of any event that is not what was written is found and named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Text, select, type_coerce
from sqlalchemy.orm import Session

from service.canonical import dumps, loads
from service.db.raw_rows import Read, fetched
from service.history import apart
from service.history.chain import FIRST
from service.history.confirmed import Confirmed, confirmations, confirmed_between
from service.history.journal import LATE_BY
from service.history.models import HistoryEvent, HistoryHead
from service.history.played import played_until

_AT_ONCE = 500
_quoted = json.encoder.encode_basestring
"""Writes a text as canonical JSON. Raises TypeError for what is none."""
DOUBTFUL = "时间早于上一条记录"
"""The finding of an entry that says to be earlier than the one before it: its bytes may be right all the same."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where the journal is not what was written; ``what`` is a Chinese sentence. ``must`` and ``have`` say
    what should stand there and what does."""

    stream: str
    seq: int
    what: str
    must: str | None = field(default=None, compare=False)
    have: str | None = field(default=None, compare=False)


@dataclass(slots=True)
class StoredEvent:
    """An event as read for verification. ``text`` is the canonical JSON of its data."""

    id: int
    stream: str
    seq: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    kind: str
    task: str | None
    data: dict[str, Any]
    text: str


@dataclass(slots=True)
class Chain:
    """The events of a stream in order, and what is wrong with its chain. ``unreadable``: an event cannot be read."""

    events: list[StoredEvent] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)
    unreadable: str | None = None


def verify_stream(session: Session, stream: str, *, played: datetime | None = None) -> list[Mismatch]:
    """Recomputes the chain of ``stream`` from its first event to its head; empty if nothing was changed.

    Finds changed, missing, inserted and reordered events, a cut-off end, and on SQLite a changed text of the same
    meaning; and an event that says to be earlier than the one before it, unless it is of a demonstration (before
    ``played``). At most one mismatch an event, the first that shows.
    """
    return list(verify_streams(session, [stream], played=played))


def verify_streams(session: Session, streams: Sequence[str], *, played: datetime | None = None) -> Iterator[Mismatch]:
    """The same of several streams, in two statements; memory does not grow with their length."""
    for _, links in _linked(session, streams, played):
        yield from links.mismatches


def chains(
    session: Session, streams: Sequence[str], *, played: datetime | None = None, read: Read | None = None
) -> dict[str, Chain]:
    """The same, with the events: those of a stream are read once, for its chain and for whatever is made of them.

    ``read``: the rows of events and heads, where they were read already, in the order of their chains.
    """
    found: dict[str, Chain] = {stream: Chain() for stream in streams}
    for stream, links in _linked(session, streams, played, found, read):
        found[stream].mismatches = links.mismatches
    return found


def _linked(
    session: Session,
    streams: Sequence[str],
    played: datetime | None,
    into: dict[str, Chain] | None = None,
    read: Read | None = None,
) -> Iterator[tuple[str, _Links]]:
    made_up = played if played is not None else played_until(session)
    known = cache(lambda: confirmations(session))  # asked for where an event says to be earlier than another
    raw = session.get_bind().dialect.name == "sqlite"
    heads, left = _heads(session, streams, read), set(streams)
    for stream, some in _events(session, streams, read, raw=raw, whole=into is not None):
        links = _Links(stream, made_up, known, raw=raw)
        chain = into.get(stream) if into is not None else None
        for row in some:
            text = row[8] if raw else _canonical(row[8])  # once: it is sealed, kept, and held against a replay
            links.take(row, text)
            if chain is not None:
                _read(chain, row, text, raw=raw)
        links.close(heads.get(stream))
        left.discard(stream)
        yield stream, links
    for stream in sorted(left):  # streams without an event
        links = _Links(stream, made_up, known, raw=raw)
        links.close(heads.get(stream))
        yield stream, links


def _heads(session: Session, streams: Sequence[str], read: Read | None) -> dict[str, tuple[int, str]]:
    there = read.of(HistoryHead) if read is not None else None
    if there is not None:
        return {stream: (rows[0][1], rows[0][2]) for stream in streams if (rows := there.get(stream))}
    wanted = select(HistoryHead.stream, HistoryHead.seq, HistoryHead.hash).where(HistoryHead.stream.in_(streams))
    return {row[0]: (row[1], row[2]) for row in session.execute(wanted)}


def _events(
    session: Session, streams: Sequence[str], read: Read | None, *, raw: bool, whole: bool
) -> Iterator[tuple[str, Iterable[Any]]]:
    """The rows of each stream that has any, in the order of its chain. ``whole``: all are kept, so all are fetched at
    once."""
    there = read.of(HistoryEvent) if read is not None else None
    if there is not None:
        yield from ((stream, there[stream]) for stream in streams if stream in there)
        return
    if whole and not raw:
        yield from groupby(_plainly(session, streams), key=itemgetter(1))
        return
    # asked of the connection: a session would look for entities in each row
    with session.connection().execute(_rows(raw, HistoryEvent.stream.in_(streams))) as rows:
        yield from groupby(rows, key=lambda row: row[1])


def _plainly(session: Session, streams: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The same rows as PostgreSQL gives them, whose documents need not pass through its driver's reader."""
    for row in fetched(session.connection(), _PLAINLY, list(streams)):
        id_, stream, seq, at, actor, on_behalf_of, kind, task, data, prev_hash, hash_ = row
        yield id_, stream, seq, at.astimezone(UTC), actor, on_behalf_of, kind, task, loads(data), prev_hash, hash_


_OF_STREAMS = f"FROM {HistoryEvent.__tablename__} WHERE stream = ANY(%s) ORDER BY stream, seq, id"
_PLAINLY = f"SELECT id, stream, seq, at, actor, on_behalf_of, kind, task, data::text, prev_hash, hash {_OF_STREAMS}"


def _rows(raw: bool, where: ColumnElement[bool]) -> Any:
    event = HistoryEvent
    found = select(
        event.id,
        event.stream,
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
    return found.where(where).order_by(event.stream, event.seq, event.id).execution_options(yield_per=_AT_ONCE)


class _Links:
    """The links of one chain, taken one after the other."""

    def __init__(self, stream: str, made_up: datetime, known: Callable[[], Sequence[Confirmed]], *, raw: bool) -> None:
        self.stream, self.raw, self.made_up, self._known = stream, raw, made_up, known
        self.mismatches: list[Mismatch] = []
        self._begun = f"[{dumps(stream)},"
        self._seq, self._prev, self._id = 1, FIRST, 0
        self._last: Any = None
        self._last_id = 0

    def take(self, row: Any, text: Any) -> None:
        """The next event, with its data as canonical JSON (on SQLite as they are kept, whatever that is)."""
        id_, _, seq, at, _, _, _, _, _, prev_hash, hash_ = row
        if seq != self._seq:
            gap = "缺失" if seq > self._seq else "重复"
            self._wrong(self._seq, f"第 {self._seq} 条记录{gap}", apart.of_place(self._seq, seq))
        elif prev_hash != self._prev or hash_ != self._sealed(row, text):
            self._name(row)
        elif id_ <= self._id:
            self._wrong(seq, "记录编号的先后与序号不符", apart.of_id(self._id, id_))
        if self._last is not None and type(at) is type(self._last) and at < self._last:
            self._early(seq, at, id_)
        else:
            self._last, self._last_id = at, id_
        self._seq, self._prev, self._id = seq + 1, hash_, id_

    def close(self, head: tuple[int, str] | None) -> None:
        """The end of the stream: is it where the head says?"""
        end = self._seq - 1, self._prev
        if head is None:
            if self._seq > 1:
                self._wrong(self._seq - 1, "缺少链头", apart.of_end(None, end))
        elif head != end:
            what = f"链头记为第 {head[0]} 条，与末条记录（第 {self._seq - 1} 条）不符"
            self._wrong(head[0], what, apart.of_end(head, end))

    def _sealed(self, row: Any, data: Any) -> str:
        """The hash of the row's content: of the text as SQLite keeps it, so that it says that the form is right too."""
        _, _, seq, at, actor, on_behalf_of, kind, task, _, prev_hash, _ = row
        try:
            if self.raw:
                if at[10] != " " or not isinstance(data, str):
                    return ""
                moment = f"{at[:10]}T{at[11:]}+00:00"
            else:
                moment = at.astimezone(UTC).isoformat(timespec="microseconds")
            text = (
                f'{self._begun}{seq},"{moment}",{_said(actor)},{_said(on_behalf_of)},{_said(kind)},{_said(task)},'
                f"{data},{_quoted(prev_hash)}]"
            )
            return hashlib.sha256(text.encode()).hexdigest()
        except (TypeError, ValueError, IndexError, AttributeError):
            return ""

    def _name(self, row: Any) -> None:
        """Says what is wrong with an event of which something is."""
        _, _, seq, at, _, _, _, _, data, prev_hash, _ = row
        moment = moment_of(at) if self.raw else at
        document = _document(data) if self.raw else data
        broken = "at" if moment is None else "data" if not isinstance(document, dict) else None
        if broken is not None:
            self._wrong(seq, f"字段 {broken} 的存储内容被改动", apart.of_form(broken))
        elif prev_hash != self._prev:
            self._wrong(seq, "与上一条记录的哈希不衔接", apart.of_link(self._prev, prev_hash))
        else:
            made = self._sealed(row, data if self.raw else _canonical(data))
            self._wrong(seq, "内容与其哈希不符，记录被改动", apart.of_content(row[10], made))

    def _early(self, seq: int, at: Any, id_: int) -> None:
        """Names an event that says to be earlier. Where a person has confirmed the time between the two, those behind
        it are held against it, not against what the wrong clock wrote."""
        now, last = (moment_of(one) if self.raw else one for one in (at, self._last))
        named = self.mismatches and self.mismatches[-1].seq == seq
        if now is not None and last is not None and self.made_up <= now < last - LATE_BY and not named:
            self._wrong(seq, DOUBTFUL, apart.of_moment(last, now))
            if confirmed_between(self._known(), self._last_id, id_, now + LATE_BY):
                self._last, self._last_id = at, id_

    def _wrong(self, seq: int, what: str, told: apart.Told) -> None:
        self.mismatches.append(Mismatch(self.stream, seq, what, *told))


def _canonical(data: Any) -> str:
    """A document as canonical JSON; empty where it has no such form."""
    try:
        return dumps(data)
    except (TypeError, ValueError, RecursionError):
        return ""


def _read(chain: Chain, row: Any, text: Any, *, raw: bool) -> None:
    id_, stream, seq, at, actor, on_behalf_of, kind, task, data, _, _ = row
    try:
        moment = _read_moment(at) if raw else at
        said = loads(data) if raw else data
        if not isinstance(said, dict):
            raise ValueError("no JSON object")  # noqa: TRY301, TRY004 - as what cannot be parsed
    except (TypeError, ValueError, RecursionError) as error:
        chain.unreadable = chain.unreadable or f"第 {seq} 条记录无法读取（{error}）"
        return
    chain.events.append(StoredEvent(id_, stream, seq, moment, actor, on_behalf_of, kind, task, said, text))


@lru_cache(maxsize=4096, typed=True)
def _read_moment(text: Any) -> datetime:
    """A moment as SQLite keeps it; several events of a case have each. Raises ValueError, TypeError."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache(maxsize=4096, typed=True)
def _said(value: Any) -> str:
    """A short value, most of which recur, as canonical JSON."""
    return dumps(value)


def moment_of(text: Any) -> datetime | None:
    """The moment that SQLAlchemy writes as ``text`` on SQLite; None for any other text."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
    return moment if f"{moment:%Y-%m-%d %H:%M:%S.%f}" == text else None


def _document(text: Any) -> Any:
    """The document that is canonically written as ``text``; None for any other text."""
    try:
        document = loads(text)
        return document if dumps(document) == text else None
    except (TypeError, ValueError):
        return None
