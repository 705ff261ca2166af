"""Figures of the assessment sheet, of statistics' answers, of a half-year report and of the roll-up lead to what they
count."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from urllib.parse import parse_qsl, urlsplit

from service import clock
from service.ledger.statistics import ANSWERS_MEANING
from service.usecases import half_years
from tests.factories.databases import ON_BOTH
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, OFFICE, World
from tests.web.test_statistics import TOTAL, some

pytestmark = ON_BOTH

FIGURE = re.compile(r'<a class="num" href="(/[^"]+)" title="[^"]*">(?:\d+/)?(\d+)</a>')


def opened(visitor: Visitor, page: str, **query: str) -> list[tuple[str, int, int]]:
    """(address, what the figure says, how many the address lists) of each figure that leads to the ledger."""
    found = []
    for where, number in FIGURE.findall(visitor.get(page, **query).text):
        answer = visitor.client.get(unescape(where))
        assert answer.status_code == 200, where
        if unescape(where).startswith("/ledger"):
            total = TOTAL.search(answer.get_data(as_text=True))
            assert total is not None, where
            found.append((unescape(where), int(number), int(total[1])))
    return found


def late_and_answered(world: World) -> None:
    """Needs of two units, some answered, one of them late, and one that is not answered past its date."""
    some(world)
    world.dispatched("housing", title="落户")
    world.pass_days(20)


def test_figures_of_the_assessment_open_what_they_count(world: World) -> None:
    late_and_answered(world)
    office = Visitor(world, OFFICE)
    found = opened(office, "/assessment")
    asked = [dict(parse_qsl(urlsplit(where).query)) for where, _, _ in found]
    assert {"answers" in one for one in asked} == {True, False}  # of units, and of leaders
    for where, said, listed in found:
        assert said == listed, where
    missed = office.get("/ledger", asked="housing", answers="missed", answers_since="2026-01-01").text
    assert "落户" in missed
    assert "落户" not in office.get("/ledger", asked="housing", answers="in_time").text
    assert office.get("/ledger", answers="never").status_code == 422


def test_answers_of_the_statistics_open_the_needs_that_were_asked(world: World) -> None:
    late_and_answered(world)
    page = Visitor(world, OFFICE).get("/statistics").text
    figures = re.findall(r'href="(/ledger[^"]*answers=(?:asked|in_time)[^"]*)" title="[^"]*">(\d+)</a>', page)
    assert len(figures) >= 4
    for where, number in figures:
        total = TOTAL.search(Visitor(world, OFFICE).client.get(unescape(where)).get_data(as_text=True))
        assert total is not None or number == "0"
        assert total is None or int(total[1]) == int(number), where


def test_statistics_and_assessment_count_answers_alike_over_the_year_boundary(world: World) -> None:
    world.dispatched("edu")
    world.clock.set(datetime(2027, 1, 5, 10, tzinfo=clock.SHANGHAI))
    office = Visitor(world, OFFICE)
    page, sheet = office.get("/statistics").text, office.get("/assessment").text
    [(where, asked)] = [one for one in FIGURE.findall(page) if "answers=asked" in one[0]]
    assert [one for one in FIGURE.findall(sheet) if "answers=asked" in one[0]] == [(where, asked)]
    assert asked == "1"
    assert ANSWERS_MEANING in page
    assert ANSWERS_MEANING in sheet


def test_statistics_of_a_day_before_all_needs_name_the_first(world: World) -> None:
    world.recorded()
    page = Visitor(world, OFFICE).get("/statistics", as_of="1999-01-01").text
    assert f"您可以查看的最早一件登记于 {clock.today().isoformat()}" in page


def test_needs_of_a_report_and_of_the_roll_up_open_what_they_count(world: World) -> None:
    late_and_answered(world)
    year, half = clock.today().year, 2
    [unit] = world.actor(LIAISON).units_of("liaison")
    with world.transaction() as session:
        report = half_years.begin_report(
            session,
            unit_code=unit,
            year=year,
            half=half,
            days=10,
            actor=world.actor(LIAISON),
            now=clock.now(),
        )
    for page in ("/reports/roll-up", f"/reports/{report.id}"):
        found = opened(Visitor(world, OFFICE), page, **({"year": str(year), "half": "2"} if "roll" in page else {}))
        assert len(found) >= 3, page
        for where, said, listed in found:
            assert said == listed, where
