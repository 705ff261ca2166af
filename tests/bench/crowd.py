"""Thousands of open cases go to another version while people complete tasks, the worker is killed, some go back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
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
        with _worker(url):
            taken, done = _await(world.database, looked)
        table.put(f"impact job over {done:,} open cases", column, _pace(taken, done))
        moving = {"process": "request", "to": to, "due": "keep", "instances": named, "reason": "测量"}
        job = submit("/migrations", moving)
        during: list[Load] = []
        pressing = threading.Thread(target=lambda: during.append(_press(world, port, tokens, seconds * 4)))
        pressing.start()
        with _worker(url) as first:
            _await(world.database, job, part=0.5)
            first.kill()
        pressing.join()
        table.put("completing during, 4 clients", column, during[0])
        half = _expire(world.database, job)
        with _worker(url):
            taken, done = _await(world.database, job)
        table.put(f"migration job over {len(chosen):,}, killed at {half:,}", column, _pace(taken, done - half))
        back = {**moving, "to": before, "instances": named[:BACK], "reason": "迁回"}
        with _worker(url):
            _await(world.database, returned := submit("/migrations", back))
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


def _await(database: Database, job: UUID, part: float = 1.0) -> tuple[float, int]:
    """Waits till ``part`` of a job is done; the seconds since its worker took it, and how many cases are done."""
    began, end = 0.0, time.monotonic() + WITHIN
    while time.monotonic() < end:
        with database.reading() as session:
            found = session.get_one(Job, job)
            status, done, total = found.status, found.done, found.total or 0
        if status == "running" and not began:
            began = time.perf_counter()
        if status in ("done", "failed") or (part < 1 and done >= total * part):
            if status == "failed":
                raise RuntimeError(f"the job failed: {found.message}")
            return time.perf_counter() - began, done
        time.sleep(0.05)
    raise RuntimeError("the job does not come to its end")


def _expire(database: Database, job: UUID) -> int:
    """The lease of the killed worker is over, as after two minutes; how far it came."""
    with database.transaction() as session:
        found = session.get_one(Job, job)
        found.leased_until = None
        return found.done


def _outcomes(database: Database, job: UUID) -> str:
    with database.reading() as session:
        verdicts = session.scalars(select(JobItem.verdict).where(JobItem.job_id == job)).all()
    return ", ".join(f"{verdicts.count(one):,} {one}" for one in sorted(set(verdicts)))


def _pace(seconds: float, count: int) -> str:
    return f"{count / seconds:6.0f} a second ({seconds:.1f} s)"
