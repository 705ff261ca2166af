"""The right to call a page. Every view says so with ``requires``; one that does not stops the start of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.errors import NotAllowed
from service.http.context import READING, transaction, wired
from service.http.second_try import begun, tried_twice
from service.rights import APART, RIGHTS, Actor, administers_only, may
from service.web.context import find_actor, signed_in
from service.web.once import key_of_page, once, with_messages_of_now

ANYONE, SIGNED_IN = "anyone", "signed_in"

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@dataclass(frozen=True, slots=True)
class Rule:
    """``who`` is ``anyone`` or ``signed_in``; a signed-in person must also have ``right``, where one is named, or
    ``instead`` of it.

    ``body`` is how many bytes may be sent to a view that takes files; others take what the settings allow. ``early``
    views are open to who must change the password, or enrol a second factor, before anything else. A separated
    administrator (三员分立) is let in where a right names one, to ``early`` views, and to views ``for_administrators``:
    what nobody has marked so stays closed. A call of a ``quiet`` view, which a page makes by itself, is no use of the
    session.
    """

    who: str
    right: str | None = None
    body: int | None = None
    early: bool = False
    for_administrators: bool = False
    quiet: bool = False
    instead: str | None = None

    def admits(self, actor: Actor | None) -> bool:
        """Whether somebody (``None``: not signed in) may call the view."""
        if self.who == ANYONE:
            return True
        if actor is None:
            return False
        if self.right is not None:
            return may(actor, self.right) or (self.instead is not None and may(actor, self.instead))
        return self.early or self.for_administrators or not administers_only(actor)


class SignInNeeded(Exception):
    """The view needs a signed-in person and nobody is; ends in the sign-in page, or in 401 for a script."""


class EnrolmentNeeded(Exception):
    """A role of the signed-in person requires a second factor, and there is none; ends in the page to enrol one."""


class PasswordChangeNeeded(Exception):
    """The signed-in person's password was chosen by somebody else, or is too old; ends in the page to change it."""


def requires(
    who: str = SIGNED_IN,
    *,
    right: str | None = None,
    instead: str | None = None,
    body: int | None = None,
    early: bool = False,
    for_administrators: bool = False,
    quiet: bool = False,
    ahead: Callable[..., object] | None = None,
    opens: bool = True,
) -> Callable[[View], View]:
    """Marks a view with who may call it, and runs it in the request's one transaction after the check.

    ``right`` is a key of the table of rights, and so is ``instead``, which admits as well; ``for_administrators`` and
    ``quiet`` are as in ``Rule``. Within the view ``context.actor()`` and ``context.db()`` are there.
    An error of the view undoes the transaction; a response of status 400 and more does not. A request that a signed-in
    person sends twice is done once.

    ``ahead`` is for what takes long and must not keep a transaction open: it is called with the view's arguments before
    that, for who is admitted, and what it gives is ``g.ahead``. A view that ``opens`` nothing has transactions of its
    own, and no actor.
    """
    if who not in (ANYONE, SIGNED_IN) or not {right, instead} <= {None, *RIGHTS}:
        raise ValueError(f"unknown rule: {who} {right}")
    rule = Rule(who, right, body, early, for_administrators, quiet, instead)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **arguments: Any) -> ResponseReturnValue:
            if not opens:
                g.actor = None
                return make_response(view(*args, **arguments))
            if ahead is not None:
                with wired().database.reading() as session:
                    _admit(session, rule)
                g.ahead = ahead(**arguments)

            def answer() -> Response:
                with transaction() as session:
                    _admit(session, rule)
                    begun()
                    if g.actor is None or request.method in READING:
                        return make_response(view(*args, **arguments))
                    return once(session, g.actor.username, lambda: view(*args, **arguments))

            # what was made ahead may have been used up by the first try
            if ahead is not None:
                return answer()
            tried = answer if request.method in READING else with_messages_of_now(answer)
            return tried_twice(tried, keyed=lambda: key_of_page() is not None)

        guarded.rule = rule  # type: ignore[attr-defined]  # read back by rule_of()
        return guarded  # type: ignore[return-value]  # wraps() keeps the signature

    return decorate


def admits(endpoint: str) -> bool:
    """Whether the reader is let in to a page."""
    rule = rule_of(current_app.view_functions[endpoint])
    return rule is not None and rule.admits(g.actor)


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """The rule that a view was marked with."""
    return getattr(view, "rule", None)


def rules(app: Flask) -> Mapping[str, Rule]:
    """Endpoint → rule of every page of the app, static files left out.

    Raises ``LookupError`` naming the views that have none.
    """
    views = {name: view for name, view in app.view_functions.items() if name.split(".")[0] == "web"}
    views.pop("web.static", None)
    missing = sorted(name for name, view in views.items() if rule_of(view) is None)
    if missing:
        raise LookupError(f"pages without a rule of access: {', '.join(missing)}")
    return {name: rule for name, view in views.items() if (rule := rule_of(view)) is not None}


def _admit(session: Session, rule: Rule) -> None:
    g.actor = find_actor(session, quiet=rule.quiet)
    if not rule.admits(g.actor):
        _refuse(rule)
    if rule.who == SIGNED_IN and not rule.early and signed_in().must_change_password:
        raise PasswordChangeNeeded
    if rule.who == SIGNED_IN and not rule.early and signed_in().must_enrol:
        raise EnrolmentNeeded


def _refuse(rule: Rule) -> None:
    if g.actor is None:
        raise SignInNeeded
    if rule.right is None:
        raise NotAllowed(APART)
    raise NotAllowed(f"您没有“{RIGHTS[rule.right].name}”的权限。如确需办理，请联系系统管理员或区人才办。")
