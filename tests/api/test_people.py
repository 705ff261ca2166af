"""The people side through the API: added, changed, refused by field, with every change in the journal."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.factories.databases import ON_BOTH
from tests.factories.world import World


def paths(answer: Any) -> list[str]:
    return [error["path"] for error in answer.json["errors"]]


def kinds(answer: Any) -> list[str]:
    return [one["kind"] for one in answer.json["items"]]


def test_a_unit_and_its_people(world: World) -> None:
    office, liaison = world.api("office"), world.api("liaison-hrss")
    made = office.post("/units", {"code": "lab", "name": "季华实验室", "kind": "employer"})
    assert (made.status_code, made.json["initials"]) == (201, "jhsys")
    assert office.post("/units", {"code": "lab", "name": "另一个", "kind": "employer"}).status_code == 409
    changed = office.patch("/units/lab", {"town": "guicheng", "is_member_unit": True})
    assert (changed.status_code, changed.json["town"]) == (200, "guicheng")
    history = office.get("/units/lab/history").json["items"]
    assert [(one["kind"], one["actor_name"]) for one in history] == [
        ("unit_added", "梁文韬"),
        ("unit_updated", "梁文韬"),
    ]
    assert history[1]["data"]["town"] == [None, "guicheng"]
    assert liaison.patch("/units/lab", {"name": "改名"}).status_code == 403

    added = liaison.post("/people", {"name": "何立", "unit": "hrss", "post": "科员"})
    assert added.status_code == 201
    who = added.json["id"]
    assert liaison.post("/people", {"name": "何立", "unit": "lab"}).status_code == 403
    assert paths(office.post("/people", {"name": "", "unit": "atlantis", "phone": "x"})) == ["/name", "/phone"]
    assert paths(office.patch(f"/people/{who}", {"unit": "atlantis"})) == ["/unit"]
    assert liaison.patch(f"/people/{who}", {"phone": "0757-00001111"}).json["phone"] == "0757-00001111"
    assert liaison.patch(f"/people/{who}", {"unit": "lab"}).status_code == 403
    assert kinds(office.get(f"/people/{who}/history")) == ["person_added", "person_updated"]
    assert office.get(f"/people/{uuid4()}").status_code == 404


def test_posts_of_leaders(world: World) -> None:
    office, liaison = world.api("office"), world.api("liaison-hrss")
    who = liaison.post("/people", {"name": "何立", "unit": "hrss"}).json["id"]
    post = {"person_id": who, "class": "B", "duty": "principal", "unit": "hrss", "post": "局长"}
    made = liaison.post("/leaders", {**post, "starts_on": "2026-09-01"})
    assert (made.status_code, made.json["class"]) == (201, "B")
    twice = liaison.post("/leaders", {**post, "starts_on": "2026-09-10", "duty": "talent"})
    assert (twice.status_code, paths(twice)) == (409, ["/starts_on"])
    assert liaison.post("/leaders", {**post, "unit": "edu", "starts_on": "2026-09-10"}).status_code == 403
    first_class = {"person_id": who, "class": "A", "body": "government", "post": "副区长", "starts_on": "2026-09-10"}
    assert paths(office.post("/leaders", first_class)) == ["/unit"]
    first_class["unit"] = "district_office"
    assert liaison.post("/leaders", first_class).status_code == 403
    assert paths(office.post("/leaders", {**first_class, "body": None, "unit": "atlantis"})) == ["/body", "/unit"]
    assert office.post("/leaders", first_class).status_code == 201
    path = f"/leaders/{made.json['id']}"
    assert liaison.patch(path, {"portfolio": "人才、社保"}).json["portfolio"] == "人才、社保"
    assert paths(liaison.patch(path, {"starts_on": "2026-10-01"})) == ["/starts_on"]
    assert office.get(path).json["name"] == "何立"
    assert paths(liaison.post(f"{path}/end", {"ends_on": "2026-08-31"})) == ["/ends_on"]
    assert world.api("handler-edu").post(f"{path}/end", {"ends_on": "2026-09-30"}).status_code == 403
    assert liaison.post(f"{path}/end", {"ends_on": "2026-09-30"}).json["ends_on"] == "2026-09-30"
    assert liaison.post(f"{path}/end", {"ends_on": "2026-09-30"}).status_code == 409
    correct = f"{path}/end/correct"
    assert paths(liaison.post(correct, {"ends_on": "2026-09-30", "reason": ""})) == ["/reason", "/ends_on"]
    assert world.api("handler-edu").post(correct, {"ends_on": None, "reason": "x"}).status_code == 403
    assert liaison.post(correct, {"ends_on": "2026-10-31", "reason": "延迟退休"}).json["ends_on"] == "2026-10-31"
    first_post = f"/leaders/{world.leader_id}"
    assert office.post(f"{first_post}/end", {"ends_on": "2026-09-16"}).status_code == 200
    assert office.get("/talents", leader=world.leader_id).json["total"] > 0
    world.clock.advance(days=1)
    assert office.get("/talents", leader=first_post.rpartition("/")[2]).json["total"] == 0
    assert [one["class"] for one in office.get("/leaders", q="heli", on="2026-09-10").json["items"]] == ["A", "B"]


def test_one_liaison_a_unit_and_substitutes(world: World) -> None:
    office = world.api("office")
    present = office.get("/liaisons", unit="hrss").json["items"][0]
    who = office.post("/people", {"name": "何立", "unit": "hrss"}).json["id"]
    naming = {"unit": "hrss", "person_id": who}
    second = office.post("/liaisons", naming)
    assert (second.status_code, paths(second)) == (409, ["/replace"])
    assert office.get("/liaisons", unit="hrss").json["items"] == [present]
    assert office.post("/liaisons", {**naming, "replace": True}).json["name"] == "何立"
    assert office.get("/liaisons", unit="hrss", include_former="true").json["total"] == 2
    assert office.post("/units/hrss/liaison/end", {"ends_on": "2026-09-30"}).json["ends_on"] == "2026-09-30"
    assert kinds(office.get("/units/hrss/history"))[-2:] == ["liaison_named", "liaison_ended"]

    period = {"starts_on": "2026-09-20", "ends_on": "2026-09-25"}
    made = office.post("/substitutes", {"person_id": who, "substitute_id": present["person_id"], **period})
    assert (made.status_code, made.json["substitute_name"]) == (201, "何静怡")
    again = office.post("/substitutes", {"person_id": who, "substitute_id": present["person_id"], **period})
    assert again.status_code == 409
    himself = office.post("/substitutes", {"person_id": who, "substitute_id": who, **period})
    assert paths(himself) == ["/substitute_id"]
    assert office.get("/substitutes", person=who).json["total"] == 1
    withdraw = f"/substitutes/{made.json['id']}/withdraw"
    assert world.api("handler-edu").post(withdraw).status_code == 403
    assert office.post(withdraw).json["withdrawn_at"] is not None
    assert office.get("/substitutes", person=who).json["total"] == 0
    assert office.get("/substitutes", person=who, include_former="true").json["total"] == 1


@ON_BOTH
def test_a_talent_from_registration_to_confirmation(world: World) -> None:
    office = world.api("office")
    file = {"name": "周慕白", "employer": "岭南先进材料研究院", "type": 5, "type_reason": "行业带头人"}
    warned = office.post("/talents", {**file, "id_tail": "12x4"})
    assert warned.status_code == 409
    assert warned.json["errors"] == [
        {"path": "/confirm_duplicate", "message": "T0001 周慕白（岭南先进材料研究院）：姓名相同、工作单位相同"}
    ]
    alike = office.get("/talents/duplicates", name="周慕白", employer="岭南先进材料研究院").json["items"]
    assert [(one["id"], one["why"]) for one in alike] == [("T0001", "姓名相同、工作单位相同")]
    made = office.post("/talents", {**file, "id_tail": "12x4", "fields": "材料", "confirm_duplicate": True})
    assert (made.status_code, made.json["id_tail"], made.json["fields"]) == (201, "12X4", "材料")
    assert made.json["ineligible"] == ["“其他高层次人才”尚待区人才办审核同意"]
    path = f"/talents/{made.json['id']}"
    assert office.post(f"{path}/approve", {"on": "2026-09-15"}).json["ineligible"] == []
    assert office.post(f"{path}/approve").status_code == 409
    assert office.post(f"{path}/confirm").json["confirmed_on"] == "2026-09-16"
    assert paths(office.post(f"{path}/confirm", {"on": "2026-09-17"})) == ["/on"]
    change = {"employer_unit": "hrss", "phone": "13800000000", "source": "变动报告 2026-变-0001"}
    assert office.patch(path, change).json["employer_unit_name"]
    assert paths(office.patch(path, {"category": 9, "email": "x"})) == ["/category", "/email"]
    assert office.patch(path, {"employer": "岭南先进材料研究院", "post": "所长"}).status_code == 200
    assert office.patch(path, {"id_tail": None}).status_code == 409
    assert world.api("liaison-hrss").post(f"{path}/confirm").status_code == 200
    assert world.api("liaison-sci").post(f"{path}/confirm").status_code == 403
    assert office.get("/talents", confirmed_before="2026-09-01", limit=1).json["total"] == 15
    assert office.get("/talents", eligible="false").json["total"] == 0
    assert office.get("/talents", sort="-id", limit=1).json["items"][0]["id"] == made.json["id"]

    whole, masked = (world.api(who).get(f"{path}/history").json["items"] for who in ("office", "auditor"))
    assert [one["kind"] for one in whole] == [
        "talent_added",
        "talent_type_approved",
        "talent_confirmed",
        "talent_updated",
        "talent_updated",
    ]
    assert whole[3]["data"]["source"] == "变动报告 2026-变-0001"
    assert (whole[0]["data"]["id_tail"], whole[3]["data"]["phone"]) == ("12X4", [None, "13800000000"])
    assert (masked[0]["data"]["id_tail"], masked[3]["data"]["phone"]) == ("（不显示）", [None, "138****0000"])
    assert "id_tail" not in [name for name, value in world.api("auditor").get(path).json.items() if value == "12X4"]


@ON_BOTH
def test_teams(world: World) -> None:
    office = world.api("office")
    team = {"name": "新材料团队", "lead_id": "T0001", "members": [{"talent_id": "T0002"}, {"name": "外聘专家"}]}
    made = office.post("/teams", team)
    assert (made.status_code, made.json["lead_name"]) == (201, "周慕白")
    assert office.post("/teams", team).status_code == 409
    path = f"/teams/{made.json['id']}"
    assert paths(office.patch(path, {"members": [{"talent_id": "T0001"}]})) == ["/members/0/talent_id"]
    assert [one["name"] for one in office.get(path).json["members"]] == ["沈清越", "外聘专家"]
    assert office.patch(path, {"active": False}).json["active"] is False
    assert office.get("/teams").json["total"] == 0
    assert office.get("/teams", q="xcl", include_inactive="true").json["total"] == 1
    assert kinds(office.get(f"{path}/history")) == ["team_added", "team_updated"]
    assert world.api("auditor").post("/teams", team).status_code == 403
