"""Wishes about what is printed: a field on the house's form, a paper of one's own, both of the case's own version."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from service import documents
from service.checks.bundle import read
from service.checks.confined import check_confined
from service.checks.findings import Report
from service.checks.prints import sample_of
from service.ledger.circulars import circular
from service.ledger.own_papers import own_paper
from service.ledger.sheet import sheet
from service.processes.bundles import read_bundle
from service.usecases import check_context
from tests.factories.databases import ON_BOTH
from tests.factories.diagrams import form
from tests.factories.engines import end, flow, service, start, user
from tests.factories.steps import mismatches
from tests.factories.visitor import Visitor
from tests.factories.wishes import HOME, House, Office, bundle
from tests.factories.world import World

COUNTERS = """
[counters.approval]
name = "批示"
format = "南人才批〔{year}〕{seq}号"
"""
AMOUNT = {"type": "number", "title": "预计金额（万元）", "minimum": 0}
UNIT = {"type": "string", "title": "用人单位", "x-ref": "units"}
ID_CARD = {"type": "string", "title": "证件号码", "maxLength": 30, "x-private": "identity"}
FORMS = {
    "ask": form("申请", {"amount": AMOUNT, "of_unit": UNIT, "id_card": ID_CARD}),
    "check": form("审核", {"agreed": {"type": "boolean", "title": "是否同意"}}),
}
BODY = (
    start("ask")
    + user("ask", stage="intake")
    + flow("ask", "give")
    + service("give", "number", "approval_no", counter="'approval'")
    + flow("give", "check")
    + user("check", stage="handling", due="working_days(2)")
    + flow("check", "finish")
    + end()
)
PAPER = """// 住房补贴审批表
#import "common.typ": *
#show: paper.with(title: "住房补贴审批表")
= 住房补贴审批表
编号：#field("approval_no")。#titled("amount")。#titled("of_unit")。#titled("id_card")。没填的：#field("nothing")。
#for one in data.steps [#one.name：#one.fields.map(it => it.title + it.words).join("，")。]
#for one in data.waiting [待办#one.name，#one.due 前。]
#if step("check") != none [审核：#step("check").sign.name。]
"""


def asked(paper: str = PAPER) -> dict[str, bytes]:
    lanes = {"liaison": "ask", "talent_office": "check"}
    return {**bundle("subsidy", lanes, BODY, FORMS), "print/approval.typ": paper.encode()}


def text_of(content: bytes) -> str:
    pages = PdfReader(BytesIO(content)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


def printed(world: World, user: str, name: str = "approval") -> str:
    answer = Visitor(world, user).get(f"/cases/{world.case}/papers/{name}.pdf")
    assert answer.status_code == 200, answer.text
    return text_of(answer.data)


@pytest.fixture
def house(world: World, tmp_path: Path) -> House:
    made = House(world, tmp_path, settings=COUNTERS)
    made.deploy("subsidy", asked())
    made.begin("subsidy", {"amount": 12.5, "of_unit": "edu", "id_card": "440682199001011234"}, by="liaison-hrss")
    made.pages()
    return made


@ON_BOTH
def test_a_paper_of_ones_own_says_fields_steps_and_numbers(world: World, house: House) -> None:
    page = Visitor(world, "office").get(f"/cases/{world.case}").text
    assert "住房补贴审批表" in page
    said = printed(world, "office")
    assert "编号：南人才批〔2026〕1号。预计金额（万元）：12.5。用人单位：区教育局。" in said
    assert "环节ask：预计金额（万元）12.5，用人单位区教育局" in said
    assert "没填的：。" in said
    assert "待办环节check，2026年9月18日前。" in said
    house.do("check", {"agreed": True})
    said = printed(world, "office")
    assert "是否同意是。" in said
    assert "审核：" in said
    assert mismatches(world) == []


def test_private_values_are_masked_on_paper_as_on_pages(world: World, house: House) -> None:
    assert "440682199001011234" in printed(world, "office")
    said = printed(world, "liaison-hrss")
    assert "证件号码" in said
    assert "440682199001011234" not in said


def test_a_case_prints_by_the_templates_of_its_own_version(world: World, house: House) -> None:
    old = world.case
    house.deploy("subsidy", asked(PAPER.replace("没填的", "新版没填的").replace("住房补贴审批表", "新审批表")))
    house.begin("subsidy", {"amount": 3, "of_unit": "edu", "id_card": "无"}, by="liaison-hrss")
    assert "新版没填的" in printed(world, "office")
    world.case = old
    assert "新版没填的" not in printed(world, "office")
    office = Visitor(world, "office")
    assert office.get(f"/cases/{old}/papers/nothing.pdf").status_code == 404
    assert office.get(f"/cases/{old}/papers/common.pdf").status_code == 404
    assert Visitor(world, "handler-edu").get(f"/cases/{old}/papers/approval.pdf").status_code == 404


def test_a_field_of_a_form_is_printed_on_the_houses_form_by_one_word(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path)
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    for name, fields in (("record_need", {"amount": AMOUNT}), ("handle", {"cost": {**AMOUNT, "title": "实际花费"}})):
        schema = json.loads(files[f"forms/{name}.json"])
        schema["properties"] |= {field: {**said, "x-print": True} for field, said in fields.items()}
        files[f"forms/{name}.json"] = json.dumps(schema, ensure_ascii=False).encode()
        ui = json.loads(files[f"forms/{name}.ui.json"])
        ui["ui:order"] = [*ui["ui:order"], *fields]
        files[f"forms/{name}.ui.json"] = json.dumps(ui, ensure_ascii=False).encode()
    house.deploy("request", files)
    world.recorded(amount=12.5)
    world.do("office", "accept", {"decision": "accept"})
    world.do("office", "dispatch", {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": []})
    world.do("handler-edu", "handle", {"result": "done", "reply": "已办", "cost": 11}, unit="edu")
    with world.database.reading() as session:
        data = sheet(session, world.case, world.actor("office")).data
    assert "预计金额（万元）：12.5" in data["matter"]["facts"]
    assert "实际花费：11" in data["units"][0]["facts"]
    assert {"amount", "opinion"} <= data["fields"].keys()
    assert [one["id"] for one in data["steps"]] == ["record_need", "accept", "dispatch", "handle"]


def test_a_process_replaces_the_houses_form(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path)
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    own = '#import "common.typ": *\n#show: paper.with(title: "单")\n本区的处理单 #data.number #field("title")'
    house.deploy("request", {**files, "print/sheet.typ": own.encode()})
    world.accepted()
    house.pages()
    answer = Visitor(world, "office").get(f"/cases/{world.case}/sheet.pdf")
    assert "本区的处理单2026-需-0001子女入学" in text_of(answer.data)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__ if value is not None else "str"


def test_the_samples_of_the_checks_have_the_shape_of_the_real_data(world: World, house: House, tmp_path: Path) -> None:
    with world.database.reading() as session:
        real = own_paper(session, world.case, "approval", world.actor("office")).data
    made = sample_of(read(asked(), Report()))
    assert made.keys() == real.keys()
    assert made["case"].keys() == real["case"].keys()
    assert made["waiting"][0].keys() == real["waiting"][0].keys()
    assert shape(made["steps"][0]).keys() == shape(real["steps"][0]).keys()
    assert shape(made["fields"]["amount"]).keys() == shape(real["fields"]["amount"]).keys()
    world.dispatched("edu")
    world.pass_days(25)
    world.do("office", "approve_circular", {"decision": "issue", "text": "限期办理"})
    with world.database.reading() as session:
        found = {
            "sheet": sheet(session, world.case, world.actor("office")).data,
            "circular": circular(session, world.case, 1, world.actor("office")).data,
        }
    for name, data in found.items():
        assert documents.SAMPLES[name].keys() == data.keys() - real.keys()
        for key, value in documents.SAMPLES[name].items():
            if data[key]:
                assert shape(value) == shape(data[key]) or key == "units", (name, key)


@pytest.mark.parametrize(
    ("paper", "says"),
    [
        (PAPER, ""),
        (PAPER.replace("// 住房补贴审批表\n", ""), "第一行请写打印件的名称"),
        (PAPER + "#nothing", "用样例数据印不出来：打印模板 approval.typ 有误：第 9 行，unknown variable: nothing"),
        (PAPER + '#import "@preview/cetz:0.3.2"', "不能引用网上的软件包"),
        (PAPER + '#read("/etc/passwd")', "用样例数据印不出来"),
        (PAPER + "#range(1000000000).len()", "检查用了超过 20 秒或 900 MB"),
    ],
)
def test_a_template_that_cannot_be_printed_is_told_when_the_process_is_checked(
    tmp_path: Path, paper: str, says: str
) -> None:
    office = Office(tmp_path, settings=COUNTERS)
    found = check_confined(asked(paper), context=check_context(office.settings, office.organization))
    assert [(one.rule, says in one.message) for one in found] == (
        [("check-limit" if "900 MB" in says else "print-template", True)] if says else []
    )
