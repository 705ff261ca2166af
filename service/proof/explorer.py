"""Every state that people and timers can reach, each once, the shortest way first."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from service import clock
from service.engine.tokens import Token, tokens
from service.errors import Invalid, LiaisonError, NotFound
from service.processes.wiring import Action, RehearsedCall
from service.proof.diagram import Diagram
from service.proof.findings import Bounds
from service.proof.keys import Keys, Standing, every
from service.proof.outcomes import Outcomes
from service.rehearsal.core import Plan, Rehearsal
from service.rehearsal.state import OpenStep
from service.workdays import Calendar

Step = Mapping[str, Any]
"""A step of a scenario."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a case begins: by whom, at which event, with what."""

    at: datetime
    by: str | None = None
    event: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Reached:
    """A state. ``steps`` led here from ``before``; ``open`` are the labels of its open steps; ``after`` the states that
    one step leads to; ``cut`` why nothing was tried from here."""

    number: int
    before: int | None
    steps: tuple[Step, ...]
    start: Start
    depth: int
    open: tuple[OpenStep, ...] = ()
    end: str = ""
    stuck: bool = False
    waiting: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    after: list[int] = field(default_factory=list)
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed: the last of ``steps`` from the state ``before`` (None: the start itself)."""

    before: int | None
    steps: tuple[Step, ...]
    start: Start
    message: str
    task: tuple[str, str] | None
    action: str = ""


class Explorer:
    """Walks a bundle. After ``run`` the attributes tell what was found."""

    def __init__(self, diagram: Diagram, calendar: Calendar, plan: Plan, bounds: Bounds, starts: list[Start]) -> None:
        self.diagram, self.calendar, self.bounds, self.starts = diagram, calendar, bounds, starts
        self.outcomes = Outcomes(diagram, calendar, plan)
        self.answers = self.outcomes.answers()
        self.plan = replace(plan, actions={name: self._noted(name, action) for name, action in plan.actions.items()})
        self.keys = Keys(diagram, plan.units)
        self.states: list[Reached] = []
        self.failures: list[Failure] = []
        self.ways = 0
        self.nodes: dict[tuple[str, str], int] = {}
        self.moves: dict[tuple[str, str, str], int] = {}
        self.rules: set[str] = set()
        self.entered: dict[tuple[str, str], int] = {}
        self.done: set[tuple[str, str]] = set()
        self.refused: dict[tuple[str, str], tuple[int, str]] = {}
        self.leads: dict[tuple[str, str, str], dict[Any, set[tuple[Any, ...]]]] = {}
        self.cuts: Counter[str] = Counter()
        self.left = 0
        self._seen: dict[str, int] = {}
        self._queue: deque[tuple[int, Rehearsal, Standing]] = deque()
        self._answers: dict[str, Any] = {}
        self._called: list[str] = []
        self._calling = ""

    def run(self) -> None:
        """Walks until nothing new is found, or a bound is met."""
        began = time.process_time()
        for start in self.starts:
            self._begin(start)
        while self._queue:
            if len(self.states) > self.bounds.states or time.process_time() - began > self.bounds.seconds:
                self.left = len(self._queue)
                why = "情形过多" if len(self.states) > self.bounds.states else "时间用完"
                for number, _, _ in self._queue:
                    self.states[number].cut = why
                break
            number, rehearsal, standing = self._queue.popleft()
            self._from(self.states[number], rehearsal, standing)

    # --- Service actions ----------------------------------------------------------------------------------------------

    def _noted(self, name: str, action: Action) -> Action:
        """The action, of which is known that and where it is called, and which gives the answer that is tried."""
        told = action.rehearsed

        def answer(call: RehearsedCall) -> Any:
            self._calling = call.task
            if name in self.answers:
                self._called.append(name)
                result = self._answers.get(name, self.answers[name][0])
            else:
                result = told(call) if told is not None else action.sample
            self._calling = ""
            return result

        return replace(action, rehearsed=answer)

    def _every_answer(self, told: dict[str, Any], run: Any) -> Iterator[tuple[dict[str, Any], Any]]:
        """Runs a step with every combination of answers that its actions may give: (answers, result or error)."""
        self._answers, self._called, self._calling = told, [], ""
        try:
            result: Any = run()
        except LiaisonError as error:
            result = error
        called = list(dict.fromkeys(self._called))
        open_question = next((name for name in called if name not in told), None)
        self.ways += 1
        if open_question is None:
            yield {name: told[name] for name in called}, result
            return
        first, *others = self.answers[open_question]
        yield from self._known_answer({**told, open_question: first}, called, result, run)
        for value in others:
            yield from self._every_answer({**told, open_question: value}, run)

    def _known_answer(
        self, told: dict[str, Any], called: list[str], result: Any, run: Any
    ) -> Iterator[tuple[dict[str, Any], Any]]:
        """As above, where the run with the first answers is there already."""
        open_question = next((name for name in called if name not in told), None)
        if open_question is None:
            yield {name: told[name] for name in called}, result
            return
        first, *others = self.answers[open_question]
        yield from self._known_answer({**told, open_question: first}, called, result, run)
        for value in others:
            yield from self._every_answer({**told, open_question: value}, run)

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

        for answers, result in self._every_answer({}, run):
            steps: tuple[Step, ...] = ({"answers": answers},) if answers else ()
            if isinstance(result, LiaisonError):
                self.failures.append(Failure(None, steps, start, _said(result), None, self._calling))
            else:
                self._arrive(None, steps, start, result)

    def _from(self, state: Reached, rehearsal: Rehearsal, standing: Standing) -> None:
        """All steps from a state, of parts that do not touch each other only those of one, as long as it leads on."""
        groups = self._groups(rehearsal.open, standing)
        if rehearsal.timers:
            self._wait(state, rehearsal)
        for message in dict.fromkeys(rehearsal.landing.waiting_messages if rehearsal.landing else ()):
            self._take(state, rehearsal, {"message": message}, None, lambda r, m=message: r.message(m))
        for group in groups:
            before = len(state.after)
            for step in group:
                self._do(state, rehearsal, step)
            if any(one > state.number or self.states[one].end for one in state.after[before:]):
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
        moment = max(rehearsal.now, rehearsal.timers[0].fire_at)
        local = clock.local(moment)
        said = local.strftime("%Y-%m-%dT%H:%M") if not (local.second or local.microsecond) else local.isoformat()
        self._take(state, rehearsal, {"until": said}, None, lambda r: r.until(moment))

    def _do(self, state: Reached, rehearsal: Rehearsal, step: OpenStep) -> None:
        if step.role is None:
            return
        place, today = (step.process, step.task), rehearsal.today
        several = sum(one.task == step.task for one in rehearsal.open) > 1
        unit = (step.slot or step.unit) if several else None
        try:
            if rehearsal.step(step.task, unit).id != step.id:
                return
            outcomes = self.outcomes.of(step, today)
        except NotFound as error:
            self.refused.setdefault(place, (state.number, str(error)))
            return
        deciding = self.outcomes.deciding(*place)
        for data in outcomes:
            said: dict[str, Any] = {"do": step.task, **({"unit": unit} if unit else {})}
            shown = {name: data[name] for name in deciding if name in data}
            said |= {"data": shown} if shown else {}
            try:
                taken = self._take(state, rehearsal, said, place, lambda r, d=data: r.do(step.task, d, unit=unit))
            except Invalid as error:
                self.refused.setdefault(place, (state.number, str(_said(error))))
                continue
            self.done.add(place)
            self._note_leads(state, place, data, deciding, taken)
        if not outcomes:
            self.refused.setdefault(place, (state.number, ""))

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

    def _take(
        self, state: Reached, rehearsal: Rehearsal, said: Step, place: tuple[str, str] | None, act: Any
    ) -> list[tuple[Any, ...]]:
        """Tries a step with all answers of its actions; gives where it led. Raises Invalid where it is refused."""

        def run() -> Rehearsal:
            other = rehearsal.forgetful()
            act(other)
            return other

        led: list[tuple[Any, ...]] = []
        for answers, result in self._every_answer({}, run):
            steps: tuple[Step, ...] = (*(({"answers": answers},) if answers else ()), said)
            if isinstance(result, Invalid):
                if place is None:
                    self.failures.append(Failure(state.number, steps, state.start, _said(result), place, self._calling))
                    continue
                raise result
            if isinstance(result, LiaisonError):
                self.failures.append(Failure(state.number, steps, state.start, _said(result), place, self._calling))
                led.append((repr(answers), -1, str(result)))
                continue
            number = self._arrive(state, steps, state.start, result)
            state.after.append(number)
            led.append((repr(answers), number, self._trail(result)))
        return led

    # --- Where a step leads -------------------------------------------------------------------------------------------

    def _arrive(self, before: Reached | None, steps: tuple[Step, ...], start: Start, rehearsal: Rehearsal) -> int:
        landing = rehearsal.landing
        if landing is None:
            raise Invalid("没有开始")
        number = len(self.states)
        top = tokens(self.diagram.made.program, landing.state, self.diagram.names)
        standing = self.keys.standing(top, rehearsal.today)
        key = f"end:{landing.end}" if landing.completed else standing.key
        number = self._seen.get(key, number)
        held = [one for one in every(top) if one.held and one.node]
        self._note(rehearsal, held, number)
        if key in self._seen:
            return number
        self._seen[key] = number
        depth = before.depth + 1 if before is not None else 0
        state = Reached(number, before.number if before is not None else None, steps, start, depth)
        state.open, state.waiting = rehearsal.open, landing.waiting_messages
        state.end = (landing.end or "end") if landing.completed else ""
        state.held = tuple((one.process, one.node) for one in held)
        self.states.append(state)
        if landing.completed:
            return number
        state.stuck = not (state.open or rehearsal.timers or state.waiting)
        state.cut = self._beyond(top, rehearsal)
        if state.cut:
            self.cuts[state.cut] += 1
        elif not state.stuck:
            self._queue.append((number, rehearsal.forgetful(), standing))
        return number

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
                return f"「{self._name(process, task)}」同时有 {self.bounds.rounds} 份以上未办"
        for one in every(top):
            node = self.diagram.node(one.process, one.node)
            if one.held and node is not None and node.loop is not None:
                side_by_side = sum(child.spec != one.spec and child.node == one.node for child in one.after)
                if side_by_side > self.bounds.units:
                    return f"「{self._name(one.process, one.node)}」同时办理 {self.bounds.units} 份以上"
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


def _said(error: LiaisonError) -> str:
    return "；".join([error.message, *(f"{one.path} {one.message}" for one in error.findings)])
