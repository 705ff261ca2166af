"""改派率: how often people did otherwise than a rule of a decision table proposed, from the journals of real cases.

The journal keeps what a step was done with, not which rule had proposed it: each case is run again by replay, as far as
its last table, and the engine says which rules answered. A step that was taken back is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service import clock, history
from service.checks.decision_model import Decision, decisions_of
from service.engine.program import BPMN_NAMES
from service.engine.xml import parse_xml
from service.history import HistoryEvent
from service.people.queries import unit_names
from service.processes import effects as fx
from service.processes.bundles import files_of
from service.processes.course import Replayer, Step, replayer_of, standing, steps_of
from service.processes.inputs import Course
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.processes.told_fields import words
from service.processes.versions import Versions, versions_of

MOST_INSTEAD = 20
"""Choices made instead that are told apart for one rule."""
COLUMNS = ("hits", "decided", "overruled", "moved", "changed")


@dataclass(frozen=True, slots=True)
class Hit:
    """One time that a rule answered in a case, and what people did with its proposal.

    ``decided``: somebody has filled in a form that holds its results, or none does. ``overruled``: the titles of the
    fields that were filled in otherwise; ``instead``: these with what was chosen; ``moved``: the unit of a step that
    was handed out on it was changed later.
    """

    instance: UUID
    number: str | None
    decision: str
    rule: str
    at: datetime
    decided: bool = False
    overruled: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    moved: bool = False

    @property
    def changed(self) -> bool:
        """Whether it counts as 改派."""
        return bool(self.overruled) or self.moved


@dataclass
class Tally:
    """How often each rule answered, and what became of it: decision → rule → ``COLUMNS``; and what was chosen."""

    rules: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    instead: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)

    def take(self, one: Hit) -> None:
        """Adds a hit."""
        row = self.rules.setdefault(one.decision, {}).setdefault(one.rule, dict.fromkeys(COLUMNS, 0))
        row["hits"] += 1
        row["decided"] += one.decided
        row["overruled"] += bool(one.overruled)
        row["moved"] += one.moved
        row["changed"] += one.changed
        told = self.instead.setdefault(one.decision, {}).setdefault(one.rule, {})
        for said in one.instead:
            if said in told or len(told) < MOST_INSTEAD:
                told[said] = told.get(said, 0) + 1

    def data(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {"rules": self.rules, "instead": self.instead}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Tally:
        """The tally that a job has kept."""
        return cls(
            {one: {rule: dict(row) for rule, row in rows.items()} for one, rows in said.get("rules", {}).items()},
            {one: {rule: dict(row) for rule, row in rows.items()} for one, rows in said.get("instead", {}).items()},
        )


def cases_of(
    session: Session, process: str, *, first: date, last: date, after: UUID | None = None, limit: int = 50
) -> list[UUID]:
    """Ids of the cases that were under way at some time of a period, in order of id."""
    query = select(Instance.id).where(*_under_way(process, first, last))
    if after is not None:
        query = query.where(Instance.id > after)
    return list(session.scalars(query.order_by(Instance.id).limit(limit)))


def how_many(session: Session, process: str, first: date, last: date) -> int:
    """How many these are."""
    return session.scalar(select(func.count()).where(*_under_way(process, first, last))) or 0


def _under_way(process: str, first: date, last: date) -> tuple[Any, ...]:
    begins, ends = clock.end_of(first - timedelta(days=1)), clock.end_of(last)
    ended = or_(Instance.ended_at.is_(None), Instance.ended_at >= begins)
    return Instance.process == process, Instance.started_at < ends, ended


def hits(session: Session, case: UUID, first: date, last: date, tables: Tables) -> list[Hit]:
    """The answers of rules in a case within the period, each with what people did with it. Raises what replay does."""
    instance = session.get_one(Instance, case)
    events = history.stream_events(session, stream_of(case))
    steps = list(standing(steps_of(events)))
    return [one for one in _Case(session, instance, events, steps, tables).hits() if first <= _day(one.at) <= last]


def _day(at: datetime) -> date:
    return clock.local(at).date()


class _Case:
    def __init__(
        self,
        session: Session,
        instance: Instance,
        events: Sequence[HistoryEvent],
        steps: Sequence[Step],
        tables: Tables,
    ) -> None:
        self.session, self.instance, self.steps, self.tables = session, instance, steps, tables
        self.versions: Versions = versions_of(session, instance, events)
        self.replayer: Replayer = replayer_of(session, instance, events[0])

    def hits(self) -> Iterator[Hit]:
        answers = list(self._answers())
        for place, (at, decision, rule, proposed) in enumerate(answers):
            again = next((later for later, other, *_ in answers[place + 1 :] if other.id == decision.id), None)
            until = len(self.steps) if again is None else again + 1
            yield self._told(at, self.steps[at + 1 : until], decision, rule, proposed)

    def _answers(self) -> Iterator[tuple[int, Decision, str, Mapping[str, Any]]]:
        """(place of the input, table, rule, the values proposed) of each answer, in order."""
        course = Course()
        last = max((place for place, step in enumerate(self.steps) if self._asks(step)), default=-1)
        for place, step in enumerate(self.steps[: last + 1]):
            self.replayer.step(course, step)
            landing = course.landing
            if landing is None or not landing.decided:
                continue
            rules = self.tables.rules(self.session, self.versions.at(step.event.seq).digest)
            for table, rule in dict.fromkeys(landing.decided):
                decision = rules.get((table, rule))
                if decision is None:
                    continue
                names = [one.text for one in decision.outputs]
                seen = [task.data for task in landing.open_tasks.values()] or [landing.data]
                given = next((data for data in seen if any(name in data for name in names)), seen[0])
                yield place, decision, rule, {name: given.get(name) for name in names}

    def _asks(self, step: Step) -> bool:
        """Whether a table was asked on the way of an input."""
        asking = self.tables.asking(self.session, self.versions.at(step.event.seq).digest)
        passed = (one for effect in step.effects if effect.kind == fx.ADVANCED for one in effect.data["passed"])
        return any((process, node) in asking for process, _scope, node, _source in passed)

    def _told(self, at: int, later: Sequence[Step], decision: Decision, rule: str, proposed: Mapping[str, Any]) -> Hit:
        event = self.steps[at].event
        names, forms = proposed.keys(), self.versions.at(event.seq).forms.values()
        filled = (step for step in later if step.event.kind == "completed")
        answer = next((step for step in filled if self.versions.form_of(step.event).fields.keys() & names), None)
        asked = any(form.fields.keys() & names for form in forms)
        overruled, instead = self._others(answer, proposed) if answer is not None else ((), ())
        decided = answer is not None or not asked
        case = self.instance
        return Hit(case.id, case.number, decision.id, rule, event.at, decided, overruled, instead, moved=_moved(later))

    def _others(self, answer: Step, proposed: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The titles of the fields filled in otherwise than proposed; and each with what was chosen, in words."""
        form, said = self.versions.form_of(answer.event), answer.event.data["data"]
        other = [name for name in proposed if name in form.fields and _plain(said.get(name)) != _plain(proposed[name])]
        titles = tuple(str(form.fields[name].get("title") or name) for name in other)
        chosen = (words(form.fields[name], said.get(name), self._named) or "无" for name in other)
        return titles, tuple(f"{title}：{value}" for title, value in zip(titles, chosen, strict=True))

    def _named(self, kind: str, key: str) -> str:
        return unit_names(self.session, [key]).get(key, key) if kind == "units" else "（另选）"


