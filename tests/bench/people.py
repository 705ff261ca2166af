"""The people side of a large district: 50,000 talents, 2,000 leaders, 50,000 links, 200,000 contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text

from service import clock
from service.contacts.models import Contact, ContactTalent, ContactTopic
from service.contacts.rules import FORMS
from service.db import Database
from service.demonstration.cast import EMPLOYERS, MEMBER_UNITS, names
from service.ids import derive
from service.liaisons.models import Link, ServiceTeam, ServiceTeamMember
from service.people.models import Leader, Person
from service.spelling import search_key, spell
from service.talents.models import Talent
from tests.bench.volume import hurry

TALENTS, LEADERS, CONTACTS = 50_000, 2_000, 200_000
SPACE = UUID("0c6ac8a4-9d1f-4b8e-8f5a-3f0f4d2b7c11")
BEGAN = date(2026, 1, 1)
CHUNK = 5_000
LINKS_EACH, STANDING = 27, 22
"""Links of a leader, and how many of them stand: fifty thousand in all, because every tenth has fewer."""
CLASS_A = 100
"""How many of the leaders are of class A; the rest are of class B."""


def fill_people(database: Database) -> str:
    """Writes the volume without journals. Gives how many rows there then are."""
    with database.engine.connect() as connection:
        hurry(connection)
        _write(connection, Person, _persons())
        _write(connection, Leader, _leaders())
        _write(connection, Talent, _talents())
        _write(connection, Link, _links())
        _write(connection, ServiceTeam, _teams())
        _write(connection, ServiceTeamMember, _members())
        _write(connection, Contact, _contacts())
        _write(connection, ContactTalent, ({"contact_id": _id("contact", n), "talent_id": _of(n)} for n in _each()))
        _write(connection, ContactTopic, ({"contact_id": _id("contact", n), "topic": 1 + n % 4} for n in _each()))
        counts = [
            f"{connection.scalar(select(func.count()).select_from(model)) or 0:,} {name}"
            for model, name in ((Talent, "talents"), (Leader, "leaders"), (Link, "links"), (Contact, "contacts"))
        ]
        if not database.is_sqlite:  # which the service runs without statistics; PostgreSQL gathers its own in a minute
            connection.execute(text("ANALYZE"))
        connection.commit()
        connection.invalidate()  # it hurried
    return ", ".join(counts)


def _write(connection: Connection, model: Any, rows: Iterable[dict[str, Any]]) -> None:
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        connection.execute(insert(model.__table__), chunk)
        connection.commit()


def _id(kind: str, n: int) -> UUID:
    return derive(SPACE, f"{kind}:{n}")


def _each() -> range:
    return range(CONTACTS)


def _of(n: int) -> str:
    """The talent of the ``n``-th contact: one of the first two whom its leader serves."""
    return _served(n % LEADERS, n // LEADERS % 2)


def _named(count: int, seed: str) -> Iterator[tuple[int, str, Any]]:
    """Names with their spelling, over and over: spelling is slow, and namesakes there are in life too."""
    spelled = [(name, spell(name)) for name in names(Random(seed))]
    for n in range(count):
        yield n, *spelled[n % len(spelled)]


def _persons() -> Iterator[dict[str, Any]]:
    for n, name, spelling in _named(LEADERS, "leaders"):
        yield {
            "id": _id("person", n),
            "name": name,
            "pinyin": spelling.pinyin,
            "initials": spelling.initials,
            "unit_code": _unit(n),
            "post": "副局长",
            "phone": None,
            "active": True,
            "search_key": search_key(spelling.keys, "副局长"),
        }


def _unit(n: int) -> str:
    return "district_office" if n < CLASS_A else MEMBER_UNITS[n % len(MEMBER_UNITS)]


def _leaders() -> Iterator[dict[str, Any]]:
    for n in range(LEADERS):
        first = n < CLASS_A
        yield {
            "id": _id("leader", n),
            "person_id": _id("person", n),
            "klass": "A" if first else "B",
            "body": "government" if first else None,
            "unit_code": _unit(n),
            "duty": None if first else "talent",
            "post": "副区长" if first else "副局长",
            "portfolio": "科技创新、人才工作",
            "starts_on": BEGAN,
            "ends_on": None,
        }


def _talents() -> Iterator[dict[str, Any]]:
    employers = [(one, spell(one.name, of_person=False)) for one in EMPLOYERS]
    now = clock.now()
    for n, name, spelling in _named(TALENTS, "talents"):
        employer, spelled = employers[n % len(employers)]
        talent_id = f"T{100_000 + n}"
        yield {
            "id": talent_id,
            "name": name,
            "pinyin": spelling.pinyin,
            "initials": spelling.initials,
            "category": 1 + n % 4,
            "type": None,
            "employer": employer.name,
            "employer_unit": employer.unit,
            "post": "研究员",
            "phone": None,
            "town": employer.town,
            "in_district": n % 50 != 0,
            "active": n % 100 != 0,
            "fields": employer.fields,
            "platform": employer.platform,
            "confirmed_on": BEGAN + timedelta(days=n % 200) if n % 3 else None,
            "search_key": search_key(spelling.keys, talent_id, spelled.keys),
            "updated_at": now,
        }


def _pairs() -> Iterator[tuple[int, int]]:
    """(leader, which of the leader's links): as a rule 22 that stand and five that are over, of every tenth two."""
    for leader in range(LEADERS):
        for which in range(LINKS_EACH):
            if which < 2 or which >= STANDING or leader % 10:
                yield leader, which


def _served(leader: int, which: int) -> str:
    """The talent of a link: one of the leader's own, now and then one whom the next leader serves too."""
    shared = which == 7 and leader % 2 == 0
    each, first = (STANDING, 0) if which < STANDING else (LINKS_EACH - STANDING, LEADERS * STANDING - STANDING)
    n = first + (leader + shared) * each + which
    return f"T{100_000 + n * 7 % TALENTS}"


def _links() -> Iterator[dict[str, Any]]:
    now = clock.now()
    for leader, which in _pairs():
        ended = which >= STANDING
        yield {
            "id": _id("link", leader * LINKS_EACH + which),
            "leader_id": _id("leader", leader),
            "talent_id": _served(leader, which),
            "reason": "related",
            "note": None,
            "status": "ended" if ended else "active",
            "starts_on": BEGAN,
            "ends_on": BEGAN + timedelta(days=90) if ended else None,
            "end_reason": "名单调整" if ended else None,
            "created_at": now,
        }


def _with_team() -> Iterator[int]:
    """Nine of ten leaders have a service team; that of one of ten is oddly composed."""
    return (leader for leader in range(LEADERS) if leader % 10 != 9)


def _teams() -> Iterator[dict[str, Any]]:
    now = clock.now()
    for leader in _with_team():
        yield {
            "id": _id("team", leader),
            "leader_id": _id("leader", leader),
            "head_id": _id("person", leader),
            "liaison_id": _id("person", leader),
            "starts_on": BEGAN,
            "ends_on": None,
            "created_at": now,
        }


def _members() -> Iterator[dict[str, Any]]:
    for leader in _with_team():
        for position in range(3):
            yield {
                "team_id": _id("team", leader),
                "position": position,
                "person_id": _id("person", (leader + 1 + position) % LEADERS),
                "unit_code": None,
                "post": "科员" if leader % 10 == 8 else "局长" if leader < CLASS_A else "科长",
            }


def _contacts() -> Iterator[dict[str, Any]]:
    now: datetime = clock.now()
    forms = [*FORMS]
    for n in _each():
        held_on = BEGAN + timedelta(days=n % 250)
        form = forms[n % len(forms)]
        yield {
            "id": _id("contact", n),
            "leader_id": _id("leader", n % LEADERS),
            "form": form,
            "inbound": False,
            "interview": form == "visit",
            "held_on": held_on,
            "place": None,
            "participants": None,
            "summary": f"了解科研进展和需要协调的事项（{n}）。",
            "follow_up": None,
            "tags": [],
            "activity_id": None,
            "due_on": held_on + timedelta(days=3),
            "late": n % 10 == 0,
            "entered_by": "office",
            "entered_at": now,
            "withdrawn_at": None,
        }
