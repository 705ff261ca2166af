"""The journal: chained, append-only, checkable."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from service import history
from service.canonical import dumps, normalized
from service.errors import Conflict, Invalid
from service.history.chain import FIRST
from tests.factories.journal import tamper, write
from tests.factories.statements import counted

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab中", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_events_of_a_stream_come_back_in_order(session, clock):
    for number in range(3):
        write(session, clock.advance(minutes=1), number=number)
    write(session, clock.now, stream="instance:2")
    session.flush()
    session.expire_all()
    events = history.stream_events(session, "instance:1")
    assert [(event.seq, event.data) for event in events] == [(1, {"number": 0}), (2, {"number": 1}), (3, {"number": 2})]
    assert [event.seq for event in history.stream_events(session, "instance:1", after=2)] == [3]
    assert history.count(session, "instance:1") == 3


def test_each_event_is_chained_to_the_one_before(session, clock):
    for number in range(3):
        write(session, clock.now, number=number)
    session.flush()
    events = history.stream_events(session, "instance:1")
    assert [event.prev_hash for event in events] == [FIRST, *(event.hash for event in events[:2])]
    assert len({event.hash for event in events}) == 3


def test_many_streams_grow_as_they_would_event_by_event(database, session, clock):
    for number in range(3):
        write(session, clock.now, stream=f"notice:{number}")
    session.commit()
    more = [(f"notice:{number}", {"number": number, "whole": 2.0}) for number in (2, 0, 1, 0)]
    with counted(session.get_bind()) as sent:
        history.extend_streams(session, kind="letter_sent", actor="system", at=clock.advance(minutes=1), data=more)
    asked = [statement for statement in sent if not statement.startswith("BEGIN")]
    assert len(asked) == 3
    history.append(session, stream="notice:1", kind="letter_sent", actor="system", at=clock.now, data={"number": 9})
    session.flush()
    session.expire_all()
    events = {stream: history.stream_events(session, stream) for stream in ("notice:0", "notice:1", "notice:2")}
    assert [len(found) for found in events.values()] == [3, 3, 2]
    assert [event.data["number"] for event in events["notice:0"][1:]] == [0, 0]
    assert all(history.verify_stream(session, stream) == [] for stream in events)


def test_a_stream_that_is_new_or_held_grows_beside_the_others(database, session, clock):
    write(session, clock.now, stream="notice:1")
    session.commit()
    write(session, clock.now, stream="notice:2")  # whose head this transaction now holds
    more = [(f"notice:{number}", {"number": number}) for number in (1, 2, 3)]
    history.extend_streams(session, kind="letter_sent", actor="system", at=clock.now, data=more)
    session.flush()
    assert [history.count(session, f"notice:{number}") for number in (1, 2, 3)] == [2, 2, 1]
    assert all(history.verify_stream(session, f"notice:{number}") == [] for number in (1, 2, 3))


def test_of_many_streams_none_grows_into_its_past(database, session, clock):
    write(session, clock.now, stream="notice:1")
    session.commit()
    early = clock.now - timedelta(hours=1)
    with pytest.raises(Conflict, match="早于该记录最后的变动"):
        history.extend_streams(session, kind="letter_sent", actor="system", at=early, data=[("notice:1", {})])


def test_streams_are_found_by_prefix(session, clock):
    for stream in ("instance:2", "instance:1", "talent:T0001", "instanceX"):
        write(session, clock.now, stream=stream)
    session.flush()
    assert history.streams(session, "instance:") == ["instance:1", "instance:2"]
    assert len(history.streams(session)) == 4


def test_an_untouched_stream_verifies_after_a_commit(database, clock):
    values = {
        "整": 1,
        "big": 2**70,
        "whole": 1e16,
        "part": 0.1,
        "tiny": 1e-7,
        "emoji": "🙂\u0001",
        "nested": [(1, {"a": None})],
    }
    for _ in range(2):
        with database.transaction() as session:
            write(session, clock.advance(minutes=1), **values)
            write(session, datetime(2026, 9, 16, 1, 2, 3, 4, tzinfo=UTC), on_behalf_of="leader", task="handle")
    with database.reading() as session:
        assert history.verify_stream(session, "instance:1") == []
        assert history.verify_stream(session, "no such stream") == []


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        ("UPDATE history_event SET actor = 'Office' WHERE seq = 2", 2),
        ("UPDATE history_event SET kind = 'start' WHERE seq = 2", 2),
        ("UPDATE history_event SET task = 'accept' WHERE seq = 2", 2),
        ("UPDATE history_event SET on_behalf_of = '' WHERE seq = 2", 2),
        ("UPDATE history_event SET at = '2026-09-16 01:00:00.000001' WHERE seq = 2", 2),
        ("""UPDATE history_event SET data = '{"number":3}' WHERE seq = 2""", 2),
        ("""UPDATE history_event SET data = '{"number":1.0}' WHERE seq = 2""", 2),
        ("UPDATE history_event SET hash = prev_hash WHERE seq = 2", 2),
        ("UPDATE history_event SET prev_hash = hash WHERE seq = 2", 2),
        ("UPDATE history_event SET seq = 9 WHERE seq = 2", 2),
        ("DELETE FROM history_event WHERE seq = 2", 2),
        ("DELETE FROM history_event WHERE seq = 3", 3),
        ("DELETE FROM history_event", 3),
        ("UPDATE history_event SET id = 99 WHERE seq = 2", 3),
        ("DELETE FROM history_head", 3),
        ("UPDATE history_head SET seq = 2", 2),
        ("UPDATE history_head SET hash = lower(stream)", 3),
    ],
)
def test_any_change_of_the_journal_is_found_and_named(database, clock, change, seq):
    with database.transaction() as session:
        for number in range(3):
            write(session, clock.now, number=number)
    tamper(database, change)
    with database.reading() as session:
        mismatches = history.verify_stream(session, "instance:1")
    assert mismatches
    assert (mismatches[0].stream, mismatches[0].seq) == ("instance:1", seq)
    assert mismatches[0].what
    assert all(one.must and one.have and one.must != one.have for one in mismatches)


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE history_event SET data = '{"number": 0}'""",
        """UPDATE history_event SET data = '{"number":0,"number":0}'""",
        "UPDATE history_event SET data = '{'",
        "UPDATE history_event SET data = 'null'",
        "UPDATE history_event SET at = replace(at, ' ', 'T')",
        "UPDATE history_event SET at = 'yesterday'",
    ],
)
def test_a_changed_text_of_the_same_meaning_is_found_in_a_sqlite_file(database, clock, change):
    if not database.is_sqlite:
        pytest.skip("PostgreSQL keeps values, not texts")
    with database.transaction() as session:
        write(session, clock.now, number=0)
    tamper(database, change)
    with database.reading() as session:
        found = history.verify_stream(session, "instance:1")
        assert [mismatch.seq for mismatch in found] == [1]
        assert [(one.must, one.have) for one in found if not one.must or one.must == one.have] == []


