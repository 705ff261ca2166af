"""An operation that is sent twice (a double click, a retry after a lost answer) is done once and answered twice.

The page's script sends an ``Idempotency-Key``, a plain form a hidden ``once``; a changed body is another operation. The
outcome is kept in the transaction that did it: of two that arrive at once the second waits for the first. A refusal
leaves nothing, and may be sent again as it is.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe

from flask import Response, flash, make_response, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from service.canonical import dumps
from service.db import IdempotentAnswer, idempotency
from service.http.context import settings
from service.web.answers import going_to

FIELD, HEADER = "once", "Idempotency-Key"
LONGEST = 200
_DONE = 200
_FLASHES = "_flashes"


def once_token() -> str:
    """The token that a form carries, so that a second click on it is known for one."""
    return token_urlsafe(12)


def key_of_page() -> str | None:
    """The key by which the page's script, or its form, is known when it sends again; None without one."""
    key = request.headers.get(HEADER) or request.form.get(FIELD)
    return key if key and len(key) <= LONGEST else None


def once(session: Session, username: str, work: Callable[[], ResponseReturnValue]) -> Response:
    """The answer of ``work``, done at most once for what the page sent; without a key simply done."""
    key = key_of_page()
    if key is None:
        return make_response(work())
    body = _body()
    kept = "page:" + sha256(dumps([key, request.path, body]).encode(errors="surrogatepass")).hexdigest()
    wanted = f"{request.method} {request.path}"
    first = idempotency.reserve(session, username=username, key=kept, request=wanted, body=body)
    if first is not None:
        return _again(first)
    before = len(cookie.get(_FLASHES, []))
    answer = make_response(work())
    if answer.status_code >= 400:
        idempotency.forget(session, username=username, key=kept)
        return answer
    told = {"location": _location(answer), "said": [_kept(text) for _, text in cookie.get(_FLASHES, [])[before:]]}
    idempotency.keep(session, username=username, key=kept, status=_DONE, answer=dumps(told).encode())
    return answer


def with_messages_of_now(answer: Callable[[], Response]) -> Callable[[], Response]:
    """``answer``, which forgets before each call what an earlier call has said to the reader."""
    before = [*cookie.get(_FLASHES, [])]

    def anew() -> Response:
        if len(cookie.get(_FLASHES, [])) > len(before):
            cookie[_FLASHES] = [*before]
        return answer()

    return anew


def _again(row: IdempotentAnswer) -> Response:
    told = json.loads(row.answer)
    for said in told["said"]:
        flash(Markup(said["html"]) if isinstance(said, dict) else said)  # noqa: S704 - our own words, kept by ``_kept``
    return make_response(going_to(told["location"]))


def _kept(said: str) -> str | dict[str, str]:
    """A message as it is kept: one with a link in it is to be shown with the link again."""
    return {"html": str(said)} if isinstance(said, Markup) else said


def _location(answer: Response) -> str:
    found = answer.get_json(silent=True) if answer.is_json else None
    return str(found["location"]) if isinstance(found, dict) and "location" in found else answer.location or "/"


def _body() -> str:
    """A seal of what was sent, less the tokens; keyed, so that nobody guesses a password among the fields from it."""
    secret = settings().secret_key.encode()
    seal = hmac.new(secret, b"" if request.form else request.get_data(), sha256)
    for name, value in sorted(request.form.items(multi=True)):
        if name not in ("csrf_token", FIELD):
            seal.update(dumps([name, value]).encode(errors="surrogatepass"))
    for name, file in request.files.items(multi=True):
        file.stream.seek(0)
        digest = sha256(file.stream.read()).hexdigest()
        file.stream.seek(0)
        seal.update(dumps([name, file.filename, digest]).encode(errors="surrogatepass"))
    return seal.hexdigest()
