"""One worker for many districts: each has its turn, and none waits for another's.

A lane is one sort of work (turns, imports, letters, each kind of jobs …) with a few hands. A hand takes the district
that has waited longest, does one piece of its work and puts it at the end: a busy district takes no more than its turn,
and one whose database does not answer holds one hand for as long as a connection is tried, then less and less often.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from threading import Condition, Event, Lock, Thread

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service import clock, jobs
from service.config import Settings, load_notifications, load_organization
from service.config.districts import District, known, require_apart
from service.db import Database, migrate
from service.db.failures import describe, explain
from service.errors import Conflict, LiaisonError
from service.notifications.channels import Send
from service.rights import SYSTEM
from service.tracing import Traced, tracing
from service.usecases import wire
from service.usecases.starting import make_ready
from service.worker.loop import JOBS, LONGEST_WAIT_SECONDS, POLL_SECONDS, Worker

TURN = "turns"
HANDS: Mapping[str, int] = {TURN: 4, "letters": 4}
"""A lane → how many districts it serves at a time; of the others one."""
REST_SECONDS = 10.0
"""A district in which nothing was due for a while has its turn so seldom: a hundred that rest cost next to nothing."""
LOOK_SECONDS = 10.0
"""Between two looks for districts that are new, or could not be served."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Served:
    """A district at work. ``waits``: lane → seconds until its next turn there, where it rests or was hindered."""

    name: str
    database: Database
    worker: Worker
    beside: Mapping[str, Callable[[datetime], bool | int]]
    waits: dict[str, float] = field(default_factory=dict)


