"""The access log against its batches, and how many rows a verification compares."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.access_log import checking
from service.audit.tables.registry import HELD, REPLAYED
from service.processes.deployed import Mismatch


def access_log(session: Session) -> Iterator[Mismatch]:
    """Each entry of the access log that is not as its batch says, and of the index that is not as the entries say."""
    for table, key, what in checking.check(session):
        told = {"must": "写下时的访问记录", "have": "与写下时不同"}
        yield Mismatch(checking.STREAM, None, what, table, key, **told)


def rows_compared(session: Session) -> dict[str, int]:
    """Table → its rows, of all tables that are compared."""
    models = [*HELD, *REPLAYED]
    return {one.__tablename__: session.scalar(select(func.count()).select_from(one)) or 0 for one in models}
