"""The cases that a search finds, best first: by number, matter (汉字, pinyin, initials), text, talent and unit.

Every word of the search must fit a case in one of these ways. Rights are another condition beside it: nobody finds
what is not shown to them (R8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, false, or_, select
from sqlalchemy.orm import Session

from service.db.memory import remembered
from service.people.models import Unit
from service.processes import readers
from service.processes.models import Instance
from service.processes.past import cases_on, is_past, of_unit
from service.processes.reader_models import CaseReader
from service.processes.texts import holding, holds
from service.processes.wide import Wide, by_reader
from service.processes.wiring import Wiring, wiring
from service.spelling import terms

SHORTEST = 2
"""Latin letters of a word by which a talent or a unit is sought: a single one begins half of all names."""


def found_by(session: Session, q: str | None, on: date | None) -> list[ColumnElement[bool]]:
    """Each word of a search must fit, as of the end of a day (``None``: today); a search of nothing but characters
    that no case holds finds nothing."""
    wide = sought(session, q, on)
    return [false()] if wide is None else [one.clause for one in wide]


def sought(session: Session, q: str | None, on: date | None) -> list[Wide] | None:
    """The same, each word as a condition that may let through most cases; None: nothing is found. Two statements a
    word, which look up the talents and units that are called so."""
    words = terms(q or "")
    if q and q.strip() and not words:
        return None
    return [_fitting(session, word, on) for word in words]


def best_first(q: str | None, on: date | None) -> Sequence[ColumnElement[Any]]:
    """The order of what a search found: the number itself, what begins with the word, what has it in number or matter,
    all else."""
    words = terms(q or "")
    if not words:
        return ()
    key, first = cases_on(on)[0].search_key, words[0]
    ranked = (
        (or_(key == first, key.startswith(f"{first} ", autoescape=True)), 0),
        (key.startswith(first, autoescape=True), 1),
        (key.contains(f" {first}", autoescape=True), 2),
        (key.contains(first, autoescape=True), 3),
    )
    return (case(*ranked, else_=4),)


def _fitting(session: Session, word: str, on: date | None) -> Wide:
    every: list[Select[UUID]] = [holding(word, on)]
    each: list[ColumnElement[bool]] = [holds(word)]
    if len(word) >= SHORTEST or not word.isascii():
        talents, units = remembered(session, (_fitting, word), lambda: _called(session, word, wiring(session)))
        if is_past(on):
            rows, tied = cases_on(on)
            these = select(Instance.id).correlate(None)
            every.append(these.where(*tied, rows.talent_id.in_(talents)))
            every.append(these.where(Instance.initiator_unit.in_(units)))
            every += [these.where(of_unit(unit, on)) for unit in units]
        elif talents or units:
            ways = [readers.TALENT + one for one in talents]
            ways += [kind + unit for unit in units for kind in (readers.ORIGIN, readers.UNIT)]
            every += _parts(ways)
            each.append(by_reader(ways).each)
    found = Wide(every, or_(*each))
    return Wide([found.ids()], found.clause) if is_past(on) else found


_MANY = 20
"""More ways than that are one part of a search: a union of hundreds is slow to begin."""


def _parts(ways: Sequence[str]) -> Sequence[Select[UUID]]:
    if len(ways) <= _MANY:
        return by_reader(ways).every
    return [select(CaseReader.instance_id).where(CaseReader.reader.in_(ways)).distinct()]


def _called(session: Session, word: str, plan: Wiring) -> tuple[list[str], list[str]]:
    """The ids of the talents and the codes of the units that are called so."""
    units = select(Unit.code).where(or_(Unit.search_key.contains(word, autoescape=True), _short(word, plan)))
    return list(session.scalars(plan.called(word))), list(session.scalars(units.order_by(Unit.code)))


def _short(word: str, plan: Wiring) -> ColumnElement[bool]:
    """The units that are called so for short (住建, 人社局)."""
    return Unit.code.in_([code for code, names in plan.short_names.items() if any(word in name for name in names)])
