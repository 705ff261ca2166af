"""Metrics for Prometheus: requests counted by this process, and the state of the house read from the database.

Where ``PROMETHEUS_MULTIPROC_DIR`` is set the request metrics are those of all server processes together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from hmac import compare_digest
from threading import Lock
from typing import TYPE_CHECKING

import structlog
from flask import Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Request

from service import clock
from service.api.calls import Calls
from service.config.trust import RELAYED, Metrics
from service.db.failures import describe
from service.errors import NotAllowed
from service.history.outbox import count_owed
from service.http.context import Wired, wired
from service.http.telemetry import REGISTRY
from service.ledger.counts import late_needs
from service.notifications import letter_lists
from service.processes import figures
from service.processes.incidents import CLOCK
from service.processes.lateness import unit_work
from service.processes.stuck import count as count_stuck
from service.processes.timers import count_open_incidents

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DISTRICT = "district"
"""The label that says whose a figure is, where one process serves several districts."""

log = structlog.get_logger(__name__)
calls = Calls("metrics", "Metrics for Prometheus", prefix="")


class House(Collector):
    """The database's figures of this moment: one statement a gauge."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        today = clock.today()
        yield _by("liaison_tasks_open", "Open tasks by light.", "light", figures.task_lights(self._session, today))
        late = late_needs(self._session, today)
        yield _by("liaison_needs_late", "Needs in which somebody was late or is, by who.", "by", late)
        yield _by("liaison_answers_overdue", "Answers of units past their due date.", "unit", self._overdue())
        yield _by("liaison_instances", "Instances by status.", "status", figures.instance_counts(self._session))
        waiting, due = figures.timers_waiting(self._session), figures.timers_waiting(self._session, due_by=clock.now())
        yield _count("liaison_timers_waiting", "Timers that wait.", waiting)
        yield _count("liaison_timers_due", "Timers that should have fired.", due)
        incidents = count_open_incidents(self._session)
        held = count_open_incidents(self._session, CLOCK)
        yield _count("liaison_clock_held", "Whether the workers wait because the clock leapt.", held)
        yield _count("liaison_incidents_open", "Incidents that nobody has resolved.", incidents)
        stuck = count_stuck(self._session, today)
        yield _count("liaison_cases_stuck", "Running cases that nobody can move.", stuck)
        yield _count("liaison_notices_owed", "Notices that are not delivered yet.", count_owed(self._session))
        yield _by("liaison_letters_owed", "Letters that are not sent yet.", "state", letter_lists.counts(self._session))
        beat = figures.last_beat(self._session)
        age = GaugeMetricFamily("liaison_worker_heartbeat_age_seconds", "Since a worker last looked for work.")
        age.add_metric([], (clock.now() - beat).total_seconds() if beat is not None else float("inf"))
        yield age

    def _overdue(self) -> dict[str, int]:
        return {one.unit: one.overdue for one in unit_work(self._session, clock.today()) if one.overdue}


@calls.public("/metrics", answer={"type": "string"}, media_type="text/plain")
def metrics() -> Response:
    """Request counts and times, open tasks by light, timers, incidents, notices, the age of the worker's heartbeat.

    For who asks from an address of the settings, or with their token.
    """
    parts = wired()
    if not _is_known(parts.settings.metrics, request):
        raise NotAllowed(_REFUSED)
    with parts.database.reading() as session:
        text = _written(_Only(_requests(), parts.district), House(session))
    return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def house_metrics(known: Metrics, each: Callable[[], Iterable[tuple[str, Wired | None]]]) -> WSGIApplication:
    """The metrics of all districts of a process, each figure with its district; for who may read those of the process.

    A district that cannot be asked is told by ``liaison_district_up``, and holds up no other. One is answered at a
    time; who asks meanwhile is told to come again (503): no more than one thread waits for databases.
    """
    one_at_a_time = Lock()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_known(known, Request(environ)):
            said = Response(f"{_REFUSED}\n", 403, content_type="text/plain; charset=utf-8")
        elif not one_at_a_time.acquire(blocking=False):
            said = Response(f"{_UNDER_WAY}\n", 503, {"Retry-After": "10"}, content_type="text/plain; charset=utf-8")
        else:
            try:
                said = Response(_written(_requests(), _Districts(each)), content_type=CONTENT_TYPE_PLAIN_0_0_4)
            finally:
                one_at_a_time.release()
        return said(environ, start_response)

    return answer


class _Districts(Collector):
    """The figures of each house, with the district as a label: families of one name are one family."""

    def __init__(self, each: Callable[[], Iterable[tuple[str, Wired | None]]]) -> None:
        self._each = each

    def collect(self) -> Iterator[Metric]:
        """The gauges of all that can be asked, and which can."""
        up = GaugeMetricFamily("liaison_district_up", "Whether a district can be served.", labels=[DISTRICT])
        found: dict[str, Metric] = {}
        for name, parts in self._each():
            up.add_metric([name], self._asked(name, parts, found))
        yield up
        yield from found.values()

    def _asked(self, name: str, parts: Wired | None, found: dict[str, Metric]) -> int:
        if parts is None:
            return 0
        try:
            with parts.database.reading() as session:
                told = list(House(session).collect())
        except SQLAlchemyError as error:
            log.warning("district_not_measured", district=name, error=describe(error))
            return 0
        except Exception:  # a defect in one must not hide the figures of the others
            log.exception("district_not_measured", district=name)
            return 0
        for one in told:
            family = found.setdefault(one.name, Metric(one.name, one.documentation, one.type))
            for sample in one.samples:
                family.add_sample(sample.name, {**sample.labels, DISTRICT: name}, sample.value)
        return 1


class _Only(Collector):
    """Of the requests of a process those of one district: no district reads how busy another is."""

    def __init__(self, requests: CollectorRegistry, district: str) -> None:
        self._requests, self._district = requests, district

    def collect(self) -> Iterator[Metric]:
        """The counts of the district."""
        for one in self._requests.collect():
            kept = Metric(one.name, one.documentation, one.type)
            kept.samples = [sample for sample in one.samples if sample.labels.get(DISTRICT, "") == self._district]
            yield kept


def _written(*told: Collector | CollectorRegistry) -> bytes:
    text = b""
    for one in told:
        registry = one
        if not isinstance(one, CollectorRegistry):
            registry = CollectorRegistry(auto_describe=False)
            registry.register(one)
        text += generate_latest(registry)
    return text


_UNDER_WAY = "上一次读取指标还没有完成，请稍后再试"
_REFUSED = "只有监控系统可以读取指标；请在设置 metrics 中登记其地址，或使用令牌"


def _is_known(known: Metrics, asked: Request) -> bool:
    """Whether it is the monitoring that asks. A relayed request's address is the proxy's."""
    given = asked.authorization
    token = (given.token or "") if given is not None and given.type == "bearer" else ""
    if known.token and compare_digest(token.encode(errors="replace"), known.token.encode()):
        return True
    return not asked.environ.get(RELAYED) and known.knows(asked.remote_addr or "")


def _requests() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return together


def _by(name: str, help_text: str, label: str, values: dict[str, int]) -> Metric:
    gauge = GaugeMetricFamily(name, help_text, labels=[label])
    for value, number in values.items():
        gauge.add_metric([value], number)
    return gauge


def _count(name: str, help_text: str, number: int) -> Metric:
    gauge = GaugeMetricFamily(name, help_text)
    gauge.add_metric([], number)
    return gauge
