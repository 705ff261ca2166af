"""The rules of passwords, sign-in and rights as they hold now. For administrators and auditors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.calls import Calls
from service.api.fields import List, Moment, Nested, Said, Schema
from service.http.context import db, settings, wired
from service.usecases.account_rules import RIGHT, account_rules

calls = Calls("accounts", "Accounts: their roles and second factors", noun="account_rules")


class AccountRuleItem(Schema):
    """A rule in words. ``setting`` is its name in the settings' file, ``variable`` that of the environment.

    ``changed_at`` is when the service first started with it, ``changed_by`` who started it, ``before`` the value before
    (null: it has been so since the first start).
    """

    group = Said(required=True)
    name = Said(required=True)
    words = Said(required=True)
    setting = Said(required=True)
    variable = Said(required=True)
    changed_at = Moment(required=True, allow_none=True)
    changed_by = Said(required=True, allow_none=True)
    before = Said(required=True, allow_none=True)


class AccountRules(Schema):
    """All of them, by their groups."""

    items = List(Nested(AccountRuleItem), required=True)


@calls.get("/account-rules", answer=AccountRules, right=RIGHT)
def rules() -> Mapping[str, Any]:
    """The rules of passwords, sign-in and rights, each with its setting and its last change."""
    return {"items": account_rules(db(), settings(), wired().organization)}