class Lane:
    """The districts that wait for one sort of work, in the order in which they are due."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Served]] = []
        self._inside: set[str] = set()
        self._order = count()
        self._changed = Condition()

    def put(self, one: Served, *, after: float = 0.0) -> None:
        """Its turn comes in so many seconds, after all that are due before."""
        with self._changed:
            self._inside.add(one.name)
            heappush(self._due, (time.monotonic() + after, next(self._order), one))
            self._changed.notify()

    def want(self, one: Served) -> None:
        """The same, unless it waits already or is being served."""
        with self._changed:
            if one.name in self._inside:
                return
        self.put(one)

    def leave(self, one: Served) -> None:
        """It has nothing to do here any more."""
        with self._changed:
            self._inside.discard(one.name)

    def take(self, stop: Event) -> Served | None:
        """The one that has been due longest, as soon as one is; None when the worker stops."""
        with self._changed:
            while not stop.is_set():
                wait = self._due[0][0] - time.monotonic() if self._due else 1.0
                if self._due and wait <= 0:
                    return heappop(self._due)[2]
                self._changed.wait(min(wait, 1.0))
        return None


class Rota:
    """The worker of all districts in a folder. ``send`` replaces the ways out of the service (tests)."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        name: str | None = None,
        send: Mapping[str, Send] | None = None,
        poll_seconds: float = POLL_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.name = (name or f"{socket.gethostname()}:{os.getpid()}")[:100]
        self._folder, self._environ, self._send = folder, environ, send
        self._poll, self._look_every = poll_seconds, look_seconds
        self._traced: Traced = cache(tracing)
        self._served: dict[str, Served] = {}
        self._held: dict[str, Settings] = {}
        self._told: dict[str, str] = {}
        self._seen: int | None = None
        self._looked_at = 0.0
        self._lanes: dict[str, Lane] = {}
        self._hands: list[Thread] = []
        self._lock = Lock()
        self._stop = Event()

    def run(self, stop: Event) -> None:
        """Works until ``stop`` is set; what is in hand is finished first. Raises Invalid where two districts share what
        must be one's own, at the start; later that is logged, and those that are served go on."""
        self._stop = stop
        known(self._folder, self._environ)
        log.info("worker_started", worker=self.name)
        while not stop.is_set():
            try:
                self.look()
            except Exception as error:  # those that are served go on
                log.exception("districts_not_read", error=explain(error) or describe(error))
                self._told.setdefault("", "")  # so that it is looked at again
            stop.wait(self._look_every)
        for hand in self._hands:
            hand.join()
        for one in self._served.values():
            one.worker.leave()
            one.database.dispose()
        log.info("worker_stopped", worker=self.name)

    @property
    def names(self) -> list[str]:
        """The districts that are served."""
        return sorted(self._served)

    def look(self) -> None:
        """Takes in every district that is not served yet and can be; tells once why another cannot.

        All are read only where a folder came or went, or, less often, where one could not be served.
        """
        seen, now = self._folder.stat().st_mtime_ns, time.monotonic()
        again = bool(self._told) and now - self._looked_at >= self._look_every * 3
        if seen == self._seen and not again:
            return
        self._seen, self._looked_at = seen, now
        found = known(self._folder, self._environ)
        told = dict(found.faults)
        for name, (district, settings) in found.settings.items():
            if name in self._served or self._stop.is_set():
                continue
            try:
                require_apart({**self._held, name: settings}, of=name)  # those that are served, as they were opened
                with structlog.contextvars.bound_contextvars(district=name):
                    one = self._opened(district, settings)
            except Exception as error:  # a defect in one must not stop the others
                told[name] = explain(error) or describe(error)
                known_kind = isinstance(error, LiaisonError | SQLAlchemyError | OSError)
                if not known_kind and self._told.get(name) != told[name]:
                    log.exception("district_not_opened", district=name)
                continue
            self._served[name], self._held[name] = one, settings
            log.info("district_served", district=name, worker=self.name)
            self._lane(TURN).put(one)
            for what in one.beside:
                lane = self._lane(what)
                if not what.startswith(JOBS):  # for jobs it is put there when one waits
                    lane.put(one)
        for name, said in told.items():
            if self._told.get(name) != said:
                log.error("district_not_served", district=name, error=said)
        self._told = told

    def _opened(self, district: District, settings: Settings) -> Served:
        organization, wordings = load_organization(district.config), load_notifications(district.config)
        database = Database(settings.database_url, settings.timeouts, read_url=settings.read_url, idle=1)
        try:
            _require_current(database, district.name)
            wire(database, settings, organization)
            make_ready(database, settings, organization, actor=SYSTEM)
            worker = Worker(
                database, settings, wordings, organization, name=self.name, send=self._send, traced=self._traced
            )
        except BaseException:
            database.dispose()
            raise
        return Served(district.name, database, worker, worker.begin(self._stop))

    def _lane(self, what: str) -> Lane:
        """The lane of a sort of work, with its hands; made when first asked for."""
        with self._lock:
            if what not in self._lanes:
                self._lanes[what] = Lane()
                for number in range(HANDS.get(what, 1)):
                    hand = Thread(target=copy_context().run, args=(self._work, what), name=f"{what}-{number}")
                    self._hands.append(hand)
                    hand.start()
            return self._lanes[what]

    def _work(self, what: str) -> None:
        lane = self._lanes[what]
        while (one := lane.take(self._stop)) is not None:
            with structlog.contextvars.bound_contextvars(district=one.name):
                after = self._piece(what, one)
            if after is None:
                lane.leave(one)
            else:
                lane.put(one, after=after)

    def _piece(self, what: str, one: Served) -> float | None:
        """Does one piece; gives in how many seconds its next turn is due, None for not until it is wanted."""
        wait = one.waits.get(what, self._poll / 2) * 2
        try:
            more = self._turn(one) if what == TURN else one.worker.trusted and one.beside[what](clock.now())
        except Exception as error:  # what is wrong with one district must not hold up the others
            wait = one.waits[what] = min(max(wait, self._poll * 2), LONGEST_WAIT_SECONDS)
            log.exception("worker_hindered", worker=self.name, at=what, error=explain(error) or describe(error))
            return wait
        if more or what.startswith(JOBS):
            one.waits.pop(what, None)
            return 0.0 if more else None
        one.waits[what] = min(wait, max(REST_SECONDS, self._poll))
        return one.waits[what]

    def _turn(self, one: Served) -> bool:
        work = one.worker.turn()
        if one.worker.trusted:
            for kind in jobs.waiting(one.database, clock.now()):
                if (what := f"{JOBS}{kind}") in one.beside:
                    self._lane(what).want(one)
        if not work.more:
            one.database.dispose()  # a hundred districts that rest hold no hundred connections
        return work.more


def _require_current(database: Database, name: str) -> None:
    if not database.exists() or not migrate.is_current(database):
        raise Conflict(f"数据库结构不是最新的，请先运行 liaison --district {name} migrate")
