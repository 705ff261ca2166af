"""Slots that have been walked already: from the next state with the same slots only the ways out are taken.

The slots of a multi-instance call know nothing of what stands around them but what their key tells. Where they are all
that can go on, and have been walked in another state, what they do needs no second look: the shortest way to each of
their results is taken again, with what stands around them now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from service.errors import LiaisonError, NotFound
from service.proof.keys import Standing
from service.proof.states import REASON, Move, Reached, Step, done, given_back, next_moment, slot_of, wait_until
from service.rehearsal.core import Rehearsal

if TYPE_CHECKING:
    from service.proof.explorer import Explorer


@dataclass(slots=True)
class Later:
    """A state whose slots have been walked in another one: ``taken`` are the ways out of them that were taken here,
    ``whole`` where one was barred and all steps were taken instead."""

    number: int
    rehearsal: Rehearsal
    standing: Standing
    taken: set[tuple[int, str]] = field(default_factory=set)
    whole: bool = False


class ShortCuts:
    """The states of a walk from which only the ways out of their slots are taken.

    A way out may lead over a state that is such a one itself: so they are gone through again until nothing is new.
    """

    def __init__(self, walk: Explorer) -> None:
        self.walk = walk
        self._later: list[Later] = []
        self._next = 0
        self._tried = 0

    def add(self, number: int, rehearsal: Rehearsal, standing: Standing) -> None:
        """Notes a state."""
        self._later.append(Later(number, rehearsal, standing))

    @property
    def waiting(self) -> list[int]:
        """The states from which nothing has been tried yet."""
        return [one.number for one in self._later if one.number not in self.walk.looked_at]

    @property
    def settled(self) -> bool:
        """Whether all were gone through and nothing has been tried since."""
        return self._next >= len(self._later) and self._tried == self.walk.ways

    def go_on(self) -> None:
        """Goes on from the next of them that has a way which was not taken, if there is one."""
        if self._next >= len(self._later):
            self._next, self._tried = 0, self.walk.ways
        while self._next < len(self._later):
            self._next += 1
            if self._take(self._later[self._next - 1]):
                return

    def _take(self, later: Later) -> bool:
        """Takes the ways out that are new; whether there was one."""
        walk, state = self.walk, self.walk.states[later.number]
        walk.looked_at.add(later.number)
        if later.whole:
            return False
        known = ways_out(walk.states, walk.states[walk.inner[state.inner]])
        new = {key: moves for key, moves in known.items() if key not in later.taken}
        for key, moves in new.items():
            later.taken.add(key)
            if not _follow(walk, state, later.rehearsal, later.standing, moves):
                later.whole = True
                state.moves.clear()
                walk.walk_from(state, later.rehearsal, later.standing)
                break
        return bool(new)


def ways_out(states: Sequence[Reached], first: Reached) -> dict[tuple[int, str], list[Move]]:
    """The shortest way to each state in which something else than the slots of ``first`` has changed, with each result
    of theirs: what reads it may not have read it there, and may read it here."""
    ways: dict[int, list[Move]] = {first.number: []}
    out: dict[tuple[int, str], list[Move]] = {}
    waiting = deque([first])
    while waiting:
        state = waiting.popleft()
        for move in state.moves:
            there = states[move.to]
            if not (there.inner and there.outer == first.outer):
                out.setdefault((move.to, move.result), [*ways[state.number], move])
            elif move.to not in ways:
                ways[move.to] = [*ways[state.number], move]
                waiting.append(there)
    return out


def _follow(walk: Explorer, state: Reached, rehearsal: Rehearsal, standing: Standing, moves: Sequence[Move]) -> bool:
    """Takes steps that were taken from a state like this one; whether they could be taken here too."""
    steps: list[Step] = []
    here = rehearsal
    for number, move in enumerate(moves):
        if number:
            standing = walk.standing(here)
        here = here.forgetful()
        walk.answering.again(move.answers)
        try:
            said = _again(walk, here, standing, move)
        except LiaisonError:
            return False
        steps += [*([{"answers": dict(move.answers)}] if move.answers else []), said]
    to = walk.arrive(state, tuple(steps), state.start, here)
    state.moves.append(replace(moves[-1], to=to))
    return True


def _again(walk: Explorer, rehearsal: Rehearsal, standing: Standing, move: Move) -> Step:
    """Takes one step again, at the task of a slot with the same key. Raises NotFound where there is none."""
    if move.message:
        rehearsal.message(move.message)
        return {"message": move.message}
    if move.place is None:
        if not rehearsal.timers:
            raise NotFound("没有定时")
        moment = next_moment(rehearsal)
        rehearsal.until(moment)
        return wait_until(moment)
    for step in rehearsal.open:
        if (step.process, step.task) == move.place and standing.scopes[step.scope] == move.part:
            unit = slot_of(rehearsal, step)
            if move.back:
                rehearsal.give_back(move.back, REASON, task=step.task, unit=unit)
                return given_back(move.back, step.task, unit)
            outcomes = walk.outcomes.of(step, rehearsal.today)
            if move.number < len(outcomes):
                data = outcomes[move.number]
                rehearsal.do(step.task, data, unit=unit)
                deciding = walk.outcomes.deciding(*move.place)
                return done(step.task, unit, {name: data[name] for name in deciding if name in data})
    raise NotFound("没有这一步")
