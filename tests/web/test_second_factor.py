"""二次验证: enrolled with a telephone, asked for after the password, lost and reset; what one is told at sign-in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from service import auth
from service.audit.tables.streams import verify_stream_rows
from service.auth.models import SecondFactor, WebSession
from service.auth.queries import token_hash
from service.auth.sessions import COOKIE
from service.config.accounts import Accounts
from service.demonstration import PASSWORD
from service.errors import NotAllowed
from service.rights import SYSTEM
from tests.conftest import FakeClock
from tests.factories.visitor import Visitor
from tests.factories.world import World


def come_in(world: World, username: str = "office") -> Visitor:
    """A visitor with a browser of its own who gives the password at the page."""
    visitor = Visitor(world, None)
    visitor.submit("/sign-in", username=username, password=PASSWORD)
    return visitor


def enrol(world: World, username: str = "office") -> tuple[Visitor, pyotp.TOTP, list[str]]:
    """Enrols a telephone; gives the browser, the telephone and the recovery codes."""
    visitor = come_in(world, username)
    assert visitor.submit("/account/second-factor/begin").status_code == 302
    secret = re.search(r'id="secret">([A-Z2-7 ]+)<', visitor.get("/account/second-factor").text)
    assert secret is not None
    telephone = pyotp.TOTP(secret[1].replace(" ", ""))
    page = visitor.submit("/account/second-factor/confirm", code=telephone.at(world.clock.now))
    assert page.status_code == 200, page.text
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", page.text)
    assert len(set(codes)) == 10
    return visitor, telephone, codes


def kinds(world: World, username: str = "office") -> list[str]:
    with world.database.reading() as session:
        return [event.kind for event in auth.entries_of(session, username)]


@pytest.mark.databases("sqlite", "postgresql")
def test_who_enrolled_signs_in_with_a_code_that_counts_once(world: World, clock: FakeClock) -> None:
    before = come_in(world)
    here, telephone, _ = enrol(world)
    assert before.get("/account").status_code == 302  # whoever came without it is out
    assert here.get("/account").status_code == 200
    visitor = come_in(world)
    for closed in ("/tasks", "/account", "/account/second-factor"):
        assert visitor.get(closed).location.startswith("/sign-in"), closed
    assert visitor.client.get("/api/v1/me").status_code == 401
    assert "6 位验证码" in visitor.get("/sign-in/code").text
    enrolled_with = telephone.at(clock.now)
    assert visitor.submit("/sign-in/code", code=enrolled_with).status_code == 401
    clock.advance(seconds=30)
    code = telephone.at(clock.now)
    assert visitor.submit("/sign-in/code", code=f"{code[:3]} {code[3:]}").location == "/"
    assert visitor.get("/tasks").status_code == 200
    again = come_in(world)
    assert again.submit("/sign-in/code", code=code).status_code == 401
    assert kinds(world)[-5:] == [
        "second_factor_asked",
        "second_factor_failed",
        "signed_in",
        "second_factor_asked",
        "second_factor_failed",
    ]
    with world.database.reading() as session:
        assert list(verify_stream_rows(session, "access")) == []
        kept = session.get(SecondFactor, "office")
        assert kept is not None
        assert telephone.secret not in kept.secret


def test_a_recovery_code_counts_once_and_is_renewed(world: World, clock: FakeClock) -> None:
    here, telephone, codes = enrol(world)
    for code, status in ((codes[0].upper(), 302), (codes[0], 401), (codes[1].replace("-", " "), 302)):
        assert come_in(world).submit("/sign-in/code", code=code).status_code == status
    assert "8 个" in here.get("/account/second-factor").text
    clock.advance(seconds=60)
    assert here.submit("/account/second-factor/codes", code=codes[3]).status_code == 422
    page = here.submit("/account/second-factor/codes", code=telephone.at(clock.now))
    renewed = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", page.text)
    assert come_in(world).submit("/sign-in/code", code=codes[2]).status_code == 401
    assert come_in(world).submit("/sign-in/code", code=renewed[0]).status_code == 302


@pytest.mark.databases("sqlite", "postgresql")
def test_who_guesses_codes_waits_in_every_browser(world: World, clock: FakeClock) -> None:
    _, telephone, _ = enrol(world)
    clock.advance(seconds=60)
    tries = [come_in(world).submit("/sign-in/code", code=f"00000{n}").status_code for n in range(6)]
    assert tries == [401] * 4 + [429] * 2
    right = come_in(world)
    assert right.submit("/sign-in/code", code=telephone.at(clock.now)).status_code == 429
    clock.advance(minutes=2)
    assert right.submit("/sign-in/code", code=telephone.at(clock.now)).status_code == 302
    assert "second_factor_locked" in kinds(world)
    assert "此后有 5 次登录未成功" in right.get("/help").text


def test_a_code_is_waited_for_ten_minutes_and_the_next_page_is_the_one_asked_for(
    world: World, clock: FakeClock
) -> None:
    _, telephone, _ = enrol(world)
    visitor = Visitor(world, None)
    asked = visitor.submit("/sign-in", username="office", password=PASSWORD, next="/ledger")
    assert asked.location == "/sign-in/code?next=/ledger"
    assert visitor.submit("/sign-in/code", code="1", next="https://example.org/").status_code == 401
    clock.advance(minutes=10)
    late = visitor.submit("/sign-in/code", code=telephone.at(clock.now))
    assert (late.status_code, "登录已过期" in late.text) == (401, True)


def test_a_role_may_require_it_from_the_first_sign_in_on(world: World, clock: FakeClock) -> None:
    token = world.token("office")
    world.rule(second_factor=replace(world.settings.second_factor, roles=frozenset({"talent_office"})))
    visitor = come_in(world)
    assert visitor.get("/tasks").location == "/account/second-factor"
    assert "请先登记二次验证" in visitor.get("/account/second-factor").text
    assert visitor.client.get("/api/v1/me").status_code == 403
    bearer = {"Authorization": f"Bearer {token}"}
    assert world.app.test_client().get("/api/v1/me", headers=bearer).status_code == 401
    assert come_in(world, "auditor").get("/tasks").status_code == 200
    here, telephone, _ = enrol(world)
    assert here.get("/tasks").status_code == 200
    clock.advance(seconds=60)
    assert here.submit("/account/second-factor/end", code=telephone.at(clock.now)).status_code == 403
    assert "停用" not in here.get("/account/second-factor").text


def test_who_chose_it_gives_it_up_with_a_code(world: World, clock: FakeClock) -> None:
    here, telephone, _ = enrol(world)
    assert here.submit("/account/second-factor/end", code="123").status_code == 422
    clock.advance(seconds=60)
    assert here.submit("/account/second-factor/end", code=telephone.at(clock.now)).status_code == 302
    assert come_in(world).get("/tasks").status_code == 200


def test_an_enrolment_that_is_broken_off_leaves_the_telephone_as_it_was(world: World, clock: FakeClock) -> None:
    here, telephone, _ = enrol(world)
    here.submit("/account/second-factor/begin")
    assert 'id="secret"' in here.get("/account/second-factor").text
    assert here.submit("/account/second-factor/cancel").status_code == 302
    assert "更换手机" in here.get("/account/second-factor").text
    clock.advance(seconds=60)
    assert come_in(world).submit("/sign-in/code", code=telephone.at(clock.now)).status_code == 302


def test_a_token_of_who_has_one_is_made_where_it_was_given(world: World, clock: FakeClock) -> None:
    old = world.token("office")
    here, _, _ = enrol(world)
    assert world.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {old}"}).status_code == 401
    page = here.submit("/account/tokens", label="数据对接")
    made = re.search(r"liaison_[\w-]+", page.text)
    assert made is not None
    bearer = {"Authorization": f"Bearer {made[0]}"}
    assert world.app.test_client().get("/api/v1/me", headers=bearer).json["second_factor"] is True
    with world.transaction() as session, pytest.raises(NotAllowed, match="二次验证"):
        auth.issue_token(session, username="office", actor=world.actor("admin"), now=clock.now)


def test_a_lost_telephone_is_reset_by_somebody_else(world: World, clock: FakeClock) -> None:
    here, _, _ = enrol(world)
    admin = Visitor(world, "admin")
    assert "重置二次验证" in admin.get("/accounts/office").text
    assert admin.submit("/accounts/office/second-factor", reason="手机遗失").status_code == 302
    assert here.get("/account").status_code == 302
    assert come_in(world).get("/tasks").status_code == 200
    assert kinds(world)[-2:] == ["second_factor_reset", "signed_in"]
    enrol(world, "admin")
    refused = Visitor(world, "security").submit("/accounts/admin/second-factor", reason="手机遗失")
    assert refused.status_code == 302


def test_a_secret_under_another_key_is_told_as_such(world: World, clock: FakeClock, tmp_path) -> None:
    enrol(world)
    world.rule(second_factor=replace(world.settings.second_factor, key_file=tmp_path / "other.key"))
    failed = come_in(world).submit("/sign-in/code", code="123456")
    assert (failed.status_code, "密钥文件" in failed.text) == (500, True)


def test_the_page_after_sign_in_tells_of_the_time_before(world: World, clock: FakeClock) -> None:
    assert "上次登录" not in come_in(world).get("/help").text
    clock.advance(hours=3)
    for _ in range(2):
        Visitor(world, None).submit("/sign-in", username="office", password="wrong-password")
    visitor = come_in(world)
    assert "上次登录：2026-09-16 09:00，来自 127.0.0.1。此后有 2 次登录未成功" in visitor.get("/help").text
    assert "上次登录" not in visitor.get("/help").text
    with world.database.reading() as session:
        assert list(verify_stream_rows(session, "access")) == []


@pytest.mark.databases("sqlite", "postgresql")
def test_a_newer_sign_in_ends_the_older_one_where_the_settings_say_so(world: World, clock: FakeClock) -> None:
    world.rule(accounts=Accounts(one_session=True))
    first, other = come_in(world), come_in(world, "auditor")
    clock.advance(minutes=5)
    second = come_in(world)
    assert first.get("/tasks").location.startswith("/sign-in")
    told = first.get("/sign-in").text
    assert "已于 2026-09-16 09:05 在另一处（127.0.0.1）登录" in told
    assert "在另一处" in first.client.get("/api/v1/me").json["detail"]
    for visitor in (second, other):
        assert visitor.get("/tasks").status_code == 200
    assert kinds(world)[-1] == "session_ended"
    assert "本次登录" in second.get("/account").text
    assert "其他登录" not in second.get("/account").text


@pytest.mark.databases("sqlite", "postgresql")
def test_sessions_are_ended_one_by_one_and_the_journal_tells(world: World, clock: FakeClock) -> None:
    here, there = come_in(world), come_in(world)
    cookie = there.client.get_cookie(COOKIE)
    assert cookie is not None
    sha256 = token_hash(cookie.value)
    assert come_in(world, "auditor").submit("/account/sessions/end-one", session=sha256).status_code == 404
    assert here.submit("/account/sessions/end-one", session=sha256).status_code == 302
    assert there.get("/account").status_code == 302
    clock.advance(minutes=40)
    with world.transaction() as session:
        ended = auth.forget_sessions(session, now=clock.now, limits=world.settings.sessions)
        assert ended == {"auditor": 1, "office": 1}
        assert list(session.scalars(select(WebSession))) == []


def test_a_password_that_grows_old_is_told_before_it_must_be_changed(world: World, clock: FakeClock) -> None:
    from tests.factories.people import prepared

    own = "另一个-good-one-2026"
    with world.transaction() as session:
        auth.add_user(session, username="newcomer", password=prepared(own), actor=SYSTEM, now=clock.now)
    clock.advance(days=75)
    for days, told in ((1, ""), (2, "您的密码将于 2026-12-15 到期")):
        visitor = Visitor(world, None)
        visitor.submit("/sign-in", username="newcomer", password=own)
        assert ("到期，请" in visitor.get("/help").text) is bool(told), days
        clock.advance(days=1)
    clock.advance(days=14)
    visitor = Visitor(world, None)
    visitor.submit("/sign-in", username="newcomer", password=own)
    assert visitor.get("/tasks").location == "/account"
    assert world.settings.passwords.warned == timedelta(days=14)
