"""Cases at an event gateway on each database: timers, messages, 撤回, another calendar, the drawn way, verification."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from service import clock, engine
from service.errors import Conflict
from service.processes import commands, halting, operations, queries, timers, waking
from service.processes.calendars import current
from service.processes.definitions import deploy
from service.processes.drawings import drawings
from service.processes.models import CANCELLED, COMPLETED, FIRED, SUSPENDED, WAITING, Instance, Timer
from service.rights import SYSTEM
from service.workdays.calendar import Mark
from tests.factories import steps
from tests.factories.bundles import unchecked
from tests.factories.elements import (
    FORMAL,
    MESSAGE,
    PART,
    TOLD,
    around,
    bundle,
    do,
    fire,
    first_of,
    timer,
)

if TYPE_CHECKING:
    from tests.factories.world import World

TWO_DAYS = (
    f'<bpmn:timerEventDefinition id="two_days"><bpmn:timeDate {FORMAL}>working_days(2)</bpmn:timeDate>'
    "</bpmn:timerEventDefinition>"
)


@pytest.fixture
def waiting(world: World) -> World:
    """A case that waits, after its first step, for two timers and a message."""
    begun(world)
    return world


def begun(world: World) -> None:
    files = bundle(first_of(soon=timer("P10D"), later=TWO_DAYS, called_off=TOLD))
    with world.transaction() as session:
        deploy(session, unchecked("p", files), actor=SYSTEM, now=clock.now())
    with world.transaction() as session:
        made = commands.begin(session, process="p", data={}, actor=world.actor("office"), now=clock.now())
        world.case = made.id
    do(world, "first", {})


def told(world: World) -> None:
    with world.transaction() as session:
        commands.deliver_message(
            session,
            instance_id=world.case,
            message=MESSAGE,
            payload={},
            actor=world.actor("office"),
            now=clock.now(),
        )


def rows(world: World) -> dict[str, tuple[str, datetime]]:
    """The timers of the case: event -> (status, when due)."""
    with world.database.reading() as session:
        found = session.scalars(select(Timer).where(Timer.instance_id == world.case))
        return {row.event: (row.status, row.fire_at) for row in found}


def statuses(world: World) -> dict[str, str]:
    return {event: status for event, (status, _) in rows(world).items()}


def test_a_case_waits_for_all_and_goes_on_with_the_first(waiting: World) -> None:
    assert statuses(waiting) == {"soon": WAITING, "later": WAITING}
    waiting.clock.advance(days=3)
    fire(waiting)
    assert statuses(waiting) == {"soon": CANCELLED, "later": FIRED}
    assert steps.steps(waiting) == ["after_later"]
    waiting.clock.advance(days=20)
    fire(waiting)
    with pytest.raises(Conflict, match="当前没有步骤在等待消息"):
        told(waiting)
    assert steps.mismatches(waiting) == []


def test_a_message_that_comes_first_withdraws_the_timers(waiting: World) -> None:
    told(waiting)
    assert statuses(waiting) == {"soon": CANCELLED, "later": CANCELLED}
    assert steps.steps(waiting) == ["after_called_off"]
    assert steps.mismatches(waiting) == []


def test_the_step_before_is_taken_back_and_done_again(waiting: World) -> None:
    before = rows(waiting)
    waiting.clock.advance(hours=1)
    with waiting.transaction() as session:
        operations.take_back(
            session, task_id=waiting.done("first").id, reason="写错了", actor=waiting.actor("office"), now=clock.now()
        )
    assert steps.steps(waiting) == ["first"]
    assert set(statuses(waiting).values()) == {CANCELLED}
    assert steps.mismatches(waiting) == []
    do(waiting, "first", {})
    assert sorted(status for status, _ in rows(waiting).values()) == [WAITING, WAITING]
    assert before.keys() == rows(waiting).keys()
    told(waiting)
    assert steps.steps(waiting) == ["after_called_off"]
    assert steps.mismatches(waiting) == []


def test_what_came_after_the_wait_is_not_taken_back(waiting: World) -> None:
    told(waiting)
    with pytest.raises(Conflict), waiting.transaction() as session:
        operations.take_back(
            session, task_id=waiting.done("first").id, reason="写错了", actor=waiting.actor("office"), now=clock.now()
        )
    assert steps.mismatches(waiting) == []


def test_another_calendar_moves_the_timer_that_counts_working_days(waiting: World) -> None:
    before = rows(waiting)
    with waiting.transaction() as session:
        now = current(session)
        closed = {**now.closures, date(2026, 9, 17): Mark("台风", None)}
        timers.load_calendar(
            session, calendar=replace(now, closures=closed), source="停工通知", actor=SYSTEM, now=clock.now()
        )
    after = rows(waiting)
    assert after["soon"] == before["soon"]
    assert after["later"][1] > before["later"][1]
    assert steps.mismatches(waiting) == []


def test_a_suspended_case_waits_on(waiting: World) -> None:
    with waiting.transaction() as session:
        halting.suspend(
            session, instance_id=waiting.case, reason="暂停", actor=waiting.actor("office"), now=clock.now()
        )
    waiting.clock.advance(days=30)
    fire(waiting)
    assert statuses(waiting) == {"soon": WAITING, "later": WAITING}
    with pytest.raises(Conflict):
        told(waiting)
    with waiting.transaction() as session:
        halting.resume(session, instance_id=waiting.case, reason="", actor=waiting.actor("office"), now=clock.now())
    fire(waiting)
    assert steps.steps(waiting) == ["after_later"]
    assert steps.mismatches(waiting) == []


def test_the_drawn_way_shows_the_gateway_and_what_is_waited_for(waiting: World) -> None:
    def drawn() -> queries.Drawing:
        with waiting.database.reading() as session:
            [found] = drawings(session, waiting.case, waiting.actor("office"))
            return found

    assert [(one["node"], one["from"]) for one in drawn().trail][-1:] == [("split", "first")]
    assert drawn().present == ["later", "soon"]
    told(waiting)
    assert [(one["node"], one["from"]) for one in drawn().trail][-1:] == [("called_off", "split")]
    assert drawn().present == ["after_called_off"]


def test_a_case_that_older_rules_left_waiting_for_ever_is_woken_by_the_upgrade(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(engine, "RULES", 1)
        begun(world)
        with pytest.raises(Conflict, match="当前没有步骤在等待消息"):
            told(world)
    assert rows(world) == {}
    assert steps.mismatches(world) == []
    for woken in (1, 0):
        with world.transaction() as session:
            assert waking.wake_sleepers(session, now=clock.now()) == woken
    assert statuses(world) == {"soon": WAITING, "later": WAITING}
    assert steps.mismatches(world) == []
    told(world)
    assert steps.steps(world) == ["after_called_off"]
    assert steps.mismatches(world) == []


def hung(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that older rules left waiting for ever."""
    with monkeypatch.context() as before:
        before.setattr(engine, "RULES", 1)
        begun(world)
    assert rows(world) == {}


