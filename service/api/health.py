"""Whether the service lives and whether it can work."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from service import clock
from service.api.context import api
from service.db import migrate
from service.processes.models import WorkerBeat

blueprint = Blueprint("health", __name__)

HEARTBEAT_WITHIN = timedelta(minutes=2)
"""A worker that has not looked for work for so long is taken for dead."""


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers, has the newest schema, and a worker looks after due timers; else 503 says what is missing."""
    checks = {"database": False, "migrations": False, "worker": False}
    try:
        checks["migrations"] = migrate.is_current(api().database)
        checks["database"] = True
        with api().database.reading() as session:
            beat = session.scalar(select(func.max(WorkerBeat.beat_at)))
        checks["worker"] = beat is not None and clock.now() - beat <= HEARTBEAT_WITHIN
    except SQLAlchemyError:
        pass  # what could not be asked stays False, and that is the answer
    good = all(checks.values())
    return jsonify(status="ok" if good else "unavailable", checks=checks), 200 if good else 503
