"""A leader of a unit, for rounds that ask for one."""

from __future__ import annotations

from service import people
from service.rights import SYSTEM


def leader_of_unit(world, unit: str = "hrss") -> str:
    with world.transaction() as session:
        person = people.add_person(
            session, name="纪明川", unit_code=unit, post="局长", actor=SYSTEM, now=world.clock.now
        )
        found = people.add_leader(
            session,
            person_id=person.id,
            klass="B",
            duty="principal",
            unit_code=unit,
            post="局长",
            starts_on=world.clock.now.date().replace(month=1),
            actor=SYSTEM,
            now=world.clock.now,
        )
        return str(found.id)
