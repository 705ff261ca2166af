"""Events, and the hand that forges them."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from service import history
from service.db import Database


def write(
    session: Session,
    at: datetime,
    *,
    stream: str = "instance:1",
    kind: str = "started",
    task: str | None = None,
    on_behalf_of: str | None = None,
    **data: Any,
) -> history.HistoryEvent:
    """One event of the office."""
    return history.append(
        session, stream=stream, kind=kind, actor="office", at=at, data=data, task=task, on_behalf_of=on_behalf_of
    )


def tamper(database: Database, statement: str) -> None:
    """Runs ``statement`` as somebody with the database's own password would: past triggers and foreign keys."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.rollback()
            for trigger in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.exec_driver_sql(statement)
        connection.commit()
        if not database.is_sqlite:
            connection.execute(text("SET session_replication_role = DEFAULT"))
            connection.commit()


def delete(database: Database, table: str, where: str) -> None:
    """Deletes rows as somebody with the database's own password would: also those to which others point."""
    statement = f"DELETE FROM {table} WHERE {where}"  # noqa: S608 - ours
    if not database.is_sqlite:
        tamper(database, statement)
        return
    raw = sqlite3.connect(str(database.engine.url.database), isolation_level=None)
    try:  # a connection of its own heeds no foreign key
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute(statement)
    finally:
        raw.close()
