"""The right to make a call. Every call says so when it is registered; there is no other way to register one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, request
from flask_wtf.csrf import validate_csrf  # type: ignore[import-untyped]  # the library ships no types
from sqlalchemy.orm import Session
from wtforms.validators import ValidationError  # type: ignore[import-untyped]  # the library ships no types

from service import auth, clock
from service.errors import NotAllowed
from service.http.context import READING, settings
from service.http.sessions import by_cookie, note, note_session
from service.rights import APART, RIGHTS, Actor, administers_only, may

CSRF_HEADER = "X-CSRFToken"


@dataclass(frozen=True, slots=True)
class Rule:
    """Everybody where ``public``; else who is signed in and has ``right`` (a key of ``RIGHTS``), where one is named.

    ``size`` is how many bytes may be sent to a call that takes files; others take what the settings allow. A separated
    administrator (三员分立) is let in where a right names one, and to calls ``for_administrators``.
    """

    public: bool = False
    right: str | None = None
    size: int | None = None
    for_administrators: bool = False

    def admits(self, actor: Actor | None) -> bool:
        """Whether somebody (``None``: not signed in) may make the call."""
        if self.public or actor is None:
            return self.public
        if self.right is not None:
            return may(actor, self.right)
        return self.for_administrators or not administers_only(actor)


class SignedOut(Exception):
    """The call needs somebody, and neither token nor session says who asks."""


def rules(app: Flask) -> Mapping[str, Rule]:
    """Endpoint → rule of every call of the API, of health and of metrics.

    Raises ``LookupError`` naming the views under ``/api`` that have none.
    """
    found, missing = {}, set()
    for route in app.url_map.iter_rules():
        rule = rule_of(app.view_functions[route.endpoint])
        if rule is not None:
            found[route.endpoint] = rule
        elif route.rule.startswith("/api"):
            missing.add(route.endpoint)
    if missing:
        raise LookupError(f"calls without a rule of access: {', '.join(sorted(missing))}")
    return found


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """The rule that a call was registered with."""
    return getattr(view, "api_rule", None)


def asker(session: Session, rule: Rule) -> Actor:
    """The actor who asks: by bearer token, else by the session cookie of the pages.

    For writes the cookie needs the CSRF header too. Raises ``SignedOut``, and ``NotAllowed`` where the rule does not
    admit that person.
    """
    found = _by_token(session) if "Authorization" in request.headers else _by_cookie(session)
    if not rule.admits(found):
        if rule.right is None:
            raise NotAllowed(APART)
        raise NotAllowed(f"您没有“{RIGHTS[rule.right].name}”的权限；如确需办理，请联系系统管理员或区人才办")
    return found


def _by_token(session: Session) -> Actor:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise SignedOut("请用 Authorization: Bearer 令牌 访问接口")
    try:
        found, stale = auth.find_token(session, given.token, clock.now(), settings().second_factor.roles)
    except NotAllowed as error:
        raise SignedOut(error.message) from error
    if stale is not None:
        note(partial(auth.note_token_use, sha256=stale, now=clock.now()))
    return found


def _by_cookie(session: Session) -> Actor:
    try:
        found = by_cookie(session)
    except NotAllowed as error:
        raise SignedOut(error.message) from error
    if found is None:
        raise SignedOut("请先登录，或用 Authorization: Bearer 令牌 访问接口")
    if found.must_change_password:
        raise NotAllowed("请先在网页的“我的账号”修改密码，再使用接口")
    if found.must_enrol:
        raise NotAllowed("请先在网页的“我的账号”登记二次验证，再使用接口")
    if request.method not in READING:
        try:
            validate_csrf(request.headers.get(CSRF_HEADER))
        except ValidationError as error:
            raise NotAllowed(f"缺少有效的 {CSRF_HEADER} 请求头，请刷新页面后再试") from error
    note_session(found)
    return found.actor
