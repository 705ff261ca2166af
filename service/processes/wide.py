"""Conditions that may let through most cases there are, each said twice.

As ``every``, the ids of all that it lets through, which is quick where these are few; and as ``each``, asked of one
case after the other from the newest on, which is quick where they are many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    and_,
    case,
    false,
    func,
    intersect,
    literal,
    literal_column,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.functions import FunctionElement

from service.db.lists import MOST_COUNTED, Page, held
from service.processes.models import Instance
from service.processes.reader_models import CaseReader
from service.processes.rules import NEED

MOST_MET = 1_000
"""So many cases are counted that one of several wide conditions lets through of those that somebody sees."""
_PROBED = 12
"""So many times as many are looked at first: where one in twelve is seen, there are more than are counted."""
_SPARE = 2_000
"""Ids beyond those that are counted which a probe looks at: some may be of another process."""


@dataclass(frozen=True, slots=True)
class Wide:
    """A condition of cases: ``every``, whose parts together give the ids of those that it lets through (a part no id
    twice), and ``each``, asked of an ``Instance``. ``dated``: parts of which each gives ids and when these cases began,
    out of an index, and no two the same id; none where there is no such index. ``among``: parts that give the same ids,
    each perhaps more than once, few of them, of which the database can tell whether an id is there; none: ``every``.
    ``seen``: of an id, whether its case is of a process and let through in one of the ways that are known of cases.
    ``slow``: the ids are told only after all of them were worked out."""

    every: Sequence[Select[UUID]]
    each: ColumnElement[bool]
    dated: Sequence[Select[UUID, datetime]] = ()
    among: Sequence[Select[UUID]] = ()
    seen: Callable[[Any, str], ColumnElement[bool]] | None = None
    slow: bool = False

    @property
    def clause(self) -> ColumnElement[bool]:
        """The condition by its ids."""
        return Instance.id.in_(self.ids())

    def ids(self, most: int | None = None) -> Select[UUID]:
        """The ids, ``most`` of them at most: where the first part gives so many, the others are not read."""
        if most is None:
            parts = list(self.every)
        else:
            first, *others = self.every
            found = select(func.count()).select_from(first.limit(most).subquery()).scalar_subquery()
            parts = [_some(first, most), *(select(unless(found, one, most).subquery().c[0]) for one in others)]
        return parts[0] if len(parts) == 1 else select(union(*parts).subquery().c[0]).limit(most)


class _Limit(FunctionElement[int]):
    """So many rows; none where as many are there already: SQLite asks a condition of no row in each row anew."""

    type = Integer()
    inherit_cache = True


@compiles(_Limit, "postgresql")
def _postgresql(element: _Limit, compiler: Any, **more: Any) -> str:
    most, _ = element.clauses
    return str(compiler.process(most, **more))


@compiles(_Limit, "sqlite")
def _sqlite(element: _Limit, compiler: Any, **more: Any) -> str:
    most, there = (compiler.process(one, **more) for one in element.clauses)
    return f"(CASE WHEN {there} THEN 0 ELSE {most} END)"


def unless(found: ScalarSelect[int], rows: Select[Any], most: int) -> Select[Any]:
    """The first ``most`` of the rows; none where so many are ``found`` already: they are not even looked for then."""
    enough = found >= most
    return rows.where(~enough).limit(_Limit(literal(most, Integer), enough))


def _some(one: Select[UUID], most: int) -> Select[UUID]:
    return select(one.limit(most).subquery().c[0])  # SQLite takes no limit within a union


def by_reader(ways: Sequence[str]) -> Wide:
    """The cases that are seen in one of these ways (``readers``)."""
    theirs = select(CaseReader.instance_id)
    # with an offset, for PostgreSQL would read all that is seen, to look at some of it
    own = theirs.where(CaseReader.reader.in_(ways)).offset(0)

    def seen(key: Any, process: str) -> ColumnElement[bool]:
        return own.where(CaseReader.instance_id == key, CaseReader.process == process).exists()

    each = own.where(CaseReader.instance_id == Instance.id).correlate(Instance).exists()
    return Wide([theirs.where(CaseReader.reader == way).correlate(None) for way in ways], each, seen=seen)


def of_process(process: str | None, *, found: bool) -> list[ColumnElement[bool]]:
    """The cases of a process, of needs those that have been filled in. ``found``: other conditions find them; SQLite,
    which counts no values, is then kept from walking through all cases of the process for them."""
    column = Instance.process.concat("") if found else Instance.process
    drafts = [Instance.id.not_in(untitled())] if process == NEED else []
    return [column == process, *drafts] if process else []


@cache
def untitled() -> Select[UUID]:
    """The cases that have been begun and not yet filled in: they are no needs yet, in no list and no figure."""
    # as a literal: SQLite looks into a partial index only where it reads the value in the statement
    draft = aliased(Instance)
    return select(draft.id).where(draft.title == literal_column("''"))


def listed(
    session: Session,
    process: str | None,
    narrow: Sequence[ColumnElement[bool]],
    wide: Sequence[Wide],
    *,
    order: Sequence[Any],
    newest: Sequence[Any] | None,
    ranked: Callable[[Sequence[ColumnElement[bool]], int, int], Select[UUID]] | None = None,
    limit: int,
    offset: int,
) -> Page[UUID]:
    """One page of the ids of cases that all conditions let through; two statements and one a condition.

    With ``newest`` as the order where the conditions let through too many to rank them: None, where the order is
    another. ``ranked`` (``ranking``), where it is given, takes the place of ``order`` where more cases are let through
    than are counted. Raises what it raises.
    """
    limit, offset = held(limit, offset)
    walked, most = newest is not None, MOST_COUNTED
    look = _looked(session, process, wide) if walked and not narrow and len(wide) == 2 else None
    few, many, counts, none = _parted(session, process, wide) if look is None else look.parted(wide)
    if none:
        return Page((), 0, limit, offset)
    asked = [*of_process(process, found=bool(few)), *narrow]
    query = select(Instance.id).where(*asked, *(one.clause for one in few), *(one.each for one in many))
    if few:  # no more than are counted: they are counted as they are put in order
        counted = query.add_columns(func.count().over()).order_by(*order).limit(limit).offset(offset)
        rows = session.execute(counted).all()
        total = rows[0][1] if rows else _counted(session, query) if offset else 0
        more, total = total > MOST_COUNTED, min(total, MOST_COUNTED)
        return Page(tuple(row[0] for row in rows), total, limit, offset, more)
    if walked and len(many) == 1 and not narrow and counts[0] > MOST_COUNTED:
        total = counts[0]
    elif walked and len(many) > 1 and many[-1].among:
        most = min(MOST_MET, MOST_COUNTED)
        met = None if look is not None and look.met > most else _met(session, process, narrow, many, most)
        if met is not None:
            return Page(tuple(met[offset : offset + limit]), len(met), limit, offset)
        total = most + 1
    elif walked and len(many) > 1 and _fit_together(session, process, narrow, many, min(MOST_MET, MOST_COUNTED)):
        most = min(MOST_MET, MOST_COUNTED)
        total = most + 1
    elif walked and many and not narrow:
        total = _in_all(session, process, many)
    elif walked and many:
        total = _among(session, [*of_process(process, found=True), *narrow], many)
    else:
        total = _of_all(session, process, query, narrowed=bool(many or narrow))
    more, total = total > most, min(total, most)
    if offset >= total and not more:
        return Page((), total, limit, offset)
    if more and ranked is not None:
        let_through = [*narrow, *(one.clause for one in few), *(one.each for one in many)]
        return Page(tuple(session.scalars(ranked(let_through, limit, offset))), total, limit, offset, more)
    found = query.order_by(*(newest if walked and newest is not None else order)).limit(limit).offset(offset)
    if walked and (driver := next((one for one in many if one.dated), None)) is not None:
        others = [*narrow, *(one.each for one in many if one is not driver)]
        dated = _by_beginning(session, process, driver, others, limit, offset)
        found = found if dated is None else dated
    return Page(tuple(session.scalars(found)), total, limit, offset, more)


@dataclass(frozen=True, slots=True)
class _Look:
    """Of two conditions, the last of which lets through more than are counted by itself: how many ids the first gives,
    counted so far, how many of these are of no case of the process, and, where they are many, how many of them the last
    one lets through, counted to more than ``MOST_MET``: then there are too many to look at all."""

    found: int
    unfit: int
    met: int
    alone: int

    def parted(self, wide: Sequence[Wide]) -> tuple[list[Wide], list[Wide], Sequence[int], bool]:
        """As ``_parted``."""
        first, last = wide
        if self.found <= MOST_COUNTED:
            return [first], [last], [self.alone], self.found == self.unfit
        return [], [first, last], [self.found - self.unfit, self.alone], False


def _looked(session: Session, process: str | None, wide: Sequence[Wide]) -> _Look | None:
    """Looks at both in one statement, so that the ids of the first condition are looked for once. None where the last
    one is of another kind, or lets through few by itself. Two statements."""
    first, last = wide
    if first.among or not last.among or last.seen is None or process is None:
        return None
    if (alone := _alone(session, last)) <= MOST_COUNTED + _SPARE:
        return None
    most = min(MOST_MET, MOST_COUNTED)
    some = first.ids(max(MOST_COUNTED + _SPARE, _PROBED * most)).cte("some")
    met = select(some.c[0]).where(last.seen(some.c[0], process))
    met = met.where(some.c[0].not_in(untitled())) if process == NEED else met
    seen = select(func.count()).select_from(met.limit(most + 1).subquery()).scalar_subquery()
    told = _told(process, select(some.c[0])).subquery()
    asked = select(told.c[0], told.c[1], case((told.c[0] > MOST_COUNTED, seen), else_=0))
    return _Look(*session.execute(asked).one(), alone)


def _fit_together(
    session: Session, process: str | None, narrow: Sequence[ColumnElement[bool]], many: Sequence[Wide], most: int
) -> bool:
    """Whether more than so many cases, of some that one of these conditions lets through, fit all. One statement."""
    first, *others = sorted(many, key=lambda one: one.slow)
    some = first.ids(_PROBED * most).subquery()
    fitting = (*of_process(process, found=True), *narrow, *(one.each for one in others))
    met = select(some.c[0]).join(Instance, Instance.id == some.c[0]).where(*fitting).limit(most + 1)
    return (session.scalar(select(func.count()).select_from(met.subquery())) or 0) > most


def _met(
    session: Session, process: str | None, narrow: Sequence[ColumnElement[bool]], many: Sequence[Wide], most: int
) -> list[UUID] | None:
    """The cases that all of these conditions let through, the newest first, where they are no more than ``most``:
    those of the first are looked for among those of the last, whichever the database takes first. One statement."""
    first, *others, last = many
    each = [*of_process(process, found=False), *narrow, *(one.each for one in others)]
    most += 1
    parts = []
    for some in first.every:
        ids = some.subquery()
        for theirs in last.among:
            # with an offset, for PostgreSQL takes the cases of a process for few and would begin with these
            met = select(ids.c[0]).where(ids.c[0].in_(theirs)).offset(0).subquery()
            found = select(Instance.id, Instance.started_at).join(met, met.c[0] == Instance.id)
            parts.append(found.where(*each).limit(most).subquery())
    every = union(*(select(part.c[0], part.c[1]) for part in parts)).subquery()
    rows = session.execute(select(every.c[0], every.c[1]).limit(most)).all()
    if len(rows) == most:
        return None
    return [key for key, _ in sorted(sorted(map(tuple, rows)), key=lambda one: one[1], reverse=True)]


def _by_beginning(
    session: Session, process: str | None, one: Wide, others: Sequence[ColumnElement[bool]], limit: int, offset: int
) -> Select[UUID] | None:
    """The newest of the cases that a condition lets through, in the order in which an index has them: where these lie
    far back, a walk from the newest on passes most cases there are. None where that is no quicker."""
    if not others:
        parts = [_ordered(part, process).limit(limit + offset).subquery() for part in one.dated]
        every = union_all(*(select(part.c[0], part.c[1]) for part in parts)).subquery()
        return select(every.c[0]).order_by(every.c[1].desc(), every.c[0]).limit(limit).offset(offset)
    if len(one.dated) > 1 or session.get_bind().dialect.name == "sqlite":  # which would ask the others before it sorts
        return None
    some = _ordered(one.dated[0], process).subquery()
    found = select(some.c[0]).join(Instance, Instance.id == some.c[0]).where(*others)
    return found.order_by(some.c[1].desc(), some.c[0]).limit(limit).offset(offset)


def _ordered(part: Select[UUID, datetime], process: str | None) -> Select[UUID, datetime]:
    key, begun = part.selected_columns[0], part.selected_columns[1]
    part = part.where(key.not_in(untitled())) if process == NEED else part
    return part.order_by(begun.desc(), key)


def _parted(
    session: Session, process: str | None, wide: Sequence[Wide]
) -> tuple[list[Wide], list[Wide], Sequence[int], bool]:
    """The conditions that let through no more than are counted, and the others; how many cases of the process each of
    these was seen to let through, and whether one lets through none at all. A statement a condition, and one of what
    somebody sees."""
    few, many, counts, none = [], [], [], False
    for one in wide:
        if one.among and len(wide) > 1 and (alone := _alone(session, one)) > MOST_COUNTED + _SPARE:
            many.append(one)
            counts.append(alone)
            continue
        found, unfit = _of_ids(session, process, one.ids(MOST_COUNTED + _SPARE))
        if found <= MOST_COUNTED:
            few.append(one)
            none = none or found == unfit
        else:
            many.append(one)
            counts.append(found - unfit)
    return few, many, counts, none


def _alone(session: Session, one: Wide) -> int:
    """The ids that a single part gives, counted so far that these are many, where one gives so many; else 0. Told
    without putting parts together: after the first that does, none is read. One statement."""
    most = MOST_COUNTED + _SPARE + 1
    counts = [select(func.count()).select_from(part.limit(most).subquery()).scalar_subquery() for part in one.every]
    return int(session.scalar(select(case(*((number >= most, most) for number in counts), else_=0))) or 0)


def _of_ids(session: Session, process: str | None, ids: Any) -> tuple[int, int]:
    """How many ids there are, and how many of them are of cases of another process, or of no needs yet."""
    if not process:
        return session.scalar(select(func.count()).select_from(ids.subquery())) or 0, 0
    found, unfit = session.execute(_told(process, ids)).one()
    return found, unfit


def _told(process: str, ids: Any) -> Select[int, int]:
    some = ids.subquery()
    # an index holds the others side by side: where they are few, no case is looked up
    apart = select(Instance.id).where(or_(Instance.process < process, Instance.process > process))
    others = (union(apart, untitled()) if process == NEED else apart).subquery()
    query = select(func.count(), func.count(others.c.id)).select_from(some)
    return query.outerjoin(others, others.c.id == some.c[0])


def _in_all(session: Session, process: str | None, many: Sequence[Wide]) -> int:
    """How many cases all of these conditions let through: by their ids alone, without a look at each case."""
    ids = [one.ids() for one in many]
    found, unfit = _of_ids(session, process, intersect(*ids) if len(ids) > 1 else ids[0])
    return found - unfit


def _among(session: Session, narrow: Sequence[ColumnElement[bool]], many: Sequence[Wide]) -> int:
    """How many cases fit, counted so far: first among some of those that one condition lets through."""
    first, *others = many
    some = first.ids(MOST_COUNTED + _SPARE).subquery()
    narrowed = and_(*narrow, *(one.each for one in others))
    found = select(some.c[0]).join(Instance, Instance.id == some.c[0]).where(narrowed).limit(MOST_COUNTED + 1)
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    if total > MOST_COUNTED:
        return total
    return _counted(session, select(Instance.id).where(*narrow, first.clause, *(one.each for one in others)))


def _of_all(session: Session, process: str | None, query: Select[UUID], *, narrowed: bool) -> int:
    """How many cases ``query`` gives, counted so far: those of a process, where nothing has ``narrowed`` it, out of an
    index, without a look at each."""
    if narrowed or not process:
        return _counted(session, query)
    every = select(literal(1)).where(Instance.process == process).limit(MOST_COUNTED + _SPARE + 1).subquery()
    # not the bare column: SQLite would look at each case of the process for those that nobody has filled in
    own = func.coalesce(Instance.process, "") == process
    drafts = select(literal(1)).where(Instance.title == literal_column("''"), own).limit(_SPARE + 1)
    unfit = drafts.subquery() if process == NEED else drafts.where(false()).subquery()
    counts = [select(func.count()).select_from(one).scalar_subquery() for one in (every, unfit)]
    found, begun = session.execute(select(*counts)).one()
    return found - begun if begun <= _SPARE else _counted(session, query)


def _counted(session: Session, query: Select[UUID]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED + 1).subquery())) or 0
