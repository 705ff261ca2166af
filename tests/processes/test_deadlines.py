"""Deadlines, lights, reminders, urges and circulars by the clock (W6, W10, CLOCK), on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from service import clock, engine
from service.errors import NotAllowed
from service.processes import halting, operations, queries, timers
from service.processes.calendars import current
from service.processes.models import Timer
from service.processes.timers import load_calendar
from service.rights import SYSTEM
from service.workdays import Calendar, load_notices, parse_notice_file
from tests.factories import steps as case
from tests.factories.databases import ON_BOTH
from tests.factories.steps import DONE, INTERIM, NOT_OURS
from tests.factories.world import CONFIG, OFFICE, World

VECTORS = [
    ("2018-12-27", "2019-01-08"),
    ("2019-01-24", "2019-02-02"),
    ("2019-04-23", "2019-05-05"),
    ("2019-09-25", "2019-10-10"),
    ("2025-01-20", "2025-02-05"),
    ("2026-02-10", "2026-02-26"),
    ("2026-09-16", "2026-09-24"),
    ("2026-09-28", "2026-10-13"),
    ("2026-11-20", "2026-12-01"),
    ("2026-12-24", "2027-01-05"),
]


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """The case's journal must replay to what is stored, whatever a test has done to it."""
    yield world
    if world.case.int:
        assert case.mismatches(world) == []


def load(world: World, toml: str) -> int:
    """Loads a calendar with the notices of ``toml`` (shape of calendar.toml)."""
    notices = load_notices(CONFIG).merged(parse_notice_file(toml.encode(), "test.toml"))
    with world.transaction() as session:
        calendar = Calendar.from_config(notices)
        return load_calendar(session, calendar=calendar, source="停工通告1号", actor=SYSTEM, now=clock.now())


TYPHOON = '[[closures]]\nfrom = 2026-09-22\nto = 2026-09-23\nreason = "台风停工"\nnumber = "停工通告1号"\n'


class TestDueDates:
    @pytest.mark.parametrize(("received", "due"), VECTORS)
    def test_seven_working_days_from_receipt(self, world: World, received: str, due: str) -> None:
        day = date.fromisoformat(received)
        with world.database.reading() as session:
            counted = current(session).add(day, 7)
        assert counted.due.isoformat() == due
        assert counted.provisional == (due > "2026-12-31")

    def test_unit_receives_with_the_dispatch(self, world: World) -> None:
        world.accepted()
        world.clock.set(datetime(2026, 9, 28, 16, 0, tzinfo=clock.SHANGHAI))
        world.do(OFFICE, "dispatch")
        task = world.task("handle")
        assert (str(task.due_on), task.due_provisional, task.due_basis) == ("2026-10-13", False, "实施方案三（二）3")

    def test_due_date_explains_every_day(self, world: World) -> None:
        world.accepted()
        world.clock.set(datetime(2026, 9, 28, 16, 0, tzinfo=clock.SHANGHAI))
        world.do(OFFICE, "dispatch")
        days = world.task("handle").due_explanation["explanation"]
        assert [day["date"] for day in days][-1] == "2026-10-13"
        assert [day["number"] for day in days if day["counted"]] == [1, 2, 3, 4, 5, 6, 7]
        assert all(day["reason"] for day in days if not day["counted"])

    def test_date_past_the_last_notice_is_provisional(self, world: World) -> None:
        world.clock.set(datetime(2026, 12, 24, 10, 0, tzinfo=clock.SHANGHAI))
        world.dispatched()
        task = world.task("handle")
        assert (str(task.due_on), task.due_provisional) == ("2027-01-05", True)

    @pytest.mark.parametrize(
        ("step", "days"), [("record_need", 2), ("accept", 1), ("dispatch", 1), ("feedback_accepted", 1)]
    )
    def test_assumed_deadlines_say_so(self, world: World, step: str, days: int) -> None:
        reach = {
            "record_need": world.start,
            "accept": world.recorded,
            "dispatch": world.accepted,
            "feedback_accepted": world.dispatched,
        }
        reach[step]()
        task = world.task(step)
        with world.database.reading() as session:
            assert task.due_on == current(session).add(clock.today(), days).due
        assert task.due_basis == "本系统默认，非文件规定"

    def test_each_step_of_meeting_and_committee_has_its_days(self, world: World) -> None:
        found = {}
        case.assessed(world, "meeting")
        began = clock.today()
        found["convene_meeting"] = world.task("convene_meeting").due_on
        held_on = clock.today() + timedelta(days=2)
        world.do(OFFICE, "convene_meeting", {**world.sample("convene_meeting"), "held_on": held_on.isoformat()})
        found["record_minutes"] = world.task("record_minutes").due_on
        world.clock.set(world.clock.now + timedelta(days=2))
        world.do(OFFICE, "record_minutes", {**world.sample("record_minutes"), "decision": "escalate"})
        found["submit_topic"] = world.task("submit_topic").due_on
        with world.database.reading() as session:
            add = current(session).add
        assert found == {
            "convene_meeting": add(began, 5).due,
            "record_minutes": add(held_on, 3).due,
            "submit_topic": add(held_on, 5).due,
        }

    def test_receipt_does_not_move_day_zero(self, world: World) -> None:
        world.dispatched()
        due = world.task("handle").due_on
        world.pass_days(3)
        assert world.task("handle").due_on == due


