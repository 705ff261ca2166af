"""Volume: a hundred thousand cases that differ from real ones only in their ids, numbers, titles and dates.

Each is a copy of all rows of a case that was driven through the real commands, with every id replaced by another, in
the engine's state too: it can be listed, opened, completed, and its timers fire. Only its hash chain is not its own,
and beyond the first ``JOURNALS`` copies of a case there is no journal. ``lean`` copies beyond these have neither state
nor forms nor timers: a million of them fit on a disk, and no list reads what they lack. Indexes are then made of all
rows at the end, and the sums of the figures of one copy of each kind (``bulk``).

The database makes the copies by itself: in a row's values the first eight digits of every id give way to a mark, and
one INSERT … SELECT puts the number of each copy in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
)

from service import clock
from service.canonical import dumps
from service.db import Database
from service.db.full_text import ON_POSTGRESQL
from service.history.models import HistoryEvent, HistoryHead
from service.processes import figure_tallies
from service.processes.counters import number_name, urge_name
from service.processes.figure_models import FigureDue
from service.processes.models import CaseSpan, CaseText, ClockRun, Counter, Instance, Timer, UserTask
from service.processes.order_models import CaseOrder
from service.processes.reader_models import CaseReader
from service.processes.said_models import CaseSaid
from service.processes.title_order import title_order
from service.spelling import search_key, spell
from tests.bench.bulk import Kinds, bare

JOURNALS = 1000
AT_ONCE = 20_000
"""Copies of one original that are written together, table by table: their rows are near each other in every index."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MARK, _TITLE, _NUMBER, _URGE = "@" * 8, "@title@", "@number@", "@urge@"
_URGED = re.compile(r"催办〔\d+〕\d+号")

MATTERS = ("子女入读公办学校", "人才公寓续租", "科研设备进口通关", "创业贷款贴息", "三甲医院就诊通道", "配偶工作安置")

TABLES: tuple[Table, ...] = tuple(
    model.__table__  # type: ignore[misc]  # declared tables, never joins
    for model in (
        Instance,
        CaseReader,
        CaseSpan,
        CaseOrder,
        CaseSaid,
        CaseText,
        UserTask,
        ClockRun,
        Timer,
        HistoryHead,
        HistoryEvent,
    )
)
_JOURNAL = (HistoryHead.__tablename__, HistoryEvent.__tablename__)
_SPARED = (*_JOURNAL, Timer.__tablename__)
"""Tables of which lean copies have no rows beyond those with a journal."""

_WIDE: Mapping[str, Mapping[str, str]] = {
    "instance": {"state": "{}", "frame": "{}"},
    "user_task": {"data": "{}", "submitted": "{}", "due_explanation": "{}"},
}
"""Columns that lean copies leave out, each with what stands in it instead."""

_NUMBERED = tuple(model.__tablename__ for model in (HistoryEvent, CaseSaid, CaseSpan, CaseText, ClockRun))

_COPIES = Table(
    "bench_copy",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("source", Integer),
    Column("n", Integer),
    Column("digits", Text),
    Column("title", Text),
    Column("case_number", Text),
    Column("urge_number", Text),
    Column("search_key", Text),
    Column("title_order", Text),
    Column("started_at", DateTime(timezone=True)),
    Column("minutes", Integer),
)


@dataclass(frozen=True, slots=True)
class Original:
    """All rows of a case, by table."""

    id: UUID
    rows: dict[str, list[dict[str, Any]]]


def original(database: Database, case: UUID) -> Original:
    """Reads all rows of ``case``."""
    stream = f"instance:{case}"
    figure_tallies.take_in_all(database)
    with database.engine.connect() as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(select(table).where(clause)).mappings()]
            for table, clause in zip(
                TABLES,
                (
                    Instance.id == case,
                    CaseReader.instance_id == case,
                    CaseSpan.instance_id == case,
                    CaseOrder.instance_id == case,
                    CaseSaid.instance_id == case,
                    CaseText.instance_id == case,
                    UserTask.instance_id == case,
                    ClockRun.instance_id == case,
                    Timer.instance_id == case,
                    HistoryHead.stream == stream,
                    HistoryEvent.stream == stream,
                ),
                strict=True,
            )
        }
    return Original(case, rows)


