"""The page 回放 tells each step without a script, and follows a case to the drawings of its versions."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from service import clock, history
from service.audit.evidence.telling import steps as offline_steps
from service.auth.queries import account_names
from service.config import Organization
from service.processes import sharing
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.rights import SYSTEM
from service.usecases import wire
from service.usecases.configuration import note_configuration
from tests.factories.replays import eventful, replayed
from tests.factories.versions import RENAMED, move, version
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World


def test_each_step_can_be_read_without_a_script(world: World) -> None:
    eventful(world)
    steps = [one.step for one in replayed(world, "auditor").shown]
    auditor = Visitor(world, "auditor")
    case = auditor.get(f"/cases/{world.case}").text
    done = [one for one in steps if one.kind == "completed" and one.step == "handle"]
    assert f"/cases/{world.case}/replay?at={done[-1].seq}" in case
    page = auditor.get(f"/cases/{world.case}/replay?at={done[0].seq}").text
    assert all(f"/replay?at={one.seq}" in page for one in steps)
    assert "已撤回" in page
    assert "先前的答复" in page
    again = auditor.get(f"/cases/{world.case}/replay/{done[-1].seq}").text
    assert "代理 谭雅文" in again
    moved = next(one for one in steps if one.kind == "calendar_changed")
    told = auditor.get(f"/cases/{world.case}/replay?at={moved.seq}").text
    assert "南府通〔2026〕8号" in told
    assert "台风停工" in told
    assert auditor.get(f"/cases/{world.case}/replay?at=0").status_code == 404


def test_a_migrated_case_changes_its_drawing_at_that_step(world: World) -> None:
    world.recorded()
    world.do(OFFICE, "accept")
    accepted = world.done("accept")
    world.clock.advance(hours=1)
    move(world, version(world, RENAMED), reason="环节更名")
    auditor = Visitor(world, "auditor")
    page = auditor.get(f"/cases/{world.case}/replay").text
    found = re.search(r'id="diagram-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    shown = {one["id"]: one["hidden"] for one in json.loads(found[1])["diagrams"]}
    assert shown == {"request@1": True, "request@2": False}
    before = auditor.get(f"/cases/{world.case}/replay?at={accepted.completed_seq}").text
    assert "流程第 1 版" in before
    # the step is not drawn any more: its page shows the form by which it was done
    assert re.search(r"<dt>审核意见</dt><dd>受理</dd>", auditor.get(f"/tasks/{accepted.id}").text)


@pytest.mark.parametrize("at", ["999999", "abc", "1e5", "-1", "0", "9" * 30])
def test_an_address_of_no_step_shows_no_other(world: World, at: str) -> None:
    world.dispatched("edu")
    for page in ("replay", "sheet.pdf"):
        answer = Visitor(world, "auditor").get(f"/cases/{world.case}/{page}?at={at}")
        assert answer.status_code == 404, page
        assert "没有这一步" in answer.text, page


def test_roles_are_called_as_on_the_day_of_the_step(world: World) -> None:
    def organized(organization: Organization) -> None:
        wire(world.database, world.settings, organization)
        with world.transaction() as session:
            note_configuration(session, world.settings, organization, actor=SYSTEM, now=clock.now())

    office = world.organization.roles["talent_office"]
    organized(world.organization)
    world.accepted()
    world.pass_days(1)
    roles = {**world.organization.roles, office.id: replace(office, name="人才局")}
    organized(replace(world.organization, roles=roles))
    world.do("office", "dispatch")
    auditor = Visitor(world, "auditor")
    then = auditor.get(f"/cases/{world.case}/replay?at={world.done('accept').completed_seq}").text
    now = auditor.get(f"/cases/{world.case}/replay").text
    assert f"派单（{office.name}）" in then
    assert "人才局" not in then
    assert "反馈受理情况（人才局）" in now
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        events = history.stream_events(session, stream_of(case.id))
        told = {one["seq"]: str(one["parts"]) for one in offline_steps(session, case, events)}
    assert office.name in told[world.done("accept").completed_seq]
    assert "人才局" not in told[world.done("accept").completed_seq]
    assert "反馈受理情况" in told[world.done("dispatch").completed_seq]
    assert "人才局" in told[world.done("dispatch").completed_seq]


def test_a_notice_names_whom_it_mentions(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        actor, now = world.actor("office"), clock.now()
        sharing.comment(session, instance_id=world.case, text="@handler-edu 请知悉", actor=actor, now=now)
        name = account_names(session, ["handler-edu"])["handler-edu"]
    page = Visitor(world, "auditor").get(f"/cases/{world.case}/replay").text
    assert page.count(f"@{name} 请知悉") == 2  # what was said, and what was sent
    assert "@handler-edu" not in page
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        [*_, last] = offline_steps(session, case, history.stream_events(session, stream_of(case.id)))
    assert str(last["parts"]).count(f"@{name} 请知悉") == 2
    assert "@handler-edu" not in str(last["parts"])
