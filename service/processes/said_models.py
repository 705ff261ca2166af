"""The table of what forms of needs said, field by field and by stretches of days (adr/0103)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime
from service.processes.register_models import BigId


class CaseSaid(Base):
    """A value that stood in a field (``<step>.<field>``) of a need: from ``from_on`` on, before ``until_on``.

    ``key`` and ``value`` are as ``said_folding.parts_of`` makes them; of a field no text stands twice on a day.
    ``newest``: said last of all that stood there, by which the need is sorted. ``started_at`` is as in ``Instance``.
    """

    __tablename__ = "case_said"
    __table_args__ = (Index("ix_case_said_instance_id", "instance_id", "field"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    field: Mapped[str] = mapped_column(String(160))
    newest: Mapped[bool]
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    key: Mapped[str] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)


Index(
    "ix_case_said_key",
    *(CaseSaid.field, CaseSaid.key, CaseSaid.started_at.desc(), CaseSaid.instance_id),
    *(CaseSaid.newest, CaseSaid.until_on, CaseSaid.from_on),
)
