"""The walk behind a proof: its ways are real, its short cuts leave nothing out, its keys tell apart what decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

import pytest

from service.errors import LiaisonError, NotFound
from service.processes.bundles import compile_bundle, read_bundle
from service.proof.diagram import Diagram
from service.proof.explorer import Explorer
from service.proof.findings import Bounds
from service.proof.keys import _Reader
from service.proof.proving import MONDAY
from service.proof.reading import EQUAL, HOLDS, ORDER, TRUTH, Fact, Readings
from service.proof.starts import starts_of
from service.proof.states import Start, slot_of
from service.proof.ways import as_scenario
from service.rehearsal.core import Rehearsal
from service.rehearsal.scenarios import read, run, scenario_of
from tests.factories.diagrams import F10, definition
from tests.factories.rehearsals import HOME, calendar, plan

MATTER, SLOT = "bpmn/matter.bpmn", "bpmn/slot.bpmn"
AFTER_SLOTS = """
  <bpmn:sequenceFlow id="f10" sourceRef="slots" targetRef="whose" />
  <bpmn:exclusiveGateway id="whose" name="哪一类？" default="w1" />
  <bpmn:sequenceFlow id="w1" name="其他" sourceRef="whose" targetRef="closed" />
  <bpmn:sequenceFlow id="w2" name="医疗" sourceRef="whose" targetRef="closed_clinic">
    <bpmn:conditionExpression>category == 'clinic'</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:sequenceFlow id="w3" name="转出" sourceRef="whose" targetRef="closed_referred">
    <bpmn:conditionExpression>'refer' in outcomes</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:endEvent id="closed_clinic" name="办结（医疗）" /><bpmn:endEvent id="closed_referred" name="办结（转出）" />"""
REMINDER = """<bpmn:userTask id="handle" """
CLOCK = """<bpmn:boundaryEvent id="soon" name="到期" attachedToRef="handle" cancelActivity="false">
    <bpmn:timerEventDefinition id="soon_timer"><bpmn:timeDate>due_on</bpmn:timeDate></bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:sequenceFlow id="s3" sourceRef="soon" targetRef="soon_end" /><bpmn:endEvent id="soon_end" />
  <bpmn:userTask id="handle" """
LATER = [(MATTER, F10, AFTER_SLOTS), (SLOT, REMINDER, CLOCK)]


def diagram_of(files: Mapping[str, bytes], key: str) -> Diagram:
    rehearsed = {name for name, action in plan().actions.items() if action.rehearsed is not None}
    return Diagram(files, compile_bundle(files, key), plan().scopes, rehearsed)


def walked(files: Mapping[str, bytes], key: str) -> Explorer:
    diagram = diagram_of(files, key)
    starts = starts_of(diagram.made, calendar(), plan(), MONDAY)
    walk = Explorer(diagram, calendar(), plan(), Bounds(), starts)
    walk.run()
    return walk


@pytest.mark.parametrize("process", ["registry_review", "half_year_report", "matter"])
def test_every_way_is_a_scenario_that_comes_to_the_very_state(process: str) -> None:
    shipped = process != "matter"
    files = read_bundle(HOME / "bpmn" / process, HOME / "forms" / process) if shipped else definition(*LATER)
    walk = walked(files, process)
    assert len(walk.states) > 10
    for state in walk.states:
        expect = {"end": state.end} if state.end else {"open": [one.label for one in state.open]}
        text = as_scenario("走法", state.start, walk.way(state.number), expect)
        outcome = run(scenario_of(read(text.encode(), "s.yaml")), walk.diagram.made, plan(), lambda _names: calendar())
        assert outcome.difference is None, text


Input = tuple[datetime, str, str | None, Mapping[str, Any] | None]
"""When, which step (of whose slot) with which data; without data a timer of that name, watching that step."""


def taken(rehearsal: Rehearsal, given: Input) -> None:
    """Takes one input at its recorded moment, as replay does: no timer fires by itself."""
    moment, name, of, data = given
    rehearsal.now = moment
    if data is not None:
        rehearsal.do(name, data, unit=of)
        return
    found = next((one for one in rehearsal.timers if (one.event, one.of) == (name, of)), None)
    if found is None:
        raise NotFound("没有定时")
    rehearsal.fire(found)


def strolled(walk: Explorer, begin: Start, chance: Random) -> list[Input]:
    """Some inputs of a case that goes on as chance has it."""
    rehearsal, found = begun(walk, begin), list[Input]()
    for _ in range(chance.randint(2, 14)):
        due = rehearsal.timers[:1]
        if due and (chance.random() < 0.3 or not rehearsal.open):
            moment = max(rehearsal.now, due[0].fire_at)
            found.append((moment, due[0].event, due[0].of, None))
        elif rehearsal.open:
            step = chance.choice(rehearsal.open)
            data = chance.choice(walk.outcomes.of(step, rehearsal.today))
            found.append((rehearsal.now, step.task, slot_of(rehearsal, step), data))
        else:
            break
        try:
            taken(rehearsal, found[-1])
        except LiaisonError:
            found.pop()
    return found


def begun(walk: Explorer, begin: Start) -> Rehearsal:
    return Rehearsal(walk.diagram.made, calendar(), plan(), begin.at, by=begin.by, data=begin.data, event=begin.event)


@pytest.mark.parametrize("process", ["registry_review", "roster", "half_year_report", "change_report", "matter"])
def test_what_is_left_when_a_step_is_taken_back_has_been_walked(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Reader, "apart", lambda *_all: ("", "", ""))  # slots beside other values are walked again too
    shipped = process != "matter"
    files = read_bundle(HOME / "bpmn" / process, HOME / "forms" / process) if shipped else definition(*LATER)
    walk = walked(files, process)
    chance, looked_at = Random(process), 0
    for _ in range(60):
        begin = chance.choice(walk.starts)
        inputs = strolled(walk, begin, chance)
        steps = [number for number, one in enumerate(inputs) if one[3] is not None]
        if not steps:
            continue
        gone = chance.choice(steps[-3:])
        rehearsal = begun(walk, begin)
        try:
            for number, one in enumerate(inputs):
                if number != gone:
                    taken(rehearsal, one)
        except LiaisonError:
            continue  # something later depends on it: the step stands
        rehearsal.until(max(rehearsal.now, inputs[-1][0]))
        looked_at += 1
        landing = rehearsal.landing
        assert landing is not None
        key = f"end:{landing.end}" if landing.completed else walk.standing(rehearsal).key
        assert key in walk._seen, (inputs, gone)
    assert looked_at > 10


def test_slots_that_were_walked_are_left_by_all_their_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    files = definition(*LATER)
    short = walked(files, "matter")
    monkeypatch.setattr(_Reader, "apart", lambda *_all: ("", ""))
    whole = walked(files, "matter")
    assert len(short.states) < len(whole.states)
    assert short.ways < whole.ways
    assert {one.end for one in short.states} == {one.end for one in whole.states}
    assert {one.end for one in whole.states} >= {"closed", "closed_clinic", "closed_referred"}
    assert (set(short.nodes), set(short.moves)) == (set(whole.nodes), set(whole.moves))


def test_rounds_of_rework_close() -> None:
    assert len(walked(definition(), "matter").states) < 10


def test_what_is_read_only_with_another_value_decides_only_with_it() -> None:
    readings = Readings()
    assert readings.read("agreed if result == 'interim' and agreed else today()") == {
        Fact("result"),
        Fact("agreed", "result", ("interim",)),
    }
    assert not Fact("agreed", "result", ("interim",)).holds({"result": "done"})


@pytest.mark.parametrize(
    ("text", "name", "kinds", "constants"),
    [
        ("held_on or decided_on", "held_on", {TRUTH}, []),
        ("not done", "done", {TRUTH}, []),
        ("decision == 'accept'", "decision", {EQUAL}, ["accept"]),
        ("count > 3", "count", {ORDER}, [3]),
        ("kind in ['a', 'b']", "kind", {EQUAL}, ["a", "b"]),
        ("'refer' in slot_decisions", "slot_decisions", {HOLDS}, ["refer"]),
    ],
)
def test_how_an_expression_reads_a_name(text: str, name: str, kinds: set[str], constants: list[object]) -> None:
    readings = Readings()
    readings.read(text, truth=True)
    assert (readings.of(name).kinds, readings.of(name).constants) == (kinds, constants)


def test_parts_are_apart_until_one_of_them_can_end_the_other() -> None:
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    assert diagram_of(files, "request").alone("request", "feedback_accepted", "unit_slots")
    ending = files["bpmn/request.bpmn"].decode()
    way = 'sourceRef="feedback_accepted" targetRef="%s"'
    ending = ending.replace(way % "all_back", way % "end_rejected")
    told = "<bpmn:incoming>rejection_told</bpmn:incoming>"
    ending = ending.replace(told, told + '<bpmn:terminateEventDefinition id="all_over" />')
    changed = diagram_of({**files, "bpmn/request.bpmn": ending.encode()}, "request")
    assert not changed.alone("request", "feedback_accepted", "unit_slots")


def test_what_a_form_writes_anew_decides_no_longer() -> None:
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    diagram = diagram_of(files, "request")
    assert "category" in {one.name for one in diagram.live_held("request", "accept")}
    assert "category" not in {one.name for one in diagram.live_held("request", "dispatch")}
    assert "held_on" in {one.name for one in diagram.live_held("request", "dispatch")}
    assert "agreed_date" not in {one.name for one in diagram.live_held("unit_handling", "handle")}
