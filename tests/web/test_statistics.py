"""统计: the page, its workbook, its links into the ledger, and who sees what of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from service import clock
from service.processes.need_figures import FIGURES
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, OFFICE, World

pytestmark = ON_BOTH

LINK = re.compile(r'<a class="num" href="(/ledger\?[^"]+)"[^>]*>(\d+)</a>')
TOTAL = re.compile(r"共 (\d+) 条")


def some(world: World) -> None:
    """Needs that are late, answered, handed back, answered for the time being, and not dispatched."""
    world.dispatched("edu", "hrss")
    world.do("handler-edu", "handle", world.sample("handle"), unit="edu")
    world.clock.advance(days=15)
    world.do("handler-hrss", "handle", world.sample("handle"), unit="hrss")
    world.dispatched("housing")
    world.do("handler-housing", "handle", {"result": "not_ours", "reason": "请派区教育局"}, unit="housing")
    world.dispatched("edu")
    world.do("handler-edu", "handle", interim(world), unit="edu")
    world.recorded()


def interim(world: World) -> dict[str, str]:
    day = world.working_day(clock.today() + timedelta(days=14))
    return {"result": "interim", "reason": "名额未定", "progress": "已登记", "next_date": day.isoformat()}


def test_every_link_leads_to_as_many_cases_as_it_says(world: World) -> None:
    some(world)
    office = Visitor(world, OFFICE)
    _require_true_links(office, _links(office.get("/statistics").text))


@pytest.mark.parametrize("reader", ["auditor", LIAISON, "handler-edu", "leader"])
def test_links_lead_each_reader_to_as_many_cases_as_they_say(world: World, reader: str) -> None:
    some(world)
    visitor = Visitor(world, reader)
    _require_true_links(visitor, _one_of_each_kind(_links(visitor.get("/statistics").text)))


@pytest.mark.parametrize(("unit", "answers"), [("edu", 2), ("hrss", 1)])
def test_links_of_one_unit_lead_to_as_many_cases_as_they_say(world: World, unit: str, answers: int) -> None:
    some(world)
    office = Visitor(world, OFFICE)
    _require_true_links(office, _one_of_each_kind(_links(office.get("/statistics", unit=unit).text)))
    stages = world.api(OFFICE).get("/statistics", unit=unit).json["stages"]
    assert stages
    for one in stages:
        found = world.api(OFFICE).get("/requests", asked=unit, done_in=one["done_in"]).json["total"]
        assert found == one["cases"], one
    steps = {one["done_in"]: one["steps"] for one in stages}
    assert steps["handling.unit"] == answers


def _links(page: str) -> list[tuple[str, int]]:
    """(address, number of cases) of each link, each once."""
    found = dict.fromkeys((unescape(where), int(number)) for where, number in LINK.findall(page))
    assert len(found) > 20
    return list(found)


def _one_of_each_kind(links: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The links without which a figure, or a set of filters, would have none; those of most cases first."""
    left, kinds = [], set[object]()
    for where, number in sorted(links, key=lambda link: -link[1]):
        asked = dict(parse_qsl(urlsplit(where).query))
        of_this = {asked["figure"], tuple(sorted(asked))}
        if not of_this <= kinds:
            left.append((where, number))
            kinds |= of_this
    return left


def _require_true_links(visitor: Visitor, links: list[tuple[str, int]]) -> None:
    for where, number in links:
        listed = visitor.client.get(where)
        assert listed.status_code == 200, where
        found = TOTAL.search(listed.get_data(as_text=True))
        assert found is not None, where
        assert int(found[1]) == number, where


def test_words_stand_beside_each_rate_and_plots_say_what_the_tables_say(world: World) -> None:
    some(world)
    page = Visitor(world, OFFICE).get("/statistics").text
    for figure in FIGURES.values():
        assert figure.meaning in page
    assert "7日答复率＝7日内答复÷应答复。" in page
    told = re.search(r'<script type="application/json" id="plots">(.*?)</script>', page, re.DOTALL)
    assert told is not None
    plots = json.loads(unescape(told[1]))
    api = world.api(OFFICE).get("/statistics").json
    months = [one for one in api["rows"] if one["dimension"] == "month"]
    registered = [one["count"] for row in months for one in row["figures"] if one["figure"] == "registered"]
    assert plots["months"]["bars"][0]["values"] == registered
    assert [one["name"] for one in plots["units"]["bars"]] == ["全程按期", "超期"]
    assert sum(plots["units"]["bars"][1]["values"]) == 1


