"""Wishes about days, ways and sign-offs, met by diagrams, tables and forms alone, in the rehearsal's core."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.processes.bundles import read_bundle
from service.rehearsal.core import Rehearsal
from tests.factories.diagrams import choice, form
from tests.factories.engines import choice as gateway
from tests.factories.engines import end, flow, service, start, timer, user
from tests.factories.rehearsals import DISPATCH, NEED
from tests.factories.wishes import HOME, Office, bundle

YES = {"type": "boolean", "title": "是否同意"}
DAY = {"type": "string", "format": "date", "title": "收到日期"}
TEXT = {"type": "string", "title": "说明", "maxLength": 100}
NOTHING = form("办理", {})
DEPUTY = """
[[roles]]
id = "deputy"
name = "分管领导"
scope = "all"
of_unit = false
rights = {}
"""
TERMINATE = '<bpmn:endEvent id="finish" name="结束"><bpmn:terminateEventDefinition id="all_over" /></bpmn:endEvent>'


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def begun(office: Office, body: str, forms: dict[str, Any], lanes: dict[str, str], **files: bytes) -> Rehearsal:
    whole = bundle("wish", lanes, body, forms) | {name.replace("__", "/"): one for name, one in files.items()}
    return office.rehearsal(office.made("wish", whole), "liaison@hrss")


def shipped(**texts: tuple[str, str]) -> dict[str, bytes]:
    """The shipped process of a need; each of ``texts`` (file's name: old, new) changes one of its diagrams."""
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    for name, (old, new) in texts.items():
        file = f"bpmn/{name}.bpmn"
        assert old.encode() in files[file], old
        files[file] = files[file].replace(old.encode(), new.encode(), 1)
    return files


def dispatched(office: Office, files: dict[str, bytes], category: str, **sent: Any) -> Rehearsal:
    rehearsal = office.rehearsal(office.made("request", files), "liaison@hrss")
    rehearsal.do("record_need", {**NEED, "category": category})
    rehearsal.do("accept", {"decision": "accept"})
    rehearsal.do("dispatch", {**DISPATCH, **sent})
    return rehearsal


def open_steps(rehearsal: Rehearsal) -> list[str]:
    return [one.label for one in rehearsal.state.open]


def test_housing_has_five_days_and_its_basis_says_so(office: Office) -> None:
    due = ("else working_days(7)", "else working_days(5 if category == 'housing' else 7)")
    files = shipped(unit_handling=due)
    handling = files["bpmn/unit_handling.bpmn"].decode()
    basis = "实施方案三（二）3"
    files["bpmn/unit_handling.bpmn"] = handling.replace(basis, basis + "：{due_days}", 1).encode()
    for category, day, days in (("housing", date(2026, 3, 9), 5), ("education", date(2026, 3, 11), 7)):
        rehearsal = dispatched(office, files, category)
        [handle, _] = [one for one in rehearsal.state.open if one.task == "handle"]
        assert (handle.due_on, handle.basis) == (day, f"实施方案三（二）3：{days}")


def test_many_units_are_signed_off_by_the_leader_in_charge_first(tmp_path: Path) -> None:
    office = Office(tmp_path, organization=DEPUTY)
    choose = (
        start("send")
        + user("send", stage="dispatch")
        + flow("send", "many")
        + gateway("many", "open")
        + flow("many", "sign_off", "size_of(assisting_units) &gt;= 2")
        + flow("many", "open")
        + user("sign_off", stage="dispatch", due="working_days(1)")
        + flow("sign_off", "signed")
        + gateway("signed", "send")
        + flow("signed", "open", "agreed")
        + flow("signed", "send")
        + service("open", "open_round", "units", lead_unit="lead_unit", assisting_units="assisting_units")
        + flow("open", "finish")
        + end()
    )
    units = {"type": "array", "title": "协办单位", "maxItems": 9, "items": {"type": "string", "x-ref": "units"}}
    lead = {"type": "string", "title": "主办单位", "x-ref": "units"}
    forms = {
        "send": form("派单", {"lead_unit": lead, "assisting_units": units}) | {"required": ["lead_unit"]},
        "sign_off": form("签批", {"agreed": YES}),
    }
    lanes = {"talent_office": "send", "deputy": "sign_off"}
    for few in ({}, {"assisting_units": []}, {"assisting_units": ["dali"]}):
        rehearsal = begun(office, choose, forms, lanes)
        rehearsal.do("send", {"lead_unit": "edu", **few})
        assert rehearsal.state.end == "finish"
    rehearsal = begun(office, choose, forms, lanes)
    rehearsal.do("send", {"lead_unit": "edu", "assisting_units": ["dali", "health"]})
    assert [(one.task, one.role) for one in rehearsal.state.open] == [("sign_off", "deputy")]
    rehearsal.do("sign_off", {"agreed": False}, by="deputy")
    assert open_steps(rehearsal) == ["send"]
    rehearsal.do("send", {"lead_unit": "edu", "assisting_units": ["dali", "health"]})
    rehearsal.do("sign_off", {"agreed": True})
    assert rehearsal.state.data["units"] == ["edu", "dali", "health"]


CHECK = user("check", stage="handling", due="working_days(3)") + flow("check", "finish")
AGAIN = (
    timer("first", "check", "working_days(5)")
    + flow("first", "tell")
    + service("tell", "notice", "told", kind="'reminder'", step="'check'", text="'请抓紧。'")
    + flow("tell", "still")
    + gateway("still", "enough")
    + flow("still", "wait", "told")
    + flow("still", "enough")
    + '<bpmn:intermediateCatchEvent id="wait" name="再等五个工作日"><bpmn:timerEventDefinition id="wait_timer">'
    + "<bpmn:timeDate>working_days(5)</bpmn:timeDate></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    + flow("wait", "tell")
    + '<bpmn:endEvent id="enough" name="不再提醒" />'
)


def test_who_has_not_answered_is_reminded_every_five_days(office: Office) -> None:
    body = start("ask") + user("ask", stage="intake") + flow("ask", "check") + CHECK + AGAIN + TERMINATE
    rehearsal = begun(office, body, {"ask": NOTHING, "check": NOTHING}, {"liaison": "ask", "talent_office": "check"})
    rehearsal.do("ask", {})
    rehearsal.wait(working_days=23)
    assert [one.of for one in rehearsal.state.notices if one.kind == "reminder"] == ["check"] * 4
    assert rehearsal.state.due["check"] == date(2026, 3, 5), "its own deadline stands"
    rehearsal.do("check", {})
    assert (rehearsal.state.end, rehearsal.state.timers) == ("finish", ())


def test_a_solid_clock_that_leads_back_reminds_as_often_as_it_takes(office: Office) -> None:
    body = (
        start("ask")
        + user("ask", stage="intake")
        + flow("ask", "fix")
        + service("fix", "set", "by", value="working_days(3)")
        + flow("fix", "check")
        + user("check", stage="handling", due="by")
        + timer("again", "check", "working_days(5)", cancels=True)
        + flow("again", "tell")
        + service("tell", "notice", "told", kind="'reminder'", role="'talent_office'", text="'请抓紧。'")
        + flow("tell", "check")
        + flow("check", "finish")
        + end()
    )
    rehearsal = begun(office, body, {"ask": NOTHING, "check": NOTHING}, {"liaison": "ask", "talent_office": "check"})
    rehearsal.do("ask", {})
    for _ in range(12):
        rehearsal.wait(working_days=5)
        assert open_steps(rehearsal) == ["check"]
    assert len([one for one in rehearsal.state.notices if one.kind == "reminder"]) == 12
    assert rehearsal.state.due["check"] == date(2026, 3, 5)
    rehearsal.do("check", {})
    assert rehearsal.state.end == "finish"


TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="tables" name="天数" namespace="urn:test">
  <decision id="days_for" name="办理天数">
    <decisionTable id="table" hitPolicy="FIRST">
      <input id="in_1" label="类别">
        <inputExpression id="x1" typeRef="string"><text>category</text></inputExpression>
      </input>
      <input id="in_2" label="人数">
        <inputExpression id="x2" typeRef="number"><text>count</text></inputExpression>
      </input>
      <output id="out_1" label="天数" name="days" typeRef="number" />
      <rule id="r1">
        <inputEntry id="r1_1"><text>'housing'</text></inputEntry>
        <inputEntry id="r1_2"><text>&gt; 10</text></inputEntry>
        <outputEntry id="r1_o"><text>10</text></outputEntry>
      </rule>
      <rule id="r2">
        <inputEntry id="r2_1"><text>'housing'</text></inputEntry>
        <inputEntry id="r2_2"><text>-</text></inputEntry>
        <outputEntry id="r2_o"><text>5</text></outputEntry>
      </rule>
      <rule id="r3">
        <inputEntry id="r3_1"><text>-</text></inputEntry>
        <inputEntry id="r3_2"><text>-</text></inputEntry>
        <outputEntry id="r3_o"><text>7</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


LOOKED_UP = (
    start("ask")
    + user("ask", stage="intake")
    + flow("ask", "look")
    + '<bpmn:businessRuleTask id="look" name="查办理天数"><bpmn:extensionElements>'
    + "<spiffworkflow:calledDecisionId>days_for</spiffworkflow:calledDecisionId></bpmn:extensionElements>"
    + "</bpmn:businessRuleTask>"
    + flow("look", "check")
    + user("check", stage="handling", due="working_days(days)")
    + flow("check", "finish")
    + end()
)
FIELDS = {
    "category": choice("类别", housing="住房", school="入学"),
    "count": {"type": "integer", "title": "人数", "minimum": 1},
}
ASKED = {"ask": form("申请", FIELDS) | {"required": ["category"]}, "check": NOTHING}
BOTH = {"liaison": "ask", "talent_office": "check"}


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"category": "housing", "count": 12}, date(2026, 3, 16)),
        ({"category": "housing", "count": 2}, date(2026, 3, 9)),
        ({"category": "housing"}, date(2026, 3, 9)),
        ({"category": "school"}, date(2026, 3, 11)),
    ],
)
def test_a_table_says_how_many_days_also_where_a_field_is_empty(
    office: Office, given: dict[str, Any], due: date
) -> None:
    rehearsal = begun(office, LOOKED_UP, ASKED, BOTH, **{"bpmn__days_for.dmn": TABLE.encode()})
    rehearsal.do("ask", given)
    assert rehearsal.state.due["check"] == due


