"""Metrics for Prometheus: requests counted by this process, and the state of the house read from the database.

Where ``PROMETHEUS_MULTIPROC_DIR`` is set the request metrics are those of all server processes together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hmac import compare_digest

from flask import Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from service import clock
from service.api.calls import Calls
from service.config.trust import RELAYED
from service.errors import NotAllowed
from service.history.outbox import count_owed
from service.http.context import wired
from service.http.telemetry import REGISTRY
from service.ledger.counts import late_needs
from service.notifications import letters
from service.processes import figures
from service.processes.incidents import CLOCK
from service.processes.lateness import unit_work
from service.processes.stuck import count as count_stuck
from service.processes.timers import count_open_incidents

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
        yield _by("liaison_letters_owed", "Letters that are not sent yet.", "state", letters.counts(self._session))
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
    _require_known()
    with wired().database.reading() as session:
        house = CollectorRegistry(auto_describe=False)
        house.register(House(session))
        text = generate_latest(_requests()) + generate_latest(house)
    return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _require_known() -> None:
    """Raises ``NotAllowed`` for everybody but the monitoring. A relayed request's address is the proxy's."""
    known, given = wired().settings.metrics, request.authorization
    token = (given.token or "") if given is not None and given.type == "bearer" else ""
    if known.token and compare_digest(token.encode(errors="replace"), known.token.encode()):
        return
    if request.environ.get(RELAYED) or not known.knows(request.remote_addr or ""):
        raise NotAllowed("只有监控系统可以读取指标；请在设置 metrics 中登记其地址，或使用令牌")


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
