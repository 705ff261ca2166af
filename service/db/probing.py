"""Whether a server that speaks PostgreSQL's protocol can do what the service asks of one.

KingbaseES, openGauss and others speak the protocol and lack this or that. Each ability is tried for real, in a schema
of its own that is taken away afterwards; at the end all tables of the product are made there.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.canonical import dumps
from service.config.trust import Timeouts
from service.db import migrate
from service.db.database import Database
from service.errors import Conflict

RARE = "𬭎䶮"
"""A character outside the first plane and one of an extension: names hold both."""
_SECONDS = Timeouts(connect=10, statement=60, lock=15, idle_in_transaction=120, long_statement=600)


@dataclass(frozen=True, slots=True)
class Probed:
    """One ability that was tried: its name, what it is needed for, and why it lacks (``None``: it is there)."""

    name: str
    needed_for: str
    lacks: str | None


class _Otherwise(Exception):
    """The server answers, but not as PostgreSQL does."""


@dataclass(frozen=True, slots=True)
class _Two:
    """Two connections to the server, each outside a transaction."""

    one: Connection
    other: Connection


def probe(database: Database) -> Iterator[Probed]:
    """Tries every ability, in order, and tells each as soon as it is known.

    Raises SQLAlchemyError where the server does not answer at all or lets us make no schema of our own.
    """
    schema = f"liaison_doctor_{secrets.token_hex(6)}"
    with database.engine.connect() as connection, connection.begin():
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    apart = Database(_within(database, schema), _SECONDS)
    try:
        with apart.engine.connect() as connection:
            if connection.execute(text("SELECT current_schema()")).scalar() != schema:  # a pooler has dropped it
                raise Conflict("连接没有进入自建的模式（可能经过不转发 options 的连接池）：请直接连接数据库再检查")
        for name, needed_for, attempt in _ABILITIES:
            yield Probed(name, needed_for, _why_not(apart, attempt))
        yield Probed("全部表、索引和触发器", "升级数据库（liaison migrate）", _why_no_tables(apart))
    finally:
        apart.dispose()
        with database.engine.connect() as connection, connection.begin():
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))


def version(database: Database) -> str:
    """The server's own name and version. Raises SQLAlchemyError where it does not answer."""
    with database.engine.connect() as connection:
        return str(connection.execute(text("SELECT version()")).scalar_one()).split(" on ")[0]


def _within(database: Database, schema: str) -> str:
    options = f"{database.url.query.get('options', '')} -c search_path={schema}".strip()
    return database.url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def _why_not(database: Database, attempt: Callable[[_Two], None]) -> str | None:
    try:
        with database.engine.connect() as one, database.engine.connect() as other:
            attempt(_Two(one, other))
    except _Otherwise as error:
        return str(error)
    except SQLAlchemyError as error:
        return said(error)
    return None


def _why_no_tables(database: Database) -> str | None:
    try:
        migrate.upgrade(database)
    except SQLAlchemyError as error:
        return said(error)
    return None


def said(error: SQLAlchemyError) -> str:
    """The server's own words, on one line."""
    own = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return " ".join(own.split())[:200]


@contextmanager
def _refused(words: str) -> Iterator[None]:
    """The server must refuse the statements within; ``words`` tell people that it did not."""
    try:
        yield
    except DBAPIError:
        return
    raise _Otherwise(words)


def _is(found: object, expected: object) -> None:
    if found != expected:
        raise _Otherwise(f"结果不同：{found!r}，应为 {expected!r}"[:200])


def _do(connection: Connection, *statements: str, **values: Any) -> Any:
    """The first value of the last statement, each in one transaction that is kept."""
    with connection.begin():
        for statement in statements:
            answer = connection.execute(text(statement), values)
        return answer.scalar() if answer.returns_rows else None


# --- The abilities --------------------------------------------------------------------------------------------------


def _encoding(two: _Two) -> None:
    _is(_do(two.one, "SHOW server_encoding"), "UTF8")
    _is(_do(two.one, "SELECT CAST(:rare AS text)", rare=RARE), RARE)
    _is(_do(two.one, "SELECT length(CAST(:rare AS text))", rare=RARE), len(RARE))
    _is(_do(two.one, r"SELECT CAST(:rare AS text) LIKE '%!_%' ESCAPE '!'", rare=RARE), False)


