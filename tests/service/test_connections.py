"""Every new connection has the settings that the house counts on: durable writes, foreign keys, limits of time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, Integer, Text, bindparam, literal_column, select, text
from sqlalchemy.exc import DBAPIError

from service.db import Database
from service.db.database import SQLITE_LOG_PAGES, TRUSTED_SECONDS, Timeouts
from service.db.pipe import MOST_NAMES
from service.db.prepared import Prepared, together

if TYPE_CHECKING:
    from tests.factories.world import World


def test_a_connection_to_sqlite_waits_for_the_disk_and_knows_its_foreign_keys(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with database.engine.connect() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        said = {name: connection.scalar(text(f"PRAGMA {name}")) for name in names}
    database.dispose()
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": SQLITE_LOG_PAGES}


def test_a_connection_to_postgresql_gives_up_in_time(world: World) -> None:
    if world.database.is_sqlite:
        pytest.skip("SQLite has no such limits")
    limits, usual = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"), Timeouts()
    with world.database.engine.connect() as connection:
        ask = text("SELECT setting::int FROM pg_settings WHERE name = :name")
        said = [connection.scalar(ask, {"name": name}) for name in limits]
    assert said == [1000 * one for one in (usual.statement, usual.lock, usual.idle_in_transaction)]


def test_a_connection_to_postgresql_starts_no_helpers_for_what_takes_milliseconds(world: World) -> None:
    if world.database.is_sqlite:
        pytest.skip("SQLite has no helpers")
    with world.database.engine.connect() as connection:
        said = [connection.scalar(text(f"SHOW {name}")) for name in ("parallel_setup_cost", "jit")]
    assert said == ["20000", "off"]


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_statements_stay_prepared_until_something_fails(world: World) -> None:
    """All reading ends with a ROLLBACK, after which the driver would have the server forget its plans."""
    asked = Prepared(select(literal_column("40") + bindparam("more", type_=Integer)))
    ask(world, asked)
    assert _prepared(world, "40 + $1") == 1
    with pytest.raises(DBAPIError), world.database.reading() as session:
        session.execute(text("SELECT 1 / 0"))
    assert _prepared(world, "40 + $1") == 0
    ask(world, asked)
    assert _prepared(world, "40 + $1") == 1


def _ask(connection: Connection, asked: list[Any], questions: Sequence[tuple[Prepared, dict[str, Any]]]) -> None:
    with together(connection):
        asked.extend(question.asked(connection, given) for question, given in questions)


def ask(world: World, asked: Prepared) -> None:
    """Asks, each time in a transaction of its own."""
    for _ in range(8):
        with world.database.reading() as session:
            assert asked.rows(session, {"more": 2}) == [(42,)]


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_of_statements_that_left_together_the_one_that_failed_is_named(world: World) -> None:
    """The connection goes on afterwards; what had left behind it was not done."""
    divided = Prepared(select(literal_column("6") / bindparam("by", type_=Integer)))
    plain = Prepared(select(bindparam("more", type_=Integer)))
    with world.database.reading() as session:
        connection = session.connection()
        asked = list[Any]()
        with pytest.raises(DBAPIError, match="division by zero") as failed:
            _ask(connection, asked, [(plain, {"more": 1}), (divided, {"by": 0}), (plain, {"more": 2})])
        assert "6 /" in str(failed.value.statement)
        assert failed.value.params == (0,)
        with pytest.raises(DBAPIError, match="has failed"):
            asked[-1]()
    ask(world, Prepared(select(literal_column("40") + bindparam("more", type_=Integer))))


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_statement_that_cannot_be_prepared_is_named_too(world: World) -> None:
    """A table may be held by whoever changes it, or its columns may be those of the next version."""
    plain = Prepared(select(bindparam("more", type_=Integer)))
    astray = Prepared(select(literal_column("1")).select_from(text("no_such_table")))
    with world.database.reading() as session:
        with pytest.raises(DBAPIError, match="does not exist") as failed:
            _ask(session.connection(), [], [(plain, {"more": 1}), (astray, {}), (plain, {"more": 2})])
        assert "no_such_table" in str(failed.value.statement)


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_commit_says_what_failed_before_it(world: World) -> None:
    divided = Prepared(select(literal_column("6") / bindparam("by", type_=Integer)))
    with world.database.engine.connect() as connection:
        connection.begin()
        with pytest.raises(DBAPIError, match="division by zero"):
            _ask_and_commit(connection, divided)


def _ask_and_commit(connection: Connection, divided: Prepared) -> None:
    with together(connection):
        divided.asked(connection, {"by": 0})
        connection.commit()


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_server_that_goes_away_within_a_group_loses_the_connection_alone(world: World) -> None:
    plain = Prepared(select(bindparam("more", type_=Integer)))
    ended = Prepared(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    group = [(plain, {"more": 1}), (ended, {}), *((plain, {"more": n}) for n in range(500))]
    with pytest.raises(DBAPIError, match="terminating") as failed, world.database.reading() as session:
        _ask(session.connection(), [], group)
    assert failed.value.connection_invalidated
    ask(world, Prepared(select(literal_column("40") + bindparam("more", type_=Integer))))


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_savepoint_is_gone_back_to_after_a_group_that_failed(world: World) -> None:
    divided = Prepared(select(literal_column("6") / bindparam("by", type_=Integer)))
    with world.database.transaction() as session:
        for _ in range(2):
            with pytest.raises(DBAPIError, match="division by zero"), session.begin_nested():
                _ask(session.connection(), [], [(divided, {"by": 3}), (divided, {"by": 0})])
            assert divided.rows(session, {"by": 2}) == [(3,)]


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_value_that_no_text_takes_leaves_no_answers_behind(world: World) -> None:
    words = Prepared(select(bindparam("word", type_=Text)))
    with world.database.reading() as session:
        connection = session.connection()
        with pytest.raises(DBAPIError, match="NUL"):
            _ask(connection, [], [(words, {"word": "one"}), (words, {"word": "\x00"})])
        assert words.rows(session, {"word": "two"}) == [("two",)]


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_statement_of_its_own_way_waits_for_what_has_left(world: World) -> None:
    plain = Prepared(select(bindparam("more", type_=Integer)))
    with world.database.reading() as session:
        connection = session.connection()
        with together(connection):
            asked = plain.asked(connection, {"more": 1})
            assert connection.scalar(text("SELECT 2")) == 2
            assert plain.rows(session, {"more": 3}) == [(3,)]
        assert asked() == [(1,)]


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_connection_keeps_so_many_statements_and_no_more(world: World) -> None:
    kinds = [Prepared(select(literal_column(f"{40 + n}") + bindparam("more", type_=Integer))) for n in range(250)]
    for kind in kinds:
        with world.database.reading() as session:
            kind.rows(session, {"more": 2})
    assert 0 < _prepared(world, "+ $1") <= MOST_NAMES


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_list_is_planned_for_what_it_is_asked(world: World) -> None:
    """A plan that is kept is one for anything: a rare word would be looked for as a common one is."""
    asked = text("SELECT 40 + CAST(:more AS integer)")
    for _ in range(8):
        with world.database.reading() as session:
            assert session.scalar(asked, {"more": 2}) == 42
    assert _prepared(world, "40 +") == 0


def _prepared(world: World, words: str) -> int:
    """How many statements with these words the one connection of the pool has prepared."""
    found = text("SELECT count(*) FROM pg_prepared_statements WHERE position(:words IN statement) > 0")
    with world.database.reading() as session:
        return int(session.scalar(found, {"words": words}) or 0)


@pytest.mark.postgres
@pytest.mark.databases("postgresql")
def test_a_connection_that_has_been_quiet_is_asked_whether_it_is_there(world: World) -> None:
    """One that has just answered is not: whoever meets its end is tried once more (``second_try``)."""
    _ended(world, quiet=False)
    with pytest.raises(DBAPIError), world.database.reading():
        pass
    _ended(world, quiet=True)
    with world.database.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1


def _ended(world: World, *, quiet: bool) -> None:
    """The server ends the one connection of the pool."""
    with world.database.reading() as session:
        held: Any = session.connection().connection.driver_connection
    other = Database(world.settings.database_url)
    with other.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": held.info.backend_pid})
    other.dispose()
    if quiet:
        held.heard -= TRUSTED_SECONDS
