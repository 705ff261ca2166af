"""重大事项报告 (R8 R9): reported, known to leader and Talent Office, agreed to, in the registry; lateness is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service import auth, people
from service.auth import SYSTEM
from service.errors import NotAllowed
from service.liaisons import Link
from service.talents import get_talent
from tests.processes.rounds import begin
from tests.processes.steps import events, instance, mismatches

MOVED = {
    "talent_id": "T0001",
    "change_type": "job_change",
    "event_date": "2026-09-10",
    "reported_on": "2026-09-16",
    "description": "调往新的单位",
    "leaves_district": False,
    "new_employer": "新材料研究院",
}


def reported(world, user="liaison-district_office", step="report_for_employer", **changes):
    begin(world, "change_report", user)
    world.do(user, step, {**MOVED, **changes})


def known(world):
    world.do("leader", "acknowledge_change", {})
    world.do("office", "acknowledge_report", {})


def talent(world):
    with world.database.reading() as session:
        found = get_talent(session, "T0001")
        session.expunge_all()
    return found


def test_a_change_is_known_to_both_agreed_to_and_in_the_registry(world):
    reported(world)
    assert instance(world).title == "重大事项报告：周慕白（工作变动）"
    assert world.open_steps() == [("acknowledge_change", None), ("acknowledge_report", None)]
    with pytest.raises(NotAllowed):
        world.do("office", "acknowledge_change", {})
    known(world)
    world.do("office", "review_change", {"decision": "return", "reason": "请补充新单位"})
    world.do("liaison-district_office", "report_for_employer", {**MOVED, "new_post": "院长"})
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    assert (instance(world).status, instance(world).end_name) == ("completed", "已更新信息库")
    assert (talent(world).employer, talent(world).post) == ("新材料研究院", "院长")
    assert mismatches(world) == []


def test_a_late_report_says_so_and_blocks_nothing(world):
    reported(world, event_date="2026-08-03")
    [facts] = [one.data["result"] for one in events(world, "action") if one.data["name"] == "change_facts"]
    assert facts["late_days"] == 22
    assert ["报告时效", "迟报 22 个工作日"] in facts["lines"]


def test_who_leaves_the_district_is_looked_at_by_a_person_before_any_link_ends(world):
    reported(world, leaves_district=True)
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    assert world.open_steps() == [("review_eligibility", None)]
    assert talent(world).in_district is False
    with world.database.reading() as session:
        assert [link.ends_on for link in session.scalars(select(Link).where(Link.talent_id == "T0001"))] == [None]
    world.do("office", "review_eligibility", {"decision": "end", "reason": "已离开本区", "ends_on": "2026-09-16"})
    with world.database.reading() as session:
        [link] = session.scalars(select(Link).where(Link.talent_id == "T0001"))
        assert link.ends_on.isoformat() == "2026-09-16"
    assert instance(world).end_name == "已终止联系"
    assert mismatches(world) == []


def test_an_employer_reports_for_itself_and_sees_only_its_own(world):
    with world.transaction() as session:
        person = people.add_person(
            session, name="余知返", unit_code="edu", post="人事", actor=SYSTEM, now=world.clock.now
        )
        auth.add_user(session, username="employer-1", person_id=person.id, actor=SYSTEM, now=world.clock.now)
        auth.grant_role(
            session, username="employer-1", role="employer", unit_code="edu", actor=SYSTEM, now=world.clock.now
        )
    reported(world, "employer-1", "report_change")
    assert world.done("report_change").unit == "edu"


def test_who_is_neither_employer_nor_liaison_cannot_begin(world):
    with pytest.raises(NotAllowed):
        begin(world, "change_report", "handler-edu")
