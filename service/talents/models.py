"""The tables of the registry: talents, their photos, teams."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, UtcDateTime
from service.people.models import Unit


class Talent(Base):
    """Somebody whom leaders serve: recognized in categories 1–4, or of one of the five groups (S1).

    ``employer`` is the employer's name as people write it; ``employer_unit`` the code of the unit that answers for the
    talent (the employer itself, or its 主管部门). Links (``service.liaisons``) say who serves the talent.
    """

    __tablename__ = "talent"
    __table_args__ = (
        Index("ix_talent_pinyin_id", "pinyin", "id"),
        Index("ix_talent_confirmed_on_id", "confirmed_on", "id"),
        # Eligibility on a day is decided from this index alone. The id comes first: beginning with "active" it
        # would be taken for every list of those in use, which then had to be sorted.
        Index(
            "ix_talent_eligibility",
            *("id", "active", "in_district", "works_from", "works_until"),
            *("category", "recognition_expires_on", "type", "type_approved_on"),
        ),
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
    active: Mapped[bool]
    id_tail: Mapped[str | None] = mapped_column(String(6), index=True)
    """The document's last characters: they tell namesakes apart (duplicates); only the Talent Office sees them."""
    recognition: Mapped[str | None] = mapped_column(String(100))
    recognition_no: Mapped[str | None] = mapped_column(String(60))
    recognized_on: Mapped[date | None]
    recognition_expires_on: Mapped[date | None]
    type_reason: Mapped[str | None] = mapped_column(String(500))
    """Why somebody is of the open-ended fifth group; asked for there (S1)."""
    type_approved_on: Mapped[date | None]
    fields: Mapped[str | None] = mapped_column(String(200))
    platform: Mapped[str | None] = mapped_column(String(100))
    """The major innovation platform (重大创新平台) that the talent works on (D1, reason 3)."""
    email: Mapped[str | None] = mapped_column(String(254))
    contact_person: Mapped[str | None] = mapped_column(String(40))
    contact_phone: Mapped[str | None] = mapped_column(String(32))
    works_from: Mapped[date | None]
    works_until: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    """The day on which the unit last confirmed or corrected the file (R4)."""
    search_key: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    unit: Mapped[Unit | None] = relationship(lazy="joined")


class TalentPhoto(Base):
    """The optional photo of a talent."""

    __tablename__ = "talent_photo"

    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TalentTeam(Base):
    """A team (创新创业人才团队, P1): served through its lead, who counts as one person towards quotas."""

    __tablename__ = "talent_team"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    pinyin: Mapped[str] = mapped_column(String(600))
    initials: Mapped[str] = mapped_column(String(100))
    lead_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), index=True)
    fields: Mapped[str | None] = mapped_column(String(200))
    recognition: Mapped[str | None] = mapped_column(String(100))
    recognized_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(String(500))
    active: Mapped[bool]
    search_key: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    lead: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)
    members: Mapped[list[TalentTeamMember]] = relationship(order_by="TalentTeamMember.position")


class TalentTeamMember(Base):
    """A member of a team: a talent of the registry, or a name only."""

    __tablename__ = "talent_team_member"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("talent_team.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    talent_id: Mapped[str | None] = mapped_column(ForeignKey("talent.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    post: Mapped[str | None] = mapped_column(String(100))
