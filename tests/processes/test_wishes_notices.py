"""Wishes about who hears what: kinds of one's own, to a role, a unit, a person; urges to whoever is late."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from service import clock
from service.errors import Invalid
from service.people import add_person
from service.rights import SYSTEM
from tests.factories.diagrams import form
from tests.factories.engines import end, flow, service, start, timer, user
from tests.factories.steps import events, instance, mismatches, notices
from tests.factories.wishes import House, Office, bundle
from tests.factories.workers import inbox_of, incidents
from tests.factories.world import World

ROLE = """
[[roles]]
id = "supervisor"
name = "分管领导"
scope = "all"
of_unit = false
rights = { view_ledger_all = "all" }
stand_ins = ["talent_office"]
"""
KINDS = """
[late_word]
name = "超期告知"
subject = "超期告知：{title}"
text = "“{title}”的“{task}”{deadline}。{text}"
receipt = true

[closed_word]
name = "办结告知"
subject = "办结告知：{title}"
text = "“{title}”已办结。{text}"
outside = false
"""
TEXT = {"type": "string", "title": "事项标题", "maxLength": 100}
PEOPLE = {
    "type": "array",
    "title": "还要告知的人",
    "maxItems": 9,
    "items": {"type": "string", "maxLength": 64, "x-ref": "people"},
}
FORMS = {"ask": form("申请", {"title": TEXT, "others": PEOPLE}) | {"required": ["title"]}, "check": form("审核", {})}


def tell(name: str, **given: str) -> str:
    return service(name, "notice", f"told_{name}", **given)


def watched(*clocks: str, close: str = "") -> dict[str, bytes]:
    """Asked, then checked within two working days, with clocks on the check; somebody is told at the close."""
    body = (
        start("ask")
        + user("ask", stage="intake")
        + flow("ask", "check")
        + user("check", stage="handling", due="working_days(2)")
        + "".join(clocks)
        + flow("check", "close")
        + (close or tell("close", kind="'closed_word'", person="initiator"))
        + flow("close", "finish")
        + end()
    )
    return bundle("watched", {"liaison": "ask", "talent_office": "check"}, body, FORMS)


def at(name: str, when: str, does: str) -> str:
    return (
        timer(f"{name}_clock", "check", when)
        + flow(f"{name}_clock", name)
        + does
        + flow(name, f"{name}_end")
        + (f'<bpmn:endEvent id="{name}_end" />')
    )


LATE = "working_days_after(due_on, 3)"
BOSS = at("boss", LATE, tell("boss", kind="'late_word'", role="'supervisor'", text="'请过问。'"))
CHECKER = at("checker", LATE, tell("checker", kind="'late_word'", step="'check'"))
URGE = at("hurry", "working_days_after(due_on, 1)", service("hurry", "urge", "urges", role="'talent_office'"))


def house_of(world: World, tmp_path: Path, *clocks: str, close: str = "") -> House:
    house = House(world, tmp_path, organization=ROLE, notifications=KINDS)
    house.deploy("watched", watched(*clocks, close=close))
    return house


def go_by(world: World, house: House, days: int) -> None:
    for _ in range(days):
        world.clock.advance(days=1)
        house.work()


def test_a_role_of_ones_own_hears_of_lateness_and_the_office_is_urged_itself(world: World, tmp_path: Path) -> None:
    house = house_of(world, tmp_path, BOSS, CHECKER, URGE)
    house.account("boss", "supervisor")
    house.begin("watched", {"title": "购房补贴"}, by="liaison-hrss")
    go_by(world, house, 8)
    assert inbox_of(world, "boss") == [("late_word", "超期告知：购房补贴")]
    assert [kind for kind, _ in inbox_of(world, "office")] == ["urge", "late_word"]
    [told] = [one for one in notices(world, "late_word") if one["to"]["role"] == "supervisor"]
    assert told["text"] == "请过问。"
    [urged] = events(world, "urged")
    assert (urged.data["step"], urged.data["n"], urged.data["by_hand"]) == ("check", 1, False)
    assert instance(world).urges == 1
    house.do("check", {})
    house.work()
    assert inbox_of(world, "liaison-hrss") == [("closed_word", "办结告知：购房补贴")]
    assert (mismatches(world), incidents(world)) == ([], [])


def test_where_nobody_holds_the_role_its_stand_in_hears_and_why(world: World, tmp_path: Path) -> None:
    house = house_of(world, tmp_path, BOSS)
    house.begin("watched", {"title": "购房补贴"}, by="liaison-hrss")
    go_by(world, house, 8)
    house.pages()
    page = world.as_user("office").get("/notices").text
    assert "超期告知：购房补贴" in page
    assert "分管领导没有能办理的人员，由区人才办代办" in page
    assert incidents(world) == []


def test_people_whom_a_form_names_are_told_and_the_office_tells_who_has_no_account(
    world: World, tmp_path: Path
) -> None:
    house = house_of(world, tmp_path, close=tell("close", kind="'closed_word'", person="others", text="'请知悉'"))
    house.account("clerk", "responsible_unit", "edu")
    with world.transaction() as session:
        apart = str(add_person(session, name="老白", unit_code="edu", actor=SYSTEM, now=clock.now()).id)
    clerk = str(world.actor("clerk").person_id)
    house.begin("watched", {"title": "购房补贴", "others": [clerk, apart]}, by="liaison-hrss")
    house.do("check", {})
    house.work()
    assert inbox_of(world, "clerk") == [("closed_word", "办结告知：购房补贴")]
    assert [one["text"] for one in notices(world, "closed_word")] == [
        "（老白没有使用本系统，请代为告知）请知悉",
        "请知悉",
    ]
    house.begin("watched", {"title": "没有要告知的人"}, by="liaison-hrss")
    house.do("check", {})
    assert instance(world).data["told_close"] is False


def test_a_kind_that_was_given_up_is_told_as_a_plain_reminder(world: World, tmp_path: Path) -> None:
    house = house_of(world, tmp_path)
    house.begin("watched", {"title": "购房补贴"}, by="liaison-hrss")
    house.do("check", {})
    later = House(world, tmp_path / "later")
    later.work()
    assert inbox_of(world, "liaison-hrss") == [("closed_word", "工作提醒：购房补贴")]


def test_a_rehearsal_tells_the_same(tmp_path: Path) -> None:
    office = Office(tmp_path, organization=ROLE, notifications=KINDS)
    rehearsal = office.rehearsal(office.made("watched", watched(BOSS, CHECKER, URGE)), "liaison@hrss")
    rehearsal.do("ask", {"title": "购房补贴"})
    rehearsal.wait(working_days=6)
    told = [(one.kind, one.role, one.of) for one in rehearsal.state.notices if one.kind != "task"]
    assert told[0] == ("urge", "talent_office", "check")
    assert set(told[1:]) == {("late_word", "supervisor", None), ("late_word", "talent_office", "check")}
    assert rehearsal.state.due == {"ask": None, "check": date(2026, 3, 4)}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "'late_words'"}, "没有这种通知 late_words，是不是超期告知？"),
        ({"kind": "'late_word' if title else 'lost'"}, "没有这种通知 lost"),
        ({"kind": "'late_word'", "role": "'boss'"}, "没有这个角色 boss"),
        ({"kind": "'late_word'", "unit": "'nowhere'"}, "没有这个单位 nowhere"),
        ({"kind": "'late_word'", "step": "'checks'"}, "没有这个任务 checks，是不是「环节check」？"),
        ({"kind": "'task'"}, "没有这种通知 task"),
    ],
)
def test_whom_and_what_nobody_knows_is_told_when_the_diagram_is_checked(
    tmp_path: Path, given: dict[str, str], says: str
) -> None:
    office = Office(tmp_path, organization=ROLE, notifications=KINDS)
    with pytest.raises(Invalid) as refused:
        office.made("watched", watched(close=tell("close", **given)))
    assert [one.message for one in refused.value.findings if says in one.message]


def test_a_kind_needs_a_name_and_its_words(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        Office(tmp_path, notifications='\n[urgs]\nsubject = "甲"\ntext = "{nobody}"\n')
    found = {one.path: one.message for one in refused.value.findings}
    line, _, told = found["urgs"].partition("：")
    assert re.fullmatch(r"第 \d+ 行", line)
    assert told == "没有这种通知。是否想写 [urge]？另加一种的，请写名称 name（图里的 notice 用代码 urgs 发出）"
