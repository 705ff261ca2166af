"""The abilities that the service asks of a server that speaks PostgreSQL's protocol, tried on one that has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from service.db import Database, probing
from tests.postgres import Server


@pytest.fixture
def server_database(postgres_server: Server) -> Iterator[Database]:
    database = Database(postgres_server.create_empty("probing"))
    yield database
    database.dispose()
    postgres_server.drop("probing")


def _schemas(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(connection.execute(text("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")).scalars())


@pytest.mark.postgres
def test_postgresql_has_every_ability_and_is_left_as_it_was(server_database: Database) -> None:
    before = _schemas(server_database)
    found = list(probing.probe(server_database))
    assert {one.name: one.lacks for one in found if one.lacks} == {}
    assert len(found) == 15
    assert _schemas(server_database) == before
    assert probing.version(server_database).startswith("PostgreSQL ")


@pytest.mark.postgres
def test_what_lacks_is_told_with_the_reason(server_database: Database) -> None:
    with server_database.engine.begin() as connection:  # a server without the language of our triggers
        connection.execute(text("DROP EXTENSION plpgsql"))
    lacks = {one.name: one.lacks for one in probing.probe(server_database) if one.lacks}
    assert list(lacks) == ["只许追加的触发器", "全部表、索引和触发器"]
    assert 'language "plpgsql" does not exist' in str(lacks["只许追加的触发器"])
