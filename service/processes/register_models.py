"""The tables of registers, made from the journals of cases like all that is projected from them: urges, copies, and
the last number of each series; and the calendars that were in force."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Json, UtcDateTime

BigId = BigInteger().with_variant(Integer(), "sqlite")


class Urge(Base):
    """An urge (催办): which task of which case, its ``n``-th, with which words, by which way, and its receipt (签收).

    ``seq`` is its entry in the case's journal. ``number`` is None of those before urges were numbered; ``assignee`` is
    who had claimed the task, else it went to all of ``role`` (of ``unit``). Due date and claim are those of its moment.
    """

    __tablename__ = "urge"
    __table_args__ = (
        Index("ix_urge_urged_at", "urged_at"),
        Index("ix_urge_unit_urged_at", "unit", "urged_at"),
        Index("ix_urge_task_id", "task_id"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[str | None] = mapped_column(String(64), unique=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("user_task.id"))
    n: Mapped[int]
    role: Mapped[str | None] = mapped_column(String(32))
    unit: Mapped[str | None] = mapped_column(String(32))
    assignee: Mapped[str | None] = mapped_column(String(64))
    due_on: Mapped[date | None] = mapped_column(Date)
    channel: Mapped[str] = mapped_column(String(16))
    by_hand: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)
    urged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    urged_by: Mapped[str] = mapped_column(String(64))
    on_behalf_of: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_by: Mapped[str | None] = mapped_column(String(64))


class Counter(Base):
    """The last number given out under a name (``number:2026``)."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int]


class CalendarVersion(Base):
    """A working-day calendar as it was in force from ``loaded_at`` on; the newest row is in force."""

    __tablename__ = "calendar_version"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(String(200))
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    loaded_by: Mapped[str] = mapped_column(String(64))


class CopyTo(Base):
    """A case shown to somebody for information (抄送)."""

    __tablename__ = "copy_to"
    __table_args__ = (UniqueConstraint("instance_id", "username"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), index=True)
    username: Mapped[str] = mapped_column(String(64), index=True)
    sent_by: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