@ON_BOTH
class TestLights:
    @pytest.mark.parametrize(
        ("day", "light"),
        [(16, "green"), (20, "green"), (21, "yellow"), (24, "yellow"), (25, "red"), (30, "red")],
    )
    def test_light_of_the_unit(self, world: World, day: int, light: str) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, day, 12, 0, tzinfo=clock.SHANGHAI))
        assert case.light(world, "handle") == light

    def test_a_step_of_one_day_is_not_yellow_from_birth(self, world: World) -> None:
        world.recorded()
        assert world.task("accept").warn_on == world.task("accept").due_on
        assert case.light(world, "accept") == "green"
        world.pass_days(1)
        assert case.light(world, "accept") == "yellow"

    def test_a_light_of_the_rules_before_replays_as_it_was(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as before:
            before.setattr(engine, "RULES", 6)
            world.recorded()
        task = world.task("accept")
        assert task.warn_on < task.due_on
        world.do(OFFICE, "accept")
        assert case.mismatches(world) == []

    def test_list_and_counts_show_the_same_light(self, world: World) -> None:
        actor = world.actor("handler-edu")
        world.dispatched()
        for day in (16, 21, 25):
            world.clock.set(datetime(2026, 9, day, 12, 0, tzinfo=clock.SHANGHAI))
            light = case.light(world, "handle")
            with world.database.reading() as session:
                counts = queries.light_counts(session, actor, today=clock.today())
                wanted = queries.TaskFilter(light=light)
                listed = queries.open_tasks(session, actor, today=clock.today(), filters=wanted)
                assert (counts[light], listed.total) == (1, 1)

    def test_finished_task_keeps_its_light(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        world.do("handler-edu", "handle", unit="edu")
        world.pass_days(20)
        world.do("handler-guicheng", "handle", unit="guicheng")
        world.pass_days(20)
        lights = [(row.unit, queries.light_of(row, clock.today())) for row in case.tasks(world, "handle")]
        assert sorted(lights) == [("edu", "green"), ("guicheng", "red")]


@ON_BOTH
class TestReminders:
    def test_yellow_due_day_urge_and_circular_come_in_order(self, world: World) -> None:
        world.dispatched()
        seen = []
        for _ in range(30):
            before = len(case.notices(world))
            world.pass_days(1)
            seen += [(clock.today().isoformat(), notice["template"]) for notice in case.notices(world)[before:]]
        assert seen == [
            ("2026-09-21", "due_soon"),
            ("2026-09-24", "due_today"),
            *(("2026-09-28", one) for one in ("urge", "late")),
        ]
        assert world.task("approve_circular").entered_at.astimezone(clock.SHANGHAI).date().isoformat() == "2026-10-09"

    def test_reminders_wait_for_office_hours_of_working_days(self, world: World) -> None:
        world.dispatched()
        with world.database.reading() as session:
            calendar = current(session)
            moments = [clock.local(fire_at) for fire_at in session.scalars(select(Timer.fire_at))]
        assert len(moments) == 4
        for moment in moments:
            assert moment.time() == time(9, 0)
            assert calendar.is_working_day(moment.date())

    def test_due_in_the_early_morning_waits_until_nine(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, 21, 8, 59, tzinfo=clock.SHANGHAI))
        with world.database.reading() as session:
            assert timers.due_timers(session, now=clock.now()) == []
        world.clock.advance(minutes=1)
        with world.database.reading() as session:
            assert len(timers.due_timers(session, now=clock.now())) == 1

    def test_urge_by_the_clock_is_counted_and_asks_for_a_receipt(self, world: World) -> None:
        world.dispatched()
        world.pass_days(12)
        (event,) = case.events(world, "urged")
        assert (event.actor, event.data["n"], event.data["by_hand"], event.data["unit"]) == ("system", 1, False, "edu")
        (notice,) = case.notices(world, "urge")
        assert "签收" in notice["text"]
        assert case.instance(world).urges == 1

    def test_no_urge_once_the_answer_is_in(self, world: World) -> None:
        world.dispatched()
        world.pass_days(8)
        world.do("handler-edu", "handle")
        world.pass_days(20)
        assert case.events(world, "urged") == []
        assert [notice["template"] for notice in case.notices(world)] == ["accepted", "due_soon", "due_today"]

    def test_answer_at_the_last_moment_stops_a_timer_that_is_already_due(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, 28, 9, 0, tzinfo=clock.SHANGHAI))
        with world.database.reading() as session:
            due = timers.due_timers(session, now=clock.now())
        world.do("handler-edu", "handle")
        for timer_id in due:
            with world.transaction() as session:
                assert timers.fire(session, timer_id=timer_id, now=clock.now()) is False
        assert case.events(world, "urged") == []

    def test_timer_fires_once(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, 21, 9, 0, tzinfo=clock.SHANGHAI))
        with world.database.reading() as session:
            (due,) = timers.due_timers(session, now=clock.now())
        fired = []
        for _ in range(2):
            with world.transaction() as session:
                fired.append(timers.fire(session, timer_id=due, now=clock.now()))
        assert fired == [True, False]
        assert len(case.notices(world, "due_soon")) == 1

    def test_of_timers_missed_while_nobody_worked_only_what_still_matters_is_told(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 10, 30, 10, 0, tzinfo=clock.SHANGHAI))
        with world.database.reading() as session:
            due = timers.due_timers(session, now=clock.now())
        for timer_id in due:
            with world.transaction() as session:
                assert timers.fire(session, timer_id=timer_id, now=clock.now())
        assert [notice["template"] for notice in case.notices(world)] == ["accepted", "urge", "late"]
        told = [event.data.get("overtaken", False) for event in case.events(world, "timer_fired")]
        assert told == [True, True, True, False]
        assert "approve_circular" in case.steps(world)

    @pytest.mark.parametrize("again", ["redo", "interim", "not_ours"])
    def test_reminders_live_again_when_the_task_is_entered_again(self, world: World, again: str) -> None:
        world.dispatched()
        armed = case.timers(world)
        if again == "redo":
            world.do("handler-edu", "handle")
            world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
        elif again == "interim":
            world.do("handler-edu", "handle", INTERIM)
            world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        else:
            world.do("handler-edu", "handle", NOT_OURS)
            world.do(OFFICE, "redispatch")
        assert case.timers(world) == armed
        world.pass_days(35)
        assert len(case.events(world, "urged")) == 1
        assert "approve_circular" in case.steps(world)

    def test_agreed_date_carries_the_reminders_with_it(self, world: World) -> None:
        world.dispatched()
        world.do("handler-edu", "handle", INTERIM)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        with world.database.reading() as session:
            waiting = session.scalars(select(Timer).where(Timer.status == "waiting").order_by(Timer.fire_at)).all()
            days = [(timer.event, clock.local(timer.fire_at).date().isoformat()) for timer in waiting]
        assert days == [
            ("due_soon", "2026-10-10"),
            ("due_today", "2026-10-14"),
            ("overdue", "2026-10-15"),
            ("long_overdue", "2026-10-21"),
        ]


