"""The tables of liaison: links, service teams, rosters."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, UtcDateTime
from service.people.models import Leader, Person, Unit
from service.talents.models import Talent, TalentTeam


class Roster(Base):
    """A version of a list of who serves whom (名单); ``scope``: ``A`` (the Talent Office's, Q2) or a unit's code (Q4).

    ``status``: draft, decided (in force), filed (decided and 备案 with the Talent Office), superseded.
    """

    __tablename__ = "roster"
    __table_args__ = (
        UniqueConstraint("scope", "version"),
        CheckConstraint("status IN ('draft', 'decided', 'filed', 'superseded')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(32), index=True)
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    document_no: Mapped[str | None] = mapped_column(String(60))
    decided_on: Mapped[date | None]
    filed_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(String(500))
    instance_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    items: Mapped[list[RosterItem]] = relationship(order_by="RosterItem.position")


class RosterItem(Base):
    """A line of a roster: this leader serves this talent, and why (D1, Q3)."""

    __tablename__ = "roster_item"
    __table_args__ = (UniqueConstraint("roster_id", "leader_id", "talent_id"),)

    roster_id: Mapped[UUID] = mapped_column(ForeignKey("roster.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    leader_id: Mapped[UUID] = mapped_column(ForeignKey("leader.id"), index=True)
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"), index=True)
    reason: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(String(500))

    leader: Mapped[Leader] = relationship(lazy="joined", innerjoin=True)
    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)


class Link(Base):
    """A leader serves a talent (联系关系). ``reason`` is a code of D1, or ``related`` (与本部门业务相关, Q3).

    ``held_from`` is the day on which the leader's post had ended and the Talent Office began to hold the link until a
    successor takes over (O4); from that day the link counts for nobody. ``previous_id`` is the link it was taken over
    from, ``status`` is proposed (waits for a team or for approval), active, held or ended.
    """

    __tablename__ = "link"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'active', 'held', 'ended')", name="status"),
        CheckConstraint("reason IN ('portfolio', 'stationed', 'platform', 'known', 'related')", name="reason"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        CheckConstraint("(status = 'ended') = (ends_on IS NOT NULL)", name="ended"),
        CheckConstraint("status <> 'held' OR held_from IS NOT NULL", name="held"),
        Index(
            "uq_link_leader_id_talent_id_open",
            "leader_id",
            "talent_id",
            unique=True,
            sqlite_where=text("ends_on IS NULL"),
            postgresql_where=text("ends_on IS NULL"),
        ),
        Index("ix_link_status_starts_on", "status", "starts_on"),
        # Quotas of any day are counted from this index alone, and so is the list of links, whatever it is narrowed to.
        Index("ix_link_leader_id_days", "leader_id", "starts_on", "ends_on", "held_from", "status", "talent_id"),
        # A talent with several leaders is counted from this one.
        Index("ix_link_talent_id_ends_on", "talent_id", "ends_on", "leader_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    leader_id: Mapped[UUID] = mapped_column(ForeignKey("leader.id"))
    talent_id: Mapped[str] = mapped_column(ForeignKey("talent.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("talent_team.id"))
    reason: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(16))
    starts_on: Mapped[date]
    held_from: Mapped[date | None]
    ends_on: Mapped[date | None]
    end_reason: Mapped[str | None] = mapped_column(String(200))
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("link.id"))
    roster_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    leader: Mapped[Leader] = relationship(lazy="joined", innerjoin=True)
    talent: Mapped[Talent] = relationship(lazy="joined", innerjoin=True)
    team: Mapped[TalentTeam | None] = relationship()

    def serves_on(self, day: date) -> bool:
        """Whether the link counts on ``day``: begun, not yet ended or held."""
        if self.status == "proposed" or day < self.starts_on:
            return False
        return (self.ends_on is None or day <= self.ends_on) and (self.held_from is None or day < self.held_from)


class ServiceTeam(Base):
    """The team that works for a leader's talents (工作团队, T1–T3): head, members, liaison officer, with its dates."""

    __tablename__ = "service_team"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        Index(
            "uq_service_team_leader_id_open",
            "leader_id",
            unique=True,
            sqlite_where=text("ends_on IS NULL"),
            postgresql_where=text("ends_on IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    leader_id: Mapped[UUID] = mapped_column(ForeignKey("leader.id"), index=True)
    head_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    liaison_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    leader: Mapped[Leader] = relationship(lazy="joined", innerjoin=True)
    head: Mapped[Person] = relationship(foreign_keys=[head_id], lazy="joined", innerjoin=True)
    liaison: Mapped[Person] = relationship(foreign_keys=[liaison_id], lazy="joined", innerjoin=True)
    members: Mapped[list[ServiceTeamMember]] = relationship(order_by="ServiceTeamMember.position")


class ServiceTeamMember(Base):
    """A member of a service team with the unit and the post held at the time."""

    __tablename__ = "service_team_member"
    __table_args__ = (UniqueConstraint("team_id", "person_id"),)

    team_id: Mapped[UUID] = mapped_column(ForeignKey("service_team.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    post: Mapped[str | None] = mapped_column(String(100))

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[Unit | None] = relationship(lazy="joined")
