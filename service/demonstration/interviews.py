"""The checks of interviews in the demonstration's year (F2): reminders, and at the year's end the units' reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, ids
from service.auth import actor_of
from service.demonstration.organization import SPACE
from service.demonstration.plan import Plan, PlannedAct
from service.processes import commands
from service.processes.advance import open_tasks
from service.rights import SYSTEM

STARTS = (("mid_year", 6, 30), ("autumn", 10, 31), ("december", 12, 1), ("year_end", 12, 31))
"""The timer start events of the diagram, each with its day."""
REASONS = (
    "联系名单年底刚确定，来不及完成两次访谈，下一年度补足。",
    "联系对象长期在外地项目，已改为电话联系，回区后安排走访。",
    "领导调整分工，访谈计划顺延，已列入下一年度第一季度。",
)


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """The cases that the calendar starts within the year; the reasons come in the next weeks."""
    for year in sorted({day.year for day in plan.days}):
        for event, month, day in STARTS:
            on = date(year, month, day)
            if not plan.days[8] < on <= plan.days[-1]:
                continue
            case = ids.derive(SPACE, f"interviews:{plan.seed}:{on}")
            yield PlannedAct(plan.on(on, 9), partial(_starts, case=case, event=event))
            if event == "year_end":
                for n in range(len(plan.posts)):
                    answers = plan.calendar.add(on, 2 + n).due
                    if answers <= plan.days[-1]:
                        yield PlannedAct(
                            plan.on(answers, 10 + n / 5), partial(_explain, case=case, reason=REASONS[n % 3])
                        )


def _starts(session: Session, *, case: UUID, event: str) -> None:
    """The calendar starts it, as ``processes.scheduled_starts`` does."""
    occurrence = commands.Occurrence(event, 0, clock.now())
    commands.begin(
        session,
        process="interview_check",
        data={},
        actor=SYSTEM,
        now=clock.now(),
        instance_id=case,
        occurrence=occurrence,
    )


def _explain(session: Session, *, case: UUID, reason: str) -> None:
    """The next unit gives its reason, while there is one that has not."""
    waiting = open_tasks(session, case)
    if waiting:
        who = actor_of(session, f"liaison-{waiting[0].unit}")
        commands.complete(session, task_id=waiting[0].id, data={"reason": reason}, actor=who, now=clock.now())
