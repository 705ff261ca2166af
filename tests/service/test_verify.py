"""``liaison verify``: a changed byte of any event, state, row, definition or calendar is found and named."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from service.cli import liaison
from service.processes import commands, halting, operations, replay
from service.processes.bundles import compiled
from service.processes.case_checks import check_cases
from service.processes.models import CalendarVersion, Instance
from service.workdays import Calendar
from tests.factories.journal import tamper
from tests.factories.workers import mismatches, timers_of, work_all


@pytest.fixture
def lived(world):
    """A case that has seen timers, an urge, a claim, a return, a taken-back step, a calendar and a suspension."""
    world.dispatched("edu", "guicheng")
    world.do("office", "feedback_accepted")
    world.clock.set(timers_of(world)[0].fire_at)
    work_all(world)
    task = world.task("handle", "edu").id
    now = world.clock.now
    with world.transaction() as session:
        operations.claim(session, task_id=task, actor=world.actor("handler-edu"), now=now)
        operations.urge(
            session, instance_id=world.case, text="请抓紧", actor=world.actor("office"), now=now, task_id=task
        )
    world.do("handler-edu", "handle", unit="edu")
    with world.transaction() as session:
        operations.take_back(session, task_id=task, reason="写错了", actor=world.actor("handler-edu"), now=now)
    world.do("handler-edu", "handle", unit="edu")
    review = world.task("review_reply").id
    with world.transaction() as session:
        commands.return_task(
            session, task_id=review, target="handle", reason="请补充", actor=world.actor("office"), now=now
        )
    for operation in (halting.suspend, halting.resume):
        with world.transaction() as session:
            operation(session, instance_id=world.case, reason="试", actor=world.actor("office"), now=now)
    assert mismatches(world) == []
    return world


def _some(world, all_of_them) -> list:
    """All of them on SQLite; on PostgreSQL every fifth, for how it keeps and gives back a row, not for the journal."""
    return list(all_of_them)[:: 1 if world.database.is_sqlite else 5]


def _columns(world, table: str, where: str) -> dict:
    with world.database.engine.connect() as connection:
        return dict(connection.execute(text(f"SELECT * FROM {table} WHERE {where}")).mappings().one())


def _case(world) -> str:
    """The case's id as the database writes it."""
    return world.case.hex if world.database.is_sqlite else str(world.case)


def _forged(world, statement: str) -> list[str]:
    """The mismatches in the case after ``statement``, which is then undone."""
    with world.database.reading() as session:
        instance = session.get_one(Instance, world.case)
        made = compiled(session, instance.digest, instance.process)
        calendars = {row.digest: Calendar.from_data(row.data) for row in session.scalars(select(CalendarVersion))}
        session.expunge_all()
        connection = session.connection()
        if world.database.is_sqlite:
            for trigger in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.exec_driver_sql(statement)
        instance = session.get_one(Instance, world.case)
        [(_, wrong)] = check_cases(session, [instance.id], {made.digest: made}.__getitem__, calendars.__getitem__)
        return [f"{one.stream} {one.seq}: {one.what}" for one in wrong]


def _changed(value: object, place: int) -> str:
    """A literal like ``value`` with one character changed."""
    written = str(value)
    at = place % len(written)
    character = "7" if written[at] != "7" else "8"
    return _literal(written[:at] + character + written[at + 1 :])


def _literal(written: str) -> str:
    return "'" + written.replace("'", "''").replace("%", "%%") + "'"


def test_a_changed_byte_of_any_event_is_found_and_named(lived):
    stream = f"instance:{lived.case}"
    with lived.database.engine.connect() as connection:
        found = connection.execute(
            text("SELECT id, seq, actor, kind, prev_hash, hash FROM history_event WHERE stream = :s ORDER BY seq"),
            {"s": stream},
        )
        rows = [dict(row) for row in found.mappings()]
    assert len(rows) > 40
    for row in _some(lived, rows):
        # each event in one column, every column in some event
        column = ("actor", "kind", "prev_hash", "hash")[row["seq"] % 4]
        new = _changed(row[column], row["seq"])
        found = _forged(lived, f"UPDATE history_event SET {column} = {new} WHERE id = {row['id']}")
        assert any(one.startswith(f"{stream} {row['seq']}:") for one in found), (row, found)
    assert mismatches(lived) == []


def test_a_changed_byte_of_the_data_of_any_event_is_found_and_named(lived):
    stream = f"instance:{lived.case}"
    query = f"SELECT seq, {'data' if lived.database.is_sqlite else 'data::text'} FROM history_event WHERE stream = :s"
    with lived.database.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query), {"s": stream})]
    for seq, written in _some(lived, rows):
        new = _literal(_one_sign(written, form=lived.database.is_sqlite and seq % 2 == 1))
        found = _forged(lived, f"UPDATE history_event SET data = {new} WHERE stream = '{stream}' AND seq = {seq}")
        assert any(one.startswith(f"{stream} {seq}:") for one in found), (seq, new, found)


def _one_sign(written: str, *, form: bool) -> str:
    """A JSON object with one character changed; with ``form`` only its form, else its meaning."""
    if form:
        return written.replace(":", ": ", 1) if ":" in written else written.replace("}", " }")
    for character, other in (("1", "2"), ("a", "b"), ("{}", '{"a":1}')):
        if character in written:
            return written.replace(character, other, 1)
    raise AssertionError(written)


