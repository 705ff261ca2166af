"""Talents whom a leader might serve (D1, Q3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from service.db.lists import MAX_LIMIT
from service.errors import NotFound
from service.ids import as_id
from service.liaisons.models import Link
from service.liaisons.queries import leaders_of, visible_to
from service.liaisons.rules import PROPOSED, REASONS_OF, Offered, ScoreLine, Wanted, enterprises, pairs, scored
from service.people.models import Leader, Person
from service.rights import SYSTEM, Actor
from service.talents.models import Talent
from service.talents.rules import eligibility

MOST_PAIRS, MOST_OFFERED = 24, 1000
"""How many terms of a portfolio are searched for, and how many talents are then scored."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A talent who may fit a leader; ``parts`` say how the score came about."""

    talent: Talent
    score: int
    parts: tuple[ScoreLine, ...]
    reason: str
    """The code of the reason that speaks most for it, of those that the leader's class knows."""


def suggestions(
    session: Session, *, leader_id: UUID | str, on: date, limit: int = 10, reader: Actor = SYSTEM
) -> list[Suggestion]:
    """Eligible talents who fit the leader by portfolio, stationed enterprise or platform (D1), best first.

    Those whom the leader serves are left out, those with another leader, be it only proposed, come lower, and whom more
    speaks against than for is none. Five statements. Raises ``NotFound``, also where the reader may not see whom the
    leader serves.
    """
    key = as_id(leader_id)
    leader = session.scalars(select(Leader).where(Leader.id == key, visible_to(reader))).one_or_none() if key else None
    if leader is None:
        raise NotFound("没有这位联系领导，请从领导名录中选择")
    past = list(
        session.execute(
            select(Talent.id, Talent.name, Talent.employer, Talent.platform, Link.ends_on)
            .join(Link, Link.talent_id == Talent.id)
            .join(Leader, Leader.id == Link.leader_id)
            .where(Leader.person_id == leader.person_id)
        )
    )
    mine = [row for row in past if row.ends_on is None or row.ends_on >= on]
    unit = leader.unit
    wanted = Wanted(
        klass=leader.klass,
        portfolio=leader.portfolio or "",
        unit=leader.unit_code,
        unit_name=unit.name if unit is not None else "",
        town=unit.town if unit is not None else None,
        stationed=enterprises(leader.stationed),
        employers={row.employer: row.name for row in mine},
        platforms={row.platform: row.name for row in mine if row.platform},
        former=frozenset(row.id for row in past) - {row.id for row in mine},
    )
    offered = [talent for talent in _offered(session, wanted, {row.id for row in mine}) if not eligibility(talent, on)]
    serving_them = leaders_of(session, [talent.id for talent in offered], on)
    to_serve = _proposed_for(session, [talent.id for talent in offered])
    found = []
    for talent in offered:
        parts = scored(
            wanted,
            Offered(
                id=talent.id,
                employer=talent.employer,
                employer_unit=talent.employer_unit,
                town=talent.town,
                fields=talent.fields or "",
                platform=talent.platform,
                leaders=tuple(one.person.name for one in serving_them[talent.id]),
                proposed=to_serve.get(talent.id, ()),
            ),
        )
        score = sum(points for _, points, _ in parts)
        if parts and score >= 0:
            known = REASONS_OF[leader.klass]
            reason = next((code for code, _, _ in parts if code in known), known[-1])
            found.append(Suggestion(talent, score, parts, reason))
    found.sort(key=lambda one: (-one.score, one.talent.pinyin, one.talent.id))
    return found[: max(1, min(limit, MAX_LIMIT))]


def _proposed_for(session: Session, talent_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Talent → the names of those whose link waits for its team."""
    query = (
        select(Link.talent_id, Person.name)
        .join(Leader, Leader.id == Link.leader_id)
        .join(Person, Person.id == Leader.person_id)
        .where(Link.talent_id.in_(set(talent_ids)), Link.status == PROPOSED, Link.ends_on.is_(None))
        .order_by(Link.starts_on, Link.id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for talent_id, name in session.execute(query):
        found[talent_id] = (*found.get(talent_id, ()), name)
    return found


def _offered(session: Session, wanted: Wanted, mine: set[str]) -> Sequence[Talent]:
    """Talents of whom at least one principle may speak."""
    ways: list[ColumnElement[bool]] = [
        Talent.employer.in_(wanted.employers),
        Talent.platform.in_(wanted.platforms),
        Talent.id.in_(wanted.former),
    ]
    ways += [Talent.employer.contains(name, autoescape=True) for name in wanted.stationed[:MOST_PAIRS]]
    if wanted.unit is not None:
        ways.append(Talent.employer_unit == wanted.unit)
    if wanted.town is not None:
        ways.append(Talent.town == wanted.town)
    words = func.coalesce(Talent.fields, "") + Talent.employer + func.coalesce(Talent.platform, "")
    ways += [words.contains(pair, autoescape=True) for pair in sorted(pairs(wanted.portfolio))[:MOST_PAIRS]]
    query = select(Talent).where(Talent.active, Talent.in_district, or_(*ways))
    if mine:
        query = query.where(Talent.id.not_in(mine))
    return list(session.scalars(query.order_by(Talent.category.asc().nulls_last(), Talent.id).limit(MOST_OFFERED)))
