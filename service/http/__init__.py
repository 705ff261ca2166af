"""The ground that pages and API share: the request's context and transaction, sessions, proxies, failures, files.

Both stand on it and know nothing of each other; nothing here knows a page or a call. ``install`` is what
``create_app`` calls, before pages and API.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from service import logs
from service.access_log import Keeper
from service.config import Organization, Settings, load_notifications
from service.db import Database
from service.http import context, looking, proxies, sessions, telemetry
from service.tracing import Tracing, tracing


def parts(
    database: Database, settings: Settings, organization: Organization, config: Path, *, district: str = ""
) -> context.Wired:
    """The parts of a district that pages and API use. ``config`` is the directory of the settings.

    Raises Invalid where the wordings of notices in it are wrong.
    """
    keeper = Keeper(database, settings.data_dir / "access-log")
    return context.Wired(
        database, settings, organization, config, keeper, load_notifications(config), district=district
    )


def install(app: Flask, settings: Settings) -> Tracing | None:
    """Prepares ``app``: who really asks, request ids, logs, metrics, the access log; gives what tells a collector."""
    logs.configure(settings.log_level)
    chosen = settings.tracing
    spans = tracing(chosen.endpoint, percent=chosen.percent, environment=settings.env, process="web")
    telemetry.install(app, spans)
    looking.install(app)
    app.after_request(sessions.noting)
    proxies.install(app, settings)
    return spans
