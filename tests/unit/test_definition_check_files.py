"""Files of a definition that nobody should trust, and forms that are not what they should be."""

from __future__ import annotations

import pytest

from service.checks import check
from service.checks.bundle import MAX_BUNDLE_BYTES, MAX_FILES, MAX_JSON_BYTES
from tests.factories.diagrams import CONTEXT, changed_form, choice, definition, forms, rules

M, D = "bpmn/matter.bpmn", "bpmn/units_for.dmn"

# --- Files ---

BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "DOCTYPE"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', "DOCTYPE"),
        (b"<x>&undefined;</x>", "实体"),
        (b"<x>" * 61 + b"</x>" * 61, "嵌套"),
        (b"<x>" + b"<y/>" * 30_000 + b"</x>", "元素超过"),
        (b"not xml at all", "不是 XML"),
        (b"", "不是 XML"),
        (b"<x><y></x>", "配对"),
        (b"<?xml version='1.0' encoding='ebcdic'?><x/>", "UTF-8"),
        ("<x>中文</x>".encode("gb18030"), "UTF-8"),
        ("<x/>".encode("utf-16")[:-1], "UTF-8"),
        (b"<?php exec ?><x/>", "处理指令"),
        (b"<x><?php exec ?></x>", "处理指令"),
        (b"<x>\x00</x>", "控制字符"),
    ],
)
def test_xml_that_cannot_be_trusted_is_refused(content: bytes, says: str) -> None:
    for name in (M, D):
        [finding] = check(definition(extra={name: content}), context=CONTEXT)
        assert (finding.file, finding.rule, finding.severity) == (name, "xml", "error")
        assert says in finding.message


def test_a_schema_location_is_not_followed() -> None:
    namespace = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    hint = f'xsi:schemaLocation="{namespace} http://127.0.0.1:9/BPMN20.xsd" id="definitions"'
    files = definition()
    files[M] = files[M].replace(b'id="definitions"', hint.encode(), 1)
    assert check(files, context=CONTEXT) == []


@pytest.mark.parametrize(
    "name",
    [
        "../etc/passwd",
        "bpmn/../../x.bpmn",
        "bpmn/a/b.bpmn",
        "/bpmn/a.bpmn",
        "bpmn/A b.bpmn",
        "bpmn/x.exe",
        "bpmn\\x.bpmn",
        "forms/x.html",
        "bpmn/\u202ex.bpmn",
    ],
)
def test_a_file_name_with_a_way_out_is_refused(name: str) -> None:
    assert ("file-name", "-") in rules(definition(extra={name: b"<x/>"}))


