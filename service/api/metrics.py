"""Metrics for Prometheus: requests counted by this process, and the state of the house read from the database.

Where ``PROMETHEUS_MULTIPROC_DIR`` is set the request metrics are those of all server processes together.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from collections.abc import Iterator
from hmac import compare_digest

from flask import Response, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service import clock
from service.api.calls import Calls
from service.api.context import api
from service.config.trust import RELAYED
from service.errors import NotAllowed
from service.history import OutboxEntry
from service.ledger.counts import PROCESS
from service.notifications import letters
from service.processes.lateness import late_cases, unit_work
from service.processes.models import (
    COMPLETED,
    OPEN,
    RUNNING,
    SUSPENDED,
    TERMINATED,
    WAITING,
    Incident,
    Instance,
    Timer,
    UserTask,
    WorkerBeat,
)
from service.processes.rules import GREEN, GREY, RED, YELLOW, light

calls = Calls("metrics", "Metrics for Prometheus", prefix="")

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
REGISTRY = CollectorRegistry()
REQUESTS = Counter("liaison_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram("liaison_request_seconds", "Time to answer.", ["method", "route"], registry=REGISTRY)


class House(Collector):
    """What the database says now: one statement a gauge."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        yield _by("liaison_tasks_open", "Open tasks by light.", "light", self._lights())
        yield _by("liaison_needs_late", "Needs in which somebody was late or is, by who.", "by", self._late())
        yield _by("liaison_answers_overdue", "Answers of units past their due date.", "unit", self._overdue())
        yield _by("liaison_instances", "Instances by status.", "status", self._instances())
        now = clock.now()
        waiting = select(func.count()).select_from(Timer).where(Timer.status == WAITING)
        yield self._count("liaison_timers_waiting", "Timers that wait.", waiting)
        yield self._count("liaison_timers_due", "Timers that should have fired.", waiting.where(Timer.due_at <= now))
        incidents = select(func.count()).select_from(Incident).where(Incident.resolved_at.is_(None))
        yield self._count("liaison_incidents_open", "Incidents that nobody has resolved.", incidents)
        owed = select(func.count()).select_from(OutboxEntry)
        yield self._count("liaison_notices_owed", "Notices that are not delivered yet.", owed)
        yield _by("liaison_letters_owed", "Letters that are not sent yet.", "state", letters.counts(self._session))
        beat = self._session.scalar(select(func.max(WorkerBeat.beat_at)))
        age = GaugeMetricFamily("liaison_worker_heartbeat_age_seconds", "Since a worker last looked for work.")
        age.add_metric([], (now - beat).total_seconds() if beat is not None else float("inf"))
        yield age

    def _lights(self) -> dict[str, int]:
        """Counted by due date, so that the rule of the lights stays in one place."""
        found: Tally[str] = Tally()
        today = clock.today()
        groups = (
            select(UserTask.due_on, UserTask.warn_on, UserTask.paused, Instance.status, func.count())
            .join(Instance, Instance.id == UserTask.instance_id)
            .where(UserTask.status == OPEN, Instance.status.in_((RUNNING, SUSPENDED)))
            .group_by(UserTask.due_on, UserTask.warn_on, UserTask.paused, Instance.status)
        )
        for due_on, warn_on, paused, status, number in self._session.execute(groups):
            found[light(due_on=due_on, warn_on=warn_on, paused=paused or status == SUSPENDED, today=today)] += number
        return {name: found[name] for name in (GREEN, YELLOW, RED, GREY)}

    def _late(self) -> dict[str, int]:
        """By the one definition of lateness, as of today."""
        return {
            name: self._session.scalar(
                select(func.count()).where(
                    Instance.process == PROCESS,
                    Instance.title != "",
                    Instance.id.in_(late_cases(clock.today(), steps=steps)),
                )
            )
            or 0
            for name, steps in (("unit", False), ("step", True))
        }

    def _overdue(self) -> dict[str, int]:
        return {one.unit: one.overdue for one in unit_work(self._session, clock.today()) if one.overdue}

    def _instances(self) -> dict[str, int]:
        rows = self._session.execute(select(Instance.status, func.count()).group_by(Instance.status))
        return dict.fromkeys((RUNNING, SUSPENDED, COMPLETED, TERMINATED), 0) | {row[0]: row[1] for row in rows}

    def _count(self, name: str, help_text: str, query: Select[int]) -> Metric:
        gauge = GaugeMetricFamily(name, help_text)
        gauge.add_metric([], self._session.scalar(query) or 0)
        return gauge


@calls.public("/metrics", answer={"type": "string"}, media_type="text/plain")
def metrics() -> Response:
    """Request counts and times, open tasks by light, timers, incidents, notices, the age of the worker's heartbeat.

    For who asks from an address of the settings, or with their token.
    """
    _require_known()
    with api().database.reading() as session:
        house = CollectorRegistry(auto_describe=False)
        house.register(House(session))
        text = generate_latest(_requests()) + generate_latest(house)
    return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _require_known() -> None:
    """Raises ``NotAllowed`` for everybody but the monitoring. A relayed request's address is the proxy's."""
    known, given = api().settings.metrics, request.authorization
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
