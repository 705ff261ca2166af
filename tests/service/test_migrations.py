"""The migrations make exactly the schema that the models describe, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.auth import Account, SignInLock, Token
from service.cli.schema import all_tables
from service.clock import simulated
from service.config.trust import Timeouts
from service.db import Database, migrate
from service.db.full_text import is_of_index
from service.exchange.kinds import KINDS
from service.history import HistoryEvent
from service.liaisons import Link
from service.people.models import Person, Unit
from service.processes.pools import INDEX
from service.talents import Talent
from service.talents.models import TalentTeam


def constraints(connection: Connection) -> dict[str, object]:
    """Passed over by ``compare_metadata``: checks, the ways of foreign keys, defaults, the names of keys."""
    seen: dict[str, object] = {}
    there = inspect(connection)
    for table in sorted(of_models(there.get_table_names())):
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


def of_models(tables: Iterable[str]) -> set[str]:
    """The tables that models describe: not the migrations' own, nor the index of the words of cases."""
    return {name for name in tables if name != "alembic_version" and not is_of_index(name)}


def of_a_model(name: str | None, _kind: str, _parents: object) -> bool:
    return name is None or not (is_of_index(name) or name == INDEX)  # one over an expression, which nobody can compare


def test_migrated_schema_is_the_models_schema(database):
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": True, "include_name": of_a_model}
        context = MigrationContext.configure(connection, opts=opts)
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
        tables = of_models(there.get_table_names())
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


@pytest.mark.parametrize("limit", [Timeouts().long_statement, 0])
def test_an_upgrade_waits_for_one_that_takes_long(tmp_path, monkeypatch, limit):
    """Beside a large database's upgrade, or on a machine that is busy, a process waits longer than a command would; a
    limit of 0 is none."""
    monkeypatch.setattr("service.db.database.SQLITE_WAIT_SECONDS", 0.1)
    url, timeouts = f"sqlite:///{tmp_path}/large.sqlite3", Timeouts(long_statement=limit)
    busy, waiting = (Database(url, timeouts) for _ in range(2))
    with busy.engine.execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
        work = connection.begin()
        threading.Timer(1, work.rollback).start()
        migrate.upgrade(waiting)
    assert migrate.is_current(waiting)
    for one in (busy, waiting):
        one.dispose()


def test_each_talents_leader_becomes_a_link(empty_database):
    """As the database was before links: one leader a talent, who serves, has left, or serves a talent taken out."""
    migrate.upgrade(empty_database, "0005_people_side")
    serving, former, of_unit = (uuid4() for _ in range(3))
    with empty_database.engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        unit, person, leader, talent = (tables.tables[name] for name in ("unit", "person", "leader", "talent"))
        spelled = {"pinyin": "x", "initials": "x", "search_key": "x"}
        connection.execute(
            unit.insert(),
            [{"code": "hrss", "name": "区人社局", "kind": "bureau", "is_member_unit": True, "active": True, **spelled}],
        )
        somebody = uuid4()
        connection.execute(
            person.insert(), [{"id": _key(empty_database, somebody), "name": "陈砚秋", "active": True, **spelled}]
        )
        posts = {
            serving: {"klass": "A", "body": "government", "starts_on": date(2026, 1, 1)},
            former: {"klass": "A", "body": "congress", "starts_on": date(2020, 1, 1), "ends_on": date(2025, 12, 31)},
            of_unit: {"klass": "B", "duty": "principal", "unit_code": "hrss", "starts_on": date(2026, 1, 1)},
        }
        for key, fields in posts.items():
            row = {
                "id": _key(empty_database, key),
                "person_id": _key(empty_database, somebody),
                "post": "领导",
                **fields,
            }
            connection.execute(leader.insert(), [row])
        for place, (key, active) in enumerate(
            ((serving, True), (former, True), (of_unit, False), (None, True)), start=1
        ):
            row = {
                "id": f"T{place:04d}", "name": "周慕白", "category": 1, "employer": "研究院", "in_district": True,
                "active": active, "updated_at": datetime(2026, 5, 1, tzinfo=UTC),
                "leader_id": _key(empty_database, key) if key else None, **spelled,
            }  # fmt: skip
            connection.execute(talent.insert(), [row])
    migrate.upgrade(empty_database)
    with Session(empty_database.engine) as session:
        links = session.scalars(select(Link).order_by(Link.talent_id)).all()
        assert [(one.leader_id, one.talent_id, one.reason, one.status) for one in links] == [
            (serving, "T0001", "known", "active"),
            (former, "T0002", "known", "held"),
            (of_unit, "T0003", "related", "ended"),
        ]
        assert [one.serves_on(date(2026, 4, 1)) for one in links] == [True, False, True]
        assert session.get(Talent, "T0004").employer == "研究院"
        assert "yanjiuyuan" in session.get(Talent, "T0004").search_key
        if empty_database.is_sqlite:
            assert session.connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_names_entered_before_are_found_by_every_reading_of_their_signs(empty_database):
    migrate.upgrade(empty_database, "0007_leader_tasks")
    with empty_database.engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        spelled = {"pinyin": "guzhangfeng", "initials": "gzf", "search_key": "顾长风 guzhangfeng gzf"}
        told = {"name": "顾长风", **spelled}
        unit = {"code": "hrss", "kind": "bureau", "is_member_unit": True, "active": True}
        person = {"id": _key(empty_database, uuid4()), "post": "局长", "active": True}
        talent = {
            "id": "T0001", "category": 1, "employer": "长盛研究院", "in_district": True, "active": True,
            "updated_at": datetime(2026, 5, 1, tzinfo=UTC),
        }  # fmt: skip
        team = {"id": _key(empty_database, uuid4()), "lead_id": "T0001", "active": True,
                "updated_at": datetime(2026, 5, 1, tzinfo=UTC)}  # fmt: skip
        for name, row in {"unit": unit, "person": person, "talent": talent, "talent_team": team}.items():
            connection.execute(tables.tables[name].insert(), [told | row])
    migrate.upgrade(empty_database)
    with Session(empty_database.engine) as session:
        for model, also in ((Unit, "hrss"), (Person, "局长"), (Talent, "t0001"), (TalentTeam, "顾长风")):
            key = session.scalars(select(model.search_key)).one()
            assert "gcf" in key, model
            assert also in key, model
        assert "changsheng" in session.get(Talent, "T0001").search_key


