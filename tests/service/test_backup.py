"""Backup and restore, from each kind of database to each."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from service import history
from service.cli.schema import all_tables
from service.db import Database, backup, migrate
from service.errors import Conflict, Incident, Invalid
from service.storage.stores import Folder
from tests.factories.journal import tamper, write


@pytest.fixture
def filled(database, clock):
    with database.transaction() as session:
        for number in range(3):
            write(session, clock.advance(minutes=1), kind="notice", number=number, text="急🙂", part=0.1, big=10**20)
        write(session, clock.now, stream="talent:T0001", task="accept", on_behalf_of="leader")
    return database


@pytest.fixture
def copy(filled, tmp_path, clock) -> Path:
    path = tmp_path / "copy.gz"
    backup.dump(filled, all_tables(), path, now=clock.now)
    return path


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in all_tables().sorted_tables
        }


def test_a_backup_restores_on_either_kind_of_database(filled, copy, empty_database):
    assert backup.restore(empty_database, copy) == 9
    assert contents(empty_database) == contents(filled)
    with empty_database.reading() as session:
        assert history.streams(session) == ["instance:1", "talent:T0001"]
        assert all(history.verify_stream(session, stream) == [] for stream in history.streams(session))


def test_a_restored_journal_goes_on(copy, empty_database, clock):
    backup.restore(empty_database, copy)
    with empty_database.transaction() as session:
        write(session, clock.now)
    with empty_database.reading() as session:
        assert [event.seq for event in history.stream_events(session, "instance:1")] == [1, 2, 3, 4]
        assert history.verify_stream(session, "instance:1") == []
    with empty_database.engine.connect() as connection, pytest.raises(Exception, match="append-only"):
        connection.execute(text("DELETE FROM history_event"))


def test_a_change_made_before_the_backup_is_still_found_after_it(filled, tmp_path, empty_database, clock):
    tamper(filled, "UPDATE history_event SET actor = 'forger' WHERE seq = 2")
    backup.dump(filled, all_tables(), tmp_path / "forged.gz", now=clock.now)
    backup.restore(empty_database, tmp_path / "forged.gz")
    with empty_database.reading() as session:
        assert [mismatch.seq for mismatch in history.verify_stream(session, "instance:1")] == [2]


def test_a_backup_shows_one_moment_while_others_write(filled, tmp_path, empty_database, clock):
    def write_meanwhile(_table: str, _rows: int) -> None:
        with filled.transaction() as session:
            write(session, clock.now, stream=f"late:{uuid.uuid4()}")

    backup.dump(filled, all_tables(), tmp_path / "live.gz", now=clock.now, progress=write_meanwhile)
    backup.restore(empty_database, tmp_path / "live.gz")
    with empty_database.reading() as session:
        assert history.streams(session, "late:") == []
    with filled.reading() as session:
        assert history.streams(session, "late:") != []


def test_a_backup_is_for_its_owner_only_and_never_overwrites(filled, copy, clock):
    assert copy.stat().st_mode & 0o077 == 0
    with pytest.raises(Conflict, match="已存在"):
        backup.dump(filled, all_tables(), copy, now=clock.now)


def test_a_failed_backup_leaves_no_file(filled, tmp_path, clock):
    def stop(_table: str, _rows: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        backup.dump(filled, all_tables(), tmp_path / "half.gz", now=clock.now, progress=stop)
    assert [path.name for path in tmp_path.glob("half*")] == []


def test_a_table_that_nobody_knows_is_not_silently_left_out(filled, tmp_path, clock):
    with filled.engine.begin() as connection:
        connection.execute(text("CREATE TABLE stranger (id integer)"))
    with pytest.raises(Incident, match="stranger"):
        backup.dump(filled, all_tables(), tmp_path / "copy.gz", now=clock.now)


def test_only_an_empty_database_is_restored_into(filled, copy):
    before = contents(filled)
    with pytest.raises(Conflict, match="不是空的"):
        backup.restore(filled, copy)
    assert contents(filled) == before


def test_a_migrated_but_empty_database_is_empty(copy, empty_database):
    migrate.upgrade(empty_database)
    assert backup.restore(empty_database, copy) == 9


DAMAGES: list[Callable[[bytes], bytes]] = [
    lambda content: content[:-20],
    lambda content: content[: len(content) // 2],
    lambda _: b"",
    lambda _: b"no backup at all",
    lambda _: gzip.compress(b'{"format":"other"}\n'),
    lambda _: gzip.compress(b"\xff\xfe"),
    lambda _: gzip.compress(b"[]\n"),
    lambda content: gzip.compress(gzip.decompress(content).replace(b"leader", b"reader")),
    lambda content: gzip.compress(b"\n".join(gzip.decompress(content).splitlines()[:-1])),
    lambda content: gzip.compress(gzip.decompress(content).replace(b'"revision":"0', b'"revision":"9')),
    lambda content: gzip.compress(gzip.decompress(content).replace(b'"version":1', b'"version":2')),
]


def test_a_damaged_or_foreign_file_changes_nothing(copy, empty_database):
    whole = copy.read_bytes()
    for damage in DAMAGES:
        copy.write_bytes(damage(whole))
        with pytest.raises(Invalid) as caught:
            backup.restore(empty_database, copy)
        assert copy.name in str(caught.value)
        assert not migrate.is_current(empty_database)


def test_every_column_of_the_product_can_be_backed_up():
    for table in all_tables().sorted_tables:
        for column in table.columns:
            assert backup.kind_of(column) in backup.KINDS, column


def test_the_file_says_what_it_is(copy):
    lines = gzip.decompress(copy.read_bytes()).decode().splitlines()
    header, end = json.loads(lines[0]), json.loads(lines[-1])
    assert (header["format"], header["revision"]) == ("talent-liaison-backup", migrate.newest_revision())
    assert end["rows"] == 9


def test_files_beside_the_database_come_back(filled, empty_database, tmp_path, clock):
    digest = Folder(tmp_path / "old").put(b"%PDF-1.7 kept")
    backup.dump(filled, all_tables(), tmp_path / "b.gz", now=clock.now, contents=lambda: [b"%PDF-1.7 kept"])
    with pytest.raises(Conflict, match="附件"):
        backup.restore(empty_database, tmp_path / "b.gz")
    new = Folder(tmp_path / "new")
    backup.restore(empty_database, tmp_path / "b.gz", put=new.put)
    assert new.read(digest) == b"%PDF-1.7 kept"
