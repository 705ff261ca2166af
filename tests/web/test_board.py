"""督办台: what it counts, what is done with many rows at once, what of it goes through and what not, and why."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from service.processes import operations
from service.processes.models import OPEN, UserTask
from tests.factories.databases import ON_BOTH
from tests.factories.visitor import Visitor
from tests.factories.workers import happened, mismatches
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH


def send(visitor: Visitor, key: str = "", **body: Any) -> Any:
    """The operation as the page's script sends it."""
    headers = {"X-CSRFToken": visitor.token(), "Accept": "application/json"}
    return visitor.client.post("/board", json=body, headers=headers | ({"Idempotency-Key": key} if key else {}))


def late(world: World, *units: str) -> UUID:
    """A need whose units are one working day past their date."""
    case = world.dispatched(*units)
    world.do(OFFICE, "feedback_accepted")
    return case


def test_what_was_answered_a_second_ago_is_told_and_keeps_no_other_back(world: World) -> None:
    late(world, "edu", "hrss")
    first, second = world.task("handle", "edu"), world.task("handle", "hrss")
    world.clock.advance(days=12)
    office = Visitor(world, OFFICE)
    page = office.get("/board", light="red", tick="late").text
    assert page.count(" checked>") == 2
    world.do("handler-edu", "handle", world.sample("handle"), unit="edu")
    tasks = [str(first.id), str(second.id), str(uuid4()), "nonsense"]
    answer = send(
        office, "k", operation="urge", task=tasks, urge_text="{单位}{主协办}：{时限}，{催办次数} 次", channel="phone"
    )
    again = send(
        office, "k", operation="urge", task=tasks, urge_text="{单位}{主协办}：{时限}，{催办次数} 次", channel="phone"
    )
    assert answer.status_code == again.status_code == 200
    assert answer.json == again.json
    [urged] = [event for event in happened(world, "urged") if event.data["by_hand"]]
    assert urged.data["channel"] == "phone"
    assert re.fullmatch(r"区人力资源和社会保障局.*协办：超期 \d 个工作日，0 次", urged.data["text"]), urged.data["text"]
    told = office.get(answer.json["location"]).text
    assert "不必催办" in told
    assert told.count("没有这个任务，或您无权查看") == 2
    assert "成功 1 件，未成功 3 件" in told
    assert Visitor(world, "handler-hrss").get(answer.json["location"]).status_code in (403, 404)
    assert mismatches(world) == []


def test_a_text_with_an_unknown_name_is_refused_whole(world: World) -> None:
    late(world, "edu")
    task = str(world.task("handle", "edu").id)
    office = Visitor(world, OFFICE)
    long = "长" * 1001
    refused = (
        ("{没有}", "不能使用 {没有}"),
        ("{编号", "花括号不成对"),
        (" ", "催办内容：必填，请填写"),
        (long, "催办内容：不能超过 1000 个字"),
    )
    for text, said in refused:
        answer = send(office, operation="urge", task=[task], urge_text=text)
        assert answer.status_code == 422
        assert said in answer.json["detail"]
    assert send(office, operation="urge", task=[], urge_text="请抓紧").status_code == 422
    assert send(office, operation="fly", task=[task]).status_code == 422
    assert send(office, operation="urge", task=[str(uuid4()) for _ in range(201)], urge_text="x").status_code == 422
    assert happened(world, "urged") == []


def test_a_unit_sees_its_own_part_and_is_offered_nothing_of_the_offices(world: World) -> None:
    late(world, "edu", "hrss")
    task = world.task("handle", "edu").id
    other = world.task("handle", "hrss").id
    edu, office = Visitor(world, "handler-edu"), Visitor(world, OFFICE)
    page = edu.get("/board").text
    assert 'value="claim"' in page
    assert "do-urge" not in page
    assert str(task) in page
    assert str(other) not in page
    figures = world.api("handler-edu").get("/board").json
    assert {cell["unit"] for cell in figures["cells"]} == {"edu"}
    everybody = world.api(OFFICE).get("/board").json
    assert {"edu", "hrss"} <= {cell["unit"] for cell in everybody["cells"]}
    assert sum(everybody["lights"].values()) == sum(cell["count"] for cell in everybody["cells"])
    refused = send(edu, operation="urge", task=[str(task)], urge_text="请抓紧")
    assert "未成功 1 件" in edu.get(refused.json["location"]).text
    claimed = send(edu, operation="claim", task=[str(task), str(other)])
    told = edu.get(claimed.json["location"]).text
    assert "已领办" in told
    assert "没有这个任务，或您无权查看" in told or "职责范围" in told
    assert office.get("/board").text.count("已领办") >= 1


def test_half_of_a_batch_may_be_accepted(world: World) -> None:
    cases = [world.recorded(title="人才公寓续租") for _ in range(2)]
    for world.case in cases:  # back with the liaison, without a number still
        world.do(OFFICE, "accept", {"decision": "return", "reason": "请补充"})
    cases.append(world.dispatched(title="子女入学"))
    for one in cases:
        with world.transaction() as session:
            operations.urge(
                session,
                instance_id=one,
                task_id=next(
                    row.id
                    for row in session.scalars(select(UserTask).where(UserTask.instance_id == one))
                    if row.status == OPEN and row.task in ("record_need", "handle")
                ),
                text="请尽快办理",
                actor=world.actor(OFFICE),
                now=world.clock.now,
            )
    office = Visitor(world, OFFICE)
    links = {unescape(link) for link in re.findall(r'href="(/urges\?[^"]*)"', office.get("/board").text)}
    found = [office.get(link).text for link in links]
    assert [page.partition("<tbody>")[2].count("<tr>") for page in found] == [1, 1, 1]
    assert sorted("人才公寓续租" in page for page in found) == [False, True, True]