def _documents(two: _Two) -> None:
    document = {"需求": [1, 2.5, None, True, {"乙": RARE, "甲": ""}]}
    _do(two.one, "CREATE TABLE of_documents (data jsonb)")
    with two.one.begin():
        two.one.execute(text("INSERT INTO of_documents VALUES (CAST(:data AS jsonb))"), {"data": dumps(document)})
        _is(two.one.execute(text("SELECT data FROM of_documents")).scalar(), document)
        _is(two.one.execute(text("SELECT data -> '需求' ->> 1 FROM of_documents")).scalar(), "2.5")


def _moments(two: _Two) -> None:
    moment = datetime(2026, 9, 16, 1, 0, 0, 123456, tzinfo=UTC)
    found = _do(two.one, "SELECT CAST(:moment AS timestamptz)", moment=moment)
    _is(found.astimezone(UTC) if isinstance(found, datetime) else found, moment)
    day = "SELECT to_char(timezone('Asia/Shanghai', CAST(:moment AS timestamptz)), 'YYYY-MM-DD')"
    _is(_do(two.one, day, moment=datetime(2026, 9, 15, 16, 0, tzinfo=UTC)), "2026-09-16")


def _ids(two: _Two) -> None:
    given = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    _is(_do(two.one, "SELECT CAST(:given AS uuid)", given=given), given)
    _do(two.one, "CREATE TABLE of_ids (id bigserial PRIMARY KEY, word varchar(9))")
    _is(_do(two.one, "INSERT INTO of_ids (word) VALUES ('a') RETURNING id"), 1)


def _conflicts(two: _Two) -> None:
    _do(two.one, "CREATE TABLE of_conflicts (name varchar(9) PRIMARY KEY, value integer)")
    put = "INSERT INTO of_conflicts VALUES ('a', 1) ON CONFLICT (name) DO "
    _do(two.one, put + "NOTHING", put + "UPDATE SET value = excluded.value + 1")
    _is(_do(two.one, "SELECT value FROM of_conflicts"), 2)


def _partial(two: _Two) -> None:
    _do(
        two.one,
        "CREATE TABLE of_parts (name varchar(9), ended timestamptz)",
        "CREATE UNIQUE INDEX of_parts_open ON of_parts (name) WHERE ended IS NULL",
        "INSERT INTO of_parts VALUES ('a', now()), ('a', NULL)",
    )
    with _refused("唯一的部分索引没有起作用"):
        _do(two.one, "INSERT INTO of_parts VALUES ('a', NULL)")


