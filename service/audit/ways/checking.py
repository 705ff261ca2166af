"""Checking the kept ways of cases: each is folded again from its case's journal and compared, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import exists, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from service.audit.models import CaseWayRow
from service.audit.tables.columns import column_of
from service.audit.ways.keeping import Behind, refolded
from service.audit.ways.way import FORMAT
from service.db.differing import NOT_THERE, apart
from service.db.raw_rows import Read, Row, rows, shape
from service.errors import DAMAGE
from service.processes.bundles import Compiled
from service.processes.case_rows import Case
from service.processes.deployed import Mismatch
from service.processes.models import Instance
from service.processes.recording import stream_of

_TABLE = CaseWayRow.__tablename__


def kept_ways(session: Session, ids: Sequence[UUID], read: Read | None = None) -> dict[UUID, Row]:
    """The stored ways of these cases, each as the database holds it; one statement, none where they were ``read``."""
    there = read.of(CaseWayRow) if read is not None else None
    if there is not None:
        made = shape(session, CaseWayRow).of_plain
        return {UUID(str(owner)): made(row) for owner, listed in there.items() for row in listed}
    return {UUID(str(row["instance_id"])): row for row in rows(session, CaseWayRow, CaseWayRow.instance_id.in_(ids))}


def check_way(
    session: Session, case: Case, kept: Row | None, definition: Callable[[str], Compiled]
) -> Iterator[Mismatch]:
    """Each column of the case's kept way that does not follow from its journal up to the entry to which the way goes.

    A case whose journal went on since, or that has no way yet, is not wrong. A way by older rules is not compared: who
    reads it folds it anew. Of a damaged journal nothing is said here.
    """
    if kept is None or case.chain.unreadable is not None or not case.events or kept["format"] != FORMAT:
        return
    upto = [event for event in case.events if not isinstance(kept["seq"], int) or event.seq <= kept["seq"]]
    try:
        made = refolded(Behind(case.id, str(upto[0].data["process"])), upto, definition)
        told = made.row(made.way) if made.way is not None else None
    except DAMAGE:
        told = None
    if told is None:
        yield replace(_wrong(case.id, None), must="由历史推算的一行", have="推算不出的一行")
        return
    known = shape(session, CaseWayRow)
    for name, value in told.items():
        must, have = known.form(name, value), kept[name]
        if have != must or type(have) is not type(must):
            yield _wrong(case.id, name).telling(apart(known, name, must, have))


def ways_of_no_case(session: Session) -> Iterator[Mismatch]:
    """Kept ways whose case is not there."""
    lost = ~exists().where(Instance.id == CaseWayRow.instance_id)
    for one in session.scalars(select(type_coerce(CaseWayRow.instance_id, NullType())).where(lost)):
        yield Mismatch(
            f"instance:{one}", None, "流程图谱里有这个事项的一行，而没有这个事项", _TABLE, str(one), **NOT_THERE
        )


def _wrong(case: UUID, column: str | None) -> Mismatch:
    what = f"流程图谱里这个事项的{column_of(_TABLE, column) if column else '一行'}与历史不符"
    return Mismatch(stream_of(case), None, what, _TABLE, None, column)
