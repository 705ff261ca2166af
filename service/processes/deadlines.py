"""What a process gives its steps: how many working days, and whether the policy or this system says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.processes.bundles import compiled
from service.processes.definitions import find_latest
from service.processes.rules import DEFAULT_BASIS

_DAYS = re.compile(r"working_days\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time for one step, from the day of receipt (not counted). ``days`` is None where it has none."""

    step: str
    stage: str
    days: int | None
    basis: str | None


def deadlines(session: Session, process: str) -> Sequence[Deadline]:
    """The steps of the newest version of ``process``, stage by stage; none where it is not deployed."""
    definition = find_latest(session, process)
    if definition is None:
        return []
    made = compiled(session, definition.digest, process)
    order = made.stages
    found = []
    for info in made.program.user_tasks.values():
        due, stage = info.properties.get("due", ""), info.properties.get("stage", order[0])
        days = _DAYS.search(due)
        basis = (info.properties.get("due_basis") or DEFAULT_BASIS) if due else None
        found.append(Deadline(info.name.replace(" ", ""), stage, int(days[1]) if days else None, basis))
    return sorted(found, key=lambda one: order.index(one.stage))
