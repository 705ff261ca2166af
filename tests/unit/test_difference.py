"""Changes between two versions, in words that an owner reads, and by element for the drawing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from service.processes.bundles import read_bundle
from service.studio.difference import Difference, compare
from tests.factories.world import HOME

REQUEST, TABLE, FORM = "bpmn/request.bpmn", "bpmn/dispatch.dmn", "forms/accept.json"
Files = dict[str, bytes]


def shipped() -> Files:
    return dict(read_bundle(HOME / "bpmn/request", HOME / "forms/request"))


def after(name: str, *swaps: tuple[str, str]) -> Difference:
    """The words for a change of text in one file."""
    files = shipped()
    text = files[name].decode()
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new, 1)
    return compare(shipped(), files | {name: text.encode()})


def form(change: Callable[[dict[str, Any]], object]) -> list[str]:
    """The words for a change of one form."""
    files = shipped()
    schema = json.loads(files[FORM])
    change(schema)
    return compare(shipped(), files | {FORM: json.dumps(schema).encode()}).lines


DIAGRAM = {
    "a name": ([('name="登记需求"', 'name="登记诉求"')], "步骤「登记诉求」：名称由“登记需求”改为“登记诉求”"),
    "a due date": (
        [('name="due" value="working_days(2)"', 'name="due" value="working_days(5)"')],
        "步骤「登记需求」：期限由“2 个工作日”改为“5 个工作日”",
    ),
    "a lane": (
        [
            ("<bpmn:flowNodeRef>accept</bpmn:flowNodeRef>", ""),
            ("Ref>record_need</", "Ref>accept</bpmn:flowNodeRef><bpmn:flowNodeRef>record_need</"),
        ],
        "步骤「受理审核」：由泳道「区人才办」改归「联络员」",
    ),
    "a lane's name": (
        [('id="talent_office" name="区人才办"', 'id="talent_office" name="人才局"')],
        "泳道名称由“区人才办”改为“人才局”",
    ),
    "a new step": (
        [("<bpmn:startEvent", '<bpmn:userTask id="sign_off" name="会签"/><bpmn:startEvent'),
         ("<bpmn:flowNodeRef>accept<", "<bpmn:flowNodeRef>sign_off</bpmn:flowNodeRef><bpmn:flowNodeRef>accept<")],
        "新增步骤「会签」（区人才办）",
    ),
    "what the process says": (
        [('name="button" value="登记需求"', 'name="button" value="提出需求"')],
        "流程：按钮上的字由“登记需求”改为“提出需求”",
    ),
    "words on the drawing": ([("一件事项一张需求处理单。", "一事一单。")], "「高层次人才需求处理」的说明由"),
}  # fmt: skip


@pytest.mark.parametrize("case", DIAGRAM)
def test_a_change_of_a_diagram_is_told(case: str) -> None:
    swaps, told = DIAGRAM[case]
    found = after(REQUEST, *swaps)
    assert found.sort == "content"
    assert any(line.startswith(told) for line in found.lines), found.lines
    assert len(found.lines) == 1, found.lines


def test_clocks_conditions_and_actions_are_told() -> None:
    files = shipped()
    text = files["bpmn/unit_handling.bpmn"].decode()
    start = text.index("<bpmn:timeDate")
    clock = text[start : text.index("</bpmn:timeDate>", start)]
    said = clock[clock.index(">") + 1 :]
    condition = text[text.index("<bpmn:conditionExpression") : text.index("</bpmn:conditionExpression>")]
    text = text.replace(clock, clock.replace(said, said + " + 1"), 1)
    text = text.replace(condition, condition + " and True", 1)
    text = text.replace('cancelActivity="false"', 'cancelActivity="true"', 1)
    lines = compare(shipped(), files | {"bpmn/unit_handling.bpmn": text.encode()}).lines
    assert any(line.startswith("定时「") and "：时间由" in line for line in lines), lines
    assert any("：条件由“" in line and "and True" in line for line in lines), lines
    assert any(line.endswith("改为到时取消原步骤") for line in lines), lines
    action = after(
        REQUEST,
        ("<spiffworkflow:parameter id=", '<spiffworkflow:parameter id="also" value="1"/><spiffworkflow:parameter id='),
    )
    assert any("动作的参数 also 新写为“1”" in line for line in action.lines), action.lines


def test_the_order_of_a_gateways_conditions_is_told() -> None:
    text = shipped()[REQUEST].decode()
    flows = [part + "</bpmn:sequenceFlow>" for part in text.split("</bpmn:sequenceFlow>")]
    route = [flow[flow.rindex("<bpmn:sequenceFlow") :] for flow in flows[:-1] if 'sourceRef="route"' in flow]
    conditions = [flow for flow in route if "conditionExpression" in flow][:2]
    swapped = text.replace(conditions[0], "@").replace(conditions[1], conditions[0]).replace("@", conditions[1])
    found = compare(shipped(), shipped() | {REQUEST: swapped.encode()})
    assert any("：条件的先后改为" in line for line in found.lines), found.lines


def test_what_only_moved_is_counted_and_drawn() -> None:
    found = after(REQUEST, ('<dc:Bounds x="228"', '<dc:Bounds x="229"'), ('x="160" y="80"', 'x="161" y="80"'))
    assert found.sort == "layout"
    assert found.lines in (["另有 1 处只是在图上移动了位置"], [])
    text = shipped()[REQUEST].decode()
    start = text.index('bpmnElement="record_need"')
    box = text[start : text.index("/>", start)]
    moved = after(REQUEST, (box, box.replace(' y="', ' y="1')))
    assert moved.elements == {"request": {"record_need": "moved"}}
    assert compare(shipped(), shipped()) == Difference("same", ())


def test_a_table_is_told_by_rule() -> None:
    files = shipped()
    text = files[TABLE].decode()
    start = text.index('<rule id="rule_02"')
    rule = text[start : text.index("</rule>", start) + len("</rule>")]
    last = text.replace(rule, "").replace("</decisionTable>", rule + "</decisionTable>")
    assert compare(files, files | {TABLE: last.encode()}).lines == ["规则表「派单建议」：有一条规则移到了第 10 条"]
    gone = compare(files, files | {TABLE: text.replace(rule, "").encode()}).lines
    assert [line.split("，")[0] for line in gone] == ["规则表「派单建议」：删除原第 2 条规则"]
    cell = after(TABLE, ('<text>"edu"</text>', '<text>"hrss"</text>')).lines
    assert cell == ['规则表「派单建议」第 1 条：「主办单位」由“"edu"”改为“"hrss"”']
    assert after(TABLE, ('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"')).lines == [
        "规则表「派单建议」：取用规则的方式由“取第一条相符的”改为“只能有一条相符”"
    ]


def test_a_form_is_told_by_field() -> None:
    decision = "表单「受理审核」的字段「审核意见」："
    assert form(lambda one: one["properties"]["decision"].update(title="意见")) == [
        "表单「受理审核」的字段「意见」：名称由“审核意见”改为“意见”"
    ]
    assert form(lambda one: one["properties"].update(extra={"type": "string", "title": "补充"})) == [
        "表单「受理审核」：新增字段「补充」"
    ]
    assert form(lambda one: one["properties"]["decision"]["oneOf"].append({"const": "later", "title": "缓办"})) == [
        f"{decision}增加选项「缓办」"
    ]
    assert form(lambda one: one["required"].remove("decision")) == [f"{decision}改为选填"]
    assert form(lambda one: one.update({"x-warn": []})) == [
        "表单「受理审核」：随填写内容而变的要求（何时显示、何时必填、提醒）有变"
    ]


def test_other_files_and_what_cannot_be_read_are_told_by_file() -> None:
    more = {"scenarios/a.yaml": "title: 逾期后通报\n".encode(), "forms/a.typ": b"x\n"}
    assert compare(shipped(), shipped() | more).lines == ["新增打印模板「a.typ」", "新增用例「逾期后通报」"]
    assert compare({"forms/a.typ": b"x\ny\n"}, {"forms/a.typ": b"x\nz\nw\n"}).lines == [
        "打印模板「a.typ」有改动（增加 2 行，减少 1 行）"
    ]
    [broken] = compare(shipped(), shipped() | {REQUEST: b"<broken"}).lines
    assert broken.startswith("流程图文件「request.bpmn」有改动（增加 1 行")


def test_a_form_that_unfolds_without_end_is_told_by_file() -> None:
    parts = {f"p{n}": {"allOf": [{"$ref": f"#/$defs/p{n + 1}"}] * 10} for n in range(9)}
    bomb = json.dumps({"$defs": {**parts, "p9": {"properties": {"a": {}}}}, "$ref": "#/$defs/p0"}).encode()
    assert compare(shipped(), shipped() | {FORM: bomb}).lines[0].startswith("表单文件「accept.json」有改动")