def _plain(value: Any) -> Any:
    """A value as it is compared: nothing is nothing, and lists have no order."""
    if value in (None, "", []):
        return None
    return sorted(map(str, value)) if isinstance(value, list) else value


def _moved(later: Sequence[Step]) -> bool:
    """Whether a step that was handed out came to another unit in the same place afterwards."""
    units: dict[tuple[str, str], str] = {}
    for step in later:
        for effect in step.effects:
            if effect.kind != fx.ENTERED or not effect.data["slot"] or not effect.data["unit"]:
                continue
            place = (effect.data["scope"], effect.data["task"])
            if units.setdefault(place, effect.data["unit"]) != effect.data["unit"]:
                return True
    return False


class Tables:
    """The decision tables of versions, each read once: the steps that ask one, and whose rules are whose."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[frozenset[tuple[str, str]], Mapping[tuple[str, str], Decision]]] = {}

    def asking(self, session: Session, digest: str) -> frozenset[tuple[str, str]]:
        """(process, node) of the steps of a version that ask a table."""
        return self._read(session, digest)[0]

    def rules(self, session: Session, digest: str) -> Mapping[tuple[str, str], Decision]:
        """(table, rule) → the decision, as the engine names them."""
        return self._read(session, digest)[1]

    def _read(
        self, session: Session, digest: str
    ) -> tuple[frozenset[tuple[str, str]], Mapping[tuple[str, str], Decision]]:
        if digest not in self._known:
            asking: set[tuple[str, str]] = set()
            rules: dict[tuple[str, str], Decision] = {}
            for name, content in files_of(session, digest).items():
                if name.endswith(".bpmn"):
                    root = parse_xml(content, name=name)
                    for process in root.findall("b:process", BPMN_NAMES):
                        nodes = process.findall(".//b:businessRuleTask", BPMN_NAMES)
                        asking |= {(str(process.get("id")), str(node.get("id"))) for node in nodes}
                elif name.endswith(".dmn"):
                    root = parse_xml(content, name=name)
                    tables = [str(one.get("id")) for one in root.iter("{*}decisionTable")]
                    for decision in decisions_of({name: root}).values():
                        rules |= {(key, rule.id): decision for rule in decision.rules for key in (*tables, decision.id)}
            self._known[digest] = frozenset(asking), rules
        return self._known[digest]
