"""The table of the ways of cases: what the map of real ways is counted from."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base


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
