"""A running case goes on by another version: the same tasks, dates as promised or counted anew; all of it replays."""

from __future__ import annotations

import json
import random
import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from service import clock, engine
from service.audit.logs.cases import Done, LogWish, case_logs
from service.errors import Conflict, Invalid, NotAllowed
from service.ledger.sheet import sheet as sheet_of
from service.processes import commands, extensions, halting, operations
from service.processes.advance import open_tasks
from service.processes.calendars import current
from service.processes.models import ClockRun
from service.processes.moves import KEEP, RECOUNT
from service.rights import SYSTEM
from service.usecases.calendars import add_notices
from tests.factories.steps import DONE, INTERIM, NOT_OURS, events, instance, mismatches, notices, tasks, timers
from tests.factories.versions import FIVE_DAYS, RENAMED, Edits, changed, deployed, move, version, without
from tests.factories.workers import timers_of, work_all
from tests.factories.world import CONFIG, LIAISON, OFFICE, World

TYPHOON = """
[[closures]]
from = 2026-09-21
to = 2026-09-22
reason = "台风停工"
number = "南府通〔2026〕8号"
"""
CLOCKS = ["due_soon", "due_today", "long_overdue", "overdue"]
EARLY = {
    "bpmn/unit_handling.bpmn": [
        ("else working_days(7)", "else working_days(5)"),
        (">working_days_after(due_on, -3)<", ">working_days_after(due_on, -2)<"),
        ('id="due_soon"', 'id="due_early"'),
        (">due_soon<", ">due_early<"),
        ('sourceRef="due_soon"', 'sourceRef="due_early"'),
        ('bpmnElement="due_soon"', 'bpmnElement="due_early"'),
    ]
}


def test_the_same_task_goes_on_with_new_words_and_its_date_stays(world: World) -> None:
    world.dispatched()
    before = world.task("handle")
    to = version(world, {**FIVE_DAYS, "bpmn/request.bpmn": [('name="受理审核"', 'name="接件"')]})
    moved = move(world, to, reason="时限统一为 5 个工作日")
    after = world.task("handle")
    assert (moved.version, instance(world).version) == (to, to)
    assert (after.id, after.entered_at, after.due_on) == (before.id, before.entered_at, before.due_on)
    assert timers(world) == CLOCKS
    [told] = events(world, "migrated")
    assert (told.data["due"], told.data["reason"], told.actor) == (KEEP, "时限统一为 5 个工作日", "admin")
    assert notices(world, "due_changed") == []
    assert mismatches(world) == []
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", DONE)
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_result")
    assert (instance(world).status, instance(world).end) == ("completed", "end_done")
    assert mismatches(world) == []


def test_dates_counted_anew_are_told_and_counted_back(world: World) -> None:
    world.dispatched()
    seven, first = world.task("handle").due_on, instance(world).version
    five = version(world, FIVE_DAYS)
    move(world, five, due=RECOUNT)
    assert seven is not None
    due = world.task("handle").due_on
    assert due is not None
    assert due < seven
    assert [one["text"] for one in notices(world, "due_changed")] == [f"流程第 {five} 版"]
    assert sorted(one.fire_at.date() for one in timers_of(world))[1] == due
    assert mismatches(world) == []
    move(world, first, due=RECOUNT)
    assert world.task("handle").due_on == seven
    assert mismatches(world) == []


def test_a_reminder_that_rang_on_the_shorter_date_rings_again_on_the_later_one(world: World) -> None:
    world.dispatched()
    first, five = instance(world).version, version(world, FIVE_DAYS)
    move(world, five, due=RECOUNT)
    soon = world.task("handle").due_on
    assert soon is not None
    world.clock.set(datetime.combine(soon + timedelta(days=1), time(10), tzinfo=clock.SHANGHAI))
    work_all(world)
    assert "due_today" not in timers(world)
    rung = len(events(world, "timer_fired"))
    move(world, first, due=RECOUNT)
    late = world.task("handle").due_on
    assert late is not None
    again = [one for one in timers_of(world) if one.event == "due_today"]
    assert [(one.status, clock.local(one.fire_at).date()) for one in again] == [("waiting", late)]
    assert "due_soon" not in timers(world)  # its moment is over
    assert mismatches(world) == []
    move(world, five)
    move(world, first, due=RECOUNT)  # what waits already waits once
    assert [one for one in timers(world) if one == "due_today"] == ["due_today"]
    world.clock.set(datetime.combine(late, time(10), tzinfo=clock.SHANGHAI))
    work_all(world)
    assert [one.data["event"] for one in events(world, "timer_fired")][rung:] == ["due_today"]
    assert mismatches(world) == []
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", DONE)
    assert [one for one in timers(world) if one in CLOCKS] == []
    assert mismatches(world) == []


