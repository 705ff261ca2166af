"""Traces for OpenTelemetry, where the settings name a collector: a span a request or wake-up, and one a statement.

A span says what was done and how long it took, never whose data it was: the pattern of an address, the kind and the
table of a statement. Without a collector nothing of it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from sqlalchemy import Dialect, Engine, event

from service.errors import Finding, Invalid

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

SERVICE = "talent-liaison"
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+\"?(\w+)", re.IGNORECASE)
_STARTED = "tracing_span"

_dialects: WeakSet[Dialect] = WeakSet()
"""Those whose errors are heard: the library keeps that with the dialect, which many engines may share (``db.shared``).
"""
_lock = Lock()


class Tracing:
    """The spans of one process. ``begin`` and ``end`` are for a request, ``work`` is for what a worker does."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, headers: Mapping[str, str]) -> Any:
        """Begins the span of a request, within the trace that its ``traceparent`` names; gives it with its token."""
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        given = TraceContextTextMapPropagator().extract({name.lower(): value for name, value in headers.items()})
        span = self._tracer.start_span("request", context=given, kind=trace.SpanKind.SERVER)
        return span, context.attach(trace.set_span_in_context(span, given))

    def end(self, begun: Any, *, method: str, route: str, status: int, request_id: str) -> None:
        """Ends it with what is known now."""
        from opentelemetry import context
        from opentelemetry.trace import StatusCode

        span, token = begun
        span.update_name(f"{method} {route}")
        said = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        span.set_attributes({**said, "liaison.request_id": request_id})
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()
        context.detach(token)

    @contextmanager
    def work(self, name: str) -> Iterator[Span]:
        """A span of its own around what stands within."""
        from opentelemetry.trace import StatusCode

        # an error's words hold people's data
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
            try:
                yield span
            except BaseException:
                span.set_status(StatusCode.ERROR)
                raise

    def watch(self, *engines: Engine) -> None:
        """From now on each statement that belongs to a span has one of its own."""
        for engine in engines:
            self._watch(engine)

    def _watch(self, engine: Engine) -> None:
        from opentelemetry import trace

        system = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"

        @event.listens_for(engine, "before_cursor_execute")
        def begin(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, many: bool) -> None:
            if context is None or not trace.get_current_span().is_recording():
                return
            kind = statement.lstrip().partition(" ")[0].upper()
            table = found[1] if (found := _TABLE.search(statement)) else ""
            span = self._tracer.start_span(f"{kind} {table}".strip(), kind=trace.SpanKind.CLIENT)
            span.set_attributes({"db.system.name": system, "db.operation.name": kind, "liaison.many": many})
            if table:
                span.set_attribute("db.collection.name", table)
            setattr(context, _STARTED, span)

        @event.listens_for(engine, "after_cursor_execute")
        def end(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
            if (span := getattr(context, _STARTED, None)) is not None:
                span.end()

        with _lock:
            if engine.dialect in _dialects:
                return
            _dialects.add(engine.dialect)
        event.listen(engine, "handle_error", _fail)


def _fail(context: Any) -> None:
    """Ends the span of a statement that has failed, whoever began it."""
    from opentelemetry.trace import StatusCode

    if (span := getattr(context.execution_context, _STARTED, None)) is not None:
        span.set_status(StatusCode.ERROR)
        span.end()


class Traced(Protocol):
    """``tracing``, or what remembers its answers."""

    def __call__(self, endpoint: str, *, percent: int, environment: str, process: str) -> Tracing | None: ...


def tracing(endpoint: str, *, percent: int, environment: str, process: str) -> Tracing | None:
    """The tracing of this process (``process``: web or worker) to a collector at ``endpoint`` (OTLP over HTTP), of
    ``percent`` of what has no parent; None without an endpoint. Raises Invalid where the libraries are not installed.
    """
    if not endpoint:
        return None
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        said = "没有安装 OpenTelemetry：请安装 talent-liaison[tracing]，或去掉 tracing.endpoint"
        raise Invalid(said, [Finding("tracing.endpoint", said)])
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    said_of_us = {"service.name": SERVICE, "deployment.environment.name": environment, "liaison.process": process}
    provider = TracerProvider(resource=Resource.create(said_of_us), sampler=ParentBasedTraceIdRatio(percent / 100))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    return Tracing(provider.get_tracer(SERVICE))
