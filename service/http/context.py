"""The context of a request: the wiring of the app, the session of its one transaction, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import current_app, g, request
from sqlalchemy.orm import Session

from service.access_log import Keeper
from service.config import Organization, Settings
from service.db import Database
from service.rights import Actor

KEY = "liaison"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts that ``create_app`` hands to pages and API. ``config`` is the directory of the settings.

    ``keeper`` takes what the access log is to say of requests.
    """

    database: Database
    settings: Settings
    organization: Organization
    config: Path
    keeper: Keeper


def wired() -> Wired:
    """The wiring of the running app."""
    return cast(Wired, current_app.extensions[KEY])


def settings() -> Settings:
    """The settings of the running app."""
    return wired().settings


def db() -> Session:
    """The session of this request's transaction."""
    return cast(Session, g.db)


def actor() -> Actor:
    """The actor who asks; only within views and calls that need somebody."""
    return cast(Actor, g.actor)


def told() -> None:
    """The journal has been told already of what the answer to this request holds."""
    g.told = True


@contextmanager
def transaction() -> Iterator[Session]:
    """The one transaction of a request: writing for a POST, else one whose changes are never kept."""
    database = wired().database
    opened = database.reading() if request.method in READING else database.transaction()
    with opened as session:
        g.db = session
        try:
            yield session
        finally:
            g.pop("db", None)
