"""Verification in pieces: incremental, side by side, kept; weaker in nothing than one that executes everything."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import attachments, clock, notifications, seals
from service.audit.models import INCREMENTAL, VerifiedCase, VerifiedFile, VerifiedSeal
from service.audit.tables.guards import GUARDED
from service.audit.verifying import marks, notices, pieces, results
from service.audit.verifying.elsewhere import NOT_HELD, Elsewhere
from service.audit.verifying.marks import Marks, key_of
from service.audit.verifying.runs import Outcome, Verifier
from service.audit.verifying.stored import FileMarks
from service.audit.ways import keeping
from service.config.sealing import Sealing
from service.db.raw_rows import Read
from service.errors import Incident
from service.history import HistoryEvent
from service.history.folding import moment_words
from service.processes import figure_tallies
from service.processes.case_rows import stored_cases
from service.processes.deployed import Mismatch
from service.processes.models import Instance, UserTask
from service.rights import COMMAND_LINE
from service.seals import checking, reading, tree, witnesses
from service.storage import stored_names
from service.storage.stores import Store, chosen
from tests.factories import forger
from tests.factories.files import PDF, received
from tests.factories.journal import tamper
from tests.factories.statements import counted
from tests.factories.versions import changed, deployed
from tests.factories.workers import work_all, worker_of
from tests.factories.world import OFFICE, World


@pytest.fixture
def told(world: World) -> World:
    """Two cases, both executed again and marked."""
    world.recorded()
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    assert counts(verified(world)) == (2, 0, 0)
    return world


def verified(world: World, *, full: bool = False, key: str = "ours", jobs: int = 1) -> Outcome:
    return Verifier(world.database, key, jobs).verify(full=full)


def counts(outcome: Outcome) -> tuple[int, int, int]:
    """Executed, kept, findings."""
    return outcome.told.executed, outcome.told.kept, outcome.found


def named(outcome: Outcome) -> list[tuple[str | None, str | None]]:
    """The tables and columns of the findings, less the triggers that a forger has taken away."""
    return [(one.table, one.column) for _, one in outcome.findings if one.table not in GUARDED]


def forged_id(world: World) -> str:
    return world.case.hex if world.database.is_sqlite else str(world.case)


def test_a_case_that_stands_as_it_stood_is_not_executed_again(told: World) -> None:
    assert counts(verified(told)) == (0, 2, 0)
    told.do("handler-edu", "handle", unit="edu")
    assert counts(verified(told)) == (1, 1, 0)
    assert counts(verified(told, full=True)) == (2, 0, 0)
    assert counts(verified(told, key="another")) == (2, 0, 0)


def test_cases_are_executed_by_as_many_statements_however_many_they_are(told: World) -> None:
    def statements(cases: list[UUID]) -> int:
        hands = pieces.Hands(told.database, Marks(key_of("ours")), full=True)
        hands.do(pieces.pieces_of(cases))  # definitions and calendars are read once
        with counted(told.database) as count:
            assert hands.do(pieces.pieces_of(cases)).executed == len(cases)
        return len(count)

    with told.database.reading() as session:
        cases = list(session.scalars(select(Instance.id)))
    assert statements(cases) == statements(cases[:1])


def test_the_rows_of_a_mark_are_those_that_a_case_is_checked_by(told: World) -> None:
    """A full verification reads them once, where they leave the database."""
    keeping.take_in(told.database)
    with told.database.reading() as session:
        ids, read = list(session.scalars(select(Instance.id))), Read()
        assert len(Marks("ours").now(session, ids, read)) == 2
        assert (read.of(HistoryEvent) is not None) is told.database.is_sqlite
        for one, other in zip(stored_cases(session, ids, read=read), stored_cases(session, ids), strict=True):
            assert one.events
            assert one.rows[UserTask]
            assert (one.id, one.chain) == (other.id, other.chain)
            rows = [{table: sorted(some, key=repr) for table, some in case.rows.items()} for case in (one, other)]
            assert rows[0] == rows[1]


CHANGES = (
    ("instance", "title", "'x'", "title"),
    ("instance", "state", "state || ' '", "state"),
    ("user_task", "due_on", "'2027-01-01'", "due_on"),
    ("timer", "due_at", "'2099-01-01'", "due_at"),
    ("timer", "attempts", "5", "attempts"),
    ("case_span", "stage", "'x'", "stage"),
    ("history_event", "actor", "'x'", None),
)
"""Table, column, what is written there by hand, the column that is named."""


def test_whatever_is_changed_in_a_marked_case_is_named(told: World) -> None:
    own = {"instance": f"id = '{forged_id(told)}'", "history_event": f"stream = 'instance:{told.case}'"}
    for table, column, forged, place in CHANGES:
        where = own.get(table, f"instance_id = '{forged_id(told)}'")
        tamper(told.database, f"CREATE TABLE kept AS SELECT id, {column} FROM {table} WHERE {where}")
        tamper(told.database, f"UPDATE {table} SET {column} = {forged} WHERE {where}")
        outcome = verified(told)
        assert outcome.told.kept == 1, (table, column)
        found = [(one.table, one.column) for _, one in outcome.findings if one.stream == f"instance:{told.case}"]
        assert (table if place else None, place) in found, (table, column, outcome.findings)
        assert {one for _, one in outcome.findings} <= {one for _, one in verified(told, full=True).findings}
        was = f"(SELECT {column} FROM kept WHERE kept.id = {table}.id)"
        tamper(told.database, f"UPDATE {table} SET {column} = {was} WHERE {where}")
        tamper(told.database, "DROP TABLE kept")
    assert verified(told).told.kept == 2
    tamper(told.database, f"DELETE FROM clock_run WHERE instance_id = '{forged_id(told)}'")
    assert ("clock_run", None) in named(verified(told))
    tamper(told.database, "DELETE FROM outbox")
    tamper(told.database, f"DELETE FROM history_event WHERE stream = 'instance:{told.case}' AND seq > 5")
    assert any("链头" in one.what for _, one in verified(told).findings)


@pytest.mark.databases("postgresql")
def test_rows_too_long_to_be_sent_are_digested_by_the_server(told: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with told.database.reading() as session:
        ids = list(session.scalars(select(Instance.id)))
        short = Marks("ours").now(session, ids)
        monkeypatch.setattr(marks, "_LONG", 1)
        long = Marks("ours").now(session, ids)
    assert short.keys() == long.keys() == set(ids)
    assert not set(short.values()) & set(long.values())
    assert counts(verified(told)) == (2, 0, 0)
    assert counts(verified(told)) == (0, 2, 0)
    tamper(told.database, f"UPDATE user_task SET name = 'x' WHERE instance_id = '{told.case}'")
    outcome = verified(told)
    assert (outcome.told.executed, outcome.told.kept) == (1, 1)
    assert ("user_task", "name") in named(outcome)


NO_TEXT = (
    "UPDATE instance SET title = CAST(x'ff41' AS TEXT) WHERE id = '{id}'",
    "UPDATE user_task SET name = CAST(x'ff41' AS TEXT) WHERE instance_id = '{id}'",
    "UPDATE history_event SET actor = CAST(x'ff41' AS TEXT) WHERE stream = '{stream}' AND seq = 2",
)
"""Bytes that are not UTF-8, written by hand."""


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("written", NO_TEXT)
def test_a_case_that_holds_no_text_is_named_and_the_others_are_checked(told: World, written: str, full: bool) -> None:
    if not told.database.is_sqlite:
        pytest.skip("PostgreSQL keeps no text that is none")
    stream = f"instance:{told.case}"
    tamper(told.database, written.format(id=forged_id(told), stream=stream))
    tamper(told.database, f"UPDATE instance SET state = 'x' WHERE id != '{forged_id(told)}'")
    outcome = verified(told, full=full)
    assert any(one.stream == stream and "无法读取" in one.what for _, one in outcome.findings), outcome.findings
    assert ("instance", "state") in named(outcome)
    assert outcome.told.executed == 2


BEYOND = (
    "UPDATE user_task SET due_on = 'infinity' WHERE instance_id = '{id}'",
    "UPDATE case_order SET received_on = '-infinity' WHERE instance_id = '{id}'",
    "UPDATE case_said SET from_on = '0044-03-15 BC' WHERE instance_id = '{id}'",
    "UPDATE history_event SET at = 'infinity' WHERE stream = '{stream}' AND seq = 2",
)
"""Days and moments that PostgreSQL keeps and no calendar has, written by hand."""


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("written", BEYOND)
def test_a_case_that_holds_no_day_is_named_and_the_others_are_checked(told: World, written: str, full: bool) -> None:
    figure_tallies.take_in_all(told.database)
    stream = f"instance:{told.case}"
    tamper(told.database, written.format(id=forged_id(told), stream=stream))
    tamper(told.database, f"UPDATE instance SET state = 'x' WHERE id != '{forged_id(told)}'")
    figure_tallies.take_in_all(told.database)
    outcome = verified(told, full=full)
    assert any(one.stream == stream for _, one in outcome.findings), outcome.findings
    assert ("instance", "state") in named(outcome)
    assert outcome.told.executed == 2


ELSEWHERE = (
    ("postgresql", "UPDATE account SET created_at = 'infinity' WHERE username = 'office'"),
    ("postgresql", "UPDATE leader SET ends_on = 'infinity'"),
    ("postgresql", "UPDATE history_event SET at = 'infinity' WHERE seq = 1"),
    ("sqlite", "UPDATE person SET name = CAST(x'fffe' AS TEXT)"),
    ("sqlite", "UPDATE history_event SET actor = CAST(x'fffe' AS TEXT) WHERE seq = 1"),
)
"""Days and texts that cannot be read, in rows that are no case's alone."""


