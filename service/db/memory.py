"""The memory of a transaction that reads: what several parts of a page ask, each by itself, is asked once.

Each change that is sent empties it. Commands that decide under a lock do not ask by it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from sqlalchemy import event
from sqlalchemy.orm import Session

_ANSWERS = "answers"

T = TypeVar("T")


def remembered(session: Session, question: Hashable, ask: Callable[[], T]) -> T:
    """The answer of ``ask`` to ``question``, asked once as long as the transaction writes nothing.

    Changes that wait are sent first, as before any other question.
    """
    if session.autoflush:
        session.flush()
    answers: dict[Hashable, object] = session.info.setdefault(_ANSWERS, {})
    if question not in answers:
        answers[question] = ask()
    return cast(T, answers[question])


@event.listens_for(Session, "after_flush")
@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    session.info.pop(_ANSWERS, None)
