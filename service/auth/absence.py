"""Chains of absence (代理): a substitute who is away too, cannot sign in, or whose own matters are left to nobody.

A substitute cannot pass on what was passed to them, so each link of such a chain leaves work undone. Nothing here is
refused: who declares is told, and lists show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.models import Account
from service.auth.queries import grants_of, is_usable
from service.people.models import Person, Substitute


@dataclass(frozen=True, slots=True)
class Cover:
    """``substitute`` is to act for ``person`` on all days from ``starts_on`` to ``ends_on``."""

    person: Person
    substitute: Person
    starts_on: date
    ends_on: date
    declared: UUID | None = None


def cover_of(row: Substitute) -> Cover:
    """A declaration as a cover."""
    return Cover(row.person, row.substitute, row.starts_on, row.ends_on, row.id)


def gaps(session: Session, covers: Iterable[Cover], today: date) -> list[list[str]]:
    """The doubts about each of ``covers``, in words; three statements, however many they are.

    Of those that are over nothing is said.
    """
    asked = list(covers)
    live = [one for one in asked if one.ends_on >= today]
    if not live:
        return [[] for _ in asked]
    first, last = min(one.starts_on for one in live), max(one.ends_on for one in live)
    others = [
        cover_of(row)
        for row in session.scalars(
            select(Substitute)
            .where(
                Substitute.withdrawn_at.is_(None),
                Substitute.ends_on >= max(first, today),
                Substitute.starts_on <= last,
            )
            .order_by(Substitute.starts_on, Substitute.id)
        )
    ]
    people = {one.substitute.id for one in live}
    accounts = list(session.scalars(select(Account).where(Account.person_id.in_(people))))
    usable = {one.person_id: one for one in accounts if is_usable(one)}
    known = {one.person_id for one in accounts}
    held = grants_of(session, [one.username for one in usable.values()], max(first, today))
    found: list[list[str]] = []
    for one in asked:
        if one.ends_on < today:
            found.append([])
            continue
        said = _cannot_act(one, known, usable, {name for name, grants in held.items() if grants})
        said += _away(one, others)
        said += _left_alone(one, others)
        found.append(said)
    return found


def _cannot_act(
    cover: Cover, known: set[UUID | None], usable: dict[UUID | None, Account], with_role: set[str]
) -> list[str]:
    name, account = cover.substitute.name, usable.get(cover.substitute.id)
    if account is None:
        state = "账号已停用" if cover.substitute.id in known else "没有账号"
        return [f"{name}{state}，不能登录办理，这项代理不起作用"]
    return [] if account.username in with_role else [f"{name}目前没有任何角色，请确认其能够办理"]


def _away(cover: Cover, others: Sequence[Cover]) -> list[str]:
    """The substitute's own absences in these days, and those of who then acts for the substitute, link by link."""
    said: list[str] = []
    seen = {cover.person.id}
    front = [(cover.substitute, cover.starts_on, cover.ends_on)]
    while front:
        person, starts_on, ends_on = front.pop(0)
        if person.id in seen:
            continue
        seen.add(person.id)
        for other in others:
            if other.person.id != person.id:
                continue
            begin, end = max(starts_on, other.starts_on), min(ends_on, other.ends_on)
            if begin <= end:
                until = f"{begin.isoformat()} 至 {end.isoformat()}"
                said.append(f"{person.name}本人 {until} 不在岗，由{other.substitute.name}代理，但代理不能转给他人")
                front.append((other.substitute, begin, end))
    return said


def _left_alone(cover: Cover, others: Sequence[Cover]) -> list[str]:
    """For whom the absent person acts in these days: their matters are nobody's meanwhile."""
    said = []
    for other in others:
        begin, end = max(cover.starts_on, other.starts_on), min(cover.ends_on, other.ends_on)
        if other.substitute.id == cover.person.id and begin <= end:
            until = f"{begin.isoformat()} 至 {end.isoformat()}"
            said.append(f"{cover.person.name}正为{other.person.name}代理，{until} {other.person.name}的待办无人代理")
    return said
