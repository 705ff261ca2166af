"""One input of a case, run: the step that replay and rehearsal share. No database, no clock, no people.

The input of a case (a completed form, a timer, a message …) is data; what it does follows from where the case stood,
from what the case was begun with, and from what its actions answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, Protocol
from uuid import UUID

from service import engine
from service.errors import Conflict, NotFound
from service.processes import effects as fx
from service.processes.agreed import EXTENDED, MOVING, effects, land, words_after
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions
from service.processes.contexts import as_of, context_of
from service.processes.ending import said_at_end
from service.processes.moves import MIGRATED, Known, Move, no_action
from service.processes.rules import FRAME_NAMES, merged
from service.workdays import Calendar

Act = Callable[[engine.Call], Any]
"""The answer of a service action."""


class Given(Protocol):
    """An input: what happened, when, to which task; ``data`` as the journal keeps it."""

    @property
    def seq(self) -> int:
        """Its number; ids are derived from it."""

    @property
    def kind(self) -> str:
        """The kind of input."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def task(self) -> str | None:
        """To which user task, or whose timer it is."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The data given with it."""


def _unknown(digest: str) -> Compiled:
    raise NotFound(f"没有摘要为 {digest} 的定义")


@dataclass(frozen=True, slots=True)
class Begun:
    """The foundation of a case: its id, its frame (settings, scopes) and its definition, until it is migrated.

    ``instances`` is how many instances one activity may open (None: any number, when what has happened is run again);
    ``definitions`` looks up by digest the definition to which a case was migrated.
    """

    instance_id: UUID
    frame: Mapping[str, Any]
    made: Compiled
    instances: int | None = None
    definitions: Callable[[str], Compiled] = _unknown
    in_memory: bool = False
    """Whether its state is never stored (a rehearsal)."""
    live: bool = False
    """Whether each state keeps its workflow at hand for the next input (a replay that is held against the record)."""


@dataclass
class Course:
    """An instance on its way: where the engine landed, the case's data, and of each task when it was entered, when it
    is due, in which scope and slot it stands, what it is (``fx.FACTS``), and the words of an earlier version by which
    its date stays counted. ``begun`` is the foundation since the last migration, None before any."""

    landing: engine.Landing | None = None
    data: dict[str, Any] = field(default_factory=dict)
    entered: dict[str, datetime] = field(default_factory=dict)
    due: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    places: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    begun: Begun | None = None

    @property
    def open(self) -> frozenset[str]:
        """The ids of the open tasks."""
        return frozenset(self.landing.open_tasks) if self.landing else frozenset()

    def fork(self) -> Course:
        """Another one that stands here and goes its own way."""
        return Course(
            self.landing,
            self.data,
            dict(self.entered),
            dict(self.due),
            dict(self.places),
            dict(self.facts),
            dict(self.kept),
            self.begun,
        )


def rules_of(given: Given) -> int:
    """The rules by which an input ran; those before the journal kept their number are the first."""
    return int(given.data.get("rules", 1))


def run_input(begun: Begun, course: Course, given: Given, calendar: Calendar, act: Act) -> list[fx.Effect]:
    """Runs one input, counted with ``calendar``: ``course`` then stands behind it. Gives its effects.

    Raises what the engine raises, and Conflict for a task that is not open.
    """
    begun = course.begun or begun
    days = DayFunctions(calendar, given.at)
    if given.kind == MIGRATED:
        return _migrated(begun, course, given, days)
    if given.kind in MOVING:
        return _moved(begun, course, given, days)
    _take_in(begun.made, course, given)

    def answer(call: engine.Call) -> Any:
        result = act(call)
        if not call.scope:
            course.data = {**course.data, call.variable: result}
        return result

    landing = _land(begun, course, given, days, answer)
    before = course.open
    if given.kind == "calendar_changed":
        notice, rules = given.data["notice"], rules_of(given)
        found = fx.due_changes(begun.made, landing, course.entered, calendar, course.due, notice, course.kept, rules)
        found.append(fx.Effect(fx.ADVANCED, fx.sealed(landing)))
    else:
        completed = given.task if given.kind == "completed" else None
        found = fx.effects_of(begun.made, begun.frame, before, completed, landing, days, rules_of(given))
    course.landing = landing
    for task_id in landing.open_tasks:
        course.entered.setdefault(task_id, given.at)
    for effect in found:
        if effect.task and "due_on" in effect.data:
            course.due[effect.task] = effect.data
        if effect.task and effect.kind == fx.ENTERED:
            course.places[effect.task] = (effect.data["scope"], effect.data["slot"])
            course.facts[effect.task] = facts_in(effect.data)
    return found


