"""The shipped forms and the dispatch table: what people may enter, what is refused, and what the table proposes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from lxml import etree

from service.actions.registry_review import CORRECTED
from service.config import load_organization
from service.processes.bundles import read_bundle
from service.processes.options import frozen

ROOT = Path(__file__).parents[2]
FORMS = ROOT / "forms/request"
NAMES = sorted(path.stem for path in FORMS.glob("*.json") if not path.name.endswith(".ui.json"))
DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DECISIONS = {"decision", "result", "route", "outcome", "body"}

NEED = {
    "talent_id": "T0001",
    "leader_id": "L01",
    "channel": "visit",
    "received_on": "2026-09-16",
    "title": "子女小学转学学位",
    "description": "孩子随父母来区，需转入就近小学。",
    "category": "education",
    "town": "dali",
    "on_the_spot": False,
}
DISPATCH = {"opinion": "请区教育局研究办理。", "basis": "competent", "lead_unit": "edu", "assisting_units": ["dali"]}
TOLD = {"channel": "phone", "given_on": "2026-09-17", "content": "已告知承办单位。"}
INTERIM = {"result": "interim", "reason": "学位须统筹", "progress": "已登记", "next_date": "2026-10-15"}
MEETING = {"held_on": "2026-09-30", "place": "区府二楼", "agenda": "学位统筹", "participants": ["edu", "dali"]}
MINUTES = {"decision": "settled", "minutes": "各方发言。", "decisions": "由区教育局安排。"}
TOPIC = {"body": "government", "submitted_on": "2026-10-08", "summary": "统筹学位。"}
DECIDED = {"decision": "settled", "decided_on": "2026-10-20", "document_no": "会纪〔2026〕1号", "content": "同意。"}
LIMITED = {"explanation": "现行办法未覆盖。", "policy_reference": "某某办法第三条"}

GOOD: dict[str, list[dict[str, Any]]] = {
    "record_need": [NEED, NEED | {"on_the_spot": True, "answer": "当场说明了办理渠道。"}],
    "accept": [
        {"decision": "accept"},
        {"decision": "accept", "reason": "加急"},
        {"decision": "return", "reason": "请补充孩子年级。"},
        {"decision": "reject", "reason": "不属于受理范围。"},
    ],
    "dispatch": [DISPATCH, {key: value for key, value in DISPATCH.items() if key != "assisting_units"}],
    "feedback_accepted": [TOLD],
    "handle": [{"result": "done", "reply": "已安排学位。"}, INTERIM, {"result": "not_ours", "reason": "属镇街职责。"}],
    "redispatch": [
        {"decision": "redispatch", "unit": "dali", "opinion": "属地办理。"},
        {"decision": "drop", "opinion": "由主办单位一并办理。"},
    ],
    "confirm_interim": [
        {"decision": "agree", "agreed_date": "2026-10-15"},
        {"decision": "redo", "comment": "请先落实。"},
        {"decision": "refer", "comment": "须开会。"},
    ],
    "review_reply": [{"decision": "accept"}, {"decision": "redo", "comment": "未答复"}],
    "approve_circular": [
        {"decision": "hold"},
        {"decision": "issue", "text": "现予通报。", "circular_scope": "members"},
    ],
    "assess": [{"route": route, "comment": "意见"} for route in ("meeting", "escalate", "redispatch", "explain")],
    "convene_meeting": [MEETING],
    "record_minutes": [MINUTES, MINUTES | {"decision": "escalate"}, MINUTES | {"decision": "redispatch"}],
    "submit_topic": [TOPIC, TOPIC | {"body": "committee"}],
    "record_decision": [DECIDED, DECIDED | {"decision": "redispatch"}],
    "group_opinion": [{"opinion": "同意。", "given_on": "2026-10-21"}],
    "feedback_result": [TOLD | {"outcome": "solved"}, TOLD | LIMITED | {"outcome": "policy_limited"}],
}

BAD: dict[str, list[dict[str, Any]]] = {
    "record_need": [
        NEED | {"on_the_spot": True},
        NEED | {"on_the_spot": False, "answer": "不应填写"},
        NEED | {"on_the_spot": "false"},
        NEED | {"title": "字" * 101},
        NEED | {"title": "   "},
        NEED | {"category": "money"},
        NEED | {"town": "guangzhou"},
        NEED | {"received_on": "2026-02-30"},
    ],
    "accept": [
        {"decision": "return"},
        {"decision": "reject", "reason": ""},
        {"decision": "maybe", "reason": "x"},
        {"reason": "x"},
    ],
    "dispatch": [
        DISPATCH | {"assisting_units": ["dali", "dali"]},
        DISPATCH | {"assisting_units": "dali"},
        DISPATCH | {"basis": "other"},
        DISPATCH | {"lead_unit": ["edu"]},
    ],
    "feedback_accepted": [TOLD | {"channel": "fax"}, TOLD | {"given_on": "昨天"}],
    "handle": [
        {"result": "done"},
        {"result": "done", "reply": "好", "reason": "不应填写"},
        {"result": "not_ours", "reply": "好"},
        {key: value for key, value in INTERIM.items() if key != "next_date"},
        {key: value for key, value in INTERIM.items() if key != "reason"},
        {"result": "closed"},
    ],
    "redispatch": [
        {"decision": "redispatch", "unit": "", "opinion": "x"},
        {"decision": "redispatch", "opinion": "没有写单位"},
        {"decision": "drop", "opinion": ""},
        {"decision": "drop", "unit": "dali", "opinion": "不再改派的没有新单位"},
        {"unit": "dali", "opinion": "没有选如何处理"},
    ],
    "confirm_interim": [
        {"decision": "agree"},
        {"decision": "refer"},
        {"decision": "redo", "comment": "x", "agreed_date": "2026-10-15"},
    ],
    "review_reply": [{"decision": "redo"}, {"decision": "refer", "comment": "\n"}],
    "approve_circular": [{"decision": "issue"}, {"decision": "hold", "text": "不应填写"}],
    "assess": [{"route": "close", "comment": "x"}],
    "convene_meeting": [MEETING | {"participants": []}],
    "record_minutes": [MINUTES | {"decision": "accept"}],
    "submit_topic": [TOPIC | {"body": "congress"}],
    "record_decision": [DECIDED | {"decision": "escalate"}],
    "group_opinion": [{"opinion": "字" * 2001, "given_on": "2026-10-21"}],
    "feedback_result": [
        TOLD | {"outcome": "policy_limited"},
        TOLD | {"outcome": "policy_limited", "explanation": "未覆盖"},
        TOLD | LIMITED | {"outcome": "solved"},
    ],
}


def load(name: str) -> dict[str, Any]:
    return json.loads((FORMS / f"{name}.json").read_text())


def accepts(name: str, data: object) -> bool:
    return jsonschema_rs.Draft202012Validator(load(name), validate_formats=True).is_valid(data)


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property that any branch names."""
    yield from schema.get("properties", {}).items()
    for rule in schema.get("allOf", []):
        for part in ("then", "else"):
            yield from rule.get(part, {}).get("properties", {}).items()


