"""Fields of forms are found and sorted by what is kept of each need: the same needs in the same order as asked one by
one, on any day, whatever waits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from service import clock
from service.processes import figure_tallies, operations, queries, said_kept, wide
from service.processes.filters import CaseFilter
from service.processes.models import Instance
from service.processes.said_fields import HOW, said_columns
from service.processes.said_folding import Answer, number_key, stretches
from service.processes.said_models import CaseSaid
from tests.factories.databases import ON_BOTH
from tests.factories.statements import Statements
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH
REPLY, TEXT, LEAD, OTHERS = "handle.reply", "record_need.description", "dispatch.lead_unit", "dispatch.assisting_units"
LONG = "关于人才公寓租住、子女入学和设备进口的答复，" * 4
ASKED: tuple[dict[str, Any], ...] = (
    {"said": REPLY, "said_text": "学位"},
    {"said": REPLY, "said_text": "位"},
    {"said": REPLY, "said_text": "答复，关于"},
    {"said": REPLY, "said_text": "abc 12"},
    {"said": REPLY, "said_text": "0a1b"},
    {"said": REPLY, "said_text": "…"},
    {"said": REPLY, "said_is": "equals", "said_text": "学位已满"},
    {"said": REPLY, "said_is": "equals", "said_text": LONG},
    {"said": REPLY, "said_is": "equals", "said_text": LONG[:64]},
    {"said": REPLY, "said_is": "equals", "said_text": "12"},
    {"said": REPLY, "said_is": "filled"},
    {"said": REPLY, "said_is": "empty"},
    {"said": REPLY, "said_is": "empty", "status": "running"},
    {"said": TEXT, "said_text": "%_"},
    {"said": TEXT, "said_is": "filled", "q": "甲"},
    {"said": LEAD, "said_text": "教育"},
    {"said": LEAD, "said_text": "局"},
    {"said": OTHERS, "said_text": "局"},
    {"said": OTHERS, "said_is": "filled", "lead": "edu"},
    {"said": "record_need.category", "said_text": "教育"},
    {"said": "record_need.on_the_spot", "said_text": "否"},
    {"said": "handle.result", "said_is": "filled"},
)
SORTED = (
    *(REPLY, f"-{REPLY}", TEXT, LEAD, f"-{LEAD}", f"-{OTHERS}"),
    *("record_need.category", "-record_need.on_the_spot", "record_need.leader_id"),
)
TOLD = ("学位已满", " 学位已满 ", "ABC 12 号", LONG, LONG + "二", "已登记公租房", "0a1b-2c", "12", "100%_满意")


def found(world: World, limit: int = 50, offset: int = 0, **asked: Any) -> list[UUID]:
    with world.database.reading() as session:
        page = queries.cases(session, world.actor(OFFICE), filters=CaseFilter(**asked), limit=limit, offset=offset)
        if not offset and len(page.items) < limit:
            ids = queries.case_ids(session, world.actor(OFFICE), CaseFilter(**asked))
            assert ids == [case.id for case in page.items], asked  # a workbook has the same
        return [case.id for case in page.items]


def in_pages(world: World, **asked: Any) -> list[UUID]:
    return [one for at in (0, 4) for one in found(world, 4, at, **asked)]


def answers(world: World, days: list[date], paged: bool = False) -> dict[str, list[UUID]]:
    every = found if not paged else in_pages
    told: dict[str, list[UUID]] = {}
    for on in (None, *days):
        for asked in ASKED:
            told[f"{on} {asked}"] = every(world, **asked, as_of=on)
        for name in SORTED if on is None else (REPLY, f"-{LEAD}"):
            told[f"{on} {name}"] = every(world, sort_said=name, as_of=on)
    return told


@contextmanager
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(figure_tallies, "MOST_ASIDE", -1)
        yield


@pytest.fixture
def played(world: World) -> tuple[World, list[date]]:
    """Needs of two units over four days: answers of several units, taken back, given again, returned; most taken in
    on the way."""
    chance = random.Random(7)
    days: list[date] = []
    sample = world.sample("handle")
    for day in range(3):
        world.recorded(title=f"丙{day}", description=chance.choice(TOLD))
        world.dispatched("edu", "housing", title=f"甲{day}", description=chance.choice(TOLD))
        world.do(OFFICE, "feedback_accepted")
        for unit in ("edu", "housing"):
            world.do(f"handler-{unit}", "handle", {**sample, "reply": chance.choice(TOLD)}, unit=unit)
        if day != 2:
            with world.transaction() as session:
                operations.take_back(
                    session,
                    task_id=world.done("handle").id,
                    reason="填错了",
                    actor=world.actor("handler-housing"),
                    now=world.clock.now,
                )
        if day == 1:
            days.append(clock.today())
        if day == 1:
            figure_tallies.take_in_all(world.database)
        world.clock.advance(days=1)
        if day != 2:
            world.do("handler-housing", "handle", {**sample, "reply": chance.choice(TOLD)}, unit="housing")
        world.clock.advance(hours=1)
    return world, days


def test_the_same_is_found_and_in_the_same_order(
    played: tuple[World, list[date]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, days = played
    with one_by_one(monkeypatch):
        must = answers(world, days)
    assert sum(map(bool, must.values())) > 30
    pages = {key: ids[:8] for key, ids in must.items()}
    other: dict[str, Any] = {}
    for waits in ("some", "none"):
        for few in (True, False):
            with monkeypatch.context() as patch:
                if not few:
                    patch.setattr(wide, "MOST_COUNTED", 1)
                told = answers(world, days, paged=not few)
            for key, ids in (must if few else pages).items():
                if told[key] != ids:
                    other[f"{waits} waits, {'few' if few else 'many'}: {key}"] = ids, told[key]
        figure_tallies.take_in_all(world.database)
    assert other == {}


def test_an_answer_of_a_need_that_has_no_title_yet_stands_for_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a diagram may have it whose first form asks for no title: whoever said nothing is found beside it."""
    monkeypatch.setattr(said_kept, "_LOOKED_AT", 0)
    other = world.start()
    untitled = world.dispatched("edu", title="甲")
    world.do("handler-edu", "handle", unit="edu")
    silent = world.recorded(title="乙")
    with world.transaction() as session:
        session.execute(update(Instance).where(Instance.id == untitled).values(title=""))
        session.execute(update(Instance).where(Instance.id == other).values(process="another", title=""))
    figure_tallies.take_in_all(world.database)
    assert found(world, said=REPLY, said_is="empty") == [silent]


