"""Object-centric event log (OCEL 2.0): its objects and events one after the other, whatever they are written to.

The types of events are the steps of the diagrams, those that are not complete with their transition; objects change as
the journal tells it. All values are text, as the standard's published schema of JSON asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.audit.logs.activities import ABORT, ASSIGN, COMPLETE, REASSIGN, START, Activity, Document
from service.audit.logs.cases import CaseLog, Codes, Done, LogWish, case_logs
from service.audit.logs.people import people_things
from service.audit.logs.things import Relation, Thing, Told, said, written
from service.processes.models import Definition

OBJECT_TYPES: Mapping[str, Mapping[str, str]] = {
    "case": {"number": "string", "process": "string", "status": "string", "stage": "string", "version": "integer"},
    "task": {"step": "string", "stage": "string", "role": "string", "due_on": "string", "due_provisional": "boolean"},
    "unit": {"name": "string", "kind": "string", "active": "boolean"},
    "person": {"active": "boolean", "unit": "string"},
    "talent": {"active": "boolean", "in_district": "boolean", "category": "string", "type": "string"},
    "leader": {"class": "string", "body": "string", "starts_on": "string", "ends_on": "string"},
    "meeting": {"kind": "string", "status": "string"},
    "document": {"kind": "string", "number": "string", "sha256": "string", "status": "string"},
    "definition": {"process": "string", "version": "integer", "sha256": "string"},
}
"""Type of object → its attributes with their types."""
EVENT_ATTRIBUTES: Mapping[str, str] = {
    "activity": "string",
    "lifecycle": "string",
    "resource": "string",
    "on_behalf_of": "string",
    "role": "string",
    "unit": "string",
    "stage": "string",
    "due_on": "string",
    "late": "boolean",
    "late_days": "integer",
    "standing": "string",
    "target": "string",
}
"""The attributes of all events with their types."""
WORDS: Mapping[str, str] = {START: "开始", ASSIGN: "领办", REASSIGN: "转办", COMPLETE: "", ABORT: "未完成"}
"""Words for transitions beside the step that they are of; completing goes without saying."""
HELD, MINUTED = "held", "decided"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event: its type, attributes by name, and the objects that it is about with their qualifiers."""

    id: str
    type: str
    at: datetime
    attributes: Mapping[str, str]
    relations: tuple[Relation, ...]


def event_type(one: Activity) -> str:
    """The step, with its transition where that is not completing: 办理（开始）."""
    return f"{one.name}（{WORDS[one.transition]}）" if WORDS[one.transition] else one.name


