"""Sign-in through the single sign-on, against a real provider on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from service import auth, clock
from service.auth.codes import open_vault
from service.auth.sessions import COOKIE
from service.errors import NotAllowed
from service.history import HistoryEvent
from service.rights import SYSTEM
from service.web import oidc
from tests.conftest import FakeClock
from tests.factories import oidc_provider
from tests.factories.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.factories.second_factors import enrol
from tests.factories.world import World

HOST = "http://localhost"
USER = "handler-hrss"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider where the handler of 人社局 is signed in."""
    with oidc_provider.running() as (made, _):
        made.client.redirect_uris.append(f"{HOST}/sign-in/oidc/callback")
        yield made


class Office:
    """The service with the single sign-on enabled, one browser, and the way through the provider."""

    def __init__(self, world: World, provider: Provider) -> None:
        self.world, self.provider = world, provider
        self.browser: FlaskClient = world.app.test_client()

    def depart(self, **query: str) -> str:
        """Clicks the button; gives the provider's address that the browser is sent to."""
        answer = self.browser.get("/sign-in/oidc", query_string=query)
        assert answer.status_code == 302, answer.text
        return str(answer.location)

    def pass_through(self, address: str) -> str:
        """The browser calls the provider; gives the address that it is sent back to."""
        answer = requests.get(address, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def arrive(self, address: str) -> TestResponse:
        """The browser comes back."""
        parts = urlsplit(address)
        return self.browser.get(f"{parts.path}?{parts.query}")

    def sign_in(self, **query: str) -> TestResponse:
        """All three."""
        return self.arrive(self.pass_through(self.depart(**query)))

    @property
    def user(self) -> str | None:
        """The account that is signed in in the browser."""
        cookie = self.browser.get_cookie(COOKIE)
        if cookie is None:
            return None
        chosen = self.world.settings.sessions
        with self.world.database.reading() as session, suppress(NotAllowed):
            return auth.find_signed_in(session, cookie.value, clock.now(), chosen).actor.username
        return None

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """The entries of that kind in the journal of access."""
        with self.world.database.reading() as session:
            events = session.scalars(
                select(HistoryEvent).where(HistoryEvent.stream == "access", HistoryEvent.kind == kind)
            )
            return [dict(event.data) for event in events.all()]

    def refused(self, answer: TestResponse, words: str, status: int = 403) -> None:
        """Nobody is signed in, and a Chinese page says why and where to go."""
        assert answer.status_code == status
        assert words in answer.text
        assert "/sign-in" in answer.text
        assert self.user is None
        assert not self.journal("signed_in")


def enabled(provider: Provider, **more: str) -> dict[str, str]:
    """The environment that turns the single sign-on on."""
    return {
        "LIAISON_OIDC_ENABLED": "true",
        "LIAISON_OIDC_ISSUER": provider.issuer,
        "LIAISON_OIDC_CLIENT_ID": CLIENT_ID,
        "LIAISON_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        **more,
    }


@pytest.fixture
def office(world: World, provider: Provider, clock: FakeClock) -> Iterator[Office]:
    """The service with the single sign-on enabled, on both databases."""
    made = World(world.settings.database_url, clock, **enabled(provider))
    yield Office(made, provider)
    made.database.dispose()


class TestTheWayIn:
    def test_the_button_stands_on_the_sign_in_page_and_keeps_the_goal(self, office: Office) -> None:
        page = office.browser.get("/sign-in?next=/ledger").text
        assert "统一身份认证登录" in page
        assert "/sign-in/oidc?next=/ledger" in page

    def test_a_known_identity_reaches_its_goal_and_is_bound(self, office: Office) -> None:
        answer = office.sign_in(next="/ledger?late=yes")
        assert answer.status_code == 302
        assert answer.location == "/ledger?late=yes"
        assert office.user == USER
        assert office.browser.get("/").status_code == 200
        [bound] = office.journal("identity_bound")
        assert bound.items() >= {"username": USER, "issuer": office.provider.issuer}.items()
        assert office.journal("signed_in") == [{"username": USER, "way": "oidc", "address": "127.0.0.1"}]

    def test_the_second_time_the_subject_counts_and_not_the_name(self, office: Office) -> None:
        office.sign_in()
        office.browser.post("/sign-out", data={"csrf_token": token(office.browser)})
        office.provider.signed_in = {"sub": "7f3a-0001", "preferred_username": "office"}
        office.sign_in()
        assert office.user == USER

    def test_the_request_carries_pkce_state_nonce_and_the_registered_address(self, office: Office) -> None:
        query = parse_qs(urlsplit(office.depart()).query)
        assert query["code_challenge_method"] == ["S256"]
        assert query["response_type"] == ["code"]
        assert query["redirect_uri"] == [f"{HOST}/sign-in/oidc/callback"]
        assert len(query["code_challenge"][0]) == 43
        assert len(query["state"][0]) >= 20
        assert len(query["nonce"][0]) >= 20
        assert set(query["scope"][0].split()) == {"openid", "profile"}

    def test_the_secrets_of_an_attempt_are_used_once(self, office: Office) -> None:
        first, second = (parse_qs(urlsplit(office.depart()).query) for _ in range(2))
        assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))

    def test_two_tabs_side_by_side_both_arrive(self, office: Office) -> None:
        first, second = office.depart(next="/tasks"), office.depart(next="/ledger")
        assert office.arrive(office.pass_through(second)).location == "/ledger"
        # The session that the second tab began is a new one: the first tab's attempt is forgotten with the old.
        assert office.arrive(office.pass_through(first)).status_code == 400
        assert office.user == USER

    def test_many_clicks_do_not_overfill_the_cookie(self, office: Office) -> None:
        for _ in range(10):
            last = office.depart(next="/ledger?q=" + "x" * 2000)
        cookie = office.browser.get_cookie("liaison")
        assert cookie is not None
        assert len(cookie.value) < 3500
        assert office.arrive(office.pass_through(last)).status_code == 302

    def test_a_goal_elsewhere_is_dropped(self, office: Office) -> None:
        assert office.sign_in(next="https://elsewhere.example/").location == "/"

    def test_the_profile_may_stand_at_the_user_info_endpoint_only(self, office: Office) -> None:
        office.provider.profile_in_token = False
        assert office.sign_in().status_code == 302
        assert office.user == USER

    def test_a_provider_that_wants_the_secret_in_the_form_gets_it(self, office: Office) -> None:
        office.provider.client.methods = ("client_secret_post",)
        assert office.sign_in().status_code == 302

    def test_a_new_signing_key_is_fetched(self, office: Office) -> None:
        office.sign_in()
        office.provider.signing_key = oidc_provider.key_pair("second")
        office.sign_in()
        assert office.user == USER

    def test_what_the_cookies_held_before_is_gone_and_the_session_is_a_new_one(self, office: Office) -> None:
        with office.browser.session_transaction() as cookie:
            cookie.update(planted="yes")
        former = office.world.begin_session("admin")
        office.browser.set_cookie(COOKIE, former)
        office.sign_in()
        with office.browser.session_transaction() as cookie:
            assert "planted" not in cookie
        assert office.user == USER
        office.browser.set_cookie(COOKIE, former)
        assert office.user is None

    def test_the_public_address_is_what_the_provider_knows(
        self, world: World, provider: Provider, clock: FakeClock
    ) -> None:
        public = "https://liaison.example"
        made = World(world.settings.database_url, clock, **enabled(provider, LIAISON_PUBLIC_URL=public))
        address = Office(made, provider).depart()
        assert parse_qs(urlsplit(address).query)["redirect_uri"] == [f"{public}/sign-in/oidc/callback"]
        made.database.dispose()


