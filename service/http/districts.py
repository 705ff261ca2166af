"""Several districts behind one application: whose request it is, is said by the host name that it asks for.

The application itself holds nothing of anybody. The parts of a district (``Wired``: database, settings, access log)
are made when it is first asked for, and go with each of its requests; a district that cannot be made answers 503 by
itself, and the others never notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import copy_context
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, cast

import structlog
from flask import request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from service.config import Settings
from service.config.districts import District, host_of, known, plain_host, require_apart
from service.db.failures import describe, explain
from service.errors import Invalid, LiaisonError
from service.http.context import KEY, Wired
from service.http.shares import PATIENCE_SECONDS, Held, Shares

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NOBODYS = "这个网址没有对应的系统，请核对网址；不清楚的，请向本区的人才工作部门询问。\n"
AWAY = "本系统正在维护，暂时不能使用，请几分钟后再试。\n"
BUSY = "本系统现在没有及时应答，暂时不能再接受请求，请十秒后再试；一直如此的，请告诉系统管理员。\n"
AGAIN_SECONDS = 5.0
"""How long a district that could not be made is left alone."""
MENDED_SECONDS = 30.0
"""Between two looks at districts whose settings were bad."""
IDLE_SECONDS, LOOK_SECONDS = 60.0, 20.0
"""A district that nobody has asked for so long keeps no connection to its database."""
MEASURED_SECONDS = 8.0
"""How long it may take to look at all of them; a monitoring waits for ten, as a rule."""

Make = Callable[[District, Settings], Wired]

log = structlog.get_logger(__name__)


class Hosts:
    """The districts of the folder ``folder``, as one process serves them.

    ``make`` opens one; raises what keeps it from being served. Raises Invalid where two districts share what must be
    one's own. Stands where an application of one district has its ``Wired``.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], make: Make) -> None:
        self._folder, self._environ, self._make = folder, environ, make
        self._lock = Lock()
        self._districts: dict[str, tuple[District, Settings]] = {}
        self._names: dict[str, str] = {}
        self._making: dict[str, Lock] = {}
        self._open: dict[str, Wired] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._held: dict[str, tuple[District, Settings]] = {}
        self._asked_at: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._shares: Shares | None = None
        self._seen: int | None = None
        self._looked_at, self._faulty = 0.0, False
        self._started = False
        self._stop = Event()
        self.own: dict[str, WSGIApplication] = {}
        """Address → what answers it where the host is no district's: for whoever looks after the machine."""
        self._look()

    # --- requests ---

    def wired(self) -> Wired:
        """The parts of the district that this request is for."""
        return cast(Wired, request.environ[KEY])

    def around(self, app: WSGIApplication) -> WSGIApplication:
        """``app``, asked with the parts of a district alone."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            structlog.contextvars.clear_contextvars()  # the thread's last request may have been another district's
            name = self._name_of(plain_host(environ.get("HTTP_HOST", "")))
            if name is None:
                own = self.own.get(environ.get("PATH_INFO", "")) or _said(404, NOBODYS)
                return own(environ, start_response)
            if (shares := self._shares) is None:
                return self._answered(name, app, environ, start_response)
            if not shares.take(name):
                return _said(503, BUSY)(environ, start_response)
            return _counted(shares, name, partial(self._answered, name, app), environ, start_response)

        return answer

    def _answered(
        self, name: str, app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        found = self.open(name)
        if found is None:
            return _said(503, AWAY)(environ, start_response)
        environ[KEY] = found
        return app(environ, start_response)

    def share(self, threads: int) -> None:
        """From now on no district holds more of the process's ``threads`` than it leaves free; until then nobody counts
        them."""
        self._shares = Shares(threads)

    def _name_of(self, host: str) -> str | None:
        if host not in self._names and self._has_changed():
            try:
                self._look()
            except Invalid as error:
                log.exception("districts_not_read", error=error.message)
        return self._names.get(host)

    def _has_changed(self) -> bool:
        """Whether a folder came or went since the last look, or one had bad settings then and may be mended by now: a
        new district needs no restart. Made-up host names have the folders read no more often than that."""
        try:
            changed = self._folder.stat().st_mtime_ns != self._seen
        except OSError:
            return False
        return changed or (self._faulty and time.monotonic() - self._looked_at >= MENDED_SECONDS)

    def _look(self) -> None:
        with self._lock:
            self._seen = self._folder.stat().st_mtime_ns if self._folder.is_dir() else None
            self._looked_at, self._faulty = time.monotonic(), True
            found = known(self._folder, self._environ)
            self._faulty = bool(found.faults)
            for name, said in found.faults.items():
                log.error("district_left_out", district=name, error=said)
            # one that is open stays as it is until the process starts again
            self._districts = {**found.settings, **self._held}
            self._name_all()

    def _name_all(self) -> None:
        held = [(name, self._districts[name]) for name in self._held]  # last: a newcomer takes no host of theirs
        self._names = {host_of(one.public_url): name for name, (_, one) in [*self._districts.items(), *held]}

    # --- districts ---

    def names(self) -> list[str]:
        """Those that can be asked for."""
        return sorted(self._districts)

    def open(self, name: str, *, asked: bool = True) -> Wired | None:
        """The parts of a district, made now where nobody has asked before; None where that cannot be done.

        Without ``asked`` it is nobody's request, and does not keep the district from being idle.
        """
        if asked:
            self._asked_at[name] = time.monotonic()
        if (found := self._open.get(name)) is not None:
            return found
        with self._lock:
            making = self._making.setdefault(name, Lock())
        if not making.acquire(blocking=name not in self._failed):  # somebody tries again: nobody need wait for that
            return None
        try:  # the others need not wait for a database that does not answer
            if (found := self._open.get(name)) is not None:
                return found
            failed_at, said = self._failed.get(name, (-AGAIN_SECONDS, ""))
            if time.monotonic() - failed_at < AGAIN_SECONDS:
                return None
            try:
                made = copy_context().run(self._made, name)
            except (LiaisonError, SQLAlchemyError, OSError) as error:
                self._note(name, error, said)
                return None
            except Exception as error:  # a defect in one must not stop the others
                if self._note(name, error, said):
                    log.exception("district_not_opened", district=name)
                return None
            self._open[name] = made
            log.info("district_served", district=name)
            return made
        finally:
            making.release()

    def _note(self, name: str, error: BaseException, before: str) -> bool:
        """Notes why a district is left alone for a while; whether that is news."""
        told = explain(error) or describe(error)
        self._failed[name] = (time.monotonic(), told)
        (log.error if told != before else log.debug)("district_not_served", district=name, error=told)
        return told != before

    def _made(self, name: str) -> Wired:
        """The parts; what their threads log says whose they are."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(district=name)
        # read again: between the folder's making and the first request somebody has filled it in
        district, _ = self._districts[name]
        settings = district.settings()
        with self._lock:
            require_apart({**{other: one for other, (_, one) in self._districts.items()}, name: settings}, of=name)
            self._districts[name] = self._held[name] = (district, settings)
            self._name_all()
        try:
            made = self._make(district, settings)
            if self._started:
                made.keeper.start()
        except BaseException:
            with self._lock:
                del self._held[name]
            raise
        return made

    def each(self) -> Iterator[tuple[str, Wired | None]]:
        """All of them, one after the other; None for one that cannot be served, or for which there is no time left.

        Those that took longest the last time come last. One that nobody else asks for keeps no connection.
        """
        end = time.monotonic() + MEASURED_SECONDS
        for name in sorted(self.names(), key=lambda name: self._took.get(name, 0.0)):
            began = time.monotonic()
            if began >= end:
                yield name, None
                continue
            found = self.open(name, asked=False)
            try:
                yield name, found
            finally:
                self._took[name] = max(time.monotonic() - began, self._took.get(name, 0.0) / 2)
                if found is not None and self._is_idle(name):
                    found.database.dispose()

    # --- the process ---

    @property
    def keeper(self) -> Hosts:
        """Itself: it starts and stops with the server process, as the access log of a single district does."""
        return self

    def start(self) -> None:
        """From now on the access logs are written beside the requests."""
        self._started = True
        for one in list(self._open.values()):
            one.keeper.start()  # a test's: a server process starts before it has opened any
        Thread(target=self._let_go, name="districts", daemon=True).start()

    def stop(self) -> None:
        """Writes what waits; nothing is lost in good order."""
        self._stop.set()
        for one in list(self._open.values()):
            one.keeper.stop()
            one.database.dispose()

    def _let_go(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.let_go_of_idle()

    def let_go_of_idle(self) -> None:
        """Closes the connections of districts that nobody asks for."""
        for name, one in list(self._open.items()):
            if self._is_idle(name):
                one.database.dispose()

    def _is_idle(self, name: str) -> bool:
        asked_at = self._asked_at.get(name)
        return asked_at is None or time.monotonic() - asked_at >= IDLE_SECONDS


def _counted(
    shares: Shares, name: str, app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """The answer of ``app``, whose thread is given back when it is closed.

    A district that is open, and answers soon or says anything but that something failed, is there.
    """
    began, failed = time.monotonic(), False

    def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
        nonlocal failed
        failed = status.startswith("5")
        return start_response(status, headers, *more)

    def give() -> None:
        soon = time.monotonic() - began < PATIENCE_SECONDS
        shares.give(name, answered=KEY in environ and (soon or not failed))

    try:
        return Held(app(environ, start), give)
    except BaseException:
        shares.give(name, answered=False)
        raise


def _said(status: int, text: str) -> WSGIApplication:
    answer = Response(text, status, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if status == 503:
        answer.headers["Retry-After"] = "10"
    return answer
