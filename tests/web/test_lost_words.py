"""Two people at what is said again rather than edited: an answer, a reason, who came, a liaison, a last day."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from service import contacts, liaisons, people
from service.clock import SHANGHAI
from service.people.models import Leader
from service.rights import SYSTEM
from tests.factories import serving
from tests.factories.contact_pages import LIAISON, opinion_of, record
from tests.factories.typed_forms import said, typed
from tests.factories.visitor import Visitor
from tests.factories.world import World


def version(text: str) -> str:
    """The version in the only form of a page that carries one."""
    found: set[str] = set(re.findall(r'name="version" value="(\d+)"', text))
    assert len(found) == 1, found
    return found.pop()


def body_of(answer: Any) -> Any:
    """The JSON of an answer."""
    assert answer.json is not None
    return answer.json


def told(answer: Any) -> dict[str, str]:
    """Path → message of a refusal."""
    assert answer.status_code == 409, answer.text
    return {error["path"]: error["message"] for error in body_of(answer)["errors"]}


def test_what_became_of_an_opinion_is_not_undone_in_silence(world: World) -> None:
    contact = record(world)
    page = Visitor(world, LIAISON).get(f"/contacts/{contact}").text
    address, seen = f"/opinions/{opinion_of(world, contact)}/answer", version(page)
    first = Visitor(world, "office").post(address, status="answered", answer="已答复，可申请公寓", version=seen)
    assert first.status_code == 200
    late = Visitor(world, LIAISON).post(address, status="noted", answer="", version=seen)
    assert told(late)["/status"].startswith("处理结果：梁文韬于")
    assert "把“待处理”改为“已答复”；您填写的内容已保留" in told(late)["/status"]
    assert "改为“已答复，可申请公寓”，已采用" in told(late)["/answer"]
    assert body_of(late)["later"] == {"status": "answered", "answer": "已答复，可申请公寓"}
    page = Visitor(world, LIAISON).get("/opinions").text
    assert 'value="answered" required checked' in page
    assert ">已答复，可申请公寓</textarea>" in page
    assert version(page) == str(body_of(late)["version"])
    again = Visitor(world, LIAISON).post(address, status="noted", answer="", version=version(page))
    assert again.status_code == 200


def test_the_reason_for_missed_interviews_is_not_undone_in_silence(world: World) -> None:
    with world.transaction() as session:
        whose = serving.leader_b(session)
        serving.service_team(session, whose)
        pair = serving.link(session, whose, serving.talent(session, "黄小年"))
        body = {"leader_id": str(whose.id), "talent_id": pair.talent_id, "year": "2026"}
    world.clock.set(datetime(2026, 12, 7, 10, tzinfo=SHANGHAI))
    office = Visitor(world, "office")
    shown = office.get("/interviews", year="2026").text
    seen = version(shown[shown.index("黄小年") :].partition("</tr>")[0])
    assert office.post("/interviews/reason", **body, reason="人才长期出国", version=seen).status_code == 200
    late = office.post("/interviews/reason", **body, reason="领导请假", version=seen)
    assert "把“空”改为“人才长期出国”；您填写的内容已保留" in told(late)["/reason"]
    body["version"] = str(body_of(late)["version"])
    assert office.post("/interviews/reason", **body, reason="领导请假").status_code == 200


def test_who_came_is_not_undone_in_silence(world: World) -> None:
    office = Visitor(world, "office")
    given = {
        "name": "座谈会",
        "kind": "symposium",
        "held_on": "2026-09-16",
        "unit": "hrss",
        "talent": ["T0001", "T0002"],
    }
    address = body_of(office.post("/activities", **given))["location"]
    seen = version(office.get(address).text)
    sent = {"came_T0001": "unknown", "came_T0002": "unknown", "version": seen}
    assert office.post(f"{address}/attendance", **sent | {"came_T0001": "yes"}).status_code == 200
    late = office.post(f"{address}/attendance", **sent | {"came_T0002": "no"})
    with world.database.reading() as session:
        invited = contacts.get_activity(session, address.rpartition("/")[2], world.actor("office")).invitations
        name, came = next((one.talent.name, one.attended) for one in invited if one.talent_id == "T0001")
    assert came is True
    assert told(late).keys() == {"/came_T0001"}
    assert told(late)["/came_T0001"].startswith(f"{name}：")
    assert "把“未登记”改为“到场”，已采用" in told(late)["/came_T0001"]
    assert body_of(late)["later"] == {"came_T0001": "yes"}
    again = {"came_T0001": "yes", "came_T0002": "no", "version": str(body_of(late)["version"])}
    assert office.post(f"{address}/attendance", **again).status_code == 200


def test_a_liaison_named_meanwhile_is_told(world: World) -> None:
    with world.transaction() as session:
        ids = [
            str(people.add_person(session, name=name, unit_code="edu", actor=SYSTEM, now=world.clock.now).id)
            for name in ("甲一", "乙二")
        ]
    office = Visitor(world, "office")
    page = typed(office.get("/units/edu/liaison")) | {"replace": "yes"}
    assert office.submit("/units/edu/liaison", **page | {"person_id": ids[0]}).status_code == 302
    refused = office.submit("/units/edu/liaison", **page | {"person_id": ids[1]})
    assert refused.status_code == 409
    assert "联络员：梁文韬于" in said(refused)
    assert "改为“甲一" in said(refused)
    assert "再次保存将以您的为准" in said(refused)
    again = typed(refused)
    assert again["person_id"] == ids[1]
    world.clock.advance(days=1)
    starts = world.clock.now.date().isoformat()
    sent = again | {"replace": "yes", "starts_on": starts}
    assert office.submit("/units/edu/liaison", **sent).status_code == 302


def test_a_last_day_corrected_meanwhile_is_told(world: World) -> None:
    office = Visitor(world, "office")
    with world.database.reading() as session:
        leader = session.query(Leader).first()
        assert leader is not None
        address = f"/posts/{leader.id}/end"
    assert office.submit(address, ends_on="2026-09-15").status_code == 302
    page = typed(office.get(f"{address}/correct"))
    assert office.submit(f"{address}/correct", **page | {"ends_on": "2026-09-16", "reason": "甲"}).status_code == 302
    refused = office.submit(f"{address}/correct", **page | {"ends_on": "2026-09-18", "reason": "乙"})
    assert refused.status_code == 409
    assert "把“2026-09-15”改为“2026-09-16”" in said(refused)
    assert typed(refused)["reason"] == "乙"
    assert office.submit(f"{address}/correct", **typed(refused)).status_code == 302


def test_a_draft_of_a_list_rewritten_meanwhile_is_told(world: World) -> None:
    office = Visitor(world, "office")
    page = office.get("/rosters/new", scope="A").text
    shown = dict(re.findall(r'name="((?:line|leader|talent)_\d+)" value="([^"]+)"', page))
    lines = shown | {name.replace("leader", "reason"): "known" for name in shown if name.startswith("leader_")}
    body = {"scope": "A", "note": "", **lines}
    assert office.post("/rosters", **body, version=version(page)).status_code == 200
    there = office.get("/rosters/new", scope="A").text
    fewer = {name: value for name, value in body.items() if name != "line_0"}
    assert office.post("/rosters", **fewer, version=version(there)).status_code == 200
    late = office.post("/rosters", **body, version=version(there))
    assert "去掉" in told(late)["/lines"]
    assert "联系" in told(late)["/lines"]
    with world.database.reading() as session:
        [draft] = liaisons.search_rosters(
            session, liaisons.RosterFilter(scope="A", status="draft"), limit=5, reader=world.actor("office")
        ).items
        assert len(draft.items) == sum(name.startswith("leader_") for name in lines) - 1
    assert office.post("/rosters", **body, version=str(body_of(late)["version"])).status_code == 200
