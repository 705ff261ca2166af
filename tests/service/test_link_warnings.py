"""The database finds the links for the filter 有提示, Python words their warnings: of every link the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from service import liaisons
from service.liaisons import Link, ServiceTeam, ServiceTeamMember
from service.people.models import Leader, Liaison, Person, Unit
from service.talents.models import Talent
from tests.factories.statements import Statements

TODAY = date(2026, 9, 16)
DAYS = (TODAY - timedelta(days=40), TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1))
POSTS = (None, "", "局长", "科长", "科员", "主任", "副科长（主持）", "负责人")
UNITS = ("hrss", "edu", "town")
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class District:
    """Units, leaders, teams, talents and links, as ``seed`` has them: most as they should be, some odd in one way."""

    def __init__(self, session, seed):
        self.session, self.chance = session, Random(seed)
        self.units()
        self.leaders = [self.leader(n) for n in range(20)]
        self.add(*self.leaders)
        for leader in self.leaders:
            self.team(leader)
        self.talents = [self.talent(n) for n in range(45)]
        self.add(*self.talents)
        for n, leader in enumerate(self.leaders):
            own = self.talents[2 * n : 2 * n + 2] + ([self.chance.choice(self.talents)] if self.seldom(0.3) else [])
            self.add(*(self.link(leader, talent) for talent in dict.fromkeys(own)))

    def add(self, *rows):
        self.session.add_all(rows)
        self.session.flush()

    def seldom(self, share=0.12):
        return self.chance.random() < share

    def odd(self, usual, *others, share=0.12):
        return self.chance.choice(others) if self.seldom(share) else usual

    def units(self):
        names = {"pinyin": "ren", "initials": "r", "search_key": "ren"}
        self.add(
            *(
                Unit(code=one, name=one, kind="bureau", active=True, is_member_unit=one != "town", **names)
                for one in UNITS
            )
        )
        self.people = [
            Person(
                id=uuid4(),
                name=f"人{n}",
                post=None,
                unit_code=None,
                active=n != 7,
                **{**names, "search_key": f"ren {n}人"},
            )
            for n in range(30)
        ]
        self.add(*self.people)
        self.officers = dict(zip(UNITS[:2], self.people[-2:], strict=True))
        self.add(
            *(
                Liaison(id=uuid4(), unit_code=code, person=who, starts_on=TODAY - timedelta(days=90), named_at=MOMENT)
                for code, who in self.officers.items()
            )
        )

    def leader(self, n):
        first = n % 3 == 0
        return Leader(
            id=uuid4(),
            person=self.odd(self.people[n], *self.people[:20]),
            klass="A" if first else "B",
            body="government" if first else None,
            duty=None if first else "principal",
            unit_code=self.chance.choice((None, "hrss", "edu")) if first else self.odd(UNITS[n % 2], "town"),
            post="副区长",
            starts_on=TODAY - timedelta(days=self.odd(400, 1, 0)),
            ends_on=self.odd(None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=30)),
        )

    def team(self, leader):
        if self.seldom():
            return
        good = "局长" if leader.klass == "A" else "科长"
        since = TODAY - timedelta(days=self.odd(90, 0, -1))
        until = self.odd(None, max(since, TODAY - timedelta(days=1)), max(since, TODAY))
        for number, ends_on in enumerate([until, self.odd(None, TODAY + timedelta(days=60))] if until else [None]):
            team = ServiceTeam(
                id=uuid4(),
                leader=leader,
                head=self.odd(leader.person, *self.people),
                liaison=self.odd(self.officers.get(leader.unit_code, self.people[25]), *self.people),
                starts_on=self.chance.choice((since, max(since, TODAY))) if number else since,
                ends_on=ends_on,
                created_at=MOMENT + timedelta(hours=number),
            )
            team.members = [
                ServiceTeamMember(
                    position=place,
                    person=who,
                    unit_code=self.odd(None, leader.unit_code, *UNITS),
                    post=self.odd(good, *POSTS),
                )
                for place, who in enumerate(self.chance.sample(self.people, self.chance.randint(0, 2)))
            ]
            self.add(team)

    def talent(self, n):
        kind = self.odd(None, 1, 5, 5, share=0.4)
        return Talent(
            id=f"T{1000 + n}",
            name=f"才{n}",
            employer="研究院",
            category=self.chance.choice((1, 2)) if kind is None else self.odd(None, 3),
            type=kind,
            in_district=not self.seldom(0.05),
            active=not self.seldom(0.05),
            recognition_expires_on=self.odd(None, TODAY - timedelta(days=1), TODAY),
            type_approved_on=self.odd(TODAY - timedelta(days=99), None, TODAY, TODAY + timedelta(days=1)),
            works_from=self.odd(None, TODAY, TODAY + timedelta(days=1), share=0.05),
            works_until=self.odd(None, TODAY, TODAY - timedelta(days=1), share=0.05),
            updated_at=MOMENT,
            pinyin="ren",
            initials="r",
            search_key=f"ren {n}才",
        )

    def link(self, leader, talent):
        status = self.odd("active", "proposed", "held", "ended", "ended", share=0.3)
        starts_on = TODAY + timedelta(days=self.odd(-60, -1, 0, 1, share=0.3))
        held_from = TODAY + timedelta(days=self.chance.choice((-1, 0, 1)))
        return Link(
            id=uuid4(),
            leader=leader,
            talent=talent,
            reason="known",
            status=status,
            starts_on=starts_on,
            held_from=held_from if status == "held" or (status == "active" and self.seldom()) else None,
            ends_on=max(starts_on, held_from) if status == "ended" else None,
            created_at=MOMENT,
        )


@pytest.mark.parametrize("seed", range(8))
def test_what_the_filter_finds_is_what_has_warnings(session, seed):
    District(session, seed)
    links = session.query(Link).filter(Link.ends_on.is_(None)).all()
    for day in DAYS:
        told = liaisons.link_warnings(session, links, day)
        expected = {link.id for link in links if told[link.id]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("service.clock.today", lambda day=day: day)
            found = liaisons.search_links(session, liaisons.LinkFilter(warned=True), limit=200)
        assert {link.id for link in found.items} == expected, (seed, day)
        assert found.total == len(expected)
        assert 0.1 < len(expected) / len(links) < 0.9


@pytest.mark.parametrize(
    "filters", [{}, {"warned": True}, {"q": "ren"}, {"q": "3人"}, {"on": TODAY}, {"status": "active"}, {"klass": "B"}]
)
def test_pages_follow_each_other_without_a_gap_or_a_repeat(session, filters):
    District(session, 1)
    whole = liaisons.search_links(session, liaisons.LinkFilter(**filters), limit=200)
    assert whole.total == len(whole.items) > 0
    order = [
        (link.leader.klass, link.leader.person.pinyin, link.leader.id, link.starts_on, link.id) for link in whole.items
    ]
    assert order == sorted(order)
    for limit in (1, 3, 7):
        pages = [
            liaisons.search_links(session, liaisons.LinkFilter(**filters), limit=limit, offset=n)
            for n in range(0, whole.total, limit)
        ]
        assert [link for page in pages for link in page.items] == list(whole.items)
        assert {page.total for page in pages} == {whole.total}
    beyond = liaisons.search_links(session, liaisons.LinkFilter(**filters), offset=whole.total)
    assert (beyond.items, beyond.total) == ((), whole.total)


def test_the_filter_takes_two_statements_however_many_links_there_are(session):
    District(session, 2)
    session.expunge_all()
    statements = Statements(session)
    assert liaisons.search_links(session, liaisons.LinkFilter(warned=True, q="ren"), limit=200).total > 10
    assert statements.since() == 2
