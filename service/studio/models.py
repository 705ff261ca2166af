"""The tables of the studio: drafts with their files, and the scenarios of each version. Contents stand by digest."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class Draft(Base):
    """A process being changed. ``revision`` counts its changes; ``base_version`` is None for a new process.

    ``proposed_…`` is a publication that waits for a second person, for the revision that was proposed. ``restores`` is
    the version from whose content it was made.
    """

    __tablename__ = "draft"
    __table_args__ = (Index(None, "process"), Index(None, "author"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    process: Mapped[str] = mapped_column(String(64))
    base_version: Mapped[int | None]
    revision: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    author: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str] = mapped_column(String(64))
    discarded_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    discarded_by: Mapped[str | None] = mapped_column(String(64))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_version: Mapped[int | None]
    proposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proposed_by: Mapped[str | None] = mapped_column(String(64))
    proposed_revision: Mapped[int | None]
    proposed_note: Mapped[str | None] = mapped_column(Text)
    restores: Mapped[int | None]

    @property
    def is_open(self) -> bool:
        """Whether it may be changed: neither discarded nor published."""
        return self.discarded_at is None and self.published_at is None


class KeptContent(Base):
    """The content of a file, once however many drafts and versions hold it; ``digest`` is its SHA-256."""

    __tablename__ = "kept_content"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class DraftFile(Base):
    """A file of a draft, as of the draft's revision in which it changed last; without a digest it was deleted.

    ``former`` is the digest that a deleted file had: it can be brought back.
    """

    __tablename__ = "draft_file"
    __table_args__ = (Index(None, "digest"), Index(None, "former"))

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("draft.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str | None] = mapped_column(ForeignKey("kept_content.digest"))
    former: Mapped[str | None] = mapped_column(ForeignKey("kept_content.digest"))
    revision: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VersionScenario(Base):
    """A scenario of a version of a process: it came with the version, or with a later draft that left it as it is."""

    __tablename__ = "version_scenario"
    __table_args__ = (Index(None, "digest"),)

    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("kept_content.digest"))
