"""挂起 with 顺延 or not, 延期, 待上会 and 阶段反馈: dates, timers, lateness, and that every journal of it replays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import select, update

from service import clock
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.processes import agreed, calendars, commands, extensions, halting, joining, lateness, operations
from service.processes.calendars import current
from service.processes.models import WAITING, Timer, UserTask
from service.processes.stops import EXTENSION, INTERIM, SUSPENSION, Stop, stops_of
from service.processes.stops import WAITING as WAIT
from tests.factories import steps as case
from tests.factories.databases import ON_BOTH
from tests.factories.replays import load
from tests.factories.steps import DONE, act
from tests.factories.steps import INTERIM as INTERIM_ANSWER
from tests.factories.world import LIAISON, OFFICE, World

migration = import_module("service.db.migrations.versions.0055_dates_of_tasks")
pytestmark = ON_BOTH
EDU, OTHER = "handler-edu", "handler-health"
DUE = date(2026, 9, 24)
SAID = {"reason": "等待批复", "asked_by": "区教育局来电"}


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A need dispatched on 2026-09-16; whatever a test does to it, its journal must replay to what is stored."""
    world.dispatched()
    yield world
    assert case.mismatches(world) == []


def handle(world: World) -> UserTask:
    """The unit's open task."""
    return world.task("handle")


def stand_still(world: World, days: int, due: str, **more: Any) -> None:
    """The case is suspended, ``days`` pass, and it is resumed."""
    act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国", due=due, **more)
    world.pass_days(days)
    act(world, OFFICE, halting.resume, instance_id=world.case, reason="已回国")


def ask(world: World, until: object = "2026-09-30", user: str = EDU, **more: Any) -> None:
    """The unit asks for a later date."""
    said = {"task_id": handle(world).id, "reason": "须等上级批复", **more}
    act(world, user, extensions.ask, due_on=until, **said)


def agree(world: World, user: str = OFFICE, **more: Any) -> None:
    """The Talent Office agrees."""
    act(world, user, extensions.extend, **{"task_id": handle(world).id, **more})


def answers_of_edu(world: World) -> tuple[int, int, int]:
    """The requests to the unit this year: all, answered in time, missed."""
    with world.database.reading() as session:
        found = lateness.unit_answers(session, process="request", since=date(2026, 1, 1), on=clock.today())["edu"]
    return found.asked, found.in_time, found.asked - found.in_time


def told(world: World) -> list[Stop]:
    """The stops of the case as of today."""
    with world.database.reading() as session:
        return stops_of(case.events(world), current(session), clock.today())


def rings(world: World) -> dict[str, date]:
    """The days on which the waiting timers of the case go off."""
    with world.database.reading() as session:
        found = select(Timer.event, Timer.fire_at).where(Timer.instance_id == world.case, Timer.status == WAITING)
        return {event: clock.local(at).date() for event, at in session.execute(found)}


def is_late(world: World, on: date) -> bool:
    """Whether a responsible unit is late in the case as of the end of a day."""
    with world.database.reading() as session:
        return lateness.standings(session, [world.case], on).get(world.case, lateness.IN_TIME).late


