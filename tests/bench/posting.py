"""The worker's debts to people: notices told and letters sent a second, and letters while workers are killed."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import func, select

from service import clock, notifications
from service.config import load_notifications
from service.history import OutboxEntry
from service.notifications import Delivery, NotificationDelivery, Office, OwedLetter, Post, delivery
from service.notifications.channels import MAIL
from service.processes.models import Instance
from service.processes.operations import notify
from service.rights import SYSTEM
from tests.bench.figures import Table
from tests.bench.work import Bench
from tests.factories.mail import Sink, sink
from tests.factories.workers import started
from tests.factories.world import CONFIG, World

READERS = ("handler-edu", "handler-edu-2", "handler-housing", "handler-health", "office", "liaison-hrss")
AT_ONCE = 500
NOTICES = 500
KILLS = 10
LONGEST_SECONDS = 3600
SUBJECT = "【直联平台】工作提醒（{}）"


def posting(world: Bench, letters: int, table: Table, column: str) -> None:
    """Rates of telling and sending, then ``letters`` to a mail server on the loopback while workers die."""
    with sink() as server:
        mail = replace(
            world.settings.mail, enabled=True, host="127.0.0.1", port=server.port, sender="zhilian@office.test"
        )
        office = Office(load_notifications(CONFIG), mail)
        _addresses(world)
        world.dispatched("edu")
        _emptied(world, office)
        _owe(world, NOTICES)
        _all(Delivery(world.database, office), world.clock.now)  # the first of a kind compiles its statements
        post = Post(world.database, office)
        _all(post, world.clock.now)
        for size, name in ((1, "notices told one by one"), (delivery.BATCH, f"notices told, {delivery.BATCH} at once")):
            number = NOTICES if size == 1 else 4 * NOTICES
            table.put(f"{number:,} notices owed", column, world.meter.rate(number, partial(_owe, world, number)))
            usual, delivery.BATCH = delivery.BATCH, size
            try:
                told = Delivery(world.database, office)
                table.put(name, column, world.meter.rate(number, partial(_all, told, world.clock.now)))
            finally:
                delivery.BATCH = usual
        table.put(
            "letters sent and settled", column, world.meter.rate(5 * NOTICES, partial(_all, post, world.clock.now))
        )
        post.close()
        server.got.clear()
        world.clock.set(datetime.now(clock.SHANGHAI))  # the workers' own: theirs is no simulated one
        _owe(world, letters)
        table.put(f"{letters:,} letters, worker killed {KILLS} times", column, _killed(world, server, letters))


def _all(work: Delivery | Post, now: datetime) -> None:
    while work.deliver(now):
        pass


def _addresses(world: World) -> None:
    with world.transaction() as session:
        for name in READERS:
            notifications.set_mail_address(
                session, username=name, address=f"{name}@office.test", actor=SYSTEM, now=clock.now()
            )


def _emptied(world: World, office: Office) -> None:
    _all(Delivery(world.database, office), world.clock.now)
    _all(Post(world.database, office, {MAIL: lambda _letter: None}), world.clock.now)


def _owe(world: World, number: int) -> None:
    """Notices of the case, each to one reader and so of one letter."""
    for first in range(0, number, AT_ONCE):
        with world.transaction() as session:
            case = session.get_one(Instance, world.case)
            for place in range(first, min(first + AT_ONCE, number)):
                reader = READERS[place % len(READERS)]
                notify(
                    session, case, "reminder", actor=SYSTEM, now=clock.now(), usernames=[reader], text=f"第 {place} 件"
                )


def _killed(world: World, server: Sink, letters: int) -> str:
    """Real workers, each killed while it sends but for the last."""
    mail = {"MAIL_ENABLED": "true", "MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(server.port)}
    start = partial(started, world, MAIL_SENDER="zhilian@office.test", **mail)
    with world.database.reading() as session:
        last = session.scalar(select(func.max(OutboxEntry.event_id))) or 0
    chance, began, killed = random.Random(7), time.monotonic(), 0
    share = letters // (KILLS + 1)
    worker = start()
    try:
        while time.monotonic() - began < LONGEST_SECONDS and _owed(world):
            if killed < KILLS and len(server.got) > share * killed + chance.randrange(share):
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                killed += 1
                worker = start()
            if worker.poll() is not None:
                raise RuntimeError(f"a worker has ended by itself ({worker.returncode})")
            time.sleep(0.02)
    finally:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(30)
    # what the timers of these months brought besides is not counted
    with world.database.reading() as session:  # of the shared timers there may have been cases before it
        subject = SUBJECT.format(session.get_one(Instance, world.case).number)
    ours = [message for _, message in server.got if str(message["Subject"]) == subject]
    keys = [str(message["Message-ID"]) for message in ours]
    with world.database.reading() as session:
        sent = select(func.count()).where(NotificationDelivery.event_id.between(last - letters + 1, last))
        noted = session.scalar(sent) or 0
    taken, left = time.monotonic() - began, _owed(world)
    return (
        f"{killed} kills, {left} still owed, {letters - len(set(keys)) - left} lost, {len(keys) - len(set(keys))} came"
        f" twice under the same Message-ID, {noted:,} noted as sent, {taken:.0f} s with leases"
    )


def _owed(world: World) -> int:
    with world.database.reading() as session:
        found = [session.scalar(select(func.count()).select_from(one)) or 0 for one in (OutboxEntry, OwedLetter)]
    return sum(found)
