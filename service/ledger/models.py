"""The tables of the ledger itself: saved views, policies that were marked changed, cases looked at again for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, UtcDateTime


class LedgerView(Base):
    """A question to the ledger that somebody asks often, under a name: ``owner``'s alone, or ``shared`` with all.

    ``query`` is what stands in the address: filters, columns and sort.
    """

    __tablename__ = "ledger_view"
    __table_args__ = (Index("ix_ledger_view_owner", "owner"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    shared: Mapped[bool]
    name: Mapped[str] = mapped_column(String(20))
    query: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PolicyChange(Base):
    """A policy that was marked changed: each case that it had limited is to be looked at again (W13).

    ``key`` is the policy as search compares it, ``told`` what has changed.
    """

    __tablename__ = "policy_change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    told: Mapped[str] = mapped_column(Text)
    marked_by: Mapped[str] = mapped_column(String(64))
    marked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Revisit(Base):
    """A case to be looked at again because its policy changed; ``result`` is missing until somebody has."""

    __tablename__ = "policy_revisit"
    __table_args__ = (
        CheckConstraint("result IN ('solvable', 'still', 'moot')", name="result"),
        Index("ix_policy_revisit_instance_id", "instance_id"),
    )

    change_id: Mapped[UUID] = mapped_column(ForeignKey("policy_change.id"), primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    result: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    done_by: Mapped[str | None] = mapped_column(String(64))
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
