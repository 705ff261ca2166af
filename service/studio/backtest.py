"""Backtest 回测: finished cases run again by another version: which they are, and how each would have gone.

A case is told by its number, steps in the words of the drawing, and dates, never by what forms said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service import clock, history
from service.processes.bundles import Compiled, compiled
from service.processes.course import standing, steps_of
from service.processes.models import COMPLETED, Instance
from service.processes.recording import stream_of
from service.rehearsal.core import Plan
from service.studio.rerunning import Rerun
from service.studio.supposing import Suppositions, tallied
from service.studio.tested_cases import ASKED, FAILS, OTHER, SAME, WORDS, Due, Summary, Tested, moved, unlike
from service.workdays import Calendar

__all__ = [
    "ASKED",
    "FAILS",
    "OTHER",
    "SAME",
    "WORDS",
    "Due",
    "Summary",
    "Tested",
    "digests",
    "ended",
    "finished",
    "given",
    "moved",
    "tested",
    "unlike",
]


def finished(
    session: Session, process: str, *, first: date, last: date, after: UUID | None = None, limit: int = 50
) -> list[UUID]:
    """Ids of the cases that came to their end in a period, in order of id: as good as drawn by lot."""
    query = select(Instance.id).where(
        Instance.process == process,
        Instance.status == COMPLETED,
        *ended(first, last),
    )
    if after is not None:
        query = query.where(Instance.id > after)
    return list(session.scalars(query.order_by(Instance.id).limit(limit)))


def digests(session: Session, process: str, *, first: date, last: date) -> list[str]:
    """The versions by which cases that came to their end in a period ran, each by its digest."""
    query = select(Instance.digest).where(Instance.process == process, Instance.status == COMPLETED)
    return sorted(session.scalars(query.where(*ended(first, last)).distinct()))


def ended(first: date, last: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The condition that a case came to its end in a period, both days included."""
    return Instance.ended_at >= clock.end_of(first - timedelta(days=1)), Instance.ended_at < clock.end_of(last)


def tested(
    session: Session,
    case: UUID,
    made: Compiled,
    plan: Plan,
    calendar: Calendar,
    supposing: Suppositions,
) -> Tested:
    """How the finished case would have gone by ``made``, where ``supposing`` says what nobody was asked then."""
    number, digest, process = session.execute(
        select(Instance.number, Instance.digest, Instance.process).where(Instance.id == case)
    ).one()
    steps = list(standing(steps_of(history.stream_events(session, stream_of(case)))))
    old = compiled(session, digest, process) if supposing else None
    return Rerun(case, number, made, plan, calendar, steps, old, supposing).run()


def given(session: Session, cases: Sequence[UUID]) -> dict[str, Counter[str]]:
    """Field → how often which answer (as JSON) was given in these cases."""
    steps = [step for case in cases for step in standing(steps_of(history.stream_events(session, stream_of(case))))]
    return tallied(step.event.data["data"] for step in steps if step.event.kind == "completed")