@pytest.mark.parametrize(("kind", "written"), ELSEWHERE)
def test_records_that_cannot_be_read_are_named_and_the_rest_is_checked(told: World, kind: str, written: str) -> None:
    if (kind == "sqlite") != told.database.is_sqlite:
        return
    tamper(told.database, written)
    tamper(told.database, f"UPDATE instance SET state = 'x' WHERE id = '{forged_id(told)}'")
    outcome = verified(told, full=True)
    assert any("无法读取" in one.what for _, one in outcome.findings), outcome.findings
    assert "seq = 1" in written or ("instance", "state") in named(outcome)


def test_a_mark_cannot_be_written_for_a_changed_row(told: World) -> None:
    """Not with another key, nor by the mark of another case or of before."""
    case = forged_id(told)
    tamper(told.database, f"UPDATE instance SET title = 'x' WHERE id = '{case}'")
    with told.database.reading() as session:
        other = session.scalar(select(VerifiedCase.mark).where(VerifiedCase.instance_id != told.case))
    with told.transaction() as session:
        session.get_one(VerifiedCase, told.case).mark = str(other)
    assert ("instance", "title") in named(verified(told))


def test_children_find_the_same(told: World) -> None:
    tamper(told.database, f"UPDATE instance SET title = 'x' WHERE id = '{forged_id(told)}'")
    tamper(told.database, "UPDATE talent SET phone = '13800000000' WHERE id = 'T0001'")
    alone, together = verified(told, full=True), verified(told, full=True, jobs=2)
    assert {("instance", "title"), ("talent", "phone")} <= set(named(alone))
    assert together.findings == alone.findings
    assert (together.figures(), together.told.remarks) == (alone.figures(), alone.told.remarks)


