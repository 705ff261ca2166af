"""The demonstration's cases: driven through the real commands under a simulated clock, timers fired in between.

Everything that matters is the same for the same (number, seed, end): ids, numbers, dates, texts, outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import cycle, islice
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, history, ids
from service.auth import find_account
from service.auth.passwords import hashed
from service.db import Database
from service.demonstration.form_data import Case
from service.demonstration.matters import MATTERS, TOWN_NAMES
from service.demonstration.organization import (
    PASSWORD,
    SINCE,
    SPACE,
    Served,
    build_organization,
    served,
)
from service.demonstration.plan import first_day
from service.demonstration.play import Play, Progress
from service.demonstration.scenarios import FINISHED, STOPPED, Scenario
from service.demonstration.year import acts_of_year
from service.errors import Conflict, Invalid
from service.processes import calendars
from service.processes.models import Instance
from service.processes.rules import NEED, STATUSES
from service.rights import SYSTEM
from service.workdays import Calendar

MOST = 20_000
SPREAD = 150
"""Working days before the end over which cases begin."""

LIAISONS = ("liaison-hrss", "liaison-district_office", "liaison-cppcc_office", "liaison-sci")


def build(
    database: Database,
    *,
    cases: int,
    seed: int,
    until: datetime,
    people_side: bool = True,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Builds organization, accounts and ``cases`` cases as of ``until`` (aware). Gives how many stand where.

    With the ``people_side`` there is a year of links, contacts, rosters, reports (``year``) before the end too.
    ``progress`` is told of each case that has come as far as it will. Raises Conflict where there is a demonstration
    already, Invalid for a number of cases that is not between 0 and 20,000.
    """
    if not 0 <= cases <= MOST:
        raise Invalid(f"演示事项的数量应在 0 至 {MOST} 之间")
    with database.reading() as session:
        require_none(session)
        calendar = calendars.current(session)
    plan = planned(cases, seed, until, calendar)
    others = acts_of_year(plan, seed, until, calendar) if people_side else []
    first = clock.local(min((case.begins for case in plan), default=until)).date()
    if people_side:
        first = min(first, first_day(until, calendar))
    opening = datetime.combine(first, time(8, 30), tzinfo=clock.SHANGHAI)
    password_hash = hashed(PASSWORD)
    with ids.reproducible(SPACE, f"demonstration:{seed}"), history.played(database.session_info):
        with clock.simulated(opening), database.transaction() as session:
            build_organization(
                session,
                password_hash=password_hash,
                now=clock.now(),
                since=min(SINCE, date(first.year, 1, 1)),
            )
        Play(calendar, plan, others, until, progress or _silent).play(database)
    with database.transaction() as session:
        history.note_played(session, until=until, actor=SYSTEM.username)
    with database.reading() as session:
        counted: dict[str, int] = {}
        found = select(Instance.status, Instance.end_name).where(Instance.process == NEED)
        for status, name in session.execute(found):
            label = name or STATUSES[status]
            counted[label] = counted.get(label, 0) + 1
    return counted


def require_none(session: Session) -> None:
    """Raises Conflict where there is a demonstration, or anything else, already."""
    if find_account(session, "office") is not None:
        raise Conflict("演示数据已经存在，不再重复生成；如需重做，请换一个空数据库（LIAISON_DATABASE_URL）")
    if session.scalar(select(Instance.id).limit(1)) is not None:
        raise Conflict("数据库里已有在办的事项，演示数据只能装入空数据库")


def planned(cases: int, seed: int, until: datetime, calendar: Calendar) -> list[Case]:
    """The cases, in the order in which they are numbered here: every scenario once, then by weight."""
    chance = Random(f"liaison:{seed}")
    scenarios = list(islice(_scenarios(chance), cases))
    categories, towns = list(MATTERS), list(TOWN_NAMES)
    chance.shuffle(categories)
    chance.shuffle(towns)
    talents = {town: cycle([one for one in served() if one.town == town]) for town in towns}
    running = sum(1 for one in scenarios if not one.stops_at)
    shares = [position / max(1, running) for position in range(running)]
    chance.shuffle(shares)
    found = []
    for place, scenario in enumerate(scenarios):
        category = scenario.category or categories[place % len(categories)]
        talent: Served = next(talents[towns[(place + place // len(categories)) % len(towns)]])
        if scenario.stops_at:
            begins = _stopped_since(scenario, until, calendar, place)
        else:
            begins = _spread(scenario, shares.pop(), place, until, calendar, chance)
        matters = MATTERS[category]
        found.append(
            Case(
                place=place + 1,
                instance_id=ids.derive(SPACE, f"case:{seed}:{place + 1}"),
                scenario=scenario,
                category=category,
                matter=matters[(place // len(categories) + seed) % len(matters)],
                talent=talent,
                liaison=LIAISONS[place % len(LIAISONS)],
                begins=begins,
                chance=Random(f"liaison:{seed}:{place + 1}"),
                operations={step: list(each) for step, each in scenario.steps.items()},
            )
        )
    return found


def _scenarios(chance: Random) -> Iterator[Scenario]:
    """Finished and stopped ones by turns until each had its turn; from then on four finished to one stopped."""
    rest = {True: list(FINISHED), False: list(STOPPED)}
    turn = True
    while rest[True] or rest[False]:
        if rest[turn]:
            yield rest[turn].pop(0)
        turn = not turn
    weights = [scenario.weight for scenario in FINISHED]
    while True:
        if chance.random() < 0.2:
            yield chance.choice(STOPPED)
        else:
            yield chance.choices(FINISHED, weights)[0]


def _stopped_since(scenario: Scenario, until: datetime, calendar: Calendar, place: int) -> datetime:
    """When a case must begin to stand where it stops, as old as it should be."""
    day = calendar.add(clock.local(until).date(), -(scenario.days(scenario.path) + scenario.age)).due
    return datetime.combine(day, time(9, 10), tzinfo=clock.SHANGHAI) + timedelta(minutes=place % 40)


def _spread(
    scenario: Scenario, share: float, place: int, until: datetime, calendar: Calendar, chance: Random
) -> datetime:
    """A working moment: early enough for the first of a kind to end, anywhere up to the end for further ones."""
    last = scenario.longest if place < len(FINISHED) + len(STOPPED) else 2
    back = last + round((SPREAD - last) * (1 - share) + chance.random() * 2)
    day = calendar.add(clock.local(until).date(), -max(1, back)).due
    return datetime.combine(day, time(9, 10), tzinfo=clock.SHANGHAI) + timedelta(minutes=chance.randrange(420))


def _silent(_cases: int) -> None:
    """Nobody watches."""
