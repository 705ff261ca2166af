"""How often a step had come up in its slot of a case: kept with each task, as its row says.

A place is a step (process and task) in a scope. A task's round is one more than there are tasks of its place that an
earlier input of the case had opened; tasks that one input opens in the same place are of the same round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from service.db.prepared import Prepared, size_of
from service.processes.models import Instance, UserTask

Place = tuple[str, str, str]
"""Process, task and scope of a step."""
_PLACE = ("process", "task", "scope")
MOST = 8
"""Places that are asked for one by one; a step that opens more has all places of its case counted (``of_case``)."""
_ALL = select(UserTask).where(UserTask.instance_id == bindparam("instance"))


def place_of(row: Mapping[str, Any]) -> Place:
    """The place of a task, out of the columns of its row or the facts of an effect."""
    return row["process"], row["task"], row["scope"]


def ranked(rows: Iterable[Mapping[str, Any]]) -> dict[Any, int]:
    """The round of each task of one case, by id, out of the columns of all its tasks."""
    seqs: dict[Place, list[int]] = defaultdict(list)
    listed = list(rows)
    for row in listed:
        seqs[place_of(row)].append(row["entered_seq"])
    for found in seqs.values():
        found.sort()
    return {row["id"]: bisect_left(seqs[place_of(row)], row["entered_seq"]) + 1 for row in listed}


def columns(count: int) -> list[ColumnElement[Any]]:
    """For a question: how many tasks there are of each of so many places of a case, None for none.

    The case is its parameter ``instance``, the places are those that ``asked`` gives. The newest task of a place says
    by its round how many were before it: all others need not be read.
    """
    return [_column(place) for place in range(count)]


def _column(place: int) -> ColumnElement[Any]:
    earlier = aliased(UserTask)
    newest = select(func.max(earlier.entered_seq)).where(*_at(earlier, place)).scalar_subquery()
    counted = func.max(UserTask.round) + func.count() - 1
    return select(counted).where(*_at(UserTask, place), UserTask.entered_seq == newest).scalar_subquery()


def _at(rows: Any, place: int) -> list[ColumnElement[bool]]:
    case = bindparam("instance", type_=UserTask.instance_id.type)
    # "in": an index has some steps alone, and SQLite would plan anew for each that is asked for with "=" (adr/0107)
    return [rows.instance_id == case, *(getattr(rows, name).in_([bindparam(f"{name}_{place}")]) for name in _PLACE)]


def asked(places: Sequence[Place]) -> dict[str, str]:
    """The values of the places for ``columns(size_of(places))``; the last stands in all that are left over."""
    filled = list(places)
    filled += filled[-1:] * (size_of(filled) - len(filled))
    return {f"{name}_{n}": value for n, place in enumerate(filled) for name, value in zip(_PLACE, place, strict=True)}


def of_case(session: Session, instance_id: UUID) -> dict[Place, int]:
    """How many tasks there are of each place of a case. One statement, whose text is as long for any step."""
    rows = _EVERY.rows(session, {"instance": instance_id})
    return {(process, task, scope): count for process, task, scope, count in rows}


def number(
    session: Session, instance: Instance, entered: Iterable[UserTask], *, before: Mapping[Place, int] | None
) -> None:
    """Gives tasks that an input has opened their rounds, before they are sent.

    ``before``: how many there are of each of their places already; a place that came up for the first time is missing.
    None: a task that was there already has another place, or came up anew under its id; the tasks of the case are then
    all counted again.
    """
    if before is not None:
        for row in entered:
            row.round = before.get((row.process, row.task, row.scope), 0) + 1
        return
    session.flush()
    rows = session.scalars(_ALL, {"instance": instance.id}).all()
    rounds = ranked({name: getattr(row, name) for name in _READ} for row in rows)
    for row in rows:
        row.round = rounds[row.id]


_READ = ("id", "process", "task", "scope", "entered_seq")
_OF = UserTask.process, UserTask.task, UserTask.scope
_CASE = UserTask.instance_id == bindparam("instance", type_=UserTask.instance_id.type)
# ``covered``: whoever opens a task tells the journal of its case, whose head is at hand
_EVERY = Prepared(select(*_OF, func.count()).where(_CASE).group_by(*_OF), covered=True)