def test_a_unit_sees_its_own_row_and_what_it_may_not_see_is_not_counted(world: World) -> None:
    some(world)
    told = world.api("handler-edu").get("/statistics").json
    assert [one["key"] for one in told["rows"] if one["dimension"] == "unit"] == ["edu"]
    assert [one["unit"] for one in told["answers"]] == ["edu"]
    [total] = [one for one in told["rows"] if one["dimension"] == "total"]
    assert next(one["count"] for one in total["figures"] if one["figure"] == "registered") == 2
    assert Visitor(world, "owner").get("/statistics").status_code == 403
    assert world.api("owner").get("/statistics").status_code == 403
    assert world.api("leader").get("/statistics").json["answers"] == []


def test_a_rule_tells_how_often_the_unit_that_it_proposed_handed_the_need_back(world: World) -> None:
    world.dispatched("edu")
    world.do("handler-edu", "handle", {"result": "not_ours", "reason": "请派其他单位"}, unit="edu")
    world.dispatched("edu")
    world.dispatched("housing")
    api = world.api(OFFICE)
    [rule] = api.get("/statistics").json["rules"]
    assert rule["words"].startswith("子女入学")
    told = {name: rule[name] for name in ("followed", "handed_back", "otherwise", "share")}
    assert told == {"followed": 2, "handed_back": 1, "otherwise": 1, "share": 50}
    for asked, number in (
        ({"rule": rule["id"]}, 2),
        ({"rule": rule["id"], "figure": "redispatched"}, 1),
        ({"against": rule["id"]}, 1),
        ({"rule": "no such rule"}, 0),
    ):
        assert api.get("/requests", **asked).json["total"] == number, asked
    page = Visitor(world, OFFICE).get("/statistics").text
    assert "<b>50%</b>" in page
    assert "错派率" not in Visitor(world, "handler-edu").get("/statistics").text
    assert world.api("handler-edu").get("/statistics").json["rules"] == []


def test_the_workbook_holds_the_figures_and_their_definitions(world: World) -> None:
    some(world)
    rows = [[cell.value for cell in row] for row in exported_rows(Visitor(world, OFFICE), "/statistics.xlsx")]
    assert rows[0][:4] == ["合计", "合计", 4, 3]
    names = ["期间", *(one.name for one in FIGURES.values()), "办理时长", "派单规则", "答复件次"]
    assert [row[1] for row in rows if row[0] == "口径"] == names
    assert any(row[0] == "责任单位" and row[1] == "区教育局" for row in rows)
    assert any(row[0] == "办理时长" and row[1] == "办理（责任单位）" for row in rows)
    [rule] = [one for one in world.api(OFFICE).get("/statistics").json["rules"] if one["followed"]]
    [told] = [row for row in rows if row[0] == "派单规则" and row[1].endswith(rule["words"])]
    assert told[-4:] == [rule["followed"], rule["handed_back"], f"{rule['share']}%", rule["otherwise"]]


def test_rows_of_units_say_all_answers_that_the_assessment_counts(world: World) -> None:
    """Those too of a unit of which no need was registered in the period."""
    world.dispatched("edu", "hrss")
    world.clock.advance(days=15)
    since = clock.today().isoformat()
    for unit in ("edu", "hrss"):
        world.do(f"handler-{unit}", "handle", world.sample("handle"), unit=unit)
    world.dispatched("edu")
    office = Visitor(world, OFFICE)
    page = office.get("/statistics", since=since).text
    answers = {unit: page.count(f"asked={unit}&amp;answers=asked") for unit in ("edu", "hrss")}
    assert answers == {"edu": 1, "hrss": 1}
    rows = [[cell.value for cell in row] for row in exported_rows(office, f"/statistics.xlsx?since={since}")]
    place = 2 + len(FIGURES) + sum(1 for one in FIGURES.values() if one.share_of)
    told = {row[1]: (row[2], row[place], row[place + 1]) for row in rows if row[0] == "责任单位"}
    assert told == {"区教育局": (1, 1, 0), "区人力资源和社会保障局": (0, 1, 0)}