def woken(world: World) -> int:
    with world.transaction() as session:
        return waking.wake_sleepers(session, now=clock.now())


def test_what_led_to_a_woken_gateway_is_taken_back_and_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung(world, monkeypatch)
    world.clock.advance(days=1)
    assert woken(world) == 1
    world.clock.advance(days=1)
    with world.transaction() as session:
        operations.take_back(
            session, task_id=world.done("first").id, reason="写错了", actor=world.actor("office"), now=clock.now()
        )
    assert steps.steps(world) == ["first"]
    assert set(statuses(world).values()) == {CANCELLED}
    assert steps.mismatches(world) == []
    assert woken(world) == 0
    do(world, "first", {})
    assert statuses(world) == {"soon": WAITING, "later": WAITING}
    assert woken(world) == 0
    told(world)
    do(world, "after_called_off", {})
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).status == COMPLETED
    assert steps.mismatches(world) == []


def test_a_suspended_case_sleeps_on_until_it_is_woken_and_waits_when_it_is_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung(world, monkeypatch)
    office = world.actor("office")
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="暂停", actor=office, now=clock.now())
    assert woken(world) == 1
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).status == SUSPENDED
    with world.transaction() as session:
        halting.resume(session, instance_id=world.case, reason="", actor=office, now=clock.now())
    told(world)
    assert steps.steps(world) == ["after_called_off"]
    assert steps.mismatches(world) == []


def test_a_suspended_case_that_ends_by_being_woken_has_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hung(world, monkeypatch)
    office = world.actor("office")
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="暂停", actor=office, now=clock.now())
    # no diagram that the checks let pass ends right behind such a gateway: here the waking leads to the end
    monkeypatch.setattr(engine, "wake", engine.cancel)
    assert woken(world) == 1
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        assert (case.status, case.ended_at is not None) == (COMPLETED, True)
    for again in (halting.resume, halting.suspend, commands.terminate):
        with pytest.raises(Conflict), world.transaction() as session:
            again(session, instance_id=world.case, reason="再来", actor=office, now=clock.now())
    assert steps.mismatches(world) == []


def test_a_task_in_a_sub_process_stays_as_older_rules_opened_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.transaction() as session:
        deploy(session, unchecked("p", bundle(around(PART))), actor=SYSTEM, now=clock.now())
    for rules, role in ((1, None), (engine.RULES, "talent_office")):
        with monkeypatch.context() as then:
            then.setattr(engine, "RULES", rules)
            with world.transaction() as session:
                office = world.actor("office")
                world.case = commands.begin(session, process="p", data={}, actor=office, now=clock.now()).id
            do(world, "first", {})
        assert world.task("inner_task").role == role
        assert steps.mismatches(world) == []
