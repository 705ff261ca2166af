"""发文字号 of 专报, 半年报告 and 汇总: once each, without gaps, in the journal and on the papers (adr/0071)."""

from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document
from sqlalchemy import select

from service import clock
from service.auth.queries import units_held
from service.config.language import PAPERS
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.history import HistoryEvent, stream_events
from service.processes.counters import given
from service.usecases import half_years, issuing_reports
from tests.factories.briefs import brief_of, sign
from tests.factories.databases import ON_BOTH
from tests.factories.documents import text_of
from tests.factories.rounds import calendar_starts
from tests.factories.steps import events
from tests.factories.visitor import Visitor
from tests.factories.workers import mismatches
from tests.factories.world import OFFICE, World
from tests.processes.test_half_year_report import WORDS, report_of

pytestmark = ON_BOTH


def number(world: World, make, user: str = OFFICE, formats=PAPERS, **which) -> str:
    with world.transaction() as session:
        return make(session, formats=formats, actor=world.actor(user), now=clock.now(), **which)


def numbered(world: World) -> list[tuple[str, str]]:
    """The numbers that the journals tell, in their order: the family of the journal and the number."""
    with world.database.reading() as session:
        query = select(HistoryEvent).where(HistoryEvent.kind == "numbered").order_by(HistoryEvent.id)
        return [(one.stream.split(":")[0], one.data["number"]) for one in session.scalars(query)]


def borne(world: World, page: str, user: str = OFFICE, query: str = "") -> tuple[str, str]:
    """The words of the PDF and of the Word file of a page."""
    visitor = Visitor(world, user)
    word = Document(BytesIO(visitor.get(f"{page}.docx{query}").data))
    return text_of(visitor.get(f"{page}.pdf{query}").data), "".join(one.text for one in word.paragraphs)


def accepted(world: World) -> None:
    """Every report of the second half of 2026 is accepted."""
    calendar_starts(world, "half_year_report", "every_half_year")
    with world.database.reading() as session:
        named = units_held(session, "liaison", world.clock.now.date())
    for unit in [unit for step, unit in world.open_steps() if step == "submit_half_year"]:
        world.do(f"liaison-{unit}" if unit in named else "office", "submit_half_year", WORDS, unit=unit)
        world.do("office", "review_report", {"decision": "accept"})


