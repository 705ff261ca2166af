"""One byte in each column of each table is changed past the triggers: verification names the table and the column."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from service import history
from service.access_log.models import AccessEntry, AccessSubject
from service.audit.models import CaseWayRow
from service.audit.tables import streams, whole
from service.audit.tables.comparing import Comparison
from service.audit.tables.registry import FAMILIES, HELD, REPLAYED
from service.audit.ways.checking import check_way, kept_ways, ways_of_no_case
from service.cli.schema import all_tables
from service.db import Database
from service.processes import replay
from service.processes.case_checks import check_cases
from service.processes.case_link import CaseLink
from service.processes.case_rows import stored_cases
from service.processes.deployed import Mismatch
from service.processes.models import (
    CalendarVersion,
    CaseSpan,
    CaseText,
    ClockRun,
    CopyTo,
    Counter,
    Definition,
    DefinitionFile,
    DefinitionPicture,
    Instance,
    Timer,
    UserTask,
)
from service.processes.reader_models import CaseReader
from service.processes.recording import stream_of
from service.processes.register_models import Urge
from service.studio.models import KeptContent
from tests.conftest import FakeClock
from tests.factories.everything import fill
from tests.factories.world import World

OF_CASES = (Instance, UserTask, Timer, CopyTo, CaseLink, ClockRun, CaseSpan, CaseText, Urge, CaseReader)
LATER = "2099-01-01 00:00:00.000000"
"""A worker that is at a notice puts it off for some minutes; nobody puts it off for ever."""
NAMED_BY_CONTENT = {
    ("case_way", "instance_id"),
    ("definition_file", "digest"),
    ("definition_file", "name"),
    ("counter", "name"),
    ("counter", "value"),
    ("calendar_version", "id"),
    ("calendar_version", "digest"),
    ("calendar_version", "data"),
    ("kept_content", "digest"),
    ("definition", "key"),
    ("definition", "version"),
    ("definition_picture", "key"),
    ("definition_picture", "version"),
    ("definition_picture", "number"),
    ("definition_picture", "digest"),
    ("restricted_note", "salt"),
}
"""Columns that say which row it is, whose change is told as a row that is missing or too many; and a salt, whose change
is told of the text that stands under one digest with it."""


@pytest.fixture(scope="module")
def filled(sqlite_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A database with a row in every table, open to who owns it: no triggers, no keys, no checks."""
    path = tmp_path_factory.mktemp("every") / "every.db"
    shutil.copy(sqlite_world, path)
    with ExitStack() as stack:
        clock = FakeClock(stack)
        world = stack.enter_context(closing(World(f"sqlite:///{path}", clock)))
        fill(world)
        database = Database(f"sqlite:///{path}")
        for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "synchronous=OFF"):
            event.listen(database.engine, "connect", lambda one, _, said=pragma: one.execute(f"PRAGMA {said}"))
        with database.reading() as session:
            connection = session.connection()
            for trigger in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {trigger}"))
            definitions: dict[str, Any] = {}
            list(replay.definitions_as_deployed(session, definitions))
            calendars: dict[str, Any] = {}
            list(replay._calendars(session, calendars))
            way = session.scalars(select(CaseWayRow.instance_id).order_by(text("rowid"))).first()
            yield SimpleNamespace(
                session=session,
                case=world.case,
                cases=session.scalars(select(Instance.id).order_by(Instance.id)).all(),
                way=way,
                definitions=definitions,
                calendars=calendars,
            )
        database.dispose()


def other(value: Any) -> Any:
    """``value`` with one byte changed."""
    if value is None:
        return "x"
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"x"
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    return 1 - value if value in (0, 1) else value + 1_000_000


def rowid_and_stream(session: Session, model: Any) -> tuple[int, str]:
    """A row of the table, and the stream that tells of it."""
    table = model.__tablename__
    if model not in HELD:
        return session.execute(text(f"SELECT min(rowid) FROM {table}")).scalar_one(), ""
    held = HELD[model]
    prefix = next((name for name, one in FAMILIES.items() if held in one.held), "")
    comparison = Comparison(session, held)
    if held.owner is None:
        stream, row = prefix, comparison.stored(None)[0][1]
    else:
        stream, row = comparison.stored(sorted(comparison.owners(prefix)))[0]
    where = " AND ".join(f"{name} = :{name}" for name in comparison.known.keys)
    keys = {name: row[name] for name in comparison.known.keys}
    return session.execute(text(f"SELECT rowid FROM {table} WHERE {where}"), keys).scalar_one(), str(stream)


