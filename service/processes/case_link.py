"""The table of cases that belong to each other."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime

LINKED, INTO, HOLDS = "linked", "into", "holds"
"""How a case belongs to another (``CaseLink.kind``)."""


class CaseLink(Base):
    """A case that belongs to another; the other has its own row about this one.

    ``linked``: both know each other (关联). ``into``: it is handled within the other and ends with it (并案); the
    other's row says ``holds``.
    """

    __tablename__ = "case_link"
    __table_args__ = (
        CheckConstraint("kind IN ('linked', 'into', 'holds')", name="kind"),
        Index("ix_case_link_other_id", "other_id"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
