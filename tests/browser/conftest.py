"""The service behind a real port, and Chromium in front of it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from service import clock as service_clock
from service.auth.sessions import COOKIE
from service.demonstration import PASSWORD
from tests.browser import old_chromium
from tests.factories.world import World

if TYPE_CHECKING:
    from tests.conftest import FakeClock

expect.set_options(timeout=15_000)

DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


class Site:
    """The running service with its address. ``now`` is the time its requests see."""

    def __init__(self, world: World, browser: Browser) -> None:
        self.world, self.browser = world, browser
        self.now: datetime = service_clock.now()
        self.complaints: list[str] = []
        """The lines of the browsers' consoles, and every address asked for outside the service."""
        self.expected: tuple[str, ...] = ()
        """Parts of console messages that a test provokes on purpose."""
        self._contexts: list[BrowserContext] = []
        self._under_way, self._idle = 0, threading.Condition()
        self._server = make_server("127.0.0.1", 0, self._timed, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _timed(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Each request runs in its own thread, which knows nothing of the test's clock."""
        with self._counted(), service_clock.simulated(self.now):
            with closing(ClosingIterator(self.world.app.wsgi_app(environ, start_response))) as answer:
                return list(answer)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._under_way += 1
        try:
            yield
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def visit(self, username: str | None, path: str = "/", size: dict[str, int] | None = None, **options: Any) -> Page:
        """A fresh browser window, signed in as ``username``, at ``path``; ``options`` of Playwright's contexts.

        The session is begun without the page of signing in, which has tests of its own.
        """
        given: dict[str, Any] = {"viewport": size or DESKTOP, "locale": "zh-CN", "base_url": self.url, **options}
        context = self.browser.new_context(**given)
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        if username is not None:
            with service_clock.simulated(self.now):
                context.add_cookies([{"name": COOKIE, "value": self.world.begin_session(username), "url": self.url}])
        page.goto(path)
        return page

    def sign_in(self, page: Page, username: str) -> None:
        """Signs in by name and password, at the page for it."""
        page.goto("/sign-in")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("heading", name="工作台").wait_for()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:", "about:")):
            self.complaints.append(f"outside: {url}")

    def check(self) -> None:
        """Fails if a browser complained of anything that the test did not provoke."""
        found = [one for one in self.complaints if not any(part in one for part in self.expected)]
        assert found == []

    def close(self) -> None:
        """Closes the windows and the service."""
        for context in self._contexts:
            context.close()
        self._server.shutdown()
        self._server.server_close()
        with self._idle:  # a window that closes leaves its last requests behind
            assert self._idle.wait_for(lambda: not self._under_way, 30)
        self.world.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The hand that drives the browsers."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One present Chromium for the whole run."""
    opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def old_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium 90, unpacked once a test run."""
    if not old_chromium.installed():
        pytest.skip("the npm package chrome-aws-lambda is not installed (make setup brings it)")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "chromium-90"
    with (shared / "chromium-90.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = shared / "chromium-90.partial"
            partial.mkdir()
            old_chromium.unpack(partial)
            partial.rename(folder)
    # not under the run's folder: Chromium still writes into its profile while that is cleared away
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        with old_chromium.opened(playwright, folder / old_chromium.PROGRAM, Path(profile)) as opened:
            yield opened


@pytest.fixture
def site(sqlite_world: Path, tmp_path: Path, clock: FakeClock, browser: Browser) -> Iterator[Site]:
    """The whole service on a port of its own, seen by a present browser."""
    with _running(sqlite_world, tmp_path, clock, browser) as running:
        yield running


@pytest.fixture
def old_site(sqlite_world: Path, tmp_path: Path, clock: FakeClock, old_browser: Browser) -> Iterator[Site]:
    """The whole service on a port of its own, seen by Chromium 90."""
    with _running(sqlite_world, tmp_path, clock, old_browser) as running:
        yield running


@contextmanager
def _running(template: Path, folder: Path, clock: FakeClock, browser: Browser) -> Iterator[Site]:
    database = folder / f"site-{browser.version}.db"  # a test may look at two browsers
    shutil.copy(template, database)
    running = Site(World(f"sqlite:///{database}", clock), browser)
    yield running
    running.close()
    running.check()
