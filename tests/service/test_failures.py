"""The databases' failures become errors of the service."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from service.audit.verifying.marks import plain_rows
from service.db import Database
from service.db.failures import explain


def failure(database: Database, statement: str, *before: str) -> BaseException:
    with database.engine.connect() as connection:
        for line in before:
            connection.exec_driver_sql(line)
        with pytest.raises(DatabaseError) as caught:
            connection.exec_driver_sql(statement)
    return caught.value


FIRST_ROW = "INSERT INTO history_head (stream, seq, hash) VALUES ('x', 0, '')"


def test_a_read_only_database(database):
    if database.is_sqlite:
        database.dispose()
        database = Database(f"sqlite:///file:{database.url.database}?mode=ro&uri=true")
        told = explain(failure(database, FIRST_ROW))
    else:
        told = explain(failure(database, FIRST_ROW, "SET TRANSACTION READ ONLY"))
    assert told is not None
    assert "只读" in told


def test_a_full_disk(sqlite_template, tmp_path):
    path = tmp_path / "full.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    many = "INSERT INTO history_head SELECT hex(randomblob(500)), 0, '' FROM sqlite_master a, sqlite_master b"
    told = explain(failure(database, many, "PRAGMA max_page_count = 1"))
    assert told is not None
    assert "磁盘空间已满" in told
    assert explain(OSError(errno.ENOSPC, "No space left on device")) == told


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "text.db"
    path.write_text("这不是数据库" * 500)
    with pytest.raises(DatabaseError) as caught, Database(f"sqlite:///{path}").engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert "损坏" in (explain(caught.value) or "")


def test_a_damaged_page_that_a_verification_reads(tmp_path):
    path = tmp_path / "damaged.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (a TEXT)")
        made.execute("INSERT INTO t VALUES (printf('%.*c', 200000, 'x'))")
    made.close()
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(DatabaseError) as caught, Database(f"sqlite:///{path}").reading() as session:
        list(plain_rows(session, "SELECT * FROM t"))
    assert "损坏" in (explain(caught.value) or "")


def test_a_defect_is_not_explained_away(database):
    with database.engine.connect() as connection, pytest.raises(IntegrityError) as caught:
        connection.exec_driver_sql("INSERT INTO outbox (event_id, due_at, attempts) VALUES (1, NULL, 0)")
    assert explain(caught.value) is None
    assert explain(ValueError("whatever")) is None
    assert explain(OSError(errno.ENOENT, "no such file")) is None
