"""退回: the token of a step goes back to an earlier one. Shared by who does the step and by who frees a stuck case."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from service import clock, engine
from service.errors import Finding, Invalid
from service.processes.advance import advance
from service.processes.bundles import Compiled
from service.processes.calendars import current, days_late
from service.processes.clocks import stopped
from service.processes.models import RUN_RETURNED, Instance, UserTask
from service.processes.recording import Input
from service.processes.rules import one_line
from service.rights import Actor

RETURNED = "returned"


def targets_among(made: Compiled, process: str, task: str, done: Collection[str]) -> list[tuple[str, str]]:
    """(id, name) of the steps ``done`` in the task's scope to which its token can go, on a way without splits."""
    ways = made.program.ways_back.get((process, task), ())
    return [(name, one_line(made.program.names[process, name])) for name in ways if name in done]


def require_target(target: str, among: Collection[tuple[str, str]]) -> None:
    """Raises Invalid unless ``target`` is the id of one of them."""
    if target not in [name for name, _ in among]:
        raise Invalid(
            "不能退回到该步骤",
            [Finding("/target", "只能退回到本步骤之前、且不跨并行分支的已办步骤；其余情况请用表单中的结果处理")],
        )


def give_back(
    session: Session, task: UserTask, instance: Instance, target: str, reason: str, doer: Actor, now: datetime
) -> None:
    """The token of the open task goes to ``target``, which the caller has looked at; its lateness is frozen (CLOCK)."""
    today = clock.local(now).date()
    late = days_late(current(session), task.due_on, today)
    task.late_days = late
    stopped(session, [task.id], today, RUN_RETURNED)
    data = {"step": task.task, "name": task.name, "target": target, "reason": reason, "late_days": late}
    advance(
        session,
        instance,
        Input(RETURNED, data, str(task.id)),
        lambda program, context: engine.move(program.program, instance.state, str(task.id), target, context),
        actor=doer,
        now=now,
    )
