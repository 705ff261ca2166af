"""流程图谱: what really happened, drawn and counted; every number opens its cases, for who may see them."""

from __future__ import annotations

import re
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook
from sqlalchemy import func, select, update

from service import clock, history
from service.audit.models import CaseWayRow
from service.audit.ways import keeping
from service.processes.bundles import compiled
from service.processes.models import Instance
from service.processes.recording import stream_of
from tests.factories.jobs import work_off
from tests.factories.replays import DONE_SAID, returned
from tests.factories.statements import counted
from tests.factories.visitor import Visitor, island
from tests.factories.world import OFFICE, World

TITLE = "孩子的入学"


@pytest.fixture
def cases(world: World) -> World:
    """A case straight to its end, late in handling; one that was sent back; one that waits for acceptance."""
    world.dispatched(title=TITLE)
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(12)
    world.do("handler-edu", "handle", DONE_SAID)
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "feedback_result")
    returned(world)
    world.recorded(title="还在等")
    return world


def test_the_map_is_drawn_counted_and_opens_its_cases(cases: World) -> None:
    auditor = Visitor(cases, "auditor")
    page = auditor.get("/ways")
    assert page.status_code == 200, page.text
    (drawn, *_) = island(page, "diagram-data")["diagrams"]
    flows = {(source, node): (text, address) for source, node, text, _, address, _ in drawn["flows"]}
    assert flows["start_need", "record_need"][0] == "1"
    assert "一半在" in page.text
    assert "共 1 条" in auditor.get(flows["start_need", "record_need"][1]).text
    begun = auditor.get("/ways", by="begun")
    slots = next(one for one in island(begun, "diagram-data")["diagrams"] if one["id"] == "unit_handling")
    badge = next(one for one in slots["badges"] if one[0] == "handle")
    assert (badge[1].endswith("超期 1"), badge[4]) == (True, "late")
    assert TITLE in auditor.get(badge[3]).text
    assert "从「办理审核」退回「办理」" in begun.text
    aside = re.search(r'href="(/ways/cases\?of=aside/returned[^"]*)"', begun.text)
    assert aside is not None
    assert "共 1 条" in auditor.get(aside[1].replace("&amp;", "&")).text
    of_unit = auditor.get("/ways/cases", by="begun", of="late/unit_handling/handle/edu").text
    assert TITLE in of_unit
    assert "（区教育局）" in of_unit
    waiting = auditor.get("/ways/cases", by="begun", of="waiting/request/accept").text
    assert "还在等" in waiting
    assert "还没有走到「受理审核」" in waiting
    assert TITLE not in waiting
    book = load_workbook(BytesIO(auditor.get("/ways.xlsx", by="begun").data)).active
    named = {(row[0].value, row[1].value): row[3].value for row in book.iter_rows()}
    assert (
        named["总计", "高层次人才需求处理"],
        named["步骤", "办理"],
        named["退回", "从「办理审核」退回「办理」"],
    ) == (3, 2, 1)


def test_owners_see_numbers_and_no_case(cases: World) -> None:
    owner = Visitor(cases, "owner")
    assert owner.get("/ways").status_code == 200
    listed = owner.get("/ways/cases").text
    assert "2026-需-0001" in listed
    assert TITLE not in listed
    assert "/replay" not in listed
    assert "事件日志" not in owner.get("/ways").text
    assert owner.get("/ways/log.xes").status_code == 403
    assert Visitor(cases, "handler-edu").get("/ways").status_code == 403


def test_the_drawing_is_hot_where_cases_waited(cases: World) -> None:
    auditor = Visitor(cases, "auditor")
    cases.clock.advance(days=9)
    page = auditor.get("/ways", show="heat", by="begun")
    drawn = {one["id"]: one for one in island(page, "diagram-data")["diagrams"]}
    days = {step: int(label.split(" ")[0]) for one in drawn.values() for step, label, *_ in one["badges"]}
    inner = drawn["unit_handling"]["heat"]
    assert inner
    assert all(1 <= level <= 5 for one in drawn.values() for level in one["heat"].values())
    hottest = max(inner, key=lambda step: days[step])
    assert inner[hottest] == max(inner.values())
    assert drawn["request"]["heat"]["unit_slots"] == 5
    assert drawn["request"]["flows"] == []


def test_one_variant_alone_and_questions_that_make_no_sense(cases: World) -> None:
    auditor = Visitor(cases, "auditor")
    page = auditor.get("/ways", by="begun").text
    key = re.findall(r"variant=([0-9a-f]{10})", page)[0]
    alone = auditor.get("/ways", by="begun", variant=key)
    assert "只看一种走法" in alone.text
    assert "共 <a" in alone.text
    assert auditor.get("/ways", variant="0000000000").status_code == 404
    for wrong in ({"version": "x"}, {"version": "7"}, {"from": "2026-09-17", "to": "2026-09-16"}):
        assert auditor.get("/ways", **wrong).status_code == 422, wrong
    assert "没有按它筛选" in auditor.get("/ways", by="moon").text
    assert auditor.get("/ways", process="nothing").status_code == 404
    for gone in ("flow/request/a/b", "step/x", "late/request/nothing", "moon", "variant/0"):
        assert auditor.get("/ways/cases", of=gone).status_code == 404, gone


