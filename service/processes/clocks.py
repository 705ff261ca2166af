"""The clocks of tasks: from when till when each ran against which due date. Lateness is asked of them (``lateness``).

A task's row knows only its newest state. A question about a past day needs the state of that day: the date
that a notice moved later, the answer that was taken back, the case that was suspended. Live code and verification make
the same runs, the one step by step, the other from the journal alone.

A suspension ends the runs of a case's open tasks, and they count until it goes on: a unit was asked, and is as late as
it was (adr/0098). From then on the runs that begin anew speak for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Table, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from service import clock, ids
from service.db import Base
from service.db.lean import lean
from service.db.prepared import Prepared, new, set_of
from service.processes import effects as fx
from service.processes.agreed import MOVING
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
from service.processes.staying_late import MIGRATED, TAKEN_BACK, excused, stilled, unasked, withdrawn

HANDED_BACK = ("result", "not_ours")
"""The field and the value by which a form says 不属于本单位职责: the step is done, but nothing was answered."""

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
        MIGRATED,
        TAKEN_BACK,
        *MOVING,
    }
)


_ROWS: Table = Base.metadata.tables[ClockRun.__tablename__]
_EVERY = _ROWS.alias()
_BEGIN = Prepared(insert(_ROWS).values(set_of(_ROWS, ("task_id", "instance_id", "role", "unit", "due_on", "from_on"))))
_OF = _ROWS.c.task_id == bindparam("of")
_STOP = Prepared(
    update(_ROWS).where(_OF, _ROWS.c.until_on.is_(None)).values(set_of(_ROWS, ("until_on", "ended", "void_on")))
)
_LAST = select(func.max(_EVERY.c.id)).where(_EVERY.c.task_id == bindparam("of")).scalar_subquery()
_ANSWERED = or_(_ROWS.c.ended.is_(None), _ROWS.c.ended != RUN_MOVED)  # a date that passed before a later one stays late
_UNDO = Prepared(
    update(_ROWS)
    .where(_OF, _ROWS.c.id == _LAST, _ROWS.c.void_on.is_(None), _ANSWERED)
    .values(set_of(_ROWS, ("void_on",)))
)
_STOOD = and_(_ROWS.c.ended == RUN_SUSPENDED, _ROWS.c.void_on.is_(None))
_GO_ON = Prepared(update(_ROWS).where(_OF, _STOOD).values(set_of(_ROWS, ("void_on",))))
_WAS_LATE = and_(
    _ROWS.c.ended == RUN_SUSPENDED, _ROWS.c.void_on == bindparam("since"), _ROWS.c.due_on < _ROWS.c.until_on
)
_STAY_LATE = Prepared(update(_ROWS).where(_OF, _WAS_LATE).values(set_of(_ROWS, ("ended", "void_on"))))


def begun(session: Session, rows: Iterable[tuple[UserTask, date | None]], on: date) -> None:
    """From ``on`` the clocks of these open tasks run against the dates beside them; a paused task has no clock."""
    if runs := [run for row, due_on in rows if (run := _run_of(row, due_on, on)) is not None]:
        _BEGIN.do(session, [new(run) for run in runs])


def _run_of(row: UserTask, due_on: date | None, on: date) -> dict[str, Any] | None:
    if due_on is None or row.paused:
        return None
    whose = {"role": row.role, "unit": row.unit}
    return {"task_id": row.id, "instance_id": row.instance_id, **whose, "due_on": due_on, "from_on": on}


def stopped(session: Session, tasks: Iterable[UUID], on: date, ended: str) -> None:
    """The running clocks of these tasks stop: it is sent before what the command has changed."""
    if wanted := list(tasks):
        lean(session).queue(lambda _, connection: _stop(connection, wanted, on, ended))


def gone_on(session: Session, tasks: Iterable[UUID], on: date) -> None:
    """The clocks of these tasks stand still no more: from ``on`` the runs that a suspension ended count no more."""
    if wanted := list(tasks):
        lean(session).queue(lambda _, connection: _go_on(connection, wanted, on))


def _stop(connection: Connection, tasks: Iterable[UUID], on: date, ended: str, *, undone: bool = False) -> None:
    """``undone``: from now on it is as if they had not run."""
    said = new({"until_on": on, "ended": ended, "void_on": on if undone else None})
    _STOP.run(connection, [{"of": task_id, **said} for task_id in tasks])


def _go_on(connection: Connection, tasks: Iterable[UUID], on: date) -> None:
    _GO_ON.run(connection, [{"of": task_id, **new({"void_on": on})} for task_id in tasks])


def handed_back(task: UserTask) -> bool:
    """Whether the task was completed by handing it back (不属于本单位职责), which is no answer."""
    return how_done(task.submitted or {}) == RUN_HANDED_BACK


def how_done(data: Mapping[str, Any]) -> str:
    """How a completed form ends its task's clock."""
    name, value = HANDED_BACK
    return RUN_HANDED_BACK if data.get(name) == value else RUN_ANSWERED


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a task's clock, and the run that begins.

    ``gone``: the run so far counts no more; ``stays``: but it does where it was late before it stood still.
    """

    kind: str
    task_id: UUID
    run: dict[str, Any] | None
    gone: bool = True
    stays: bool = False


@dataclass
class Turn:
    """A step's changes to the clocks, in order: collected while rows change, sent behind them."""

    on: date
    cause: str
    suspended: bool
    _changes: list[_Change] = field(default_factory=list)

    def entered(self, row: UserTask, due_on: date | None) -> None:
        """A task opened."""
        self._note(fx.ENTERED, row, due_on)

    def cancelled(self, row: UserTask) -> None:
        """A task is gone."""
        self._note(fx.CANCELLED, row, None, gone=unasked(self.cause, row.due_on, self.on))

    def moved(self, row: UserTask, old: date | None, new: date | None) -> None:
        """A task got another date."""
        if old != new:
            gone = withdrawn(self.cause, old, new, self.on, suspended=self.suspended)
            stays = excused(self.cause, new, self.on, suspended=self.suspended)
            self._note(fx.DUE_CHANGED, row, new, gone=gone, stays=stays)

    def handed_on(self, row: UserTask) -> None:
        """A task is from now on another role's or unit's, or its clock stands still or runs again."""
        late = stilled(self.cause, row.due_on, self.on, paused=row.paused)
        self._note(fx.RENEWED, row, row.due_on, gone=self.suspended or not late, stays=self.suspended and late)

    def reopened(self, row: UserTask, due_on: date | None) -> None:
        """A task is open again."""
        self._note(fx.REOPENED, row, due_on)

    def _note(self, kind: str, row: UserTask, due_on: date | None, *, gone: bool = True, stays: bool = False) -> None:
        self._changes.append(_Change(kind, row.id, _run_of(row, due_on, self.on), gone, stays))

    def send(self, _session: Session, connection: Connection) -> None:
        """Writes it all down, behind the tasks' rows; asks nothing."""
        fresh: list[dict[str, Any]] = []
        for one in self._changes:
            if one.kind != fx.ENTERED:
                self._begin(connection, fresh)
                fresh = []
            if one.kind == fx.CANCELLED:
                self._over(connection, one, RUN_CANCELLED)
            elif one.kind in (fx.DUE_CHANGED, fx.RENEWED):
                self._over(connection, one, RUN_MOVED)
            elif one.kind == fx.REOPENED:  # from now on it is as if it had not been answered
                _UNDO.run(connection, [{"of": one.task_id, **new({"void_on": self.on})}])
            if one.run is not None:
                fresh.append(one.run)
        self._begin(connection, fresh)

    def _over(self, connection: Connection, one: _Change, ended: str) -> None:
        _stop(connection, [one.task_id], self.on, ended, undone=one.gone)
        if self.suspended and one.gone:
            _go_on(connection, [one.task_id], self.on)
        if one.stays:  # days that a case stood still moved a date past today: it stays late where it was before
            said = new({"ended": RUN_MOVED, "void_on": None})
            _STAY_LATE.run(connection, [{"of": one.task_id, "since": self.on, **said}])

    def _begin(self, connection: Connection, runs: Sequence[dict[str, Any]]) -> None:
        _BEGIN.run(connection, [new(run) for run in runs])
        if self.suspended:
            _stop(connection, [run["task_id"] for run in runs], self.on, RUN_SUSPENDED)


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
        on, kind, task = clock.day_of(event.at), event.kind, event.task or ""
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
            gone = unasked(self.cause, self.tasks[task].due_on, on)
            self._stop(task, on, RUN_CANCELLED, undone=gone)
            if gone:
                self._go_on(task, on)
        else:
            self._change(kind, task, on, event.data)

    def _change(self, kind: str, task: str, on: date, data: Mapping[str, Any]) -> None:
        """An effect on a task that stays: another date, other people, or open once more."""
        if kind == fx.DUE_CHANGED and (new := _day(data["due_on"])) != self.tasks[task].due_on:
            is_open, old = self.tasks[task].open, self.tasks[task].due_on
            gone = withdrawn(self.cause, old, new, on, suspended=self.suspended)
            self._stop(task, on, RUN_MOVED, undone=gone)
            if gone:
                self._go_on(task, on)
            self.tasks[task].due_on, self.tasks[task].open = new, is_open
            if excused(self.cause, new, on, suspended=self.suspended):
                self._stay_late(task, on)
            self._begin(task, on)
        elif kind == fx.RENEWED:
            self._renew(task, on, data)
        elif kind == fx.REOPENED:
            last = next((run for run in reversed(self.runs) if run["task_id"] == ids.read(task)), None)
            if last is not None and last["void_on"] is None and last["ended"] != RUN_MOVED:
                last["void_on"] = on
            self.tasks[task].open = True
            self._begin(task, on)

    def _renew(self, task: str, on: date, data: Mapping[str, Any]) -> None:
        about = self.tasks[task]
        if (about.role, about.unit, about.paused) == (data["role"], data["unit"], data["paused"]):
            return
        is_open, late = about.open, stilled(self.cause, about.due_on, on, paused=data["paused"])
        gone = self.suspended or not late
        self._stop(task, on, RUN_MOVED, undone=gone)
        if gone:
            self._go_on(task, on)
        if self.suspended and late:
            self._stay_late(task, on)
        about.role, about.unit, about.paused, about.open = data["role"], data["unit"], data["paused"], is_open
        if is_open:
            self._begin(task, on)

    def _begin(self, task: str, on: date) -> None:
        about = self.tasks[task]
        if about.due_on is None or about.paused:
            return
        self.runs.append(
            {
                "task_id": ids.read(task),
                "instance_id": self.instance_id,
                "role": about.role,
                "unit": about.unit,
                "due_on": about.due_on,
                "from_on": on,
                "until_on": on if self.suspended else None,
                "ended": RUN_SUSPENDED if self.suspended else None,
                "void_on": None,
            }
        )

    def _stop(self, task: str, on: date, ended: str, *, undone: bool = False) -> None:
        self.tasks[task].open = False
        task_id = ids.read(task)
        for run in self.runs:
            if run["task_id"] == task_id and run["until_on"] is None:
                run |= {"until_on": on, "ended": ended, "void_on": on if undone else None}

    def _go_on(self, task: str, on: date) -> None:
        for run in self.runs:
            if run["task_id"] == ids.read(task) and run["ended"] == RUN_SUSPENDED and run["void_on"] is None:
                run["void_on"] = on

    def _stay_late(self, task: str, on: date) -> None:
        for run in self.runs:
            stood = run["task_id"] == ids.read(task) and run["ended"] == RUN_SUSPENDED and run["void_on"] == on
            if stood and run["due_on"] < run["until_on"]:
                run |= {"ended": RUN_MOVED, "void_on": None}

    def _suspend(self, on: date, now: bool) -> None:
        opened = [task for task, about in self.tasks.items() if about.open]
        if now:
            for task in opened:
                self._stop(task, on, RUN_SUSPENDED)
                self.tasks[task].open = True
        self.suspended = now
        if not now:
            for task in opened:
                self._go_on(task, on)
                self._begin(task, on)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
