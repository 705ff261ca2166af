"""The session of who asks, by its cookie; and that it, or a token, was used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Response, current_app, g, make_response, request
from sqlalchemy.orm import Session

from service import auth, clock
from service.auth import SignedIn
from service.auth.sessions import COOKIE
from service.http.context import kept, settings, wired


def by_cookie(session: Session) -> SignedIn | None:
    """The session that the cookie names, as it is now; ``None`` without a cookie.

    One that has ended anywhere, a changed password, a disabled account take effect with the next request. Raises
    ``NotAllowed`` then.
    """
    key = request.cookies.get(COOKIE)
    if not key:
        return None
    known = settings()
    return auth.find_signed_in(
        session, key, clock.now(), known.sessions, known.passwords.longest_age, known.second_factor.roles
    )


def note_session(found: SignedIn) -> None:
    """Has the session's use noted, where the last note is old."""
    if found.stale:
        note(partial(auth.note_session_use, sha256=found.sha256, now=clock.now()))


def note(work: Callable[[Session], object]) -> None:
    """Has ``work`` done after this request's own transaction."""
    g.noted = work


def afterwards(work: Callable[[], object]) -> None:
    """Has ``work`` done once the request's own transaction is over, and before the answer goes out; what it raises is
    the answer. A request that is tried once more does what its last try has asked for."""
    g.setdefault("afterwards", []).append(work)


def noting(answer: Response) -> Response:
    """Does what waits for the end of the request's transaction; and notes, once a minute, that the session or token was
    used, waiting for nobody."""
    here = kept()
    for work in here.pop("afterwards", ()):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - no handler hears what is raised here; what none knows is raised again
            answer = make_response(current_app.handle_user_exception(error))
            break
    noted = here.pop("noted", None)
    if noted is not None:
        wired().database.try_aside(noted)
    return answer
