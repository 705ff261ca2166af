"""核对人才信息: whoever opens the task sees the talents to check, by pages, and picks only among them (R4)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from service.talents import NewTalent, add_talents, update_talent
from tests.factories.rounds import calendar_starts
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import World


@pytest.fixture
def checked(world: World) -> str:
    """The task of hrss, which answers for 45 talents; gives its address."""
    with world.transaction() as session:
        office, now = world.actor("office"), world.clock.now
        update_talent(
            session,
            talent_id="T0001",
            changes={"employer_unit": "hrss", "recognition_expires_on": now.date(), "works_until": None},
            actor=office,
            now=now,
        )
        more = [
            NewTalent(
                {"name": f"甲乙{chr(0x4E8C + n)}", "employer": "某研究院", "employer_unit": "hrss", "category": 4},
                confirmed=True,  # 于 and 亏 are written for each other
            )
            for n in range(44)
        ]
        add_talents(session, talents=more, actor=office, now=now)
    calendar_starts(world, "registry_review", "twice_a_year")
    return f"/tasks/{world.task('confirm_files', 'hrss').id}"


def names(page: str) -> list[str]:
    """The names on the checklist of a page, in order."""
    return re.findall(r'href="/talents/T\d+"[^>]*>([^<]+)</a>', page.split('id="checklist"')[1].split("</section>")[0])


def test_the_task_shows_its_talents_and_the_rest_by_pages(world: World, checked: str) -> None:
    page = Visitor(world, "liaison-hrss").get(checked).text
    for said in ("须核对的人才", "共 45 人", "在我区、认定", "最近核实", "未核实", "第 1–20 人"):
        assert said in page
    seen = names(page)
    for offset in (20, 40):
        seen += names(Visitor(world, "liaison-hrss").get(f"{checked}/records?offset={offset}").text)
    assert len(set(seen)) == len(seen) == 45
    assert "周慕白" in seen
    found = Visitor(world, "liaison-hrss").get(f"{checked}/records?q=zmb").text
    assert names(found) == ["周慕白"]
    assert "已过期" in found
    assert names(Visitor(world, "office").get(checked).text) == names(page)
    assert "没有找到" in Visitor(world, "liaison-hrss").get(f"{checked}/records?q=沈清越").text


def test_who_has_no_part_in_the_slot_sees_no_list(world: World, checked: str) -> None:
    assert Visitor(world, "liaison-sci").get(f"{checked}/records").status_code == 404
    assert world.api("liaison-sci").get(f"{checked}/records").status_code == 404


def test_a_step_without_a_list_has_none(world: World) -> None:
    world.recorded()
    task = f"/tasks/{world.task('accept').id}"
    assert 'id="checklist"' not in Visitor(world, "office").get(task).text
    assert Visitor(world, "office").get(f"{task}/records").status_code == 404
    assert world.api("office").get(task).json["listing"] is None
    assert world.api("office").get(f"{task}/records").status_code == 404


def test_the_api_gives_the_list_by_pages_and_refuses_a_stranger(world: World, checked: str) -> None:
    api = world.api("liaison-hrss")
    listing = api.get(checked).json["listing"]
    assert listing == {"kind": "talents", "total": 45, "href": f"/api/v1{checked}/records"}
    first = api.get(f"{checked}/records", limit=30).json
    rest = api.get(f"{checked}/records", limit=30, offset=first["next"]).json
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (30, 15, None)
    [found] = api.get(f"{checked}/records", q="周慕白").json["items"]
    assert (found["id"], found["in_district"], found["confirmed_on"]) == ("T0001", True, None)
    assert "phone" not in found
    answer = api.post(f"{checked}/complete", {"data": {"result": "some_wrong", "to_correct": ["T0001", "T0002"]}})
    assert answer.status_code == 422
    assert [(one["path"], one["message"]) for one in answer.json["errors"]] == [
        ("/data/to_correct/1", "沈清越不在本任务的名单中，请删去，改从名单中选择")
    ]


def test_pages_take_as_many_statements_for_many_talents_as_for_few(world: World, checked: str) -> None:
    sent: list[int] = []
    Visitor(world, "liaison-hrss").get(f"{checked}/records")  # what is read once for all is read
    for query in ("?q=周慕白", ""):
        with counted(world) as statements:
            Visitor(world, "liaison-hrss").get(f"{checked}/records{query}")
        sent.append(len(statements))
    assert sent[0] == sent[1]


def test_the_picker_asks_the_list_and_the_correction_says_whose_file_it_is(world: World, checked: str) -> None:
    liaison = Visitor(world, "liaison-hrss")
    [form] = re.findall(r'id="form-data">(.*?)</script>', liaison.get(checked).text, re.DOTALL)
    island: dict[str, Any] = json.loads(form)
    assert island["records"] == f"/api/v1{checked}/records"
    world.do("liaison-hrss", "confirm_files", {"result": "some_wrong", "to_correct": ["T0001"]}, unit="hrss")
    task = world.task("correct_talent")
    page = liaison.get(f"/tasks/{task.id}").text
    assert "涉及的人才" in page
    assert "周慕白" in page
    corrected = {**task.data["file"]["values"], "post": "院长", "basis": "任命文件"}
    world.do("liaison-hrss", "correct_talent", corrected, unit="hrss")
    assert "周慕白" in Visitor(world, "office").get(f"/tasks/{world.task('approve_correction').id}").text


def test_a_task_of_a_unit_without_a_liaison_says_what_the_office_can_do(world: World) -> None:
    calendar_starts(world, "half_year_report", "every_half_year")
    task = world.task("submit_half_year", "police")
    page = Visitor(world, "office").get(f"/tasks/{task.id}").text
    assert "区公安局没有能办理的联络员，由区人才办代办" in page
    assert 'href="/units/police"' in page
    assert str(task.id) in json.dumps(world.api("office").get("/tasks", unit="police").json)
    reassigned = world.api("office").post(f"/tasks/{task.id}/reassign", {"to": "office-2", "reason": "代为办理"})
    assert reassigned.status_code == 200
    world.do("office-2", "submit_half_year", {"work": "代为报送", "plans": "尽快指定"}, unit="police")
    hrss = world.task("submit_half_year", "hrss")
    assert "目前没有能办理的联络员" not in Visitor(world, "office").get(f"/tasks/{hrss.id}").text
    assert world.api("office").get(f"/tasks/{hrss.id}").json["may"]["complete"] is False
