"""催办登记, 通报登记: numbers, words, receipts; what is taken back, printed, and who may see it."""

from __future__ import annotations

import re

from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH


def urge(world: World, *units: str, text: str = "请抓紧", channel: str = "phone") -> None:
    tasks = [str(world.task("handle", unit).id) for unit in units]
    body = {"operation": "urge", "task": tasks, "urge_text": text, "channel": channel}
    assert Visitor(world, OFFICE).post("/board", **body).status_code == 200


def test_urges_are_numbered_one_after_the_other_and_received_by_the_unit(world: World) -> None:
    world.dispatched("edu", "hrss")
    world.do(OFFICE, "feedback_accepted")
    urge(world, "edu", "hrss")
    urge(world, "edu", text="第二次")
    api = world.api(OFFICE)
    listed = api.get("/urges").json
    assert [one["number"] for one in listed["items"]] == [f"催办〔2026〕{n}号" for n in (3, 2, 1)]
    assert {(one["unit"], one["n"], one["channel"], one["by_hand"]) for one in listed["items"]} == {
        ("edu", 1, "phone", True), ("edu", 2, "phone", True), ("hrss", 1, "phone", True),
    }  # fmt: skip
    assert {one["receipt"] for one in listed["items"]} == {"waiting"}
    edu = Visitor(world, "handler-edu")
    task = world.task("handle", "edu").id
    assert edu.post(f"/tasks/{task}/acknowledge").status_code == 200
    found = api.get("/urges", receipt="received").json
    assert {(one["unit"], one["received_by"]) for one in found["items"]} == {("edu", "handler-edu")}
    assert found["total"] == 2
    assert "签收 2 次" in Visitor(world, OFFICE).get("/board").text
    world.do("handler-hrss", "handle", unit="hrss")
    assert [one["unit"] for one in api.get("/urges", receipt="answered").json["items"]] == ["hrss"]
    assert api.get("/urges", receipt="waiting").json["total"] == 0
    assert mismatches(world) == []


def test_one_urge_of_a_case_is_registered_with_the_way_it_went(world: World) -> None:
    world.dispatched("edu")
    office, api = Visitor(world, OFFICE), world.api(OFFICE)
    assert '<option value="phone">电话</option>' in office.get(f"/cases/{world.case}").text
    assert office.post(f"/cases/{world.case}/urge", text="请抓紧", channel="phone").status_code == 200
    assert api.post(f"/instances/{world.case}/urge", {"text": "请抓紧", "channel": "letter"}).status_code == 200
    assert office.post(f"/cases/{world.case}/urge", text="请抓紧").status_code == 200
    assert [one["channel"] for one in api.get("/urges").json["items"]] == ["system", "letter", "phone"]
    refused = api.post(f"/instances/{world.case}/urge", {"text": "请抓紧", "channel": "pigeon"})
    assert (refused.status_code, [one["path"] for one in refused.json["errors"]]) == (422, ["/channel"])
    assert office.post(f"/cases/{world.case}/urge", text="请抓紧", channel="pigeon").status_code == 422
    assert api.get("/urges").json["total"] == 3


def test_a_unit_sees_its_own_urges_and_circulars_alone(world: World) -> None:
    world.dispatched("edu", "hrss")
    world.do(OFFICE, "feedback_accepted")
    urge(world, "edu", "hrss")
    assert {one["unit"] for one in world.api("handler-edu").get("/urges").json["items"]} == {"edu"}
    page = Visitor(world, "handler-edu").get("/urges").text
    assert "区教育局" in page
    assert world.api("leader").get("/urges").status_code == 403
    [row] = exported_rows(Visitor(world, OFFICE), "/urges.xlsx?unit=hrss&by=hand&channel=phone")
    assert [row[0].value, row[9].value, row[10].value] == ["催办〔2026〕2号", "电话", "请抓紧"]
    assert exported_rows(Visitor(world, OFFICE), "/urges.xlsx?by=timer") == []
    assert world.api(OFFICE).get("/urges", q="子女").json["total"] == 2
    assert world.api(OFFICE).get("/urges", q="〔2026〕1号").json["total"] == 1


def test_a_circular_that_is_taken_back_stays_in_the_register(world: World) -> None:
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(25)
    office = Visitor(world, OFFICE)
    assert "待审批的通报" in office.get("/circulars").text
    done = world.do(OFFICE, "approve_circular", {"decision": "issue", "text": "限期办理"})
    [one] = world.api(OFFICE).get("/circulars").json["items"]
    assert (one["number"], one["unit"], one["stands"], one["proposed_by"], one["prints"]) == (
        "通报〔2026〕1号", "edu", True, None, [],
    )  # fmt: skip
    assert office.get(f"/cases/{world.case}/circulars/1.pdf").status_code == 200
    page = office.get("/circulars").text
    assert re.search(r"打印.*1 次", page, re.DOTALL)
    assert office.post(f"/tasks/{done}/take-back", reason="有误").status_code == 200
    world.do(OFFICE, "approve_circular", {"decision": "issue", "text": "改过的通报", "circular_scope": "members"})
    listed = world.api(OFFICE).get("/circulars").json["items"]
    assert [(each["number"], each["stands"], each["n"]) for each in listed] == [
        ("通报〔2026〕2号", True, 2),
        ("通报〔2026〕1号", False, 1),
    ]
    assert [each["scope"] for each in listed] == ["各成员单位", "该单位"]
    assert [row[10].value for row in exported_rows(office, "/circulars.xlsx")] == ["已发出", "已撤回"]
    assert world.api("handler-edu").get("/circulars").json["total"] == 2
    assert world.api("handler-hrss").get("/circulars").json["total"] == 0
    assert world.api(OFFICE).get("/circulars", q="改过").json["total"] == 1
    assert "待审批的通报" not in office.get("/circulars").text
    assert mismatches(world) == []


def test_the_registers_cost_a_fixed_number_of_statements(world: World) -> None:
    office, sent = Visitor(world, OFFICE), []
    for _ in range(2):
        world.dispatched("edu", "hrss")
        world.do(OFFICE, "feedback_accepted")
        urge(world, "edu", "hrss")
        world.pass_days(25)
        with counted(world) as statements:
            office.get("/urges")
            office.get("/circulars")
        sent.append(len(statements))
    assert sent[1] <= sent[0]
