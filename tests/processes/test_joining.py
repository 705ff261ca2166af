"""Cases that belong together: 关联 and 并案, with their way back, their rights, and their end."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from service import clock
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.processes import halting, joining, operations
from service.processes.case_link import CaseLink
from service.processes.lateness import IN_TIME
from service.processes.links import into_of, links_of
from service.processes.models import Instance
from tests.factories.databases import ON_BOTH
from tests.factories.steps import mismatches, notices
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, OFFICE, World

pytestmark = ON_BOTH


def do(world: World, user: str, what: Any, case: UUID, **said: Any) -> None:
    actor = world.actor(user)
    with world.transaction() as session:
        what(session, instance_id=case, actor=actor, now=clock.now(), **said)


def kinds(world: World, *cases: UUID) -> list[tuple[UUID, UUID, str]]:
    with world.database.reading() as session:
        return sorted((row.instance_id, row.other_id, row.kind) for row in links_of(session, cases))


def stored(world: World, case: UUID) -> Instance:
    with world.database.reading() as session:
        found = session.get_one(Instance, case)
        session.expunge(found)
        return found


def verified(world: World, *cases: UUID) -> None:
    for case in cases:
        world.case = case
        assert mismatches(world) == []


def test_linked_cases_know_each_other_and_are_parted_again(world: World) -> None:
    one, other = world.recorded(title="子女入学"), world.recorded(title="子女入园")
    do(world, LIAISON, joining.link, one, other_id=other, note="同一家庭")
    assert kinds(world, one, other) == sorted([(one, other, "linked"), (other, one, "linked")])
    for case, its in ((one, other), (other, one)):
        page = Visitor(world, LIAISON).get(f"/cases/{case}").text
        assert f'href="/cases/{its}"' in page
        assert "与另一件事项关联" in page
    with pytest.raises(Conflict, match="已经关联"):
        do(world, OFFICE, joining.link, other, other_id=one)
    verified(world, one, other)
    do(world, OFFICE, joining.unlink, other, other_id=one)
    assert kinds(world, one, other) == []
    with pytest.raises(Conflict, match="没有关联"):
        do(world, OFFICE, joining.unlink, other, other_id=one)
    verified(world, one, other)


def test_a_joined_case_rests_and_ends_with_the_result_of_the_other(world: World) -> None:
    main = world.dispatched(title="子女入学")
    joined = world.dispatched(title="子女入学学位")
    do(world, OFFICE, joining.join, joined, other_id=main, reason="同一件事")
    assert kinds(world, main, joined) == sorted([(joined, main, "into"), (main, joined, "holds")])
    assert stored(world, joined).status == "suspended"
    assert "已并案" in Visitor(world, LIAISON).get("/cases/started").text
    assert "已并案</span>" in Visitor(world, OFFICE).get(f"/cases/{joined}").text
    with pytest.raises(Conflict, match="拆出"):
        do(world, OFFICE, halting.resume, joined, reason="")
    world.clock.advance(days=30)
    world.case = joined
    assert world.standing == IN_TIME
    world.case = main
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    limited = {"outcome": "policy_limited", "explanation": "现行政策未覆盖", "policy_reference": "南府〔2018〕1号"}
    last = world.do(OFFICE, "feedback_result", {**world.sample("feedback_result"), **limited})
    ended, its = stored(world, main), stored(world, joined)
    assert (its.status, its.end, its.end_name) == (ended.status, ended.end, ended.end_name)
    assert its.ended_at == ended.ended_at
    assert {name: its.data[name] for name in limited} == limited
    verified(world, main, joined)
    world.case = joined
    assert [one["to"]["usernames"] for one in notices(world, "joined_ended")] == [[LIAISON]]
    with pytest.raises(Conflict, match="已随之办结"):
        act(world, operations.take_back, task_id=last, reason="改写")
    with pytest.raises(Conflict, match="不能拆出"):
        do(world, OFFICE, joining.part, joined, reason="另办")


def act(world: World, what: Any, **said: Any) -> None:
    actor = world.actor(OFFICE)
    with world.transaction() as session:
        what(session, actor=actor, now=clock.now(), **said)


def test_a_case_that_is_taken_out_again_goes_on_from_where_it_stood(world: World) -> None:
    main, joined = world.dispatched(title="子女入学"), world.dispatched(title="子女入学学位")
    world.case = joined
    before = world.task("handle")
    do(world, OFFICE, joining.link, joined, other_id=main)
    do(world, OFFICE, joining.join, joined, other_id=main, reason="同一件事")
    world.clock.advance(days=2)
    do(world, OFFICE, joining.part, joined, reason="须分开办理")
    assert kinds(world, main, joined) == []
    world.case = joined
    after = world.task("handle")
    assert (after.id, after.first_due_on) == (before.id, before.due_on)
    assert (str(before.due_on), str(after.due_on)) == ("2026-09-24", "2026-09-29")
    world.do("handler-edu", "handle")
    verified(world, main, joined)


def test_what_cannot_be_joined_is_refused_and_changes_nothing(world: World) -> None:
    main, joined, third = (world.dispatched(title=title) for title in ("甲事", "乙事", "丙事"))
    ended = world.finished(title="丁事")
    do(world, OFFICE, joining.join, joined, other_id=main, reason="同一件事")
    refused: list[tuple[type[Exception], UUID, UUID]] = [
        (Invalid, third, third),
        (Conflict, third, ended),
        (Conflict, ended, third),
        (Conflict, main, third),  # it holds another
        (Conflict, third, joined),  # it is itself handled elsewhere
        (Conflict, joined, third),
        (NotFound, third, uuid4()),
    ]
    for error, one, other in refused:
        with pytest.raises(error):
            do(world, OFFICE, joining.join, one, other_id=other, reason="同一件事")
    with pytest.raises(NotAllowed):
        do(world, LIAISON, joining.join, third, other_id=main, reason="同一件事")
    with pytest.raises(Invalid):
        do(world, OFFICE, joining.join, third, other_id=main, reason=" ")
    assert len(kinds(world, main, joined, third, ended)) == 2
    verified(world, main, joined, third, ended)


def test_who_may_not_see_the_other_case_is_told_nothing_of_it(world: World) -> None:
    other = world.dispatched("housing", title="不可见的事项")
    one = world.dispatched("edu", title="子女入学")
    with pytest.raises(NotFound):
        do(world, "handler-edu", joining.link, one, other_id=other)
    do(world, OFFICE, joining.join, one, other_id=other, reason="合并办理")
    reader = Visitor(world, "handler-edu")
    page = reader.get(f"/cases/{one}").text
    assert "本件已并入另一件需求" in page
    assert str(other) not in page
    assert "不可见的事项" not in page
    assert world.api("handler-edu").get(f"/instances/{one}/links").json["items"] == []
    [link] = world.api(OFFICE).get(f"/instances/{one}/links").json["items"]
    assert (link["kind"], link["other"]["title"]) == ("into", "不可见的事项")


def test_a_link_that_no_journal_tells_of_is_found(world: World) -> None:
    one, other = world.recorded(), world.recorded()
    with world.transaction() as session:
        row = {"kind": "linked", "note": "", "made_by": OFFICE, "made_at": clock.now()}
        session.add(CaseLink(instance_id=one, other_id=other, **row))
    world.case = one
    assert any(mismatch.table == "case_link" for mismatch in mismatches(world))
    with world.database.reading() as session:
        assert into_of(session, [one, other]) == {}
