"""A matter whose drawing has a hole, and the cases that it catches."""

from __future__ import annotations

from service import clock
from service.processes import commands
from service.processes.definitions import deploy
from service.processes.stuck import StuckCase, all_stuck
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.diagrams import definition
from tests.factories.workers import looking
from tests.factories.world import LIAISON, OFFICE, World

MATTER = "bpmn/matter.bpmn"
AFTER_DECIDE = '<bpmn:sequenceFlow id="f6" sourceRef="decide" targetRef="decided_is" />'
HOLE = """
  <bpmn:sequenceFlow id="f6" sourceRef="decide" targetRef="parts" />
  <bpmn:exclusiveGateway id="parts" name="要不要复核？" default="p1" />
  <bpmn:sequenceFlow id="p1" sourceRef="parts" targetRef="together" />
  <bpmn:sequenceFlow id="p2" sourceRef="parts" targetRef="check">
    <bpmn:conditionExpression>decision == 'return'</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:userTask id="check" name="复核"><bpmn:extensionElements><spiffworkflow:properties>
    <spiffworkflow:property name="candidates" value="talent_office" />
    <spiffworkflow:property name="form" value="handle" /></spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:sequenceFlow id="p3" sourceRef="check" targetRef="together" />
  <bpmn:parallelGateway id="together" name="汇合" />
  <bpmn:sequenceFlow id="p5" sourceRef="together" targetRef="decided_is" />"""
MENDED = HOLE.replace("parallelGateway", "exclusiveGateway")


def deployed(world: World, files: dict[str, bytes]) -> int:
    """The number of the version of these files, which no check has seen."""
    with world.transaction() as session:
        return deploy(session, unchecked("matter", files), actor=SYSTEM, now=clock.now()).version


def version(world: World, instead: str) -> int:
    """The version in which ``instead`` stands behind the decision."""
    return deployed(world, definition((MATTER, AFTER_DECIDE, instead)))


APPLY = {"category": "school", "wanted_on": "2026-12-01", "count": 1}
DECIDE = {"decision": "agree", "lead_unit": "edu"}


def begun(world: World) -> None:
    """A matter that waits for the decision; now the case."""
    with world.transaction() as session:
        made = commands.start(session, process="matter", data={}, actor=world.actor(LIAISON), now=clock.now())
        world.case = made.id
    world.do(LIAISON, "apply", APPLY)


def caught(world: World) -> None:
    """A matter that the hole has caught, behind the decision."""
    version(world, HOLE)
    begun(world)
    world.do(OFFICE, "decide", DECIDE)


def found(world: World) -> list[StuckCase]:
    """All cases that nobody can move today."""
    with looking(world) as session:
        return all_stuck(session, clock.today())
