"""The steps of a case as far as its way asks: a fold over its journal that makes no row, no form and no data.

It takes the recorded effects, as the fold of replay does (``audit.replay.fold``), at a fraction of the work: each full
verification folds the ways of all cases again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from service.audit.replay.steps import Pass
from service.history import HistoryEvent
from service.history.notices import NOTICE
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.course import ACTION, INPUTS
from service.processes.ending import how_ended
from service.processes.models import COMPLETED, RUNNING, SUSPENDED
from service.processes.moves import MIGRATED

_OPENS = frozenset({fx.ENTERED, fx.REOPENED})
_BESIDE = frozenset({ACTION, NOTICE})


@dataclass(slots=True)
class Step:
    """One step. ``tasks`` are the open tasks after it by id, each with the columns of its row that a way reads; they
    change with the next step, and so does ``row``, how the case then stands. ``taken_back``: a later step took it back
    (撤回)."""

    kind: str
    at: datetime
    task: str | None
    process: str | None
    step: str | None
    scope: str
    data: Mapping[str, Any]
    version: int
    digest: str
    tasks: Mapping[str, Mapping[str, Any]]
    row: Mapping[str, Any]
    taken_back: bool | None
    passed: Sequence[Pass]
    entered: Sequence[str]


@dataclass(slots=True)
class _Group:
    """An event that is a step, with the effects that belong to it."""

    event: HistoryEvent
    effects: list[HistoryEvent] = field(default_factory=list)


def steps_of(events: Sequence[HistoryEvent], definition: Callable[[str], Compiled]) -> Iterator[Step]:
    """The steps of a case from its whole journal, or the first entries of it, one at a time.

    ``definition`` gives a definition by its digest. Raises LookupError where the journal does not begin with the start
    of a case.
    """
    if not events or events[0].kind != "started":
        raise LookupError("the journal of a case begins with its start")
    fold = _Fold(events[0].data, definition)
    back = {int(one.data["input"]) for one in events if one.kind == "taken_back"}
    for group in _groups(events):
        yield fold.step(group, taken_back=True if group.event.seq in back else None)


class _Fold:
    def __init__(self, begun: Mapping[str, Any], definition: Callable[[str], Compiled]) -> None:
        self._definition = definition
        self._version, self._first = int(begun["version"]), str(begun["digest"])
        self._digest = definition(self._first).digest
        self._moved: dict[int, str] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._open: dict[str, dict[str, Any]] = {}
        self._case: dict[str, Any] = {"status": RUNNING, "ended_at": None}

    def step(self, group: _Group, *, taken_back: bool | None) -> Step:
        event = group.event
        row = self._rows.get(event.task or "")
        said = event.data
        process = (row["process"] if row is not None else None) or said.get("process")
        step = (row["task"] if row is not None else None) or said.get("step") or said.get("event")
        scope = str((row["scope"] if row is not None else None) or said.get("scope") or "")
        passed: list[Pass] = []
        if event.kind in INPUTS:
            self._input(group, passed)
        elif event.kind in ("suspended", "resumed") and self._case["ended_at"] is None:
            self._case["status"] = SUSPENDED if event.kind == "suspended" else RUNNING
        entered = [one.task or "" for one in group.effects if one.kind in _OPENS]
        return Step(
            event.kind,
            event.at,
            event.task,
            process,
            step,
            scope,
            said,
            self._version,
            self._digest,
            self._open,
            self._case,
            taken_back,
            passed,
            entered,
        )

    def _input(self, group: _Group, passed: list[Pass]) -> None:
        event, case, timers, ended = group.event, self._case, False, group.event.kind == "terminated"
        self._version_of(event)
        if event.kind == "taken_back" and case["status"] == COMPLETED:
            case |= {"status": RUNNING, "ended_at": None}
        elif event.kind == "terminated":
            case |= {"ended_at": event.at, "status": how_ended(event.data)["status"]}
        if event.kind == "completed":
            if event.task not in self._rows:
                raise LookupError("a task is completed that never came up")
            self._open.pop(event.task, None)
        for effect in group.effects:
            if effect.kind == fx.ADVANCED:
                timers = bool(effect.data["timers"])
                passed += [(process, scope, node, source) for process, scope, node, source in effect.data["passed"]]
            elif effect.kind == fx.ENDED:
                ended = True
            else:
                self._task(event, effect)
        if event.kind == "woken" and not (timers or self._open):  # nothing is left that could go on
            ended = True
        if ended and case["status"] in (RUNNING, SUSPENDED):
            case |= {"status": COMPLETED, "ended_at": event.at}

    def _version_of(self, event: HistoryEvent) -> None:
        """The version by which the case goes on: of a step that is taken back the journal says none."""
        if event.kind == MIGRATED:
            self._moved[event.seq] = str(event.data["to"]["digest"])
            self._version = int(event.data["to"]["version"])
        elif event.kind == "taken_back":
            self._moved.pop(int(event.data["input"]), None)
        else:
            return
        self._digest = self._definition(next(reversed(self._moved.values()), self._first)).digest

    def _task(self, event: HistoryEvent, effect: HistoryEvent) -> None:
        task, data = effect.task or "", effect.data
        if effect.kind == fx.ENTERED and task:
            row = self._rows[task] = {name: data[name] for name in fx.FACTS}
            row |= {"entered_at": event.at, "due_on": _day(data["due_on"])}
            self._open[task] = row
        elif (known := self._rows.get(task)) is None:
            return
        elif effect.kind == fx.CANCELLED:
            self._open.pop(task, None)
        elif effect.kind == fx.DUE_CHANGED:
            known["due_on"] = _day(data["due_on"])
        elif effect.kind == fx.RENEWED:
            known |= {name: data[name] for name in fx.FACTS}
        elif effect.kind == fx.REOPENED:
            self._open[task] = known


def _groups(events: Sequence[HistoryEvent]) -> list[_Group]:
    """Events that are steps; what an input led to belongs to it. Notices and what actions said are left out."""
    found: list[_Group] = []
    latest = _Group(events[0])
    for event in events:
        if event.kind in fx.EFFECTS:
            latest.effects.append(event)
        elif event.kind not in _BESIDE:
            found.append(_Group(event))
            if event.kind in INPUTS:
                latest = found[-1]
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
