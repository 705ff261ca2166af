"""Findings about the time of an entry, acknowledged: told apart, not counted, and counted again when they change."""

# ruff: noqa: S608 - who forges rows writes SQL by hand
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from service import clock, history, seals
from service.audit.models import Acknowledgement, Verification, VerifiedSeal
from service.audit.verifying import acknowledging, results
from service.audit.verifying.advice import advised
from service.audit.verifying.runs import Outcome, Verifier
from service.cli import liaison
from service.config.sealing import Sealing
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.rights import AUDITOR, COMMAND_LINE, SYSTEM, Actor, Grant
from service.seals import order
from tests.factories.journal import tamper
from tests.factories.world import World

WHY = "11 月 30 日服务器时钟被拨回一天，已由运维记录证实"
OTHER = Actor(username="auditor-2", name="另一位审计员", grants=(Grant(AUDITOR),))


@pytest.fixture
def late(world: World, tmp_path: Path) -> World:
    """A seal, and behind it an entry of a day before it."""
    world.clock.advance(days=2)
    settings = Sealing(None, tmp_path / "seal.key", None, mail=False, command=(), command_seconds=1)
    assert seals.Sealer(world.database, settings, mail=False).seal(by=COMMAND_LINE, now=clock.now()) is not None
    told(world, "unit:x", 1)
    return world


def told(world: World, stream: str, days: int) -> None:
    """An entry that says to be so many days older than it is, in a stream that makes no row."""
    with world.database.transaction() as session:
        at = clock.now() - timedelta(days=days)
        history.append(session, stream=f"counter:{stream}", kind="x", actor="x", at=at, data={})


def verified(world: World, *, full: bool = False) -> tuple[Outcome, Verification]:
    outcome = Verifier(world.database, "ours", 1).verify(full=full)
    with world.database.transaction() as session:
        kept = results.keep(session, outcome, begun_at=clock.now(), actor=SYSTEM, now=clock.now())
        session.flush()
        session.expunge(kept)
    return outcome, kept


def acknowledge(world: World, kept: Verification, *, second: bool = False, reason: str = WHY) -> Acknowledgement:
    [place] = [(one["stream"], one["seq"]) for one in kept.findings if one["seq"] and not one.get("acknowledged")]
    with world.database.transaction() as session:
        [made] = acknowledging.acknowledge(
            session,
            verification=kept,
            places=[place],
            reason=reason,
            second=second,
            actor=world.actor("auditor"),
            now=clock.now(),
        )
        session.expunge(made)
    return made


def test_an_acknowledged_finding_is_told_apart_and_does_not_count(late: World) -> None:
    outcome, kept = verified(late)
    assert (outcome.found, kept.figures["acknowledged"]) == (1, 0)
    acknowledge(late, kept)
    for full in (False, True, False):
        outcome, kept = verified(late, full=full)
        assert (outcome.found, kept.found, kept.figures["acknowledged"]) == (0, 0, 1)
        [found] = advised(kept.findings)
        assert found["what"] == "时间早于此前的第 1 次封存"
        assert (found["grade"], found["acknowledged"]["by"], found["acknowledged"]["reason"]) == (
            "已确认",
            "auditor",
            WHY,
        )
    with late.database.reading() as session:
        assert session.scalar(select(VerifiedSeal.number)) == 1  # what is acknowledged keeps no mark from being kept


def test_it_counts_again_when_it_is_withdrawn(late: World) -> None:
    made = acknowledge(late, verified(late)[1])
    assert verified(late)[0].found == 0
    with late.database.transaction() as session:
        acknowledging.withdraw(session, key=made.id, actor=OTHER, now=clock.now())
        with pytest.raises(Conflict, match="撤销"):
            acknowledging.withdraw(session, key=made.id, actor=OTHER, now=clock.now())
    outcome, kept = verified(late)
    assert (outcome.found, kept.figures["acknowledged"]) == (1, 0)
    acknowledge(late, kept)
    assert verified(late)[0].found == 0


@pytest.mark.parametrize("change", ["hash = substr(hash, 1, 63) || 'x'", "at"])
def test_it_counts_again_when_the_entry_changes(late: World, change: str) -> None:
    acknowledge(late, verified(late)[1])
    assert verified(late)[0].found == 0
    earlier = "datetime(at, '-1 day') || '.000000'" if late.database.is_sqlite else "at - interval '1 day'"
    written = f"at = {earlier}" if change == "at" else change
    tamper(late.database, f"UPDATE history_event SET {written} WHERE stream = 'counter:unit:x'")
    outcome = verified(late)[0]
    assert "时间早于此前的第 1 次封存" in {one.what for _, one in outcome.findings}
    assert outcome.acknowledged == []


