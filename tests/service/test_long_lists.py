"""Lists that read as many rows as they show: pools of open tasks, ways of seeing cases, counts that end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth.directory import MEMORY
from service.auth.grants import revoke_role
from service.auth.queries import acting_for
from service.db import lists
from service.errors import Invalid
from service.ledger.board import BoardFilter, board_rows, scope_of
from service.processes import (
    access,
    commands,
    figure_tallies,
    halting,
    newest,
    operations,
    pools,
    queries,
    ranking,
    readers,
    wide,
)
from service.processes.backfill import derived
from service.processes.filters import CASE_SORTS
from service.processes.models import OPEN, Instance, UserTask
from service.processes.queries import CaseFilter, TaskFilter
from service.processes.reader_models import CaseReader
from service.processes.readers import OF_CASE, OF_TASK
from service.processes.rules import NEED
from service.rights import Actor
from tests.factories.statements import counted
from tests.factories.world import LIAISON, OFFICE, World

EVERYBODY = (OFFICE, "office-2", LIAISON, "liaison-sci", "handler-edu", "handler-edu-2", "handler-housing", "leader")


@pytest.fixture
def busy(world: World) -> World:
    """Needs of two units at several steps: returned, claimed, handed on, taken back, suspended, ended."""
    world.recorded()
    world.dispatched("edu", "housing")
    with world.transaction() as session:
        task = world.task("handle", "edu").id
        operations.claim(session, task_id=task, actor=world.actor("handler-edu"), now=clock.now())
    world.dispatched("housing")
    with world.transaction() as session:
        operations.claim(
            session, task_id=world.task("handle").id, actor=world.actor("handler-housing"), now=clock.now()
        )
        operations.release(
            session, task_id=world.task("handle").id, actor=world.actor("handler-housing"), now=clock.now()
        )
    world.accepted()
    with world.transaction() as session:
        halting.suspend(session, instance_id=world.case, reason="等待材料", actor=world.actor(OFFICE), now=clock.now())
    world.finished()
    world.dispatched()
    done = world.do("handler-edu", "handle")
    with world.transaction() as session:
        operations.take_back(session, task_id=done, reason="填错了", actor=world.actor("handler-edu"), now=clock.now())
    return world


def test_whose_tasks_are_is_the_same_asked_by_pool_and_by_task(busy: World) -> None:
    found: dict[str, list[list[UUID]]] = {}
    for handlers in (("handler-edu", "handler-edu-2"), ()):
        for name in EVERYBODY:
            actor = busy.actor(name)
            with busy.database.reading() as session:
                mine = _listed(session, actor)
                assert mine == _asked_one_by_one(session, actor), name
            found.setdefault(name, []).append(mine)
        with busy.transaction() as session:  # nobody is left in one unit: the office stands in for it
            for name in handlers:
                revoke_role(
                    session,
                    username=name,
                    role="responsible_unit",
                    unit_code="edu",
                    actor=busy.actor("admin"),
                    now=clock.now(),
                )
    assert len(found[OFFICE][1]) == len(found[OFFICE][0]) + 2
    assert found["handler-edu"][0]
    assert not found["handler-edu"][1]


def test_a_list_asked_again_asks_no_more_of_the_directory_than_its_stamp(busy: World) -> None:
    actor = busy.actor("handler-edu")
    with busy.database.reading() as session:
        before = _listed(session, actor)
    with counted(busy) as told, busy.database.reading() as session:
        page = queries.open_tasks(session, actor, today=clock.today(), limit=200)
        assert sorted(task.id for task in page.items) == before
    assert [one for one in told if "role_grant" in one] == []
    assert len([one for one in told if "user_task" in one]) == 3  # the pools, how many, the page


def test_all_who_asked_for_their_tasks_share_what_is_remembered_of_the_pools(busy: World) -> None:
    for name in EVERYBODY:
        with busy.database.reading() as session:
            _listed(session, busy.actor(name))
    memory = busy.database.session_info[MEMORY]
    asked = [one.asked for one in memory._answers.values() if isinstance(one, pools._Told)]
    assert len(asked) >= len(EVERYBODY)
    assert len({id(one) for one in asked}) == 1
    assert len(asked[0]) > 1


def test_each_task_of_a_list_has_its_case_and_its_long_columns_when_asked(busy: World) -> None:
    with busy.database.reading() as session, counted(busy) as told:
        page = queries.open_tasks(session, busy.actor(OFFICE), today=clock.today())
        titles, asked = {task.id: (task.name, task.instance.title) for task in page.items}, len(told)
        data = {task.id: (task.data, task.due_explanation, task.instance.data) for task in page.items}
        assert len(told) > asked
    with busy.database.reading() as session:
        rows = [session.get_one(UserTask, task_id) for task_id in titles]
        cases = {row.id: session.get_one(Instance, row.instance_id) for row in rows}
        assert titles == {row.id: (row.name, cases[row.id].title) for row in rows}
        assert data == {row.id: (row.data, row.due_explanation, cases[row.id].data) for row in rows}
    assert len(data) > 1


def _listed(session: Session, actor: Actor) -> list[UUID]:
    page = queries.open_tasks(session, actor, today=clock.today(), limit=200)
    assert page.total == len(page.items) == sum(queries.light_counts(session, actor, today=clock.today()).values())
    return sorted(task.id for task in page.items)


def _asked_one_by_one(session: Session, actor: Actor) -> list[UUID]:
    found: set[UUID] = set()
    for one in (actor, *acting_for(session, actor, clock.today())):
        mine = select(UserTask.id).where(access.candidate_clause(session, one), UserTask.status == OPEN)
        found |= set(session.scalars(mine))
    return sorted(found)


def test_the_rows_of_readers_are_those_of_cases_and_tasks(busy: World) -> None:
    with busy.database.reading() as session:
        kept = {(row.instance_id, row.reader, row.status, row.process, row.started_at) for row in _rows(session)}
        must = set()
        for case in session.scalars(select(Instance)).all():
            tasks = session.scalars(select(UserTask).where(UserTask.instance_id == case.id))
            told = [{name: getattr(task, name) for name in OF_TASK} for task in tasks]
            own = {name: getattr(case, name) for name in ("id", "process", "status", "started_at", *OF_CASE)}
            made = readers.rows_of(own, told)
            must |= {
                (row["instance_id"], row["reader"], row["status"], row["process"], row["started_at"]) for row in made
            }
        assert kept == must


def _rows(session: Session) -> Sequence[CaseReader]:
    return session.scalars(select(CaseReader)).all()


def test_a_claim_that_was_given_back_leaves_no_part(busy: World) -> None:
    with busy.database.reading() as session:
        released = session.scalars(select(CaseReader).where(CaseReader.reader == "user:handler-housing")).all()
        assert released == []
        claimed = session.scalars(select(CaseReader).where(CaseReader.reader == "user:handler-edu")).all()
        assert len(claimed) == 2  # the claim, and the case that went to its end; what was taken back is undone


def test_replay_makes_the_same_readers(busy: World) -> None:
    with busy.database.reading() as session:
        kept = {(row.instance_id, row.reader, row.status) for row in _rows(session)}
        made = {
            (row["instance_id"], row["reader"], row["status"])
            for case in session.scalars(select(Instance)).all()
            for row in derived(session, case).rows[CaseReader]
        }
        assert kept == made


def test_the_newest_cases_are_the_same_read_way_by_way(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERYBODY[2:]:
        actor = busy.actor(name)
        for status in (None, "running", "completed", "suspended"):
            wanted = CaseFilter(status=status)
            with busy.database.reading() as session:
                assert newest.is_plain(actor, wanted, 0)
                quick = _told(queries.cases(session, actor, filters=wanted, limit=3, offset=1))
            with busy.database.reading() as session, monkeypatch.context() as patch:
                patch.setattr(queries, "is_plain", lambda *_: False)
                slow = _told(queries.cases(session, actor, filters=wanted, limit=3, offset=1))
            assert quick == slow


def _told(page: lists.Page[Instance]) -> tuple[list[UUID], int, bool]:
    return [case.id for case in page.items], page.total, page.more


def test_a_list_without_end_is_counted_so_far_and_goes_on(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lists, newest, wide):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    for name in (OFFICE, LIAISON):
        found: list[UUID] = []
        offset: int | None = 0
        while offset is not None:
            with busy.database.reading() as session:
                page = queries.cases(session, busy.actor(name), limit=2, offset=offset)
                ids, *counted = _told(page)
            assert counted == [2, True]
            found += ids
            offset = page.next
        assert len(found) == len(set(found)) == 6
    assert "共 2 条以上" in busy.as_user(OFFICE).get("/ledger").text
    answer = busy.api(OFFICE).get("/requests").get_json()
    assert (answer["total"], answer["more"]) == (2, True)


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "入学"},
        {"q": "子女 教育局"},
        {"late": True},
        {"unit": "housing"},
        {"unit": "edu", "q": "ruxue"},
        {"late": False},
    ],
    ids=str,
)
def test_a_narrowed_list_is_the_same_found_and_walked(
    busy: World, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    busy.clock.advance(days=30)
    for name in (OFFICE, LIAISON, "handler-edu", "handler-housing"):
        actor, wanted = busy.actor(name), CaseFilter(sort="-started", **asked)
        with busy.database.reading() as session:
            found = _told(queries.cases(session, actor, filters=wanted, limit=200))
            whole = queries.case_ids(session, actor, wanted)
        assert found == (whole, len(whole), False)
        for most, spare in ((0, 2000), (1, 2000), (3, 2000), (2, 0)):
            with busy.database.reading() as session, monkeypatch.context() as patch:
                patch.setattr(wide, "MOST_COUNTED", most)
                patch.setattr(wide, "_SPARE", spare)
                walked = _told(queries.cases(session, actor, filters=wanted, limit=200))
            assert walked == (whole, min(len(whole), most), len(whole) > most)


def test_more_cases_than_are_counted_are_sorted_in_every_order(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    office, api = busy.as_user(OFFICE), busy.api(OFFICE)
    must = [one["number"] for one in api.get("/requests?sort=-due").get_json()["items"]]
    for module in (lists, newest, wide):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    page = office.get("/ledger").text
    assert all(f"sort={name}" in page for name in ("due", "number"))
    assert office.get("/ledger?sort=late").status_code == 200
    answer = api.get("/requests?sort=-due").get_json()
    assert ([one["number"] for one in answer["items"]], answer["total"], answer["more"]) == (must, 2, True)


def test_more_cases_than_are_counted_are_not_sorted_by_what_is_worked_out_for_each(
    busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = f"as_of={clock.today()}"
    busy.clock.advance(days=1)
    office, api = busy.as_user(OFFICE), busy.api(OFFICE)
    must = [one["number"] for one in api.get(f"/requests?sort=-due&{past}").get_json()["items"]]
    for module in (lists, newest, ranking, wide):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    for asked in (f"sort=-due&{past}", f"sort=late&{past}"):
        refused = api.get(f"/requests?{asked}")
        assert (refused.status_code, refused.get_json()["errors"][0]["path"]) == (422, "/sort"), asked
        assert "超过 2 件" in refused.get_json()["errors"][0]["message"]
    assert "请先缩小范围" in office.get(f"/ledger?sort=due&{past}").text
    page = office.get(f"/ledger?{past}").text
    assert "sort=due" not in page
    assert "sort=number" in page
    assert api.get(f"/requests?sort=ended&{past}").get_json()["more"]
    for asked in ("sort_said=handle.reply", f"sort_said=-handle.reply&{past}"):
        assert api.get(f"/requests?{asked}").get_json()["more"]
    with monkeypatch.context() as patch:
        patch.setattr(figure_tallies, "MOST_ASIDE", -1)  # too many wait to be asked beside those that are kept
        refused = api.get("/requests?sort_said=handle.reply")
    assert (refused.status_code, refused.get_json()["errors"][0]["path"]) == (422, "/sort")
    assert api.get(f"/requests?sort=-due&{past}&number={must[0]}").get_json()["total"] == 1
    with busy.database.reading() as session, pytest.raises(Invalid):
        queries.cases(session, busy.actor(OFFICE), filters=CaseFilter(process=None, sort="due"))


def test_lists_of_tasks_and_cases_keep_to_the_process_that_is_asked_for(busy: World) -> None:
    office, today = busy.actor(OFFICE), clock.today()
    with busy.database.reading() as session:
        scope = scope_of(session, office)
        for process, are_there in ((NEED, True), ("annual_publicity", False)):
            tasks, wanted = TaskFilter(process=process), CaseFilter(process=process)
            found = (
                queries.open_tasks(session, office, today=today, filters=tasks).total,
                queries.done_tasks(session, office, today=today, filters=tasks).total,
                len(board_rows(session, scope, (), BoardFilter(process=process, urged=False), today=today).items),
                queries.cases(session, office, filters=wanted).total,
                len(queries.case_ids(session, office, wanted)),
            )
            assert all(found) if are_there else not any(found), (process, found)


def test_who_sees_all_cases_is_asked_for_no_ways(busy: World) -> None:
    assert not newest.is_plain(busy.actor(OFFICE), CaseFilter(), 0)
    assert newest.is_plain(busy.actor("leader"), CaseFilter(), 0)


def test_the_first_case_that_somebody_sees_is_found(busy: World) -> None:
    busy.clock.advance(days=3)
    busy.recorded()
    days = set()
    for name in (OFFICE, LIAISON, "handler-edu", "handler-housing", "leader", "handler-sci"):
        with busy.database.reading() as session:
            actor = busy.actor(name)
            every = queries.instances_by_id(session, queries.case_ids(session, actor, CaseFilter())).values()
            must = min((clock.local(case.started_at).date() for case in every), default=None)
            assert queries.first_started(session, actor, NEED) == must, name
            days.add(must)
    assert len(days) > 1


def test_what_nobody_has_filled_in_is_in_no_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {world.accepted(title="住房"), world.accepted(title="入学")}
    with world.transaction() as session:
        commands.start(session, process="request", data={}, actor=world.actor(LIAISON), now=clock.now())
    monkeypatch.setattr(wide, "MOST_COUNTED", 1)
    orders = [CaseFilter(sort=name) for name in CASE_SORTS]
    orders += [CaseFilter(sort_said=name) for name in ("record_need.title", "-dispatch.lead_unit")]
    for _ in ("waits", "is kept"):
        for wanted in orders:
            with world.database.reading() as session:
                page = queries.cases(session, world.actor(OFFICE), filters=wanted)
                assert {case.id for case in page.items} == needs, wanted
        figure_tallies.take_in_all(world.database)
