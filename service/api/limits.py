"""How often one token, person or address may call in a minute."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from threading import Lock
from typing import cast

from cachetools import LRUCache
from flask import Flask, Request, current_app
from werkzeug.exceptions import TooManyRequests

from service import clock
from service.auth.sessions import COOKIE
from service.http.context import asked, wired

KEY = "liaison-api-limits"


LARGEST_KNOWN = 10_000
"""How many tokens and sessions are remembered as good ones."""


class Limits:
    """Counts the calls of this server process; with several processes each grants the full number.

    A caller who makes up a new token or cookie for each call is counted too: calls of nobody count by address, and
    where there are too many, only what has been good there before is looked up at all.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._calls: Counter[str] = Counter()
        self._good: LRUCache[str, None] = LRUCache(LARGEST_KNOWN)
        self._lock = Lock()
        self._others: dict[str, Limits] = {}

    def of(self, district: str, per_minute: int) -> Limits:
        """The counts of a district, where several are served: whoever floods one takes nothing from another."""
        with self._lock:
            if district not in self._others:
                self._others[district] = Limits(per_minute)
            return self._others[district]

    def count(self) -> str:
        """Counts this request, and says who makes it. Raises ``TooManyRequests``; a minute later there is room."""
        request = asked()
        who, nobody = _who(request), _nobody(request)
        with self._lock:
            calls = self._of_this_minute()
            admitted = who in self._good or calls[nobody] < self._per_minute
            if admitted:
                calls[who] += 1
            if not admitted or calls[who] > self._per_minute:
                raise TooManyRequests(retry_after=60)
        return who

    def note(self, who: str, *, known: bool) -> None:
        """Notes the owner of the token or session of this request, which ``who`` makes: somebody's, or nobody's."""
        with self._lock:
            if known:
                self._good[who] = None
            else:
                self._good.pop(who, None)
                self._of_this_minute()[_nobody(asked())] += 1

    def _of_this_minute(self) -> Counter[str]:
        """How often each caller has called since the minute began; what was before is forgotten."""
        minute = int(clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._calls = minute, Counter()
        return self._calls


def install(app: Flask, per_minute: int) -> None:
    """Sets the limit of the app."""
    app.extensions[KEY] = Limits(per_minute)


def limits() -> Limits:
    """The counts of the running app."""
    found, parts = cast(Limits, current_app.extensions[KEY]), wired()
    return found.of(parts.district, parts.settings.rate_limits.api_per_minute) if parts.district else found


def _nobody(request: Request) -> str:
    return f"nobody at {request.remote_addr or ''}"


def _who(request: Request) -> str:
    """Counted before anybody is looked up."""
    address = request.remote_addr or ""
    given = request.headers.get("Authorization")
    if given:
        return f"{address} {sha256(given.encode(errors='replace')).hexdigest()}"
    return f"{address} {sha256(request.cookies.get(COOKIE, '').encode(errors='replace')).hexdigest()}"
