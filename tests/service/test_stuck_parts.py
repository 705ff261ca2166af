"""A part of a case that stands still for ever beside open steps: a unit's slot, a parallel branch. Found, and freed."""

from __future__ import annotations

from sqlalchemy import select, update

from service import clock
from service.processes import backfill, freeing
from service.processes.models import Instance, Timer
from service.processes.stuck import FAILED, STANDSTILL, UNMANNED, Reason
from service.processes.timers import MAX_ATTEMPTS
from tests.factories.diagrams import changed_form, definition, forms
from tests.factories.steps import instance, mismatches
from tests.factories.stuck import AFTER_DECIDE, APPLY, DECIDE, MATTER, deployed, found
from tests.factories.stuck import begun as began
from tests.factories.world import OFFICE, World

SLOT = "bpmn/slot.bpmn"
S2 = '<bpmn:sequenceFlow id="s2" sourceRef="handle" targetRef="slot_end" />'
CHECK = """<bpmn:userTask id="check" name="复核"><bpmn:extensionElements><spiffworkflow:properties>%s
    <spiffworkflow:property name="form" value="handle" /></spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>"""
OF_OFFICE = '<spiffworkflow:property name="candidates" value="talent_office" />'
HOLE = f"""
  <bpmn:sequenceFlow id="s2" sourceRef="handle" targetRef="parts" />
  <bpmn:exclusiveGateway id="parts" name="转出吗？" default="q1" />
  <bpmn:sequenceFlow id="q1" sourceRef="parts" targetRef="together" />
  <bpmn:sequenceFlow id="q2" sourceRef="parts" targetRef="check">
    <bpmn:conditionExpression>outcome == 'refer'</bpmn:conditionExpression></bpmn:sequenceFlow>
  {CHECK % OF_OFFICE}
  <bpmn:sequenceFlow id="q3" sourceRef="check" targetRef="together" />
  <bpmn:parallelGateway id="together" name="汇合" />
  <bpmn:sequenceFlow id="q4" sourceRef="together" targetRef="slot_end" />"""
NOBODY = f"""
  <bpmn:sequenceFlow id="s2" sourceRef="handle" targetRef="check" />{CHECK % ""}
  <bpmn:sequenceFlow id="q3" sourceRef="check" targetRef="slot_end" />"""
BRANCHES = f"""
  <bpmn:sequenceFlow id="f6" sourceRef="decide" targetRef="fork" />
  <bpmn:parallelGateway id="fork" name="分头" />
  <bpmn:sequenceFlow id="b1" sourceRef="fork" targetRef="check" />
  <bpmn:sequenceFlow id="b2" sourceRef="fork" targetRef="way" />
  <bpmn:sequenceFlow id="b3" sourceRef="fork" targetRef="decided_is" />
  {CHECK % OF_OFFICE}
  <bpmn:exclusiveGateway id="way" name="医疗？" default="b5" />
  <bpmn:sequenceFlow id="b4" sourceRef="way" targetRef="together">
    <bpmn:conditionExpression>category == 'clinic'</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:sequenceFlow id="b5" sourceRef="way" targetRef="way_end" /><bpmn:endEvent id="way_end" />
  <bpmn:sequenceFlow id="b6" sourceRef="check" targetRef="together" />
  <bpmn:parallelGateway id="together" name="汇合" />
  <bpmn:sequenceFlow id="b7" sourceRef="together" targetRef="joined_end" /><bpmn:endEvent id="joined_end" />"""
CLOCK = """<bpmn:boundaryEvent id="soon" name="到期" attachedToRef="handle" cancelActivity="false">
    <bpmn:timerEventDefinition id="soon_timer"><bpmn:timeDate>due_on</bpmn:timeDate></bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:sequenceFlow id="s3" sourceRef="soon" targetRef="soon_end" /><bpmn:endEvent id="soon_end" />
  <bpmn:userTask id="handle" """


def in_two_slots(world: World, *changes: tuple[str, str, str]) -> None:
    """A matter that two units handle."""
    fields = {**forms()["decide.json"]["properties"]}
    fields["asked"] = {"type": "array", "title": "单位", "items": {"type": "string", "x-ref": "units"}}
    form = changed_form("decide", properties=fields)
    several = (MATTER, "InputRef>units<", "InputRef>asked<")
    deployed(world, definition(several, *changes, extra=form))
    began(world)
    world.do(OFFICE, "decide", {**DECIDE, "asked": ["edu", "housing"]})


def reasons(world: World) -> list[Reason]:
    return [why for case in found(world) if case.instance.id == world.case for why in case.reasons]


