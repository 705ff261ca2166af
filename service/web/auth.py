"""Signing in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]  # the library ships no types

from service import auth, clock
from service.errors import Finding, Invalid
from service.web.access import ANYONE, SIGNED_IN, requires
from service.web.context import actor, db, settings, web
from service.web.limits import failed, limiter, sign_in_limit
from service.web.names import Names

blueprint = Blueprint("auth", __name__)


@blueprint.get("/sign-in")
@requires(ANYONE)
def sign_in() -> ResponseReturnValue:
    """The sign-in page; who is signed in already goes on."""
    return render_template("auth/sign_in.html", next=inside(request.args.get("next")), oidc=settings().oidc)


@blueprint.post("/sign-in")
@limiter.limit(sign_in_limit, deduct_when=failed)
@requires(ANYONE)
def sign_in_post() -> ResponseReturnValue:
    """Tries name and password. A refusal is an answer, so that its count is kept; the cookie is made anew."""
    username, goal = request.form.get("username", "")[:200], inside(request.form.get("next"))
    password = request.form.get("password", "")
    limits = settings().rate_limits
    found = auth.sign_in(
        db(),
        username=username,
        password=password[:1000],
        now=clock.now(),
        attempts=limits.sign_in_attempts,
        longest_lock=limits.sign_in_window,
    )
    if found.actor is None:
        page = render_template(
            "auth/sign_in.html", next=goal, oidc=settings().oidc, username=username, refusal=found.refusal
        )
        return page, 429 if found.retry_at else 401
    begin_session(found.actor.username, found.stamp, way="password")
    return redirect(goal or url_for("web.desk.desk"))


@blueprint.post("/sign-out")
@requires(ANYONE)
def sign_out() -> ResponseReturnValue:
    """Ends the session of this browser; who came through the single sign-on is told that it may still last there."""
    way = cookie.get("way")
    cookie.clear()
    return redirect(url_for("web.oidc.signed_out" if way == "oidc" and settings().oidc.enabled else "web.auth.sign_in"))


@blueprint.get("/session/token")
@requires(SIGNED_IN)
def token() -> ResponseReturnValue:
    """The token against forged requests for a page that was open while its person signed in anew."""
    return jsonify(token=generate_csrf())


@blueprint.get("/account")
@requires(SIGNED_IN)
def account() -> ResponseReturnValue:
    """The own account: roles, whom one may act for, the password."""
    return render_template("auth/account.html", **_own(), wrong={})


@blueprint.post("/account/password")
@requires(SIGNED_IN)
def password() -> ResponseReturnValue:
    """Changes the own password; every other session of the account ends."""
    name, form = actor().username, request.form
    old, new = form.get("old_password", "")[:1000], form.get("password", "")[:1000]
    try:
        _same(new, form.get("again", ""))
        auth.change_password(db(), username=name, old_password=old, password=new, actor=actor(), now=clock.now())
    except Invalid as error:
        wrong = {finding.path.strip("/"): finding.message for finding in error.findings}
        return render_template("auth/account.html", **_own(), wrong=wrong), 422
    cookie["stamp"] = auth.get_account(db(), name).session_stamp
    flash("密码已修改，其他地方的登录已全部退出。")
    return redirect(url_for("web.auth.account"))


def begin_session(username: str, stamp: int | None, *, way: str) -> None:
    """Starts the session of who has signed in, by ``way``; whatever the cookie held before is gone."""
    cookie.clear()
    cookie.permanent = True
    cookie.update(username=username, stamp=stamp, way=way)


def _same(new: str, again: str) -> None:
    if new != again:
        raise Invalid("两次输入的新密码不一致", [Finding("/again", "两次输入的新密码不一致，请重新输入")])


def _own() -> dict[str, object]:
    """What the page of the own account shows."""
    organization, me = web().organization, actor()
    names = [organization.roles[role].name for role in organization.roles if role in me.roles]
    return {"roles": names, "unit": Names(db()).unit(me.unit), "represented": auth.acting_for(db(), me)}


def inside(address: str | None) -> str:
    """``address`` if it leads to a page of this service, else nothing: no redirect to elsewhere."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return ""
    parts = urlsplit(address)
    return "" if parts.scheme or parts.netloc or any(ord(sign) < 33 for sign in address) else address
