"""Contacts, reports and briefs through the API: what goes in, what comes out, and who reads what."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import pytest

from service.clock import SHANGHAI
from tests.factories.contact_calls import SECRET, body
from tests.factories.databases import ON_BOTH
from tests.factories.statements import counted
from tests.factories.world import World


def test_a_contact_and_what_comes_of_it(world: World) -> None:
    liaison = world.api("liaison-district_office")
    made = liaison.post("/contacts", body(world, restricted=SECRET))
    assert made.status_code == 201, made.text
    assert SECRET not in made.text
    contact = made.json
    assert (contact["has_restricted"], contact["late"], contact["interview"]) == (True, False, True)
    assert contact["entered_by_name"] == "尹知秋"
    path = f"/contacts/{contact['id']}"
    assert liaison.get(path).json["restricted"] == SECRET
    assert world.api("office").get(path).json["restricted"] == SECRET
    assert world.api("auditor").get(path).json["restricted"] is None
    assert world.api("admin").get(path).status_code == 404
    assert world.api("auditor").get("/contacts", tag="stationed").json["total"] == 1
    for name in ("handler-edu", "liaison-cppcc_office", "admin"):
        assert world.api(name).get("/contacts").json["total"] == 0

    [opinion] = liaison.get("/opinions", status="open").json["items"]
    case = world.recorded()
    linked = world.api("office").post(f"/opinions/{opinion['id']}/need", {"instance": str(case)})
    assert (linked.status_code, linked.json["status"], linked.json["instance"]) == (200, "need", str(case))
    assert world.api("office").post(f"/opinions/{opinion['id']}/need", {"instance": str(uuid4())}).status_code == 404
    refused = liaison.post(f"{path}/withdraw", {"reason": "登记错误"})
    assert (refused.status_code, refused.json["type"]) == (409, "conflict")


def test_an_opinion_begins_a_need_or_becomes_one_that_is_there(world: World) -> None:
    """As on its page: the need begins, its first step is taken and the opinion is linked, or nothing of it."""
    liaison = world.api("liaison-district_office")
    assert liaison.post("/contacts", body(world)).status_code == 201
    [opinion] = liaison.get("/opinions", status="open").json["items"]
    need = world.need()
    path, cases = f"/opinions/{opinion['id']}/need", liaison.get("/requests").json["total"]
    for sent in ({}, {"data": need, "instance": str(uuid4())}):
        refused = liaison.post(path, sent)
        assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "/instance")
    refused = liaison.post(path, {"data": {**need, "title": ""}})
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "/data/title")
    assert liaison.get(f"/opinions/{opinion['id']}").json["status"] == "open"
    made = liaison.post(path, {"data": need})
    assert (made.status_code, made.json["status"]) == (200, "need"), made.text
    [waiting] = liaison.get(f"/instances/{made.json['instance']}").json["open_tasks"]
    assert waiting["name"] == "受理审核"
    assert liaison.post(path, {"data": need}).status_code == 409
    assert liaison.get("/requests").json["total"] == cases + 1


def test_bad_input_is_named_by_the_fields_that_were_sent(world: World) -> None:
    liaison = world.api("liaison-district_office")
    sent = body(world, held_on="2026-09-17", talents=["T9999"], tags=["picnic"], activity=str(uuid4()))
    answer = liaison.post("/contacts", sent)
    assert answer.status_code == 422
    assert {error["path"] for error in answer.json["errors"]} == {
        "/held_on", "/talents", "/tags", "/activity", "/opinions/0/talent"
    }  # fmt: skip
    assert liaison.post("/contacts", {"form": "dinner"}).status_code == 422
    assert world.api("handler-edu").post("/contacts", body(world)).status_code == 403
    future = liaison.post("/reports", {"unit": "district_office", "year": 2027, "half": 1})
    assert (future.status_code, future.json["errors"][0]["path"]) == (422, "/half")
    assert "尚未开始" in future.json["errors"][0]["message"]


@ON_BOTH
def test_activities_matters_and_interviews(world: World) -> None:
    office = world.api("office")
    activity = office.post(
        "/activities",
        {"name": "政策咨询会", "kind": "consultation", "held_on": "2026-09-16", "unit": "hrss", "talents": ["T0001"]},
    ).json
    path = f"/activities/{activity['id']}"
    assert len(office.post(f"{path}/invite", {"talents": ["T0001", "T0002"]}).json["invitations"]) == 2
    came = office.post(f"{path}/attendance", {"attendance": [{"talent": "T0001", "attended": True}]}).json
    assert {one["talent"]["id"]: one["attended"] for one in came["invitations"]} == {"T0001": True, "T0002": None}
    assert office.post(f"{path}/cancel", {"reason": "台风"}).status_code == 409
    assert world.api("leader").get("/activities", talent="T0002").json["total"] == 1
    assert world.api("handler-edu").get("/activities").status_code == 403

    handler = world.api("handler-edu")
    matter = {"unit": "edu", "talent": "T0001", "title": "学位", "description": "已协调", "raised_on": "2026-09-14"}
    made = handler.post("/matters", matter)
    assert made.status_code == 201, made.text
    solved = handler.post(f"/matters/{made.json['id']}/solve", {"result": "已入读", "solved_on": "2026-09-16"})
    assert solved.json["solved_on"] == "2026-09-16"
    assert handler.get("/matters", solved="true").json["total"] == 1
    assert world.api("handler-housing").get("/matters").json["total"] == 0
    # Nobody of a member unit serves anybody here, so nobody owes an interview.
    assert office.get("/interviews", year=2026).json == {"items": [], "total": 0, "more": False, "next": None}


def test_a_report_from_figures_to_acceptance(world: World) -> None:
    liaison, office = world.api("liaison-hrss"), world.api("office")
    world.finished()
    report = liaison.post("/reports", {"unit": "hrss", "year": 2026, "half": 2}).json
    path = f"/reports/{report['id']}"
    assert (report["status"], report["due_on"], report["facts"]["needs"]["started"]) == ("draft", "2027-01-15", 1)
    assert liaison.post(f"{path}/submit").status_code == 422
    world.clock.set(datetime(2027, 1, 18, 9, 0, tzinfo=SHANGHAI))
    liaison.post(f"{path}/edit", {"sections": {"plans": "继续走访。"}})
    sent = liaison.post(f"{path}/submit")
    assert (sent.json["status"], sent.json["late"]) == ("submitted", True)
    assert office.post(f"{path}/return", {"reason": "请补充"}).json["return_reason"] == "请补充"
    liaison.post(f"{path}/submit")
    assert office.post(f"{path}/accept").json["status"] == "accepted"
    assert liaison.post(f"{path}/accept").status_code == 403
    assert world.api("liaison-sci").get(path).status_code == 404
    summed = office.get("/reports/roll-up", year=2026, half=2).json
    assert (summed["on"], summed["submitted"], summed["accepted"], summed["complete"]) == ("2027-01-18", 1, 1, False)
    before = office.get("/reports/roll-up", year=2026, half=2, as_of="2027-01-17").json
    assert (before["on"], before["submitted"], before["accepted"]) == ("2027-01-17", 0, 0)
    for on, owed in (("2026-12-31", 1), ("2027-01-18", 2)):  # the second half's report was not due by the first day
        sheet = office.get("/assessment", year=2026, on=on).json
        [row] = [one for one in sheet["units"] if one["id"] == "hrss"]
        assert {"indicator": "reports_in_time", "done": 0, "of": owed} in row["figures"]
    assert row["score"] is None


def test_a_brief_is_the_leaders_once_released(world: World) -> None:
    office, leader = world.api("office"), world.api("leader")
    with world.database.reading() as session:
        from service.people import leader_posts

        person = world.actor("leader").person_id
        assert person is not None
        post = str(leader_posts(session, person)[0].id)
    world.recorded(leader_id=post)
    brief = office.post("/briefs", {"leader": post, "year": 2026, "month": 9}).json
    path = f"/briefs/{brief['id']}"
    assert [item["title"] for item in brief["facts"]["needs"]["items"]] == ["子女入学"]
    assert leader.get(path).status_code == 404
    assert office.post(f"{path}/release").status_code == 200
    assert leader.post(f"{path}/read").json["read_at"].startswith("2026-09-16")
    assert office.post(f"{path}/edit", {"text": "改"}).status_code == 409
    assert office.post("/briefs", {"leader": post, "year": 2026, "month": 10}).status_code == 422


@ON_BOTH
def test_lists_take_as_many_statements_for_one_as_for_many(world: World, subtests: pytest.Subtests) -> None:
    office = world.api("office")
    for number in (1, 2, 3):
        day = f"2026-09-0{number}"
        made = office.post("/contacts", body(world, held_on=day, summary=f"第 {number} 次"))
        assert made.status_code == 201, made.text
        name = f"第 {number} 场"
        invited = ["T0001", "T0002", "T0003"][:number]
        activity = {"name": name, "kind": "symposium", "held_on": day, "unit": "hrss", "talents": invited}
        assert office.post("/activities", activity).status_code == 201
        matter = {"unit": "hrss", "talent": "T0001", "title": name, "description": name, "raised_on": day}
        assert office.post("/matters", matter).status_code == 201
        unit = ("hrss", "sci", "district_office")[number - 1]
        assert office.post("/reports", {"unit": unit, "year": 2026, "half": 2}).status_code == 200
        assert office.post("/briefs", {"leader": world.leader_id, "year": 2026, "month": number + 6}).status_code == 200
    for path in ("/contacts", "/opinions", "/activities", "/matters", "/reports", "/briefs"):
        with subtests.test(path):
            assert office.get(path).json["total"] >= 3
            with counted(world) as few:
                assert len(office.get(path, limit=1).json["items"]) == 1
            with counted(world) as many:
                office.get(path)
            assert len(many) == len(few) <= 14
