"""The tables of reports: half-year reports, briefs to leaders."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Json, UtcDateTime
from service.people.models import Leader, Unit
from service.reports.rules import HALVES, overdue


class HalfYearReport(Base):
    """The report of a liaison office for a half-year (T6, R5): counts of the data and the office's own words.

    ``facts`` are the counts and lists as they stood when they were last filled in; ``sections`` the texts by section
    id. ``status``: draft, submitted, returned, accepted. ``late`` is frozen at the first submission.
    """

    __tablename__ = "half_year_report"
    __table_args__ = (
        UniqueConstraint("unit_code", "year", "half"),
        CheckConstraint("half IN (1, 2)", name="half"),
        CheckConstraint("status IN ('draft', 'submitted', 'returned', 'accepted')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    year: Mapped[int]
    half: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    due_on: Mapped[date | None]
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    sections: Mapped[dict[str, Any]] = mapped_column(Json)
    return_reason: Mapped[str | None] = mapped_column(String(500))
    submitted_by: Mapped[str | None] = mapped_column(String(32))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late: Mapped[bool | None]
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    instance_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        """The title for people: 区教育局2026年上半年报告."""
        return f"{self.unit.name}{self.year}年{HALVES[self.half]}报告"

    def overdue(self, on: date) -> bool:
        """Whether it is owed at the end of a day (``rules.overdue``)."""
        return overdue(self.status, self.due_on, on)


class Brief(Base):
    """The facts of a month's needs for a leader (专报, R3): own talents only; the Talent Office releases it."""

    __tablename__ = "brief"
    __table_args__ = (
        UniqueConstraint("leader_id", "year", "month"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    leader_id: Mapped[UUID] = mapped_column(ForeignKey("leader.id"))
    year: Mapped[int]
    month: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(String(32))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    leader: Mapped[Leader] = relationship(lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        """The title for people: 张三2026年7月专报."""
        return f"{self.leader.person.name}{self.year}年{self.month}月专报"
