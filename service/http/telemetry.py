"""One log line and one count for each request of the whole service, pages too; its id goes in and out."""

from __future__ import annotations

import re
from functools import lru_cache
from time import perf_counter

import structlog
from flask import Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from service import ids
from service.http.context import asked, kept, wired
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
    app.before_request(_begin)
    app.after_request(_end)


@lru_cache(maxsize=4096)
def _requests(method: str, route: str, status: int, district: str) -> Counter:
    return REQUESTS.labels(method, route, status, district)


@lru_cache(maxsize=4096)
def _seconds(method: str, route: str, district: str) -> Histogram:
    return SECONDS.labels(method, route, district)


def _begin() -> None:
    """Before anything else may refuse the request, so that refusals have an id too."""
    here, headers = kept(), request.headers
    given = headers.get(HEADER, "")
    here.request_id = given if _ID.fullmatch(given) else ids.new().hex
    here.began = perf_counter()
    if (tracing := current_app.extensions.get(_TRACING)) is not None:
        here.span = tracing.begin(dict(headers))
    structlog.contextvars.clear_contextvars()
    here.district = wired().district
    told = {"district": here.district} if here.district else {}
    structlog.contextvars.bind_contextvars(request_id=here.request_id, **told)


def _end(answer: Response) -> Response:
    here, request = kept(), asked()
    answer.headers[HEADER] = here.request_id
    # The pattern of the address, not the address: ids and search words stay out of logs and labels.
    route = request.url_rule.rule if request.url_rule is not None else "(none)"
    method, status, seconds = request.method, answer.status_code, perf_counter() - here.began
    _requests(method, route, status, here.district).inc()
    _seconds(method, route, here.district).observe(seconds)
    if "span" in here:
        current_app.extensions[_TRACING].end(
            here.pop("span"), method=method, route=route, status=status, request_id=here.request_id
        )
    note = log.debug if route in _QUIET else log.info
    note(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        address=request.remote_addr,
    )
    return answer
