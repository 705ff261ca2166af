"""The clocks of tasks: from when till when each ran against which due date. Lateness is asked of them (``lateness``).

A task's row knows only its newest state. A question about a past day needs the state of that day: the date
that a notice moved later, the answer that was taken back, the case that was suspended. Live code and verification make
the same runs, the one step by step, the other from the journal alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from service import clock
from service.processes import effects as fx
from service.processes.models import (
    RUN_ANSWERED,
    RUN_CANCELLED,
    RUN_HANDED_BACK,
    RUN_MOVED,
    RUN_RETURNED,
    RUN_SUSPENDED,
    ClockRun,
    UserTask,
)

HANDED_BACK = ("result", "not_ours")
"""The field and the value by which a form says 不属于本单位职责: the step is done, but nothing was answered."""

TAKEN_BACK = "taken_back"
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
        TAKEN_BACK,
    }
)


def begun(session: Session, rows: Iterable[tuple[UserTask, date | None]], on: date) -> None:
    """From ``on`` the clocks of these open tasks run against the dates beside them; a paused task has no clock."""
    fresh = [
        {
            "task_id": row.id,
            "instance_id": row.instance_id,
            "role": row.role,
            "unit": row.unit,
            "due_on": due_on,
            "from_on": on,
        }
        for row, due_on in rows
        if due_on is not None and not row.paused
    ]
    if fresh:
        session.execute(insert(ClockRun), fresh)


def stopped(session: Session, tasks: Iterable[UUID], on: date, ended: str, *, undone: bool = False) -> None:
    """The running clocks of these tasks stop; ``undone``: from now on it is as if they had not run."""
    wanted = list(tasks)
    if wanted:
        session.execute(
            update(ClockRun)
            .where(ClockRun.task_id.in_(wanted), ClockRun.until_on.is_(None))
            .values(until_on=on, ended=ended, void_on=on if undone else None)
            .execution_options(synchronize_session=False)
        )


def undone(session: Session, task_id: UUID, on: date) -> None:
    """The task is open again: from now on it is as if it had not been answered."""
    session.execute(
        update(ClockRun)
        .where(ClockRun.task_id == task_id, ClockRun.void_on.is_(None))
        .values(void_on=on)
        .execution_options(synchronize_session=False)
    )


def handed_back(task: UserTask) -> bool:
    """Whether the task was completed by handing it back (不属于本单位职责), which is no answer."""
    return how_done(task.submitted or {}) == RUN_HANDED_BACK


def how_done(data: Mapping[str, Any]) -> str:
    """How a completed form ends its task's clock."""
    name, value = HANDED_BACK
    return RUN_HANDED_BACK if data.get(name) == value else RUN_ANSWERED


@dataclass
class Turn:
    """A step's changes to the clocks, in order: collected while rows change, sent when they are."""

    on: date
    taken_back: bool
    suspended: bool
    _operations: list[tuple[str, UserTask, date | None]] = field(default_factory=list)

    def entered(self, row: UserTask, due_on: date | None) -> None:
        """A task opened."""
        self._operations.append((fx.ENTERED, row, due_on))

    def cancelled(self, row: UserTask) -> None:
        """A task is gone."""
        self._operations.append((fx.CANCELLED, row, None))

    def moved(self, row: UserTask, old: date | None, new: date | None) -> None:
        """A task got another date."""
        if old != new:
            self._operations.append((fx.DUE_CHANGED, row, new))

    def reopened(self, row: UserTask, due_on: date | None) -> None:
        """A task is open again."""
        self._operations.append((fx.REOPENED, row, due_on))

    def send(self, session: Session) -> None:
        """Writes it all down; the tasks' rows are there already."""
        fresh: list[tuple[UserTask, date | None]] = []
        for kind, row, due_on in self._operations:
            if kind != fx.ENTERED:
                begun(session, fresh, self.on)
                fresh = []
            if kind == fx.CANCELLED:
                stopped(session, [row.id], self.on, RUN_CANCELLED, undone=self.taken_back)
            elif kind == fx.DUE_CHANGED:
                stopped(session, [row.id], self.on, RUN_MOVED, undone=True)
            elif kind == fx.REOPENED:
                undone(session, row.id, self.on)
            if kind != fx.CANCELLED and not self.suspended:
                fresh.append((row, due_on))
        begun(session, fresh, self.on)


# --- From the journal ------------------------------------------------------------------------------------------------


@dataclass
class _Task:
    role: str | None
    unit: str | None
    paused: bool
    due_on: date | None
    open: bool = True


class Told(Protocol):
    """The part that is read of an event of the journal."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def kind(self) -> str:
        """The kind of the event."""

    @property
    def task(self) -> str | None:
        """Of which task."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The data of the event."""


def runs_of(instance_id: UUID, events: Iterable[Told]) -> list[dict[str, Any]]:
    """The runs that the journal of an instance leaves, each a dictionary of all columns but the id."""
    told = _Journal(instance_id)
    for event in events:
        told.take(event)
    return told.runs


@dataclass
class _Journal:
    instance_id: UUID
    runs: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, _Task] = field(default_factory=dict)
    suspended: bool = False
    cause: str = ""

    def take(self, event: Told) -> None:
        on, kind, task = clock.local(event.at).date(), event.kind, event.task or ""
        if kind in _CAUSES:
            self.cause = kind
        if kind == fx.ENTERED:
            data = event.data
            self.tasks[task] = _Task(data["role"], data["unit"], data["paused"], _day(data["due_on"]))
            self._begin(task, on)
        elif kind in ("suspended", "resumed"):
            self._suspend(on, kind == "suspended")
        elif task not in self.tasks:
            return
        elif kind == "completed":
            self._stop(task, on, how_done(event.data["data"]))
        elif kind == "returned":
            self._stop(task, on, RUN_RETURNED)
        elif kind == fx.CANCELLED:
            self._stop(task, on, RUN_CANCELLED, undone=self.cause == TAKEN_BACK)
        elif kind == fx.DUE_CHANGED and (new := _day(event.data["due_on"])) != self.tasks[task].due_on:
            is_open = self.tasks[task].open
            self._stop(task, on, RUN_MOVED, undone=True)
            self.tasks[task].due_on, self.tasks[task].open = new, is_open
            self._begin(task, on)
        elif kind == fx.REOPENED:
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
                self._stop(task, on, RUN_SUSPENDED, undone=True)
                self.tasks[task].open = True
        self.suspended = now
        if not now:
            for task in opened:
                self._begin(task, on)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
