"""The access log: who was shown whose data, why, and that nobody can change what it says."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError

from service import access_log, clock, history
from service.access_log import Keeper, checking, keeping, subjects
from service.access_log.models import AccessBatch, AccessEntry, AccessSubject
from service.audit.tables import streams, whole
from service.audit.verifying.runs import Verifier
from service.http import looking
from service.http.context import KEY, Wired
from service.web import exports
from tests.factories.journal import tamper
from tests.factories.statements import Statements
from tests.factories.visitor import Visitor
from tests.factories.world import World

DAY = timedelta(days=1)


def entries(world: World) -> Sequence[AccessEntry]:
    """All entries, in order, with those that still waited."""
    wired: Wired = world.app.extensions[KEY]
    wired.keeper.flush()
    with world.database.reading() as session:
        found = session.scalars(select(AccessEntry).order_by(AccessEntry.id)).all()
        session.expunge_all()
    return found


def told(one: AccessEntry) -> tuple[Any, ...]:
    return one.username, one.act, one.route


def test_each_look_is_told_with_who_what_where_and_why(world: World) -> None:
    world.dispatched("edu")
    case, office, auditor = f"instance:{world.case}", Visitor(world, "office"), Visitor(world, "auditor")
    office.get("/talents/T0001")
    auditor.get("/talents", q="440601199001011234")
    auditor.get("/ledger.xlsx")
    office.get(f"/cases/{world.case}/sheet.pdf")
    Visitor(world, "handler-edu").get(f"/cases/{world.case}")
    Visitor(world, "handler-housing").get(f"/cases/{world.case}")
    world.api("auditor").get(f"/instances/{world.case}/history")
    office.get("/help")
    found = entries(world)
    assert [told(one) for one in found] == [
        ("office", "view", "/talents/<talent_id>"),
        ("auditor", "search", "/talents"),
        ("auditor", "export", "/ledger.xlsx"),
        ("office", "print", "/cases/<uuid:instance_id>/sheet.pdf"),
        ("handler-edu", "view", "/cases/<uuid:instance_id>"),
        ("handler-housing", "refused", "/cases/<uuid:instance_id>"),
        ("auditor", "view", "/api/v1/instances/<uuid:instance_id>/history"),
    ]
    talent, searched, exported, printed, handled, refused, called = found
    assert talent.subjects == ["talent:T0001", case]  # the file of a talent tells of the needs
    assert (talent.reasons["right"], talent.reasons["roles"]) == ("view_talents", ["talent_office"])
    assert searched.asked == {"q": "（不显示）"}
    assert case in exported.subjects
    assert "talent:T0001" in exported.subjects
    assert case in printed.subjects
    assert handled.reasons["case"] == ["role"]
    assert handled.reasons["roles"] == ["responsible_unit@edu"]
    assert refused.subjects == [case]
    assert (called.way, called.reasons["case"]) == ("api", ["all"])
    assert {one.address for one in found} == {"127.0.0.1"}


def test_a_table_and_a_paper_are_in_the_journal_before_they_leave(world: World) -> None:
    world.dispatched("edu")
    auditor = Visitor(world, "auditor")
    sheet = auditor.get("/ledger.xlsx", q="入学")
    auditor.get(f"/cases/{world.case}/sheet.pdf")
    auditor.get("/imports/template/talents.xlsx")
    with world.database.reading() as session:
        [told] = history.stream_events(session, "handed_out")  # the paper is told by the case, the empty form by nobody
        printed = [one for one in history.stream_events(session, f"instance:{world.case}") if one.kind == "printed"]
        assert (told.kind, told.actor, len(printed)) == ("exported", "auditor", 1)
        assert told.data["sha256"] == sha256(sheet.data).hexdigest()
        assert told.data["name"].startswith("需求台账")
        assert told.data["asked"] == "q=入学"


def test_an_export_of_very_many_records_is_told_by_several_entries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entry held the ids of a million cases: in memory, in one value of its row, and in one transaction."""
    cases = [f"instance:{world.recorded(talent_id='T0002')}" for _ in range(7)]
    for module, name in ((looking, "MOST_SUBJECTS"), (keeping, "MOST_SUBJECTS"), (subjects, "HELD")):
        monkeypatch.setattr(module, name, 3)
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    auditor = Visitor(world, "auditor")
    sheet = auditor.get("/ledger.xlsx")
    with world.database.reading() as session:
        waiting = session.scalars(select(AccessEntry)).all()
        assert len(waiting) == 2  # written as soon as enough of them waited; the last one does
        [told] = history.stream_events(session, "handed_out")
        assert (told.data["records"], told.data["sha256"]) == (8, sha256(sheet.data).hexdigest())
    found = entries(world)
    assert [one.reasons["part"] for one in found] == [[1, 3], [2, 3], [3, 3]]
    assert [len(one.subjects) for one in found] == [3, 3, 2]
    assert {one for entry in found for one in entry.subjects} == {*cases, "talent:T0002"}
    assert len({(one.at, one.request_id, one.username, one.act) for one in found}) == 1
    with world.transaction() as session:
        assert access_log.seal_entries(session, now=clock.now()) == 3
    with world.database.reading() as session:
        assert list(whole.access_log(session)) == []
    page = auditor.get("/audit/looks", own="own").text
    assert "同一次操作记为 3 条，这是第 2 条" in page


