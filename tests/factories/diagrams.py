"""A small sound definition to spoil: a matter is applied for, decided, handled by units side by side, and closed.

Only the meaning is written here; the drawing (DI) is laid out on a grid from it, so that a test that adds a node
need not draw it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from service.checks import ActionSignature, CheckContext, check

CONTEXT = CheckContext(
    roles={"liaison": "origin", "talent_office": "all", "responsible_unit": "data:unit"},
    actions={
        "open_round": ActionSignature({"lead_unit": True, "assisting_units": False}, sample=["edu", "health"]),
        "notice": ActionSignature({"kind": True, "unit": False}, sample=True),
        "log": ActionSignature({}, result=False),
    },
    settings=frozenset({"group_opinion_required"}),
    units=frozenset({"edu", "health", "housing"}),
    key="matter",
)

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" targetNamespace="urn:test">
"""

MATTER = """
<bpmn:message id="withdrawn" name="withdrawn" />
<bpmn:process id="matter" name="事项" isExecutable="true">
  <bpmn:extensionElements><spiffworkflow:properties>
    <spiffworkflow:property name="work" value="联络员申请，区人才办决定，责任单位办理" />
    <spiffworkflow:property name="button" value="提出申请" />
    <spiffworkflow:property name="purpose" value="请区人才办决定" />
  </spiffworkflow:properties></bpmn:extensionElements>
  <bpmn:laneSet id="lanes">
    <bpmn:lane id="liaison" name="联络员"><bpmn:flowNodeRef>apply</bpmn:flowNodeRef></bpmn:lane>
    <bpmn:lane id="talent_office" name="区人才办">
      <bpmn:flowNodeRef>decide</bpmn:flowNodeRef>
      <bpmn:flowNodeRef>decided_is</bpmn:flowNodeRef>
    </bpmn:lane>
  </bpmn:laneSet>
  <bpmn:startEvent id="begin" name="开始" />
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="apply" />
  <bpmn:userTask id="apply" name="申请">
    <bpmn:extensionElements><spiffworkflow:properties>
      <spiffworkflow:property name="stage" value="intake" />
      <spiffworkflow:property name="due" value="working_days(2)" />
    </spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:boundaryEvent id="late" name="到期前一天" attachedToRef="apply" cancelActivity="false">
    <bpmn:timerEventDefinition id="late_timer">
      <bpmn:timeDate xsi:type="bpmn:tFormalExpression">working_days_after(due_on, -1)</bpmn:timeDate>
    </bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:sequenceFlow id="f2" sourceRef="late" targetRef="remind" />
  <bpmn:serviceTask id="remind" name="提醒">
    <bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="notice" resultVariable="reminded">
      <spiffworkflow:parameters>
        <spiffworkflow:parameter id="kind" type="str" value="'due_soon'" />
      </spiffworkflow:parameters>
    </spiffworkflow:serviceTaskOperator></bpmn:extensionElements>
  </bpmn:serviceTask>
  <bpmn:sequenceFlow id="f3" sourceRef="remind" targetRef="reminded_end" />
  <bpmn:endEvent id="reminded_end" />
  <bpmn:sequenceFlow id="f4" sourceRef="apply" targetRef="propose" />
  <bpmn:businessRuleTask id="propose" name="提出建议">
    <bpmn:extensionElements><spiffworkflow:calledDecisionId>units_for</spiffworkflow:calledDecisionId>
    </bpmn:extensionElements>
  </bpmn:businessRuleTask>
  <bpmn:sequenceFlow id="f5" sourceRef="propose" targetRef="decide" />
  <bpmn:userTask id="decide" name="决定">
    <bpmn:extensionElements><spiffworkflow:properties>
      <spiffworkflow:property name="stage" value="dispatch" />
    </spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:sequenceFlow id="f6" sourceRef="decide" targetRef="decided_is" />
  <bpmn:exclusiveGateway id="decided_is" name="是否同意？" default="f7" />
  <bpmn:sequenceFlow id="f7" name="同意" sourceRef="decided_is" targetRef="open_it" />
  <bpmn:sequenceFlow id="f8" name="退回" sourceRef="decided_is" targetRef="apply">
    <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">decision == 'return'</bpmn:conditionExpression>
  </bpmn:sequenceFlow>
  <bpmn:serviceTask id="open_it" name="派出">
    <bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="open_round" resultVariable="units">
      <spiffworkflow:parameters>
        <spiffworkflow:parameter id="lead_unit" type="str" value="lead_unit" />
      </spiffworkflow:parameters>
    </spiffworkflow:serviceTaskOperator></bpmn:extensionElements>
  </bpmn:serviceTask>
  <bpmn:sequenceFlow id="f9" sourceRef="open_it" targetRef="slots" />
  <bpmn:callActivity id="slots" name="各单位办理" calledElement="slot">
    <bpmn:multiInstanceLoopCharacteristics>
      <bpmn:loopDataInputRef>units</bpmn:loopDataInputRef>
      <bpmn:loopDataOutputRef>outcomes</bpmn:loopDataOutputRef>
      <bpmn:inputDataItem id="unit" />
      <bpmn:outputDataItem id="outcome" />
    </bpmn:multiInstanceLoopCharacteristics>
  </bpmn:callActivity>
  <bpmn:sequenceFlow id="f10" sourceRef="slots" targetRef="closed" />
  <bpmn:endEvent id="closed" name="办结" />
</bpmn:process>
"""

