"""The newest cases that somebody sees, read from each way in which they are seen: as many rows as are shown, not as
many as there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from service.db.lists import MOST_COUNTED, Page, held
from service.processes import visibility
from service.processes.filters import BEST, CaseFilter
from service.processes.models import COMPLETED, RUNNING, SUSPENDED, TERMINATED, Instance
from service.processes.reader_models import CaseReader
from service.processes.rules import NEED
from service.processes.visibility import Ways
from service.processes.wide import of_process, untitled
from service.rights import Actor

_STATUSES = (RUNNING, SUSPENDED, COMPLETED, TERMINATED)
_FAR = 2_000
"""So far down a list is read way by way; further down it is sorted."""


def is_plain(actor: Actor, wanted: CaseFilter, offset: int) -> bool:
    """Whether the list is of the newest cases that somebody sees, who does not see all, narrowed by status alone."""
    plain = CaseFilter(process=wanted.process, status=wanted.status, sort=wanted.sort)
    newest = wanted.sort in (BEST, "-started")
    return bool(wanted.process) and wanted == plain and newest and offset < _FAR and not visibility.sees_all(actor)


def newest(session: Session, actor: Actor, wanted: CaseFilter, limit: int, offset: int) -> Page[UUID]:
    """One page of the ids of such a list; three statements at most."""
    limit, offset = held(limit, offset)
    ways = visibility.ways_of(session, actor)
    most = MOST_COUNTED + 1
    each = [select(func.count()).select_from(one.subquery()).scalar_subquery() for one in _known(ways, wanted, most)]
    counted = session.execute(select(*each)).one()
    alone = max(sum(counted[start :: len(ways.known)]) for start in range(len(ways.known)))
    more = alone > MOST_COUNTED
    if more:
        total = MOST_COUNTED
    else:
        every = union(*(_few(one) for one in _all(ways, wanted, most))).subquery()
        total = session.scalar(select(func.count()).select_from(every)) or 0
        more, total = total > MOST_COUNTED, min(total, MOST_COUNTED)
    if offset >= total and not more:
        return Page((), total, limit, offset)
    every = union(*(_few(one) for one in _all(ways, wanted, offset + limit))).subquery()
    found = select(every.c[0]).order_by(every.c[1].desc(), every.c[0]).limit(limit).offset(offset)
    return Page(tuple(session.scalars(found)), total, limit, offset, more)


def first_begun(session: Session, actor: Actor, process: str) -> datetime | None:
    """When the first of the cases of a process began that somebody sees, who does not see all; one statement."""
    ways, begun = visibility.ways_of(session, actor), CaseReader.started_at
    wanted = CaseFilter(process=process)
    each = [_seen(CaseReader.reader == way, one, wanted) for one in _STATUSES for way in ways.known]
    parts = [some.with_only_columns(begun).order_by(begun).limit(1).scalar_subquery() for some in each]
    if ways.talents is not None:
        served = [_seen(CaseReader.reader.in_(ways.talents), one, wanted) for one in _STATUSES]
        parts += [some.with_only_columns(func.min(begun)).scalar_subquery() for some in served]
    copied = select(func.min(Instance.started_at)).where(ways.copied, *of_process(process, found=True))
    found = session.execute(select(*parts, copied.scalar_subquery())).one()
    return min((moment for moment in found if moment is not None), default=None)


def _known(ways: Ways, wanted: CaseFilter, most: int) -> Iterator[Select[UUID, datetime]]:
    """The newest cases of each known way: for each status in turn, as the index has them, those of all ways."""
    for status in [wanted.status] if wanted.status else _STATUSES:
        for way in ways.known:
            yield _of(CaseReader.reader == way, status, wanted, most)


def _all(ways: Ways, wanted: CaseFilter, most: int) -> Iterator[Select[UUID, datetime]]:
    yield from _known(ways, wanted, most)
    statuses: Sequence[str] = [wanted.status] if wanted.status else _STATUSES
    if ways.talents is not None:
        for status in statuses:
            yield _of(CaseReader.reader.in_(ways.talents), status, wanted, most)
    # neither sorted nor cut: SQLite would walk through all cases there are, from the newest on, for the few copied ones
    copied = select(Instance.id, Instance.started_at).where(ways.copied, *of_process(wanted.process, found=True))
    yield copied.where(Instance.status.in_(statuses))


def _of(way: Any, status: str, wanted: CaseFilter, most: int) -> Select[UUID, datetime]:
    found = _seen(way, status, wanted)
    return found.order_by(CaseReader.started_at.desc(), CaseReader.instance_id).limit(most)


def _seen(way: Any, status: str, wanted: CaseFilter) -> Select[UUID, datetime]:
    found = select(CaseReader.instance_id, CaseReader.started_at)
    found = found.where(way, CaseReader.process == wanted.process, CaseReader.status == status)
    if wanted.process == NEED:
        found = found.where(CaseReader.instance_id.not_in(untitled()))
    return found


def _few(one: Select[UUID, datetime]) -> Select[UUID, datetime]:
    """As a part of a union: SQLite takes no order within one but in a query of its own."""
    within = one.subquery()
    return select(within.c[0], within.c[1])