def test_a_changed_entry_is_told_with_what_it_should_say_and_says(database, clock):
    with database.transaction() as session:
        written = [write(session, clock.now, number=number) for number in range(3)]
        sealed = written[1].hash[:12]
    tamper(database, "UPDATE history_event SET actor = 'Office' WHERE seq = 2")
    with database.reading() as session:
        [changed] = history.verify_stream(session, "instance:1")
    assert changed.must == f"哈希 {sealed}…（写下时）"
    assert changed.have.endswith("…（按现在的内容算出）")
    assert sealed not in changed.have
    tamper(database, "DELETE FROM history_event WHERE seq = 3")
    with database.reading() as session:
        *_, cut = history.verify_stream(session, "instance:1")
    assert (cut.must[:10], cut.have[:10]) == ("末条：第 3 条，哈", "末条：第 2 条，哈")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE history_event SET actor = 'somebody'",
        "DELETE FROM history_event",
        "INSERT OR REPLACE INTO history_event SELECT * FROM history_event",
        "TRUNCATE history_event CASCADE",
    ],
)
def test_the_database_refuses_to_change_the_journal(database, clock, change):
    only_on = {"INSERT OR": True, "TRUNCATE": False}
    if any(change.startswith(word) and database.is_sqlite is not sqlite for word, sqlite in only_on.items()):
        pytest.skip("not a statement of this database")
    with database.transaction() as session:
        write(session, clock.now)
    with database.engine.connect() as connection, pytest.raises(DatabaseError, match="append-only"):
        connection.execute(text(change))


