"""The tables of the auditors' room: the ways of cases, the results of verifications, the marks of what was verified."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Json, UtcDateTime

FULL, INCREMENTAL = "full", "incremental"
"""How a verification is done."""


class CaseWayRow(Base):
    """The way of a case (``ways.way.CaseWay`` as JSON) up to the entry ``seq`` of its journal ``stream``, by the rules
    ``format``. ``version`` is the last that it ran by; days are those of the office."""

    __tablename__ = "case_way"
    __table_args__ = (
        Index("ix_case_way_process_ended_on", "process", "ended_on"),
        Index("ix_case_way_process_started_on", "process", "started_on"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    process: Mapped[str] = mapped_column(String(64))
    stream: Mapped[str] = mapped_column(Text)
    seq: Mapped[int]
    format: Mapped[int]
    version: Mapped[int]
    started_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    told: Mapped[str] = mapped_column(Text)


class Verification(Base):
    """One verification of everything, as it ended. ``found`` findings, of which ``findings`` holds the first ones.

    ``figures``: ``cases``, ``executed``, ``kept``, ``seals``, ``size`` (events under seals), ``rows`` (by table).
    """

    __tablename__ = "verification"
    __table_args__ = (
        CheckConstraint("mode IN ('full', 'incremental')", name="mode"),
        Index("ix_verification_ended_at", "ended_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mode: Mapped[str] = mapped_column(String(16))
    made_by: Mapped[str] = mapped_column(String(64))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seconds: Mapped[float] = mapped_column(Float)
    found: Mapped[int] = mapped_column(Integer)
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    remarks: Mapped[list[Any]] = mapped_column(Json)
    findings: Mapped[list[Any]] = mapped_column(Json)


class Acknowledgement(Base):
    """The word of auditors on a finding about the time of the entry ``seq`` of ``stream``: why it may stand.

    ``mark`` is a digest of the entry and of the finding: where either changes, it holds no more. With ``second`` it
    holds once another auditor has confirmed it; withdrawn it holds no more.
    """

    __tablename__ = "acknowledgement"
    __table_args__ = (Index("ix_acknowledgement_stream_seq", "stream", "seq"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(Text)
    must: Mapped[str | None] = mapped_column(Text)
    have: Mapped[str | None] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    second: Mapped[bool] = mapped_column(Boolean)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class VerifiedCase(Base):
    """A case that was executed again and came out as recorded; ``mark`` covers every byte of its journal and rows."""

    __tablename__ = "verified_case"

    instance_id: Mapped[UUID] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerifiedNotices(Base):
    """A thousand numbers of the journal (the ``run``-th) whose notices were checked and came out as recorded; ``mark``
    covers every byte on which that rests."""

    __tablename__ = "verified_notices"

    run: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    mark: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerifiedSeal(Base):
    """A head of the seals that was checked and came out right; ``mark`` covers the lines of the journal up to its last
    event, and all heads and blocks up to it."""

    __tablename__ = "verified_seal"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    mark: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerifiedFile(Base):
    """Bytes in the store that were read and have their ``sha256``; ``mark`` covers what the store said of them then."""

    __tablename__ = "verified_file"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
