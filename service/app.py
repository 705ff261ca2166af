"""The only wiring: settings, database, processes, pages and API become one application."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import flask
import structlog
from flask import Flask
from werkzeug.exceptions import BadRequest

from service import api, http, web
from service.auth.queries import has_demo_accounts
from service.auth.separation import separation_faults
from service.config import Organization, Settings, load, load_organization
from service.db import Database, migrate
from service.errors import Conflict, Finding, Invalid
from service.rights import ADMINISTRATORS
from service.usecases import wire


class Request(flask.Request):
    """A request whose parts all have names: what has none no form of ours has sent."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if None in self.form or None in self.files:
            raise BadRequest


log = structlog.get_logger(__name__)
HOME = Path(__file__).resolve().parent.parent


def create_app(
    settings: Settings | None = None,
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    database: Database | None = None,
) -> Flask:
    """The WSGI application. Settings not given are read from ``config``, else ``LIAISON_CONFIG``, else ``config/``.

    ``database`` is that of the settings where somebody has opened it already. Raises Invalid for a bad setting,
    Conflict for a database that is not migrated; production refuses to start with demonstration accounts.
    """
    variables = os.environ if environ is None else environ
    directory = config or Path(variables.get("LIAISON_CONFIG", HOME / "config"))
    settings = settings or load(directory, variables)
    organization = load_organization(directory)
    database = database or Database(settings.database_url, settings.timeouts)
    if not migrate.is_current(database):
        raise Conflict("数据库结构不是最新的，请先运行 liaison migrate")
    wire(database, settings, organization)
    if settings.is_production:
        with database.reading() as session:
            if has_demo_accounts(session):
                raise Invalid("生产环境不能有演示账号，请换用没有演示数据的数据库")
    check_roles(settings, organization)
    with database.reading() as session:
        for fault in separation_faults(session, {role.id: role.name for role in organization.roles.values()}):
            log.warning("administrators_not_separate", fault=fault)
    app = Flask("service", static_folder=None)
    app.request_class = Request
    http.install(app, database=database, settings=settings, organization=organization, config=directory)
    web.install(app, settings)
    api.install(app, settings)
    pages, calls = web.access.rules(app).values(), api.access.rules(app).values()
    sizes = (settings.rate_limits.body_bytes, *(one.body for one in pages), *(one.size for one in calls))
    app.config["LARGEST_BODY"] = max(size or 0 for size in sizes)  # the server keeps no more of a request than that
    return app


def check_roles(settings: Settings, organization: Organization) -> None:
    """Refuses settings that call for roles that the organization does not have."""
    known = organization.roles
    findings = [
        Finding("second_factor.required_for", f"没有角色“{role}”，可写：{'、'.join(known)}")
        for role in sorted(settings.second_factor.roles - known.keys())
    ]
    if settings.accounts.separate:
        for role in sorted(ADMINISTRATORS - known.keys()):
            said = f"三员分立要有角色“{role}”，请在 organization.toml 里照随附文件加上 [[roles]]"
            findings.append(Finding("accounts.separate_administrators", said))
    if findings:
        raise Invalid("\n".join(f"{one.path}：{one.message}" for one in findings), findings)
