"""``liaison rebuild``: what follows from the journals of cases alone is made anew, and what differed is put right.

The days of cases, their clocks, and the words by which they are found. Cases go in the order of their ids, some in each
transaction; the last one that was done is kept, so that a rebuild that was cut short goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from service.db import Base, raw_rows
from service.processes.advance import lock
from service.processes.backfill import derived
from service.processes.case_rows import OWNERS
from service.processes.models import CaseSpan, CaseText, ClockRun, Instance
from service.processes.reader_models import CaseReader
from service.processes.upkeep import Rebuilding

AT_ONCE = 50
"""Cases of a transaction: others at work wait some tenths of a second."""
TABLES: Mapping[type[Base], str] = {
    CaseSpan: "各日状态",
    CaseText: "检索内容",
    ClockRun: "计时记录",
    CaseReader: "可见范围",
}
"""The tables that are rebuilt, in words."""


@dataclass(slots=True)
class Rebuilt:
    """How far a rebuild is. ``mended``: table → cases in which it differed; ``damaged``: that cannot be replayed."""

    cases: int = 0
    events: int = 0
    mended: dict[str, int] = field(default_factory=dict)
    damaged: int = 0


def begin(session: Session, *, again: bool) -> tuple[int, int]:
    """(cases that an earlier rebuild, cut short, has done, all cases). ``again``: from the first one."""
    if again:
        session.execute(delete(Rebuilding))
    total = session.scalar(select(func.count()).select_from(Instance)) or 0
    row = session.scalar(select(Rebuilding))
    if row is None:
        return 0, total
    return session.scalar(select(func.count()).select_from(Instance).where(Instance.id <= row.after)) or 0, total


def rebuild_some(session: Session, told: Rebuilt, at_once: int = AT_ONCE) -> bool:
    """Rebuilds the next cases and adds to what is told; False when there are none left."""
    mark = session.scalar(select(Rebuilding))
    query = select(Instance.id).order_by(Instance.id).limit(at_once)
    ids = list(session.scalars(query.where(Instance.id > mark.after) if mark is not None else query))
    for instance_id in ids:
        rebuild_one(session, instance_id, told)
    session.execute(delete(Rebuilding))
    if ids:
        session.execute(insert(Rebuilding).values(id=1, after=ids[-1]))
    return bool(ids)


def rebuild_index(session: Session) -> None:
    """Makes the database's index of the words anew."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("INSERT INTO case_text_index(case_text_index) VALUES ('rebuild')"))
    else:
        session.execute(text("REINDEX INDEX ix_case_text_grams"))


def rebuild_one(session: Session, instance_id: UUID, told: Rebuilt) -> None:
    """Rebuilds a case and adds to what is told."""
    instance = lock(session, instance_id)
    made = derived(session, instance)
    told.cases, told.events, told.damaged = told.cases + 1, told.events + made.events, told.damaged + made.damaged
    if not made.damaged:
        for model, word in TABLES.items():
            if _mend(session, model, instance_id, made.rows[model]):
                told.mended[word] = told.mended.get(word, 0) + 1
    session.expunge_all()


def _mend(session: Session, model: type[Base], instance_id: UUID, must: Sequence[Mapping[str, Any]]) -> bool:
    """Writes the rows of a case anew where they are not these; whether they were not."""
    names = [column.key for column in model.__table__.columns if column.key != "id"]
    owner = OWNERS[model]
    have = session.execute(select(*(getattr(model, name) for name in names)).where(owner == instance_id)).mappings()
    known = raw_rows.shape(session, model)

    def listed(rows: Any) -> list[str]:
        return sorted(repr([known.form(name, row[name]) for name in names]) for row in rows)

    if listed(have) == listed(must):
        return False
    session.execute(delete(model).where(owner == instance_id).execution_options(synchronize_session=False))
    if must:
        session.execute(insert(model), [dict(row) for row in must])
    return True
