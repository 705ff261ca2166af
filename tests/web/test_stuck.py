"""The page of cases that nobody can move, its ways out, and the same by the interface; who sees what there."""

from __future__ import annotations

import re
from datetime import timedelta

from service import clock, ids
from service.processes import freeing
from service.processes.models import Incident
from service.processes.timers import count_open_incidents
from tests.factories.diagrams import definition
from tests.factories.statements import counted
from tests.factories.steps import instance, mismatches
from tests.factories.stuck import HOLE, MATTER, MENDED, begun, caught, deployed, version
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, OFFICE, World

WHY = "停在汇合处「汇合」，等其余分支，但不会再有分支到来"


def test_an_owner_reads_why_and_moves_the_case_to_a_mended_version(world: World) -> None:
    caught(world)
    owner = Visitor(world, "owner")
    page = owner.get("/stuck").text
    assert WHY in page
    assert "没有下一步" in page
    assert f"/cases/{world.case}" not in page
    assert "迁移到另一版" not in page  # there is no other yet
    to = version(world, MENDED)
    page = owner.get("/stuck").text
    assert re.findall(r'<option value="(/\w+)">([^<]+)<', page) == [("/decide", "决定"), ("/apply", "申请")]
    assert f"第 {to} 版（现行）" in page
    answer = owner.submit(f"/stuck/{world.case}/return", target="/decide", to=str(to), reason="补上缺口")
    assert answer.location == "/stuck"
    assert (instance(world).version, world.open_steps()) == (to, [("decide", None)])
    assert "没有无法继续的事项" in owner.get("/stuck").text
    assert mismatches(world) == []


def test_what_fails_is_said_and_changes_nothing(world: World) -> None:
    caught(world)
    owner = Visitor(world, "owner")
    to = version(world, MENDED)
    refused = owner.post(f"/stuck/{world.case}/migrate", to=str(to))
    assert (refused.status_code, "「汇合」在新版中换了种类" in str(refused.json)) == (409, True)
    refused = owner.post(f"/stuck/{world.case}/return", target="/decide", reason="")
    assert (refused.status_code, "退回理由" in str(refused.json)) == (422, True)
    refused = Visitor(world, OFFICE).post(f"/stuck/{world.case}/return", target="/decide", to=str(to), reason="补")
    assert refused.status_code == 403
    assert (instance(world).version, world.open_steps()) == (1, [])


def test_a_task_of_nobody_is_moved_to_the_version_that_gives_it_somebody(world: World) -> None:
    deployed(world, definition((MATTER, "<bpmn:flowNodeRef>decide</bpmn:flowNodeRef>", "")))
    begun(world)
    owner = Visitor(world, "owner")
    assert "「决定」没有人能办理：没有指定办理角色" in owner.get("/stuck").text
    to = deployed(world, definition())
    assert owner.submit(f"/stuck/{world.case}/migrate", to=str(to), note="补角色").status_code == 302
    assert "没有无法继续的事项" in owner.get("/stuck").text
    assert [str(row) for row in (instance(world).version,)] == [str(to)]


def test_the_case_and_the_task_say_the_same_reason(world: World) -> None:
    caught(world)
    assert f"本事项无法继续：{WHY}。已提醒" in Visitor(world, LIAISON).get(f"/cases/{world.case}").text
    office = Visitor(world, OFFICE)
    assert f'本事项无法继续：{WHY}。<a href="/stuck">' in office.get(f"/cases/{world.case}").text
    assert f'href="/cases/{world.case}"' in office.get("/stuck").text
    deployed(world, definition((MATTER, "<bpmn:flowNodeRef>decide</bpmn:flowNodeRef>", "")))
    begun(world)
    task = world.task("decide").id
    assert "本事项无法继续：「决定」没有人能办理" in office.get(f"/tasks/{task}").text
    assert "无法继续" not in Visitor(world, LIAISON).get(f"/cases/{_sound(world)}").text


def _sound(world: World) -> object:
    deployed(world, definition())
    begun(world)
    return world.case


def test_pages_of_owners_point_to_it_and_the_incident_is_not_shown_twice(world: World) -> None:
    caught(world)
    with world.transaction() as session:
        freeing.report(session, now=clock.now())
        assert count_open_incidents(session) == 1
    owner = Visitor(world, "owner")
    for path in ("/system", "/studio"):
        assert "有 1 件事项无法继续，请处理" in owner.get(path).text
    assert WHY not in owner.get("/system").text
    assert 'href="/stuck"' in owner.get("/help").text
    assert 'href="/stuck"' not in Visitor(world, LIAISON).get("/help").text
    metrics = world.app.test_client().get("/metrics", headers={}, environ_base={"REMOTE_ADDR": "127.0.0.1"}).text
    assert "liaison_cases_stuck 1.0" in metrics


def test_the_list_costs_the_same_for_many(world: World) -> None:
    version(world, HOLE)
    owner, costs = Visitor(world, "owner"), []
    for _ in range(3):
        begun(world)
        world.do(OFFICE, "decide", {"decision": "agree", "lead_unit": "edu"})
        owner.get("/stuck")
        with counted(world) as statements:
            owner.get("/stuck")
        costs.append(len(statements))
    assert len(set(costs)) == 1, costs


def test_the_interface_lists_and_puts_back(world: World) -> None:
    caught(world)
    api = world.api("owner")
    [item] = api.get("/stuck").json["items"]
    assert (item["id"], item["process_name"], item["version"], item["number"]) == (str(world.case), "事项", 1, None)
    [why] = item["reasons"]
    assert (why["kind"], why["message"], why["task"]) == ("standstill", WHY, None)
    assert why["targets"][0] == {"scope": "", "task": "decide", "name": "决定"}
    assert "title" not in item
    path = f"/instances/{world.case}/put-back"
    assert api.post(path, {"target": "check", "reason": "补"}).json["errors"][0]["path"] == "/target"
    assert api.post(path, {"target": "decide"}).json["errors"][0]["path"] == "/reason"
    for user in (LIAISON, "auditor"):
        assert world.api(user).get("/stuck").status_code == 403
        assert world.api(user).post(path, {"target": "decide", "reason": "补"}).status_code == 403
    to = version(world, MENDED)
    freed = api.post(path, {"target": "decide", "reason": "补上缺口", "to": to})
    assert (freed.status_code, freed.json["version"]) == (200, to)
    assert api.get("/stuck").json["total"] == 0
    assert api.post(path, {"target": "decide", "reason": "补"}).status_code == 409
    assert mismatches(world) == []


def test_an_incident_of_a_moment_to_come_says_that_the_clock_was_ahead(world: World) -> None:
    """It stood on top of the list with a day that nobody had seen yet, as if somebody had misread it."""
    with world.transaction() as session:
        for hours, words in ((-1, "先前的故障"), (30, "时钟快时的故障")):
            happened = clock.now() + timedelta(hours=hours)
            session.add(Incident(id=ids.new(), kind="timer", message=words, happened_at=happened))
    page = Visitor(world, "admin").get("/system").text
    rows = {words: row for row in page.split("<tr>") for words in ("先前的故障", "时钟快时的故障") if words in row}
    assert "晚于现在" in rows["时钟快时的故障"]
    assert "晚于现在" not in rows["先前的故障"]
