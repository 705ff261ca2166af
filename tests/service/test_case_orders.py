"""Long lists sort and narrow by what is kept of each need: the same cases in the same order as asked one by one."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from service import clock
from service.errors import Invalid
from service.ledger import revisits
from service.processes import figure_tallies, forms, operations, queries, wide
from service.processes.filters import CASE_SORTS, COMPUTED, LATENESS, CaseFilter
from service.processes.order_models import CaseOrder
from tests.factories.databases import ON_BOTH
from tests.factories.statements import sent
from tests.factories.world import OFFICE, World
from tests.web.test_ledger_views import limit

pytestmark = ON_BOTH
POLICY = "《住房办法》第五条"

ASKED: tuple[dict[str, Any], ...] = (
    {"stage": "handling"},
    {"category": "education"},
    {"category": "none"},
    {"town": "none"},
    {"lead": "edu"},
    {"outcome": "solved"},
    {"outcome": "policy_limited"},
    {"due_unit": "housing"},
    {"urges": 1},
    {"rounds": 1},
    {"received_since": date(2026, 9, 17)},
    {"due_since": date(2026, 9, 24), "due_until": date(2026, 9, 25)},
    {"first_due_until": date(2026, 9, 24)},
    {"step_due_since": date(2026, 9, 17)},
    {"ended_since": date(2026, 9, 16)},
    {"ended_until": date(2026, 9, 30)},
    {"lead": "edu", "status": "running", "sort": "-due"},
    {"lead": "\x00"},
)


@pytest.fixture
def several(world: World) -> World:
    """Needs of two units at several steps of two days, one urged, one answered, one solved, one limited by policy."""
    world.recorded(title="丙")
    world.finished()
    limit(world, POLICY)
    world.dispatched("edu", "housing", title="甲")
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", unit="edu")
    world.clock.advance(days=1)
    world.dispatched("housing", title="乙")
    with world.transaction() as session:
        task = world.task("handle").id
        operations.urge(
            session, instance_id=world.case, text="请抓紧", actor=world.actor(OFFICE), now=clock.now(), task_id=task
        )
    world.dispatched("edu", title="丁")
    world.clock.advance(days=1)
    world.accepted()
    return world


def found(world: World, limit: int = 50, offset: int = 0, **asked: Any) -> list[UUID]:
    """The ids that the Talent Office's ledger lists."""
    with world.database.reading() as session:
        wanted = CaseFilter(**asked)
        page = queries.cases(session, world.actor(OFFICE), filters=wanted, limit=limit, offset=offset)
        return [case.id for case in page.items]