class TestSuspension:
    def test_days_that_stood_still_move_dates_and_timers(self, world: World) -> None:
        before = rings(world)
        assert (handle(world).due_on, before["due_today"]) == (DUE, DUE)
        world.pass_days(1)
        stand_still(world, 5, halting.SHIFT)  # 17 to 22 September: 18, 20 (调休), 21 and 22 are worked
        moved = handle(world)
        assert (moved.due_on, moved.first_due_on) == (date(2026, 10, 8), DUE)  # 28, 29, 30 September, 8 October
        after = rings(world)
        assert after["due_today"] == date(2026, 10, 8)
        assert after["overdue"] == date(2026, 10, 9)
        assert moved.due_basis == "实施方案三（二）3；挂起 4 个工作日，期限顺延"
        (event,) = case.events(world, "shifted")
        assert (event.data["since"], event.data["until"], event.data["days"]) == ("2026-09-17", "2026-09-22", 4)
        assert [one["text"] for one in case.notices(world, "due_changed")] == ["挂起 4 个工作日，期限顺延"] * 2

    def test_dates_stay_where_that_was_chosen(self, world: World) -> None:
        stand_still(world, 14, halting.KEEP)
        assert (handle(world).due_on, handle(world).first_due_on) == (DUE, DUE)
        assert case.events(world, "shifted") == []
        assert case.light(world, "handle") == "red"

    def test_a_reminder_that_rang_rings_again_before_the_later_date(self, world: World) -> None:
        world.pass_days(7)  # 23 September: three working days before the date has passed
        assert "due_soon" not in rings(world)
        act(world, OFFICE, extensions.extend, task_id=handle(world).id, due_on="2026-10-15", **SAID)
        assert rings(world)["due_soon"] == date(2026, 10, 12)

    def test_resumed_on_the_same_day_nothing_moves(self, world: World) -> None:
        stand_still(world, 0, halting.SHIFT)
        assert handle(world).due_on == DUE
        assert case.events(world, "shifted") == []

    def test_the_end_of_a_case_ends_its_suspension(self, world: World) -> None:
        act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国", due=halting.SHIFT)
        world.pass_days(1)
        act(world, OFFICE, commands.terminate, instance_id=world.case, reason="对象撤回")
        world.pass_days(12)
        (stop,) = told(world)
        assert (stop.until, stop.days, stop.lasts) == (date(2026, 9, 17), 1, False)

    def test_a_suspended_case_that_was_joined_ends_with_the_other(self, world: World) -> None:
        main = world.case
        world.dispatched()
        joined = world.case
        assert joined != main
        act(world, OFFICE, joining.join, instance_id=joined, other_id=main, reason="同一件事")
        world.pass_days(1)
        act(world, OFFICE, commands.terminate, instance_id=main, reason="对象撤回")
        world.pass_days(12)
        (stop,) = told(world)
        assert (stop.until, stop.days) == (date(2026, 9, 17), 1)

    def test_two_suspensions_add_up(self, world: World) -> None:
        stand_still(world, 1, halting.SHIFT)
        stand_still(world, 1, halting.SHIFT)
        assert handle(world).due_on == date(2026, 9, 29)
        assert "挂起 2 个工作日" in handle(world).due_basis

    def test_many_suspensions_can_still_be_counted(self, world: World) -> None:
        for _ in range(12):
            stand_still(world, 1, halting.SHIFT)
        found = handle(world)
        days = sum(event.data["days"] for event in case.events(world, "shifted"))
        with world.database.reading() as session:
            assert found.due_on == current(session).add(DUE, days).due

    def test_from_the_ninth_on_the_first_keeps_its_days_whatever_the_calendar_learns(self, world: World) -> None:
        entered = date(2026, 9, 16)
        for number in range(1, 2 * agreed.ONE_BY_ONE):
            stand_still(world, 1, halting.SHIFT)
            spans = [event.data for event in case.events(world, "shifted")]
            with world.database.reading() as session:
                calendar = current(session)
                assert handle(world).due_on == calendar.add(DUE, sum(one["days"] for one in spans)).due, number
        assert len(spans) > agreed.ONE_BY_ONE  # some lasted a day off, which moves nothing
        first, last = date.fromisoformat(spans[0]["until"]), date.fromisoformat(spans[-1]["until"])
        for closed in (first, last):
            load(world, f'[[closures]]\nfrom = {closed}\nto = {closed}\nreason = "台风停工"\nnumber = "〔{closed}〕"\n')
        with world.database.reading() as session:
            calendar = current(session)
            earlier = sum(one["days"] for one in spans[: -agreed.ONE_BY_ONE])  # these days stay as they were
            later = [
                calendar.between(date.fromisoformat(one["since"]), date.fromisoformat(one["until"]))
                for one in spans[-agreed.ONE_BY_ONE :]
            ]
            assert later[-1] == spans[-1]["days"] - 1
            assert earlier > sum(
                calendar.between(date.fromisoformat(one["since"]), date.fromisoformat(one["until"]))
                for one in spans[: -agreed.ONE_BY_ONE]
            )
            base = calendar.add(entered, 7).due
            assert handle(world).due_on == calendar.add(base, earlier + sum(later)).due
        assert handle(world).first_due_on == DUE

    def test_more_days_than_are_counted_at_once_can_still_stand_still(
        self, monkeypatch: pytest.MonkeyPatch, world: World
    ) -> None:
        monkeypatch.setattr(agreed, "MAX_DAYS", 7)
        monkeypatch.setattr(calendars, "MAX_DAYS", 7)
        stand_still(world, 5, halting.SHIFT)
        stand_still(world, 8, halting.SHIFT)
        days = sum(event.data["days"] for event in case.events(world, "shifted"))
        assert days > 7
        with world.database.reading() as session:
            assert handle(world).due_on == current(session).add(DUE, days).due

    def test_late_before_it_is_late_after_it_by_as_much(self, world: World) -> None:
        world.pass_days(14)  # 30 September
        stand_still(world, 12, halting.SHIFT)
        with world.database.reading() as session:
            calendar = current(session)
            due = handle(world).due_on
            assert due is not None
            assert calendar.between(due, clock.today()) == calendar.between(DUE, date(2026, 9, 30))
        assert is_late(world, clock.today())

    @pytest.mark.parametrize("due", ["", "later", None])
    def test_the_choice_must_be_one_of_two(self, world: World, due: object) -> None:
        with pytest.raises(Invalid) as refused:
            act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国", due=due)
        assert [finding.path for finding in refused.value.findings] == ["/due"]
        assert case.instance(world).status == "running"

    def test_resuming_before_suspending_is_a_conflict(self, world: World) -> None:
        with pytest.raises(Conflict, match="没有挂起"):
            act(world, OFFICE, halting.resume, instance_id=world.case, reason="")

    def test_who_asked_and_who_approved_is_kept(self, world: World) -> None:
        stand_still(world, 2, halting.SHIFT, asked_by="区教育局来函", approved_by="区人才办主任")
        (stop,) = told(world)
        assert (stop.kind, stop.outcome, stop.reason, stop.days) == (SUSPENSION, "shift", "本人出国", 2)
        assert (stop.asked_for, stop.approved_for) == ("区教育局来函", "区人才办主任")
        assert (stop.since, stop.until) == (date(2026, 9, 16), date(2026, 9, 18))
        (first, *_) = [moved for moved in stop.moved if moved.step == "办理"]
        assert (first.unit, first.old, first.new) == ("edu", DUE, date(2026, 9, 29))

    def test_a_step_taken_back_across_it_has_the_shifted_date(self, world: World) -> None:
        world.do(EDU, "handle")
        stand_still(world, 2, halting.SHIFT)
        act(world, EDU, operations.take_back, task_id=world.done("handle").id, reason="附件传错")
        again = handle(world)
        assert (again.due_on, again.first_due_on) == (date(2026, 9, 29), DUE)
        assert rings(world)["due_today"] == date(2026, 9, 29)

    def test_a_step_taken_back_twice_across_two_of_them(self, world: World) -> None:
        world.do(EDU, "handle")
        stand_still(world, 1, halting.SHIFT)
        act(world, EDU, operations.take_back, task_id=world.done("handle").id, reason="附件传错")
        world.do(EDU, "handle")
        stand_still(world, 1, halting.SHIFT)
        act(world, EDU, operations.take_back, task_id=world.done("handle").id, reason="附件传错")
        assert handle(world).due_on == date(2026, 9, 29)

    def test_nothing_is_taken_back_while_it_lasts(self, world: World) -> None:
        world.do(EDU, "handle")
        act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国", due=halting.SHIFT)
        with pytest.raises(Conflict, match="挂起"):
            act(world, EDU, operations.take_back, task_id=world.done("handle").id, reason="附件传错")


