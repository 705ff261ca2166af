"""Signing in and out."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Blueprint, flash, g, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]  # the library ships no types

from service import auth, clock
from service.auth.password_rules import described
from service.auth.sessions import COOKIE
from service.auth.sign_in import BY_SELF, OIDC, SIGNED_OUT
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db, settings, wired
from service.usecases.names import Names
from service.web import cookies
from service.web.access import ANYONE, requires
from service.web.answers import done, sent, text
from service.web.context import signed_in

blueprint = Blueprint("auth", __name__)


@blueprint.get("/sign-in")
@requires(ANYONE)
def sign_in() -> ResponseReturnValue:
    """The sign-in page; who is signed in already goes on."""
    ended = auth.why_ended(db(), request.cookies.get(COOKIE, "")) if g.actor is None else None
    return render_template(
        "auth/sign_in.html", next=inside(request.args.get("next")), oidc=settings().oidc, ended=ended
    )


@blueprint.post("/sign-in")
@requires(ANYONE, opens=False)
def sign_in_post() -> ResponseReturnValue:
    """Tries name and password. A refusal is an answer, so that its count is kept; the session is always a new one."""
    username, goal = request.form.get("username", "")[:200], inside(request.form.get("next"))
    limits, browser = settings().rate_limits, cookies.browser_id()
    found = auth.sign_in(
        wired().database,
        username=username,
        password=request.form.get("password", "")[:1000],
        now=clock.now(),
        address=address(),
        browser=browser,
        former=request.cookies.get(COOKIE),
        limits=auth.Limits(limits.sign_in_attempts, limits.sign_in_window),
    )
    if found.actor is None and not found.waits:
        page = render_template(
            "auth/sign_in.html", next=goal, oidc=settings().oidc, username=username, refusal=found.refusal
        )
        return page, 429 if found.retry_at else 401
    return signed_in_at(found, goal, browser)


def signed_in_at(found: auth.SignIn, goal: str, browser: str | None = None) -> ResponseReturnValue:
    """Leads who signed in to where they wanted to go, told of the time before; or to the page of the second factor."""
    if found.waits:
        return cookies.begin(make_response(redirect(url_for("web.second_factor.code", next=goal or None))), found.key)
    answer = cookies.begin(make_response(redirect(goal or url_for("web.desk.desk"))), found.key, browser)
    for said in _welcome(found):
        flash(said)
    return answer


def _welcome(found: auth.SignIn) -> Iterator[str]:
    """When and where the account had signed in before, how often it failed since, and when its password ends."""
    if (before := found.before) is not None and before.at is not None:
        said = f"上次登录：{clock.local(before.at):%Y-%m-%d %H:%M}，来自 {before.address or '地址不详'}。"
        if before.failures:
            said += f"此后有 {before.failures} 次登录未成功；如不是您本人，请修改密码并告知管理员。"
        yield said
    known, now = settings(), clock.now()
    with wired().database.reading() as session:
        entered = auth.find_signed_in(session, found.key or "", now, known.sessions, known.passwords.longest_age)
    ends = entered.password_ends
    if ends is not None and not entered.must_change_password and ends - now <= known.passwords.warned:
        yield f"您的密码将于 {clock.local(ends):%Y-%m-%d} 到期，请在“我的账号”及时修改。"


@blueprint.post("/sign-out")
@requires(ANYONE)
def sign_out() -> ResponseReturnValue:
    """Ends all sessions of the account, here and elsewhere; who came through the single sign-on is told of that."""
    way = g.signed_in.way if g.signed_in else None
    if g.actor is not None:
        count = auth.end_sessions(db(), g.actor.username)
        auth.journal_ended(db(), g.actor.username, SIGNED_OUT, count, g.actor, clock.now())
    there = way == OIDC and settings().oidc.enabled
    return cookies.end(make_response(redirect(url_for("web.oidc.signed_out" if there else "web.auth.sign_in"))))


@blueprint.get("/session/token")
@requires(for_administrators=True)
def token() -> ResponseReturnValue:
    """The token against forged requests for a page that was open while somebody signed in anew; and who that is."""
    return jsonify(token=generate_csrf(), username=actor().username)


@blueprint.get("/account")
@requires(early=True)
def account() -> ResponseReturnValue:
    """The own account: roles, whom one may act for, the password, sessions and tokens."""
    return render_template("auth/account.html", **_own(), wrong={})


def _typed_password() -> auth.NewPassword:
    """The password typed into the form of the own password, hashed before any transaction is open."""
    with wired().database.reading() as session:
        known = auth.known_hashes(session, actor().username, settings().passwords.history)
    form = request.form
    return auth.prepare(form.get("password", "")[:1000], over=known, old=form.get("old_password", "")[:1000])


@blueprint.post("/account/password")
@requires(early=True, ahead=_typed_password)
def password() -> ResponseReturnValue:
    """Changes the own password; every other session of the account ends, and every token."""
    me, now = actor(), clock.now()
    try:
        _same(request.form.get("password", ""), request.form.get("again", ""))
        auth.change_password(db(), username=me.username, password=g.ahead, actor=me, now=now)
    except Invalid as error:
        wrong = {finding.path.strip("/"): finding.message for finding in error.findings}
        return render_template("auth/account.html", **_own(), wrong=wrong), 422
    mine = signed_in()
    key = auth.begin_session(
        db(),
        username=me.username,
        way=mine.way,
        address=address(),
        now=now,
        second_factor=mine.second_factor,
    )
    flash("密码已修改，其他地方的登录已全部退出，接口令牌已全部撤销。")
    return cookies.keep(make_response(redirect(url_for("web.auth.account"))), key)


@blueprint.post("/account/sessions/end")
@requires(for_administrators=True)
def end_others() -> ResponseReturnValue:
    """Signs out everywhere but here."""
    count = auth.end_sessions(db(), actor().username, but=signed_in().sha256)
    auth.journal_ended(db(), actor().username, BY_SELF, count, actor(), clock.now())
    return done("其他地方的登录已退出。", url_for("web.auth.account"))


@blueprint.post("/account/sessions/end-one")
@requires(for_administrators=True)
def end_one() -> ResponseReturnValue:
    """Signs out in one other browser."""
    auth.end_one_session(db(), actor().username, text(sent(), "session"))
    auth.journal_ended(db(), actor().username, BY_SELF, 1, actor(), clock.now())
    return done("该处的登录已退出。", url_for("web.auth.account"))


@blueprint.post("/account/tokens")
@requires(for_administrators=True)
def issue_token() -> ResponseReturnValue:
    """A token of the own account, shown this once; with a second factor only where that was given."""
    issued = auth.issue_token(
        db(),
        username=actor().username,
        label=text(sent(), "label"),
        lifetime=settings().token_lifetime,
        second_factor=signed_in().second_factor,
        actor=actor(),
        now=clock.now(),
    )
    return render_template("auth/account.html", **_own(), wrong={}, issued=issued)


@blueprint.post("/account/tokens/revoke")
@requires(for_administrators=True)
def revoke_token() -> ResponseReturnValue:
    """Ends a token of the own account at once."""
    sha256 = text(sent(), "token")
    if sha256 not in {token.sha256 for token in auth.list_tokens(db(), actor().username)}:
        raise NotFound("没有这个令牌，可能已经撤销")
    auth.revoke_token(db(), sha256=sha256, actor=actor(), now=clock.now())
    return done("接口令牌已撤销。", url_for("web.auth.account"))


def address() -> str:
    """Where the request comes from: the reader's own address, also behind the proxies of the settings."""
    return request.remote_addr or ""


def _same(new: str, again: str) -> None:
    if new != again:
        raise Invalid("两次输入的新密码不一致", [Finding("/again", "两次输入的新密码不一致，请重新输入")])


def _own() -> dict[str, object]:
    """The parts of the page of the own account."""
    organization, me = wired().organization, actor()
    names = [organization.roles[role].name for role in organization.roles if role in me.roles]
    now, mine = clock.now(), signed_in()
    return {
        "roles": names,
        "unit": Names(db()).unit(me.unit),
        "represented": auth.acting_for(db(), me),
        "must_change": mine.must_change_password,
        "here": mine.sha256,
        "sessions": auth.list_sessions(db(), me.username, now, settings().sessions),
        "tokens": auth.list_tokens(db(), me.username),
        "at": now,
        "factor": auth.find_factor(db(), me.username),
        "must_enrol": mine.must_enrol,
        "rules": described(settings().passwords),
        "password_ends": mine.password_ends,
    }


def inside(address: str | None) -> str:
    """``address`` if it leads to a page of this service, else nothing: no redirect to elsewhere."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return ""
    parts = urlsplit(address)
    return "" if parts.scheme or parts.netloc or any(ord(sign) < 33 for sign in address) else address
