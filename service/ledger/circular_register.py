"""The register of circulars (通报登记): number, unit, who proposed and who approved it, whether it stands, its prints.

It is read from the journal: circulars are few, and each leaves an entry of its own kind, which an index finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session

from service.db.lists import MAX_LIMIT, Page
from service.fields import condition
from service.history import HistoryEvent, of_kinds
from service.history.notices import NOTICE
from service.ledger.board import Scope
from service.ledger.case_record import PRINTED
from service.ledger.circulars import ISSUED, SCOPES
from service.processes import effects
from service.processes.bundles import compiled
from service.processes.column_filters import midnight
from service.processes.course import INPUTS
from service.processes.definitions import newest_versions
from service.processes.models import IS_OPEN, Instance, UserTask
from service.processes.queries import instances_by_id
from service.processes.recording import stream_of
from service.processes.rules import one_line
from service.processes.shown import columns_of_tasks, tasks_of

_TOLD = (*sorted(INPUTS), effects.ENTERED, PRINTED, ISSUED, NOTICE)


@dataclass(frozen=True, slots=True)
class CircularFilter:
    """The conditions of the register of circulars. ``since`` and ``until`` are days, both included."""

    unit: str | None = condition(note="code of the unit that it names")
    since: date | None = None
    until: date | None = None
    q: str | None = condition(note="a part of its number or of its text")


@dataclass(frozen=True, slots=True)
class Issued:
    """A circular that was issued: the ``n``-th of its case.

    ``proposed_by`` is the account that brought it forward by hand, with the ``reason``; None where the clock proposed
    it. ``scope`` says to whom it goes, in words. ``stands`` is whether its approval was not taken back; ``prints`` are
    the moments at which it was printed, ``perhaps`` those of prints in a batch, by an earlier version, that do not tell
    which of several circulars of the case they were of. ``notice`` is the journal's entry that tells the unit.
    """

    case: Instance
    n: int
    number: str
    unit: str
    text: str
    scope: str
    approved_by: str
    issued_at: datetime
    stands: bool = True
    proposed_by: str | None = None
    reason: str = ""
    prints: Sequence[datetime] = ()
    perhaps: Sequence[datetime] = ()
    notice: int | None = None


@dataclass
class _Course:
    """A case's circulars, by the number of their entry, as its journal is read on."""

    found: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: HistoryEvent | None = None
    brought: dict[str, HistoryEvent | None] = field(default_factory=dict)

    def take(self, event: HistoryEvent) -> None:
        if event.kind == "taken_back":
            for one in self.found.values():
                one["stands"] &= one["input"] != int(event.data["input"])
        elif event.kind in INPUTS:
            self.last = event
        elif event.kind == effects.ENTERED:
            self.brought[str(event.task)] = self.last
        elif event.kind == PRINTED and event.data["paper"] == "circular":
            self._printed(event)
        elif event.kind == ISSUED:
            self._issued(event)
        elif event.kind == NOTICE and event.data.get("template") == "circular" and self.found:
            self.found[max(self.found)]["notice"] = event.id

    def _printed(self, event: HistoryEvent) -> None:
        name = str(event.data["name"])
        named = [one for one in self.found.values() if name.startswith(f"{one['number']} ")]
        # an earlier version noted a batch by the name of its file, which tells of no circular of the case
        meant = named or [one for one in self.found.values() if one["stands"]]
        for one in meant:
            one["prints" if len(meant) == 1 else "perhaps"].append(event.at)

    def _issued(self, event: HistoryEvent) -> None:
        approved = self.last
        proposed = self.brought.get(str(approved.task)) if approved is not None else None
        by_hand = proposed is not None and bool(proposed.data.get("by_hand"))
        self.found[event.seq] = {
            "n": len(self.found) + 1,
            "number": str(event.data["number"]),
            "unit": str(event.data["unit"]),
            "text": str(event.data["text"]),
            "scope": SCOPES.get(str(event.data.get("scope")), SCOPES["unit"]),
            "approved_by": event.actor,
            "issued_at": event.at,
            "stands": True,
            "proposed_by": proposed.actor if by_hand and proposed is not None else None,
            "reason": str(proposed.data.get("reason") or "") if by_hand and proposed is not None else "",
            "prints": [],
            "perhaps": [],
            "notice": None,
            "input": approved.seq if approved is not None else 0,
        }


