"""``ETag`` and ``If-Match``: a program learns that a record changed after it was read."""

from __future__ import annotations

from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from service import people
from service.people.filters import PersonFilter
from service.people.models import Leader
from tests.factories import serving
from tests.factories.contact_pages import LIAISON, opinion_of, record
from tests.factories.workers import at_once
from tests.factories.world import World


@pytest.fixture
def records(world: World) -> dict[str, tuple[str, str, str]]:
    """Kind of record → (address, a field, a value)."""
    with world.database.reading() as session:
        person = people.search_people(session, PersonFilter("何静怡")).items[0].id
        leader = session.query(Leader).first()
        assert leader is not None
        post = leader.id
    team = world.api("office").post("/teams", {"name": "甲团队", "lead_id": "T0001"})
    return {
        "unit": ("/units/edu", "name", "区教育局（新）"),
        "person": (f"/people/{person}", "post", "科长"),
        "leader": (f"/leaders/{post}", "portfolio", "教育"),
        "talent": ("/talents/T0001", "platform", "甲平台"),
        "team": (f"/teams/{team.json['id']}", "note", "甲说"),
    }


@pytest.mark.parametrize("kind", ["unit", "person", "leader", "talent", "team"])
def test_a_change_on_an_old_version_is_refused_with_what_changed(
    kind: str, world: World, records: dict[str, tuple[str, str, str]]
) -> None:
    api, (address, field, value) = world.api("office"), records[kind]
    seen = api.get(address).headers["ETag"]
    changed = api.patch(address, {field: value}, headers={"If-Match": seen})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == api.get(address).headers["ETag"] != seen
    refused = api.patch(address, {field: "另一个"}, headers={"If-Match": seen})
    assert refused.status_code == 409
    assert refused.json["errors"][0]["path"] == f"/{field}"
    assert f"改为“{value}”" in refused.json["errors"][0]["message"]
    assert api.get(address).json[field] == value
    assert api.patch(address, {field: "另一个"}, headers={"If-Match": changed.headers["ETag"]}).status_code == 200
    assert api.patch(address, {field: "第三个"}, headers={"If-Match": "*"}).status_code == 200
    assert api.patch(address, {field: "第四个"}).status_code == 200


def test_a_version_that_is_none_is_named(world: World) -> None:
    refused = world.api("office").patch("/units/edu", {"name": "教育局"}, headers={"If-Match": "nonsense"})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"] == "If-Match"


def test_of_two_who_change_the_same_version_at_once_one_is_told(world: World) -> None:
    api = world.api("office")
    seen = api.get("/talents/T0001").headers["ETag"]
    answers: list[int] = []

    def change(value: str) -> None:
        answer = world.api("office").patch("/talents/T0001", {"platform": value}, headers={"If-Match": seen})
        answers.append(answer.status_code)

    at_once(lambda: change("甲平台"), lambda: change("乙平台"))
    assert sorted(answers) == [200, 409]


def refused(answer: TestResponse, path: str) -> None:
    """The answer names what somebody else said at ``path`` meanwhile."""
    assert answer.status_code == 409, answer.text
    assert path in [error["path"] for error in answer.json["errors"]], answer.json


def test_what_became_of_an_opinion_has_a_version(world: World) -> None:
    contact = record(world)
    office, address = world.api("office"), f"/opinions/{opinion_of(world, contact)}"
    seen = {"If-Match": office.get(address).headers["ETag"]}
    said = office.post(f"{address}/answer", {"status": "answered", "answer": "可申请公寓"}, headers=seen)
    assert said.headers["ETag"] == office.get(address).headers["ETag"] != seen["If-Match"]
    late = world.api(LIAISON).post(f"{address}/answer", {"status": "noted"}, headers=seen)
    refused(late, "/status")
    assert office.get(address).json["status"] == "answered"
    assert world.api("handler-edu").get(address).status_code == 404


def test_who_came_has_a_version(world: World) -> None:
    office = world.api("office")
    given = {"name": "座谈会", "kind": "symposium", "held_on": "2026-09-16", "unit": "hrss", "talents": ["T0001"]}
    address = f"/activities/{office.post('/activities', given).json['id']}"
    seen = {"If-Match": office.get(address).headers["ETag"]}
    for came, status in ((True, 200), (False, 409)):
        sent = {"attendance": [{"talent": "T0001", "attended": came}]}
        answer = office.post(f"{address}/attendance", sent, headers=seen)
        assert answer.status_code == status
    [row] = office.get(address).json["invitations"]
    assert row["attended"] is True


def test_the_reason_for_missed_interviews_has_a_version(world: World) -> None:
    with world.transaction() as session:
        whose = serving.leader_b(session)
        serving.service_team(session, whose)
        pair = serving.link(session, whose, serving.talent(session, "黄小年"))
        body = {"leader": str(whose.id), "talent": pair.talent_id, "year": 2026}
    office = world.api("office")

    def version() -> int:
        [shown] = office.get("/interviews", year=2026).json["items"]
        return int(shown["version"])

    seen = {"If-Match": f'"{version()}"'}
    given = office.post("/interviews/reason", {**body, "reason": "人才长期出国"}, headers=seen)
    assert given.headers["ETag"] == f'"{version()}"' != seen["If-Match"]
    refused(office.post("/interviews/reason", {**body, "reason": "领导请假"}, headers=seen), "/reason")


def test_the_liaison_of_a_unit_has_a_version(world: World) -> None:
    office = world.api("office")
    first, second = (office.post("/people", {"name": name, "unit": "hrss"}).json["id"] for name in ("甲一", "乙二"))
    seen = {"If-Match": office.get("/units/hrss/liaison").headers["ETag"]}
    naming = {"unit": "hrss", "replace": True}
    named = office.post("/liaisons", {**naming, "person_id": first}, headers=seen)
    assert named.status_code == 201
    assert named.headers["ETag"] == office.get("/units/hrss/liaison").headers["ETag"]
    late = office.post("/liaisons", {**naming, "person_id": second}, headers=seen)
    assert late.status_code == 409
    assert first in late.json["errors"][0]["message"]
    assert office.get("/units/hrss/liaison").json["person_id"] == first


def test_a_draft_of_a_list_and_a_service_team_have_versions(world: World) -> None:
    office = world.api("office")
    line = {"leader": world.leader_id, "talent": "T0001", "reason": "known"}
    made = office.post("/rosters", {"scope": "A", "items": [line]}, headers={"If-Match": '"0"'})
    address, seen = f"/rosters/{made.json['id']}", {"If-Match": made.headers["ETag"]}
    assert office.get(address).headers["ETag"] == seen["If-Match"]
    rewritten = {"scope": "A", "items": [{**line, "note": "再议"}]}
    assert office.post("/rosters", rewritten, headers=seen).status_code == 201
    refused(office.post("/rosters", {"scope": "A", "items": [line]}, headers=seen), "/lines")

    address = f"/leaders/{world.leader_id}/service-team"
    there = office.get(address)
    team = {
        "leader": world.leader_id,
        "head": there.json["head"]["id"],
        "liaison": there.json["liaison"]["id"],
        "members": [{"person": member["person"]["id"]} for member in there.json["members"]],
        "starts_on": "2026-09-16",
    }
    seen = {"If-Match": there.headers["ETag"]}
    assert office.post("/service-teams", team, headers=seen).status_code == 201
    assert office.post("/service-teams", team, headers=seen).status_code == 409
    assert office.get(f"/leaders/{UUID(int=1)}/service-team").status_code == 404
