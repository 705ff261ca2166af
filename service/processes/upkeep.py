"""The tables of the upkeep of cases: which workers live, and how far a rebuild has come. Outside the journal."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class Rebuilding(Base):
    """How far a rebuild that was cut short has come: ``after`` is the last case that it did. One row at most."""

    __tablename__ = "rebuilding"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    after: Mapped[UUID]


class WorkerBeat(Base):
    """When each worker last looked for work (its heartbeat)."""

    __tablename__ = "worker_beat"

    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
