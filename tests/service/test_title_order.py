"""Lists sort by 需求 by the pinyin of the matter, numbered or not, as of any day, long or short."""

from __future__ import annotations

import pytest
from sqlalchemy import String, Text, literal, select

from service import clock
from service.processes import figure_tallies, queries, wide
from service.processes.filters import CaseFilter
from service.processes.title_order import LONG, of_title, title_order
from tests.factories.databases import ON_BOTH
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH
NUMBERED, OTHERS = ("住房", "ABC 贷款", "阿姨", "visa help", "子女入学"), ("补贴", "zip code", "车位")
ORDER = ["ABC 贷款", "阿姨", "补贴", "车位", "visa help", "住房", "子女入学", "zip code"]


def test_needs_are_sorted_by_matter_and_not_by_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for title in NUMBERED:
        world.accepted(title=title)
    for title in OTHERS:
        world.recorded(title=title)
    then = clock.today()
    world.clock.advance(days=1)

    def listed(**asked: object) -> list[str]:
        with world.database.reading() as session:
            page = queries.cases(session, world.actor(OFFICE), filters=CaseFilter(**asked))  # type: ignore[arg-type]
            return [case.title for case in page.items]

    for _ in ("short", "long, all wait", "long, none waits"):
        assert listed(sort="title") == ORDER
        assert listed(sort="-title") == ORDER[::-1]
        assert listed(sort="title", as_of=then) == ORDER
        monkeypatch.setattr(wide, "MOST_COUNTED", 1)
        if _ == "long, all wait":
            figure_tallies.take_in_all(world.database)


def test_what_is_kept_is_what_a_list_works_out(world: World) -> None:
    keys = (
        *("", "2026需0001", "2026需0001 住房 zhufang zf", "2026需0001 abc", "2026需0001  x ", "住房 zhufang zf", "abc"),
        *(" 住房 a b", "住房 zhufang", f"2026需0001 {'房' * 300} {'fang' * 300} {'f' * 300}", f"{'a' * 300}"),
    )
    with world.database.reading() as session:
        for number in (None, "2026-需-0001"):
            for key in keys:
                told = session.scalar(select(of_title(literal(number, String), literal(key, Text))))
                assert told == title_order(number, key), (number, key)
                assert len(told or "") <= LONG
