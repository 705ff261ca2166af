"""The list of accounts that the demonstration prints."""

from __future__ import annotations

from service import auth, people
from service.cli.demo import account_lines
from service.rights import SYSTEM


def test_every_account_is_told_once_with_its_unit_also_those_of_a_years_life(world):
    with world.transaction() as session:
        before = account_lines(session)
        person = people.add_person(
            session, name="令狐破浪", unit_code="edu", post="联络员", actor=SYSTEM, now=world.clock.now
        )
        auth.add_user(
            session, username="liaison-edu", person_id=person.id, demo=True, actor=SYSTEM, now=world.clock.now
        )
        lines = account_lines(session)
    assert lines[:-1] == before
    assert lines[-1].split() == ["liaison-edu", "令狐破浪", "区教育局", "联络员"]
    names = [line.split()[0] for line in lines[1:]]
    assert len(names) == len(set(names))
    assert names[0] == "office"
