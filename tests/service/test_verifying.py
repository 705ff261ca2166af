"""Verification in pieces: incremental, side by side, kept; weaker in nothing than one that executes everything."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import pytest
from sqlalchemy import select

from service import clock
from service.audit.models import INCREMENTAL, VerifiedCase
from service.audit.tables.guards import GUARDED
from service.audit.verifying import results
from service.audit.verifying.runs import Outcome, Verifier
from service.errors import Incident
from service.rights import COMMAND_LINE
from tests.factories.journal import tamper
from tests.factories.world import OFFICE, World


@pytest.fixture
def told(world: World) -> World:
    """Two cases, both executed again and marked."""
    world.recorded()
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    assert counts(verified(world)) == (2, 0, 0)
    return world


def verified(world: World, *, full: bool = False, key: str = "ours", jobs: int = 1) -> Outcome:
    return Verifier(world.database, key, jobs).verify(full=full)


def counts(outcome: Outcome) -> tuple[int, int, int]:
    """Executed, kept, findings."""
    return outcome.told.executed, outcome.told.kept, outcome.found


def named(outcome: Outcome) -> list[tuple[str | None, str | None]]:
    """The tables and columns of the findings, less the triggers that a forger has taken away."""
    return [(one.table, one.column) for _, one in outcome.findings if one.table not in GUARDED]


def forged_id(world: World) -> str:
    return world.case.hex if world.database.is_sqlite else str(world.case)


def test_a_case_that_stands_as_it_stood_is_not_executed_again(told: World) -> None:
    assert counts(verified(told)) == (0, 2, 0)
    told.do("handler-edu", "handle", unit="edu")
    assert counts(verified(told)) == (1, 1, 0)
    assert counts(verified(told, full=True)) == (2, 0, 0)
    assert counts(verified(told, key="another")) == (2, 0, 0)


CHANGES = (
    ("instance", "title", "'x'", "title"),
    ("instance", "state", "state || ' '", "state"),
    ("user_task", "due_on", "'2027-01-01'", "due_on"),
    ("timer", "due_at", "'2099-01-01'", "due_at"),
    ("timer", "attempts", "5", "attempts"),
    ("case_span", "stage", "'x'", "stage"),
    ("history_event", "actor", "'x'", None),
)
"""Table, column, what is written there by hand, the column that is named."""


def test_whatever_is_changed_in_a_marked_case_is_named(told: World) -> None:
    own = {"instance": f"id = '{forged_id(told)}'", "history_event": f"stream = 'instance:{told.case}'"}
    for table, column, forged, place in CHANGES:
        where = own.get(table, f"instance_id = '{forged_id(told)}'")
        tamper(told.database, f"CREATE TABLE kept AS SELECT id, {column} FROM {table} WHERE {where}")
        tamper(told.database, f"UPDATE {table} SET {column} = {forged} WHERE {where}")
        outcome = verified(told)
        assert outcome.told.kept == 1, (table, column)
        found = [(one.table, one.column) for _, one in outcome.findings if one.stream == f"instance:{told.case}"]
        assert (table if place else None, place) in found, (table, column, outcome.findings)
        was = f"(SELECT {column} FROM kept WHERE kept.id = {table}.id)"
        tamper(told.database, f"UPDATE {table} SET {column} = {was} WHERE {where}")
        tamper(told.database, "DROP TABLE kept")
    assert verified(told).told.kept == 2
    tamper(told.database, f"DELETE FROM clock_run WHERE instance_id = '{forged_id(told)}'")
    assert ("clock_run", None) in named(verified(told))
    tamper(told.database, "DELETE FROM outbox")
    tamper(told.database, f"DELETE FROM history_event WHERE stream = 'instance:{told.case}' AND seq > 5")
    assert any("链头" in one.what for _, one in verified(told).findings)


def test_a_mark_cannot_be_written_for_a_changed_row(told: World) -> None:
    """Not with another key, nor by the mark of another case or of before."""
    case = forged_id(told)
    tamper(told.database, f"UPDATE instance SET title = 'x' WHERE id = '{case}'")
    with told.database.reading() as session:
        other = session.scalar(select(VerifiedCase.mark).where(VerifiedCase.instance_id != told.case))
    with told.transaction() as session:
        session.get_one(VerifiedCase, told.case).mark = str(other)
    assert ("instance", "title") in named(verified(told))


def test_children_find_the_same(told: World) -> None:
    tamper(told.database, f"UPDATE instance SET title = 'x' WHERE id = '{forged_id(told)}'")
    tamper(told.database, "UPDATE talent SET phone = '13800000000' WHERE id = 'T0001'")
    alone, together = verified(told, full=True), verified(told, full=True, jobs=2)
    assert {("instance", "title"), ("talent", "phone")} <= set(named(alone))
    assert together.findings == alone.findings
    assert (together.figures(), together.told.remarks) == (alone.figures(), alone.told.remarks)


def test_a_child_that_cannot_begin_is_told(told: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Incident, match="没有做完"):
        verified(told, jobs=2)


def test_a_changed_definition_has_everything_executed(told: World) -> None:
    spoilt = "x'00'" if told.database.is_sqlite else "'\\x00'"
    tamper(told.database, f"UPDATE definition_file SET content = {spoilt} WHERE name = 'bpmn/request.bpmn'")
    outcome = verified(told)
    assert outcome.told.kept == 0
    assert any("重新执行" in one for one in outcome.told.remarks)


def test_a_result_is_kept_and_stands_under_the_journal(told: World) -> None:
    outcome = verified(told)
    with told.transaction() as session:
        results.keep(session, outcome, begun_at=clock.now(), actor=COMMAND_LINE, now=clock.now())
    assert counts(verified(told)) == (0, 2, 0)
    with told.database.reading() as session:
        [one] = results.verifications(session, told.actor("auditor")).items
        assert (one.mode, one.found, one.figures["kept"], one.made_by) == (INCREMENTAL, 0, 2, "command-line")
    tamper(told.database, "UPDATE verification SET found = 7")
    assert ("verification", "found") in named(verified(told))
    tamper(told.database, "DELETE FROM verification")
    assert ("verification", None) in named(verified(told))


def test_a_journal_without_a_case_is_named(told: World) -> None:
    streams = ("instance:00000000-0000-0000-0000-000000000001", f"instance:{told.case.hex}")
    for stream in streams:
        tamper(told.database, f"INSERT INTO history_head (stream, seq, hash) VALUES ('{stream}', 0, 'x')")
    found = {one.stream for _, one in verified(told).findings if one.what == "有历史而没有事项记录"}
    assert found == set(streams)