def test_a_second_auditor_confirms_where_the_office_wants_two(late: World) -> None:
    made = acknowledge(late, verified(late)[1], second=True)
    assert acknowledging.state_of(made) == acknowledging.WAITS
    assert verified(late)[0].found == 1
    with late.database.transaction() as session:
        for actor in (late.actor("auditor"), COMMAND_LINE):
            with pytest.raises(NotAllowed, match="另一位审计人员"):
                acknowledging.confirm(session, key=made.id, actor=actor, now=clock.now())
        acknowledging.confirm(session, key=made.id, actor=OTHER, now=clock.now())
    outcome, kept = verified(late)
    assert outcome.found == 0
    [(_, _, said)] = outcome.acknowledged
    assert (said.by, said.also_by) == ("auditor", "auditor-2")
    assert kept.findings[0]["acknowledged"]["also_by"] == "auditor-2"


def test_nothing_else_is_acknowledged_and_nobody_else_does(late: World) -> None:
    _, kept = verified(late)
    [place] = [(one["stream"], one["seq"]) for one in kept.findings]
    said = {"reason": WHY, "second": False, "now": clock.now()}
    with late.database.transaction() as session:
        for username in ("admin", "office", "owner"):
            with pytest.raises(NotAllowed):
                acknowledging.acknowledge(
                    session, verification=kept, places=[place], actor=late.actor(username), **said
                )
        auditor = late.actor("auditor")
        with pytest.raises(NotFound):
            acknowledging.acknowledge(session, verification=kept, places=[("unit:x", 9)], actor=auditor, **said)
        with pytest.raises(Invalid):
            acknowledging.acknowledge(
                session, verification=kept, places=[place], actor=auditor, **{**said, "reason": " "}
            )
        with pytest.raises(Invalid):
            acknowledging.acknowledge(session, verification=kept, places=[], actor=auditor, **said)
    tamper(late.database, "UPDATE history_event SET actor = 'y' WHERE stream = 'counter:unit:x'")
    _, kept = verified(late)
    changed = [one for one in kept.findings if one["what"] == "内容与其哈希不符，记录被改动"]
    assert [acknowledging.may_be_acknowledged(one) for one in changed] == [False]


def test_the_same_is_not_acknowledged_twice(late: World) -> None:
    _, kept = verified(late)
    acknowledge(late, kept)
    with pytest.raises(Conflict, match="已经有人确认"):
        acknowledge(late, kept)


def test_a_row_by_another_hand_is_named(late: World) -> None:
    made = acknowledge(late, verified(late)[1])
    tamper(late.database, "UPDATE acknowledgement SET reason = 'x'")
    assert ("acknowledgement", "reason") in {(one.table, one.column) for _, one in verified(late)[0].findings}
    tamper(late.database, f"UPDATE acknowledgement SET reason = '{WHY}'")
    tamper(late.database, "DELETE FROM acknowledgement")
    outcome = verified(late)[0]
    assert {"acknowledgement", None} <= {one.table for _, one in outcome.findings}, made.id


def test_an_acknowledged_entry_hides_no_other(late: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MOST", 1)
    acknowledge(late, verified(late)[1])
    told(late, "unit:y", 1)
    outcome = verified(late)[0]
    assert [one.stream for _, one in outcome.findings] == ["counter:unit:y"]
    assert [one.stream for _, one, _ in outcome.acknowledged] == ["counter:unit:x"]


def test_a_clock_that_was_set_back_within_a_stream_is_acknowledged(world: World) -> None:
    with world.database.transaction() as session:
        for minutes, name in ((0, "first"), (-9, "second")):
            at = clock.now() + timedelta(minutes=minutes)
            history.append(session, stream="counter:z", kind="x", actor=name, at=at, data={})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.history.verify.LATE_BY", timedelta(minutes=5))
        _, kept = verified(world)
        assert [one["what"] for one in kept.findings] == ["时间早于上一条记录"]
        acknowledge(world, kept)
        outcome, kept = verified(world)
    assert (outcome.found, kept.figures["acknowledged"]) == (0, 1)


def test_the_command_line_lists_and_acknowledges(late: World) -> None:
    url = late.database.url.render_as_string(hide_password=False)
    environment = {"LIAISON_DATABASE_URL": url, "LIAISON_CONFIG": None, "LIAISON_SEAL_KEY_FILE": None}

    def call(*arguments: str) -> Result:
        runner = CliRunner(env=environment)
        return runner.invoke(liaison, ["--as", "张三", *arguments], catch_exceptions=False)

    place = "counter:unit:x/1"
    assert "还没有核验过" in call("acknowledge").output
    assert call("verify", "--jobs", "1").exit_code == 1
    assert f"未确认　{place}" in call("acknowledge").output
    for wrong in (("x", "--reason", WHY), (place,), ("counter:unit:x/2", "--reason", WHY)):
        assert call("acknowledge", *wrong).exit_code == 1, wrong
    assert "已确认 1 处" in call("acknowledge", place, "--reason", WHY).output
    good = call("verify", "--jobs", "1")
    assert good.exit_code == 0, good.output
    assert "已确认（" in good.output
    assert WHY in good.output
    told = json.loads(call("verify", "--jobs", "1", "--json").output)
    assert (told["ok"], [one["acknowledged"]["reason"] for one in told["acknowledged"]]) == (True, [WHY])
    assert f"已确认　{place}" in call("acknowledge").output