SLOT = """
<bpmn:process id="slot" name="单位办理" isExecutable="true">
  <bpmn:laneSet id="slot_lanes">
    <bpmn:lane id="responsible_unit" name="责任单位"><bpmn:flowNodeRef>handle</bpmn:flowNodeRef></bpmn:lane>
  </bpmn:laneSet>
  <bpmn:startEvent id="slot_begin" name="收到" />
  <bpmn:sequenceFlow id="s1" sourceRef="slot_begin" targetRef="handle" />
  <bpmn:userTask id="handle" name="办理">
    <bpmn:extensionElements><spiffworkflow:properties>
      <spiffworkflow:property name="stage" value="handling" />
      <spiffworkflow:property name="candidates" value="unit:unit" />
      <spiffworkflow:property name="due" value="working_days(7)" />
      <spiffworkflow:property name="warn" value="3" />
    </spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:sequenceFlow id="s2" sourceRef="handle" targetRef="slot_end" />
  <bpmn:endEvent id="slot_end" name="办好" />
</bpmn:process>
"""

UNITS_FOR = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="tables" name="建议" namespace="urn:test">
  <decision id="units_for" name="建议单位">
    <decisionTable id="table" hitPolicy="FIRST">
      <input id="in_1" label="类别">
        <inputExpression id="in_1_x" typeRef="string"><text>category</text></inputExpression>
      </input>
      <output id="out_1" label="主办" name="lead_unit" typeRef="string" />
      <rule id="r1">
        <inputEntry id="r1_in"><text>? in ['school', 'college']</text></inputEntry>
        <outputEntry id="r1_out"><text>'edu'</text></outputEntry>
      </rule>
      <rule id="r2">
        <inputEntry id="r2_in"><text>-</text></inputEntry>
        <outputEntry id="r2_out"><text>'health'</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


def choice(title: str, **options: str) -> dict[str, Any]:
    """A field that takes one of ``options`` (value -> Chinese title)."""
    return {
        "type": "string",
        "title": title,
        "oneOf": [{"const": value, "title": shown} for value, shown in options.items()],
    }


def form(title: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A closed form whose fields are all required."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": fields,
        "required": sorted(fields),
        "unevaluatedProperties": False,
        **more,
    }


