"""The page 封存, the calls beside it, and the evidence of a case from its page."""

from __future__ import annotations

import dataclasses
import json
import re
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service import history
from service.audit.evidence import verifier
from service.processes.recording import stream_of
from service.seals.models import SealOffer
from service.usecases import wire
from tests.factories.forger import rewrite
from tests.factories.journal import tamper
from tests.factories.visitor import Visitor
from tests.factories.workers import worker_of
from tests.factories.world import World


@pytest.fixture
def office(world: World, tmp_path: Path) -> World:
    """A world whose key lies beside the test."""
    there = dataclasses.replace(world.settings.seal, key_file=tmp_path / "seal.key")
    world.settings = dataclasses.replace(world.settings, seal=there)
    wire(world.database, world.settings, world.organization)
    world.dispatched("edu")
    return world


def done(world: World) -> None:
    """The worker does what is submitted."""
    worker = worker_of(world)
    for _ in range(3):  # a tick takes one job up: others may wait
        worker.tick(world.clock.advance(minutes=1))


def test_an_auditor_seals_checks_keeps_and_prints(office: World) -> None:
    auditor = Visitor(office, "auditor")
    assert "还没有封存" in auditor.get("/seals").text
    assert auditor.post("/seals").status_code in (200, 302)
    assert "正在封存" in auditor.get("/seals").text
    done(office)
    auditor.post("/seals/check")
    done(office)
    page = auditor.get("/seals").text
    assert "与日志一致" in page
    kept = json.loads(auditor.get("/seals/1.json").data)
    head = json.loads(kept["head"])
    assert head["by"] == "auditor"
    sheet = auditor.get("/seals/1").text
    for group in range(0, 64, 8):
        assert head["sha256"][group : group + 8] in page
        assert kept["sha256"][group : group + 8] in sheet
    assert "<svg" in sheet
    assert auditor.get("/seals/2").status_code == auditor.get("/seals/2.json").status_code == 404


def test_a_program_asks_for_heads_and_proofs(office: World) -> None:
    api = office.api("auditor")
    assert api.post("/seals").status_code == 202
    done(office)
    (seal,) = api.get("/seals").json["items"]
    stream = stream_of(office.case)
    proof = api.get("/seals/1/proof", stream=stream, seq=3).json
    root = verifier.root_by(proof["hash"], proof["at"], proof["size"], proof["path"])
    assert root == proof["root"] == seal["sha256"]
    assert api.get("/seals/1/proof", stream=stream, seq=999).status_code == 404
    assert api.get("/seals/2/proof", stream=stream, seq=1).status_code == 404
    office.do("handler-edu", "handle", unit="edu")
    with office.database.reading() as session:
        last = history.count(session, stream)
    assert api.get("/seals/1/proof", stream=stream, seq=last).status_code == 409


def test_heads_kept_by_the_auditor_name_the_first_event_that_was_rewritten(office: World) -> None:
    auditor = Visitor(office, "auditor")
    auditor.post("/seals")
    done(office)
    kept = {name: auditor.get(f"/seals/{name[9:]}").data for name in ("seal-00001.json", "seal-00001.leaves.gz")}
    kept = {name.replace("seal-0", "seal-00"): content for name, content in kept.items()}

    def against(**files: bytes) -> TestResponse:
        sent = [(BytesIO(content), name.replace("__", ".").replace("_", "-", 1)) for name, content in files.items()]
        answer = auditor.submit("/seals/against", files=sent)
        if answer.status_code == 303:
            done(office)
            return auditor.get(answer.location)
        return answer

    both = {name.replace("-", "_", 1).replace(".", "__"): content for name, content in kept.items()}
    assert "核对通过：与 1 次封存一致" in against(**both).text
    rewrite(office.database, stream_of(office.case), 3, data={"title": "别的事"})
    auditor.post("/seals/check")
    done(office)
    assert "与日志一致" in auditor.get("/seals").text, "who makes all anew is not found by what the database says"
    page = against(**both).text
    for told in ("数据库里的第 1 次封存不是当时的那一次，封存被重做", "内容与封存时不同，是最早被改动的一条"):
        assert told in page, told
    assert f'href="/cases/{office.case}/replay?at=3"' in page
    alone = against(seal_000001__json=kept["seal-000001.json"]).text
    assert "缺少 seal-000001.leaves.gz，不能指明是哪一条" in alone
    for wrong in ({}, {"other__json": b"{}"}, {"seal_000001__json": b"{"}):
        refused = against(**wrong)
        assert (refused.status_code, "没有核对" in refused.text) == (422, True)
    assert Visitor(office, "office").submit("/seals/against").status_code == 403
    with office.database.reading() as session:
        events = [one for one in history.stream_events(session, "seals") if one.kind == "held_against"]
        noted = [(one.actor, one.data["ok"], one.data["files"]) for one in events]
        assert session.scalar(select(func.count()).select_from(SealOffer)) == 0, "the files are not kept"
    assert [one[:2] for one in noted] == [("auditor", True), ("auditor", False), ("auditor", False)]
    assert set(noted[0][2]) == {"seal-000001.json", "seal-000001.leaves.gz"}


