"""退回 on a walk: each open step is given back to each earlier step that it may go back to.

A 退回 moves one token and touches nothing around it. So it is tried once for each standing of that token with each of
the values that are read from the earlier step on, wherever a way first comes to it; from there it is walked to the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.proof.keys import Standing
from service.proof.states import REASON, Move, Way, given_back, slot_of
from service.rehearsal.core import Rehearsal
from service.rehearsal.state import OpenStep

if TYPE_CHECKING:
    from service.proof.explorer import Explorer


@dataclass(frozen=True, slots=True)
class Back:
    """A step that can be given back at a state, to which ``way`` led."""

    state: int
    way: Way
    rehearsal: Rehearsal
    standing: Standing
    step: OpenStep
    target: str


class Returns:
    """The 退回 of one walk: those that were found, and of them those that are still to be tried."""

    def __init__(self, walk: Explorer) -> None:
        self.walk = walk
        self.waiting: deque[Back] = deque()
        self._known: set[tuple[str, str, str, str]] = set()

    def come(self, state: int, way: Way, rehearsal: Rehearsal, standing: Standing) -> None:
        """Notes what a way, which has come to a state, can give back and no way before could."""
        for step, target in self._possible(rehearsal):
            live = self.walk.diagram.live_before(step.process, target)
            taken = self.walk.keys.values(step.data, live, rehearsal.today)
            key = (step.process, step.task, standing.told[step.id], target + taken)
            if key not in self._known:
                self._known.add(key)
                self.waiting.append(Back(state, way, rehearsal.forgetful(), standing, step, target))

    def _possible(self, rehearsal: Rehearsal) -> Iterator[tuple[OpenStep, str]]:
        """The open steps with each earlier step to which one can be given back."""
        for step in rehearsal.open:
            ways = self.walk.diagram.made.program.ways_back.get((step.process, step.task), ())
            if not ways or step.role is None:
                continue
            unit = slot_of(rehearsal, step)
            if sum(one.task == step.task and one.is_of(unit) for one in rehearsal.open) == 1:
                done = {one.task for one in rehearsal.done if one.scope == step.scope}
                yield from ((step, target) for target in ways if target in done)

    def take(self) -> None:
        """Gives the next of them back."""
        back = self.waiting.popleft()
        step, unit = back.step, slot_of(back.rehearsal, back.step)
        move = Move(-1, {}, (step.process, step.task), back.standing.scopes[step.scope], back=back.target)

        def act(other: Rehearsal) -> None:
            other.give_back(back.target, REASON, task=step.task, unit=unit)

        said = given_back(back.target, step.task, unit)
        self.walk.take(self.walk.states[back.state], back.rehearsal, said, move, act, come=back.way)