class TestExtension:
    def test_asking_moves_nothing_and_tells_the_office(self, world: World) -> None:
        ask(world)
        found = handle(world)
        assert (found.due_on, found.asked_due_on) == (DUE, date(2026, 9, 30))
        (notice,) = case.notices(world, "extension_asked")
        assert notice["to"]["role"] == "talent_office"
        assert "2026-09-30" in notice["text"]

    def test_agreed_the_date_and_its_timers_move_and_both_dates_stay(self, world: World) -> None:
        ask(world)
        agree(world)
        found = handle(world)
        assert (found.due_on, found.first_due_on, found.asked_due_on) == (date(2026, 9, 30), DUE, None)
        assert rings(world)["due_today"] == date(2026, 9, 30)
        assert "原期限 2026-09-24" in found.due_basis
        (stop,) = told(world)
        assert (stop.kind, stop.outcome, stop.asked_by, stop.approved_by) == (EXTENSION, "agreed", EDU, OFFICE)
        assert (stop.first, stop.was, stop.proposed, stop.due) == (DUE, DUE, date(2026, 9, 30), date(2026, 9, 30))
        world.pass_days(10)
        assert case.light(world, "handle") != "red"
        world.do(EDU, "handle")
        assert world.done("handle").late_days == 0

    def test_each_agreed_date_stays_and_the_first_one(self, world: World) -> None:
        ask(world)
        agree(world)
        ask(world, "2026-10-12")
        agree(world, due_on="2026-10-09", reason="国庆后即应办结")
        assert (handle(world).due_on, handle(world).first_due_on) == (date(2026, 10, 9), DUE)
        first, second = told(world)
        assert (second.outcome, second.first, second.was) == ("changed", DUE, first.due)
        assert (second.proposed, second.due, second.answer) == (
            date(2026, 10, 12),
            date(2026, 10, 9),
            "国庆后即应办结",
        )

    def test_another_date_needs_a_reason(self, world: World) -> None:
        ask(world)
        with pytest.raises(Invalid) as refused:
            agree(world, due_on="2026-09-28")
        assert [finding.path for finding in refused.value.findings] == ["/reason"]

    def test_refused_the_date_stays_and_who_asked_is_told(self, world: World) -> None:
        ask(world)
        act(world, OFFICE, extensions.refuse, task_id=handle(world).id, reason="应按期办理")
        assert (handle(world).due_on, handle(world).asked_due_on) == (DUE, None)
        (notice,) = case.notices(world, "extension_refused")
        assert (notice["to"]["usernames"], "应按期办理" in notice["text"]) == ([EDU], True)
        assert [stop.outcome for stop in told(world)] == ["refused"]
        with pytest.raises(Conflict, match="没有待审批"):
            act(world, OFFICE, extensions.refuse, task_id=handle(world).id, reason="应按期办理")

    def test_withdrawn_it_may_be_asked_again(self, world: World) -> None:
        ask(world)
        with pytest.raises(Conflict, match="已申请延期"):
            ask(world, "2026-10-09")
        act(world, EDU, extensions.drop, task_id=handle(world).id)
        with pytest.raises(Conflict, match="没有待审批"):
            act(world, EDU, extensions.drop, task_id=handle(world).id)
        ask(world, "2026-10-09")
        assert [stop.outcome for stop in told(world)] == ["dropped", "pending"]

    def test_who_took_the_request_back_does_not_agree_to_a_later_date(self, world: World) -> None:
        ask(world)
        act(world, EDU, extensions.drop, task_id=handle(world).id)
        both = replace(world.actor(OFFICE), username=EDU)
        with pytest.raises(NotAllowed, match="其他人员"), world.transaction() as session:
            extensions.extend(
                session,
                task_id=handle(world).id,
                due_on="2026-09-30",
                reason="等待批复",
                asked_by="来电",
                actor=both,
                now=clock.now(),
            )
        agree(world, due_on="2026-09-30", reason="等待批复", asked_by="区教育局来电")

    def test_the_office_moves_a_date_by_itself_and_says_who_asked(self, world: World) -> None:
        with pytest.raises(Invalid) as refused:
            agree(world, due_on="2026-09-30", reason="上级要求")
        assert [finding.path for finding in refused.value.findings] == ["/asked_by"]
        agree(world, due_on="2026-09-30", reason="等待批复", asked_by="区教育局来电")
        assert handle(world).due_on == date(2026, 9, 30)
        (stop,) = told(world)
        assert (stop.asked_for, stop.approved_by, stop.reason) == ("区教育局来电", OFFICE, "等待批复")

    @pytest.mark.parametrize(
        ("until", "says"),
        [
            ("2026-09-15", "晚于今天"),
            ("2026-09-24", "现在的期限"),
            ("2026-09-22", "现在的期限"),
            ("2026-09-26", "不是工作日"),
            ("2027-09-30", "最多延后 20 个工作日"),
            ("9999-12-31", "最多延后 20 个工作日"),
            ("2026-13-01", "请填写日期"),
            ("", "请填写日期"),
            (None, "请填写日期"),
            (20260930, "请填写日期"),
            ("20260930", "请填写日期"),
        ],
    )
    def test_a_date_that_cannot_be(self, world: World, until: object, says: str) -> None:
        with pytest.raises(Invalid) as refused:
            ask(world, until)
        (finding,) = refused.value.findings
        assert finding.path == "/due_on"
        assert says in finding.message
        assert case.events(world, "extension_asked") == []

    def test_a_reason_is_needed(self, world: World) -> None:
        with pytest.raises(Invalid) as refused:
            ask(world, reason=" ")
        assert [finding.path for finding in refused.value.findings] == ["/reason"]

    def test_only_the_unit_asks_and_only_the_office_decides(self, world: World) -> None:
        for user in (OFFICE, LIAISON, "auditor"):
            with pytest.raises(NotAllowed):
                ask(world, user=user)
        with pytest.raises(NotFound):
            ask(world, user=OTHER)
        ask(world)
        for user in (EDU, LIAISON, "auditor"):
            with pytest.raises(NotAllowed):
                agree(world, user)
            with pytest.raises(NotAllowed):
                act(world, user, extensions.refuse, task_id=handle(world).id, reason="不")
        assert handle(world).due_on == DUE

    def test_nobody_agrees_to_what_they_asked_for(self, world: World) -> None:
        with world.transaction() as session:
            from service import auth
            from service.rights import SYSTEM

            auth.grant_role(
                session, username=OFFICE, role="responsible_unit", unit_code="edu", actor=SYSTEM, now=clock.now()
            )
        ask(world, user=OFFICE)
        with pytest.raises(NotAllowed, match="本人申请"):
            agree(world)

    def test_the_office_does_not_put_off_its_own_steps(self, world: World) -> None:
        own = world.task("feedback_accepted").id
        with pytest.raises(Conflict, match="区人才办自己的步骤"):
            act(world, OFFICE, extensions.ask, task_id=own, due_on="2026-09-30", reason="忙")
        with pytest.raises(Conflict, match="区人才办自己的步骤"):
            agree(world, task_id=own, due_on="2026-09-30", reason="忙", asked_by="区人才办")

    def test_a_task_that_is_done_has_no_date_to_put_off(self, world: World) -> None:
        ask(world)
        task = handle(world).id
        case.complete(world, EDU, task, DONE)
        assert case.tasks(world, "handle")[-1].asked_due_on is None
        for what, more in ((extensions.ask, {"due_on": "2026-09-30", "reason": "忙"}), (extensions.drop, {})):
            with pytest.raises(Conflict):
                act(world, EDU, what, task_id=task, **more)
        with pytest.raises(Conflict):
            act(world, OFFICE, extensions.extend, task_id=task)
        assert [stop.outcome for stop in told(world)] == ["lapsed"]

    def test_nothing_is_asked_or_agreed_while_the_case_is_suspended(self, world: World) -> None:
        ask(world)
        act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国", due=halting.SHIFT)
        with pytest.raises(Conflict, match="挂起"):
            agree(world)

    def test_what_was_late_when_it_was_agreed_stays_late(self, world: World) -> None:
        world.pass_days(13)  # 29 September
        ask(world, "2026-10-09")
        agree(world)
        (event,) = case.events(world, "extended")
        assert event.data["late_days"] == 2
        assert case.light(world, "handle") != "red"  # by the date of now there is time
        world.do(EDU, "handle")
        for later in (date(2026, 9, 28), date(2026, 9, 29), date(2026, 10, 20)):
            assert is_late(world, later)
        act(world, EDU, operations.take_back, task_id=world.done("handle").id, reason="附件传错")
        assert is_late(world, clock.today())

    def test_an_agreed_date_that_is_missed_too_is_a_second_late_request(self, world: World) -> None:
        world.pass_days(13)
        ask(world, "2026-10-09")
        agree(world)
        assert answers_of_edu(world) == (1, 0, 1)  # the first date
        world.pass_days(30)
        assert answers_of_edu(world) == (2, 0, 2)
        world.do(EDU, "handle")
        assert answers_of_edu(world) == (2, 0, 2)

    def test_agreed_in_time_nobody_was_late(self, world: World) -> None:
        ask(world)
        agree(world)
        world.pass_days(9)
        world.do(EDU, "handle")
        assert not is_late(world, date(2026, 10, 20))

    def test_an_agreed_date_is_shifted_by_a_suspension(self, world: World) -> None:
        ask(world)
        agree(world)
        stand_still(world, 1, halting.SHIFT)
        assert (handle(world).due_on, handle(world).first_due_on) == (date(2026, 10, 8), DUE)
        assert (handle(world).due_basis or "").endswith("（原期限 2026-09-24）；挂起 1 个工作日，期限顺延")

    def test_an_answer_taken_back_has_the_agreed_date(self, world: World) -> None:
        ask(world)
        agree(world)
        world.do(EDU, "handle")
        act(world, EDU, operations.take_back, task_id=world.done("handle").id, reason="附件传错")
        assert (handle(world).due_on, handle(world).first_due_on) == (date(2026, 9, 30), DUE)

    def test_a_step_before_it_cannot_be_taken_back_any_more(self, world: World) -> None:
        ask(world)
        agree(world)
        with pytest.raises(Conflict):
            act(world, OFFICE, operations.take_back, task_id=world.done("dispatch").id, reason="派错")

    def test_the_page_knows_who_may(self, world: World) -> None:
        def may(user: str) -> tuple[bool, bool]:
            found = case.detail(world, user, handle(world))
            return found.may_ask, found.may_extend

        assert may(EDU) == (True, False)
        assert may(OFFICE) == (False, True)
        assert may("auditor") == (False, False)


