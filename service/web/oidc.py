"""Sign-in through the office's single sign-on: OpenID Connect, authorization code flow with PKCE, state and nonce.

Off unless ``settings.oidc.enabled``; then the sign-in page has a button for it. ``service.auth.sign_in_oidc`` decides
which account an identity belongs to. The provider's words go into the log, never onto a page.
"""

from __future__ import annotations

import time
from typing import Any, cast
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import MismatchingStateError, OAuthError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError

from service import auth, clock
from service.auth.sessions import COOKIE
from service.config.outside import Oidc
from service.errors import NotFound
from service.http.context import settings, wired
from service.web.access import ANYONE, requires
from service.web.auth import inside, signed_in_at
from service.web.limits import limiter, sign_in_limit

blueprint = Blueprint("oidc", __name__)

KEY = "liaison-oidc"
NAME = "oidc"
# An algorithm that needs a shared secret, or none at all, would let others than the provider sign.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
WAIT_SECONDS = (3, 10)
"""For a connection, and for an answer: a provider that hangs must not hold the service's workers."""
METADATA_SECONDS = 3600
ATTEMPT_SECONDS = 900
UNFINISHED = 3
"""So many attempts of one browser are remembered side by side (tabs); a cookie holds no more than 4 kB."""
LONGEST_GOAL = 500
LONGEST_SUBJECT = 255

STALE = "登录请求已过期，或不是从本页发起的。请重新登录；浏览器如禁用了 Cookie，请先允许。"
DENIED = "统一身份认证没有同意这次登录：您取消了登录，或没有被授权使用本系统。"
NOT_ACCEPTED = "统一身份认证没有接受这次登录：登录码已经用过或已过期，或者本系统在认证服务的登记有误。请重新登录。"
NOT_VERIFIED = "统一身份认证给出的身份凭证没有通过核验（签名、有效期或用途不符），没有登录。请重新登录。"
UNREACHABLE = "暂时连不上统一身份认证。请稍后再试，或者用用户名和密码登录。"
NO_SIGN_OUT = "统一身份认证没有提供退出的地址。请关闭全部浏览器窗口。"


class Unverified(Exception):
    """The provider's answer is not what its metadata or this sign-in call for."""


class Provider(FlaskOAuth2App):
    """The provider of the settings, with what the library leaves to its user: the issuer must be the configured one,
    only signatures that nobody else can make count, and metadata grow old."""

    server_metadata: dict[str, Any]

    def __init__(self, oidc: Oidc) -> None:
        kept = FlaskIntegration(NAME)
        kept.expires_in = ATTEMPT_SECONDS
        super().__init__(
            kept,
            NAME,
            client_id=oidc.client_id,
            client_secret=oidc.client_secret,
            server_metadata_url=oidc.issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(oidc.scopes),
                "code_challenge_method": "S256",
                "default_timeout": WAIT_SECONDS,
            },
        )
        self._oidc = oidc

    def load_server_metadata(self) -> dict[str, Any]:
        """The provider's metadata, fetched once an hour. Raises ``Unverified`` and errors of ``requests``."""
        if time.time() - self.server_metadata.get("_loaded_at", 0) > METADATA_SECONDS:
            self.server_metadata = {}
        try:
            metadata = cast(dict[str, Any], super().load_server_metadata())
        except TypeError as error:
            raise Unverified("the metadata are no JSON object") from error
        if metadata.get("issuer") != self._oidc.issuer:
            self.server_metadata = {}
            raise Unverified(f"the metadata are of issuer {metadata.get('issuer')!r}, not {self._oidc.issuer!r}")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        safe = [one for one in offered if one in SIGNATURES]
        if not safe:  # an empty list means the library's own choice
            self.server_metadata = {}
            raise Unverified(f"the provider signs in no way that it alone can: {offered!r}")
        metadata["id_token_signing_alg_values_supported"] = safe
        # The library signs in with HTTP Basic, the standard's default; some providers only take a form.
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" not in ways and "client_secret_post" in ways:
            self.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - a method's name
        return metadata

    def identity(self) -> tuple[str, str | None]:
        """Subject and user name of whom the provider has sent back with a code, verified.

        Raises ``OAuthError``, ``JoseError``, ``Unverified``, ``requests`` errors.
        """
        claims_options = {
            "iss": {"essential": True, "value": self._oidc.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True},
        }
        try:
            token = self.authorize_access_token(claims_options=claims_options)
        except (KeyError, TypeError) as error:
            raise Unverified("the provider's keys or token are not of the standard's form") from error
        claims = token.get("userinfo")
        if not claims:
            raise Unverified("the token endpoint gave no id_token")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise Unverified("the id_token's subject is no text, or too long")
        name = self._oidc.username_claim
        if name not in claims and "userinfo_endpoint" in self.server_metadata:
            claims = self.userinfo(token=token)
            if claims.get("sub") != subject:
                raise Unverified("the user info is about somebody else")
        username = claims.get(name)
        return subject, username if isinstance(username, str) else None