def test_a_removed_end_of_the_journal_is_found_even_with_a_fitting_head(lived):
    stream = f"instance:{lived.case}"
    with lived.database.engine.connect() as connection:
        seq, before = connection.execute(
            text("SELECT seq, prev_hash FROM history_event WHERE stream = :s ORDER BY seq DESC LIMIT 1"), {"s": stream}
        ).one()
    tamper(lived.database, f"DELETE FROM history_event WHERE stream = '{stream}' AND seq = {seq}")
    tamper(lived.database, f"UPDATE history_head SET seq = {seq - 1}, hash = '{before}' WHERE stream = '{stream}'")
    assert mismatches(lived)


def test_a_changed_byte_of_the_state_is_found_wherever_it_is(lived):
    where = f"id = '{_case(lived)}'"
    state = _columns(lived, "instance", where)["state"]
    for place in _some(lived, range(0, len(state), max(1, len(state) // 25))):
        found = _forged(lived, f"UPDATE instance SET state = {_changed(state, place)} WHERE {where}")
        assert any("状态" in one and str(lived.case) in one for one in found), place


CHANGES = (
    ("instance", "status = 'completed'"),
    ("instance", "number = '2026-需-0009'"),
    ("instance", "title = '别的事'"),
    ("instance", "urges = urges + 1"),
    ("instance", "initiator = 'office'"),
    ("instance", "version = 2"),
    ("instance", "end_name = '办结'"),
    ("instance", "started_at = '2026-01-01 00:00:00.000000'"),
    ("user_task", "unit = 'housing'"),
    ("user_task", "role = 'talent_office'"),
    ("user_task", "assignee = 'handler-housing'"),
    ("user_task", "urges = 5"),
    ("user_task", "due_on = '2027-01-01'"),
    ("user_task", "warn_on = '2027-01-01'"),
    ("user_task", "due_basis = '本系统默认'"),
    ("user_task", "status = 'cancelled'"),
    ("user_task", "late_days = 9"),
    ("user_task", "completed_by = 'office'"),
    ("user_task", "submitted = '{}'"),
    ("timer", "fire_at = '2027-01-01 00:00:00.000000'"),
    ("timer", "status = 'fired'"),
)


def test_a_changed_row_is_found(lived):
    for table, change in CHANGES:
        where = f"{'id' if table == 'instance' else 'instance_id'} = '{_case(lived)}'"
        if any(name in change for name in ("late_days", "completed_by", "submitted")):
            where += " AND status = 'completed'"
        found = _forged(lived, f"UPDATE {table} SET {change} WHERE {where}")
        assert any(str(lived.case) in one for one in found), (table, change)


def test_a_changed_byte_of_a_definition_is_found_and_named(lived):
    where = "name = 'bpmn/request.bpmn'"
    content = bytes(_columns(lived, "definition_file", where)["content"])
    spoilt = content.replace("受理审核".encode(), "受理初审".encode(), 1)
    assert spoilt != content
    literal = f"X'{spoilt.hex()}'" if lived.database.is_sqlite else f"'\\x{spoilt.hex()}'"
    tamper(lived.database, f"UPDATE definition_file SET content = {literal} WHERE {where}")
    found = mismatches(lived)
    assert any(one.startswith("definition:") and "request" in one for one in found)


def test_a_changed_calendar_is_found_and_named(lived):
    data = (lived.database.is_sqlite and "data") or "data::text"
    with lived.database.engine.connect() as connection:
        digest, written = connection.execute(text(f"SELECT digest, {data} FROM calendar_version")).one()
    day = next(part for part in written.split('"') if part.startswith("2026-10-0"))
    changed = written.replace(day, "2026-10-19", 1).replace("'", "''")
    tamper(lived.database, f"UPDATE calendar_version SET data = '{changed}'")
    assert any(one.startswith(f"calendar:{digest}") for one in mismatches(lived))


def test_a_lost_calendar_is_a_finding_not_a_crash(lived):
    tamper(lived.database, f"DELETE FROM {CalendarVersion.__tablename__}")
    assert any("无法重放" in one for one in mismatches(lived))


def test_the_command_names_every_mismatch_and_ends_with_1(lived):
    url = lived.database.url.render_as_string(hide_password=False)
    call = CliRunner(env={"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None})
    assert call.invoke(liaison, ["verify", "--instance", str(lived.case)]).exit_code == 0
    tamper(lived.database, "UPDATE history_event SET actor = 'forger' WHERE kind IN ('claimed', 'urged')")
    shown = call.invoke(liaison, ["verify"])
    assert (shown.exit_code, shown.stdout.count("记录被改动")) == (1, 2)
    answer = json.loads(call.invoke(liaison, ["verify", "--instance", str(lived.case), "--json"]).stdout)
    assert not answer["ok"]
    assert {one["stream"] for one in answer["mismatches"]} == {f"instance:{lived.case}"}


def test_progress_is_told(lived):
    lived.recorded()
    seen = []
    with lived.database.reading() as session:
        assert list(replay.verify(session, None, lambda done, total: seen.append((done, total)))) == []
    assert seen == [(0, 2), (1, 2)]
