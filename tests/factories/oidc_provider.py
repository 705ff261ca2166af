"""A real OpenID Connect provider on loopback: discovery, authorize, token with PKCE, keys, user info.

Built from Authlib's server parts, so the protocol is somebody else's reading of the standard and not that of the code
under test. The account that is ``signed_in`` there consents at once; it says wrong things only where a test tells it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc.jwk import RSAKey
from werkzeug.serving import BaseWSGIServer, make_server

CLIENT_ID, CLIENT_SECRET = "liaison", "between-provider-and-service"


@cache
def key_pair(kid: str) -> RSAKey:
    """An RSA key by its name, made once a test run: that takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid})


@dataclass
class Client(ClientMixin):
    """The one registered client."""

    redirect_uris: list[str]
    methods: tuple[str, ...] = ("client_secret_basic",)

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in (scope or "").split() if one in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.methods

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    """A code on its way through the browser."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    user: dict[str, Any]

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Provider:
    """The provider's state, and the knobs that tests turn."""

    client: Client = field(default_factory=lambda: Client([]))
    signed_in: dict[str, Any] | None = field(
        default_factory=lambda: {"sub": "7f3a-0001", "preferred_username": "handler-hrss"}
    )
    """The claims of who sits at the browser; None: nobody consents."""
    claims: dict[str, Any] = field(default_factory=dict)
    """The claims that the id_token has instead of the true ones."""
    profile_in_token: bool = True
    """Whether the profile stands in the id_token; else only at the user info endpoint."""
    info: dict[str, Any] = field(default_factory=dict)
    """The claims that the user info endpoint has instead of the true ones."""
    metadata: dict[str, Any] = field(default_factory=dict)
    signing_key: RSAKey = field(default_factory=lambda: key_pair("first"))
    published_key: RSAKey | None = None
    """The key at the keys' address, where it is not that which signs."""
    no_id_token: bool = False
    unsigned: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and parameters of every request so far."""
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    base: str = ""

    @property
    def issuer(self) -> str:
        """The provider's name for itself."""
        return f"{self.base}/realms/office"

    def app(self) -> Flask:
        """The provider as a WSGI application."""
        app = Flask("provider")
        server = AuthorizationServer(app, query_client=self._client_of, save_token=self._keep)
        grant = type("Grant", (_Grant,), {"provider": self})
        server.register_grant(grant, [_S256(required=True), _IdToken(self)])
        app.before_request(self._note)
        realm = "/realms/office"
        app.get(f"{realm}/.well-known/openid-configuration")(self._discovery)
        app.get(f"{realm}/keys")(self._keys)
        app.get(f"{realm}/authorize", endpoint="authorize")(lambda: self._authorize(server))
        app.post(f"{realm}/token", endpoint="token")(lambda: server.create_token_response())
        app.get(f"{realm}/userinfo")(self._user_info)
        app.get(f"{realm}/logout", endpoint="logout")(lambda: redirect(request.args["post_logout_redirect_uri"]))
        return app

    def _note(self) -> None:
        self.asked.append((request.path, request.values.to_dict()))

    def _client_of(self, client_id: str) -> Client | None:
        return self.client if client_id == CLIENT_ID else None

    def _keep(self, token: dict[str, Any], asked: OAuth2Request) -> None:
        self.tokens[token["access_token"]] = asked.user

    def _discovery(self) -> ResponseReturnValue:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": list(self.client.methods),
            **self.metadata,
        }

    def _keys(self) -> ResponseReturnValue:
        return {"keys": [(self.published_key or self.signing_key).as_dict(private=False)]}

    def _authorize(self, server: AuthorizationServer) -> ResponseReturnValue:
        try:
            grant = server.get_consent_grant(end_user=self.signed_in)
        except OAuth2Error as error:
            return jsonify(dict(error.get_body())), 400
        answer: ResponseReturnValue = server.create_authorization_response(grant=grant, grant_user=self.signed_in)
        return answer

    def _user_info(self) -> ResponseReturnValue:
        user = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return ({**user, **self.info}, 200) if user is not None else ({}, 401)


class _S256(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        """Demands a challenge of this confidential client too."""
        if not grant.request.payload.data.get("code_challenge"):
            raise OAuth2Error("code_challenge is missing")
        super().validate_code_challenge(grant, redirect_uri)


class _Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
    provider: Provider

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.provider.codes[code] = Code(
            code,
            request.payload.redirect_uri,
            request.payload.scope,
            data.get("nonce"),
            data.get("code_challenge"),
            data.get("code_challenge_method"),
            request.user,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.provider.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return authorization_code.user


class _IdToken(OpenIDCode):
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in self._provider.codes.values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self._provider.signing_key

    def get_client_algorithm(self, client: Client) -> str:
        return "none" if self._provider.unsigned else "RS256"

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": self.get_client_algorithm(client), "kid": str(self._provider.signing_key.kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self._provider.issuer}

    def generate_user_info(self, user: dict[str, Any], scope: str) -> UserInfo:
        told = user if self._provider.profile_in_token else {"sub": user["sub"]}
        return UserInfo({**told, **self._provider.claims})

    def process_token(self, grant: AuthorizationCodeGrant, response: Any) -> Any:
        return response[1] if self._provider.no_id_token else super().process_token(grant, response)


@contextmanager
def running() -> Iterator[tuple[Provider, BaseWSGIServer]]:
    """A provider that answers on a free port of loopback, without TLS, until the end of the block."""
    provider = Provider()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    with patch.dict("os.environ", {"AUTHLIB_INSECURE_TRANSPORT": "1"}):
        thread.start()
        try:
            yield provider, server
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
