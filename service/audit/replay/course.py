"""The course of a case: its journal as steps, each with what belongs to it. Pure, in one pass.

It is the first half of the fold: who did what in whose slot, what it brought and which dates it moved, and what counts
no longer. A case's page tells it so; ``audit.replay.fold`` goes on, and says how the case stood after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from service.audit.replay.dates import due_changes
from service.audit.replay.redone import redone
from service.audit.replay.steps import NoticeSent, Pass, Row, Told
from service.history import HistoryEvent
from service.history.notices import NOTICE
from service.processes import effects as fx
from service.processes.bundles import Compiled
from service.processes.course import ACTION, INPUTS
from service.processes.moves import MIGRATED
from service.processes.rules import one_line

T = TypeVar("T", bound=Told)
OPENS = frozenset({fx.ENTERED, fx.REOPENED})
"""Kinds of entries by which a task opens."""


@dataclass(slots=True)
class Group:
    """An event that is a step, with the others that belong to it."""

    event: HistoryEvent
    actions: list[HistoryEvent] = field(default_factory=list)
    effects: list[HistoryEvent] = field(default_factory=list)
    notices: list[HistoryEvent] = field(default_factory=list)
    place: tuple[str, str | None] = ("", None)
    """The scope and slot of a completed task."""

    @property
    def last(self) -> int:
        """The number of its last event."""
        return max(one.seq for one in (self.event, *self.actions, *self.effects, *self.notices))

    @property
    def passed(self) -> list[Pass]:
        """The elements that it passed."""
        return [
            (process, scope, node, source)
            for effect in self.effects
            if effect.kind == fx.ADVANCED
            for process, scope, node, source in effect.data["passed"]
        ]


class Course:
    """Takes one group of events after the other."""

    def __init__(self, events: Sequence[HistoryEvent]) -> None:
        """Raises LookupError where the journal does not begin with the start of a case."""
        if not events or events[0].kind != "started":
            raise LookupError("the journal of a case begins with its start")
        begun = events[0].data
        self._first, self._version = str(begun["digest"]), int(begun["version"])
        self._moved: dict[int, str] = {}
        self._rows: dict[str, Row] = {}
        self._open: dict[str, Row] = {}
        self._slots: dict[str, Row] = {}

    def take(self, group: Group) -> Told:
        """The step that the group is; ``taken_back`` and ``redone`` are told when all steps are known."""
        event, said = group.event, group.event.data
        row: Row = self._rows.get(event.task or "", {})
        name = one_line(row.get("name") or said.get("name"))
        effects = [(one.kind, one.task or "", one.data) for one in group.effects]
        self._version_of(event)
        before = dict(self._open) if event.kind == "calendar_changed" else {}
        if event.kind == "completed":
            self._open.pop(event.task or "", None)
        for kind, task, data in effects:
            self._task(kind, task, data)
        scope = str(row.get("scope") or said.get("scope") or "")
        return Told(
            seq=event.seq,
            last=group.last,
            at=event.at,
            actor=event.actor,
            on_behalf_of=event.on_behalf_of,
            kind=event.kind,
            task=event.task,
            process=row.get("process") or said.get("process"),
            step=row.get("task") or said.get("step") or said.get("event"),
            name=name,
            scope=scope,
            slot=row.get("slot"),
            unit=row.get("unit") or said.get("unit"),
            data=said,
            digest=next(reversed(self._moved.values()), self._first),
            version=self._version,
            entries=(event, *group.actions, *(one for one in group.effects if one.kind != fx.ADVANCED)),
            places=self._places(group),
            entered=[task for kind, task, _ in effects if kind in OPENS],
            ended=next((one_line(data["name"]) for kind, _, data in effects if kind == fx.ENDED), ""),
            actions=[{**one.data, "task": one.task, "seq": one.seq} for one in group.actions],
            due_changes=due_changes(event, effects, before, self._rows),
            notices=[NoticeSent(one.seq, one.data["template"], one.task, one.data) for one in group.notices],
        )

    def _places(self, group: Group) -> Mapping[int, Row]:
        """Number of each entry → the task that it is about, or one by which its slot is known."""
        found = {}
        for one in (group.event, *group.actions, *group.effects):
            row = self._rows.get(one.task or "") or self._slots.get(str(one.data.get("scope") or ""))
            if row is not None:
                found[one.seq] = row
        return found

    def _version_of(self, event: HistoryEvent) -> None:
        """The version by which the case goes on: of a step that is taken back the journal says none."""
        if event.kind == MIGRATED:
            self._moved[event.seq] = str(event.data["to"]["digest"])
            self._version = int(event.data["to"]["version"])
        elif event.kind == "taken_back":
            self._moved.pop(int(event.data["input"]), None)

    def _task(self, kind: str, task: str, data: Mapping[str, Any]) -> None:
        if kind == fx.ENTERED and task:
            row = self._rows[task] = self._open[task] = {**{name: data[name] for name in fx.FACTS}, **_due(data)}
            if row["scope"]:
                self._slots[row["scope"]] = row
        elif (known := self._rows.get(task)) is None:
            return
        elif kind == fx.CANCELLED:
            self._open.pop(task, None)
        elif kind == fx.REOPENED:
            self._open[task] = known
        elif kind in (fx.DUE_CHANGED, fx.RENEWED):
            new = _due(data) if kind == fx.DUE_CHANGED else {name: data[name] for name in fx.FACTS}
            row = self._rows[task] = {**known, **new}  # what was told of it before stays as it was
            if task in self._open:
                self._open[task] = row


def _due(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "due_on": date.fromisoformat(data["due_on"]) if data["due_on"] else None,
        "due_provisional": data["provisional"],
        "due_basis": data["basis"],
        "due_explanation": data["explanation"],
    }


def course(events: Sequence[HistoryEvent], definition: Callable[[str], Compiled]) -> list[Told]:
    """The steps of a case from its whole journal, without how it stood after each. ``definition`` gives a definition
    by its digest; it is asked for those by which something was sent back.

    Raises LookupError where the journal does not begin with the start.
    """
    taking = Course(events)
    return counted([taking.take(group) for group in groups(events)], definition)


def counted(found: Sequence[T], definition: Callable[[str], Compiled]) -> list[T]:
    """The steps, where what was taken back or done again says so."""
    back = {int(one.data["input"]): one.seq for one in found if one.kind == "taken_back"}
    again = redone(found, definition)
    return [
        replace(one, taken_back=back.get(one.seq), redone=again.get(one.seq))
        if one.seq in back or one.seq in again
        else one
        for one in found
    ]


def groups(events: Iterable[HistoryEvent]) -> Iterator[Group]:
    """The events that are steps, in order, each with those that belong to it."""
    found: list[Group] = []
    latest: Group | None = None
    for event in events:
        if event.kind == ACTION and latest is not None:
            latest.actions.append(event)
        elif event.kind in fx.EFFECTS and latest is not None:
            latest.effects.append(event)
        elif event.kind == NOTICE and found:
            found[-1].notices.append(event)
        else:
            found.append(Group(event))
            if event.kind in INPUTS:
                latest = found[-1]
    yield from found
