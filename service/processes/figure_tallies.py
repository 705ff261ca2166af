"""The figures of needs kept summed by day: a question reads some hundred sums instead of all needs (adr/0068).

The database itself notes the cases of which days or clocks change, in the same transaction (``FigureDue``). The worker
takes them in, some at a time; what is not taken in yet, whoever asks takes in for the moment, so that sums are always
those of this very moment. They are made of rows that follow from the journal, by ``figure_folding``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Table, case, delete, func, insert, literal_column, null, or_, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from service import clock
from service.db import Base, Database
from service.db.lists import chunks
from service.errors import DAMAGE
from service.processes import case_orders, figure_within, readers, said_rows
from service.processes.case_orders import readable
from service.processes.figure_folding import ANSWERS, TOTAL, Cell, cells, runs_of, span_of, told_of
from service.processes.figure_models import FigureCase, FigureDue, FigureTally, FigureWithin
from service.processes.figure_within import Part, Sums
from service.processes.models import CaseSpan, ClockRun, Instance, UserTask
from service.processes.reader_models import CaseReader
from service.processes.rules import NEED

AT_ONCE = 200
"""Cases that are taken in within one transaction."""
MOST_ASIDE = 200
"""Cases that a question takes in for the moment; where more wait, it counts all needs one by one."""
_SUMS: Table = Base.metadata.tables[FigureTally.__tablename__]
_KEYS = [column.name for column in _SUMS.primary_key]
log = structlog.get_logger(__name__)
_LOCK = 0x46696775
"""Of a server with several workers: one takes in at a time, for two would sum the same case."""
_ALONE, _AWAITED = text("SELECT pg_try_advisory_xact_lock(:key)"), text("SELECT pg_advisory_xact_lock(:key)")
_OF_SPAN = (
    *("instance_id", "from_on", "until_on", "status", "number", "title"),
    *("leader_id", "ended_at", "end", "category", "town", "outcome", "lead_unit"),
)
_OF_RUN = ("id", "task_id", "instance_id", "role", "unit", "due_on", "from_on", "until_on", "ended", "void_on")


def take_in(session: Session, limit: int = AT_ONCE) -> int:
    """Sums anew the next cases that have changed; gives how many were noted. A fixed number of statements and some for
    what moved.

    A case that cannot be read stays counted as it was, and keeps no other back; whoever mends its rows notes it anew.
    """
    if session.get_bind().dialect.name != "sqlite" and not session.scalar(_ALONE, {"key": _LOCK}):
        return 0
    noted = session.execute(select(FigureDue.id, FigureDue.instance_id).order_by(FigureDue.id).limit(limit * 5)).all()
    chosen = sorted(list(dict.fromkeys(instance for _, instance in noted))[:limit])
    # forgotten before anything is read: whoever changes one of them meanwhile notes it anew
    marks = [mark for mark, instance in noted if instance in set(chosen)]
    at_once = {"synchronize_session": False}
    for some in chunks(marks):
        session.execute(delete(FigureDue).where(FigureDue.id.in_(some)), execution_options=at_once)
    before, now, changes, within, closed = _told_apart(session, chosen, figure_within.settle(session, clock.today()))
    moved, rows = [one for one in chosen if before.get(one) != now.get(one)], case_orders.moved(session, chosen)
    said = said_rows.moved(session, chosen)
    add(session, changes)
    figure_within.add(session, within)
    for part in chunks(moved):
        session.execute(delete(FigureCase).where(FigureCase.instance_id.in_(part)), execution_options=at_once)
    fresh = [{"instance_id": one, "told": now[one]} for one in moved if one in now]
    _hold(session, {row["instance_id"] for row in (*fresh, *rows.fresh, *said.fresh)})
    if fresh:
        session.execute(insert(FigureCase), fresh)
    case_orders.write(session, rows)
    said_rows.write(session, said)
    if closed:
        log.warning("figures_unreadable", cases=sorted(map(str, closed)))
    return len(noted)


class _Apart(NamedTuple):
    """The parts that the tallies hold of cases, those that their rows tell now, by how much the tallies change and the
    sums of ``figure_within``, and the cases of which one cannot be read: these stay out of all others."""

    before: Mapping[UUID, str]
    now: Mapping[UUID, str]
    changes: Counter[Cell]
    within: Counter[Part]
    closed: frozenset[UUID]


def _told_apart(session: Session, cases: Sequence[UUID], settled: int | None) -> _Apart:
    """The parts of these cases apart from those that somebody wrote past the service; ``settled``: as of which day
    ``within`` is told (None: not at all)."""
    (before, unread), (now, untold) = readable(partial(kept, session), cases), readable(partial(told, session), cases)
    closed = unread | untold
    try:
        if not closed:
            return _Apart(before, now, moved_cells(before, now), _moved_within(before, now, settled), closed)
    except DAMAGE:
        pass
    closed |= {one for one, part in before.items() if part != now.get(one) and not _legible(part)}
    before, now = _without(before, closed), _without(now, closed)
    return _Apart(before, now, moved_cells(before, now), _moved_within(before, now, settled), closed)


def _moved_within(before: Mapping[UUID, str], now: Mapping[UUID, str], settled: int | None) -> Counter[Part]:
    return figure_within.moved(before, now, settled) if settled is not None else Counter()


def _legible(part: str) -> bool:
    try:
        cells(part)
        figure_within.parts(part, clock.FIRST_DAY.toordinal())
    except DAMAGE:
        return False
    return True


def _without(parts: Mapping[UUID, str], closed: Collection[UUID]) -> dict[UUID, str]:
    return {one: part for one, part in parts.items() if one not in closed}


def _hold(session: Session, cases: Collection[UUID]) -> None:
    """Takes the locks of rows that name these cases, in the order in which steps lock cases (``lock_cases_of``): the
    rows, written one after the other, would take them in their own, and two might wait for each other in a ring."""
    if session.get_bind().dialect.name != "sqlite":
        for part in chunks(sorted(cases)):
            locked = select(Instance.id).where(Instance.id.in_(part)).order_by(Instance.id)
            session.execute(locked.with_for_update(read=True, key_share=True))


def work(database: Database) -> bool:
    """Takes in some of what has changed; whether there was any."""
    with database.reading() as session:
        if session.scalar(select(FigureDue.id).limit(1)) is None:
            return False
    with database.transaction() as session:
        return take_in(session) > 0


def take_in_all(database: Database) -> int:
    """Takes in all that has changed; gives how many transactions it took."""
    done = 0
    while work(database):
        done += 1
    return done


def told(session: Session, cases: Sequence[UUID]) -> dict[UUID, str]:
    """The part of each of these cases in the tallies as it stands now, as JSON; no word of what is no need. Four
    statements for some hundred."""
    found: dict[UUID, str] = {}
    for part in chunks(cases):
        begun = {
            one: clock.local(at).date().toordinal()
            for one, at in session.execute(
                select(Instance.id, Instance.started_at).where(Instance.id.in_(part), Instance.process == NEED)
            )
        }
        spans = _rows(session, select(*(getattr(CaseSpan, name) for name in _OF_SPAN)), CaseSpan.instance_id, begun)
        of_task = (UserTask.task, UserTask.scope, UserTask.stage)
        query = select(*(getattr(ClockRun, name) for name in _OF_RUN), *of_task)
        query = query.join(UserTask, UserTask.id == ClockRun.task_id)
        runs = _rows(session, query, ClockRun.instance_id, begun)
        of_many = or_(*(CaseReader.reader.startswith(first, autoescape=True) for first in readers.OF_MANY))
        ways = _rows(
            session, select(CaseReader.instance_id, CaseReader.reader).where(of_many), CaseReader.instance_id, begun
        )
        for one, registered in begun.items():
            stretches = sorted(map(span_of, spans.get(one, ())), key=lambda span: span.first)
            opened = (row["reader"] for row in ways.get(one, ()))
            found[one] = told_of(registered, stretches, runs_of(runs.get(one, [])), opened)
    return found


def _rows(session: Session, query: Any, owner: Any, cases: Iterable[UUID]) -> dict[UUID, list[Mapping[str, Any]]]:
    rows: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in session.connection().execute(query.where(owner.in_(list(cases)))).mappings():
        rows.setdefault(row["instance_id"], []).append(dict(row))
    return rows


def kept(session: Session, cases: Sequence[UUID]) -> dict[UUID, str]:
    """The part of each of these cases that the tallies hold."""
    found: dict[UUID, str] = {}
    for part in chunks(cases):
        query = select(FigureCase.instance_id, FigureCase.told).where(FigureCase.instance_id.in_(part))
        found |= {row.instance_id: row.told for row in session.execute(query)}
    return found


def moved_cells(before: Mapping[UUID, str], now: Mapping[UUID, str]) -> Counter[Cell]:
    """By how much the tallies change where cases tell something else than before."""
    moved: Counter[Cell] = Counter()
    for one in before.keys() | now.keys():
        was, grown = before.get(one), now.get(one)
        if was != grown:
            if grown is not None:
                moved.update(cells(grown))
            if was is not None:
                moved.subtract(cells(was))
    return Counter({cell: number for cell, number in moved.items() if number})


def add(session: Session, moved: Mapping[Cell, int]) -> None:
    """Adds to the rows of the tallies; those that are nothing then are gone."""
    kind = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    rows = [
        {
            "dimension": cell.dimension,
            "day": date.fromordinal(cell.day),
            "on_day": date.fromordinal(cell.on_day),
            "key": cell.key,
            "figure": cell.figure,
            "number": number,
        }
        for cell, number in sorted(moved.items())
    ]
    if rows:
        made = kind(_SUMS)
        made = made.on_conflict_do_update(index_elements=_KEYS, set_={"number": _SUMS.c.number + made.excluded.number})
        session.execute(made, rows)
        session.execute(delete(_SUMS).where(_SUMS.c.number == literal_column("0")))


# --- Asking ----------------------------------------------------------------------------------------------------------


def sums(session: Session, since: date, until: date, on: date, bins: Sequence[tuple[date, date]]) -> Sums | None:
    """The figures of the needs registered in a period, as of the end of a day: of all needs by ``bins`` of days, and by
    each other dimension. ``ANSWERS`` are those given from ``since`` on. None where too many cases wait to be taken in.

    Four statements; more, and always as many, where cases wait.
    """
    due = waiting(session)
    if due is None:
        return None
    rows = FigureTally
    placed = [(rows.day <= last, place) for place, (_, last) in enumerate(bins)]
    place: ColumnElement[Any] = case((rows.dimension == TOTAL, case(*placed))).label("place")
    found: Sums = {}
    each = (rows.dimension, rows.key, rows.figure)
    of_needs = select(*each, func.sum(rows.number), place).group_by(*each, place)
    of_needs = of_needs.where(rows.dimension != ANSWERS, rows.day.between(since, until), rows.on_day <= on)
    for query in (of_needs, _of_answers(since, on)):
        for dimension, key, figure, number, which in session.execute(query):
            found[dimension, key, which, figure] = int(number)
    if due:
        _aside(session, due, found, (since, until, on), bins)
    return {about: number for about, number in found.items() if number}


def answer_sums(session: Session, since: date, on: date) -> Sums | None:
    """The answers that all units gave from ``since`` on, as of the end of a day; None where too many cases wait. Two
    statements; more, and always as many, where cases wait."""
    due = waiting(session)
    if due is None:
        return None
    found: Sums = {}
    for dimension, key, figure, number, which in session.execute(_of_answers(since, on)):
        found[dimension, key, which, figure] = int(number)
    if due:
        _aside(session, due, found, (since, since, on), ())
    return {about: number for about, number in found.items() if number and about[0] == ANSWERS}


def within_sums(session: Session, one: str, since: date, until: date, on: date, lasts: Sequence[date]) -> Sums | None:
    """The figures of the needs of one unit, town or category (``figure_within.about``) that were registered in whole
    months, as of the end of a day. None where too many cases wait, or for a day before all was settled. Three
    statements; more, and always as many, where cases wait."""
    settled, due = figure_within.settled_on(session), waiting(session)
    if due is None or settled is None or on < settled:
        return None
    found = figure_within.sums(session, one, since, until, on, lasts)
    if due:
        aside = _told_apart(session, due, settled.toordinal()).within
        figure_within.beside(found, aside, one, since, until, on, lasts)
    return {about: number for about, number in found.items() if number}


def waiting(session: Session) -> list[UUID] | None:
    """The cases that wait to be taken in, where they are no more than a question takes in for the moment. One
    statement."""
    due = list(session.scalars(select(FigureDue.instance_id).distinct().limit(MOST_ASIDE + 1)))
    return due if len(due) <= MOST_ASIDE else None


def _of_answers(since: date, on: date) -> Any:
    rows, each = FigureTally, (FigureTally.dimension, FigureTally.key, FigureTally.figure)
    query = select(*each, func.sum(rows.number), null()).group_by(*each)
    return query.where(rows.dimension == ANSWERS, rows.day >= since, rows.on_day <= on)


def _aside(
    session: Session, due: Sequence[UUID], found: Sums, days: tuple[date, date, date], bins: Sequence[tuple[date, date]]
) -> None:
    since, until, on = (day.toordinal() for day in days)
    lasts = [last.toordinal() for _, last in bins]
    for cell, number in _told_apart(session, due, None).changes.items():
        if cell.on_day > on or cell.day < since or (cell.dimension != ANSWERS and cell.day > until):
            continue
        of_bins = cell.dimension == TOTAL and lasts
        which = next(place for place, last in enumerate(lasts) if cell.day <= last) if of_bins else None
        about = cell.dimension, cell.key, which, cell.figure
        found[about] = found.get(about, 0) + number


# --- Anew, and whether they are right --------------------------------------------------------------------------------


def begin_anew(session: Session) -> None:
    """Forgets all sums and notes every need there is: ``take_in`` then makes them anew."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(_AWAITED, {"key": _LOCK})
    for model in (FigureTally, FigureWithin, FigureCase, FigureDue):
        session.execute(delete(model), execution_options={"synchronize_session": False})
    case_orders.forget(session)
    said_rows.forget(session)
    every = select(Instance.id).where(Instance.process == NEED).order_by(Instance.id)
    session.execute(insert(FigureDue).from_select(["instance_id"], every))


