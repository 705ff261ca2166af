"""Conditions that may let through most cases there are, each said twice.

As ``every``, the ids of all that it lets through, which is quick where these are few; and as ``each``, asked of one
case after the other from the newest on, which is quick where they are many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, union
from sqlalchemy.orm import Session

from service.db.lists import MOST_COUNTED, Page, held
from service.processes.models import Instance
from service.processes.reader_models import CaseReader

_SPARE = 2_000
"""Ids beyond those that are counted which a probe looks at: some may be of another process."""


@dataclass(frozen=True, slots=True)
class Wide:
    """A condition of cases: ``every``, whose parts together give the ids of those that it lets through (a part no id
    twice), and ``each``, asked of an ``Instance``."""

    every: Sequence[Select[UUID]]
    each: ColumnElement[bool]

    @property
    def clause(self) -> ColumnElement[bool]:
        """The condition by its ids."""
        return Instance.id.in_(self.ids())

    def ids(self, most: int | None = None) -> Select[UUID]:
        """The ids, ``most`` of them at most."""
        parts = [one if most is None else _some(one, most) for one in self.every]
        return parts[0] if len(parts) == 1 else select(union(*parts).subquery().c[0]).limit(most)


def _some(one: Select[UUID], most: int) -> Select[UUID]:
    return select(one.limit(most).subquery().c[0])  # SQLite takes no limit within a union


def by_reader(ways: Sequence[str]) -> Wide:
    """The cases that are seen in one of these ways (``readers``)."""
    theirs = select(CaseReader.instance_id)
    own = theirs.where(CaseReader.reader.in_(ways), CaseReader.instance_id == Instance.id).correlate(Instance)
    return Wide([theirs.where(CaseReader.reader == way).correlate(None) for way in ways], own.exists())


def of_process(process: str | None, *, found: bool) -> list[ColumnElement[bool]]:
    """The cases of a process. ``found``: other conditions find them; SQLite, which counts no values, is then kept from
    walking through all cases of the process for them."""
    column = Instance.process.concat("") if found else Instance.process
    return [column == process] if process else []


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
    few, many, counts = _parted(session, process, wide)
    asked = [*of_process(process, found=bool(few)), *narrow]
    query = select(Instance.id).where(*asked, *(one.clause for one in few), *(one.each for one in many))
    walked = newest is not None and not few
    if walked and len(many) == 1 and not narrow and counts[0] > MOST_COUNTED:
        total = counts[0]
    elif walked and many:
        total = _among(session, [*of_process(process, found=True), *narrow], many)
    else:
        total = _counted(session, query)
    more, total = total > MOST_COUNTED, min(total, MOST_COUNTED)
    if offset >= total and not more:
        return Page((), total, limit, offset)
    if more and ranked is not None:
        let_through = [*narrow, *(one.clause for one in few), *(one.each for one in many)]
        return Page(tuple(session.scalars(ranked(let_through, limit, offset))), total, limit, offset, more)
    found = query.order_by(*(newest if walked and newest is not None else order))
    return Page(tuple(session.scalars(found.limit(limit).offset(offset))), total, limit, offset, more)


def _parted(
    session: Session, process: str | None, wide: Sequence[Wide]
) -> tuple[list[Wide], list[Wide], Sequence[int]]:
    """The conditions that let through no more than are counted, and the others; how many cases of the process each of
    these was seen to let through. A statement a condition."""
    few, many, counts = [], [], []
    for one in wide:
        some = one.ids(MOST_COUNTED + _SPARE).subquery()
        of_these = and_(Instance.id == some.c[0], *of_process(process, found=True))
        found, fitting = session.execute(
            select(func.count(), func.count(Instance.id)).select_from(some).outerjoin(Instance, of_these)
        ).one()
        if found <= MOST_COUNTED:
            few.append(one)
        else:
            many.append(one)
            counts.append(fitting)
    return few, many, counts


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


def _counted(session: Session, query: Select[UUID]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(MOST_COUNTED + 1).subquery())) or 0
