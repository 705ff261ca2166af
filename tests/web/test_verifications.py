"""The page 核验, the calls beside it, and the verification of the night."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from service import clock, history, ids
from service.audit.models import Verification
from service.audit.tables.names import named, table_names
from service.audit.verifying import results
from service.audit.verifying.runs import Verifier
from service.history import HistoryEvent
from service.processes.incidents import CLOCK, incidents_of, open_incident
from service.processes.models import Instance
from service.rights import COMMAND_LINE
from service.usecases import verifying, wire
from service.usecases.verifying import VERIFY
from tests.factories.journal import tamper
from tests.factories.visitor import Visitor
from tests.factories.workers import inbox_of, worker_of
from tests.factories.world import World


def done(world: World) -> None:
    """The worker does what is submitted; a tick does one job, and other work may wait."""
    worker = worker_of(world)
    for _ in range(3):
        worker.tick(world.clock.advance(minutes=1))


def test_an_auditor_verifies_and_reads_what_was_found(world: World) -> None:
    world.accepted()
    auditor = Visitor(world, "auditor")
    assert "还没有核验过" in auditor.get("/verifications").text
    auditor.post("/verifications")
    assert "等待后台任务开始增量核验" in auditor.get("/verifications").text
    done(world)
    assert "与日志一致" in auditor.get("/verifications").text
    assert "核验发现" not in auditor.get("/").text
    assert "核验不符" not in auditor.get(f"/cases/{world.case}/replay").text
    tamper(world.database, "UPDATE instance SET title = '别的事'")
    auditor.post("/verifications", full="yes")
    done(world)
    auditor.post("/verifications", full="yes")
    done(world)  # the same again is told once
    with world.database.reading() as session:
        [message] = [one.message for one in incidents_of(session, VERIFY)]
    assert re.match(r"核验发现 \d+ 处与日志不符", message)
    assert message in Visitor(world, "admin").get("/system").text
    assert [kind for kind, _ in inbox_of(world, "auditor")].count("verification_failed") == 1
    assert message in auditor.get("/notices").text
    [opens] = re.findall(r'action="(/notices/[^"]+/open)"', auditor.get("/notices").text)
    assert re.fullmatch(r"/verifications/[^/]+", auditor.submit(opens).location)
    assert re.search(r'href="/verifications/[^"]+">最近一次核验发现 \d+ 处与日志不符', auditor.get("/").text)
    assert "核验发现" not in Visitor(world, "office").get("/").text
    replayed = auditor.get(f"/cases/{world.case}/replay").text
    assert "本事项的记录核验不符" in replayed
    assert "事项的标题（title）与历史不符" in replayed
    api = world.api("auditor")
    listed = api.get("/verifications").json["items"]
    assert [(one["mode"], one["figures"]["executed"]) for one in listed] == [
        ("full", 1),
        ("full", 1),
        ("incremental", 1),
    ]
    told = api.get(f"/verifications/{listed[0]['id']}").json
    assert told["found"] == len(told["findings"])
    page = auditor.get(f"/verifications/{listed[0]['id']}").text
    assert "事项的标题（title）与历史不符" in page
    assert f'href="/cases/{world.case}"' in page
    [case] = [one for one in told["findings"] if one["column"] == "title" and one["table"] == "instance"]
    assert (case["grade"], case["must"], case["have"][:16]) == ("乙", "4 个字的内容", "3 个字，从第 1 个字起不同")
    assert "别的事" not in page  # content is told by its length and place alone
    assert case["must"] in page
    assert f'href="/cases/{world.case}/replay"' in page
    report = auditor.get(f"/verifications/{listed[0]['id']}.json").json
    assert {"instance"} <= {one["table"] for one in report["findings"]}
    assert api.post("/verifications", {"full": True}).status_code == 202
    assert auditor.get("/verifications/00000000-0000-0000-0000-000000000001").status_code == 404


def test_pages_that_wait_for_the_worker_say_that_it_halted(world: World) -> None:
    auditor, places = Visitor(world, "auditor"), ("/verifications", "/seals", "/ways")
    for place in places:
        assert "后台已停止" not in auditor.get(place).text
    with world.transaction() as session:
        open_incident(session, kind=CLOCK, message="时钟早了三小时", now=clock.now())
    for place in places:
        assert "后台已停止：服务器的时钟跳变过" in auditor.get(place).text


def test_a_finding_names_its_record_by_words(world: World) -> None:
    world.accepted()
    gone, begun = "00000000-0000-0000-0000-000000000001", world.clock.now
    outcome = Verifier(world.database, "ours", 1).verify(full=False)
    with world.database.reading() as session:
        case = session.get_one(Instance, world.case)
        assert named(session, f"instance:{world.case}") == f"事项 {case.number}"
        assert named(session, f"instance:{gone}") == "事项 标识 00000000…"
        assert [named(session, one) for one in ("access_log", "seals", "calendar")] == ["访问记录", "封存", "工作日历"]
        assert named(session, "talent:T0001") == "人才 T0001"
        assert named(session, f"contact:{gone}") == "联系记录 标识 00000000…"
        kept = results.keep(session, outcome, begun_at=begun, actor=COMMAND_LINE, now=begun)
        assert named(session, f"verification:{kept.id}").startswith("核验 command-line 20")
    assert {"access_entry", "access_subject"} <= table_names().keys()


def test_a_night_is_verified_once_and_its_findings_open_an_incident(world: World) -> None:
    nightly = dataclasses.replace(world.settings.verify, nightly="incremental")
    world.settings = dataclasses.replace(world.settings, verify=nightly)
    wire(world.database, world.settings, world.organization)
    world.recorded()
    worker = worker_of(world)
    worker.tick(world.clock.now)
    for day, found in ((1, 0), (2, 1)):
        world.clock.advance(days=1)
        for _ in range(4):
            worker.tick(world.clock.advance(minutes=2))
        listed = world.api("auditor").get("/verifications").json["items"]
        assert [one["made_by"] for one in listed] == ["system"] * day
        with world.database.reading() as session:
            assert len(incidents_of(session, VERIFY)) == found
        tamper(world.database, "UPDATE instance SET title = '别的事'")


def test_what_a_full_verification_found_is_over_only_after_another_one(world: World) -> None:
    world.accepted()
    failed, clean = (SimpleNamespace(found=found, mode="full", made_by="admin") for found in (2, 0))
    shallow = SimpleNamespace(found=0, mode="incremental", made_by="system")
    open_then = []
    for one in (failed, shallow, clean):
        with world.transaction() as session:
            row = Verification(
                id=ids.new(),
                begun_at=world.clock.now,
                ended_at=world.clock.advance(minutes=1),
                seconds=1.0,
                figures={},
                remarks=[],
                findings=[],
                **vars(one),
            )
            session.add(row)
            session.flush()
            verifying.conclude(session, row)
        with world.database.reading() as session:
            open_then.append(len(incidents_of(session, VERIFY)))
    assert open_then == [1, 1, 0]
    with world.database.reading() as session:
        [closed] = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "incident_closed"))
        assert closed.actor == "system"


def test_what_another_verification_found_meanwhile_stays_open(world: World) -> None:
    begun = world.clock.now
    found_meanwhile = SimpleNamespace(found=1, mode="incremental", made_by="system")
    clean = SimpleNamespace(found=0, mode="full", made_by="admin", begun_at=begun)
    later = SimpleNamespace(found=0, mode="full", made_by="admin")
    open_then = []
    for one in (found_meanwhile, clean, later):
        kept = {"begun_at": world.clock.now, "ended_at": world.clock.advance(minutes=1), **vars(one)}
        with world.transaction() as session:
            verifying.conclude(session, Verification(**kept))
        with world.database.reading() as session:
            open_then.append(len(incidents_of(session, VERIFY)))
    assert open_then == [1, 1, 0]


def test_a_finding_about_a_notice_names_case_step_and_unit(world: World) -> None:
    world.dispatched()
    with world.database.reading() as session:
        told = select(HistoryEvent).where(
            HistoryEvent.kind == "notice", HistoryEvent.data["step"].as_string() == "办理"
        )
        [owed, *_] = session.scalars(told)
        number = session.get_one(Instance, world.case).number
        said = named(session, f"notice:{owed.id}")
        assert re.fullmatch(rf"提醒“.+”（事项 {number}，步骤「办理」，发给 .*区教育局.*）", said), said
        assert named(session, "notice:999999") == "提醒 999999"


def test_an_auditor_acknowledges_an_entry_whose_time_is_doubtful(world: World) -> None:
    with world.transaction() as session:
        for minutes, name in ((0, "first"), (-9, "second")):
            at = clock.now() + timedelta(minutes=minutes)
            history.append(session, stream="counter:z", kind="x", actor=name, at=at, data={})
    auditor, admin = Visitor(world, "auditor"), Visitor(world, "admin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.history.verify.LATE_BY", timedelta(minutes=5))
        auditor.post("/verifications")
        done(world)
        page = auditor.get("/verifications")
        address = re.search(r"/verifications/[0-9a-f-]{36}", page.text)
        assert address is not None
        page = auditor.get(address[0])
        assert "时间存疑的记录" in page.text
        assert "提出确认" not in page.text
        assert 'value="2 counter:z"' not in admin.get(address[0]).text
        place = f"{address[0]}/acknowledgements"
        assert admin.post(place, findings=["2 counter:z"], reason="x").status_code == 403
        assert auditor.post(place, findings=["2 counter:z"], reason="").status_code == 422
        assert auditor.post(place, findings=["counter:z"], reason="x").status_code == 404
        answer = auditor.submit(place, **{"findings[]": "2 counter:z", "reason": "时钟被拨回"})
        assert answer.status_code == 302
        page = auditor.get(address[0])
        assert "已确认" in page.text
        assert "时钟被拨回" in page.text
        auditor.post("/verifications")
        done(world)
        text = auditor.get("/verifications").text
        assert "另有 1 处已确认" in text
        [listed] = world.api("auditor").get("/acknowledgements").get_json()["items"]
        assert (listed["state"], listed["made_by"], listed["reason"]) == ("holds", "auditor", "时钟被拨回")
        newest = world.api("auditor").get("/verifications").get_json()["items"][0]
        assert newest["found"] == 0
        answer = world.api("auditor").post(f"/acknowledgements/{listed['id']}/withdraw")
        assert answer.get_json()["state"] == "withdrawn"
        said = {"findings": [{"stream": "counter:z", "seq": 2}], "reason": "再确认"}
        answer = world.api("auditor").post(f"/verifications/{newest['id']}/acknowledgements", said)
        assert answer.status_code == 201
        made = answer.get_json()["items"][0]["id"]
        assert world.api("auditor").post(f"/acknowledgements/{made}/confirm").status_code == 409
        assert "撤销确认" in auditor.get(f"/verifications/{newest['id']}").text
        auditor.post(f"/verifications/acknowledgements/{made}/withdraw?of={newest['id']}")
        assert "撤销确认" not in auditor.get(f"/verifications/{newest['id']}").text
    acts = world.api("auditor").get("/audit/acts", person="auditor").get_json()["items"]
    about = [(one["what"], one["about"]) for one in acts if one["about"].startswith("核验确认")]
    assert sorted(about) == [(what, "核验确认：编号 第 2 条") for what in ("撤销核验确认",) * 2 + ("确认核验发现",) * 2]
