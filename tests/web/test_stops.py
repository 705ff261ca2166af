"""停表与改期 on pages, in the API, on the board and on the printed form: both dates, who asked, who approved."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from openpyxl import load_workbook

from service import clock
from service.ledger.sheet import sheet
from service.processes import replay
from tests.factories.steps import assessed
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World

EDU = "handler-edu"


@pytest.fixture
def world(world: World) -> World:
    """A need that a unit got on 2026-09-16, to answer by 2026-09-24."""
    world.dispatched("edu")
    return world


def ask(world: World, until: str = "2026-09-30") -> str:
    """The unit asks for a later date; the address of the task."""
    address = f"/tasks/{world.task('handle').id}"
    answer = Visitor(world, EDU).submit(f"{address}/extension", due_on=until, reason="须等上级批复。")
    assert answer.status_code == 302
    return address


def printed(world: World) -> dict[str, list[str]]:
    """The lines of the printed form, by box."""
    with world.database.reading() as session:
        data = sheet(session, world.case, world.actor(OFFICE)).data
    return {
        "office": [line for one in data["office"] for line in one["after"]],
        "units": [line for one in data["units"] for line in (*one["facts"], *one["after"])],
        "meetings": list(data["meetings"]),
    }


def test_a_request_goes_from_the_unit_to_the_office_and_back(world: World) -> None:
    unit, office = Visitor(world, EDU), Visitor(world, OFFICE)
    assert "申请延期" in unit.get(f"/tasks/{world.task('handle').id}").text
    address = ask(world)
    assert "撤销延期申请" in unit.get(address).text
    assert "同意延期" not in unit.get(address).text
    board = office.get("/board").text
    assert "延期待审批 1 件" in board
    assert "有 1 件延期申请等区人才办审批" in office.get("/").text
    assert "延期申请" not in unit.get("/").text
    assert "申请延至 2026-09-30" in board
    page = office.get(address).text
    assert "须等上级批复" in page
    assert "不同意延期" in page
    bad = office.post(f"{address}/extension/agree", due_on="2026-09-26", reason="提前办结")
    assert bad.status_code == 422
    assert bad.json is not None
    assert bad.json["errors"][0]["path"] == "/due_on"
    assert office.submit(f"{address}/extension/agree", due_on="2026-09-30", reason="").status_code == 302
    for page in (unit.get(address).text, unit.get(f"/cases/{world.case}").text, office.get("/board").text):
        assert "2026-09-30（周三）" in page
        assert "原定 2026-09-24" in page
    case = office.get(f"/cases/{world.case}").text
    for words in ("停表与改期", "申请延至", "改定期限", "申请延期「办理」", "同意延期「办理」"):
        assert words in case
    assert "延期待审批" not in office.get("/board").text
    book = load_workbook(BytesIO(office.get("/board.xlsx").data))
    heads, *rows = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    [row] = [dict(zip(heads, row, strict=True)) for row in rows if "办理" in str(row)]
    assert [str(row[name])[:10] for name in ("到期日", "原定期限")] == ["2026-09-30", "2026-09-24"]
    [line] = [line for line in printed(world)["units"] if line.startswith("延期")]
    assert "理由：须等上级批复。同意，期限由2026年9月24日改为2026年9月30日" in line
    assert "办理期限：2026年9月30日（原定2026年9月24日）" in printed(world)["units"]


def test_a_refused_request_is_told_and_printed(world: World) -> None:
    address = ask(world)
    office = Visitor(world, OFFICE)
    assert office.submit(f"{address}/extension/refuse", reason="应按期办理").status_code == 302
    page = Visitor(world, EDU).get(address).text
    assert "不同意" in page
    assert "应按期办理" in page
    [line] = [line for line in printed(world)["units"] if line.startswith("延期")]
    assert "不同意（应按期办理）" in line


def test_a_request_is_withdrawn(world: World) -> None:
    address = ask(world)
    assert Visitor(world, EDU).submit(f"{address}/extension/withdraw").status_code == 302
    assert "申请延期" in Visitor(world, EDU).get(address).text
    assert world.task("handle").asked_due_on is None


def test_the_board_finds_those_that_wait_for_an_answer(world: World) -> None:
    ask(world)
    world.dispatched("housing", title="租房补贴")
    office = world.api(OFFICE)
    assert office.get("/board/tasks", asked="true").json["total"] == 1
    assert office.get("/board/tasks", asked="false").json["total"] > 1
    assert Visitor(world, OFFICE).get("/board", asked="yes").text.count("申请延至") == 1
    assert "申请延至" not in Visitor(world, OFFICE).get("/board", asked="no").text


def test_a_suspension_says_what_becomes_of_dates_and_the_form_tells_it(world: World) -> None:
    office = Visitor(world, OFFICE)
    said = {"reason": "本人出国", "due": "shift", "asked_by": "联系对象来电", "approved_by": "区人才办主任"}
    assert office.submit(f"/cases/{world.case}/suspend", **said).status_code == 302
    world.clock.advance(days=2)
    page = office.get(f"/cases/{world.case}").text
    assert "挂起 2 个工作日（期限顺延）" in page
    assert "推后 2 个工作日" in page
    assert office.submit(f"/cases/{world.case}/resume", reason="已回国").status_code == 302
    page = office.get(f"/cases/{world.case}").text
    for words in ("联系对象来电", "区人才办主任", "2026-09-24（周四） → 2026-09-29（周二）"):
        assert words in page
    [line] = printed(world)["office"]
    assert line.startswith("挂起（2026年9月16日至2026年9月18日，2个工作日，期限顺延）：本人出国。联系对象来电提出")


def test_days_waited_for_a_meeting_stand_on_case_board_and_form(world: World) -> None:
    world.do(OFFICE, "feedback_accepted")
    world.do(EDU, "handle")
    world.do(OFFICE, "review_reply", {"decision": "refer", "comment": "重大事项"})
    world.do(OFFICE, "assess", {"route": "escalate", "comment": "须集体决策"})
    world.do(OFFICE, "submit_topic")
    world.clock.advance(days=12)
    office = Visitor(world, OFFICE)
    assert "待上会 12 天" in office.get(f"/cases/{world.case}").text
    assert "已等待 12 天，不计逾期" in office.get("/board").text
    assert "待上会，不计逾期，已等待 12 天" in office.get(f"/tasks/{world.task('record_decision').id}").text
    [line] = printed(world)["meetings"]
    assert line.endswith("提交，待上会，已等待12天，不计逾期")
    world.do(OFFICE, "record_decision")
    assert any("决定（待上会12天）" in line for line in printed(world)["meetings"])


def test_the_api_tells_the_stops_and_takes_the_operations(world: World) -> None:
    unit, office, task = world.api(EDU), world.api(OFFICE), world.task("handle").id
    wish = {"due_on": "2026-09-30", "reason": "须等上级批复"}
    asked = unit.post(f"/tasks/{task}/extension", wish)
    assert (asked.status_code, asked.json["task"]["asked_due_on"]) == (200, "2026-09-30")
    assert unit.post(f"/tasks/{task}/extension", wish).status_code == 409
    assert unit.post(f"/tasks/{task}/extension/agree", {}).status_code == 403
    assert unit.get(f"/tasks/{task}").json["may"]["ask_extension"] is True
    assert office.get(f"/tasks/{task}").json["may"]["decide_extension"] is True
    agreed = office.post(f"/tasks/{task}/extension/agree", {})
    assert [agreed.json["task"][name] for name in ("due_on", "first_due_on")] == ["2026-09-30", "2026-09-24"]
    again = office.post(f"/tasks/{task}/extension/agree", {"due_on": "2026-09-30", "reason": "x", "asked_by": "y"})
    assert (again.status_code, again.json["errors"][0]["path"]) == (422, "/due_on")
    assert office.post(f"/instances/{world.case}/suspend", {"reason": "等", "due": "later"}).status_code == 422
    office.post(f"/instances/{world.case}/suspend", {"reason": "等", "due": "shift", "asked_by": "来电"})
    world.clock.advance(days=1)
    office.post(f"/instances/{world.case}/resume", {})
    stops = office.get(f"/instances/{world.case}/stops").json["items"]
    assert [(one["kind"], one["outcome"]) for one in stops] == [("extension", "agreed"), ("suspension", "shift")]
    assert {one["new"] for one in stops[1]["moved"] if one["step"] == "办理"} == {"2026-10-08"}
    with world.database.reading() as session:
        assert list(replay.verify(session)) == []
    assert world.task("handle").due_on is not None
    assert clock.today().isoformat() == "2026-09-17"


def test_a_replay_tells_the_stops_in_words(world: World) -> None:
    address = ask(world)
    office = Visitor(world, OFFICE)
    office.submit(f"{address}/extension/agree", due_on="2026-09-30", reason="")
    office.submit(f"/cases/{world.case}/suspend", reason="出国", due="shift")
    world.clock.advance(days=1)
    office.submit(f"/cases/{world.case}/resume", reason="")
    steps = world.api(OFFICE).get(f"/instances/{world.case}/replay").json["steps"]
    pages = [office.get(f"/cases/{world.case}/replay", at=step["seq"]).text for step in steps[-6:]]
    for words in ("申请延期", "同意延期", "挂起期间不计，期限顺延"):
        assert any(words in page for page in pages), words
    assert not any(raw in page for page in pages for raw in ("extension_asked", ">extended<", ">shifted<"))


def test_no_days_are_counted_while_a_case_is_suspended(world: World) -> None:
    office, unit = Visitor(world, OFFICE), Visitor(world, EDU)
    task = world.task("handle")
    assert office.submit(f"/cases/{world.case}/suspend", reason="等省里的新规定。", due="keep").status_code == 302
    world.pass_days(30)
    for page in (office.get("/board").text, unit.get("/tasks").text, unit.get(f"/tasks/{task.id}").text):
        assert "2026-09-24（周四）" in page
        assert not re.search(r"(超期|还剩) \d+ 个工作日", page)
    assert "挂起期间不计时" in office.get("/board").text
    sheet_of_board = load_workbook(BytesIO(office.get("/board.xlsx").data)).active
    head, *rows = sheet_of_board.iter_rows(values_only=True)
    assert {row[head.index("剩余时间")] for row in rows} == {"挂起期间不计时"}
    office.submit(f"/cases/{world.case}/resume", reason="")
    assert "超期" in unit.get(f"/tasks/{task.id}").text


def test_only_a_unit_signs_for_what_it_received(world: World) -> None:
    assert ">签收<" in Visitor(world, EDU).get(f"/tasks/{world.task('handle').id}").text
    assessed(world, "meeting")
    assert ">签收<" not in Visitor(world, OFFICE).get(f"/tasks/{world.task('convene_meeting').id}").text


def test_the_office_is_never_called_a_unit_of_the_round(world: World) -> None:
    world.do(EDU, "handle")
    row = next(one for one in Visitor(world, OFFICE).get("/board").text.split("<tr>") if "办理审核" in one)
    holder, step = row.split('data-label="承办"')[1].split('data-label="当前步骤"')
    assert "主办" not in holder
    assert "主办" in step


def test_the_ledger_says_of_a_suspended_case_that_nothing_is_counted(world: World) -> None:
    office = Visitor(world, OFFICE)
    assert "挂起期间不计时" not in office.get("/ledger").text
    assert office.submit(f"/cases/{world.case}/suspend", reason="等省里的新规定。", due="keep").status_code == 302
    assert "挂起期间不计时" in office.get("/ledger").text
