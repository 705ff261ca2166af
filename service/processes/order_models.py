"""The table of the values by which long lists of needs are sorted and narrowed (adr/0091)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class CaseOrder(Base):
    """The columns of lists of a need as they are today; they follow from the rows of the case.

    ``due_unit``, ``received_on``, ``due_on``, ``first_due_on`` and ``rounds`` are those of the unit's run that speaks
    for the case, ``step_due_on`` is that of the run of its other steps (``speaking``). By ``title_order`` its matter is
    sorted (the module of that name). All else is as in ``CaseSpan``.
    """

    __tablename__ = "case_order"

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    number: Mapped[str | None] = mapped_column(String(64))
    search_key: Mapped[str] = mapped_column(Text)
    title_order: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str | None] = mapped_column(String(16))
    talent_id: Mapped[str | None] = mapped_column(String(32))
    leader_id: Mapped[str | None] = mapped_column(String(64))
    category: Mapped[str | None] = mapped_column(Text)
    town: Mapped[str | None] = mapped_column(Text)
    initiator_unit: Mapped[str | None] = mapped_column(String(32))
    lead_unit: Mapped[str | None] = mapped_column(Text)
    assisting_units: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_name: Mapped[str | None] = mapped_column(String(100))
    outcome: Mapped[str | None] = mapped_column(Text)
    urges: Mapped[int]
    due_unit: Mapped[str | None] = mapped_column(String(32))
    rounds: Mapped[int | None]
    received_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    first_due_on: Mapped[date | None] = mapped_column(Date)
    step_due_on: Mapped[date | None] = mapped_column(Date)


INDEXED = (
    *("number", "title_order", "status", "stage", "category", "town", "lead_unit", "ended_at", "outcome", "urges"),
    *("due_unit", "rounds", "received_on", "due_on", "first_due_on", "step_due_on"),
)
"""Columns of which an index has the newest needs of each value first."""
for _name in INDEXED:
    Index(f"ix_case_order_{_name}", getattr(CaseOrder, _name), CaseOrder.started_at.desc(), CaseOrder.instance_id)