class TestWhoStaysOutside:
    def test_nobody_knows_the_identity(self, office: Office) -> None:
        office.provider.signed_in = {"sub": "stranger", "preferred_username": "nobody-here"}
        office.refused(office.sign_in(), "尚未绑定本系统账号，请联系系统管理员")
        assert office.journal("sign_in_failed") == [{"username": None, "reason": "not bound", "address": "127.0.0.1"}]

    def test_another_subject_with_the_name_of_a_bound_account(self, office: Office) -> None:
        with office.world.transaction() as session:
            auth.bind_oidc(
                session,
                username=USER,
                issuer=office.provider.issuer,
                subject="the-true-one",
                actor=SYSTEM,
                now=clock.now(),
            )
        office.refused(office.sign_in(), "尚未绑定本系统账号")

    def test_a_disabled_account(self, office: Office) -> None:
        with office.world.transaction() as session:
            auth.disable_user(session, username=USER, actor=SYSTEM, now=clock.now())
        office.refused(office.sign_in(), "该账号已停用，请联系系统管理员")
        assert not office.journal("identity_bound")

    def test_who_has_a_second_factor_is_asked_for_it_here_too(self, office: Office) -> None:
        with office.world.transaction() as session:
            vault = open_vault(office.world.settings.second_factor.key_file)
            telephone = enrol(session, USER, vault, clock.now())
        asked = office.sign_in(next="/ledger")
        assert asked.location == "/sign-in/code?next=/ledger"
        assert office.browser.get("/tasks").status_code == 302
        office.world.clock.advance(minutes=1)
        page = office.browser.get(asked.location).text
        token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
        given = {"code": telephone.at(clock.now()), "next": "/ledger", "csrf_token": token}
        assert office.browser.post("/sign-in/code", data=given).location == "/ledger"
        assert office.browser.get("/tasks").status_code == 200
        assert office.journal("signed_in")[-1]["way"] == "oidc"

    def test_a_name_that_is_no_text(self, office: Office) -> None:
        office.provider.signed_in = {"sub": "7f3a-0001", "preferred_username": ["handler-hrss"]}
        office.refused(office.sign_in(), "尚未绑定本系统账号")

    def test_who_says_no_at_the_provider(self, office: Office) -> None:
        office.provider.signed_in = None
        office.refused(office.sign_in(), "没有同意这次登录")