def search_circulars(
    session: Session, scope: Scope, wanted: CircularFilter, *, limit: int = 50, offset: int = 0
) -> Page[Issued]:
    """The circulars that somebody may see, the latest first; four statements."""
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, min(offset, 2**31))
    clauses = _clauses(scope, wanted)
    total = session.scalar(select(func.count()).select_from(HistoryEvent).where(*clauses)) or 0
    listed = select(HistoryEvent.stream, HistoryEvent.seq).where(*clauses).order_by(HistoryEvent.id.desc())
    rows = session.execute(listed.limit(limit).offset(offset)).all() if offset < total else []
    cases = instances_by_id(session, {_case(stream) for stream, _ in rows})
    told = _courses(session, {stream for stream, _ in rows})
    items = []
    for stream, seq in rows:
        said = {name: value for name, value in told[stream].found[seq].items() if name != "input"}
        items.append(Issued(case=cases[_case(stream)], **said))
    return Page(tuple(items), total, limit, offset)


def _clauses(scope: Scope, wanted: CircularFilter) -> list[ColumnElement[bool]]:
    unit, number, text = (HistoryEvent.data[name].as_string() for name in ("unit", "number", "text"))
    clauses: list[ColumnElement[bool]] = [HistoryEvent.kind == ISSUED]
    if scope.units is not None:
        clauses.append(unit.in_(sorted(scope.units)))
    elif not scope.whole:
        clauses.append(false())
    if wanted.unit:
        clauses.append(unit == wanted.unit if "\x00" not in wanted.unit else false())
    if wanted.since is not None:
        clauses.append(HistoryEvent.at >= midnight(wanted.since))
    if wanted.until is not None:
        clauses.append(HistoryEvent.at < midnight(wanted.until) + timedelta(days=1))
    if wanted.q:
        words = wanted.q.strip().replace("\x00", "\ufffd")
        clauses.append(or_(number.contains(words, autoescape=True), text.contains(words, autoescape=True)))
    return clauses


def _courses(session: Session, streams: Iterable[str]) -> dict[str, _Course]:
    found = {stream: _Course() for stream in streams}
    if found:
        query = select(HistoryEvent).where(HistoryEvent.stream.in_(found), of_kinds(*_TOLD))
        for event in session.scalars(query.order_by(HistoryEvent.stream, HistoryEvent.seq)):
            found[event.stream].take(event)
    return found


def _case(stream: str) -> UUID:
    return UUID(stream.removeprefix(stream_of(UUID(int=0)).removesuffix(str(UUID(int=0)))))


def proposals(session: Session, scope: Scope, step: str) -> list[UserTask]:
    """The circulars that wait for a person: open steps called ``step`` in the newest diagrams, the oldest first.

    Of all units for who sees all; nobody else decides. One statement, at most ``MAX_LIMIT`` rows.
    """
    if scope.units is not None or not scope.whole:
        return []
    called = {
        node
        for key, newest in newest_versions(session).items()
        for (_, node), name in compiled(session, newest.digest, key).program.names.items()
        if one_line(name) == step
    }
    if not called:
        return []
    query = columns_of_tasks().join(UserTask.instance)
    query = query.where(IS_OPEN, UserTask.unit.is_(None), UserTask.task.in_(sorted(called)))
    return list(tasks_of(session, session.execute(query.order_by(UserTask.entered_at, UserTask.id).limit(MAX_LIMIT))))
