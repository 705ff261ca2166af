"""各单位办理情况: what the units were told, said and were told in turn, in words, above the form and on the case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from service import clock
from service.http.context import actor, db
from service.processes.handled import Round, Slot, Turn, rounds_of, told_in
from service.processes.marking import marks
from service.processes.models import DONE, OPEN, Instance, UserTask
from service.processes.rules import one_line
from service.processes.standing import Marks
from service.processes.subjects import Subject
from service.processes.versions import Versions, find_versions
from service.processes.visibility import Seen, is_round, seen
from service.usecases.names import Line, Names

SHOWN_OPEN = 3
"""As many units stand open; of more those alone that the step is about."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was done: by whom, when, and what was filled in."""

    name: str
    who: str
    at: datetime | None
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Told:
    """A turn of a unit in words, with what was decided on it. ``mine``: the page is about this very step.

    ``held`` says who has claimed an open one, or who stands in.
    """

    turn: Turn
    unit: str
    said: Step
    after: Sequence[Step]
    held: str = ""
    mine: bool = False


@dataclass(frozen=True, slots=True)
class UnitWork:
    """A unit's part in a round: ``now`` its present or last turn, ``before`` the earlier ones. ``opened``: unfolded."""

    unit: str
    slot: Slot
    now: Told
    before: Sequence[Told]
    opened: bool


@dataclass(frozen=True, slots=True)
class RoundWork:
    """A round: 第 n 轮, what the units were told by whom, and their parts."""

    n: int
    opened_by: Step | None
    opinion: str
    units: Sequence[UnitWork]


@dataclass(frozen=True, slots=True)
class Panel:
    """The rounds, the latest first, and the ids of the steps that they tell of."""

    rounds: Sequence[RoundWork] = ()
    told: frozenset[str] = field(default_factory=frozenset)


def panel(instance: Instance, names: Names, *, task: UserTask | None = None, subjects: Sequence[Subject] = ()) -> Panel:
    """The work of the units on a case, for the page of ``task``, which is about ``subjects``, or of the case itself.

    Of a round of many units a task's page shows those that the task decides on, the case's page none: each stands in
    its own slot.
    """
    apart = is_round(instance)
    if apart and (task is None or not subjects):
        return Panel()
    rounds = rounds_of(db(), instance, actor(), clock.today())
    about = _about(rounds, task, subjects)
    if apart:
        rounds = [Round(one.opened_by, [slot for slot in one.slots if slot.scope in about]) for one in rounds]
        rounds = [one for one in rounds if one.slots]
    if task is not None and all(turn.task.id == task.id for one in rounds for slot in one.slots for turn in slot.turns):
        rounds = [one for one in rounds if one.opinion]  # nothing but the step on the page
    if not rounds:
        return Panel()
    names.learn(
        [name for one in rounds for each in _steps(one) for name in (each.completed_by, each.on_behalf_of)],
        [
            code
            for one in rounds
            for slot in one.slots
            for code in (slot.unit, *(turn.task.unit for turn in slot.turns))
        ],
    )
    waiting = [each for one in rounds for each in _steps(one) if each.status == OPEN]
    teller = _Teller(instance, names, task, about, waiting, many=sum(len(one.slots) for one in rounds) > SHOWN_OPEN)
    count = len(rounds)
    return Panel([teller.round(one, n, latest=n == count) for n, one in enumerate(rounds, 1)][::-1], told_in(rounds))


def _about(rounds: Sequence[Round], task: UserTask | None, subjects: Sequence[Subject]) -> frozenset[str]:
    """The scopes of the slots that the page is about."""
    if task is None or not rounds:
        return frozenset()
    units = {subject.unit for subject in subjects}
    found = {slot.scope for slot in rounds[-1].slots if {slot.unit, slot.opened_for} & units}
    return frozenset({task.scope} if task.scope else found)


def _steps(one: Round) -> list[UserTask]:
    own = [one.opened_by] if one.opened_by is not None else []
    return own + [each for slot in one.slots for turn in slot.turns for each in (turn.task, *turn.after)]


class _Teller:
    def __init__(
        self,
        instance: Instance,
        names: Names,
        task: UserTask | None,
        about: Collection[str],
        waiting: Sequence[UserTask],
        *,
        many: bool,
    ) -> None:
        self._names, self._task, self._about, self._many = names, task, about, many
        self._shown: Seen = seen(db(), instance, actor())
        self._versions: Versions = find_versions(db(), instance)
        self._marks: Marks = marks(db(), waiting, clock.today())

    def round(self, one: Round, n: int, *, latest: bool) -> RoundWork:
        opened_by = self._step(one.opened_by) if one.opened_by is not None else None
        return RoundWork(n, opened_by, one.opinion, [self._unit(slot, latest=latest) for slot in one.slots])

    def _unit(self, slot: Slot, *, latest: bool) -> UnitWork:
        told = [self._turn(turn) for turn in slot.turns]
        opened = slot.scope in self._about or (latest and not self._many and not self._about)
        return UnitWork(self._names.unit(slot.unit), slot, told[-1], told[:-1], opened)

    def _turn(self, turn: Turn) -> Told:
        mine = self._task is not None and turn.task.id == self._task.id
        after = [self._step(one) for one in turn.after]
        held = self._held(turn.task) if turn.is_open else ""
        return Told(turn, self._names.unit(turn.task.unit), self._step(turn.task), after, held, mine)

    def _held(self, row: UserTask) -> str:
        absent, holder = self._marks.absences.get(row.id), self._marks.holder(row)
        said = [absent.words] if absent is not None else []
        return "，".join([*said, *([f"{self._names.person(holder)} 已领办"] if holder else [])])

    def _step(self, row: UserTask) -> Step:
        lines: Sequence[Line] = ()
        if row.status == DONE and row.submitted:
            form = self._versions.at(row.completed_seq or 0).form_of(row.process, row.task)
            lines = self._names.lines(form, self._shown.of_task(row, row.submitted))
        who = self._names.person(row.completed_by)
        if row.on_behalf_of:
            who = f"{who}（代理 {self._names.person(row.on_behalf_of)}）"
        return Step(one_line(row.name), who, row.completed_at, lines)