def test_a_kept_date_stays_counted_by_the_words_it_was_promised_by(world: World) -> None:
    world.dispatched()
    promised = world.task("handle").due_on
    move(world, version(world, EARLY))
    assert timers(world) == ["due_early", "due_today", "long_overdue", "overdue"]
    early = next(one for one in timers_of(world) if one.event == "due_early")
    with world.database.reading() as session:
        assert clock.local(early.fire_at).date() == current(session).add(promised, -2).due
    assert mismatches(world) == []
    load(world, TYPHOON)  # two days off more: the date moves as seven working days do, not as five
    after = world.task("handle").due_on
    assert promised is not None
    assert after is not None
    with world.database.reading() as session:
        assert after == current(session).add(clock.today(), 7).due > promised
        timer = next(one for one in timers_of(world) if one.event == "due_early")
        assert clock.local(timer.fire_at).date() == current(session).add(after, -2).due
    assert mismatches(world) == []


def test_a_removed_task_needs_one_that_takes_its_token(world: World) -> None:
    world.recorded()
    to, first = version(world, RENAMED), instance(world)
    with pytest.raises(engine.Unfit, match="新版没有「受理审核」"):
        move(world, to)
    assert (instance(world).version, instance(world).state) == (first.version, first.state)
    before = world.task("accept")
    move(world, to, mapping={("request", "accept"): "take_in"})
    after = world.task("take_in")
    assert (after.id, after.entered_at, after.due_on) == (before.id, before.entered_at, before.due_on)
    assert mismatches(world) == []
    world.do(OFFICE, "take_in", {"decision": "accept"})
    assert world.open_steps() == [("dispatch", None)]
    assert mismatches(world) == []


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ({("request", "nothing"): "dispatch"}, "/mapping/request/nothing"),
        ({("request", "accept"): "nothing"}, "/mapping/request/accept"),
        ({("request", "accept"): "handle"}, "/mapping/request/accept"),
        ({("request", "accept"): "acceptance"}, "/mapping/request/accept"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused_by_its_name(
    world: World, mapping: dict[tuple[str, str], str], path: str
) -> None:
    world.recorded()
    to = version(world, FIVE_DAYS)
    with pytest.raises(Invalid) as refused:
        move(world, to, mapping=mapping)
    assert [one.path for one in refused.value.findings] == [path]


def test_a_step_is_taken_back_across_a_migration(world: World) -> None:
    world.recorded()
    first = instance(world).version
    world.do(OFFICE, "accept")
    done = world.done("accept")
    to = version(world, {"bpmn/request.bpmn": [('name="受理审核"', 'name="接件"')]})
    move(world, to)
    with world.transaction() as session:
        operations.take_back(session, task_id=done.id, reason="误点", actor=world.actor(OFFICE), now=clock.now())
    [again] = tasks(world, "accept")
    assert (again.id, again.status, again.name) == (done.id, "open", "接件")
    assert mismatches(world) == []
    move(world, first)
    assert world.task("accept").name == "受理审核"
    assert mismatches(world) == []


def test_what_ends_or_is_there_already_or_is_not_ones_to_move_stays(world: World) -> None:
    world.finished()
    to = version(world, FIVE_DAYS)
    with pytest.raises(Conflict, match="已经结束"):
        move(world, to)
    world.recorded()
    with pytest.raises(Conflict, match="无需迁移"):
        move(world, to)
    for user in (OFFICE, LIAISON):
        with pytest.raises(NotAllowed):
            move(world, 1, user)


def load(world: World, notice: str) -> None:
    """Puts a notice of days off in force."""
    with world.transaction() as session:
        add_notices(session, content=notice.encode(), name="notice.toml", config=CONFIG, actor=SYSTEM, now=clock.now())


def test_pages_and_papers_tell_the_past_in_the_words_of_its_time(world: World) -> None:
    """The step accept, done by the first version, is not drawn by the second."""
    world.recorded()
    world.do(OFFICE, "accept")
    to = version(world, RENAMED)
    move(world, to, reason="环节更名")
    office = world.as_user(OFFICE)
    page = office.get(f"/cases/{world.case}")
    assert page.status_code == 200
    told = page.get_data(as_text=True)
    assert f"迁移流程版本：第 1 版 → 第 {to} 版" in told
    assert "环节更名" in told
    island = json.loads(re.findall(r'id="diagram-data">(.*?)</script>', told, re.DOTALL)[-1])
    assert (island["open"], [bool(one["active"]) for one in island["diagrams"]]) == ("request", [True, False])
    drawn = world.api(OFFICE).get(f"/instances/{world.case}/diagram").json["drawings"]
    assert [(one["process"], one["version"]) for one in drawn] == [("request", None), ("request", 1)]
    assert "accept" in {step["node"] for step in drawn[1]["trail"]}
    assert 'id="accept"' in drawn[1]["xml"]
    with world.database.reading() as session:
        paper = sheet_of(session, world.case, world.actor(OFFICE))
    assert paper.data["matter"]["facts"]
    with world.database.reading() as session:
        logs = case_logs(session, LogWish(), Done())
        names = {
            one.name for log in logs if log.case.id == world.case for one in log.activities if one.step == "accept"
        }
        assert names == {"受理审核"}
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": []})
    assert office.get(f"/tasks/{world.task('feedback_accepted').id}").status_code == 200
    assert mismatches(world) == []


def test_a_journey_that_is_moved_before_every_step_verifies(world: World) -> None:
    """Forth and back between four versions, with clocks that ring, a round, and a step taken back in between."""
    chance = random.Random(7)
    clocks = "bpmn/unit_handling.bpmn"
    more = [
        version(world, FIVE_DAYS),
        version(world, EARLY),
        deployed(world, without(changed({}), clocks, "due_today", "remind_due_today", "end_due_today")),
    ]

    def shift() -> None:
        move(
            world,
            chance.choice([one for one in (1, *more) if one != instance(world).version]),
            due=chance.choice([KEEP, RECOUNT]),
        )

    def do(user: str, step: str, data: dict[str, Any] | None = None, unit: str | None = None) -> None:
        shift()
        world.do(user, step, data, unit=unit)

    world.start()
    do(LIAISON, "record_need", world.need())
    do(OFFICE, "accept")
    do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": ["guicheng"]})
    do(OFFICE, "feedback_accepted")
    world.pass_days(7)
    do("handler-edu", "handle", INTERIM, "edu")
    do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": INTERIM["next_date"]})
    world.pass_days(9)
    do("handler-guicheng", "handle", NOT_OURS, "guicheng")
    shift()
    with world.transaction() as session:
        again = world.done("handle").id
        guicheng = world.actor("handler-guicheng")
        operations.take_back(session, task_id=again, reason="误报", actor=guicheng, now=clock.now())
    do("handler-guicheng", "handle", None, "guicheng")
    world.pass_days(20)
    do("handler-edu", "handle", None, "edu")
    for _ in range(2):
        shift()
        with world.database.reading() as session:
            review = next(task for task in open_tasks(session, world.case) if task.task == "review_reply").id
        with world.transaction() as session:
            office = world.actor(OFFICE)
            commands.complete(session, task_id=review, data={"decision": "accept"}, actor=office, now=clock.now())
    do(OFFICE, "feedback_result")
    assert (instance(world).status, instance(world).end) == ("completed", "end_done")
    assert len(events(world, "migrated")) > 10
    assert mismatches(world) == []


MANY = "<bpmn:multiInstanceLoopCharacteristics"
LESS: dict[str, tuple[Edits | tuple[str, str], str]] = {
    "removed inside a round": (("bpmn/unit_handling.bpmn", "handle"), "新版没有「办理」"),
    "a branch less": (("bpmn/request.bpmn", "feedback_accepted"), "新版没有「反馈受理情况」"),
    "another call": (
        {"bpmn/request.bpmn": [('calledElement="unit_handling"', 'calledElement="special_meeting"')]},
        "调用另一个流程",
    ),
    "one after the other": ({"bpmn/request.bpmn": [(MANY, f'{MANY} isSequential="true"')]}, "换了种类"),
    "a round renamed": ({"bpmn/request.bpmn": [('"unit_slots"', '"slots"'), (">unit_slots<", ">slots<")]}, "新版没有"),
}


@pytest.mark.parametrize("what", LESS)
def test_what_has_no_place_stays_where_it_was_with_its_reason(world: World, what: str) -> None:
    world.dispatched("edu", "guicheng")
    before, (less, why) = instance(world), LESS[what]
    to = deployed(world, without(changed({}), *less) if isinstance(less, tuple) else changed(less))
    with pytest.raises(engine.Unfit, match=why):
        move(world, to)
    assert (instance(world).version, instance(world).state) == (before.version, before.state)


def test_a_task_that_went_into_a_called_process_is_refused_unless_another_takes_its_token(world: World) -> None:
    world.recorded()
    past = ('sourceRef="answered_now" targetRef="accept"', 'sourceRef="answered_now" targetRef="acceptance"')
    meeting = {"bpmn/special_meeting.bpmn": [("convene_meeting", "accept")], "bpmn/request.bpmn": [past]}
    files = without(changed(meeting), "bpmn/request.bpmn", "accept")
    to = deployed(world, files)
    with pytest.raises(engine.Unfit, match="移到了"):
        move(world, to)
    move(world, to, mapping={("request", "accept"): "dispatch"})
    assert world.open_steps() == [("dispatch", None)]
    assert mismatches(world) == []


def test_parallel_steps_that_become_one_after_the_other_are_not_done_twice(world: World) -> None:
    world.dispatched()
    flow = (
        'sourceRef="feedback_accepted" targetRef="all_back"',
        'sourceRef="feedback_accepted" targetRef="unit_slots"',
    )
    to = version(world, {"bpmn/request.bpmn": [flow]})
    with pytest.raises(engine.Unfit, match=r"会重复出现|等不到"):
        move(world, to)


def test_a_suspended_case_is_moved_and_stays_suspended(world: World) -> None:
    world.dispatched()
    office = world.actor(OFFICE)
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="本人出国", actor=office, now=clock.now())
    move(world, version(world, FIVE_DAYS), due=RECOUNT)
    assert instance(world).status == "suspended"
    world.pass_days(2)
    with world.transaction() as session:
        halting.resume(session, instance_id=world.case, reason="", actor=office, now=clock.now())
    assert mismatches(world) == []