class TestInterim:
    def test_the_date_of_the_first_time_stays_beside_the_agreed_one(self, world: World) -> None:
        world.do(EDU, "handle", INTERIM_ANSWER)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-12"})
        found = handle(world)
        assert (found.due_on, found.first_due_on) == (date(2026, 10, 12), DUE)
        (stop,) = told(world)
        assert (stop.kind, stop.first, stop.was, stop.due) == (INTERIM, DUE, DUE, date(2026, 10, 12))
        assert (stop.proposed, stop.reason) == (date(2026, 10, 14), "需分步解决")
        assert (stop.asked_by, stop.approved_by) == (EDU, OFFICE)
        world.do(EDU, "handle", {**INTERIM_ANSWER, "next_date": "2026-10-13"})
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-13"})
        assert handle(world).first_due_on == DUE

    def test_a_new_clock_after_redo_has_its_own_first_date(self, world: World) -> None:
        world.pass_days(2)
        world.do(EDU, "handle", INTERIM_ANSWER)
        world.do(OFFICE, "confirm_interim", {"decision": "redo", "comment": "请按期办结"})
        assert handle(world).first_due_on == handle(world).due_on != DUE
        assert told(world) == []

    def test_taken_back_it_is_no_stop(self, world: World) -> None:
        world.do(EDU, "handle", INTERIM_ANSWER)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-12"})
        act(world, OFFICE, operations.take_back, task_id=world.done("confirm_interim").id, reason="日期填错")
        assert told(world) == []


