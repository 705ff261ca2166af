"""Verification of notices, a thousand numbers of the journal at a time: what stands as it stood is digested alone.

Each notice has a stream of its own about its delivery, and there are as many as cases have steps. As a case does
(``marks``), a run of them that was checked and came out right keeps a mark over every byte on which the check rests:
the streams with their heads, the notices themselves, all rows that they tell of. Another mark is no finding: the run
is checked again.
"""

# ruff: noqa: S608 - the names are those of our own tables
from __future__ import annotations

import hashlib
import hmac
import marshal
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from service import history
from service.audit.models import VerifiedNotices
from service.audit.tables.registry import FAMILIES
from service.audit.tables.streams import NOTICES, delivered_before, undelivered, verify_these
from service.audit.verifying.marks import plain_rows, program
from service.db import Base
from service.history import HistoryEvent, HistoryHead, OutboxEntry
from service.history.notices import NOTICE
from service.notifications.models import Notification, NotificationDelivery, OwedLetter
from service.processes.deployed import Mismatch

RUN = 1000
"""Numbers of the journal, of events of all kinds, that make a run."""
ODD = -1
"""The run of streams that name no number; there should be none."""
FAMILY = NOTICES.removesuffix(":")
_TOLD: tuple[type[Base], ...] = (OutboxEntry, Notification, OwedLetter, NotificationDelivery)


@dataclass(frozen=True, slots=True)
class NoticeMarks:
    """The marks of runs of notices, made with the key of the marks of cases."""

    key: str

    def now(self, session: Session, run: int | None = None) -> dict[int, str]:
        """The marks as the runs stand: of all that there are, or of one."""
        seals: defaultdict[int, Any] = defaultdict(hashlib.sha256)
        digests = _on_sqlite if session.get_bind().dialect.name == "sqlite" else _on_postgresql
        for number, digest in digests(session, run):
            seals[number].update(digest)
        until, owed = delivered_before(session)
        begun = f"notices {program()} {history.played_until(session).isoformat()} {until} {sorted(owed)}"
        return {number: self._mark(f"{begun} {number} {seal.hexdigest()}") for number, seal in seals.items()}

    def known(self, session: Session) -> dict[int, str]:
        """The marks that were kept."""
        return {row[0]: row[1] for row in session.execute(select(VerifiedNotices.run, VerifiedNotices.mark))}

    def keep(self, session: Session, marks: Mapping[int, str], now: datetime) -> None:
        """Keeps these marks."""
        session.execute(delete(VerifiedNotices).where(VerifiedNotices.run.in_(list(marks))))
        rows = [{"run": run, "mark": mark, "made_at": now} for run, mark in marks.items()]
        session.execute(insert(VerifiedNotices), rows)

    def _mark(self, text: str) -> str:
        return hmac.new(self.key.encode(), text.encode(), hashlib.sha256).hexdigest()


def check_run(session: Session, run: int) -> Iterator[Mismatch]:
    """Chains, rows and delivery of the notices of one run."""
    if run == ODD:
        names = {one for one in history.streams(session, NOTICES) if run_of(one) == ODD}
        yield from _checked(session, names)
        return
    first, last = run * RUN, run * RUN + RUN - 1
    wanted = [f"{NOTICES}{number}" for number in range(first, last + 1)]
    names = set(session.scalars(select(HistoryHead.stream).where(HistoryHead.stream.in_(wanted))))
    for model in _TOLD:
        about = model.__table__.c.event_id
        names |= {f"{NOTICES}{one}" for one in session.scalars(select(about).where(about.between(first, last)))}
    yield from _checked(session, names)
    yield from undelivered(session, (first, last))


def _checked(session: Session, names: set[str]) -> Iterator[Mismatch]:
    listed = sorted(names)
    for one in history.verify_streams(session, listed) if listed else ():
        yield Mismatch(one.stream, one.seq, one.what, must=one.must, have=one.have)
    yield from verify_these(session, FAMILIES[FAMILY], listed)


def run_of(stream: str) -> int:
    """The run of a notice's stream."""
    name = stream.removeprefix(NOTICES)
    return int(name) // RUN if name.isdecimal() and str(int(name)) == name else ODD


# --- Digests ---------------------------------------------------------------------------------------------------------


def _columns(model: type[Base], *less: str) -> list[str]:
    return [name for name in model.__table__.columns.keys() if name not in less]  # noqa: SIM118 - a collection


def _parts(run: int | None, prefix: str, numbers: str) -> Iterator[tuple[str, list[str], str, str, str]]:
    """(table, columns, condition, owner, order) of all on which the check of notices rests.

    Of the notices themselves the content is left out: each is sealed by its hash, and its own stream is checked.
    """
    if run is not None and run != ODD:
        names = ", ".join(f"'{NOTICES}{number}'" for number in range(run * RUN, run * RUN + RUN))
        prefix, numbers = f"stream IN ({names})", f"{{}} BETWEEN {run * RUN} AND {run * RUN + RUN - 1}"
    yield HistoryEvent.__tablename__, _columns(HistoryEvent), prefix, "stream", "stream, seq, id"
    yield HistoryHead.__tablename__, _columns(HistoryHead), prefix, "stream", "stream"
    if run == ODD:
        return
    # of a run by its numbers: SQLite would read all notices there are, by the index of kinds
    kind = "kind" if run is None else "kind || ''"
    own = f"{kind} = '{NOTICE}' AND {numbers.format('id')}"
    yield HistoryEvent.__tablename__, _columns(HistoryEvent, "data"), own, "id", "id"
    for model in _TOLD:
        keys = ", ".join(column.name for column in model.__table__.primary_key)
        yield model.__tablename__, _columns(model), numbers.format("event_id"), "event_id", f"event_id, {keys}"


def _on_sqlite(session: Session, run: int | None) -> Iterator[tuple[int, bytes]]:
    """(run, bytes of some of its rows), in one order; the values as they are kept."""
    for table, columns, where, owner, order in _parts(run, "stream >= 'notice:' AND stream < 'notice;'", "{} >= 0"):
        listed = ", ".join(f'"{name}"' for name in columns)
        asked = f"SELECT {owner}, {listed} FROM {table} WHERE {where} ORDER BY {order}"
        rows = plain_rows(session, asked)
        by_stream = owner == "stream"
        for number, some in groupby(rows, key=lambda row: run_of(row[0]) if by_stream else row[0] // RUN):
            if run is None or number == run:  # row by row: between those of a run may stand those of another
                yield number, b"".join([marshal.dumps((table, *row), 2) for row in some])


def _on_postgresql(session: Session, run: int | None) -> Iterator[tuple[int, bytes]]:
    """The same, made by the server: a digest a table and run."""
    connection = session.connection()
    for table, columns, where, owner, order in _parts(run, f"stream LIKE '{NOTICES}%%'", "{} >= 0"):
        name = f"substr(stream, {len(NOTICES) + 1})"
        of_stream = f"CASE WHEN {name} ~ '^(0|[1-9][0-9]{{0,17}})$' THEN {name}::bigint / {RUN} ELSE {ODD} END"
        number = of_stream if owner == "stream" else f"{owner} / {RUN}"
        row = f"ROW({', '.join(columns)})::text"
        seal = f"sha256(convert_to(string_agg({row}, E'\\n' ORDER BY {order}), 'UTF8'))"
        asked = f"SELECT {number} AS run, {seal} FROM {table} WHERE {where} GROUP BY 1"
        for found, digest in connection.exec_driver_sql(asked):
            if run is None or found == run:
                yield found, table.encode() + bytes(digest)