# What follows ends before the database is asked: one kind is enough.
class TestForgeries:
    def test_a_state_of_another_browser(self, office: Office) -> None:
        back = office.pass_through(office.depart())
        office.browser = office.world.app.test_client()
        office.refused(office.arrive(back), "登录请求已过期，或不是从本页发起的", 400)

    @pytest.mark.parametrize("query", ["", "state=x", "code=y", "code=y&state=x", "state="])
    def test_a_made_up_answer(self, office: Office, query: str) -> None:
        office.depart()
        office.refused(office.arrive(f"{HOST}/sign-in/oidc/callback?{query}"), "登录请求已过期", 400)

    @pytest.mark.parametrize(
        "claims",
        [
            pytest.param({"nonce": "another"}, id="nonce"),
            pytest.param({"exp": int(time.time()) - 600}, id="expired"),
            pytest.param({"iat": int(time.time()) + 6000}, id="from the future"),
            pytest.param({"iss": "https://elsewhere.example"}, id="issuer"),
            pytest.param({"aud": "another-client"}, id="audience"),
            pytest.param({"aud": ["another-client"], "azp": CLIENT_ID}, id="audience with azp"),
            pytest.param({"aud": [CLIENT_ID, "another"], "azp": "another"}, id="authorized party"),
            pytest.param({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, id="access token"),
            pytest.param({"sub": 7}, id="subject is a number"),
            pytest.param({"sub": ""}, id="subject is empty"),
            pytest.param({"sub": "x" * 300}, id="subject is too long"),
        ],
    )
    def test_a_token_that_is_not_for_this_sign_in(self, office: Office, claims: dict[str, Any]) -> None:
        office.provider.claims = claims
        office.refused(office.sign_in(), "没有通过核验")

    def test_a_token_signed_by_somebody_else(self, office: Office) -> None:
        pretended = oidc_provider.key_pair("second").as_dict(private=False) | {"kid": "first"}
        office.provider.published_key = RSAKey.import_key(pretended)
        office.refused(office.sign_in(), "没有通过核验")

    @pytest.mark.parametrize("algorithms", [["none"], ["HS256"], ["none", "HS256"]])
    def test_metadata_that_allow_forgeable_signatures(self, office: Office, algorithms: list[str]) -> None:
        office.provider.metadata = {"id_token_signing_alg_values_supported": algorithms}
        office.refused(office.browser.get("/sign-in/oidc"), "没有通过核验")

    @pytest.mark.filterwarnings("ignore:JWS algorithm:joserfc.errors.SecurityWarning")
    def test_a_token_that_nobody_signed(self, office: Office) -> None:
        office.provider.unsigned = True
        office.provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "none"]}
        office.refused(office.sign_in(), "没有通过核验")

    def test_metadata_of_another_issuer(self, office: Office) -> None:
        office.provider.metadata = {"issuer": "https://elsewhere.example"}
        office.refused(office.browser.get("/sign-in/oidc"), "没有通过核验")
        office.provider.metadata = {}  # once it is put right, nobody has to restart the service
        assert office.sign_in().status_code == 302

    def test_no_token_at_all(self, office: Office) -> None:
        office.provider.no_id_token = True
        office.refused(office.sign_in(), "没有通过核验")

    def test_user_info_about_somebody_else(self, office: Office) -> None:
        office.provider.profile_in_token = False
        office.provider.info = {"sub": "another", "preferred_username": "admin"}
        office.refused(office.sign_in(), "没有通过核验")

    def test_the_answer_again_is_refused(self, office: Office) -> None:
        back = office.pass_through(office.depart())
        assert office.arrive(back).status_code == 302
        assert office.arrive(back).status_code == 400

    def test_the_code_again_is_refused_even_with_the_old_cookie(self, office: Office) -> None:
        back = office.pass_through(office.depart())
        thief = office.world.app.test_client()
        stolen = office.browser.get_cookie("liaison")
        assert stolen is not None
        thief.set_cookie("liaison", stolen.value)
        assert office.arrive(back).status_code == 302
        office.browser = thief
        answer = office.arrive(back)
        assert answer.status_code == 403
        assert "登录码已经用过或已过期" in answer.text
        assert office.user is None

    def test_a_code_of_another_attempt_fails_the_proof_of_pkce(self, office: Office) -> None:
        victims = parse_qs(urlsplit(office.pass_through(office.depart())).query)["code"][0]
        office.browser = office.world.app.test_client()
        own = parse_qs(urlsplit(office.pass_through(office.depart())).query)["state"][0]
        answer = office.arrive(f"{HOST}/sign-in/oidc/callback?code={victims}&state={own}")
        office.refused(answer, "没有接受这次登录")

    def test_an_attempt_expires(self, office: Office) -> None:
        back = office.pass_through(office.depart())
        with office.browser.session_transaction() as cookie:
            for key in [key for key in cookie if key.startswith("_state_")]:
                cookie[key] = {**cookie[key], "exp": time.time() - 1}
        office.refused(office.arrive(back), "登录请求已过期", 400)

    def test_what_a_stranger_writes_into_the_address_is_not_shown(self, office: Office) -> None:
        answer = office.arrive(f"{HOST}/sign-in/oidc/callback?error=x&error_description=请致电骗子")
        assert "骗子" not in answer.text
        office.refused(answer, "没有接受这次登录")


