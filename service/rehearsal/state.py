"""The input and output of a rehearsal: the state of a case that runs in memory, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from service import engine
from service.errors import Finding, Invalid
from service.processes.effects import Effect
from service.processes.rules import LEADER, NAMED, light, one_line
from service.processes.wiring import Action
from service.rights import Actor, Grant


@dataclass(frozen=True, slots=True)
class Plan:
    """The facts that a house hands to a rehearsal, beside the bundle and the calendar.

    ``scopes`` maps a role to whose tasks it sees; ``settings`` is what diagrams read; ``units`` are the codes that
    forms may pick (None: not checked); ``instances`` how many instances one activity may open; ``stand_ins``
    maps a role to those that act in turn where nobody holds it; ``names`` are those of roles, units and notices.
    """

    actions: Mapping[str, Action] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    units: Collection[str] | None = None
    opening: time = time(9, 0)
    instances: int = 500
    stand_ins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A task that waits for a person. ``unit`` is the candidate's, ``slot`` whose share of the case it is (a unit's
    code or a name); ``role`` None: nobody may take it; ``person``: among its holders one alone (``auth.holders``)."""

    id: str
    process: str
    task: str
    name: str
    scope: str
    stage: str | None
    role: str | None
    unit: str | None
    leader: str | None
    person: str | None
    slot: str | None
    paused: bool
    due_on: date | None
    warn_on: date | None
    provisional: bool
    basis: str | None
    explanation: Mapping[str, Any]
    entered_at: datetime
    data: Mapping[str, Any]

    @property
    def label(self) -> str:
        """How scenarios name it: ``handle/edu`` in a slot, else ``accept``."""
        return f"{self.task}/{self.slot}" if self.slot else self.task

    def light(self, today: date) -> str:
        """Its light on ``today``."""
        return light(due_on=self.due_on, warn_on=self.warn_on, paused=self.paused, today=today)

    def is_of(self, unit: str | None) -> bool:
        """Whether it is meant by ``unit``: whose slot it is, or whose task, or the name beside the task's (``张三`` of
        ``填写更正：张三``); None: any."""
        return unit is None or unit in (self.slot, self.unit) or self.name.endswith(f"：{unit}")


@dataclass(frozen=True, slots=True)
class DoneStep:
    """A task that was completed, by whom, when, and how many working days late."""

    task: str
    label: str
    scope: str
    by: str
    at: datetime
    due_on: date | None
    late_days: int


@dataclass(frozen=True, slots=True)
class Coming:
    """A timer that waits; ``of`` is the label of the task that it watches."""

    id: str
    event: str
    name: str
    fire_at: datetime
    of: str | None


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """A notice that would go out, to a role (of a unit) or to one account; ``of`` is the label of the task."""

    at: datetime
    kind: str
    role: str | None
    unit: str | None
    of: str | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Where a rehearsal stands. ``marking`` is (process, scope, node) of all that holds a token; ``path`` what was
    passed, in order; ``results`` what each action answered last, by the name under which the data keep it; ``decided``
    (table, rule) of each rule that answered; ``end`` the id of the end event, '' while it runs."""

    now: datetime
    open: tuple[OpenStep, ...]
    done: tuple[DoneStep, ...]
    marking: tuple[tuple[str, str, str], ...]
    path: tuple[engine.Passed, ...]
    fired: tuple[str, ...]
    timers: tuple[Coming, ...]
    messages: tuple[str, ...]
    data: Mapping[str, Any]
    results: Mapping[str, Any]
    notices: tuple[ToldNotice, ...]
    decided: tuple[tuple[str, str], ...]
    due: Mapping[str, date | None]
    end: str
    end_name: str


@dataclass
class Kept:
    """The memory of a rehearsal beside the course: all of it grows or is replaced, so that a fork shares the rest."""

    open: dict[str, OpenStep] = field(default_factory=dict)
    done: tuple[DoneStep, ...] = ()
    path: tuple[engine.Passed, ...] = ()
    fired: tuple[str, ...] = ()
    notices: tuple[ToldNotice, ...] = ()
    decided: tuple[tuple[str, str], ...] = ()
    due: dict[str, date | None] = field(default_factory=dict)
    remembered: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    end: str = ""
    end_name: str = ""

    def fork(self) -> Kept:
        """Another one, to be changed alone."""
        return Kept(
            dict(self.open),
            self.done,
            self.path,
            self.fired,
            self.notices,
            self.decided,
            dict(self.due),
            dict(self.remembered),
            dict(self.results),
            dict(self.answers),
            self.end,
            self.end_name,
        )

    def forgetful(self) -> Kept:
        """A fork without what has only been told: nothing that happens later asks for it."""
        other = self.fork()
        other.path, other.fired, other.notices, other.decided, other.due = (), (), (), (), {}
        return other


def open_step(task_id: str, effect: Effect, at: datetime, data: Mapping[str, Any]) -> OpenStep:
    """The step that the effect ``entered`` tells of."""
    said = effect.data
    slot = said["slot"].removeprefix(NAMED) if said["slot"] else None
    return OpenStep(
        id=task_id,
        process=said["process"],
        task=said["task"],
        name=one_line(said["name"]),
        scope=said["scope"],
        stage=said["stage"],
        role=said["role"],
        unit=said["unit"],
        leader=said.get("leader"),
        person=said.get("person"),
        slot=slot,
        paused=said["paused"],
        due_on=_day(said["due_on"]),
        warn_on=_day(said["warn_on"]),
        provisional=said["provisional"],
        basis=said["basis"],
        explanation=said["explanation"],
        entered_at=at,
        data=data,
    )


def actor_of(by: str) -> Actor:
    """The actor, as scenarios write it: ``talent_office``, ``liaison@hrss``, ``leader@<id of the post>``.

    Raises Invalid for anything else.
    """
    role, at, unit = by.partition("@")
    if not role or (at and not unit):
        message = f"办理人 {by!r} 应写成 角色 或 角色@单位代码，如 liaison@hrss"
        raise Invalid("办理人写法不对", [Finding("/by", message)])
    bound = unit if unit and role != LEADER else None
    return Actor(username=by, name=by, unit=unit or None, grants=frozenset({Grant(role, bound)}))


def fits(actor: Actor, step: OpenStep) -> bool:
    """Whether the task is for the actor: role, unit, and the leader's post where it is one leader's."""
    for grant in actor.grants:
        if grant.role != step.role:
            continue
        if step.leader is not None:
            return actor.unit in (None, step.leader)
        if step.unit is None or grant.unit in (None, step.unit):
            return True
    return False


def taker_of(step: OpenStep) -> Actor:
    """Somebody who may take the task. Raises Invalid where nobody may."""
    if step.role is None:
        raise Invalid("没有人可以办理", [Finding("/by", f"步骤「{step.name}」没有办理角色，无人可办")])
    whose = step.leader or step.unit
    return actor_of(f"{step.role}@{whose}" if whose else step.role)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
