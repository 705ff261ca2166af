"""The looks at people's data through pages and calls: one entry of the access log a request, written beside it.

Nothing here asks the database: what was shown is noted where rows are read (``access_log.shown``), and an entry waits
in memory until the process writes many at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request, request_started

from service import clock
from service.access_log import Look, words
from service.access_log.entries import API, EXPORT, FILE, PAGE, PRINT, REFUSED, SEARCH, VIEW
from service.access_log.shown import Shown, begin, end
from service.audit.logs import FORMATS
from service.http.context import READING, wired
from service.rights import Actor
from service.usecases.sight import reasons

NAMED: Mapping[str, str] = {
    "instance_id": "instance",
    "talent_id": "talent",
    "contact_id": "contact",
    "person_id": "person",
    "leader_id": "leader",
    "username": "account",
}
"""A part of an address → the streams of the records that it names."""
ASIDE = frozenset({"offset", "limit", "sort", "col", "v", "once", "csrf_token"})
"""Parts of an address that narrow nothing down."""
HIDDEN = frozenset({"id_tail", "phone", "email"})
"""Parts of an address whose values an auditor may not see."""
KINDS: Mapping[str, str] = {
    "application/pdf": PRINT,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": PRINT,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": EXPORT,
    "text/csv": EXPORT,
    "application/zip": EXPORT,
    **{kind: EXPORT for kind, _ in FORMATS.values()},
}
"""The media type of an answer → what was done with the data."""
FILES = ("/attachments/", "/files/")
"""Addresses of files that people have attached; what they hold says nothing of an export."""


def install(app: Flask) -> None:
    """Follows every request of ``app``."""
    request_started.connect(_begin, app)
    app.after_request(_end)


def _begin(_app: Flask, **_: Any) -> None:
    begin()


def _end(answer: Response) -> Response:
    shown = end()
    actor: Actor | None = g.get("actor")
    if shown is not None and actor is not None and request.url_rule is not None:
        look = _look(answer, shown, actor)
        if look is not None:
            wired().keeper.put(look)
    return answer


def _look(answer: Response, shown: Shown, actor: Actor) -> Look | None:
    """The entry about a request; None where it showed nobody's data, looked for none and was refused none."""
    named = [f"{NAMED[name]}:{value}" for name, value in (request.view_args or {}).items() if name in NAMED]
    refused = answer.status_code in (403, 404)
    if refused:
        subjects = named
    elif answer.status_code < 300 and (request.method in READING or shown.restricted):
        subjects = list(dict.fromkeys([*named, *shown.subjects]))
    else:
        return None  # what was done is in the journal
    asked = words(
        {name: values for name, values in request.args.lists() if name not in ASIDE},
        hidden=HIDDEN,
    )
    if not subjects and (refused or "q" not in asked):
        return None
    rule = request.url_rule.rule if request.url_rule is not None else ""
    return Look(
        at=clock.now(),
        username=actor.username,
        address=(request.remote_addr or "")[:64],
        way=API if rule.startswith("/api/") else PAGE,
        route=rule[:100],
        act=REFUSED if refused else _act(answer, rule, asked),
        restricted=shown.restricted,
        reasons={} if refused else {"right": _right(), **reasons(actor, shown)},
        asked=asked,
        subjects=subjects,
        request_id=str(g.get("request_id", "")),
    )


def _act(answer: Response, rule: str, asked: Mapping[str, Any]) -> str:
    if any(part in rule for part in FILES):
        return FILE
    return KINDS.get(answer.mimetype or "") or (SEARCH if "q" in asked else VIEW)


def _right() -> str | None:
    """The right that the page or the call asks for."""
    view = current_app.view_functions.get(request.endpoint or "")
    rule = getattr(view, "rule", None) or getattr(view, "api_rule", None)
    return getattr(rule, "right", None)