def multiply(
    database: Database,
    made_from: list[tuple[Original, int]],
    *,
    journals: int = JOURNALS,
    minutes: int = 0,
    lean: bool = False,
    series: Series | None = None,
) -> dict[str, int]:
    """Writes so many copies of each case, the first ``journals`` of each with a journal. Gives how many rows each table
    then has. With ``minutes`` all that a copy says happened so much earlier than in the copy before it. ``series``
    gives copies the numbers that the year in which they were numbered has next: none is missing or there twice.
    """
    with database.engine.connect() as connection, ExitStack() as stack:
        hurry(connection)
        kinds = Kinds(connection) if lean else None
        if lean:
            stack.enter_context(bare(connection, [table.name for table in TABLES]))
        elif not database.is_sqlite:  # made at the end, all at once: much sooner than row by row
            connection.execute(text(f"DROP INDEX {ON_POSTGRESQL}"))
        _COPIES.create(connection)
        number = 1000
        for source, (made, copies) in enumerate(made_from):
            for first in range(0, copies, AT_ONCE):
                some = range(first, min(first + AT_ONCE, copies))
                connection.execute(insert(_COPIES), [_copy(made, source, n, number + n, minutes, series) for n in some])
                if kinds is not None:
                    ids = {n: UUID(f"{number + n:08x}{str(made.id)[8:]}") for n in some}
                    kinds.keep([(ids[n], kinds.note(source, made.rows, n, minutes * n)) for n in some])
                for table in TABLES:
                    if first >= journals and table.name in (_SPARED if lean else _JOURNAL):
                        continue
                    for row in sorted(made.rows[table.name], key=lambda row: row.get("seq", 0)):
                        _multiply(connection, made, table, row, journals=journals, spread=minutes > 0, lean=lean)
                connection.execute(delete(_COPIES))
                connection.commit()  # or the log of one transaction would be as large as the database
            number += copies
        _COPIES.drop(connection)
        connection.commit()
        stack.close()
        if kinds is not None:
            kinds.sum_up()
        elif not database.is_sqlite:
            connection.execute(text(f"CREATE INDEX {ON_POSTGRESQL} ON case_text USING gin (case_grams(words))"))
            # its triggers, which note what is to be summed, did not fire
            every = select(Instance.id).order_by(Instance.id)
            connection.execute(insert(FigureDue).from_select(["instance_id"], every))
            connection.commit()
        counts = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES}
        connection.invalidate()  # it hurried
    if not database.is_sqlite:  # which the service runs without statistics; PostgreSQL tidies up by itself in a minute
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
    return counts


def hurry(connection: Connection) -> None:
    """Nothing here must survive a power cut, and what refers to what has been copied together."""
    if connection.dialect.name == "sqlite":
        own: Any = connection.connection.dbapi_connection  # these take effect outside transactions only
        for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-400000"):
            own.execute(f"PRAGMA {pragma}")
    else:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SET synchronous_commit = off"))
        connection.execute(text("SET statement_timeout = 0"))