def test_children_know_which_fields_are_private(told: World) -> None:
    """Of a field that is private by its name nothing is kept, and nothing is missed."""
    asked = {"forms/record_need.json": [('"properties": {', '"properties": {"contact_phone": {"type": "string"}, ')]}
    deployed(told, changed(asked))
    told.recorded(contact_phone="13800000000")
    figure_tallies.take_in_all(told.database)
    assert verified(told, full=True).findings == []
    assert verified(told, full=True, jobs=2).findings == []


def test_a_child_that_cannot_begin_is_told(told: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Incident, match="没有做完"):
        verified(told, jobs=2)


def test_a_changed_definition_has_everything_executed(told: World) -> None:
    spoilt = "x'00'" if told.database.is_sqlite else "'\\x00'"
    tamper(told.database, f"UPDATE definition_file SET content = {spoilt} WHERE name = 'bpmn/request.bpmn'")
    outcome = verified(told)
    assert outcome.told.kept == 0
    assert any("重新执行" in one for one in outcome.told.remarks)


def test_a_result_is_kept_and_stands_under_the_journal(told: World) -> None:
    outcome = verified(told)
    with told.transaction() as session:
        results.keep(session, outcome, begun_at=clock.now(), actor=COMMAND_LINE, now=clock.now())
    assert counts(verified(told)) == (0, 2, 0)
    with told.database.reading() as session:
        [one] = results.verifications(session, told.actor("auditor")).items
        assert (one.mode, one.found, one.figures["kept"], one.made_by) == (INCREMENTAL, 0, 2, "command-line")
    tamper(told.database, "UPDATE verification SET found = 7")
    assert ("verification", "found") in named(verified(told))
    tamper(told.database, "DELETE FROM verification")
    assert ("verification", None) in named(verified(told))


