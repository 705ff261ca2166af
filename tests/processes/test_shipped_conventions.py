"""The shipped need process keeps its contract: task ids, lanes, stages, due dates, timers, actions and ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

FOLDER = Path(__file__).parents[2] / "bpmn/request"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

AGREED = "agreed_date if result == 'interim' and agreed_date else working_days(7)"
TASKS: dict[str, dict[str, tuple[str, str, str, str | None]]] = {
    "request": {
        "record_need": ("登记需求", "liaison", "intake", "working_days(2)"),
        "accept": ("受理审核", "talent_office", "intake", "working_days(1)"),
        "dispatch": ("派单", "talent_office", "dispatch", "working_days(1)"),
        "feedback_accepted": ("反馈受理情况", "talent_office", "feedback", "working_days(1)"),
        "assess": ("研判", "talent_office", "supervision", "working_days(2)"),
        "group_opinion": ("领导小组意见", "talent_office", "feedback", "working_days(2)"),
        "feedback_result": ("反馈办理情况", "talent_office", "feedback", "working_days(2)"),
    },
    "unit_handling": {
        "handle": ("办理", "responsible_unit", "handling", AGREED),
        "redispatch": ("改派", "talent_office", "dispatch", "working_days(1)"),
        "confirm_interim": ("阶段反馈审核", "talent_office", "supervision", "working_days(1)"),
        "review_reply": ("办理审核", "talent_office", "supervision", "working_days(2)"),
        "approve_circular": ("通报审批", "talent_office", "supervision", "working_days(2)"),
    },
    "special_meeting": {
        "convene_meeting": ("召集专题工作会议", "talent_office", "handling", "working_days(5)"),
        "record_minutes": ("会议纪要", "talent_office", "handling", "working_days_after(held_on, 3)"),
    },
    "escalation": {
        "submit_topic": ("提交上会", "talent_office", "handling", "working_days(5)"),
        "record_decision": ("会议决定", "talent_office", "handling", None),
    },
}
MEETING = {
    "kind": "'meeting'",
    "unit": "participants",
    "text": "as_text(held_on) + (' ' + held_at if held_at else '') + '，' + place + '。议题：' + agenda",
}
DECISION = {"kind": "'decision'", "unit": "participants", "text": "decisions"}
ACTIONS = {
    "set": ({"value": "([lead_unit] if lead_unit else []) + (assisting_units or [])"}, "participants"),
    "issue_number": ({}, "number"),
    "open_round": ({"lead_unit": "lead_unit", "assisting_units": "assisting_units"}, "units"),
    "urge": ({"unit": "unit"}, "urges"),
    "issue_circular": ({"unit": "unit", "text": "text"}, "circular_number"),
}


def process(name: str) -> etree._Element:
    found = etree.parse(FOLDER / f"{name}.bpmn").getroot().find(f"{BPMN}process")
    assert found is not None
    assert found.get("id") == name
    return found


def properties(task: etree._Element) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in task.iter(f"{SPIFF}property")}


@pytest.mark.parametrize("name", TASKS)
def test_tasks_stand_where_and_as_long_as_agreed(name: str) -> None:
    root = process(name)
    lanes = {str(ref.text): lane.get("id") for lane in root.iter(f"{BPMN}lane") for ref in lane}
    drawn = {}
    for task in root.iter(f"{BPMN}userTask"):
        said = properties(task)
        assert said["form"] == task.get("id")
        drawn[task.get("id")] = (task.get("name"), lanes[task.get("id", "")], said["stage"], said.get("due"))
    assert drawn == TASKS[name]


def test_the_printed_form_is_signed_in_three_boxes() -> None:
    signed = {}
    for name in TASKS:
        for task in process(name).iter(f"{BPMN}userTask"):
            if "sign" in properties(task):
                signed[properties(task)["sign"]] = task.get("id")
    assert signed == {"office": "dispatch", "unit": "handle", "group": "group_opinion"}


def test_the_seven_days_are_the_documents_own_and_a_topic_waits_without_a_clock() -> None:
    (handle,) = (task for task in process("unit_handling").iter(f"{BPMN}userTask") if task.get("id") == "handle")
    assert properties(handle)["due_basis"] == "实施方案三（二）3"
    assert properties(handle)["warn"] == "3"
    assert properties(handle)["candidates"] == "unit:unit"
    (waiting,) = (task for task in process("escalation").iter(f"{BPMN}userTask") if task.get("id") == "record_decision")
    assert properties(waiting)["clock"] == "paused"
    stated = [
        task for name in TASKS for task in process(name).iter(f"{BPMN}userTask") if "due_basis" in properties(task)
    ]
    assert [task.get("id") for task in stated] == ["handle"]


def test_lateness_is_watched_by_four_timers_that_interrupt_nothing() -> None:
    root = process("unit_handling")
    timers = {}
    for event in root.iter(f"{BPMN}boundaryEvent"):
        assert (event.get("attachedToRef"), event.get("cancelActivity")) == ("handle", "false")
        (flow,) = (flow for flow in root.iter(f"{BPMN}sequenceFlow") if flow.get("sourceRef") == event.get("id"))
        timers[event.findtext(f".//{BPMN}timeDate")] = flow.get("targetRef")
    assert timers == {
        "working_days_after(due_on, -3)": "remind_due_soon",
        "due_on": "remind_due_today",
        "working_days_after(due_on, 1)": "urge_unit",
        "working_days_after(due_on, 5)": "approve_circular",
    }


def test_service_tasks_call_the_agreed_actions() -> None:
    called: dict[str, list[tuple[dict[str, str], str]]] = {}
    for name in TASKS:
        for operator in process(name).iter(f"{SPIFF}serviceTaskOperator"):
            parameters = {one.get("id", ""): one.get("value", "") for one in operator.iter(f"{SPIFF}parameter")}
            called.setdefault(operator.get("id", ""), []).append((parameters, operator.get("resultVariable", "")))
    notices = [parameters for parameters, _ in called.pop("notice")]
    assert notices == [
        {"kind": "'rejected'", "unit": "None"},
        {"kind": "'due_soon'", "unit": "unit"},
        {"kind": "'due_today'", "unit": "unit"},
        MEETING,
        DECISION,
    ]
    assert called == {action: [call] for action, call in ACTIONS.items()}


def test_a_need_ends_in_one_of_three_ways_and_a_slot_takes_its_open_tasks_along() -> None:
    ends = {end.get("id"): end.get("name") for end in process("request").iter(f"{BPMN}endEvent")}
    assert ends == {"end_on_the_spot": "现场解答", "end_rejected": "不予受理", "end_done": "办结"}
    final = [
        end.get("id")
        for end in process("unit_handling").iter(f"{BPMN}endEvent")
        if end.find(f"{BPMN}terminateEventDefinition") is not None
    ]
    assert sorted(final) == ["end_accepted", "end_dropped", "end_interim_referred", "end_referred"]
