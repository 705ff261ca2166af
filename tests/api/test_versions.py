"""``ETag`` and ``If-Match``: a program learns that a record changed after it was read."""

from __future__ import annotations

import pytest

from service import people
from service.people.filters import PersonFilter
from service.people.models import Leader
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