def test_a_journal_without_a_case_is_named(told: World) -> None:
    streams = ("instance:00000000-0000-0000-0000-000000000001", f"instance:{told.case.hex}")
    for stream in streams:
        tamper(told.database, f"INSERT INTO history_head (stream, seq, hash) VALUES ('{stream}', 0, 'x')")
    found = {one.stream for _, one in verified(told).findings if one.what == "有历史而没有事项记录"}
    assert found == set(streams)


@pytest.fixture
def notified(told: World) -> World:
    """The same with notices: told, read, and owed."""
    work_all(told, worker_of(told))
    with told.transaction() as session:
        notifications.mark_all_read(session, actor=told.actor("handler-edu"), now=clock.now())
    told.do("handler-edu", "handle", unit="edu")
    assert verified(told).found == 0
    return told


def checked(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], Outcome]:
    """The runs of notices that an incremental verification checks, and its outcome."""
    runs: list[int] = []

    def check(session: Session, run: int) -> Iterator[Mismatch]:
        runs.append(run)
        return notices.check_run(session, run)

    with monkeypatch.context() as patch:
        patch.setattr(pieces, "check_run", check)
        return runs, verified(world)


FORGED_NOTICES = (
    ("notification", "title = 'x'", "notification", "title"),
    ("notification", "read_at = NULL", "notification", "read_at"),
    ("notification", "template = 'x'", "notification", "template"),
    ("outbox", "attempts = 3", "outbox", "attempts"),
    ("history_head", "seq = seq + 1 {of_notices}", None, None),
    ("history_event", "actor = 'x' {of_notices}", None, None),
)
"""Table, what is written there by hand, the table and column that are named."""


