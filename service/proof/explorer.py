"""Every state that people and timers can reach, each once, the shortest way first."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from service import clock, engine
from service.engine.tokens import Token, tokens
from service.errors import Invalid, LiaisonError, NotFound
from service.proof import left_out as told
from service.proof.answering import Answering
from service.proof.diagram import Diagram
from service.proof.findings import Bounds
from service.proof.keys import Keys, Standing, every
from service.proof.outcomes import Outcomes, is_day
from service.proof.returns import Returns
from service.proof.shortcuts import ShortCuts
from service.proof.states import (
    Failure,
    Move,
    Reached,
    Start,
    Step,
    Waiting,
    Way,
    done,
    next_moment,
    said_of,
    slot_of,
    wait_until,
)
from service.rehearsal.core import Plan, Rehearsal
from service.rehearsal.state import OpenStep
from service.workdays import Calendar


class Explorer:
    """Walks a bundle. After ``run`` the attributes tell what was found."""

    def __init__(self, diagram: Diagram, calendar: Calendar, plan: Plan, bounds: Bounds, starts: list[Start]) -> None:
        self.diagram, self.calendar, self.bounds, self.starts = diagram, calendar, bounds, starts
        self.outcomes = Outcomes(diagram, calendar, plan, bounds.units)
        self.answering = answering = Answering(self.outcomes.answers())
        noted = {name: answering.noted(name, action) for name, action in plan.actions.items()}
        self.plan = replace(plan, actions=noted)
        self.keys = Keys(diagram, plan.units)
        self.states: list[Reached] = []
        self.failures: list[Failure] = []
        self.nodes: dict[tuple[str, str], int] = {}
        self.moves: dict[tuple[str, str, str], int] = {}
        self.rules: set[str] = set()
        self.entered: dict[tuple[str, str], int] = {}
        self.done: set[tuple[str, str]] = set()
        self.refused: dict[tuple[str, str], tuple[int, str]] = {}
        self.alike: set[tuple[str, str]] = set()
        self.leads: dict[tuple[str, str, str], dict[Any, set[tuple[Any, ...]]]] = {}
        self.cuts: Counter[str] = Counter()
        self.left = 0
        self._seen: dict[str, int] = {}
        self._queue: deque[tuple[int, Rehearsal, Standing]] = deque()
        self.returns, self.short = Returns(self), ShortCuts(self)
        self.inner: dict[str, int] = {}
        self.looked_at: set[int] = set()
        self._known: tuple[engine.Landing | None, Token | None] = (None, None)
        loops = [node.loop for _, node in diagram.places() if node.loop is not None]
        self._gathered = frozenset(one.output_collection for one in loops if one.output_collection is not None)

    def run(self) -> None:
        """Walks until nothing new is found, or a bound is met."""
        began = time.process_time()
        for start in self.starts:
            self._begin(start)
        given_back = 0
        while self._queue or self.returns.waiting or not self.short.settled:
            if len(self.states) > self.bounds.states or time.process_time() - began > self.bounds.seconds:
                self._stop()
                break
            if self._queue:
                number, rehearsal, standing = self._queue.popleft()
                self.looked_at.add(number)
                self.walk_from(self.states[number], rehearsal, standing)
            elif given_back:
                given_back -= 1
                self.returns.take()
            elif not self.short.settled:
                self.short.go_on()
            else:  # only then: what comes about by itself is told without a step that is given back
                given_back = len(self.returns.waiting)

    def _stop(self) -> None:
        """Notes what is left where a bound was met."""
        waiting = [*(number for number, _, _ in self._queue), *self.short.waiting]
        self.left = max(1, len(waiting) + len(self.returns.waiting))
        for number in waiting:
            self.states[number].cut = told.STATES if len(self.states) > self.bounds.states else told.SECONDS

    # --- Steps --------------------------------------------------------------------------------------------------------

    def _begin(self, start: Start) -> None:
        def run() -> Rehearsal:
            return Rehearsal(
                self.diagram.made,
                self.calendar,
                self.plan,
                start.at,
                by=start.by,
                data=start.data,
                event=start.event,
            )

        for answers, result in self.answering.every({}, run):
            steps: tuple[Step, ...] = ({"answers": answers},) if answers else ()
            if isinstance(result, LiaisonError):
                self.failures.append(Failure(None, steps, start, said_of(result), None, self.answering.calling))
            else:
                self.arrive(None, steps, start, result)

    def walk_from(self, state: Reached, rehearsal: Rehearsal, standing: Standing) -> None:
        """All steps from a state, of parts that do not touch each other only those of one, as long as it leads on."""
        groups = self._groups(rehearsal.open, standing)
        if rehearsal.timers:
            self._wait(state, rehearsal)
        for message in dict.fromkeys(rehearsal.landing.waiting_messages if rehearsal.landing else ()):
            move = Move(-1, {}, message=message)
            self.take(state, rehearsal, {"message": message}, move, lambda r, m=message: r.message(m))
        for group in groups:
            before = len(state.moves)
            for step in group:
                self._do(state, rehearsal, standing, step)
            if any(one not in self.looked_at for one in state.after[before:]):
                break  # the other groups come later: not all that this one leads to has been looked at yet

    def _groups(self, opened: tuple[OpenStep, ...], standing: Standing) -> list[list[OpenStep]]:
        """The open steps, those together that may touch each other; slots that are alike stand for each other."""
        groups: list[list[OpenStep]] = []
        for step in opened:
            touching = [group for group in groups if any(self._touch(standing, step, other) for other in group)]
            groups = [group for group in groups if group not in touching]
            groups.append([step, *(one for group in touching for one in group)])

        def order(group: list[OpenStep]) -> tuple[Any, ...]:
            return (len(group), sorted((one.process, one.task, standing.scopes[one.scope]) for one in group))

        return [sorted(group, key=lambda one: (one.process, one.task, one.id)) for group in sorted(groups, key=order)]

    def _touch(self, standing: Standing, one: OpenStep, other: OpenStep) -> bool:
        first = (*standing.chains[one.scope], (one.process, one.task, one.id))
        second = (*standing.chains[other.scope], (other.process, other.task, other.id))
        depth = 0
        while depth < min(len(first), len(second)) - 1 and first[depth][2] == second[depth][2]:
            depth += 1
        (process, here, _), (_, there, _) = first[depth], second[depth]
        if here != there:
            return not self.diagram.alone(process, here, there)
        node = self.diagram.node(process, here)
        if node is None or node.loop is None or len(first) != len(second):
            return True
        return node.loop.completion is not None or not self.diagram.separable

    def _wait(self, state: Reached, rehearsal: Rehearsal) -> None:
        moment = next_moment(rehearsal)
        self.take(state, rehearsal, wait_until(moment), Move(-1, {}), lambda r: r.until(moment))

    def _do(self, state: Reached, rehearsal: Rehearsal, standing: Standing, step: OpenStep) -> None:
        if step.role is None:
            return
        place, today = (step.process, step.task), rehearsal.today
        unit = slot_of(rehearsal, step)
        try:
            if rehearsal.step(step.task, unit).id != step.id:
                return
            outcomes = self.outcomes.of(step, today)
        except NotFound:
            self.alike.add(place)
            return
        deciding = self.outcomes.deciding(*place)
        for number, data in enumerate(outcomes):
            said = done(step.task, unit, {name: data[name] for name in deciding if name in data})
            move = Move(-1, {}, place, standing.scopes[step.scope], number)
            try:
                taken = self.take(state, rehearsal, said, move, lambda r, d=data: r.do(step.task, d, unit=unit))
            except Invalid as error:
                later = self._on_the_day(state, rehearsal, step, said, move, data)
                if later is None:
                    self.refused.setdefault(place, (state.number, said_of(error)))
                    continue
                taken = later
            self.done.add(place)
            self._note_leads(state, place, data, deciding, taken)
        if not outcomes:
            self.refused.setdefault(place, (state.number, ""))

    def _on_the_day(
        self, state: Reached, rehearsal: Rehearsal, step: OpenStep, said: Step, move: Move, data: Mapping[str, Any]
    ) -> list[tuple[Any, ...]] | None:
        """The step again, on the last day to come that its data tell: no minutes before the meeting. None: refused."""
        days = [date.fromisoformat(one[:10]) for one in step.data.values() if is_day(one)]
        day = max(days, default=rehearsal.today)
        if day <= rehearsal.today:
            return None
        moment = datetime.combine(day, clock.local(rehearsal.now).timetz())
        unit = slot_of(rehearsal, step)

        def wait_and_do(trial: Rehearsal) -> None:
            trial.until(moment)
            trial.do(step.task, data, unit=unit)

        come = Way(state.number, (wait_until(moment),), state.start)
        try:
            return self.take(state, rehearsal, said, move, wait_and_do, come)
        except Invalid:
            return None

    def _note_leads(
        self,
        state: Reached,
        place: tuple[str, str],
        data: Mapping[str, Any],
        deciding: list[str],
        taken: list[tuple[Any, ...]],
    ) -> None:
        for name in deciding:
            rest = repr([(one, data.get(one)) for one in deciding if one != name])
            value = data.get(name)
            if isinstance(value, str | bool):
                found = self.leads.setdefault((*place, name), {})
                found.setdefault(value, set()).update((state.number, rest, *one) for one in taken)

    def take(
        self,
        state: Reached,
        rehearsal: Rehearsal,
        said: Step,
        move: Move,
        act: Any,
        come: Way | None = None,
    ) -> list[tuple[Any, ...]]:
        """Tries a step with all answers of its actions; gives where it led. Raises Invalid where it is refused.

        ``come`` is how the rehearsal came to the state, where that is not the first way.
        """
        before, earlier, start = come if come is not None else Way(state.number, (), state.start)

        def run() -> Rehearsal:
            other = rehearsal.forgetful()
            act(other)
            return other

        led: list[tuple[Any, ...]] = []
        place = move.place
        for answers, result in self.answering.every({}, run):
            steps: tuple[Step, ...] = (*earlier, *(({"answers": answers},) if answers else ()), said)
            if isinstance(result, Invalid) and place is not None and not move.back:
                raise result
            if isinstance(result, LiaisonError):
                self.failures.append(Failure(before, steps, start, said_of(result), place, self.answering.calling))
                led.append((repr(answers), -1, str(result)))
                continue
            from_ = self.states[before] if before is not None else None
            number = self.arrive(from_, steps, start, result)
            state.moves.append(replace(move, to=number, answers=answers, result=self._given(state, result)))
            led.append((repr(answers), number, self._trail(result)))
        return led

    # --- Where a step leads -------------------------------------------------------------------------------------------

    def arrive(self, before: Reached | None, steps: tuple[Step, ...], start: Start, rehearsal: Rehearsal) -> int:
        """Notes the state that ``steps`` lead to from ``before``; gives its number, of a known one the first."""
        landing = rehearsal.landing
        if landing is None:
            raise Invalid("没有开始")
        number = len(self.states)
        top = self._tokens(landing)
        standing = self.keys.standing(top, rehearsal.today)
        key = f"end:{landing.end}" if landing.completed else standing.key
        number = self._seen.get(key, number)
        held = [one for one in every(top) if one.held and one.node]
        self._note(rehearsal, held, number)
        if key in self._seen:
            if not (landing.completed or self.states[number].cut):
                way = Way(before.number if before is not None else None, steps, start)
                self.returns.come(number, way, rehearsal, standing)
            return number
        self._seen[key] = number
        depth = before.depth + 1 if before is not None else 0
        state = Reached(number, before.number if before is not None else None, steps, start, depth)
        state.messages = landing.waiting_messages
        state.open = tuple(
            Waiting(one.process, one.task, one.label, one.role, one.unit, one.leader) for one in rehearsal.open
        )
        state.end = (landing.end or "end") if landing.completed else ""
        state.held = tuple((one.process, one.node) for one in held)
        state.inner, state.outer, state.gathers = standing.inner, standing.outer, standing.gathers
        self.states.append(state)
        if landing.completed:
            return number
        state.stuck = not (state.open or rehearsal.timers or state.messages)
        state.cut = self._beyond(top, rehearsal)
        if state.cut:
            self.cuts[state.cut] += 1
        elif not state.stuck:
            known = self.states[self.inner.setdefault(state.inner, number)] if state.inner else state
            later = known is not state and known.outer != state.outer
            self.returns.come(number, Way(state.before, steps, start), rehearsal, standing)
            engine.keep(landing.state)
            if later:
                self.short.add(number, rehearsal.forgetful(), standing)
            else:
                self._queue.append((number, rehearsal.forgetful(), standing))
        return number

    @property
    def ways(self) -> int:
        """How many steps were tried."""
        return self.answering.runs

    def standing(self, rehearsal: Rehearsal) -> Standing:
        """The state of a rehearsal as it is compared."""
        if rehearsal.landing is None:
            raise Invalid("没有开始")
        return self.keys.standing(self._tokens(rehearsal.landing), rehearsal.today)

    def _tokens(self, landing: engine.Landing) -> Token:
        """The tokens of a landing, with all names that matter; of the last one that was asked for they are known."""
        known, top = self._known
        if known is not landing or top is None:
            top = tokens(self.diagram.made.program, landing.state, self.diagram.names | self._gathered)
            self._known = landing, top
        return top

    def _given(self, state: Reached, rehearsal: Rehearsal) -> str:
        """The results of a state's slots together, as whatever goes on behind them knows them."""
        name, landing = state.gathers, rehearsal.landing
        if not name or landing is None:
            return ""
        known: list[Mapping[str, Any]] = [landing.data]
        if not landing.completed:
            known = [one.data for one in every(self._tokens(landing)) if one.held]
        found = sorted({self.keys.value(name, one[name], rehearsal.today) for one in known if name in one})
        return "|".join(found)

    def _note(self, rehearsal: Rehearsal, held: list[Token], number: int) -> None:
        """Notes what was passed on the way to a state, and what its tokens have come to."""
        for one in rehearsal.passed:
            self.nodes.setdefault((one.process, one.node), number)
            if one.source is not None:
                self.moves.setdefault((one.process, one.source, one.node), number)
        self.rules.update(rule for _, rule in rehearsal.decided)
        for token in held:
            self.entered.setdefault((token.process, token.node), number)
            if token.source is not None:
                self.moves.setdefault((token.process, token.source, token.node), number)

    def _beyond(self, top: Token, rehearsal: Rehearsal) -> str:
        """Why the state lies beyond what is walked; empty where it does not."""
        open_here = Counter((one.scope, one.process, one.task) for one in rehearsal.open)
        for (_, process, task), count in open_here.items():
            if count > self.bounds.rounds:
                most = self.bounds.rounds
                return told.ROUNDS.format(name=self._name(process, task), most=most, more=most + 1)
        for one in every(top):
            node = self.diagram.node(one.process, one.node)
            if one.held and node is not None and node.loop is not None:
                side_by_side = sum(child.spec != one.spec and child.node == one.node for child in one.after)
                if side_by_side > (most := self.outcomes.most):
                    return told.SLOTS.format(name=self._name(one.process, one.node), most=most, more=most + 1)
        return ""

    def _name(self, process: str, node: str) -> str:
        return " ".join(self.diagram.made.program.names.get((process, node), node).split())

    def _trail(self, rehearsal: Rehearsal) -> str:
        return "|".join(f"{one.process}.{one.source}>{one.node}" for one in rehearsal.passed)

    def way(self, number: int | None, steps: tuple[Step, ...] = ()) -> tuple[Step, ...]:
        """The shortest way to a state, and ``steps`` after it."""
        found = steps
        while number is not None:
            state = self.states[number]
            found = (*state.steps, *found)
            number = state.before
        return found