class Series:
    """The numbers of cases and of urges, each year's from the first one on that nobody has."""

    def __init__(self, database: Database) -> None:
        with database.reading() as session:
            self._last = {row.name: row.value for row in session.scalars(select(Counter))}

    def case(self, made: Original, earlier: timedelta) -> str:
        """The number of a copy that happened so much earlier."""
        year, number = self._next(made, earlier, "issue_number", number_name("request", 0))
        return f"{year}-需-{number:04d}"

    def urge(self, made: Original, earlier: timedelta) -> str:
        """The number of the urge in it; empty where it has none."""
        if all(row["kind"] != "urged" for row in made.rows["history_event"]):
            return ""
        year, number = self._next(made, earlier, "urged", urge_name(0))
        return f"催办〔{year}〕{number}号"

    def _next(self, made: Original, earlier: timedelta, kind: str, name: str) -> tuple[int, int]:
        at = next(row["at"] for row in made.rows["history_event"] if kind in (row["kind"], row["data"].get("name")))
        year = clock.local(at - earlier).year
        name = f"{name.removesuffix('0')}{year}"
        self._last[name] = self._last.get(name, 0) + 1
        return year, self._last[name]

    def keep(self, database: Database) -> None:
        """The counters stand where the last copies left them."""
        with database.transaction() as session:
            session.execute(delete(Counter))
            session.execute(insert(Counter), [{"name": name, "value": value} for name, value in self._last.items()])


def _copy(made: Original, source: int, n: int, number: int, minutes: int, series: Series | None) -> dict[str, Any]:
    """The differences of copy ``n``: its ids, number, title and day."""
    matter, earlier = n % len(MATTERS), timedelta(minutes=minutes * n)
    case_number = series.case(made, earlier) if series is not None else f"2026-需-{number:06d}"
    own = made.rows["instance"][0]
    started: datetime = own["started_at"]
    # the number of the case comes first, then that in the title
    key = _key(matter).replace("2026需987654", case_number.replace("-", ""), 1).replace("987654", str(number))
    return {
        "number": number,
        "source": source,
        "n": n,
        "digits": f"{number:08x}",
        "title": f"{MATTERS[matter]}（{number}）",
        "case_number": case_number,
        "urge_number": series.urge(made, earlier) if series is not None else "催办〔2026〕1号",
        "search_key": key,
        "title_order": title_order(own["number"], key),
        "started_at": started - timedelta(minutes=(minutes or 7) * n),
        "minutes": minutes * n,
    }


_keys: dict[int, str] = {}


def _key(matter: int) -> str:
    """The search key of a case with the number 987654: spelling is slow, and figures are spelled as they are."""
    if matter not in _keys:
        title = spell(f"{MATTERS[matter]}（987654）", of_person=False)
        _keys[matter] = search_key("2026-需-987654", title.keys)
    return _keys[matter]


def _multiply(
    connection: Connection,
    made: Original,
    table: Table,
    row: Mapping[str, Any],
    *,
    journals: int,
    spread: bool,
    lean: bool,
) -> None:
    """One row of the original, in all copies."""
    case_number = made.rows["instance"][0]["number"]
    kept = str(made.rows["instance"][0]["leader_id"]), case_number if spread else None
    values: dict[str, ColumnElement[Any]] = {}
    for column in table.columns:
        if table.name in _NUMBERED and column.name == "id":
            continue  # the database numbers them
        value = row[column.name]
        if spread and isinstance(value, date):
            values[column.name] = _earlier(connection, column, value)
        else:
            values[column.name] = _value(connection, column, value, kept)
        instead = _WIDE.get(table.name, {}).get(column.name)
        if lean and instead is not None and value is not None:
            spared: ColumnElement[Any] = literal(instead, Text)
            if connection.dialect.name != "sqlite" and not isinstance(column.type, Text):
                spared = cast(spared, column.type)
            values[column.name] = case((_COPIES.c.n < journals, values[column.name]), else_=spared)
    values |= _own(connection, made, table, row, kept)
    began = row.get("from_on") if table.name == ClockRun.__tablename__ else row.get("received_on")
    if "due_on" in values and began is not None:  # every fifth case is late in all that was asked
        day, column = began - timedelta(days=1), table.c.due_on
        late = _earlier(connection, column, day) if spread else literal(day, column.type)
        values["due_on"] = case((_COPIES.c.n % 5 == 0, late), else_=values["due_on"])
    chosen = select(*values.values()).select_from(_COPIES)
    if table.name in (_SPARED if lean else _JOURNAL):
        chosen = chosen.where(_COPIES.c.n < journals)
    connection.execute(insert(table).from_select(list(values), chosen.order_by(_COPIES.c.number)))


