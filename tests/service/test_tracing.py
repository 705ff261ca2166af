"""Traces: what a collector is told of requests, statements and timers, and what it is not told."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from service.config import load
from service.config.trust import Traces
from service.db import Database
from service.errors import Invalid
from service.tracing import tracing
from service.worker import Rota
from tests.factories.districts import QUIET, copied
from tests.factories.workers import worker_of
from tests.factories.world import LIAISON, World

CONFIG = Path(__file__).parents[2] / "config"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector(ThreadingHTTPServer):
    """Takes spans as a collector does (OTLP over HTTP)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.spans: list[Any] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/traces"

    @property
    def text(self) -> str:
        """All that came, as text."""
        return "\n".join(map(str, self.spans))


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        told = ExportTraceServiceRequest.FromString(body)
        server: Any = self.server
        server.spans += [span for part in told.resource_spans for scope in part.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def _collector() -> Iterator[Collector]:
    with Collector() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _attributes(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def _flush(spans: Any) -> None:
    spans._tracer.span_processor.force_flush()


def test_a_request_and_its_statements_are_told_without_what_they_are_about(world: World) -> None:
    with _collector() as collector:
        world.settings = replace(world.settings, tracing=Traces(collector.endpoint, 100))
        world._environ = {"LIAISON_TRACING_ENDPOINT": collector.endpoint}  # an application of its own
        world.start(title="子女入读公办学校")
        api = world.api(LIAISON)
        api.get("/requests", headers={"traceparent": PARENT}, q="子女入读")
        _flush(world.app.extensions["liaison_tracing"])
        [request] = [one for one in collector.spans if one.name == "GET /api/v1/requests"]
        said = _attributes(request)
        assert (said["http.response.status_code"], said["http.route"]) == (200, "/api/v1/requests")
        assert request.trace_id.hex() == PARENT.split("-")[1]
        statements = [one for one in collector.spans if one.parent_span_id == request.span_id]
        assert {"SELECT instance"} <= {one.name for one in statements}
        assert "子女" not in collector.text


def test_a_timer_is_told_and_an_idle_worker_is_not(world: World) -> None:
    with _collector() as collector:
        world.settings = replace(world.settings, tracing=Traces(collector.endpoint, 100))
        world.dispatched("edu")
        worker = worker_of(world)
        worker.tick(world.clock.now)
        _flush(worker._tracing)
        assert [one.name for one in collector.spans if one.name.startswith("worker")] == []
        worker.tick(world.clock.advance(days=12))
        _flush(worker._tracing)
        assert "worker timer" in {one.name for one in collector.spans}


def test_an_error_is_told_without_its_words() -> None:
    with _collector() as collector:
        spans = tracing(collector.endpoint, percent=100, environment="test", process="worker")
        assert spans is not None
        with pytest.raises(ValueError, match="周慕白"), spans.work("worker timer"):
            raise ValueError("周慕白")
        _flush(spans)
        [told] = collector.spans
        assert told.status.code == 2
        assert "周慕白" not in collector.text


def test_an_error_of_one_of_many_databases_is_heard_once(tmp_path: Path) -> None:
    """The library keeps who hears of errors with the dialect, which all of them share."""
    with _collector() as collector:
        spans = tracing(collector.endpoint, percent=100, environment="test", process="web")
        assert spans is not None
        many = [Database(f"sqlite:///{tmp_path / name}.db", idle=1) for name in ("east", "west", "north")]
        for one in many:
            with one.reading() as session:
                session.execute(text("SELECT 1"))
            spans.watch(one.engine)
        dialects = {one.engine.dialect for one in many}
        assert [len(list(one.dispatch.handle_error)) for one in dialects] == [1]
        with spans.work("page"), many[1].reading() as session, pytest.raises(OperationalError):
            session.execute(text("SELECT 1 FROM nowhere"))
        _flush(spans)
        assert [one.status.code for one in collector.spans if one.name == "SELECT nowhere"] == [2]
        for one in many:
            one.dispose()


@pytest.mark.databases("sqlite")
def test_a_worker_of_many_districts_sends_what_it_tells_in_one_way(tmp_path: Path, sqlite_world: Path) -> None:
    folder = tmp_path / "tenants"
    folder.mkdir()
    for name in ("east", "west"):
        copied(folder, name, sqlite_world)
    with _collector() as collector:
        rota, stop = Rota(folder, {**QUIET, "LIAISON_TRACING_ENDPOINT": collector.endpoint}, look_seconds=0.05), Event()
        thread = Thread(target=rota.run, args=(stop,))
        thread.start()
        try:
            end = time.monotonic() + 60
            while rota.names != ["east", "west"]:
                assert time.monotonic() < end, "it never came so far"
                time.sleep(0.02)
            [one] = {served.worker._tracing for served in rota._served.values()}
            assert one is not None
        finally:
            stop.set()
            thread.join(60)


def test_nothing_is_told_without_a_collector(world: World) -> None:
    assert "liaison_tracing" not in world.app.extensions
    assert not trace.get_current_span().is_recording()


def test_a_wrong_address_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        load(CONFIG, {"LIAISON_TRACING_ENDPOINT": "collector:4318"})
    assert [one.path for one in refused.value.findings] == ["LIAISON_TRACING_ENDPOINT"]


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.tracing.find_spec", lambda _: None)
    with pytest.raises(Invalid, match=r"talent-liaison\[tracing\]"):
        tracing("http://127.0.0.1:1/", percent=100, environment="test", process="web")