class TestWaiting:
    def test_days_waited_are_told_and_nobody_is_late(self, world: World) -> None:
        world.do(OFFICE, "feedback_accepted")
        world.do(EDU, "handle")
        world.do(OFFICE, "review_reply", {"decision": "refer", "comment": "重大事项"})
        world.do(OFFICE, "assess", {"route": "escalate", "comment": "须集体决策"})
        world.do(OFFICE, "submit_topic")
        world.pass_days(30)
        (stop,) = told(world)
        assert (stop.kind, stop.step, stop.days, stop.lasts) == (WAIT, "会议决定", 30, True)
        with world.database.reading() as session:
            assert lateness.standings(session, [world.case], clock.today()) == {}
        world.do(OFFICE, "record_decision")
        world.pass_days(3)
        (stop,) = told(world)
        assert (stop.days, stop.lasts) == (30, False)


def test_cases_that_began_before_get_their_first_dates_from_the_journal(world: World) -> None:
    world.do(EDU, "handle", INTERIM_ANSWER)
    world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-12"})
    ask(world, "2026-10-13")
    agree(world)
    stand_still(world, 1, halting.SHIFT)
    assert handle(world).first_due_on == DUE
    with world.transaction() as session:
        session.execute(update(UserTask).values(first_due_on=None))
        migration.fill(session.connection())
        session.expire_all()
    assert handle(world).first_due_on == DUE
    assert {task.first_due_on for task in case.tasks(world, "handle")} == {DUE}
