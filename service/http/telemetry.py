"""One log line and one count for each request of the whole service, pages too; its id goes in and out."""

from __future__ import annotations

import re
from functools import lru_cache
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request, request_started
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from service import ids
from service.http.context import wired
from service.tracing import Tracing

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "liaison_requests", "Requests answered.", ["method", "route", "status", "district"], registry=REGISTRY
)
SECONDS = Histogram("liaison_request_seconds", "Time to answer.", ["method", "route", "district"], registry=REGISTRY)

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})

_TRACING = "liaison_tracing"

log = structlog.get_logger("service.requests")


def install(app: Flask, tracing: Tracing | None = None) -> None:
    """Follows every request of ``app``; with ``tracing`` a collector is told of it."""
    if tracing is not None:
        app.extensions[_TRACING] = tracing
    request_started.connect(_begin, app)
    app.after_request(_end)


@lru_cache(maxsize=4096)
def _requests(method: str, route: str, status: int, district: str) -> Counter:
    return REQUESTS.labels(method, route, status, district)


@lru_cache(maxsize=4096)
def _seconds(method: str, route: str, district: str) -> Histogram:
    return SECONDS.labels(method, route, district)


def _begin(_app: Flask, **_: Any) -> None:
    """Before anything else may refuse the request, so that refusals have an id too."""
    given = request.headers.get(HEADER, "")
    g.request_id = given if _ID.fullmatch(given) else ids.new().hex
    g.began = perf_counter()
    if (tracing := current_app.extensions.get(_TRACING)) is not None:
        g.span = tracing.begin(dict(request.headers))
    structlog.contextvars.clear_contextvars()
    g.district = wired().district
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if g.district:
        structlog.contextvars.bind_contextvars(district=g.district)


def _end(answer: Response) -> Response:
    answer.headers[HEADER] = g.request_id
    # The pattern of the address, not the address: ids and search words stay out of logs and labels.
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    seconds = perf_counter() - g.began
    _requests(request.method, route, answer.status_code, g.district).inc()
    _seconds(request.method, route, g.district).observe(seconds)
    if "span" in g:
        current_app.extensions[_TRACING].end(
            g.pop("span"), method=request.method, route=route, status=answer.status_code, request_id=g.request_id
        )
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
