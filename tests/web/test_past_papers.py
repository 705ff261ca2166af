"""Papers of a case as of its day: of a case that has ended, of a past step; and what is told of printing."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from service import attachments, clock, history, talents
from service.audit.evidence.telling import steps as offline_steps
from service.auth.models import Account
from service.ledger.sheet import sheet
from service.people.models import Leader
from service.people.persons import update_person
from service.people.units import update_unit
from service.processes.models import Instance
from service.processes.recording import record, stream_of
from service.rights import SYSTEM
from service.talents.models import Talent
from service.usecases.replay_paper import replay_draft
from tests.factories.databases import ON_BOTH
from tests.factories.documents import text_of
from tests.factories.files import received
from tests.factories.replays import PDF, eventful, replayed
from tests.factories.steps import events, mismatches
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World


def moves_on(world: World) -> None:
    """The talent is at another employer, by another telephone, from the next day on."""
    world.clock.advance(days=1)
    with world.transaction() as session:
        talents.update_talent(
            session,
            talent_id="T0001",
            changes={"employer": "别处的公司", "post": "顾问", "phone": "13900009999"},
            actor=SYSTEM,
            now=clock.now(),
        )
    world.clock.advance(days=1)


def person(world: World) -> dict[str, str]:
    with world.database.reading() as session:
        found: dict[str, str] = sheet(session, world.case, world.actor(OFFICE)).data["person"]
        return found


def test_the_paper_of_a_case_that_has_ended_is_as_of_its_end(world: World) -> None:
    world.finished()
    before = person(world)
    moves_on(world)
    assert person(world) == before
    world.dispatched()
    assert "别处的公司" in person(world)["work"]
    assert person(world)["contact"] == "13900009999"


def test_a_paper_as_of_a_step_says_what_was_known_then(world: World) -> None:
    eventful(world)
    steps = [one.step for one in replayed(world, "auditor").shown]
    first = next(one for one in steps if one.taken_back is not None)
    auditor = Visitor(world, "auditor")
    page = auditor.get(f"/cases/{world.case}/replay?at={first.seq}").text
    address = f"/cases/{world.case}/sheet.pdf?at={first.seq}"
    assert address in page
    then, now = auditor.get(address), auditor.get(f"/cases/{world.case}/sheet.pdf")
    assert (then.status_code, then.data[:5]) == (200, b"%PDF-")
    assert then.data != now.data
    told = events(world, "printed")
    assert [(one.actor, one.data["as_of"]) for one in told] == [("auditor", first.seq), ("auditor", None)]
    assert [one.data["sha256"] for one in told] == [sha256(one.data).hexdigest() for one in (then, now)]
    listed = auditor.get("/audit/exports", kind="printed").text
    digest = sha256(then.data).hexdigest()
    assert f"SHA-256：{digest}；印的是第 {first.seq} 条“完成" in listed
    assert f'href="/cases/{world.case}/replay?at={first.seq}"' in listed
    shown = auditor.get(f"/cases/{world.case}/replay/{told[0].seq}").text
    assert digest in shown
    assert f'href="/cases/{world.case}/replay?at={first.seq}">第 {first.seq} 条：' in shown
    assert "打印时的样子" in auditor.get(f"/cases/{world.case}/replay/{told[1].seq}").text
    assert auditor.get(f"/cases/{world.case}/sheet.pdf").data == now.data
    assert mismatches(world) == []


@pytest.mark.parametrize("at", ["99999999999999999999", "3000000000", "-5", "0"])
def test_a_step_that_is_none_in_an_address_spoils_no_list_of_prints(world: World, at: str) -> None:
    eventful(world)
    auditor = Visitor(world, "auditor")
    assert auditor.get(f"/cases/{world.case}/sheet.pdf?at={at}").status_code in (200, 404)
    for told in events(world, "printed"):
        assert told.data["as_of"] is None or 0 < told.data["as_of"] < told.seq
    assert auditor.get("/audit/exports", kind="printed").status_code == 200


def test_what_an_earlier_version_journaled_as_a_step_spoils_no_list_of_prints(world: World) -> None:
    eventful(world)
    told = {"paper": "sheet", "name": "x.pdf", "sha256": "0" * 64, "as_of": 99999999999999999999}
    with world.transaction() as session:
        instance = session.get_one(Instance, world.case)
        record(session, instance, kind="printed", actor=SYSTEM, now=clock.now(), data=told)
    auditor = Visitor(world, "auditor")
    assert auditor.get("/audit/exports", kind="printed").status_code == 200
    assert auditor.get("/audit/exports.xlsx", kind="printed").status_code == 200


def test_all_steps_of_a_replay_are_printed_on_one_paper_and_noted(world: World) -> None:
    eventful(world)
    steps = [one.step for one in replayed(world, "auditor").shown]
    auditor = Visitor(world, "auditor")
    address = f"/cases/{world.case}/replay.pdf"
    assert f'href="{address}"' in auditor.get(f"/cases/{world.case}/replay").text
    printed = auditor.get(address)
    assert (printed.status_code, printed.data[:5]) == (200, b"%PDF-")
    said = text_of(printed.data)
    assert all(f"第{number}步（第{one.seq}条）" in said for number, one in enumerate(steps, 1))
    assert "已撤回，不再算数" in said
    assert "流程版本第1版、第2版（自第" in said
    [noted] = events(world, "printed")
    told = noted.data["paper"], noted.data["sha256"], noted.data["as_of"]
    assert told == ("replay", sha256(printed.data).hexdigest(), steps[-1].last)
    called = world.api("auditor").get(f"/instances/{world.case}/replay.pdf")
    assert (called.status_code, called.data[:5]) == (200, b"%PDF-")
    assert mismatches(world) == []


def test_a_printed_replay_lists_files_and_open_steps_only_where_they_are_new(world: World) -> None:
    eventful(world)
    with world.database.reading() as session:
        draft, _, _ = replay_draft(session, world.case, world.actor("auditor"))
    steps = [{part["heading"]: part["rows"] for part in one["parts"]} for one in draft.data["steps"]]
    files = [rows for one in steps if (rows := one.get("附件"))]
    assert [[name for name, _ in rows] for rows in files] == [["证明.pdf"], ["证明.pdf"]]
    assert ["撤回" in rows[0][1] for rows in files] == [False, True]
    standing = [one["当前步骤"] for one in steps if "当前步骤" in one]
    assert 1 < len(standing) < len(steps)
    assert all(one != other for one, other in pairwise(standing))


@ON_BOTH
def test_every_replay_of_a_case_calls_all_as_of_then(world: World) -> None:
    """Also what is no longer in use: nobody knows in ten years to whom a code belonged."""
    world.finished()
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        leader = session.get_one(Leader, UUID(case.data["leader_id"]))
        talent, chief = session.get_one(Talent, case.data["talent_id"]), leader.person.name
        told = {"talent": talent.name, "chief": chief, "unit": "区教育局", "handler": world.actor("handler-edu").name}
        keys = {
            "talent": talent.id,
            "person": leader.person_id,
            "handler": session.get_one(Account, "handler-edu").person_id,
        }
    world.clock.advance(days=3)
    with world.transaction() as session:
        by: Any = {"actor": SYSTEM, "now": clock.now()}
        gone = {"name": "改过的人才名", "active": False}
        talents.update_talent(session, talent_id=keys["talent"], changes=gone, **by)
        update_person(session, person_id=keys["person"], changes={"name": "改过的领导名"}, **by)
        update_person(session, person_id=keys["handler"], changes={"name": "改过的经办名"}, **by)
        changes = {"name": "改过的单位名"}
        update_unit(session, code="edu", changes=changes, organization=world.organization, **by)
    with world.database.reading() as session:
        draft, _, _ = replay_draft(session, world.case, world.actor("auditor"))
        case = session.get_one(Instance, world.case)
        offline = offline_steps(session, case, history.stream_events(session, stream_of(case.id)))
    auditor = Visitor(world, "auditor")
    page = f"/cases/{world.case}/replay"
    seen = [one.step.seq for one in replayed(world, "auditor").shown]
    on_pages = auditor.get(page).text + "".join(auditor.get(f"{page}/{seq}").text for seq in seen)
    for said in (json.dumps(draft.data, ensure_ascii=False), json.dumps(offline, ensure_ascii=False), on_pages):
        assert [name for name, word in told.items() if word not in said] == []
        assert "改过的" not in said
        assert "已停用的记录" not in said
        assert keys["talent"] not in said or said is on_pages


def test_a_file_that_was_taken_back_stays_readable_to_auditors(world: World) -> None:
    world.dispatched()
    with world.transaction() as session:
        office = world.actor(OFFICE)
        kept = attachments.attach(
            session,
            stream=f"instance:{world.case}",
            file=received(session, "证明.pdf", PDF),
            actor=office,
            now=clock.now(),
        )
        attachments.withdraw_attachment(
            session, attachment_id=kept.id, reason="传错了文件", actor=office, now=clock.now()
        )
        address = f"/files/{kept.id}"
    answer = Visitor(world, "auditor").get(address)
    assert (answer.status_code, answer.data) == (200, PDF)
    assert "%E5%B7%B2%E6%92%A4%E5%9B%9E" in answer.headers["Content-Disposition"]
    assert Visitor(world, "handler-edu").get(address).status_code == 404