def forms() -> dict[str, Any]:
    """The forms and user-interface settings by file name."""
    return {
        "apply.json": form(
            "申请",
            {
                "category": choice("类别", school="中小学", college="高校", clinic="医疗"),
                "wanted_on": {"type": "string", "format": "date", "title": "希望日期", "x-date": "future"},
                "count": {"type": "integer", "title": "人数", "minimum": 1},
            },
        ),
        "apply.ui.json": {"ui:order": ["category", "*"], "category": {"ui:widget": "radio"}},
        "decide.json": form(
            "决定",
            {
                "decision": choice("决定", agree="同意", **{"return": "退回"}),
                "lead_unit": {"type": "string", "title": "主办单位", "x-ref": "units", "x-prefill": True},
            },
        ),
        "handle.json": form("办理", {"outcome": choice("结果", done="办好", refer="转出")}),
    }


def definition(*changes: tuple[str, str, str], extra: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """The sound definition with ``changes``: (file, text to replace once, text to put). Asserts that each bites.

    ``extra`` are whole files put beside or over the others.
    """
    texts = {"bpmn/matter.bpmn": MATTER, "bpmn/slot.bpmn": SLOT, "bpmn/units_for.dmn": UNITS_FOR}
    texts |= {f"forms/{name}": json.dumps(value, ensure_ascii=False, indent=1) for name, value in forms().items()}
    for file, old, new in changes:
        assert old in texts[file], f"{old!r} is not in {file}"
        texts[file] = texts[file].replace(old, new, 1)
    files = {name: (drawn(text) if name.endswith(".bpmn") else text).encode() for name, text in texts.items()}
    return files | (extra or {})


F10 = '<bpmn:sequenceFlow id="f10" sourceRef="slots" targetRef="closed" />'


def before_end(node: str) -> tuple[str, str, str]:
    """A change that puts ``node`` (its id: ``extra``) between the slots and the end."""
    around = (
        f'<bpmn:sequenceFlow id="f10" sourceRef="slots" targetRef="extra" />{node}'
        '<bpmn:sequenceFlow id="g1" name="继续" sourceRef="extra" targetRef="closed" />'
    )
    return ("bpmn/matter.bpmn", F10, around)


def rules(files: dict[str, bytes], context: CheckContext = CONTEXT) -> list[tuple[str, str]]:
    """The findings of the checks: (rule, element) in the order of the findings."""
    return [(finding.rule, finding.element) for finding in check(files, context=context)]


def changed_form(name: str, **changes: Any) -> dict[str, bytes]:
    """``extra`` with the form ``name`` whose top-level keywords are replaced; None drops one."""
    content = forms()[f"{name}.json"] | changes
    kept = {word: value for word, value in content.items() if value is not None}
    return {f"forms/{name}.json": json.dumps(kept, ensure_ascii=False, indent=1).encode()}


def drawn(body: str) -> str:
    """A whole BPMN file out of its meaning: shapes on a grid, edges between them."""
    nodes = re.findall(r'<bpmn:(\w+(?:Event|Task|Gateway|Activity|Process)|task|transaction) id="(\w+)"', body)
    flows = re.findall(r'<bpmn:sequenceFlow id="(\w+)"', body)
    lanes = re.findall(r'<bpmn:lane id="(\w+)"', body)
    shapes = [
        f'<bpmndi:BPMNShape id="{node}_di" bpmnElement="{node}"><dc:Bounds x="{100 + 120 * place}" y="100" '
        f'width="80" height="60" /></bpmndi:BPMNShape>'
        for place, (_, node) in enumerate(nodes)
    ]
    shapes += [
        f'<bpmndi:BPMNShape id="{lane}_di" bpmnElement="{lane}"><dc:Bounds x="0" y="{200 * place}" width="900" '
        f'height="200" /></bpmndi:BPMNShape>'
        for place, lane in enumerate(lanes)
    ]
    edges = [
        f'<bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}"><di:waypoint x="0" y="0" /><di:waypoint x="9" y="0" />'
        f"</bpmndi:BPMNEdge>"
        for flow in flows
    ]
    plane = "\n".join([*shapes, *edges])
    page = re.search(r'<bpmn:(?:collaboration|process) id="([^"]*)"', body) or ["", ""]
    return (
        f'{_HEAD}{body}<bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="{page[1]}">'
        f"\n{plane}\n</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>\n</bpmn:definitions>\n"
    )
