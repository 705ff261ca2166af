"""The mark of a checked seal: a keyed digest over what its tree was made of, so that the tree need not grow again.

A tree takes two hashes a leaf; the mark takes one over some thousand lines as the database holds them. It covers the
number, stream, place, moment and hash of every event up to the seal's last one, all heads up to it and its full blocks.
Another mark is no finding: the tree then grows from its first leaf.
"""

# ruff: noqa: S608 - the names are those of our own tables
from __future__ import annotations

import hashlib
import hmac
import marshal
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from service.audit.models import VerifiedSeal
from service.audit.verifying.marks import plain_rows, program
from service.history import HistoryEvent
from service.seals import tree
from service.seals.models import Seal, SealBlock

WINDOW = 8192
"""Numbers of the journal that are digested at once."""
_LINE = ("id", "stream", "seq", "at", "hash")
"""The columns of an event that the tree and its counts are made of."""


@dataclass(frozen=True, slots=True)
class SealMarks:
    """The marks of heads, made with the key of the marks of cases."""

    key: str

    def newest(self, session: Session) -> int | None:
        """The number of the last head that there is."""
        return session.scalar(select(func.max(Seal.number)))

    def now(self, session: Session, numbers: Collection[int]) -> dict[int, str]:
        """The marks that these heads have as everything stands; none of a head that is not there. One pass."""
        wanted = select(Seal.number, Seal.last_id, Seal.size).where(Seal.number.in_(numbers))
        ends: dict[int, tuple[int, int]] = {number: (last, size) for number, last, size in session.execute(wanted)}
        found: dict[int, str] = {}
        journal, first = hashlib.sha256(), 0
        for number, (last, size) in sorted(ends.items(), key=lambda one: one[1]):
            while first + WINDOW <= last + 1:
                journal.update(_digest(session, HistoryEvent.__tablename__, _LINE, "id", first, first + WINDOW - 1))
                first += WINDOW
            seal = journal.copy()
            seal.update(_digest(session, HistoryEvent.__tablename__, _LINE, "id", first, last))
            for model, until in ((Seal, number), (SealBlock, size // tree.BLOCK - 1)):
                columns = tuple(column.name for column in model.__table__.columns)
                seal.update(_digest(session, model.__tablename__, columns, "number", 0, until))
            text = f"seal {program()} {number} {last} {seal.hexdigest()}"
            found[number] = hmac.new(self.key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return found

    def known(self, session: Session) -> tuple[int, str] | None:
        """The last head of which a mark was kept, with its mark."""
        found = select(VerifiedSeal.number, VerifiedSeal.mark).order_by(VerifiedSeal.number.desc()).limit(1)
        row = session.execute(found).one_or_none()
        return (row[0], row[1]) if row is not None else None

    def keep(self, session: Session, marks: Mapping[int, str], now: datetime) -> None:
        """Keeps the mark of a head in place of all others."""
        session.execute(delete(VerifiedSeal))
        session.execute(
            insert(VerifiedSeal), [{"number": n, "mark": mark, "made_at": now} for n, mark in marks.items()]
        )


def _digest(session: Session, table: str, columns: tuple[str, ...], key: str, first: int, last: int) -> bytes:
    """The digest of the rows from one number to another, as they are kept, in the order of their numbers."""
    order = f"{key}, {columns[0]}"
    if session.get_bind().dialect.name == "sqlite":
        listed = ", ".join(f'"{name}"' for name in columns)
        asked = f"SELECT {listed} FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {order}"
        rows = list(plain_rows(session, asked, (first, last)))
        # version 2 of the format has no references: the same values give the same bytes
        return hashlib.sha256(marshal.dumps(rows, 2)).digest()
    row = f"ROW({', '.join(columns)})::text"
    seal = f"sha256(convert_to(string_agg({row}, E'\\n' ORDER BY {order}), 'UTF8'))"
    asked = f"SELECT {seal} FROM {table} WHERE {key} BETWEEN {first} AND {last}"
    found: Any = session.connection().exec_driver_sql(asked).scalar()
    return bytes(found) if found is not None else b""