def back(world: World, target: str, scope: str) -> None:
    with world.transaction() as session:
        freeing.put_back(
            session,
            instance_id=world.case,
            target=target,
            scope=scope,
            reason="补",
            actor=world.actor("owner"),
            now=clock.now(),
        )


def test_a_slot_that_lies_is_found_beside_an_open_one_and_freed_alone(world: World) -> None:
    in_two_slots(world, (SLOT, S2, HOLE))
    assert reasons(world) == []
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    [why] = reasons(world)
    assert (why.kind, why.step, why.node) == (STANDSTILL, "汇合", "together")
    assert why.message == "停在汇合处「汇合」，等其余分支，但不会再有分支到来；本事项的其他步骤还在办"
    [target] = why.targets
    assert (target.task, bool(target.scope)) == ("handle", True)
    assert world.open_steps() == [("handle", "housing")]
    assert mismatches(world) == []
    back(world, "handle", target.scope)  # with the data of its branch: whose unit it is
    assert (reasons(world), world.open_steps()) == ([], [("handle", "edu"), ("handle", "housing")])
    world.do("handler-edu", "handle", {"outcome": "refer"}, unit="edu")
    assert reasons(world) == [], "who checks can still come to the gateway"
    assert mismatches(world) == []


def test_a_branch_that_waits_for_one_that_ended_is_found_beside_an_open_one(world: World) -> None:
    deployed(world, definition((MATTER, AFTER_DECIDE, BRANCHES)))
    began(world)
    world.do(OFFICE, "decide", DECIDE)
    assert reasons(world) == [], "the gateway is empty, whoever comes there"
    world.do(OFFICE, "check", {"outcome": "done"})
    [why] = reasons(world)
    assert (why.kind, why.node, [one.task for one in why.targets]) == (STANDSTILL, "together", ["check"])
    assert world.open_steps() == [("handle", "edu")]
    back(world, "check", "")
    assert sorted(one for one, _ in world.open_steps()) == ["check", "handle"], "the other branch is left alone"
    assert mismatches(world) == []
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    assert instance(world).status == "running"


def test_a_branch_that_somebody_can_still_come_to_lies_not(world: World) -> None:
    deployed(
        world,
        definition(
            (
                MATTER,
                AFTER_DECIDE,
                BRANCHES.replace('targetRef="way"', 'targetRef="second"').replace(
                    '<bpmn:exclusiveGateway id="way"',
                    (CHECK % OF_OFFICE).replace('"check"', '"second"')
                    + '<bpmn:sequenceFlow id="b8" sourceRef="second" targetRef="way" /><bpmn:exclusiveGateway id="way"',
                ),
            )
        ),
    )
    began(world)
    world.do(OFFICE, "decide", DECIDE)
    world.do(OFFICE, "check", {"outcome": "done"})
    assert reasons(world) == []
    world.do(OFFICE, "second", {"outcome": "done"})
    assert [one.kind for one in reasons(world)] == [STANDSTILL]


def test_a_step_of_nobody_and_a_timer_given_up_in_one_slot_are_found_too(world: World) -> None:
    in_two_slots(world, (SLOT, S2, NOBODY), (SLOT, '<bpmn:userTask id="handle" ', CLOCK))
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    assert [(one.kind, one.step) for one in reasons(world)] == [(UNMANNED, "复核")]
    with world.transaction() as session:
        [timer] = session.scalars(select(Timer).where(Timer.instance_id == world.case, Timer.status == "waiting"))
        timer.attempts = MAX_ATTEMPTS
    assert [one.kind for one in reasons(world)] == [UNMANNED, FAILED]


def test_what_lies_is_told_once_and_forgotten_when_it_goes_on(world: World) -> None:
    in_two_slots(world, (SLOT, S2, HOLE))
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    with world.transaction() as session:
        assert [freeing.report(session, now=clock.now()) for _ in range(2)] == [1, 0]
        assert session.get_one(Instance, world.case).lying
    [why] = reasons(world)
    back(world, "handle", why.targets[0].scope)
    with world.transaction() as session:
        assert not session.get_one(Instance, world.case).lying


def test_an_upgrade_looks_at_the_cases_that_it_finds(world: World) -> None:
    in_two_slots(world, (SLOT, S2, HOLE))
    world.do("handler-edu", "handle", {"outcome": "done"}, unit="edu")
    with world.transaction() as session:
        session.execute(update(Instance).values(lying=None))
    with world.transaction() as session:
        assert [backfill.fill_lying(session) for _ in range(2)] == [1, 0]
    assert [len(case.reasons) for case in found(world)] == [1]
    assert mismatches(world) == []


assert APPLY["category"] != "clinic"  # so that the second branch ends
