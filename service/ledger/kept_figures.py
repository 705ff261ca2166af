"""统计 out of what is kept: of all needs their sums (``processes.figure_tallies``), of those of one unit, town or
category, or that a whole unit sees, theirs by month (``processes.figure_within``), of other needs the part of each
(``processes.figure_picking``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from service import clock
from service.db.memory import remembered
from service.processes.figure_folding import (
    ANSWERED_IN_TIME,
    ANSWERED_LATE,
    ANSWERS,
    CASES,
    CATEGORY,
    DISPATCH,
    LEADER,
    SAID,
    STAGE,
    STEPS,
    TOTAL,
    TOWN,
    UNANSWERED,
    UNIT,
    figures_of,
)
from service.processes.figure_picking import Picked, Wanted, begun_within, picked
from service.processes.figure_tallies import answer_sums, sums, within_sums
from service.processes.figure_within import SEEN, Sums, about, widest
from service.processes.lateness import Answers
from service.processes.models import Instance
from service.processes.need_figures import FIGURES, REDISPATCHED, REGISTERED
from service.processes.reader_ways import Ways
from service.processes.readers import seen_in

MONTH = "month"


@dataclass(slots=True)
class Kept:
    """The figures of a period. ``rows``: as the direct count gives them; ``steps``: (stage, whether a unit's,
    first day, last day, how many), ``cases``: (stage, whether a unit's) → needs; ``answers``: unit → its answers, None
    where they were not asked for; ``leads``: (category, town) → unit that leads → (needs, of these handed back)."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    steps: list[tuple[str, bool, date, date, int]] = field(default_factory=list)
    cases: dict[tuple[str, bool], int] = field(default_factory=dict)
    answers: Mapping[str, Answers] | None = None
    leads: dict[tuple[str | None, str | None], dict[str, tuple[int, int]]] = field(default_factory=dict)


def kept(session: Session, since: date, until: date, on: date, bins: Sequence[tuple[date, date]]) -> Kept | None:
    """The figures of all needs registered in a period, as of the end of a day; None where they must be counted one by
    one. A fixed number of statements."""
    found = remembered(session, (kept, since, until, on, *bins), lambda: sums(session, since, until, on, bins))
    return _told(found) if found is not None else None


def picked_kept(
    session: Session, who: object, seen: Select[UUID] | None, wanted: Wanted, bins: Sequence[tuple[date, date]]
) -> Kept | None:
    """The figures of the wanted needs, of the cases ``seen`` by ``who`` (None: of all); None where they must be counted
    one by one. Without ``answers``. A fixed number of statements."""
    lasts = [last for _, last in bins]
    about = (picked_kept, who, wanted, *lasts)
    found = remembered(session, about, lambda: picked(session, seen, wanted, lasts))
    return _added(found) if found is not None else None


def within_kept(session: Session, wanted: Wanted, bins: Sequence[tuple[date, date]]) -> Kept | None:
    """The figures of the wanted needs, all there are, of one unit, one town or one category: by their sums of whole
    months, and of the days at either end by the part of each need. None where the sums cannot tell. Without
    ``answers``. A fixed number of statements, and two for either end."""
    lasts = [last for _, last in bins]
    return remembered(session, (within_kept, wanted, *lasts), lambda: _within(session, wanted, lasts))


def seen_kept(
    session: Session, who: object, ways: Ways, wanted: Wanted, bins: Sequence[tuple[date, date]]
) -> Kept | None:
    """The figures of the wanted needs, of no unit, town, category or leader alone, that ``who`` sees by ``ways``: by
    the sums of what a whole unit sees, and by the part of each need that is seen otherwise. None where no unit's sums
    can tell. Without ``answers``. A fixed number of statements, and two for either end."""
    lasts = [last for _, last in bins]
    return remembered(session, (seen_kept, who, wanted, *lasts), lambda: _seen(session, ways, wanted, lasts))


def _seen(session: Session, ways: Ways, wanted: Wanted, lasts: Sequence[date]) -> Kept | None:
    if wanted.unit is not None or any(one is not None for one in wanted.said):
        return None
    of_many = {about(SEEN, way): way for way in ways.of_many}
    way = of_many.get(widest(session, list(of_many)) or "")
    if way is None:
        return None
    of_unit = _by_months(session, about(SEEN, way), wanted, lasts, seen_in(way))
    others = picked(session, ways.beyond(way), wanted, lasts) if of_unit is not None else None
    return _together([of_unit, _added(others)]) if of_unit is not None and others is not None else None


def _within(session: Session, wanted: Wanted, lasts: Sequence[date]) -> Kept | None:
    named = {UNIT: wanted.unit and SAID + wanted.unit, TOWN: wanted.town, CATEGORY: wanted.category}
    asked = [about(name, key) for name, key in named.items() if key is not None]
    if len(asked) != 1 or wanted.leader is not None:
        return None
    return _by_months(session, asked[0], wanted, lasts, None)


def _by_months(
    session: Session, one: str, wanted: Wanted, lasts: Sequence[date], seen: Select[UUID] | None
) -> Kept | None:
    """The figures of the wanted needs of ``one`` (``about``): whole months by its sums, the days at either end by the
    part of each need, of those ``seen`` (None: of all). None where the sums cannot tell."""
    first = wanted.since if wanted.since.day == 1 else _following(wanted.since)
    # nothing is registered in days to come
    whole = wanted.until >= clock.today() or _following(wanted.until) == wanted.until + timedelta(days=1)
    after = _following(wanted.until) if whole else wanted.until.replace(day=1)
    if first >= after:
        return None
    found = within_sums(session, one, first, after - timedelta(days=1), wanted.on, lasts)
    if found is None:
        return None
    parts = [_told(found)]
    for since, until in ((wanted.since, first - timedelta(days=1)), (after, wanted.until)):
        if since <= until:
            begun = begun_within(since, until)
            begun = begun.where(Instance.id.in_(seen)) if seen is not None else begun
            some = picked(session, begun, replace(wanted, since=since, until=until), lasts)
            if some is None:
                return None
            parts.append(_added(some))
    return _together(parts)


def _following(day: date) -> date:
    """The first day of the month after that of a day."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _together(parts: Sequence[Kept]) -> Kept:
    """The figures of needs that are told in parts, no need in two of them."""
    told, counts = Kept(), dict[tuple[str, str | None], Counter[str]]()
    for part in parts:
        for row in part.rows:
            numbers = counts.setdefault((row["dimension"], row["key"]), Counter())
            numbers.update({figure: row[figure] for figure in FIGURES})
        told.steps += part.steps
        for stage, number in part.cases.items():
            told.cases[stage] = told.cases.get(stage, 0) + number
        for kind, leads in part.leads.items():
            of_kind = told.leads.setdefault(kind, {})
            for lead, (needs, back) in leads.items():
                before = of_kind.get(lead, (0, 0))
                of_kind[lead] = before[0] + needs, before[1] + back
    told.rows = [{"dimension": dimension, "key": key, **numbers} for (dimension, key), numbers in counts.items()]
    return told


def kept_answers(session: Session, since: date, on: date) -> Mapping[str, Answers] | None:
    """Unit → all its answers from ``since`` on, as of the end of a day; None where they must be counted one by one. A
    fixed number of statements."""
    found = answer_sums(session, since, on)
    return _told(found).answers if found is not None else None


def _added(found: Picked) -> Kept:
    told, counts = Kept(), dict[tuple[str, str | None], dict[str, int]]()

    def add(dimension: str, key: str | None, bits: int, number: int) -> None:
        numbers = counts.setdefault((dimension, key), dict.fromkeys(FIGURES, 0))
        for figure in figures_of(bits):
            numbers[figure] += number

    for (bits, place, *said), number in found.needs.items():
        add(TOTAL, None, bits, number)
        add(MONTH, str(place), bits, number)
        for dimension, key in zip((TOWN, CATEGORY, LEADER), said, strict=True):
            add(dimension, _said(key), bits, number)
    for (unit, bits), number in found.units.items():
        add(UNIT, _said(unit), bits, number)
    told.rows = [{"dimension": dimension, "key": key, **numbers} for (dimension, key), numbers in counts.items()]
    for (led, bits), number in found.leads.items():
        category, town, lead = json.loads(led)
        needs = told.leads.setdefault((category, town), {})
        number_of, back = needs.get(lead, (0, 0))
        needs[lead] = (number_of + number, back + (number if REDISPATCHED in figures_of(bits) else 0))
    for (key, first, last), number in found.steps.items():
        told.steps.append((*_stage(key), date.fromordinal(first), date.fromordinal(last), number))
    told.cases = {_stage(key): number for key, number in found.stages.items()}
    return told


def _said(key: str) -> str | None:
    return key.removeprefix(SAID) if key.startswith(SAID) else None


def _told(found: Sums) -> Kept:
    told, counts = Kept(), dict[tuple[str, str | None], dict[str, int]]()
    answers: dict[str, dict[str, int]] = {}
    for (dimension, key, place, figure), number in found.items():
        if dimension == STEPS:
            stage, first, last = key.rsplit("|", 2)
            told.steps.append((*_stage(stage), date.fromisoformat(first), date.fromisoformat(last), number))
        elif dimension == STAGE and figure == CASES:
            told.cases[_stage(key)] = number
        elif dimension == DISPATCH:
            category, town, lead = json.loads(key)
            needs = told.leads.setdefault((category, town), {})
            number_of, back = needs.get(lead, (0, 0))
            needs[lead] = (number_of + number, back) if figure == REGISTERED else (number_of, back + number)
        elif dimension == ANSWERS:
            answers.setdefault(key.removeprefix(SAID), {})[figure] = number
        else:
            said = _said(key)
            numbers = counts.setdefault((dimension, said), {})
            numbers[figure] = numbers.get(figure, 0) + number
            if dimension == TOTAL:
                counts.setdefault((MONTH, str(place)), {})[figure] = number
    for (dimension, said), numbers in counts.items():
        if numbers.get(REGISTERED):
            told.rows.append({"dimension": dimension, "key": said, **dict.fromkeys(FIGURES, 0), **numbers})
    names = (ANSWERED_IN_TIME, ANSWERED_LATE, UNANSWERED)
    told.answers = {unit: Answers(*(given.get(name, 0) for name in names)) for unit, given in answers.items()}
    return told


def _stage(key: str) -> tuple[str, bool]:
    return key.removesuffix(f".{UNIT}"), key.endswith(f".{UNIT}")