def wrong_cases(session: Session, cases: Sequence[UUID]) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Those of these cases of which the tallies, those of which ``case_order``, and those of which ``case_said`` holds
    something else than their rows tell, or what cannot be read, though none of them waits to be taken in."""
    waits = set(session.scalars(select(FigureDue.instance_id).where(FigureDue.instance_id.in_(cases))))
    asked = [one for one in cases if one not in waits]
    summed = _unlike(asked, partial(kept, session), partial(told, session))
    ordered = _unlike(asked, partial(case_orders.kept, session), partial(case_orders.told, session))
    return summed, ordered, _unlike(asked, partial(said_rows.kept, session), partial(said_rows.told, session))


def _unlike(
    cases: Sequence[UUID], have: Callable[[Sequence[UUID]], Any], must: Callable[[Sequence[UUID]], Any]
) -> list[UUID]:
    # rows of a case that cannot be read, by which nothing can be told, are findings themselves
    (before, unread), (now, untold) = readable(have, cases), readable(must, cases)
    return [one for one in cases if one in unread or (one not in untold and before.get(one) != now.get(one))]


def sums_differ(session: Session) -> bool:
    """Whether the tallies are other than the sum of what the kept parts of all cases tell."""
    try:
        return _must_be(session) != _are(session) or figure_within.differ(session)
    except DAMAGE:  # what somebody wrote there is no figure at all
        return True


def _must_be(session: Session) -> dict[Cell, int]:
    must: Counter[Cell] = Counter()
    of_needs = select(FigureCase.told).join(Instance, Instance.id == FigureCase.instance_id)
    of_needs = of_needs.where(Instance.process == NEED)
    for said in session.scalars(of_needs.execution_options(yield_per=1000)):
        must.update(cells(said))
    return {cell: number for cell, number in must.items() if number}


def _are(session: Session) -> dict[Cell, int]:
    rows, have = FigureTally, dict[Cell, int]()
    query = select(rows.dimension, rows.key, rows.day, rows.on_day, rows.figure, rows.number)
    for dimension, key, day, on_day, figure, number in session.execute(query.execution_options(yield_per=1000)):
        have[Cell(dimension, key, day.toordinal(), on_day.toordinal(), figure)] = number
    return have
