"""The way of a case beside the way that most finished cases of its process took, and where it left it.

A way is the user steps in the order in which each was first done. Doing a step again is no other way; returns,
take-backs and migrations are told by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audit.replay.steps import Happened
from service.processes.models import COMPLETED, DONE, Instance, UserTask

MOST = 500
"""The newest finished cases that are looked at."""
ASIDE = ("returned", "taken_back", "migrated")
"""The kinds of steps that leave the usual course by themselves."""

StepId = tuple[str, str]
"""Process and user task."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The most frequent way of ``cases`` finished ones, taken by ``alike`` of them."""

    steps: Sequence[StepId]
    alike: int
    cases: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A case beside the usual way. ``mine`` are its steps, each with the entry by which it was first done.

    ``common`` is how many steps the two begin with in common; ``left`` the entry where the case left the usual way,
    None where it did not; ``instead`` the usual step at that place, None after the last. ``aside`` are the entries of
    returns (those that a form decided as well), take-backs and migrations.
    """

    usual: Usual
    mine: Sequence[tuple[StepId, int]]
    common: int
    left: int | None
    instead: StepId | None
    aside: Sequence[int]

    @property
    def stopped(self) -> bool:
        """Whether the case ended before the usual way does."""
        return self.left is None and self.instead is not None


def usual_way(session: Session, process: str, without: UUID | None = None) -> Usual | None:
    """The way that most of the newest finished cases took, of any version; the case ``without`` is not counted.

    Of two that are as frequent the shorter one. None where none has finished. One statement.
    """
    newest = select(Instance.id).where(Instance.process == process, Instance.status == COMPLETED)
    newest = newest.where(Instance.id != without) if without is not None else newest
    newest = newest.order_by(Instance.ended_at.desc(), Instance.id).limit(MOST)
    first = func.min(UserTask.completed_seq)
    rows = session.execute(
        select(UserTask.instance_id, UserTask.process, UserTask.task, first)
        .where(UserTask.instance_id.in_(newest), UserTask.status == DONE)
        .group_by(UserTask.instance_id, UserTask.process, UserTask.task)
    )
    ways: dict[UUID, list[tuple[int, StepId]]] = {}
    for case, drawn, task, seq in rows:
        ways.setdefault(case, []).append((seq or 0, (drawn, task)))
    if not ways:
        return None
    counted = Counter(tuple(step for _, step in sorted(way)) for way in ways.values())
    steps, alike = min(counted.items(), key=lambda one: (-one[1], len(one[0]), one[0]))
    return Usual(steps, alike, len(ways))


def compared(steps: Sequence[Happened], usual: Usual, *, ended: bool) -> Compared:
    """The case with these steps beside the usual way; ``ended``: it goes no further."""
    mine: Mapping[StepId, int] = {}
    for one in steps:
        if one.kind == "completed" and one.taken_back is None and one.process and one.step:
            mine = mine if (one.process, one.step) in mine else {**mine, (one.process, one.step): one.seq}
    way = list(mine.items())
    common = next(
        (at for at, (step, _) in enumerate(way) if at >= len(usual.steps) or usual.steps[at] != step), len(way)
    )
    left = way[common][1] if common < len(way) else None
    ahead = usual.steps[common] if common < len(usual.steps) else None
    return Compared(
        usual=usual,
        mine=way,
        common=common,
        left=left,
        instead=ahead if left is not None or ended else None,
        aside=sorted({one.seq for one in steps if one.kind in ASIDE}.union(_sent_back(steps))),
    )


def _sent_back(steps: Sequence[Happened]) -> Iterator[int]:
    """The entries of steps whose completion opened a step that was done before they were first done (退回补正)."""
    first: dict[tuple[str, str, str], int] = {}
    for one in steps:
        if one.kind != "completed" or one.taken_back is not None or not one.process or not one.step:
            continue
        own = first.setdefault((one.process, one.step, one.scope), one.seq)
        opened = [row for key in one.entered if (row := one.tasks.get(key)) is not None]
        if any(first.get((row["process"], row["task"], row["scope"]), own + 1) <= own for row in opened):
            yield one.seq
