"""The stops of a case's clocks and its agreed dates, read from the journal: 挂起 待上会 阶段反馈 延期 (W7, W9).

Each with its reason, who asked, who approved, and the dates before and after. Pure: what was taken back is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from service import clock
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.agreed import EXTENDED, SHIFTED
from service.processes.asking import ASKED, ASKING, REFUSED
from service.processes.course import INPUTS
from service.processes.ending import END
from service.processes.halting import GOES_ON, HALTED, KEEP, SHIFT
from service.processes.staying_late import TAKEN_BACK
from service.workdays import Calendar

SUSPENSION, EXTENSION, INTERIM, WAITING = "suspension", "extension", "interim", "waiting"
KINDS: Mapping[str, str] = {SUSPENSION: "挂起", EXTENSION: "延期", INTERIM: "阶段反馈", WAITING: "待上会"}
"""Kinds of stops. WAITING is every step that the diagram does not count (``clock`` = ``paused``)."""

PENDING, AGREED, CHANGED, WAS_REFUSED, WAS_DROPPED, LAPSED = (
    "pending",
    "agreed",
    "changed",
    "refused",
    "dropped",
    "lapsed",
)
OUTCOMES: Mapping[str, str] = {
    PENDING: "待审批",
    AGREED: "同意",
    CHANGED: "改定日期",
    WAS_REFUSED: "不同意",
    WAS_DROPPED: "已撤销申请",
    LAPSED: "未审批，步骤已办结",
    SHIFT: "期限顺延",
    KEEP: "期限不变",
}
"""The ends of a request for a later date, and the choices for the dates of a case that is suspended."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that a stop moved: of which task (id), called ``step``, of whose unit (code), from when to when."""

    task: str
    step: str
    unit: str | None
    old: date | None
    new: date | None


@dataclass(slots=True)
class Stop:
    """A stop of clocks, or a date that was asked for. Days are those of the office.

    ``asked_by`` and ``approved_by`` are accounts; ``asked_for`` and ``approved_for`` are words given instead. ``first``
    is the date that the step first had, ``was`` the one before, ``proposed`` the one asked for, ``due`` the one agreed.
    ``since`` to ``until`` (None: it lasts) the clock stood still, ``days`` long: of a suspension working days, of a
    wait calendar days. ``task`` is the id of the step, None of a stop of the whole case.
    """

    seq: int
    kind: str
    task: str | None = None
    step: str = ""
    unit: str | None = None
    reason: str = ""
    answer: str = ""
    outcome: str = ""
    asked_by: str | None = None
    asked_for: str = ""
    asked_at: datetime | None = None
    approved_by: str | None = None
    approved_for: str = ""
    approved_at: datetime | None = None
    first: date | None = None
    was: date | None = None
    proposed: date | None = None
    due: date | None = None
    since: date | None = None
    until: date | None = None
    days: int | None = None
    moved: list[Moved] = field(default_factory=list)

    @property
    def lasts(self) -> bool:
        """Whether the clock still stands."""
        return self.since is not None and self.until is None


def stops_of(events: Iterable[HistoryEvent], calendar: Calendar, today: date) -> list[Stop]:
    """The stops of a case in the order in which they began; ``days`` of what lasts are counted up to ``today``."""
    known = list(events)
    gone = {int(event.data["input"]) for event in known if event.kind == TAKEN_BACK}
    told = _Journal(gone)
    for event in known:
        told.take(event)
    for stop in told.stops:
        until = stop.until or today
        if stop.since is not None:
            stop.days = (until - stop.since).days if stop.kind == WAITING else calendar.between(stop.since, until)
    return told.stops


