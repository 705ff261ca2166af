"""The tables of the journal. Triggers of the migration refuse UPDATE, DELETE and TRUNCATE of ``history_event``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Json, UtcDateTime

# SQLite numbers rows by itself only in a column of the plain type INTEGER.
EventId = BigInteger().with_variant(Integer, "sqlite")


_MOVES = text("kind = 'migrated'")


class HistoryEvent(Base):
    """One thing that happened. ``seq`` counts 1, 2, 3 … within the stream; ``hash`` seals the row and its past."""

    __tablename__ = "history_event"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        CheckConstraint("seq > 0", name="seq_positive"),
        # Events after a day, of the kinds that the state of that day is told without; and what auditors ask: of which
        # kind, by whom, on whose behalf.
        Index("ix_history_event_kind_at", "kind", "at"),
        Index("ix_history_event_actor_at_kind", "actor", "at", "kind"),
        Index(
            "ix_history_event_on_behalf_of_at",
            "on_behalf_of",
            "at",
            sqlite_where=text("on_behalf_of IS NOT NULL"),
            postgresql_where=text("on_behalf_of IS NOT NULL"),
        ),
        # Whether a case was ever moved to another version, which each step asks (adr/0074).
        Index("ix_history_event_moves", "stream", sqlite_where=_MOVES, postgresql_where=_MOVES),
    )

    id: Mapped[int] = mapped_column(EventId, primary_key=True)
    stream: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    task: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


def of_kinds(*kinds: str) -> ColumnElement[bool]:
    """The entries of these kinds, beside a condition on their streams: so written that they are looked for by stream.

    SQLite, which counts no values, would walk all entries of a kind in the whole journal.
    """
    return func.coalesce(HistoryEvent.kind, "").in_(sorted(kinds))


class HistoryHead(Base):
    """The last event of a stream; its row is the lock under which the stream grows."""

    __tablename__ = "history_head"

    stream: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))


class OutboxEntry(Base):
    """An event whose outside effect (a notice) is still owed; removed once the worker has delivered it."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "due_at"),)

    event_id: Mapped[int] = mapped_column(EventId, ForeignKey("history_event.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)

    event: Mapped[HistoryEvent] = relationship(lazy="joined", innerjoin=True)