def test_a_table_may_give_the_date_itself(office: Office) -> None:
    table = TABLE
    for days in (10, 5, 7):
        table = table.replace(f"<text>{days}</text>", f"<text>working_days({days})</text>")
    body = LOOKED_UP.replace("working_days(days)", "days")
    rehearsal = begun(office, body, ASKED, BOTH, **{"bpmn__days_for.dmn": table.encode()})
    rehearsal.do("ask", {"category": "housing"})
    assert (rehearsal.state.due["check"], rehearsal.step("check").data["days"]) == (date(2026, 3, 9), "2026-03-09")


WAYS = (
    start("ask")
    + user("ask", stage="intake")
    + flow("ask", "which")
    + gateway("which", "fork")
    + flow("which", "old", "received_on &lt; '2026-03-01'")
    + flow("which", "why", "working_days_between(received_on, today()) &gt; 0 and not urgent")
    + flow("which", "meet", "amount &gt;= 100000")
    + flow("which", "fork")
    + user("old", stage="handling")
    + flow("old", "finish")
    + user("why", stage="intake")
    + flow("why", "finish")
    + user("meet", stage="supervision")
    + flow("meet", "finish")
    + '<bpmn:parallelGateway id="fork" />'
    + flow("fork", "sign_a")
    + flow("fork", "sign_b")
    + user("sign_a", stage="handling")
    + user("sign_b", stage="handling")
    + flow("sign_a", "both")
    + flow("sign_b", "both")
    + '<bpmn:parallelGateway id="both" />'
    + flow("both", "reckon")
    + service("reckon", "set", "subsidy", value="area * 50 if area else 0")
    + flow("reckon", "confirm")
    + user("confirm", stage="publicity")
    + flow("confirm", "finish")
    + end()
)


