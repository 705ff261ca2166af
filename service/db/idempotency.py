"""Answers kept by ``Idempotency-Key``: the same key and body gives the first answer again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime


class IdempotentAnswer(Base):
    """The first answer to a keyed request of a user, written in the transaction that did the work."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (Index("ix_idempotent_answer_at", "at"),)

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request: Mapped[str] = mapped_column(String(300))
    body_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
