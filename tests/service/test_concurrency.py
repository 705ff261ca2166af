"""Many at once, and death at any moment: exactly one completion, nothing half-done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from service import liaisons
from service.cli.schema import all_tables
from service.db import Database
from service.errors import Conflict
from service.liaisons.models import Link
from service.processes import commands, operations, timers
from service.processes.models import Instance, UserTask
from tests.factories.unit_leaders import leader_of_unit
from tests.factories.workers import at_once, happened, mismatches, timers_of, work_all

KILLED = 9


def _complete(world, task_id, username: str, data=None) -> None:
    with world.transaction() as session:
        commands.complete(
            session,
            task_id=task_id,
            data=data or world.sample("handle"),
            actor=world.actor(username),
            now=world.clock.now,
        )


# --- Many at once ----------------------------------------------------------------------------------------------------


def test_of_two_people_who_complete_the_same_task_one_succeeds(world):
    world.dispatched("edu")
    task = world.task("handle", "edu").id
    names = ("handler-edu", "handler-edu-2")
    done = at_once(*(lambda name=name: _complete(world, task, name) for name in names))
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    assert len([one for one in happened(world, "completed") if one.data["step"] == "handle"]) == 1
    assert "完成" in next(str(one) for one in done if isinstance(one, Conflict))
    assert mismatches(world) == []


def test_of_two_people_who_claim_the_same_task_one_has_it(world):
    world.dispatched("edu")
    task = world.task("handle", "edu").id

    def claim(username: str) -> None:
        with world.transaction() as session:
            operations.claim(session, task_id=task, actor=world.actor(username), now=world.clock.now)

    done = at_once(lambda: claim("handler-edu"), lambda: claim("handler-edu-2"))
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    assert len(happened(world, "claimed")) == 1
    assert mismatches(world) == []


def test_units_that_answer_at_the_same_moment_lose_no_slot(world):
    units = ("edu", "guicheng", "housing")
    world.dispatched(*units)
    tasks = {unit: world.task("handle", unit).id for unit in units}
    done = at_once(
        *(lambda unit=unit: _complete(world, tasks[unit], f"handler-{unit}") for unit in units),
        lambda: world.do("office", "feedback_accepted"),
    )
    assert not any(isinstance(one, Exception) for one in done), done
    with world.database.reading() as session:
        reviews = list(
            session.scalars(
                select(UserTask.id).where(
                    UserTask.instance_id == world.case, UserTask.task == "review_reply", UserTask.status == "open"
                )
            )
        )
    assert len(reviews) == 3
    done = at_once(
        *(lambda task=task: _complete(world, task, "office", world.sample("review_reply")) for task in reviews)
    )
    assert not any(isinstance(one, Exception) for one in done), done
    assert world.open_steps() == [("feedback_result", None)]
    assert mismatches(world) == []


def test_numbers_given_at_the_same_moment_have_no_gap_and_no_double(world):
    tasks = []
    for _ in range(5):
        world.recorded()
        tasks.append(world.task("accept").id)
    done = at_once(*(lambda task=task: _complete(world, task, "office", {"decision": "accept"}) for task in tasks))
    assert not any(isinstance(one, Exception) for one in done), done
    with world.database.reading() as session:
        numbers = sorted(session.scalars(select(Instance.number)))
    assert numbers == [f"2026-需-{n:04d}" for n in range(1, 6)]
    assert mismatches(world) == []


def test_an_urge_and_the_answer_at_the_same_moment(world):
    world.dispatched("edu")
    task = world.task("handle", "edu").id

    def urge() -> None:
        with world.transaction() as session:
            operations.urge(
                session,
                instance_id=world.case,
                text="请抓紧",
                actor=world.actor("office"),
                now=world.clock.now,
                task_id=task,
            )

    urged, answered = at_once(urge, lambda: _complete(world, task, "handler-edu"))
    assert answered is None
    assert urged is None or isinstance(urged, Conflict)
    assert mismatches(world) == []


# --- Death between any two statements --------------------------------------------------------------------------------


class Cut(Exception):
    """The plug was pulled."""


@contextmanager
def _cut_at(database: Database, n: int, end) -> Iterator[list[str]]:
    """Calls ``end`` before the ``n``-th statement, or commit, of whatever the block does; gives what was sent."""
    sent: list[str] = []

    def reached(what: str) -> None:
        sent.append(what)
        if len(sent) == n:
            end()

    def statement(_connection, _cursor, sql, *_) -> None:
        reached(sql)

    def commit(_connection) -> None:
        reached("COMMIT")

    event.listen(database.engine, "before_cursor_execute", statement)
    event.listen(database.engine, "commit", commit)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", statement)
        event.remove(database.engine, "commit", commit)


def _pull() -> None:
    raise Cut


def _everything(database: Database) -> dict[str, list[str]]:
    """All rows of all tables."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in all_tables().sorted_tables
        }


def _at_dispatch(world):
    """A step that opens two slots with their timers, calls an action and starts a round."""
    world.accepted()
    data = {**world.sample("dispatch"), "assisting_units": ["guicheng"]}
    task, actor, now = world.task("dispatch").id, world.actor("office"), world.clock.now

    def operation(database: Database) -> None:
        with database.transaction() as session:
            commands.complete(session, task_id=task, data=data, actor=actor, now=now)

    return operation


