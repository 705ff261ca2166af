"""Hostile definitions: each is refused by its rule, within two seconds and 200 MB of a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from service.checks import DefinitionFinding
from service.checks.confined import Limits, check_all_confined
from service.checks.elements import MAX_ALL_NODES
from service.processes.bounds import LARGEST_FORM, unfolded
from tests.factories.diagrams import CONTEXT, F10, UNITS_FOR, changed_form, definition, drawn, form
from tests.factories.diagrams import MATTER as DRAWN

LIMITS = Limits(memory=200_000_000)
FORM, TABLE, MATTER = "forms/apply.json", "bpmn/units_for.dmn", "bpmn/matter.bpmn"


def shown(schema: Any) -> dict[str, bytes]:
    return {FORM: json.dumps(schema, ensure_ascii=False).encode()}


def fan(levels: int, width: int = 2) -> dict[str, bytes]:
    """References that unfold to ``width`` ** ``levels`` parts, in a kilobyte."""
    parts = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * width} for n in range(levels)}
    content = form("申请", {"count": {"$ref": "#/$defs/a0", "title": "数"}})
    return shown(content | {"$defs": {**parts, f"a{levels}": {"type": "integer"}}})


def nested(levels: int) -> dict[str, bytes]:
    """Closed objects in closed objects: a validator goes through the inner ones twice at each level."""
    inner: dict[str, Any] = {"type": "object", "unevaluatedProperties": False}
    for _ in range(levels):
        inner = {"type": "object", "allOf": [inner], "unevaluatedProperties": False}
    return shown(inner)


def rows(count: int, cell: str) -> dict[str, bytes]:
    """A table of so many rows with that condition."""
    first, rest = UNITS_FOR.split('<rule id="r1">')
    row, end = rest.split("</rule>", 1)
    many = "".join(
        f'<rule id="q{n}">{row}</rule>'.replace("r1_", f"q{n}_").replace("? in ['school', 'college']", cell.format(n))
        for n in range(count)
    )
    return {TABLE: (first + many + end).encode()}


def cell(text: str) -> dict[str, bytes]:
    return {TABLE: UNITS_FOR.replace("? in ['school', 'college']", text).encode()}


def ends(count: int) -> dict[str, bytes]:
    """A process of so many nodes."""
    many = "".join(f'<bpmn:endEvent id="e{n}" name="完" />' for n in range(count))
    return {MATTER: definition()[MATTER].replace(b"</bpmn:process>", many.encode() + b"</bpmn:process>")}


def processes(count: int, nodes: int) -> dict[str, bytes]:
    return {
        f"bpmn/p{n}.bpmn": drawn(
            f'<bpmn:process id="p{n}" name="流程" isExecutable="true">'
            + "".join(f'<bpmn:endEvent id="p{n}_{m}" name="完" />' for m in range(nodes))
            + "</bpmn:process>"
        ).encode()
        for n in range(count)
    }


def condition(text: str) -> dict[str, bytes]:
    return {MATTER: definition()[MATTER].replace(b"decision == 'return'", text.encode())}


def fields(count: int, **more: Any) -> dict[str, bytes]:
    return shown(form("申请", {f"f{n}": {"type": "string", **more} for n in range(count)}))


def text_field(**more: Any) -> dict[str, bytes]:
    return shown(form("申请", {"count": {"type": "string", "title": "字", "maxLength": 100, **more}}))


def in_elements(depth: int) -> bytes:
    return b'<?xml version="1.0"?>' + b"<a>" * depth + b"</a>" * depth


def woven(kind: str, nodes: int = 280, flows: int = 880, condition: str = "") -> dict[str, bytes]:
    """A process of gateways in which each leads to several others, so that there are ways without number."""
    test = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'

    def way(n: int) -> str:
        source, target = n % nodes, (n * 7 + 3) % nodes if n >= nodes else (n + 1) % nodes
        inside = test.replace("#", str(n)) if condition and n >= nodes else ""
        ends = f'sourceRef="w{source}" targetRef="{"closed" if n == nodes - 1 else f"w{target}"}"'
        return f'<bpmn:sequenceFlow id="v{n}" name="路" {ends}>{inside}</bpmn:sequenceFlow>'

    gates = "".join(
        f'<bpmn:{kind} id="w{n}" name="门"{f" default={chr(34)}v{n}{chr(34)}" if condition else ""} />'
        for n in range(nodes)
    )
    begin = '<bpmn:sequenceFlow id="f10" sourceRef="slots" targetRef="w0" />'
    return {MATTER: drawn(DRAWN.replace(F10, begin + gates + "".join(map(way, range(flows))))).encode()}


def extended(count: int, name: str) -> dict[str, bytes]:
    """A task with so many extensions of another modeler."""
    more = f'<x:{name} xmlns:x="http://camunda.org/schema/1.0/bpmn" />' * count
    text = definition()[MATTER].decode().replace("<bpmn:extensionElements>", f"<bpmn:extensionElements>{more}", 1)
    return {MATTER: text.encode()}


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'

HOSTILE: dict[str, tuple[str, Callable[[], dict[str, bytes]]]] = {
    "references fanned out": ("form-size", lambda: fan(20)),
    "references fanned out wide": ("form-size", lambda: fan(9, 40)),
    "a reference to itself": ("form-reference", lambda: shown({"$ref": "#", "type": "object"})),
    "references in a circle": (
        "form-reference",
        lambda: shown({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
    ),
    "closed objects in closed objects": ("form-size", lambda: nested(17)),
    "brackets": ("json", lambda: {FORM: b"[" * 100_000 + b"]" * 100_000}),
    "objects in objects": ("json", lambda: {FORM: b'{"a":' * 20_000 + b"1" + b"}" * 20_000}),
    "one name fifty thousand times": ("json", lambda: {FORM: b"{" + b'"a":1,' * 42_000 + b'"a":1}'}),
    "distinct names, then one again": (
        "json",
        lambda: {FORM: ("{" + ",".join(f'"k{n}":1' for n in range(24_000)) + ',"k23999":2}').encode()},
    ),
    "a number of many digits": ("json", lambda: {FORM: b'{"a":' + b"9" * 200_000 + b"}"}),
    "fields without end": ("form-size", lambda: fields(4_500, maxLength=9)),
    "fields without titles": ("form-title", lambda: fields(550, maxLength=9)),
    "texts without end": ("form-text-limit", lambda: fields(550, title="字")),
    "a list without end": (
        "form-list-limit",
        lambda: shown(form("申请", {"count": {"type": "array", "title": "名单", "items": {"type": "integer"}}})),
    ),
    "a list with too late an end": (
        "form-list-limit",
        lambda: shown(form("申请", {"count": {"type": "array", "title": "名单", "maxItems": 10**9}})),
    ),
    "a list without end in a list": (
        "form-list-limit",
        lambda: shown(
            form("申请", {"count": {"type": "array", "title": "单", "maxItems": 9, "items": {"type": "array"}}})
        ),
    ),
    "a text without end in an object": (
        "form-text-limit",
        lambda: shown(
            form("申请", {"count": {"type": "object", "title": "组", "properties": {"a": {"type": "string"}}}})
        ),
    ),
    "a pattern with loops in loops": ("form-pattern", lambda: text_field(pattern="^(a+)+$")),
    "a pattern of two thousand letters": ("form-pattern", lambda: text_field(pattern="a?" * 1000)),
    "a pattern that looks ahead": ("form-schema", lambda: text_field(pattern="^(?=a)b")),
    "a pattern that counts to a million": ("form-schema", lambda: text_field(pattern="((a{1000}){1000}){1000}")),
    "a pattern in a condition": (
        "form-pattern",
        lambda: changed_form("apply", allOf=[{"if": {"properties": {"count": {"pattern": "(a|a)*b"}}}}]),
    ),
    "elements in elements": ("xml", lambda: {MATTER: in_elements(100_000)}),
    "entities": ("xml", lambda: {MATTER: LAUGHS}),
    "ten megabytes": ("file-limit", lambda: {MATTER: b" " * 10_000_000}),
    "ten megabytes of form": ("file-limit", lambda: {FORM: b" " * 10_000_000}),
    "five thousand nodes": ("process-size", lambda: ends(5_000)),
    "five thousand nodes in many processes": ("process-size", lambda: processes(25, 200)),
    "nineteen thousand elements": ("process-size", lambda: ends(6_300)),
    "rows that name nothing": ("unknown-data", lambda: rows(3_000, "nothing_{0}")),
    "rows that cannot be read": ("expression-syntax", lambda: rows(3_000, "(((")),
    "a cell of questions": ("expression-syntax", lambda: cell("?" * 1_000_000)),
    "cells of questions": ("expression-syntax", lambda: rows(900, "?" * 1_900)),
    "a cell of brackets": ("expression-syntax", lambda: cell("(" * 900_000)),
    "a cell of pluses": ("expression-syntax", lambda: cell("1" + "+1" * 400_000)),
    "a power of powers": ("expression-syntax", lambda: condition("9**9**9**9 == count")),
    "a long text": ("expression-fails", lambda: condition("decision == 'a' * 999999999")),
    "a large number": ("expression-fails", lambda: condition("count == " + "*".join(["9" * 40] * 20))),
    "brackets in a condition": ("expression-syntax", lambda: condition("(" * 1_500 + "1" + ")" * 400)),
    "nots in a condition": ("expression-syntax", lambda: condition("not " * 400 + "count")),
    "parallel gateways woven": ("loop-without-wait", lambda: woven("parallelGateway")),
    "inclusive gateways woven": ("loop-without-wait", lambda: woven("inclusiveGateway", condition="count &gt; #")),
    "exclusive gateways woven": ("value-unknown", lambda: woven("exclusiveGateway", condition="decision == 'a#'")),
    "conditions on many fields": (
        "value-unknown",
        lambda: woven("exclusiveGateway", 40, 890, "decision == 'a#' or category != 'b#' and count &gt; #"),
    ),
    "rows that hold the same": ("decision-shadowed", lambda: rows(2_900, "'school'")),
    "rows that hold options of their own": ("value-unknown", lambda: rows(2_900, "? in ['a{0}', 'b{0}']")),
    "foreign scripts": ("extension-unknown", lambda: extended(19_000, "executionListener")),
    "deep elements in two bytes a letter": ("xml", lambda: {MATTER: ("<a>" * 99_000).encode("utf-16")}),
    "elements in two bytes a letter": ("xml", lambda: {MATTER: f"<a>{'<b />' * 150_000}</a>".encode("utf-16")}),
    "instances without end": (
        "multi-instance",
        lambda: {
            MATTER: definition()[MATTER]
            .replace(b"<bpmn:loopDataInputRef>units</bpmn:loopDataInputRef>", b"")
            .replace(b"<bpmn:loopDataOutputRef>outcomes</bpmn:loopDataOutputRef>", b"")
            .replace(b'<bpmn:inputDataItem id="unit" />', b"")
            .replace(
                b'<bpmn:outputDataItem id="outcome" />',
                b'<bpmn:loopCardinality xsi:type="bpmn:tFormalExpression">999999999</bpmn:loopCardinality>',
            )
        },
    ),
}


def checked(extra: dict[str, bytes]) -> list[DefinitionFinding]:
    [found] = check_all_confined([(definition(extra=extra), CONTEXT)], LIMITS)
    return found


def test_each_is_refused_by_name_with_the_way_out() -> None:
    jobs = {name: (rule, definition(extra=make())) for name, (rule, make) in HOSTILE.items()}
    found = check_all_confined([(files, CONTEXT) for _, files in jobs.values()], LIMITS)
    for (name, (rule, files)), findings in zip(jobs.items(), found, strict=True):
        [first, *_] = [one for one in findings if one.rule == rule and one.severity == "error"] or [None]
        assert first is not None, (name, [str(one)[:200] for one in findings[:3]])
        assert "check-limit" not in {one.rule for one in findings}, name
        assert first.file in files or first.file == "-", name
        assert len(findings) <= 500, name
        assert len(first.message) < 3_000, name


def test_much_that_means_nothing_is_told_once_and_in_time() -> None:
    """Extensions, words about days and conditions of a gateway in masses: warnings, no refusal."""
    said = "自收到之日起 7 个工作日内办理。" * 4_000
    many = {"forms/apply.json": changed_form("apply", description=said)["forms/apply.json"]}
    jobs = [definition(extra=extended(19_000, "properties")), definition(extra=many)]
    kept, worded = check_all_confined([(files, CONTEXT) for files in jobs], LIMITS)
    assert [(one.rule, one.severity) for one in kept] == [("extension-unknown", "warning")]
    assert {one.rule for one in worded} == set()


def test_a_large_definition_passes() -> None:
    """As many tasks and comparisons as are allowed in one process."""
    tasks = [f"t{n}" for n in range(90)]
    names = " or ".join(["decision == 'agree'"] * 60)
    lane = "".join(f"<bpmn:flowNodeRef>{task}</bpmn:flowNodeRef>" for task in tasks)
    stage = (
        '<spiffworkflow:property name="stage" value="intake" /><spiffworkflow:property name="form" value="decide" />'
    )
    chain = "".join(
        f'<bpmn:userTask id="{task}" name="办理"><bpmn:extensionElements><spiffworkflow:properties>{stage}'
        "</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>"
        f'<bpmn:exclusiveGateway id="g{n}" name="是否" default="d{n}" />'
        f'<bpmn:sequenceFlow id="i{n}" sourceRef="{task}" targetRef="g{n}" />'
        f'<bpmn:sequenceFlow id="d{n}" name="继续" sourceRef="g{n}" targetRef="{after}" />'
        f'<bpmn:sequenceFlow id="c{n}" name="退回" sourceRef="g{n}" targetRef="t0">'
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{names}</bpmn:conditionExpression>'
        "</bpmn:sequenceFlow>"
        for n, (task, after) in enumerate(zip(tasks, [*tasks[1:], "e"], strict=True))
    )
    body = (
        f'<bpmn:process id="big" name="流程" isExecutable="true"><bpmn:laneSet id="l"><bpmn:lane id="talent_office" '
        f'name="区人才办">{lane}</bpmn:lane></bpmn:laneSet><bpmn:startEvent id="s" name="始" />'
        f'<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t0" />{chain}<bpmn:endEvent id="e" name="终" />'
        "</bpmn:process>"
    )
    decide = definition()["forms/decide.json"]
    files = {"bpmn/big.bpmn": drawn(body).encode(), "forms/decide.json": decide}
    [found] = check_all_confined([(files, CONTEXT)], LIMITS)
    assert {one.rule for one in found if one.severity == "error"} == {"entry-process"}


def test_what_dies_names_the_file_that_it_was_at_and_the_others_are_checked() -> None:
    [content] = fields(450, title="字", maxLength=9).values()
    heavy = {f"forms/many_{n}.json": content for n in range(190)}
    jobs = [(definition(), CONTEXT), (definition(extra=heavy), CONTEXT), (definition(), CONTEXT)]
    sound, [died], again = check_all_confined(jobs, Limits(memory=12_000_000))
    assert (died.rule, died.severity) == ("check-limit", "error")
    assert died.file in heavy
    assert "已经停止" in died.message
    assert (sound, again) == ([], [])


def test_the_child_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:

    from service import children

    monkeypatch.setenv("LIAISON_SECRET_KEY", "x" * 40)
    assert "LIAISON_SECRET_KEY" not in children.environment()


def test_parts_are_counted_as_a_reader_would_unfold_them() -> None:
    assert unfolded({"type": "object"}) == 2
    assert unfolded({"$defs": {"a": {"type": "string"}}, "x": {"$ref": "#/$defs/a"}}) == 8
    assert unfolded({"a": {"$ref": "#/a"}}) is None
    assert unfolded({"$ref": "#/$defs/gone"}) == 2
    assert (unfolded(json.loads(fan(20)[FORM])) or 0) > 2**20 > LARGEST_FORM
    assert MAX_ALL_NODES < 5_000
