"""Accounts of people who leave: what depends on one, and disabling it. For administrators."""

from __future__ import annotations

from typing import Any

from service import auth, clock
from service.api.calls import Calls
from service.api.fields import Day, Flag, Id, List, Nested, Said, Schema, Whole
from service.api.records import Row
from service.http.context import actor, db
from service.usecases.leaving import Held, held_by

calls = Calls("accounts", "Accounts: what depends on one, and disabling it")


class HeldTask(Schema):
    """An open task: of which matter, which step, by when."""

    task_id = Id(required=True, data_key="task")
    instance_id = Id(required=True, data_key="instance")
    number = Said(required=True, allow_none=True)
    title = Said(required=True)
    step = Said(required=True)
    due_on = Day(required=True, allow_none=True)
    due_provisional = Flag(required=True)


class HeldPost(Schema):
    """A leader's post, and how many talents it serves today."""

    post = Said(required=True)
    talents = Whole(required=True)


class HeldStand(Schema):
    """A declared substitution (代理): of or by whom, from when to when."""

    name = Said(required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True)


class HeldBy(Schema):
    """The things that depend on an account today.

    ``claimed`` goes back to all of the role when the account is disabled; ``alone`` nobody else could take without a
    stand-in. Posts, offices (units whose liaison the person is) and substitutions stay until somebody changes them.
    """

    username = Said(required=True)
    name = Said(required=True)
    active = Flag(required=True)
    claimed = List(Nested(HeldTask), required=True)
    alone = List(Nested(HeldTask), required=True)
    posts = List(Nested(HeldPost), required=True)
    offices = List(Said(), required=True)
    acts_for = List(Nested(HeldStand), required=True)
    substitutes = List(Nested(HeldStand), required=True)


@calls.get("/accounts/<username>/held", answer=HeldBy, right="manage_accounts")
def held(username: str) -> Row:
    """All that depends on the account: tasks by number, title and due date, links, liaison duties, substitutions."""
    account = auth.get_account(db(), username)
    return _told(account, held_by(db(), account.username, clock.today(), titles=not actor().separate))


@calls.post("/accounts/<username>/disable", answer=HeldBy, right="manage_accounts")
def disable(_body: dict[str, Any], username: str) -> Row:
    """Disables the account: sign-in and tokens end, tasks go back to the role. Answers what depended on it."""
    account = auth.get_account(db(), username)
    before = held_by(db(), account.username, clock.today(), titles=not actor().separate)
    auth.disable_user(db(), username=account.username, actor=actor(), now=clock.now())
    return _told(account, before)


def _told(account: auth.Account, held: Held) -> Row:
    return Row(held, username=account.username, name=account.name, active=account.active)
