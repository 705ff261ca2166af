"""Volume: thousands of cases that differ from real ones only in their ids, numbers, titles and dates.

Each is a copy of all rows of a case that was driven through the real commands, with every id replaced by another, in
the engine's state too: it can be listed, opened, completed, and its timers fire. Only its hash chain is not its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Table, func, insert, select, text

from service.db import Database
from service.history.models import HistoryEvent, HistoryHead
from service.people.rules import search_key, spell
from service.processes.models import Instance, Timer, UserTask

BATCH = 500
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SPACE = UUID("8d0f5a52-9a3e-4a52-9d0e-0b1f0b8f4b7e")

MATTERS = ("子女入读公办学校", "人才公寓续租", "科研设备进口通关", "创业贷款贴息", "三甲医院就诊通道", "配偶工作安置")

TABLES: tuple[Table, ...] = tuple(
    model.__table__  # type: ignore[misc]  # declared tables, never joins
    for model in (Instance, UserTask, Timer, HistoryHead, HistoryEvent)
)


@dataclass(frozen=True, slots=True)
class Original:
    """All rows of a case, by table."""

    id: UUID
    rows: dict[str, list[dict[str, Any]]]


def original(database: Database, case: UUID) -> Original:
    """Reads all rows of ``case``."""
    stream = f"instance:{case}"
    with database.engine.connect() as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(select(table).where(clause)).mappings()]
            for table, clause in zip(
                TABLES,
                (
                    Instance.id == case,
                    UserTask.instance_id == case,
                    Timer.instance_id == case,
                    HistoryHead.stream == stream,
                    HistoryEvent.stream == stream,
                ),
                strict=True,
            )
        }
    return Original(case, rows)


def multiply(database: Database, made_from: list[tuple[Original, int]]) -> dict[str, int]:
    """Writes so many copies of each case. Gives how many rows each table then has."""
    number = 1000
    with database.engine.begin() as connection:
        events = connection.scalar(select(func.max(HistoryEvent.id))) or 0
        for source, copies in made_from:
            copier = _Copier(source)
            for first in range(0, copies, BATCH):
                batch: dict[str, list[dict[str, Any]]] = {table.name: [] for table in TABLES}
                for n in range(first, min(first + BATCH, copies)):
                    number += 1
                    for name, row in copier.copy(n, number):
                        if name == HistoryEvent.__tablename__:
                            events += 1
                            row["id"] = events
                        batch[name].append(row)
                for table in TABLES:
                    if batch[table.name]:
                        connection.execute(insert(table), batch[table.name])
        _after(connection, events)
        counts = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES}
    if not database.is_sqlite:  # which the service runs without statistics; PostgreSQL gathers its own in a minute
        with database.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
    return counts


class _Copier:
    def __init__(self, source: Original) -> None:
        self._source = source
        leader = source.rows["instance"][0]["leader_id"]
        self._kept = frozenset({leader})

    def copy(self, n: int, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rows of copy ``n``, each with its table's name."""
        space = uuid5(_SPACE, f"{self._source.id}/{n}")
        known: dict[str, str] = {}

        def other(found: re.Match[str]) -> str:
            old = found[0]
            if old in self._kept:
                return old
            if old not in known:
                known[old] = str(uuid5(space, old))
            return known[old]

        for name, rows in self._source.rows.items():
            for row in rows:
                made = {column: _replaced(value, other) for column, value in row.items()}
                if name == "instance":
                    _make_own(made, n, number)
                yield name, made


def _make_own(row: dict[str, Any], n: int, number: int) -> None:
    """Another number, title, talent and day."""
    row["title"] = f"{MATTERS[n % len(MATTERS)]}（{number}）"
    if row["number"] is not None:
        row["number"] = f"2026-需-{number:06d}"
    row["search_key"] = search_key(row["number"], spell(row["title"], of_person=False).keys)
    row["started_at"] -= timedelta(minutes=7 * n)
    row["late"] = n % 5 == 0
    row["data"] = {**row["data"], "title": row["title"]}


def _replaced(value: Any, other: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(value, UUID):
        return UUID(_UUID.sub(other, str(value)))
    if isinstance(value, str):
        return _UUID.sub(other, value)
    if isinstance(value, dict):
        return {_replaced(key, other): _replaced(inner, other) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, other) for inner in value]
    return value


def _after(connection: Connection, events: int) -> None:
    """PostgreSQL numbers events by a sequence, which knows nothing of numbers that were given."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('history_event', 'id'), {int(events)})"))
