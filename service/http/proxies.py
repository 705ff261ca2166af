"""The address and scheme of who really asks, where proxies stand in between; and that https stays https.

Anybody can write ``X-Forwarded-For``: it counts only from the proxies of the settings, and only what these have added.
Throttling, logs, journal and links all see ``remote_addr`` and ``scheme``, and nothing else looks at such headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from service.config import Settings
from service.config.trust import RELAYED, Proxy, address_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HEADERS = (
    *(f"HTTP_X_FORWARDED_{name}" for name in ("FOR", "PROTO", "HOST", "PORT", "PREFIX", "SERVER", "SSL")),
    *("HTTP_FORWARDED", "HTTP_X_REAL_IP"),
)


class RealAddress:
    """WSGI middleware: puts the address and scheme of who asks in the place of the nearest proxy's."""

    def __init__(self, app: WSGIApplication, proxy: Proxy) -> None:
        self._app, self._proxy = app, proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[RELAYED] = relayed = not environ.keys().isdisjoint(_HEADERS)
        peer = environ.get("REMOTE_ADDR", "")
        told = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        hops = self._hops(peer, told)
        if hops:
            environ["HTTP_X_FORWARDED_FOR"] = ",".join(told)
            ProxyFix(_nothing, x_for=hops, x_proto=1, x_host=0, x_prefix=0)(environ, start_response)
        found = address_of(environ.get("REMOTE_ADDR", ""))
        environ["REMOTE_ADDR"] = str(found) if found is not None else peer
        if relayed or hops:
            for name in _HEADERS:
                environ.pop(name, None)
        return self._app(environ, start_response)

    def _hops(self, peer: str, told: list[str]) -> int:
        """By how many of the addresses ``told``, counted from the nearest, proxies of ours stand for."""
        if self._proxy.addresses and not self._proxy.knows(peer):
            return 0
        if self._proxy.hops:
            return min(self._proxy.hops, max(len(told), 1))
        if not self._proxy.addresses:
            return 0
        between = 0
        for address in reversed(told):
            between += 1
            if not self._proxy.knows(address):
                break
        return max(between, 1)


def _nothing(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
    return ()


def install(app: Flask, settings: Settings) -> None:
    """Puts the middleware around ``app``, and HSTS onto what it answers over https."""
    inner: Callable[..., Iterable[bytes]] = app.wsgi_app
    app.wsgi_app = RealAddress(inner, settings.proxy)  # type: ignore[method-assign]  # Flask's own way
    value = f"max-age={settings.hsts_days * 86_400}"

    def stay_with_https(answer: Response) -> Response:
        if request.is_secure:
            answer.headers["Strict-Transport-Security"] = value
        return answer

    if settings.hsts_days:
        app.after_request(stay_with_https)
