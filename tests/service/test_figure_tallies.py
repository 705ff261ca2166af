"""The sums of figures are those that counting all needs gives, on any day, whatever was done, and however far the
worker has come with taking in what changed."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from service import clock
from service.audit.verifying.runs import Verifier
from service.cli.schema import all_tables
from service.db import Database, backup
from service.ledger import kept_figures, statistics
from service.ledger.dispatch_rates import RuleRate, dispatch_rates
from service.ledger.statistics import Statistics, StatisticsFilter
from service.processes import commands, figure_tallies, figure_within, halting
from service.processes.figure_models import FigureCase, FigureDue, FigureTally, FigureWithin
from service.processes.figure_picking import Wanted
from service.processes.filters import UNSAID
from service.processes.models import Instance
from service.processes.reader_models import CaseReader
from service.rights import Actor
from tests.factories.statements import Statements
from tests.factories.world import LIAISON, OFFICE, World
from tests.service.test_figures_agree import PAST, TODAY, YEAR, Seen, year
from tests.service.test_statistics import READERS, SOME

__all__ = ["year"]


Told = tuple[Statistics, list[RuleRate]]


def asked(world: World, actor: Actor, wish: StatisticsFilter) -> Told:
    """The figures, and the rates of rules, in a look of its own: within one they are remembered."""
    with world.database.reading() as session:
        return statistics.statistics(session, actor, wish), dispatch_rates(session, actor, wish)


def counted(world: World, actor: Actor, wish: StatisticsFilter) -> Told:
    """The same with every need counted one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_tallies, "MOST_ASIDE", -1)
        return asked(world, actor, wish)


def waiting(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(FigureDue)) or 0


def same(world: World, actor: Actor, **wished: Any) -> Told:
    wish = StatisticsFilter(**wished)
    found = asked(world, actor, wish)
    assert found == counted(world, actor, wish), (actor.username, wished)
    return found


def test_sums_are_what_counting_gives_on_every_day(year: tuple[World, dict[date, Seen]]) -> None:
    world, _ = year
    actor = world.actor(OFFICE)

    def compare() -> int:
        total = 0
        for on in (*SOME, *PAST, TODAY):
            found, rules = same(world, actor, since=YEAR, until=on)
            total += found.total.counts["registered"] + sum(one.followed for one in rules)
            same(world, actor, since=on - timedelta(days=47), until=on - timedelta(days=5), as_of=on)
        same(world, actor, since=date(2001, 1, 1), until=TODAY)
        return total

    figure_tallies.MOST_ASIDE, before = 10_000, figure_tallies.MOST_ASIDE
    try:
        with world.database.transaction() as session:
            figure_tallies.begin_anew(session)
        nothing_taken_in = compare()
        with world.database.transaction() as session:
            figure_tallies.take_in(session, limit=11)
        with world.database.reading() as session:
            assert waiting(session)
        assert compare() == nothing_taken_in
        figure_tallies.take_in_all(world.database)
        with world.database.reading() as session:
            assert waiting(session) == 0
            assert not figure_tallies.sums_differ(session)
        assert compare() == nothing_taken_in > 100
    finally:
        figure_tallies.MOST_ASIDE = before


def test_figures_of_some_needs_are_what_counting_gives_whoever_asks(year: tuple[World, dict[date, Seen]]) -> None:
    world, _ = year
    office = world.actor(OFFICE)
    with world.database.reading() as session:
        every = statistics.statistics(session, office, StatisticsFilter(since=YEAR, until=TODAY))
    said = {name: [one.key for one in every.rows[name]] for name in ("unit", "town", "category", "leader")}
    wishes: list[dict[str, Any]] = [{}, {"town": UNSAID, "unit": "edu"}, {"unit": "nobody"}, {"town": "=\"'"}]
    wishes += [{name: key or UNSAID} for name, keys in said.items() for key in keys[:2]]
    wishes += [{"unit": said["unit"][0], "category": said["category"][0]}]

    def compare() -> Counter[str]:
        told: Counter[str] = Counter()
        for on, until in ((TODAY, TODAY), (SOME[3], SOME[3]), (PAST[-1], PAST[-2])):
            for reader in READERS:
                for wish in wishes:
                    found, _ = same(world, world.actor(reader), since=YEAR, until=until, as_of=on, **wish)
                    told[reader] += found.total.counts["registered"]
        return told

    figure_tallies.take_in_all(world.database)
    taken_in = compare()
    assert all(taken_in[reader] for reader in READERS), taken_in
    try:
        # of these the sums tell, out of which the very part must be taken that was put into them
        wishes[:] = [wish for wish in wishes if len(wish) > 1 or "leader" in wish]
        with world.transaction() as session:  # what waits is read from its days and clocks, not from its part
            for part in session.scalars(select(FigureCase).limit(20)).all():
                part.told = json.dumps({**json.loads(part.told), "states": [], "steps": [], "whose": []})
                session.add(FigureDue(instance_id=part.instance_id))
        compare()
    finally:
        with world.database.transaction() as session:
            figure_tallies.begin_anew(session)
        figure_tallies.take_in_all(world.database)


