"""The states of a walk and the steps between them, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from service import clock
from service.errors import LiaisonError
from service.rehearsal.core import Rehearsal
from service.rehearsal.state import OpenStep

Step = Mapping[str, Any]
"""A step of a scenario."""
REASON = "走查"
"""Why a walk gives a step back."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a case begins: by whom, at which event, with what."""

    at: datetime
    by: str | None = None
    event: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Way(NamedTuple):
    """A way to a state: from the state ``before`` by ``steps`` (None: from the ``start``)."""

    before: int | None
    steps: tuple[Step, ...]
    start: Start


@dataclass(frozen=True, slots=True)
class Move:
    """A step that was tried and the state ``to`` that it led to: the ``number``-th outcome of the task ``place`` in a
    process whose key is ``part`` (with ``back``: the task given back to that step instead), a ``message``, or (with
    neither) waiting for the next timer. ``result`` is what the slots of the state have given together, where the step
    ended them."""

    to: int
    answers: Mapping[str, Any]
    place: tuple[str, str] | None = None
    part: str = ""
    number: int = 0
    message: str = ""
    result: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that waits for a person, as far as faults speak of it."""

    process: str
    task: str
    label: str
    role: str | None
    unit: str | None
    leader: str | None


@dataclass(slots=True)
class Reached:
    """A state. ``steps`` led here from ``before``; ``open`` are its open steps; ``moves`` the steps that lead on;
    ``cut`` why nothing was tried from here. ``inner`` and ``outer``: the key of its slots, and the rest;
    ``gathers`` the name of their results."""

    number: int
    before: int | None
    steps: tuple[Step, ...]
    start: Start
    depth: int
    open: tuple[Waiting, ...] = ()
    end: str = ""
    stuck: bool = False
    messages: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    moves: list[Move] = field(default_factory=list)
    cut: str = ""
    inner: str = ""
    outer: str = ""
    gathers: str = ""

    @property
    def after(self) -> list[int]:
        """The states that one step leads to."""
        return [one.to for one in self.moves]

    @property
    def onward(self) -> list[int]:
        """As ``after``, without what is given back: a drawing must lead to its end by itself."""
        return [one.to for one in self.moves if not one.back]


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed: the last of ``steps`` from the state ``before`` (None: the start itself)."""

    before: int | None
    steps: tuple[Step, ...]
    start: Start
    message: str
    task: tuple[str, str] | None
    action: str = ""


def said_of(error: LiaisonError) -> str:
    """All that an error says."""
    return "；".join([error.message, *(f"{one.path} {one.message}" for one in error.findings)])


def next_moment(rehearsal: Rehearsal) -> datetime:
    """When the next timer fires."""
    return max(rehearsal.now, rehearsal.timers[0].fire_at)


def wait_until(moment: datetime) -> Step:
    """The step that waits till a moment."""
    local = clock.local(moment)
    exact = bool(local.second or local.microsecond)
    return {"until": local.isoformat() if exact else f"{local:%Y-%m-%dT%H:%M}"}


def slot_of(rehearsal: Rehearsal, step: OpenStep) -> str | None:
    """The name by which a scenario tells the step from others of the same task."""
    several = sum(one.task == step.task for one in rehearsal.open) > 1
    return (step.slot or step.unit) if several else None


def given_back(target: str, task: str, unit: str | None) -> Step:
    """The step that gives a task back to an earlier one."""
    return {"give_back": target, "from": task, **({"unit": unit} if unit else {}), "reason": REASON}


def done(task: str, unit: str | None, data: Mapping[str, Any]) -> Step:
    """The step that does a task with what decides of its form."""
    return {"do": task, **({"unit": unit} if unit else {}), **({"data": dict(data)} if data else {})}
