"""Lists all that depends on one account, for whoever disables it or takes its roles, before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from service.auth.holders import keys_of
from service.auth.queries import get_account, grants_of, is_usable
from service.liaisons import talents_of
from service.people.models import Liaison, Person, Substitute
from service.people.queries import leader_posts, liaisons_of, substitutions_of, unit_names
from service.processes.held import HeldTask, tasks_claimed, tasks_of_nobody_else
from service.processes.rules import numbered

HIDDEN = "（内容不显示）"
"""The title of a matter for who may not read it."""


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


def held_by(session: Session, username: str, today: date, *, titles: bool = True) -> Held:
    """Finds the things that depend on the account ``today``; raises NotFound. A fixed number of statements.

    ``titles``: whether the reader may know what matters the tasks are about.
    """
    account = get_account(session, username)
    grants = grants_of(session, [account.username], today)[account.username] if is_usable(account) else frozenset()
    person = account.person_id
    posts = leader_posts(session, person, today) if person is not None else []
    served = talents_of(session, [post.id for post in posts], today)
    mine = liaisons_of(session, person_id=person) if person is not None else []
    declared = substitutions_of(session, person, today) if person is not None else []
    keys = keys_of(account.username, person)
    ids = [post.id for post in posts]
    return Held(
        claimed=_shown(tasks_claimed(session, account.username), titles),
        alone=_shown(tasks_of_nobody_else(session, account.username, grants, ids, today, keys), titles),
        posts=[Post(post.post, len(served.get(post.id, ()))) for post in posts],
        offices=_offices(session, mine, today),
        acts_for=[_stand(one, one.person) for one in declared if one.substitute_id == person],
        substitutes=[_stand(one, one.substitute) for one in declared if one.person_id == person],
    )


def _shown(tasks: Sequence[HeldTask], titles: bool) -> Sequence[HeldTask]:
    return tasks if titles else [replace(task, title=HIDDEN) for task in tasks]


def _offices(session: Session, mine: Sequence[Liaison], today: date) -> list[str]:
    codes = [one.unit_code for one in mine if one.starts_on <= today and (one.ends_on is None or one.ends_on >= today)]
    names = unit_names(session, codes) if codes else {}
    return [names.get(code, code) for code in codes]


def _stand(declared: Substitute, other: Person) -> Stand:
    return Stand(other.name, declared.starts_on, declared.ends_on)


def _said(task: HeldTask) -> str:
    due = f"{task.due_on} 到期{'（暂定）' if task.due_provisional else ''}" if task.due_on else "不计时"
    return f"{numbered(task.number, task.process)} {task.title or '（尚未登记）'}：{task.step}，{due}"