class TestCircular:
    @pytest.fixture
    def late(self, world: World) -> World:
        world.dispatched()
        world.do(OFFICE, "feedback_accepted")
        world.pass_days(25)
        return world

    def test_circular_is_issued_only_by_a_person(self, late: World) -> None:
        assert case.steps(late) == ["approve_circular", "handle"]
        assert case.events(late, "circular_issued") == []
        late.do(OFFICE, "approve_circular", {"decision": "issue", "text": "逾期未回复，予以通报"})
        (event,) = case.events(late, "circular_issued")
        assert (event.actor, event.data["number"], event.data["unit"]) == (OFFICE, "通报〔2026〕1号", "edu")
        (notice,) = case.notices(late, "circular")
        assert notice["to"]["unit"] == "edu"
        assert case.steps(late) == ["handle"]

    def test_circular_may_be_held(self, late: World) -> None:
        late.do(OFFICE, "approve_circular", {"decision": "hold"})
        assert case.events(late, "circular_issued") == []
        assert case.steps(late) == ["handle"]

    def test_answer_leaves_the_proposal_to_be_decided(self, late: World) -> None:
        late.do("handler-edu", "handle")
        assert case.steps(late) == ["approve_circular", "review_reply"]

    def test_accepted_reply_withdraws_an_undecided_proposal(self, late: World) -> None:
        late.do("handler-edu", "handle")
        late.do(OFFICE, "review_reply")
        assert case.steps(late) == ["feedback_result"]
        assert [row.status for row in case.tasks(late, "approve_circular")] == ["cancelled"]
        assert case.events(late, "circular_issued") == []

    def test_second_circular_of_the_same_slot(self, late: World) -> None:
        late.do(OFFICE, "approve_circular", {"decision": "issue", "text": "第一次"})
        late.do("handler-edu", "handle")
        late.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
        late.pass_days(25)
        late.do(OFFICE, "approve_circular", {"decision": "issue", "text": "第二次"})
        assert [event.data["number"] for event in case.events(late, "circular_issued")] == [
            "通报〔2026〕1号",
            "通报〔2026〕2号",
        ]
        assert case.events(late, "urged")[-1].data["n"] == 1

    def test_only_the_office_decides(self, late: World) -> None:
        with pytest.raises(NotAllowed):
            late.do("handler-edu", "approve_circular")


