"""The loop. Any number of workers on any number of machines may run it against one database."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlalchemy.orm import Session

from service import attachments, clock, exchange, jobs
from service.auth import forget_sessions, journal_ended, proposals
from service.auth.sign_in import BY_ITSELF
from service.config import Organization, Settings, Wording
from service.db import Database
from service.db.failures import describe, explain, told
from service.errors import LiaisonError
from service.notifications import Delivery, Office, Post
from service.notifications.channels import Send
from service.notifications.digests import owe_digests
from service.processes import calendars, claims, figure_tallies, freeing, scheduled_starts, timers
from service.processes.figures import worker_names
from service.processes.upkeep import WorkerBeat
from service.rights import SYSTEM
from service.tracing import Traced, tracing
from service.usecases.in_force import over
from service.usecases.sealing import forget_offers
from service.workdays import next_office_moment
from service.worker import daily
from service.worker.rounds import ROUNDS
from service.worker.sealing import Sealing
from service.worker.verifying import Nightly
from service.worker.watch import Bounds, Watch

POLL_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0
BATCH = 100
JOBS = "jobs-"
"""Begins the name of work beside a worker's turns that does the jobs of one kind; the kind's name follows."""
BEAT_EVERY = timedelta(seconds=30)
ALIVE = 3 * BEAT_EVERY
"""A worker that shows no sign of life for so long has no part of the timers any more."""
SWEEP_EVERY = timedelta(seconds=30)
"""Between two looks for claims that no longer stand: whoever reads a task knows of them already."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """The result of one tick. ``more``: it stopped at the size of its batch, and there may be more at once."""

    fired: int = 0
    failed: int = 0
    delivered: int = 0
    started: int = 0
    more: bool = False


class Worker:
    """One worker. ``send`` replaces the ways out of the service (tests)."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        wordings: Mapping[str, Wording],
        organization: Organization,
        *,
        name: str | None = None,
        send: Mapping[str, Send] | None = None,
        poll_seconds: float = POLL_SECONDS,
        traced: Traced = tracing,
    ) -> None:
        """``traced`` gives the tracing by its settings: workers of one process share theirs."""
        self.database = database
        self._started, self._organization = settings, organization
        self.name = (name or f"{socket.gethostname()}:{os.getpid()}")[:100]
        self.poll_seconds = poll_seconds
        self._wordings = wordings
        office = Office(wordings, settings.mail, settings.public_url)
        self._delivery, self._post = Delivery(database, office), Post(database, office, send)
        self._sealing = Sealing(database, settings)
        self._nightly = Nightly(database, settings)
        self._watch = Watch(database, Bounds(settings.longest_jump, settings.longest_outage))
        self._trusted = False  # until the loop has looked at the clock
        self._stop = Event()
        self._beside = False
        self._beat_at: datetime | None = None
        self._reminded_on: date | None = None
        chosen = settings.tracing
        self._tracing = traced(chosen.endpoint, percent=chosen.percent, environment=settings.env, process="worker")
        if self._tracing is not None:
            self._tracing.watch(*database.engines)
        self._swept_at: datetime | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return over(self.database, self._started)

    @property
    def basis(self) -> exchange.Basis:
        """The rules by which imports read."""
        return exchange.Basis(self._organization, self.settings.contacts)

    def run(self, stop: Event) -> None:
        """Ticks until ``stop`` is set; the transaction at hand is finished first.

        An error that stops all work (a database that does not answer) is logged and tried again, less and less often.
        """
        log.info("worker_started", worker=self.name)
        beside = [
            Thread(target=copy_context().run, args=(self._keep, what, operation), name=f"{self.name}:{what}")
            for what, operation in self.begin(stop).items()
        ]
        for one in beside:
            one.start()
        wait = self.poll_seconds
        while not stop.is_set():
            try:
                work = self.turn()
            except Exception as error:  # a worker that dies of one error would fire no timer any more
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                log.exception("worker_hindered", worker=self.name, error=explain(error) or describe(error))
            else:
                wait = self.poll_seconds
                if work.more:
                    continue
            stop.wait(wait)
        for one in beside:
            one.join()
        self.leave()
        log.info("worker_stopped", worker=self.name)

    def begin(self, stop: Event) -> Mapping[str, Callable[[datetime], bool | int]]:
        """The work beside the turns of this worker, by name: each does a piece, and says whether there is more.

        Reading a large file takes half a minute, and so does a mail server at times: no timer waits for that. Nor does
        a kind of jobs wait for another kind: a walk of a minute holds up no migration.
        """
        self._stop, self._beside = stop, True
        return {
            "imports": self._import,
            "letters": self._send_letters,
            "seals": self._sealing.work,
            "figures": lambda _: figure_tallies.work(self.database),
            "nightly": self._nightly.work,
            **{f"{JOBS}{name}": partial(self._do_job, kinds={name: kind}) for name, kind in self._kinds.items()},
        }

    def turn(self) -> Work:
        """One look at the clock, and where it is trusted one tick."""
        self._trusted = self._watch.trusts(clock.now())
        return self.tick(clock.now()) if self._trusted else self._rest()

    @property
    def trusted(self) -> bool:
        """Whether the last turn has trusted the clock: without that nothing is done beside it either."""
        return self._trusted

    def _keep(self, what: str, operation: Callable[[datetime], bool | int]) -> None:
        """Does ``operation`` over and over until the worker stops, at once again while there is something to do."""
        wait = self.poll_seconds
        while not self._stop.is_set():
            try:
                if self._trusted and operation(clock.now()):
                    continue
            except Exception as error:  # what is wrong with one is noted there; the next one must not wait for a person
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                log.exception("worker_hindered", worker=self.name, at=what, error=explain(error) or describe(error))
            else:
                wait = self.poll_seconds
            self._stop.wait(wait)

    def _rest(self) -> Work:
        """Shows that the worker lives, and does nothing: the clock has leapt, a person must say that it is right."""
        with self.database.transaction() as session:
            session.merge(WorkerBeat(worker=self.name, beat_at=clock.now()))
        return Work()

    def _import(self, now: datetime) -> bool:
        return exchange.work(self.database, self.basis, now)

    @property
    def _kinds(self) -> Mapping[str, jobs.Kind]:
        found: Mapping[str, jobs.Kind] = self.database.session_info.get(jobs.KEY, {})
        return {name: replace(kind, work=partial(self._work, kind)) for name, kind in found.items()}

    def _work(self, kind: jobs.Kind, run: jobs.Run) -> Mapping[str, Any] | None:
        with self._traced(kind.name):
            return kind.work(run)

    def _traced(self, what: str) -> AbstractContextManager[object]:
        """A span around what has something to do: an idle worker tells no collector that it looked."""
        return self._tracing.work(f"worker {what}") if self._tracing is not None else nullcontext()

    def _do_job(self, now: datetime, kinds: Mapping[str, jobs.Kind] | None = None) -> bool:
        return jobs.work(self.database, self._kinds if kinds is None else kinds, self._stop.is_set, now)

    def _send_letters(self, now: datetime) -> int:
        """Sends what is due, up to a batch, in office hours as all notices; gives how many were tried."""
        tried = 0
        if self._office_is_open(now):
            # beside the other work a batch takes minutes: each letter is leased from its own moment on
            try:
                while tried < BATCH and not self._stop.is_set():
                    taken = self._post.deliver(clock.now() if self._beside else now)
                    if not taken:
                        break
                    tried += taken
            finally:
                self._post.close()
        return tried

    def tick(self, now: datetime) -> Work:
        """Does what is due at ``now``, up to a batch of each kind; one transaction for each timer and each notice.

        Imports, jobs and letters too, unless ``run`` has them done beside it.
        """
        self._beat()
        self._give_back(now)
        fired, failed, seen = self._fire_due(now)
        started, unstarted = self._start_due(now)
        imported = not self._beside and self._import(now)
        worked = not self._beside and self._do_job(now)
        if not self._beside:
            self._sealing.work(now)
            figure_tallies.work(self.database)
            self._nightly.work(now)
        delivered = 0
        if self._office_is_open(now):
            self._once_a_day(now)
            delivered = self._deliver_due(now)
            if not self._beside:
                delivered += self._send_letters(now)
        more = imported or worked or (seen > 0 and fired + failed > 0) or delivered >= BATCH or started > 0
        return Work(fired, failed + unstarted, delivered, started, more)

    def _give_back(self, now: datetime) -> None:
        """Journals the end of claims that no longer stand, and shows what nobody can move; now and then."""
        if self._swept_at is not None and abs(now - self._swept_at) < SWEEP_EVERY:
            return
        self._swept_at = now
        with self.database.reading() as session:
            found = claims.lapsed(session, limit=BATCH)
        operations: list[Callable[[Session], object]] = [
            partial(claims.end_claim, task_id=task_id, now=now) for task_id in found
        ]
        operations.append(partial(freeing.report, now=now))
        for operation in operations:
            try:
                with self.database.transaction() as session:
                    operation(session)
            except Exception as error:  # what is wrong with one case must not hold up the others
                if explain(error) is not None:
                    raise
                log.warning("sweep_failed", error=describe(error), exc_info=error)

    def _fire_due(self, now: datetime) -> tuple[int, int, int]:
        with self.database.reading() as session:
            due = timers.due_timers(session, now=now, limit=BATCH, share=self._share(session))
        fired = failed = 0
        for timer_id in due:
            if self._stop.is_set():
                break
            self._beat()
            try:
                with self._traced("timer"), self.database.transaction() as session:
                    fired += timers.fire(session, timer_id=timer_id, now=now)
            except Exception as error:  # whatever is wrong with one case must not hold up the others
                if explain(error) is not None:
                    raise
                failed += 1
                self._failed(timer_id, error, now)
        return fired, failed, len(due)

    def _share(self, session: Session) -> timers.Share:
        """This worker's part of the due timers beside the others that live, so that they do not meet at the same."""
        names = worker_names(session, since=clock.now() - ALIVE)
        return timers.Share(names.index(self.name), len(names)) if self.name in names else timers.ALL

    def _start_due(self, now: datetime) -> tuple[int, int]:
        """Starts the due processes of the calendar: one transaction each, so that one that fails holds up no other."""
        with self.database.reading() as session:
            due = scheduled_starts.due_starts(session, now=now, limit=BATCH)
        started = failed = 0
        for process, event in due:
            if self._stop.is_set():
                break
            self._beat()
            try:
                with self.database.transaction() as session:
                    started += scheduled_starts.fire(session, process=process, event=event, now=now)
            except Exception as error:  # whatever is wrong with one process must not hold up the others
                if explain(error) is not None:
                    raise
                failed += 1
                log.warning("start_failed", process=process, start=event, error=describe(error), exc_info=error)
                with self.database.transaction() as session:
                    scheduled_starts.failed(session, process=process, event=event, error=told(error), now=now)
        return started, failed

    def _failed(self, timer_id: UUID, error: Exception, now: datetime) -> None:
        defect = not isinstance(error, LiaisonError)
        log.warning("timer_failed", timer=str(timer_id), error=describe(error), exc_info=error if defect else None)
        with self.database.transaction() as session:
            timers.failed(session, timer_id=timer_id, error=told(error), now=now)

    def _office_is_open(self, now: datetime) -> bool:
        """Reminders go out in office hours of working days only; what is owed waits for the next ones."""
        with self.database.reading() as session:
            calendar = calendars.current(session)
        return next_office_moment(calendar, now, self.settings.office_opens, self.settings.office_closes) == now

    def _deliver_due(self, now: datetime) -> int:
        delivered = 0
        while delivered < BATCH and not self._stop.is_set() and (told := self._delivery.deliver(now)):
            delivered += told
            self._beat()
        return delivered

    def _once_a_day(self, now: datetime) -> None:
        today = clock.local(now).date()
        if self._reminded_on == today:
            return
        self._reminded_on = today
        for name, operation in self._daily():
            self._beat()
            try:
                with self.database.transaction() as session:
                    operation(session, now)
            except Exception as error:  # what is wrong with one must hold up neither the others nor any notice
                if explain(error) is not None:
                    self._reminded_on = None
                    raise
                log.warning("daily_failed", operation=name, error=describe(error), exc_info=error)
                with self.database.transaction() as session:
                    daily.failed(session, f"每日例行“{name}”没有完成，明日再试：{told(error)}", now=now)

        self._forget_bytes(now)

    def _daily(self) -> Iterator[tuple[str, Callable[[Session, datetime], object]]]:
        yield from ROUNDS.items()
        days = self.settings.files.draft_days
        yield "清理没有提交的附件", lambda session, now: attachments.forget_staged(session, days=days, now=now)
        yield "每日汇总", self._owe_digests

    def _forget_bytes(self, now: datetime) -> None:
        """Forgets bytes of files that nobody handed in; in no transaction that writes: the store may be far away."""
        try:
            with self.database.reading(long=True) as session:
                attachments.forget_bytes(session, now=now)
        except LiaisonError as error:
            log.warning("daily_failed", operation="清理附件存放处", error=error.message)

    def _owe_digests(self, session: Session, now: datetime) -> object:
        return owe_digests(session, self._wordings, self.settings.mail, now=now)

    def _beat(self) -> None:
        """The heartbeat, by the machine's own time, and seldom enough not to be a load of its own."""
        now = clock.now()
        if self._beat_at is not None and abs(now - self._beat_at) < BEAT_EVERY:
            return
        with self.database.transaction() as session:
            session.merge(WorkerBeat(worker=self.name, beat_at=now))
            daily.forget_dead_workers(session, now=now)
            daily.forget_old_answers(session, now=now)
            jobs.forget_old(session, now=now)
            forget_offers(session)
            proposals.expire(session, now=now)
            for username, count in forget_sessions(session, now=now, limits=self.settings.sessions).items():
                journal_ended(session, username, BY_ITSELF, count, SYSTEM, now)
        self._beat_at = now

    def leave(self) -> None:
        """A worker that stops in good order is not looked for any more."""
        self._beside = False
        try:
            with self.database.transaction() as session:
                session.execute(delete(WorkerBeat).where(WorkerBeat.worker == self.name))
        except Exception as error:  # noqa: BLE001 - it stops all the same
            log.warning("worker_left_without_word", worker=self.name, error=describe(error))
