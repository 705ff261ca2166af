"""The proof walks every way: each kind of mistake is found at its element, with the way there; sound bundles pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.processes.bundles import compile_bundle, read_bundle
from service.proof import Bounds, Fault, Proof, prove
from service.rehearsal.scenarios import read, run, scenario_of
from tests.factories.diagrams import F10, changed_form, definition, forms
from tests.factories.rehearsals import HOME, calendar, plan

MATTER, SLOT, TABLE = "bpmn/matter.bpmn", "bpmn/slot.bpmn", "bpmn/units_for.dmn"
Change = tuple[str, str, str]

CONDITION = "decision == 'return'"
LANE = '<bpmn:lane id="liaison" name="联络员"><bpmn:flowNodeRef>apply</bpmn:flowNodeRef></bpmn:lane>'
AFTER_DECIDE = '<bpmn:sequenceFlow id="f6" sourceRef="decide" targetRef="decided_is" />'


def proven(*changes: Change, extra: dict[str, bytes] | None = None, bounds: Bounds | None = None) -> Proof:
    return prove(definition(*changes, extra=extra), "matter", calendar(), plan(), bounds or Bounds())


def found(proof: Proof) -> set[tuple[str, str]]:
    return {(one.kind, one.element) for one in (*proof.faults, *proof.warnings)}


def split(gateway_in: str, gateway_out: str) -> Change:
    """After the decision two ways to two tasks and together again: ``gateway_in`` parts them, ``gateway_out`` joins."""
    parts = f"""
  <bpmn:sequenceFlow id="f6" sourceRef="decide" targetRef="parts" />
  <bpmn:{gateway_in} id="parts" name="分开"{' default="p1"' if gateway_in == "exclusiveGateway" else ""} />
  <bpmn:sequenceFlow id="p1" sourceRef="parts" targetRef="one" />
  <bpmn:sequenceFlow id="p2" sourceRef="parts" targetRef="two">%s</bpmn:sequenceFlow>
  <bpmn:userTask id="one" name="会签一"><bpmn:extensionElements><spiffworkflow:properties>
    <spiffworkflow:property name="candidates" value="talent_office" />
    <spiffworkflow:property name="form" value="handle" /></spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:userTask id="two" name="会签二"><bpmn:extensionElements><spiffworkflow:properties>
    <spiffworkflow:property name="candidates" value="talent_office" />
    <spiffworkflow:property name="form" value="handle" /></spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:sequenceFlow id="p3" sourceRef="one" targetRef="together" />
  <bpmn:sequenceFlow id="p4" sourceRef="two" targetRef="together" />
  <bpmn:{gateway_out} id="together" name="汇合" />
  <bpmn:sequenceFlow id="p5" sourceRef="together" targetRef="decided_is" />"""
    condition = "<bpmn:conditionExpression>decision == 'agree'</bpmn:conditionExpression>"
    return (MATTER, AFTER_DECIDE, parts % (condition if gateway_in == "exclusiveGateway" else ""))


def test_a_sound_definition_holds_and_says_how_much_was_walked() -> None:
    proof = proven()
    assert (proof.holds, proof.warnings, proof.unexplored, proof.missed) == (True, (), (), ())
    assert proof.states > 4
    assert proof.ways > proof.states
    assert ("matter", "f8") in proof.passed


def test_a_parallel_part_holds() -> None:
    proof = proven(split("parallelGateway", "parallelGateway"))
    assert (proof.holds, proof.missed) == (True, ())


EARLIER = """<bpmn:boundaryEvent id="early" name="到期前两天" attachedToRef="apply">
    <bpmn:timerEventDefinition id="early_timer">
      <bpmn:timeDate xsi:type="bpmn:tFormalExpression">working_days_after(due_on, -2)</bpmn:timeDate>
    </bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:sequenceFlow id="e1" sourceRef="early" targetRef="early_end" /><bpmn:endEvent id="early_end" />
  <bpmn:boundaryEvent id="late" """
F9 = '<bpmn:sequenceFlow id="f9" sourceRef="open_it" targetRef="slots" />'
ROUND = """<bpmn:sequenceFlow id="f9" sourceRef="open_it" targetRef="again" />
  <bpmn:userTask id="again" name="再办"><bpmn:extensionElements><spiffworkflow:properties>
    <spiffworkflow:property name="candidates" value="talent_office" />
    <spiffworkflow:property name="form" value="handle" /></spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:sequenceFlow id="r1" sourceRef="again" targetRef="again_is" />
  <bpmn:exclusiveGateway id="again_is" default="r2" />
  <bpmn:sequenceFlow id="r2" sourceRef="again_is" targetRef="again" />
  <bpmn:sequenceFlow id="r3" sourceRef="again_is" targetRef="slots">
    <bpmn:conditionExpression>outcome == 'never'</bpmn:conditionExpression></bpmn:sequenceFlow>"""


@pytest.mark.parametrize(
    ("kind", "element", "changes", "says"),
    [
        ("stuck", "together", [split("exclusiveGateway", "parallelGateway")], "请换成“选一条路”来汇合"),
        ("endless", "again", [(MATTER, F9, ROUND)], "走不到结束"),
        ("fails", "late", [(MATTER, "working_days_after(due_on, -1)", "category")], "不是日期、时间或时长"),
        ("fails", "remind", [(MATTER, "'due_soon'", "'due_son'")], "due_son"),
        ("unpassed", "f8", [(MATTER, CONDITION, "decision == 'retrun'")], "「退回」"),
        ("unpassed", "slots", [(MATTER, "InputRef>units<", "InputRef>unit_list<")], "名单总是空的"),
        ("unpassed", "r2", [(TABLE, "? in ['school', 'college']", "? != 'x'")], "第 2 条"),
        ("nobody", "apply", [(MATTER, LANE, "")], "没有人可以办理"),
        ("nobody", "apply", [(MATTER, 'lane id="liaison"', 'lane id="clerk"')], "没有角色 clerk"),
        ("unit", "handle", [(SLOT, "unit:unit", "unit:outcome_unit")], "任何单位都能办"),
        ("unit", "handle", [(SLOT, "unit:unit", "unit:'edo'")], "edo 不存在"),
        ("timer", "late", [(MATTER, '<bpmn:boundaryEvent id="late" ', EARLIER)], "更早的定时"),
        ("same", "decide", [(MATTER, CONDITION, "decision == 'retrun'")], "「同意」和「退回」"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_found_at_its_element(
    kind: str, element: str, changes: list[Change], says: str
) -> None:
    proof = proven(*changes)
    fault = next(one for one in (*proof.faults, *proof.warnings) if (one.kind, one.element) == (kind, element))
    assert says in fault.message
    assert fault.line > 1


AGAIN = (
    ROUND[: ROUND.index('  <bpmn:sequenceFlow id="r1"')]
    + """
  <bpmn:sequenceFlow id="r1" sourceRef="again" targetRef="slots" />"""
)
DECIDE = (
    MATTER,
    '<bpmn:userTask id="decide" name="决定">\n    <bpmn:extensionElements><spiffworkflow:properties>',
    """<bpmn:userTask id="decide" name="决定">
    <bpmn:extensionElements><spiffworkflow:properties>
      <spiffworkflow:property name="due" value="working_days(decision if decision == 'agree' else 1)" />""",
)


def test_a_mistake_that_only_giving_back_comes_to_is_found_with_the_way_there() -> None:
    assert proven((MATTER, F9, AGAIN)).holds
    proof = proven((MATTER, F9, AGAIN), DECIDE)
    fault = _of(proof, "fails")
    assert (fault.element, fault.way[-1]) == ("decide", "从「再办」退回「决定」")
    made = compile_bundle(definition((MATTER, F9, AGAIN), DECIDE), "matter")
    outcome = run(scenario_of(read(fault.scenario.encode(), "s.yaml")), made, plan(), lambda _names: calendar())
    assert outcome.difference is not None
    assert "decide" in outcome.difference.message


def test_giving_back_is_no_way_to_the_end() -> None:
    proof = proven((MATTER, F9, ROUND))
    assert _of(proof, "endless").element == "again", "although it can be given back"


COUNTED = (
    MATTER,
    F10,
    """<bpmn:sequenceFlow id="f10" sourceRef="slots" targetRef="many" />
  <bpmn:exclusiveGateway id="many" name="几家？" default="m1" />
  <bpmn:sequenceFlow id="m1" sourceRef="many" targetRef="closed" />
  <bpmn:sequenceFlow id="m2" sourceRef="many" targetRef="closed_many">
    <bpmn:conditionExpression>size_of(asked) &gt; %s</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:endEvent id="closed_many" name="多家办结" />""",
)
SEVERAL = (MATTER, "InputRef>units<", "InputRef>asked<")


def counted(length: int, bounds: Bounds | None = None) -> Proof:
    """A matter whose units people pick, and which asks whether there were more than ``length``."""
    fields = {**forms()["decide.json"]["properties"]}
    fields["asked"] = {"type": "array", "title": "单位", "items": {"type": "string", "x-ref": "units"}}
    form = changed_form("decide", properties=fields, required=[*forms()["decide.json"]["required"], "asked"])
    file, old, new = COUNTED
    return proven(SEVERAL, (file, old, new % length), extra=form, bounds=bounds)


def test_as_many_units_are_walked_as_the_drawing_counts() -> None:
    proof = counted(2)
    assert (found(proof), proof.unexplored) == (set(), ())
    assert ("matter", "closed_many") in proof.passed
    many = counted(7)  # five slots, each state of which is walked once
    assert (many.holds, [one.element for one in many.warnings]) == (True, ["m2"])
    assert "最多试到 5 个" in many.unexplored[0]


def test_more_units_are_walked_where_one_asks_for_it() -> None:
    narrow, wide = counted(0), counted(0, Bounds(units=3))
    assert wide.states > narrow.states
    assert (wide.holds, wide.unexplored) == (True, ())


def test_a_way_names_roles_units_and_options_as_people_know_them() -> None:
    fields = {**forms()["decide.json"]["properties"]}
    fields["asked"] = {"type": "array", "title": "单位", "items": {"type": "string", "x-ref": "units"}}
    form = changed_form("decide", properties=fields, required=[*forms()["decide.json"]["required"], "asked"])
    fault = _of(proven(SEVERAL, (SLOT, "unit:unit", "unit:'edo'"), extra=form), "unit")
    assert fault.way[0].startswith("由 联络员（")
    assert "单位＝大沥镇" in fault.way[-1]


def test_a_role_that_nobody_may_stand_in_for_is_told() -> None:
    files = definition()
    for chain, told in (((), "没有写明由谁代办"), (("responsible_unit",), ""), (("talent_office",), "")):
        handed = replace(plan(), stand_ins={"liaison": chain})
        warned = [one for one in prove(files, "matter", calendar(), handed).warnings if one.kind == "nobody"]
        assert [one.element for one in warned] == (["apply"] if told else [])
        assert all(told in one.message for one in warned)


def test_a_form_that_nothing_satisfies_is_named() -> None:
    proof = proven(extra=changed_form("decide", required=["decision", "missing"]))
    assert ("form", "decide") in found(proof)


def test_a_step_that_waits_for_a_day_is_done_on_it() -> None:
    rule = {"field": "decision", "value": "today", "not_before": "wanted_on", "message": "还没有到日子", "refuse": True}
    proof = proven(extra=changed_form("decide", **{"x-dates": [rule]}))
    assert (proof.holds, proof.faults) == (True, ())


def test_a_way_is_a_scenario_that_comes_to_the_very_place() -> None:
    changes = split("exclusiveGateway", "parallelGateway")
    proof = proven(changes)
    fault = _of(proof, "stuck")
    assert any(one.startswith("办理「决定」") for one in fault.way)
    made = compile_bundle(definition(changes), "matter")
    outcome = run(scenario_of(read(fault.scenario.encode(), "s.yaml")), made, plan(), lambda _names: calendar())
    assert outcome.difference is None
    assert outcome.state is not None
    assert (outcome.state.open, outcome.state.timers, outcome.state.end) == ((), (), "")


def test_the_scenario_of_a_failing_step_fails_there() -> None:
    changes = (MATTER, "'due_soon'", "'due_son'")
    fault = _of(proven(changes), "fails")
    made = compile_bundle(definition(changes), "matter")
    outcome = run(scenario_of(read(fault.scenario.encode(), "s.yaml")), made, plan(), lambda _names: calendar())
    assert outcome.difference is not None
    assert "due_son" in outcome.difference.message


def test_a_bound_is_told_and_then_nothing_is_said_of_what_was_not_reached() -> None:
    proof = proven((MATTER, CONDITION, "decision == 'retrun'"), bounds=Bounds(states=2))
    assert proof.faults == ()
    assert "到了上限" in proof.unexplored[0]


def test_where_not_every_combination_was_tried_nothing_is_called_an_error_for_it() -> None:
    switches = {f"b{number}": {"type": "boolean", "title": f"选{number}"} for number in range(14)}
    fields = {**forms()["apply.json"]["properties"], **switches}
    form = changed_form("apply", properties=fields, required=sorted(fields))
    every = " and ".join(switches)
    assert proven((MATTER, CONDITION, f"{CONDITION} and {every}"), extra=form).holds
    mixed = proven((MATTER, CONDITION, f"{CONDITION} and {every} and b0 != b1"), extra=form)
    assert (mixed.holds, [one.element for one in mixed.warnings if one.kind == "unpassed"]) == (True, ["f8"])
    assert "没有试遍所有组合" in mixed.unexplored[0]


def test_the_same_bundle_gives_the_same_report() -> None:
    one, other = (proven(split("exclusiveGateway", "parallelGateway")) for _ in range(2))
    assert (one.faults, one.warnings, one.states, one.ways) == (other.faults, other.warnings, other.states, other.ways)


def test_a_proof_survives_json() -> None:
    proof = proven((MATTER, LANE, ""))
    assert Proof.from_data(proof.to_data()) == proof


@pytest.mark.parametrize(
    "process",
    [
        "change_report",
        "eligibility_review",
        "half_year_report",
        "interview_check",
        "leader_brief",
        "liaison_change",
        "registry_review",
        "roster",
    ],
)
def test_a_shipped_process_holds(process: str) -> None:
    files = read_bundle(HOME / "bpmn" / process, HOME / "forms" / process)
    proof = prove(files, process, calendar(), plan())
    assert (proof.faults, proof.warnings, proof.unexplored, proof.missed) == ((), (), (), ())


def _of(proof: Proof, kind: str) -> Fault:
    return next(one for one in proof.faults if one.kind == kind)
