"""A leader sees the needs of today's talents, whoever took these in (O4); elsewhere nobody sees more than before."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from service.demonstration.organization import derived
from service.ledger.counts import leader_needs
from service.people import Leader
from service.processes import queries
from service.processes.models import Instance
from service.usecases.posts import end_post
from tests.factories.statements import Statements
from tests.factories.workers import work_all

TALENT = "T0006"


@pytest.fixture
def need(world):
    """A need of a talent whose leader is 温如故 of the political consultative conference."""
    leader_id = str(derived("leader", "温如故"))
    return world.recorded(talent_id=TALENT, leader_id=leader_id)


def hand_over(world) -> None:
    with world.transaction() as session:
        post = session.get_one(Leader, derived("leader", "温如故"))
        end_post(
            session, leader_id=post.id, ends_on=date(2026, 9, 15), actor=world.actor("office"), now=world.clock.now
        )
    with world.database.reading() as session:
        world.case = session.scalars(select(Instance.id).where(Instance.process == "liaison_change")).one()
    successor = str(derived("leader", "leader"))
    plan = {"decision": "hand_over", "starts_on": "2026-09-17", "note": "请接续跟进。", "successor_id": successor}
    world.do("office", "plan_a", plan)
    world.clock.advance(days=1)
    work_all(world)


def sees(world, user: str, case) -> bool:
    listed = case in [row["id"] for row in world.api(user).get("/requests").json["items"]]
    assert (world.api(user).get(f"/instances/{case}").status_code == 200) is listed
    assert (world.as_user(user).get(f"/cases/{case}").status_code == 200) is listed
    return listed


def test_after_a_handover_the_successor_and_the_liaison_see_the_open_needs(world, need):
    case = str(need)
    before = {user: sees(world, user, case) for user in ("leader", "liaison-district_office", "liaison-cppcc_office")}
    assert before == {"leader": False, "liaison-district_office": False, "liaison-cppcc_office": True}
    hand_over(world)
    assert sees(world, "leader", case)
    assert sees(world, "liaison-district_office", case)
    assert not sees(world, "liaison-sci", case)
    assert "子女入学" in world.as_user("leader").get("/my-talents").get_data(as_text=True)


def test_a_brief_tells_of_the_needs_of_the_talents_served_in_the_month(world, need):
    hand_over(world)
    with world.database.reading() as session:
        month = {"starts_on": date(2026, 9, 1), "ends_on": date(2026, 9, 30)}
        told = leader_needs(session, leader_id=derived("leader", "leader"), **month)
        assert [one["id"] for one in told["items"]] == [str(need)]
        other = leader_needs(session, leader_id=derived("leader", "程望津"), **month)
        assert other["items"] == []


def test_a_list_takes_no_more_statements_for_more_talents(world, need):
    hand_over(world)
    actor = world.actor("leader")
    with world.database.reading() as session:
        statements = Statements(session)
        queries.cases(session, actor)
        assert statements.since() <= 5
