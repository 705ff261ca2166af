"""The mark of a case: a keyed digest over every stored byte of it, kept when it was executed again and came out right.

As long as the mark is the same, another execution would read the same bytes and say the same, so it is spared. The key
comes from the service's secret, which does not stand in the database: who writes rows cannot write a mark for them. A
mark that does not fit is no finding, the case is then executed again. It holds for one program only.
"""

from __future__ import annotations

import hashlib
import hmac
import marshal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib.metadata import version
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import service
from service import history
from service.audit.models import CaseWayRow, VerifiedCase
from service.db import Base
from service.db.failures import is_unreadable
from service.db.prepared import told_as_ours
from service.db.raw_rows import Read, fetched
from service.history import HistoryEvent, HistoryHead
from service.processes.case_rows import OWNERS
from service.processes.figure_models import FigureCase
from service.processes.order_models import CaseOrder
from service.processes.recording import stream_of
from service.processes.said_models import CaseSaid

_STREAMS: tuple[type[Base], ...] = (HistoryEvent, HistoryHead)
_KINDS = {HistoryEvent: "stream, seq, id", HistoryHead: "stream"}
_AT_ONCE = 500
_LONG = 1 << 17
"""Bytes of the rows of a case in a table, beyond which the server makes a digest: it takes longer for it than we do,
but there is no end to what a case may hold."""
_AS_KEPT = partial(str, encoding="utf-8", errors="surrogateescape")
_NOT_PROGRAM = ("web", "api", "demonstration")
"""Rooms that verification does not run."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks made with a key (any text but the empty one)."""

    key: str

    def now(self, session: Session, ids: Sequence[UUID], read: Read | None = None) -> dict[UUID, str]:
        """The marks that the cases have as they stand, from every column of every row. A statement a table.

        ``read`` takes the rows, where they leave the database (SQLite).
        """
        seals = {one: hmac.new(self.key.encode(), digestmod=hashlib.sha256) for one in ids}
        begun = f"{program()} {history.played_until(session).isoformat()}".encode()
        for one, seal in seals.items():
            seal.update(begun + stream_of(one).encode())
        raw = session.get_bind().dialect.name == "sqlite"
        by_stream = {stream_of(one): one for one in ids}
        by_id = {one.hex if raw else one: one for one in ids}
        owners = {**dict.fromkeys(_STREAMS, "stream"), **{one: own.key for one, own in OWNERS.items()}}
        owners |= dict.fromkeys((CaseWayRow, FigureCase, CaseOrder, CaseSaid), "instance_id")
        # written once: the driver of PostgreSQL would write a list for each statement
        listed = {True: _array(by_stream), False: _array(map(str, ids))} if not raw else {}
        for model, owner in owners.items():
            names = by_stream if model in _STREAMS else by_id
            found = (
                _on_sqlite(session, model, owner, list(names), read)
                if raw
                else _on_postgresql(session, model, owner, listed[model in _STREAMS])
            )
            for name, digest in found:
                if name in names:
                    seals[names[name]].update(model.__tablename__.encode() + digest)
        return {one: seal.hexdigest() for one, seal in seals.items()}

    def known(self, session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
        """The marks that were kept."""
        found = select(VerifiedCase.instance_id, VerifiedCase.mark).where(VerifiedCase.instance_id.in_(ids))
        return {row[0]: row[1] for row in session.execute(found)}

    def keep(self, session: Session, marks: Mapping[UUID, str], now: datetime) -> None:
        """Keeps these marks."""
        session.execute(delete(VerifiedCase).where(VerifiedCase.instance_id.in_(list(marks))))
        rows = [{"instance_id": one, "mark": mark, "made_at": now} for one, mark in marks.items()]
        session.execute(insert(VerifiedCase), rows)


def key_of(secret: str) -> str:
    """The key of marks, out of the service's secret."""
    return hashlib.sha256(f"verified cases\n{secret}".encode()).hexdigest()


@cache
def program() -> str:
    """The digest of the program that executes: of our modules, and the versions of what runs them."""
    seal = hashlib.sha256(f"{sys.version} {version('SpiffWorkflow')} {version('simpleeval')}".encode())
    home = Path(service.__path__[0])
    for path in sorted(home.rglob("*.py")):
        if path.relative_to(home).parts[0] not in _NOT_PROGRAM:
            seal.update(path.read_bytes())
    return seal.hexdigest()


def _on_sqlite(
    session: Session, model: type[Base], owner: str, names: Sequence[Any], read: Read | None
) -> Iterator[tuple[Any, bytes]]:
    """(owner, digest of its rows), of the values as they are kept."""
    table = model.__tablename__
    columns = ", ".join(f'"{name}"' for name in model.__table__.columns.keys())  # noqa: SIM118 - a collection of columns
    marks = ", ".join("?" * len(names))
    order = _KINDS.get(model, owner)  # SQLite would sort whole rows, of which a case has a few
    asked = f"SELECT {columns} FROM {table} WHERE {owner} IN ({marks}) ORDER BY {order}"  # noqa: S608 - names of our own tables
    kept = read.rows.setdefault(model, {}) if read is not None else None
    keys = _keys(model) if model not in _KINDS else None
    own = itemgetter(model.__table__.columns.keys().index(owner))
    for name, some in groupby(plain_rows(session, asked, tuple(names), read), key=own):
        rows = list(some)
        if keys is not None and len(rows) > 1:
            _sort(rows, keys)
        if kept is not None:
            kept[name] = rows
        # version 2 of the format has no references: the same values give the same bytes
        yield name, hashlib.sha256(marshal.dumps(rows, 2)).digest()


@cache
def _keys(model: type[Base]) -> Callable[[Any], Any]:
    """The getter that takes the primary key out of a row."""
    names = model.__table__.columns.keys()
    return itemgetter(*(names.index(column.key) for column in model.__table__.primary_key))


def _sort(rows: list[tuple[Any, ...]], keys: Callable[[Any], Any]) -> None:
    """Puts rows into the order of their keys, whatever somebody wrote there."""
    try:
        rows.sort(key=keys)
    except TypeError:  # a text beside bytes or a number
        rows.sort(key=lambda row: repr(keys(row)))


def plain_rows(
    session: Session, asked: str, names: tuple[Any, ...] = (), read: Read | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement of SQLite as its driver gives them, some hundred at a time: nothing is made of a value.
    ``asked`` names an order, and asked twice within a transaction gives its rows in the same one.

    Bytes of a text that are not UTF-8 are kept as lone surrogates; ``read`` is then not whole. Raises what the session
    raises where the database fails.
    """
    given = 0
    try:
        for some in _plain(session, asked, names, str):  # the driver's own way, four times as fast as the other
            yield from some
            given += len(some)
    except DBAPIError as error:
        if not is_unreadable(error):
            raise
        if read is not None:
            read.whole = False
    else:
        return
    yield from islice(chain.from_iterable(_plain(session, asked, names, _AS_KEPT)), given, None)


def _plain(
    session: Session, asked: str, names: tuple[Any, ...], text: Callable[[bytes], str]
) -> Iterator[list[tuple[Any, ...]]]:
    connection = session.connection()
    driver: Any = connection.connection.dbapi_connection
    own = driver.cursor()
    usual, driver.text_factory = driver.text_factory, text
    try:
        with told_as_ours(connection, own, asked, names):
            own.execute(asked, names)
            while some := own.fetchmany(_AT_ONCE):
                yield some
    finally:
        driver.text_factory = usual
        own.close()


def _array(names: Iterable[str]) -> str:
    """Names of streams, or ids, as PostgreSQL writes an array of them: nothing in them needs a quote."""
    return "{" + ",".join(names) + "}"


def _on_postgresql(session: Session, model: type[Base], owner: str, names: str) -> Iterator[tuple[Any, bytes]]:
    """The same of rows as the server sends them, put together by it; of many at once it sends their digest alone."""
    table, kind = model.__tablename__, "text" if model in _STREAMS else "uuid"
    order = _KINDS.get(model, ", ".join(column.name for column in model.__table__.primary_key))
    rows = f"string_agg(record_send({table}), ''::bytea ORDER BY {order})"
    sent = f"CASE WHEN length({rows}) > {_LONG} THEN sha256({rows}) ELSE {rows} END"  # it makes them once
    asked = f"SELECT {owner}, length({rows}), {sent} FROM {table} WHERE {owner} = ANY(%s::{kind}[]) GROUP BY {owner}"  # noqa: S608 - names of our own tables
    for name, length, said in fetched(session.connection(), asked, names, binary=True):
        yield name, hashlib.sha256(b"%d " % length + said).digest()