@pytest.mark.parametrize(
    "extra",
    [
        {f"forms/f{number}.json": b"{}" for number in range(MAX_FILES)},
        {"forms/apply.json": b" " * (MAX_JSON_BYTES + 1)},
        {f"print/p{number}.docx": b" " * 2_000_000 for number in range(MAX_BUNDLE_BYTES // 2_000_000 + 1)},
    ],
    ids=["number", "size", "total"],
)
def test_too_many_or_too_large_files_are_refused(extra: dict[str, bytes]) -> None:
    assert {rule for rule, _ in rules(definition(extra=extra))} == {"file-limit"}


def test_a_definition_without_a_diagram_is_refused() -> None:
    assert ("file-missing", "-") in rules({})
    assert ("file-missing", "-") in rules({"forms/a.json": b"{}"})


# --- Forms ---

DECISION = choice("决定", agree="同意", **{"return": "退回"})
NOTE = {"type": "string", "title": "说明", "maxLength": 200}
PAPERS = {
    "type": "array",
    "title": "附件",
    "items": {"type": "string", "x-ref": "files"},
    "maxItems": 10,
    "uniqueItems": True,
}
DAY = {"type": "string", "title": "日期", "format": "date"}


def decide(**fields: object) -> dict[str, bytes]:
    return changed_form("decide", properties=forms()["decide.json"]["properties"] | fields)


@pytest.mark.parametrize(
    ("rule", "extra"),
    [
        ("json", {"forms/decide.json": b"{not json"}),
        ("json", {"forms/decide.json": b'{"a": 1, "a": 2}'}),
        ("json", {"forms/decide.json": b'{"a": NaN}'}),
        ("json", {"forms/decide.json": b"[" * 100_000}),
        ("json", {"forms/decide.json": b"[" * 50 + b"]" * 50}),
        ("json", {"forms/decide.json": '{"a": "中"}'.encode("gbk")}),
        ("form-schema", {"forms/decide.json": b"[]"}),
        ("form-schema", changed_form("decide", type="array")),
        ("form-schema", changed_form("decide", type="objekt")),
        ("form-schema", changed_form("decide", properties={"decision": 3})),
        ("form-schema", changed_form("decide", **{"$schema": "http://json-schema.org/draft-07/schema#"})),
        ("form-schema", changed_form("decide", required=["decision", "gone"])),
        ("form-schema", decide(code={"type": "string", "title": "编号", "pattern": "((", "maxLength": 9})),
        (
            "form-schema",
            changed_form("decide", allOf=[{"if": {"properties": {"decision": {"const": "agree"}}}, "then": {}}]),
        ),
        ("form-reference", decide(other={"$ref": "http://127.0.0.1:9/x.json"})),
        ("form-reference", decide(other={"$ref": "file:///etc/passwd"})),
        ("form-reference", changed_form("decide", **{"$id": "http://127.0.0.1:9/x.json"})),
        ("form-closed", changed_form("decide", unevaluatedProperties=None)),
        ("form-title", changed_form("decide", title="Decide")),
        ("form-title", decide(other={"type": "integer"})),
        ("form-text-limit", decide(other={"type": "string", "title": "说明"})),
        ("form-text-limit", decide(other={"type": "array", "title": "说明", "items": {"type": "string"}})),
        ("form-keyword", decide(other={"type": "string", "title": "谁", "x-ref": "cats"})),
        ("form-keyword", decide(other={"type": "string", "title": "日", "format": "date", "x-date": "soon"})),
        ("form-keyword", decide(other={"type": "integer", "title": "数", "x-prefil": True})),
        ("form-keyword", decide(other={"type": "integer", "title": "数", "x-unlike": "another"})),
        ("form-keyword", decide(other={"type": "integer", "title": "数", "x-unlike": "other"})),
        ("form-keyword", decide(other={"type": "integer", "title": "数", "x-unlike": ["decision"]})),
        ("form-keyword", decide(other={"type": "string", "title": "人", "x-ref": "people", "x-new-unit": True})),
        ("form-keyword", decide(other={"type": "string", "title": "单位", "x-ref": "units", "x-new-unit": "yes"})),
        ("form-keyword", decide(other={"type": "string", "title": "定", "enum": ["a"], "x-others-go-on": "b"})),
        ("form-keyword", decide(other={"type": "string", "title": "定", "enum": ["a"], "x-others-go-on": ["a"]})),
        ("form-keyword", decide(other={"type": "integer", "title": "数", "x-others-go-on": 1})),
        (
            "form-keyword",
            decide(other={"type": "string", "title": "日", "format": "date", "x-within-working-days": "20"}),
        ),
        ("form-keyword", changed_form("decide", **{"x-warn": [{"if": {"type": "nothing"}, "message": "注意"}]})),
        ("form-keyword", changed_form("decide", **{"x-warn": [{"message": "no Chinese"}]})),
        ("form-default", decide(decision=DECISION | {"default": "agree"})),
        ("form-default", decide(decision=DECISION | {"x-prefill": True})),
        ("form-default", decide(decision=DECISION | {"x-fill": "{decision}"})),
        ("form-keyword", decide(other={"type": "string", "title": "附件", "maxLength": 64, "x-ref": "files"})),
        ("form-keyword", decide(other=PAPERS | {"maxItems": 21})),
        ("form-keyword", decide(other=PAPERS | {"uniqueItems": False})),
        ("form-keyword", decide(other=PAPERS | {"x-file-kinds": ["exe"]})),
        ("form-keyword", decide(other=NOTE | {"x-file-kinds": ["pdf"]})),
        ("form-keyword", decide(other=NOTE | {"x-fill": True})),
        ("form-keyword", decide(other=NOTE | {"x-fill": "字" * 1001})),
        ("form-fill", decide(other=NOTE | {"x-fill": "{gone_by}"})),
        ("form-fill", decide(other=NOTE | {"x-fill": "{facts.nothing}"})),
        ("form-fill", decide(other=NOTE | {"x-fill": "{talent}"})),
        ("form-fill", decide(other=NOTE | {"x-fill": "{open('x')}"})),
        ("form-fill", decide(other=DAY | {"x-fill": "今天是 {today()}"})),
        ("form-ui", {"forms/decide.ui.json": b"[]"}),
        ("form-ui", {"forms/decide.ui.json": b'{"gone": {}}'}),
        ("form-ui", {"forms/decide.ui.json": b'{"ui:order": ["decision"]}'}),
        ("form-ui", {"forms/gone.ui.json": b"{}"}),
        ("form-unused", {"forms/idle.json": changed_form("decide")["forms/decide.json"]}),
        ("data-name", decide(settings={"type": "integer", "title": "设置"})),
        ("data-name", decide(**{"Bad-Name": {"type": "integer", "title": "名称"}})),
    ],
)
def test_a_spoilt_form_is_found_by_its_rule(rule: str, extra: dict[str, bytes]) -> None:
    [name] = extra
    findings = [f for f in check(definition(extra=extra), context=CONTEXT) if f.rule == rule]
    assert findings, rules(definition(extra=extra))
    assert {finding.file for finding in findings} == {name}


def test_a_field_that_can_be_printed_nowhere_is_told() -> None:
    seal = {"type": "string", "title": "签批意见", "maxLength": 200, "x-print": True}
    stage = '<spiffworkflow:property name="stage" value="dispatch" />'
    signed = (M, stage, stage + '<spiffworkflow:property name="sign" value="office" />')
    [told] = check(definition(extra=decide(seal=seal)), context=CONTEXT)
    assert (told.rule, told.element) == ("print-nowhere", "decide")
    assert "「签批意见」" in told.message
    assert check(definition(signed, extra=decide(seal=seal)), context=CONTEXT) == []


def test_fields_of_branches_and_local_references_are_known_to_expressions() -> None:
    branch = changed_form(
        "decide",
        **{
            "$defs": {"why": {"type": "string", "title": "理由", "maxLength": 200}},
            "allOf": [
                {
                    "if": {"properties": {"decision": {"const": "return"}}, "required": ["decision"]},
                    "then": {"properties": {"reason": {"$ref": "#/$defs/why"}}, "required": ["reason"]},
                }
            ],
        },
    )
    files = definition((M, "decision == 'return'", "decision == 'return' and reason != None"), extra=branch)
    assert check(files, context=CONTEXT) == []
