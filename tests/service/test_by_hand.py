"""Rows of cases are read and written by prepared statements, and are the objects of the session all the same."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Text, bindparam, event, func, literal, literal_column, select, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from service import history
from service.clock import SHANGHAI
from service.db.by_hand import Rows, new_row
from service.db.prepared import MOST_ROWS, Prepared, listed, places, size_of
from service.history import HistoryEvent, HistoryHead, OutboxEntry
from service.history.chain import seal
from service.processes.models import Instance, Timer

NOW = datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI)


def _case(**changes):
    usual = {"process": "request", "version": 1, "digest": "d", "status": "running", "title": "甲", "search_key": "jia"}
    usual |= {"initiator": "li", "started_at": NOW, "data": {"b": [1.5, None], "a": "乙"}, "frame": {}, "state": "{}"}
    return Instance(**{"id": uuid4(), **usual, **changes})


def test_a_prepared_question_gives_what_the_session_would(session):
    session.add_all(made := [_case(number=f"N{number}") for number in range(3)])
    session.flush()
    wanted = [one.id for one in made]
    in_order = select(Instance.id, Instance.data, Instance.started_at, Instance.lying).order_by(Instance.number)
    asked = Prepared(in_order.where(Instance.id.in_(places("of", size_of(wanted), Instance.id.type))))
    usual = session.execute(in_order.where(Instance.id.in_(wanted))).all()
    assert asked.rows(session, listed("of", wanted)) == [tuple(row) for row in usual]
    few = Prepared(in_order.where(Instance.status.in_(["running", "suspended"]), Instance.number == bindparam("n")))
    assert [row[0] for row in few.rows(session, {"n": "N1"})] == [made[1].id]


def test_a_statement_with_signs_of_per_cent_and_a_name_twice_is_sent_as_it_is(session):
    """PostgreSQL gets its parameters by number, where SQLAlchemy writes names and doubles signs of per cent."""
    word = bindparam("word", type_=Text)
    likes = Prepared(select(word, literal("half %(word)s of 50%"), word, literal("%%"), func.length(word) % 3))
    assert likes.rows(session, {"word": "a%b$1"}) == [("a%b$1", "half %(word)s of 50%", "a%b$1", "%%", 2)]


def test_a_question_with_many_rows_gives_all_of_them_again_and_again(session):
    """A statement that is kept holds no rows."""
    start = datetime(2026, 9, 14, 9, 0, tzinfo=SHANGHAI)
    for n in range(MOST_ROWS + 2):
        history.append(session, stream="many", kind="noted", actor="office", at=start, data={"n": n})
    asked = Prepared(select(HistoryEvent.seq).where(HistoryEvent.stream == "many", HistoryEvent.seq <= bindparam("to")))
    for to in (MOST_ROWS + 1, 3, MOST_ROWS + 1):
        assert len(asked.rows(session, {"to": to})) == to


def test_a_question_asked_soon_is_asked_with_the_next_one_or_when_it_is_read(session):
    one, other = Prepared(select(bindparam("a", type_=Text))), Prepared(select(bindparam("b", type_=Text)))
    alone = one.soon(session, {"a": "alone"})
    assert alone() == [("alone",)]
    waits, again = one.soon(session, {"a": "first"}), other.soon(session, {"b": "second"})
    assert other.rows(session, {"b": "third"}) == [("third",)]
    assert (waits(), again()) == ([("first",)], [("second",)])
    assert one.rows(session, {"a": "last"}) == [("last",)]


def test_a_question_asked_soon_is_dropped_with_its_savepoint(session):
    """It may lock a case, which nobody would wait for any more; whoever calls for its rows all the same gets them."""
    one = Prepared(select(bindparam("a", type_=Text)))
    said = []
    with session.begin_nested() as savepoint:
        waits = one.soon(session, {"a": "first"})
        savepoint.rollback()
    session.connection()  # BEGIN is none of it
    event.listen(session.get_bind(), "before_cursor_execute", lambda *told: said.append(told[3]))
    assert one.rows(session, {"a": "next"}) == [("next",)]
    assert said == [("next",)]
    assert waits() == [("first",)]


def test_a_question_asked_soon_that_fails_fails_the_next_one(session):
    bad = Prepared(select(literal_column("1").label("n")).where(text("nowhere.at = 1")))
    bad.soon(session, {})
    with pytest.raises(DBAPIError):
        Prepared(select(bindparam("a", type_=Text))).rows(session, {"a": "next"})
    session.rollback()
    assert Prepared(select(bindparam("a", type_=Text))).rows(session, {"a": "on"}) == [("on",)]


def test_a_question_sends_what_waits_first(session):
    session.add(made := _case())
    assert Prepared(select(Instance.id)).rows(session) == [(made.id,)]


def test_rows_are_written_and_read_as_the_objects_they_are(session):
    session.add(made := _case())
    timer = Timer(id=uuid4(), instance_id=made.id, process="p", event="e", name="n", fire_at=NOW, due_at=NOW)
    timer.status = "waiting"
    session.add(timer)
    session.flush()
    assert not session.new
    assert not session.dirty
    made.data, made.stage = {"c": 1}, "S1"
    assert made in session.dirty
    session.flush()
    assert made not in session.dirty
    session.expire_all()
    by_id = Rows(Instance, lambda cases: cases.where(Instance.id == bindparam("id")))
    found = by_id.first(session, {"id": made.id})
    assert found is made
    assert (found.data, found.stage, found.lying, found.urges) == ({"c": 1}, "S1", False, 0)
    assert found.started_at == NOW.astimezone(UTC)
    assert by_id.first(session, {"id": uuid4()}) is None


def test_only_a_fresh_question_takes_the_place_of_what_the_session_knows(session):
    session.add(made := _case())
    session.flush()
    session.connection().execute(Instance.__table__.update().values(title="乙"))
    known = Rows(Instance, lambda cases: cases.where(Instance.id == bindparam("id")))
    fresh = Rows(Instance, lambda cases: cases.where(Instance.id == bindparam("id")).with_for_update(), fresh=True)
    assert known.first(session, {"id": made.id}).title == "甲"
    assert fresh.first(session, {"id": made.id}).title == "乙"


def test_listeners_hear_of_rows_that_are_loaded_changed_and_made(session):
    heard = []
    listeners = {
        name: lambda *told, name=name: heard.append(name) for name in ("load", "before_insert", "before_update")
    }
    for name, listener in listeners.items():
        event.listen(Instance, name, listener)
    try:
        session.add(made := _case())
        session.flush()
        made.title = "乙"
        session.flush()
        key = made.id
        session.expunge_all()
        Rows(Instance, lambda cases: cases.where(Instance.id == bindparam("id"))).first(session, {"id": key})
    finally:
        for name, listener in listeners.items():
            event.remove(Instance, name, listener)
    assert heard == ["before_insert", "before_update", "load"]


def test_listeners_may_ask_before_and_after_a_flush(session):
    heard = []
    asked = select(HistoryHead.stream)
    event.listen(Instance, "before_insert", lambda _, connection, __: heard.append(connection.scalar(asked)), once=True)
    event.listen(session, "after_flush", lambda told, _: heard.append(told.connection().scalar(asked)), once=True)
    history.append(session, stream="instance:1", kind="made", actor="li", at=NOW, data={})
    session.add(_case())
    session.flush()
    assert heard == ["instance:1", "instance:1"]


def test_a_savepoint_takes_back_what_was_written_in_it(session):
    session.add(kept := _case())
    session.flush()
    savepoint = session.begin_nested()
    session.add(lost := _case())
    kept.title = "乙"
    session.flush()
    savepoint.rollback()
    assert kept.title == "甲"
    assert lost not in session
    assert session.scalars(select(Instance.id)).all() == [kept.id]


def test_a_failure_is_told_as_any_and_ends_the_transaction(session):
    session.add_all([_case(number="N1"), _case(number="N1")])
    with pytest.raises(DBAPIError):
        session.flush()
    assert not session.is_active
    with pytest.raises(PendingRollbackError):
        session.scalar(select(Instance.id))
    session.rollback()
    assert session.scalars(select(Instance.id)).all() == []


def test_a_row_made_by_hand_is_as_its_class_makes_it(session):
    names = [column.key for column in Instance.__table__.columns]
    usual = {name: getattr(_case(number="N1"), name) for name in names}
    given = {name: value for name, value in usual.items() if value is not None} | {"id": uuid4(), "number": "N2"}
    row = new_row(Instance, **given)
    assert (row.number, row.ended_at) == ("N2", None)
    session.add_all([row, _case(number="N1")])
    row.search_key = "changed before it is sent"
    session.flush()
    session.expire_all()
    one, other = session.scalars(select(Instance).order_by(Instance.number)).all()
    assert (other.id, other.search_key) == (given["id"], "changed before it is sent")
    apart = {"id", "number", "search_key"}
    assert {name: getattr(one, name) for name in usual if name not in apart} == {
        name: getattr(other, name) for name in usual if name not in apart
    }
    with pytest.raises(TypeError, match="nonsense"):
        new_row(Instance, nonsense=1)


def test_events_get_their_ids_in_order_and_what_they_owe_points_to_them(session):
    told = [
        history.append(session, stream="instance:1", kind=kind, actor="li", at=NOW, data={"n": n})
        for n, kind in enumerate(["made", "notice", "made", "notice"])
    ]
    session.flush()
    kept = session.scalars(select(HistoryEvent).order_by(HistoryEvent.seq)).all()
    names = [column.key for column in HistoryEvent.__table__.columns if column.key != "id"]
    assert [[getattr(one, name) for name in names] for one in kept] == [
        [getattr(one, name) for name in names] for one in told
    ]
    numbers = [one.id for one in kept]
    assert numbers == sorted(numbers)
    owed = session.execute(select(OutboxEntry.event_id, OutboxEntry.due_at, OutboxEntry.attempts)).all()
    assert sorted(map(tuple, owed)) == [(numbers[1], NOW, 0), (numbers[3], NOW, 0)]
    assert session.execute(select(HistoryHead.seq, HistoryHead.hash)).one() == (4, told[3].hash)


def test_what_was_told_in_this_transaction_is_not_asked_for(session):
    history.append(session, stream="instance:1", kind="made", actor="li", at=NOW, data={"n": 1})
    session.flush()
    assert history.said(session, "instance:1", 1) == {"n": 1}
    assert history.said(session, "instance:1", 2) == {}


@pytest.mark.parametrize("data", [{}, {"b": 1.5, "a": ["乙", None, {"c": '"\\\u2028'}]}, {"n": 10**20}])
def test_the_seal_is_of_one_list_however_it_is_put_together(data):
    parts = ["instance:1", 7, "2026-09-16T01:00:00.000000+00:00", "li", None, "made", "t", data, "0" * 64]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    sealed = seal(
        stream="instance:1",
        seq=7,
        at=NOW,
        actor="li",
        on_behalf_of=None,
        kind="made",
        task="t",
        data=data,
        prev_hash="0" * 64,
    )
    assert sealed == hashlib.sha256(text.encode()).hexdigest()