def test_a_program_hands_in_the_heads_that_it_kept(office: World) -> None:
    api = office.api("auditor")
    api.post("/seals")
    done(office)
    kept = {"seal-000001.json": Visitor(office, "auditor").get("/seals/1.json").data}
    sent = {"files": [(BytesIO(content), name) for name, content in kept.items()]}
    answer = api.post("/seals/against", data=sent)
    assert answer.status_code == 202
    done(office)
    job = api.get(f"/jobs/{answer.json['id']}").json
    assert (job["status"], job["result"]["ok"], job["result"]["seals"]) == ("done", True, 1)
    wrong = api.post("/seals/against", data={"files": [(BytesIO(b"{}"), "a.json")]})
    assert (wrong.status_code, wrong.json["errors"][0]["path"]) == (422, "/files")


def test_evidence_is_given_from_the_case_to_who_may_and_noted(office: World, tmp_path: Path) -> None:
    page = f"/cases/{office.case}"
    assert "导出证据包" not in Visitor(office, "office").get(page).text
    auditor = Visitor(office, "auditor")
    assert f'href="{page}/evidence"' in auditor.get(page).text
    assert f"{page}/evidence.zip" in (empty := auditor.get(f"{page}/evidence").text)
    assert "还没有导出过" in empty
    given = [auditor.get(f"{page}/evidence.zip"), office.api("auditor").get(f"/instances/{office.case}/evidence")]
    for number, answer in enumerate(given):
        file = tmp_path / f"{number}.zip"
        file.write_bytes(answer.data)
        said, faults, _ = verifier.check(file)
        assert faults == []
        assert said["uncovered"] == list(range(1, said["events"] + 1)), "nothing is sealed yet, and the package says so"
    with office.database.reading() as session:
        noted = [one for one in history.stream_events(session, "seals") if one.kind == "evidence_exported"]
        assert [one.actor for one in noted] == ["auditor", "auditor"]
        newest = noted[1].seq
    listed = office.api("auditor").get(f"/instances/{office.case}/evidence/receipts").json["items"]
    assert [one["sha256"] for one in listed] == [sha256(one.data).hexdigest() for one in reversed(given)]
    assert [one["sm3"] for one in listed] == [verifier.sm3(one.data) for one in reversed(given)]
    assert given[1].headers["Evidence-Receipt"] == str(listed[0]["seq"]) == str(newest)
    told = auditor.get(f"{page}/evidence").text
    assert all(f'href="{page}/evidence/{one["seq"]}"' in told for one in listed)
    shown = auditor.get(f"{page}/evidence/{listed[1]['seq']}").text
    assert all(value in shown for value in (listed[1]["sha256"], listed[1]["digest"], "（auditor）", "2026-需-0001"))
    assert auditor.get(f"{page}/evidence/999").status_code == 404
    assert Visitor(office, "office").get(f"{page}/evidence").status_code == 403


def test_a_case_in_a_broken_part_of_the_seal_is_not_itself_accused(office: World) -> None:
    """The page names the record that was changed, by the number of its case, and says where to check it."""
    changed = stream_of(office.case)
    office.dispatched("edu")
    auditor = Visitor(office, "auditor")
    auditor.post("/seals")
    done(office)
    forged = "UPDATE history_event SET hash = '{}' WHERE stream = '{}' AND seq = 2"
    tamper(office.database, forged.format("ab" * 32, changed))
    answer = auditor.get(f"/cases/{office.case}/evidence.zip")
    said = answer.text.split("<main")[-1]
    assert (answer.status_code, "记录与封存时不符" in said, "刷新页面" in said) == (409, True, False)
    assert "事项 2026-需-0002不能导出证据包" in said
    assert "该事项自己的记录没有查出改动" in said
    assert "事项 2026-需-0001 第 2 条" in said
    assert re.search(r"事项 2026-需-0002 第 \d+ 条|[0-9a-f]{8}-[0-9a-f]{4}|liaison ", said) is None
    assert 'href="/verifications"' in said
    assert 'href="/seals"' in said
    refused = office.api("auditor").get(f"/instances/{office.case}/evidence")
    assert refused.json["detail"].startswith("日志第 1 号到第 ")
