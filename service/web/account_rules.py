"""登录与密码规则: what holds now, where it is set, and who changed it when; changed in the settings' file alone."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from service.http.context import actor, db, settings, wired
from service.rights import may
from service.usecases.account_rules import FILE, RIGHT, account_rules
from service.usecases.names import Names
from service.web.access import requires

blueprint = Blueprint("account_rules", __name__)


@blueprint.get("/account-rules")
@requires(right=RIGHT)
def index() -> ResponseReturnValue:
    """All rules of passwords, sign-in and rights."""
    rules = account_rules(db(), settings(), wired().organization)
    return render_template(
        "accounts/rules.html",
        groups=[(head, list(some)) for head, some in groupby(rules, key=lambda one: one.group)],
        names=Names(db()).learn([one.changed_by for one in rules]),
        file=FILE,
        may_ask=may(actor(), "view_access_log"),
    )
