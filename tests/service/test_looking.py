"""On SQLite a request looks before it takes the lock, and is done again where another was faster (adr/0074)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError, PendingRollbackError

from service import clock
from service.auth import revoke_token
from service.auth.models import RoleGrant, Token
from service.db import Overtaken
from service.db.looking import BECOME, Looking
from service.history import HistoryEvent, verify_stream
from service.processes import commands, operations, sharing
from service.processes.advance import lock
from service.processes.at_hand import at_hand
from service.processes.models import OPEN, Definition, Instance, UserTask
from service.processes.recording import stream_of
from service.rights import SYSTEM
from tests.factories.statements import counted
from tests.factories.world import OFFICE, World

HANDLER = "handler-edu"


@contextmanager
def between(world: World, work: Callable[[], object]) -> Iterator[list[str]]:
    """``work`` is done, once, after the request has looked and before it has the lock: on PostgreSQL before it asks for
    its case. Gives what was about to be sent then."""
    told: list[str] = []
    lock = Looking.lock

    def meet(statement: str) -> None:
        if not told:
            told.append(statement)
            work()

    def locking(looking: Looking) -> None:
        meet(BECOME)
        lock(looking)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FOR UPDATE" in statement:
            meet(statement)

    with pytest.MonkeyPatch.context() as patch:
        if world.database.is_sqlite:
            patch.setattr(Looking, "lock", locking)
        event.listen(world.database.engine, "before_cursor_execute", note)
        try:
            yield told
        finally:
            event.remove(world.database.engine, "before_cursor_execute", note)


def complete(world: World, task: UUID) -> Any:
    return world.api(HANDLER).post(f"/tasks/{task}/complete", {"data": world.sample("handle")})


def events_of(world: World, kind: str) -> int:
    with world.database.reading() as session:
        wanted = HistoryEvent.stream == stream_of(world.case), HistoryEvent.kind == kind
        assert not verify_stream(session, stream_of(world.case))
        return session.scalar(select(func.count()).where(*wanted)) or 0


def ready(world: World) -> UUID:
    """The task of a unit, whose token has been used already."""
    world.dispatched()
    world.api(HANDLER).get("/tasks")
    return world.task("handle").id


def test_whoever_is_overtaken_by_a_note_is_done_again_and_once(world: World) -> None:
    task = ready(world)

    def comment() -> None:
        with world.transaction() as session:
            actor = world.actor(OFFICE)
            sharing.comment(session, instance_id=world.case, task_id=None, text="请抓紧", actor=actor, now=clock.now())

    with between(world, comment) as told:
        answer = complete(world, task)
    assert told
    assert answer.status_code == 200, answer.json
    assert [step["task"] for step in answer.json["open_tasks"]].count("review_reply") == 1
    assert (events_of(world, "completed"), events_of(world, "commented")) == (4, 1)
    with world.database.reading() as session:
        opened = select(func.count()).where(UserTask.instance_id == world.case, UserTask.status == OPEN)
        assert session.scalar(opened) == len(world.open_steps())


def test_a_task_that_another_did_meanwhile_is_gone(world: World) -> None:
    task = ready(world)

    def faster() -> None:
        with world.transaction() as session:
            actor, data = world.actor("handler-edu-2"), world.sample("handle")
            commands.complete(session, task_id=task, data=data, actor=actor, now=clock.now())

    with between(world, faster) as told:
        answer = complete(world, task)
    assert told
    assert answer.status_code == 409, answer.json
    assert events_of(world, "completed") == 4


def test_a_token_that_was_revoked_meanwhile_opens_nothing(world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("rights are those of the beginning of the transaction")
    task = ready(world)

    def revoke() -> None:
        with world.transaction() as session:
            token = session.scalars(select(Token).where(Token.username == HANDLER)).one()
            revoke_token(session, sha256=token.sha256, actor=SYSTEM, now=clock.now())

    with between(world, revoke):
        answer = complete(world, task)
    assert answer.status_code == 401
    assert events_of(world, "completed") == 3


def test_another_case_overtakes_nobody(world: World) -> None:
    other = ready(world)
    case = world.case
    task = ready(world)

    def claim() -> None:
        with world.transaction() as session:
            operations.claim(session, task_id=other, actor=world.actor(HANDLER), now=clock.now())

    with between(world, claim), counted(world) as told:
        answer = complete(world, task)
    assert answer.status_code == 200, answer.json
    assert world.case != case
    assert told.count("ROLLBACK") == (1 if world.database.is_sqlite else 0)  # done once


def test_a_transaction_that_looks_writes_nothing_of_what_another_has_changed(world: World) -> None:
    task = ready(world)
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL locks the case alone")

    def write() -> None:
        with world.database.transaction(look_first=True) as session:
            instance = lock(session, world.case)
            with world.transaction() as second:
                operations.claim(second, task_id=task, actor=world.actor(HANDLER), now=clock.now())
            instance.title = "别的"

    with pytest.raises(Overtaken):
        write()
    with world.database.reading() as session:
        assert session.get_one(UserTask, task).assignee == HANDLER
        assert session.get_one(Instance, world.case).title != "别的"


def test_a_transaction_that_did_not_get_the_lock_writes_nothing_later(world: World) -> None:
    """It has given up what it looked at; what it sent then would be committed statement by statement."""
    ready(world)
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL locks the case alone")
    other = sqlite3.connect(str(world.database.url.database), isolation_level=None)

    def write() -> None:
        with world.database.transaction(look_first=True) as session:
            instance = lock(session, world.case)
            driver = session.connection().connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA busy_timeout = 20")
            other.execute("BEGIN IMMEDIATE")
            change = update(Instance).where(Instance.id == instance.id).values(title="别的")
            with pytest.raises(OperationalError):
                session.execute(change)
            other.execute("ROLLBACK")
            session.execute(change)

    with pytest.raises(PendingRollbackError):
        write()
    other.close()
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).title != "别的"
    with world.database.transaction(look_first=True) as session:
        lock(session, world.case).title = "新的"
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).title == "新的"


def test_an_import_that_is_done_again_has_its_file_still(world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("nothing is done again on PostgreSQL")
    api = world.api(OFFICE)
    content = api.get("/imports/templates/talents").data

    def change() -> None:
        with world.transaction() as session:
            session.scalars(select(RoleGrant).where(RoleGrant.username == HANDLER)).first().ends_on = clock.today()

    with between(world, change) as told, counted(world) as sent:
        answer = api.post("/imports", data={"kind": "talents", "file": (BytesIO(content), "a.xlsx")})
    assert told
    assert sent.count("ROLLBACK") >= 1
    assert answer.status_code == 201, answer.json
    assert answer.json["sha256"] == sha256(content).hexdigest()


def test_a_version_that_was_deployed_meanwhile_overtakes(world: World) -> None:
    ready(world)
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL locks the case alone")

    def write() -> None:
        with world.database.transaction(look_first=True) as session:
            instance = lock(session, world.case)
            at_hand(session, instance)
            with world.transaction() as second:
                wanted = Definition.key == instance.process
                newest = second.scalars(select(Definition).where(wanted).order_by(Definition.version.desc())).first()
                assert newest is not None
                values = {name: getattr(newest, name) for name in Definition.__table__.columns.keys()}  # noqa: SIM118
                second.add(Definition(**{**values, "id": uuid4(), "version": newest.version + 1}))
            instance.title = "别的"

    with pytest.raises(Overtaken):
        write()


def test_what_waits_at_the_end_takes_the_lock_too(world: World) -> None:
    task = ready(world)
    with counted(world) as told, world.database.transaction(look_first=True) as session:
        lock(session, world.case).urges += 1
    sent = [one.split()[0] for one in told]
    if world.database.is_sqlite:
        assert sent.index("UPDATE") > told.index(BECOME)
        assert "BEGIN IMMEDIATE" not in told  # nobody else had written
    with counted(world) as told, world.database.transaction(look_first=True) as session:
        lock(session, world.case)
    assert BECOME not in told  # nothing was written
    assert task
