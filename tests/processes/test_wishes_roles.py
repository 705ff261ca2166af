"""Wishes about offices and roles: one of one's own is complete by its lines in the settings, with who stands in."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from tests.factories.diagrams import form
from tests.factories.engines import end, flow, start, user
from tests.factories.steps import events, mismatches
from tests.factories.visitor import Visitor
from tests.factories.wishes import House, bundle
from tests.factories.world import World

STATION = """
[[roles]]
id = "station"
name = "人才服务站"
scope = "origin"
stand_ins = ["liaison", "talent_office"]
rights = { view_activities = "all" }
"""
TEXT = {"type": "string", "title": "办理意见", "maxLength": 100}
PROCESS = bundle(
    "visiting",
    {"liaison": "ask", "station": "visit"},
    start("ask")
    + user("ask", stage="apply")
    + flow("ask", "visit")
    + user("visit", stage="publicity", due="working_days(3)")
    + flow("visit", "finish")
    + end(),
    {"ask": form("申请走访", {"why": {**TEXT, "title": "事由"}}), "visit": form("走访", {"said": TEXT})},
    stages="apply:申请 publicity:公示",
    button="申请走访",
    page="activities",
    order="3",
)


def test_a_role_of_ones_own_does_its_lane_and_until_then_who_stands_in_does(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path, organization=STATION)
    house.deploy("visiting", PROCESS)
    house.pages()
    liaison = Visitor(world, "liaison-hrss")
    assert "申请走访" in liaison.get("/activities").text
    case = liaison.post("/cases/new/visiting", data={"why": "慰问"}).json["location"]
    page = " ".join(liaison.get(case).text.split())
    unit = "区人力资源和社会保障局"
    assert f"{unit}没有能办理的人才服务站，由{unit}联络员代办" in page
    assert "公示" in page
    house.account("station", "station", "hrss", of="hrss")
    assert "公示 · 环节visit" in Visitor(world, "station").get("/tasks").text
    world.case = UUID(case.rpartition("/")[2])
    house.do("visit", {"said": "已走访"}, by="station")
    done = events(world, "completed")[-1]
    assert (done.actor, done.on_behalf_of) == ("station", None)
    assert mismatches(world) == []


def test_who_stands_in_does_it_and_for_whom_stands_in_the_journal(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path, organization=STATION)
    house.deploy("visiting", PROCESS)
    house.begin("visiting", {"why": "慰问"}, by="liaison-hrss")
    house.do("visit", {"said": "代为走访"}, by="liaison-hrss")
    done = events(world, "completed")[-1]
    assert (done.actor, done.on_behalf_of) == ("liaison-hrss", "unit:hrss")
    assert mismatches(world) == []
