"""Cases that nobody can move are found, told once, and freed: by a person, by a mended version, or both."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from service import auth, clock
from service.cli import liaison
from service.errors import Conflict, Invalid, NotAllowed
from service.processes import commands, freeing, halting, operations, timers
from service.processes.incidents import CLOCK, open_incident
from service.processes.models import Incident, Timer
from service.processes.stuck import STANDSTILL, UNMANNED, Reason, count, stuck_cases
from service.rights import SYSTEM
from tests.factories.diagrams import definition
from tests.factories.statements import counted
from tests.factories.steps import events, instance, mismatches, notices
from tests.factories.stuck import APPLY, DECIDE, HOLE, MATTER, MENDED, begun, caught, deployed, found, version
from tests.factories.versions import move
from tests.factories.workers import inbox_of, worker_of
from tests.factories.world import CONFIG, LIAISON, OFFICE, World


def disable(world: World, username: str) -> None:
    with world.transaction() as session:
        auth.disable_user(session, username=username, actor=SYSTEM, now=clock.now())


def enable(world: World, username: str) -> None:
    with world.transaction() as session:
        auth.enable_user(session, username=username, actor=SYSTEM, now=clock.now())


def free(world: World, user: str = "owner", target: str = "decide", **more: Any) -> None:
    with world.transaction() as session:
        freeing.put_back(
            session,
            instance_id=world.case,
            target=target,
            reason="流程图有缺口",
            actor=world.actor(user),
            now=clock.now(),
            **more,
        )


def reason(world: World) -> Reason:
    [case] = [one for one in found(world) if one.instance.id == world.case]
    [why] = case.reasons
    return why


def open_incidents(world: World) -> list[tuple[UUID | None, str]]:
    with world.database.reading() as session:
        query = select(Incident).where(Incident.resolved_at.is_(None), Incident.kind.in_((UNMANNED, STANDSTILL)))
        return [(one.instance_id, one.message) for one in session.scalars(query)]


def sweep(world: World) -> None:
    world.clock.advance(minutes=1)
    worker_of(world).tick(world.clock.now)


def test_a_case_caught_in_a_hole_goes_on_by_a_mended_version(world: World) -> None:
    version(world, HOLE)
    begun(world)
    assert found(world) == []
    world.do(OFFICE, "decide", DECIDE)
    why = reason(world)
    assert (why.kind, why.step) == (STANDSTILL, "汇合")
    assert why.message == "停在汇合处「汇合」，等其余分支，但不会再有分支到来"
    assert [(one.task, one.name) for one in why.targets] == [("decide", "决定"), ("apply", "申请")]
    assert mismatches(world) == []
    to = version(world, MENDED)
    with pytest.raises(Conflict, match="「汇合」在新版中换了种类"):
        move(world, to)
    free(world, to=to)
    assert (world.open_steps(), instance(world).version, found(world)) == ([("decide", None)], to, [])
    [returned] = events(world, "returned")
    assert (returned.actor, returned.task, returned.data["name"], returned.data["target"]) == (
        "owner",
        None,
        "汇合",
        "decide",
    )
    assert "returned" in [one["template"] for one in notices(world)]
    world.do(OFFICE, "decide", DECIDE)
    world.do("handler-edu", "handle", {"outcome": "done"})
    assert (instance(world).status, mismatches(world)) == ("completed", [])


def test_what_is_put_back_on_the_same_version_is_caught_again_and_freed_again(world: World) -> None:
    caught(world)
    for _ in range(2):
        free(world)
        assert world.open_steps() == [("decide", None)]
        world.do(OFFICE, "decide", DECIDE)
        assert reason(world).kind == STANDSTILL
    free(world, target="apply")
    world.do(LIAISON, "apply", APPLY)
    world.do(OFFICE, "decide", {**DECIDE, "decision": "return"})
    # the other branch alone does not open the gateway for one that was withdrawn from it
    world.do(OFFICE, "check", {"outcome": "done"})
    assert reason(world).kind == STANDSTILL
    assert mismatches(world) == []


def test_who_did_the_last_step_may_take_it_back_and_not_once_it_was_put_back(world: World) -> None:
    caught(world)
    step = world.done("decide").id
    with world.transaction() as session:
        operations.take_back(session, task_id=step, reason="填错", actor=world.actor(OFFICE), now=clock.now())
    assert (found(world), world.open_steps()) == ([], [("decide", None)])
    world.do(OFFICE, "decide", DECIDE)
    free(world, target="apply")
    with world.transaction() as session, pytest.raises(Conflict):
        operations.take_back(session, task_id=step, reason="填错", actor=world.actor(OFFICE), now=clock.now())
    assert mismatches(world) == []


def test_a_wait_for_a_message_that_nobody_sends_is_a_standstill_even_in_a_called_process(world: World) -> None:
    waits = (
        '<bpmn:sequenceFlow id="s2" sourceRef="handle" targetRef="told" />'
        '<bpmn:intermediateCatchEvent id="told" name="等回执">'
        '<bpmn:messageEventDefinition id="told_by" messageRef="withdrawn" /></bpmn:intermediateCatchEvent>'
        '<bpmn:sequenceFlow id="s3" sourceRef="told" targetRef="slot_end" />'
    )
    message = '<bpmn:process id="slot"'
    files = definition(
        ("bpmn/slot.bpmn", '<bpmn:sequenceFlow id="s2" sourceRef="handle" targetRef="slot_end" />', waits),
        ("bpmn/slot.bpmn", message, '<bpmn:message id="withdrawn" name="receipt" />' + message),
    )
    deployed(world, files)
    begun(world)
    world.do(OFFICE, "decide", DECIDE)
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    why = reason(world)
    assert (why.step, why.message) == ("等回执", "停在「等回执」，等一个没有人会发出的消息")
    [inner, *outer] = why.targets
    assert (inner.task, inner.scope != "", {one.scope for one in outer}) == ("handle", True, {""})
    free(world, target="handle", scope=inner.scope)
    assert world.open_steps() == [("handle", "edu")]
    assert mismatches(world) == []
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    free(world, target="decide")
    assert world.open_steps() == [("decide", None)]
    assert mismatches(world) == []
    to = deployed(world, definition())
    move(world, to)
    world.do(OFFICE, "decide", DECIDE)
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    assert (instance(world).status, mismatches(world)) == ("completed", [])


def test_a_task_without_a_role_is_nobodys_until_a_version_gives_it_one(world: World) -> None:
    lane = "<bpmn:flowNodeRef>decide</bpmn:flowNodeRef>"
    deployed(world, definition((MATTER, lane, "")))
    begun(world)
    why = reason(world)
    assert (why.kind, why.step, why.message) == (UNMANNED, "决定", "「决定」没有人能办理：没有指定办理角色")
    to = deployed(world, definition())
    move(world, to)
    assert found(world) == []
    world.do(OFFICE, "decide", DECIDE)
    assert mismatches(world) == []


def test_a_task_that_nobody_may_take_is_put_back_by_who_frees_cases(world: World) -> None:
    world.dispatched("housing")
    for name in ("handler-housing", "office", "office-2"):
        disable(world, name)
    whys = {one.step: one for case in found(world) for one in case.reasons}
    assert "区住房城乡建设和水利局没有能办理的人员，目前无人可以代办" in whys["办理"].message
    assert (whys["办理"].unit, whys["办理"].role) == ("housing", "responsible_unit")
    with pytest.raises(Invalid):  # across the split there is no way back
        free(world, target="accept", task_id=whys["办理"].task)
    enable(world, "office")
    with pytest.raises(Conflict, match="可以继续办理"):
        free(world, task_id=whys["办理"].task)
    assert found(world) == []
    assert mismatches(world) == []


def test_a_step_of_nobody_goes_back_to_the_one_before(world: World) -> None:
    deployed(world, definition((MATTER, "<bpmn:flowNodeRef>decide</bpmn:flowNodeRef>", "")))
    begun(world)
    why = reason(world)
    free(world, "admin", target="apply", task_id=why.task)
    assert (world.open_steps(), found(world)) == ([("apply", "hrss")], [])
    assert mismatches(world) == []


def test_people_are_told_once_and_it_is_gone_when_solved(world: World) -> None:
    caught(world)
    sweep(world)
    [(case, message)] = open_incidents(world)
    assert (case, message) == (world.case, reason(world).message)
    told = [one for one in notices(world) if one["template"] == "stuck"]
    assert [one["to"]["usernames"] for one in told] == [["admin", "office", "office-2", "owner"]]
    assert told[0]["text"].startswith("事项（第 1 版）停在汇合处")
    inbox = dict(inbox_of(world, "owner"))
    assert inbox["stuck"] == "事项无法继续"
    sweep(world)
    assert (len(open_incidents(world)), len([one for one in notices(world) if one["template"] == "stuck"])) == (1, 1)
    free(world)
    sweep(world)
    assert open_incidents(world) == []
    assert mismatches(world) == []


def test_a_suspended_case_is_nobodys_worry_and_an_ended_one_neither(world: World) -> None:
    caught(world)
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="等", actor=world.actor(OFFICE), now=clock.now())
    assert found(world) == []
    with pytest.raises(Conflict, match="已挂起"):
        free(world)
    with world.transaction() as session:
        commands.terminate(session, instance_id=world.case, reason="重复", actor=world.actor(OFFICE), now=clock.now())
    assert found(world) == []


def test_a_timer_that_is_given_up_is_a_reason_until_it_is_tried_again(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        timer = session.scalars(select(Timer).where(Timer.instance_id == world.case, Timer.status == "waiting")).first()
        assert timer
        for _ in range(timers.MAX_ATTEMPTS):
            world.clock.set(max(clock.now(), timer.due_at))
            timers.failed(session, timer_id=timer.id, error="日历缺失", now=clock.now())
    why = reason(world)
    assert (why.kind, "日历缺失" in why.message) == ("timer", True)
    with world.transaction() as session:
        [incident] = [one for one in timers.open_incidents(session) if one.timer_id is not None]
        timers.retry(session, incident_id=incident.id, actor=world.actor("owner"), now=clock.now())
    assert found(world) == []


def test_the_command_line_lists_them_and_says_so_by_its_exit_code(world: World) -> None:
    command = ["--config", str(CONFIG), "stuck"]
    environ = {"LIAISON_DATABASE_URL": world.settings.database_url}
    assert CliRunner().invoke(liaison, command, env=environ).exit_code == 0
    with world.transaction() as session:
        open_incident(session, kind=CLOCK, message="服务器时间比预计快 3 天", now=clock.now())
    held = CliRunner().invoke(liaison, command, env=environ)
    assert (held.exit_code, "后台已停下" in held.output, "快 3 天" in held.output) == (1, True, True)
    assert CliRunner().invoke(liaison, [*command[:-1], "resume"], env=environ).exit_code == 0
    assert CliRunner().invoke(liaison, command, env=environ).exit_code == 0
    caught(world)
    answer = CliRunner().invoke(liaison, command, env=environ)
    assert answer.exit_code == 1
    assert f"{world.case}  事项（第 1 版）  停在汇合处「汇合」" in answer.output


def test_only_who_has_the_right_puts_back_and_only_with_a_reason(world: World) -> None:
    caught(world)
    for user in (LIAISON, "handler-edu", "auditor"):
        with pytest.raises(NotAllowed):
            free(world, user)
    with pytest.raises(NotAllowed):  # moving to another version is the owner's
        free(world, OFFICE, to=1)
    with pytest.raises(Invalid) as refused, world.transaction() as session:
        freeing.put_back(
            session, instance_id=world.case, target="decide", reason=" ", actor=world.actor("owner"), now=clock.now()
        )
    assert [one.path for one in refused.value.findings] == ["/reason"]
    with pytest.raises(Invalid) as refused:
        free(world, target="check")
    assert [one.path for one in refused.value.findings] == ["/target"]
    free(world, OFFICE)
    with pytest.raises(Conflict):
        free(world, OFFICE)


def test_the_number_of_statements_does_not_grow_with_the_cases(world: World) -> None:
    caught(world)

    def reading() -> int:
        with counted(world) as statements, world.database.reading() as session:
            stuck_cases(session, clock.today())
        return len(statements)

    reading()  # what a version says is read once
    few = reading()
    for _ in range(3):
        begun(world)
        world.do(OFFICE, "decide", DECIDE)
    with world.database.reading() as session:
        assert stuck_cases(session, clock.today(), limit=2).total == 4
        assert count(session, clock.today()) == 4
    assert (reading(), few <= 12) == (few, True)
