"""Time is guarded: no event before its stream's last, no timer by a clock that leapt, no silenced notice or trigger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from service import history
from service.audit.tables.guards import guards
from service.errors import Conflict
from service.history import played, verify_stream
from service.processes.incidents import CLOCK, close_incident, incidents_of
from service.rights import SYSTEM
from service.worker.watch import Bounds, Watch
from tests.factories.journal import write


def test_an_event_before_its_streams_last_is_refused(session, clock):
    write(session, clock.now, stream="unit:x", kind="noted")
    session.flush()
    write(session, clock.now - timedelta(minutes=5), stream="unit:x", kind="noted")  # it waited for its turn
    session.flush()
    with pytest.raises(Conflict, match="校准服务器时钟"):
        write(session, clock.now - timedelta(minutes=11), stream="unit:x", kind="noted")
    write(session, clock.now - timedelta(days=9), stream="unit:y", kind="noted")  # another stream has its own time


def test_an_event_of_an_earlier_time_is_named(session, clock):
    with played(session.info):
        write(session, clock.now, stream="unit:x", kind="noted")
        write(session, clock.now - timedelta(days=1), stream="unit:x", kind="noted")
        session.flush()
    assert [(one.seq, one.what) for one in verify_stream(session, "unit:x")] == [(2, "时间早于上一条记录")]
    history.note_played(session, until=clock.now, actor="system")
    session.flush()
    assert verify_stream(session, "unit:x") == []


class Seconds:
    """The time that really passes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(database, clock):
    with database.transaction() as session:
        write(session, clock.now, stream="unit:x", kind="noted")
    seconds = Seconds()
    watch = Watch(database, Bounds(), seconds)
    assert watch.trusts(clock.now)
    seconds.now = 5.0
    assert watch.trusts(clock.advance(seconds=5))
    return watch


def messages(database) -> list[str]:
    with database.reading() as session:
        return [one.message for one in incidents_of(session, CLOCK)]


@pytest.mark.parametrize(("leap", "said"), [(timedelta(days=210), "远晚于"), (timedelta(days=-3), "早于")])
def test_a_leap_of_the_clock_holds_all_workers_until_a_person_confirms(database, clock, watch, leap, said):
    now = clock.set(clock.now + leap)
    assert not watch.trusts(now)
    assert not Watch(database, Bounds(), Seconds()).trusts(now), "another worker waits too"
    [message] = messages(database)
    assert f"{said}应有的时间" in message
    assert not watch.trusts(now), "it is told once"
    assert len(messages(database)) == 1
    with database.transaction() as session:
        [incident] = incidents_of(session, CLOCK)
        close_incident(session, incident, actor=SYSTEM, now=now)
    assert watch.trusts(now)
    assert Watch(database, Bounds(), Seconds()).trusts(now), "what was confirmed stays so after a restart"


def test_an_outage_is_no_leap_unless_it_lasts_for_months(database, clock, watch):
    assert Watch(database, Bounds(), Seconds()).trusts(clock.now + timedelta(days=10))
    assert not Watch(database, Bounds(), Seconds()).trusts(clock.now + timedelta(days=200))


def test_a_clock_that_went_back_while_nothing_ran_is_noticed_at_the_start(database, clock, watch):
    assert not Watch(database, Bounds(), Seconds()).trusts(clock.now - timedelta(hours=1))
    assert "早于最近一条历史记录" in messages(database)[0]


def test_missing_triggers_are_told(database):
    with database.reading() as session:
        assert list(guards(session)) == []
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER history_event_no_delete"))
        else:
            session.execute(text("ALTER TABLE history_event DISABLE TRIGGER history_event_no_change"))
        [found] = guards(session)
        assert "history_event" in found.what
        assert (found.must, found.have) == ("触发器在并启用", "没有能拒绝改动的触发器")
