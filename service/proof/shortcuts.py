"""Slots that have been walked already: from the next state with the same slots only the ways out are taken.

The slots of a multi-instance call know nothing of what stands around them but what their key tells. Where they are all
that can go on, and have been walked in another state, what they do needs no second look: the shortest way to each of
their results is taken again, with what stands around them now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from service.errors import LiaisonError, NotFound
from service.proof.keys import Standing
from service.proof.states import REASON, Move, Reached, Step, done, given_back, next_moment, slot_of, wait_until
from service.rehearsal.core import Rehearsal

if TYPE_CHECKING:
    from service.proof.explorer import Explorer


def go_on(walk: Explorer, number: int, rehearsal: Rehearsal, standing: Standing) -> None:
    """Goes on from a state whose slots have been walked in another one, by all steps where the short way is barred."""
    state = walk.states[number]
    barred = not ready(walk, number)  # states that wait for each other
    walk.looked_at.add(number)
    if barred:
        walk.walk_from(state, rehearsal, standing)
        return
    for moves in ways_out(walk.states, walk.states[walk.inner[state.inner]]):
        if not _follow(walk, state, rehearsal, standing, moves):
            state.moves.clear()
            walk.walk_from(state, rehearsal, standing)
            return


def ready(walk: Explorer, number: int) -> bool:
    """Whether all states of the slots from which the short ways of this one are read have been looked at."""
    first = walk.states[walk.inner[walk.states[number].inner]]
    seen, waiting = {first.number}, [first.number]
    while waiting:
        one = waiting.pop()
        if one not in walk.looked_at:
            return False
        more = {to for to in walk.states[one].after if walk.states[to].inner and walk.states[to].outer == first.outer}
        waiting += more - seen
        seen |= more
    return True


def ways_out(states: Sequence[Reached], first: Reached) -> list[list[Move]]:
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
    return list(out.values())


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
