"""联系关系调整 (O4): a post ends, the Talent Office holds its links, a successor takes them over; no ownerless day."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from service import liaisons
from service.errors import Invalid
from service.history import stream_events
from service.liaisons import Link
from service.people import Leader
from service.processes.models import Instance
from service.rights import SYSTEM
from service.usecases.posts import correct_end, correct_post, end_post, open_handovers
from tests.factories.databases import ON_BOTH
from tests.factories.steps import events, instance, mismatches
from tests.factories.workers import work_all

RESUMED = ("service_team_resumed", "service_team_end_updated")
PLAN = {"decision": "hand_over", "starts_on": "2026-09-17", "note": "在办需求一件，请接续跟进。"}


def leaders(world):
    with world.database.reading() as session:
        return {leader.person.name: leader.id for leader in session.scalars(select(Leader))}


def handovers(world):
    with world.database.reading() as session:
        return list(session.scalars(select(Instance.id).where(Instance.process == "liaison_change")))


def end(world, name: str, day: str) -> None:
    with world.transaction() as session:
        end_post(
            session,
            leader_id=leaders(world)[name],
            ends_on=date.fromisoformat(day),
            actor=world.actor("office"),
            now=world.clock.now,
        )


def links(world, name: str):
    with world.database.reading() as session:
        query = select(Link).where(Link.leader_id == leaders(world)[name], Link.ends_on.is_(None))
        return [(link.talent_id, link.status) for link in session.scalars(query.order_by(Link.talent_id))]


@ON_BOTH
def test_a_post_that_ends_opens_the_handover_which_ends_when_all_are_taken_over(world):
    before = [talent for talent, _ in links(world, "程望津")]
    end(world, "程望津", "2026-09-15")
    [world.case] = handovers(world)
    assert instance(world).title == "联系关系调整：程望津（区委常委）"
    assert {status for _, status in links(world, "程望津")} == {"held"}
    task = world.task("plan_a")
    assert task.due_on.isoformat() == "2026-09-29"
    first, *rest = before
    successor = str(leaders(world)["陈砚秋"])
    world.do("office", "plan_a", {**PLAN, "successor_id": successor, "talents": [first]})
    assert [talent for talent, _ in links(world, "程望津")] == sorted(rest)
    world.do("office", "plan_a", {**PLAN, "successor_id": successor})
    assert instance(world).end_name == "交接完成"
    with world.database.reading() as session:
        taken = {
            link.talent_id
            for link in liaisons.search_links(session, liaisons.LinkFilter(leader_id=successor), limit=100).items
        }
    assert set(before) <= taken
    assert mismatches(world) == []


@ON_BOTH
def test_a_post_that_ends_later_is_opened_by_the_daily_round_once(world):
    end(world, "程望津", "2026-09-18")
    assert handovers(world) == []
    for _ in range(4):
        work_all(world)
        world.clock.advance(days=1)
    assert len(handovers(world)) == 1
    with world.transaction() as session:
        assert open_handovers(session, actor=SYSTEM, now=world.clock.now) == 0


def test_the_page_is_told_what_is_to_hand_over_and_the_day_is_reminded_of(world):
    end(world, "温如故", "2026-09-15")
    [world.case] = handovers(world)
    [told] = [one.data["result"] for one in events(world, "action")]
    assert [title for title, _ in told["lines"]] == ["待移交的联系对象", "在办的需求", "任职结束日期", "接任日期"]
    assert "应不晚于 2026-09-29" in told["lines"][-1][1]
    for _ in range(20):
        work_all(world)
        world.clock.advance(days=1)
    assert "due_today" in [one.data["template"] for one in events(world, "notice")]
    assert world.open_steps() == [("plan_a", None)]


def test_nothing_is_handed_over_in_name_only(world):
    end(world, "程望津", "2026-09-15")
    [world.case] = handovers(world)
    successor = str(leaders(world)["陈砚秋"])
    with pytest.raises(Invalid) as refused:
        world.do("office", "plan_a", {"decision": "settled", "note": "已另行安排"})
    assert [one.path for one in refused.value.findings] == ["/data/decision"]
    with world.transaction() as session:
        for link in liaisons.search_links(session, liaisons.LinkFilter(leader_id=leaders(world)["程望津"])).items:
            liaisons.end_link(
                session,
                link_id=link.id,
                ends_on=world.clock.now.date(),
                reason="另有领导联系",
                actor=world.actor("office"),
                now=world.clock.now,
            )
    with pytest.raises(Invalid) as refused:
        world.do("office", "plan_a", {**PLAN, "successor_id": successor})
    [finding] = refused.value.findings
    assert finding.path == "/data/decision"
    assert "没有可移交的；请选择“已另行移交或结束”" in finding.message
    world.do("office", "plan_a", {"decision": "settled", "note": "三位均由陈砚秋联系"})
    assert instance(world).end_name == "交接完成"
    assert mismatches(world) == []


def test_open_needs_are_named_and_only_what_is_left_can_be_picked(world):
    number = world.accepted(leader_id=str(leaders(world)["程望津"]), talent_id="T0002")
    end(world, "程望津", "2026-09-15")
    [world.case] = handovers(world)
    [told] = [one.data["result"] for one in events(world, "action")]
    assert told["cases"] == [[str(number), "2026-需-0001 子女入学（沈清越）"]]
    successor = str(leaders(world)["陈砚秋"])
    with pytest.raises(Invalid) as refused:
        world.do("office", "plan_a", {**PLAN, "successor_id": successor, "talents": ["T0001"]})
    assert [one.path for one in refused.value.findings] == ["/data/talents/0"]


def correct(world, name: str, day: str | None) -> None:
    with world.transaction() as session:
        correct_end(
            session,
            leader_id=leaders(world)[name],
            ends_on=date.fromisoformat(day) if day else None,
            reason="延迟退休",
            actor=world.actor("office"),
            now=world.clock.now,
        )


def test_a_wrong_end_is_corrected_while_nothing_has_been_handed_over(world):
    before = links(world, "程望津")
    end(world, "程望津", "2026-09-15")
    [world.case] = handovers(world)
    correct(world, "程望津", None)
    assert links(world, "程望津") == before
    assert instance(world).status == "terminated"
    with world.database.reading() as session:
        leader = leaders(world)["程望津"]
        assert liaisons.standing_service_teams(session, [leader], date(2026, 12, 1)) != {}
        assert len(liaisons.talents_of(session, [leader], world.clock.now.date())[leader]) == len(before)
        [told] = [
            e for e in stream_events(session, f"person:{_person(session, leader)}") if e.kind == "leader_end_updated"
        ]
        assert told.data["ends_on"] == ["2026-09-15", None]


def test_another_end_moves_what_is_held_and_opens_its_own_handover(world):
    end(world, "程望津", "2026-09-15")
    correct(world, "程望津", "2026-09-10")
    with world.database.reading() as session:
        held = liaisons.search_links(session, liaisons.LinkFilter(leader_id=leaders(world)["程望津"])).items
        assert {(link.status, link.held_from) for link in held} == {("held", date(2026, 9, 11))}
        cases = session.scalars(select(Instance).where(Instance.process == "liaison_change")).all()
        assert sorted(case.status for case in cases) == ["running", "terminated"]
    assert team_events(world, "程望津") == ["service_team_ended", "service_team_end_updated"]
    correct(world, "程望津", None)
    assert team_events(world, "程望津")[2:] == ["service_team_resumed"]


def test_once_handed_over_the_end_stays(world):
    end(world, "程望津", "2026-09-15")
    [world.case] = handovers(world)
    taken = [talent for talent, _ in links(world, "程望津")[:2]]
    successor = str(leaders(world)["陈砚秋"])
    world.do("office", "plan_a", {**PLAN, "successor_id": successor, "talents": taken})
    with pytest.raises(Invalid, match="移交给陈砚秋，不能再更正结束日期") as refused:
        correct(world, "程望津", None)
    [finding] = refused.value.findings
    assert finding.path == "/ends_on"
    assert finding.message.count("已于 2026-09-17 移交给陈砚秋") == 2
    assert finding.message.endswith("仍由程望津联系的，请先另行登记程望津的任职，再移交回来")


def test_a_post_in_use_does_not_become_another(world):
    changes = {"unit_code": "cppcc_office", "body": "conference", "post": "常务副区长"}
    with world.transaction() as session, pytest.raises(Invalid, match="请结束该任职后重新登记") as refused:
        correct_post(
            session,
            leader_id=leaders(world)["程望津"],
            changes=changes,
            actor=world.actor("office"),
            now=world.clock.now,
        )
    assert {one.path for one in refused.value.findings} == {"/unit_code", "/body"}


def team_events(world, name: str) -> list[str]:
    """The entries about the leader's service team, in order."""
    with world.database.reading() as session:
        found = stream_events(session, f"person:{_person(session, leaders(world)[name])}")
        return [event.kind for event in found if event.kind in ("service_team_ended", *RESUMED)]


def _person(session, leader_id):
    return session.get(Leader, leader_id).person_id
