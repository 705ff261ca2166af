"""The table of attached files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class Attachment(Base):
    """A file that belongs to the record of journal ``stream`` (``contact:<id>``, ``unit:<code>`` …).

    Withdrawing hides it and keeps it: the journal names its SHA-256. ``task_id`` and ``field`` say in which step of a
    case, and in which field of its form, it was handed in; None of one that was attached beside. ``content`` is None of
    one whose bytes stand in the store (``stores``), under their SHA-256.
    """

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_stream", "stream"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    task_id: Mapped[UUID | None]
    field: Mapped[str | None] = mapped_column(String(64))
    added_by: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StagedFile(Base):
    """A file that somebody has uploaded beside an open form and not yet handed in; theirs alone until then.

    Handing the form in makes an ``Attachment`` of the same id of it. One that is never handed in is deleted.
    """

    __tablename__ = "staged_file"
    __table_args__ = (Index("ix_staged_file_username", "username"), Index("ix_staged_file_added_at", "added_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
