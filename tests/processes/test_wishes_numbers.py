"""Wishes about numbers: series of one's own, counted apart, given once, held to the journal on both databases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from service import clock
from service.errors import Invalid
from service.processes import operations, replay
from service.processes.models import Counter
from tests.factories.databases import ON_BOTH
from tests.factories.diagrams import choice, form
from tests.factories.engines import choice as gateway
from tests.factories.engines import end, flow, service, start, user
from tests.factories.steps import events, instance, mismatches
from tests.factories.wishes import House, Office, bundle
from tests.factories.world import World

COUNTERS = """
[counters.approval]
name = "批示"
format = "南人才批〔{year}〕{seq}号"

[counters.by_town]
name = "镇街流水"
format = "{per}-{seq:03d}"
restart = "never"
"""
TOWNS = choice("镇街", dali="大沥", lishui="里水")
FORMS = {
    "ask": form("申请", {"town": TOWNS}),
    "check": form("审核", {"decision": choice("结论", agree="同意", redo="退回")}),
}


def numbered(counter: str, **more: str) -> dict[str, bytes]:
    """Asked, numbered, and checked: what is checked badly is numbered again."""
    body = (
        start("ask")
        + user("ask", stage="intake")
        + flow("ask", "give")
        + service("give", "number", "paper_no", counter=f"'{counter}'", **more)
        + flow("give", "check")
        + user("check", stage="handling")
        + flow("check", "fine")
        + gateway("fine", "finish")
        + flow("fine", "give", "decision == 'redo'")
        + flow("fine", "finish")
        + end()
    )
    return bundle("paper", {"talent_office": "ask check"}, body, FORMS)


def told(world: World) -> list[str]:
    with world.database.reading() as session:
        return [f"{one.stream}: {one.what}" for one in replay.verify(session)]


def counted(world: World) -> dict[str, int]:
    with world.database.reading() as session:
        return {row.name: row.value for row in session.scalars(select(Counter)) if row.name.startswith("series:")}


def number(house: House) -> Any:
    return instance(house.world).data["paper_no"]


@ON_BOTH
def test_a_series_of_ones_own_is_counted_by_year_and_held_to_the_journal(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path, settings=COUNTERS)
    house.deploy("paper", numbered("approval"))
    found = []
    for town in ("dali", "lishui"):
        house.begin("paper", {"town": town})
        found.append(number(house))
    house.do("check", {"decision": "redo"})
    assert number(house) == found[1], "a step that is taken again keeps its number"
    with world.transaction() as session:
        actor = world.actor("office")
        [done] = [one for one in events(world, "completed") if one.data["step"] == "check"]
        operations.take_back(session, task_id=done.task or "", reason="看错了", actor=actor, now=clock.now())
    house.do("check", {"decision": "redo"})
    assert number(house) == found[1], "so does one that was taken back"
    world.clock.set(datetime(2027, 1, 4, 10, tzinfo=clock.SHANGHAI))
    house.begin("paper", {"town": "dali"})
    assert [*found, number(house)] == ["南人才批〔2026〕1号", "南人才批〔2026〕2号", "南人才批〔2027〕1号"]
    house.pages()
    assert "给号 南人才批〔2027〕1号" in world.as_user("office").get(f"/cases/{world.case}").text
    assert counted(world) == {"series:approval::2026": 2, "series:approval::2027": 1}
    assert (mismatches(world), told(world)) == ([], [])
    with world.transaction() as session:
        session.execute(text("UPDATE counter SET value = 7 WHERE name = 'series:approval::2026'"))
    assert told(world) == ["counter:series:approval::2026: 编号已用到 7，历史中给出的是 2 个"]


def test_each_town_counts_apart_and_a_new_number_is_given_each_time_where_it_is_asked(
    world: World, tmp_path: Path
) -> None:
    house = House(world, tmp_path, settings=COUNTERS)
    house.deploy("paper", numbered("by_town", per="town", again="True"))
    for town, gives in (("dali", "dali-001"), ("lishui", "lishui-001"), ("dali", "dali-002")):
        house.begin("paper", {"town": town})
        assert number(house) == gives
    house.do("check", {"decision": "redo"})
    assert number(house) == "dali-003"
    house.settings = House(world, tmp_path / "later", settings=COUNTERS.replace("{per}-", "{per}/")).settings
    assert (mismatches(world), told(world)) == ([], []), "what was given stays as it was"


@pytest.mark.parametrize(
    ("counter", "more", "says"),
    [
        ("approvals", {}, "没有这个编号系列 approvals，是不是批示？"),
        ("approval", {"format": "'{seq}号'"}, "每年重编的编号，必须含 {year} 一次"),
        ("approval", {"format": "'{year.real}{seq}'"}, "花括号里只能写"),
        ("approval", {"counters": "'a'"}, "不用“counters”，请清空"),
    ],
)
def test_a_number_that_cannot_be_given_is_told_when_the_diagram_is_checked(
    tmp_path: Path, counter: str, more: dict[str, str], says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        Office(tmp_path, settings=COUNTERS).made("paper", numbered(counter, **more))
    assert [one.message for one in refused.value.findings if says in one.message]


def test_a_rehearsal_counts_from_one(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=COUNTERS)
    rehearsal = office.rehearsal(office.made("paper", numbered("by_town", per="town")), "talent_office")
    rehearsal.do("ask", {"town": "dali"})
    rehearsal.do("check", {"decision": "redo"})
    assert rehearsal.state.data["paper_no"] == "dali-001"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('[counters.x]\nname = "甲"\nformat = "{seq}号"', "必须含 {year} 一次"),
        ('[counters.x]\nname = "甲"\nformat = "{year}号"', "必须含 {seq} 一次"),
        ('[counters.x]\nname = "甲"\nformat = "{year}{seq}{unit}"', "花括号里只能写"),
        ('[counters.x]\nname = "甲"\nformat = "{year}-{seq}"\nrestart = "month"', "必须含 {month} 一次"),
        ('[counters.x]\nname = "甲"\nformat = "{year}-{seq}"\nrestart = "week"', "不在可选值之内"),
        ('[counters.X]\nname = "甲"\nformat = "{year}-{seq}"', "代码只能用小写字母"),
    ],
)
def test_a_bad_series_stops_the_start(tmp_path: Path, settings: str, says: str) -> None:
    with pytest.raises(Invalid, match="系统设置") as refused:
        Office(tmp_path, settings="\n" + settings)
    assert [one.message for one in refused.value.findings if says in one.message]
