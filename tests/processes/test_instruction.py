"""领导批示: a leader instructs on a need or a brief, it is carried out in time, answered, and read by the leader."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from service.errors import Conflict, Invalid, NotAllowed
from service.people.queries import leader_posts
from service.processes import commands, extensions, operations
from service.processes.models import Instance
from tests.factories.briefs import brief_of, sign
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import begin, calendar_starts
from tests.factories.statements import counted
from tests.factories.steps import act, events, instance, mismatches, notices
from tests.factories.visitor import Visitor, island
from tests.factories.workers import work_all
from tests.factories.world import World

BUTTON = r'<a class="btn btn-instruct" href="([^"]+)">批示</a>'


def post_of(world: World, user: str) -> str:
    person = world.actor(user).person_id
    assert person is not None
    with world.database.reading() as session:
        return str(leader_posts(session, person)[0].id)


def need_of(world: World, user: str) -> UUID:
    """A need of a talent that the leader serves, dispatched."""
    return world.dispatched(leader_id=post_of(world, user))


def words(world: World, case: UUID | str, **more: str) -> dict[str, str]:
    return {
        "leader_id": post_of(world, "leader"),
        "about_case": str(case),
        "instruction": "请妥善解决",
        "carried_by": "office",
        **more,
    }


def begun(visitor: Visitor, data: dict[str, str]) -> str:
    answer = visitor.post("/cases/new/instruction", data=data)
    assert answer.status_code == 200, answer.text
    return str(answer.json["location"] if answer.is_json else answer.headers["Location"])


@ON_BOTH
def test_a_leader_instructs_on_a_need_and_hears_what_became_of_it(world: World) -> None:
    need = need_of(world, "leader")
    leader, office = Visitor(world, "leader"), Visitor(world, "office")
    page = leader.get(f"/cases/{need}").text
    [address] = re.findall(BUTTON, page)
    form = island(leader.get(address.replace("&amp;", "&")), "form-data")
    assert form["data"] == {"about_case": str(need), "leader_id": post_of(world, "leader")}
    begun(leader, words(world, need))
    with world.database.reading() as session:
        world.case = session.scalars(select(Instance.id).where(Instance.process == "instruction")).one()
    assert instance(world).about_id == str(need)
    assert instance(world).title.startswith("批示：2026-需-")
    [task] = world.open_steps()
    assert task == ("carry_out_office", None)
    with pytest.raises(NotAllowed):
        world.do("leader", "carry_out_office", {"answer": "已办"})
    assert "请妥善解决" in office.get(f"/cases/{need}").text
    carried = world.task("carry_out_office").id
    act(world, "office", operations.claim, task_id=carried)
    with pytest.raises(Conflict, match="如需接手，您可以转办给自己"):
        act(world, "office-2", commands.complete, task_id=carried, data={"answer": "已办"})
    world.do("office", "carry_out_office", {"answer": "已落实学位"})
    read = world.task("read_answer").id
    assert "申请延期" not in leader.get(f"/tasks/{read}").text
    with pytest.raises(Conflict, match="不用申请延期"):
        act(world, "leader", extensions.ask, task_id=read, due_on="2026-10-12", reason="出差")
    world.do("leader", "read_answer", {"read_decision": "more", "further": "再核实一次", "due_by": "2026-10-12"})
    assert world.task("carry_out_office").due_on.isoformat() == "2026-10-12"
    world.do("office", "carry_out_office", {"answer": "已核实"})
    world.do("leader", "read_answer", {"read_decision": "noted"})
    assert (instance(world).status, instance(world).end_name) == ("completed", "批示已落实")
    said = leader.get(f"/cases/{need}").text
    assert all(one in said for one in ("请妥善解决", "已落实学位", "再核实一次", "已核实", "批示已落实"))
    assert mismatches(world) == []


def test_the_unit_is_reminded_and_only_who_has_a_part_reads_it(world: World) -> None:
    need = need_of(world, "leader")
    begun(Visitor(world, "leader"), words(world, need, carried_by="unit", unit="edu"))
    with world.database.reading() as session:
        world.case = session.scalars(select(Instance.id).where(Instance.process == "instruction")).one()
    assert world.open_steps() == [("carry_out_unit", "edu")]
    due = world.task("carry_out_unit", "edu").due_on
    world.clock.set(datetime.fromisoformat(f"{due}T10:00:00+08:00"))
    work_all(world)
    assert "due_today" in [one["template"] for one in notices(world)]
    liaison = Visitor(world, "liaison-hrss").get(f"/cases/{need}")
    assert liaison.status_code == 404 or "请妥善解决" not in liaison.text
    assert "请妥善解决" in Visitor(world, "handler-edu").get(f"/cases/{need}").text


def test_a_brief_is_instructed_on_from_its_page(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    sign(world)
    brief, leader = brief_of(world), Visitor(world, "leader")
    [address] = re.findall(
        r'<a class="btn btn-instruct" href="([^"]+)">批示</a>', leader.get(f"/briefs/{brief.id}").text
    )
    assert f"about_brief={brief.id}" in address
    data = words(world, "", about_brief=str(brief.id))
    del data["about_case"]
    begun(leader, data)
    with world.database.reading() as session:
        world.case = session.scalars(select(Instance.id).where(Instance.process == "instruction")).one()
    assert instance(world).title == f"批示：{brief.name}"
    assert "请妥善解决" in leader.get(f"/briefs/{brief.id}").text
    assert "请妥善解决" in Visitor(world, "office").get(f"/briefs/{brief.id}").text
    assert [one.data["name"] for one in events(world, "action")] == ["instruction_facts"]


def test_nobody_instructs_on_what_is_not_theirs_to_read(world: World) -> None:
    need = need_of(world, "leader")
    assert Visitor(world, "handler-edu").post("/cases/new/instruction", data=words(world, need)).status_code == 403
    calendar_starts(world, "leader_brief", "every_month")
    brief = brief_of(world)
    begin(world, "instruction", "liaison-hrss")
    with pytest.raises(Invalid) as refused:
        world.do("liaison-hrss", "enter_instruction", {**words(world, need), "about_brief": str(brief.id)})
    assert "/data/about_brief" in [one.path for one in refused.value.findings]


def test_the_desk_of_a_leader_counts_own_talents_needs_by_light(world: World) -> None:
    need_of(world, "leader")
    leader = Visitor(world, "leader")
    leader.get("/")
    with counted(world) as before:
        desk = leader.get("/").text
    assert re.search(r'data-label="在办需求">.*?(正常|临期) 1 件', desk, re.DOTALL)
    need_of(world, "leader")
    with counted(world) as after:
        assert re.search(r'data-label="在办需求">.*?(正常|临期) 2 件', leader.get("/").text, re.DOTALL)
    assert len(after) == len(before)
