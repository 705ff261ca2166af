"""New processes: empty but runnable, or a copy of another one with ids of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from itertools import pairwise

from service.engine.xml import parse_xml, utf8
from service.errors import Finding, Invalid
from service.spelling import tidy
from service.studio.source import Document, Element, Unreadable, escaped, read, tag

LONGEST_NAME = 40
_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")
_HERE, _ANYWHERE = frozenset({"processRef", "bpmnElement", "messageRef"}), frozenset({"calledElement"})
"""Attributes that name what stands in the same file, and in any file of the process."""
_OWN = frozenset({"process", "decision", "message", "collaboration", "definitions"})


def require_new(process: str, name: str) -> str:
    """The name of a new process, tidied. Raises Invalid for a bad id or name."""
    findings = []
    if not _KEY.fullmatch(process):
        message = "代码用小写字母、数字和下划线，以字母开头，2 至 40 个字符，如 housing_visit"
        findings.append(Finding("/process", message))
    called = tidy(name).strip()
    if not called or len(called) > LONGEST_NAME:
        findings.append(Finding("/name", f"请填写流程的名称，不超过 {LONGEST_NAME} 个字"))
    if findings:
        raise Invalid("不能新建流程", findings)
    return called


def empty(process: str, name: str, *, role: str, role_name: str) -> dict[str, bytes]:
    """A process with a start, one step for ``role`` with a form, and an end; with a scenario that passes it."""
    called = escape(require_new(process, name))
    form = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "填写",
        "type": "object",
        "required": ["title"],
        "properties": {
            "title": {"type": "string", "title": "事由", "minLength": 1, "maxLength": 100, "pattern": "\\S"},
            "note": {"type": "string", "title": "说明", "maxLength": 1000},
        },
        "unevaluatedProperties": False,
    }
    page = {"ui:order": ["title", "note"], "note": {"ui:widget": "textarea", "ui:options": {"rows": 4}}}
    scenario = """\
title: 从填写到结束
starts: 2026-03-02T09:30
steps:
  - {do: fill_in, data: {title: 样例}}
expect:
  end: finished
  passed: [fill_in]
  due: {fill_in: 2026-03-05}
"""
    return {
        f"bpmn/{process}.bpmn": _drawing(process, called, escape(role), escape(role_name)).encode(),
        "forms/fill_in.json": _json(form),
        "forms/fill_in.ui.json": _json(page),
        "scenarios/plain.yaml": scenario.encode(),
    }


def copy(files: Mapping[str, bytes], key: str, process: str, name: str) -> dict[str, bytes]:
    """The files of the process ``key`` as those of a new process: its diagrams, tables and messages get new ids.

    Steps keep theirs: they are known by process and step. Raises Invalid for files that cannot be read.
    """
    called = require_new(process, name)
    documents = {file: _read(file, content) for file, content in files.items() if file.endswith((".bpmn", ".dmn"))}
    renamed = {key: process}
    for document in documents.values():
        for own in _own(document):
            renamed.setdefault(own, f"{process}_{own.removeprefix(f'{key}_')}"[:60])
    found = {}
    for file, content in files.items():
        folder, _, plain = file.partition("/")
        stem, dot, suffix = plain.partition(".")
        target = f"{folder}/{process}{dot}{suffix}" if folder == "bpmn" and stem == key else file
        read_as = documents.get(file)
        found[target] = content if read_as is None else _copied(read_as, renamed, process, called)
    return found


def _own(document: Document) -> list[str]:
    return [own for one in document.root.walk() if one.local in _OWN and (own := one.get("id"))]


def _copied(document: Document, renamed: Mapping[str, str], process: str, name: str) -> bytes:
    here = {own: renamed[own] for own in _own(document)}
    root = _with_ids(document.root, renamed, here, process, name)
    return replace(document, root=root).written().encode()


def _with_ids(
    element: Element, renamed: Mapping[str, str], here: Mapping[str, str], process: str, name: str
) -> Element:
    """The element with new ids. ``here`` are those of its own file: a step may be called as another file's process."""
    attributes = dict(element.attributes)
    if element.local in _OWN and "id" in attributes:
        attributes["id"] = here[attributes["id"]]
    attributes |= {key: here.get(value, value) for key, value in attributes.items() if key in _HERE}
    attributes |= {key: renamed.get(value, value) for key, value in attributes.items() if key in _ANYWHERE}
    if (element.local == "process" and attributes.get("id") == process) or attributes.get("processRef") == process:
        attributes["name"] = name
    if element.local == "definitions" and "targetNamespace" in attributes:
        attributes["targetNamespace"] = f"urn:liaison:{process}"
    inside: list[str | Element] = [
        one if isinstance(one, str) else _with_ids(one, renamed, here, process, name) for one in element.inside
    ]
    if element.local == "calledDecisionId" and element.text in renamed:
        inside = [escaped(renamed[element.text], attribute=False)]
    opening = element.opening
    if attributes != element.attributes:
        opening = tag(element.name, attributes, closed=not element.closing)
    return Element(element.name, attributes, opening, element.space, inside, element.closing)


