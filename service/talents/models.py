"""The table of talents."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, UtcDateTime
from service.people.models import Leader, Unit


class Talent(Base):
    """Somebody whom leaders serve: recognized in categories 1–4, or of one of the five groups (S1).

    ``employer`` is the employer's name as people write it; ``employer_unit`` the code of the unit that answers for the
    talent (the employer itself, or its 主管部门). ``leader_id`` is the post of the leader who serves the talent.
    """

    __tablename__ = "talent"
    __table_args__ = (
        Index("ix_talent_pinyin_id", "pinyin", "id"),
        CheckConstraint("category BETWEEN 1 AND 4", name="category"),
        CheckConstraint("type BETWEEN 1 AND 5", name="type"),
        CheckConstraint("category IS NOT NULL OR type IS NOT NULL", name="eligible"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    pinyin: Mapped[str] = mapped_column(String(600))
    initials: Mapped[str] = mapped_column(String(100))
    category: Mapped[int | None]
    type: Mapped[int | None]
    employer: Mapped[str] = mapped_column(String(100))
    employer_unit: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    post: Mapped[str | None] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(32))
    town: Mapped[str | None] = mapped_column(String(32), index=True)
    in_district: Mapped[bool]
    leader_id: Mapped[UUID | None] = mapped_column(ForeignKey("leader.id"), index=True)
    active: Mapped[bool]
    search_key: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    unit: Mapped[Unit | None] = relationship(lazy="joined")
    leader: Mapped[Leader | None] = relationship(lazy="joined")