def test_every_sort_is_the_same_from_what_is_kept(several: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = listed(several)
    assert len(first["due"]) == 7
    with monkeypatch.context() as patch:
        patch.setattr(wide, "MOST_COUNTED", 1)
        assert listed(several, paged=True) == first  # all needs wait
        figure_tallies.take_in_all(several.database)
        assert listed(several, paged=True) == first
        several.do(OFFICE, "dispatch")
    second = listed(several)
    assert second["-rounds"] != first["-rounds"]
    monkeypatch.setattr(wide, "MOST_COUNTED", 1)
    assert listed(several, paged=True) == second  # one waits
    monkeypatch.setattr(figure_tallies, "MOST_ASIDE", -1)  # too many wait
    for sort in CASE_SORTS:
        if sort.removeprefix("-") in COMPUTED and sort.removeprefix("-") not in LATENESS:
            with pytest.raises(Invalid):
                found(several, sort=sort)
        else:
            assert found(several, sort=sort) == second[sort]


def test_the_unit_that_leads_does_not_assist_though_it_was_ticked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # as a version of the process that lets both be ticked
        patch.setattr(forms.Form, "_same_findings", lambda *_: iter(()))
        assisted, alone = world.dispatched("housing", "sci", "edu"), world.dispatched("edu", "edu")
    then = clock.today()
    world.clock.advance(days=1)
    for on in (None, then):
        assert found(world, assisting="edu", as_of=on) == [assisted]
        for sort in ("assisting", "-assisting"):  # what shows nothing comes last, whichever way
            assert found(world, sort=sort, as_of=on) == [assisted, alone]
    monkeypatch.setattr(wide, "MOST_COUNTED", 1)
    for _ in ("all needs wait", "none waits"):
        assert [found(world, 1, at, sort="-assisting")[0] for at in (0, 1)] == [assisted, alone]
        figure_tallies.take_in_all(world.database)


def listed(world: World, *, paged: bool = False) -> dict[str, list[UUID]]:
    """The needs in each order; ``paged``: two by two."""
    if not paged:
        return {sort: found(world, sort=sort) for sort in CASE_SORTS}
    return {sort: [one for at in range(0, 8, 2) for one in found(world, 2, at, sort=sort)] for sort in CASE_SORTS}


def test_every_column_finds_the_same_from_what_is_kept(several: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> list[list[UUID]]:
        return [found(several, **one) for one in ASKED]

    def must() -> list[list[UUID]]:
        with monkeypatch.context() as patch:
            patch.setattr(figure_tallies, "MOST_ASIDE", -1)  # asked of each case
            return asked()

    first = must()
    assert sum(map(bool, first)) > 12
    assert asked() == first
    figure_tallies.take_in_all(several.database)
    assert asked() == first
    several.do(OFFICE, "dispatch")
    limit(several, POLICY)
    second = must()
    both = ASKED.index({"outcome": "policy_limited"})
    assert (len(first[both]), len(second[both])) == (1, 2)
    assert asked() == second
    with several.database.reading() as session:
        [policy] = revisits.limited(session)
        assert {case.id for case in policy.cases} == set(second[both])
    monkeypatch.setattr(wide, "MOST_COUNTED", 0)
    monkeypatch.setattr(wide, "_SPARE", 1)
    walked = asked()
    assert walked == second
    figure_tallies.take_in_all(several.database)
    assert asked() == second


def test_a_row_that_was_changed_or_lost_is_found(several: World) -> None:
    figure_tallies.take_in_all(several.database)
    cases = found(several)

    def wrong() -> list[UUID]:
        with several.database.reading() as session:
            return figure_tallies.wrong_cases(session, cases)[1]

    assert wrong() == []
    with several.transaction() as session:
        session.execute(update(CaseOrder).where(CaseOrder.instance_id == cases[0]).values(due_on=date(2020, 1, 1)))
        session.execute(delete(CaseOrder).where(CaseOrder.instance_id == cases[1]))
    assert wrong() == cases[:2]
    with several.transaction() as session:
        figure_tallies.begin_anew(session)
    assert wrong() == []  # all wait
    figure_tallies.take_in_all(several.database)
    assert wrong() == []
    with several.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CaseOrder)) == len(cases)


def test_a_policy_is_marked_changed_by_the_cases_themselves(several: World) -> None:
    figure_tallies.take_in_all(several.database)
    with several.transaction() as session:
        session.execute(update(CaseOrder).values(outcome="solved"))
    with several.transaction() as session:
        assert revisits.limited(session) == []
        values, office = {"policy": "住房办法", "told": "第五条已修订"}, several.actor(OFFICE)
        change = revisits.mark_changed(session, values=values, actor=office, now=clock.now())
        assert len(revisits.change_of(session, change.id).rows) == 1


def test_all_is_read_before_rows_are_written_and_cases_are_held_in_their_order(several: World) -> None:
    with sent(several) as told, several.database.transaction() as session:
        figure_tallies.take_in(session)
    statements = [one for one, _ in told]
    kinds = ("INSERT INTO figure_case", "INSERT INTO case_order")
    first, last = (max(at for at, one in enumerate(statements) if one.startswith(kind)) for kind in kinds)
    assert not any("SELECT" in one for one in statements[first : last + 1])
    if not several.database.is_sqlite:
        assert "ORDER BY instance.id FOR KEY SHARE" in statements[first - 1]
