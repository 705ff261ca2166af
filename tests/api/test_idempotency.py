"""Idempotency-Key: one operation, one answer, whatever the network does."""

from __future__ import annotations

from contextvars import copy_context
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from service import clock
from service.db import IdempotentAnswer
from service.history import HistoryEvent, OutboxEntry
from service.processes.models import Instance, Timer, UserTask
from service.processes.replay import verify
from service.worker import daily
from tests.factories.databases import ON_BOTH
from tests.factories.world import World

pytestmark = ON_BOTH


def count(world: World, table: Any) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def at_once(calls: list[Any]) -> list[TestResponse]:
    """The answers of ``calls``, all made at the same moment from threads of their own."""
    answers: list[TestResponse] = [None] * len(calls)  # type: ignore[list-item]
    start = Barrier(len(calls))

    def run(place: int) -> None:
        start.wait()
        answers[place] = calls[place]()

    threads = [Thread(target=copy_context().run, args=(run, place)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_same_key_and_body_give_the_first_answer_again(world: World) -> None:
    api, body = world.api("liaison-hrss"), {"process": "request", "data": world.need()}
    first = api.post("/instances", body, key="a-1")
    again = api.post("/instances", body, key="a-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(world, Instance) == 1


def test_the_order_of_fields_makes_no_other_body(world: World) -> None:
    api, need = world.api("liaison-hrss"), world.need()
    first = api.post("/instances", {"process": "request", "data": need}, key="a-1")
    turned = {"data": dict(reversed(need.items())), "process": "request"}
    assert api.post("/instances", turned, key="a-1").json == first.json


def test_same_key_with_another_body_or_call_is_refused(world: World) -> None:
    api = world.api("liaison-hrss")
    case = api.post("/instances", {"process": "request", "data": world.need()}, key="k").json["id"]
    other = api.post("/instances", {"process": "request", "data": world.need(title="别的")}, key="k")
    assert (other.status_code, other.json["errors"][0]["path"]) == (422, "Idempotency-Key")
    elsewhere = api.post(f"/instances/{case}/comment", {"text": "说明"}, key="k")
    assert elsewhere.status_code == 422
    assert count(world, Instance) == 1


def test_keys_of_different_people_do_not_meet(world: World) -> None:
    case = world.dispatched()
    for user in ("office", "handler-edu"):
        assert world.api(user).post(f"/instances/{case}/comment", {"text": "收到"}, key="same").status_code == 201
    assert count(world, IdempotentAnswer) == 2


def test_a_refusal_is_the_first_answer_too(world: World) -> None:
    world.dispatched()
    api, task = world.api("handler-edu"), world.task("handle").id
    bad = {"data": {"result": "done"}}
    first = api.post(f"/tasks/{task}/complete", bad, key="k")
    again = api.post(f"/tasks/{task}/complete", bad, key="k")
    assert (first.status_code, again.status_code) == (422, 422)
    assert first.json == again.json
    assert again.mimetype == "application/problem+json"
    assert world.task("handle").status == "open"


def test_a_completed_task_answers_its_repetition_and_refuses_others(world: World) -> None:
    world.dispatched()
    api, task = world.api("handler-edu"), world.task("handle").id
    body = {"data": world.sample("handle"), "revision": 1}
    first = api.post(f"/tasks/{task}/complete", body, key="k")
    assert first.status_code == 200
    assert api.post(f"/tasks/{task}/complete", body, key="k").json == first.json
    assert api.post(f"/tasks/{task}/complete", body).status_code == 409


def test_bad_keys_are_refused(world: World) -> None:
    api = world.api("liaison-hrss")
    for key in ("", " ", "有汉字", "x" * 201, "a b"):
        headers = {"Idempotency-Key": key.encode().decode("latin-1")}
        answer = api.post("/instances", {"process": "request"}, headers=headers)
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "Idempotency-Key")
    assert count(world, Instance) == 0


def test_two_at_once_with_the_same_key_do_the_work_once(world: World) -> None:
    world.dispatched()
    task, body = world.task("handle").id, {"data": world.sample("handle")}
    apis = [world.api("handler-edu") for _ in range(3)]
    answers = at_once([lambda api=api: api.post(f"/tasks/{task}/complete", body, key="once") for api in apis])
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json == answers[1].json == answers[2].json
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True, True]


def test_two_people_at_once_one_succeeds(world: World) -> None:
    world.recorded()
    task, body = world.task("accept").id, {"data": world.sample("accept")}
    apis = [world.api("office") for _ in range(2)]
    calls = [
        lambda api=api, key=f"key-{place}": api.post(f"/tasks/{task}/complete", body, key=key)
        for place, api in enumerate(apis)
    ]
    answers = at_once(calls)
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_old_answers_are_forgotten(world: World) -> None:
    case, api = world.dispatched(), world.api("office")
    first = api.post(f"/instances/{case}/comment", {"text": "收到"}, key="k").json
    for days, again in ((6, True), (2, False)):
        world.clock.advance(days=days)
        with world.transaction() as session:
            daily.forget_old_answers(session, now=clock.now())
        answer = api.post(f"/instances/{case}/comment", {"text": "收到"}, key="k").json
        assert (answer == first) is again


def test_after_a_failure_of_the_service_the_same_key_works(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.dispatched()
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    api, task, body = world.api("handler-edu"), world.task("handle").id, {"data": world.sample("handle")}
    with monkeypatch.context() as broken:

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("刘先生 13800000000")

        broken.setattr("service.processes.advance.apply_effects", fail)
        failed = api.post(f"/tasks/{task}/complete", body, key="k")
    assert (failed.status_code, failed.json["type"]) == (500, "incident")
    assert "13800000000" not in failed.text
    assert count(world, IdempotentAnswer) == 0
    assert world.task("handle").status == "open"
    assert api.post(f"/tasks/{task}/complete", body, key="k").status_code == 200


class Crash(Exception):
    """The process is gone."""


def test_a_crash_between_any_two_statements_leaves_nothing_half_done(world: World) -> None:
    world.dispatched()
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    api, task, body = world.api("handler-edu"), world.task("handle").id, {"data": world.sample("handle")}
    before, left = _stored(world), 0

    def run_down(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash

    for name in ("before_cursor_execute", "commit"):
        event.listen(world.database.engine, name, run_down)
    crashes, status = 0, 500
    while status == 500:
        crashes += 1
        left = crashes
        status = api.post(f"/tasks/{task}/complete", body, key="k").status_code
        left = 0
        if status == 500:
            assert _stored(world) == before
    assert crashes > 15
    assert status == 200
    assert world.done("handle").id == task
    assert api.post(f"/tasks/{task}/complete", body, key="k").status_code == 200
    with world.database.reading() as session:
        assert list(verify(session)) == []


def _stored(world: World) -> list[int]:
    return [count(world, table) for table in (HistoryEvent, UserTask, Timer, IdempotentAnswer, OutboxEntry)]
