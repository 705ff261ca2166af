"""Pages of other processes than the need: begun by whoever takes the first step, titled, with what was found."""

from __future__ import annotations

import re

from tests.factories.change_reports import MOVED
from tests.factories.visitor import Visitor
from tests.factories.world import World


def test_who_may_begin_what_is_said_beside_when_the_calendar_does(world: World) -> None:
    page = Visitor(world, "office").get("/processes").text
    assert 'href="/cases/new/roster"' in page
    assert 'href="/cases/new/half_year_report"' in page
    assert 'href="/cases/new/liaison_change"' not in page
    assert "2027-01-01" in page
    liaison = Visitor(world, "liaison-hrss").get("/processes").text
    assert 'href="/cases/new/change_report"' in liaison
    assert 'href="/cases/new/half_year_report"' not in liaison
    assert Visitor(world, "auditor").get("/cases/new/change_report").status_code == 403
    status = Visitor(world, "admin").get("/system").text
    assert "每年1月1日、7月1日" in status
    assert not [name for name in ("every_half_year", "half_year_report", "interview_check") if name in status]


def test_a_report_of_change_reads_well_on_every_page(world: World) -> None:
    liaison = Visitor(world, "liaison-district_office")
    assert "代所在单位填报" in liaison.get("/cases/new/change_report").text
    answer = liaison.post("/cases/new/change_report", data=MOVED)
    case = Visitor(world, "office").get(answer.json["location"]).text
    for said in ("重大事项报告：周慕白（工作变动）", "事项内容", "系统列出的情况", "事项发生后 10 个工作日内", "知悉"):
        assert said in case
    assert "未编号" not in case
    todo = Visitor(world, "office").get("/tasks").text
    assert "知悉 · 区人才办知悉" in todo
    assert "重大事项报告" not in Visitor(world, "office").get("/ledger").text


def test_names_that_break_in_the_drawing_stand_on_one_line_everywhere_else(world: World) -> None:
    liaison = Visitor(world, "liaison-district_office")
    case = liaison.post("/cases/new/change_report", data=MOVED).json["location"]
    for user, address in (("liaison-district_office", "/tasks/done"), ("office", case)):
        page = re.sub(r"<script.*?</script>", "", Visitor(world, user).get(address).text, flags=re.DOTALL)
        assert "代所在单位填报" in page
        assert "代所在单位 填报" not in page
    done = world.api("liaison-district_office").get("/tasks", status="completed").json["items"]
    assert [one["name"] for one in done] == ["代所在单位填报"]
