"""Every figure of lateness agrees with every other as of any day, in worlds that chance made, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from random import Random

import pytest
from sqlalchemy import select

from service import clock
from service.processes import calendars, figure_tallies, lateness, replay, said_rows, speaking
from service.processes.bundles import compiled
from service.processes.case_checks import check_case
from service.processes.case_rows import stored_cases
from service.processes.followed import as_kept
from service.processes.models import ClockRun, Instance
from service.processes.rules import NEED
from service.processes.spoken import spoken
from tests.factories.agreement import agree, agree_today
from tests.factories.random_worlds import RandomWorld, told_by_journal
from tests.factories.world import World

FIRST, DAYS = date(2026, 9, 14), 28
"""Four weeks with the autumn holidays and two worked weekends."""
LAST = FIRST + timedelta(days=DAYS - 1)
SINCE = date(2026, 7, 1)


def lived(world: World, seed: int) -> RandomWorld:
    """The weeks; in the evening of some days, what only that day can show is held against the journal."""
    chance = Random(seed)
    living = RandomWorld(world, chance)
    looked = set(chance.sample(range(DAYS - 1), 2)) | {DAYS - 1}
    for number in range(DAYS):
        living.live(FIRST + timedelta(days=number))
        if number in looked:
            with world.database.reading() as session:
                facts = told_by_journal(session, FIRST + timedelta(days=number))
            agree_today(world, facts)
    return living


def look_back(living: RandomWorld, days: list[date]) -> int:
    """Holds every figure as of these days against the journal; gives how many needs were late."""
    world, late = living.world, 0
    for on in days:
        with world.database.reading() as session:
            facts = told_by_journal(session, on)
        agree(world, facts, on, SINCE)
        late += sum(any(step.late for step in told) for told in facts.values())
    return late


def _follow(world: World, days: list[date]) -> None:
    """The rows beside each need are proven without a question, and the run that speaks for it is the one that the
    database names."""
    figure_tallies.take_in_all(world.database)
    with world.database.reading() as session:
        ids = list(session.scalars(select(Instance.id)))
        definition = partial(compiled, session, key=NEED)
        calendar, hidden = partial(calendars.by_digest, session), partial(said_rows.hidden_in, session)
        for case in stored_cases(session, ids, beside=True):
            assert list(check_case(session, case, definition, calendar)) == []
            assert case.told is not None
            assert case.runs is not None
            assert as_kept(session, case, hidden)
            first_due = {row["id"]: row["first_due_on"] for row in case.told.tasks.values()}
            for on in days:
                for steps in (False, True):
                    term = speaking.terms(session, [case.id], on, steps=steps).get(case.id)
                    assert spoken(case.runs, first_due, on, steps=steps) == term, (case.id, on, steps)
            for model, rows in case.beside.items():
                if rows:
                    case.beside[model] = rows[:-1]
                    assert not as_kept(session, case, hidden)
                    case.beside[model] = rows
        assert figure_tallies.wrong_cases(session, ids) == ([], [], [])


def _require_that_a_difference_is_found(living: RandomWorld) -> None:
    """The figures disagree with the journal once what was late has another date."""
    with living.world.transaction() as session:
        for run in session.scalars(select(ClockRun).where(lateness.is_late(LAST))).all():
            run.due_on = LAST
    with pytest.raises(AssertionError):
        look_back(living, [LAST])


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_agrees_on_any_day(world: World, seed: int) -> None:
    living = lived(world, seed)
    with world.database.reading() as session:
        assert list(replay.verify(session)) == []
    days = [FIRST + timedelta(days=number) for number in sorted(living.chance.sample(range(DAYS - 1), 3))]
    _follow(world, [*days, LAST, clock.LAST_DAY])
    assert look_back(living, [*days, LAST]) > 5
    assert living.done["handle"] > 5, living.done
    assert all(living.done[name] for name in ("_take_back", "_halt", "_resume", "_extend")), living.done
    _require_that_a_difference_is_found(living)
