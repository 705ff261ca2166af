"""The figures of some needs, out of what each of them tells: for questions that the sums of all needs do not answer.

A town's needs, a unit's, those that somebody may see: their parts are read (``FigureCase``) and added up as of the end
of a day, by the same folding that makes the sums (adr/0078).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, cast, func, select
from sqlalchemy.orm import Session

from service.errors import DAMAGE
from service.processes import figure_tallies
from service.processes.case_orders import readable
from service.processes.column_filters import midnight
from service.processes.figure_folding import DAY_AT, DAY_SIGNS, SAID, steps_done, then
from service.processes.figure_models import FigureCase
from service.processes.models import Instance
from service.processes.rules import NEED

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question about needs registered from ``since`` to ``until``, as of the end of ``on``; of a ``unit`` those in
    which it was asked, and of its figures only what it did. ``town``, ``category`` and ``leader``: as a key of the
    tallies, which is ``UNSAID`` where nothing was said; None: whatever was said."""

    since: date
    until: date
    on: date
    unit: str | None = None
    town: str | None = None
    category: str | None = None
    leader: str | None = None

    @property
    def said(self) -> tuple[str | None, str | None, str | None]:
        """The words that must have been said, in the order in which needs tell it."""
        return self.town, self.category, self.leader


@dataclass(slots=True)
class Picked:
    """How many needs tell the same. ``needs``: (figures as bits, place of the days of registering, town, category,
    leader); ``units``: (unit, its figures as bits); ``leads``: (what it is led by, figures as bits); ``steps``:
    (stage with ``.unit`` where a responsible unit's, first day, last day), days as ordinals; ``stages``: needs in which
    a stage was done."""

    needs: Counter[tuple[int, int, str, str, str]] = field(default_factory=Counter)
    units: Counter[tuple[str, int]] = field(default_factory=Counter)
    leads: Counter[tuple[str, int]] = field(default_factory=Counter)
    steps: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)


def begun_within(since: date, until: date) -> Select[UUID]:
    """The ids of the needs that were registered from one day to another, both included."""
    begun = Instance.started_at >= midnight(since), Instance.started_at < midnight(until + timedelta(days=1))
    return select(Instance.id).where(Instance.process == NEED, *begun)


def key_of(value: str) -> str:
    """A word that was said, as a key of the tallies."""
    return SAID + value


def picked(session: Session, seen: Select[UUID] | None, wanted: Wanted, lasts: Sequence[date]) -> Picked | None:
    """The figures of the wanted needs, by days of registering of which each group ends with one of ``lasts``; ``seen``:
    only of these cases. None where too many cases wait to be taken in, or a part is none. Two statements; more, and
    always as many, where some wait."""
    due = figure_tallies.waiting(session)
    if due is None:
        return None
    parts = select(FigureCase.told).where(*_holding(wanted, by_index=session.get_bind().dialect.name != "sqlite"))
    if seen is not None:
        parts = parts.where(FigureCase.instance_id.in_(seen))
    if due:
        parts = parts.where(FigureCase.instance_id.not_in(due))
    found = Picked()
    try:
        _fold(found, session.scalars(parts.execution_options(yield_per=_AT_ONCE)), wanted, lasts)
    except DAMAGE:  # a part that somebody has written, which verification tells of
        return None
    if due:
        aside = select(Instance.id).where(Instance.id.in_(due), *([Instance.id.in_(seen)] if seen is not None else ()))
        told, _ = readable(partial(figure_tallies.told, session), session.scalars(aside).all())
        _fold(found, told.values(), wanted, lasts)
    return found


def _holding(wanted: Wanted, *, by_index: bool) -> Iterator[ColumnElement[bool]]:
    """The parts that begin with a wanted day, and in which the words that are asked for stand at all: the others need
    not be read and taken apart. ``by_index``: of these words the database keeps an index."""
    yield func.substr(FigureCase.told, DAY_AT + 1, DAY_SIGNS).between(_signs(wanted.since), _signs(wanted.until))
    keys = [key for key in (key_of(wanted.unit) if wanted.unit is not None else None, *wanted.said) if key]
    words = [json.dumps(key, ensure_ascii=False) for key in keys]
    if by_index and words:
        yield func.figure_words(FigureCase.told).op("@>")(cast([word[1:-1] for word in words], ARRAY(Text)))
    for word in words if not by_index else ():
        yield FigureCase.told.contains(word, autoescape=True)


def _signs(day: date) -> str:
    return f"{day.toordinal():0{DAY_SIGNS}}"


def _fold(found: Picked, parts: Iterable[str], wanted: Wanted, lasts: Sequence[date]) -> None:
    since, until, on = (day.toordinal() for day in (wanted.since, wanted.until, wanted.on))
    ends = [day.toordinal() for day in lasts]
    asked = [(place, key) for place, key in enumerate(wanted.said) if key is not None]
    unit = key_of(wanted.unit) if wanted.unit is not None else None
    for part in parts:
        data = json.loads(part)
        day = data["day"]
        if not since <= day <= until:
            continue
        state = then(data["states"], on)
        if state is None or not state[1]:
            continue
        _, bits, said, units, led = state
        if any(said[place] != key for place, key in asked):
            continue
        if unit is not None:
            if unit not in units:
                continue
            bits = units[unit]
            units = {unit: bits}
        found.needs[bits, bisect_left(ends, day), said[0], said[1], said[2]] += 1
        for own in units.items():
            found.units[own] += 1
        if led is not None:
            found.leads[led, bits] += 1
        _steps(found, data, on, wanted.unit)


def _steps(found: Picked, data: Any, on: int, unit: str | None) -> None:
    stages = set()
    for step in steps_done(data, on, unit):
        found.steps[step] += 1
        stages.add(step[0])
    for key in stages:
        found.stages[key] += 1
