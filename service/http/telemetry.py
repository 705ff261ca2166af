"""One log line and one count for each request of the whole service, pages too; its id goes in and out."""

from __future__ import annotations

import re
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, g, request, request_started
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from service import ids

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
REGISTRY = CollectorRegistry()
REQUESTS = Counter("liaison_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram("liaison_request_seconds", "Time to answer.", ["method", "route"], registry=REGISTRY)

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})

log = structlog.get_logger("service.requests")


def install(app: Flask) -> None:
    """Follows every request of ``app``."""
    request_started.connect(_begin, app)
    app.after_request(_end)


def _begin(_app: Flask, **_: Any) -> None:
    """Before anything else may refuse the request, so that refusals have an id too."""
    given = request.headers.get(HEADER, "")
    g.request_id = given if _ID.fullmatch(given) else ids.new().hex
    g.began = perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(answer: Response) -> Response:
    answer.headers[HEADER] = g.request_id
    # The pattern of the address, not the address: ids and search words stay out of logs and labels.
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    seconds = perf_counter() - g.began
    REQUESTS.labels(request.method, route, answer.status_code).inc()
    SECONDS.labels(request.method, route).observe(seconds)
    note = log.debug if route in _QUIET else log.info
    note(
        "request",
        method=request.method,
        route=route,
        status=answer.status_code,
        ms=round(seconds * 1000, 1),
        address=request.remote_addr,
    )
    return answer
