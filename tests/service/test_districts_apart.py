"""Districts of one process hold each other up in nothing, and none opens what another has open."""

from __future__ import annotations

import re
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import Client
from werkzeug.wrappers import Response

from service.api.metrics import house_metrics
from service.app import create_districts
from service.config.trust import Metrics
from service.http import districts as hosts
from service.http import shares
from service.http.context import KEY, Wired
from service.http.districts import AWAY, BUSY, Hosts
from service.worker import Rota
from tests.factories.districts import QUIET, Asking, copied, district, host, opened_in

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "tenants"
    there.mkdir()
    return there


def served(folder: Path) -> Flask:
    return create_districts(environ={**QUIET, "LIAISON_DISTRICTS": str(folder)})


def rewrite(home: Path, url: str) -> None:
    (home / "environment").write_text(
        f"LIAISON_PUBLIC_URL=http://{host(home.name)}\nLIAISON_DATABASE_URL={url}\n", encoding="utf-8"
    )


def spoil(home: Path) -> None:
    """Something in the database that nobody has written there: reading it is no failure of a database."""
    with opened_in(home) as session:
        session.execute(text("UPDATE calendar_version SET loaded_at = 'never'"))


# --- one database, one district ---


def test_two_that_are_filled_in_alike_are_not_both_opened(folder: Path, sqlite_world: Path, tmp_path: Path) -> None:
    homes = [copied(folder, name, sqlite_world) for name in ("north", "south")]
    app = served(folder)
    shutil.copy(sqlite_world, tmp_path / "one.db")
    for home in homes:
        rewrite(home, f"sqlite:///{tmp_path / 'one.db'}")
    assert [Asking(app, name).get("/sign-in").status_code for name in ("north", "south")] == [200, 503]


