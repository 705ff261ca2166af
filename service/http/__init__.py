"""The ground that pages and API share: the request's context and transaction, sessions, proxies, failures, files.

Both stand on it and know nothing of each other; nothing here knows a page or a call. ``install`` is what
``create_app`` calls, before pages and API.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from service import logs
from service.access_log import Keeper
from service.config import Organization, Settings
from service.db import Database
from service.http import context, looking, proxies, sessions, telemetry


def install(app: Flask, *, database: Database, settings: Settings, organization: Organization, config: Path) -> None:
    """Hands its parts to ``app``: who really asks, request ids, logs, metrics, the access log.

    ``config`` is the directory of the settings.
    """
    app.extensions[context.KEY] = context.Wired(database, settings, organization, config, Keeper(database))
    logs.configure(settings.log_level)
    telemetry.install(app)
    looking.install(app)
    app.after_request(sessions.noting)
    proxies.install(app, settings)
