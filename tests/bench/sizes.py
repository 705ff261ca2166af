"""The room that a case takes: its state at each step, the pages that a completion writes, what is left at its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from service import clock
from service.processes import commands
from service.processes.models import Instance
from tests.bench.figures import Table, share
from tests.bench.volume import original
from tests.bench.work import UNIT_STAFF, Bench
from tests.factories.world import LIAISON, OFFICE

PAGE, FRAME, HEAD = 4096, 24, 32
"""Bytes of a page of SQLite, of what stands before it in the write-ahead log, and of that before them all."""
STEPS = (
    (LIAISON, "record_need"),
    (OFFICE, "accept"),
    (OFFICE, "dispatch"),
    (OFFICE, "feedback_accepted"),
    (UNIT_STAFF, "handle"),
    (OFFICE, "review_reply"),
    (OFFICE, "feedback_result"),
)


def sizes(world: Bench, table: Table, column: str) -> None:
    """A need from its start to its end."""
    with world.transaction() as session:
        actor = world.actor(LIAISON)
        world.case = commands.start(session, process="request", data=world.need(), actor=actor, now=clock.now()).id
    states, pages = [], []
    for user, step in STEPS:
        task, actor = world.task(step).id, world.actor(user)
        data = world.need() if step == "record_need" else world.sample(step)
        with _Log(world) as log, world.transaction() as session:
            commands.complete(session, task_id=task, data=data, actor=actor, now=clock.now())
        pages.append(log.pages)
        states.append(_state(world))
    table.put("state: the largest, at the end", column, f"{max(states):,} bytes, {states[-1]:,} bytes")
    if world.database.is_sqlite:
        table.put("pages of 4 kB that a completion writes", column, f"{share(pages, 0.5):.0f} ({max(pages)} at most)")
    taken = {name: sum(_bytes(row) for row in rows) for name, rows in original(world.database, world.case).rows.items()}
    parts = ", ".join(f"{name} {size / 1000:.1f}" for name, size in sorted(taken.items(), key=lambda one: -one[1])[:4])
    table.put("a finished case, values alone", column, f"{sum(taken.values()) / 1000:.1f} kB ({parts})")


class _Log:
    """The write-ahead log of a SQLite, emptied before and counted after."""

    def __init__(self, world: Bench) -> None:
        self._world, self.pages = world, 0

    def __enter__(self) -> _Log:
        if self._world.database.is_sqlite:
            with self._world.database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return self

    def __exit__(self, *_: object) -> None:
        if self._world.database.is_sqlite:
            file = Path(f"{self._world.database.engine.url.database}-wal")
            self.pages = max(0, file.stat().st_size - HEAD) // (PAGE + FRAME)


def _state(world: Bench) -> int:
    with world.database.reading() as session:
        return len((session.scalar(select(Instance.state).where(Instance.id == world.case)) or "").encode())


def _bytes(row: Mapping[str, Any]) -> int:
    return sum(_size(value) for value in row.values())


def _size(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, str | date | datetime):
        return len(str(value).encode())
    if isinstance(value, dict | list):
        return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    return 16 if hasattr(value, "hex") and not isinstance(value, float) else 8
