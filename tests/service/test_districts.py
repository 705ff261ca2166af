"""Several districts behind one application: each is served by its host name, and nothing of one is seen in another."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from service import clock
from service.app import create_districts
from service.auth.queries import actor_of
from service.auth.sessions import COOKIE
from service.db import migrate
from service.demonstration import PASSWORD
from service.errors import Invalid
from service.http import districts as hosts
from service.http.context import KEY
from service.http.districts import AWAY, NOBODYS
from service.studio import drafts
from tests.factories.districts import (
    QUIET,
    Asking,
    copied,
    district,
    host,
    opened_in,
    session_in,
    token_in,
)

pytestmark = pytest.mark.databases("sqlite")
WHO = "office"
FORM = "forms/record_need.json"


@pytest.fixture
def folder(sqlite_world: Path, tmp_path: Path) -> Path:
    """Two districts, of which the second was made from a copy of the first: all ids are the same in both."""
    there = tmp_path / "tenants"
    copied(there, "east", sqlite_world)
    copied(there, "west", sqlite_world)
    return there


def served(folder: Path, **environ: str) -> Flask:
    return create_districts(environ={**QUIET, "LIAISON_DISTRICTS": str(folder), **environ})


@pytest.fixture
def app(folder: Path) -> Flask:
    return served(folder)


def phrases(asking: Asking) -> list[str]:
    return [one["text"] for one in asking.get("/api/v1/phrases").json["items"]]


def test_what_is_written_in_one_stands_in_no_other(app: Flask, folder: Path) -> None:
    east = Asking(app, "east", token=token_in(folder / "east", WHO))
    west = Asking(app, "west", token=token_in(folder / "west", WHO))
    before = phrases(west)
    assert east.post("/api/v1/phrases", {"text": "只在东区"}).status_code == 201
    assert "只在东区" in phrases(east)
    assert phrases(west) == before


def test_an_answer_that_is_kept_by_its_key_is_that_of_the_district(app: Flask, folder: Path) -> None:
    one = {"Idempotency-Key": "the-same-key"}
    for name in ("east", "west"):
        asking = Asking(app, name, token=token_in(folder / name, WHO))
        for _ in range(2):
            answer = asking.post("/api/v1/phrases", {"text": f"在 {name}"}, **one)
            assert (answer.status_code, f"在 {name}" in answer.text) == (201, True)
        assert phrases(asking).count(f"在 {name}") == 1
        assert not [said for said in phrases(asking) if said.startswith("在 ") and said != f"在 {name}"]


def test_neither_token_nor_session_of_one_opens_another(app: Flask, folder: Path) -> None:
    token, cookie = token_in(folder / "east", WHO), session_in(folder / "east", WHO)
    assert Asking(app, "east", token=token).get("/api/v1/phrases").status_code == 200
    assert Asking(app, "west", token=token).get("/api/v1/phrases").status_code == 401
    assert Asking(app, "east", cookie=cookie).get("/tasks").status_code == 200
    refused = Asking(app, "west", cookie=cookie).get("/tasks")
    assert (refused.status_code, refused.location.startswith("/sign-in")) == (302, True)


def signed_in(client: Client, name: str, *, token: str = "") -> tuple[int, str]:
    """A try to sign in; the status of the answer, and the token against forged requests of the page."""
    base = f"http://{host(name)}"
    page = client.get("/sign-in", base_url=base).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    form = {"username": WHO, "password": PASSWORD, "csrf_token": token or found[1]}
    return client.post("/sign-in", data=form, base_url=base).status_code, found[1]


def test_what_one_has_signed_counts_nothing_in_another(app: Flask) -> None:
    """A browser keeps cookies by host; somebody who carries them over by hand gets no further."""
    client = app.test_client()
    code, token = signed_in(client, "east")
    assert code == 302
    assert client.get("/tasks", base_url=f"http://{host('east')}").status_code == 200
    assert signed_in(app.test_client(), "west", token=token)[0] == 400
    fresh = app.test_client()
    fresh.get("/sign-in", base_url=f"http://{host('east')}")
    note = fresh.get_cookie("liaison", domain=host("east"))
    assert note is not None
    carried = {"Cookie": f"liaison={note.value}"}
    form = {"username": WHO, "password": PASSWORD, "csrf_token": signed_in(fresh, "east")[1]}
    answer = app.test_client(use_cookies=False).post(
        "/sign-in", data=form, base_url=f"http://{host('west')}", headers=carried
    )
    assert answer.status_code == 400


def test_who_floods_one_takes_nothing_from_another(folder: Path) -> None:
    app = served(folder, LIAISON_RATE_LIMITS_API_PER_MINUTE="3")
    east = Asking(app, "east", token=token_in(folder / "east", WHO))
    west = Asking(app, "west", token=token_in(folder / "west", WHO))
    assert {east.get("/api/v1/phrases").status_code for _ in range(10)} >= {200, 429}
    assert west.get("/api/v1/phrases").status_code == 200


def test_failed_sign_ins_lock_nobody_of_another_district(app: Flask) -> None:
    for _ in range(7):
        client = app.test_client()
        page = client.get("/sign-in", base_url=f"http://{host('east')}").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        form = {"username": WHO, "password": "wrong", "csrf_token": token[1]}
        client.post("/sign-in", data=form, base_url=f"http://{host('east')}")
    assert signed_in(app.test_client(), "east")[0] == 429
    assert signed_in(app.test_client(), "west")[0] == 302


def test_a_draft_of_the_same_id_is_read_as_it_stands_in_each(sqlite_world: Path, tmp_path: Path) -> None:
    """A process remembers drafts that it has read, each as that of its district."""
    folder, now = tmp_path / "tenants", clock.now()
    first = copied(folder, "east", sqlite_world)
    with opened_in(first) as session:
        made = drafts.create(session, process="request", actor=actor_of(session, "owner"), now=now).id
    copied(folder, "west", first / "var" / "liaison.db")
    for name in ("east", "west"):
        with opened_in(folder / name) as session:
            owner = actor_of(session, "owner")
            draft = drafts.get(session, made, owner)
            form = drafts.file(session, draft, FORM).replace("登记".encode(), f"登记在{name}".encode())
            drafts.put(session, draft_id=made, name=FORM, content=form, revision=draft.revision, actor=owner, now=now)
    app = served(folder)
    shown = {}
    for name in ("east", "west"):
        page = Asking(app, name, cookie=session_in(folder / name, "owner")).get(f"/studio/{made}/diagram")
        assert page.status_code == 200
        shown[name] = set(re.findall("在(east|west)", page.text))
    assert shown == {"east": {"east"}, "west": {"west"}}


def test_an_unknown_host_is_told_nothing_of_any_district(app: Flask) -> None:
    client = app.test_client()
    for base in ("http://elsewhere.example", "http://127.0.0.1:8000", f"http://x.{host('east')}"):
        for path in ("/", "/sign-in", "/api/v1/tasks", "/static/icon.svg", "/readyz", "/api/openapi.json"):
            answer = client.get(path, base_url=base)
            assert (answer.status_code, answer.text) == (404, NOBODYS)
            assert answer.mimetype == "text/plain"
    assert client.get("/healthz", base_url="http://127.0.0.1:8000").status_code == 200


def test_a_host_header_counts_and_nothing_else_that_names_one(app: Flask) -> None:
    client = app.test_client()
    asked = {"X-Forwarded-Host": host("west"), "Forwarded": f"host={host('west')}", "X-Host": host("west")}
    assert client.get("/healthz", base_url=f"http://{host('EAST')}:8443", headers=asked).status_code == 200
    assert list(app.extensions[KEY]._open) == ["east"]


def test_what_is_measured_names_the_district_and_is_read_by_itself(app: Flask, folder: Path) -> None:
    for name, count in (("east", 2), ("west", 1)):
        for _ in range(count):
            Asking(app, name).get("/sign-in")
    own = app.test_client().get("/metrics", base_url=f"http://{host('east')}").text
    assert 'district="east"' in own
    assert "west" not in own
    assert "\nliaison_instances{" in own or "\nliaison_incidents_open 0.0" in own
    district(folder, "north", "sqlite:///var/none.db")
    whole = app.test_client().get("/metrics", base_url="http://127.0.0.1").text
    assert re.search(
        r'liaison_requests_total\{district="west",method="GET",route="/sign-in",status="200"\} [1-9]', whole
    )
    up = dict(re.findall(r'liaison_district_up\{district="(\w+)"\} (\S+)', whole))
    assert up == {"east": "1.0", "north": "0.0", "west": "1.0"}  # a new one, without a database so far
    assert len(re.findall(r'^liaison_incidents_open\{district="\w+"\}', whole, re.MULTILINE)) == 2
    assert len(re.findall("^# TYPE liaison_incidents_open ", whole, re.MULTILINE)) == 1
    elsewhere = {"REMOTE_ADDR": "10.9.9.9"}
    refused = app.test_client().get("/metrics", base_url="http://127.0.0.1", environ_overrides=elsewhere)
    assert (refused.status_code, "east" in refused.text) == (403, False)


def test_each_line_of_the_log_names_the_district(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    Asking(app, "east").get("/sign-in")
    Asking(app, "west").get("/sign-in")
    app.test_client().get("/sign-in", base_url="http://elsewhere.example")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = [(line["event"], line["district"]) for line in lines if line["event"] in ("request", "district_served")]
    assert told == [(what, name) for name in ("east", "west") for what in ("district_served", "request")]


def test_one_that_cannot_be_served_holds_up_no_other_and_comes_by_itself(
    folder: Path, sqlite_world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    north = district(folder, "north", f"sqlite:///{folder / 'north' / 'var' / 'liaison.db'}")
    app = served(folder)
    away = Asking(app, "north").get("/sign-in")
    assert (away.status_code, away.text, away.headers["Retry-After"]) == (503, AWAY, "10")
    assert Asking(app, "east").get("/sign-in").status_code == 200
    assert "liaison migrate" in capsys.readouterr().err
    monkeypatch.setattr(hosts, "AGAIN_SECONDS", 0.0)
    (north / "var").mkdir(exist_ok=True)
    shutil.copy(sqlite_world, north / "var" / "liaison.db")
    assert Asking(app, "north").get("/sign-in").status_code == 200


def test_one_that_is_filled_in_later_is_read_as_it_then_is(app: Flask, folder: Path, sqlite_world: Path) -> None:
    time.sleep(0.02)
    north = district(folder, "north", "sqlite:///var/none.db")
    assert Asking(app, "north").get("/sign-in").status_code == 503
    shutil.copy(sqlite_world, north / "other.db")
    written = f"LIAISON_PUBLIC_URL=http://{host('north')}\nLIAISON_DATABASE_URL=sqlite:///"
    hosts_of = app.extensions[KEY]
    (north / "environment").write_text(f"{written}../east/var/liaison.db\n", encoding="utf-8")
    hosts_of._failed.clear()
    assert Asking(app, "north").get("/sign-in").status_code == 503  # another's database is nobody else's
    (north / "environment").write_text(f"{written}other.db\n", encoding="utf-8")
    hosts_of._failed.clear()
    assert Asking(app, "north").get("/sign-in").status_code == 200


def test_bad_settings_are_looked_at_again_and_not_for_every_request(
    folder: Path, sqlite_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    north = copied(folder, "north", sqlite_world, LIAISON_SESSION_HOURS="no")
    app, looks = served(folder), []
    usual = hosts.known
    monkeypatch.setattr(hosts, "known", lambda *given: looks.append(1) or usual(*given))
    for _ in range(3):
        assert Asking(app, "north").get("/sign-in").status_code == 404
    assert looks == []
    (north / "environment").write_text(f"LIAISON_PUBLIC_URL=http://{host('north')}\n", encoding="utf-8")
    monkeypatch.setattr(hosts, "MENDED_SECONDS", 0.0)
    assert Asking(app, "north").get("/sign-in").status_code == 200
    assert looks == [1]


def test_a_new_folder_is_served_without_a_restart(app: Flask, folder: Path, sqlite_world: Path, tmp_path: Path) -> None:
    assert Asking(app, "north").get("/sign-in").status_code == 404
    time.sleep(0.02)  # for the time of the folder's last change, in steps of a tick of the kernel
    copied(tmp_path, "north", sqlite_world).rename(folder / "north")
    (folder / "north" / "environment").write_text(f"LIAISON_PUBLIC_URL=http://{host('north')}\n", encoding="utf-8")
    assert Asking(app, "north").get("/sign-in").status_code == 200


def test_two_with_one_host_never_start(folder: Path) -> None:
    district(folder, "north", "sqlite:///var/own.db", LIAISON_PUBLIC_URL=f"http://{host('east')}")
    with pytest.raises(Invalid, match="区 east、区 north 的主机名相同"):
        served(folder)


def test_nothing_of_a_district_stays_with_the_application(app: Flask, folder: Path) -> None:
    """The parts go with the request: what asks for them outside one gets none."""
    Asking(app, "east", token=token_in(folder / "east", WHO)).get("/api/v1/phrases")
    with app.app_context(), pytest.raises(RuntimeError):
        app.extensions[KEY].wired()
    assert COOKIE not in app.config


def test_idle_ones_keep_no_connection(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    Asking(app, "east").get("/sign-in")
    database = app.extensions[KEY].open("east").database
    assert database.engine.pool.checkedin() == 1
    app.extensions[KEY].let_go_of_idle()
    assert database.engine.pool.checkedin() == 1
    monkeypatch.setattr(hosts, "IDLE_SECONDS", -1.0)
    app.extensions[KEY].let_go_of_idle()
    assert database.engine.pool.checkedin() == 0
    assert Asking(app, "east").get("/sign-in").status_code == 200
    assert migrate.is_current(database)
