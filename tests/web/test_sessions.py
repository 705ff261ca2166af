"""Sessions are kept on the server: where they end, they end everywhere; who guesses locks out nobody else."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import select

from service import auth, clock
from service.auth import WebSession
from service.auth.sessions import BROWSER_COOKIE, COOKIE
from service.demonstration import PASSWORD
from service.rights import SYSTEM
from tests.conftest import FakeClock
from tests.factories.databases import ON_BOTH
from tests.factories.people import prepared
from tests.factories.visitor import Visitor
from tests.factories.world import World

pytestmark = ON_BOTH

NEW = "another-good-one-2026"


def come_in(world: World, username: str = "office", address: str = "198.51.100.7", password: str = PASSWORD) -> Visitor:
    """A visitor with a browser of its own who signs in at the page."""
    visitor = Visitor(world, None)
    visitor.answer = visitor.client.post(  # type: ignore[attr-defined]
        "/sign-in",
        data={"username": username, "password": password, "csrf_token": visitor.token()},
        environ_overrides={"REMOTE_ADDR": address},
    )
    return visitor


def key_of(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


def rows(world: World) -> list[WebSession]:
    with world.database.reading() as session:
        found = list(session.scalars(select(WebSession).order_by(WebSession.created_at)))
        session.expunge_all()
        return found


def test_the_cookie_is_a_random_key_of_which_only_a_digest_is_kept(world: World) -> None:
    visitor = come_in(world)
    key = key_of(visitor)
    [row] = rows(world)
    assert (row.username, row.way, row.address) == ("office", "password", "198.51.100.7")
    assert len(key) >= 43
    assert key not in (row.sha256, row.username)
    cookie = visitor.client.get_cookie(COOKIE)
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Lax", False)


def test_signing_in_begins_a_new_session_and_ends_the_one_before(world: World) -> None:
    visitor = come_in(world)
    former = key_of(visitor)
    visitor.submit("/sign-in", username="office", password=PASSWORD)
    assert key_of(visitor) != former
    assert len(rows(world)) == 1
    visitor.client.set_cookie(COOKIE, former)
    assert visitor.get("/account").status_code == 302


def test_a_planted_key_is_never_taken_over(world: World) -> None:
    visitor = Visitor(world, None)
    visitor.client.set_cookie(COOKIE, "planted")
    visitor.submit("/sign-in", username="office", password=PASSWORD)
    assert key_of(visitor) != "planted"


def test_signing_out_ends_every_copy_and_every_other_browser_at_once(world: World) -> None:
    here, elsewhere, stranger = come_in(world), come_in(world), come_in(world, "auditor")
    copy = key_of(here)
    assert here.submit("/sign-out").location == "/sign-in"
    assert here.client.get_cookie(COOKIE) is None
    here.client.set_cookie(COOKIE, copy)
    for visitor in (here, elsewhere):
        assert visitor.get("/account").status_code == 302
        assert visitor.client.get("/api/v1/me").status_code == 401
    assert stranger.get("/account").status_code == 200


def test_a_slow_answer_does_not_sign_in_again(world: World) -> None:
    visitor = come_in(world)
    token, slow = visitor.token(), visitor.get("/tasks")
    visitor.client.post("/sign-out", data={"csrf_token": token})
    assert not [cookie for cookie in slow.headers.getlist("Set-Cookie") if COOKIE in cookie]
    assert visitor.get("/tasks").status_code == 302


def test_a_session_ends_when_nobody_uses_it_and_at_its_age(world: World, clock: FakeClock) -> None:
    idle, busy = come_in(world), come_in(world, "auditor")
    for quarters in range(1, 40):
        clock.advance(minutes=15)
        assert busy.get("/account").status_code == 200
        if quarters == 2:
            assert idle.get("/account").status_code == 302
    clock.advance(minutes=15)
    assert busy.get("/account").status_code == 302
    with world.transaction() as session:
        auth.forget_sessions(session, now=clock.now, limits=world.settings.sessions)
    assert rows(world) == []


def test_the_last_use_is_noted_once_a_minute_also_by_the_interface(world: World, clock: FakeClock) -> None:
    visitor = come_in(world)
    began = clock.now
    clock.advance(seconds=59)
    visitor.get("/account")
    assert rows(world)[0].last_seen == began
    clock.advance(seconds=1)
    visitor.get("/account")
    assert rows(world)[0].last_seen == clock.now
    clock.advance(minutes=2)
    visitor.client.get("/api/v1/me")
    assert rows(world)[0].last_seen == clock.now


def test_noting_the_use_waits_for_nobody(world: World, clock: FakeClock) -> None:
    visitor, began = come_in(world), clock.now
    clock.advance(minutes=5)
    with world.transaction() as session:
        session.scalars(select(WebSession).with_for_update()).one()
        assert visitor.get("/account").status_code == 200
    assert rows(world)[0].last_seen == began
    visitor.get("/account")
    assert rows(world)[0].last_seen == clock.now


def test_public_files_carry_no_cookie(world: World) -> None:
    visitor = come_in(world)
    for path in ("/static/icon.svg", "/static/nothing.css"):
        answer = visitor.client.get(path)
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        answer.close()
    with closing(world.app.test_client().get("/static/icon.svg")) as fresh:
        assert (fresh.status_code, "Set-Cookie" in fresh.headers) == (200, False)


def test_the_own_page_lists_browsers_and_tokens_and_ends_them(world: World) -> None:
    here, elsewhere = come_in(world), come_in(world, address="203.0.113.9")
    with world.transaction() as session:
        auth.issue_token(session, username="office", label="数据对接", actor=SYSTEM, now=clock.now())
    page = here.get("/account").text
    for shown in ("203.0.113.9", "198.51.100.7", "数据对接", "到期", "尚未使用"):
        assert shown in page, shown
    with world.database.reading() as session:
        [token] = [one.sha256 for one in auth.list_tokens(session, "office")]
    assert Visitor(world, "auditor").submit("/account/tokens/revoke", token=token).status_code == 404
    assert here.submit("/account/tokens/revoke", token=token).status_code == 302
    assert "数据对接" not in here.get("/account").text
    assert here.submit("/account/sessions/end").status_code == 302
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_a_changed_password_keeps_this_browser_in_with_a_new_key(world: World) -> None:
    here, elsewhere, token = come_in(world), come_in(world), world.token("office")
    former = key_of(here)
    assert here.submit("/account/password", old_password=PASSWORD, password=NEW, again=NEW).status_code == 302
    assert key_of(here) != former
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    bearer = {"Authorization": f"Bearer {token}"}
    assert world.app.test_client().get("/api/v1/me", headers=bearer).status_code == 401


def test_a_password_that_somebody_else_chose_is_changed_first(world: World) -> None:
    admin = Visitor(world, "admin")
    answer = admin.submit("/accounts/office/password", password=NEW, again=NEW)
    assert answer.status_code == 302
    visitor = come_in(world, password=NEW)
    assert visitor.get("/tasks").location == "/account"
    assert "请先修改密码" in visitor.get("/account").text
    script = visitor.client.post("/cases", json={}, headers={"X-CSRFToken": visitor.token()})
    assert (script.status_code, script.json["type"]) == (403, "password_change")
    assert visitor.client.get("/api/v1/me").status_code == 403
    own = "荷塘月色-又一年7"
    assert visitor.submit("/account/password", old_password=NEW, password=NEW, again=NEW).status_code == 422
    assert visitor.submit("/account/password", old_password=NEW, password=own, again=own).status_code == 302
    assert visitor.get("/tasks").status_code == 200


def test_an_old_password_is_changed_first_where_the_settings_say_so(world: World, clock: FakeClock) -> None:
    strict = World(world.settings.database_url, clock, LIAISON_PASSWORDS_LONGEST_DAYS="90")
    with world.transaction() as session:
        auth.add_user(session, username="newcomer", password=prepared(NEW), actor=SYSTEM, now=clock.now)
    clock.advance(days=90)
    assert come_in(strict, "newcomer", password=NEW).get("/tasks").status_code == 200
    clock.advance(days=1)
    assert come_in(strict, "newcomer", password=NEW).get("/tasks").location == "/account"
    assert come_in(strict).get("/tasks").status_code == 200  # the demonstration's never grow old
    strict.database.dispose()


class TestGuessing:
    def test_thirty_wrong_passwords_from_one_address_refuse_nobody_else(self, world: World) -> None:
        usual = come_in(world)
        usual.submit("/sign-out")
        for _ in range(30):
            come_in(world, password="wrong-password")
        assert come_in(world, password="wrong-password").answer.status_code == 429  # type: ignore[attr-defined]
        assert come_in(world, "auditor").answer.status_code == 302  # type: ignore[attr-defined]  # same address
        assert come_in(world, address="203.0.113.9").answer.status_code == 302  # type: ignore[attr-defined]  # same name
        # behind the same address, in the browser in which the name has signed in before
        assert usual.submit("/sign-in", username="office", password=PASSWORD).status_code == 302

    def test_thirty_wrong_passwords_for_many_names_refuse_nobody_else(self, world: World) -> None:
        for number in range(30):
            come_in(world, f"name-{number}", password="wrong-password")
        assert come_in(world).answer.status_code == 302  # type: ignore[attr-defined]

    def test_thirty_wrong_passwords_from_anywhere_refuse_not_the_owner(self, world: World) -> None:
        for number in range(30):
            come_in(world, address=f"203.0.113.{number}", password="wrong-password")
        assert come_in(world, address="192.0.2.77").answer.status_code == 302  # type: ignore[attr-defined]

    @pytest.mark.databases("sqlite")
    def test_who_goes_on_guessing_waits_and_the_owner_at_the_usual_place_does_not(
        self, world: World, clock: FakeClock
    ) -> None:
        usual = come_in(world, address="192.0.2.77")
        usual.submit("/sign-out")
        tries = [
            come_in(world, address=f"203.0.113.{number}", password="wrong-password").answer.status_code  # type: ignore[attr-defined]
            for number in range(60)
        ]
        assert tries.count(401) == 49
        assert tries[49:] == [429] * 11
        assert come_in(world, address="198.18.0.1").answer.status_code == 429  # type: ignore[attr-defined]
        assert usual.submit("/sign-in", username="office", password=PASSWORD).status_code == 302
        assert come_in(world, address="192.0.2.77").answer.status_code == 302  # type: ignore[attr-defined]
        clock.advance(minutes=15)
        assert come_in(world, address="198.18.0.1").answer.status_code == 302  # type: ignore[attr-defined]

    @pytest.mark.databases("sqlite")
    def test_an_address_that_tries_name_after_name_waits_too(self, world: World, clock: FakeClock) -> None:
        usual = come_in(world)
        usual.submit("/sign-out")
        tries = [
            come_in(world, f"name-{number}", password="wrong-password").answer.status_code  # type: ignore[attr-defined]
            for number in range(105)
        ]
        assert tries[:99] == [401] * 99
        assert tries[99:] == [429] * 6
        assert usual.submit("/sign-in", username="office", password=PASSWORD).status_code == 302
        assert come_in(world, address="203.0.113.9").answer.status_code == 302  # type: ignore[attr-defined]
        clock.advance(minutes=15)
        assert come_in(world, "auditor").answer.status_code == 302  # type: ignore[attr-defined]

    def test_many_at_once_get_no_more_tries(self, world: World) -> None:
        """Five look while nothing is counted yet; each is counted, and the next finds the lock."""
        with world.database.reading() as session:
            from service.auth.sign_in import look_up

            attempts = [
                look_up(session, username="office", address="203.0.113.9", browser=None, now=clock.now())
                for _ in range(8)
            ]
        from service.auth.sign_in import conclude

        found = []
        for number, attempt in enumerate(attempts):
            tried = attempt.tried(PASSWORD if number == 7 else "wrong-password")
            with world.transaction() as session:
                found.append(conclude(session, tried, now=clock.now()))
        assert [one.retry_at is not None for one in found] == [False] * 4 + [True] * 4
        assert found[7].actor is None

    def test_a_browser_keeps_its_id_when_its_person_signs_out(self, world: World) -> None:
        visitor = come_in(world)
        cookie = visitor.client.get_cookie(BROWSER_COOKIE)
        assert cookie is not None
        assert cookie.http_only
        visitor.submit("/sign-out")
        visitor.submit("/sign-in", username="auditor", password=PASSWORD)
        again = visitor.client.get_cookie(BROWSER_COOKIE)
        assert again is not None
        assert again.value == cookie.value
