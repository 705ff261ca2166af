"""The open tasks that depend on one account: those in its hands, and those that nobody else could take."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import Session

from service.auth.queries import holdings
from service.processes.models import IS_OPEN, RUNNING, SUSPENDED, Instance, UserTask
from service.processes.rules import one_line
from service.rights import Grant

MOST = 200
"""Rows of tasks that are shown; who has more is told how many."""


@dataclass(frozen=True, slots=True)
class HeldTask:
    """An open task: of which matter, which step, by when. ``number`` and ``due_on`` may be missing.

    ``due_provisional``: the days off of that year are not announced yet (暂定).
    """

    task_id: UUID
    instance_id: UUID
    number: str | None
    process: str
    title: str
    step: str
    due_on: date | None
    due_provisional: bool


def tasks_claimed(session: Session, username: str) -> list[HeldTask]:
    """The open tasks that the account has claimed."""
    return _tasks(session, UserTask.assignee == username)


def tasks_of_nobody_else(
    session: Session,
    username: str,
    grants: Iterable[Grant],
    posts: Collection[UUID],
    today: date,
    keys: Collection[str] = (),
) -> list[HeldTask]:
    """Open tasks that nobody has claimed and that no other usable account holds the role for, or that are this one's
    alone.

    ``grants`` are the account's roles, ``posts`` the leader posts of its person, ``keys`` those of its own tasks.
    """
    held = holdings(today)
    others = select(held.c.role, held.c.unit).where(held.c.username != username, held.c.unit.is_not(None))
    anywhere = select(held.c.role).where(held.c.username != username)
    known = sorted(grants, key=lambda one: (one.role, one.unit or ""))
    ways = [
        (UserTask.role == grant.role) & (UserTask.unit == grant.unit) & UserTask.leader_id.is_(None)
        for grant in known
        if grant.unit is not None
    ]
    unbound = sorted({grant.role for grant in known if grant.unit is None})
    clauses: list[ColumnElement[bool]] = (
        [or_(*ways) & tuple_(UserTask.role, UserTask.unit).not_in(others)] if ways else []
    )
    if unbound:
        lone = UserTask.unit.is_(None) & UserTask.leader_id.is_(None) & UserTask.role.not_in(anywhere)
        clauses.append(UserTask.role.in_(unbound) & lone)
    if keys:
        clauses.append(UserTask.person_key.in_(keys))
    if posts:
        clauses.append(UserTask.leader_id.in_(posts))
    return _tasks(session, UserTask.assignee.is_(None) & or_(*clauses)) if clauses else []


def _tasks(session: Session, whose: ColumnElement[bool]) -> list[HeldTask]:
    query = (
        select(
            UserTask.id,
            UserTask.instance_id,
            Instance.number,
            Instance.process,
            Instance.title,
            UserTask.name,
            UserTask.due_on,
            UserTask.due_provisional,
        )
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(IS_OPEN, Instance.status.in_((RUNNING, SUSPENDED)), whose)
        .order_by(UserTask.due_on.is_(None), UserTask.due_on, Instance.number, UserTask.id)
    )
    return [
        HeldTask(
            row.id,
            row.instance_id,
            row.number,
            row.process,
            row.title,
            one_line(row.name),
            row.due_on,
            row.due_provisional,
        )
        for row in session.execute(query.limit(MOST))
    ]
