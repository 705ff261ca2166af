"""领导批示: what a leader wrote on the monthly briefs, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, ids, reports
from service.auth import actor_of
from service.demonstration.briefs import after, months
from service.demonstration.organization import SPACE, derived
from service.demonstration.plan import Plan, PlannedAct, do
from service.processes import commands
from service.processes.advance import open_tasks

LEADER = "leader"
WORDS = (
    "请区人才办梳理超期的需求，逐件说明原因和下一步。",
    "子女入学的需求较多，请会同教育部门提前摸底，下月专报里说明。",
    "联系对象反映的共性问题，请提出工作建议。",
)
"""The words of each, those on the newest brief first."""
ANSWER = "已逐件核对，会同责任单位明确了办结时限，后续按时限督办，并在下月专报里说明进展。"


def planned(plan: Plan) -> Iterator[PlannedAct]:
    """One on each brief: the oldest answered and read, the next answered, that on the newest not yet carried out."""
    for back, (year, month) in enumerate(months(plan)):
        case = ids.derive(SPACE, f"instruction:{plan.seed}:{year}:{month}")
        first = plan.calendar.add(after(year, month) - timedelta(days=1), 1).due
        written = plan.calendar.add(first, 4).due
        words = partial(_write, case=case, year=year, month=month, words=WORDS[back % len(WORDS)])
        lately = plan.at(plan.last - 2, 15)
        yield PlannedAct(plan.on(written, 16.3) if back else max(plan.on(written, 16.3), lately), words)
        if back:
            done = partial(_next, case=case, step="carry_out_office", who="office", data={"answer": ANSWER})
            yield PlannedAct(plan.on(plan.calendar.add(written, 3).due, 15), done)
        if back > 1:
            noted = partial(_next, case=case, step="read_answer", who=LEADER, data={"read_decision": "noted"})
            yield PlannedAct(plan.on(plan.calendar.add(written, 4).due, 9.5), noted)


def _write(session: Session, *, case: UUID, year: int, month: int, words: str) -> None:
    """The leader writes on the brief, where it was released."""
    brief = reports.find_brief(session, leader_id=derived("leader", LEADER), year=year, month=month)
    if brief is None or brief.released_at is None:
        return
    leader = actor_of(session, LEADER)
    commands.start(session, process="instruction", data={}, actor=leader, now=clock.now(), instance_id=case)
    said = {
        "leader_id": str(derived("leader", LEADER)),
        "about_brief": str(brief.id),
        "instruction": words,
        "carried_by": "office",
    }
    do(session, case=case, step="write_instruction", who=LEADER, data=said)


def _next(session: Session, *, case: UUID, step: str, who: str, data: dict[str, str]) -> None:
    """The step, where anything was written."""
    if any(row.task == step for row in open_tasks(session, case)):
        do(session, case=case, step=step, who=who, data=data)