def test_a_command_that_fails_leaves_no_event(database, clock):
    def command() -> None:
        with database.transaction() as session:
            write(session, clock.now)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        command()
    with database.reading() as session:
        assert history.streams(session) == []


def test_a_savepoint_that_is_undone_takes_its_events_with_it(database, clock):
    with database.transaction() as session:
        write(session, clock.now, number=1)
        nested = session.begin_nested()
        write(session, clock.now, number=2)
        session.flush()
        nested.rollback()
        write(session, clock.now, number=3)
    with database.reading() as session:
        assert [event.data["number"] for event in history.stream_events(session, "instance:1")] == [1, 3]
        assert history.verify_stream(session, "instance:1") == []


def test_a_stream_whose_first_event_a_savepoint_took_back_begins_again(database, clock):
    with database.transaction() as session:
        nested = session.begin_nested()
        write(session, clock.now, number=1)
        session.flush()
        held = list(session.identity_map.values())  # as somebody may who has read them
        nested.rollback()
        write(session, clock.now, number=2)
        held.clear()
    with database.reading() as session:
        assert [event.data for event in history.stream_events(session, "instance:1")] == [{"number": 2}]
        assert history.verify_stream(session, "instance:1") == []


def test_writers_of_one_stream_queue_up(database, clock):
    barrier = threading.Barrier(4)
    moment = clock.now

    def work() -> None:
        barrier.wait()
        for _ in range(3):
            with database.transaction() as session:
                write(session, moment)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert history.count(session, "instance:1") == 12
        assert history.verify_stream(session, "instance:1") == []


def test_many_events_cost_few_statements(database, clock):
    with database.transaction() as session:
        write(session, clock.now)
    with counted(database) as statements, database.transaction() as session:
        for number in range(10):
            write(session, clock.now, number=number)
    assert len([line for line in statements if not line.startswith("BEGIN")]) <= 4


def test_the_written_event_is_a_copy(session, clock):
    data: dict[str, Any] = {"units": ["hrss"]}
    happened = history.append(session, stream="instance:1", kind="started", actor="office", at=clock.now, data=data)
    data["units"].append("edu")
    assert happened.data == {"units": ["hrss"]}


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", float("nan"), float("inf"), object(), {1: 2}])
def test_what_no_database_can_keep_is_refused_by_name(session, clock, value):
    with pytest.raises(Invalid) as caught:
        write(session, clock.now, outer=[value])
    assert caught.value.findings[0].path.startswith("/outer/0")
    assert history.count(session, "instance:1") == 0


def test_a_naive_moment_is_refused(session):
    with pytest.raises(ValueError, match="time zone"):
        write(session, datetime(2026, 9, 16))  # noqa: DTZ001 - the point of the test


@given(JSON)
def test_normalizing_twice_is_normalizing_once(value):
    once = normalized(value)
    assert normalized(once) == once
    assert dumps(normalized(once)) == dumps(once)


def test_a_notice_is_owed_until_it_is_delivered(database, clock):
    with database.transaction() as session:
        write(session, clock.now, kind="notice", to="hrss")
        write(session, clock.now, kind="completed")
    with database.transaction() as session:
        assert history.claim(session, now=clock.now - timedelta(seconds=1)) == []
        [entry] = history.claim(session, now=clock.now, limit=5)
        assert entry.event.data == {"to": "hrss"}
        history.postpone(session, entry, until=clock.now + timedelta(minutes=5), error="no route")
    with database.transaction() as session:
        assert history.claim(session, now=clock.now) == []
        [entry] = history.claim(session, now=clock.advance(minutes=5))
        assert (entry.attempts, entry.last_error) == (1, "no route")
        history.settle(session, entry)
    with database.reading() as session:
        assert history.claim(session, now=clock.now) == []


def test_two_workers_never_hold_the_same_notice(database, clock):
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with database.transaction() as session:
        for _ in range(2):
            write(session, clock.now, kind="notice")
    with closing(Session(database.engine)) as first, closing(Session(database.engine)) as second:
        held = [entry.event_id for worker in (first, second, first) for entry in history.claim(worker, now=clock.now)]
        assert len(held) == 3
        assert held[0] != held[1]
        first.rollback()
        second.rollback()
