"""The table of imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Json, UtcDateTime


class ImportJob(Base):
    """An uploaded sheet on its way: read and checked, shown, then written all at once or not at all.

    ``done`` of ``total`` rows feed the progress bar. ``findings`` are what is wrong, ``notes`` what the file holds
    beside what was read, both ``{row, column, message}``. ``hidden`` are the rows that the sheet hides, ``skip_hidden``
    whether whoever confirmed left them out.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        CheckConstraint(
            "status IN ('uploaded', 'checking', 'checked', 'refused', 'confirmed', 'writing', 'done', 'failed',"
            " 'cancelled')",
            name="status",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    """A key of ``kinds.KINDS``, which the commands check: the table knows no list of its own."""
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    total: Mapped[int]
    done: Mapped[int]
    findings: Mapped[list[Any]] = mapped_column(Json)
    preview: Mapped[list[Any]] = mapped_column(Json)
    notes: Mapped[list[Any]] = mapped_column(Json, server_default="[]")
    hidden: Mapped[list[int]] = mapped_column(Json, server_default="[]")
    skip_hidden: Mapped[bool] = mapped_column(server_default=false())
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