def test_every_user_task_has_a_form_and_every_form_a_task() -> None:
    tasks = set()
    for path in (ROOT / "bpmn/request").glob("*.bpmn"):
        tasks |= {task.get("id") for task in etree.parse(path).iter(f"{BPMN}userTask")}
    assert tasks == set(NAMES) == set(GOOD) == set(BAD)


@pytest.mark.parametrize("name", NAMES)
def test_a_form_is_a_schema_that_closes_every_door(name: str) -> None:
    schema = load(name)
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["unevaluatedProperties"] is False
    for field, rules in fields(schema):
        assert rules["title"], field
        assert "default" not in rules, field
        if rules["type"] == "string" and "oneOf" not in rules and rules.get("format") != "date":
            assert rules["maxLength"] <= 8000, field
        if field in DECISIONS:
            assert not rules.get("x-prefill"), f"{field}: a decision is never prefilled"
    for rule in schema.get("allOf", []):
        assert rule["if"]["required"] == list(rule["if"]["properties"])


@pytest.mark.parametrize("name", NAMES)
def test_a_form_shows_every_field_in_a_fixed_order(name: str) -> None:
    layout = json.loads((FORMS / f"{name}.ui.json").read_text())
    known = dict(fields(load(name)))
    assert sorted(layout["ui:order"]) == sorted(known)
    assert set(layout) - {"ui:order"} <= set(known)
    for field, rules in known.items():
        widget = layout.get(field, {}).get("ui:widget")
        assert (widget == "textarea") == (rules.get("maxLength", 0) >= 1000), field


@pytest.mark.parametrize(("name", "data"), [(name, data) for name in NAMES for data in GOOD[name]])
def test_what_people_may_enter_is_accepted(name: str, data: dict[str, Any]) -> None:
    assert accepts(name, data)


