"""Thousands of open cases go to another version while people complete tasks, the worker is killed, some go back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from service import clock
from service.db import Database
from service.jobs.models import Job, JobItem
from service.processes.definitions import deploy, latest
from service.processes.models import WAITING, Instance, Timer
from service.processes.replay import verify
from service.rights import COMMAND_LINE
from service.studio import impact
from tests.bench.figures import Table
from tests.bench.load import HOME, Client, Load, press, serving
from tests.bench.requests import PingPong
from tests.bench.volume import multiply, original
from tests.bench.work import UNIT_STAFF, Bench
from tests.factories.bundles import unchecked
from tests.factories.versions import FIVE_DAYS, changed
from tests.factories.world import OFFICE

CLIENTS, REAL, BACK = 4, 12, 50
"""Clients that complete tasks; cases driven by commands, whose journals are verified; cases moved back."""
FAR = timedelta(days=36500)
WITHIN = 3600.0


def crowd(world: Bench, url: str, cases: int, seconds: float, table: Table, column: str) -> None:
    """Impact over and migration of ``cases`` open needs, as jobs of a worker, with everything around it running."""
    own = [*_driven(world)]
    with world.database.reading() as session:
        there = len(impact.open_ids(session, "request", version=None, limit=cases))
    if there < cases:
        sources = [original(world.database, case) for case in own[:3]]
        each = -(-(cases - there) // len(sources))
        multiply(world.database, [(one, each) for one in sources])
    with world.transaction() as session:
        copied = (Timer.status == WAITING, Timer.instance_id.not_in(own))
        session.execute(
            update(Timer).where(*copied).values(due_at=clock.now() + FAR),
            execution_options={"synchronize_session": False},
        )
        before = latest(session, "request").version
        to = deploy(session, unchecked("request", changed(FIVE_DAYS)), actor=COMMAND_LINE, now=clock.now()).version
        ids = impact.open_ids(session, "request", version=before)
    chosen = list(dict.fromkeys([*own, *ids]))[:cases]
    named = [str(one) for one in chosen]
    tokens = {name: world.token(name) for name in ("admin", OFFICE, UNIT_STAFF)}
    with serving("service.app:create_app()", url) as port:
        table.put("completing before, 4 clients", column, _press(world, port, tokens, seconds))

        def submit(path: str, body: dict[str, Any]) -> UUID:
            return UUID(Client(port).call("POST", f"/api/v1{path}", body, tokens["admin"])["id"])

        looked = submit("/definitions/request/impact", {"from": before, "to": to})
        with _worker(url) as looking:
            taken = _await(world.database, looked, looking)
        table.put(f"impact job over {taken.done:,} open cases", column, str(taken))
        moving = {"process": "request", "to": to, "due": "keep", "instances": named, "reason": "测量"}
        job = submit("/migrations", moving)
        during: list[Load] = []
        pressing = threading.Thread(target=lambda: during.append(_press(world, port, tokens, seconds * 4)))
        pressing.start()
        with _worker(url) as first:
            taken = _await(world.database, job, first, part=0.5)
            first.kill()
            first.wait()
        pressing.join()
        table.put("completing during, 4 clients", column, during[0])
        table.put(f"migration job, its first {taken.done:,}, beside them", column, str(taken))
        _expire(world.database, job)
        with _worker(url) as second:
            taken = _await(world.database, job, second)
        table.put(f"migration job, the other {taken.done:,}, after a kill", column, str(taken))
        back = {**moving, "to": before, "instances": named[:BACK], "reason": "迁回"}
        with _worker(url) as last:
            _await(world.database, returned := submit("/migrations", back), last)
    for one in (job, returned):
        table.put(f"outcomes of {'migration' if one == job else 'moving back'}", column, _outcomes(world.database, one))
    with world.database.reading() as session:
        stand = session.scalars(select(Instance.version).where(Instance.id.in_(chosen))).all()
        found = [*verify(session, own)]
    if found:
        raise RuntimeError(f"the moved cases do not verify: {found[0]}")
    told = f"{stand.count(to):,} of version {to}, {stand.count(before):,} of {before}; {len(own)} verified"
    table.put("afterwards", column, told)


def _driven(world: Bench) -> Iterator[UUID]:
    for _ in range(REAL // 3):
        yield world.recorded()
        world.dispatched()
        world.do(OFFICE, "feedback_accepted")
        yield world.case
        yield world.dispatched("edu", "guicheng")


def _press(world: Bench, port: int, tokens: dict[str, str], seconds: float) -> Load:
    asks = []
    for _ in range(CLIENTS):
        world.dispatched()
        asks.append(PingPong(world.task("handle").id, tokens[UNIT_STAFF], tokens[OFFICE], world.sample("handle")))
    return press(port, [*asks], seconds)


@contextmanager
def _worker(url: str) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIAISON_")}
    environ = {**kept, "LIAISON_CONFIG": str(HOME / "config"), "LIAISON_DATABASE_URL": url}
    command = [sys.executable, "-m", "service", "worker"]
    made = subprocess.Popen(command, cwd=HOME, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield made
    finally:
        made.terminate()
        made.wait(60)


@dataclass(frozen=True, slots=True)
class Taken:
    """How a worker did a job: ``done`` cases in ``seconds`` by the clock, of which it was ``busy`` itself; the memory
    that it held after a tenth of them and at the end (bytes)."""

    done: int
    seconds: float
    busy: float
    early: int
    late: int

    def __str__(self) -> str:
        """Cases a second by the clock and of the worker's own time, and its memory."""
        pace = f"{self.done / self.seconds:6.0f} a second ({self.seconds:.1f} s)"
        own = self.busy * 1000 / max(1, self.done)
        return f"{pace}, {own:.1f} ms of its own each, {_mb(self.early)} to {_mb(self.late)}"


def _await(database: Database, job: UUID, worker: subprocess.Popen[bytes], part: float = 1.0) -> Taken:
    """Waits till ``part`` of a job is done; counts from the first case that this worker did."""
    before, early, began, busy = -1, 0, 0.0, 0.0
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        with database.reading() as session:
            found = session.get_one(Job, job)
            status, done, total = found.status, found.done, found.total or 0
        if before < 0:
            before = done
        if done > before and not began:
            before, began, busy = done, time.perf_counter(), _busy(worker)
        if began and not early and done - before >= (total - before) / 10:
            early = _memory(worker)
        if status in ("done", "failed") or (part < 1 and done >= total * part):
            if status == "failed":
                raise RuntimeError(f"the job failed: {found.message}")
            late, spent = _memory(worker), _busy(worker) - busy if began else 0.0
            return Taken(done - before, max(time.perf_counter() - began, 0.001) if began else 0.001, spent, early, late)
        time.sleep(0.05)
    raise RuntimeError("the job does not come to its end")


def _busy(worker: subprocess.Popen[bytes]) -> float:
    """Processor seconds of a process so far; 0 where the machine does not say."""
    try:
        told = Path(f"/proc/{worker.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _memory(worker: subprocess.Popen[bytes]) -> int:
    """Bytes that a process holds; 0 where the machine does not say."""
    try:
        pages = int(Path(f"/proc/{worker.pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _expire(database: Database, job: UUID) -> None:
    """The lease of the killed worker is over, as after two minutes."""
    with database.transaction() as session:
        session.get_one(Job, job).leased_until = None


def _outcomes(database: Database, job: UUID) -> str:
    with database.reading() as session:
        verdicts = session.scalars(select(JobItem.verdict).where(JobItem.job_id == job)).all()
    return ", ".join(f"{verdicts.count(one):,} {one}" for one in sorted(set(verdicts)))
