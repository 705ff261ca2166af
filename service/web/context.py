"""What a request of the pages knows: the wiring of the app, the session of its one transaction, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from flask import current_app, g, request
from flask import session as cookie
from sqlalchemy.orm import Session

from service import auth
from service.auth import Actor
from service.config import Organization, Settings
from service.contacts.access import selves as find_selves
from service.db import Database
from service.errors import NotAllowed

KEY = "liaison-web"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Web:
    """What ``create_app`` hands to the pages."""

    database: Database
    settings: Settings
    organization: Organization


def web() -> Web:
    """The wiring of the running app."""
    return cast(Web, current_app.extensions[KEY])


def settings() -> Settings:
    """The settings of the running app."""
    return web().settings


def db() -> Session:
    """The session of this request's transaction."""
    return cast(Session, g.db)


def actor() -> Actor:
    """Who asks; only within views that need a signed-in person."""
    return cast(Actor, g.actor)


def selves() -> list[Actor]:
    """Who asks, and as whom else that person may act today as a declared substitute; asked for once a request."""
    if "selves" not in g:
        g.selves = find_selves(db(), actor())
    return cast(list[Actor], g.selves)


@contextmanager
def transaction() -> Iterator[Session]:
    """The one transaction of a request: writing for a POST, else one whose changes are never kept."""
    database = web().database
    opened = database.reading() if request.method in READING else database.transaction()
    with opened as session:
        g.db = session
        try:
            yield session
        finally:
            g.pop("db", None)


def find_actor(session: Session) -> Actor | None:
    """The account behind the session cookie as it is now; None if signed out.

    A changed password or a disabled account takes effect with the next request.
    """
    username, stamp = cookie.get("username"), cookie.get("stamp")
    if not isinstance(username, str) or not isinstance(stamp, int):
        return None
    try:
        return auth.actor_of(session, username, stamp=stamp)
    except NotAllowed:
        return None


def wants_json() -> bool:
    """Whether a script asked, not a person who opened a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"
