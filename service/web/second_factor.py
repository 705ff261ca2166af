"""二次验证: the code at sign-in; and its enrolment, recovery codes and end in the own account."""

from __future__ import annotations

import segno
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import auth, clock
from service.auth.codes import Vault, address_of, grouped, open_vault
from service.auth.models import WebSession
from service.auth.sessions import COOKIE
from service.errors import Invalid, NotAllowed
from service.http.context import actor, db, settings, wired
from service.web.access import ANYONE, requires
from service.web.answers import done, sent, text
from service.web.auth import inside, signed_in_at
from service.web.context import signed_in
from service.web.limits import limiter, sign_in_limit

blueprint = Blueprint("second_factor", __name__)

LONGEST = 40


@blueprint.get("/sign-in/code")
@requires(ANYONE)
def code() -> ResponseReturnValue:
    """Asks for the code, of who has given the password; who has not goes back to that."""
    goal = inside(request.args.get("next"))
    if auth.find_waiting(db(), request.cookies.get(COOKIE, ""), clock.now()) is None:
        there = "web.desk.desk" if g.actor is not None else "web.auth.sign_in"
        return redirect(url_for(there, next=goal or None) if g.actor is None else url_for(there))
    return render_template("auth/code.html", next=goal)


@blueprint.post("/sign-in/code")
@requires(ANYONE, opens=False)
def give_code() -> ResponseReturnValue:
    """Takes the code, or a recovery code. A refusal is an answer, so that its count is kept."""
    goal, limits = inside(request.form.get("next")), settings().rate_limits
    try:
        found = auth.give_code(
            wired().database,
            key=request.cookies.get(COOKIE, ""),
            code=request.form.get("code", "")[:LONGEST],
            vault=_vault(),
            now=clock.now(),
            limits=auth.Limits(limits.sign_in_attempts, limits.sign_in_window),
        )
    except NotAllowed as error:
        page = render_template("auth/sign_in.html", next=goal, oidc=settings().oidc, refusal=error.message)
        return page, 401
    if found.actor is None:
        return render_template("auth/code.html", next=goal, refusal=found.refusal), 429 if found.retry_at else 401
    return signed_in_at(found, goal)


@blueprint.get("/account/second-factor")
@requires(early=True)
def enrol() -> ResponseReturnValue:
    """The present state; while one is enrolled, the QR code for the telephone."""
    return _page()


@blueprint.post("/account/second-factor/begin")
@requires(early=True)
def begin() -> ResponseReturnValue:
    """A new secret, shown on the page until a code confirms it."""
    auth.begin_enrolling(db(), username=actor().username, sha256=signed_in().sha256, vault=_vault())
    return redirect(url_for("web.second_factor.enrol"))


@blueprint.post("/account/second-factor/cancel")
@requires(early=True)
def cancel() -> ResponseReturnValue:
    """Enrols nothing now; what there was before stays."""
    auth.cancel_enrolling(db(), sha256=signed_in().sha256)
    return redirect(url_for("web.second_factor.enrol"))


@blueprint.post("/account/second-factor/confirm")
@limiter.limit(sign_in_limit)
@requires(early=True)
def confirm() -> ResponseReturnValue:
    """Puts it in force; shows the recovery codes, this once."""
    try:
        codes = auth.confirm_enrolling(
            db(),
            username=actor().username,
            sha256=signed_in().sha256,
            code=_typed(),
            vault=_vault(),
            actor=actor(),
            now=clock.now(),
        )
    except Invalid as error:
        return _page(wrong=error.message), 422
    return _page(codes=codes)


@blueprint.post("/account/second-factor/codes")
@limiter.limit(sign_in_limit)
@requires(for_administrators=True)
def renew() -> ResponseReturnValue:
    """New recovery codes in the place of the old, shown this once."""
    try:
        codes = auth.renew_recovery(
            db(), username=actor().username, code=_typed(), vault=_vault(), actor=actor(), now=clock.now()
        )
    except Invalid as error:
        return _page(wrong=error.message), 422
    return _page(codes=codes)


@blueprint.post("/account/second-factor/end")
@limiter.limit(sign_in_limit)
@requires(for_administrators=True)
def end() -> ResponseReturnValue:
    """Goes without it again, where no role requires it."""
    try:
        auth.give_up_factor(
            db(),
            username=actor().username,
            code=_typed(),
            required=settings().second_factor.roles,
            vault=_vault(),
            actor=actor(),
            now=clock.now(),
        )
    except Invalid as error:
        return _page(wrong=error.message), 422
    return done("二次验证已停用，今后只凭密码登录。", url_for("web.auth.account"))


def _page(*, codes: list[str] | None = None, wrong: str = "") -> str:
    mine, known = signed_in(), settings().second_factor
    row = db().get(WebSession, mine.sha256)
    secret = _vault().open(actor().username, row.enrolling) if row is not None and row.enrolling and not codes else None
    drawn = None
    if secret is not None:
        made = segno.make(address_of(secret, actor().username, known.issuer), error="m")
        drawn = made.svg_inline(scale=4, svgclass="seal-code", lineclass=None, omitsize=False)
    return render_template(
        "auth/second_factor.html",
        factor=auth.find_factor(db(), actor().username),
        required=bool(actor().roles & known.roles),
        must_enrol=mine.must_enrol and not codes,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)) if secret else None,
        drawn=drawn,
        codes=[grouped(one) for one in codes or ()],
        wrong=wrong,
    )


def _typed() -> str:
    return text(sent(), "code")[:LONGEST]


def _vault() -> Vault:
    return open_vault(settings().second_factor.key_file)