def test_the_calls_say_the_same_and_give_the_logs(cases: World) -> None:
    api = cases.api("auditor")
    told = api.get("/processes/request/ways", by="begun").json
    assert (told["cases"], told["ended"], told["behind"]) == (3, 1, 0)
    handled = next(one for one in told["steps"] if one["step"] == "handle")
    assert (handled["name"], handled["came"], handled["late"]) == ("办理", 4, 1)
    assert {(one["unit"], one["came"]) for one in told["units"] if one["step"] == "handle"} == {
        ("edu", 3),
        ("guicheng", 1),
    }
    listed = api.get("/processes/request/ways/cases", by="begun", of=handled["of"], limit=1).json
    assert (listed["total"], listed["next"], listed["items"][0]["visible"]) == (2, 1, True)
    assert [one["visible"] for one in cases.api("owner").get("/processes/request/ways/cases").json["items"]] == [False]
    assert api.get("/processes/request/ways/xlsx").status_code == 200
    assert api.get("/processes/nothing/ways").status_code == 404
    log = etree.fromstring(api.get("/event-logs/xes", process="request").data)
    assert len(log.findall("{*}trace")) == 3
    assert api.get("/event-logs/sqlite", **{"from": "2026-09-20"}).data.startswith(b"SQLite format 3")
    assert api.get("/event-logs/doc").status_code == 404
    assert cases.api("owner").get("/event-logs/xes").status_code == 403


def test_the_worker_takes_in_whatever_is_behind(cases: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page tells how many cases are behind, when they are too many for it; the next one asks for no journal."""
    monkeypatch.setattr("service.audit.ways.queries.MOST_ASIDE", 1)
    owner = Visitor(cases, "owner")
    page = owner.get("/ways", by="begun").text
    assert '有 <b class="num">3</b> 件的最新记录还没有汇总进来' in page
    assert owner.submit("/ways").status_code == 302
    assert owner.submit("/ways").status_code == 302
    looking = {"HX-Request": "true", "HX-Target": "ways-job"}
    assert "0 / 3 件" in owner.client.get("/ways", headers=looking).text
    work_off(cases)
    assert owner.client.get("/ways", headers=looking).headers["HX-Refresh"] == "true"
    with cases.database.reading() as session:
        rows = session.scalars(select(CaseWayRow)).all()
        assert {one.instance_id for one in rows} == set(session.scalars(select(Instance.id)))
        assert keeping.count_behind(session) == 0
    cases.do(OFFICE, "accept")
    with cases.database.reading() as session:
        assert [one.instance for one in keeping.behind(session, "request", limit=9)] == [cases.case]
        assert keeping.count_behind(session, "roster") == 0
    assert "件的最新记录" not in owner.get("/ways", by="begun").text
    with cases.transaction() as session:
        keeping.daily(session, clock.now())
        keeping.daily(session, clock.now())
    work_off(cases)
    with cases.database.reading() as session:
        assert keeping.count_behind(session) == 0
        assert session.scalar(select(func.count()).select_from(CaseWayRow)) == 3
    with cases.transaction() as session:  # rows by the rules of another release are not read
        session.execute(update(CaseWayRow).values(format=0, told="?"))
    assert '有 <b class="num">3</b> 件的最新记录' in owner.get("/ways", by="begun").text


def test_a_map_asks_as_many_questions_of_many_cases_as_of_few(cases: World) -> None:
    auditor = Visitor(cases, "auditor")
    auditor.get("/ways", by="begun")
    work_of = []
    for _ in range(2):
        with cases.transaction() as session:
            session.execute(update(CaseWayRow).values(seq=0))
        cases.recorded()
        with counted(cases) as few:
            auditor.get("/ways", by="begun")
        work_of.append(len(few))
        cases.recorded()
    assert work_of[0] == work_of[1]
    with counted(cases) as again:
        auditor.get("/ways", by="begun")
    assert len(again) <= work_of[0]


@pytest.mark.parametrize("data", [None, [], "nonsense"])
def test_a_completion_without_its_data_leaves_a_case_without_a_way(cases: World, data: Any) -> None:
    with cases.database.reading() as session:
        case = session.get_one(Instance, cases.case)
        events = [SimpleNamespace(**vars(one)) for one in history.stream_events(session, stream_of(case.id))]
        asked = keeping.Behind(case.id, case.process)
        whole = keeping.refolded(asked, events, lambda digest: compiled(session, digest, case.process))
        next(one for one in events if one.kind == "completed").data = data
        damaged = keeping.refolded(asked, events, lambda digest: compiled(session, digest, case.process))
    assert (whole.way is None, damaged.way is None) == (False, True)


def test_a_damaged_journal_is_passed_over(cases: World) -> None:
    with cases.database.reading() as session:
        case = session.get_one(Instance, cases.case)
        found = keeping.refolded(keeping.Behind(case.id, case.process), [_Broken(stream_of(case.id))], lambda _: None)  # type: ignore[arg-type, return-value]
        assert found.way is None
    with cases.transaction() as session:
        keeping.store(session, [found])
        assert session.get(CaseWayRow, cases.case) is None


class _Broken:
    """An event that is no start."""

    def __init__(self, stream: str) -> None:
        self.stream, self.seq, self.kind, self.data = stream, 1, "completed", {}
