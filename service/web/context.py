"""The person who asks for a page, as whom that person may act today, and the words that every page uses."""

from __future__ import annotations

from typing import cast

from flask import g, request
from sqlalchemy.orm import Session

from service.auth import SignedIn
from service.contacts.access import selves as find_selves
from service.errors import NotAllowed
from service.http.context import actor, db, wired
from service.http.sessions import by_cookie, note_session
from service.processes.incidents import CLOCK, incidents_of
from service.processes.stages import StageNames
from service.rights import Actor, may


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
    found = wired().organization.roles.get(role or "")
    return found.name if found is not None else ""


def worker_halted() -> bool:
    """Whether the worker does nothing until somebody has looked at the server's clock."""
    return bool(incidents_of(db(), CLOCK))


def find_actor(session: Session, *, quiet: bool = False) -> Actor | None:
    """The account behind the session cookie; None if signed out. ``quiet``: that is no use of the session."""
    g.signed_in = None
    try:
        g.signed_in = by_cookie(session)
    except NotAllowed:
        return None
    if g.signed_in is None:
        return None
    if not quiet:
        note_session(g.signed_in)
    return signed_in().actor


def signed_in() -> SignedIn:
    """The session of who asks; only within views that need a signed-in person."""
    return cast(SignedIn, g.signed_in)


def wants_json() -> bool:
    """Whether a script asked, not a person who opened a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"
