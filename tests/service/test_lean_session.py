"""The session of a transaction is as any, and costs a step less."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Date, Uuid, create_engine, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import InvalidRequestError, PendingRollbackError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import get_history

from service import history
from service.auth.models import Account
from service.clock import SHANGHAI
from service.db.base import UtcDateTime
from service.db.by_hand import UNREAD, columns_of, loaded, new_row, put, were
from service.db.lean import LeanSession, changes
from service.db.prepared import Prepared
from service.db.values import maker, reader
from service.history import HistoryEvent
from service.processes.models import Instance, UserTask

NOW = datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI)
_MOMENTS = some.datetimes(timezones=some.sampled_from([UTC, SHANGHAI, timezone(timedelta(hours=-3, minutes=-30))]))


def _case(**changes):
    usual = {"process": "request", "version": 1, "digest": "d", "status": "running", "title": "甲", "search_key": "jia"}
    usual |= {"initiator": "li", "started_at": NOW, "data": {}, "frame": {}, "state": "{}"}
    return Instance(**{"id": uuid4(), **usual, **changes})


def test_what_was_told_waits_for_the_flush_and_for_each_question(session):
    history.append(session, stream="instance:1", kind="made", actor="li", at=NOW, data={})
    with session.no_autoflush:
        assert session.scalars(select(HistoryEvent.seq)).all() == []
    assert session.scalars(select(HistoryEvent.seq)).all() == [1]


def test_what_was_told_in_a_savepoint_goes_with_it(session):
    history.append(session, stream="instance:1", kind="kept", actor="li", at=NOW, data={})
    savepoint = session.begin_nested()
    history.append(session, stream="instance:1", kind="lost", actor="li", at=NOW, data={})
    savepoint.rollback()
    history.append(session, stream="instance:1", kind="after", actor="li", at=NOW, data={})
    assert [one.kind for one in history.stream_events(session, "instance:1")] == ["kept", "after"]
    assert history.verify_stream(session, "instance:1") == []


def test_what_was_told_goes_with_its_transaction(session):
    history.append(session, stream="instance:1", kind="lost", actor="li", at=NOW, data={})
    session.rollback()
    assert history.stream_events(session, "instance:1") == []


def test_a_commit_sends_what_was_told_last(database):
    with database.transaction() as session:
        history.append(session, stream="instance:1", kind="made", actor="li", at=NOW, data={})
    with database.reading() as session:
        assert [one.kind for one in history.stream_events(session, "instance:1")] == ["made"]


@pytest.mark.databases("sqlite")
def test_the_journal_is_told_by_the_session_that_sends_it(database):
    with Session(database.engine) as session, pytest.raises(TypeError, match="LeanSession"):
        history.append(session, stream="instance:1", kind="made", actor="li", at=NOW, data={})


def test_the_connection_is_that_of_the_transaction_and_of_its_savepoint(session):
    own = session.connection()
    assert session.connection() is own
    with session.begin_nested():
        assert session.connection() is own
    session.rollback()
    assert session.connection() is not own


def test_a_failed_transaction_has_no_connection(session):
    session.connection()
    session.add(_case(number="N1"))
    session.flush()
    session.add(_case(number="N1"))
    with pytest.raises(Exception, match="number"):
        session.flush()
    with pytest.raises(PendingRollbackError):
        session.connection()
    with pytest.raises(PendingRollbackError):
        Prepared(select(Instance.id)).rows(session)


def test_a_row_is_added_as_any_object_is(session):
    made = new_row(Instance, **columns_of(_case(urges=0), [one.key for one in Instance.__table__.columns]))
    session.add(made)
    session.add(made)
    assert list(session.new) == [made]
    session.flush()
    assert made in session
    assert session.get(Instance, made.id) is made
    session.add(kept := _case())
    with LeanSession(session.get_bind()) as other, pytest.raises(InvalidRequestError):
        other.add(kept)


def test_a_row_that_points_to_another_brings_it_along(session):
    case = _case()
    task = UserTask(id=uuid4(), process="p", task="t", name="n", scope="", status="open", data={}, entered_at=NOW)
    task.instance_id, task.instance = case.id, case
    session.add(task)
    assert case in session.new


def test_columns_are_set_together_as_one_by_one(session):
    session.add_all([one := _case(title="甲"), other := _case(title="甲")])
    session.flush()
    put(one, title="乙", stage="S1", search_key="jia")
    other.title, other.stage, other.search_key = "乙", "S1", "jia"
    for name in ("title", "stage", "search_key", "digest"):
        assert get_history(one, name) == get_history(other, name)
    assert were(one, ("title", "stage", "search_key", "digest")) == {"title": "甲", "stage": None}
    assert {one, other} == set(session.dirty)
    session.flush()
    session.expire_all()
    assert (one.title, one.stage) == ("乙", "S1")
    assert were(one, ("title", "stage")) == {}


def test_what_nobody_has_read_is_not_known_to_have_been(session):
    session.add(made := _case())
    session.flush()
    session.expire(made, ["title"])
    put(made, title="乙")
    assert were(made, ("title",)) == {"title": UNREAD}


def test_an_object_at_hand_is_not_asked_for(session):
    session.add(made := _case())
    session.flush()
    assert loaded(session, Instance, made.id) is made
    session.expire(made)
    session.connection().execute(Instance.__table__.update().values(title="乙"))
    assert loaded(session, Instance, made.id).title == "乙"


def test_changes_of_a_model_are_those_that_wait(session):
    session.add(case := _case())
    assert changes(session, {Instance})
    assert not changes(session, {Account})
    session.flush()
    assert not changes(session, {Instance})
    case.title = case.title  # touched and the same
    assert not changes(session, {Instance})
    case.title = "乙"
    assert changes(session, {Instance})


@given(_MOMENTS, some.dates(), some.uuids())
def test_values_are_made_as_sqlalchemy_makes_them(moment, day, key):
    for dialect in (create_engine("sqlite://").dialect, PGDialect_psycopg()):
        for kind, value in ((UtcDateTime(), moment), (Date(), day), (Uuid(), key)):
            own = kind.dialect_impl(dialect)
            bind, result = own.bind_processor(dialect), own.result_processor(dialect, None)
            for one in (value, None):
                usual = bind(one) if bind else one
                make, read = maker(kind, dialect.name, bind), reader(kind, dialect.name, result)
                assert (make(one) if make else one) == usual
                assert (read(usual) if read else usual) == (result(usual) if result else usual)


@pytest.mark.parametrize("value", ["2026-09-16", 7, NOW.replace(tzinfo=None)])
def test_a_value_of_another_kind_is_refused(value):
    with pytest.raises((TypeError, AttributeError, ValueError)):
        maker(UtcDateTime(), "sqlite", None)(value)
    if not isinstance(value, datetime):
        with pytest.raises(TypeError):
            maker(Date(), "sqlite", None)(value)


def test_a_damaged_text_is_no_value():
    for kind in (UtcDateTime(), Date(), Uuid()):
        with pytest.raises(ValueError, match=r"nonsense|badly formed"):
            reader(kind, "sqlite", None)("nonsense")
    assert reader(Uuid(), "sqlite", None)(uuid4().hex).__class__ is UUID
    assert reader(Date(), "sqlite", None)("2026-09-16") == date(2026, 9, 16)
