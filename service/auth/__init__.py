"""Accounts, sign-in, sessions, tokens, roles granted. No Flask in it.

``actor_of`` answers who acts with which rights today, as ``rights.Actor``; what a right is stands in ``rights``.
Every change here is journaled to the stream ``access``, never with a secret.
"""

from service.auth.accounts import (
    ACCESS,
    add_user,
    bind_oidc,
    disable_user,
    enable_user,
    grant_role,
    revoke_role,
    unbind_oidc,
    unlock_user,
)
from service.auth.credentials import change_password, known_hashes, set_password
from service.auth.log import entries_of
from service.auth.models import Account, RoleGrant, SignInLock, Token, WebSession
from service.auth.passwords import NewPassword, prepare
from service.auth.places import Limits, locks_of
from service.auth.queries import (
    accounts_of_role,
    acting_for,
    actor_of,
    actor_of_oidc,
    actor_of_token,
    find_account,
    find_token,
    get_account,
    grants_of,
    has_demo_accounts,
    list_accounts,
    list_role_grants,
    list_tokens,
)
from service.auth.sessions import (
    SignedIn,
    begin_session,
    end_session,
    end_sessions,
    find_signed_in,
    forget_sessions,
    list_sessions,
    note_session_use,
)
from service.auth.sign_in import SignIn, sign_in, sign_in_oidc
from service.auth.tokens import issue_token, note_token_use, revoke_token
from service.people.queries import substitutes_of

__all__ = [
    "ACCESS",
    "Account",
    "Limits",
    "NewPassword",
    "RoleGrant",
    "SignIn",
    "SignInLock",
    "SignedIn",
    "Token",
    "WebSession",
    "accounts_of_role",
    "acting_for",
    "actor_of",
    "actor_of_oidc",
    "actor_of_token",
    "add_user",
    "begin_session",
    "bind_oidc",
    "change_password",
    "disable_user",
    "enable_user",
    "end_session",
    "end_sessions",
    "entries_of",
    "find_account",
    "find_signed_in",
    "find_token",
    "forget_sessions",
    "get_account",
    "grant_role",
    "grants_of",
    "has_demo_accounts",
    "issue_token",
    "known_hashes",
    "list_accounts",
    "list_role_grants",
    "list_sessions",
    "list_tokens",
    "locks_of",
    "note_session_use",
    "note_token_use",
    "prepare",
    "revoke_role",
    "revoke_token",
    "set_password",
    "sign_in",
    "sign_in_oidc",
    "substitutes_of",
    "unbind_oidc",
    "unlock_user",
]
