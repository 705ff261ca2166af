"""A role that an office adds in its settings: on every page and call it has the rights that it is given, no more."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from service import clock, reports
from service.app import create_app
from service.auth.accounts import add_user
from service.auth.grants import grant_role, revoke_role
from service.auth.queries import acting_for, actor_of
from service.errors import Invalid
from service.people import add_person, declare_substitute
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.rights import RIGHTS, SYSTEM, may, units_with
from service.web import access
from tests.api.test_access import walk_calls
from tests.factories.bundles import unchecked
from tests.factories.visitor import Visitor
from tests.factories.world import CONFIG, HOME, World
from tests.web.test_access import walk_operations, walk_pages

STATION = """
[[roles]]
id = "station"
name = "人才服务站"
scope = "origin"

[roles.rights]
view_activities = "all"
view_people_side = "all"
view_contacts = "unit"
view_report_pages = "all"
view_reports = "unit"
view_links = "all"
view_links_all = "unit"
"""
INSPECTOR = """
[[roles]]
id = "inspector"
name = "督查室"
scope = "all"
of_unit = false
delegable = false

[roles.rights]
view_ledger_all = "all"
view_people_side = "all"
supervise = "all"
"""


@pytest.fixture
def added(world: World, tmp_path: Path) -> World:
    """The world with two more roles, each held by an account of its name."""
    config = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    with (config / "organization.toml").open("a", encoding="utf-8") as file:
        file.write(STATION + INSPECTOR)
    world.app = create_app(world.settings, config=config, database=world.database)
    world.app.testing = True
    with world.transaction() as session:
        now = clock.now()
        for role, name, unit in (("station", "甘霖", "edu"), ("inspector", "盛夏", None)):
            person = add_person(session, name=name, unit_code="edu", actor=SYSTEM, now=now)
            add_user(session, username=role, person_id=person.id, actor=SYSTEM, now=now)
            grant_role(session, username=role, role=role, unit_code=unit, actor=SYSTEM, now=now)
    return world


@pytest.mark.parametrize("username", ["station", "inspector"])
def test_an_added_role_meets_the_rule_of_every_page_operation_and_call(added: World, username: str) -> None:
    rules = access.rules(added.app)
    asked = {rule.right for rule in rules.values() if rule.right}
    admitted = {right for right in asked if may(added.actor(username), right)}
    assert asked - admitted
    walk_pages(added, username)
    walk_operations(added, username)
    walk_calls(added, username)


def test_an_added_role_may_what_its_line_says(added: World) -> None:
    station, inspector = added.actor("station"), added.actor("inspector")
    assert may(station, "view_activities")
    assert may(station, "view_reports", unit="edu")
    assert not may(station, "view_reports", unit="hrss")
    assert not may(station, "view_reports")
    assert units_with(station, "view_links_all") == {"edu"}
    assert may(inspector, "view_ledger_all")
    given = {right for right in RIGHTS if may(inspector, right)}
    everybody = {right for right, one in RIGHTS.items() if one.everybody or one.staff}
    assert given - everybody == {"view_ledger_all", "view_people_side"}


@pytest.mark.parametrize("may_remark", [False, True])
def test_an_added_role_that_sees_every_case_remarks_on_it_by_a_right(
    added: World, tmp_path: Path, may_remark: bool
) -> None:
    if may_remark:
        with (tmp_path / "config" / "organization.toml").open("a", encoding="utf-8") as file:
            file.write('remark_all = "all"\n')
        added.app = create_app(added.settings, config=tmp_path / "config", database=added.database)
    added.dispatched("edu")
    api = added.api("inspector")
    assert api.get(f"/instances/{added.case}").json["may"]["comment"] is may_remark
    answer = api.post(f"/instances/{added.case}/comment", {"text": "请说明进展"})
    assert answer.status_code == (201 if may_remark else 403)
    assert added.api("office").post(f"/instances/{added.case}/comment", {"text": "知悉"}).status_code == 201


def test_an_added_role_is_named_everywhere_as_its_line_names_it(added: World) -> None:
    page = Visitor(added, "admin").get("/accounts/station").text
    assert "人才服务站" in page
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    lane = b'<spiffworkflow:property name="form" value="accept" />'
    drawn = files["bpmn/request.bpmn"].replace(
        lane, lane + b'<spiffworkflow:property name="candidates" value="inspector" />'
    )
    assert drawn != files["bpmn/request.bpmn"]
    with added.transaction() as session:
        changed = {**files, "bpmn/request.bpmn": drawn}
        deploy(session, unchecked("request", changed), actor=SYSTEM, now=clock.now())
    added.recorded()
    assert "受理 · 受理审核" in Visitor(added, "inspector").get("/tasks").text
    case = f"/cases/{added.case}"
    assert "督查室" in Visitor(added, "office").get(case).text
    with added.transaction() as session:
        revoke_role(session, username="inspector", role="inspector", actor=SYSTEM, now=clock.now())
    assert "督查室没有能办理的人员，由区人才办代办" in Visitor(added, "office").get(case).text


def test_the_lists_of_an_added_role_are_those_of_its_unit(added: World) -> None:
    """It sees in lists what it may see of its unit, and nothing of others."""
    with added.transaction() as session:
        for unit in ("edu", "hrss"):
            reports.compile_report(
                session, unit_code=unit, year=2026, half=1, needs={}, due_on=None, actor=SYSTEM, now=clock.now()
            )
    station = Visitor(added, "station")
    page = station.get("/reports").text.partition("<tbody>")[2]
    assert "区教育局" in page
    assert "区人力资源和社会保障局" not in page
    for path in ("/links", "/contacts", "/interviews"):
        assert station.get(path).status_code == 200
    inspector = Visitor(added, "inspector")
    added.dispatched("edu")
    assert inspector.get(f"/cases/{added.case}").status_code == 200
    assert station.get(f"/cases/{added.case}").status_code == 404
    assert "区教育局" not in inspector.get("/reports").text.partition("<tbody>")[2]


def test_a_role_of_a_unit_is_granted_for_a_unit(added: World) -> None:
    with added.transaction() as session, pytest.raises(Invalid) as caught:
        grant_role(session, username="inspector", role="station", actor=SYSTEM, now=clock.now())
    assert [finding.message for finding in caught.value.findings] == ["该角色须指定单位"]


def test_a_substitute_takes_over_what_the_role_lets_be_taken_over(added: World) -> None:
    with added.transaction() as session:
        now, today = clock.now(), clock.today()
        for role in ("station", "inspector"):
            away = actor_of(session, role)
            other = actor_of(session, "handler-edu")
            declare_substitute(
                session,
                person_id=away.person_id,
                substitute_id=other.person_id,
                starts_on=today,
                ends_on=today + timedelta(days=2),
                reason="出差",
                actor=SYSTEM,
                now=now,
            )
        acting = {one.on_behalf_of: one for one in acting_for(session, other)}
        assert may(acting["station"], "view_activities")
        assert not may(acting["inspector"], "operate_cases")
