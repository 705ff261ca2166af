"""A portable copy of the whole database, and of the files beside it: one gzip file of JSON lines that either kind of
database restores.

The first line names the format and the schema's revision, the last one the number of rows and the SHA-256 of all lines
before it. Between them each table is one line of its columns with their kinds, followed by a line for each row. So a
backup says all by itself, and one of an older version is restored under its own schema and then upgraded.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import sqlalchemy as sa

from service.canonical import dumps
from service.db import migrate
from service.db.base import Json, UtcDateTime
from service.db.database import Database
from service.db.full_text import is_of_index
from service.errors import Conflict, Incident, Invalid

FORMAT = "talent-liaison-backup"
VERSION = 1
CONTENTS = "file_content"
"""The name under which the bytes of files that stand beside the database follow the tables, each in a row."""
MADE_ANEW = frozenset({"directory_stamp", "figure_due"})
"""The tables that no backup holds: the database writes them by itself with accounts and days that come back."""
_BATCH = 500

Progress = Callable[[str, int], None]
"""Told a table's name and how many of its rows are done."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one kind of column stand in the file, and the type that takes them back."""

    type: sa.types.TypeEngine[Any]
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


KINDS = {
    "moment": Kind(UtcDateTime(), datetime.isoformat, datetime.fromisoformat),
    "date": Kind(sa.Date(), date.isoformat, date.fromisoformat),
    "uuid": Kind(sa.Uuid(), str, UUID),
    "bytes": Kind(sa.LargeBinary(), lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "json": Kind(Json, _same, _same),
    "text": Kind(sa.Text(), _same, _same),
    "integer": Kind(sa.BigInteger(), _same, _same),
    "number": Kind(sa.Float(), _same, _same),
    "boolean": Kind(sa.Boolean(), _same, _same),
}
_KIND_OF = {
    date: "date",
    UUID: "uuid",
    bytes: "bytes",
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
}


def dump(
    database: Database,
    metadata: sa.MetaData,
    path: Path,
    *,
    now: datetime,
    progress: Progress | None = None,
    contents: Callable[[], Iterable[bytes]] = tuple,
) -> int:
    """Writes all rows of all tables, as they stand at one moment while others go on working, to the new file ``path``.

    ``contents`` gives the bytes of the files beside it, one after the other, when all rows are written: those that a
    row names are there still. Gives the number of rows. The file is there only once it is complete and on the disk.
    Raises Conflict if the file exists or the schema is not current, Incident if the database holds a table that
    ``metadata`` does not know.
    """
    if path.exists():
        raise Conflict(f"文件 {path} 已存在，请换一个文件名")
    partial = path.with_name(path.name + ".partial")
    try:
        with _owner_only(partial) as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=now.timestamp()) as packed:
            with _snapshot(database) as connection:
                rows = _write(connection, metadata, packed, now, progress, contents)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def restore(
    database: Database,
    path: Path,
    *,
    progress: Progress | None = None,
    put: Callable[[bytes], object] | None = None,
) -> int:
    """Fills an empty ``database`` from the backup ``path`` and brings it to the newest schema; gives the rows.

    ``put`` takes the bytes of each file that stands beside the database; Conflict where the backup has some and nobody
    takes them.

    Raises Invalid if the file is damaged, cut off, not a backup or of a newer version, and Conflict if the database
    holds anything. The rows land in one transaction.
    """
    revision = _checked(path)
    _require_empty(database, revision)
    migrate.upgrade(database, revision)
    rows = 0
    with database.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        database.allow_long_work(connection)
        with _foreign_keys_at_the_end(connection):
            for table, batch in _batches(path):
                if table.name == CONTENTS:
                    if put is None:
                        raise Conflict("备份中有附件的内容，没有指明存放处")
                    for one in batch:
                        put(one["content"])
                    rows += len(batch)
                    continue
                connection.execute(table.insert(), batch)
                rows += len(batch)
                if progress is not None:
                    progress(table.name, rows)
        _advance_sequences(connection)
    migrate.upgrade(database)
    return rows


