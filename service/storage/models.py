"""The table of attached files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class Attachment(Base):
    """A file that belongs to the record of journal ``stream`` (``contact:<id>``, ``unit:<code>`` …).

    Withdrawing hides it and keeps it: the journal names its SHA-256.
    """

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_stream", "stream"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_by: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
