"""Units, persons, leaders and talents as objects of an event log, with their changes, by the folds of verification.

Codes and plain facts alone: no name of a person, no telephone, no post.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit.logs.things import Relation, Thing, Told, said
from service.audit.tables.baseline import take_baseline
from service.audit.tables.registry import FAMILIES, HELD
from service.db import Base
from service.history import HistoryEvent
from service.history.folding import BASELINE, Row, Rows
from service.people.models import Leader, Person, Unit
from service.talents.models import Talent

Facts = Mapping[str, Any]
AT_ONCE = 1000

_UNTOLD = ("talent_confirmed", "talent_reported", "missed_interviews_explained")
"""Kinds of entries that change none of what is told here, and are many."""


def people_things(session: Session) -> Iterator[Thing]:
    """All of them, units before who works there; one stream at a time in memory."""
    yield from _of(session, "unit", (("unit", Unit, _unit, _nothing),))
    yield from _of(session, "person", (("person", Person, _person, _works_in), ("leader", Leader, _leader, _held_by)))
    yield from _of(session, "talent", (("talent", Talent, _talent, _employed),))


def _of(
    session: Session,
    prefix: str,
    kinds: Sequence[tuple[str, type[Base], Callable[[Row], Facts], Callable[[Row], list[Relation]]]],
) -> Iterator[Thing]:
    events = session.execute(
        select(
            HistoryEvent.id,
            HistoryEvent.stream,
            HistoryEvent.seq,
            HistoryEvent.at,
            HistoryEvent.actor,
            HistoryEvent.kind,
            HistoryEvent.task,
            HistoryEvent.data,
        )
        .where(HistoryEvent.stream.startswith(f"{prefix}:"), HistoryEvent.kind.not_in(_UNTOLD))
        .order_by(HistoryEvent.stream, HistoryEvent.seq)
        .execution_options(yield_per=AT_ONCE)
    )
    fold = FAMILIES[prefix].fold
    for stream, some in groupby(events, key=lambda event: event.stream):
        rows, told = Rows(stream), {}  # type: tuple[Rows, dict[str, _Told]]
        for event in some:
            if event.kind == BASELINE:
                take_baseline(rows, event, HELD)
            else:
                fold(rows, event)
            for kind, model, facts, related in kinds:
                for row in rows.of(model):
                    key = f"{kind}:{row.get('id', rows.name)}"
                    told.setdefault(key, _Told(key, kind)).take(event.at, facts(row), related(row))
        yield from (one.thing() for one in told.values())


class _Told:
    """An object while its stream is read."""

    def __init__(self, key: str, kind: str) -> None:
        self._key, self._kind = key, kind
        self._known: dict[str, Any] = {}
        self._attributes: list[Told] = []
        self._relations: dict[Relation, None] = {}

    def take(self, at: Any, facts: Facts, relations: Sequence[Relation]) -> None:
        """The row stands like this from a moment on."""
        for name, value in facts.items():
            if value is not None and self._known.get(name) != value:
                self._known[name] = value
                self._attributes += said(at, **{name: value})
        self._relations.update(dict.fromkeys(relations))

    def thing(self) -> Thing:
        """The object with all that its stream told."""
        return Thing(self._key, self._kind, tuple(self._attributes), tuple(self._relations))


def _unit(row: Row) -> Facts:
    return {name: row.get(name) for name in ("name", "kind", "active")}


def _person(row: Row) -> Facts:
    return {"active": row.get("active"), "unit": row.get("unit_code")}


def _leader(row: Row) -> Facts:
    return {
        "class": row.get("klass"),
        "body": row.get("body"),
        **{one: row.get(one) for one in ("starts_on", "ends_on")},
    }


def _talent(row: Row) -> Facts:
    return {name: row.get(name) for name in ("active", "in_district", "category", "type")}


def _nothing(_: Row) -> list[Relation]:
    return []


def _works_in(row: Row) -> list[Relation]:
    return _related("unit", row.get("unit_code"), "works_in")


def _held_by(row: Row) -> list[Relation]:
    return [*_related("person", row.get("person_id"), "held_by"), *_related("unit", row.get("unit_code"), "unit")]


def _employed(row: Row) -> list[Relation]:
    return _related("unit", row.get("employer_unit"), "employer")


def _related(kind: str, key: Any, qualifier: str) -> list[Relation]:
    return [] if key is None else [(f"{kind}:{key}", qualifier)]
