"""名单确定 (Q2 Q4): the Talent Office decides class A, a unit its own list and files it; what is odd is only told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service import contacts, liaisons
from service.errors import Invalid, NotAllowed, NotFound
from service.history import HistoryEvent
from service.liaisons.models import Roster
from service.processes import calendars
from service.usecases import rosters
from tests.factories.databases import ON_BOTH
from tests.factories.rounds import begin, calendar_starts
from tests.factories.steps import events, instance, mismatches, notices
from tests.factories.unit_leaders import leader_of_unit

DECIDED = {"decision": "decide", "document_no": "南人才〔2026〕1号", "decided_on": "2026-09-16"}


def drafted(world, user: str, scope: str, *lines: tuple[str, str, str]) -> None:
    items = [
        {"leader_id": leader, "talent_id": talent, "reason": reason, "note": "业务相关"}
        for leader, talent, reason in lines
    ]
    with world.transaction() as session:
        liaisons.draft_roster(session, scope=scope, items=items, actor=world.actor(user), now=world.clock.now)


def roster(world, scope: str) -> Roster:
    with world.database.reading() as session:
        found = session.scalars(select(Roster).where(Roster.scope == scope)).one()
        session.expunge_all()
    return found


@ON_BOTH
def test_the_talent_office_decides_class_a(world):
    begin(world, "roster", "office")
    world.do("office", "start_district_list", {})
    with pytest.raises(Invalid, match="起草"):
        world.do("office", "draft_a", {})
    drafted(world, "office", "A", (world.leader_id, "T0001", "known"))
    world.do("office", "draft_a", {})
    checked = [one.data["result"]["lines"] for one in events(world, "action") if one.data["name"] == "check_roster"]
    assert any("不足 2 人" in said for _, said in checked[0])
    world.do("office", "decide_a", {"decision": "redo", "reason": "再加一人"})
    world.do("office", "draft_a", {})
    world.do("office", "decide_a", DECIDED)
    assert roster(world, "A").status == "decided"
    assert instance(world).title == "联系名单确定：2026年"
    assert instance(world).end_name == "名单已确定"
    assert mismatches(world) == []


def test_a_unit_decides_its_own_and_files_it(world):
    leader = leader_of_unit(world)
    begin(world, "roster", "liaison-hrss")
    world.do("liaison-hrss", "start_unit_list", {})
    drafted(world, "liaison-hrss", "hrss", (leader, "T0002", "related"))
    world.do("liaison-hrss", "draft_b", {}, unit="hrss")
    with pytest.raises(NotFound):
        world.do("liaison-sci", "decide_b", DECIDED, unit="hrss")
    world.do("liaison-hrss", "decide_b", DECIDED, unit="hrss")
    world.do("office", "file_list", {"filed_on": "2026-09-16"})
    assert roster(world, "hrss").status == "filed"
    assert mismatches(world) == []


@ON_BOTH
def test_every_year_all_lists_are_asked_for(world):
    calendar_starts(world, "roster", "every_year")
    open_steps = world.open_steps()
    assert ("draft_a", None) in open_steps
    assert ("draft_b", "hrss") in open_steps
    assert ("draft_b", "police") in open_steps  # has no liaison: whoever is named meanwhile takes it (T4)
    [told] = [one for one in notices(world, "reminder") if one["to"]["role"] == "talent_office"]
    assert "区公安局" in told["text"]
    with pytest.raises(NotAllowed):
        begin(world, "roster", "handler-edu")


def test_a_list_that_is_being_made_is_not_started_again_by_hand(world):
    for user, unit in (("liaison-hrss", "unit"), ("office", "district")):
        begin(world, "roster", user)
        world.do(user, f"start_{unit}_list", {})
        begin(world, "roster", user)
        with pytest.raises(Invalid) as refused:
            world.do(user, f"start_{unit}_list", {})
        [finding] = refused.value.findings
        assert finding.path == "/data/note"
        assert "「联系名单确定：2026年」已于 2026-09-16 发起，正在办理" in finding.message
    begin(world, "roster", "liaison-sci")
    world.do("liaison-sci", "start_unit_list", {})
    assert world.open_steps() == [("draft_b", "sci")]


def test_the_calendar_leaves_lists_alone_that_are_being_made(world):
    begin(world, "roster", "liaison-hrss")
    world.do("liaison-hrss", "start_unit_list", {})
    calendar_starts(world, "roster", "every_year")
    assert ("draft_b", "hrss") not in world.open_steps()
    assert {("draft_a", None), ("draft_b", "sci")} <= set(world.open_steps())
    assert mismatches(world) == []


def decide_on_the_page(world, user: str, scope: str) -> None:
    with world.transaction() as session:
        rosters.decide(
            session,
            roster_id=roster(world, scope).id,
            document_no="南人才〔2026〕2号",
            decided_on=world.clock.now.date(),
            actor=world.actor(user),
            now=world.clock.now,
        )


@pytest.mark.parametrize("drafted_in_the_round", [True, False])
def test_deciding_on_the_page_takes_the_steps_of_the_round(world, drafted_in_the_round):
    leader = leader_of_unit(world)
    begin(world, "roster", "liaison-hrss")
    world.do("liaison-hrss", "start_unit_list", {})
    drafted(world, "liaison-hrss", "hrss", (leader, "T0002", "related"))
    if drafted_in_the_round:
        world.do("liaison-hrss", "draft_b", {}, unit="hrss")
    decide_on_the_page(world, "liaison-hrss", "hrss")
    assert roster(world, "hrss").document_no == "南人才〔2026〕2号"
    assert world.open_steps() == [("file_list", None)]
    with world.transaction() as session:
        found = roster(world, "hrss")
        rosters.file(session, roster_id=found.id, on=found.decided_on, actor=world.actor("office"), now=world.clock.now)
    assert (roster(world, "hrss").status, world.open_steps()) == ("filed", [])
    assert mismatches(world) == []


def test_a_list_decided_before_the_round_is_told_to_the_office_once_and_is_not_the_rounds(world):
    leader = leader_of_unit(world)
    drafted(world, "liaison-hrss", "hrss", (leader, "T0002", "related"), (leader, "T0003", "related"))
    decide_on_the_page(world, "liaison-hrss", "hrss")
    [told] = page_notices(world)
    assert (told["template"], told["to"]["role"]) == ("roster_decided", "talent_office")
    assert told["title"] == "区人力资源和社会保障局名单第 1 版"
    world.clock.advance(minutes=5)  # the same day
    begin(world, "roster", "liaison-hrss")
    world.do("liaison-hrss", "start_unit_list", {})
    with pytest.raises(Invalid, match="起草"):
        world.do("liaison-hrss", "draft_b", {}, unit="hrss")
    lines = [(leader, one, "related") for one in ("T0002", "T0003", "T0004")]
    drafted(world, "liaison-hrss", "hrss", *lines)
    world.do("liaison-hrss", "draft_b", {}, unit="hrss")
    world.do("liaison-hrss", "decide_b", DECIDED, unit="hrss")
    world.do("office", "file_list", {"filed_on": "2026-09-16"})
    assert versions(world, "hrss") == [(1, "superseded"), (2, "filed")]
    assert mismatches(world) == []


def test_the_round_decides_the_list_that_it_checked(world):
    """It was decided past the round, and another was drafted since, whose warnings nobody has seen."""
    leader = leader_of_unit(world)
    begin(world, "roster", "liaison-hrss")
    world.do("liaison-hrss", "start_unit_list", {})
    drafted(world, "liaison-hrss", "hrss", (leader, "T0002", "related"))
    world.do("liaison-hrss", "draft_b", {}, unit="hrss")
    world.clock.advance(minutes=5)
    with world.transaction() as session:
        liaisons.decide_roster(
            session,
            roster_id=roster(world, "hrss").id,
            document_no="南人才〔2026〕3号",
            decided_on=world.clock.now.date(),
            actor=world.actor("liaison-hrss"),
            now=world.clock.now,
        )
    drafted(world, "liaison-hrss", "hrss", (leader, "T0002", "related"), (leader, "T0003", "related"))
    world.do("liaison-hrss", "decide_b", DECIDED, unit="hrss")
    world.do("office", "file_list", {"filed_on": "2026-09-16"})
    assert versions(world, "hrss") == [(1, "filed"), (2, "draft")]


def test_what_a_list_lacks_stands_at_a_field_of_the_step(world):
    begin(world, "roster", "office")
    world.do("office", "start_district_list", {})
    drafted(world, "office", "A", (world.leader_id, "T0001", "known"))
    world.do("office", "draft_a", {})
    with pytest.raises(Invalid) as refused:
        world.do("office", "decide_a", {**DECIDED, "decided_on": "2001-01-01"})
    assert "/data/decision" in [one.path for one in refused.value.findings]
    assert {one.path for one in refused.value.findings} <= {"/data/decision", "/data/decided_on"}
    assert all("起任职" in one.message for one in refused.value.findings if one.path == "/data/decision")


def versions(world, scope: str) -> list[tuple[int, str]]:
    with world.database.reading() as session:
        query = select(Roster.version, Roster.status).where(Roster.scope == scope).order_by(Roster.version)
        return [(version, status) for version, status in session.execute(query)]


def test_the_day_of_a_list_is_not_before_what_was_done_since(world):
    with world.transaction() as session:
        contacts.record_contact(
            session,
            leader_id=world.leader_id,
            talent_ids=["T0002"],
            form="visit",
            held_on=world.clock.now.date(),
            topics=[3],
            summary="了解科研进展",
            calendar=calendars.current(session),
            actor=world.actor("office"),
            now=world.clock.now,
        )
    drafted(world, "office", "A", (world.leader_id, "T0003", "known"))
    with pytest.raises(Invalid) as refused:
        decide_on_the_page(world, "office", "A")
    [finding] = refused.value.findings
    assert finding.path == "/decided_on"
    assert "确定日期须晚于 2026-09-16" in finding.message
    assert roster(world, "A").status == "draft"


def page_notices(world) -> list[dict]:
    with world.database.reading() as session:
        query = select(HistoryEvent).where(HistoryEvent.kind == "notice", HistoryEvent.stream.not_like("instance:%"))
        return [event.data for event in session.scalars(query)]
