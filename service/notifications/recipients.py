"""To whom a notice goes, as of the day of its delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.models import Account
from service.auth.queries import accounts_of_role, actor_of_account, is_usable
from service.errors import NotFound
from service.people.models import Substitute
from service.people.queries import on_day
from service.processes.queries import visible


def recipients(session: Session, to: Mapping[str, Any], *, on: date) -> list[Account]:
    """The usable accounts that a journal's ``to`` names: its user names, else all who hold its role (for its unit)."""
    if to["usernames"] is not None:
        named = select(Account).where(Account.username.in_(to["usernames"])).order_by(Account.username)
        return [account for account in session.scalars(named) if is_usable(account)]
    if to["role"] is None:
        return []
    return accounts_of_role(session, to["role"], to["unit"], on=on)


def with_substitutes(session: Session, accounts: Sequence[Account], *, on: date) -> list[Account]:
    """``accounts`` and those who act for them during leave (代理), each once."""
    absent = [account.person_id for account in accounts if account.person_id is not None]
    acting = (
        select(Account)
        .join(Substitute, Substitute.substitute_id == Account.person_id)
        .where(
            Substitute.person_id.in_(absent),
            Substitute.withdrawn_at.is_(None),
            on_day(Substitute.starts_on, Substitute.ends_on, on),
        )
        .order_by(Account.username)
    )
    found = {account.username: account for account in accounts}
    if absent:
        found |= {account.username: account for account in session.scalars(acting) if is_usable(account)}
    return list(found.values())


def who_see(session: Session, accounts: Sequence[Account], instance_id: UUID, *, on: date) -> list[Account]:
    """Those of ``accounts`` who may see the case."""
    return [account for account in accounts if _sees(session, account, instance_id, on)]


def _sees(session: Session, account: Account, instance_id: UUID, on: date) -> bool:
    try:
        visible(session, instance_id, actor_of_account(session, account, on))
    except NotFound:
        return False
    return True
