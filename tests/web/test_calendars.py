"""工作日历: the year drawn, notices and closures previewed date by date, confirmed, taken back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from service import history, jobs
from service.history import HistoryEvent
from service.processes.calendars import current
from service.processes.models import Incident, UserTask
from service.rights import SYSTEM
from service.usecases import calendar_jobs, calendars
from service.workdays.years import CLOSED, OFF, WEEKEND, WORK, WORKED, year_of
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.holiday_notices import NOTICE_2027
from tests.factories.visitor import Visitor
from tests.factories.workers import happened, mismatches, timers_of
from tests.factories.world import CONFIG, World

TEXT_2027 = """国务院办公厅关于2027年部分节假日安排的通知
国办发明电〔2026〕9号
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（农历除夕、周五）至11日（周四）放假调休，共7天。1月30日（周六）、2月13日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。5月8日（周六）上班。
五、端午节：6月9日（周三）放假1天。
六、中秋节：9月15日（周三）放假1天。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。
"""


def work_jobs(world: World) -> None:
    """The worker does every job that waits."""
    while jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: False, world.clock.now):
        pass


def moved_cases(world: World) -> int:
    """How many cases have a date that a calendar has moved."""
    with world.database.reading() as session:
        moved = select(HistoryEvent.stream).where(HistoryEvent.kind == "due_changed")
        return len(set(session.scalars(moved)))


def asked(world: World, address: str, who: str = "admin", **fields: str) -> Any:
    """A preview, computed by the worker; gives its page."""
    answer = Visitor(world, who).post(address, **fields)
    assert answer.status_code == 200, answer.text
    work_jobs(world)
    return answer.json["location"]


def closure(world: World, who: str = "admin", **fields: str) -> str:
    return str(asked(world, "/calendar/closures", who, **{"from": "2026-09-21", "reason": "台风停工", **fields}))


def confirm(world: World, address: str, who: str = "admin") -> Any:
    return Visitor(world, who).post(f"{address}/confirm")


def kinds(world: World) -> list[str]:
    with world.database.reading() as session:
        return [one.kind for one in history.stream_events(session, calendars.STREAM)]


@ON_BOTH
def test_a_typhoon_day_is_previewed_date_by_date_and_confirmed(world: World) -> None:
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    before, due = kinds(world), world.task("handle", "edu").due_on
    preview = closure(world)
    page = Visitor(world, "admin").get(preview).text
    days = ("2026-09-24（周四）", "2026-09-28（周一）")
    for said in ("2026-需-0001", "办理", *days, "台风停工", "确认停工", "1</b> 件事项"):
        assert said in page, said
    assert "子女入学</a>" in Visitor(world, "office").get(preview).text, "who may see the case finds it by its matter"
    assert len(timers_of(world)) == len(re.findall(r"data-label=\"期限或提醒\">(?!期限<)", page))
    assert (kinds(world), world.task("handle", "edu").due_on) == (before, due), "a preview changes nothing"
    rows = exported_rows(Visitor(world, "admin"), f"{preview}.xlsx")
    told = [tuple(cell.value for cell in row) for row in rows]
    assert [one[5:7] for one in told if one[2] == "办理" and one[4] == "期限"] == [("2026-09-24", "2026-09-28")]
    assert confirm(world, preview).status_code == 200
    assert world.task("handle", "edu").due_on == date(2026, 9, 28)
    moved = next(one.data for one in happened(world, "due_changed"))
    assert (moved["old_due_on"], moved["due_on"]) == ("2026-09-24", "2026-09-28")
    assert kinds(world)[-2:] == ["notices_added", "calendar_loaded"]
    assert mismatches(world) == []


@ON_BOTH
def test_what_was_registered_is_taken_back_by_an_entry_of_its_own(world: World) -> None:
    world.dispatched("edu")
    confirm(world, closure(world))
    seq = next(one.event.seq for one in _entries(world) if not one.of_file)
    refused = Visitor(world, "admin").post(f"/calendar/entries/{seq}/withdraw", reason=" ")
    assert [one["path"] for one in refused.json["errors"]] == ["/reason"]
    preview = asked(world, f"/calendar/entries/{seq}/withdraw", reason="台风没有来")
    assert "2026-09-24（周四）" in Visitor(world, "admin").get(preview).text
    assert confirm(world, preview).status_code == 200
    assert world.task("handle", "edu").due_on == date(2026, 9, 24)
    page = Visitor(world, "admin").get("/calendar").text
    assert "台风没有来" in page
    assert confirm(world, preview).status_code == 409, "the calendar has changed since"
    assert Visitor(world, "admin").post(f"/calendar/entries/{seq}/withdraw", reason="再").status_code == 409
    told = Visitor(world, "auditor").get("/audit/settings", kind="notices_withdrawn").text
    assert "台风没有来" in told
    assert mismatches(world) == []


def _entries(world: World) -> list[calendars.Entry]:
    with world.database.reading() as session:
        found = calendars.entries(session)
        session.expunge_all()
    return found


def test_a_pasted_notice_is_read_previewed_and_in_force_and_the_year_no_longer_provisional(world: World) -> None:
    before = Visitor(world, "liaison-hrss").get("/calendar", year="2027").text
    assert "暂定" in before
    preview = asked(world, "/calendar/notices", text=TEXT_2027)
    page = Visitor(world, "admin").get(preview).text
    assert "国办发明电〔2026〕9号" in page
    assert "2027-02-05（周五） 至 2027-02-11（周四）" in page
    assert confirm(world, preview).status_code == 200
    after = Visitor(world, "liaison-hrss").get("/calendar", year="2027").text
    assert "依据：国办发明电〔2026〕9号" in after
    assert "暂定" not in after
    with world.database.reading() as session:
        year = year_of(current(session), 2027)
    kinds_of = {day.date: day.kind for month in year.months for week in month for day in week if day}
    assert kinds_of[date(2027, 2, 13)] == WORKED
    assert kinds_of[date(2027, 2, 8)] == OFF
    assert kinds_of[date(2027, 2, 20)] == WEEKEND
    assert kinds_of[date(2027, 2, 22)] == WORK
    assert len(kinds_of) == 365


def test_today_and_tomorrow_are_one_click_to_the_preview(world: World) -> None:
    page = Visitor(world, "admin").get("/calendar").text
    assert page.count('name="reason" value="台风停工"') == 2
    assert f'name="from" value="{world.clock.now.date()}"' in page
    answer = Visitor(world, "admin").submit("/calendar/closures", **{"from": "2026-09-16", "reason": "台风停工"})
    assert answer.status_code == 302
    work_jobs(world)
    assert confirm(world, answer.location).status_code == 200
    page = Visitor(world, "admin").get("/calendar").text
    assert "台风停工，已登记" in page
    with world.database.reading() as session:
        year = year_of(current(session), 2026)
    assert year.months[8][2][2].kind == CLOSED


@pytest.mark.parametrize("who", ["auditor", "owner", "handler-edu", "leader", "liaison-hrss"])
def test_others_see_the_year_and_change_nothing(world: World, who: str) -> None:
    page = Visitor(world, who).get("/calendar")
    assert page.status_code == 200
    assert "录入放假安排" not in page.text
    assert Visitor(world, who).post("/calendar/closures", **{"from": "2026-09-21", "reason": "台风"}).status_code == 403
    assert Visitor(world, who).post("/calendar/notices", text=TEXT_2027).status_code == 403


@pytest.mark.parametrize(
    ("address", "fields", "path", "told"),
    [
        ("notices", {"text": "各单位：请知悉"}, "/text", "没有认出放假或上班的日期"),
        ("notices", {"text": "一、元旦：1月1日放假"}, "/text", "没有年份"),
        (
            "notices",
            {"text": "一、元旦：2月30日放假", "year": "2027", "number": "甲"},
            "/text",
            "2027 年没有 2 月 30 日",
        ),
        ("notices", {"text": "一、元旦：1月1日放假。12月31日上班", "year": "1900", "number": "甲"}, "/text", "超出"),
        ("notices", {"text": "一、元旦：1月1日放假。" + "12日" * 6000, "number": "甲"}, "/text", "没有年份"),
        ("notices", {"text": "2027-01-01 元旦"}, "/number", "文号：请填写"),
        ("notices", {"text": "2027-01-01 元旦", "number": "甲"}, "/text", "没有写法定节假日"),
        ("notices", {"text": "2027-01-01 元旦", "number": "甲", "year": "27"}, "/year", "四位年份"),
        ("notices", {"text": "2028-01-01 元旦", "number": "甲", "year": "2028"}, "/text", "缺少 2027 年的通知"),
        ("notices", {"text": "2027-01-04 上班", "number": "甲", "amends": "乙"}, "/text", "不是周末"),
        ("notices", {"text": TEXT_2027.replace("2027", "2026").replace("〔2026〕9", "〔2025〕99")}, "/text", ""),
        ("closures", {"from": "明天", "reason": "台风"}, "/from", "停工的第一天"),
        ("closures", {"from": "2026-09-22", "to": "2026-09-21", "reason": "台风"}, "/to", "早于开始日期"),
        ("closures", {"from": "2026-09-22", "reason": ""}, "/reason", "不能为空"),
        ("closures", {"from": "2026-09-22", "to": "2027-09-21", "reason": "台风"}, "/to", "超过 31 天"),
    ],
)
def test_bad_input_is_told_at_its_field_and_submits_nothing(
    world: World, address: str, fields: dict[str, str], path: str, told: str
) -> None:
    before = kinds(world)
    answer = Visitor(world, "admin").post(f"/calendar/{address}", **fields)
    assert answer.status_code == 422, answer.text
    assert [one for one in answer.json["errors"] if one["path"] == path and told in one["message"]], answer.json
    with world.database.reading() as session:
        assert jobs.about(session, calendar_jobs.PREVIEW) == []
    assert kinds(world) == before


def test_a_preview_calls_steps_as_the_diagram_does_and_names_no_talent(world: World) -> None:
    world.rule(accounts=replace(world.settings.accounts, separate=True))
    world.dispatched("edu")
    with world.transaction() as session:  # as a diagram whose step says about whom it is
        session.get_one(UserTask, world.task("handle", "edu").id).name = "办理：独孤怀瑜"
    page = Visitor(world, "admin").get(closure(world)).text
    assert "2026-需-0001" in page
    assert "独孤怀瑜" not in page
    assert "子女入学" not in page


def test_what_is_registered_already_is_not_registered_twice(world: World) -> None:
    confirm(world, closure(world))
    again = Visitor(world, "admin").post("/calendar/closures", **{"from": "2026-09-21", "reason": "台风停工"})
    assert again.status_code == 422
    other = Visitor(world, "admin").post("/calendar/closures", **{"from": "2026-09-21", "reason": "暴雨"})
    assert other.status_code == 422
    assert "重复" in other.json["errors"][0]["message"]


def test_a_preview_that_is_not_complete_or_stale_is_not_confirmed(world: World) -> None:
    answer = Visitor(world, "admin").post("/calendar/closures", **{"from": "2026-09-21", "reason": "台风停工"})
    assert confirm(world, answer.json["location"]).status_code == 409
    other = closure(world, **{"from": "2026-09-23"})
    work_jobs(world)
    assert confirm(world, other).status_code == 200
    assert confirm(world, answer.json["location"]).status_code == 409


def test_many_cases_are_counted_anew_by_a_job_piece_by_piece(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "AT_ONCE", 2)
    monkeypatch.setattr(calendar_jobs, "TOGETHER", 2)
    for _ in range(5):
        world.dispatched("edu")
    preview = closure(world)
    page = Visitor(world, "admin").get(preview).text
    assert "5</b> 件事项" in page
    assert confirm(world, preview).status_code == 200
    assert moved_cases(world) == 0
    assert "0 / 5" in Visitor(world, "admin").get("/calendar").text
    work_jobs(world)
    with world.database.reading() as session:
        [job] = jobs.about(session, calendars.RECOUNT)
        assert (job.status, job.done, job.result) == (jobs.DONE, 5, {"changed": 5})
    assert moved_cases(world) == 5
    assert mismatches(world) == []


def test_a_case_that_cannot_be_counted_holds_up_no_other_and_has_one_incident(world: World) -> None:
    world.dispatched("edu")
    broken = world.task("handle", "edu").id
    world.dispatched("edu")
    whole = world.task("handle", "edu").id

    def keep(words: dict[str, Any] | None) -> None:
        with world.transaction() as session:
            session.get_one(UserTask, broken).kept = words

    def incidents() -> list[bool]:
        with world.database.reading() as session:
            found = session.scalars(select(Incident).where(Incident.kind == calendars.INCIDENT))
            return [one.resolved_at is None for one in found]

    def due() -> list[str]:
        with world.database.reading() as session:
            return [str(session.get_one(UserTask, one).due_on) for one in (broken, whole)]

    keep({"due": "working_days(2000)", "warn": None, "due_basis": "", "settings": {}})
    preview = closure(world)
    rows = exported_rows(Visitor(world, "admin"), f"{preview}.xlsx")
    assert [row[-1].value for row in rows if row[4].value == "算不出" and "2000" in str(row[-1].value)]
    answer = confirm(world, preview)
    assert answer.status_code == 200, answer.text
    assert (due(), incidents()) == (["2026-09-24", "2026-09-28"], [True])
    work_jobs(world)
    assert incidents() == [True], "the job that looks once more opens no second one"
    with world.database.reading() as session:
        [job] = jobs.about(session, calendars.RECOUNT)
        assert (job.status, job.done, job.result) == (jobs.DONE, 2, {"changed": 0})
    keep(None)
    assert Visitor(world, "admin").post("/calendar/recount").status_code == 200
    work_jobs(world)
    assert (due(), incidents()) == (["2026-09-28", "2026-09-28"], [False])
    assert {one.data["notice"] for one in happened(world, "due_changed")} == {"台风停工 2026-09-21"}
    assert mismatches(world) == []


def test_the_file_and_what_came_by_page_both_stand_in_the_journal(world: World) -> None:
    assert kinds(world)[:2] == ["notices_filed", "calendar_loaded"]
    with world.transaction() as session:
        loaded = calendars.add_notices(
            session, content=NOTICE_2027.encode(), name="n.toml", config=CONFIG, actor=SYSTEM, now=world.clock.now
        )
    assert loaded.job is None
    page = Visitor(world, "admin").get("/calendar").text
    assert "config/calendar.toml" in page
    assert kinds(world).count("notices_filed") == 1


def test_the_api_draws_the_year_previews_confirms_and_takes_back(world: World) -> None:
    world.dispatched("edu")
    api = world.api("admin")
    year = world.api("liaison-hrss").get("/calendar/years/2026").json
    days = {one["date"]: one["kind"] for one in year["days"]}
    assert (len(days), days["2026-10-01"], days["2026-10-10"], year["provisional"]) == (365, "off", "worked", False)
    assert world.api("liaison-hrss").get("/calendar/years/2027").json["provisional"]
    assert api.get("/calendar/years/1999").status_code == 404
    closed = {"closures": [{"from": "2026-09-21", "reason": "台风停工", "number": "南府通〔2026〕8号"}]}
    made = api.post("/calendar/previews", closed)
    assert (made.status_code, made.json["status"]) == (201, "queued")
    work_jobs(world)
    shown = api.get(f"/calendar/previews/{made.json['id']}").json
    dates = [one for one in shown["items"][0]["moves"] if one["timer"] is None]
    assert ("2026-09-24", "2026-09-28") in [(one["old"], one["new"]) for one in dates]
    assert api.post(f"/calendar/previews/{made.json['id']}/confirm", {}).json == {"changed": 1, "job": None}
    registered = api.get("/calendar/notices").json["items"]
    assert [one["source"] for one in registered if not one["of_file"]] == ["南府通〔2026〕8号"]
    back = api.post("/calendar/previews", {"withdraw": registered[-1]["seq"], "reason": "没有来"})
    work_jobs(world)
    assert api.post(f"/calendar/previews/{back.json['id']}/confirm", {}).json["changed"] == 1
    assert api.get("/calendar/notices").json["items"][-1]["reason"] == "没有来"
    for body in ({}, {**closed, "withdraw": 1}, {"withdraw": 999, "reason": "x"}, {"closures": [{"from": "x"}]}):
        assert api.post("/calendar/previews", body).status_code in (404, 422), body
    assert world.api("handler-edu").post("/calendar/previews", closed).status_code == 403
    assert mismatches(world) == []
