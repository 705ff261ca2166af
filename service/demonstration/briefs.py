"""The monthly briefs to leaders of the demonstration's year (R3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, ids, reports
from service.auth import actor_of
from service.demonstration.cast import CLASS_A
from service.demonstration.organization import SPACE, derived
from service.demonstration.plan import Plan, PlannedAct, begin, do, first_posts, office
from service.processes import commands
from service.processes.advance import open_tasks

MONTHS = 3
HELD, WAITING = "a-congress-2", ("温如故", "a-conference")
"""Of the newest month: whose brief is not released, and whose are being worded."""


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """The rounds of the last months; of the newest one brief is held and two are being worded."""
    for back, (year, month) in enumerate(months(plan)):
        case = ids.derive(SPACE, f"briefs:{plan.seed}:{year}:{month}")
        first = plan.calendar.add(after(year, month) - timedelta(days=1), 1).due
        chosen = {"year": year, "month": month}
        yield PlannedAct(plan.on(first, 9.1), partial(begin, process="leader_brief", case=case))
        yield PlannedAct(plan.on(first, 9.2), partial(do, case=case, step="choose_month", who="office", data=chosen))
        for place, post in enumerate((*first_posts(), *CLASS_A)):
            if back == 0 and post.key in WAITING:
                continue
            day = plan.calendar.add(first, 1 + place % 3).due
            held = back == 0 and post.key == HELD
            yield PlannedAct(plan.on(day, 10 + place / 4), partial(_sign, case=case, key=post.key, held=held))
        if back:
            read = partial(_read, key="leader", year=year, month=month)
            yield PlannedAct(plan.on(plan.calendar.add(first, 4).due, 16), read)


def months(plan: Plan) -> list[tuple[int, int]]:
    """(year, month) of the last months, the newest first, whose round the year still has the days for."""
    found: list[tuple[int, int]] = []
    day = plan.days[-1].replace(day=1)
    while len(found) < MONTHS:
        day = (day - timedelta(days=1)).replace(day=1)
        if day <= plan.days[6]:
            break
        if plan.calendar.add(after(day.year, day.month) - timedelta(days=1), 5).due <= plan.days[-1]:
            found.append((day.year, day.month))
    return found


def after(year: int, month: int) -> date:
    """The first day of the month that follows."""
    return (date(year, month, 28) + timedelta(days=4)).replace(day=1)


def _sign(session: Session, *, case: UUID, key: str, held: bool) -> None:
    """The Talent Office decides on the leader's brief; whose post has ended gets none."""
    post = str(derived("leader", key))
    for row in open_tasks(session, case):
        if row.task == "sign_brief" and row.data["recipient"]["leader_id"] == post:
            said = {"text": row.data["text"], "decision": "release"}
            if held:
                said |= {"decision": "hold", "reason": "需求办理情况有待核实，核实后再签发。"}
            commands.complete(session, task_id=row.id, data=said, actor=office(session), now=clock.now())


def _read(session: Session, *, key: str, year: int, month: int) -> None:
    brief = reports.find_brief(session, leader_id=derived("leader", key), year=year, month=month)
    if brief is not None and brief.released_at is not None:
        reports.read_brief(session, brief_id=brief.id, actor=actor_of(session, key), now=clock.now())
