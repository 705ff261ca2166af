"""The context of a request: the wiring of the app, the session of its one transaction, and who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from flask import Request, current_app, g, request
from sqlalchemy.orm import Session

from service.access_log import Keeper
from service.config import Organization, Settings, Wording
from service.db import Database
from service.rights import Actor
from service.usecases.in_force import over

KEY = "liaison"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
REPORTS = (
    "/assessment",
    "/audit",
    "/circulars",
    "/event-logs",
    "/processes/<key>/ways",
    "/reports/roll-up",
    "/statistics",
    "/urges",
    "/ways",
)
"""How the addresses of pages and calls begin that count, or look through, everything, and on which nobody decides."""


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts that ``create_app`` hands to pages and API. ``config`` is the directory of the settings.

    ``settings`` are those of the start: what holds now is ``settings()``.

    ``keeper`` takes what the access log is to say of requests; ``wordings`` are those of notices, as read at the start.
    ``district`` is whose parts they are where one process serves several ('' where it serves one); ``kept`` is what
    pages and API remember of it in this process.
    """

    database: Database
    settings: Settings
    organization: Organization
    config: Path
    keeper: Keeper
    wordings: Mapping[str, Wording]
    district: str = ""
    kept: dict[object, Any] = field(default_factory=dict)


class Several(Protocol):
    """The parts of several districts, of which a request asks for one."""

    def wired(self) -> Wired:
        """The parts of the district that the request is for."""
        ...


def wired() -> Wired:
    """The wiring of the running app; where it serves several districts, of the one that this request is for."""
    found: Wired | Several = current_app.extensions[KEY]
    return found if isinstance(found, Wired) else found.wired()


def settings() -> Settings:
    """The settings in force: those of the start with what pages have changed since."""
    return over(wired().database, wired().settings)


def asked() -> Request:
    """The request itself, for who reads several things of it: Flask's own name for it looks for it at each."""
    found: Request = cast(Any, request)._get_current_object()  # noqa: SLF001 - Flask's own way
    return found


def kept() -> Any:
    """All that is kept for this request, for who reads several things of it."""
    return cast(Any, g)._get_current_object()  # noqa: SLF001 - Flask's own way


def db() -> Session:
    """The session of this request's transaction."""
    found: Session = g.db
    return found


def actor() -> Actor:
    """The actor who asks; only within views and calls that need somebody."""
    found: Actor = g.actor
    return found


def told() -> None:
    """The journal has been told already of what the answer to this request holds."""
    g.told = True


@contextmanager
def transaction() -> Iterator[Session]:
    """The one transaction of a request: writing for a POST, else one whose changes are never kept.

    Reports, and sheets of whole lists, are read from the server for reading, where there is one. A request
    that is tried again where it was overtaken (``second_try``, which says so in ``g.looks``) looks before it locks.
    """
    database, here = wired().database, kept()
    if request.method in READING:
        opened = database.reading(aside=_is_report())
    else:
        opened = database.transaction(look_first=bool(here.get("looks")))
    with opened as session:
        here.db = session
        try:
            yield session
        finally:
            here.pop("db", None)


def _is_report() -> bool:
    rule = request.url_rule.rule.removeprefix("/api/v1") if request.url_rule is not None else ""
    return rule.endswith("xlsx") or any(rule == one or rule.startswith((f"{one}/", f"{one}.")) for one in REPORTS)
