"""规则表 tried: what a decision table answers to values, by the engine and nothing else.

The table runs within a small process of its own: start, the table, end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from service import engine
from service.checks.decision_model import Decision, decisions_of
from service.engine.xml import parse_xml
from service.errors import Finding, Invalid
from service.processes.bundles import compile_bundle
from service.processes.calendars import DayFunctions
from service.processes.contexts import context_of
from service.workdays import Calendar

NOWHERE = UUID(int=0)
_KEY = "try_table"
_BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="try_definitions"
    targetNamespace="urn:liaison:try">
  <bpmn:process id="try_table" name="试规则" isExecutable="true">
    <bpmn:startEvent id="begin"><bpmn:outgoing>to_table</bpmn:outgoing></bpmn:startEvent>
    <bpmn:businessRuleTask id="ask_table" name="规则">
      <bpmn:extensionElements><spiffworkflow:calledDecisionId>{decision}</spiffworkflow:calledDecisionId></bpmn:extensionElements>
      <bpmn:incoming>to_table</bpmn:incoming><bpmn:outgoing>from_table</bpmn:outgoing>
    </bpmn:businessRuleTask>
    <bpmn:endEvent id="end"><bpmn:incoming>from_table</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="to_table" sourceRef="begin" targetRef="ask_table" />
    <bpmn:sequenceFlow id="from_table" sourceRef="ask_table" targetRef="end" />
  </bpmn:process>
</bpmn:definitions>
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rules (ids) that answered, and the outputs by name."""

    rules: tuple[str, ...]
    outputs: Mapping[str, Any]


def decision_in(content: bytes, name: str) -> Decision:
    """The one table of a file. Raises Invalid where it cannot be read or holds none or several."""
    found = list(decisions_of({name: parse_xml(content, name=name)}).values())
    if len(found) != 1 or not found[0].id.isidentifier():
        raise Invalid("规则表读不出来", [Finding(name, "一个文件放且只放一张规则表，id 用英文")])
    return found[0]


def answer(
    content: bytes, name: str, data: Mapping[str, Any], settings: Mapping[str, Any], calendar: Calendar, now: datetime
) -> Answer:
    """The table's answer to ``data``; ``settings`` is what expressions may ask. Raises Invalid where it cannot run."""
    decision = decision_in(content, name)
    files = {f"bpmn/{_KEY}.bpmn": _BPMN.format(decision=decision.id).encode(), "bpmn/table.dmn": content}
    made = compile_bundle(files, _KEY)
    given = {**data, "settings": dict(settings)}
    try:
        landing = engine.start(
            made.program, given, context_of(NOWHERE, 0, DayFunctions(calendar, now), _no_action, time(9))
        )
    except engine.EngineFailure as error:
        raise Invalid("规则表算不出结果", [Finding(name, str(error))]) from error
    outputs = {one.text: landing.data.get(one.text) for one in decision.outputs}
    return Answer(tuple(rule for _, rule in landing.decided), outputs)


def _no_action(_call: engine.Call) -> Any:
    raise Invalid("规则表不调用系统动作")
