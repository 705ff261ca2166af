"""Cookies: of the session, of the browser, and of what a page leaves for the next one.

The session itself is kept on the server (``service.auth.sessions``); its cookie is set by signing in and by nothing
else. Flask's signed cookie holds only the token against forged requests, messages for the next page, and attempts at
the single sign-on.
"""

from __future__ import annotations

from secrets import token_urlsafe

from flask import Flask, Request, Response, request
from flask import session as notes
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

from service.auth.sessions import BROWSER_COOKIE, COOKIE
from service.http.context import settings, wired

PUBLIC_FILES = "web.static"
BROWSER_SECONDS = 365 * 86_400
LONGEST_ID = 64


class Notes(SecureCookieSessionInterface):
    """Flask's cookie, but for the public files: what a cache may give to everybody carries nobody's cookie.

    It is signed with the secret of the district that the request is for, and the cookie of another one counts nothing.
    """

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The serializer that signs, and reads what is signed so."""
        return URLSafeTimedSerializer(
            [wired().settings.secret_key],
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
        )

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether browsers may send it over https alone."""
        return wired().settings.secure_cookies

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The notes of the cookie; nothing is unsealed where there is none, as with every call by token."""
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Puts the cookie into the answer where it has changed."""
        if (session.accessed or session.modified) and request.endpoint != PUBLIC_FILES:
            super().save_session(app, session, response)


def browser_id() -> str:
    """The browser's name for itself; a new id where it does not."""
    given = request.cookies.get(BROWSER_COOKIE, "")
    return given if 0 < len(given) <= LONGEST_ID else token_urlsafe(24)


def begin(answer: Response, key: str | None, browser: str | None = None) -> Response:
    """``answer`` with the cookie of a new session, and of the browser; whatever a page had left before is gone."""
    notes.clear()
    return keep(answer, key, browser)


def keep(answer: Response, key: str | None, browser: str | None = None) -> Response:
    """The same, with what is left for the next page."""
    _set(answer, COOKIE, key or "", int(settings().sessions.longest.total_seconds()))
    if browser is not None:
        _set(answer, BROWSER_COOKIE, browser, BROWSER_SECONDS)
    return answer


def end(answer: Response) -> Response:
    """``answer`` without session; the browser keeps its own id."""
    notes.clear()
    answer.delete_cookie(COOKIE, secure=settings().secure_cookies, httponly=True, samesite="Lax")
    return answer


def _set(answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(name, value, max_age=seconds, secure=settings().secure_cookies, httponly=True, samesite="Lax")
