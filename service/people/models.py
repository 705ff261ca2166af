"""Tables of the people side: units, persons, leaders, liaisons, substitutes."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, UtcDateTime


class Unit(Base):
    """An office, bureau, town, body or employer that can be given work (H1)."""

    __tablename__ = "unit"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    town: Mapped[str | None] = mapped_column(String(32))
    is_member_unit: Mapped[bool]
    active: Mapped[bool]
    pinyin: Mapped[str] = mapped_column(String(600))
    initials: Mapped[str] = mapped_column(String(100))
    search_key: Mapped[str] = mapped_column(Text)


class Person(Base):
    """Somebody who works in a unit; a leader, a liaison or a handler is always a person first."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_pinyin", "pinyin"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    pinyin: Mapped[str] = mapped_column(String(600))
    initials: Mapped[str] = mapped_column(String(100))
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    post: Mapped[str | None] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(32))
    active: Mapped[bool]
    search_key: Mapped[str] = mapped_column(Text)

    unit: Mapped[Unit | None] = relationship(lazy="joined")


class Leader(Base):
    """A post that makes a person a leader of class A (a leading body, L1) or B (a member unit, L2), with its dates.

    ``unit_code`` is of class A the office that serves the leader, of class B the member unit itself. A person may hold
    both classes: two rows. ``stationed`` names the enterprises at which the leader is stationed (驻点企业, D1).
    """

    __tablename__ = "leader"
    __table_args__ = (
        CheckConstraint("klass IN ('A', 'B')", name="klass"),
        CheckConstraint(
            "(klass = 'A' AND body IS NOT NULL AND duty IS NULL)"
            " OR (klass = 'B' AND body IS NULL AND duty IS NOT NULL AND unit_code IS NOT NULL)",
            name="class_fields",
        ),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    klass: Mapped[str] = mapped_column(String(1))
    body: Mapped[str | None] = mapped_column(String(32))
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    duty: Mapped[str | None] = mapped_column(String(16))
    post: Mapped[str] = mapped_column(String(100))
    portfolio: Mapped[str | None] = mapped_column(String(200))
    stationed: Mapped[str | None] = mapped_column(String(500))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[Unit | None] = relationship(lazy="joined")

    @property
    def name(self) -> str:
        """The leader's own name."""
        return self.person.name

    def serves_on(self, day: date) -> bool:
        """Whether the post is held on ``day`` (both ends included)."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class Liaison(Base):
    """A present or former liaison officer (联络员) of a unit; at most one row a unit has no end (T4)."""

    __tablename__ = "liaison"
    __table_args__ = (
        Index(
            "uq_liaison_unit_code_active",
            "unit_code",
            unique=True,
            sqlite_where=text("ends_on IS NULL"),
            postgresql_where=text("ends_on IS NULL"),
        ),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    named_at: Mapped[datetime] = mapped_column(UtcDateTime)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Substitute(Base):
    """``substitute`` may act for ``person`` from ``starts_on`` to ``ends_on``, both included (代理)."""

    __tablename__ = "substitute"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("person_id <> substitute_id", name="another"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    substitute_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined", innerjoin=True)
    substitute: Mapped[Person] = relationship(foreign_keys=[substitute_id], lazy="joined", innerjoin=True)
