"""The migrations make exactly the schema that the models describe, on both databases."""

from __future__ import annotations

import threading

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from service.cli.tables import all_tables
from service.db import Database, migrate


def constraints(connection: Connection) -> dict[str, object]:
    """What ``compare_metadata`` passes over: checks, the ways of foreign keys, defaults, the names of keys."""
    seen: dict[str, object] = {}
    there = inspect(connection)
    for table in sorted(set(there.get_table_names()) - {"alembic_version"}):
        seen[f"{table} checks"] = sorted((c["name"] or "", c["sqltext"]) for c in there.get_check_constraints(table))
        seen[f"{table} foreign keys"] = sorted(
            (key["name"] or "", key["referred_table"], sorted(key["options"].items()))
            for key in there.get_foreign_keys(table)
        )
        seen[f"{table} unique"] = sorted(
            (key["name"] or "", tuple(key["column_names"])) for key in there.get_unique_constraints(table)
        )
        seen[f"{table} primary key"] = there.get_pk_constraint(table)["name"]
        seen[f"{table} defaults"] = {column["name"]: column["default"] for column in there.get_columns(table)}
    return seen


def test_migrated_schema_is_the_models_schema(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, all_tables()) == []


def test_constraints_are_the_models_constraints(database):
    with database.engine.connect() as connection:
        migrated = constraints(connection)
    all_tables().drop_all(database.engine)
    all_tables().create_all(database.engine)
    with database.engine.connect() as connection:
        assert migrated == constraints(connection)


def test_every_primary_key_constraint_is_named(database):
    with database.engine.connect() as connection:
        there = inspect(connection)
        tables = set(there.get_table_names()) - {"alembic_version"}
        assert {table: there.get_pk_constraint(table)["name"] for table in tables} == {t: f"pk_{t}" for t in tables}


def test_an_empty_database_is_not_current_until_upgraded(empty_database):
    assert not migrate.is_current(empty_database)
    migrate.upgrade(empty_database)
    assert migrate.is_current(empty_database)
    migrate.upgrade(empty_database)
    assert migrate.is_current(empty_database)


def test_processes_that_start_together_upgrade_once(empty_database):
    failures: list[Exception] = []

    def start() -> None:
        own = Database(empty_database.url.render_as_string(hide_password=False))
        try:
            migrate.upgrade(own)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(failure)
        finally:
            own.dispose()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert migrate.is_current(empty_database)
