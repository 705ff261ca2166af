"""How often one token, person or address may call in a minute."""

from __future__ import annotations

from hashlib import sha256
from typing import cast

from flask import Flask, current_app, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from service.auth.sessions import COOKIE

KEY = "liaison-api-limits"


class Limits:
    """Counts the calls of this server process; with several processes each grants the full number."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._counter = FixedWindowRateLimiter(MemoryStorage())

    def count(self) -> None:
        """Counts this request. Raises ``TooManyRequests`` (a minute later there is room again)."""
        if not self._counter.hit(self._item, _who()):
            raise TooManyRequests(retry_after=60)


def install(app: Flask, per_minute: int) -> None:
    """Sets the limit of the app."""
    app.extensions[KEY] = Limits(per_minute)


def limits() -> Limits:
    """The counts of the running app."""
    return cast(Limits, current_app.extensions[KEY])


def _who() -> str:
    """Counted before anybody is looked up, so that guessing tokens is limited too: a wrong token counts by address."""
    address = request.remote_addr or ""
    given = request.headers.get("Authorization")
    if given:
        return f"{address} {sha256(given.encode(errors='replace')).hexdigest()}"
    return f"{address} {sha256(request.cookies.get(COOKIE, '').encode(errors='replace')).hexdigest()}"
