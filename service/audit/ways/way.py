"""The way of one case: its steps with their days, the flows it went, what left the usual course. Pure.

Days are those of the office, as ordinals (``date.toordinal``): how many working days lie between two of them is counted
with the calendar in force, when a map is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service import clock
from service.audit.replay.drawn import flows_of
from service.audit.ways.steps import Step
from service.processes.bundles import Compiled
from service.processes.moves import MIGRATED

FORMAT = 3
"""The number of this record's shape and rules: a stored one of another number is folded anew."""
WAITS, ANSWERED, GONE = 0, 1, 2
"""The fate of a step: it waits, it was done, it ended without an answer (returned, cancelled)."""

StepId = tuple[str, str]
"""Process and user task."""
Flow = tuple[str, str, str]
"""Process, element, next element."""


@dataclass(slots=True)
class Stay:
    """A user step that came up: when, when it ended and how. ``late``: it was done after its due date."""

    step: StepId
    unit: str | None
    entered: int
    left: int | None = None
    became: int = WAITS
    due: int | None = None
    late: bool = False

    def data(self) -> list[Any]:
        """As the case's row keeps it."""
        return [*self.step, self.unit, self.entered, self.left, self.became, self.due, int(self.late)]


@dataclass(slots=True)
class CaseWay:
    """The way of a case. ``way`` are its steps in the order in which each was first done, as the page of replay
    compares them; ``flows`` (flow, day on which the element before was passed, day of the next); ``returns`` (from, to)
    of each 退回; ``again`` the same where the completion of a step opened one before it again (by form); ``taken_back``
    the steps of each 撤回. ``end`` is how it ended: completed, terminated or None."""

    began: int
    versions: list[int]
    ended: int | None = None
    end: str | None = None
    stays: list[Stay] = field(default_factory=list)
    flows: list[tuple[Flow, int, int]] = field(default_factory=list)
    way: list[StepId] = field(default_factory=list)
    returns: list[tuple[StepId, str]] = field(default_factory=list)
    again: list[tuple[StepId, str]] = field(default_factory=list)
    taken_back: list[StepId] = field(default_factory=list)
    migrations: int = 0

    def data(self) -> dict[str, Any]:
        """As its row keeps it: short keys, because ten thousand of them are read for a page."""
        return {
            "b": self.began,
            "e": self.ended,
            "x": self.end,
            "v": self.versions,
            "s": [
                [*one.step, one.unit, one.entered, one.left, one.became, one.due, int(one.late)] for one in self.stays
            ],
            "f": [[*flow, before, after] for flow, before, after in self.flows],
            "w": [list(step) for step in self.way],
            "r": [[*step, target] for step, target in self.returns],
            "a": [[*step, target] for step, target in self.again],
            "t": [list(step) for step in self.taken_back],
            "m": self.migrations,
        }


def way_of(steps: Iterable[Step], definition: Callable[[str], Compiled]) -> CaseWay:
    """The way of a case with these steps, which begin with its start. ``definition`` gives a version by its digest.

    Raises LookupError where there is no step.
    """
    found: CaseWay | None = None
    stays: dict[str, Stay] = {}
    flows = _Flows(definition)
    done: dict[tuple[str, str, str], int] = {}
    for one in steps:
        day = _day(one.at)
        if found is None:
            found = CaseWay(day, [one.version])
        if one.version != found.versions[-1]:
            found.versions.append(one.version)
        _tasks(stays, one, day)
        if one.kind == MIGRATED:
            found.migrations += 1
        elif one.kind == "returned" and one.process and one.step:
            found.returns.append(((one.process, one.step), str(one.data["target"])))
        elif one.kind == "taken_back":
            found.taken_back.append((str(one.process), str(one.step)))
        elif one.kind == "completed" and one.taken_back is None and one.process and one.step:
            found.way.append((one.process, one.step))
            found.again += _again(one, done)
        if one.taken_back is None:
            flows.take(one, day)
        last = one.row
    if found is None:
        raise LookupError("a case has a start")
    if last.get("ended_at") is not None:
        found.ended, found.end = _day(last["ended_at"]), str(last["status"])
    found.way = list(dict.fromkeys(found.way))
    found.stays, found.flows = list(stays.values()), flows.gone
    return found


def _again(one: Step, done: dict[tuple[str, str, str], int]) -> list[tuple[StepId, str]]:
    """From a completed step to each that it opened again, done before it was first done itself; ``done`` grows.

    A target in another process is ``process:step``.
    """
    process, step = str(one.process), str(one.step)
    first = done.setdefault((process, step, one.scope), len(done))
    found = []
    for task in one.entered:
        row = one.tasks.get(task)
        if row is not None and done.get((row["process"], row["task"], row["scope"]), len(done)) <= first:
            target = row["task"] if row["process"] == process else f"{row['process']}:{row['task']}"
            found.append(((process, step), str(target)))
    return found


def _tasks(stays: dict[str, Stay], one: Step, day: int) -> None:
    """The tasks that came up with a step, or came back, and those that ended."""
    for task in one.entered:
        row = one.tasks.get(task)
        if row is None:
            continue
        stay = stays.get(task)
        if stay is None:
            stay = stays[task] = Stay((row["process"], row["task"]), row["unit"], _day(row["entered_at"]))
        stay.left, stay.became, stay.late = None, WAITS, False  # taken back: it goes on as if it had not been done
    for task, stay in stays.items():
        if stay.became != WAITS:
            continue
        row = one.tasks.get(task)
        if row is not None:
            stay.due = row["due_on"].toordinal() if row["due_on"] else None
            stay.step = row["process"], row["task"]  # a migration may have renamed it
            continue
        stay.left = day
        done = one.kind == "completed" and one.task == task
        stay.became = ANSWERED if done else GONE
        stay.late = done and stay.due is not None and (one.data.get("late_days") or 0) > 0


class _Flows:
    """The flows that a case went. A step that is done again after a return did not come along its flow again; at a join
    the journal names one of the ways in, and the others are those from what was passed since it was last reached."""

    def __init__(self, definition: Callable[[str], Compiled]) -> None:
        self.gone: list[tuple[Flow, int, int]] = []
        self._definition = definition
        self._passed: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._used: dict[tuple[str, Flow], int] = {}
        self._number = 0

    def take(self, one: Step, day: int) -> None:
        """The elements that a step passed."""
        for process, scope, node, source in one.passed:
            self._number += 1
            if source is not None and source != node:
                self._along(scope, (process, source, node), day)
                for other in self._joined(one.digest, process, node) - {source}:
                    if (process, scope, other) in self._passed:
                        self._along(scope, (process, other, node), day)
            self._passed[process, scope, node] = self._number, day

    def _along(self, scope: str, flow: Flow, day: int) -> None:
        number, before = self._passed.get((flow[0], scope, flow[1]), (0, day))
        if self._used.get((scope, flow), -1) < number:
            self._used[scope, flow] = number
            self.gone.append((flow, before, day))

    def _joined(self, digest: str, process: str, node: str) -> frozenset[str]:
        """The elements before a join that lead nowhere else; none before all else."""
        flows = flows_of(self._definition(digest), process)
        if flows is None or node not in flows.joins:
            return frozenset()
        return frozenset(one for one, after in flows.after.items() if after == {node})


def _day(at: datetime) -> int:
    return clock.day_of(at).toordinal()
