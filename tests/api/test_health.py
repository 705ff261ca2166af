"""Health, readiness, metrics, request ids and logs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service import clock
from service.processes.upkeep import WorkerBeat
from tests.factories.databases import ON_BOTH
from tests.factories.world import World

pytestmark = ON_BOTH


def beat(world: World, ago: timedelta = timedelta(0)) -> None:
    with world.transaction() as session:
        session.merge(WorkerBeat(worker="test:1", beat_at=clock.now() - ago))


def gauges(world: World) -> dict[str, float]:
    """Name with labels → value."""
    text = world.app.test_client().get("/metrics").text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_ready_needs_a_worker(world: World) -> None:
    client = world.app.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    missing = client.get("/readyz")
    assert (missing.status_code, missing.json["checks"]["worker"]) == (503, False)
    beat(world)
    assert client.get("/readyz").status_code == 200
    beat(world, timedelta(minutes=5))
    assert client.get("/readyz").status_code == 503


def test_ready_needs_a_database(world: World) -> None:
    beat(world)
    client = world.app.test_client()
    world.disturb("SELECT nothing FROM nowhere")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"database": False, "migrations": False, "worker": False}


def test_metrics_tell_the_state_of_the_house(world: World) -> None:
    assert gauges(world)["liaison_worker_heartbeat_age_seconds"] == float("inf")
    world.dispatched("edu", "guicheng")
    world.finished()
    beat(world, timedelta(seconds=40))
    world.clock.advance(days=12)
    found = gauges(world)
    assert found["liaison_tasks_open{light=red}"] == 3
    assert found["liaison_tasks_open{light=green}"] == 0
    assert found["liaison_instances{status=running}"] == 1
    assert found["liaison_instances{status=completed}"] == 1
    assert found["liaison_timers_waiting"] > 0
    assert found["liaison_timers_due"] > 0
    assert found["liaison_incidents_open"] == 0
    assert found["liaison_worker_heartbeat_age_seconds"] == 12 * 86400 + 40


def test_requests_are_counted_by_route_not_by_address(world: World) -> None:
    case = world.start()
    name = "liaison_requests_total{district=,method=GET,route=/api/v1/instances/<uuid:instance_id>,status=200}"
    before = gauges(world).get(name, 0)
    world.api("office").get(f"/instances/{case}")
    found = gauges(world)
    assert found[name] == before + 1
    assert not [key for key in found if str(case) in key]


def test_request_ids_go_in_and_out(world: World) -> None:
    client = world.app.test_client()
    assert client.get("/healthz", headers={"X-Request-ID": "abc-123"}).headers["X-Request-ID"] == "abc-123"
    for forged in ("x" * 100, "a b", "<script>"):
        made = client.get("/healthz", headers={"X-Request-ID": forged}).headers["X-Request-ID"]
        assert made != forged
        assert len(made) == 32
    assert client.get("/sign-in").headers["X-Request-ID"]


def test_logs_are_json_without_personal_data(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.start()
    api, task = world.api("liaison-hrss"), world.task("record_need").id
    capsys.readouterr()
    api.get("/talents", q="周慕白", headers={"X-Request-ID": "one"})
    api.post(f"/tasks/{task}/complete", {"data": world.need(title="秘密事项")}, headers={"X-Request-ID": "two"})
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    requests = {line["request_id"]: line for line in lines if line["event"] == "request"}
    assert requests["one"]["route"] == "/api/v1/talents"
    assert (requests["two"]["method"], requests["two"]["status"]) == ("POST", 200)
    assert isinstance(requests["two"]["ms"], float)
    for secret in ("周慕白", "秘密", "%E5", str(task), world.token("liaison-hrss")):
        assert secret not in written


def test_a_failed_statement_is_logged_without_its_values(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    case = world.dispatched()
    api = world.api("office")
    world.disturb("PRAGMA query_only=ON" if world.database.is_sqlite else "SET default_transaction_read_only = on")
    capsys.readouterr()
    assert api.post(f"/instances/{case}/comment", {"text": "绝密内容"}, key="k").status_code == 503
    written = capsys.readouterr().err
    assert "database failure" in written
    assert "绝密" not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert [one["exception"] for one in lines if one["event"] == "database failure"]