def found(filled: SimpleNamespace, model: Any, stream: str) -> list[Mismatch]:
    """The findings of the part that has to do with the table."""
    session = filled.session
    known = filled.definitions.__getitem__, filled.calendars.__getitem__
    if model in OF_CASES:
        return [one for _, wrong in check_cases(session, filled.cases, *known) for one in wrong]
    if model is CaseWayRow:
        ways = kept_ways(session, [filled.way])
        [case] = stored_cases(session, [filled.way])
        return [*check_way(session, case, ways.get(case.id), known[0]), *ways_of_no_case(session)]
    if model in (Definition, DefinitionFile, DefinitionPicture):
        return list(replay.definitions_as_deployed(session, {}))
    if model is CalendarVersion:
        return list(replay._calendars(session, {}))
    if model is Counter:
        return list(replay._counters(session))
    if model in (AccessEntry, AccessSubject):
        return list(whole.access_log(session))
    if model is KeptContent:
        return list(streams._contents(session))
    return [*streams.verify_stream_rows(session, stream), *streams.undelivered(session)]


ELSEWHERE = {"history_event", "history_head", "seal", "seal_block", "seal_key", "seal_token"}
"""Tables with tests of their own: chains below, seals in ``test_seals``."""
MODELS = [*HELD, *(model for model in REPLAYED if model.__tablename__ not in ELSEWHERE)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)
def test_a_changed_byte_is_found_and_named(filled: SimpleNamespace, model: Any) -> None:
    session, table = filled.session, model.__tablename__
    outside = HELD[model].outside if model in HELD else REPLAYED[model]
    rowid, stream = rowid_and_stream(session, model)
    assert found(filled, model, stream) == []
    missed = []
    for column in model.__table__.columns.keys():  # noqa: SIM118 - a collection of columns
        if column in outside:
            continue
        with session.begin_nested() as savepoint:
            was = session.execute(text(f'SELECT "{column}" FROM {table} WHERE rowid = {rowid}')).scalar_one()
            now = LATER if (table, column) == ("outbox", "due_at") else other(was)
            session.execute(text(f'UPDATE {table} SET "{column}" = :now WHERE rowid = {rowid}'), {"now": now})
            told = found(filled, model, stream)
            savepoint.rollback()
        session.expunge_all()
        named = [one for one in told if one.table == table and one.column in (column, None)]
        if not named and not (told and (table, column) in NAMED_BY_CONTENT):
            missed.append((column, was, other(was), told[:2]))
    assert missed == []


KEPT = [model for model in MODELS if model is not CaseWayRow]
"""Tables whose rows must be there: a way that is not is folded when somebody asks for it, and kept again."""


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__tablename__)
def test_a_deleted_row_is_found(filled: SimpleNamespace, model: Any) -> None:
    session, table = filled.session, model.__tablename__
    rowid, stream = rowid_and_stream(session, model)
    with session.begin_nested() as savepoint:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.execute(text(f"DELETE FROM {table} WHERE rowid = {rowid}"))
        session.expunge_all()
        told = found(filled, model, stream)
        savepoint.rollback()
    session.expunge_all()
    assert told, table


EVENT_COLUMNS = [name for name in history.HistoryEvent.__table__.columns.keys() if name != "id"]  # noqa: SIM118 - a collection of columns


@pytest.mark.parametrize("column", EVENT_COLUMNS)
def test_a_changed_byte_of_an_event_is_found(filled: SimpleNamespace, column: str) -> None:
    session, stream = filled.session, stream_of(filled.case)
    where = f"stream = '{stream}' AND seq = 3"
    with session.begin_nested() as savepoint:
        was = session.execute(text(f"SELECT {column} FROM history_event WHERE {where}")).scalar_one()
        session.execute(text(f"UPDATE history_event SET {column} = :now WHERE {where}"), {"now": other(was)})
        told = history.verify_stream(session, stream)
        savepoint.rollback()
    session.expunge_all()
    assert told


def test_every_table_holds_a_row(filled: SimpleNamespace) -> None:
    empty = [
        name
        for name in all_tables().tables
        if filled.session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() == 0
    ]
    outside = {"former_password", "idempotent_answer", "sign_in_lock", "web_session"}
    verified = {"verified_file", "verified_seal"}
    assert {*empty} - outside - verified == {"seal", "seal_block", "seal_key", "seal_offer", "seal_token"}