def test_a_look_costs_its_request_no_statement(world: World) -> None:
    office, sent = Visitor(world, "office"), []
    office.get("/talents")
    event.listen(world.database.engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
    office.get("/talents")
    assert sent
    assert not [one for one in sent if one.startswith(("INSERT", "UPDATE")) or "access_" in one]
    sent.clear()
    entries(world)
    written = [one for one in sent if one.startswith("INSERT")]
    assert len(written) == 2  # of two requests: the entries, and the index of what they showed


def test_nobody_changes_an_entry_and_who_gets_past_the_triggers_is_found(world: World) -> None:
    for name in ("T0001", "T0002", "T0003"):
        Visitor(world, "office").get(f"/talents/{name}")
    first, second, third = (one.id for one in entries(world))
    for change in ("UPDATE access_entry SET username = 'x'", "DELETE FROM access_entry"):
        with pytest.raises(DBAPIError, match="append-only"), world.transaction() as session:
            session.execute(text(change))
    with world.transaction() as session:
        assert access_log.seal_entries(session, now=clock.now()) == 3
        assert access_log.seal_entries(session, now=clock.now()) == 0
    sqlite = world.database.is_sqlite
    with world.database.reading() as session:
        assert list(whole.access_log(session)) == []
        if sqlite:
            for name in ("update", "delete", "replace"):
                session.execute(text(f"DROP TRIGGER access_entry_no_{name}"))
        else:
            session.execute(text("ALTER TABLE access_entry DISABLE TRIGGER ALL"))

        def after(*changes: str) -> list[str]:
            with session.begin_nested() as savepoint:
                for one in changes:
                    session.execute(text(one))
                found = [each.what for each in whole.access_log(session)]
                found += [each.what for each in streams.verify_stream_rows(session, "access_log")]
                savepoint.rollback()
            return found

        [changed] = after(f"UPDATE access_entry SET username = 'x' WHERE id = {second}")
        assert changed.startswith(
            f"访问记录第 {second} 条被改动（第 1 批）；现在记的是 x {clock.written(clock.today())}"
        )
        gone = after(
            f"DELETE FROM access_entry WHERE id = {second}", f"DELETE FROM access_subject WHERE entry_id = {second}"
        )
        assert gone == [f"第 1 批访问记录（第 {first} 到 {third} 条）的第 2 条被删除或改动"]
        shorter = after(
            f"DELETE FROM access_entry WHERE id = {third}",
            f"DELETE FROM access_subject WHERE entry_id = {third}",
            f"UPDATE access_batch SET entries = 2, last_id = {second}, leaves = substr(leaves, 1, 64)",
        )
        assert len(shorter) == 3  # of the batch: how many, up to where, its digests
        assert after("DELETE FROM access_subject WHERE subject = 'talent:T0002'") == [
            f"访问记录第 {second} 条的索引与记录不符"
        ]


def test_looks_that_were_changed_are_named_together(world: World) -> None:
    for name in ("T0001", "T0002", "T0003", "T0001"):
        Visitor(world, "office").get(f"/talents/{name}")
    first = entries(world)[0].id
    with world.transaction() as session:
        access_log.seal_entries(session, now=clock.now())

    def faults() -> tuple[int, list[str]]:
        with world.database.reading() as session:
            statements = Statements(session)
            said = [one.what for one in whole.access_log(session)]
            return statements.since(), said

    tamper(world.database, f"UPDATE access_entry SET username = 'x' WHERE id = {first}")
    once, [_] = faults()
    tamper(world.database, "UPDATE access_entry SET username = 'x'")
    often, said = faults()
    assert (often, len(said)) == (once, 4)
    assert all("；现在记的是 x " in one for one in said)
    if world.database.is_sqlite:  # what cannot be read is told without its words, those beside it with theirs
        tamper(world.database, f"UPDATE access_entry SET username = CAST(x'ff' AS TEXT) WHERE id = {first}")
        tamper(world.database, f"UPDATE access_entry SET at = 'never' WHERE id = {first + 1}")
        with world.database.reading() as session:
            told = checking.named_now(session, [first, first + 1, first + 2])
        assert list(told) == [first + 2]


def test_a_whole_verification_reads_the_access_log_too(world: World) -> None:
    Visitor(world, "office").get("/talents/T0001")
    [entry] = entries(world)
    with world.transaction() as session:
        access_log.seal_entries(session, now=clock.now())
    verifier = Verifier(world.database, "ours", 1)
    assert verifier.verify(full=True).found == 0
    tamper(world.database, "UPDATE access_entry SET username = 'x'")
    for full in (True, False):
        said = [one.what for _, one in verifier.verify(full=full).findings]
        assert any(one.startswith(f"访问记录第 {entry.id} 条被改动（第 1 批）") for one in said)


def test_entries_are_kept_for_their_time_and_their_end_is_journaled(world: World) -> None:
    Visitor(world, "office").get("/talents/T0001")
    entries(world)
    with world.transaction() as session:
        access_log.seal_entries(session, now=clock.now())
    world.clock.advance(days=180)
    with world.transaction() as session:
        assert access_log.end_keeping(session, keep=180 * DAY, now=clock.now()) == 0
    world.clock.advance(days=1)
    with world.transaction() as session:
        assert access_log.end_keeping(session, keep=180 * DAY, now=clock.now()) == 1
    with world.database.reading() as session:
        assert session.scalars(select(AccessEntry)).all() == []
        assert session.scalars(select(AccessSubject)).all() == []
        assert session.scalars(select(AccessBatch)).one().ended_at == clock.now()
        assert list(whole.access_log(session)) == []
        assert list(streams.verify_stream_rows(session, "access_log")) == []


KILLED = """
import os, sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from service.access_log import Keeper, Look
from service.access_log import keeping
from service.db import Database

keeping.EVERY_SECONDS = 60.0
keeper = Keeper(Database(sys.argv[1]), Path(sys.argv[2]))
keeper.start()

def look(number):
    at = datetime(2026, 9, 16, 1, 0, number, tzinfo=UTC)
    told = {"asked": {}, "subjects": [f"talent:T000{number}"], "reasons": {"right": "甲"}}
    return Look(at=at, username="office", address="::1", way="page", route="/talents", act="view", restricted=0,
                request_id=f"r{number}", **told)

keeper.put(look(1))
keeping.Kept.remove = lambda kept: None  # killed between the entries' commit and the end of their file
keeper.flush()
keeper.put(look(2))
keeper.put(look(3))
first, second = (replace(look(4), reasons={"part": [number, 2]}, subjects=[f"talent:T00{number}"]) for number in (1, 2))
keeper.put(first)
keeper.flush()
keeper.put(second)
os.kill(os.getpid(), 9)
"""


@pytest.mark.databases("sqlite", "postgresql")
def test_a_killed_process_loses_no_look_and_the_next_one_writes_none_twice(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "access-log"
    address = world.database.engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", KILLED, address, str(folder)], check=False)
    assert len(entries(world)) == 4
    with next(folder.glob("*.jsonl")).open("a") as cut_off:
        cut_off.write('{"at":"2026-09-16T01')
    living = Keeper(world.database, folder)
    living.start()
    Visitor(world, "office").get("/help")
    try:
        found = entries(world)
        assert [one.subjects for one in found] == [
            *(["talent:T0001"], ["talent:T0002"], ["talent:T0003"], ["talent:T001"], ["talent:T002"])
        ]
        assert found[1].reasons == {"right": "甲"}
        assert list(folder.iterdir()) == []
        living.put(access_log.Look(**{**LOOK, "at": clock.now()}))
        [own] = folder.iterdir()
        other = Keeper(world.database, folder)
        other.start()  # takes nothing of a process that lives
        other.stop()
        assert own.exists()
    finally:
        living.stop()
    assert len(entries(world)) == 6
    assert list(folder.iterdir()) == []


LOOK: dict[str, Any] = {
    "username": "office",
    "address": "::1",
    "way": "page",
    "route": "/talents",
    "act": "view",
    "restricted": 0,
    "reasons": {},
    "asked": {},
    "subjects": ["talent:T0004"],
    "request_id": "r4",
}
