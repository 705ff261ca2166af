"""Changes between two versions, in words that an owner reads, and by element for the drawing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from service.config import load, load_organization
from service.processes.bundles import read_bundle
from service.studio.difference import Difference, compare
from service.usecases.panels import choices_of
from tests.factories.world import HOME

REQUEST, TABLE, FORM = "bpmn/request.bpmn", "bpmn/dispatch.dmn", "forms/accept.json"
Files = dict[str, bytes]
HOUSE = choices_of(load(HOME / "config", {}), load_organization(HOME / "config"))


def shipped() -> Files:
    return dict(read_bundle(HOME / "bpmn/request", HOME / "forms/request"))


def after(name: str, *swaps: tuple[str, str]) -> Difference:
    """The words for a change of text in one file."""
    files = shipped()
    text = files[name].decode()
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new, 1)
    return compare(shipped(), files | {name: text.encode()}, HOUSE)


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
        "流程：发起按钮上的字由“登记需求”改为“提出需求”",
    ),
    "a process's name, and not that its description came and went": (
        [('id="request" name="高层次人才需求处理"', 'id="request" name="人才需求办理"')],
        "流程名称由“高层次人才需求处理”改为“人才需求办理”",
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
    assert any("：条件由「" in line and "and True" in line for line in lines), lines
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
    assert cell == ["规则表「派单建议」第 1 条：「主办单位」由“区教育局”改为“区人力资源和社会保障局”"]
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
    assert form(lambda one: one.update({"x-warn": []})) == ["表单「受理审核」：提交时的提醒有变"]


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


def test_a_field_that_depends_on_another_is_told_with_its_condition() -> None:
    """And nothing else: neither that the order changed, nor that there are other conditions."""
    files = shipped()
    schema, page = (json.loads(files[name]) for name in ("forms/handle.json", "forms/handle.ui.json"))
    schema["allOf"][0]["then"]["properties"]["place"] = {"type": "string", "title": "办理地点"}
    schema["allOf"][0]["then"]["required"].append("place")
    page["ui:order"].insert(1, "place")
    changed = {"forms/handle.json": json.dumps(schema).encode(), "forms/handle.ui.json": json.dumps(page).encode()}
    assert compare(files, files | changed).lines == [
        "表单「办理」：新增字段「办理地点」，“办理结果”是“已办理，正式回复”时才显示，显示时必填"
    ]
    page["ui:order"].reverse()
    moved = compare(files, files | {"forms/handle.ui.json": json.dumps(page).encode()}).lines
    assert moved == ["表单「办理」：字段的先后有变"]


def test_words_of_a_form_are_told_by_name() -> None:
    files = shipped()
    schema = json.loads(files["forms/dispatch.json"])
    schema["properties"]["lead_unit"].update({"x-ref": "talents", "type": "integer"})
    told = compare(files, files | {"forms/dispatch.json": json.dumps(schema).encode()}).lines
    lead = "表单「派单」的字段「主办单位」："
    assert told == [f"{lead}类型由“文字”改为“整数”", f"{lead}选自哪种记录由“单位”改为“人才”"]


def test_a_long_text_is_told_where_it_differs() -> None:
    files = shipped()
    old, new = (json.loads(files[FORM]) for _ in range(2))
    for one, day in ((old, "三天"), (new, "五天")):
        one["description"] = f"{'很长的说明。' * 60}{day}{'以后照旧。' * 60}"
    [line] = compare(files | {FORM: json.dumps(old).encode()}, files | {FORM: json.dumps(new).encode()}).lines
    assert "三天以后照旧" in line
    assert "五天以后照旧" in line
    assert len(line) < 120


DUE = "agreed_date if result == 'interim' and agreed_date else "
AGREED = "“办理结果”是“暂未解决或须分步解决，阶段反馈”，并且“同意的期限”填了时“同意的期限”"
MANY = f"first_of({', '.join(['category'] * 16)})"
WORDED = {
    "a deadline by cases": (
        "bpmn/unit_handling.bpmn",
        (f"{DUE}working_days(7)", f"{DUE}working_days(5) if category == 'housing' else working_days(7)"),
        (
            f"步骤「办理」：期限由「{AGREED}；其余 7 个工作日」改为"
            f"「{AGREED}；“事项类别”是“住房保障”时 5 个工作日；其余 7 个工作日」"
        ),
    ),
    "a deadline without words, whole": (
        "bpmn/unit_handling.bpmn",
        (f"{DUE}working_days(7)", MANY),
        f"改为“{MANY}”",
    ),
    "a clock": (
        "bpmn/unit_handling.bpmn",
        ("working_days_after(due_on, -3)", "working_days_after(due_on, 2)"),
        "定时「到期前3个工作日」：时间由“到期前 3 个工作日”改为“逾期 2 个工作日”",
    ),
    "a condition": (
        REQUEST,
        ("decision == 'accept'", "decision == 'decline'"),
        "：条件由「“审核意见”是“受理”」改为",
    ),
    "the default way": (
        REQUEST,
        (' default="not_answered_now"', ""),
        "各条件都不成立时不再有路可走（原来走“不能，或须多部门协调”",
    ),
    "who": (
        REQUEST,
        ('name="due" value="working_days(2)"', 'name="candidates" value="liaison"'),
        "步骤「登记需求」：谁办新写为“联络员”",
    ),
    "a cell with data": (TABLE, ("[town]", '["edu", town]'), "「协办单位」由“所在镇街”改为“区教育局”、“所在镇街”"),
}


@pytest.mark.parametrize("case", WORDED)
def test_codes_and_expressions_are_told_in_words(case: str) -> None:
    name, swap, told = WORDED[case]
    found = after(name, swap)
    assert any(told in line for line in found.lines), found.lines


SCENARIO = """title: 逾期后催办
starts: 2026-03-02T09:30
fill: true
steps:
  - {do: record_need, by: liaison@hrss, data: {category: housing, on_the_spot: false}}
  - {do: accept, data: {decision: accept}}
  - {wait: 8}
  - {do: handle, unit: edu, data: {result: done, reply: 已办}}
