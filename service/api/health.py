"""Whether the service lives and whether it can work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service import clock
from service.api.calls import Calls
from service.api.fields import Choice, Flag, Nested, Schema
from service.db import migrate
from service.http.context import wired
from service.processes.figures import last_beat

calls = Calls("health", "Health, for load balancers and monitoring", prefix="")

HEARTBEAT_WITHIN = timedelta(minutes=2)
"""A worker that has not looked for work for so long is taken for dead."""

log = structlog.get_logger(__name__)


class Alive(Schema):
    """The process answers."""

    status = Choice("ok", required=True)


class Checks(Schema):
    """The needs of work: a database that answers, its newest schema, a worker that looks after due timers."""

    database = Flag(required=True)
    migrations = Flag(required=True)
    worker = Flag(required=True)


class Ready(Schema):
    """``ok`` (200) where all checks hold, else ``unavailable`` (503)."""

    status = Choice("ok", "unavailable", required=True)
    checks = Nested(Checks, required=True)


@calls.public("/healthz", answer=Alive)
def alive() -> Mapping[str, Any]:
    """The process answers."""
    return {"status": "ok"}


@calls.public("/readyz", answer=Ready)
def ready() -> tuple[Mapping[str, Any], int]:
    """Whether the service can work; with 503 it says what is missing."""
    checks = {"database": False, "migrations": False, "worker": False}
    try:
        checks["migrations"] = migrate.is_current(wired().database)
        checks["database"] = True
        with wired().database.reading() as session:
            beat = last_beat(session)
        checks["worker"] = beat is not None and clock.now() - beat <= HEARTBEAT_WITHIN
    except SQLAlchemyError as error:  # what could not be asked stays False, and that is the answer
        log.warning("not_ready", exc_info=error)
    good = all(checks.values())
    return {"status": "ok" if good else "unavailable", "checks": checks}, 200 if good else 503
