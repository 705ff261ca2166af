"""Records of the people side are replayed from their journal: as of an entry or a day, masked as on their page."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from service import clock, liaisons, talents
from service.liaisons.models import Link, Roster, ServiceTeam
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


def changed(page: str) -> dict[str, tuple[str, str]]:
    """The changes of the step as the page tells them."""
    found = re.findall(r'<tr><th scope="row">([^<]+)</th><td>([^<]*)</td><td>([^<]*)</td></tr>', page)
    return {label: (before, after) for label, before, after in found}


def test_a_handover_tells_each_of_its_two_links_its_own_changes(world: World) -> None:
    with world.database.reading() as session:
        link = session.scalars(select(Link).where(Link.status == "active", Link.leader.has(klass="A"))).first()
        assert link is not None
        served = select(Link.leader_id).where(Link.talent_id == link.talent_id)
        standing = select(ServiceTeam.leader_id)
        wanted = (Leader.klass == "A", Leader.id.not_in(served), Leader.id.in_(standing), Leader.ends_on.is_(None))
        new = session.scalars(select(Leader).where(*wanted)).first()
        assert new is not None
        link_id, successor, names = link.id, new.id, (link.leader.person.name, new.person.name)
        began = link.starts_on.isoformat()
    today = clock.today()
    with world.transaction() as session:
        taken = liaisons.hand_over(
            session, link_id=link_id, successor_id=successor, starts_on=today, actor=SYSTEM, now=clock.now()
        )
        taken_id = taken.id
    auditor = Visitor(world, "office")
    old = auditor.get(f"/links/{link_id}/replay").text
    ends = (today - timedelta(days=1)).isoformat()
    assert changed(old)["结束日期"] == ("（空）", ends)
    assert changed(old)["结束原因"] == ("（空）", f"移交给{names[1]}")
    assert changed(old)["另一条记录"] == ("—", f"移交给{names[1]}，自 {today.isoformat()} 起")
    assert not {"联系领导", "开始日期"} & changed(old).keys()
    assert (told(old)["联系领导"], told(old)["开始日期"]) == (names[0], began)
    new_page = auditor.get(f"/links/{taken_id}/replay").text
    assert changed(new_page)["联系领导"] == ("—", names[1])
    assert changed(new_page)["另一条记录"] == ("—", f"由{names[0]}移交，自 {today.isoformat()} 起")
    assert "结束日期" not in changed(new_page)


def decided(world: World, number: str) -> tuple[UUID, int]:
    """A version of the list of class A, in force, and its number."""
    with world.transaction() as session:
        links = session.scalars(select(Link).where(Link.status == "active", Link.leader.has(klass="A"))).all()
        items = [
            {"leader_id": str(one.leader_id), "talent_id": one.talent_id, "reason": one.reason, "note": one.note}
            for one in links
        ]
        drafted = liaisons.draft_roster(session, scope="A", items=items, actor=SYSTEM, now=clock.now())
        on = clock.today()
        liaisons.decide_roster(
            session, roster_id=drafted.id, document_no=number, decided_on=on, actor=SYSTEM, now=clock.now()
        )
        return drafted.id, drafted.version


def test_a_roster_that_is_superseded_keeps_its_own_number(world: World) -> None:
    old, _ = decided(world, "南人才〔2026〕98号")
    _, version = decided(world, "南人才〔2026〕99号")
    page = Visitor(world, "office").get(f"/rosters/{old}/replay").text
    assert changed(page).keys() == {"另一条记录", "状态"}
    assert f"被第 {version} 版取代（文号 南人才〔2026〕99号" in changed(page)["另一条记录"][1]
    assert told(page)["文号"] == "南人才〔2026〕98号"


def test_a_change_that_the_mask_hides_is_named(world: World) -> None:
    change(world, phone="13900001234")
    change(world, phone="13911111234")
    page = Visitor(world, "auditor").get("/talents/T0001/replay").text
    assert changed(page)["联系电话"] == ("139****1234", "139****1234（已改，按权限遮盖）")
    assert told(page)["联系电话"] == "139****1234"
    assert "<mark>139****1234</mark>" in page
    assert "已改，按权限遮盖" not in Visitor(world, "office").get("/talents/T0001/replay").text


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
    new = dict(re.findall(r'<th scope="row">([^<]+)</th><td>[^<]*</td><td>([^<]*)</td>', page))
    assert new["结束原因"] == f"移交给{name}"
    assert new["状态"] == "已结束"
    assert not {"联系领导", "开始日期"} & set(new)
    assert told(page)["开始日期"] == starts_on
