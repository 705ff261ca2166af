"""The table of the ways in which people see cases: made from the journals of cases, as are all projections."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class CaseReader(Base):
    """A way (``reader``, see ``readers``) in which people see a case.

    The rest is as in ``Instance``: the newest cases of a way are found in one index, however many there are.
    """

    __tablename__ = "case_reader"
    __table_args__ = (Index("ix_case_reader_list", "reader", "process", "status", "started_at", "instance_id"),)

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    reader: Mapped[str] = mapped_column(String(128), primary_key=True)
    process: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