class _Journal:
    def __init__(self, gone: set[int]) -> None:
        self.stops: list[Stop] = []
        self._gone = gone
        self._cause: HistoryEvent | None = None
        self._entered: dict[str, Mapping[str, Any]] = {}
        self._first: dict[str, date | None] = {}
        self._last: dict[tuple[str, str, str], str] = {}
        self._said: dict[str, HistoryEvent] = {}
        self._asked: dict[str, Stop] = {}
        self._waits: dict[str, Stop] = {}
        self._halt: Stop | None = None
        self._moving: Stop | None = None

    def take(self, event: HistoryEvent) -> None:
        kind, task = event.kind, event.task or ""
        if kind in INPUTS:
            self._cause, self._moving = event, None
        counts = self._cause is None or self._cause.seq not in self._gone
        if kind in (HALTED, GOES_ON, SHIFTED):
            self._stands(event)
        elif kind in (*ASKING, EXTENDED):
            self._asks(event)
        elif not counts:
            return
        elif kind == "completed":
            self._said[task] = event
            self._over(task, event)
        elif kind == fx.CANCELLED:
            self._over(task, event)
        elif kind in (fx.ENDED, END):
            self._goes_on(event)  # with the case ends what stood still in it
        elif kind == fx.ENTERED:
            self._enters(event)
        elif kind == fx.DUE_CHANGED and self._moving is not None and task in self._entered:
            about, data = self._entered[task], event.data
            moved = Moved(task, about["name"], about["unit"], _day(data["old_due_on"]), _day(data["due_on"]))
            self._moving.moved.append(moved)

    def _stands(self, event: HistoryEvent) -> None:
        if event.kind == HALTED:
            self._suspended(event)
        elif event.kind == GOES_ON:
            self._goes_on(event)
        elif event.kind == SHIFTED:
            self._moving = next((one for one in self.stops if one.seq == event.data["suspended"]), None)

    def _goes_on(self, event: HistoryEvent) -> None:
        if self._halt is not None:
            self._halt.until, self._halt = _on(event), None

    def _suspended(self, event: HistoryEvent) -> None:
        said, words = event.data, str(event.data.get("asked_by") or "")
        approved = str(said.get("approved_by") or "")
        self._halt = Stop(
            event.seq,
            SUSPENSION,
            reason=str(said.get("reason") or ""),
            outcome=str(said.get("due") or KEEP),
            asked_by=None if words else event.actor,
            asked_for=words,
            asked_at=event.at,
            approved_by=None if approved else event.actor,
            approved_for=approved,
            approved_at=event.at,
            since=_on(event),
        )
        self.stops.append(self._halt)

    def _of_task(self, event: HistoryEvent, kind: str, **more: Any) -> Stop:
        about = self._entered.get(event.task or "", {})
        stop = Stop(
            event.seq,
            kind,
            event.task,
            str(about.get("name") or event.data.get("name") or ""),
            about.get("unit"),
            first=self._first.get(event.task or ""),
            **more,
        )
        self.stops.append(stop)
        return stop

    def _asks(self, event: HistoryEvent) -> None:
        said, kind, task = event.data, event.kind, event.task or ""
        if kind == EXTENDED:
            self._agreed(event)
            return
        if kind != ASKED:
            if (stop := self._asked.pop(task, None)) is not None:
                stop.outcome, stop.answer = WAS_REFUSED if kind == REFUSED else WAS_DROPPED, said.get("reason", "")
                stop.approved_by, stop.approved_at = event.actor if kind == REFUSED else None, event.at
            return
        self._asked[event.task or ""] = self._of_task(
            event,
            EXTENSION,
            reason=said["reason"],
            outcome=PENDING,
            asked_by=event.actor,
            asked_at=event.at,
            was=_day(said["due_on"]),
            proposed=_day(said["asked_due_on"]),
        )

    def _agreed(self, event: HistoryEvent) -> None:
        said = event.data
        stop = self._asked.pop(event.task or "", None)
        if stop is None:
            stop = self._of_task(event, EXTENSION, reason=said["reason"], asked_for=said["asked_by"], asked_at=event.at)
            stop.outcome = AGREED
        else:
            stop.outcome = AGREED if said["proposed"] == said["due_on"] else CHANGED
            stop.answer = said["reason"]
        stop.was, stop.due = _day(said["was"]), _day(said["due_on"])
        stop.approved_by, stop.approved_at = event.actor, event.at
        self._moving = stop

    def _over(self, task: str, event: HistoryEvent) -> None:
        if (asked := self._asked.pop(task, None)) is not None:
            asked.outcome = LAPSED
        if (wait := self._waits.pop(task, None)) is not None:
            wait.until = _on(event)

    def _enters(self, event: HistoryEvent) -> None:
        task, data = event.task or "", event.data
        place = data["process"], data["scope"], data["task"]
        due, before = _day(data["due_on"]), self._last.get(place)
        named = fx.is_named(data) and before is not None
        self._entered[task], self._last[place] = data, task
        self._first[task] = (self._first.get(before or "") or due) if named else due
        if named and before is not None and due is not None:
            self._interim(event, before, due)
        if data["paused"]:
            self._waits[task] = self._of_task(event, WAITING, since=_on(event))

    def _interim(self, event: HistoryEvent, before: str, due: date) -> None:
        """The step comes again with a date that a form named: its unit said how far it is, and a date was agreed.

        Not so where it was sent back: nobody asked for a date, and it has the one that it had, or had come with before
        a later one was agreed.
        """
        said, came_with = self._said.get(before), _day(self._entered[before]["due_on"])
        was = came_with if said is None else _day(said.data.get("due_on"))
        proposed = _day(said.data["data"].get("next_date")) if said is not None else None
        if proposed is None and due in (was, came_with):
            return
        stop = self._of_task(event, INTERIM, outcome=AGREED, due=due, was=was, proposed=proposed)
        if said is not None:
            stop.reason, stop.asked_by, stop.asked_at = str(said.data["data"].get("reason") or ""), said.actor, said.at
        if self._cause is not None:
            stop.approved_by, stop.approved_at = self._cause.actor, self._cause.at


def _on(event: HistoryEvent) -> date:
    return clock.local(event.at).date()


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and text else None
    except ValueError:
        return None
