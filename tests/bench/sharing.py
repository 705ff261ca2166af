"""Timers that are due at once, fired by one, two and four worker processes side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from uuid import UUID

from sqlalchemy import func, select, update

from service import clock
from service.processes.models import WAITING, Timer
from service.processes.upkeep import WorkerBeat
from tests.bench.figures import Rate, Table
from tests.bench.volume import multiply, original
from tests.bench.work import LATER, Bench
from tests.factories.workers import started

WORKERS = (1, 2, 4)
DUE = 200
"""Timers for each number of workers."""
WARM = 10
LONGEST_SECONDS = 900
IDLE_SECONDS = 10
CLOSED = {"OFFICE_OPENS": "00:00", "OFFICE_CLOSES": "00:01"}
"""Nothing is told meanwhile: the figures are those of timers alone."""


def sharing(world: Bench, table: Table, column: str) -> None:
    """Fires ``DUE`` timers of as many cases with each number of workers; says what all workers together worked."""
    world.dispatched("edu")
    multiply(world.database, [(original(world.database, world.case), DUE * len(WORKERS) + WARM * sum(WORKERS))])
    _put_off(world)
    for number in WORKERS:
        workers = [started(world, **CLOSED) for _ in range(number)]
        try:
            _until(partial(_live, world, number, workers))
            warm = _make_due(world, WARM * number)  # the first of a process reads the diagrams
            _until(partial(_done, world, warm))
            before = _worked(workers)
            time.sleep(IDLE_SECONDS)
            idle = (_worked(workers) - before) / IDLE_SECONDS
            table.put(f"timers fired by {number} worker{'s'[: number > 1]}", column, _fired(world, workers, idle))
        finally:
            for one in workers:
                one.terminate()
            for one in workers:
                with suppress(TimeoutExpired):
                    one.wait(60)
                one.kill()


def _put_off(world: Bench) -> None:
    with world.transaction() as session:
        far = datetime.now(clock.SHANGHAI) + LATER
        session.execute(update(Timer).where(Timer.status == WAITING).values(due_at=far))


def _fired(world: Bench, workers: list[Popen[bytes]], idle: float) -> Rate:
    """Of one timer; its work is what the workers take beyond looking for work, ``idle`` seconds a second."""
    ids = _make_due(world, DUE)
    worked, looked = _worked(workers), time.perf_counter()
    _until(lambda: _left(world, ids) < len(ids))  # each looks every five seconds: the first look is not counted
    began, before = time.perf_counter(), _left(world, ids)
    _until(lambda: _left(world, ids) == 0)
    each = (time.perf_counter() - began) * 1000 / max(before, 1)
    beyond = _worked(workers) - worked - idle * (time.perf_counter() - looked)
    return Rate(each, each, beyond * 1000 / len(ids), 0)


def _make_due(world: Bench, number: int) -> Sequence[UUID]:
    """Timers of one kind, of as many cases, that are due from now on."""
    now = datetime.now(clock.SHANGHAI)
    with world.transaction() as session:
        first = select(func.min(Timer.fire_at)).where(Timer.status == WAITING).scalar_subquery()
        chosen = select(Timer.id).where(Timer.status == WAITING, Timer.fire_at == first).order_by(Timer.id)
        ids = session.scalars(chosen.limit(number)).all()
        due = update(Timer).where(Timer.id.in_(ids)).values(due_at=now - timedelta(seconds=1))
        session.execute(due, execution_options={"synchronize_session": False})
    return ids


def _left(world: Bench, ids: Sequence[UUID]) -> int:
    with world.database.reading() as session:
        waiting = select(func.count()).where(Timer.id.in_(ids), Timer.status == WAITING)
        return session.scalar(waiting) or 0


def _worked(workers: list[Popen[bytes]]) -> float:
    """Seconds of processor time that the workers have taken so far."""
    ticks = 0
    for one in workers:
        fields = Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _live(world: Bench, number: int, workers: list[Popen[bytes]]) -> bool:
    """Whether so many workers have shown that they live; those before them have taken leave."""
    if ended := [one.returncode for one in workers if one.poll() is not None]:
        raise RuntimeError(f"a worker has ended by itself ({ended})")
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(WorkerBeat)) == number


def _done(world: Bench, ids: Sequence[UUID]) -> bool:
    return _left(world, ids) == 0


def _until(done: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > LONGEST_SECONDS:
            raise RuntimeError("the workers do not come to an end")
        time.sleep(0.05)
