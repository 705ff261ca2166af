"""Every page and every call that shows a talent or a case is told by the access log: all routes are walked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import inspect, select
from werkzeug.routing import Rule as Route

from service.access_log import Keeper, Look
from service.db import Base
from service.http.context import KEY, Wired
from service.processes.models import Instance
from service.talents import Talent
from tests.conftest import FakeClock
from tests.factories.everything import fill
from tests.factories.visitor import Visitor
from tests.factories.world import World

GIVEN: dict[str, Any] = {"key": "request", "process": "request", "version": 1, "n": 1, "seq": 1, "kind": "talents"}
QUIET = ("/static", "/metrics", "/healthz", "/readyz", "/sign-in", "/oidc", "/studio", "/api/v1/drafts")
PAPERS = (".pdf", ".docx", ".zip", "/evidence", "<suffix>")
"""Ends of addresses that take long; what they print is read as pages read it."""


class Kept(Keeper):
    """Keeps the entries for the test."""

    def __init__(self, world: World) -> None:
        super().__init__(world.database)
        self.looks: list[Look] = []

    def put(self, look: Look) -> None:
        self.looks.append(look)


@pytest.fixture(scope="module")
def filled(sqlite_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("looks") / "looks.db"
    shutil.copy(sqlite_world, path)
    with ExitStack() as stack:
        clock = FakeClock(stack)
        world = stack.enter_context(closing(World(f"sqlite:///{path}", clock)))
        fill(world)
        yield world


def address(app: Flask, route: Route, ids: dict[str, Any]) -> str | None:
    """The address of a route about records that there are; None where one of them is of no kind that is kept."""
    values = {}
    for name in route.arguments:
        value = GIVEN.get(name, ids.get(name.removesuffix("_id")))
        if value is None:
            return None
        values[name] = value
    with app.test_request_context():
        try:
            return app.url_for(route.endpoint, **values)
        except (ValueError, TypeError):
            return None


def test_whatever_shows_a_talent_or_a_case_is_told(filled: World) -> None:
    world, wired = filled, filled.app.extensions[KEY]
    kept = Kept(world)
    assert isinstance(wired, Wired)
    world.app.extensions[KEY] = replace(wired, keeper=kept)
    with world.database.reading() as session:
        talents = {row.id: row.name for row in session.scalars(select(Talent))}
        cases = {str(row.id): row.number for row in session.scalars(select(Instance)) if row.number}
        ids: dict[str, Any] = {"instance": world.case, "talent": "T0001", "task": world.task("handle", "edu").id}
        for mapper in Base.registry.mappers:
            columns = inspect(mapper.class_).primary_key
            if len(columns) == 1:
                first = session.scalar(select(columns[0]).limit(1))
                ids.setdefault(mapper.class_.__tablename__, first)
    untold, asked = [], 0
    visitor = Visitor(world, "office")
    for route in world.app.url_map.iter_rules():
        place = address(world.app, route, ids) if "GET" in (route.methods or ()) else None
        if place is None or route.rule.startswith(QUIET) or route.rule.endswith(PAPERS):
            continue
        kept.looks.clear()
        answer = visitor.get(place)
        if answer.status_code != 200 or not answer.mimetype.startswith(("text/", "application/json")):
            continue
        asked += 1
        text = answer.get_data(as_text=True)
        about = {one for look in kept.looks for one in look.subjects}
        missing = [name for key, name in talents.items() if name in text and f"talent:{key}" not in about]
        missing += [
            number
            for key, number in cases.items()
            if (number in text or key in text) and f"instance:{UUID(key)}" not in about
        ]
        if missing:
            untold.append((route.rule, missing[:3]))
    assert asked > 100
    assert dict(untold) == {}
