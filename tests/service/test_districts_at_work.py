"""Districts in the worker and at the command line: each by itself, and all one after the other."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, text

from service import logs
from service.app import create_districts
from service.auth.models import Account
from service.cli import liaison
from service.db import Database
from service.http import districts as hosts
from service.http.context import KEY
from service.processes.upkeep import WorkerBeat
from service.worker import Rota
from service.worker.rota import Lane, Served
from tests.factories.databases import opened
from tests.factories.districts import QUIET, Asking, copied, district, host, opened_in

PASSWORD = "Zhi-lian 2026 pingtai"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "tenants"
    there.mkdir()
    return there


def call(folder: Path, *arguments: str, typed: str | None = None, url: str | None = None) -> Result:
    environ = {**QUIET, "LIAISON_DISTRICTS": str(folder), "LIAISON_CONFIG": None, "LIAISON_DATABASE_URL": url}
    return CliRunner(env=environ).invoke(liaison, arguments, input=typed, catch_exceptions=False)


@contextmanager
def working(folder: Path) -> Iterator[Rota]:
    """The worker of the folder's districts, until the end of the block."""
    stop, rota = Event(), Rota(folder, QUIET, name="test:1", poll_seconds=0.05, look_seconds=0.1)
    thread = Thread(target=rota.run, args=(stop,))
    thread.start()
    try:
        yield rota
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def until(holds: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.05)


def beats(home: Path) -> int:
    with opened_in(home) as session:
        return session.scalar(select(func.count()).select_from(WorkerBeat)) or 0


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


