"""The checks of the registry in the demonstration's year (R4): one done, one in which a unit and a correction wait."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, ids
from service.auth import actor_of
from service.demonstration import cast
from service.demonstration.organization import SPACE
from service.demonstration.plan import Plan, PlannedAct, begin, do
from service.processes import commands
from service.processes.advance import open_tasks

WRONG, MISSING = "edu", "police"
"""The unit that finds something to correct, and the one that has not checked its files in the newer round."""
CORRECTION = {"post": "学术带头人", "basis": "所在单位聘任文件（演示）。"}


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """The older round ends with a correction in the registry; in the newer one it waits for the Talent Office."""
    ours = [pair.talent.id for pair in plan.pairs if pair.post.unit == WRONG]
    for place, day in enumerate((100, plan.last - 22)):
        case = ids.derive(SPACE, f"review:{plan.seed}:{place}")
        newest = place == 1
        note = {"note": "请于 20 个工作日内核对完毕（演示）。"}
        yield PlannedAct(plan.at(day, 9.1), partial(begin, process="registry_review", case=case))
        yield PlannedAct(plan.at(day, 9.2), partial(do, case=case, step="start_review", who="office", data=note))
        wrong = ours[place]
        for n, unit in enumerate((*cast.OFFICES, *cast.MEMBER_UNITS)):
            said: dict[str, Any] = {"result": "all_right"}
            if unit == WRONG:
                said = {"result": "some_wrong", "to_correct": [wrong]}
            if not (newest and unit == MISSING):
                after = 14 if unit == WRONG else 2 + n
                yield PlannedAct(plan.at(day + after, 10 + n / 4), partial(_check, case=case, unit=unit, data=said))
        yield PlannedAct(plan.at(day + 18, 15), partial(_correct, case=case))
        if not newest:
            agreed = partial(do, case=case, step="approve_correction", who="office", data={"decision": "approve"})
            yield PlannedAct(plan.at(day + 21, 10), agreed)


def _check(session: Session, *, case: UUID, unit: str, data: dict[str, Any]) -> None:
    """The unit's officer says how the files are; an office whose leaders serve nobody just then is not asked."""
    for row in open_tasks(session, case):
        if (row.task, row.unit) == ("confirm_files", unit):
            who = actor_of(session, f"liaison-{unit}")
            commands.complete(session, task_id=row.id, data=data, actor=who, now=clock.now())


def _correct(session: Session, *, case: UUID) -> None:
    """The form begins with the file as it is; one item of it is put right."""
    for row in open_tasks(session, case):
        if row.task == "correct_talent":
            data = {**row.data["file"]["values"], **CORRECTION}
            who = actor_of(session, f"liaison-{row.unit}")
            commands.complete(session, task_id=row.id, data=data, actor=who, now=clock.now())
