"""Tables of the people side: units, persons, leaders, liaisons, substitutes, phrases, stamps."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Json, UtcDateTime


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


class UnitHead(Base):
    """The head (负责人) of a unit, as entered; a member unit without a row has its principal officer for one."""

    __tablename__ = "unit_head"

    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)

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


class Phrase(Base):
    """常用语: words that are written often, of a person (by sign-in name) or of a unit."""

    __tablename__ = "phrase"
    __table_args__ = (CheckConstraint("(unit_code IS NULL) <> (username IS NULL)", name="owner"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    username: Mapped[str | None] = mapped_column(String(64), index=True)
    text: Mapped[str] = mapped_column(Text)
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PhraseUse(Base):
    """When somebody last put a phrase into a text: it orders the list, and says nothing besides."""

    __tablename__ = "phrase_use"

    phrase_id: Mapped[UUID] = mapped_column(ForeignKey("phrase.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Stamp(Base):
    """A picture of a unit's seal (印章) or of a person's signature (签名), with who may use it and how long."""

    __tablename__ = "stamp"
    __table_args__ = (
        CheckConstraint("(unit_code IS NULL) <> (person_id IS NULL)", name="owner"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    keepers: Mapped[list[str]] = mapped_column(Json)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def kind(self) -> str:
        """``seal`` of a unit, ``signature`` of a person: where a template puts it."""
        return "seal" if self.person_id is None else "signature"


class StampUse(Base):
    """用印: a stamp that was asked for on one paper of a case, and what became of it.

    ``paper`` and ``n`` name the paper as ``CasePaper`` does; ``paper_sha256`` is the digest of its PDF with the stamp.
    """

    __tablename__ = "stamp_use"
    __table_args__ = (Index("ix_stamp_use_case", "case_id", "paper", "n"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stamp_id: Mapped[UUID] = mapped_column(ForeignKey("stamp.id"), index=True)
    case_id: Mapped[UUID]
    paper: Mapped[str] = mapped_column(String(60))
    n: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(500))
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refusal: Mapped[str | None] = mapped_column(String(500))
    paper_sha256: Mapped[str | None] = mapped_column(String(64))

    stamp: Mapped[Stamp] = relationship(lazy="joined", innerjoin=True)
