"""The triggers that keep the journal append-only: whether they are still there, and switched on."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.processes.deployed import Mismatch

GUARDED = ("history_event", "access_entry", "seal", "seal_block", "seal_key", "seal_token")
"""The tables of which the database itself lets nobody change or delete a row."""
_ON_SQLITE = ("update", "delete", "replace")
_ON_POSTGRESQL = ("change", "truncate")
_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'",
    "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
    " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND prosrc LIKE '%RAISE EXCEPTION%'",
}


def guards(session: Session) -> Iterator[Mismatch]:
    """Each guarded table whose triggers are missing, switched off or refuse nothing any more."""
    dialect = session.get_bind().dialect.name
    have = set(session.scalars(text(_NAMES[dialect])))
    for table in GUARDED:
        for name in _ON_SQLITE if dialect == "sqlite" else _ON_POSTGRESQL:
            if f"{table}_no_{name}" not in have:
                what = f"数据库中保护 {table} 不被改动的触发器 {table}_no_{name} 缺失或已停用"
                yield Mismatch("database", None, what, table, must="触发器在并启用", have="没有能拒绝改动的触发器")
