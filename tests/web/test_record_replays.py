"""Records of the people side are replayed from their journal: as of an entry or a day, masked as on their page."""

from __future__ import annotations

import re

from sqlalchemy import select

from service import clock, liaisons, talents
from service.liaisons.models import Link, Roster
from service.people.models import Leader
from service.rights import SYSTEM
from tests.factories.visitor import Visitor
from tests.factories.world import World


def change(world: World, **changes: object) -> None:
    with world.transaction() as session:
        talents.update_talent(
            session, talent_id="T0001", changes=changes, source="来函 7 号", actor=SYSTEM, now=clock.now()
        )


def told(page: str) -> dict[str, str]:
    """The fields of the record as the page shows them."""
    found = re.findall(r"<dt>([^<]+)</dt><dd>(?:<mark>)?([^<]*)", page)
    return dict(found)


def test_a_file_is_shown_as_it_stood_on_a_day_and_after_each_entry(world: World) -> None:
    first = clock.today()
    world.clock.advance(days=1)
    change(world, employer="第二家单位", phone="13900009999")
    world.clock.advance(days=1)
    change(world, employer="第三家单位")
    office = Visitor(world, "office")
    pages = {on: told(office.get("/talents/T0001/replay", on=on.isoformat()).text) for on in (first, clock.today())}
    assert pages[clock.today()]["工作单位"] == "第三家单位"
    assert pages[first]["工作单位"] not in ("第二家单位", "第三家单位")
    page = office.get("/talents/T0001/replay").text
    addresses = re.findall(r'"seq": (\d+)', page)
    middle = office.get("/talents/T0001/replay", at=addresses[-2], part="step").text
    assert told(middle)["工作单位"] == "第二家单位"
    assert "来函 7 号" in middle
    assert "13900009999" in middle
    assert "13900009999" not in Visitor(world, "auditor").get("/talents/T0001/replay", at=addresses[-2]).text
    assert office.get("/talents/T0001/replay", on="2020-01-01").status_code == 404
    for wrong in ("2026-13-01", "2030-01-01", "昨天"):
        answer = office.get("/talents/T0001/replay", on=wrong)
        assert (answer.status_code, "不晚于今天的日期" in answer.text) == (422, True), wrong
    for wrong in ("999999", "x"):
        assert office.get("/talents/T0001/replay", at=wrong).status_code == 404, wrong


def test_links_and_rosters_end_where_their_rows_stand(world: World) -> None:
    with world.database.reading() as session:
        link = session.scalars(select(Link)).first()
        rosters = list(session.scalars(select(Roster.id)))
        assert link is not None
        link_id, starts_on = link.id, link.starts_on
    office = Visitor(world, "office")
    page = office.get(f"/links/{link_id}/replay")
    assert page.status_code == 200
    assert told(page.text)["开始日期"] == starts_on.isoformat()
    for roster_id in rosters:
        assert office.get(f"/rosters/{roster_id}/replay").status_code == 200


def test_a_link_that_was_handed_over_tells_of_itself_and_of_its_successor(world: World) -> None:
    today = clock.today()
    with world.transaction() as session:
        link = session.scalars(
            select(Link).join(Link.leader).where(Link.status == "active", Leader.klass == "A")
        ).first()
        assert link is not None
        others = select(Leader).where(Leader.klass == "A", Leader.person_id != link.leader.person_id)
        successor = session.scalars(others).first()
        assert successor is not None
        liaisons.hand_over(
            session, link_id=link.id, successor_id=successor.id, starts_on=today, actor=SYSTEM, now=clock.now()
        )
        key, name, starts_on = link.id, successor.person.name, link.starts_on.isoformat()
    page = Visitor(world, "office").get(f"/links/{key}/replay").text
    changed = dict(re.findall(r'<th scope="row">([^<]+)</th><td>[^<]*</td><td>([^<]*)</td>', page))
    assert changed["结束原因"] == f"移交给{name}"
    assert changed["状态"] == "已结束"
    assert not {"联系领导", "开始日期"} & set(changed)
    assert told(page)["开始日期"] == starts_on
