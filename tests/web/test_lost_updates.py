"""Two people at one record: the later save undoes nothing in silence, and nothing that was typed is lost."""

from __future__ import annotations

import re

import pytest

from service import people, reports, talents
from service.history import stream_events
from service.people.filters import LeaderFilter, PersonFilter
from service.people.models import Leader
from service.rights import SYSTEM
from tests.factories.databases import ON_BOTH
from tests.factories.typed_forms import said, typed
from tests.factories.visitor import Visitor
from tests.factories.world import World

pytestmark = ON_BOTH

TEAM = "精密仪器团队"


@pytest.fixture
def office(world: World) -> Visitor:
    """The Talent Office at the pages."""
    return Visitor(world, "office")


@pytest.fixture
def other(world: World) -> Visitor:
    """Somebody else who may change the same records."""
    return Visitor(world, "admin")


def addresses(world: World) -> dict[str, tuple[str, str, str, str]]:
    """Kind of record → (its address, a field, what one person writes, what the other writes)."""
    with world.transaction() as session:
        person = people.search_people(session, PersonFilter("何静怡")).items[0].id
        leader = session.query(Leader).first()
        assert leader is not None
        members = [{"talent_id": "T0009"}, {"name": "外聘专家"}]
        team = talents.add_team(session, name=TEAM, lead_id="T0001", members=members, actor=SYSTEM, now=world.clock.now)
        return {
            "unit": ("/units/edu", "name", "区教育局（甲）", "区教育局（乙）"),
            "person": (f"/people/{person}", "post", "科长", "主任"),
            "post": (f"/posts/{leader.id}", "portfolio", "教育", "卫生"),
            "talent": ("/talents/T0001", "platform", "甲平台", "乙平台"),
            "team": (f"/teams/{team.id}", "note", "甲说", "乙说"),
        }


def who_writes(kind: str, office: Visitor, other: Visitor) -> tuple[Visitor, Visitor]:
    """Two at the same record: units and persons are kept by two roles, the rest by the office in two windows."""
    return (office, other) if kind in ("unit", "person") else (office, office)


@pytest.mark.parametrize("kind", ["unit", "person", "post", "talent", "team"])
def test_a_later_save_shows_what_changed_keeps_what_was_typed_and_then_wins(
    kind: str, world: World, office: Visitor, other: Visitor
) -> None:
    address, field, one, another = addresses(world)[kind]
    first, second = who_writes(kind, office, other)
    page = typed(second.get(f"{address}/edit"))
    assert first.submit(address, **typed(first.get(f"{address}/edit")) | {field: one}).status_code == 302
    refused = second.submit(address, **page | {field: another})
    assert refused.status_code == 409
    assert f"改为“{one}”" in said(refused)
    assert "再次保存将以您的为准" in said(refused)
    again = typed(refused)
    assert again[field] == another
    assert again["version"] != page["version"]
    assert second.submit(address, **again).status_code == 302
    assert typed(second.get(f"{address}/edit"))[field] == another


@pytest.mark.parametrize("kind", ["unit", "person", "post", "talent", "team"])
def test_what_the_second_person_did_not_touch_becomes_what_the_first_one_wrote(
    kind: str, world: World, office: Visitor, other: Visitor
) -> None:
    address, field, one, _ = addresses(world)[kind]
    mine = (
        "name"
        if kind in ("talent", "team")
        else "stationed"
        if kind == "post"
        else "town"
        if kind == "unit"
        else "name"
    )
    words = {"unit": "guicheng"}.get(kind, "佛山精工" if kind == "post" else "林致远")
    first, second = who_writes(kind, office, other)
    page = typed(second.get(f"{address}/edit"))
    assert first.submit(address, **typed(first.get(f"{address}/edit")) | {field: one}).status_code == 302
    refused = second.submit(address, **page | {mine: words, "confirm_duplicate": "yes"})
    assert refused.status_code == 409
    assert "已采用" in said(refused)
    again = typed(refused)
    assert (again[field], again[mine]) == (one, words)
    assert second.submit(address, **again | {"confirm_duplicate": "yes"}).status_code == 302
    kept = typed(second.get(f"{address}/edit"))
    assert (kept[field], kept[mine]) == (one, words)


