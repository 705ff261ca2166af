"""A PostgreSQL that fails over, shuts down, is slow: who asks is told to try again, and the next try works."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.config.trust import Timeouts
from service.db import Database
from service.db.failures import BUSY, SLOW, SWITCHING, trouble
from service.history import stream_events
from service.processes import queries
from tests import postgres
from tests.conftest import SCRATCH, FakeClock
from tests.factories import world as worlds
from tests.factories.visitor import Visitor
from tests.factories.workers import timers_of, worker_of
from tests.factories.world import World

pytestmark = pytest.mark.postgres
on_postgresql = pytest.mark.databases("postgresql")
PROMISED = "正在切换数据库，请几秒后重试"


def terminate_all(world: World) -> None:
    """The server ends every connection of the service, as it does when it shuts down (57P01)."""
    other = Database(world.settings.database_url)
    with other.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.dispose()


def demote(database: Database, connections: int = 3) -> None:
    """Those of the pool are still connected to what has become a standby, which only reads."""
    held = [database.engine.connect() for _ in range(connections)]
    for connection in held:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()
    for connection in held:
        connection.close()


@on_postgresql
def test_connections_that_were_ended_while_idle_are_nobodys_trouble(world: World) -> None:
    case = world.dispatched("edu")
    visitor, api = Visitor(world, "office"), world.api("office")
    terminate_all(world)
    assert visitor.get("/tasks").status_code == 200
    terminate_all(world)
    assert api.post(f"/instances/{case}/comment", {"text": "收到"}).status_code == 201


@on_postgresql
def test_a_connection_that_is_lost_at_work_is_503_with_the_way_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.dispatched("edu")
    visitor, api = Visitor(world, "office"), world.api("office")
    visitor.token()

    with monkeypatch.context() as patch:
        patch.setattr("service.processes.queries.open_tasks", lambda session, *_, **__: _lose(world, session))
        page = visitor.get("/tasks")
    assert page.status_code == 503
    assert PROMISED in page.text
    assert page.headers["Retry-After"]
    assert "database_url" not in page.text
    assert visitor.get("/tasks").status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr("service.processes.sharing.comment", lambda session, **__: _lose(world, session))
        answer = api.post(f"/instances/{case}/comment", {"text": "收到"}, key="one")
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert PROMISED in answer.json["detail"]
    assert answer.headers["Retry-After"]
    again = api.post(f"/instances/{case}/comment", {"text": "收到"}, key="one")
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers


def _lose(world: World, session: object) -> None:
    terminate_all(world)
    session.execute(text("SELECT 1"))  # type: ignore[attr-defined]


@on_postgresql
def test_after_a_switch_one_request_at_most_meets_the_standby(world: World) -> None:
    case = world.dispatched("edu")
    api = world.api("office")
    demote(world.database)
    first = api.post(f"/instances/{case}/comment", {"text": "收到"})
    assert (first.status_code, PROMISED in first.json["detail"]) == (503, True)
    for _ in range(4):
        assert api.post(f"/instances/{case}/comment", {"text": "收到"}).status_code == 201


@on_postgresql
def test_a_page_too_says_so_and_the_next_try_works(world: World) -> None:
    case = world.dispatched("edu")
    visitor = Visitor(world, "office")
    token = visitor.token()
    demote(world.database)
    sent = {"data": {"text": "收到", "csrf_token": token}}
    first = visitor.client.post(f"/cases/{case}/comment", **sent)
    assert first.status_code == 503
    assert PROMISED in first.text
    assert visitor.client.post(f"/cases/{case}/comment", **sent).status_code == 302


@on_postgresql
def test_what_carries_a_key_or_only_reads_is_tried_again_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.dispatched("edu")
    visitor, api = Visitor(world, "office"), world.api("office")
    token = visitor.token()
    demote(world.database)
    assert api.post(f"/instances/{case}/comment", {"text": "一"}, key="one").status_code == 201
    demote(world.database)
    sent = {"data": {"text": "二", "csrf_token": token, "once": "two"}}
    assert visitor.client.post(f"/cases/{case}/comment", **sent).status_code == 302
    lost = Once(world)
    with monkeypatch.context() as patch:
        patch.setattr("service.processes.queries.open_tasks", lost.before(queries.open_tasks))
        assert visitor.get("/tasks").status_code == 200
    assert lost.happened
    assert _said(world, case) == ["一", "二"]


@on_postgresql
def test_a_database_that_is_lost_after_the_commit_leaves_one_of_what_was_sent(
    world: World,
) -> None:
    """The server has committed, and its answer got lost: the second try finds what the first has done."""
    case = world.dispatched("edu")
    api, visitor = world.api("office"), Visitor(world, "office")
    token, lost = visitor.token(), Once(world)

    event.listen(world.database.engine, "commit", lost.at_commit)
    assert api.post(f"/instances/{case}/comment", {"text": "一"}, key="one").status_code == 201
    assert lost.happened
    lost.happened = False
    sent = {"data": {"text": "二", "csrf_token": token, "once": "two"}}
    answer = visitor.client.post(f"/cases/{case}/comment", **sent)
    assert (answer.status_code, lost.happened) == (302, True)
    event.remove(world.database.engine, "commit", lost.at_commit)
    assert _said(world, case) == ["一", "二"]


def _said(world: World, case: UUID) -> list[str]:
    with world.database.reading() as session:
        return [one.data["text"] for one in stream_events(session, f"instance:{case}") if one.kind == "commented"]


class Once:
    """A database that is lost once."""

    def __init__(self, world: World) -> None:
        self._world, self.happened = world, False

    def before(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """``work``, under which it is lost the first time."""

        def losing(session: Session, *arguments: Any, **more: Any) -> Any:
            if not self.happened:
                self.happened = True
                _lose(self._world, session)
            return work(session, *arguments, **more)

        return losing

    def at_commit(self, connection: Connection) -> None:
        """The server commits and is lost before it has said so."""
        if self.happened or not _writes(connection):
            return
        self.happened = True
        connection.exec_driver_sql("COMMIT")
        terminate_all(self._world)
        connection.exec_driver_sql("SELECT 1")


def _writes(connection: Connection) -> bool:
    return connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()").scalar() is not None


@on_postgresql
def test_a_switch_costs_no_timer_an_attempt(world: World) -> None:
    world.dispatched("edu")
    first, worker = timers_of(world)[0], worker_of(world)
    worker.tick(world.clock.now)
    demote(world.database)
    with pytest.raises(DBAPIError) as met:
        worker.tick(first.fire_at)
    assert trouble(met.value) is SWITCHING
    assert timers_of(world)[0].attempts == 0
    assert worker.tick(first.fire_at).fired == 1


@on_postgresql
def test_who_waits_too_long_for_a_lock_is_told_so_in_words(world: World) -> None:
    case = world.dispatched("edu")
    impatient = Database(world.settings.database_url, Timeouts(lock=1))
    locked, done = Event(), Event()

    def hold() -> None:
        with world.database.transaction() as session:
            session.execute(text("SELECT 1 FROM instance WHERE id = :id FOR UPDATE"), {"id": case})
            locked.set()
            done.wait(30)

    holder = Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(10)
        with pytest.raises(DBAPIError) as met, impatient.transaction() as session:
            session.execute(text("SELECT 1 FROM instance WHERE id = :id FOR UPDATE"), {"id": case})
    finally:
        done.set()
        holder.join()
        impatient.dispose()
    assert trouble(met.value) is BUSY


@on_postgresql
def test_the_limits_hold_from_the_first_connection_and_yield_to_long_work(world: World) -> None:
    limited = Database(world.settings.database_url, Timeouts(statement=1, lock=2, idle_in_transaction=3))
    shown = "SELECT current_setting(:name)"
    with limited.reading() as session:
        found = [
            session.scalar(text(shown), {"name": name})
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
        assert found == ["1s", "2s", "3s"]
        with pytest.raises(DBAPIError) as met:
            session.execute(text("SELECT pg_sleep(5)"))
    assert trouble(met.value) is SLOW
    with limited.reading(long=True) as session:
        session.execute(text("SELECT pg_sleep(1.2)"))
        assert session.scalar(text(shown), {"name": "transaction_isolation"}) == "repeatable read"
    with limited.transaction() as session:  # the pool's connection is as limited as before
        assert session.scalar(text(shown), {"name": "statement_timeout"}) == "1s"
    limited.dispose()


@on_postgresql
def test_what_the_address_of_the_database_says_goes_before(world: World) -> None:
    url = make_url(world.settings.database_url).update_query_dict({"options": "-c statement_timeout=7s"})
    own = Database(url.render_as_string(hide_password=False))
    with own.reading() as session:
        assert session.scalar(text("SELECT current_setting('statement_timeout')")) == "7s"
        assert session.scalar(text("SELECT current_setting('lock_timeout')")) == "15s"
    own.dispose()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[postgres.Server]:
    """A server that no other test uses."""
    home = postgres.home(f"own{tmp_path.name[-5:]}", SCRATCH)
    yield postgres.Server(home)
    postgres.stop(home)


@pytest.mark.slow
def test_a_restart_is_told_while_it_lasts_and_over_with_it(own_server: postgres.Server, clock: FakeClock) -> None:
    url = own_server.create_empty("restarted")
    worlds.build(url)
    world = World(url, clock)
    visitor, api = Visitor(world, "office"), world.api("office")
    assert visitor.get("/tasks").status_code == 200
    own_server.shut_down()
    page, answer = visitor.get("/tasks"), api.get("/tasks")
    assert (page.status_code, answer.status_code) == (503, 503)
    assert PROMISED in page.text
    assert PROMISED in answer.json["detail"]
    assert visitor.get("/readyz").status_code == 503
    own_server.start_again()
    assert visitor.get("/tasks").status_code == 200
    assert api.get("/tasks").status_code == 200
    world.close()


@pytest.mark.slow
def test_a_server_that_stands_still_is_given_up_and_one_at_work_is_not(own_server: postgres.Server) -> None:
    database = Database(own_server.create_empty("frozen"), Timeouts(tcp=1, connect=1))
    with database.reading() as session:
        assert session.scalar(text("SELECT 1 FROM pg_sleep(3)")) == 1  # asked twice, and answers
        server = Path(session.scalar(text("SHOW data_directory")) or "") / "postmaster.pid"
        frozen = [*_family(int(server.read_text().split()[0]))]
        _send(frozen, signal.SIGSTOP)
        began = monotonic()
        try:
            with pytest.raises(DBAPIError) as met:
                session.execute(text("SELECT 2"))
        finally:
            _send(frozen, signal.SIGCONT)
    assert monotonic() - began < 20
    assert trouble(met.value) is SWITCHING
    with database.reading() as session:
        assert session.scalar(text("SELECT 3")) == 3
    database.dispose()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _send(ids: list[int], wanted: signal.Signals) -> None:
    for one in ids:
        os.kill(one, wanted)
