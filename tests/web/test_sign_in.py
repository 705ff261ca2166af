"""Signing in and out at the pages."""

from __future__ import annotations

import pytest

from service import auth, clock
from service.demonstration import PASSWORD
from service.rights import SYSTEM
from tests.conftest import FakeClock
from tests.factories.visitor import Visitor
from tests.factories.world import World


def test_name_and_password_lead_to_where_one_wanted_to_go(world: World) -> None:
    visitor = Visitor(world, None)
    asked = visitor.get("/ledger", status="running", q="入学")
    assert asked.status_code == 302
    page = visitor.client.get(asked.location)
    assert 'name="next" value="/ledger?status=running&amp;q=%E5%85%A5%E5%AD%A6"' in page.text
    goal = "/ledger?status=running&q=%E5%85%A5%E5%AD%A6"
    answer = visitor.submit("/sign-in", username="office", password=PASSWORD, next=goal)
    assert answer.status_code == 302
    assert answer.location == goal
    assert visitor.get(goal).status_code == 200


@pytest.mark.parametrize("goal", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_never_leads_elsewhere(world: World, goal: str) -> None:
    answer = Visitor(world, None).submit("/sign-in", username="office", password=PASSWORD, next=goal)
    assert answer.location == "/"


def test_a_wrong_password_keeps_the_name_and_says_why(world: World) -> None:
    visitor = Visitor(world, None)
    answer = visitor.submit("/sign-in", username="office", password="wrong-password")
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'value="office"' in answer.text
    assert "wrong-password" not in answer.text
    assert visitor.get("/tasks").status_code == 302


def test_failures_are_counted_though_they_are_refusals(world: World) -> None:
    visitor = Visitor(world, None)
    for _ in range(5):
        visitor.submit("/sign-in", username="office", password="wrong-password")
    locked = visitor.submit("/sign-in", username="office", password=PASSWORD)
    assert locked.status_code == 429
    assert "再试" in locked.text


def test_the_settings_say_how_many_failures_lock_and_for_how_long(world: World, clock: FakeClock) -> None:
    limits = {"LIAISON_RATE_LIMITS_SIGN_IN_ATTEMPTS": "2", "LIAISON_RATE_LIMITS_SIGN_IN_WINDOW_MINUTES": "3"}
    strict = World(world.settings.database_url, clock, **limits)
    visitor = Visitor(strict, None)
    wrong = {"username": "office", "password": "wrong-password"}
    assert [visitor.submit("/sign-in", **wrong).status_code for _ in range(2)] == [401, 429]
    for _ in range(4):  # each lock lasts twice as long as the one before, until the longest
        clock.advance(minutes=10)
        assert visitor.submit("/sign-in", **wrong).status_code == 429
    clock.advance(minutes=3, seconds=1)
    assert visitor.submit("/sign-in", username="office", password=PASSWORD).status_code == 302
    strict.database.dispose()


def test_signing_out_ends_the_session(world: World) -> None:
    visitor = Visitor(world, "office")
    assert visitor.submit("/sign-out").location == "/sign-in"
    assert visitor.get("/tasks").status_code == 302


def test_a_disabled_account_is_out_with_the_next_request(world: World) -> None:
    visitor = Visitor(world, "handler-edu")
    assert visitor.get("/tasks").status_code == 200
    with world.transaction() as session:
        auth.disable_user(session, username="handler-edu", actor=world.actor("admin"), now=clock.now())
    assert visitor.get("/tasks").location.startswith("/sign-in")


def test_a_new_password_ends_other_sessions_but_not_this_one(world: World) -> None:
    here, elsewhere = Visitor(world, "office"), Visitor(world, "office")
    new = "another-good-one-2026"
    assert here.submit("/account/password", old_password=PASSWORD, password=new, again=new).status_code == 302
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_a_password_that_does_not_do_is_told_at_its_field(world: World) -> None:
    visitor = Visitor(world, "office")
    short = visitor.submit("/account/password", old_password=PASSWORD, password="short", again="short")
    assert short.status_code == 422
    assert 'id="password-error"' in short.text
    other = visitor.submit("/account/password", old_password=PASSWORD, password="long-enough-1", again="long-enough-2")
    assert 'id="again-error"' in other.text
    found = auth.sign_in(world.database, username="office", password=PASSWORD, now=clock.now())
    assert found.actor is not None


def test_a_script_gets_401_not_a_page(world: World) -> None:
    answer = Visitor(world, None).post("/cases", data={})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["type"] == "signed_out"


def test_the_account_page_names_whom_one_stands_in_for(world: World) -> None:
    from service.people import declare_substitute

    office, handler = world.actor("handler-hrss"), world.actor("handler-edu")
    with world.transaction() as session:
        declare_substitute(
            session,
            person_id=office.person_id,
            substitute_id=handler.person_id,
            starts_on=clock.today(),
            ends_on=clock.today(),
            reason="出差",
            actor=SYSTEM,
            now=clock.now(),
        )
    assert office.name in Visitor(world, "handler-edu").get("/account").text