def _counts(answer: Response) -> bool:
    """A provider that is down is nobody's failed attempt."""
    return 400 <= answer.status_code < 500


@blueprint.get("/sign-in/oidc")
@limiter.limit(sign_in_limit, deduct_when=_counts)
@requires(ANYONE, opens=False)
def begin() -> ResponseReturnValue:
    """Sends the browser to the provider; what its answer must fit is kept in the cookie."""
    provider, back = _provider(), _outside("web.oidc.callback")
    try:
        made = provider.create_authorization_url(back)
    except (OAuthError, Unverified, requests.RequestException, RuntimeError, ValueError) as error:
        return _failed(error)
    _forget_attempts(keep=UNFINISHED - 1)
    provider.save_authorize_data(
        redirect_uri=back,
        state=made["state"],
        nonce=made["nonce"],
        code_verifier=made["code_verifier"],
        goal=inside(request.args.get("next"))[:LONGEST_GOAL],
    )
    return redirect(made["url"])


@blueprint.get("/sign-in/oidc/callback")
@limiter.limit(sign_in_limit, deduct_when=_counts)
@requires(ANYONE, opens=False)
def callback() -> ResponseReturnValue:
    """The provider sends the browser back: checks its answer and starts the session."""
    provider = _provider()
    _forget_attempts(keep=UNFINISHED)
    kept = provider.framework.get_state_data(cookie, request.args.get("state")) or {}
    try:
        subject, username = provider.identity()
    except (OAuthError, JoseError, Unverified, requests.RequestException, RuntimeError, ValueError) as error:
        return _failed(error)
    # Though a GET, it writes. The transaction opens only now: nobody waits for the provider with a locked database.
    with wired().database.transaction() as session:
        found = auth.sign_in_oidc(
            session,
            issuer=settings().oidc.issuer,
            subject=subject,
            username=username,
            now=clock.now(),
            address=request.remote_addr or "",
        )
        if found.actor is not None or found.waits:
            auth.end_session(session, request.cookies.get(COOKIE, ""))
    if found.actor is None and not found.waits:
        return _page(found.refusal or NOT_VERIFIED, 403)
    return signed_in_at(found, kept.get("goal") or "")


@blueprint.get("/sign-out/oidc")
@requires(ANYONE)
def signed_out() -> ResponseReturnValue:
    """After the own session has ended: the provider's may still last, and with it whoever sits down here next."""
    _provider()
    return render_template("auth/oidc_signed_out.html", label=settings().oidc.label)


@blueprint.get("/sign-out/oidc/everywhere")
@requires(ANYONE)
def sign_out_everywhere() -> ResponseReturnValue:
    """Leads to where the provider ends its own session."""
    try:
        address = _provider().load_server_metadata().get("end_session_endpoint")
    except (Unverified, requests.RequestException, ValueError) as error:
        return _failed(error)
    if not isinstance(address, str):
        return _page(NO_SIGN_OUT, 404)
    query = {"client_id": settings().oidc.client_id, "post_logout_redirect_uri": _outside("web.auth.sign_in")}
    return redirect(f"{address}{'&' if '?' in address else '?'}{urlencode(query)}")


def _provider() -> Provider:
    oidc, kept = wired().settings.oidc, wired().kept
    if not oidc.enabled:
        raise NotFound("本系统没有启用统一身份认证，请用用户名和密码登录。")
    if (KEY, oidc) not in kept:
        kept[KEY, oidc] = Provider(oidc)
    return cast(Provider, kept[KEY, oidc])


def _outside(endpoint: str) -> str:
    """The full address of a page as the provider has it on record."""
    base = settings().public_url
    return base + url_for(endpoint) if base else url_for(endpoint, _external=True)


def _forget_attempts(*, keep: int) -> None:
    """Drops attempts that have expired, which the library leaves to its user, and all but the newest ``keep``."""
    expiry = {key: float(value.get("exp") or 0) for key, value in cookie.items() if key.startswith(f"_state_{NAME}_")}
    live = sorted((key for key, end in expiry.items() if end > time.time()), key=lambda key: expiry[key])
    for key in expiry.keys() - set(live[-keep:]):
        cookie.pop(key)


def _failed(error: Exception) -> ResponseReturnValue:
    """The page of a failure; the log has what happened."""
    # Part of the text may come from the address bar: as a literal it cannot forge a line of the log.
    current_app.logger.warning("single sign-on failed: %s %r", type(error).__name__, str(error))
    if isinstance(error, MismatchingStateError):
        return _page(STALE, 400)
    if isinstance(error, OAuthError):
        return _page(DENIED if error.error == "access_denied" else NOT_ACCEPTED, 403)
    # The library complains of missing addresses with RuntimeError; what is no JSON is a RequestException.
    if isinstance(error, requests.RequestException | RuntimeError):
        return _page(UNREACHABLE, 503)
    return _page(NOT_VERIFIED, 403)


def _page(message: str, status: int) -> ResponseReturnValue:
    return render_template("auth/oidc_failed.html", message=message, status=status, label=settings().oidc.label), status
