"""Events wait in the transaction that tells them until the next flush of its session, which writes all at once: events
in a statement or a few, the heads of their streams, and the notices that are owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, event, insert, literal, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from service.db.lean import LeanSession, lean
from service.db.prepared import Prepared
from service.history.models import HistoryEvent, HistoryHead, OutboxEntry
from service.history.outbox import OUTBOX_KINDS

AT_ONCE = 16
"""So many events go in a statement."""
_WAITING = "history_waiting"
"""In a session: its ``_Waiting``."""


@dataclass(slots=True, eq=False)
class Happened:
    """An event that the transaction tells: as its row will be, but for the number that the database gives it.

    ``said`` is the canonical text of ``data``.
    """

    stream: str
    seq: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    kind: str
    task: str | None
    data: dict[str, Any]
    said: str
    prev_hash: str
    hash: str


@dataclass(slots=True)
class Head:
    """The end of a stream that the transaction holds locked, what it tells itself included.

    ``at``: the latest moment that the stream tells.
    """

    stream: str
    seq: int
    hash: str
    at: datetime | None = None


def tell(session: Session, event: Happened, head: Head) -> None:
    """The event is written at the next flush; ``head`` is then the end of its stream."""
    waiting: _Waiting | None = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = _Waiting(lean(session))
    if not waiting.events:
        waiting.session.queue(waiting.send)
    waiting.events.append(event)
    waiting.heads[head.stream] = head


@dataclass(slots=True, eq=False)
class _Waiting:
    session: LeanSession
    events: list[Happened] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)

    def send(self, _session: LeanSession, connection: Connection) -> None:
        events, heads = self.events, self.heads.values()
        self.events, self.heads = [], {}
        for first in range(0, len(events), AT_ONCE):
            some = events[first : first + AT_ONCE]
            given = {name: getattr(one, of) for one, names in zip(some, _NAMES, strict=False) for name, of in names}
            _insert(len(some)).run(connection, [given])
        _MOVE.run(connection, [{"of": head.stream, "at_seq": head.seq, "at_hash": head.hash} for head in heads])
        _OWE.run(
            connection,
            [{"of": one.stream, "at_seq": one.seq, "since": one.at} for one in events if one.kind in OUTBOX_KINDS],
        )


_COLUMNS = HistoryEvent.__table__.c
_TOLD = [column.key for column in _COLUMNS if column.key != "id"]
_NAMES: Sequence[Sequence[tuple[str, str]]] = [
    [(f"new_{name}_{place}", "said" if name == "data" else name) for name in _TOLD] for place in range(AT_ONCE)
]
"""A parameter → the part of an event, of each place in a statement."""


@cache
def _insert(count: int) -> Prepared:
    """So many events; the database numbers them in their order."""

    def place(name: str, end: int, dialect: str) -> Any:
        if name != "data":
            return bindparam(f"new_{name}_{end}", type_=_COLUMNS[name].type)
        said = bindparam(f"new_{name}_{end}", type_=Text)
        return type_coerce(said, Text) if dialect == "sqlite" else cast(said, JSONB)

    def make(dialect: str) -> Any:
        rows: list[Mapping[str, Any]] = [{name: place(name, end, dialect) for name in _TOLD} for end in range(count)]
        return insert(HistoryEvent.__table__).values(rows)  # type: ignore[arg-type]

    return Prepared(make)


_OF: Any = bindparam("of", type_=Text)
_AT_SEQ: Any = bindparam("at_seq", type_=_COLUMNS.seq.type)
_HEADS: Any = HistoryHead.__table__
_MOVE = Prepared(
    update(_HEADS)
    .where(_HEADS.c.stream == _OF)
    .values(seq=_AT_SEQ, hash=bindparam("at_hash", type_=_HEADS.c.hash.type))
)
_OWED: Any = OutboxEntry.__table__
# The number of its event is told where it is kept, so that nobody has to read it.
_OWE = Prepared(
    insert(_OWED).from_select(
        ["event_id", "due_at", "attempts"],
        select(_COLUMNS.id, bindparam("since", type_=_OWED.c.due_at.type), literal(0)).where(
            _COLUMNS.stream == _OF, _COLUMNS.seq == _AT_SEQ
        ),
        include_defaults=False,
    )
)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    session.info.pop(_WAITING, None)
