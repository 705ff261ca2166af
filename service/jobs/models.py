"""The tables of background jobs and of what each of them tells, piece by piece."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Json, UtcDateTime

QUEUED, RUNNING, PAUSED, DONE, FAILED, CANCELLED = "queued", "running", "paused", "done", "failed", "cancelled"


class Job(Base):
    """Work in the background. ``kind`` is a key of the table of kinds, ``params`` what it was asked to do.

    ``state`` is its own memory of how far it is, ``result`` its summary; its pieces are ``JobItem`` rows. ``lease``
    is drawn anew by each worker that takes it, ``leased_until`` when another may; ``attempts`` counts how often it was
    taken without a step forward.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')", name="status"),
        Index("ix_job_status_made_at", "status", "made_at"),
        Index("ix_job_kind_made_at", "kind", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    params: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(String(16))
    done: Mapped[int]
    total: Mapped[int]
    state: Mapped[dict[str, Any]] = mapped_column(Json)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    message: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int]


class JobItem(Base):
    """One piece of what a job tells: about ``key`` (of a case its id), with a ``verdict``; ``data`` is the rest."""

    __tablename__ = "job_item"
    __table_args__ = (
        UniqueConstraint("job_id", "key"),
        Index("ix_job_item_job_id_verdict", "job_id", "verdict", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(200))
    verdict: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(Json)
