"""The figures of the needs of one unit, one town or one category, and of those that a whole unit sees, kept summed by
month of registering (adr/0101, adr/0118).

The sums of ``figure_tallies`` are those of all needs. Here the same figures are kept once more for each value of
``ABOUTS``, as of the day up to which everything is ``settled``: what changes by itself after it, such as a date that
passes, stands under its own day. Days before it are told by the parts of the needs (``figure_picking``).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Table, case, delete, func, insert, literal_column, null, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from service import clock
from service.db import Base
from service.processes.figure_folding import (
    CASES,
    CATEGORY,
    DISPATCH,
    DONE_STEPS,
    LEADER,
    OF_DISPATCH,
    SAID,
    STAGE,
    STEPS,
    TOTAL,
    TOWN,
    UNIT,
    UNSAID,
    figures_of,
    steps_done,
    then,
)
from service.processes.figure_models import FigureCase, FigureWithin
from service.processes.models import Instance
from service.processes.need_figures import REGISTERED
from service.processes.rules import NEED

ABOUTS = (UNIT, TOWN, CATEGORY)
"""The dimensions of which each value has sums of its own."""
SEEN = "seen"
"""Before a way in which a whole unit sees needs (``readers.of_many``): these have sums of their own too."""
SETTLED = clock.FIRST_DAY
"""The day under which all stands that has happened."""
_ROWS: Table = Base.metadata.tables[FigureWithin.__tablename__]
_KEYS = [column.name for column in _ROWS.primary_key]
_MARK = "settled"
"""The dimension of the one row of which ``day`` is the day up to which all is settled."""
_BATCH = 1000

Sums = dict[tuple[str, str, int | None, str], int]
"""(dimension, key, place of the days asked about or None, figure) → number."""


class Part(NamedTuple):
    """A row but for its number; days as ordinals, ``day`` the first of the month of registering."""

    about: str
    day: int
    on_day: int
    dimension: str
    key: str
    figure: str


def about(dimension: str, key: str) -> str:
    """The needs of a value of one of ``ABOUTS``, as rows name them; ``key`` as the tallies have it. Or those that are
    ``SEEN`` in a way."""
    return f"{dimension}:{key}"


# --- What a need adds ------------------------------------------------------------------------------------------------


def parts(told: str, settled: int) -> Counter[Part]:
    """The rows that a need adds by what it tells, each with its number."""
    data = json.loads(told)
    month = date.fromordinal(data["day"]).replace(day=1).toordinal()
    days = {state[0] for state in data["states"]} | {turn for step in data["steps"] for turn in step[3:]}
    made: Counter[Part] = Counter()
    before: Counter[tuple[str, str, str, str]] = Counter()
    for on in [settled, *sorted(day for day in days if day > settled)]:
        now = Counter(_at(data, on))
        for cell in before.keys() | now.keys():
            if grown := now[cell] - before[cell]:
                one, *rest = cell
                made[Part(one, month, on if on > settled else SETTLED.toordinal(), *rest)] += grown
        before = now
    return made


def moved(before: Mapping[UUID, str], now: Mapping[UUID, str], settled: int) -> Counter[Part]:
    """By how much the rows change where needs tell something else than before."""
    found: Counter[Part] = Counter()
    for one in before.keys() | now.keys():
        was, grown = before.get(one), now.get(one)
        if was != grown:
            if grown is not None:
                found.update(parts(grown, settled))
            if was is not None:
                found.subtract(parts(was, settled))
    return Counter({part: number for part, number in found.items() if number})


def _at(data: Any, on: int) -> Iterator[tuple[str, str, str, str]]:
    """(about, dimension, key, figure) of all that a need counts in at the end of a day, each as often as it does."""
    state = then(data["states"], on)
    if state is None or not state[1]:
        return
    _, bits, said, units, led = state
    seen = (about(SEEN, way) for way in data.get("ways", ()))
    for one in (about(TOWN, said[0]), about(CATEGORY, said[1]), *seen):
        if led is not None:
            yield from _of(one, DISPATCH, led, bits & OF_DISPATCH)
        yield from _within(one, bits, said, units)
        yield from _of_steps(one, data, on, None)
    for unit, own in units.items():
        yield from _within(about(UNIT, unit), own, said, {unit: own})
        yield from _of_steps(about(UNIT, unit), data, on, unit.removeprefix(SAID))


def _within(one: str, bits: int, said: Sequence[str], units: Mapping[str, int]) -> Iterator[tuple[str, str, str, str]]:
    for dimension, key in zip((TOTAL, TOWN, CATEGORY, LEADER), (UNSAID, *said), strict=True):
        yield from _of(one, dimension, key, bits)
    for unit, own in units.items():
        yield from _of(one, UNIT, unit, own)


def _of(one: str, dimension: str, key: str, bits: int) -> Iterator[tuple[str, str, str, str]]:
    return ((one, dimension, key, figure) for figure in figures_of(bits))


def _of_steps(one: str, data: Any, on: int, unit: str | None) -> Iterator[tuple[str, str, str, str]]:
    stages = set()
    for key, began, until in steps_done(data, on, unit):
        yield one, STEPS, f"{key}|{date.fromordinal(began)}|{date.fromordinal(until)}", DONE_STEPS
        stages.add(key)
    yield from ((one, STAGE, key, CASES) for key in stages)


# --- Keeping ---------------------------------------------------------------------------------------------------------


def settled_on(session: Session) -> date | None:
    """The day up to which all is settled; None before anything was taken in. One statement."""
    return session.scalar(select(FigureWithin.day).where(FigureWithin.about == "", FigureWithin.dimension == _MARK))


def settle(session: Session, today: date) -> int:
    """Settles what has happened by itself up to a day; gives the day up to which all is settled, as an ordinal."""
    was = settled_on(session)
    if was is None:
        mark = {"about": "", "day": today, "on_day": SETTLED, "dimension": _MARK, "key": "", "figure": ""}
        session.execute(insert(_ROWS), [{**mark, "number": 1}])
        return today.toordinal()
    if was >= today:
        return was.toordinal()
    rows = _ROWS.c
    each = (rows.about, rows.day, rows.dimension, rows.key, rows.figure)
    passed = (rows.on_day > SETTLED, rows.on_day <= today)
    found = session.execute(select(*each, func.sum(rows.number)).where(*passed).group_by(*each)).all()
    session.execute(delete(_ROWS).where(*passed))
    at = SETTLED.toordinal()
    add(session, {Part(one, day.toordinal(), at, *rest): int(number) for one, day, *rest, number in found})
    session.execute(update(_ROWS).where(rows.about == "", rows.dimension == _MARK).values(day=today))
    return today.toordinal()


def add(session: Session, some: Mapping[Part, int]) -> None:
    """Adds to the rows; those that are nothing then are gone."""
    kind = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    made = kind(_ROWS)
    made = made.on_conflict_do_update(index_elements=_KEYS, set_={"number": _ROWS.c.number + made.excluded.number})
    rows = [
        {
            **part._asdict(),
            "day": date.fromordinal(part.day),
            "on_day": date.fromordinal(part.on_day),
            "number": number,
        }
        for part, number in sorted(some.items())
        if number
    ]
    if rows:
        session.execute(made, rows)
        session.execute(delete(_ROWS).where(_ROWS.c.number == literal_column("0")))


# --- Asking ----------------------------------------------------------------------------------------------------------


def sums(session: Session, one: str, since: date, until: date, on: date, lasts: Sequence[date]) -> Sums:
    """The figures of the needs of ``one`` (``about``) that were registered in whole months, as of the end of a day that
    is settled or later; those of all of them by days of registering of which each group ends with one of ``lasts``. One
    statement; what waits to be taken in is not among them."""
    rows = FigureWithin
    month = case((rows.dimension == TOTAL, rows.day), else_=null()).label("month")
    each = (rows.dimension, rows.key, rows.figure)
    query = select(*each, month, func.sum(rows.number)).group_by(*each, month)
    query = query.where(rows.about == one, rows.day.between(since, until), rows.on_day <= on)
    found: Sums = {}
    for dimension, key, figure, day, number in session.execute(query):
        where = bisect_left(lasts, _day(day)) if day is not None else None
        found[dimension, key, where, figure] = found.get((dimension, key, where, figure), 0) + int(number)
    return found


def widest(session: Session, several: Sequence[str]) -> str | None:
    """Of several (``about``) that with the most needs; None of none. One statement, where there is a choice."""
    if len(several) < 2:
        return next(iter(several), None)
    rows, number = FigureWithin, func.sum(FigureWithin.number)
    counted = select(rows.about).where(rows.about.in_(several), rows.dimension == TOTAL, rows.figure == REGISTERED)
    return session.scalar(counted.group_by(rows.about).order_by(number.desc(), rows.about).limit(1)) or several[0]


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def beside(
    found: Sums, some: Mapping[Part, int], one: str, since: date, until: date, on: date, lasts: Sequence[date]
) -> None:
    """Adds to the same what needs tell that wait to be taken in (``moved``)."""
    for part, number in some.items():
        day = date.fromordinal(part.day)
        if part.about == one and since <= day <= until and part.on_day <= on.toordinal():
            where = bisect_left(lasts, day) if part.dimension == TOTAL else None
            key = part.dimension, part.key, where, part.figure
            found[key] = found.get(key, 0) + number


# --- Whether they are right ------------------------------------------------------------------------------------------


def differ(session: Session) -> bool:
    """Whether the rows are other than the sum of what the kept parts of all needs tell.

    Both are added up as numbers that chance gives each row: there may be more of them than memory takes.
    """
    settled = settled_on(session)
    chance = secrets.token_bytes(16)
    rows = FigureWithin
    query = select(rows.about, rows.day, rows.on_day, rows.dimension, rows.key, rows.figure, rows.number)
    have = 0
    for one, day, on_day, *rest, number in session.execute(query.where(rows.about != "").execution_options(**_STREAM)):
        have += number * _weight(chance, Part(one, day.toordinal(), on_day.toordinal(), *rest))
    told = select(FigureCase.told).join(Instance, Instance.id == FigureCase.instance_id).where(Instance.process == NEED)
    must = 0
    for said in session.scalars(told.execution_options(**_STREAM)):
        if settled is None:
            return True
        must += _weighed(chance, parts(said, settled.toordinal()).items())
    return have != must


_STREAM: Mapping[str, Any] = {"yield_per": _BATCH}


def _weighed(chance: bytes, some: Iterable[tuple[Part, int]]) -> int:
    return sum(number * _weight(chance, part) for part, number in some)


def _weight(chance: bytes, part: Part) -> int:
    text = "\x1f".join(map(str, part)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16, key=chance).digest(), "big")