class TestAProviderInTrouble:
    def test_down_before_the_sign_in(self, world: World, clock: FakeClock) -> None:
        with oidc_provider.running() as (gone, _):
            pass
        made = World(world.settings.database_url, clock, **enabled(gone))
        down = Office(made, gone)
        down.refused(down.browser.get("/sign-in/oidc"), "暂时连不上统一身份认证", 503)
        page = down.browser.get("/sign-in")
        assert page.status_code == 200  # passwords still work
        made.database.dispose()

    def test_down_on_the_way_back(self, world: World, clock: FakeClock) -> None:
        with oidc_provider.running() as (leaving, _):
            leaving.client.redirect_uris.append(f"{HOST}/sign-in/oidc/callback")
            made = World(world.settings.database_url, clock, **enabled(leaving))
            office = Office(made, leaving)
            back = office.pass_through(office.depart())
        office.refused(office.arrive(back), "暂时连不上统一身份认证", 503)
        made.database.dispose()

    @pytest.mark.parametrize("missing", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
    def test_metadata_without_an_address(self, office: Office, missing: str) -> None:
        office.provider.metadata = {missing: None}
        answer = office.browser.get("/sign-in/oidc")
        if answer.status_code == 302:
            answer = office.arrive(office.pass_through(str(answer.location)))
        assert answer.status_code in (403, 503)
        assert office.user is None

    def test_a_wrong_client_secret(self, world: World, provider: Provider, clock: FakeClock) -> None:
        made = World(
            world.settings.database_url, clock, **enabled(provider, LIAISON_OIDC_CLIENT_SECRET="not-the-registered-one")
        )
        office = Office(made, provider)
        office.refused(office.sign_in(), "没有接受这次登录")
        made.database.dispose()

    def test_metadata_are_asked_for_once_and_again_when_old(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def asked() -> int:
            return sum(path.endswith("openid-configuration") for path, _ in office.provider.asked)

        office.sign_in()
        office.depart()
        assert asked() == 1
        monkeypatch.setattr(oidc, "METADATA_SECONDS", -1)
        office.depart()
        assert asked() == 2


class TestTheWayOut:
    def test_signing_out_tells_that_the_provider_may_still_know(self, office: Office) -> None:
        office.sign_in()
        answer = office.browser.post("/sign-out", data={"csrf_token": token(office.browser)})
        assert office.user is None
        page = office.browser.get(answer.location)
        assert "统一身份认证可能仍保持登录" in page.text
        away = office.browser.get("/sign-out/oidc/everywhere").location
        query = parse_qs(urlsplit(away).query)
        assert away.startswith(f"{office.provider.issuer}/logout?")
        assert query == {"client_id": [CLIENT_ID], "post_logout_redirect_uri": [f"{HOST}/sign-in"]}

    def test_a_provider_without_such_an_address(self, office: Office) -> None:
        office.provider.metadata = {"end_session_endpoint": None}
        answer = office.browser.get("/sign-out/oidc/everywhere")
        assert answer.status_code == 404
        assert "请关闭全部浏览器窗口" in answer.text

    def test_who_came_by_password_goes_to_the_sign_in_page(self, office: Office) -> None:
        browser = office.world.as_user(USER)
        answer = browser.post("/sign-out", data={"csrf_token": token(browser)})
        assert answer.location == "/sign-in"


class TestSwitchedOff:
    @pytest.mark.parametrize(
        "path", ["/sign-in/oidc", "/sign-in/oidc/callback", "/sign-out/oidc", "/sign-out/oidc/everywhere"]
    )
    def test_nothing_is_there(self, world: World, path: str) -> None:
        answer = world.app.test_client().get(path)
        assert answer.status_code == 404
        assert "没有启用统一身份认证" in answer.text

    def test_no_button(self, world: World) -> None:
        assert "统一身份认证" not in world.app.test_client().get("/sign-in").text


def token(browser: FlaskClient) -> str:
    """The token against forged requests that the browser's page has."""
    return str(browser.get("/session/token").get_json()["token"])
