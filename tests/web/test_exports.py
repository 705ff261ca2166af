"""导出 Excel: a workbook holds what its list shows to whoever may see the list, and nothing that could run."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from openpyxl.cell import Cell
from sqlalchemy import select

from service import clock, liaisons, people
from service.audit.questions import QUESTIONS
from service.people import Person
from service.processes.rules import STATUSES
from service.web import exports
from tests.factories.databases import ON_BOTH
from tests.factories.exports import SECRET, exported_rows, fill
from tests.factories.statements import counted
from tests.factories.visitor import Visitor
from tests.factories.world import LIAISON, World

pytestmark = ON_BOTH

LISTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("office", "/tasks", {"q": "入学"}),
    ("office", "/tasks/done", {"q": "入学"}),
    (LIAISON, "/cases/started", {"q": "入学"}),
    ("office", "/cases/copied", {"q": "入学"}),
    ("office", "/ledger", {"q": "入学"}),
    ("office", "/talents", {"q": "周慕白", "sort": "-id"}),
    ("office", "/teams", {"q": "新材料"}),
    ("handler-edu", "/units", {"q": "教育"}),
    ("handler-edu", "/people", {"q": "陈砚秋"}),
    ("auditor", "/leaders", {"q": "陈砚秋"}),
    ("office", "/liaison-officers", {"q": "人力"}),
    ("office", "/links", {"talent": "T0001"}),
    ("leader", "/links", {"talent": "T0001"}),
    ("office", "/quotas", {"klass": "B"}),
    ("office", "/service-teams", {"klass": "B"}),
    ("office", "/rosters", {"scope": "hrss"}),
    ("office", "/contacts", {"since": "2026-09-03"}),
    ("office", "/opinions", {"since": "2026-09-03"}),
    ("office", "/summaries", {"kind": "contact", "since": "2026-09-03"}),
    ("leader", "/activities", {"since": "2026-09-03"}),
    ("office", "/matters", {"since": "2026-09-03"}),
    ("auditor", "/interviews", {"year": "2026"}),
    ("office", "/reports", {"half": "2"}),
    ("office", "/briefs", {"month": "7"}),
    ("office", "/assessment", {"unit": "hrss"}),
)


def test_every_list_is_exported_as_it_is_shown(
    world: World, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world)
    with world.database.reading() as session:
        roster = liaisons.search_rosters(session, liaisons.RosterFilter(scope="hrss")).items[0].id
    inert: list[Cell] = []
    for reader, path, narrow in (*LISTS, ("office", f"/rosters/{roster}", {"any": "x"})):
        with subtests.test(path, reader=reader):
            visitor, sent = Visitor(world, reader), {}
            for query in (narrow, {}):
                page = visitor.get(path, **query)
                exported = address_of(page.text)
                with counted(world) as statements:
                    rows = exported_rows(visitor, exported)
                assert_as_shown(rows, page.text)
                sent[bool(query)] = len(statements)
                cells = [cell for row in rows for cell in row]
                assert not [cell for cell in cells if cell.data_type == "f" or SECRET in str(cell.value)]
                inert += [cell for cell in cells if str(cell.value).startswith("=")]
            assert sent[False] <= sent[True] + 1  # what one row shows may need a statement more than another
            with monkeypatch.context() as small:
                small.setattr(exports, "MAX_LIMIT", 2)
                paged = exported_rows(visitor, exported)
            assert [[cell.value for cell in row] for row in paged] == [[cell.value for cell in row] for row in rows]
    assert inert
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in inert)


ELSEWHERE = {
    **{f"/audit/{question.name}.xlsx": "test_questions" for question in QUESTIONS},
    "/board.xlsx": "test_board",
    "/circulars.xlsx": "test_registers",
    "/cases/started.xlsx": "below: moments",
    "/reports/roll-up.xlsx": "test_reports: a sheet of figures, no list",
    "/revisits.xlsx": "test_ledger_views",
    "/statistics.xlsx": "test_statistics",
    "/substitutes.xlsx": "test_people",
    "/system/letters.xlsx": "test_letter_pages",
    "/urges.xlsx": "test_registers",
    "/ways.xlsx": "test_ways",
}
"""Workbooks that no list of the above shows, and the test that reads them."""


def test_every_workbook_without_a_number_in_its_address_is_read_by_a_test(world: World) -> None:
    listed = {f"{path}.xlsx" for _, path, _ in LISTS}
    there = {one.rule for one in world.app.url_map.iter_rules() if one.rule.endswith(".xlsx") and not one.arguments}
    assert there - listed == set(ELSEWHERE) - listed


def test_moments_and_days_are_no_texts_and_an_empty_list_has_its_heading(world: World) -> None:
    world.recorded()
    visitor = Visitor(world, LIAISON)
    [row] = exported_rows(visitor, "/cases/started.xlsx")
    assert clock.local(clock.now()).replace(tzinfo=None) in [cell.value for cell in row if cell.is_date]
    assert "导出 Excel" not in visitor.get("/cases/started", q="没有").text
    assert exported_rows(visitor, "/cases/started.xlsx?q=没有") == []


def address_of(page: str) -> str:
    """Where the button of the page leads; it stands within what a filter of the page replaces."""
    assert page.index('id="list"') < page.index(">导出 Excel<") if 'id="list"' in page else True
    found = re.search(r'href="([^"]+)">导出 Excel<', page)
    assert found is not None
    return unescape(found[1])


def assert_as_shown(rows: list[tuple[Cell, ...]], page: str) -> None:
    """As many rows as the list has, and those of its first page in the same order."""
    tables = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
    shown = [first for table in tables for first in re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>", table, re.DOTALL)]
    total = re.search(r"共 (\d+) 条", page)
    assert len(rows) == (int(total[1]) if total else len(shown)) > 0
    for (first, *_), cell in zip(rows, shown, strict=False):
        value = f"{first.value:%Y-%m-%d}" if isinstance(first.value, date) else str(first.value or "")
        assert value in unescape(re.sub(r"<[^>]+>", "", cell))


def test_substitutes_and_the_roll_up_of_reports_are_exported(world: World) -> None:
    office = Visitor(world, "office")
    now = world.clock.now
    with world.database.transaction() as session:
        one, other = session.scalars(select(Person).order_by(Person.id).limit(2)).all()
        people.declare_substitute(
            session, person_id=one.id, substitute_id=other.id, starts_on=now.date(), ends_on=now.date(),
            reason="出差", actor=world.actor("office"), now=now,
        )  # fmt: skip
        names = (one.name, other.name)
    [row] = exported_rows(office, "/substitutes.xlsx")
    assert (row[0].value, row[1].value, row[4].value) == (*names, "出差")
    units = exported_rows(office, "/reports/roll-up.xlsx?year=2026&half=1")
    assert {row[1].value for row in units} == {"未编制"}
    unit = Visitor(world, "liaison-hrss")
    assert unit.post("/reports", unit="hrss", year="2026", half="1").status_code == 200
    units = exported_rows(office, "/reports/roll-up.xlsx?year=2026&half=1")
    assert {row[1].value for row in units} == {"未编制", "编制中"}
    assert {row[3].value for row in units} == {"未计入合计"}  # until it is sent its figures are the service's own
    for page in ("/substitutes", "/reports/roll-up"):
        assert f"{page}.xlsx" in office.get(page).text


def test_the_state_of_a_case_has_one_word_on_pages_filters_and_exports(world: World) -> None:
    """A need that goes on was 在办 in one place and 办理中 in another."""
    world.dispatched("edu")
    office = Visitor(world, "office")
    pages = [office.get(path).text for path in ("/ledger", "/cases/started", "/matters", f"/cases/{world.case}", "/")]
    chosen = [re.findall(r'<select[^>]*name="status".*?</select>', page, re.DOTALL)[0] for page in pages[:2]]
    filters = [re.findall(r'<option value="(\w+)"[^>]*>([^<]+)</option>', page) for page in chosen]
    for found in filters:
        assert {name: word for name, word in found if name in STATUSES} == dict(STATUSES)
    assert ">在办<" in pages[2]
    assert not [page for page in pages if "办理中" in page]
    told = [str(cell.value) for row in exported_rows(office, "/ledger.xlsx") for cell in row]
    assert "在办" in told
    assert not [word for word in told if "办理中" in word]
