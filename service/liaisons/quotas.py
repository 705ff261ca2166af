"""How many talents each leader serves on a day, and how many it should be (Q1, Q3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from service import clock
from service.db.lists import MAX_LIMIT, Page, on_day
from service.liaisons.filters import QuotaFilter
from service.liaisons.models import Link
from service.liaisons.queries import serving, visible_to
from service.liaisons.rules import QUOTAS
from service.people.models import Leader, Person
from service.people.past import served_by_unit
from service.people.rules import CLASS_A, CLASS_B
from service.rights import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """How many talents a leader serves on a day, and how many it should be (Q1, Q3).

    ``both``: the person leads in class A too, so that as class B nothing is required (L2).
    """

    leader: Leader
    required: int
    count: int
    both: bool

    @property
    def short(self) -> int:
        """How many talents are missing."""
        return max(0, self.required - self.count)


@dataclass(frozen=True, slots=True)
class QuotaTotal:
    """The leaders of one class on a day: how many, how many of them below their quota, how many links they have."""

    klass: str
    leaders: int
    short: int
    links: int


def quotas(
    session: Session,
    wanted: QuotaFilter = QuotaFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor = SYSTEM,
) -> Page[QuotaRow]:
    """Every leader who serves on that day with what the quota asks (Q1, Q3), those that lack most first.

    A person counts once a class, however many posts; at most five statements.
    """
    return quota_report(session, wanted, limit, offset, reader=reader)[0]


def quota_report(
    session: Session,
    wanted: QuotaFilter = QuotaFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor = SYSTEM,
) -> tuple[Page[QuotaRow], tuple[QuotaTotal, ...]]:
    """``quotas`` and what they add up to by class, over all pages; at most five statements."""
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, offset)
    tallies = _tallies(session, wanted, reader)
    totals = tuple(
        QuotaTotal(one, len(mine), sum(tally.short > 0 for tally in mine), sum(tally.count for tally in mine))
        for one in (CLASS_A, CLASS_B)
        if (mine := [tally for tally in tallies if tally.klass == one])
    )
    found = sorted((tally for tally in tallies if tally.short or not wanted.short_only), key=lambda tally: tally.order)
    shown = found[offset : offset + limit]
    leaders = {
        leader.id: leader
        for leader in session.scalars(select(Leader).where(Leader.id.in_([tally.leader_id for tally in shown])))
    }
    rows = tuple(QuotaRow(leaders[tally.leader_id], tally.required, tally.count, tally.both) for tally in shown)
    return Page(rows, len(found), limit, offset), totals


@dataclass(frozen=True, slots=True)
class _Tally:
    leader_id: UUID
    klass: str
    count: int
    both: bool
    pinyin: str

    @property
    def required(self) -> int:
        return 0 if self.both else QUOTAS[self.klass]

    @property
    def short(self) -> int:
        return max(0, self.required - self.count)

    @property
    def order(self) -> tuple[Any, ...]:
        return (-self.short, self.klass, self.pinyin, self.leader_id)


def _tallies(session: Session, wanted: QuotaFilter, reader: Actor) -> list[_Tally]:
    """One for each person and class on that day; the first post stands for all of the class."""
    on = wanted.on or clock.today()
    other = aliased(Leader)
    # Two links of the same post and talent never count on the same day, so that rows are talents.
    served = select(Link.leader_id, func.count().label("count")).where(serving(on)).group_by(Link.leader_id).subquery()
    above = select(other.person_id).where(other.klass == CLASS_A, on_day(other.starts_on, other.ends_on, on))
    query = (
        select(
            Leader.id,
            Leader.person_id,
            Leader.klass,
            func.coalesce(served.c.count, 0),
            Leader.person_id.in_(above),
            Person.pinyin,
        )
        .join(Person, Person.id == Leader.person_id)
        .outerjoin(served, served.c.leader_id == Leader.id)
        .where(on_day(Leader.starts_on, Leader.ends_on, on), visible_to(reader))
        .order_by(Leader.starts_on, Leader.id)
    )
    if wanted.klass is not None:
        query = query.where(Leader.klass == wanted.klass)
    if wanted.unit is not None:
        query = query.where(served_by_unit(session, wanted.unit, on))
    found: dict[tuple[UUID, str], _Tally] = {}
    several: set[UUID] = set()
    for leader_id, person_id, its_class, count, leads_a, pinyin in session.execute(query):
        both = bool(leads_a) and its_class == CLASS_B
        tally = _Tally(leader_id, its_class, count, both, pinyin)
        if found.setdefault((person_id, its_class), tally) is not tally:
            several.add(person_id)
    if several:
        for (person_id, its_class), count in _of_several_posts(session, several, on).items():
            if (person_id, its_class) in found:
                found[person_id, its_class] = replace(found[person_id, its_class], count=count)
    return list(found.values())


def _of_several_posts(session: Session, people: set[UUID], on: date) -> dict[tuple[UUID, str], int]:
    """(Person, class) → how many talents are served through all posts of the class together."""
    query = (
        select(Leader.person_id, Leader.klass, func.count(Link.talent_id.distinct()))
        .join(Link, Link.leader_id == Leader.id)
        .where(Leader.person_id.in_(people), serving(on), on_day(Leader.starts_on, Leader.ends_on, on))
        .group_by(Leader.person_id, Leader.klass)
    )
    return {(person_id, klass): count for person_id, klass, count in session.execute(query)}