def test_figures_of_one_unit_town_or_category_are_summed_by_month(
    year: tuple[World, dict[date, Seen]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = year
    office, chance, told = world.actor(OFFICE), random.Random(20261201), Counter[str]()
    figure_tallies.take_in_all(world.database)
    with world.database.reading() as session:
        every = statistics.statistics(session, office, StatisticsFilter(since=YEAR, until=TODAY))
    read: list[int] = []

    def noted(session: Session, seen: Any, wanted: Wanted, lasts: Any) -> Any:
        if figure_tallies.MOST_ASIDE > 0:  # else it is the count one by one, for which nothing is kept
            read.append((wanted.until - wanted.since).days)
        return picked(session, seen, wanted, lasts)

    picked = kept_figures.picked
    monkeypatch.setattr(kept_figures, "picked", noted)
    for name in ("unit", "town", "category"):
        for row in every.rows[name]:
            first, last = sorted(YEAR + timedelta(days=chance.randrange((TODAY - YEAR).days)) for _ in range(2))
            periods = [(YEAR, TODAY), (first, TODAY), (first, last), (first, TODAY + timedelta(days=30))]
            for since, until in periods:
                found, _ = same(world, office, since=since, until=until, as_of=TODAY, **{name: row.key or UNSAID})
                told[name] += found.total.counts["registered"]
    assert all(told.values())
    assert read
    assert max(read) < 62  # days at either end of the period; a short one has no whole month


def test_what_a_whole_unit_sees_is_summed_by_month(
    year: tuple[World, dict[date, Seen]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = year
    chance, told, added = random.Random(20261202), Counter[int](), Counter[str]()
    figure_tallies.take_in_all(world.database)

    def noted(*asked: Any) -> Any:
        added[asked[1].username] += 1
        return picked_kept(*asked)

    def periods() -> list[tuple[date, date]]:
        first, last = sorted(YEAR + timedelta(days=chance.randrange((TODAY - YEAR).days)) for _ in range(2))
        return [(YEAR, TODAY), (first, TODAY), (first, last), (first, TODAY + timedelta(days=30))]

    picked_kept = kept_figures.picked_kept
    readers = [world.actor(name) for name in ("handler-edu", "handler-hrss", "handler-housing", LIAISON)]
    readers.append(replace(readers[0], grants=frozenset().union(*(one.grants for one in readers))))
    for place, reader in enumerate(readers):
        for since, until in periods():
            found, _ = same(world, reader, since=since, until=until, as_of=TODAY)
            told[place] += found.total.counts["registered"]
        with monkeypatch.context() as patch:  # which of them the sums of a unit answer
            patch.setattr(kept_figures, "picked_kept", noted)
            asked(world, reader, StatisticsFilter(since=YEAR, until=TODAY))
    assert all(told.values()), told
    assert not added


def test_who_sees_a_need_no_more_or_anew_is_in_the_sums_at_once(world: World) -> None:
    handler, began = world.actor("handler-edu"), clock.today()
    case = world.dispatched("edu", "hrss")
    world.do("handler-edu", "handle", unit="edu")
    figure_tallies.take_in_all(world.database)
    numbers = []
    for way, put in (("role:responsible_unit@edu", False), ("user:handler-edu", False), ("user:handler-edu", True)):
        with world.transaction() as session:  # past the service, which never does so
            rows = CaseReader.__table__
            if put:
                begun = session.get_one(Instance, case)
                shown = {name: getattr(begun, name) for name in ("process", "status", "started_at")}
                session.execute(insert(rows), [{"instance_id": case, "reader": way, **shown}])
            else:
                session.execute(delete(rows).where(rows.c.instance_id == case, rows.c.reader == way))
        for _ in range(2):
            found, _ = same(world, handler, since=began, until=began)
            figure_tallies.take_in_all(world.database)
        numbers.append(found.total.counts["registered"])
    assert numbers == [1, 0, 1]


def test_what_is_late_by_itself_is_late_in_the_sums_before_and_after_it_is_settled(world: World) -> None:
    office, began = world.actor(OFFICE), clock.today()
    world.dispatched("edu", "hrss")
    figure_tallies.take_in_all(world.database)
    late = []
    for _ in range(4):
        world.clock.advance(days=5)
        found, _ = same(world, office, since=began, until=clock.today(), unit="edu")
        same(world, office, since=began, until=clock.today(), category=found.rows["category"][0].key or UNSAID)
        late.append(found.total.counts["late"])
        if len(late) == 3:  # the worker comes by only now
            with world.database.transaction() as session:
                assert figure_within.settle(session, clock.today()) == clock.today().toordinal()
        with world.database.reading() as session:
            assert not figure_tallies.sums_differ(session)
    assert late == [0, 1, 1, 1]
    same(world, office, since=began, until=began, as_of=began + timedelta(days=3), unit="edu")  # not kept any more


def test_each_act_is_in_the_sums_at_once_and_after_it_was_taken_in(world: World) -> None:
    def look() -> None:
        today = clock.today()
        for on in {today, max(today - timedelta(days=1), began), began}:
            same(world, actor, since=began, until=on)
            same(world, actor, since=began, until=on, unit="edu", town=UNSAID)
            same(world, actor, since=began, until=on, unit="edu")
            same(world, actor, since=began, until=on, town=UNSAID)
            for reader in ("handler-edu", "handler-hrss", LIAISON):
                same(world, world.actor(reader), since=began, until=on)
                same(world, world.actor(reader), since=began, until=on, unit="edu")

    actor = office = world.actor(OFFICE)
    began = clock.today()
    case = world.dispatched("edu", "hrss")
    look()
    world.clock.advance(days=3)
    figure_tallies.take_in_all(world.database)
    look()
    world.do("handler-edu", "handle", unit="edu")
    look()
    world.clock.advance(days=12)
    look()
    with world.transaction() as session:
        halting.suspend(session, instance_id=case, reason="等候上会", actor=office, now=clock.now())
    look()
    figure_tallies.take_in_all(world.database)
    look()
    world.clock.advance(days=2)
    with world.transaction() as session:
        halting.resume(session, instance_id=case, actor=office, now=clock.now(), reason="已上会")
    look()
    with world.transaction() as session:
        commands.terminate(session, instance_id=case, reason="本人撤回", actor=office, now=clock.now())
    look()
    figure_tallies.take_in_all(world.database)
    look()


def test_a_question_costs_as_many_statements_for_many_needs_as_for_one(world: World) -> None:
    def cost() -> int:
        with world.database.reading() as session:
            statements = Statements(session)
            statistics.statistics(session, actor, StatisticsFilter())
            return statements.since()

    actor = world.actor(OFFICE)
    world.dispatched("edu")
    waits = cost()
    for _ in range(3):
        world.dispatched("edu", "hrss")
    assert cost() == waits <= 9
    figure_tallies.take_in_all(world.database)
    assert cost() <= 4


def test_sums_that_were_changed_by_hand_are_found_and_made_anew(world: World) -> None:
    world.dispatched("edu")
    figure_tallies.take_in_all(world.database)

    def wrong() -> list[str]:
        return [one.what for _, one in Verifier(world.database, "", 1).verify(full=True).findings]

    def forged(statement: str) -> None:
        with world.transaction() as session:
            session.execute(text(statement))

    assert wrong() == []
    forged("UPDATE figure_tally SET number = number + 1 WHERE dimension = 'total'")
    assert [one[:5] for one in wrong()] == ["统计的合计"]
    forged("UPDATE figure_tally SET number = number - 1 WHERE dimension = 'total'")
    forged("UPDATE figure_within SET number = number + 1 WHERE dimension = 'steps' AND about = 'unit:=edu'")
    forged("UPDATE figure_within SET number = number + 1 WHERE dimension = 'total' AND about = 'unit:=edu'")
    assert [one[:5] for one in wrong()] == ["统计的合计"]
    forged("UPDATE figure_case SET told = '{}'")
    assert {one[:5] for one in wrong()} == {"统计的合计", "统计里这个"}
    with world.transaction() as session:
        figure_tallies.begin_anew(session)
    figure_tallies.take_in_all(world.database)
    assert wrong() == []


def test_a_row_of_a_list_that_cannot_be_read_is_found_and_hides_no_other(world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL keeps no date that is none")
    cases = [world.dispatched("edu") for _ in range(3)]
    figure_tallies.take_in_all(world.database)

    def wrong() -> list[tuple[str, str | None]]:
        found = Verifier(world.database, "", 1).verify(full=False).findings
        return sorted((one.what[:5], one.row) for _, one in found)

    def forged(place: int, statement: str) -> None:
        with world.transaction() as session:
            session.connection().exec_driver_sql(f"{statement} WHERE instance_id = ?", (cases[place].hex,))

    assert wrong() == []
    forged(0, "UPDATE case_order SET due_on = 'x'")
    forged(1, "UPDATE case_order SET due_on = '2020-01-01'")
    forged(2, "UPDATE case_order SET category = CAST(x'ff41' AS TEXT)")
    assert wrong() == sorted(("列表排序用", str(case)) for case in cases)
    with world.transaction() as session:
        session.add_all(FigureDue(instance_id=case) for case in cases)
    figure_tallies.take_in_all(world.database)
    assert wrong() == []


def test_days_that_cannot_be_read_hide_no_other_part(world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL keeps no date that is none")
    broken, other = world.dispatched("edu"), world.dispatched("edu")
    figure_tallies.take_in_all(world.database)
    with world.database.reading() as session:
        assert figure_tallies.wrong_cases(session, [broken, other]) == ([], [], [])
    with world.transaction() as session:
        for statement, case in (
            ("UPDATE case_span SET from_on = 'x'", broken),
            ("UPDATE figure_case SET told = '{}'", other),
            ("DELETE FROM figure_due", broken),
        ):
            session.connection().exec_driver_sql(f"{statement} WHERE instance_id = ?", (case.hex,))
    with world.database.reading() as session:
        assert figure_tallies.wrong_cases(session, [broken, other])[0] == [other]


def test_a_case_that_cannot_be_read_keeps_no_other_out_of_the_sums(world: World) -> None:
    if not world.database.is_sqlite:
        pytest.skip("PostgreSQL keeps no date that is none")
    broken, other, illegible = (world.dispatched("edu") for _ in range(3))
    figure_tallies.take_in_all(world.database)
    before = counted(world, world.actor(OFFICE), StatisticsFilter())
    with world.transaction() as session:
        for statement, case in (
            ("UPDATE case_span SET from_on = 'x'", broken),
            ("UPDATE figure_case SET told = '{}'", illegible),
        ):
            session.connection().exec_driver_sql(f"{statement} WHERE instance_id = ?", (case.hex,))
        session.add_all(FigureDue(instance_id=case) for case in (broken, other, illegible))
    for wish in (StatisticsFilter(), StatisticsFilter(town="guicheng")):
        asked(world, world.actor(OFFICE), wish)  # while they wait
    assert figure_tallies.take_in_all(world.database) == 1
    with world.database.reading() as session:
        assert waiting(session) == 0
        assert figure_tallies.wrong_cases(session, [broken, other]) == ([], [], [])
    world.case = other
    world.do("handler-edu", "handle", unit="edu")
    assert figure_tallies.take_in_all(world.database) == 1
    with world.database.reading() as session:
        assert figure_tallies.wrong_cases(session, [other]) == ([], [], [])
        assert session.scalar(select(FigureCase.told).where(FigureCase.instance_id == illegible)) == "{}"
    assert asked(world, world.actor(OFFICE), StatisticsFilter()) != before


def test_a_backup_with_cases_that_wait_comes_back_with_its_sums(
    world: World, empty_database: Database, tmp_path: Path
) -> None:
    world.dispatched("edu")
    figure_tallies.take_in_all(world.database)
    world.do("handler-edu", "handle", unit="edu")
    with world.database.reading() as session:
        assert waiting(session)
    backup.dump(world.database, all_tables(), tmp_path / "copy.gz", now=clock.now())
    backup.restore(empty_database, tmp_path / "copy.gz")
    figure_tallies.take_in_all(empty_database)
    figure_tallies.take_in_all(world.database)
    with empty_database.reading() as session, world.database.reading() as before:
        assert not figure_tallies.sums_differ(session)
        told = select(FigureCase.told)
        assert session.scalars(told).all() == before.scalars(told).all()
        assert waiting(session) == 0


def test_what_comes_to_nothing_leaves_no_row(world: World) -> None:
    case = world.dispatched("edu")
    figure_tallies.take_in_all(world.database)
    with world.transaction() as session:
        assert session.scalar(select(func.count()).select_from(FigureTally))
        session.execute(text("DELETE FROM case_span"))
        session.execute(text("DELETE FROM clock_run"))
    figure_tallies.take_in_all(world.database)
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FigureTally)) == 0
        assert session.scalar(select(func.count()).where(FigureWithin.about != "")) == 0
        assert session.get(FigureCase, case) is not None
