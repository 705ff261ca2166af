"""Time is guarded: no event before its stream's last, no timer by a clock that leapt, no silenced notice or trigger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from service import history, ids
from service.audit.models import FULL, Verification
from service.audit.tables.guards import guards
from service.audit.verifying import results
from service.audit.verifying.runs import Verifier
from service.cli import liaison
from service.demonstration import PASSWORD
from service.errors import Conflict
from service.history import played, verify_stream
from service.processes.incidents import CLOCK, close_incident, incidents_of, open_incident
from service.processes.models import Incident
from service.rights import SYSTEM, at_command_line
from service.usecases.verifying import submit_nightly
from service.worker.watch import Bounds, Watch
from tests.factories.journal import write
from tests.factories.visitor import Visitor
from tests.factories.world import World


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


def _leapt(session, at) -> Incident:
    made = open_incident(session, kind=CLOCK, message="时钟跳变", now=at)
    session.flush()
    return made


def test_what_a_fast_clock_wrote_bars_nothing_once_a_person_has_confirmed_the_time(session, clock):
    now = clock.now
    write(session, now + timedelta(days=200), stream="unit:x", kind="noted")
    write(session, now + timedelta(days=200), stream="unit:y", kind="noted")
    session.flush()
    incident = _leapt(session, now)
    with pytest.raises(Conflict, match="liaison resume"):  # nobody has looked at the clock yet
        write(session, now, stream="unit:x", kind="noted")
    close_incident(session, incident, actor=at_command_line("ops"), now=now)
    session.flush()
    with pytest.raises(Conflict, match="校准服务器时钟"):  # the clock went back further than what was confirmed
        write(session, now - timedelta(hours=1), stream="unit:x", kind="noted")
    for minutes in (1, 2, 3):
        write(session, now + timedelta(minutes=minutes), stream="unit:x", kind="noted")
    session.flush()
    history.extend_streams(session, kind="noted", actor="office", at=now, data=[("unit:y", {})])
    session.flush()
    for stream, seq in (("unit:x", 2), ("unit:y", 2)):
        assert [(one.seq, one.what) for one in verify_stream(session, stream)] == [(seq, "时间早于上一条记录")]
    with pytest.raises(Conflict, match="校准服务器时钟"):  # what came after it bars as ever
        write(session, now - timedelta(minutes=9), stream="unit:x", kind="noted")


def test_an_incident_that_no_person_closed_or_that_is_about_something_else_confirms_nothing(session, clock):
    now = clock.now
    write(session, now + timedelta(days=200), stream="unit:x", kind="noted")
    session.flush()
    close_incident(session, _leapt(session, now), actor=SYSTEM, now=now)
    other = open_incident(session, kind="daily", message="没有做完", now=now)
    close_incident(session, other, actor=at_command_line("ops"), now=now)
    session.flush()
    with pytest.raises(Conflict, match="校准服务器时钟"):
        write(session, now, stream="unit:x", kind="noted")


def test_people_sign_in_and_work_again_after_the_clock_was_months_fast(world: World) -> None:
    world.accepted()
    today = world.clock.now
    world.clock.set(today + timedelta(days=200))
    entered = {"username": "office", "password": PASSWORD}
    assert Visitor(world, None).submit("/sign-in", **entered).status_code == 302
    world.do("office", "dispatch")
    world.clock.set(today + timedelta(minutes=1))
    assert Visitor(world, None).submit("/sign-in", **entered).status_code == 409
    with pytest.raises(Conflict, match="liaison resume"):
        world.do("office", "feedback_accepted")
    told = CliRunner().invoke(
        liaison, ["--as", "ops", "resume"], env={"LIAISON_DATABASE_URL": world.settings.database_url}
    )
    assert "已确认现在是" in told.output
    assert Visitor(world, None).submit("/sign-in", **entered).status_code == 302
    world.do("office", "feedback_accepted")
    found = Verifier(world.database, "key", 1).verify(full=True).findings
    assert {(one.what, one.table) for _, one in found} == {("时间早于上一条记录", None)}


def test_nights_are_verified_again_and_their_results_count_after_the_clock_was_months_fast(world: World) -> None:
    today = world.clock.now
    for day, found in ((today + timedelta(days=200), 0), (today, 1)):
        world.clock.set(day)
        with world.transaction() as session:
            assert submit_nightly(session, full=True, since=day - timedelta(hours=1), now=day)
            row = Verification(id=ids.new(), begun_at=day, ended_at=day, seconds=1.0, mode=FULL, made_by="system")
            row.found, row.figures, row.remarks, row.findings = found, {}, [], []
            session.add(row)
    with world.transaction() as session:
        assert not submit_nightly(session, full=True, since=today - timedelta(hours=1), now=today)
        assert results.full_failed(session)
        newest = results.failed(session, world.actor("auditor"))
    assert newest is not None
    assert newest.ended_at == today


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


def test_a_leap_is_noticed_at_the_start_though_somebody_wrote_by_the_new_time(database, clock, watch):
    later = clock.now + timedelta(days=200)
    with database.transaction() as session:
        write(session, later, stream="configuration", kind="settings_loaded")
        write(session, later + timedelta(seconds=5), stream="access", kind="signed_in")
    at = clock.now + timedelta(days=200, minutes=1)
    assert not Watch(database, Bounds()).trusts(at)
    with database.transaction() as session:
        [held] = incidents_of(session, CLOCK)
        assert "远晚于最近一条历史记录的时间" in held.message
        close_incident(session, held, actor=at_command_line("ops"), now=at)
    assert Watch(database, Bounds()).trusts(at)


def test_days_on_which_people_worked_without_a_worker_are_no_leap(database, clock, watch):
    for day in range(1, 41):
        with database.transaction() as session:
            write(session, clock.now + timedelta(days=day), stream="access", kind="signed_in")
    assert Watch(database, Bounds()).trusts(clock.now + timedelta(days=41))


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
