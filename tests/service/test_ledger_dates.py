"""The dates of the ledger: a later one beside the first, of each unit its own, on any day."""

from __future__ import annotations

from datetime import date

from service.ledger import COLUMNS, Cell, ledger_rows
from service.processes import extensions, queries
from service.processes.filters import CaseFilter
from service.processes.speaking import unit_terms
from tests.factories.statements import counted
from tests.factories.steps import act
from tests.factories.world import OFFICE, World


def told(world: World, on: date) -> dict[str, Cell]:
    """The ledger's row of the case as of a day."""
    with world.database.reading() as session:
        [case] = queries.instances_by_id(session, [world.case]).values()
        [row] = ledger_rows(session, [case], world.organization, on)
    return dict(zip(COLUMNS, row, strict=True))


def extended(world: World, unit: str, until: str) -> None:
    """The Talent Office agrees to a later date of a unit."""
    key = world.task("handle", unit).id
    act(world, OFFICE, extensions.extend, task_id=key, due_on=until, reason="须等上级批复", asked_by="来电")


def test_a_later_date_stands_beside_the_first_from_the_day_on_which_it_was_agreed(world: World) -> None:
    world.dispatched("edu")
    world.pass_days(2)
    extended(world, "edu", "2026-10-14")
    before, after = told(world, date(2026, 9, 17)), told(world, date(2026, 9, 18))
    assert (before["期限"], before["原定期限"]) == (date(2026, 9, 24), date(2026, 9, 24))
    assert (after["期限"], after["原定期限"]) == (date(2026, 10, 14), date(2026, 9, 24))
    assert after["各单位期限"] == "区教育局（主办） 2026-10-14，原定 2026-09-24"


def test_the_date_is_named_by_its_unit_and_each_unit_has_its_own(world: World) -> None:
    world.dispatched("edu", "housing")
    extended(world, "edu", "2026-10-14")
    row = told(world, date(2026, 9, 16))
    assert (row["主办"], row["期限单位"], row["期限"]) == ("区教育局", "区住房城乡建设和水利局", date(2026, 9, 24))
    world.do("handler-housing", "handle", unit="housing")
    row = told(world, date(2026, 9, 16))
    assert (row["期限单位"], row["期限"]) == ("区教育局", date(2026, 10, 14))
    assert row["各单位期限"] == (
        "区教育局（主办） 2026-10-14，原定 2026-09-24；区住房城乡建设和水利局 2026-09-24，已答复"
    )


def test_the_ledger_sorts_by_first_date_and_unit_and_reads_all_units_at_once(world: World) -> None:
    late = world.dispatched("edu")
    world.pass_days(1)
    extended(world, "edu", "2026-10-14")
    second = world.dispatched("housing")
    none = world.recorded()
    with world.database.reading() as session:

        def order(sort: str) -> list[object]:
            wanted = CaseFilter(sort=sort)
            return [one.id for one in queries.cases(session, world.actor(OFFICE), filters=wanted).items]

        assert order("due") == [second, late, none]
        assert order("first_due") == [late, second, none]
        assert order("-first_due") == [second, late, none]
        assert order("due_unit") == [late, second, none]  # 教育 before 住房
        with counted(world) as said:
            found = unit_terms(session, [late, second, none], date(2026, 9, 17))
        assert len(said) == 1
    assert {key: [one.unit for one in terms] for key, terms in found.items()} == {late: ["edu"], second: ["housing"]}