def test_ways_by_date_amount_and_urgency_and_two_sign_together(tmp_path: Path) -> None:
    office = Office(tmp_path, organization=DEPUTY)
    number = {"type": "number", "minimum": 0}
    numbers = {"amount": {**number, "title": "金额"}, "area": {**number, "title": "面积"}}
    ask = form("申请", {"received_on": DAY, "urgent": {"type": "boolean", "title": "急办"}, **numbers})
    forms = {
        "ask": ask | {"required": ["received_on"]},
        "confirm": form("公示", {"subsidy": {"type": "number", "title": "补贴", "x-prefill": True}}),
        **dict.fromkeys(("old", "why", "meet", "sign_a", "sign_b"), NOTHING),
    }
    lanes = {"liaison": "ask why", "talent_office": "old meet sign_a confirm", "deputy": "sign_b"}
    stages = "intake handling supervision publicity:公示"
    made = office.made("wish", bundle("wish", lanes, WAYS, forms, stages=stages))

    def way(**given: Any) -> Rehearsal:
        rehearsal = office.rehearsal(made, "liaison@hrss")
        rehearsal.do("ask", {"received_on": "2026-03-02", **given})
        return rehearsal

    assert open_steps(way(received_on="2026-02-27")) == ["old"]
    rehearsal = office.rehearsal(made, "liaison@hrss")
    rehearsal.wait(working_days=2)
    rehearsal.do("ask", {"received_on": "2026-03-02"})
    assert open_steps(rehearsal) == ["why"]
    assert open_steps(way(amount=100000)) == ["meet"]
    assert open_steps(way(urgent=True)) == ["sign_a", "sign_b"]
    rehearsal = way(area=80)
    rehearsal.do("sign_b", {}, by="deputy")
    assert open_steps(rehearsal) == ["sign_a"]
    rehearsal.do("sign_a", {})
    assert open_steps(rehearsal) == ["confirm"]
    [confirm] = rehearsal.state.open
    assert made.forms["confirm"].prefill(confirm.data) == {"subsidy": 4000}
    assert made.stage_names["publicity"] == "公示"


def test_the_dispatcher_gives_days_where_they_are_given(office: Office) -> None:
    files = shipped(unit_handling=("else working_days(7)", "else working_days(days_given or 7)"))
    schema, ui = json.loads(files["forms/dispatch.json"]), json.loads(files["forms/dispatch.ui.json"])
    schema["properties"]["days_given"] = {"type": "integer", "title": "办理天数", "minimum": 1, "maximum": 30}
    ui["ui:order"].append("days_given")
    files["forms/dispatch.json"] = json.dumps(schema, ensure_ascii=False).encode()
    files["forms/dispatch.ui.json"] = json.dumps(ui, ensure_ascii=False).encode()
    assert dispatched(office, files, "education", days_given=3).state.due["handle/edu"] == date(2026, 3, 5)
    assert dispatched(office, files, "education").state.due["handle/edu"] == date(2026, 3, 11)
