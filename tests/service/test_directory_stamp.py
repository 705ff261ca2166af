"""A process remembers of the directory nothing that is older than the database (adr/0064)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from service import auth, clock, people
from service.auth import directory
from service.auth.codes import open_vault
from service.auth.models import Account, DirectoryStamp, RoleGrant, SecondFactor, Token, WebSession
from service.auth.sessions import begin_session, find_signed_in
from service.config.trust import SessionLimits
from service.db import Database
from service.errors import NotAllowed
from service.people.models import Liaison, Person, Substitute
from service.processes import queries
from service.processes.models import UserTask
from service.rights import SYSTEM, Actor
from service.usecases import wire
from tests.factories.databases import opened
from tests.factories.second_factors import enrol
from tests.factories.statements import counted
from tests.factories.world import World, read_config

HANDLER, COLLEAGUE = "handler-edu", "office"
LIMITS = SessionLimits(idle=timedelta(hours=8), longest=timedelta(days=1))

Change = Callable[[Session], object]


@pytest.fixture
def other(world: World) -> Iterator[Database]:
    """The same database as another process sees it: with connections and a memory of its own."""
    database = opened(str(world.database.url.render_as_string(hide_password=False)))
    wire(database, *read_config(str(database.url)))
    yield database
    database.dispose()


class Asking:
    """Somebody asks again and again in another process, by token and by session, reading and writing."""

    def __init__(self, world: World, other: Database) -> None:
        self.other, self.token = other, world.token(HANDLER)
        with world.transaction() as session:
            self.key = begin_session(session, username=HANDLER, way="oidc", address="192.0.2.1", now=clock.now())

    def by_token(self, session: Session) -> tuple[Actor, list[Actor]]:
        """The actor of the token, and as whom else that one may act."""
        found = auth.find_token(session, self.token, clock.now())[0]
        return found, auth.acting_for(session, found)

    def by_session(self, session: Session) -> Actor:
        return find_signed_in(session, self.key, clock.now(), LIMITS).actor

    def remembered(self) -> tuple[Actor, list[Actor]]:
        """Asks until all is remembered, and sees that it is: the stamp and the session's own row are all that is read.

        A minute has not passed since the token was last used.
        """
        with self.other.transaction() as session:
            auth.note_token_use(session, auth.find_token(session, self.token, clock.now())[1] or "", clock.now())
        with self.other.reading() as session:
            found = self.by_token(session)
            self.by_session(session)
        with counted(self.other) as told, self.other.reading() as session:
            assert self.by_token(session) == found
            assert self.by_session(session) == found[0]
        asked = [one for one in told if not one.startswith(("BEGIN", "SET"))]
        assert len(asked) == 2, asked
        assert "directory_stamp" in asked[0]
        assert "web_session" in asked[1]
        return found

    def both(self) -> Iterator[Session]:
        with self.other.reading() as session:
            yield session
        with self.other.transaction() as session:
            yield session


def one(session: Session, model: Any, *conditions: Any) -> Any:
    return session.scalars(select(model).where(*conditions)).one()


def person_of(session: Session, username: str) -> Person:
    return session.get_one(Person, session.get_one(Account, username).person_id)


def told(**more: Any) -> dict[str, Any]:
    return {"actor": SYSTEM, "now": clock.now(), **more}


def grant(session: Session) -> None:
    auth.grant_role(session, username=HANDLER, role="auditor", **told())


def take_role(session: Session) -> None:
    auth.revoke_role(session, username=HANDLER, role="responsible_unit", unit_code="edu", **told())


def rename(session: Session) -> None:
    people.update_person(session, person_id=person_of(session, HANDLER).id, changes={"name": "钱新名"}, **told())


def move(session: Session) -> None:
    changes = {"unit_code": "hrss"}
    people.update_person(session, person_id=person_of(session, HANDLER).id, changes=changes, **told())


def make_liaison(session: Session) -> None:
    people.name_liaison(session, unit_code="edu", person_id=person_of(session, HANDLER).id, **told())


def substitute(session: Session) -> None:
    today, me = clock.today(), person_of(session, HANDLER)
    people.declare_substitute(
        session,
        person_id=person_of(session, "liaison-hrss").id,
        substitute_id=me.id,
        starts_on=today,
        ends_on=today,
        **told(),
    )


@pytest.mark.parametrize("change", [grant, take_role, rename, move, make_liaison, substitute])
def test_a_change_is_there_at_the_next_request_of_another_process(
    world: World, other: Database, change: Change
) -> None:
    asking = Asking(world, other)
    before = asking.remembered()
    with world.transaction() as session:
        change(session)
    with world.database.reading() as session:
        actor = auth.actor_of(session, HANDLER)
        now = actor, auth.acting_for(session, actor)
    assert now != before
    for session in asking.both():
        assert asking.by_token(session) == now
        assert asking.by_session(session) == now[0]


def disable(session: Session) -> None:
    auth.disable_user(session, username=HANDLER, **told())


def revoke(session: Session) -> None:
    found = one(session, Token, Token.username == HANDLER)
    auth.revoke_token(session, sha256=found.sha256, **told())


def leave(session: Session) -> None:
    people.update_person(session, person_id=person_of(session, HANDLER).id, changes={"active": False}, **told())


@pytest.mark.parametrize("change", [disable, revoke, leave])
def test_who_is_shut_out_is_so_at_the_next_request_of_another_process(
    world: World, other: Database, change: Change
) -> None:
    asking = Asking(world, other)
    asking.remembered()
    with world.transaction() as session:
        change(session)
    for session in asking.both():
        with pytest.raises(NotAllowed):
            asking.by_token(session)


def test_a_session_that_ended_opens_nothing_at_the_next_request_of_another_process(
    world: World, other: Database
) -> None:
    asking = Asking(world, other)
    asking.remembered()
    with world.transaction() as session:
        auth.end_session(session, asking.key)
    for session in asking.both():
        with pytest.raises(NotAllowed):
            asking.by_session(session)


def test_a_second_factor_is_asked_for_at_the_next_request_of_another_process(
    world: World, other: Database, tmp_path: Any
) -> None:
    asking = Asking(world, other)
    asking.remembered()
    with other.reading() as session, pytest.raises(NotAllowed, match="二次验证"):
        auth.find_token(session, asking.token, clock.now(), ["responsible_unit"])
    vault = open_vault(tmp_path / "vault.key")
    with world.transaction() as session:
        enrol(session, HANDLER, vault, clock.now())
        token = auth.issue_token(session, username=HANDLER, second_factor=True, actor=SYSTEM, now=clock.now())
    for session in asking.both():
        assert auth.find_token(session, token, clock.now(), ["responsible_unit"])[0].username == HANDLER
        with pytest.raises(NotAllowed):
            asking.by_session(session)


def test_a_day_turns_the_rights_over(world: World, other: Database) -> None:
    asking = Asking(world, other)
    tomorrow = clock.today() + timedelta(days=1)
    with world.transaction() as session:
        auth.grant_role(session, username=HANDLER, role="auditor", starts_on=tomorrow, ends_on=tomorrow, **told())
        people.declare_substitute(
            session,
            person_id=person_of(session, "liaison-hrss").id,
            substitute_id=person_of(session, HANDLER).id,
            starts_on=tomorrow,
            ends_on=tomorrow,
            **told(),
        )
    held = list[tuple[bool, int]]()
    for _ in range(3):
        found, others = asking.remembered()
        held.append((found.has_role("auditor"), len(others)))
        world.clock.set(world.clock.now + timedelta(days=1))
        with world.transaction() as session:
            session.execute(update(WebSession).values(created_at=clock.now(), last_seen=clock.now()))
    assert held == [(False, 0), (True, 1), (False, 0)]


def test_a_token_ends_while_it_is_remembered(world: World, other: Database) -> None:
    asking = Asking(world, other)
    asking.remembered()
    with other.reading() as session:
        ends = one(session, Token, Token.username == HANDLER).expires_at
        auth.find_token(session, asking.token, ends - timedelta(seconds=1))
        with pytest.raises(NotAllowed, match="到期"):
            auth.find_token(session, asking.token, ends)


def test_the_use_of_a_token_is_noted_once_a_minute(world: World, other: Database) -> None:
    asking = Asking(world, other)
    asking.remembered()
    stale = []
    for seconds in (59, 1, 1):
        world.clock.set(world.clock.now + timedelta(seconds=seconds))
        with other.transaction() as session:
            found = auth.find_token(session, asking.token, clock.now())[1]
            stale.append(found is not None)
            if found is not None:
                auth.note_token_use(session, found, clock.now())
    assert stale == [False, True, False]


def test_other_roles_of_the_settings_are_asked_for_anew(world: World, other: Database) -> None:
    asking = Asking(world, other)
    asking.remembered()
    organization, asked = read_config(str(other.url))[1], list[object]()
    with other.reading() as session:
        session.info[directory.MEMORY] = _Counting(session.info[directory.MEMORY], asked)
        asking.by_token(session)
        assert not asked
        session.info["auth.roles"] = {role.id: role.rights for role in organization.roles.values()}
        asking.by_token(session)
    assert asked


class _Counting(directory.Memory):
    def __init__(self, memory: directory.Memory, asked: list[object]) -> None:
        super().__init__()
        self._memory, self._asked = memory, asked

    def find(self, under: tuple[object, ...], question: Any) -> object | None:
        found = self._memory.find(under, question)
        if found is None:
            self._asked.append(question)
        return found

    def keep(self, under: tuple[object, ...], question: Any, answer: object) -> None:
        self._memory.keep(under, question, answer)


def test_a_transaction_sees_its_own_changes_and_leaves_none_of_them_behind(world: World) -> None:
    with world.database.reading() as session:
        before = auth.acting_for(session, auth.actor_of(session, HANDLER))
    with world.transaction() as session:
        me = auth.actor_of(session, HANDLER)
        assert auth.acting_for(session, me) == before == []
        substitute(session)
        assert len(auth.acting_for(session, me)) == 1
        session.rollback()
    with world.database.reading() as session:
        assert auth.acting_for(session, auth.actor_of(session, HANDLER)) == before


def test_every_column_of_the_directory_is_watched_or_passed_over() -> None:
    assert directory.WATCHED.keys() == directory.PASSED_OVER.keys()
    for model, watched in directory.WATCHED.items():
        passed = directory.PASSED_OVER[model]
        assert not set(watched) & set(passed)
        assert {*watched, *passed} == set(model.__table__.columns.keys()), model


def test_the_database_notices_what_is_watched_and_nothing_else(world: World, tmp_path: Any) -> None:
    """Every column of every table of the directory, whoever changes it; on both databases, after all migrations."""
    with world.transaction() as session:
        substitute(session)
        enrol(session, COLLEAGUE, open_vault(tmp_path / "vault.key"), clock.now())
        auth.issue_token(session, username=HANDLER, actor=SYSTEM, now=clock.now())
    for model in directory.WATCHED:
        table = model.__tablename__
        for columns, moves in ((directory.WATCHED[model], True), (directory.PASSED_OVER[model], False)):
            for column in columns:
                with moving(world.database) as moved, world.database.engine.begin() as connection:
                    statement = f'UPDATE "{table}" SET "{column}" = "{column}"'  # noqa: S608 - names of our own
                    assert connection.execute(text(statement)).rowcount, table
                assert moved() is moves, (table, column)
    for model in (Token, RoleGrant, Substitute, SecondFactor, Liaison):
        with moving(world.database) as moved, world.transaction() as session:
            session.delete(session.scalars(select(model)).first())
        assert moved(), model


def test_a_row_that_comes_is_noticed(world: World) -> None:
    added: dict[str, Change] = {
        "person": lambda session: people.add_person(session, name="冯新来", unit_code="edu", **told()),
        "role_grant": grant,
        "substitute": substitute,
        "liaison": make_liaison,
    }
    for name, change in added.items():
        with moving(world.database) as moved, world.transaction() as session:
            change(session)
        assert moved(), name


@contextmanager
def moving(database: Database) -> Iterator[Callable[[], bool]]:
    """Whether the stamp has become another one meanwhile."""

    def stamp() -> int | None:
        with database.reading() as session:
            return session.scalar(select(DirectoryStamp.stamp))

    before = stamp()
    assert before is not None
    yield lambda: stamp() != before


def test_what_a_case_does_moves_no_stamp(world: World) -> None:
    """Else every process would read the directory anew all day long."""
    with moving(world.database) as moved:
        world.finished()
        world.as_user(HANDLER).get("/")
    assert not moved()


def test_whose_tasks_are_follows_what_another_process_changes(world: World, other: Database) -> None:
    world.dispatched("edu")
    names, grants = (HANDLER, "handler-edu-2", COLLEAGUE), update(RoleGrant).where(RoleGrant.unit_code == "edu")
    changes = [
        update(Account).where(Account.username == "handler-edu-2").values(active=False),
        grants.values(ends_on=clock.today() - timedelta(days=1)),  # the office stands in
        grants.values(ends_on=None),
        update(UserTask).where(UserTask.unit == "edu").values(assignee=HANDLER),
        update(Account).where(Account.username == "handler-edu-2").values(active=True),
        update(Account).where(Account.username == HANDLER).values(active=False),  # the claim stands no more
    ]
    seen = []
    for change in (None, *changes):
        if change is not None:
            with world.transaction() as session:
                session.execute(change)
        found = []
        for name in names:
            for _ in range(2):  # asked, then remembered
                with other.reading() as session:
                    account = session.get_one(Account, name)
                    listed = (
                        queries.open_tasks(session, auth.actor_of(session, name), today=clock.today()).items
                        if account.active
                        else ()
                    )
                    found.append(any(task.unit == "edu" for task in listed))
        seen.append(tuple(found[::2]))
        assert found[::2] == found[1::2]
    assert seen == [
        (True, True, False),
        (True, False, False),
        (False, False, True),
        (True, False, False),
        (True, False, False),
        (True, False, False),
        (False, True, False),
    ]
