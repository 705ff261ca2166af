"""A step reads its case at once under the lock, and it stays at hand until the transaction ends (adr/0074)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from service import auth, clock
from service.db.watched import WatchedConnection
from service.processes import commands, operations
from service.processes.advance import lock, open_tasks
from service.processes.at_hand import at_hand, held
from service.processes.marking import marks
from service.processes.models import OPEN, UserTask
from service.processes.rounds import ranked
from service.processes.versions import find_versions
from service.rights import SYSTEM
from tests.factories.statements import counted
from tests.factories.world import OFFICE, World

HANDLER = "handler-edu"
REDO = {"decision": "redo", "comment": "请补充材料后再报"}
MOST = 17
"""Statements of a completion through the API, as many after ten rounds as after one; on SQLite there are beside them
what begins the transaction and what makes the reader the writer."""


def _completed(world: World, step: str, user: str, data: dict[str, object]) -> int:
    task = world.task(step).id
    with counted(world) as told:
        answer = world.api(user).post(f"/tasks/{task}/complete", {"data": data})
    assert answer.status_code == 200, answer.json
    return len(told)


def test_a_completion_takes_few_statements_however_often_the_case_went_round(world: World) -> None:
    world.dispatched()
    for _ in range(2):  # then what can be remembered of the directory is remembered
        _completed(world, "handle", HANDLER, world.sample("handle"))
        _completed(world, "review_reply", OFFICE, REDO)
    taken = [
        (_completed(world, "handle", HANDLER, world.sample("handle")), _completed(world, "review_reply", OFFICE, REDO))
        for _ in range(4)
    ]
    assert len(set(taken)) == 1, taken
    assert max(taken[0]) <= MOST + (2 if world.database.is_sqlite else 0), taken


@pytest.mark.databases("sqlite")
def test_a_database_works_as_little_for_a_step_after_many_rounds_as_after_one(world: World) -> None:
    """SQLite counts the instructions of the statements that read the tasks of the case, and how it stands."""
    worked, asked, counted = list[int](), [""], ("FROM user_task", "FROM clock_run")

    def count(connection: Any, *_: object) -> None:
        connection.set_progress_handler(
            lambda: worked.append(1) if any(one in asked[0] for one in counted) else None, 1
        )

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        asked[0] = statement

    world.dispatched()
    event.listen(world.database.engine, "checkout", count)
    event.listen(world.database.engine, "before_cursor_execute", note)
    taken = []
    for _ in range(14):
        worked.clear()
        _completed(world, "handle", HANDLER, world.sample("handle"))
        _completed(world, "review_reply", OFFICE, REDO)
        taken.append(len(worked))
    assert 0 < taken[-1] < taken[3] * 1.05, taken


@pytest.mark.databases("sqlite")
def test_a_database_plans_no_question_of_a_completion_anew(world: World) -> None:
    """SQLite asks who may read which column whenever it plans a statement, and then only."""
    asked, planned = dict[str, Any](), list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked[statement] = given

    world.dispatched()
    task, answer = world.task("handle").id, {"data": world.sample("handle")}
    event.listen(world.database.engine, "before_cursor_execute", note)
    done = world.api(HANDLER).post(f"/tasks/{task}/complete", answer)
    event.remove(world.database.engine, "before_cursor_execute", note)
    assert done.status_code == 200, done.json
    with world.database.engine.connect() as held:
        raw: Any = held.connection.driver_connection
        raw.set_authorizer(lambda *_: planned.append(statement) or 0)
        for statement, given in asked.items():
            raw.execute(statement, given).fetchall()
        first = frozenset(planned)
        planned.clear()
        for statement, given in asked.items():
            raw.execute(statement, given).fetchall()
        raw.set_authorizer(None)
    assert any("JOIN user_task" in statement for statement in first)
    # the warnings of the form, asked for as any list is, are no part of the step
    assert not {one for one in planned if not one.startswith("SELECT history_event.id")}


@pytest.mark.databases("postgresql")
def test_the_rows_of_a_step_leave_together(world: World) -> None:
    """The stretch of the case too, which is asked when it began: its answer is read with all others."""
    alone = list[str]()

    def note(connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        together = connection.connection.driver_connection.pipe.held
        if statement.startswith(("INSERT", "UPDATE")) and not together:
            alone.append(" ".join(statement.split()[:3]))

    world.dispatched()
    _completed(world, "handle", HANDLER, world.sample("handle"))
    event.listen(world.database.engine, "before_cursor_execute", note)
    _completed(world, "review_reply", OFFICE, REDO)
    assert not [one for one in alone if "token" not in one], alone  # who asks has a token


@pytest.mark.databases("postgresql")
def test_a_step_waits_few_times_for_its_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """BEGIN leaves with the rights; the case with what is at hand; its timers; its rows; how it stands; COMMIT."""
    world.dispatched()
    for _ in range(2):  # then what can be remembered of the directory is remembered
        _completed(world, "handle", HANDLER, world.sample("handle"))
        _completed(world, "review_reply", OFFICE, REDO)
    waits, usual = list[str](), WatchedConnection._watched

    def watched(connection: Any, waiting: Any, wanted: Any) -> Any:
        waits.append(waiting.__name__)
        return usual(connection, waiting, wanted)

    task, client, data = world.task("handle").id, world.api(HANDLER), {"data": world.sample("handle")}
    monkeypatch.setattr(WatchedConnection, "_watched", watched)
    assert client.post(f"/tasks/{task}/complete", data).status_code == 200
    assert waits == ["_answered"] * 5 + ["_commit_gen"], waits


def test_what_is_at_hand_after_a_step_is_what_the_database_holds(world: World) -> None:
    world.dispatched()
    with world.transaction() as session:
        task = world.task("handle").id
        actor, now = world.actor(HANDLER), clock.now()
        commands.complete(session, task_id=task, data=world.sample("handle"), actor=actor, now=now)
        told = [row.id for row in open_tasks(session, world.case)]
        session.flush()
        wanted = select(UserTask.id).where(UserTask.instance_id == world.case, UserTask.status == OPEN)
        assert told == list(session.scalars(wanted.order_by(UserTask.entered_seq, UserTask.id)))


def test_a_step_that_is_taken_back_and_done_again_finds_its_later_tasks(world: World) -> None:
    world.dispatched()
    task = world.task("handle").id
    for _ in range(2):
        with world.transaction() as session:
            done = {"task_id": task, "data": world.sample("handle"), "actor": world.actor(HANDLER), "now": clock.now()}
            commands.complete(session, **done)
        with world.transaction() as session:
            operations.take_back(
                session,
                task_id=task,
                reason="填错了",
                actor=world.actor(HANDLER),
                now=clock.now(),
            )
            assert task in [row.id for row in open_tasks(session, world.case)]
    with world.database.reading() as session:
        rows = session.scalars(select(UserTask).where(UserTask.instance_id == world.case)).all()
        names = ("id", "process", "task", "scope", "entered_seq")
        rounds = ranked({name: getattr(row, name) for name in names} for row in rows)
        assert {row.id: row.round for row in rows} == rounds


def test_nothing_stays_at_hand_after_the_lock(world: World) -> None:
    world.dispatched()
    with world.transaction() as session:
        at_hand(session, lock(session, world.case))
        assert held(session, world.case) is not None
        with session.begin_nested() as savepoint:
            savepoint.rollback()
        assert held(session, world.case) is None


def test_a_case_of_one_version_is_not_asked_for_its_moves(world: World) -> None:
    world.dispatched()
    with world.transaction() as session:
        instance = lock(session, world.case)
        with counted(world) as told:
            assert find_versions(session, instance).starts == [(0, instance.digest, instance.version)]
        assert not told
        instance.version += 1  # as whoever moves it does, before it tells the journal
        with session.no_autoflush, counted(world) as told:
            find_versions(session, instance)
        assert len(told) == 1
        session.rollback()


def test_who_is_there_for_a_task_is_asked_anew_when_the_directory_changes(world: World) -> None:
    world.recorded()
    day = clock.today()

    def vacant() -> bool:
        with world.database.reading() as session:
            rows = open_tasks(session, world.case)
            return bool(marks(session, rows, day).absences)

    assert not vacant()
    with counted(world) as told:
        assert not vacant()
    assert not [one for one in told if "held" in one]
    with world.transaction() as session:
        for account in auth.accounts_of_role(session, "talent_office", None, on=day):
            auth.disable_user(session, username=account.username, actor=SYSTEM, now=clock.now())
    assert vacant()