def test_a_brief_is_numbered_once_it_is_released_and_page_call_and_papers_tell(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    brief = brief_of(world).id
    with pytest.raises(Conflict, match="签发后才编号"):
        number(world, issuing_reports.number_brief, brief_id=brief)
    sign(world)
    office, page = Visitor(world, OFFICE), f"/briefs/{brief}"
    assert "编文号" in office.get(page).text
    assert "编文号" not in Visitor(world, "leader").get(page).text
    before = borne(world, page)
    assert all("专报〔" not in text for text in before)
    answer = office.submit(f"{page}/number")
    assert answer.status_code in (200, 302), answer.text
    said = f"专报〔{clock.today().year}〕1号"
    assert said in office.get(page).text
    assert said in Visitor(world, "leader").get(page).text
    assert all(said in text for text in borne(world, page))
    assert world.api(OFFICE).get(page).json["number"] == said
    with pytest.raises(Conflict, match=f"已经编号：{said}"):
        number(world, issuing_reports.number_brief, brief_id=brief)
    again = world.api(OFFICE).post(f"{page}/number", {})
    assert (again.status_code, said in again.text) == (409, True)
    sign(world, "程望津")
    assert world.api(OFFICE).post(f"/briefs/{brief_of(world, '程望津').id}/number", {}).json["number"].endswith("〕2号")
    assert [family for family, _ in numbered(world)] == ["brief", "brief"]
    assert [n[-2:] for _, n in numbered(world)] == ["1号", "2号"]
    assert mismatches(world) == []


def test_only_the_office_numbers_and_only_by_a_rule(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    sign(world)
    brief = brief_of(world).id
    with pytest.raises(NotAllowed):
        number(world, issuing_reports.number_brief, "liaison-hrss", brief_id=brief)
    with pytest.raises(NotFound):
        number(world, issuing_reports.number_brief, brief_id="nothing")
    with pytest.raises(Conflict, match=r"“专报”没有编号规则.*\[papers\] 里添加 brief"):
        number(world, issuing_reports.number_brief, formats={}, brief_id=brief)
    with pytest.raises(Conflict, match="2026 年上半年还没有汇总"):
        number(world, issuing_reports.number_roll_up, year=2026, half=1)
    with pytest.raises(Invalid, match="没有编号"):
        number(world, issuing_reports.number_roll_up, year=0, half=0)
    assert Visitor(world, OFFICE).post("/reports/roll-up/number").status_code == 422
    assert Visitor(world, "leader").submit(f"/briefs/{brief}/number").status_code == 403
    assert numbered(world) == []


def test_reports_and_their_roll_up_are_numbered_and_a_past_day_tells_none(world: World) -> None:
    accepted(world)
    report = report_of(world, "hrss")
    page, sums = f"/reports/{report.id}", "/reports/roll-up"
    year = clock.today().year
    assert Visitor(world, OFFICE).submit(f"{page}/number").status_code in (200, 302)
    assert world.api("liaison-hrss").get(page).json["number"] == f"半年报告〔{year}〕1号"
    assert all(f"半年报告〔{year}〕1号" in text for text in borne(world, page, "liaison-hrss"))
    with pytest.raises(Conflict, match="还没有汇总"):
        number(world, issuing_reports.number_roll_up, year=2026, half=2)
    world.do("office", "roll_up", {"summary": "各单位均已报送。"})
    day = clock.today()
    world.clock.advance(days=1)
    office, said, asked = Visitor(world, OFFICE), f"汇总〔{clock.today().year}〕1号", "?year=2026&half=2"
    assert "编文号" in office.get(sums + asked).text
    sent = office.submit(f"{sums}/number", year="2026", half="2")
    assert sent.status_code in (200, 302), sent.text
    assert said in office.get(sums + asked).text
    assert all(said in text for text in borne(world, sums, query=asked))
    assert all(said not in text for text in borne(world, sums, query=f"{asked}&as_of={day}"))
    assert world.api(OFFICE).get(sums + asked).json["number"] == said
    assert world.api(OFFICE).get(f"{sums}{asked}&as_of={day}").json["number"] == ""
    assert world.api(OFFICE).post(f"{sums}/number", {"year": 2026, "half": 2}).status_code == 409
    assert [one.data["number"] for one in events(world, "numbered")] == [said]
    assert said in office.get(f"/cases/{world.case}").text  # the round's own timeline tells it
    with world.database.reading() as session:
        assert given(session)[f"paper:roll_up:{clock.today().year}"] == [said]
        assert half_years.roll_up_number(session, year=2026, half=2, on=day) == ""
        told = stream_events(session, f"report:{report.id}")[-1].data
    assert told == {"paper": "half_year_report", "name": f"paper:half_year_report:{year}", "n": 1} | {
        "number": f"半年报告〔{year}〕1号"
    }
    assert mismatches(world) == []


def test_a_report_that_is_not_accepted_gets_no_number(world: World) -> None:
    calendar_starts(world, "half_year_report", "every_half_year")
    report = report_of(world, "hrss")
    for _ in ("draft", "submitted"):
        with pytest.raises(Conflict, match="接收后才编号"):
            number(world, issuing_reports.number_report, report_id=report.id)
        if report_of(world, "hrss").status == "draft":
            world.do("liaison-hrss", "submit_half_year", WORDS, unit="hrss")
    assert "半年报告接收后由区人才办编号" in Visitor(world, OFFICE).get(f"/reports/{report.id}").text
    assert numbered(world) == []


def test_settings_and_the_auditors_list_name_these_papers(world: World) -> None:
    calendar_starts(world, "leader_brief", "every_month")
    sign(world)
    said = number(world, issuing_reports.number_brief, brief_id=brief_of(world).id)
    settings = Visitor(world, "admin").get("/settings").text
    assert all(f"{code} = " not in settings for code in ("brief", "half_year_report", "roll_up"))
    assert all(f"{name} = " in settings for name in ("专报", "半年报告", "半年报告汇总"))
    assert said in Visitor(world, "auditor").get("/audit/numbers", series="own").text