@pytest.mark.databases("sqlite")
def test_one_worker_serves_all_that_can_be_served_and_tells_which_cannot(
    folder: Path, sqlite_world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    east, west = (copied(folder, name, sqlite_world) for name in ("east", "west"))
    north = folder / "north"
    district(folder, "north", f"sqlite:///{north / 'var' / 'liaison.db'}")
    logs.configure("info")
    with working(folder):
        until(lambda: beats(east) and beats(west))
        (north / "var").mkdir(exist_ok=True)
        shutil.copy(sqlite_world, north / "var" / "whole.db")
        (north / "var" / "whole.db").rename(north / "var" / "liaison.db")
        until(lambda: beats(north))
    told = lines(capsys)
    assert {one["district"] for one in told if one["event"] == "district_served"} == {"east", "north", "west"}
    [why] = [one["error"] for one in told if one["event"] == "district_not_served"]
    assert "liaison --district north migrate" in why
    assert [beats(one) for one in (east, west, north)] == [0, 0, 0]  # it said that it leaves


@pytest.mark.databases("sqlite")
def test_one_whose_work_fails_holds_up_no_other(
    folder: Path, sqlite_world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    east, west = (copied(folder, name, sqlite_world) for name in ("east", "west"))
    with opened_in(east) as session:
        session.execute(text("ALTER TABLE incident RENAME TO incident_gone"))
    logs.configure("info")
    with working(folder):
        until(lambda: beats(west))
        time.sleep(0.5)
    hindered = [one for one in lines(capsys) if one["event"] == "worker_hindered"]
    assert {one["district"] for one in hindered} == {"east"}
    assert len(hindered) < 6  # less and less often


def test_a_busy_one_takes_no_more_than_its_turn() -> None:
    lane, stop = Lane(), Event()
    busy, others = Served("busy", None, None, {}), [Served(f"d{n}", None, None, {}) for n in range(3)]  # type: ignore[arg-type]
    for one in (busy, *others):
        lane.put(one)
    taken = []
    for _ in range(8):
        one = lane.take(stop)
        assert one is not None
        taken.append(one.name)
        lane.put(one)  # there is more at once
    assert taken == ["busy", "d0", "d1", "d2"] * 2
    lane.want(busy)  # waits already
    assert [lane.take(stop).name for _ in range(4)] == ["busy", "d0", "d1", "d2"]  # type: ignore[union-attr]
    stop.set()
    assert lane.take(stop) is None


def test_a_district_is_made_backed_up_moved_and_looked_at_by_itself(
    folder: Path, database_url: str, tmp_path: Path
) -> None:
    """On either database; the copy of one is taken in by another on SQLite."""
    district(folder, "east", database_url)
    added = call(folder, "districts", "add", "west", "--host", host("west"))
    assert added.exit_code == 0, added.output
    assert call(folder, "districts", "add", "west", "--host", "other.example").exit_code == 1
    assert call(folder, "districts", "add", "south", "--host", host("east").upper()).exit_code == 1
    assert not (folder / "south").exists()
    assert (folder / "west" / "environment").stat().st_mode & 0o077 == 0
    assert not (folder / "west" / "config" / "organization.toml").is_symlink()

    assert call(folder, "--district", "east", "migrate").exit_code == 0
    typed = f"{PASSWORD}\n"
    named = ("user", "add", "only.east", "--name", "李明", "--role", "talent_office")
    assert call(folder, "--district", "east", *named, typed=typed).exit_code == 0
    copy = tmp_path / "east.gz"
    assert call(folder, "--district", "east", "backup", str(copy)).exit_code == 0

    before = call(folder, "districts")
    rows = {line.split("\t")[0]: line.split("\t") for line in before.stdout.splitlines() if "\t" in line}
    assert list(rows) == ["区", "east", "west"]
    assert rows["east"][2].endswith("，最新")
    assert re.fullmatch(r"[0-9.]+ MB", rows["east"][3])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", rows["east"][4])
    assert (rows["east"][5], rows["west"][2]) == ("没有运行", "没有数据库，请先 migrate")

    from service.db import migrate

    moved = Database(f"sqlite:///{folder / 'west' / 'var' / 'liaison.db'}")
    migrate.upgrade(moved)
    restored = call(folder, "--district", "west", "restore", str(copy))
    assert restored.exit_code == 0, restored.output
    for url in (database_url, f"sqlite:///{folder / 'west' / 'var' / 'liaison.db'}"):
        database = opened(url)
        with database.reading() as session:
            assert session.scalar(select(Account.username).where(Account.username == "only.east")) == "only.east"
        database.dispose()
    moved.dispose()


@pytest.mark.databases("sqlite")
def test_a_command_for_all_is_done_for_each_and_told_where_it_failed(folder: Path, sqlite_world: Path) -> None:
    for name in ("east", "west"):
        copied(folder, name, sqlite_world)
    district(folder, "north", "sqlite:////nowhere/at/all/liaison.db")
    done = call(folder, "--all-districts", "user", "list")
    assert done.exit_code == 1
    assert done.stdout.count("\noffice\t") == 2
    assert "有 1 个区没有完成：north" in done.stderr
    shutil.rmtree(folder / "north")
    assert call(folder, "--all-districts", "user", "list").exit_code == 0
    assert call(folder, "--all-districts", "user", "nonsense").exit_code == 2


@pytest.mark.databases("sqlite")
def test_no_command_of_a_new_one_is_done_in_the_database_of_another(
    folder: Path, sqlite_world: Path, tmp_path: Path
) -> None:
    """A process still has the address that it had when it served one district alone."""
    place = tmp_path / "one.db"
    shutil.copy(sqlite_world, place)
    url = f"sqlite:///{place}"
    district(folder, "east", url)
    copied(folder, "north", sqlite_world)
    added = call(folder, "districts", "add", "west", "--host", host("west"), url=url)
    assert added.exit_code == 0
    assert "区 east、区 west 的数据库相同" in added.stderr
    who = ("user", "add", "west.boss", "--name", "李明", "--role", "admin")
    refused = call(folder, "--district", "west", *who, typed=f"{PASSWORD}\n", url=url)
    assert (refused.exit_code, "区 east、区 west 的数据库相同" in refused.stderr) == (1, True), refused.output
    every = call(folder, "--all-districts", "user", "list", url=url)
    assert "有 2 个区没有完成：east、west" in every.stderr
    assert every.stdout.count("\noffice\t") == 1  # nothing is wrong with the third
    database = Database(url)
    with database.reading() as session:
        assert session.scalar(select(Account.username).where(Account.username == "west.boss")) is None
    database.dispose()
    mended = call(folder, "--district", "east", "user", "list", url=f"sqlite:///{tmp_path}/{{district}}.db")
    assert mended.exit_code == 0, mended.output


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "list"), "请用 liaison --district 区 user"),
        (("--district", "nowhere", "user", "list"), "没有区 nowhere"),
        (("--all-districts", "serve"), "不能用 --all-districts"),
        (("--all-districts", "--district", "east", "migrate"), "只写一个"),
        (("districts", "add", "East", "--host", "a.example"), "小写字母"),
        (("districts", "add", "x", "--host", "https://a.example"), "--host 应写成"),
        (("run",), "请用 liaison --district 区 run"),
    ],
)
def test_a_call_that_nobody_can_know_the_district_of_is_refused(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    district(folder, "east", "sqlite:///var/own.db")
    refused = call(folder, *arguments)
    assert (refused.exit_code, said in refused.stderr) == (1, True), refused.output
    alone = CliRunner(env={"LIAISON_DISTRICTS": None}).invoke(liaison, ["--district", "east", "user", "list"])
    assert (alone.exit_code, "LIAISON_DISTRICTS" in alone.stderr) == (1, True)


def test_a_district_on_either_database_keeps_no_connection_while_nobody_asks(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    district(folder, "east", database_url)
    assert call(folder, "--district", "east", "migrate").exit_code == 0
    app = create_districts(environ={**QUIET, "LIAISON_DISTRICTS": str(folder), "LIAISON_CONNECTIONS": "4"})
    assert Asking(app, "east").get("/sign-in").status_code == 200
    pool = app.extensions[KEY].open("east").database.engine.pool
    assert (pool.size(), pool.checkedin()) == (1, 1)
    monkeypatch.setattr(hosts, "IDLE_SECONDS", -1.0)
    app.extensions[KEY].let_go_of_idle()
    assert app.extensions[KEY].open("east").database.engine.pool.checkedin() == 0
    assert Asking(app, "east").get("/sign-in").status_code == 200
    app.extensions[KEY].stop()
