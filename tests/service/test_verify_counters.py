"""Running numbers are held to the journal, on which case and circular is numbered in which year."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from service.processes import replay
from service.processes.models import Counter
from tests.factories.workers import mismatches
from tests.factories.world import World


def found(world: World) -> list[str]:
    """The mismatches that verification finds, as text."""
    with world.database.reading() as session:
        return [f"{one.stream}: {one.what}" for one in replay.verify(session)]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE counter SET value = value - 1", "counter:number:request:2026: 编号已用到 1，历史中给出的是 2 个"),
        ("DELETE FROM counter", "counter:number:request:2026: 编号没有记录，历史中给出的是 2 个"),
        ("INSERT INTO counter VALUES ('circular:2026', 4)", "counter:circular:2026: 编号已用到 4，历史中给出的是 0 个"),
    ],
)
def test_a_changed_counter_is_named_once(world: World, damage: str, says: str) -> None:
    world.accepted()
    world.accepted(title="另一件事")
    with world.transaction() as session:
        session.execute(text(damage))
    assert found(world) == [says]


def test_a_number_that_was_changed_in_the_journal_leaves_a_gap(world: World) -> None:
    for title in ("一", "二", "三"):
        world.accepted(title=title)
    with world.database.reading() as session:
        if world.database.is_sqlite:
            session.execute(text("DROP TRIGGER history_event_no_update"))
            changed = "replace(data, '2026-需-0002', '2026-需-0003')"
        else:
            session.execute(text("ALTER TABLE history_event DISABLE TRIGGER ALL"))
            changed = "replace(CAST(data AS text), '2026-需-0002', '2026-需-0003')::jsonb"
        session.execute(text(f"UPDATE history_event SET data = {changed} WHERE kind = 'action'"))  # noqa: S608 - ours
        assert [(one.what, one.must, one.have) for one in replay._counters(session)] == [
            ("编号 2026-需-0003 给出不止一次", "1 次", "2 次"),
            ("编号 2026-需-0002 没有给出，而它前后的号都给出了", "1 次", "没有给出"),
        ]


def test_cases_and_circulars_that_were_numbered_are_no_mismatch(world: World) -> None:
    world.dispatched("edu")
    world.pass_days(25)
    world.do("office", "approve_circular", {"decision": "issue", "text": "限期办理"})
    with world.database.reading() as session:
        names = {row.name: row.value for row in session.scalars(select(Counter))}
    assert names == {"number:request:2026": 1, "circular:2026": 1, "urge:2026": 1}
    assert mismatches(world) == []
    assert found(world) == []
