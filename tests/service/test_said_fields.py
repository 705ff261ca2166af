"""Columns of forms in the ledger are filtered and sorted by what was said last, as of any day, on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service import clock
from service.errors import Invalid
from service.processes import operations, queries
from service.processes.filters import CaseFilter
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.statements import Statements
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH

REPLY, TEXT, LEAD = "handle.reply", "record_need.description", "dispatch.lead_unit"


def found(world: World, **asked: Any) -> list[str]:
    """The titles that the ledger lists."""
    with world.database.reading() as session:
        page = queries.cases(session, world.actor(OFFICE), filters=CaseFilter(**asked))
        ids = queries.case_ids(session, world.actor(OFFICE), CaseFilter(**asked))
        assert ids == [case.id for case in page.items]
        return [case.title for case in page.items]


@pytest.fixture
def told(world: World) -> tuple[World, date]:
    """Two cases of two units and one that was only recorded; an answer of the first day is taken back the next."""
    world.recorded(title="丙", description="想租房")
    world.dispatched("edu", "housing", title="甲", description="孩子上小学 ABC")
    world.do(OFFICE, "feedback_accepted")
    sample = world.sample("handle")
    world.do("handler-edu", "handle", {**sample, "reply": "已协调学位"}, unit="edu")
    first = clock.today()
    world.clock.advance(days=1)
    with world.transaction() as session:
        operations.take_back(
            session,
            task_id=world.done("handle").id,
            reason="填错了",
            actor=world.actor("handler-edu"),
            now=world.clock.now,
        )
    world.do("handler-edu", "handle", {**sample, "reply": "学位已满"}, unit="edu")
    world.do("handler-housing", "handle", {**sample, "reply": "已登记公租房"}, unit="housing")
    world.dispatched("housing", title="乙", description="100%_满意")
    return world, first


def test_a_field_is_asked_by_what_each_unit_said_last(told: tuple[World, date]) -> None:
    world, _ = told
    for text in ("学位", "公租", "已满"):
        assert found(world, said=REPLY, said_text=text) == ["甲"]
    assert found(world, said=REPLY, said_text="已协调") == []
    assert found(world, said=REPLY, said_is="equals", said_text="学位已满") == ["甲"]
    assert found(world, said=REPLY, said_is="equals", said_text="学位") == []
    assert found(world, said=REPLY, said_is="filled") == ["甲"]
    assert sorted(found(world, said=REPLY, said_is="empty")) == ["丙", "乙"]
    assert found(world, said=TEXT, said_text="abc") == ["甲"]
    assert found(world, said=TEXT, said_text="%_") == ["乙"]
    assert found(world, said=LEAD, said_text="教育") == ["甲"]
    assert found(world, said=LEAD, said_is="equals", said_text="教育") == []
    assert found(world, said="record_need.category", said_text="没有这一类") == []
    assert sorted(found(world, said=TEXT, said_text="")) == ["丙", "乙", "甲"]


def test_a_past_day_is_asked_by_what_it_knew(told: tuple[World, date]) -> None:
    world, first = told
    assert found(world, as_of=first, said=REPLY, said_text="已协调") == ["甲"]
    assert found(world, as_of=first, said=REPLY, said_text="已满") == []
    assert found(world, as_of=first, said=REPLY, said_text="公租") == []
    assert found(world, as_of=first, said=REPLY, said_is="empty") == ["丙"]
    assert found(world, as_of=first, said=LEAD, said_text="教育") == ["甲"]
    assert found(world, as_of=first, sort_said=REPLY) == ["甲", "丙"]
    world.clock.advance(days=2)
    second = clock.today()
    world.clock.advance(days=2)
    assert found(world, as_of=second, said=REPLY, said_text="已满") == ["甲"]
    assert found(world, as_of=second, said=REPLY, said_text="已协调") == []


def test_a_field_sorts_both_ways_and_what_says_nothing_comes_last(told: tuple[World, date]) -> None:
    world, _ = told
    assert found(world, sort_said=TEXT) == ["乙", "甲", "丙"]
    assert found(world, sort_said=f"-{TEXT}") == ["丙", "甲", "乙"]
    assert found(world, sort_said=REPLY)[0] == found(world, sort_said=f"-{REPLY}")[0] == "甲"
    assert found(world, sort_said=LEAD)[:2] == found(world, sort_said=f"-{LEAD}")[1::-1]


def test_what_cannot_be_asked_is_refused_by_name(told: tuple[World, date]) -> None:
    world, _ = told
    office, wrong = Visitor(world, OFFICE), {"said": "handle.nothing"}
    for asked, place in (
        (wrong, "/said"),
        ({"said_text": "租房"}, "/said"),
        ({"said": REPLY, "said_is": "like", "said_text": "x"}, "/said_is"),
        ({"sort_said": "handle.nothing"}, "/sort_said"),
        ({"said": "record_need.attachments", "said_text": "x"}, "/said_is"),
    ):
        with pytest.raises(Invalid) as refused:
            found(world, **asked)
        assert [one.path for one in refused.value.findings] == [place]
    assert found(world, said=REPLY, said_text="\x00") == []
    page = office.get("/ledger", **wrong)
    assert page.status_code == 422
    assert "表单中填写的内容" in page.text


def test_page_workbook_and_call_ask_alike(told: tuple[World, date]) -> None:
    world, first = told
    office = Visitor(world, OFFICE)

    def listed(**told: Any) -> list[Any]:
        found: Any = world.api(OFFICE).get("/requests", **told).json
        return list(found["items"])

    asked: dict[str, Any] = {"said": REPLY, "said_is": "contains", "said_text": "学位"}
    page = office.get("/ledger", **asked, col=REPLY, sort=f"-{REPLY}").text
    assert ">甲</a>" in page
    assert ">乙</a>" not in page
    assert "▼" in page
    rows = exported_rows(office, f"/ledger.xlsx?said={REPLY}&said_text=学位&sort={REPLY}&col=需求")
    assert [row[0].value for row in rows if row[0].value in ("甲", "乙", "丙")] == ["甲"]
    assert [row["title"] for row in listed(**asked)] == ["甲"]
    assert len(listed(**asked, as_of=first.isoformat())) == 1
    assert listed(sort_said=f"-{TEXT}")[0]["title"] == "丙"


def test_it_costs_as_many_statements_for_many_cases(told: tuple[World, date]) -> None:
    world, first = told

    def sent(**asked: Any) -> int:
        with world.database.reading() as session:
            statements = Statements(session)
            queries.cases(session, world.actor(OFFICE), filters=CaseFilter(**asked))
            return statements.since()

    sent(said=REPLY, said_text="学位", sort_said=TEXT)
    few = [sent(said=REPLY, said_text="学位", sort_said=TEXT, as_of=on) for on in (None, first)]
    world.dispatched("edu", title="丁")
    world.recorded(title="戊")
    assert [sent(said=REPLY, said_text="学位", sort_said=TEXT, as_of=on) for on in (None, first)] == few
