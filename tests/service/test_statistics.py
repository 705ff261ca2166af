"""统计: each figure opens exactly the cases that it counts, and agrees with ledger, roll-up, assessment, brief, board,
as of any day of a played year and for whoever looks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.errors import Invalid
from service.history.models import HistoryEvent
from service.ledger import statistics
from service.ledger.counts import half_year_needs, leader_answers, leader_needs, need_counts, unit_answers
from service.ledger.statistics import DIMENSIONS, MONTH, UNIT, Row, Statistics, StatisticsFilter
from service.people.models import Leader
from service.processes import lateness, queries
from service.processes.calendars import current
from service.processes.filters import UNSAID, CaseFilter
from service.processes.models import Instance
from service.processes.need_figures import FIGURES
from service.processes.past import states
from service.rights import Actor
from tests.factories.statements import Statements
from tests.factories.world import LIAISON, OFFICE, World
from tests.service.test_figures_agree import JUNE, TODAY, YEAR, Seen, known, year

__all__ = ["year"]

READERS = (OFFICE, "auditor", "leader", LIAISON, "handler-edu")
CHANCE = random.Random(20261120)
SOME = [YEAR + timedelta(days=day) for day in sorted(CHANCE.sample(range(100, (TODAY - YEAR).days), 6))]
"""Days of the year as chance has it, always the same."""


def opens(one: Row, figure: str, found: Statistics, wish: StatisticsFilter) -> CaseFilter:
    """The question of the ledger that a figure's link asks."""
    period = found.period
    asked: dict[str, Any] = {
        "since": one.first or period.since,
        "until": one.last or period.until,
        "as_of": period.on,
        "figure": figure,
        "asked": one.key if one.dimension == UNIT else wish.unit,
        "town": wish.town,
        "category": wish.category,
        "leader_id": wish.leader,
    }
    if one.dimension not in (MONTH, UNIT, statistics.TOTAL):
        name = "leader_id" if one.dimension == statistics.LEADER else one.dimension
        asked[name] = one.key or UNSAID
    return CaseFilter(**asked)


def every(found: Statistics) -> Iterator[Row]:
    yield found.total
    for rows in found.rows.values():
        yield from rows


def count(session: Session, actor: Actor, since: date, on: date, **more: Any) -> Statistics:
    return statistics.statistics(session, actor, StatisticsFilter(since=since, until=on, **more))


@pytest.mark.parametrize("on", [*SOME, TODAY], ids=str)
def test_every_figure_opens_the_cases_that_it_counts(year: tuple[World, dict[date, Seen]], on: date) -> None:
    world, _ = year
    reader = READERS[SOME.index(on) % len(READERS) if on in SOME else 0]
    actor, told = world.actor(reader), Counter[str]()
    with world.database.reading() as session:
        wish = StatisticsFilter(since=YEAR, until=on)
        found = statistics.statistics(session, actor, wish)
        for one in every(found):
            for figure in FIGURES:
                asked = opens(one, figure, found, wish)
                [number] = queries.count_each(session, actor, [asked], 10_000)
                assert number == one.counts[figure], (reader, one.dimension, one.key, figure)
                told[figure] += number
        for stage in found.stages:
            asked = CaseFilter(since=YEAR, until=on, as_of=on, done_in=stage.key, figure="registered")
            assert queries.count_each(session, actor, [asked], 10_000) == [stage.cases], stage
            assert 0 <= stage.median <= stage.p90
            assert stage.steps >= stage.cases
        for name in set(DIMENSIONS) - {UNIT}:
            for figure in FIGURES:
                assert sum(one.counts[figure] for one in found.rows[name]) == found.total.counts[figure], (name, figure)
    if on == TODAY:
        assert all(told[figure] for figure in FIGURES), told


