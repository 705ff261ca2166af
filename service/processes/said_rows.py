"""The values of forms are kept of each need by field and days, so that the ledger finds and sorts by them (adr/0103).

The rows are taken in as those of ``case_orders`` are: the database notes which cases changed, the worker follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, delete, insert, select
from sqlalchemy.orm import Session

from service import clock
from service.db import Base
from service.db.lists import chunks
from service.history import HistoryEvent, of_kinds
from service.processes.bundles import compiled
from service.processes.case_orders import readable
from service.processes.models import DONE, Instance, UserTask
from service.processes.recording import stream_of
from service.processes.rules import NEED
from service.processes.said_folding import Answer, Stretch, stretches
from service.processes.said_models import CaseSaid
from service.processes.wiring import wiring

_ROWS: Table = Base.metadata.tables[CaseSaid.__tablename__]
_DID, _BACK = "completed", "taken_back"

Told = tuple[Any, frozenset[Stretch]]
"""When a case began, and its rows."""


def told(session: Session, cases: Sequence[UUID]) -> dict[UUID, Told]:
    """The rows of these cases, of those that are needs, as they must be. Two statements for some hundred, and one where
    somebody took a step back."""
    found: dict[UUID, Told] = {}
    for part in chunks(cases):
        query = select(Instance.id, Instance.started_at, Instance.digest)
        needs = session.execute(query.where(Instance.id.in_(part), Instance.process == NEED)).all()
        done, scopes = _done(session, [one.id for one in needs])
        journals = _taken_back(session, [one.id for one in needs], scopes)
        for need in needs:
            hidden = hidden_in(session, need.digest)
            every = stretches(done.get(need.id, ()), *journals.get(need.id, ()))
            if rows := frozenset(_shown(every, hidden)):
                found[need.id] = need.started_at, rows
    return found


def of_tasks(
    tasks: Iterable[Mapping[str, Any]], events: Iterable[HistoryEvent], hidden: Collection[str]
) -> list[Stretch]:
    """The rows of a need out of those of its tasks and its journal, less the fields that are ``hidden``."""
    rows = list(tasks)
    done = [answer for row in rows if (answer := _answer(row)) is not None]
    if not any(event.kind == _BACK for event in events):
        return _shown(stretches(done), hidden)
    scopes, answers, undone = {str(row["id"]): row["scope"] for row in rows}, list[Answer](), dict[int, Any]()
    for event in events:
        _tell(event, scopes, answers, undone)
    return _shown(stretches(done, answers, undone), hidden)


def _shown(rows: Iterable[Stretch], hidden: Collection[str]) -> list[Stretch]:
    return [row for row in rows if row.field.partition(".")[2] not in hidden]


def _answer(row: Mapping[str, Any] | RowMapping) -> Answer | None:
    """The answer that a task holds; None where it was not done."""
    if row["status"] != DONE or row["submitted"] is None or row["completed_at"] is None:
        return None
    day = clock.day_of(row["completed_at"])
    return Answer(row["task"], row["scope"], row["completed_seq"] or 0, day, row["submitted"])


def _tell(event: Any, scopes: Mapping[str, str], answers: list[Answer], undone: dict[int, Any]) -> None:
    """Takes an answer of the journal, or that one was taken back."""
    if event.kind not in (_DID, _BACK):
        return
    day = clock.day_of(event.at)
    if event.kind == _BACK:
        undone[int(event.data["input"])] = day
    else:
        scope = scopes.get(event.task or "", "")
        answers.append(Answer(event.data["step"], scope, event.seq, day, event.data["data"]))


def hidden_in(session: Session, digest: str) -> frozenset[str]:
    """The fields of the forms of a version that are private: nobody asks for them (``said_fields``)."""
    return frozenset({*wiring(session).private.fields, *compiled(session, digest, NEED).private})


def _done(session: Session, cases: Sequence[UUID]) -> tuple[dict[UUID, list[Answer]], dict[str, str]]:
    names = ("id", "instance_id", "task", "scope", "status", "completed_seq", "completed_at", "submitted")
    query = select(*(getattr(UserTask, name) for name in names)).where(UserTask.instance_id.in_(cases))
    found: dict[UUID, list[Answer]] = {}
    scopes: dict[str, str] = {}
    for row in session.execute(query).mappings():
        scopes[str(row["id"])] = row["scope"]
        if (answer := _answer(row)) is not None:
            found.setdefault(row["instance_id"], []).append(answer)
    return found, scopes


def _taken_back(
    session: Session, cases: Sequence[UUID], scopes: Mapping[str, str]
) -> dict[UUID, tuple[list[Answer], dict[int, Any]]]:
    """(all answers of the journal, number of what was taken back → day) of the cases in which somebody took a step
    back: what their rows say of today they do not say of the days before."""
    events = HistoryEvent
    streams = {stream_of(case): case for case in cases}
    backs = select(events.stream).where(events.stream.in_(streams), of_kinds(_BACK)).distinct()
    some = list(session.scalars(backs)) if streams else []
    if not some:
        return {}
    query = select(events.stream, events.seq, events.kind, events.task, events.at, events.data)
    query = query.where(events.stream.in_(some), of_kinds(_DID, _BACK)).order_by(events.stream, events.seq)
    found: dict[UUID, tuple[list[Answer], dict[int, Any]]] = {}
    for row in session.execute(query):
        _tell(row, scopes, *found.setdefault(streams[row.stream], ([], {})))
    return found


def kept(session: Session, cases: Sequence[UUID]) -> dict[UUID, Told]:
    """The same of the rows that there are."""
    return {case: (rows[0][1], frozenset(row for _, _, row in rows)) for case, rows in _kept(session, cases).items()}


def _kept(session: Session, cases: Sequence[UUID]) -> dict[UUID, list[tuple[int, Any, Stretch]]]:
    found: dict[UUID, list[tuple[int, Any, Stretch]]] = {}
    columns = (CaseSaid.instance_id, CaseSaid.id, CaseSaid.started_at, *(getattr(CaseSaid, one) for one in _NAMES))
    for part in chunks(cases):
        for case, key, begun, *row in session.execute(select(*columns).where(CaseSaid.instance_id.in_(part))):
            found.setdefault(case, []).append((key, begun, Stretch(*row)))
    return found


_NAMES = Stretch._fields


@dataclass(frozen=True, slots=True)
class Moved:
    """The ids of rows that must go, and the rows that must be there instead."""

    gone: Sequence[int]
    fresh: Sequence[Mapping[str, Any]]


def moved(session: Session, cases: Sequence[UUID]) -> Moved:
    """The rows of these cases that are other than they must be. Three statements for some hundred; more where a row
    cannot be read. Of a case that cannot tell what its rows must be, they stay."""
    (before, unread), (now, untold) = readable(partial(_kept, session), cases), readable(partial(told, session), cases)
    gone, fresh = list[int](), list[dict[str, Any]]()
    for case in cases:
        if case in untold:
            continue
        if case in unread:
            gone += session.scalars(select(CaseSaid.id).where(CaseSaid.instance_id == case))
        begun, must = now.get(case, (None, frozenset()))
        have: set[Stretch] = set()
        for key, at, row in before.get(case, ()):
            if at != begun or row not in must or row in have:
                gone.append(key)
            else:
                have.add(row)
        own = {"instance_id": case, "started_at": begun}
        fresh += [{**own, **row._asdict()} for row in sorted(must - have, key=lambda one: (one.field, one.key))]
    return Moved(gone, fresh)


def write(session: Session, rows: Moved) -> None:
    """Makes rows those that they must be."""
    for part in chunks(rows.gone):
        session.execute(delete(_ROWS).where(_ROWS.c.id.in_(part)))
    if rows.fresh:
        session.execute(insert(_ROWS), rows.fresh)


def forget(session: Session) -> None:
    """Forgets all rows."""
    session.execute(delete(_ROWS))