def _key(database: Database, key: UUID) -> object:
    """An id as a table that was read back from the database takes it: SQLite knows no UUID."""
    return key.hex if database.is_sqlite else key


def test_tokens_of_before_get_an_end_and_nobody_is_locked_out(empty_database):
    """As the database was before: tokens without an end, old and new; a lock of a name; a session's stamp."""
    migrate.upgrade(empty_database, "0015_owed_letters")
    old, new = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    with empty_database.engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        account, token, lock = (tables.tables[name] for name in ("account", "token", "sign_in_lock"))
        connection.execute(
            account.insert(),
            [{"username": "office", "password_hash": "x", "active": True, "demo": False, "session_stamp": 3,
              "created_at": old}],
        )  # fmt: skip
        for sha256, made in (("a" * 64, old), ("b" * 64, new)):
            connection.execute(
                token.insert(), [{"sha256": sha256, "username": "office", "label": "数据对接", "created_at": made}]
            )
        connection.execute(lock.insert(), [{"key": "c" * 64, "failures": 9, "last_failure": new, "locked_until": new}])
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    with simulated(moment):
        migrate.upgrade(empty_database)
    with Session(empty_database.engine) as session:
        found = {one.sha256[0]: one.expires_at for one in session.scalars(select(Token))}
        assert found == {"a": moment + timedelta(days=30), "b": new + timedelta(days=365)}
        kept = session.get(Account, "office")
        assert (kept.password_hash, kept.must_change_password, kept.password_set_at) == ("x", False, None)
        assert session.scalars(select(SignInLock)).all() == []


def test_accounts_of_before_learn_from_the_journal_where_they_last_signed_in(empty_database):
    migrate.upgrade(empty_database, "0032_case_ways")
    now = datetime(2026, 9, 1, tzinfo=UTC)
    told = [
        ("signed_in", {"username": "office", "address": "192.0.2.1"}),
        ("sign_in_failed", {"username": "office", "address": "192.0.2.9"}),
        ("signed_in", {"username": "office", "address": "192.0.2.2"}),
        ("sign_in_failed", {"username": None, "address": "192.0.2.9"}),
        ("sign_in_failed", {"username": "office", "address": "192.0.2.9"}),
        ("sign_in_locked", {"username": "office", "address": "192.0.2.9"}),
        ("sign_in_failed", {"username": "auditor", "address": "192.0.2.9"}),
    ]
    with empty_database.engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        accounts = [
            {"username": name, "active": True, "demo": False, "created_at": now}
            for name in ("office", "auditor", "new")
        ]
        connection.execute(tables.tables["account"].insert(), accounts)
        for seq, (kind, data) in enumerate(told, start=1):
            row = {"stream": "access", "seq": seq, "at": now, "actor": "system", "kind": kind, "data": data}
            connection.execute(insert(HistoryEvent).values(**row, prev_hash="", hash=""))
    migrate.upgrade(empty_database)
    with Session(empty_database.engine) as session:
        found = {one.username: (one.last_address, one.failures_since) for one in session.scalars(select(Account))}
    assert found == {"office": ("192.0.2.2", 2), "auditor": (None, 1), "new": (None, 0)}


def test_an_import_of_before_stays_and_any_kind_of_today_fits(empty_database):
    """The kinds stand in one place, ``exchange.kinds``: the database holds a job of each without being told of it."""
    migrate.upgrade(empty_database, "0022_kept_dates")
    _import_job(empty_database, kind="people", status="done")
    migrate.upgrade(empty_database)
    with empty_database.engine.connect() as connection:
        rows = connection.execute(text("SELECT kind, status, content FROM import_job")).all()
    assert [(row.kind, row.status, bytes(row.content)) for row in rows] == [("people", "done", b"PK")]
    for kind in (*KINDS, "another"):
        _import_job(empty_database, kind=kind, status="uploaded")
    with pytest.raises(IntegrityError, match="ck_import_job_status"):
        _import_job(empty_database, kind="people", status="lost")


def _import_job(database: Database, *, kind: str, status: str) -> None:
    """A job, written as the database has its table at the time."""
    tables = MetaData()
    with database.engine.begin() as connection:
        tables.reflect(connection, only=["import_job"])
        now = datetime(2026, 9, 1, tzinfo=UTC)
        row = {
            "id": _key(database, uuid4()), "kind": kind, "name": "a.xlsx", "sha256": "0" * 64, "content": b"PK",
            "status": status, "total": 0, "done": 0, "findings": "[]", "preview": "[]",
            "created_by": "office", "created_at": now, "touched_at": now,
        }  # fmt: skip
        connection.execute(tables.tables["import_job"].insert(), [row])