def _read(name: str, content: bytes) -> Document:
    parse_xml(content, name=name)
    try:
        return read(utf8(content, name).decode("utf-8-sig"))
    except Unreadable as error:
        raise Invalid(f"文件 {name} 不能复制", [Finding(name, "命名空间请都写在根元素上")]) from error


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


_PLACES = (("begin", 252, 142, 36, 36), ("fill_in", 345, 120, 110, 80), ("finished", 512, 142, 36, 36))


def _drawing(process: str, name: str, role: str, role_name: str) -> str:
    shapes = "".join(
        f"""
      <bpmndi:BPMNShape id="{one}_di" bpmnElement="{one}">
        <dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}" />{_label(one, x)}
      </bpmndi:BPMNShape>"""
        for one, x, y, width, height in _PLACES
    )
    edges = "".join(
        f"""
      <bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}">
        <di:waypoint x="{before[1] + before[3]}" y="160" />
        <di:waypoint x="{after[1]}" y="160" />
      </bpmndi:BPMNEdge>"""
        for flow, (before, after) in zip(("begun", "filled_in"), pairwise(_PLACES), strict=True)
    )
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="{process}_definitions" \
targetNamespace="urn:liaison:{process}">
  <bpmn:collaboration id="{process}_page">
    <bpmn:participant id="{process}_pool" name="{name}" processRef="{process}" />
  </bpmn:collaboration>
  <bpmn:process id="{process}" name="{name}" isExecutable="true">
    <bpmn:extensionElements>
      <spiffworkflow:properties>
        <spiffworkflow:property name="stages" value="handling:办理" />
        <spiffworkflow:property name="button" value="发起" />
        <spiffworkflow:property name="page" value="todo" />
      </spiffworkflow:properties>
    </bpmn:extensionElements>
    <bpmn:laneSet id="{process}_lanes">
      <bpmn:lane id="{role}" name="{role_name}">
        <bpmn:flowNodeRef>begin</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>fill_in</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>finished</bpmn:flowNodeRef>
      </bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="begin" name="开始">
      <bpmn:outgoing>begun</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:userTask id="fill_in" name="填写">
      <bpmn:extensionElements>
        <spiffworkflow:properties>
          <spiffworkflow:property name="stage" value="handling" />
          <spiffworkflow:property name="form" value="fill_in" />
          <spiffworkflow:property name="due" value="working_days(3)" />
        </spiffworkflow:properties>
      </bpmn:extensionElements>
      <bpmn:incoming>begun</bpmn:incoming>
      <bpmn:outgoing>filled_in</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="finished" name="已办结">
      <bpmn:incoming>filled_in</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="begun" sourceRef="begin" targetRef="fill_in" />
    <bpmn:sequenceFlow id="filled_in" sourceRef="fill_in" targetRef="finished" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="{process}_drawing">
    <bpmndi:BPMNPlane id="{process}_plane" bpmnElement="{process}_page">
      <bpmndi:BPMNShape id="{process}_pool_di" bpmnElement="{process}_pool" isHorizontal="true">
        <dc:Bounds x="160" y="80" width="460" height="160" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{role}_di" bpmnElement="{role}" isHorizontal="true">
        <dc:Bounds x="190" y="80" width="430" height="160" />
      </bpmndi:BPMNShape>{shapes}{edges}
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def _label(name: str, x: int) -> str:
    if name == "fill_in":
        return ""
    return f"""
        <bpmndi:BPMNLabel>
          <dc:Bounds x="{x - 10}" y="185" width="56" height="14" />
        </bpmndi:BPMNLabel>"""