def _own(
    connection: Connection, made: Original, table: Table, row: Mapping[str, Any], kept: Kept
) -> dict[str, ColumnElement[Any]]:
    """The words of a copy about itself: its title, number and day."""
    name, values = table.name, dict[str, ColumnElement[Any]]()
    if name == Instance.__tablename__:
        values["data"] = _filled(connection, table.c.data, _marked(dumps({**row["data"], "title": _TITLE}), kept))
    if name in {model.__tablename__ for model in (Instance, CaseReader, CaseOrder, CaseSaid)}:
        values["started_at"] = _COPIES.c.started_at
    if name in (Instance.__tablename__, CaseSpan.__tablename__, CaseOrder.__tablename__):
        values["search_key"] = _COPIES.c.search_key
        values |= {"title": _COPIES.c.title} if "title" in table.c else {}
        values |= {"title_order": _COPIES.c.title_order} if "title_order" in table.c else {}
        values |= {"number": _COPIES.c.case_number} if row["number"] is not None else {}
    if name == CaseSaid.__tablename__ and row["field"].endswith(".title"):
        values["key"] = _COPIES.c.title
    if name == CaseText.__tablename__:  # the key of the copy, then the text of the original
        text_of = row["words"].removeprefix(made.rows["instance"][0]["search_key"])
        values["words"] = _COPIES.c.search_key.concat(text_of)
    return values


def _earlier(connection: Connection, column: Column[Any], value: date) -> ColumnElement[Any]:
    """A moment or a day, as much earlier as its copy."""
    whole = isinstance(value, datetime)
    if connection.dialect.name != "sqlite":
        back = func.make_interval(0, 0, 0, 0, 0, _COPIES.c.minutes)
        return cast(literal(value, column.type) - back, column.type)
    told = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value.isoformat()
    moved = func.strftime(
        "%Y-%m-%d %H:%M:%S.000000" if whole else "%Y-%m-%d", told, func.printf("-%d minutes", _COPIES.c.minutes)
    )
    return type_coerce(moved, Text)


Kept = tuple[str, str | None]
"""The id that is the same in all copies, and the number of the case, which is another in each (None: the same)."""


def _value(connection: Connection, column: Column[Any], value: Any, kept: Kept) -> ColumnElement[Any]:
    if isinstance(value, UUID):
        marked = _MARK + str(value)[8:]
        # SQLite keeps ids as text without dashes
        return _filled(connection, column, marked.replace("-", "") if connection.dialect.name == "sqlite" else marked)
    if isinstance(value, dict | list):
        return _filled(connection, column, _marked(dumps(value), kept))
    if isinstance(value, str) and _UUID.search(value):
        return _filled(connection, column, _marked(value, kept))
    return literal(value, column.type)


def _marked(value: str, kept: Kept) -> str:
    """The text with marks for ids, number and urge; the urge of a copy without a series stays that of the original."""
    same, number = kept
    value = _URGED.sub(_URGE, value.replace(number, _NUMBER)) if number else value
    return _UUID.sub(lambda found: found[0] if found[0] == same else _MARK + found[0][8:], value)


def _filled(connection: Connection, column: Column[Any], marked: str) -> ColumnElement[Any]:
    """The text with each copy's digits and title in place of their marks, as the column keeps it."""
    made = func.replace(literal(marked, Text), _MARK, _COPIES.c.digits)
    for mark, own in ((_TITLE, _COPIES.c.title), (_NUMBER, _COPIES.c.case_number), (_URGE, _COPIES.c.urge_number)):
        made = func.replace(made, mark, own) if mark in marked else made
    if connection.dialect.name == "sqlite" or not isinstance(column.type, JSON | Uuid):
        return type_coerce(made, Text)
    return cast(made, column.type)
