"""Answers kept by ``Idempotency-Key``: the same key and body gives the first answer again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from service import clock
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


_PENDING = 0


def reserve(session: Session, *, username: str, key: str, request: str, body: str) -> IdempotentAnswer | None:
    """Reserves the key for this request; where another one had it before, that one. Waits for one under way."""
    # SQLAlchemy has ON CONFLICT only on each dialect's own insert, not on the common one.
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"username": username, "key": key, "request": request[:300], "body_sha256": body}
    made = session.execute(
        insert(IdempotentAnswer)
        .values(**row, status=_PENDING, answer=b"", at=clock.now())
        .on_conflict_do_nothing()
        .returning(IdempotentAnswer.key)
    )
    return None if made.first() is not None else session.get_one(IdempotentAnswer, (username, key))


def keep(session: Session, *, username: str, key: str, status: int, answer: bytes) -> None:
    """Keeps the answer for who sends the key again."""
    mine = (IdempotentAnswer.username == username) & (IdempotentAnswer.key == key)
    session.execute(
        update(IdempotentAnswer).where(mine).values(status=status, answer=answer),
        execution_options={"synchronize_session": False},
    )


def forget(session: Session, *, username: str, key: str) -> None:
    """Gives the key back: nothing was done."""
    mine = (IdempotentAnswer.username == username) & (IdempotentAnswer.key == key)
    session.execute(delete(IdempotentAnswer).where(mine), execution_options={"synchronize_session": False})