def test_a_task_that_goes_to_other_people_is_told_to_them_and_its_clock_is_theirs(world: World) -> None:
    world.recorded()
    task = world.task("accept")
    opened = "\n      <bpmn:extensionElements>\n        <spiffworkflow:properties>"
    whose = f'<bpmn:userTask id="accept" name="受理审核">{opened}'
    to = version(
        world,
        {
            "bpmn/request.bpmn": [
                (whose, f'{whose}<spiffworkflow:property name="candidates" value="liaison" />'),
            ]
        },
    )
    move(world, to)
    after = world.task("accept")
    assert (after.role, after.unit, after.due_on, after.revision) == ("liaison", "hrss", task.due_on, task.revision + 1)
    [told] = [one for one in notices(world, "task") if one["step"] == "受理审核" and one["to"].get("role") == "liaison"]
    assert told["to"]["unit"] == "hrss"
    with world.database.reading() as session:
        runs = session.scalars(select(ClockRun).where(ClockRun.task_id == task.id).order_by(ClockRun.id)).all()
        assert [(run.role, run.void_on is not None) for run in runs] == [("talent_office", True), ("liaison", False)]
    assert mismatches(world) == []
    world.do(LIAISON, "accept")
    assert mismatches(world) == []


def _put_off(world: World, until: str) -> None:
    """The Talent Office agrees to a later date for the unit's answer."""
    with world.transaction() as session:
        extensions.extend(
            session,
            task_id=world.task("handle").id,
            due_on=until,
            reason="等待批复",
            asked_by="来电",
            actor=world.actor(OFFICE),
            now=clock.now(),
        )


