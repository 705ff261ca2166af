"""Reading from a standby: what is read there is never older than the moment at which it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from service import auth
from service.cli import liaison
from service.db import Database, aside, migrate
from service.usecases import wire
from tests.conftest import FakeClock
from tests.factories import standbys
from tests.factories.world import World, build
from tests.postgres import Server

pytestmark = pytest.mark.postgres
ASKED = text("SELECT pg_is_in_recovery()")
PATIENT = "from service.db import aside\naside.CATCH_UP_SECONDS = 60.0\n"
"""Has the children of a verification wait for the standby, however busy the machine is."""


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Path]]:
    with standbys.primary_and_standby() as found:
        yield found


@pytest.fixture
def database(pair: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    server, folder = pair
    url = server.create_empty("aside")
    monkeypatch.setattr(aside, "CATCH_UP_SECONDS", 60.0)
    found = Database(url, read_url=standbys.at(url, folder))
    with found.transaction() as session:
        session.execute(text("CREATE TABLE word (text varchar(20))"))
    standbys.wait_for(standbys.at(url, folder))
    yield found
    found.dispose()
    server.drop("aside")


@contextmanager
def behind(database: Database, monkeypatch: pytest.MonkeyPatch, again: float = 0.0) -> Iterator[None]:
    """The standby takes in nothing; it is waited for ``again`` so many seconds after it stayed behind."""
    assert database.aside is not None
    with database.aside.engine.connect() as connection:
        connection.execute(text("SELECT pg_wal_replay_pause()"))
        while connection.execute(text("SELECT pg_get_wal_replay_pause_state()")).scalar() != "paused":
            pass
    monkeypatch.setattr(aside, "CATCH_UP_SECONDS", 0.1)
    monkeypatch.setattr(aside, "AGAIN_SECONDS", again)
    try:
        yield
    finally:
        with database.aside.engine.connect() as connection:
            connection.execute(text("SELECT pg_wal_replay_resume()"))
        monkeypatch.setattr(aside, "CATCH_UP_SECONDS", 60.0)


def write(database: Database, word: str) -> None:
    with database.transaction() as session:
        session.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})


def read(database: Database) -> tuple[bool, list[str]]:
    """Whether it was a standby that answered, and what."""
    with database.reading(long=True, aside=True) as session:
        words = session.scalars(text("SELECT text FROM word ORDER BY text")).all()
        return bool(session.scalar(ASKED)), list(words)


def test_what_was_just_written_is_read_from_the_standby(database: Database) -> None:
    for number in range(20):
        write(database, f"{number:02}")
        assert read(database) == (True, [f"{one:02}" for one in range(number + 1)])
    with database.reading() as session:
        assert session.scalar(ASKED) is False


def test_a_standby_that_is_behind_is_not_asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    write(database, "a")
    assert read(database) == (True, ["a"])
    assert database.aside is not None
    with behind(database, monkeypatch):
        write(database, "b")
        assert read(database) == (False, ["a", "b"])
        assert database.aside.stands() == aside.BEHIND
    assert read(database) == (True, ["a", "b"])
    assert database.aside.stands() == aside.CURRENT


def test_one_reader_alone_waits_for_a_standby_that_stays_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.aside is not None
    looks: list[str] = []
    event.listen(database.aside.engine, "before_cursor_execute", lambda *given: looks.append(given[2]))
    with behind(database, monkeypatch, again=3600):
        write(database, "a")
        looks.clear()
        assert read(database) == (False, ["a"])
        assert len(looks) > 1
        for _ in range(3):
            looks.clear()
            assert read(database) == (False, ["a"])
            assert len(looks) == 1


def test_a_reader_sees_one_moment_of_the_standby(database: Database) -> None:
    with database.reading(aside=True) as session:
        count = text("SELECT count(*) FROM word")
        assert session.scalar(count) == 0
        write(database, "later")
        assert read(database) == (True, ["later"])
        assert session.scalar(count) == 0


def test_a_server_that_is_no_standby_of_ours_or_is_gone_is_not_asked(
    pair: tuple[Server, Path], database: Database, postgres_server: Server
) -> None:
    url = database.url.render_as_string(hide_password=False)
    write(database, "here")
    for other, how in (
        (url, aside.PRIMARY),
        (postgres_server.url("postgres"), aside.PRIMARY),
        (standbys.at(url, Path("/nowhere")), aside.GONE),
    ):
        found = Database(url, read_url=other)
        assert found.aside is not None
        assert found.aside.stands() == how
        assert read(found) == (False, ["here"])
        found.dispose()


def test_a_standby_of_a_branch_that_was_lost_is_not_asked() -> None:
    """Its log goes further than that of the primary of today, but it is another log."""
    with standbys.succeeded(lost=True) as (url, other):
        found = Database(url, read_url=other)
        write(found, "confirmed")
        assert found.aside is not None
        assert found.aside.stands() == aside.BEHIND
        assert read(found) == (False, ["confirmed"])
        found.dispose()


def test_a_standby_that_follows_the_new_primary_is_asked_again() -> None:
    with standbys.succeeded(lost=False) as (url, other):
        found = Database(url, read_url=other)
        write(found, "confirmed")
        assert found.aside is not None
        for _ in range(20):  # it looks every few seconds whether its primary is there
            for engine in (found.engine, found.aside.engine):
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("CHECKPOINT"))
            if found.aside.stands() == aside.CURRENT:
                break
        assert read(found) == (True, ["confirmed"])
        found.dispose()


def test_the_doctor_says_where_reports_are_read(
    pair: tuple[Server, Path], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(database)
    url = database.url.render_as_string(hide_password=False)

    def said(read_url: str) -> str:
        environ = {"LIAISON_DATABASE_URL": url, "LIAISON_READ_URL": read_url, "LIAISON_CONFIG": None}
        answer = CliRunner(env=environ).invoke(liaison, ["doctor"], catch_exceptions=False)
        return next((line for line in answer.output.splitlines() if "只读数据库" in line), "")

    there = standbys.at(url, pair[1])
    assert said(there).startswith("✓ 只读数据库：备库，已跟上主库")
    with behind(database, monkeypatch):
        write(database, "a")
        assert said(there).startswith("! 只读数据库：备库落后主库")
    assert said(url).startswith("! 只读数据库：read_url 连到的不是备库")
    assert said(standbys.at(url, Path("/nowhere"))).startswith("✗ 只读数据库：不能连接")
    assert said("") == ""


# --- pages ---


REPORTS = (
    ("office", "/statistics"),
    ("office", "/statistics.xlsx"),
    ("office", "/assessment"),
    ("office", "/assessment.xlsx"),
    ("auditor", "/audit"),
    ("auditor", "/audit/acts"),
    ("auditor", "/audit/lateness"),
    ("auditor", "/audit/numbers.xlsx"),
    ("office", "/ways"),
    ("office", "/ways.xlsx"),
    ("auditor", "/ways/log.xes?process=request"),
    ("office", "/urges"),
    ("office", "/circulars"),
    ("office", "/reports/roll-up"),
    ("office", "/ledger.xlsx"),
)


@pytest.fixture
def served(pair: tuple[Server, Path], clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    server, folder = pair
    monkeypatch.setattr(aside, "CATCH_UP_SECONDS", 60.0)
    server.template("liaison_world", build)
    url = server.create("world", "liaison_world")
    read_url = standbys.at(url, folder)
    made = World(url, clock, LIAISON_READ_URL=read_url)
    made.database.dispose()
    made.database = Database(url, read_url=read_url)
    standbys.wait_for(read_url)
    wire(made.database, made.settings, made.organization)
    yield made
    made.close()
    server.drop("world")


def test_reports_are_read_from_the_standby_and_nothing_else_is(served: World) -> None:
    server = served.database.aside
    assert server is not None
    asked: list[str] = []
    event.listen(server.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    served.dispatched("edu")
    for who, page in REPORTS:
        asked.clear()
        answer = served.as_user(who).get(page)
        assert answer.status_code == 200, (page, answer.text)
        assert len(asked) > 2, page
    assert served.api("office").get("/statistics").status_code == 200
    for page in ("/", "/tasks", "/ledger", f"/cases/{served.case}"):
        asked.clear()
        served.as_user("office").get(page)
        assert asked == [], page


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_verification_reads_there(
    served: World, pair: tuple[Server, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    """Alone and by its children: the standby's log, written before a statement is done, tells what it was asked."""
    served.dispatched("edu")
    (tmp_path / "sitecustomize.py").write_text(PATIENT, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    told = {"options": "-c log_statement=all"}
    environ = {
        "LIAISON_DATABASE_URL": served.database.url.render_as_string(hide_password=False),
        "LIAISON_READ_URL": make_url(served.database.read_url)
        .update_query_dict(told)
        .render_as_string(hide_password=False),
        "LIAISON_CONFIG": None,
    }
    log = pair[1] / "log"
    before = log.stat().st_size
    answer = CliRunner(env=environ).invoke(liaison, ["verify", "--jobs", str(jobs)], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    with log.open("rb") as lines:
        lines.seek(before)
        assert b"FROM talent" in lines.read()  # which its pieces alone read


def test_no_right_outlives_its_end_on_a_standby_that_is_behind(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = served.as_user("auditor")
    assert reader.get("/audit/acts").status_code == 200
    with behind(served.database, monkeypatch):
        with served.database.transaction() as session:
            auth.end_sessions(session, "auditor")
        assert reader.get("/audit/acts").status_code == 302