def test_it_sends_as_many_statements_for_many_needs(played: tuple[World, list[date]]) -> None:
    world, days = played
    figure_tallies.take_in_all(world.database)

    def sent(**asked: Any) -> int:
        with world.database.reading() as session:
            statements = Statements(session)
            queries.cases(session, world.actor(OFFICE), filters=CaseFilter(**asked))
            return statements.since()

    asked = [{"said": REPLY, "said_is": how, "said_text": "学位", "as_of": on} for how in HOW for on in (None, days[0])]
    for one in asked:
        sent(**one)
    few = [sent(**one) for one in asked]
    assert max(few) < 16
    for title in "戊己庚":
        world.dispatched("edu", title=title)
    figure_tallies.take_in_all(world.database)
    assert [sent(**one) for one in asked] == few


def test_a_row_that_was_changed_is_found_and_made_anew(played: tuple[World, list[date]]) -> None:
    world, _ = played
    figure_tallies.take_in_all(world.database)
    cases = found(world)

    def wrong() -> list[UUID]:
        with world.database.reading() as session:
            return figure_tallies.wrong_cases(session, cases)[2]

    def rows() -> list[Any]:
        with world.database.reading() as session:
            names = [column for column in CaseSaid.__table__.columns if column.name != "id"]
            return sorted(map(repr, session.execute(select(*names))))

    assert wrong() == []
    must = rows()
    with world.transaction() as session:
        first = session.scalar(select(func.min(CaseSaid.id)))
        case = session.scalar(select(CaseSaid.instance_id).where(CaseSaid.id == first))
        session.execute(update(CaseSaid).where(CaseSaid.id == first).values(key="改"))
    assert wrong() == [case]
    with world.transaction() as session:
        figure_tallies.begin_anew(session)
    figure_tallies.take_in_all(world.database)
    assert wrong() == []
    assert rows() == must


def test_nothing_private_is_kept_or_asked(played: tuple[World, list[date]]) -> None:
    world, _ = played
    figure_tallies.take_in_all(world.database)
    with world.database.reading() as session:
        kept = set(session.scalars(select(CaseSaid.field).distinct()))
        assert kept
        assert kept <= said_columns(session).keys()


def test_days_that_were_taken_back_are_told_by_the_journal() -> None:
    one, two, three = (date(2026, 9, day) for day in (1, 2, 3))
    first, again = Answer("a", "", 3, one, {"x": 1}), Answer("a", "", 9, three, {"x": "乙", "y": ["p", "q", "p"]})
    found = stretches([again], [first, again], {3: two})
    assert [(row.field, row.from_on, row.until_on, row.value or row.key, row.newest) for row in found] == [
        ("a.x", one, two, "1", True),
        ("a.x", three, None, "乙", True),
        ("a.y", three, None, "p", True),
        ("a.y", three, None, "q", False),
    ]
    numbers = [-1e300, -2.5, -1, 0, 0.5, 3, 20, 1e300]
    assert sorted(numbers, key=number_key) == numbers