def test_what_is_open_stays_its_own_after_the_file_says_otherwise(
    folder: Path, sqlite_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    east = copied(folder, "east", sqlite_world)
    app = served(folder)
    assert Asking(app, "east").get("/sign-in").status_code == 200
    shutil.copy(sqlite_world, east / "var" / "other.db")
    rewrite(east, "sqlite:///var/other.db")
    time.sleep(0.02)
    district(folder, "north", f"sqlite:///{east / 'var' / 'liaison.db'}")
    assert Asking(app, "north").get("/sign-in").status_code == 503
    monkeypatch.setattr(hosts, "AGAIN_SECONDS", 0.0)
    shutil.copy(sqlite_world, folder / "north" / "north.db")
    rewrite(folder / "north", "sqlite:///north.db")
    assert Asking(app, "north").get("/sign-in").status_code == 200


def test_a_worker_takes_in_none_over_what_it_works_with(folder: Path, sqlite_world: Path) -> None:
    east, stop = copied(folder, "east", sqlite_world), Event()
    rota = Rota(folder, QUIET, name="test:1", poll_seconds=0.05, look_seconds=0.05)
    thread = Thread(target=rota.run, args=(stop,))
    thread.start()
    try:
        _until(lambda: rota.names == ["east"])
        rewrite(east, "sqlite:///var/other.db")
        district(folder, "north", f"sqlite:///{east / 'var' / 'liaison.db'}")
        _until(lambda: "north" in rota._told or "north" in rota.names)
        assert "区 east、区 north 的数据库相同" in rota._told["north"]
        assert rota.names == ["east"]
    finally:
        stop.set()
        thread.join(60)


def _until(holds: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.02)


# --- what is wrong with one ---


def test_a_district_is_asked_what_a_single_installation_is(
    folder: Path, sqlite_world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(folder, "east", sqlite_world, LIAISON_DURABLE="true")
    copied(folder, "west", sqlite_world)
    app = served(folder)
    assert [Asking(app, name).get("/sign-in").status_code for name in ("east", "west")] == [503, 200]
    assert "durable = true" in capsys.readouterr().err


def test_an_error_that_nobody_knows_is_its_districts_alone(
    folder: Path, sqlite_world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(copied(folder, "east", sqlite_world))
    copied(folder, "west", sqlite_world)
    app = served(folder)
    assert [Asking(app, name).get("/sign-in").status_code for name in ("east", "west")] == [503, 200]
    told = capsys.readouterr().err
    assert ("district_not_opened" in told, "Traceback" in told or "exception" in told) == (True, True)
    whole = app.test_client().get("/metrics", base_url="http://127.0.0.1").text
    assert _up(whole) == {"east": "0.0", "west": "1.0"}


def test_a_worker_goes_on_to_the_next_after_an_error_that_nobody_knows(folder: Path, sqlite_world: Path) -> None:
    spoil(copied(folder, "east", sqlite_world))
    copied(folder, "west", sqlite_world)
    rota, stop = Rota(folder, QUIET, name="test:1", poll_seconds=0.05, look_seconds=0.05), Event()
    thread = Thread(target=rota.run, args=(stop,))
    thread.start()
    try:
        _until(lambda: rota._told.get("east"))
        assert rota.names == ["west"]
    finally:
        stop.set()
        thread.join(60)


# --- what is measured ---


def _up(told: str) -> dict[str, str]:
    return dict(re.findall(r'liaison_district_up\{district="(\w+)"\} (\S+)', told))


def test_measuring_keeps_no_district_awake(folder: Path, sqlite_world: Path) -> None:
    for name in ("east", "west"):
        copied(folder, name, sqlite_world)
    app = served(folder)
    Asking(app, "east").get("/sign-in")
    whole = app.test_client().get("/metrics", base_url="http://127.0.0.1").text
    assert _up(whole) == {"east": "1.0", "west": "1.0"}
    pools = [one.database.engine.pool.checkedin() for _, one in sorted(app.extensions[KEY]._open.items())]
    assert pools == [1, 0]


def test_measuring_ends_in_time_with_those_it_did_not_come_to_told(
    folder: Path, sqlite_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(folder, "east", sqlite_world)
    app = served(folder)
    monkeypatch.setattr(hosts, "MEASURED_SECONDS", 0.0)
    assert _up(app.test_client().get("/metrics", base_url="http://127.0.0.1").text) == {"east": "0.0"}
    assert app.extensions[KEY]._open == {}
    monkeypatch.undo()
    assert _up(app.test_client().get("/metrics", base_url="http://127.0.0.1").text) == {"east": "1.0"}


def test_who_asks_while_it_is_measured_waits_for_nobody() -> None:
    meanwhile = []

    def each() -> Iterator[tuple[str, Wired | None]]:
        meanwhile.append(client.get("/metrics", headers=known).status_code)
        yield "east", None

    known = {"Authorization": "Bearer of-the-monitoring"}
    client = Client(house_metrics(Metrics(token="of-the-monitoring", addresses=()), each), Response)
    answer = client.get("/metrics", headers=known)
    assert (answer.status_code, meanwhile) == (200, [503])


# --- threads ---


class Inner:
    """An application in which requests to /wait wait."""

    def __init__(self) -> None:
        self.go_on, self.waiting = Event(), Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/fail":
            raise LookupError
        if environ["PATH_INFO"] == "/wait":
            self.waiting.set()
            assert self.go_on.wait(30)
        return Response("done")(environ, start_response)


def test_one_that_waits_holds_no_more_than_its_share(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("east", "west"):
        district(folder, name, "sqlite:///var/own.db")
    monkeypatch.setattr(shares, "PATIENCE_SECONDS", 0.2)
    several: Any = Hosts(folder, QUIET, lambda _district, _settings: SimpleNamespace())  # type: ignore[arg-type,return-value]
    several.share(2)
    inner = Inner()
    app = several.around(inner)

    def ask(name: str, path: str) -> tuple[int, str]:
        answer = Client(app, Response).get(path, base_url=f"http://{host(name)}", buffered=True)
        return answer.status_code, answer.text

    first = Thread(target=ask, args=("east", "/wait"))
    first.start()
    assert inner.waiting.wait(30)
    assert ask("east", "/") == (503, BUSY)
    began = time.monotonic()
    assert {ask("east", "/")[0] for _ in range(5)} == {503}
    assert time.monotonic() - began < 0.2 * 5  # nobody waits any more
    assert ask("west", "/") == (200, "done")
    inner.go_on.set()
    first.join(30)
    for _ in range(3):
        with pytest.raises(LookupError):
            ask("east", "/fail")
        assert ask("east", "/") == (200, "done")


def test_answers_that_say_nothing_make_nobody_wait_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "PATIENCE_SECONDS", 0.2)
    several = shares.Shares(2)

    def seconds() -> float:
        began = time.monotonic()
        assert not several.take("east")
        return time.monotonic() - began

    assert several.take("east")
    assert seconds() >= 0.2
    for answered, waits in ((False, False), (True, True)):
        several.give("east", answered=answered)
        assert several.take("east")
        assert (seconds() >= 0.2) is waits


def test_who_asks_for_several_things_at_once_waits_a_moment_for_ones_own() -> None:
    several, answers = shares.Shares(2), []
    assert several.take("east")

    def ask() -> None:
        answers.append(several.take("east"))
        several.give("east", answered=True)

    others = [Thread(target=ask) for _ in range(5)]
    for one in others:
        one.start()
    time.sleep(0.1)
    several.give("east", answered=True)
    for one in others:
        one.join(10)
    assert answers == [True] * 5


def test_each_gets_no_more_than_it_leaves_free_and_nobody_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "PATIENCE_SECONDS", 0.0)
    several = shares.Shares(8)

    def all_of(name: str) -> int:
        return sum(iter(lambda: several.take(name), False))

    assert [all_of(name) for name in ("east", "west", "north")] == [4, 2, 1]
    assert several.take("south")  # whoever holds none gets one
    several.give("south", answered=True)
    for name, held in (("east", 4), ("west", 2), ("north", 1)):
        for _ in range(held):
            several.give(name, answered=False)
    # nothing has come from these: one each, and no more than half of the threads for all of them
    for name in ("d1", "d2", "d3"):
        assert all_of(name) >= 1
        for _ in range(4):
            if several._of[name].held:
                several.give(name, answered=False)
    assert [all_of(name) for name in ("east", "west", "north", "d1", "d2", "d3")] == [1, 1, 1, 1, 0, 0]
    assert all_of("south") >= 1


def test_however_many_are_silent_they_take_all_threads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in vain here: each asks for one thread, and has it as long as an attempt to connect takes."""
    monkeypatch.setattr(shares, "PATIENCE_SECONDS", 0.1)
    several, names = shares.Shares(8), [f"d{number}" for number in range(8)]
    taken = []
    for _ in range(3):
        held = [name for name in names if several.take(name)]
        taken.append(len(held))
        if len(held) < 8:
            assert several.take("east")
            several.give("east", answered=True)
        time.sleep(0.15)
        for name in held:
            several.give(name, answered=False)
    assert taken == [8, 4, 4]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_two_whose_servers_never_answer_leave_threads_to_the_others(
    folder: Path, sqlite_world: Path, silent: int
) -> None:
    copied(folder, "east", sqlite_world)
    for name in ("north", "south"):
        url = f"postgresql+psycopg://liaison@127.0.0.1:{silent}/{name}"
        district(folder, name, url, LIAISON_TIMEOUTS_CONNECT_SECONDS="20")
    app = served(folder)
    assert Asking(app, "east").get("/sign-in").status_code == 200
    several: Hosts = app.extensions[KEY]
    several.share(8)

    def ask(name: str) -> tuple[int, str, str | None]:
        with Asking(app, name).get("/sign-in") as answer:  # a server closes each answer
            return answer.status_code, answer.text, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(8) as threads:  # as those of a server process: what comes later waits for one
        began = time.monotonic()
        lost = [threads.submit(ask, name) for _ in range(12) for name in ("north", "south")]
        found = [threads.submit(ask, "east") for _ in range(5)]
        assert [one.result(60)[0] for one in found] == [200] * 5
        assert time.monotonic() - began < 15  # less than one attempt to connect
        refused = [one.result(60) for one in lost]
    assert set(refused) == {(503, BUSY, "10"), (503, AWAY, "10")}
