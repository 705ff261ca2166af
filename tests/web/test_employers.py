"""The pages of the people of a talent's employer: their own talents whole, nobody else's, no links (R8)."""

from __future__ import annotations

from datetime import date

import pytest

from service import auth, people
from service.rights import SYSTEM
from service.talents import add_team, update_talent
from tests.factories.exports import exported_rows
from tests.factories.visitor import Visitor

OWN, OTHER = "T0001", "T0003"


@pytest.fixture
def employer(world):
    """An account of the education bureau as an employer; T0001 works there."""
    with world.transaction() as session:
        person = people.add_person(
            session, name="余知返", unit_code="edu", post="人事", actor=SYSTEM, now=world.clock.now
        )
        auth.add_user(session, username="employer-1", person_id=person.id, actor=SYSTEM, now=world.clock.now)
        auth.grant_role(
            session, username="employer-1", role="employer", unit_code="edu", actor=SYSTEM, now=world.clock.now
        )
        update_talent(
            session,
            talent_id=OWN,
            changes={"employer_unit": "edu", "email": "zhou@example.com"},
            actor=world.actor("office"),
            now=world.clock.now,
        )
    return "employer-1"


def test_an_employer_sees_own_talents_only_everywhere(world, employer):
    page, api = world.as_user(employer), world.api(employer)
    listed = page.get("/talents").get_data(as_text=True)
    assert "周慕白" in listed
    assert "顾长风" not in listed
    assert [one["id"] for one in api.get("/talents").json["items"]] == [OWN]
    for path in (f"/talents/{OTHER}", f"/talents/{OTHER}/history", f"/talents/{OTHER}/photo"):
        assert api.get(path).status_code == 404
    assert page.get(f"/talents/{OTHER}").status_code == 404
    assert page.get(f"/talents/{OTHER}/photo").status_code == 404
    alike = api.get("/talents/duplicates", name="顾长风", employer="珠江氢能动力有限公司").json["items"]
    assert alike == []


def test_who_confirms_a_file_sees_what_it_says(world, employer):
    shown = world.as_user(employer).get(f"/talents/{OWN}").get_data(as_text=True)
    assert "核实信息无误" in shown
    assert "0757-00000001" in shown
    assert "zhou@example.com" in shown
    world.api(employer).post(f"/talents/{OWN}/confirm", {"on": date(2026, 9, 16).isoformat()})
    handler = world.as_user("handler-hrss").get(f"/talents/{OWN}").get_data(as_text=True)
    assert "0757-00000001" not in handler


def test_who_serves_a_talent_is_known_to_those_who_file_needs_and_ask_for_links(world, employer):
    for user, seen in ((employer, False), ("handler-edu", False), ("liaison-hrss", True), ("office", True)):
        page = world.as_user(user).get("/talents?q=周慕白").get_data(as_text=True)
        assert ("陈砚秋" in page) is seen, user
        assert ("陈砚秋" in world.as_user(user).get(f"/talents/{OWN}").get_data(as_text=True)) is seen, user
    [leader] = world.api("liaison-cppcc_office").get(f"/talents/{OWN}").json["leaders"]
    assert leader["name"] == "陈砚秋"
    assert world.api("liaison-hrss").get("/talents", leader=world.leader_id).json["items"] == []  # nor their whole list
    assert world.api("handler-edu").get("/talents", leader=world.leader_id).json["items"] == []


def test_nobody_elses_talent_is_learnt_by_beginning_a_report(world, employer):
    page, api = world.as_user(employer), world.api(employer)
    refused = api.post("/instances", {"process": "change_report", "data": {"talent_id": OTHER}})
    assert refused.status_code == 422
    assert [one["path"] for one in refused.json["errors"]] == ["/data/talent_id"]
    assert "顾长风" not in refused.text
    assert "顾长风" not in page.get(f"/cases/new/change_report?talent_id={OTHER}").text
    assert "周慕白" in page.get(f"/cases/new/change_report?talent_id={OWN}").text
    assert api.post("/instances", {"process": "change_report", "data": {"talent_id": OWN}}).status_code == 201


def test_who_lost_the_last_role_sees_no_talent(world, employer):
    with world.transaction() as session:
        auth.revoke_role(
            session, username=employer, role="employer", unit_code="edu", actor=SYSTEM, now=world.clock.now
        )
    page, api = Visitor(world, employer), world.api(employer)
    listed = page.get("/talents").text
    assert not [name for name in ("周慕白", "顾长风") if name in listed]
    for talent in (OWN, OTHER):
        assert page.get(f"/talents/{talent}").status_code == 404
        assert api.get(f"/talents/{talent}").status_code == 404
    assert api.get("/talents").json["items"] == []
    assert api.get("/talents/duplicates", name="顾长风", employer="珠江氢能动力有限公司").json["items"] == []
    assert exported_rows(page, "/talents.xlsx") == []


def test_an_employer_sees_the_teams_of_own_talents_only_and_nobody_else_in_them(world, employer):
    with world.transaction() as session:
        office, now = world.actor("office"), world.clock.now
        outside = {"name": "钱外宾"}
        others = add_team(session, name="氢能团队", lead_id=OTHER, members=[outside], actor=office, now=now).id
        mixed = add_team(
            session, name="交叉团队", lead_id=OTHER, members=[{"talent_id": OWN}, outside], actor=office, now=now
        ).id
    page, api = Visitor(world, employer), world.api(employer)
    [listed] = api.get("/teams").json["items"]
    assert (listed["name"], listed["lead_id"], listed["lead_name"]) == ("交叉团队", None, None)
    assert [one["name"] for one in listed["members"]] == ["周慕白"]
    assert api.get(f"/teams/{mixed}").json == listed
    assert api.get("/teams", q="顾长风").json["items"] == []
    assert api.get(f"/teams/{others}").status_code == page.get(f"/teams/{others}").status_code == 404
    assert api.get(f"/teams/{others}/history").status_code == 404
    cells = [cell.value for row in exported_rows(page, "/teams.xlsx") for cell in row]
    assert "交叉团队" in cells
    shown = [page.get("/teams").text, page.get(f"/teams/{mixed}").text, api.get(f"/teams/{mixed}/history").text]
    assert not [
        text for text in (*shown, str(cells)) for name in ("顾长风", OTHER, "钱外宾", "氢能团队") if name in text
    ]
    assert len(world.api("office").get("/teams").json["items"]) == 2
    assert world.api("office").get(f"/teams/{mixed}").json["lead_name"] == "顾长风"
