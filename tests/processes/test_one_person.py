"""A step of one person: theirs alone while they hold its role, told to them alone; else everybody's of the role."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from service import auth, clock
from service.auth.queries import holdings
from service.checks import check
from service.errors import NotAllowed
from service.notifications.models import Notification
from service.processes import stuck
from service.rights import SYSTEM
from service.usecases import check_context
from service.usecases.holders import known_people, named_people
from tests.factories.databases import ON_BOTH
from tests.factories.diagrams import form
from tests.factories.engines import end, flow, start, user
from tests.factories.steps import events, instance, mismatches
from tests.factories.visitor import Visitor
from tests.factories.wishes import House, bundle
from tests.factories.world import World

TEXT = {"type": "string", "title": "事由", "maxLength": 100}
WHO = {"type": "string", "title": "由谁审核", "maxLength": 64, "x-ref": "people"}
FORMS = {"ask": form("申请", {"why": TEXT, "who": WHO}) | {"required": ["who"]}, "check": form("审核", {"said": TEXT})}


def asked(candidates: str, lane: str = "talent_office") -> dict[str, bytes]:
    """Asked by a liaison, then checked by one person."""
    body = start("ask") + user("ask", stage="apply") + flow("ask", "check")
    body += user("check", stage="apply", due="working_days(2)", candidates=candidates) + flow("check", "finish") + end()
    lanes = {"liaison": "ask check"} if lane == "liaison" else {"liaison": "ask", lane: "check"}
    return bundle("asking", lanes, body, FORMS, stages="apply:申请")


def told(house: House) -> set[str]:
    """The accounts that heard of the open step."""
    house.work()
    with house.world.database.reading() as session:
        mine = select(Notification.username).where(
            Notification.template == "task", Notification.title.contains("check")
        )
        return set(session.scalars(mine))


def findings(house: House, files: dict[str, bytes]) -> list[str]:
    """The findings about the holder of the step, with today's accounts."""
    with house.world.transaction() as session:
        people = known_people(named_people(session, files))
    context = replace(check_context(house.settings, house.organization), key="asking", people=people)
    return [one.message for one in check(files, context=context) if one.rule == "task-holder"]


def person_of(house: House, username: str) -> str:
    with house.world.transaction() as session:
        return str(auth.get_account(session, username).person_id)


@pytest.fixture
def house(world: World, tmp_path: Path) -> House:
    made = House(world, tmp_path)
    made.account("zhang.san", "talent_office", of="talent_office")
    return made


@ON_BOTH
@pytest.mark.parametrize("candidates", ["person:'zhang.san'", "person:who"])
def test_a_step_of_one_person_is_theirs_alone_and_told_to_them_alone(house: House, candidates: str) -> None:
    world = house.world
    house.deploy("asking", asked(candidates))
    house.begin("asking", {"why": "慰问", "who": person_of(house, "zhang.san")}, by="liaison-hrss")
    assert told(house) == {"zhang.san"}
    with pytest.raises(NotAllowed):
        house.do("check", {"said": "代办"}, by="office")
    assert "环节check" not in Visitor(world, "office").get("/tasks").text
    assert "环节check" in Visitor(world, "zhang.san").get("/tasks").text
    page = " ".join(Visitor(world, "office").get(f"/cases/{world.case}").text.split())
    assert "新zhang.san" in page
    house.do("check", {"said": "同意"}, by="zhang.san")
    assert instance(world).status == "completed"
    done = events(world, "completed")[-1]
    assert (done.actor, done.on_behalf_of) == ("zhang.san", None)
    assert mismatches(world) == []


@ON_BOTH
def test_who_left_is_stood_in_for_by_all_of_the_role_and_the_journal_says_for_whom(house: House) -> None:
    world = house.world
    house.deploy("asking", asked("person:'zhang.san'"))
    house.begin("asking", {"why": "慰问", "who": person_of(house, "office")}, by="liaison-hrss")
    with world.transaction() as session:
        auth.disable_user(session, username="zhang.san", actor=SYSTEM, now=clock.now())
    assert "office" in told(house)
    page = " ".join(Visitor(world, "office").get(f"/tasks/{world.task('check').id}").text.split())
    assert "新zhang.san没有能用的账号，或已不在岗，由区人才办" in page
    with world.transaction() as session:
        assert stuck.count(session, clock.today()) == 0
    house.do("check", {"said": "代为审核"}, by="office")
    done = events(world, "completed")[-1]
    assert (done.actor, done.on_behalf_of) == ("office", "person:zhang.san")
    assert mismatches(world) == []


def test_the_starter_does_a_step_in_person(house: House) -> None:
    world = house.world
    files = asked("person:initiator", lane="liaison")
    house.deploy("asking", files)
    house.begin("asking", {"why": "慰问", "who": person_of(house, "office")}, by="liaison-hrss")
    assert world.task("check").person_key == "liaison-hrss"
    house.do("check", {"said": "本人办"}, by="liaison-hrss")
    assert mismatches(world) == []


def test_a_named_person_sees_the_case_only_while_holding_the_role(house: House) -> None:
    world = house.world
    house.deploy("asking", asked("person:'handler-edu'"))
    house.begin("asking", {"why": "慰问", "who": person_of(house, "office")}, by="liaison-hrss")
    assert world.task("check").person_key == "handler-edu"
    assert Visitor(world, "handler-edu").get(f"/cases/{world.case}").status_code == 404
    house.do("check", {"said": "同一角色的人代办"}, by="office")


def test_who_left_or_has_no_such_role_or_is_nobody_is_named_at_the_element(house: House) -> None:
    assert findings(house, asked("person:'zhang.san'")) == []
    assert findings(house, asked("person:initiator")) == []
    assert findings(house, asked("person:who")) == []
    assert "没有“区人才办”这个角色" in findings(house, asked("person:'handler-edu'"))[0]
    assert "没有账号 nobody.here" in findings(house, asked("person:'nobody.here'"))[0]
    assert "不是从名单里选的，不会是一个人" in findings(house, asked("person:why"))[0]
    assert "不是一个人" in findings(house, asked("person:7"))[0]
    with house.world.transaction() as session:
        auth.disable_user(session, username="zhang.san", actor=SYSTEM, now=clock.now())
    [left] = findings(house, asked("person:'zhang.san'"))
    assert left.startswith("谁办“新zhang.san”：新zhang.san 已不在岗，或账号已停用")


def test_lists_hold_however_many_days_were_asked_about_meanwhile(world: World) -> None:
    world.recorded()
    office = world.as_user("office")
    assert office.get("/tasks").status_code == 200
    for ago in range(1, 12):
        holdings(clock.today() - timedelta(days=ago))
    assert office.get("/tasks").status_code == 200
