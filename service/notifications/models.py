"""Tables of notices: each account's inbox, what went out over other channels, and where mail goes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, column_property, mapped_column

from service.db import Base, UtcDateTime
from service.history import HistoryEvent

BigId = BigInteger().with_variant(Integer(), "sqlite")


class Notification(Base):
    """One notice in one inbox. ``event_id`` is the journal's ``notice``; an event is told to an account once.

    ``stream`` is that journal's: what the notice is about. ``receipt``: the reader is asked to confirm it (签收).
    ``title`` and ``text`` are frozen as they were told.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("event_id", "username"),
        Index("ix_notification_username_created_at", "username", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(32), ForeignKey("account.username"))
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("history_event.id"))
    template: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    instance_id: Mapped[UUID | None] = mapped_column(ForeignKey("instance.id"), index=True)
    task_id: Mapped[UUID | None]
    receipt: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stream: Mapped[str] = column_property(
        select(HistoryEvent.stream).where(HistoryEvent.id == event_id).correlate_except(HistoryEvent).scalar_subquery()
    )


class NotificationDelivery(Base):
    """An event was sent over ``channel`` to ``recipient`` (a sign-in name, or the digest of a channel's address)."""

    __tablename__ = "notification_delivery"

    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("history_event.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OwedLetter(Base):
    """A letter that is still to be sent, by what it is sent for, over which channel and to whom (as a delivery is).

    Where it goes and what it says is looked up when it is sent. ``of_channel``: the last attempt failed for all letters
    of the channel. ``given_up``: it waits for a person who has it tried again. ``leased_until``: a worker has taken it
    and may be sending it; until then no other does.
    """

    __tablename__ = "owed_letter"

    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("history_event.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    given_up: Mapped[bool] = mapped_column(default=False)
    of_channel: Mapped[bool] = mapped_column(default=False)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailAddress(Base):
    """Where an account's mail goes; without a row it gets none."""

    __tablename__ = "mail_address"

    username: Mapped[str] = mapped_column(String(32), ForeignKey("account.username"), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))


class NoticeAddress(Base):
    """The name of an account's person in a chat service; without a row no word goes there."""

    __tablename__ = "notice_address"

    username: Mapped[str] = mapped_column(String(32), ForeignKey("account.username"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    address: Mapped[str] = mapped_column(String(64))


class NoticeChoice(Base):
    """How an account gets a ``kind`` of notice (``ways.ALL``: the others) over a channel: ``way`` is of ``ways.WAYS``.

    Without a row it comes as usual.
    """

    __tablename__ = "notice_choice"

    username: Mapped[str] = mapped_column(String(32), ForeignKey("account.username"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    way: Mapped[str] = mapped_column(String(8))
