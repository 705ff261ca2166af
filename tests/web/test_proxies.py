"""Behind a proxy: whose word on the address counts, https, and who reads the metrics."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from service.auth import WebSession
from service.config.trust import Proxy, address_of
from service.demonstration import PASSWORD
from service.history import HistoryEvent
from service.http.proxies import RealAddress
from tests.conftest import FakeClock
from tests.factories.visitor import Visitor
from tests.factories.world import World, read_config

NGINX, READER = "10.1.2.3", "198.51.100.7"


def seen(addresses: str, hops: int, peer: str, forwarded: str | None, scheme: str = "") -> tuple[str, str]:
    """(address, scheme) that the service sees of such a request."""
    environ = {"LIAISON_PROXY_ADDRESSES": addresses, "LIAISON_PROXY_HOPS": str(hops)}
    proxy: Proxy = read_config("sqlite://", **environ)[0].proxy
    found: dict[str, str] = {}

    def app(given, _start):
        found.update(given)
        return ()

    asked = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "SERVER_NAME": "liaison", "SERVER_PORT": "80"}
    if forwarded is not None:
        asked["HTTP_X_FORWARDED_FOR"] = forwarded
    if scheme:
        asked["HTTP_X_FORWARDED_PROTO"] = scheme
    RealAddress(app, proxy)(asked, lambda *_: None)
    assert not [name for name in found if "FORWARDED" in name]
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"]


@pytest.mark.parametrize(
    ("addresses", "hops", "peer", "forwarded", "address"),
    [
        ("", 0, READER, None, READER),
        ("", 0, READER, "203.0.113.9", READER),  # forged
        ("", 0, "127.0.0.1", "203.0.113.9", "127.0.0.1"),  # no proxy is known
        (NGINX, 0, NGINX, READER, READER),
        (NGINX, 0, NGINX, f"203.0.113.9, {READER}", READER),  # what the reader wrote stands further left
        (NGINX, 0, READER, "203.0.113.9", READER),  # past the proxy
        ("10.0.0.0/8", 0, NGINX, f"203.0.113.9, {READER}, 10.9.9.9", READER),  # two proxies
        ("10.0.0.0/8", 0, NGINX, "10.4.4.4", "10.4.4.4"),  # a reader within the network of the proxies
        (NGINX, 0, NGINX, None, NGINX),
        (NGINX, 0, NGINX, "unknown", NGINX),
        (NGINX, 0, NGINX, f"{READER}:51234", READER),
        (NGINX, 0, NGINX, "[2001:db8::7]:443", "2001:db8::7"),
        (NGINX, 0, f"::ffff:{NGINX}", READER, READER),
        ("", 1, NGINX, f"203.0.113.9, {READER}", READER),
        ("", 2, NGINX, f"203.0.113.9, {READER}, 10.9.9.9", READER),
        (NGINX, 1, READER, "203.0.113.9", READER),
        (NGINX, 1, NGINX, f"203.0.113.9,{READER}", READER),
    ],
)
def test_the_address_of_who_asks_cannot_be_forged(
    addresses: str, hops: int, peer: str, forwarded: str | None, address: str
) -> None:
    assert seen(addresses, hops, peer, forwarded)[0] == address


def test_the_scheme_is_taken_from_a_known_proxy_alone() -> None:
    assert seen(NGINX, 0, NGINX, READER, "https")[1] == "https"
    assert seen(NGINX, 0, READER, READER, "https")[1] == "http"
    assert seen("", 0, "127.0.0.1", READER, "https")[1] == "http"


def test_what_is_no_address_is_none() -> None:
    assert address_of("999.1.1.1") is None
    assert str(address_of('"[2001:db8::1]"')) == "2001:db8::1"


@pytest.fixture
def behind(world: World, clock: FakeClock):
    """The service behind a proxy at ``NGINX``, with a token for its metrics."""
    made = World(
        world.settings.database_url,
        clock,
        LIAISON_PROXY_ADDRESSES=NGINX,
        LIAISON_PUBLIC_URL="https://liaison.example",
        LIAISON_METRICS_TOKEN="a-token-for-monitoring",
    )
    yield made
    made.database.dispose()


def relayed(reader: str, **more: str) -> dict[str, object]:
    return {"environ_overrides": {"REMOTE_ADDR": NGINX}, "headers": {"X-Forwarded-For": reader, **more}}


def test_throttling_logs_and_journal_see_who_really_asks(behind: World, capsys: pytest.CaptureFixture[str]) -> None:
    visitor = Visitor(behind, None)
    token = visitor.token()

    def try_in(reader: str, password: str, username: str = "office", forged: str = "") -> int:
        sent = {"username": username, "password": password, "csrf_token": token}
        address = f"{forged}, {reader}" if forged else reader
        more = relayed(address, **{"X-Forwarded-Proto": "https", "Referer": "https://localhost/sign-in"})
        client = behind.app.test_client()
        client._cookies = dict(visitor.client._cookies)
        return client.post("/sign-in", base_url="https://localhost", data=sent, **more).status_code  # type: ignore[arg-type]

    for number in range(30):
        assert try_in(READER, "wrong-password", forged=f"203.0.113.{number}") in (401, 429)
    assert try_in(READER, PASSWORD, forged="203.0.113.99") == 429
    capsys.readouterr()
    assert try_in("192.0.2.8", PASSWORD) == 302
    assert try_in(READER, PASSWORD, "auditor") == 302
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["address"] for line in lines if line["event"] == "request"] == ["192.0.2.8", READER]
    with behind.database.reading() as session:
        assert set(session.scalars(select(WebSession.address))) == {"192.0.2.8", READER}
        entries = session.scalars(select(HistoryEvent).where(HistoryEvent.stream == "access")).all()
        failed = [one.data["address"] for one in entries if one.kind in ("sign_in_failed", "sign_in_locked")]
    assert failed == [READER] * 5


def test_browsers_are_told_to_stay_with_https_where_they_came_by_it(behind: World, world: World) -> None:
    client = behind.app.test_client()
    for path in ("/sign-in", "/healthz", "/api/openapi.json", "/static/nothing.css"):
        secure = client.get(path, **relayed(READER, **{"X-Forwarded-Proto": "https"}))  # type: ignore[arg-type]
        assert secure.headers["Strict-Transport-Security"] == "max-age=31536000", path
        assert "Strict-Transport-Security" not in client.get(path).headers
        forged = world.app.test_client().get(path, headers={"X-Forwarded-Proto": "https"})
        assert "Strict-Transport-Security" not in forged.headers
    fresh = behind.app.test_client()
    cookie = fresh.get("/sign-in", **relayed(READER)).headers["Set-Cookie"]  # type: ignore[arg-type]
    assert "Secure" in cookie


def test_metrics_are_for_the_monitoring(behind: World, world: World) -> None:
    client, path = behind.app.test_client(), "/metrics"
    assert client.get(path).status_code == 200  # from this machine itself
    bearer = {"Authorization": "Bearer a-token-for-monitoring"}
    assert client.get(path, **relayed(READER, **bearer)).status_code == 200  # type: ignore[arg-type]
    assert client.get(path, environ_overrides={"REMOTE_ADDR": READER}, headers=bearer).status_code == 200
    for refused in (
        relayed(READER),
        relayed("127.0.0.1"),
        relayed(READER, Authorization="Bearer another-token"),
        {"environ_overrides": {"REMOTE_ADDR": READER}},
    ):
        answer = client.get(path, **refused)  # type: ignore[arg-type]
        assert answer.status_code == 403, refused
        assert "liaison_" not in answer.text
    # A proxy on this machine that nobody has told the service of: all its readers seem to be this machine.
    assert world.app.test_client().get(path, headers={"X-Forwarded-For": READER}).status_code == 403
    assert world.app.test_client().get(path, headers={"Authorization": "Bearer "}).status_code == 200
