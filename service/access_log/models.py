"""The tables of the access log. Triggers refuse each change of an entry, and its deletion while kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Json, UtcDateTime

BigId = BigInteger().with_variant(Integer, "sqlite")


class AccessEntry(Base):
    """One request that showed somebody's data, searched for them, or was refused them.

    ``subjects`` are the streams of the records (``talent:…``, ``instance:…``), ``asked`` the words and filters of the
    address as an auditor may see them, ``reasons`` why the reader was let in.
    """

    __tablename__ = "access_entry"
    __table_args__ = (
        Index("ix_access_entry_username_id", "username", "id"),
        Index("ix_access_entry_act_id", "act", "id"),
        # Few entries are about restricted notes: these alone are looked through for them.
        Index(
            "ix_access_entry_restricted",
            "id",
            sqlite_where=text("restricted > 0"),
            postgresql_where=text("restricted > 0"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    username: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    way: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(100))
    act: Mapped[str] = mapped_column(String(16))
    restricted: Mapped[int]
    """How many restricted notes the answer held."""
    reasons: Mapped[dict[str, Any]] = mapped_column(Json)
    asked: Mapped[dict[str, Any]] = mapped_column(Json)
    subjects: Mapped[list[str]] = mapped_column(Json)
    request_id: Mapped[str] = mapped_column(String(64))


class AccessSubject(Base):
    """An entry that is about a record: the index of ``AccessEntry.subjects``, from which it can be made again."""

    __tablename__ = "access_subject"
    __table_args__ = (Index("ix_access_subject_entry_id", "entry_id"),)

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigId, primary_key=True)


class AccessBatch(Base):
    """A run of entries under the journal: ``leaves`` are their SHA-256, 32 bytes each, in the order of their ids.

    After the keeping of its entries ended (``ended_at``), ``leaves`` is empty.
    """

    __tablename__ = "access_batch"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
