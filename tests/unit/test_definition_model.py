"""The diagrams as a plain graph, and what the checks read from it."""

from __future__ import annotations

from dataclasses import replace

from service.checks import ActionSignature, check, model
from tests.factories.diagrams import CONTEXT, before_end, definition, rules

M = "bpmn/matter.bpmn"


def test_the_model_says_what_stands_in_the_diagram() -> None:
    found = model(definition())
    assert set(found) == {"matter", "slot"}
    matter = found["matter"]
    late, slots = matter.nodes["late"], matter.nodes["slots"]
    assert (late.attached_to, late.interrupting, late.event) == ("apply", False, "timer")
    assert late.timer is not None
    assert late.timer.expression == "working_days_after(due_on, -1)"
    assert slots.loop is not None
    assert (slots.called, slots.loop.collection, slots.loop.item) == ("slot", "units", "unit")
    assert matter.nodes["apply"].lane == "liaison"
    assert matter.nodes["apply"].form == "apply"
    assert [flow.id for flow in matter.flows.values() if flow.default] == ["f7"]


def test_earlier_tasks_are_those_that_a_step_may_be_returned_to() -> None:
    matter = model(definition())["matter"]
    assert [node.id for node in matter.earlier_tasks("slots")] == ["apply", "decide"]
    assert [node.id for node in matter.earlier_tasks("decide")] == ["apply"]
    assert [node.id for node in matter.earlier_tasks("apply")] == ["decide"]  # round the loop


def test_an_embedded_subprocess_is_a_process_of_its_own() -> None:
    inside = (
        '<bpmn:subProcess id="extra" name="一段"><bpmn:startEvent id="in_begin" name="始" />'
        '<bpmn:sequenceFlow id="i1" sourceRef="in_begin" targetRef="in_end" /><bpmn:endEvent id="in_end" name="终" />'
        "</bpmn:subProcess>"
    )
    files = definition(before_end(inside))
    assert check(files, context=CONTEXT) == []
    assert model(files)["extra"].parent == "matter"


def test_a_condition_is_held_against_the_form_before_it_not_against_namesakes() -> None:
    """``outcome`` of the slots is done or refer; the caller's field of that name is another."""
    files = definition((M, "decision == 'return'", "category == 'college' or decision in ('return', 'agree')"))
    assert check(files, context=CONTEXT) == []
    wrong = definition((M, "decision == 'return'", "category == 'return'"))
    assert ("value-unknown", "f8") in rules(wrong)


def test_an_action_result_is_tried_only_when_its_shape_is_known() -> None:
    condition = (M, "decision == 'return'", "reminded &gt; 'x'")
    assert ("expression-fails", "f8") in rules(definition(condition))
    vague = replace(CONTEXT, actions={**CONTEXT.actions, "notice": ActionSignature({"kind": True, "unit": False})})
    assert rules(definition(condition), vague) == [("data-unwritten", "f8")]  # the reminder goes its own way
