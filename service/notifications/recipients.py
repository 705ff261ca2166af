"""To whom a notice goes, as of the day of its delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth.holders import keys_of
from service.auth.models import Account
from service.auth.queries import accounts_of_role, actor_of_account, is_usable
from service.db.lists import on_day
from service.errors import NotFound
from service.history.notices import Goal
from service.people.models import Substitute
from service.people.queries import find_leader
from service.processes.access import holder_of
from service.processes.models import OPEN, Instance, UserTask
from service.processes.queries import visible
from service.rights import LIAISON


def recipients(session: Session, to: Goal, *, on: date) -> list[Account]:
    """The usable accounts that a notice goes to: its user names, else all who hold its role.

    ``unit`` narrows the role to a unit, ``leader`` to the holder of one leader's post, ``person`` to one of them.
    """
    if to.usernames is not None:
        named = select(Account).where(Account.username.in_(to.usernames)).order_by(Account.username)
        return [account for account in session.scalars(named) if is_usable(account)]
    if to.role is None:
        return []
    found = accounts_of_role(session, to.role, to.unit, on=on)
    if to.person is not None:
        return [account for account in found if to.person in keys_of(account.username, account.person_id)]
    if to.leader is None:
        return found
    post = find_leader(session, to.leader)
    if post is None or not post.serves_on(on):
        return []
    return [account for account in found if account.person_id == post.person_id]


def goal_of(session: Session, to: Goal, task: UserTask | None, instance: Instance | None) -> Goal:
    """To whom it goes today: who has claimed the task, as long as the claim stands.

    Without a claim that stands it is everybody's of the role. A notice for the filer of a matter goes, if the filer has
    left, to the liaison of the office that filed it.
    """
    if to.usernames is None:
        return to
    if task is not None and task.status == OPEN and to.role is not None:
        holder = holder_of(task)
        return replace(to, usernames=(holder,) if holder is not None else None)
    filed = instance is not None and to.usernames == (instance.initiator,)
    if filed and instance is not None and instance.initiator_unit and not recipients(session, to, on=clock.today()):
        return replace(to, usernames=None, role=LIAISON, unit=instance.initiator_unit)
    return to


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