class TestNothingHappensByItself:
    def test_a_year_of_silence_approves_and_closes_nothing(self, world: World) -> None:
        world.dispatched()
        for _ in range(12):
            world.clock.advance(days=30)
            world.pass_days(1)
        assert case.instance(world).status == "running"
        assert world.open_steps() == [("approve_circular", None), ("feedback_accepted", None), ("handle", "edu")]
        assert {event.actor for event in case.events(world, "completed")} == {OFFICE, "liaison-hrss"}


class TestLateness:
    def test_late_reply_freezes_lateness(self, world: World) -> None:
        world.dispatched()
        world.pass_days(13)
        world.do("handler-edu", "handle")
        late = world.done("handle").late_days
        assert late == 2
        world.pass_days(30)
        assert world.done("handle").late_days == 2
        assert world.standing.late

    def test_reply_on_the_due_day_is_in_time(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, 24, 23, 59, tzinfo=clock.SHANGHAI))
        world.do("handler-edu", "handle")
        assert world.done("handle").late_days == 0
        assert not world.standing.late

    def test_reply_on_a_day_off_after_the_due_day_is_late(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, 26, 12, 0, tzinfo=clock.SHANGHAI))
        world.do("handler-edu", "handle")
        assert world.done("handle").late_days == 1

    def test_interim_in_time_keeps_the_reply_in_time_and_the_case_open(self, world: World) -> None:
        world.dispatched()
        world.do("handler-edu", "handle", INTERIM)
        assert world.done("handle").late_days == 0
        assert case.instance(world).status == "running"

    def test_case_stays_late_whatever_follows(self, world: World) -> None:
        world.dispatched()
        world.pass_days(13)
        world.do("handler-edu", "handle", NOT_OURS)
        world.do(OFFICE, "redispatch")
        world.do("handler-housing", "handle")
        assert world.standing.late


