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
    unbind_oidc,
    unlock_user,
)
from service.auth.credentials import change_password, known_hashes, set_password
from service.auth.factors import (
    begin_enrolling,
    cancel_enrolling,
    confirm_enrolling,
    factors_of,
    find_factor,
    give_up_factor,
    renew_recovery,
    reset_factor,
)
from service.auth.grants import grant_role, revoke_role
from service.auth.known import actor_of_token, find_token
from service.auth.log import entries_of
from service.auth.models import AccessProposal, Account, RoleGrant, SignInLock, Token, WebSession
from service.auth.passwords import NewPassword, prepare
from service.auth.places import Limits, locks_of
from service.auth.proposal_notices import count_to_decide
from service.auth.queries import (
    accounts_of_role,
    acting_for,
    actor_of,
    actor_of_oidc,
    find_account,
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
    end_one_session,
    end_session,
    end_sessions,
    find_signed_in,
    find_waiting,
    forget_sessions,
    list_sessions,
    note_session_use,
    why_ended,
)
from service.auth.sign_in import SignIn, give_code, journal_ended, sign_in, sign_in_oidc
from service.auth.tokens import issue_token, note_token_use, revoke_token
from service.people.queries import substitutes_of

__all__ = [
    "ACCESS",
    "AccessProposal",
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
    "begin_enrolling",
    "begin_session",
    "bind_oidc",
    "cancel_enrolling",
    "change_password",
    "confirm_enrolling",
    "count_to_decide",
    "disable_user",
    "enable_user",
    "end_one_session",
    "end_session",
    "end_sessions",
    "entries_of",
    "factors_of",
    "find_account",
    "find_factor",
    "find_signed_in",
    "find_token",
    "find_waiting",
    "forget_sessions",
    "get_account",
    "give_code",
    "give_up_factor",
    "grant_role",
    "grants_of",
    "has_demo_accounts",
    "issue_token",
    "journal_ended",
    "known_hashes",
    "list_accounts",
    "list_role_grants",
    "list_sessions",
    "list_tokens",
    "locks_of",
    "note_session_use",
    "note_token_use",
    "prepare",
    "renew_recovery",
    "reset_factor",
    "revoke_role",
    "revoke_token",
    "set_password",
    "sign_in",
    "sign_in_oidc",
    "substitutes_of",
    "unbind_oidc",
    "unlock_user",
    "why_ended",
]