def test_members_that_changed_meanwhile_stand_in_their_two_fields(world: World, office: Visitor) -> None:
    address = addresses(world)["team"][0]
    page = typed(office.get(f"{address}/edit"))
    with world.transaction() as session:
        talents.update_team(
            session,
            team_id=address.rpartition("/")[2],
            changes={"members": [{"talent_id": "T0009"}, {"name": "新来的专家", "post": "顾问"}]},
            actor=SYSTEM,
            now=world.clock.now,
        )
    refused = office.submit(address, **page | {"member_ids[]": "T0009", "note": "我的备注"})
    assert refused.status_code == 409
    assert typed(refused)["others"] == "新来的专家，顾问"
    assert typed(refused)["note"] == "我的备注"


def test_an_unchanged_record_and_a_change_taken_back_disturb_nobody(world: World, office: Visitor) -> None:
    page = typed(office.get("/talents/T0001/edit"))
    for value in ("一时之念", page["platform"]):
        with world.transaction() as session:
            changes = {"platform": value or None}
            talents.update_talent(session, talent_id="T0001", changes=changes, actor=SYSTEM, now=world.clock.now)
    assert office.submit("/talents/T0001", **page | {"post": "所长"}).status_code == 302


def test_a_report_reworded_by_two_keeps_both_texts(world: World) -> None:
    liaison = Visitor(world, "liaison-hrss")
    made = liaison.post("/reports", unit="hrss", year="2026", half="1")
    address = made.json["location"]
    hidden = {"version": re.search(r'name="version" value="(\d+)"', liaison.get(address).text)[1]}  # type: ignore[index]
    report_id = address.rpartition("/")[2]
    with world.reading() if hasattr(world, "reading") else world.database.reading() as session:
        texts = {
            f"section_{name}": text for name, text in reports.get_report(session, report_id, SYSTEM).sections.items()
        }
    first = liaison.post(f"{address}/edit", **texts | hidden | {"section_work": "甲写的工作"})
    assert first.status_code == 200
    second = liaison.post(f"{address}/edit", **texts | hidden | {"section_plans": "乙写的打算"})
    assert second.status_code == 409
    assert second.json["later"] == {"section_work": "甲写的工作"}
    assert second.json["version"] > int(hidden["version"])
    assert "甲写的工作" in second.json["errors"][0]["message"]
    again = texts | {"version": str(second.json["version"])} | second.json["later"] | {"section_plans": "乙写的打算"}
    assert liaison.post(f"{address}/edit", **again).status_code == 200
    with world.database.reading() as session:
        sections = reports.get_report(session, report_id, SYSTEM).sections
        edits = [one.data for one in stream_events(session, f"report:{report_id}") if one.kind == "report_edited"]
    assert (sections["work"], sections["plans"]) == ("甲写的工作", "乙写的打算")
    assert [sorted(one["before"]) for one in edits] == [["work"], ["plans"]]


def test_a_service_team_set_meanwhile_is_told(world: World, office: Visitor) -> None:
    with world.database.reading() as session:
        leader = people.search_leaders(session, LeaderFilter("陈砚秋")).items[0]
        someone = str(people.search_people(session, PersonFilter("何静怡")).items[0].id)
        leader_id, head = str(leader.id), str(leader.person_id)
    page = office.get("/service-teams/new", leader=leader_id).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    body = {
        "leader_id": leader_id, "shown": leader_id, "version": version[1], "head_id": head, "liaison_id": someone,
        "members": [someone], "starts_on": world.clock.now.date().isoformat(),
    }  # fmt: skip
    assert office.post("/service-teams", **body).status_code == 200
    refused = office.post("/service-teams", **body)
    assert refused.status_code == 409
    assert "组长陈砚秋" in refused.json["errors"][0]["message"]
    assert office.post("/service-teams", **body | {"version": str(refused.json["version"])}).status_code == 200
