"""The looks at people's data through pages and calls: one entry of the access log a request, written beside it.

Nothing here asks the database: what was shown is noted where rows are read (``access_log.shown``), and an entry waits
in memory until the process writes many at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from flask import Flask, Request, Response, current_app
from werkzeug.http import parse_options_header

from service import clock
from service.access_log import WAYS, Look, note_exported, note_printed_out, words
from service.access_log.entries import API, EXPORT, FILE, MOST_SUBJECTS, PAGE, PART, PRINT, REFUSED, SEARCH, VIEW
from service.access_log.shown import Shown, begin, end
from service.access_log.subjects import Subjects
from service.audit.logs import FORMATS
from service.http.context import READING, asked, kept, wired
from service.http.files import Written
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
EMPTY = ("/imports/template/", "/studio", "/drafts", "/definitions", "/licences")
"""Addresses of files that hold nobody's data: forms to fill in, drawings."""
LONGEST_DIGESTED = 50_000_000
"""Bytes of a file whose digest is kept."""
FILES = ("/attachments/", "/files/")
"""Addresses of files that people have attached; what they hold says nothing of an export."""


def install(app: Flask) -> None:
    """Follows every request of ``app``."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    begin()


def _end(answer: Response) -> Response:
    shown, here, request = end(), kept(), asked()
    actor: Actor | None = here.get("actor")
    if shown is not None and actor is not None and request.url_rule is not None:
        rule = request.url_rule.rule
        if answer.status_code == 200 and not here.get("told"):
            _journal(answer, shown, actor, request, rule)
        for look in _looks(answer, shown, actor, request, rule):
            wired().keeper.put(look)
    if shown is not None:
        shown.subjects.close()
    return answer


def _journal(answer: Response, shown: Shown, actor: Actor, request: Request, rule: str) -> None:
    """Journals a paper or a table before it leaves; a failure keeps it from leaving."""
    act = _done(answer, rule)
    if act not in (PRINT, EXPORT) or any(part in rule for part in EMPTY):
        return
    name = answer.headers.get("Content-Disposition", "")
    options = parse_options_header(name)[1]
    data = {
        "name": options.get("filename", rule),
        "sha256": _digest(answer),
        "records": len(shown.subjects),
        "asked": "；".join(f"{one}={value}" for one, value in _words(request).items()),
        "way": f"{WAYS[API if rule.startswith('/api/') else PAGE]} {rule}",
    }
    note = note_printed_out if act == PRINT else note_exported
    with wired().database.transaction() as session:
        note(session, data=data, actor=actor, now=clock.now())


def _digest(answer: Response) -> str | None:
    """The SHA-256 of a file; None of one that is written while it leaves, or too large to be held."""
    if isinstance(answer, Written):
        return answer.sha256
    length = answer.headers.get("Content-Length", type=int)
    if length is None or length > LONGEST_DIGESTED:
        return None
    answer.direct_passthrough = False
    return sha256(answer.get_data()).hexdigest()


def _words(request: Request) -> dict[str, str]:
    """The words and filters of the address, as an auditor may see them."""
    given = {name: values for name, values in request.args.lists() if name not in ASIDE}
    return words(given, hidden=HIDDEN)


def _looks(answer: Response, shown: Shown, actor: Actor, request: Request, rule: str) -> Iterator[Look]:
    """The entry about a request; none where it showed nobody's data, looked for none and was refused none.

    A request that shows very many records is told by several entries.
    """
    named = [f"{NAMED[name]}:{value}" for name, value in (request.view_args or {}).items() if name in NAMED]
    refused = answer.status_code in (403, 404)
    if not refused and (answer.status_code >= 300 or (request.method not in READING and not shown.restricted)):
        return  # what was done is in the journal
    subjects = Subjects() if refused else shown.subjects
    told = _words(request)
    if not named and not len(subjects) and (refused or "q" not in told):
        return
    look = Look(
        at=clock.now(),
        username=actor.username,
        address=(request.remote_addr or "")[:64],
        way=API if rule.startswith("/api/") else PAGE,
        route=rule[:100],
        act=REFUSED if refused else _done(answer, rule) or (SEARCH if "q" in told else VIEW),
        restricted=shown.restricted,
        reasons={} if refused else {"right": _right(request), **reasons(actor, shown)},
        asked=told,
        subjects=[],
        request_id=str(kept().get("request_id", "")),
    )
    count = len(subjects) + sum(one not in subjects for one in set(named))
    parts = max(1, -(-count // MOST_SUBJECTS))
    for number, part in enumerate(subjects.parts(named, MOST_SUBJECTS), 1):
        why = {**look.reasons, PART: [number, parts]} if parts > 1 else look.reasons
        yield replace(look, subjects=part, reasons=why)


def _done(answer: Response, rule: str) -> str:
    """The kind of act that handed out a file; empty for any other answer."""
    return FILE if any(part in rule for part in FILES) else KINDS.get(answer.mimetype or "", "")


def _right(request: Request) -> str | None:
    """The right that the page or the call asks for."""
    view = current_app.view_functions.get(request.endpoint or "")
    rule = getattr(view, "rule", None) or getattr(view, "api_rule", None)
    return getattr(rule, "right", None)
