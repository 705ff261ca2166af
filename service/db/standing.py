"""How a database server stands: whether it keeps what it has confirmed, and how many connections it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from service.db.database import Database
from service.errors import Conflict

BESIDE = 10
"""Connections that are left to workers, the command line, backups and whoever looks after the server."""
SPARE = 4
"""Connections of a server process beside those of its threads: for notes in transactions of their own."""
_WAITING = ("on", "remote_write", "remote_apply")


@dataclass(frozen=True, slots=True)
class Standbys:
    """``names``: the standbys for which a commit waits, as the server is set up ('': none). ``waits``: it does wait.

    ``connected``: how many standbys are there now; ``None`` where the user may not see them (``pg_monitor``).
    """

    names: str
    waits: bool
    connected: int | None

    @property
    def durable(self) -> bool:
        """Whether a confirmed change is on two machines."""
        return self.waits and bool(self.names)


def standbys(database: Database) -> Standbys:
    """The standbys of a PostgreSQL server."""
    with database.engine.connect() as connection:
        names = _shown(connection, "synchronous_standby_names")
        waits = _shown(connection, "synchronous_commit") in _WAITING
        states = connection.execute(text("SELECT state FROM pg_stat_replication")).scalars().all()
    seen = None if any(one is None for one in states) else sum(one == "streaming" for one in states)
    return Standbys(names.strip(), waits, seen)


def time_of(database: Database) -> datetime:
    """The time of the server's clock."""
    with database.engine.connect() as connection:
        found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def require_durable(database: Database) -> None:
    """Raises Conflict where a confirmed change could be lost with one machine (``durable = true``)."""
    if database.is_sqlite:
        raise Conflict(
            "已设置 durable = true，但 SQLite 只在一台机器上保存：请改用有同步备库的 PostgreSQL，或去掉这项设置"
        )
    if not standbys(database).durable:
        raise Conflict(
            "已设置 durable = true，但数据库没有同步备库（synchronous_standby_names 为空，"
            "或 synchronous_commit 没有等备库），"
            "主库损坏时会丢失刚提交的内容。请先配置同步备库，或去掉这项设置"
        )


def taken(database: Database) -> int | None:
    """The connections that the server is set up for, less those that it keeps for its administrators; ``None``: as many
    as one wants (SQLite)."""
    if database.is_sqlite:
        return None
    with database.engine.connect() as connection:
        kept = int(_shown(connection, "superuser_reserved_connections"))
        return int(_shown(connection, "max_connections")) - kept


def each_may_open(most: int | None, *, workers: int, threads: int) -> int:
    """The most connections of each of ``workers`` server processes: one a thread and a few, less where the server takes
    fewer. Raises Conflict where two a process are too many for it."""
    wanted = threads + SPARE
    if most is None:
        return wanted
    each = min(wanted, (most - BESIDE) // workers)
    if each < 2:
        raise Conflict(
            f"数据库最多接受 {most} 个连接，不够 {workers} 个网页进程使用：请调大数据库的 max_connections，"
            "或用 liaison serve --workers 减少进程"
        )
    return each


def _shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())


def size_of(database: Database) -> int:
    """Bytes of a database as it stands on the disk; of SQLite with what waits in its log."""
    if database.is_sqlite:
        path = str(database.url.database)
        return sum(one.stat().st_size for one in (Path(path), Path(f"{path}-wal")) if one.exists())
    with database.engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