def _at_answer(world):
    """A step that cancels timers and moves a slot on."""
    world.dispatched("edu", "guicheng")
    task, actor, now = world.task("handle", "edu").id, world.actor("handler-edu"), world.clock.now

    def operation(database: Database) -> None:
        with database.transaction() as session:
            commands.complete(session, task_id=task, data=world.sample("handle"), actor=actor, now=now)

    return operation


def _at_wake_up(world):
    """A timer that urges: counted, journaled, owed to the outside."""
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    for _ in range(2):
        world.clock.set(timers_of(world)[0].fire_at)
        work_all(world)
    timer = timers_of(world)[0]

    def operation(database: Database) -> None:
        with database.transaction() as session:
            assert timers.fire(session, timer_id=timer.id, now=timer.fire_at)

    return operation


def _at_return(world):
    """A token that moves back."""
    world.dispatched("edu")
    world.do("handler-edu", "handle")
    task, actor, now = world.task("review_reply").id, world.actor("office"), world.clock.now

    def operation(database: Database) -> None:
        with database.transaction() as session:
            commands.return_task(session, task_id=task, target="handle", reason="请补充", actor=actor, now=now)

    return operation


SCENES = [_at_dispatch, _at_answer, _at_wake_up, _at_return]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__.strip("_"))
def test_a_failure_before_any_statement_leaves_no_trace(world, scene):
    operation = scene(world)
    before = _everything(world.database)
    n = 0
    while True:
        n += 1
        with _cut_at(world.database, n, _pull) as sent:
            try:
                operation(world.database)
            except Cut:
                pass
            else:
                break
        assert _everything(world.database) == before, (n, sent[-1])
    assert sent[-1] == "COMMIT"
    assert n > 8
    assert mismatches(world) == []


# the child of a fork does one thing and dies; it holds no lock of the parent's threads
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("scene", [_at_dispatch, _at_wake_up], ids=lambda scene: scene.__name__.strip("_"))
def test_a_process_killed_before_any_statement_leaves_no_trace(world, scene):
    operation = scene(world)
    before = _everything(world.database)
    world.database.dispose()  # no connection may be shared with a child
    n = 0
    while _killed_at(world, operation, n := n + 1):
        assert _everything(world.database) == before, n
        world.database.dispose()
    assert n > 8
    assert mismatches(world) == []
    assert _everything(world.database) != before


def _killed_at(world, operation, n: int) -> bool:
    """Whether another process that dies at its ``n``-th statement died before it was done."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            database = Database(world.database.url.render_as_string(hide_password=False))
            database.session_info.update(world.database.session_info)
            with _cut_at(database, n, lambda: os._exit(KILLED)):
                operation(database)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def test_a_start_that_fails_leaves_no_case(world):
    with _cut_at(world.database, 12, _pull), pytest.raises(Cut):
        world.start()
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == 0
    world.recorded()
    assert mismatches(world) == []


# --- Rosters ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def drafted(world):
    """A unit's draft with one line, and its leader, who serves another talent already."""
    leader = leader_of_unit(world)
    now = world.clock.now
    with world.transaction() as session:
        link = liaisons.propose_link(
            session,
            leader_id=leader,
            talent_id="T0003",
            reason="related",
            note="业务相关",
            starts_on=now.date() - timedelta(days=3),
            actor=world.actor("liaison-hrss"),
            now=now,
        )
        link.status = "active"
    return leader, _draft(world, leader, "T0001")


def _draft(world, leader, *talents):
    items = [{"leader_id": leader, "talent_id": one, "reason": "related", "note": "业务相关"} for one in talents]
    with world.transaction() as session:
        actor, now = world.actor("liaison-hrss"), world.clock.now
        return liaisons.draft_roster(session, scope="hrss", items=items, actor=actor, now=now).id


def _decide(world, session, roster_id):
    return liaisons.decide_roster(
        session,
        roster_id=roster_id,
        document_no="人社名单〔2026〕1号",
        decided_on=world.clock.now.date(),
        actor=world.actor("liaison-hrss"),
        now=world.clock.now,
    )


def _open_links(world, leader):
    with world.database.reading() as session:
        query = select(Link).where(Link.leader_id == UUID(leader), Link.ends_on.is_(None))
        return {link.talent_id: link.status for link in session.scalars(query)}


def test_of_two_who_decide_the_same_list_one_succeeds(world, drafted):
    leader, roster_id = drafted

    def decide() -> None:
        with world.transaction() as session:
            _decide(world, session, roster_id)

    done = at_once(decide, decide)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    assert set(_open_links(world, leader)) == {"T0001"}


def test_a_list_that_is_rewritten_while_it_is_decided_is_decided_as_it_then_stands(world, drafted):
    if world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    leader, roster_id = drafted
    with world.transaction() as session:
        looked_at = liaisons.get_roster(session, roster_id)
        assert [item.talent_id for item in looked_at.items] == ["T0001"]
        _draft(world, leader, "T0002", "T0004")
        _decide(world, session, roster_id)
    assert set(_open_links(world, leader)) == {"T0002", "T0004"}


def test_a_link_that_comes_to_be_held_while_the_list_is_decided_stays_held(world, drafted):
    if world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    leader, roster_id = drafted
    with world.transaction() as session:
        looked_at = liaisons.scope_links(session, "hrss")
        assert [link.status for link in looked_at] == ["active"]
        with world.transaction() as other:
            link = other.scalars(select(Link).where(Link.leader_id == UUID(leader))).one()
            link.status, link.held_from = "held", world.clock.now.date()
        _decide(world, session, roster_id)
    assert _open_links(world, leader)["T0003"] == "held"