def _stand_still(world: World, days: int) -> None:
    """The case is suspended for some days, which do not count."""
    office = world.actor(OFFICE)
    with world.transaction() as session:
        halting.suspend(
            session, instance_id=world.case, reason="出国", due=halting.SHIFT, actor=office, now=clock.now()
        )
    world.clock.advance(days=days)
    with world.transaction() as session:
        halting.resume(session, instance_id=world.case, reason="", actor=office, now=clock.now())


@pytest.mark.parametrize("due", [KEEP, RECOUNT])
def test_a_date_that_was_agreed_on_goes_along(world: World, due: str) -> None:
    world.dispatched()
    _put_off(world, "2026-10-09")
    move(world, version(world, FIVE_DAYS), due=due)
    found = world.task("handle")
    assert (str(found.due_on), str(found.first_due_on)) == ("2026-10-09", "2026-09-24")
    assert timers(world) == CLOCKS
    assert mismatches(world) == []
    _stand_still(world, 1)
    assert str(world.task("handle").due_on) == "2026-10-10"
    assert mismatches(world) == []


@pytest.mark.parametrize(("due", "until"), [(KEEP, "2026-09-29"), (RECOUNT, "2026-09-24")])
def test_days_that_stood_still_go_along(world: World, due: str, until: str) -> None:
    world.dispatched()
    _stand_still(world, 2)  # 17 and 18 September
    assert str(world.task("handle").due_on) == "2026-09-29"
    move(world, version(world, FIVE_DAYS), due=due)
    assert str(world.task("handle").due_on) == until  # five working days end on 22 September
    assert mismatches(world) == []
    world.do("handler-edu", "handle", DONE)
    with world.transaction() as session:
        done = tasks(world, "handle")[-1].id
        operations.take_back(
            session, task_id=done, reason="附件传错", actor=world.actor("handler-edu"), now=clock.now()
        )
    assert str(world.task("handle").due_on) == until
    assert mismatches(world) == []
