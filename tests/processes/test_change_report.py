"""重大事项报告 (R8 R9): reported, known to leader and Talent Office, agreed to, in the registry; lateness is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service import auth, people
from service.errors import Invalid, NotAllowed
from service.history import stream_events
from service.liaisons import Link
from service.rights import SYSTEM
from service.talents import get_talent, update_talent
from tests.factories.change_reports import MOVED, known, reported
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import begin
from tests.factories.steps import events, instance, mismatches


def belongs(world, unit, **fields):
    with world.transaction() as session:
        update_talent(
            session,
            talent_id="T0001",
            changes={"employer_unit": unit, **fields},
            actor=world.actor("office"),
            now=world.clock.now,
        )


def talent(world):
    with world.database.reading() as session:
        found = get_talent(session, "T0001")
        session.expunge_all()
    return found


@ON_BOTH
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
    belongs(world, "edu")
    reported(world, "employer-1", "report_change")
    assert world.done("report_change").unit == "edu"
    with pytest.raises(Invalid) as refused:
        reported(world, "employer-1", "report_change", talent_id="T0002")
    assert [found.path for found in refused.value.findings] == ["/data/talent_id"]


def test_a_department_without_a_liaison_reports_about_its_own_talents(world):
    belongs(world, "guicheng")
    reported(world, "handler-guicheng", "report_by_department")
    assert world.done("report_by_department").unit == "guicheng"
    with pytest.raises(Invalid, match="还不能提交"):
        reported(world, "handler-edu", "report_by_department")


def test_the_talent_office_enters_a_report_about_anybody(world):
    reported(world, "office", "report_by_office")
    known(world)
    world.do("office", "review_change", {"decision": "return", "reason": "请核对"})
    assert world.open_steps() == [("report_by_office", None)]


def test_a_liaison_reports_about_the_talents_of_the_offices_leaders_or_of_the_own_unit(world):
    with pytest.raises(Invalid) as refused:
        reported(world, "liaison-sci")
    assert "不是本单位的人才" in refused.value.findings[0].message
    belongs(world, "sci")
    reported(world, "liaison-sci")


def test_who_is_of_no_unit_concerned_cannot_begin(world):
    with pytest.raises(NotAllowed):
        begin(world, "change_report", "auditor")


def test_a_report_is_not_older_than_what_it_reports(world):
    with pytest.raises(Invalid) as refused:
        reported(world, event_date="2026-09-16", reported_on="2026-09-10")
    assert [found.path for found in refused.value.findings] == ["/data/reported_on"]


def test_what_belonged_to_the_former_employer_goes_unless_the_report_says_otherwise(world):
    former = {"contact_person": "余知返", "contact_phone": "0757-86300000", "town": "guicheng", "post": "研发总监"}
    belongs(world, "edu", platform="旧平台", **former)
    reported(world, new_employer_unit="sci", new_contact_person="郭望舒")
    [facts] = [one.data["result"] for one in events(world, "action") if one.data["name"] == "change_facts"]
    assert ["创新平台", "旧平台 → （空）"] in facts["lines"]
    assert ["职务", "研发总监 → （空）"] in facts["lines"]
    assert ["镇街", "桂城街道 → （空）"] in facts["lines"]
    assert ["主管单位", "区教育局 → 区经济促进局（科技）"] in facts["lines"]
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    now = talent(world)
    assert (now.employer_unit, now.contact_person) == ("sci", "郭望舒")
    assert (now.platform, now.contact_phone, now.town, now.post) == (None, None, None, None)


def test_where_somebody_goes_who_leaves_the_district_need_not_be_known(world):
    belongs(world, "edu", post="研发总监")
    with pytest.raises(Invalid) as refused:
        reported(world, new_employer=None)
    assert [found.path for found in refused.value.findings] == ["/data/new_employer"]
    before = talent(world).employer
    reported(world, new_employer=None, leaves_district=True)
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    now = talent(world)
    assert (now.employer, now.post, now.in_district) == (before, "研发总监", False)


def test_an_award_stays_in_the_file_for_who_may_see_the_report(world):
    reported(world, change_type="award", **dict.fromkeys(("leaves_district", "new_employer")))
    known(world)
    world.do("office", "review_change", {"decision": "approve"})
    with world.database.reading() as session:
        [said] = [one.data for one in stream_events(session, "talent:T0001") if one.kind == "talent_reported"]
    assert said["instance_id"] == str(world.case)
    assert (said["change_type"], said["late_days"]) == ("award", 0)
    page = world.as_user("office").get("/talents/T0001").get_data(as_text=True)
    assert f"/cases/{world.case}" in page
    assert "重大奖励" in page
    other = world.as_user("liaison-cppcc_office").get("/talents/T0001").get_data(as_text=True)
    assert "重大奖励" not in other
    told = world.api("liaison-cppcc_office").get("/talents/T0001/history").json["items"]
    assert "talent_reported" not in [one["kind"] for one in told]
    assert mismatches(world) == []
