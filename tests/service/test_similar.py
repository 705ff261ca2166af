"""Open needs that a new one may repeat are found by title, text and category; only what the reader may see (O3)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from service.ledger.similar import Similar, similar_needs
from service.processes.models import Instance
from tests.factories.statements import Statements
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, OFFICE, World

HOUSING = {
    "title": "人才公寓轮候时间较长",
    "description": "申请人才公寓已满一年仍未轮到，希望加快",
    "category": "housing",
}


def alike(world: World, user: str = OFFICE, **said: Any) -> list[Similar]:
    given = {"talent_id": "T0001", "title": "子女入学学位", "text": "希望协调孩子入读公办小学", "category": "education"}
    with world.database.reading() as session:
        return similar_needs(session, world.actor(user), **{**given, **said})


def test_the_same_matter_is_found_with_the_reason_and_another_is_not(world: World) -> None:
    same = world.recorded()
    world.recorded(**HOUSING)
    of_another = world.recorded(talent_id="T0002")
    found = alike(world)
    assert [one.id for one in found][:2] == [same, of_another]
    assert len(found) == 2
    assert found[0].same_talent
    assert "同一人才" in found[0].why
    assert "子女入学" in found[0].why
    assert alike(world, title="", text="", category=None) == []
    assert alike(world, besides=[same, of_another]) == []
    assert alike(world) == found


def test_what_has_ended_or_may_not_be_seen_is_not_told(world: World) -> None:
    world.finished()
    hidden = world.dispatched("housing")
    assert [one.id for one in alike(world)] == [hidden]
    assert alike(world, "handler-edu") == []
    answer = Visitor(world, "handler-edu").post("/cases/similar", data={"title": "子女入学", "talent_id": "T0001"}).json
    assert answer == {"doubts": [], "items": []}


def test_a_leader_who_does_not_serve_the_talent_is_doubted(world: World) -> None:
    serving = Visitor(world, LIAISON).get("/cases/new/request/known", talent_id="T0001").json["values"]["leader_id"]
    other = next(one for one in world.api(OFFICE).get("/leaders").json["items"] if one["id"] != serving)
    asked = {"talent_id": "T0001", "leader_id": other["id"], "title": "其他"}
    [doubt] = Visitor(world, LIAISON).post("/cases/similar", data=asked).json["doubts"]
    assert "目前不联系" in doubt
    assert Visitor(world, LIAISON).post("/cases/similar", data={**asked, "leader_id": serving}).json["doubts"] == []
    world.recorded(leader_id=other["id"])
    assert "目前不联系" in Visitor(world, OFFICE).get(f"/tasks/{world.task('accept').id}").text


def test_acceptance_shows_what_a_need_may_repeat_and_asks_three_statements(world: World) -> None:
    first = world.recorded()
    world.recorded()
    page = Visitor(world, OFFICE).get(f"/tasks/{world.task('accept').id}").text
    assert page.index("可能重复") < page.index('data-form="form-data"')
    assert f'href="/cases/{first}" target="_blank"' in page
    assert "并入该件办理" in page
    office = world.actor(OFFICE)
    with world.database.reading() as session:
        asked = Statements(session)
        similar_needs(session, office, talent_id="T0001", title="子女", text="入学", category="education")
        assert len([one for one in asked.sent if one.startswith("SELECT")]) == 3


@pytest.mark.parametrize("address", ["/cases", "/cases/new/request"])
def test_several_matters_are_one_form_each_linked_with_the_first(world: World, address: str) -> None:
    other = world.recorded(title="早先的事项")
    data = world.need(title="子女入学")
    more = [{name: world.need(**HOUSING)[name] for name in ("title", "description", "category", "town", "on_the_spot")}]
    liaison = Visitor(world, LIAISON)
    refused = liaison.post(address, data=data, more=[{**more[0], "title": "长" * 101}])
    assert refused.status_code == 422
    assert [error["path"] for error in refused.json["errors"]] == ["/more/0/title"]
    before = world.api(OFFICE).get("/requests").json["total"]
    first = UUID(liaison.post(address, data=data, more=more, links=[str(other)]).json["location"].split("/")[-1])
    assert world.api(OFFICE).get("/requests").json["total"] == before + 2
    links = world.api(LIAISON).get(f"/instances/{first}/links").json["items"]
    assert sorted(link["other"]["title"] for link in links) == sorted([HOUSING["title"], "早先的事项"])
    second = next(link["other"]["id"] for link in links if link["note"] == "一并登记")
    with world.database.reading() as session:
        made = session.get_one(Instance, UUID(second))
        assert (made.talent_id, made.leader_id) == ("T0001", world.leader_id)
    assert world.api(LIAISON).get(f"/instances/{second}/links").json["total"] == 1
