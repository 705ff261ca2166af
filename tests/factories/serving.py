"""Leaders, their service teams and talents, as tests of the people side need them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service import liaisons, people, talents
from service.liaisons import Link, ServiceTeam
from service.people import Leader, Person
from service.rights import SYSTEM
from service.talents import Talent
from tests.factories.people import EARLY, leader, person

SINCE = date(2026, 1, 1)


def talent(session: Session, name: str = "周慕白", **fields: Any) -> Talent:
    """An eligible talent; a namesake is meant."""
    fields = {"employer": "岭南先进材料研究院", "category": 1, "confirm_duplicate": True, **fields}
    return talents.add_talent(session, name=name, actor=SYSTEM, now=EARLY, **fields)


def leader_a(session: Session, name: str = "陈砚秋", **fields: Any) -> Leader:
    """A leader of the district since the beginning of the year."""
    return leader(session, person(session, name), starts_on=SINCE, **fields)


def leader_b(session: Session, unit_code: str = "hrss", name: str = "冯启明", **fields: Any) -> Leader:
    """A principal officer of a member unit since the beginning of the year."""
    fields = {"klass": "B", "body": None, "unit_code": unit_code, "duty": "principal", "post": "局长", **fields}
    return leader(session, person(session, name, unit_code=unit_code), starts_on=SINCE, **fields)


def service_team(session: Session, whose: Leader, starts_on: date = SINCE, **fields: Any) -> ServiceTeam:
    """A proper service team of a leader."""
    section = whose.klass == "B"
    member = person(session, "温以宁", post="科长" if section else "局长", unit_code=whose.unit_code)
    officer = people.find_liaison(session, whose.unit_code or "", starts_on)
    fields = {
        "head_id": whose.person_id,
        "liaison_id": (officer.person if officer else person(session, "何静怡")).id,
        "members": [{"person_id": member.id}],
        **fields,
    }
    return liaisons.set_service_team(
        session, leader_id=whose.id, starts_on=starts_on, actor=SYSTEM, now=EARLY, **fields
    )


def link(session: Session, whose: Leader, to: Talent, **fields: Any) -> Link:
    """``whose`` serves ``to`` since the beginning of the year."""
    b = whose.klass == "B"
    fields = {
        "reason": "related" if b else "known",
        "note": "研究方向相关" if b else None,
        "starts_on": SINCE,
        **fields,
    }
    return liaisons.propose_link(session, leader_id=whose.id, talent_id=to.id, actor=SYSTEM, now=EARLY, **fields)


def officer_of(session: Session, unit_code: str, name: str = "何静怡") -> Person:
    """The named liaison officer of a unit."""
    named = person(session, name, unit_code=unit_code)
    people.name_liaison(session, unit_code=unit_code, person_id=named.id, starts_on=SINCE, actor=SYSTEM, now=EARLY)
    return named
