"""Workers over a test's world, and what they are seen to have done."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.config import load_notifications, load_organization
from service.history import HistoryEvent, OutboxEntry
from service.notifications import Notification
from service.notifications.channels import Send
from service.processes import replay
from service.processes.models import Incident, Timer
from service.worker import Worker
from tests.factories.world import CONFIG, World


def worker_of(world: World, name: str = "one", send: Mapping[str, Send] | None = None, **changes: Any) -> Worker:
    """A worker over the world's database."""
    wordings, organization = load_notifications(CONFIG), load_organization(CONFIG)
    return Worker(
        world.database, world.settings, wordings, organization, name=name, send=send, poll_seconds=0.02, **changes
    )


def started(world: World, **more: str) -> subprocess.Popen[bytes]:
    """A worker in a process of its own, by the machine's clock; ``more`` are further settings (``MAIL_PORT`` …)."""
    settings = {
        "DATABASE_URL": world.database.url.render_as_string(hide_password=False),
        "OFFICE_OPENS": "00:00",
        "OFFICE_CLOSES": "23:59",
        "LONGEST_OUTAGE_DAYS": "3000",
        "SEAL_AT": "",
        "VERIFY_NIGHTLY": "off",
        "DATA_DIR": tempfile.mkdtemp(prefix="liaison-worker-"),
        **more,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "service", "worker"],
        env={**os.environ, **{f"LIAISON_{name}": value for name, value in settings.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def work_all(world: World, worker: Worker | None = None) -> None:
    """Ticks at the present until nothing is left to do."""
    worker = worker or worker_of(world)
    while (work := worker.tick(world.clock.now)).fired or work.delivered:
        pass


def at_once(*operations: Callable[[], Any]) -> list[Any]:
    """Runs the operations in threads that start together, under the present clock; gives their results in order."""
    start = Barrier(len(operations))
    results: list[Any] = [None] * len(operations)

    def run(place: int) -> None:
        start.wait(10)
        try:
            results[place] = operations[place]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[place] = error

    threads = [
        Thread(target=contextvars.copy_context().run, args=(run, place), daemon=True)
        for place in range(len(operations))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "two operations wait for each other"
    return results


@contextmanager
def looking(world: World) -> Iterator[Session]:
    """A reading session whose rows stay readable after it."""
    with world.database.reading() as session:
        yield session
        session.expunge_all()


def inbox_of(world: World, username: str) -> list[tuple[str, str]]:
    """(template, title) of the notices in somebody's inbox, in the order of the journal, but for word of new tasks."""
    with world.database.reading() as session:
        mine = select(Notification).where(Notification.username == username, Notification.template != "task")
        found = mine.order_by(Notification.event_id)
        return [(row.template, row.title) for row in session.scalars(found)]


def owed(world: World) -> list[OutboxEntry]:
    """The entries that the outbox still holds, but for word of new tasks."""
    with looking(world) as session:
        found = session.scalars(select(OutboxEntry).order_by(OutboxEntry.event_id))
        return [entry for entry in found if entry.event.data["template"] != "task"]


def incidents(world: World) -> list[Incident]:
    """All incidents, the first first."""
    with looking(world) as session:
        return list(session.scalars(select(Incident).order_by(Incident.happened_at)))


def timers_of(world: World, status: str = "waiting") -> list[Timer]:
    """The timers of the world's case, the earliest first."""
    with looking(world) as session:
        found = select(Timer).where(Timer.instance_id == world.case, Timer.status == status)
        return list(session.scalars(found.order_by(Timer.fire_at, Timer.event)))


def happened(world: World, kind: str) -> list[HistoryEvent]:
    """The events of that kind in the journal of the world's case; of notices, those but for word of new tasks."""
    with looking(world) as session:
        found = select(HistoryEvent).where(HistoryEvent.stream == f"instance:{world.case}", HistoryEvent.kind == kind)
        events = session.scalars(found.order_by(HistoryEvent.seq))
        return [event for event in events if event.data.get("template") != "task"]


def mismatches(world: World) -> list[str]:
    """The mismatches that ``liaison verify`` finds."""
    with world.database.reading() as session:
        return [f"{one.stream} {one.seq}: {one.what}" for one in replay.verify(session)]