def _skipping(two: _Two) -> None:
    _do(two.one, "CREATE TABLE of_jobs (id integer PRIMARY KEY)", "INSERT INTO of_jobs VALUES (1), (2)")
    first = text("SELECT id FROM of_jobs ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
    with two.one.begin(), two.other.begin():
        _is((two.one.execute(first).scalar(), two.other.execute(first).scalar()), (1, 2))


def _locks(two: _Two) -> None:
    _do(two.one, "CREATE TABLE of_locks (id integer)")
    with two.one.begin():
        two.one.execute(text("LOCK TABLE of_locks IN SHARE ROW EXCLUSIVE MODE"))
        with _refused("表锁没有拦住另一个写入者"):
            _do(two.other, "SET LOCAL lock_timeout = '200ms'", "LOCK TABLE of_locks IN SHARE ROW EXCLUSIVE MODE")
    key = secrets.randbits(40)
    with two.one.begin():
        two.one.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        _is(_do(two.other, "SELECT pg_try_advisory_xact_lock(:key)", key=key), False)
    _is(_do(two.other, "SELECT pg_try_advisory_xact_lock(:key)", key=key), True)


def _snapshots(two: _Two) -> None:
    _do(two.one, "CREATE TABLE of_looks (id integer)")
    look = two.one.execution_options(isolation_level="REPEATABLE READ")
    with look.begin():
        count = text("SELECT count(*) FROM of_looks")
        before = look.execute(count).scalar()
        _do(two.other, "INSERT INTO of_looks VALUES (1)")
        _is(look.execute(count).scalar(), before)


def _limits(two: _Two) -> None:
    with _refused("超过时限的语句没有被中断（statement_timeout）"):
        _do(two.one, "SET LOCAL statement_timeout = '100ms'", "SELECT pg_sleep(3)")
    _do(two.one, "SELECT set_config('idle_in_transaction_session_timeout', '60000', true)")


def _undoing(two: _Two) -> None:
    with suppress(_Otherwise), two.one.begin():
        two.one.execute(text("CREATE TABLE of_undoing (id integer)"))
        raise _Otherwise
    with _refused("回滚之后，新建的表还在"):
        _do(two.one, "SELECT * FROM of_undoing")
    _do(two.one, "CREATE TABLE of_savepoints (id integer)")
    with two.one.begin():
        with suppress(_Otherwise), two.one.begin_nested():
            two.one.execute(text("INSERT INTO of_savepoints VALUES (1)"))
            raise _Otherwise
        _is(two.one.execute(text("SELECT count(*) FROM of_savepoints")).scalar(), 0)


def _guards(two: _Two) -> None:
    refuse = "$$ BEGIN RAISE EXCEPTION 'append-only'; END $$"
    _do(
        two.one,
        "CREATE TABLE of_guards (id integer)",
        "INSERT INTO of_guards VALUES (1)",
        f"CREATE FUNCTION of_guards_refuse() RETURNS trigger LANGUAGE plpgsql AS {refuse}",
        "CREATE TRIGGER of_guards_no_change BEFORE UPDATE OR DELETE ON of_guards "
        "FOR EACH ROW EXECUTE FUNCTION of_guards_refuse()",
        "CREATE TRIGGER of_guards_no_truncate BEFORE TRUNCATE ON of_guards "
        "FOR EACH STATEMENT EXECUTE FUNCTION of_guards_refuse()",
    )
    for statement in ("UPDATE of_guards SET id = 2", "DELETE FROM of_guards", "TRUNCATE of_guards"):
        with _refused(f"触发器没有拦住 {statement.split()[0]}"):
            _do(two.one, statement)
    named = "SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal"
    ours = "AND tgenabled = 'O' AND tgname LIKE 'of!_guards%' ESCAPE '!' AND prosrc LIKE '%RAISE EXCEPTION%'"
    _is(_do(two.one, f"{named} {ours}"), 2)


def _digests(two: _Two) -> None:
    made = "SELECT encode(sha256(convert_to(string_agg(word, E'\\n' ORDER BY place), 'UTF8')), 'hex')"
    found = _do(two.one, f"{made} FROM (VALUES (2, '乙'), (1, '甲')) AS of_words (place, word)")
    _is(found, sha256("甲\n乙".encode()).hexdigest())
    _is(_do(two.one, "SELECT count(*) OVER () FROM (VALUES (1), (2)) AS of_rows (id) LIMIT 1"), 2)
    _is(_do(two.one, "SELECT 2 = ANY (CAST(:given AS integer[]))", given=[1, 2]), True)


def _search(two: _Two) -> None:
    _do(
        two.one,
        "CREATE FUNCTION of_grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS "
        "$$ SELECT string_to_array(words, ' ') $$",
        "CREATE TABLE of_search (words text)",
        "CREATE INDEX of_search_grams ON of_search USING gin (of_grams(words))",
        "INSERT INTO of_search VALUES ('子女 入学'), ('住房')",
    )
    _is(_do(two.one, "SELECT words FROM of_search WHERE of_grams(words) @> string_to_array('入学', ' ')"), "子女 入学")


_ABILITIES: tuple[tuple[str, str, Callable[[_Two], None]], ...] = (
    ("UTF-8 编码和生僻字", "人名、地名", _encoding),
    ("JSONB 文档", "表单、日志", _documents),
    ("带时区的时刻，到微秒", "时限、日志的次序", _moments),
    ("UUID 和自增编号", "事项、日志的编号", _ids),
    ("遇到重复就跳过或更新（ON CONFLICT）", "同一请求不办两遍", _conflicts),
    ("部分索引", "同一时间只有一名联络员", _partial),
    ("跳过已锁的行（SKIP LOCKED）", "多个后台进程分工", _skipping),
    ("表锁和咨询锁", "编号不重复、升级不相撞", _locks),
    ("一次读取看到同一时刻（REPEATABLE READ）", "核验、导出、备份", _snapshots),
    ("时限", "主备切换、失控的查询", _limits),
    ("可撤销的建表、保存点", "升级失败不留痕迹、批量办理逐件成败", _undoing),
    ("只许追加的触发器", "日志不能被修改", _guards),
    ("按序汇总、SHA-256、窗口", "核验的摘要、列表的计数", _digests),
    ("数组上的 GIN 索引", "全文检索", _search),
)
