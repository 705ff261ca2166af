"""The context of a request of the pages: the wiring of the app, the session of its one transaction, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from flask import current_app, g, request
from sqlalchemy.orm import Session

from service import auth, clock
from service.auth import SignedIn
from service.auth.sessions import COOKIE
from service.config import Organization, Settings
from service.contacts.access import selves as find_selves
from service.db import Database
from service.errors import NotAllowed
from service.processes.stages import StageNames
from service.rights import Actor, may

KEY = "liaison-web"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Web:
    """The parts that ``create_app`` hands to the pages."""

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
    """The actor who asks; only within views that need a signed-in person."""
    return cast(Actor, g.actor)


def selves() -> list[Actor]:
    """The actor who asks, and those for whom the actor is a substitute today (代理); asked for once a request."""
    if "selves" not in g:
        g.selves = find_selves(db(), actor())
    return cast(list[Actor], g.selves)


def may_today(right: str, unit: str | None = None) -> bool:
    """Whether who asks, or somebody as whom that person may act today, has a right (on ``unit``)."""
    return any(may(one, right, unit=unit) for one in selves())


def stage_names() -> StageNames:
    """The names of stages; read once a request."""
    if "stage_names" not in g:
        g.stage_names = StageNames(db())
    return cast(StageNames, g.stage_names)


def stage_name(process: str, code: str | None) -> str:
    """The name of a stage of a process; empty for none."""
    return stage_names().of(process, code)


def role_name(role: str | None) -> str:
    """The name of a role; empty for one that nobody declares any more."""
    found = web().organization.roles.get(role or "")
    return found.name if found is not None else ""


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

    A session that has ended anywhere, a changed password, a disabled account take effect with the next request.
    """
    g.signed_in = None
    key = request.cookies.get(COOKIE)
    if not key:
        return None
    chosen = settings()
    try:
        found = auth.find_signed_in(session, key, clock.now(), chosen.sessions, chosen.passwords.longest_age)
    except NotAllowed:
        return None
    g.signed_in = found
    return found.actor


def signed_in() -> SignedIn:
    """The session of who asks; only within views that need a signed-in person."""
    return cast(SignedIn, g.signed_in)


def note_use() -> None:
    """Notes, once a minute, that the session was used; after the request's own transaction, and waiting for nobody."""
    found = g.get("signed_in")
    if found is not None and found.stale:
        seen = clock.now()
        web().database.try_aside(lambda session: auth.note_session_use(session, found.sha256, seen))


def wants_json() -> bool:
    """Whether a script asked, not a person who opened a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"