def test_strange_questions_are_refused_or_find_nothing(world: World) -> None:
    some(world)
    office, tomorrow = Visitor(world, OFFICE), (clock.today() + timedelta(days=1)).isoformat()
    for question in ({"as_of": tomorrow}, {"since": "2026-09-02", "until": "2026-09-01"}):
        answer = office.get("/statistics", **question)
        assert (answer.status_code, "没有按" in answer.text) == (200, True), question
    for question in ({"unit": "nowhere"}, {"town": "none"}, {"leader": "x"}, {"until": "1999-01-01"}, {"unit": "\x00"}):
        assert office.get("/statistics", **question).status_code == 200, question
    assert office.get("/statistics", since="no day").status_code == 200
    for question in ({"figure": "wealth"}, {"asked": "nowhere"}, {"done_in": "x"}, {"leader": "nobody"}, {"rule": "x"}):
        assert office.get("/ledger", **question).status_code == 422, question
    assert world.api(OFFICE).get("/requests", figure="wealth").status_code == 422
    assert world.api(OFFICE).get("/statistics", as_of=tomorrow).status_code == 422
    assert world.api(OFFICE).get("/requests", done_in="%00").json["total"] == 0
    assert "今年还没有登记的需求" in Visitor(world, "handler-health").get("/statistics").text


def test_a_page_of_many_needs_costs_as_many_statements(world: World) -> None:
    some(world)
    office = Visitor(world, OFFICE)
    office.get("/statistics")
    with counted(world) as few:
        office.get("/statistics")
    for _ in range(4):
        world.dispatched("edu", "hrss")
    office.get("/statistics")  # a pool of tasks that came with them is asked about once
    with counted(world) as many:
        office.get("/statistics")
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("page", "name", "value", "said"),
    [
        ("/statistics", "since", "昨天", "“日期从”写的“昨天”不是日期，没有按它筛选"),
        ("/interviews", "year", "20266", "“年度”写的“20266”不是可选的数字，没有按它筛选"),
        ("/contacts", "until", "2026-02-30", "“到”写的“2026-02-30”不是日期，没有按它筛选"),
        ("/board", "light", "blue", "“亮灯”写的“blue”不是可选的内容，没有按它筛选"),
        ("/board", "sort", "hello", "“排序”写的“hello”不是可选的内容，没有按它筛选"),
        ("/board", "asked", "maybe", "“延期申请”写的“maybe”不是“是”或“否”，没有按它筛选"),
        ("/urges", "by", "magic", "“方式”写的“magic”不是可选的内容，没有按它筛选"),
        ("/reports/roll-up", "half", "3", "“半年”写的“3”不是可选的数字，没有按它筛选"),
        ("/assessment", "year", "abc", "“年度”写的“abc”不是可选的数字，没有按它筛选"),
        ("/statistics", "since", "2030-01-01", "登记日期的第一天不能晚于最后一天"),
    ],
)
def test_a_day_or_number_that_is_none_is_said_on_the_page(
    world: World, page: str, name: str, value: str, said: str
) -> None:
    office = Visitor(world, OFFICE)
    assert said in office.get(page, **{name: value}).text
    assert "没有按它筛选" not in office.get(page).text


@pytest.mark.parametrize("page", ["/statistics", "/urges", "/circulars", "/contacts"])
def test_a_period_that_ends_before_it_begins_is_said_above_the_list(world: World, page: str) -> None:
    said = Visitor(world, "office").get(page, since="2026-12-01", until="2026-01-01")
    assert said.status_code == 200
    assert "第一天“2026-12-01”晚于最后一天“2026-01-01”，没有按这段日期筛选" in said.text
    assert 'name="since"' in said.text
