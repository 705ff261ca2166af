"""The time that a process gives its steps, and whether the policy or this system says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.processes.bundles import Compiled, compiled
from service.processes.definitions import find_latest
from service.processes.rules import DEFAULT_BASIS, one_line
from service.processes.wording import due_in_words


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time for one step, from the day of receipt (not counted), in words: every case that the diagram tells apart.

    ``basis`` is None where it has none; ``signs`` is the box of the printed form that the step signs.
    """

    step: str
    stage: str
    time: str
    basis: str | None
    signs: str | None = None


def deadlines(session: Session, process: str) -> Sequence[Deadline]:
    """The steps of the newest version of ``process``, stage by stage; none where it is not deployed."""
    definition = find_latest(session, process)
    return deadlines_of(compiled(session, definition.digest, process)) if definition is not None else []


def deadlines_of(made: Compiled) -> Sequence[Deadline]:
    """The steps of a definition, stage by stage."""
    order = made.stages
    found = []
    for (process, _), info in made.program.user_tasks.items():
        due, stage = info.properties.get("due", ""), info.properties.get("stage", order[0])
        basis = (info.properties.get("due_basis") or DEFAULT_BASIS) if due else None
        time = due_in_words(made, process, due)
        found.append(Deadline(one_line(info.name), stage, time, basis, info.properties.get("sign")))
    return sorted(found, key=lambda one: order.index(one.stage))
