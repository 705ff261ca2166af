"""Locks of sign-in on a real PostgreSQL: nobody waits in a ring, and what counts is asked under the lock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from service import auth, clock
from service.auth import SignInLock, grant_role, revoke_role, sign_in
from service.auth.places import Limits
from service.auth.queries import accounts_of_role
from service.auth.rules import WRONG, lock_key
from service.auth.sign_in import SignIn
from service.demonstration import PASSWORD
from service.errors import Conflict
from tests.factories.rings import in_the_middle
from tests.factories.world import World

pytestmark = [pytest.mark.postgres, pytest.mark.databases("postgresql")]

FIRST, SECOND = "203.0.113.1", "203.0.113.2"


def _try(world: World, username: str, address: str, password: str | None = None, attempts: int = 5) -> SignIn:
    return sign_in(
        world.database,
        username=username,
        password=password or f"not {PASSWORD}",
        now=world.clock.now,
        address=address,
        limits=Limits(attempts=attempts),
    )


def test_unlocking_while_somebody_fails_is_no_ring(world: World) -> None:
    name = "handler-edu"
    _try(world, name, FIRST)
    with world.database.transaction() as session:  # cleared away and counted anew: behind the count of the name
        key = lock_key("address", name, FIRST)
        anew = text(
            "WITH gone AS (DELETE FROM sign_in_lock WHERE key = :key RETURNING *)"
            " INSERT INTO sign_in_lock SELECT * FROM gone"
        )
        session.execute(anew, {"key": key})

    def unlock() -> None:
        with world.transaction() as session:
            auth.unlock_user(session, username=name, actor=world.actor("admin"), now=world.clock.now)

    failed, unlocked = in_the_middle(
        world, lambda: _try(world, name, FIRST), "^SELECT.*FROM sign_in_lock.*FOR UPDATE", unlock
    )
    assert (unlocked, failed.refusal) == (None, WRONG)


def test_clearing_old_counts_away_while_others_fail_is_no_ring(world: World) -> None:
    old = world.clock.now - timedelta(days=200)
    names = ("handler-edu", "handler-housing")
    mine = [lock_key("address", name, FIRST) for name in names]
    fillers = [lock_key("address", f"nobody-{number}", FIRST) for number in range(198)]
    keys = [mine[1], *fillers[:99], mine[0], *fillers[99:]]  # each clears a hundred away, the other's among them
    with world.database.transaction() as session:
        rows = [{"key": key, "username": None, "failures": 1, "since": old, "last_try": old} for key in keys]
        session.execute(insert(SignInLock), rows)
    one, other = in_the_middle(
        world,
        lambda: _try(world, names[0], FIRST),
        "DELETE FROM sign_in_lock",
        lambda: _try(world, names[1], FIRST),
    )
    assert (one.refusal, other.refusal) == (WRONG, WRONG)


def test_a_lock_that_came_meanwhile_holds_for_who_knows_the_password_too(world: World) -> None:
    failed, knew = in_the_middle(
        world,
        lambda: _try(world, "handler-edu", FIRST, attempts=1),
        "FOR UPDATE OF account",
        lambda: _try(world, "handler-edu", FIRST, PASSWORD, attempts=1),
    )
    assert failed.retry_at is not None
    assert knew.actor is None
    assert knew.retry_at == failed.retry_at


def test_two_administrators_who_remove_each_other_are_no_ring_and_one_is_left(world: World) -> None:
    with world.transaction() as session:
        grant_role(session, username="office", role="admin", actor=world.actor("admin"), now=world.clock.now)

    def remove(whom: str, who: str):
        def operation() -> None:
            with world.transaction() as session:
                revoke_role(session, username=whom, role="admin", actor=world.actor(who), now=world.clock.now)

        return operation

    done = in_the_middle(world, remove("office", "admin"), "FOR UPDATE", remove("admin", "office"))
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"]
    assert "最后一位系统管理员" in next(str(one) for one in done if isinstance(one, Conflict))
    with world.database.reading() as session:
        assert len(accounts_of_role(session, "admin", on=clock.today())) == 1
