"""Wishes about choices: from the settings, shared by forms, kept by the version on which a case began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.checks import check
from service.errors import Invalid
from service.processes.bundles import compiled
from service.processes.models import Instance
from service.processes.options import frozen, thawed
from service.usecases import check_context
from tests.factories.diagrams import form
from tests.factories.engines import choice as gateway
from tests.factories.engines import end, flow, start, user
from tests.factories.steps import events, instance, mismatches
from tests.factories.visitor import Visitor, island
from tests.factories.wishes import House, Office, bundle
from tests.factories.world import World

PAPERS = """
[[options.papers]]
code = "identity"
name = "身份证明"

[[options.papers]]
code = "contract"
name = "购房合同"
"""
NEW_TOWN = """
[[towns]]
code = "new_town"
name = "三山新城"
"""
TOWN = {"type": "string", "title": "镇街", "x-options": "towns"}
ALL_PAPERS = {
    "type": "array",
    "title": "材料",
    "uniqueItems": True,
    "minItems": 2,
    "maxItems": 9,
    "items": {"type": "string", "x-options": "papers"},
}
FORMS = {"ask": form("申请", {"town": TOWN, "papers": ALL_PAPERS}), "check": form("审核", {"town": TOWN})}
BODY = (
    start("ask")
    + user("ask", stage="intake")
    + flow("ask", "check")
    + user("check", stage="handling")
    + flow("check", "near")
    + gateway("near", "finish")
    + flow("near", "check", "town == 'dali'")
    + flow("near", "finish")
    + end()
)


def asked(**changes: Any) -> dict[str, bytes]:
    forms = {**FORMS, **changes}
    return bundle("papers", {"liaison": "ask", "talent_office": "check"}, BODY, forms)


def test_a_case_keeps_the_choices_of_its_version_and_a_new_town_needs_no_form(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path, organization=PAPERS)
    house.deploy("papers", asked())
    house.begin("papers", {"town": "lishui", "papers": ["identity", "contract"]}, by="liaison-hrss")
    old = world.case
    later = House(world, tmp_path / "later", organization=PAPERS + NEW_TOWN)
    later.deploy("papers", asked())
    with pytest.raises(Invalid, match="1 处") as refused:
        later.do("check", {"town": "new_town"})
    assert refused.value.findings[0].message == "镇街：请从列出的选项中选择"
    later.begin("papers", {"town": "new_town", "papers": ["contract", "identity"]}, by="liaison-hrss")
    later.do("check", {"town": "new_town"})
    assert (instance(world).end, mismatches(world)) == ("finish", [])
    world.case = old
    later.do("check", {"town": "xiqiao"})
    assert (instance(world).end, mismatches(world)) == ("finish", [])
    later.pages()
    page = Visitor(world, "office").get(f"/cases/{old}").text
    assert "身份证明、购房合同" in page
    assert "西樵镇" in page


def test_a_page_offers_the_choices(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path, organization=PAPERS)
    house.deploy("papers", asked())
    house.pages()
    schema = island(Visitor(world, "liaison-hrss").get("/cases/new/papers"), "form-data")["schema"]
    assert schema["properties"]["town"]["oneOf"][0] == {"const": "guicheng", "title": "桂城街道"}
    assert [one["title"] for one in schema["properties"]["papers"]["items"]["oneOf"]] == ["身份证明", "购房合同"]


def test_a_missing_paper_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path, organization=PAPERS)
    rehearsal = office.rehearsal(office.made("papers", asked()), "liaison@hrss")
    for papers, says in ((["identity"], "材料：至少选择 2 项"), (["identity", "photo"], "材料：请从列出的选项中选择")):
        with pytest.raises(Invalid) as refused:
            rehearsal.do("ask", {"town": "dali", "papers": papers})
        assert [one.message for one in refused.value.findings] == [says]


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"type": "string", "title": "镇街", "x-options": "town"}, "没有选项表 town；可用：categories、kinds、"),
        ({"type": "integer", "title": "镇街", "x-options": "towns"}, "写在 type 为 string 的字段里"),
        ({"type": "string", "title": "镇街", "x-options": "towns", "enum": ["a"]}, "不再写 enum"),
        ({"type": "string", "title": "镇街", "x-options": ["towns"]}, "没有选项表"),
    ],
)
def test_a_list_that_is_not_there_is_told(tmp_path: Path, field: dict[str, Any], says: str) -> None:
    office = Office(tmp_path, organization=PAPERS)
    files = asked(ask=form("申请", {"town": field}))
    found = check(files, context=check_context(office.settings, office.organization))
    assert [one.rule for one in found if says in one.message] == ["form-options"]


def test_a_gateway_knows_the_choices_of_a_list(tmp_path: Path) -> None:
    office = Office(tmp_path, organization=PAPERS)
    files = {name: content.replace(b"'dali'", b"'dally'") for name, content in asked().items()}
    found = check(files, context=check_context(office.settings, office.organization))
    assert [one.rule for one in found] == ["value-unknown"]


LISTS = {"towns": [("dali", '大沥"镇"'), ("lishui", "里水\\")]}


def test_freezing_keeps_the_lines_and_is_undone() -> None:
    text = json.dumps(form("申请", {"town": TOWN}), ensure_ascii=False, indent=2)
    files = {"forms/ask.json": text.encode(), "forms/ask.ui.json": b'{"x-options": "towns"}', "bpmn/p.bpmn": b"\xff"}
    once = frozen(files, LISTS)
    assert json.loads(once["forms/ask.json"])["properties"]["town"]["oneOf"][1] == {
        "const": "lishui",
        "title": "里水\\",
    }
    assert once["forms/ask.json"].count(b"\n") == text.count("\n")
    assert frozen(once, LISTS) == once
    assert frozen(once, {}) == frozen(once, None) == once, "of a list that nobody knows the choices stay"
    assert thawed(once) == files
    assert json.loads(frozen(once, {"towns": [("a", "甲")]})["forms/ask.json"])["properties"]["town"]["oneOf"] == [
        {"const": "a", "title": "甲"}
    ]


def test_choices_that_an_editor_wrote_beside_the_word_are_put_right() -> None:
    by_hand = form("申请", {"town": {**TOWN, "oneOf": [{"const": "a", "title": "甲"}]}})
    files = {"forms/ask.json": json.dumps(by_hand, ensure_ascii=False, indent=2).encode()}
    field = json.loads(frozen(files, LISTS)["forms/ask.json"])["properties"]["town"]
    assert [one["const"] for one in field["oneOf"]] == ["dali", "lishui"]


@pytest.mark.parametrize("content", [b'{"x-options": "towns"', b'["x-options"]', b'{"x-options": ' + b"[" * 90_000])
def test_what_is_no_form_stays_as_it_is(content: bytes) -> None:
    assert frozen({"forms/ask.json": content}, LISTS) == {"forms/ask.json": content}


@pytest.mark.parametrize(
    ("organization", "says"),
    [
        ('\n[[options.towns]]\ncode = "a"\nname = "甲"\n', "towns 是系统给出的选项表"),
        ('\n[[options.Big]]\ncode = "a"\nname = "甲"\n', "名称只能用小写字母"),
        ('\n[[options.one]]\ncode = "a"\nname = "甲"\n[[options.one]]\ncode = "a"\nname = "乙"\n', "“a”重复"),
    ],
)
def test_a_bad_list_stops_the_start(tmp_path: Path, organization: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        Office(tmp_path, organization=organization)
    assert [one.message for one in refused.value.findings if says in one.message]


def test_the_version_holds_the_choices(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path, organization=PAPERS)
    house.deploy("papers", asked())
    house.begin("papers", {"town": "dali", "papers": ["identity", "contract"]}, by="liaison-hrss")
    [begun] = events(world, "started")
    with world.database.reading() as session:
        made = compiled(session, begun.data["digest"], session.get_one(Instance, world.case).process)
    assert made.forms["ask"].fields["town"]["oneOf"][0]["const"] == "guicheng"