def facts_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a task as an effect says them (``fx.FACTS``, and whose post it is, where it is one leader's)."""
    leader = {"leader": data["leader"]} if "leader" in data else {}
    return {name: data[name] for name in fx.FACTS} | leader


def _migrated(begun: Begun, course: Course, given: Given, days: DayFunctions) -> list[fx.Effect]:
    if course.landing is None:
        raise Conflict("历史不是从启动开始的")
    after = replace(begun, frame=given.data["frame"], made=begun.definitions(given.data["to"]["digest"]))
    move = Move.of(given.data, begun.made, after.made, begun.frame, after.frame)
    opening = time.fromisoformat(given.data["opening"])
    context = context_of(begun.instance_id, given.seq, days, no_action, opening, rules_of(given))
    known = {
        task_id: Known(course.entered[task_id], course.facts[task_id], course.due[task_id], course.kept.get(task_id))
        for task_id in course.landing.open_tasks
    }
    landing = move.land(course.landing.state, known, days.calendar, context)
    found = move.effects(landing, known, days, rules_of(given))
    course.landing, course.begun = landing, after
    for effect in found:
        if effect.task and effect.kind == fx.DUE_CHANGED:
            course.due[effect.task] = effect.data
        elif effect.task and effect.kind == fx.RENEWED:
            course.facts[effect.task] = facts_in(effect.data)
            course.places[effect.task] = (effect.data["scope"], effect.data["slot"])
            course.kept.pop(effect.task, None)
            if effect.data["kept"] is not None:
                course.kept[effect.task] = effect.data["kept"]
    return found


def _moved(begun: Begun, course: Course, given: Given, days: DayFunctions) -> list[fx.Effect]:
    """People moved dates: a later one was agreed, or the days of a suspension do not count."""
    before = course.landing
    if before is None:
        raise Conflict("历史不是从启动开始的")
    said, made = given.data, begun.made
    settings = begun.frame["settings"]
    places = {task_id: (opened.process, opened.task) for task_id, opened in before.open_tasks.items()}
    words = words_after(said, given.kind, given.task, made, settings, places, course.due, course.kept)
    if given.kind == EXTENDED and not words:
        raise Conflict("该任务已经完成或取消")
    kept = {**course.kept, **words}
    opening, rules = time.fromisoformat(said["opening"]), rules_of(given)
    context = context_of(
        begun.instance_id, given.seq, days, no_action, opening, rules, in_memory=begun.in_memory, live=begun.live
    )
    landing = land(made, before.state, said, given.kind, kept, days, context)
    found = effects(made, landing, words, course.entered, course.due, said["notice"], days, rules)
    course.landing, course.kept = landing, kept
    for effect in found:
        if effect.task:
            course.due[effect.task] = effect.data
    return found


def _take_in(made: Compiled, course: Course, given: Given) -> None:
    """Brings what an input says into the case's data, as the command did."""
    if given.kind == "started":
        course.data = {name: value for name, value in given.data["data"].items() if name not in FRAME_NAMES}
    elif given.kind == "completed":
        if given.task not in course.places:
            raise Conflict("该任务已经完成或取消")
        scope, slot = course.places[given.task]
        own = made.own_fields(given.data["process"], given.data["step"])
        course.data = merged(course.data, scope, slot, given.data["data"], frozenset(given.data["drop"]), own)
    elif given.kind == "terminated":
        course.data = {**course.data, **said_at_end(given.data)}


def _land(begun: Begun, course: Course, given: Given, days: DayFunctions, answer: Act) -> engine.Landing:
    data, program = given.data, begun.made.program
    opening = time.fromisoformat(data["opening"])
    context = context_of(
        begun.instance_id,
        given.seq,
        days,
        answer,
        opening,
        rules_of(given),
        instances=begun.instances,
        kept=course.kept,
        in_memory=begun.in_memory,
        live=begun.live,
    )
    if given.kind == "started":
        return engine.start(program, data["data"], context, data.get("event"))
    if course.landing is None:
        raise Conflict("历史不是从启动开始的")
    state = course.landing.state
    if given.kind == "completed":
        return engine.complete(program, state, given.task or "", data["data"], frozenset(data["drop"]), context)
    if given.kind == "returned":
        if given.task is None:  # no step was open: the token lay where nobody could move it
            return engine.put_back(program, state, data["scope"], data["target"], context)
        return engine.move(program, state, given.task, data["target"], context)
    if given.kind == "timer_fired":
        return engine.fire_timer(program, state, data["timer"], context)
    if given.kind == "message":
        return engine.deliver(program, state, data["message"], data["payload"], context)
    if given.kind == "terminated":
        return engine.cancel(program, state, context)
    if given.kind == "woken":
        if not engine.sleeps(program, state):  # the step that led there has been taken back: nothing waits for it
            return engine.inspect(program, state, context)
        return engine.wake(program, state, context)
    return engine.recompute(program, state, as_of(days.calendar, context), context)
