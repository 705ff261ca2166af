"""The only wiring: settings, databases, processes, pages and API become one application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import flask
import structlog
from flask import Flask
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from service import api, http, web
from service.api.metrics import house_metrics
from service.auth.queries import has_demo_accounts
from service.auth.separation import separation_faults
from service.config import Organization, Settings, load, load_organization
from service.config.districts import VARIABLE, District
from service.db import Database, migrate
from service.errors import Conflict, Finding, Invalid
from service.http import context
from service.http.context import Wired
from service.http.districts import Hosts
from service.rights import ADMINISTRATORS, SYSTEM
from service.tracing import Tracing
from service.usecases import wire
from service.usecases.in_force import require
from service.usecases.starting import make_ready


class Service(Flask):
    """Flask, whose views and hooks are all plain functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: the library would ask at each call of each whether it is a coroutine."""
        return func


class Request(flask.Request):
    """A request whose parts all have names: what has none no form of ours has sent."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if None in self.form or None in self.files:
            raise BadRequest


log = structlog.get_logger(__name__)
HOME = Path(__file__).resolve().parent.parent
REQUIRED_FOR = "second_factor.required_for"
KEPT_IDLE = 1
"""Connections to a district's database that are kept open between requests, of all that it may open: there are many."""


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
    found = _parts(settings, directory, database=database)
    app = _bare()
    app.extensions[context.KEY] = found
    if (spans := _furnish(app, settings)) is not None:
        spans.watch(*found.database.engines)
    return app


def create_districts(*, environ: Mapping[str, str] | None = None) -> Flask:
    """The WSGI application of all districts in the folder ``LIAISON_DISTRICTS``, told apart by host name.

    The settings of ``LIAISON_CONFIG`` (else ``config/``) are those of the process: address, proxies, logs, metrics,
    traces, the largest request. Raises Invalid for a bad one, and where two districts share what must be one's own.
    """
    variables = os.environ if environ is None else environ
    settings = load(Path(variables.get("LIAISON_CONFIG", HOME / "config")), variables)
    app = _bare()
    spans: Tracing | None = None

    def make(district: District, chosen: Settings) -> Wired:
        found = _parts(chosen, district.config, district=district.name)
        try:  # what ``liaison serve`` asks of a single one before it starts
            make_ready(found.database, chosen, found.organization, actor=SYSTEM)
        except BaseException:
            found.database.dispose()
            raise
        if spans is not None:
            spans.watch(*found.database.engines)
        return found

    hosts = Hosts(Path(variables[VARIABLE]), variables, make)
    app.extensions[context.KEY] = hosts
    inner: Callable[..., Iterable[bytes]] = app.wsgi_app
    app.wsgi_app = hosts.around(inner)  # type: ignore[assignment,method-assign]  # Flask's own way
    hosts.own["/healthz"] = Response("ok\n", content_type="text/plain")
    hosts.own["/metrics"] = house_metrics(settings.metrics, hosts.each)
    spans = _furnish(app, settings)
    return app


def _parts(settings: Settings, directory: Path, *, database: Database | None = None, district: str = "") -> Wired:
    """The parts of one district, checked: its database is of this version, its settings can hold together."""
    organization = load_organization(directory)
    database = database or Database(
        settings.database_url,
        settings.timeouts,
        read_url=settings.read_url,
        connections=settings.connections,
        idle=KEPT_IDLE if district else None,
    )
    try:
        _check(database, settings, organization)
        return http.parts(database, settings, organization, directory, district=district)
    except BaseException:
        database.dispose()
        raise


def _check(database: Database, settings: Settings, organization: Organization) -> None:
    """Wires the database, and raises what must keep it from being served."""
    if not migrate.is_current(database):
        raise Conflict("数据库结构不是最新的，请先运行 liaison migrate")
    wire(database, settings, organization)
    require(database)
    if settings.is_production:
        with database.reading() as session:
            if has_demo_accounts(session):
                raise Invalid("生产环境不能有演示账号，请换用没有演示数据的数据库")
    check_roles(settings, organization)
    with database.reading() as session:
        for fault in separation_faults(session, {role.id: role.name for role in organization.roles.values()}):
            log.warning("administrators_not_separate", fault=fault)


def _bare() -> Flask:
    app = Service("service", static_folder=None)
    app.request_class = Request
    return app


def _furnish(app: Flask, settings: Settings) -> Tracing | None:
    """Puts everything into ``app`` that is alike for all whom it serves."""
    spans = http.install(app, settings)
    web.install(app, settings)
    api.install(app, settings)
    pages, calls = web.access.rules(app).values(), api.access.rules(app).values()
    sizes = (settings.rate_limits.body_bytes, *(one.body for one in pages), *(one.size for one in calls))
    app.config["LARGEST_BODY"] = max(size or 0 for size in sizes)  # the server keeps no more of a request than that
    return spans


def check_roles(settings: Settings, organization: Organization) -> None:
    """Refuses settings that call for roles that the organization does not have."""
    known = organization.roles
    place = settings.outranked.get(REQUIRED_FOR, REQUIRED_FOR)
    findings = [
        Finding(place, f"没有角色“{role}”，可写：{'、'.join(known)}")
        for role in sorted(settings.second_factor.roles - known.keys())
    ]
    if settings.accounts.separate:
        for role in sorted(ADMINISTRATORS - known.keys()):
            said = f"三员分立要有角色“{role}”，请在 organization.toml 里照随附文件加上 [[roles]]"
            findings.append(Finding("accounts.separate_administrators", said))
    if findings:
        raise Invalid("\n".join(f"{one.path}：{one.message}" for one in findings), findings)
