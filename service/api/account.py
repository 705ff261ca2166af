"""The caller as the service knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import auth, clock
from service.api.calls import Calls
from service.api.fields import Flag, Id, List, Moment, Nested, Said, Schema, Whole
from service.auth.sign_in import BY_SELF
from service.errors import NotFound
from service.http.context import actor, db, settings, wired
from service.rights import RIGHTS, may
from service.usecases.names import Names

calls = Calls("account", "The own account")


class GrantItem(Schema):
    """A role, for one unit (code) or for none in particular."""

    role = Said(required=True)
    name = Said(required=True)
    unit = Said(required=True, allow_none=True)
    unit_name = Said(required=True, allow_none=True)


class Represented(Schema):
    """Somebody for whom I may act today (代理)."""

    username = Said(required=True)
    name = Said(required=True)


class Me(Schema):
    """The account that asks: its roles of today, its rights, and for whom it may act.

    ``second_factor``: one is enrolled; ``last_sign_in``, ``last_address`` and ``failures_since`` tell of the sign-in.
    """

    username = Said(required=True)
    name = Said(required=True)
    person_id = Id(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True)
    unit_name = Said(required=True, allow_none=True)
    grants = List(Nested(GrantItem), required=True)
    rights = List(Said(), required=True)
    represents = List(Nested(Represented), required=True)
    second_factor = Flag(required=True)
    last_sign_in = Moment(required=True, allow_none=True)
    last_address = Said(required=True, allow_none=True)
    failures_since = Whole(required=True)


class SessionItem(Schema):
    """A browser in which I am signed in, named by the SHA-256 of what its cookie holds."""

    sha256 = Said(required=True)
    address = Said(required=True)
    way = Said(required=True)
    second_factor = Flag(required=True)
    created_at = Moment(required=True)
    last_seen = Moment(required=True)


class Sessions(Schema):
    """Where I am signed in, the latest used first."""

    items = List(Nested(SessionItem), required=True)


class TokenItem(Schema):
    """A bearer token of mine, named by the SHA-256 of what is known to its holder alone."""

    sha256 = Said(required=True)
    label = Said(required=True)
    created_at = Moment(required=True)
    expires_at = Moment(required=True)
    last_used = Moment(required=True, allow_none=True)


class Tokens(Schema):
    """My tokens that are not revoked, newest first."""

    items = List(Nested(TokenItem), required=True)


@calls.get("/me/sessions", answer=Sessions, for_administrators=True)
def sessions() -> Mapping[str, Any]:
    """The browsers in which I am signed in."""
    return {"items": auth.list_sessions(db(), actor().username, clock.now(), settings().sessions)}


@calls.post("/me/sessions/<sha256>/end", answer=Sessions, for_administrators=True)
def end_session(_body: Mapping[str, Any], sha256: str) -> Mapping[str, Any]:
    """Signs me out in one browser; answers those that are left."""
    auth.end_one_session(db(), actor().username, sha256)
    auth.journal_ended(db(), actor().username, BY_SELF, 1, actor(), clock.now())
    return {"items": auth.list_sessions(db(), actor().username, clock.now(), settings().sessions)}


@calls.get("/me/tokens", answer=Tokens, for_administrators=True)
def tokens() -> Mapping[str, Any]:
    """My bearer tokens; last used is noted to the minute."""
    return {"items": auth.list_tokens(db(), actor().username)}


@calls.post("/me/tokens/<sha256>/revoke", answer=Tokens, for_administrators=True)
def revoke_token(_body: Mapping[str, Any], sha256: str) -> Mapping[str, Any]:
    """Ends one of my tokens at once; answers those that are left."""
    if sha256 not in {token.sha256 for token in auth.list_tokens(db(), actor().username)}:
        raise NotFound("没有这个令牌，可能已经撤销")
    auth.revoke_token(db(), sha256=sha256, actor=actor(), now=clock.now())
    return {"items": auth.list_tokens(db(), actor().username)}


@calls.get("/me", answer=Me, for_administrators=True)
def me() -> Mapping[str, Any]:
    """The account behind the token or session."""
    who, roles = actor(), wired().organization.roles
    grants = sorted(who.grants, key=lambda grant: (grant.role, grant.unit or ""))
    names = Names(db()).learn(units=[who.unit, *(grant.unit for grant in grants)])
    mine = auth.get_account(db(), who.username)
    return {
        "second_factor": auth.find_factor(db(), who.username) is not None,
        "last_sign_in": mine.last_sign_in,
        "last_address": mine.last_address,
        "failures_since": mine.failures_since,
        "username": who.username,
        "name": who.name,
        "person_id": who.person_id,
        "unit": who.unit,
        "unit_name": names.known_unit(who.unit),
        "grants": [
            {
                "role": grant.role,
                "name": roles[grant.role].name if grant.role in roles else grant.role,
                "unit": grant.unit,
                "unit_name": names.known_unit(grant.unit),
            }
            for grant in grants
        ],
        "rights": [right for right in RIGHTS if may(who, right)],
        "represents": [
            {"username": other.on_behalf_of, "name": other.on_behalf_of_name} for other in auth.acting_for(db(), who)
        ],
    }