@contextmanager
def _owner_only(path: Path) -> Iterator[BinaryIO]:
    """A new file that nobody else may read, for it holds everything; on the disk at the end of the block."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _snapshot(database: Database) -> Iterator[sa.Connection]:
    engine = database.engine
    if not database.is_sqlite:
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.connect() as connection:
        database.allow_long_work(connection)
        yield connection


def _write(
    connection: sa.Connection,
    metadata: sa.MetaData,
    packed: gzip.GzipFile,
    now: datetime,
    progress: Progress | None,
    contents: Callable[[], Iterable[bytes]],
) -> int:
    revision = migrate.revision_of(connection)
    if revision != migrate.newest_revision():
        raise Conflict("数据库结构不是最新的，请先运行 liaison migrate")
    if unknown := _tables(connection) - set(metadata.tables):
        raise Incident(f"数据库中有本版本不认识的表：{'、'.join(sorted(unknown))}，备份会漏掉它们")
    digest = hashlib.sha256()

    def line(value: Any) -> None:
        encoded = dumps(value).encode() + b"\n"
        digest.update(encoded)
        packed.write(encoded)

    line({"format": FORMAT, "version": VERSION, "revision": revision, "made_at": now.isoformat()})
    rows = 0
    for table in metadata.sorted_tables:
        if table.name in MADE_ANEW:
            continue
        kinds = [kind_of(column) for column in table.columns]
        line({"table": table.name, "columns": [[c.name, kind] for c, kind in zip(table.columns, kinds, strict=True)]})
        encoders = [KINDS[kind].encode for kind in kinds]
        ordered = table.select().order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
        for row in connection.execute(ordered):
            line([None if v is None else encode(v) for v, encode in zip(row, encoders, strict=True)])
            rows += 1
        if progress is not None:
            progress(table.name, rows)
    line({"table": CONTENTS, "columns": [["content", "bytes"]]})
    for content in contents():
        line([KINDS["bytes"].encode(content)])
        rows += 1
    packed.write(dumps({"rows": rows, "sha256": digest.hexdigest()}).encode() + b"\n")
    return rows


def kind_of(column: sa.Column[Any]) -> str:
    """The key of ``KINDS`` for a column; raises KeyError for a type that no backup can hold."""
    if isinstance(column.type, UtcDateTime):
        return "moment"
    if isinstance(column.type, sa.JSON):
        return "json"
    return _KIND_OF[column.type.python_type]


def _checked(path: Path) -> str:
    """Reads the whole file once; gives the revision of its schema."""
    digest, rows, last = hashlib.sha256(), 0, b""
    header: Any = None
    try:
        with gzip.open(path) as packed:
            for number, raw in enumerate(packed):
                if number == 0:
                    header = json.loads(raw)
                digest.update(last)
                rows += raw.startswith(b"[")
                last = raw
        end = json.loads(last)
    except (EOFError, zlib.error, ValueError, gzip.BadGzipFile) as error:
        raise Invalid(f"{path} 不是备份文件，或已损坏、不完整：{error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Invalid(f"{path} 不是本系统的备份文件")
    if header.get("version") != VERSION or not migrate.knows(str(header.get("revision"))):
        raise Invalid(f"{path} 由更新的版本写成，请先升级本系统再恢复")
    if end != {"rows": rows, "sha256": digest.hexdigest()}:
        raise Invalid(f"{path} 已损坏或不完整：校验和不符")
    return str(header["revision"])


def _batches(path: Path) -> Iterator[tuple[sa.TableClause, list[dict[str, Any]]]]:
    table, names, decoders = sa.table(""), list[str](), list[Callable[[Any], Any]]()
    batch: list[dict[str, Any]] = []
    with gzip.open(path) as packed:
        for raw in packed:
            value = json.loads(raw)
            if isinstance(value, list):
                decoded = (None if item is None else decode(item) for item, decode in zip(value, decoders, strict=True))
                batch.append(dict(zip(names, decoded, strict=True)))
            if batch and (len(batch) == _BATCH or table.name == CONTENTS or not isinstance(value, list)):
                yield table, batch
                batch = []
            if isinstance(value, dict) and "table" in value:
                names = [name for name, _ in value["columns"]]
                kinds = [KINDS[kind] for _, kind in value["columns"]]
                decoders = [kind.decode for kind in kinds]
                columns = [sa.column(name, kind.type) for name, kind in zip(names, kinds, strict=True)]
                table = sa.table(value["table"], *columns)


def _require_empty(database: Database, revision: str) -> None:
    with database.engine.connect() as connection:
        there = migrate.revision_of(connection)
        filled = [
            name
            for name in sorted(_tables(connection))
            if connection.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first()
        ]
    if filled:
        raise Conflict(
            f"数据库不是空的（{'、'.join(filled)} 中有数据），请用 LIAISON_DATABASE_URL 指定一个新的空数据库"
        )
    if there not in (None, revision):
        raise Conflict("数据库已是别的版本的结构，请用 LIAISON_DATABASE_URL 指定一个没有表的新数据库")


def _tables(connection: sa.Connection) -> set[str]:
    there = set(sa.inspect(connection).get_table_names()) - {"alembic_version", *MADE_ANEW}
    return {name for name in there if not is_of_index(name)}


@contextmanager
def _foreign_keys_at_the_end(connection: sa.Connection) -> Iterator[None]:
    """Rows may refer to rows that come later: references are checked once, when all are in."""
    if connection.dialect.name == "sqlite":
        connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        yield
        return
    # PostgreSQL can put off only keys that are declared so: they are, for the time of the restore.
    there = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    keys = [
        f"ALTER TABLE {quote(table)} ALTER CONSTRAINT {quote(str(key['name']))}"
        for table in sorted(_tables(connection))
        for key in there.get_foreign_keys(table)
    ]
    for key in keys:
        connection.execute(sa.text(f"{key} DEFERRABLE INITIALLY DEFERRED"))
    yield
    connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    for key in keys:
        connection.execute(sa.text(f"{key} NOT DEFERRABLE"))


def _advance_sequences(connection: sa.Connection) -> None:
    """PostgreSQL goes on numbering after the restored rows (SQLite does so by itself)."""
    if connection.dialect.name == "sqlite":
        return
    there = sa.inspect(connection)
    for name in sorted(_tables(connection)):
        for column in there.get_pk_constraint(name)["constrained_columns"]:
            sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(name, column)))
            if sequence is not None:
                highest = sa.select(sa.func.max(sa.column(column))).select_from(sa.table(name)).scalar_subquery()
                connection.execute(sa.select(sa.func.setval(sequence, highest)))  # NULL sets nothing
