"""资格复核 (S1, S2): who may no longer be served is reviewed by a person, once; no link ends by itself."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from service.liaisons import Link
from service.processes.models import Instance
from service.talents import update_talent
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import begin
from tests.factories.steps import events, instance, mismatches
from tests.factories.workers import work_all


def change(world, talent: str = "T0001", **fields) -> None:
    with world.transaction() as session:
        update_talent(session, talent_id=talent, changes=fields, actor=world.actor("office"), now=world.clock.now)


def reviews(world):
    with world.database.reading() as session:
        query = select(Instance.id).where(Instance.process == "eligibility_review").order_by(Instance.started_at)
        return list(session.scalars(query))


def days(world, count: int) -> None:
    for _ in range(count):
        work_all(world)
        world.clock.advance(days=1)


def links(world):
    with world.database.reading() as session:
        return [link.ends_on for link in session.scalars(select(Link).where(Link.talent_id == "T0001"))]


@ON_BOTH
def test_a_recognition_that_expires_is_reviewed_once(world):
    change(world, type=None, recognition_expires_on=date(2026, 9, 17))
    days(world, 1)
    assert reviews(world) == []
    days(world, 6)
    [world.case] = reviews(world)
    assert instance(world).title == "资格复核：周慕白"
    [facts] = [one.data["result"] for one in events(world, "action")]
    assert ["不符合条件的原因", "人才认定已于 2026-09-17 到期"] in facts["lines"]
    assert links(world) == [None]
    world.do("office", "review_eligibility", {"decision": "keep", "reason": "正在办理续期"})
    days(world, 4)
    assert len(reviews(world)) == 1
    assert mismatches(world) == []


def test_another_reason_is_another_question(world):
    change(world, type=None, recognition_expires_on=date(2026, 9, 10))
    days(world, 1)
    [world.case] = reviews(world)
    world.do("office", "review_eligibility", {"decision": "keep", "reason": "正在办理续期"})
    change(world, recognition_expires_on=date(2026, 12, 31))
    days(world, 1)
    assert len(reviews(world)) == 1
    change(world, in_district=False)
    days(world, 2)
    assert len(reviews(world)) == 2


def test_a_change_by_hand_opens_it_at_once_on_page_and_api(world):
    world.api("office").patch("/talents/T0001", {"in_district": False})
    [world.case] = reviews(world)
    world.do("office", "review_eligibility", {"decision": "end", "reason": "已离开本区", "ends_on": "2026-09-16"})
    assert instance(world).end_name == "已终止联系"
    assert links(world) == [date(2026, 9, 16)]
    days(world, 3)
    assert len(reviews(world)) == 1


def test_who_is_reviewed_with_a_report_of_change_is_not_reviewed_twice(world):
    report = {
        "talent_id": "T0001", "change_type": "job_change", "event_date": "2026-09-10", "reported_on": "2026-09-16",
        "description": "调往外地", "leaves_district": True, "new_employer": "外地研究院",
    }  # fmt: skip
    begin(world, "change_report", "office")
    world.do("office", "report_by_office", report)
    world.do("leader", "acknowledge_change", {})
    world.do("office", "acknowledge_report", {})
    world.do("office", "review_change", {"decision": "approve"})
    days(world, 2)
    world.do("office", "review_eligibility", {"decision": "keep", "reason": "仍有合作项目"})
    days(world, 3)
    assert reviews(world) == []


def test_nobody_starts_it_by_hand(world):
    assert world.as_user("office").get("/cases/new/eligibility_review").status_code == 404
