"""Accounts, sign-in, tokens, and who may do what. No Flask in it.

``Actor`` is who acts, with the rights of the day; ``may`` and ``require`` ask the table of rights in ``policy``.
What happens here is journaled to the stream ``access``, never with a secret.
"""

from service.auth.accounts import (
    ACCESS,
    add_user,
    bind_oidc,
    change_password,
    disable_user,
    enable_user,
    grant_role,
    revoke_role,
    set_password,
    unbind_oidc,
    unlock_user,
)
from service.auth.actor import COMMAND_LINE, SERVICE_NAMES, SYSTEM, Actor, Grant
from service.auth.log import entries_of
from service.auth.models import Account, RoleGrant, SignInLock, Token
from service.auth.policy import RIGHTS, ROLES, may, require
from service.auth.queries import (
    accounts_of_role,
    acting_for,
    actor_of,
    actor_of_oidc,
    actor_of_token,
    find_account,
    get_account,
    grants_of,
    has_demo_accounts,
    list_accounts,
    list_role_grants,
    list_tokens,
    locks_of,
)
from service.auth.sign_in import SignIn, authenticate, sign_in, sign_in_oidc
from service.auth.tokens import issue_token, revoke_token
from service.people.queries import substitutes_of

__all__ = [
    "ACCESS",
    "COMMAND_LINE",
    "RIGHTS",
    "ROLES",
    "SERVICE_NAMES",
    "SYSTEM",
    "Account",
    "Actor",
    "Grant",
    "RoleGrant",
    "SignIn",
    "SignInLock",
    "Token",
    "accounts_of_role",
    "acting_for",
    "actor_of",
    "actor_of_oidc",
    "actor_of_token",
    "add_user",
    "authenticate",
    "bind_oidc",
    "change_password",
    "disable_user",
    "enable_user",
    "entries_of",
    "find_account",
    "get_account",
    "grant_role",
    "grants_of",
    "has_demo_accounts",
    "issue_token",
    "list_accounts",
    "list_role_grants",
    "list_tokens",
    "locks_of",
    "may",
    "require",
    "revoke_role",
    "revoke_token",
    "set_password",
    "sign_in",
    "sign_in_oidc",
    "substitutes_of",
    "unbind_oidc",
    "unlock_user",
]
