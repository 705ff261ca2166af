"""The newest cases that somebody sees, read from each way in which they are seen: as many rows as are shown, not as
many as there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Subquery, bindparam, case, func, select, union
from sqlalchemy.orm import Session

from service.db.alike import Alike
from service.db.lists import MOST_COUNTED, Page, held
from service.processes import visibility
from service.processes.filters import BEST, CaseFilter
from service.processes.models import COMPLETED, RUNNING, SUSPENDED, TERMINATED, Instance
from service.processes.reader_models import CaseReader
from service.processes.rules import NEED
from service.processes.wide import of_process, untitled
from service.rights import Actor

_STATUSES = (RUNNING, SUSPENDED, COMPLETED, TERMINATED)
_FAR = 2_000
"""So far down a list is read way by way; further down it is sorted."""
_PROCESS = bindparam("process", type_=Instance.process.type)


def is_plain(actor: Actor, wanted: CaseFilter, offset: int) -> bool:
    """Whether the list is of the newest cases that somebody sees, who does not see all, narrowed by status alone."""
    plain = CaseFilter(process=wanted.process, status=wanted.status, sort=wanted.sort)
    newest = wanted.sort in (BEST, "-started")
    return bool(wanted.process) and wanted == plain and newest and offset < _FAR and not visibility.sees_all(actor)


def newest(session: Session, actor: Actor, wanted: CaseFilter, limit: int, offset: int) -> Page[UUID]:
    """One page of the ids of such a list; three statements at most."""
    limit, offset = held(limit, offset)
    ways = visibility.ways_of(session, actor)
    known = {f"way_{place}": way for place, way in enumerate(ways.known)} | {"process": wanted.process}
    kind = (len(ways.known), wanted.process == NEED, (wanted.status,) if wanted.status else _STATUSES)
    count, _ = _COUNTED.of(*kind)
    more = bool(session.scalar(count, {**known, "most": MOST_COUNTED + 1}))
    parts = (ways.talents, ways.copied)
    if more:
        total = MOST_COUNTED
    else:
        together, values = _TOGETHER.of(*kind, parts=parts)
        total = session.scalar(together, {**known, **values, "most": MOST_COUNTED + 1}) or 0
        more, total = total > MOST_COUNTED, min(total, MOST_COUNTED)
    if offset >= total and not more:
        return Page((), total, limit, offset)
    found, values = _PAGE.of(*kind, parts=parts)
    part = {"most": offset + limit, "limit": limit, "offset": offset}
    return Page(tuple(session.scalars(found, {**known, **values, **part})), total, limit, offset, more)


def _counted(ways: int, of_need: bool, statuses: Sequence[str]) -> Select[Any]:
    """Tells 1 where one of the known ways alone has ``most`` cases, and reads no further way then, else 0."""
    theirs = [_seen(CaseReader.reader == bindparam(f"way_{place}"), _PROCESS, of_need) for place in range(ways)]
    if statuses != _STATUSES:
        theirs = [one.where(CaseReader.status.in_(statuses)) for one in theirs]
    most = bindparam("most", type_=Integer)
    parts = (select(func.count()).select_from(one.limit(most).subquery()).scalar_subquery() for one in theirs)
    return select(case(*((number >= most, 1) for number in parts), else_=0))


def _together(
    ways: int, of_need: bool, statuses: Sequence[str], talents: Select[str] | None, copied: ColumnElement[bool]
) -> Select[int]:
    return select(func.count()).select_from(_every(ways, of_need, statuses, talents, copied))


def _page(
    ways: int, of_need: bool, statuses: Sequence[str], talents: Select[str] | None, copied: ColumnElement[bool]
) -> Select[UUID]:
    every = _every(ways, of_need, statuses, talents, copied)
    found = select(every.c[0]).order_by(every.c[1].desc(), every.c[0])
    return found.limit(bindparam("limit")).offset(bindparam("offset"))


_COUNTED, _TOGETHER, _PAGE = Alike(_counted), Alike(_together), Alike(_page)


def first_begun(session: Session, actor: Actor, process: str) -> datetime | None:
    """When the first of the cases of a process began that somebody sees, who does not see all; one statement."""
    ways, begun = visibility.ways_of(session, actor), CaseReader.started_at
    of_need = process == NEED
    each = [
        _seen(CaseReader.reader == way, process, of_need).where(CaseReader.status == one)
        for one in _STATUSES
        for way in ways.known
    ]
    parts = [some.with_only_columns(begun).order_by(begun).limit(1).scalar_subquery() for some in each]
    if ways.talents is not None:
        theirs = _seen(CaseReader.reader.in_(ways.talents), process, of_need)
        served = [theirs.where(CaseReader.status == one) for one in _STATUSES]
        parts += [some.with_only_columns(func.min(begun)).scalar_subquery() for some in served]
    copied = select(func.min(Instance.started_at)).where(ways.copied, *of_process(process, found=True))
    found = session.execute(select(*parts, copied.scalar_subquery())).one()
    return min((moment for moment in found if moment is not None), default=None)


def _every(
    ways: int, of_need: bool, statuses: Sequence[str], talents: Select[str] | None, copied: ColumnElement[bool]
) -> Subquery:
    """Ids and beginnings of the ``most`` newest cases of each way, each case once."""
    parts = [_few(one) for one in _known(ways, of_need, statuses)]
    if talents is not None:
        parts += [_few(_of(CaseReader.reader.in_(talents), one, of_need)) for one in statuses]
    # neither sorted nor cut: SQLite would walk through all cases there are, from the newest on, for the few copied ones
    of_process = Instance.process.concat("") == _PROCESS
    theirs = select(Instance.id, Instance.started_at).where(copied, of_process, Instance.status.in_(statuses))
    theirs = theirs.where(Instance.id.not_in(untitled())) if of_need else theirs
    return union(*parts, _few(theirs)).subquery()


def _known(ways: int, of_need: bool, statuses: Sequence[str]) -> Iterator[Select[UUID, datetime]]:
    """The newest cases of each known way: for each status in turn, as the index has them, those of all ways."""
    for status in statuses:
        for place in range(ways):
            yield _of(CaseReader.reader == bindparam(f"way_{place}"), status, of_need)


def _of(way: ColumnElement[bool], status: str, of_need: bool) -> Select[UUID, datetime]:
    found = _seen(way, _PROCESS, of_need).where(CaseReader.status == status)
    return found.order_by(CaseReader.started_at.desc(), CaseReader.instance_id).limit(bindparam("most"))


def _seen(way: ColumnElement[bool], process: Any, of_need: bool) -> Select[UUID, datetime]:
    found = select(CaseReader.instance_id, CaseReader.started_at)
    found = found.where(way, CaseReader.process == process)
    return found.where(CaseReader.instance_id.not_in(untitled())) if of_need else found


def _few(one: Select[UUID, datetime]) -> Select[UUID, datetime]:
    """As a part of a union: SQLite takes no order within one but in a query of its own."""
    within = one.subquery()
    return select(within.c[0], within.c[1])