def test_notices_that_stand_as_they_stood_are_not_checked_again(
    notified: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checked(notified, monkeypatch)[0] == []
    work_all(notified, worker_of(notified))
    runs, outcome = checked(notified, monkeypatch)
    assert (len(runs), outcome.found) == (1, 0)
    assert checked(notified, monkeypatch)[0] == []


def test_the_notices_of_a_run_are_found_by_their_numbers_and_streams(notified: World) -> None:
    """By the index of kinds SQLite would read all notices there are, for each run and for each notice."""
    if not notified.database.is_sqlite:
        pytest.skip("PostgreSQL knows how many there are")
    asked: list[str] = []
    with notified.database.reading() as session:
        driver = session.connection().connection.dbapi_connection
        assert driver is not None
        run = max(notices.NoticeMarks("ours").now(session))
        driver.set_trace_callback(asked.append)
        assert run in notices.NoticeMarks("ours").now(session, run)
        assert list(notices.check_run(session, run)) == []
        driver.set_trace_callback(None)
        of_events = [one for one in asked if "history_event" in one]
        plans = [step[3] for one in of_events for step in driver.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert any("sqlite_autoindex_history_event_1 (stream=?" in step for step in plans)
    assert [step for step in plans if "ix_history_event_kind_at" in step] == []


@pytest.mark.parametrize(("table", "written", "named_table", "column"), FORGED_NOTICES)
def test_whatever_is_changed_in_marked_notices_is_named(
    notified: World, table: str, written: str, named_table: str | None, column: str | None
) -> None:
    tamper(notified.database, f"UPDATE {table} SET {written.format(of_notices=OF_NOTICES)}")
    found = verified(notified)
    assert found.found
    if named_table is not None:
        assert (named_table, column) in named(found)
    else:
        assert any(one.stream.startswith("notice:") for _, one in found.findings)


def test_a_notice_taken_out_of_the_outbox_is_named(notified: World) -> None:
    tamper(notified.database, "DELETE FROM outbox")
    assert any("没有送达" in one.what for _, one in verified(notified).findings)


@pytest.mark.parametrize("stream", ["notice:x", "notice:007"])
def test_a_stream_of_no_notice_is_checked_too(notified: World, stream: str) -> None:
    tamper(notified.database, f"INSERT INTO history_head (stream, seq, hash) VALUES ('{stream}', 3, 'x')")
    assert stream in {one.stream for _, one in verified(notified).findings}


OF_NOTICES = "WHERE substr(stream, 1, 7) = 'notice:'"


def test_the_kept_way_of_a_case_is_made_again_and_compared(told: World) -> None:
    keeping.take_in(told.database)
    assert counts(verified(told)) == (2, 0, 0)
    assert counts(verified(told)) == (0, 2, 0)
    tamper(told.database, "UPDATE case_way SET started_on = '2026-01-01'")
    assert ("case_way", "started_on") in named(verified(told))
    keeping.take_in(told.database)
    tamper(told.database, f"UPDATE case_way SET told = '{{}}' WHERE instance_id = '{forged_id(told)}'")
    assert ("case_way", "told") in named(verified(told))
    tamper(told.database, "DELETE FROM case_way")
    keeping.take_in(told.database)
    told.do("handler-edu", "handle", unit="edu")  # the way is behind its case, and right as far as it goes
    assert named(verified(told)) == []
    tamper(told.database, f"UPDATE case_way SET seq = 2 WHERE instance_id = '{forged_id(told)}'")
    assert {column for table, column in named(verified(told)) if table == "case_way"} & {"told", "version"}


@pytest.fixture
def sealed(told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same under two seals, both checked; blocks of the tree are short."""
    monkeypatch.setattr(tree, "BLOCK", 16)
    for _ in range(2):
        seal(told, tmp_path)
    assert verified(told).found == 0
    return told


def seal(world: World, place: Path) -> None:
    settings = Sealing(None, place / "seal.key", None, mail=False, command=(), command_seconds=1)
    made = seals.Sealer(world.database, settings, mail=False).seal(by=COMMAND_LINE, now=world.clock.advance(minutes=1))
    assert made is not None


def grown(world: World, monkeypatch: pytest.MonkeyPatch, *, full: bool = False) -> tuple[list[int], Outcome]:
    """The numbers of the events that the tree grew by in a verification, and its outcome."""
    read: list[int] = []

    def lines(session: Session, **bounds: int) -> Iterator[reading.Line]:
        for line in reading.lines(session, **bounds):
            read.append(line.id)
            yield line

    with monkeypatch.context() as patch:
        patch.setattr(checking, "lines", lines)
        return read, verified(world, full=full)


def test_a_seal_that_stands_as_it_stood_has_its_tree_not_grown_again(
    sealed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything, outcome = grown(sealed, monkeypatch, full=True)
    assert (outcome.told.seals, outcome.found) == (2, 0)
    read, outcome = grown(sealed, monkeypatch)
    assert (outcome.told.seals, outcome.told.size, outcome.found) == (2, len(everything), 0)
    assert len(read) < tree.BLOCK
    sealed.do("handler-edu", "handle", unit="edu")
    seal(sealed, tmp_path)
    read, outcome = grown(sealed, monkeypatch)
    assert (outcome.told.seals, outcome.found) == (3, 0)
    assert read[-1] > everything[-1] >= read[0] > everything[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"UPDATE history_event SET hash = '{'0' * 64}' WHERE id = 20", "记录与封存时不符"),
        ("UPDATE history_event SET at = '2020-01-01 00:00:00.000000' WHERE id = 20", "多出 1 条记录"),
        ("DELETE FROM history_event WHERE id = 20", "少了 1 条"),
        (f"UPDATE seal_block SET sha256 = '{'0' * 64}' WHERE number = 0", "记录与封存时不符"),
        ("DELETE FROM seal WHERE number = 1", "缺少第 1 次封存的记录"),
        ("UPDATE seal SET digest = 'x' WHERE number = 1", "的记录与签名的内容不符"),
    ],
)
def test_whatever_is_changed_under_a_marked_seal_is_named(sealed: World, written: str, said: str) -> None:
    if not sealed.database.is_sqlite:
        written = written.replace("00.000000", "00+00")
    tamper(sealed.database, written)
    for _ in range(2):
        told = [one for _, one in verified(sealed).findings if said in one.what]
        assert told, said
        assert all(one.must and one.have and one.must != one.have for one in told), told


@pytest.mark.parametrize("last", ["-1", "'x'"])
@pytest.mark.parametrize("number", [-1, 99])
def test_a_block_that_no_seal_made_is_named_beside_a_mark(sealed: World, number: int, last: str) -> None:
    if not sealed.database.is_sqlite and last == "'x'":
        pytest.skip("PostgreSQL keeps no text as a number")
    columns = "number, first_id, last_id, sha256"
    tamper(sealed.database, f"INSERT INTO seal_block ({columns}) VALUES ({number}, -9, {last}, '{'0' * 64}')")
    assert any(f"封存的分段 {number} 没有对应的记录" in one.what for _, one in verified(sealed).findings)


def test_a_row_that_is_missing_or_has_no_history_says_what_should_be(told: World) -> None:
    case = forged_id(told)
    columns, values = "id, instance_id, username, sent_by, sent_at", "'{0}', '{0}', 'office', 'x', '2026-09-16'"
    copy = f"INSERT INTO copy_to ({columns}) VALUES ({values})"
    tamper(told.database, copy.format(case))
    tamper(told.database, f"DELETE FROM clock_run WHERE instance_id = '{case}'")
    tamper(told.database, f"DELETE FROM timer WHERE instance_id = '{case}'")
    tamper(told.database, "DELETE FROM liaison")
    found = {one.table: one for _, one in verified(told).findings if one.table not in GUARDED}
    assert found["copy_to"].what == "抄送「office」没有历史"
    assert (found["copy_to"].must, found["copy_to"].have) == ("没有这条记录", "有这条记录")
    assert (found["timer"].must, found["timer"].have) == ("有这条记录", "没有这条记录")
    assert all(one.must and one.have for one in found.values()), found


def test_a_seal_with_a_fault_is_not_marked(sealed: World) -> None:
    tamper(sealed.database, "DELETE FROM verified_seal")
    tamper(sealed.database, "UPDATE seal SET digest = 'x' WHERE number = 1")
    assert verified(sealed).found
    with sealed.database.reading() as session:
        assert session.scalar(select(VerifiedSeal.number)) is None


def test_a_changed_file_is_named_by_the_next_incremental_verification(told: World) -> None:
    with told.transaction() as session:
        stream = f"instance:{told.case}"
        for name, content in (("甲.pdf", PDF), ("乙.pdf", PDF + b"2"), ("丙.pdf", PDF + b"3")):
            file = received(session, name, content)
            attachments.attach(session, stream=stream, file=file, actor=told.actor(OFFICE), now=clock.now())
    assert verified(told).found == 0
    store = chosen(told.settings.files)
    with told.database.reading() as session:
        digests = {name: digest for _, name, digest in stored_names(session)}
        assert set(session.scalars(select(VerifiedFile.sha256))) == set(digests.values())
    with reads_of(store) as read:
        assert verified(told).found == 0
        assert read == []  # nobody has touched them
        assert verified(told, full=True).found == 0
        assert sorted(read) == sorted(digests.values())
    changed, gone = (Path(told.settings.files.place) / one[:2] / one for one in (digests["甲.pdf"], digests["乙.pdf"]))
    kept, stood = changed.read_bytes(), changed.stat()
    changed.write_bytes(b"x" + kept[1:])
    os.utime(changed, ns=(stood.st_atime_ns, stood.st_mtime_ns))  # as somebody would who knows of moments
    moved = gone.rename(gone.with_name("aside"))
    try:
        found = {one.what: (one.stream, one.have) for _, one in verified(told).findings if one.table == "attachment"}
        assert found == {
            "附件「甲.pdf」的内容与日志里的摘要不符，被改动或损坏": (stream, "与日志里的摘要不符，被改动或损坏"),
            "附件「乙.pdf」的内容不在存放处": (stream, "不在存放处"),
        }
    finally:
        changed.write_bytes(kept)
        moved.rename(gone)
    assert verified(told).found == 0


def test_a_mark_of_a_file_by_another_hand_is_believed_by_nobody(told: World) -> None:
    with told.transaction() as session:
        file = received(session, "甲.pdf", PDF)
        attachments.attach(
            session, stream=f"instance:{told.case}", file=file, actor=told.actor(OFFICE), now=clock.now()
        )
    assert verified(told).found == 0
    with told.database.reading() as session:
        [(_, _, digest)] = stored_names(session)
    changed = Path(told.settings.files.place) / digest[:2] / digest
    kept = changed.read_bytes()
    changed.write_bytes(b"x" + kept[1:])
    try:
        mark = FileMarks(key_of("another")).of(digest, chosen(told.settings.files).state(digest))
        tamper(told.database, f"UPDATE verified_file SET mark = '{mark}'")
        assert [one.table for _, one in verified(told).findings if one.table == "attachment"] == ["attachment"]
    finally:
        changed.write_bytes(kept)


@contextmanager
def reads_of(store: Store) -> Iterator[list[str]]:
    """The files that are read meanwhile from stores of this kind."""
    kind, read, told = type(store), type(store).read, list[str]()

    def noting(self: Store, digest: str) -> bytes:
        told.append(digest)
        return read(self, digest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "read", noting)
        yield told


def test_a_history_that_was_sealed_anew_is_found_by_the_heads_of_the_witness(sealed: World, tmp_path: Path) -> None:
    kept, case = tmp_path / "witness", f"instance:{sealed.case}"
    witnesses.write(sealed.database, kept)
    assert held(sealed, kept).found == 0
    assert held(sealed, None).told.remarks == [NOT_HELD]
    assert held(sealed, tmp_path / "nothing").told.remarks[0].endswith("本次没有与保存在别处的封存核对")
    with sealed.database.reading() as session:
        seq = session.scalars(select(HistoryEvent.seq).where(HistoryEvent.stream == case).limit(1)).one()
    forger.rewrite(sealed.database, case, seq + 1, forged="改")
    for full in (False, True):
        found = [(one.stream, one.seq, one.what) for _, one in held(sealed, kept, full=full).findings]
        assert any((stream, at) == (case, seq + 1) and "最早被改动" in what for stream, at, what in found), found
        assert any("封存被重做" in what for _, _, what in found)


def test_seals_after_the_first_that_differs_are_told_in_one_line(sealed: World, tmp_path: Path) -> None:
    for _ in range(3):
        seal(sealed, tmp_path)
    tamper(sealed.database, "UPDATE history_event SET hash = 'x' WHERE id = 1")
    told = [one.what for _, one in verified(sealed).findings if one.stream == "seals"]
    assert [what for what in told if "次封存" in what] == [
        next(what for what in told if what.startswith("第 1 次封存")),
        "其后到第 5 次封存的 4 次也都不符，由最早的不符而来",
    ]


def held(world: World, folder: Path | None, *, full: bool = False) -> Outcome:
    return Verifier(world.database, "ours", 1, elsewhere=Elsewhere(folder)).verify(full=full)


@pytest.mark.databases("sqlite")
def test_a_definition_that_is_stored_otherwise_is_told_in_words(told: World) -> None:
    tamper(told.database, "UPDATE definition_file SET content = CAST(content AS TEXT) WHERE name LIKE '%.bpmn'")
    found = [one.what for _, one in verified(told).findings if "无法读取" in one.what]
    assert found
    assert {what.partition("：")[2] for what in found} == {"内容残缺，或存储形式被改动"}


def test_findings_tell_the_time_of_the_office() -> None:
    text = "2026-11-10 17:24:08.465430"
    assert moment_words(text) == moment_words(datetime.fromisoformat(f"{text}+00:00")) == "2026-11-11 01:24:08"