class Log:
    """The log of one session: ``pieces`` gives its objects and events; ``done`` tells of what was given so far."""

    def __init__(self, session: Session, wish: LogWish | None = None) -> None:
        self._session, self._wish = session, wish or LogWish()
        self._codes = Codes.of(session)
        self._known: set[str] = set()
        self.done = Done()

    def pieces(self) -> Iterator[Thing | Occurrence]:
        """All objects and events; an object stands before the first event about it. One case at a time in memory."""
        for thing in chain(self._definitions(), self._accounts(), people_things(self._session)):
            if thing.id not in self._known:
                self._known.add(thing.id)
                yield thing
        for one in case_logs(self._session, self._wish, self.done):
            yield from self._case(one)

    def _definitions(self) -> Iterator[Thing]:
        rows = self._session.execute(
            select(Definition.key, Definition.version, Definition.digest, Definition.deployed_at)
        )
        for key, version, digest, at in rows:
            told = said(at, process=key, version=version, sha256=digest)
            yield Thing(_definition(key, version), "definition", told)

    def _accounts(self) -> Iterator[Thing]:
        """Those who act and are no person of the directory: the service itself, accounts with no person."""
        for code in sorted(self._codes.strangers()):
            yield Thing(f"person:{code}", "person", ())

    # --- A case ------------------------------------------------------------------------------------------------------

    def _case(self, one: CaseLog) -> Iterator[Thing | Occurrence]:
        case = one.case
        key = f"case:{case.id}"
        yield Thing(key, "case", _standings(one), self._relations(_of_case(one)))
        yield from self._tasks(key, one.activities)
        yield from self._meetings(key, one.activities)
        yield from self._documents(key, one.activities)
        about = _of_case(one)
        for activity in one.activities:
            yield self._occurrence(key, about, activity, case.process)

    def _tasks(self, case: str, activities: Iterable[Activity]) -> Iterator[Thing]:
        told: dict[str, list[Activity]] = {}
        for one in activities:
            if one.task is not None and one.step is not None:
                told.setdefault(one.task, []).append(one)
        for task, some in told.items():
            attributes = _changing(some, ("step", "stage", "role", "due_on", "due_provisional"))
            related = self._relations([(case, "case"), (_prefixed("unit", some[0].unit), "unit")])
            yield Thing(f"task:{task}", "task", attributes, related)

    def _meetings(self, case: str, activities: Iterable[Activity]) -> Iterator[Thing]:
        told: dict[str, list[Activity]] = {}
        for one in activities:
            if one.meeting is not None:
                told.setdefault(one.meeting, []).append(one)
        for meeting, some in told.items():
            attributes = list(said(some[0].at, kind=meeting.partition(":")[0], status="called"))
            done = [one for one in some if one.transition == COMPLETE]
            steps = list(dict.fromkeys(one.step for one in done))
            for status, step in zip((HELD, MINUTED), steps, strict=False):
                attributes += said(next(one.at for one in done if one.step == step), status=status)
            yield Thing(f"meeting:{meeting}", "meeting", tuple(attributes), ((case, "case"),))

    def _documents(self, case: str, activities: Iterable[Activity]) -> Iterator[Thing]:
        told: dict[str, list[tuple[datetime, Document]]] = {}
        for one in activities:
            if one.document is not None:
                told.setdefault(one.document.id, []).append((one.at, one.document))
        for key, some in told.items():
            at, first = some[0]
            attributes = list(said(at, kind=first.kind, number=first.number, sha256=first.sha256, status="there"))
            for later, document in some:
                attributes += said(later, status="withdrawn") if document.withdrawn else ()
            yield Thing(f"document:{key}", "document", tuple(attributes), ((case, "case"),))

    def _occurrence(self, case: str, about: list[tuple[str | None, str]], one: Activity, process: str) -> Occurrence:
        resource, represented = self._codes.code(one.actor), self._codes.code(one.on_behalf_of)
        whose = represented if represented is None or ":" in represented else f"person:{represented}"
        related = [
            (case, "case"),
            (f"task:{one.task}" if one.step is not None else None, "task"),
            (_prefixed("unit", one.unit), "unit"),
            (_prefixed("person", resource), "by"),
            (whose, "on_behalf_of"),
            (_prefixed("meeting", one.meeting), "meeting"),
            (f"document:{one.document.id}" if one.document is not None else None, "document"),
            (_definition(process, one.version), "definition"),
            *((key, qualifier) for key, qualifier in about if qualifier in ("talent", "leader")),
        ]
        values = {
            "activity": one.name,
            "lifecycle": one.transition,
            "resource": resource,
            "on_behalf_of": represented,
            "role": one.role,
            "unit": one.unit,
            "stage": one.stage,
            "due_on": one.due_on,
            "late": one.late,
            "late_days": one.late_days,
            "standing": one.standing,
            "target": one.target,
        }
        attributes = {name: written(value) for name, value in values.items() if value is not None}
        return Occurrence(f"event:{one.id}", event_type(one), one.at, attributes, self._relations(related))

    def _relations(self, wanted: Iterable[tuple[str | None, str]]) -> tuple[Relation, ...]:
        """Those to objects that the log holds; the objects of a case are its own."""
        own = ("case:", "task:", "meeting:", "document:")
        return tuple((key, by) for key, by in wanted if key is not None and (key in self._known or key.startswith(own)))


def _of_case(one: CaseLog) -> list[tuple[str | None, str]]:
    case = one.case
    return [
        (_prefixed("talent", case.talent_id), "talent"),
        (_prefixed("leader", case.leader_id), "leader"),
        (_prefixed("unit", case.initiator_unit), "begun_by"),
        (_definition(case.process, case.version), "definition"),
    ]


def _standings(one: CaseLog) -> tuple[Told, ...]:
    """The attributes of a case, each with every moment at which it changed."""
    known: dict[str, Any] = {"process": one.case.process}
    found = list(said(one.steps[0].at, process=one.case.process))
    for step in one.steps:
        for name in ("number", "status", "stage"):
            value = step.row.get(name)
            if value is not None and known.get(name) != value:
                known[name] = value
                found += said(step.at, **{name: value})
        if known.get("version") != step.version:
            known["version"] = step.version
            found += said(step.at, version=step.version)
    return tuple(found)


def _changing(some: Iterable[Activity], names: tuple[str, ...]) -> tuple[Told, ...]:
    known: dict[str, Any] = {}
    found: list[Told] = []
    for one in some:
        for name in names:
            value = getattr(one, name)
            if value is not None and known.get(name) != value:
                known[name] = value
                found += said(one.at, **{name: value})
    return tuple(found)


def _definition(process: str, version: int) -> str:
    return f"definition:{process}:{version}"


def _prefixed(kind: str, key: object) -> str | None:
    return None if key is None else f"{kind}:{key}"


def moment(at: datetime) -> str:
    """A moment as ISO 8601 with the offset of the office."""
    return clock.local(at).isoformat(timespec="milliseconds")
