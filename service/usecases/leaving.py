"""Lists all that depends on one account, for whoever disables it or takes its roles, before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.auth import Account
from service.auth.queries import get_account, grants_of, holdings, is_usable
from service.liaisons import talents_of
from service.people.models import Leader, Liaison, Substitute
from service.people.queries import leader_posts, liaisons_of, unit_names
from service.processes.models import OPEN, RUNNING, SUSPENDED, Instance, UserTask
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
    title: str
    step: str
    due_on: date | None
    due_provisional: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A leader's post, and how many talents it serves today."""

    post: str
    talents: int


@dataclass(frozen=True, slots=True)
class Stand:
    """A declared substitution: of whom, or by whom, from when to when."""

    name: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Held:
    """The things that depend on an account today.

    ``claimed``: tasks in its hands, which go back to everybody of the role. ``alone``: tasks that nobody else could
    take without a stand-in. ``posts``, ``offices`` (units whose liaison the person is), ``acts_for`` and
    ``substitutes`` are the person's; they stay as they are until somebody changes them.
    """

    claimed: Sequence[HeldTask] = ()
    alone: Sequence[HeldTask] = ()
    posts: Sequence[Post] = ()
    offices: Sequence[str] = ()
    acts_for: Sequence[Stand] = ()
    substitutes: Sequence[Stand] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing depends on the account."""
        return not any((self.claimed, self.alone, self.posts, self.offices, self.acts_for, self.substitutes))

    def lines(self) -> list[str]:
        """All of it in words, a line each."""
        found = [f"领办的任务 {len(self.claimed)} 项，停用后退回同岗位待办："] if self.claimed else []
        found += [f"  {_said(task)}" for task in self.claimed]
        found += [f"只有其一人能办理的任务 {len(self.alone)} 项，停用后由代办人办理："] if self.alone else []
        found += [f"  {_said(task)}" for task in self.alone]
        found += [f"联系领导任职：{one.post}，联系 {one.talents} 名人才" for one in self.posts]
        found += [f"联络员：{name}" for name in self.offices]
        found += [f"正代理 {one.name}：{one.starts_on} 至 {one.ends_on}" for one in self.acts_for]
        found += [f"由 {one.name} 代理：{one.starts_on} 至 {one.ends_on}" for one in self.substitutes]
        return found


def held_by(session: Session, username: str, today: date) -> Held:
    """Finds the things that depend on the account ``today``; raises NotFound. A fixed number of statements."""
    account = get_account(session, username)
    grants = grants_of(session, [account.username], today)[account.username] if is_usable(account) else frozenset()
    person = account.person_id
    posts = leader_posts(session, person, today) if person is not None else []
    served = talents_of(session, [post.id for post in posts], today)
    mine = liaisons_of(session, person_id=person) if person is not None else []
    return Held(
        claimed=_tasks(session, UserTask.assignee == account.username),
        alone=_alone(session, account, grants, posts, today),
        posts=[Post(post.post, len(served.get(post.id, ()))) for post in posts],
        offices=_offices(session, mine, today),
        acts_for=_stands(session, Substitute.substitute_id, person, today),
        substitutes=_stands(session, Substitute.person_id, person, today),
    )


def _alone(
    session: Session, account: Account, grants: frozenset[Grant], posts: Sequence[Leader], today: date
) -> list[HeldTask]:
    """Open tasks that nobody has claimed and that no other usable account holds the role for."""
    held = holdings(today)
    others = select(held.c.role, held.c.unit).where(held.c.username != account.username, held.c.unit.is_not(None))
    anywhere = select(held.c.role).where(held.c.username != account.username)
    ways = [
        (UserTask.role == grant.role) & (UserTask.unit == grant.unit) & UserTask.leader_id.is_(None)
        for grant in sorted(grants, key=lambda one: (one.role, one.unit or ""))
        if grant.unit is not None
    ]
    unbound = sorted({grant.role for grant in grants if grant.unit is None})
    clauses: list[ColumnElement[bool]] = (
        [or_(*ways) & tuple_(UserTask.role, UserTask.unit).not_in(others)] if ways else []
    )
    if unbound:
        lone = UserTask.unit.is_(None) & UserTask.leader_id.is_(None) & UserTask.role.not_in(anywhere)
        clauses.append(UserTask.role.in_(unbound) & lone)
    if posts:
        clauses.append(UserTask.leader_id.in_([post.id for post in posts]))
    return _tasks(session, UserTask.assignee.is_(None) & or_(*clauses)) if clauses else []


def _tasks(session: Session, whose: ColumnElement[bool]) -> list[HeldTask]:
    query = (
        select(
            UserTask.id,
            UserTask.instance_id,
            Instance.number,
            Instance.title,
            UserTask.name,
            UserTask.due_on,
            UserTask.due_provisional,
        )
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(UserTask.status == OPEN, Instance.status.in_((RUNNING, SUSPENDED)), whose)
        .order_by(UserTask.due_on.is_(None), UserTask.due_on, Instance.number, UserTask.id)
    )
    return [
        HeldTask(row.id, row.instance_id, row.number, row.title, one_line(row.name), row.due_on, row.due_provisional)
        for row in session.execute(query.limit(MOST))
    ]


def _offices(session: Session, mine: Sequence[Liaison], today: date) -> list[str]:
    codes = [one.unit_code for one in mine if one.starts_on <= today and (one.ends_on is None or one.ends_on >= today)]
    names = unit_names(session, codes) if codes else {}
    return [names.get(code, code) for code in codes]


def _stands(session: Session, column: InstrumentedAttribute[UUID], person: UUID | None, today: date) -> list[Stand]:
    if person is None:
        return []
    query = select(Substitute).where(column == person, Substitute.withdrawn_at.is_(None), Substitute.ends_on >= today)
    of_person = column.key == "substitute_id"
    return [
        Stand((one.person if of_person else one.substitute).name, one.starts_on, one.ends_on)
        for one in session.scalars(query.order_by(Substitute.starts_on, Substitute.id))
    ]


def _said(task: HeldTask) -> str:
    due = f"{task.due_on} 到期{'（暂定）' if task.due_provisional else ''}" if task.due_on else "不计时"
    return f"{task.number or '未编号'} {task.title or '（尚未登记）'}：{task.step}，{due}"