@pytest.mark.parametrize(("name", "data"), [(name, data) for name in NAMES for data in BAD[name]])
def test_bad_input_is_refused(name: str, data: dict[str, Any]) -> None:
    assert not accepts(name, data)


@pytest.mark.parametrize("name", NAMES)
def test_each_required_field_is_missed_and_no_stranger_enters(name: str) -> None:
    data = GOOD[name][0]
    for field in load(name)["required"]:
        assert not accepts(name, {key: value for key, value in data.items() if key != field}), field
    assert not accepts(name, data | {"stranger": 1})
    assert not accepts(name, [data])


def test_a_late_refusal_is_warned_of_and_never_stopped() -> None:
    (warning,) = load("handle")["x-warn"]
    assert warning["after_working_days"] == 1
    assert jsonschema_rs.is_valid(warning["if"], {"result": "not_ours"})
    assert not jsonschema_rs.is_valid(warning["if"], {"result": "done"})
    assert "非文件规定" in warning["message"]


def test_the_next_progress_is_at_most_twenty_working_days_away() -> None:
    for form, field in (("handle", "next_date"), ("confirm_interim", "agreed_date")):
        rules = dict(fields(load(form)))[field]
        assert (rules["x-date"], rules["x-within-working-days"]) == ("future", 20)


def choices(form: str, field: str) -> dict[str, str]:
    return {choice["const"]: choice["title"] for choice in dict(fields(load(form)))[field]["oneOf"]}


def organization() -> dict[str, Any]:
    return tomllib.loads((ROOT / "config/organization.toml").read_text())


def test_the_forms_know_the_same_towns_and_categories_as_the_organization() -> None:
    house = organization()
    assert choices("record_need", "town") == {town["code"]: town["name"] for town in house["towns"]}
    categories = {category["code"]: category["name"] for category in house["categories"]}
    assert choices("record_need", "category") == categories


@pytest.mark.parametrize("process", sorted(path.name for path in (ROOT / "bpmn").iterdir() if path.is_dir()))
def test_choices_from_the_settings_stand_in_the_forms_as_deploying_writes_them(process: str) -> None:
    """So whoever reads a folder without the settings meets the very form that is deployed."""
    files = read_bundle(ROOT / "bpmn" / process, ROOT / "forms" / process)
    assert frozen(files, load_organization(ROOT / "config").lists) == files


def propose(category: str, town: str) -> tuple[str, list[str], str]:
    """The first rule of the table that fits: lead unit, assisting units, basis."""
    table = etree.parse(ROOT / "bpmn/request/dispatch.dmn").find(f".//{DMN}decisionTable")
    assert table.get("hitPolicy") == "FIRST"
    for rule in table.iterfind(f"{DMN}rule"):
        wanted = [entry.findtext(f"{DMN}text") for entry in rule.iterfind(f"{DMN}inputEntry")]
        if all(want in ("-", f'"{value}"') for want, value in zip(wanted, (category, town), strict=True)):
            cells = [str(entry.findtext(f"{DMN}text")) for entry in rule.iterfind(f"{DMN}outputEntry")]
            lead, assisting, basis = (json.loads(cell.replace("town", f'"{town}"')) for cell in cells)
            return lead, assisting, basis
    raise AssertionError(f"no rule for {category} in {town}")


def test_the_table_proposes_known_units_for_every_need() -> None:
    units = {unit["code"] for unit in organization()["units"]}
    for category, town in product(choices("record_need", "category"), choices("record_need", "town")):
        lead, assisting, basis = propose(category, town)
        assert {lead, *assisting} <= units
        assert lead not in assisting
        assert basis in choices("dispatch", "basis")


def test_the_table_follows_who_is_in_charge_and_else_the_place() -> None:
    assert propose("education", "dali") == ("edu", ["dali"], "competent")
    assert propose("research", "shishan") == ("sci", ["hitech"], "competent")
    assert propose("research", "lishui") == ("sci", ["lishui"], "competent")
    assert propose("capital", "guicheng") == ("finance", ["fintech"], "competent")
    assert propose("other", "xiqiao") == ("xiqiao", [], "territorial")


def test_a_correction_shows_every_field_that_it_may_clear() -> None:
    shown = json.loads((ROOT / "forms/registry_review/correct_talent.json").read_text())["properties"]
    assert set(CORRECTED) <= set(shown)
