"""Reads the runs of tasks' clocks from the journal of a case, as the service did when 0014 was written; for it alone.

Frozen: a later change of ``service.processes.clocks`` comes with a migration of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from service import clock

_TAKEN_BACK = "taken_back"
_CAUSES = frozenset(
    {
        "started",
        "completed",
        "returned",
        "terminated",
        "message",
        "timer_fired",
        "calendar_changed",
        "woken",
        _TAKEN_BACK,
    }
)


def runs_of(instance_id: UUID, events: Iterable[Any]) -> list[dict[str, Any]]:
    """The runs that the events leave, each a dictionary of all columns but the id.

    An event has ``at``, ``kind``, ``task`` and ``data``.
    """
    told = _Journal(instance_id)
    for event in events:
        told.take(event)
    return told.runs


@dataclass
class _Task:
    role: str | None
    unit: str | None
    paused: bool
    due_on: date | None
    open: bool = True


@dataclass
class _Journal:
    instance_id: UUID
    runs: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, _Task] = field(default_factory=dict)
    suspended: bool = False
    cause: str = ""

    def take(self, event: Any) -> None:
        on, kind, task = clock.local(event.at).date(), event.kind, event.task or ""
        if kind in _CAUSES:
            self.cause = kind
        if kind == "entered":
            data = event.data
            self.tasks[task] = _Task(data["role"], data["unit"], data["paused"], _day(data["due_on"]))
            self._begin(task, on)
        elif kind in ("suspended", "resumed"):
            self._suspend(on, kind == "suspended")
        elif task not in self.tasks:
            return
        elif kind == "completed":
            self._stop(task, on, "handed_back" if event.data["data"].get("result") == "not_ours" else "answered")
        elif kind == "returned":
            self._stop(task, on, "returned")
        elif kind == "cancelled":
            self._stop(task, on, "cancelled", undone=self.cause == _TAKEN_BACK)
        elif kind == "due_changed" and (new := _day(event.data["due_on"])) != self.tasks[task].due_on:
            is_open = self.tasks[task].open
            self._stop(task, on, "moved", undone=True)
            self.tasks[task].due_on, self.tasks[task].open = new, is_open
            self._begin(task, on)
        elif kind == "reopened":
            for run in self.runs:
                if run["task_id"] == UUID(task) and run["void_on"] is None:
                    run["void_on"] = on
            self.tasks[task].open = True
            self._begin(task, on)

    def _begin(self, task: str, on: date) -> None:
        about = self.tasks[task]
        if about.due_on is None or about.paused or self.suspended:
            return
        self.runs.append(
            {
                "task_id": UUID(task),
                "instance_id": self.instance_id,
                "role": about.role,
                "unit": about.unit,
                "due_on": about.due_on,
                "from_on": on,
                "until_on": None,
                "ended": None,
                "void_on": None,
            }
        )

    def _stop(self, task: str, on: date, ended: str, *, undone: bool = False) -> None:
        self.tasks[task].open = False
        for run in self.runs:
            if run["task_id"] == UUID(task) and run["until_on"] is None:
                run |= {"until_on": on, "ended": ended, "void_on": on if undone else None}

    def _suspend(self, on: date, now: bool) -> None:
        opened = [task for task, about in self.tasks.items() if about.open]
        if now:
            for task in opened:
                self._stop(task, on, "suspended", undone=True)
                self.tasks[task].open = True
        self.suspended = now
        if not now:
            for task in opened:
                self._begin(task, on)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
