"""The HTTP interface ``/api/v1``, and what machines ask of the service: health and metrics.

``install`` is what ``create_app`` calls; nothing else here is for other packages.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from service.api import health
from service.api.context import KEY, Api
from service.config import Organization, Settings
from service.db import Database


def install(app: Flask, *, database: Database, settings: Settings, organization: Organization, config: Path) -> None:
    """Puts the API into ``app``. ``config`` is the directory of the settings."""
    app.extensions[KEY] = Api(database, settings, organization, config)
    app.register_blueprint(health.blueprint)