expect:
  passed: [record_need, accept, handle/edu]
  due: {handle/edu: 2026-03-11}
  notices: [due_soon, urge]
  data: {category: housing}
"""


def scenario(*swaps: tuple[str, str]) -> list[str]:
    """The words for a change of one scenario, without whose they are."""
    files, name = shipped(), "scenarios/late.yaml"
    changed = SCENARIO
    for old, new in swaps:
        assert old in changed, old
        changed = changed.replace(old, new, 1)
    told = compare(files | {name: SCENARIO.encode()}, files | {name: changed.encode()}, HOUSE).lines
    assert all(line.startswith("用例「") for line in told)
    return [line.partition("」")[2].removeprefix("：") for line in told]


def test_a_scenario_is_told_by_step_field_and_expectation() -> None:
    assert scenario(("wait: 8", "wait: 5")) == ["第 3 步，等几个工作日：由 8 个工作日改为 5 个工作日"]
    assert scenario(("decision: accept", "decision: reject")) == [
        "第 2 步，办「受理审核」：“审核意见”由“受理”改为“不予受理”"
    ]
    assert scenario(("by: liaison@hrss", "by: liaison@edu")) == [
        "第 1 步，办「登记需求」：由谁办由“联络员（区人力资源和社会保障局）”改为“联络员（区教育局）”"
    ]
    assert scenario(("  - {wait: 8}\n", "  - {do: dispatch, data: {lead_unit: edu}}\n")) == [
        "少了一步：过 8 个工作日",
        "在办「受理审核」之后多了一步：办「派单」（“主办单位”填“区教育局”）",
    ]
    assert scenario(("2026-03-11", "2026-03-13"), ("due_soon, urge", "urge, circular")) == [
        "应发出的提醒少了“即将到期”",
        "应发出的提醒，“催办”之后多了“通报”",
        "「办理」（区教育局）应有的期限由“2026-03-11”改为“2026-03-13”",
    ]
    assert scenario(("expect:\n", "expect:\n  end: end_done\n"), ("category: housing}\n", "category: research}\n")) == [
        "应有的结束由“仍在办”改为「办结」",
        "应有的数据“事项类别”由“住房保障”改为“科研平台与项目”",
    ]
    assert scenario(("fill: true\n", "fill: true   # 样例\n")) == ["只改了写法，走法和应有的结果没有变"]


def test_a_scenario_that_cannot_be_read_is_told_by_file() -> None:
    files, name = shipped(), "scenarios/late.yaml"
    broken = SCENARIO.replace("steps:", "steps").encode()
    [line] = compare(files | {name: SCENARIO.encode()}, files | {name: broken}, HOUSE).lines
    assert line == "用例「逾期后催办」有改动（增加 1 行，减少 1 行）"


def test_holders_subjects_and_values_of_actions_are_told_by_name() -> None:
    told = after(
        REQUEST,
        ('name="about" value="slots:decision == \'refer\'"', 'name="about" value="lead_unit"'),
        ('<bpmn:outputDataItem id="decision" />', '<bpmn:outputDataItem id="result" />'),
        ('id="lead_unit" type="str" value="lead_unit"', 'id="lead_unit" type="str" value="\'edu\'"'),
    ).lines
    assert [line.partition("：")[2] for line in told] == [
        "动作的参数“主办单位”由“主办单位”改为“区教育局”",
        "每一份的结果由“审核意见／审批意见／会议决定／会议意见／如何处理”改为“办理结果”",
        "决定的是哪些单位的事由「各单位办完的，“审核意见”是“转研判（另作处理）”的单位」改为“主办单位”",
    ]