@ON_BOTH
class TestCalendarChange:
    def test_unanswered_items_move_and_leave_a_trace(self, world: World) -> None:
        world.dispatched()
        assert load(world, TYPHOON) == 1
        assert str(world.task("handle").due_on) == "2026-09-29"
        (loaded,) = case.events(world, "calendar_changed")
        assert loaded.data["notice"] == "停工通告1号"
        (moved,) = [event for event in case.events(world, "due_changed") if event.task == str(world.task("handle").id)]
        assert (moved.data["old_due_on"], moved.data["due_on"]) == ("2026-09-24", "2026-09-29")

    def test_timers_move_with_the_deadline(self, world: World) -> None:
        world.dispatched()
        load(world, TYPHOON)
        with world.database.reading() as session:
            fire = {row.event: clock.local(row.fire_at).date().isoformat() for row in session.scalars(select(Timer))}
        assert fire["due_today"] == "2026-09-29"
        world.pass_days(10)
        assert case.events(world, "urged") == []

    def test_answered_items_stay(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        world.do("handler-edu", "handle", unit="edu")
        load(world, TYPHOON)
        assert {row.unit: str(row.due_on) for row in case.tasks(world, "handle")} == {
            "edu": "2026-09-24",
            "guicheng": "2026-09-29",
        }

    def test_frozen_lateness_stays(self, world: World) -> None:
        world.dispatched()
        world.clock.set(datetime(2026, 9, 28, 10, 0, tzinfo=clock.SHANGHAI))
        world.do("handler-edu", "handle")
        load(world, TYPHOON)
        done = world.done("handle")
        assert (done.late_days, str(done.due_on)) == (1, "2026-09-24")

    def test_case_that_the_change_does_not_touch_has_no_event(self, world: World) -> None:
        world.dispatched()
        changed = load(world, TYPHOON.replace("09-22", "12-01").replace("09-23", "12-02"))
        assert changed == 0
        assert case.events(world, "calendar_changed") == []

    def test_new_tasks_count_with_the_new_calendar(self, world: World) -> None:
        world.accepted()
        load(world, TYPHOON)
        world.do(OFFICE, "dispatch")
        assert str(world.task("handle").due_on) == "2026-09-29"

    def test_suspended_case_moves_too(self, world: World) -> None:
        world.dispatched()
        with world.transaction() as session:
            halting.suspend(session, instance_id=world.case, reason="出国", actor=world.actor(OFFICE), now=clock.now())
        load(world, TYPHOON)
        assert str(world.task("handle").due_on) == "2026-09-29"

    def test_replay_and_taking_back_count_with_the_calendar_of_the_day(self, world: World) -> None:
        world.dispatched()
        world.do("handler-edu", "handle")
        load(world, TYPHOON)
        with world.transaction() as session:
            operations.take_back(
                session,
                task_id=world.done("handle").id,
                reason="更正",
                actor=world.actor("handler-edu"),
                now=clock.now(),
            )
        assert world.task("handle").due_on is not None
        world.clock.advance(hours=1)
        world.do("handler-edu", "handle", DONE)


def test_wait_for_a_turn_of_the_year(world: World) -> None:
    """Numbers start anew with the year; those of the old year stay."""
    world.accepted()
    world.clock.set(datetime(2027, 1, 4, 10, 0, tzinfo=clock.SHANGHAI) + timedelta(days=1))
    old = case.instance(world).number
    world.accepted(received_on="2027-01-04")
    assert (old, case.instance(world).number) == ("2026-需-0001", "2027-需-0001")
