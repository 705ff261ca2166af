"""Bad input is refused field by field, in Chinese, as problem+json, and changes nothing."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.history import HistoryEvent
from service.processes.models import Instance
from tests.factories.databases import ON_BOTH
from tests.factories.world import World


def events(world: World) -> int:
    with world.database.reading() as session:
        of_cases = HistoryEvent.stream.startswith("instance:")
        return session.scalar(select(func.count()).where(of_cases)) or 0


def paths(answer: TestResponse) -> list[str]:
    return [error["path"] for error in answer.json["errors"]]


def expect(answer: TestResponse, status: int, kind: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert (answer.json["status"], answer.json["type"]) == (status, kind)
    assert answer.json["title"]
    assert answer.json["detail"]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


BAD_FIELDS: list[tuple[dict[str, Any], str | None]] = [
    ({"title": None}, "/data/title"),
    ({"title": 5}, "/data/title"),
    ({"title": ""}, "/data/title"),
    ({"title": "  "}, "/data/title"),
    ({"title": "字" * 100_001}, "/data/title"),
    ({"description": "含有\x07控制字符"}, "/data/description"),
    ({"description": "空\x00字符"}, "/data/description"),
    ({"description": "残缺\ud800"}, "/data/description"),
    ({"on_the_spot": "no"}, "/data/on_the_spot"),
    ({"category": "weather"}, "/data/category"),
    ({"received_on": "2300-01-01"}, "/data/received_on"),
    ({"received_on": "昨天"}, "/data/received_on"),
    ({"received_on": "2026-02-30"}, "/data/received_on"),
    ({"talent_id": "T9999"}, "/data/talent_id"),
    ({"leader_id": str(uuid4())}, "/data/leader_id"),
    ({"surprise": 1}, "/data/surprise"),
    ({"title": float("1e400")}, None),
    ({"on_the_spot": True}, "/data/answer"),
]


def test_bad_fields_of_a_form(world: World, subtests: pytest.Subtests) -> None:
    world.start()
    before, task, need, api = events(world), world.task("record_need").id, world.need(), world.api("liaison-hrss")
    for change, path in BAD_FIELDS:
        with subtests.test(str(change)[:60]):
            content = json.dumps({"data": {**need, **change}})
            answer = api.post(f"/tasks/{task}/complete", None, data=content, content_type="application/json")
            if path is None:
                expect(answer, 400, "bad_request")
            else:
                expect(answer, 422, "invalid")
                assert path in paths(answer)
    assert events(world) == before
    assert world.task("record_need").revision == 1


def test_every_missing_field_is_named(world: World) -> None:
    world.start()
    answer = world.api("liaison-hrss").post(f"/tasks/{world.task('record_need').id}/complete", {"data": {}})
    expect(answer, 422, "invalid")
    assert {f"/data/{name}" for name in world.need()} <= set(paths(answer))


@ON_BOTH
def test_emoji_and_rare_signs_are_kept(world: World) -> None:
    world.start()
    title = "孩子入学 👩‍🔬 𠮷野家 ﷽"
    answer = world.api("liaison-hrss").post(
        f"/tasks/{world.task('record_need').id}/complete", {"data": world.need(title=title)}
    )
    assert answer.status_code == 200
    assert answer.json["instance"]["title"] == title
    assert answer.json["instance"]["data"]["title"] == title


def test_huge_text(world: World) -> None:
    world.start()
    before, task, api = events(world), world.task("record_need").id, world.api("liaison-hrss")
    for size, status, kind in ((10_000_000, 413, "too_large"), (1_200_000, 422, "invalid")):
        expect(api.post(f"/tasks/{task}/complete", {"data": world.need(description="a" * size)}), status, kind)
    assert events(world) == before


BAD_BODIES = [
    (b"{", 400, "bad_request"),
    (b"\xff\xfe", 400, "bad_request"),
    (b'{"process": NaN}', 400, "bad_request"),
    (b"1" * 5000, 400, "bad_request"),
    (b"[" * 100_000, 400, "bad_request"),
    (b'{"data":' + b"[" * 40 + b"]" * 40 + b"}", 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b'"request"', 422, "invalid"),
    (b"null", 422, "invalid"),
    (b"", 422, "invalid"),
    (b"{}", 422, "invalid"),
    (b'{"process": 5}', 422, "invalid"),
    (b'{"process": "request", "data": []}', 422, "invalid"),
    (b'{"process": "request", "data": {"\\u0000": 1}}', 422, "invalid"),
    (b'{"process": "request", "more": 1}', 422, "invalid"),
    (b'{"process": "request", "data": {"settings": {}}}', 422, "invalid"),
    (b'{"process": "request", "data": {"nonsense": 1}}', 422, "invalid"),
    (b'{"process": "nowhere"}', 404, "not_found"),
]


def test_bad_bodies(world: World, subtests: pytest.Subtests) -> None:
    api = world.api("liaison-hrss")
    for content, status, kind in BAD_BODIES:
        with subtests.test(content[:60]):
            expect(api.post("/instances", None, data=content, content_type="application/json"), status, kind)
    assert events(world) == 0
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == 0


def test_bad_bodies_with_a_key_are_the_same(world: World) -> None:
    api = world.api("liaison-hrss")
    for content in (b"{", b"[" * 100_000, b'{"process": "\\ud800"}'):
        answer = api.post("/instances", None, key="k", data=content, content_type="application/json")
        assert answer.status_code in (400, 422)


def test_other_media_types(world: World) -> None:
    api = world.api("liaison-hrss")
    expect(api.post("/instances", None, data="process=request"), 415, "unsupported_media_type")
    xml = api.post("/instances", None, data="<process/>", content_type="application/xml")
    expect(xml, 415, "unsupported_media_type")


def test_addresses_that_lead_nowhere(world: World) -> None:
    api = world.api("office")
    for path in ("/nothing", "/tasks/5", "/instances/abc", f"/tasks/{uuid4()}", f"/instances/{uuid4()}/history"):
        expect(api.get(path), 404, "not_found")
    for path in (f"/tasks/{uuid4()}/claim", f"/instances/{uuid4()}/urge", f"/tasks/{uuid4()}/comment"):
        expect(api.post(path, {"text": "说明"} if "claim" not in path else {}), 404, "not_found")


def test_methods_that_an_address_has_not(world: World) -> None:
    answer = world.app.test_client().delete("/api/v1/tasks")
    expect(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_texts_of_operations(world: World) -> None:
    case, office = world.dispatched(), world.api("office")
    for text in ("", "  ", "坏\x07字", "长" * 4001, "极长" * 6000):
        answer = office.post(f"/instances/{case}/comment", {"text": text})
        expect(answer, 422, "invalid")
        assert paths(answer) == ["/text"]
    expect(office.post(f"/instances/{case}/suspend", {}), 422, "invalid")
    nobody = office.post(f"/instances/{case}/copy", {"to": ["nobody", "leader"]})
    expect(nobody, 422, "invalid")
    assert paths(nobody) == ["/to/0"]
    expect(office.post(f"/instances/{case}/copy", {"to": "leader"}), 422, "invalid")


def test_a_stale_page_is_a_conflict(world: World) -> None:
    world.dispatched()
    api, task = world.api("handler-edu"), world.task("handle").id
    api.post(f"/tasks/{task}/claim")
    stale = api.post(f"/tasks/{task}/complete", {"data": world.sample("handle"), "revision": 1})
    expect(stale, 409, "conflict")
    expect(api.post(f"/tasks/{task}/complete", {"data": {}, "revision": "1"}), 422, "invalid")
    assert api.post(f"/tasks/{task}/complete", {"data": world.sample("handle"), "revision": 2}).status_code == 200


BAD_QUERIES = [
    ("/tasks", {"light": "blue"}, "/light"),
    ("/tasks", {"status": "gone"}, "/status"),
    ("/tasks", {"status": "completed", "light": "red"}, "/light"),
    ("/tasks", {"sort": "random"}, "/sort"),
    ("/tasks", {"limit": "0"}, "/limit"),
    ("/tasks", {"limit": "1000"}, "/limit"),
    ("/tasks", {"limit": "x"}, "/limit"),
    ("/tasks", {"offset": "-1"}, "/offset"),
    ("/tasks", {"offset": "9" * 30}, "/offset"),
    ("/tasks", {"colour": "red"}, "/colour"),
    ("/tasks", {"q": "x" * 201}, "/q"),
    ("/tasks", {"unit": "a\x00b"}, "/unit"),
    ("/requests", {"since": "2026-13-01"}, "/since"),
    ("/requests", {"late": "perhaps"}, "/late"),
    ("/units", {"q": "\x00"}, "/q"),
    ("/talents", {"category": "9"}, "/category"),
    ("/calendar/due", {"from": "2300-01-01"}, "/from"),
    ("/calendar/due", {"from": "gestern"}, "/from"),
    ("/calendar/due", {"days": "2000"}, "/days"),
    ("/calendar/due", {"days": "1.5"}, "/days"),
]


def test_bad_queries(world: World, subtests: pytest.Subtests) -> None:
    api = world.api("office")
    for path, query, wrong in BAD_QUERIES:
        with subtests.test(f"{path} {query}"):
            answer = api.get(path, **query)
            expect(answer, 422, "invalid")
            assert paths(answer) == [wrong]


def test_a_broken_service_says_no_more_than_its_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("service.processes.queries.open_tasks", fail)
    answer = world.api("office").get("/tasks")
    expect(answer, 500, "incident")
    assert "secret" not in answer.text


@ON_BOTH
def test_a_read_only_database_is_named(world: World) -> None:
    world.dispatched()
    api, task = world.api("handler-edu"), world.task("handle").id
    sqlite = world.database.is_sqlite
    world.disturb("PRAGMA query_only=ON" if sqlite else "SET default_transaction_read_only = on")
    answer = api.post(f"/tasks/{task}/claim")
    expect(answer, 503, "unavailable")
    assert ("只读" if sqlite else "正在切换数据库，请几秒后重试") in answer.json["detail"]
    assert answer.headers["Retry-After"]
    assert api.get(f"/tasks/{task}").status_code == 200


@ON_BOTH
def test_a_locked_database_is_named(world: World) -> None:
    case = world.dispatched()
    api = world.api("office")
    world.disturb("PRAGMA busy_timeout=50" if world.database.is_sqlite else "SET lock_timeout='50ms'")
    with world.database.transaction() as session:
        session.scalars(select(Instance).where(Instance.id == case).with_for_update()).one()
        answer = api.post(f"/instances/{case}/suspend", {"reason": "等待"})
    expect(answer, 503, "unavailable")
    assert "正忙" in answer.json["detail"]
    assert api.post(f"/instances/{case}/suspend", {"reason": "等待"}).status_code == 200


# On a server that other tests share a full disk cannot be played.
def test_a_full_disk_is_named(world: World) -> None:
    case, api = world.dispatched(), world.api("office")
    world.disturb("PRAGMA max_page_count=1")  # no fewer than there are: the file cannot grow any more
    before = events(world)
    answers = [api.post(f"/instances/{case}/comment", {"text": "长" * 4000}) for _ in range(20)]
    expect(answers[-1], 503, "unavailable")
    assert "磁盘" in answers[-1].json["detail"]
    assert events(world) == before + sum(answer.status_code == 201 for answer in answers)


def test_too_many_calls(world: World) -> None:
    limits = world.app.extensions["liaison-api-limits"]
    world.app.extensions["liaison-api-limits"] = type(limits)(3)
    api = world.api("office")
    assert [api.get("/me").status_code for _ in range(3)] == [200, 200, 200]
    answer = api.get("/me")
    expect(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "60"
    assert world.api("auditor").get("/me").status_code == 200
    world.clock.advance(minutes=1)
    assert api.get("/me").status_code == 200


@pytest.mark.parametrize("made_up", ["Authorization", "Cookie"])
def test_who_makes_up_a_new_credential_for_each_call_is_counted_by_address(world: World, made_up: str) -> None:
    limits = world.app.extensions["liaison-api-limits"]
    world.app.extensions["liaison-api-limits"] = type(limits)(5)
    client = world.app.test_client(use_cookies=False)

    def call(number: int, address: str) -> int:
        said = {"Authorization": f"Bearer liaison_{number}", "Cookie": f"liaison_session=made-up-{number}"}[made_up]
        return client.get("/api/v1/me", headers={made_up: said}, environ_base={"REMOTE_ADDR": address}).status_code

    honest = world.api("office")
    assert honest.get("/me").status_code == 200
    assert [call(number, "127.0.0.1") for number in range(7)] == [401] * 5 + [429] * 2
    assert honest.get("/me").status_code == 200  # known there before: nobody's guesses refuse it
    assert call(99, "198.51.100.7") == 401