@pytest.mark.parametrize("on", [*SOME, JUNE, TODAY], ids=str)
def test_statistics_agree_with_every_other_place(year: tuple[World, dict[date, Seen]], on: date) -> None:
    world, _ = year
    office = world.actor(OFFICE)
    with world.database.reading() as session:
        found = count(session, office, YEAR, on)
        total = found.total.counts
        # roll-up and half-yearly report
        counted = need_counts(session, unit=None, starts_on=YEAR, ends_on=on)
        assert (total["registered"], total["late"]) == (counted["started"], counted["late"])
        outcomes = counted["outcomes"]
        assert total["policy_limited"] == outcomes["policy_limited"]
        assert total["completed"] == sum(outcomes[name] for name in ("solved", "partly", "policy_limited", "ended"))
        if on == JUNE:
            assert half_year_needs(session, year=2026, half=1)["started"] == total["registered"]
        # the assessment: units by their answers, leaders by their needs
        told = {unit: (one.asked, one.in_time) for unit, one in found.answers.items()}
        assert told == unit_answers(session, starts_on=YEAR, ends_on=on)
        leaders = {one.key: (one.counts["registered"], one.counts["late"]) for one in found.rows["leader"] if one.key}
        needs = leader_answers(session, starts_on=YEAR, ends_on=on)
        assert leaders == {leader: (all_, all_ - well) for leader, (all_, well) in needs.items()}
        # the briefs of the month
        month = on.replace(day=1)
        of_month = count(session, office, month, on)
        for leader in session.scalars(select(Leader)):
            items = leader_needs(session, leader_id=leader.id, starts_on=month, ends_on=on)["items"]
            begun = [
                one
                for one in items
                if one["started_on"] >= month.isoformat() and filed_with(session, one["id"], on) == str(leader.id)
            ]
            rows = {one.key: one.counts for one in of_month.rows["leader"]}.get(str(leader.id), {})
            assert rows.get("registered", 0) == len(begun)
            assert rows.get("late", 0) == sum(one["late"] for one in begun)
            assert rows.get("overdue", 0) == sum(one["overdue"] and late_unit(session, one["id"], on) for one in begun)
        # the journal itself
        facts = {case: steps for case, steps in known(session, on).items() if is_need(session, case)}
        handed = {
            case
            for case, event in submitted(session, on, "not_ours")
            if case in facts and not withdrawn(session, case, event, on)
        }
        assert total["redispatched"] == len(handed)
        interim = {
            case
            for case, event in submitted(session, on, "interim")
            if case in facts and not withdrawn(session, case, event, on)
        }
        assert total["interim"] == len(interim)
        asked = {case for case, steps in facts.items() if any(one.role == "responsible_unit" for one in steps)}
        assert total["asked"] <= len(asked)
        # the board, which knows only today
        if on == TODAY:
            red = (
                world.api(OFFICE)
                .get("/board/tasks", light="red", process="request", stage="handling", limit=200)
                .json["items"]
            )
            behind = Counter(one["unit"] for one in {(t["unit"], t["instance"]): t for t in red if t["unit"]}.values())
            rows = {one.key: one.counts["overdue"] for one in found.rows["unit"] if one.counts["overdue"]}
            assert rows == behind


def filed_with(session: Session, case: str, on: date) -> str | None:
    found = queries.instances_by_id(session, [UUID(case)])[UUID(case)]
    return states(session, [found], on)[found.id].leader_id


def late_unit(session: Session, case: str, on: date) -> bool:
    standing = lateness.standings(session, [UUID(case)], on).get(UUID(case))
    return standing is not None and standing.overdue


def is_need(session: Session, case: str) -> bool:
    return session.get_one(Instance, UUID(case)).process == "request"


def submitted(session: Session, on: date, result: str) -> list[tuple[str, HistoryEvent]]:
    """The answers with this result until the end of a day, each with its case."""
    events = select(HistoryEvent).where(HistoryEvent.kind == "completed", HistoryEvent.at < clock.end_of(on))
    found = session.scalars(events.order_by(HistoryEvent.id))
    return [
        (event.stream.removeprefix("instance:"), event)
        for event in found
        if event.data["step"] == "handle" and event.data["data"].get("result") == result
    ]


def withdrawn(session: Session, case: str, event: HistoryEvent, on: date) -> bool:
    later = select(HistoryEvent).where(
        HistoryEvent.stream == f"instance:{case}",
        HistoryEvent.kind == "taken_back",
        HistoryEvent.seq > event.seq,
        HistoryEvent.at < clock.end_of(on),
    )
    return any(one.task == event.task for one in session.scalars(later))


def test_times_of_stages_are_working_days_from_receipt_to_answer(year: tuple[World, dict[date, Seen]]) -> None:
    world, _ = year
    with world.database.reading() as session:
        found = {one.key: one for one in count(session, world.actor(OFFICE), YEAR, TODAY).stages}
        calendar, took = current(session), []
        for case, steps in known(session, TODAY).items():
            if is_need(session, case):
                took += [step for step in steps if step.role == "responsible_unit" and step.answered]
        assert found["handling.unit"].steps == len(took)
        assert found["handling.unit"].p90 <= 60
        assert calendar.between(YEAR, TODAY) > found["handling.unit"].median


def test_statistics_cost_as_many_statements_for_many_cases_as_for_one(world: World) -> None:
    def asked() -> int:
        with world.database.reading() as session:
            statements = Statements(session)
            statistics.statistics(session, actor, StatisticsFilter())
            return statements.since()

    actor = world.actor(OFFICE)
    world.dispatched("edu")
    asked()
    once = asked()
    for _ in range(3):
        world.dispatched("edu", "hrss")
    assert asked() == once <= 9


def test_a_period_that_makes_no_sense_is_refused_at_its_field(world: World) -> None:
    world.recorded()
    today = clock.today()
    with world.database.reading() as session:
        for field, wish in (
            ("/as_of", StatisticsFilter(as_of=today + timedelta(days=1))),
            ("/since", StatisticsFilter(since=today, until=today - timedelta(days=1))),
        ):
            with pytest.raises(Invalid) as refused:
                statistics.statistics(session, world.actor(OFFICE), wish)
            assert [one.path for one in refused.value.findings] == [field]
        before = statistics.statistics(session, world.actor(OFFICE), StatisticsFilter(until=date(2001, 1, 1)))
        assert before.total.counts == dict.fromkeys(FIGURES, 0)
        assert not any(before.rows.values())
