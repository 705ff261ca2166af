"""The tables of contacts: records, their talents, topics and restricted notes; opinions; activities; matters."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Json, UtcDateTime
from service.people.models import Leader, Unit
from service.talents.models import Talent


class Activity(Base):
    """An activity or consultation to which talents are invited (C2)."""

    __tablename__ = "activity"
    __table_args__ = (CheckConstraint("kind IN ('activity', 'consultation', 'symposium')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(16))
    held_on: Mapped[date] = mapped_column(index=True)
    place: Mapped[str | None] = mapped_column(String(100))
    organizer_unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    note: Mapped[str | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    organizer: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    invitations: Mapped[list[Invitation]] = relationship()


class Invitation(Base):
    """A talent's invitation to an activity; ``attended`` is ``None`` until somebody says so."""

    __tablename__ = "invitation"

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), primary_key=True, index=True)
    invited_on: Mapped[date]
    attended: Mapped[bool | None]
    note: Mapped[str | None] = mapped_column(String(200))

    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)


class Contact(Base):
    """A contact of a leader with one or more talents (联系记录, F1), or of a talent with a leader (``inbound``, F4).

    ``leader_id`` is the leader's post; ``entered_by`` the account that entered it, perhaps a liaison's.
    ``due_on`` is the last day for entering it in time, ``late`` whether it was later: both frozen at entry (F3). One
    that is ``supplementary`` (补录) was taken in from older papers: it is neither in time nor late (O1).
    """

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint(
            "form IN ('visit', 'symposium', 'activity', 'discussion', 'letter', 'phone', 'online', 'consultation')",
            name="form",
        ),
        # Lists are counted from these indexes alone, without those withdrawn.
        Index("ix_contact_leader_id_held_on", "leader_id", "held_on", "withdrawn_at"),
        Index("ix_contact_held_on_id", "held_on", "id", "withdrawn_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    leader_id: Mapped[UUID] = mapped_column(ForeignKey("leader.id"))
    form: Mapped[str] = mapped_column(String(16))
    inbound: Mapped[bool]
    interview: Mapped[bool]
    """Whether it counts as an interview (访谈) of F2."""
    held_on: Mapped[date]
    place: Mapped[str | None] = mapped_column(String(100))
    participants: Mapped[str | None] = mapped_column(String(500))
    summary: Mapped[str] = mapped_column(Text)
    follow_up: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[Any]] = mapped_column(Json)
    """Codes of joint activities that the contact was part of (O3)."""
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id"), index=True)
    due_on: Mapped[date]
    late: Mapped[bool]
    supplementary: Mapped[bool] = mapped_column(server_default=false())
    entered_by: Mapped[str] = mapped_column(String(32))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    leader: Mapped[Leader] = relationship(lazy="joined", innerjoin=True)
    talents: Mapped[list[ContactTalent]] = relationship()
    topics: Mapped[list[ContactTopic]] = relationship(order_by="ContactTopic.topic")
    opinions: Mapped[list[Opinion]] = relationship(order_by="Opinion.position")
    notes: Mapped[list[TalentNote]] = relationship(order_by="TalentNote.position")


class ContactTalent(Base):
    """A talent who took part in a contact."""

    __tablename__ = "contact_talent"

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), primary_key=True, index=True)

    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)


class ContactTopic(Base):
    """One of the four topics of a contact (C1–C4)."""

    __tablename__ = "contact_topic"
    __table_args__ = (CheckConstraint("topic BETWEEN 1 AND 4", name="topic"),)

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    topic: Mapped[int] = mapped_column(primary_key=True)


class RestrictedNote(Base):
    """Talk of thought, study, work and life (C4): read by the leader, the liaison and the Talent Office only.

    The journal keeps the SHA-256 of salt and text, never the text: a journal is read by more people.
    """

    __tablename__ = "restricted_note"

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))


class Opinion(Base):
    """An opinion or suggestion that a talent gave (C2, F3, R2); ``instance_id`` is the need it became, if any.

    ``status``: open, need (became a need), answered (on the spot or inside the unit), noted (taken note of).
    """

    __tablename__ = "opinion"
    __table_args__ = (
        UniqueConstraint("contact_id", "position"),
        CheckConstraint("status IN ('open', 'need', 'answered', 'noted')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    position: Mapped[int]
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str | None] = mapped_column(Text)
    instance_id: Mapped[UUID | None] = mapped_column(index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)


class TalentNote(Base):
    """A note on a talent's file: research, discipline, business or training, as a contact learnt of it (C3).

    The contact's leader and day say from whom and of when it is; ``entered_by`` and ``entered_at`` who wrote it down,
    perhaps later. A withdrawn one stands on no page.
    """

    __tablename__ = "talent_note"
    __table_args__ = (
        UniqueConstraint("contact_id", "position"),
        CheckConstraint("aspect IN ('research', 'discipline', 'business', 'training')", name="aspect"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    position: Mapped[int]
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), index=True)
    aspect: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(32))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)


class MissedInterviews(Base):
    """Why a leader of class B interviewed a talent less than twice in a year (F2)."""

    __tablename__ = "missed_interviews"

    leader_id: Mapped[UUID] = mapped_column(ForeignKey("leader.id"), primary_key=True)
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    given_by: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Matter(Base):
    """A matter that a unit solved by itself: logged and visible, not dispatched (R6, R7)."""

    __tablename__ = "matter"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), index=True)
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    raised_on: Mapped[date] = mapped_column(index=True)
    solved_on: Mapped[date | None]
    entered_by: Mapped[str] = mapped_column(String(32))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)
    progress: Mapped[list[MatterProgress]] = relationship(order_by="MatterProgress.position")


class MatterProgress(Base):
    """A step on the way of a unit's own matter: what was done on which day, entered by whom (全程跟进, R7)."""

    __tablename__ = "matter_progress"

    matter_id: Mapped[UUID] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    done_on: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(32))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
