"""A date that the days off of its year may still move says 暂定 wherever it is told (CLOCK)."""

from __future__ import annotations

import json
from datetime import datetime
from io import BytesIO

import pytest
from lxml.etree import fromstring
from openpyxl import load_workbook
from sqlalchemy import select

from service import clock
from service.audit.logs import write_json, write_xes
from service.history.notices import Notice
from service.ledger import sheet
from service.notifications.models import Notification
from service.notifications.rules import Due as Told
from service.notifications.rules import outside_text
from service.processes import operations
from service.rights import SYSTEM
from service.usecases.calendars import add_notices
from tests.factories.holiday_notices import NOTICE_2027
from tests.factories.steps import INTERIM
from tests.factories.visitor import Visitor
from tests.factories.workers import work_all
from tests.factories.world import CONFIG, OFFICE, World

DECEMBER = datetime(2026, 12, 24, 10, 0, tzinfo=clock.SHANGHAI)


def told(world: World, username: str, template: str) -> str:
    work_all(world)
    with world.database.reading() as session:
        mine = select(Notification.text).where(Notification.username == username, Notification.template == template)
        return session.scalars(mine.order_by(Notification.created_at.desc())).first() or ""


@pytest.mark.parametrize(("moment", "says"), [(DECEMBER, "2027-01-05（周二，暂定）"), (None, "2026-")])
def test_a_notice_says_that_its_date_may_move(world: World, moment: datetime | None, says: str) -> None:
    if moment is not None:
        world.clock.set(moment)
    world.dispatched("edu")
    text = told(world, "handler-edu", "task")
    assert f"将于 {says}" in text
    assert ("暂定" in text) == (moment is not None)


def test_reminders_and_letters_say_it_too() -> None:
    due = Told(datetime(2027, 1, 5, tzinfo=clock.SHANGHAI).date(), 3, 0, provisional=True)
    assert str(due) == "将于 2027-01-05（周二，暂定）到期，还剩 3 个工作日"
    assert "期限：2027-01-05（周二，暂定）" in outside_text("新待办", Notice("task"), due, None)[1]


def test_the_printed_form_says_it_of_dates_that_people_named(world: World) -> None:
    world.clock.set(DECEMBER)
    world.dispatched("edu")
    world.do("handler-edu", "handle", {**INTERIM, "next_date": "2026-12-31"})
    world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2027-01-06"})
    with world.database.reading() as session:
        answered, waiting = sheet(session, world.case, world.actor(OFFICE)).data["units"]
    assert answered["text"].endswith("下次反馈日期：2026年12月31日")
    assert "期限改为2027年1月6日（暂定）" in answered["after"][0]
    assert "办理期限：2027年1月6日（暂定）（原定2027年1月5日）" in waiting["facts"]


def test_event_logs_say_it_of_each_date_until_the_notice_comes(world: World) -> None:
    world.clock.set(DECEMBER)
    world.dispatched("edu")
    world.clock.advance(days=1)
    with world.transaction() as session:
        add_notices(session, content=NOTICE_2027.encode(), name="n.toml", config=CONFIG, actor=SYSTEM, now=clock.now())
    world.clock.advance(hours=1)
    world.do("handler-edu", "handle")
    with world.database.reading() as session:
        xes, ocel = BytesIO(), BytesIO()
        write_xes(session, xes)
        write_json(session, ocel)
    steps = [
        {one.get("key"): one.get("value") for one in event} for event in fromstring(xes.getvalue()).iter("{*}event")
    ]
    handled = [step for step in steps if step.get("step") == "handle"]
    assert [(one["lifecycle:transition"], one["due_on"], one["due_provisional"]) for one in handled] == [
        ("start", "2027-01-05", "true"),
        ("complete", "2027-01-05", "false"),
    ]
    assert all(("due_on" in one) == ("due_provisional" in one) for one in steps)
    log = json.loads(ocel.getvalue())
    [kind] = [one for one in log["objectTypes"] if one["name"] == "task"]
    assert {"name": "due_provisional", "type": "boolean"} in kind["attributes"]
    tasks = [{(one["name"], one["value"]) for one in task["attributes"]} for task in log["objects"]]
    [handle] = [task for task in tasks if ("step", "handle") in task]
    assert handle >= {("due_on", "2027-01-05"), ("due_provisional", "true"), ("due_provisional", "false")}


def test_the_ledger_and_what_an_account_holds_say_it(world: World) -> None:
    world.clock.set(DECEMBER)
    world.dispatched("edu")
    with world.transaction() as session:
        operations.claim(session, task_id=world.task("handle").id, actor=world.actor("handler-edu"), now=clock.now())
    [row] = world.api(OFFICE).get("/requests").json["items"]
    assert row["due_provisional"] is (row["due_on"] > "2026-12-31")
    ledger = Visitor(world, OFFICE)
    assert "（期限暂定）" in ledger.get("/ledger").text
    assert "区教育局（主办） 2027-01-05（暂定）" in ledger.get("/ledger", col="各单位期限").text
    [held] = world.api("admin").get("/accounts/handler-edu/held").json["claimed"]
    assert (held["due_on"], held["due_provisional"]) == ("2027-01-05", True)
    page = Visitor(world, "admin").get("/accounts/handler-edu").text
    assert "2027-01-05（周二）" in page
    assert page.count(">暂定</span>") == 1


def test_half_year_reports_say_it_until_they_are_sent(world: World) -> None:
    liaison = world.api("liaison-district_office")
    later = liaison.post("/reports", {"unit": "district_office", "year": 2026, "half": 2}).json
    past = liaison.post("/reports", {"unit": "district_office", "year": 2026, "half": 1}).json
    assert [later["due_provisional"], past["due_provisional"]] == [True, False]
    visitor = Visitor(world, "liaison-district_office")
    assert visitor.get("/reports").text.count(">暂定</span>") == 1
    assert "暂定" in visitor.get(f"/reports/{later['id']}").text
    book = load_workbook(BytesIO(visitor.get("/reports.xlsx").data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in book.rows]
    column = rows[0].index("是否暂定")
    assert rows[0][column - 1] == "报送期限"
    assert sorted(row[column] or "" for row in rows[1:]) == ["", "暂定"]
    texts = {"sections": dict.fromkeys(liaison.get(f"/reports/{later['id']}").json["sections"], "如实报送。")}
    liaison.post(f"/reports/{later['id']}/edit", texts)
    world.clock.set(datetime(2027, 1, 4, 10, 0, tzinfo=clock.SHANGHAI))
    assert liaison.get(f"/reports/{later['id']}").json["due_provisional"] is True
    sent = liaison.post(f"/reports/{later['id']}/submit")
    assert sent.json["due_provisional"] is False, sent.text
    world.api(OFFICE).post(f"/reports/{later['id']}/return", {"reason": "请补充"})
    assert ">暂定</span>" in visitor.get(f"/reports/{later['id']}").text  # it is to be sent once more
