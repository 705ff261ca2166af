"""How many cases are open on each version of each process, and where they stand: counts alone, no case's content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.processes.models import IS_OPEN, RUNNING, SUSPENDED, Instance, UserTask
from service.processes.rules import one_line


@dataclass(frozen=True, slots=True)
class Tally:
    """The open cases of a version, and how many of its steps are open, by the step's name."""

    cases: int
    steps: Mapping[str, int]


def open_tallies(session: Session) -> dict[tuple[str, int], Tally]:
    """(process, version) → what is open on it; two statements."""
    standing = Instance.status.in_((RUNNING, SUSPENDED))
    cases = session.execute(
        select(Instance.process, Instance.version, func.count())
        .where(standing)
        .group_by(Instance.process, Instance.version)
    )
    steps = session.execute(
        select(Instance.process, Instance.version, UserTask.task, func.min(UserTask.name), func.count())
        .join(Instance, UserTask.instance_id == Instance.id)
        .where(IS_OPEN, standing)
        .group_by(Instance.process, Instance.version, UserTask.task)
        .order_by(func.count().desc(), UserTask.task)
    )
    named: dict[tuple[str, int], dict[str, int]] = {}
    for process, version, _task, name, count in steps:
        # whose a called step is stands behind its name, and is a case's content
        by_name = named.setdefault((process, version), {})
        step = one_line(name.partition("：")[0])
        by_name[step] = by_name.get(step, 0) + count
    return {(process, version): Tally(count, named.get((process, version), {})) for process, version, count in cases}
