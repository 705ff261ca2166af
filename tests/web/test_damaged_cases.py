"""A case whose journal was damaged: verification names the entry, and replay, papers and evidence say so."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert

from service.history.models import HistoryEvent
from tests.factories.databases import ON_BOTH
from tests.factories.journal import tamper
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches
from tests.factories.world import World

EVENTS = HistoryEvent.__table__
TOLD = "stream, at, actor, on_behalf_of, kind, task, data, prev_hash, hash"


def rows(world: World) -> list[dict[str, Any]]:
    with world.database.engine.connect() as connection:
        found = connection.execute(EVENTS.select().where(EVENTS.c.stream == of(world)).order_by(EVENTS.c.seq))
        return [dict(one) for one in found.mappings()]


def of(world: World) -> str:
    return f"instance:{world.case}"


def damage(world: World, kind: str, seq: int, last: int) -> None:
    """The entry ``seq`` is taken out, told again at the end, or told after the next one."""
    where = f"stream = '{of(world)}' AND seq"
    copy = (
        f"SELECT (SELECT max(id) + 1 FROM history_event), {last + 1}, {TOLD} FROM history_event WHERE {where} = {seq}"
    )
    statements = {
        "missing": [f"DELETE FROM history_event WHERE {where} = {seq}"],
        "doubled": [f"INSERT INTO history_event (id, seq, {TOLD}) {copy}"],
        "reordered": [
            f"UPDATE history_event SET seq = 99999 WHERE {where} = {seq}",
            f"UPDATE history_event SET seq = {seq} WHERE {where} = {seq + 1}",
            f"UPDATE history_event SET seq = {seq + 1} WHERE {where} = 99999",
        ],
    }
    for statement in statements[kind]:
        tamper(world.database, statement)


def restored(world: World, before: Sequence[dict[str, Any]]) -> None:
    """The journal as it was."""
    there, known = {one["id"]: one["seq"] for one in rows(world)}, {one["id"]: one["seq"] for one in before}
    for more in there.keys() - known.keys():
        tamper(world.database, f"DELETE FROM history_event WHERE id = {more}")
    with world.database.engine.begin() as connection:
        if gone := [one for one in before if one["id"] not in there]:
            connection.execute(insert(EVENTS), gone)
    moved = [key for key, seq in known.items() if there.get(key, seq) != seq]
    for far in (99999, 0):  # no number is there twice
        for key in moved:
            tamper(world.database, f"UPDATE history_event SET seq = {known[key] + far} WHERE id = {key}")


@ON_BOTH
@pytest.mark.parametrize("kind", ["missing", "doubled", "reordered"])
def test_a_damaged_journal_is_named_and_breaks_no_page(world: World, kind: str) -> None:
    world.dispatched("edu")
    world.do("handler-edu", "handle", unit="edu")
    before = rows(world)
    auditor, case = Visitor(world, "auditor"), f"/cases/{world.case}"
    told = set()
    for row in [next(one for one in before if one["kind"] == kind) for kind in ("started", "entered", "completed")]:
        damage(world, kind, row["seq"], len(before))
        found = [one for one in mismatches(world) if one.startswith(of(world))]
        place = len(before) + 1 if kind == "doubled" else row["seq"]
        assert found[0].startswith(f"{of(world)} {place}:"), (row["kind"], found)
        for page in (case, f"{case}/replay", f"{case}/replay/{row['seq']}", f"/api/v1/instances/{world.case}/replay"):
            answer = auditor.get(page)
            assert answer.status_code in (200, 409), page
            if answer.status_code == 409:
                assert f"第 {row['seq']} 条" in answer.text
                assert "的日志被改动，读不出来" in answer.text
                told.add(row["kind"])
        if row["kind"] in told:
            for paper in (f"{case}/replay.pdf", f"{case}/evidence.zip", f"{case}/sheet.pdf?at={row['seq']}"):
                assert auditor.get(paper).status_code == 409, paper
        restored(world, before)
    assert mismatches(world) == []
    assert told == (set() if kind == "doubled" else {"started"} | told)


@ON_BOTH
def test_a_case_whose_last_entry_is_doubled_refuses_what_would_be_noted(world: World) -> None:
    world.dispatched("edu")
    damage(world, "doubled", len(rows(world)), len(rows(world)))
    visitor, case = Visitor(world, "auditor"), f"/cases/{world.case}"
    assert visitor.get(f"{case}/replay").status_code in (200, 409)
    for address in (f"{case}/replay.pdf", f"{case}/sheet.pdf", f"/api/v1/instances/{world.case}/papers/sheet"):
        answer = visitor.get(address)
        assert answer.status_code in (404, 409), (address, answer.status_code)
    told = visitor.get(f"{case}/sheet.pdf")
    assert told.status_code == 409
    assert "最后一条之后另有条目" in told.text
    office = world.api("office").post(f"/instances/{world.case}/urge", {"text": "请抓紧"})
    assert office.status_code == 409
    assert "最后一条之后另有条目" in office.text
