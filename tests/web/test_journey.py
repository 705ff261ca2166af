"""The pages carry a need on its way, and refuse what must be refused without losing what was typed."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from service import clock
from service.ledger import sheet
from service.processes import sharing, timers
from service.processes.advance import open_tasks
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.processes.models import Incident, Instance, Timer
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.databases import ON_BOTH
from tests.factories.exports import exported_rows
from tests.factories.steps import mismatches
from tests.factories.visitor import Visitor, island
from tests.factories.workers import happened
from tests.factories.world import HOME, World


def test_a_new_need_is_started_and_its_first_step_done_in_one(world: World) -> None:
    liaison = Visitor(world, "liaison-hrss")
    form = island(liaison.get("/cases/new"), "form-data")
    assert form["url"] == "/cases"
    assert "talent_id" in form["schema"]["properties"]
    answer = liaison.post("/cases", data=world.need())
    assert answer.status_code == 200
    page = liaison.get(answer.json["location"])  # type: ignore[index]  # checked by the status
    assert "子女入学" in page.text
    assert "受理审核" in page.text


def test_after_a_task_the_next_own_one_is_a_click_away_first_one_of_the_same_case(world: World) -> None:
    world.recorded()
    other = world.case
    world.recorded()
    office = Visitor(world, "office")
    accept = world.task("accept").id
    answer = office.post(
        f"/tasks/{accept}/complete", data={"decision": "accept"}, revision=world.task("accept").revision
    )
    assert answer.status_code == 200, answer.text
    page = office.get(answer.json["location"]).text
    assert f'href="/tasks/{world.task("dispatch").id}">办理下一件</a>' in page
    assert "待办 2 件" in page
    assert "办理下一件" not in office.get(f"/cases/{world.case}").text
    world.do("office", "dispatch")
    world.do("office", "feedback_accepted")
    after = office.get(f"/cases/{world.case}?after=x").text
    world.case = other
    assert f'href="/tasks/{world.task("accept").id}">办理下一件</a>' in after
    assert Visitor(world, "handler-health").get(f"/cases/{other}?after=x").status_code == 404


def test_a_wrong_new_need_leaves_nothing_behind(world: World) -> None:
    liaison = Visitor(world, "liaison-hrss")
    answer = liaison.post("/cases", data=world.need(title=""))
    assert answer.status_code == 422
    assert answer.json is not None
    assert {error["path"] for error in answer.json["errors"]} == {"/data/title"}
    assert "您还没有发起需求" in liaison.get("/cases/started").text


def test_who_may_not_record_needs_is_told_who_may(world: World) -> None:
    answer = Visitor(world, "handler-edu").get("/cases/new")
    assert answer.status_code == 403
    assert "联络员" in answer.text


def test_a_task_is_completed_through_its_page(world: World) -> None:
    world.recorded()
    task = world.task("accept")
    office = Visitor(world, "office")
    form = island(office.get(f"/tasks/{task.id}"), "form-data")
    answer = office.post(form["url"], data={"decision": "accept"}, **form["extra"])
    assert answer.status_code == 200
    assert world.open_steps() == [("dispatch", None)]
    done = office.get(f"/tasks/{task.id}")
    assert "填写的内容" in done.text
    assert 'id="form-data"' not in done.text


def test_the_same_answer_sent_twice_is_one_success(world: World) -> None:
    world.recorded()
    office, url = Visitor(world, "office"), f"/tasks/{world.task('accept').id}/complete"
    first, again = office.post(url, data={"decision": "accept"}), office.post(url, data={"decision": "accept"})
    assert first.status_code == again.status_code == 200
    assert first.json == again.json
    other = office.post(url, data={"decision": "reject", "reason": "不属于"})
    assert other.status_code == 409


def test_a_page_that_grew_stale_is_a_conflict(world: World) -> None:
    world.recorded()
    task = world.task("accept")
    office = Visitor(world, "office")
    stale = island(office.get(f"/tasks/{task.id}"), "form-data")["extra"]
    office.post(f"/tasks/{task.id}/claim")
    answer = office.post(f"/tasks/{task.id}/complete", data={"decision": "accept"}, **stale)
    assert answer.status_code == 409
    assert world.open_steps() == [("accept", None)]


def test_returning_shows_the_reason_and_keeps_what_was_filled_in(world: World) -> None:
    world.recorded()
    office, liaison = Visitor(world, "office"), Visitor(world, "liaison-hrss")
    office.post(f"/tasks/{world.task('accept').id}/complete", data={"decision": "return", "reason": "请补充户籍情况"})
    page = liaison.get(f"/tasks/{world.task('record_need').id}")
    assert island(page, "form-data")["data"]["title"] == "子女入学"
    assert island(page, "form-data")["labels"]["T0001"]
    assert "请补充户籍情况" in page.text


@ON_BOTH
def test_the_desk_counts_lights_and_puts_the_most_urgent_first(world: World) -> None:
    world.recorded(title="甲事项")
    world.pass_days(5)
    world.recorded(title="乙事项")
    page = Visitor(world, "office").get("/").text
    assert page.index("甲事项") < page.index("乙事项")
    assert "超期" in page
    assert "2026-09-" in page
    assert "（周" in page


@ON_BOTH
def test_the_list_keeps_its_filters_in_the_address(world: World) -> None:
    world.recorded(title="甲事项")
    office = Visitor(world, "office")
    assert "甲事项" in office.get("/tasks", stage="intake", q="甲").text
    nothing = office.get("/tasks", stage="dispatch")
    assert "没有符合条件的待办" in nothing.text
    sorted_by = office.get("/tasks", stage="intake", sort="-due").text
    assert "stage=intake" in sorted_by
    assert 'aria-sort="descending"' in sorted_by
    assert "没有按它筛选" in office.get("/tasks", sort="nonsense").text
    assert office.get("/tasks", offset="minus one").status_code == 200
    assert office.get("/ledger", offset=-5).status_code == 200
    wrong = {"since": "2026-13-77", "town": "mars", "rounds": "0", "sort": "odd", "colour": "red"}
    refused = office.get("/ledger", **wrong, as_of="2099-01-01")
    assert refused.status_code == 422
    named = ("登记日期从", "镇街", "轮次不少于", "排序", "colour", "截至日期")
    assert all(name in refused.text for name in named)


@ON_BOTH
def test_each_page_of_a_long_list_leads_to_the_next(world: World) -> None:
    for number in range(53):
        world.start(title=f"事项{number:02d}")
    liaison = Visitor(world, "liaison-hrss")
    first = liaison.get("/tasks")
    assert "共 53 条" in first.text
    assert "offset=50" in first.text
    last = liaison.get("/tasks", offset=50)
    assert "第 51–53 条" in last.text
    assert "下一页" not in last.text


def test_a_case_shows_units_dates_diagram_and_course(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do("handler-edu", "handle", unit="edu")
    page = Visitor(world, "office").get(f"/cases/{world.case}")
    assert "桂城街道办事处" in page.text
    assert "受理编号 2026-需-0001" in page.text
    drawn = {one["id"]: one for one in island(page, "diagram-data")["diagrams"]}
    assert "unit_slots" in drawn["request"]["active"]
    assert set(drawn["unit_handling"]["active"]) == {"handle", "review_reply"}
    assert "handler-edu" not in page.text


def test_a_unit_sees_its_own_path_only(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do("handler-edu", "handle", unit="edu")
    page = Visitor(world, "handler-guicheng").get(f"/tasks/{world.task('handle', 'guicheng').id}")
    own = next(one for one in island(page, "diagram-data")["diagrams"] if one["id"] == "unit_handling")
    assert own["active"] == ["handle"]
    assert "review_reply" not in own["done"]


def test_the_need_shown_is_what_the_first_form_said(world: World) -> None:
    world.dispatched("edu")
    world.do("office", "feedback_accepted")  # has a field of the same name: channel
    page = Visitor(world, "office").get(f"/cases/{world.case}").text
    need = page[page.index("需求内容") : page.index("办理过程")]
    assert "走访约见" in need
    assert "电话" not in need.split("联系方式")[0]


def test_the_printed_form_says_how_the_need_was_brought_up(world: World) -> None:
    world.finished(channel="symposium", received_on="2026-09-14")
    with world.database.reading() as session:
        paper = sheet(session, world.case, world.actor("office")).data
        case = session.get_one(Instance, world.case)
        data = dict(case.data)
    assert paper["matter"]["facts"][2:4] == ["反映形式：集中座谈", "收到日期：2026年9月14日"]
    assert (data["channel"], data["decision"], data["given_on"]) == ("symposium", "accept", str(world.clock.now.date()))
    assert mismatches(world) == []


def test_who_leads_is_printed_and_listed_as_that_alone(world: World) -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    older = {name: re.sub(rb'"x-unlike": "lead_unit",?', b"", content) for name, content in files.items()}
    with world.transaction() as session:  # a form that let a unit assist itself
        deploy(session, unchecked("request", older), actor=SYSTEM, now=clock.now())
    world.dispatched("edu", "sci", "edu")
    with world.database.reading() as session:
        paper = sheet(session, world.case, world.actor("office")).data
    assert str(paper["office"]).count("区教育局") == 1
    [row] = exported_rows(Visitor(world, "office"), "/ledger.xlsx?col=主办&col=协办")
    assert [cell.value for cell in row] == ["子女入学", "区教育局", "区经济促进局（科技）"]


def test_a_case_of_older_forms_prints_what_was_registered_too(world: World) -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    older = {name: content.replace(b'"x-own": true,', b"") for name, content in files.items()}
    with world.transaction() as session:
        deploy(session, unchecked("request", older), actor=SYSTEM, now=clock.now())
    world.finished(channel="symposium")
    with world.database.reading() as session:
        paper = sheet(session, world.case, world.actor("office")).data
        assert session.get_one(Instance, world.case).data["channel"] == "phone"
    assert "反映形式：集中座谈" in paper["matter"]["facts"]
    assert mismatches(world) == []


def test_why_this_due_date_is_on_the_page(world: World) -> None:
    world.dispatched("edu")
    page = Visitor(world, "handler-edu").get(f"/tasks/{world.task('handle').id}").text
    assert "2026-09-24（周四）" in page
    assert "还剩 7 个工作日" in page
    assert "第 7 天" in page
    assert "实施方案三（二）3" in page


@ON_BOTH
def test_operations_are_journaled_and_told(world: World) -> None:
    world.dispatched("edu")
    office = Visitor(world, "office")
    case = f"/cases/{world.case}"
    said = "请加快办理<b>"
    for operation, body in (
        ("urge", {"text": said}),
        ("copy", {"to": ["leader"], "note": "供参阅"}),
        ("comment", {"text": "请与学校联系", "mention": ["handler-edu"]}),
        ("suspend", {"reason": "等待材料", "due": "keep"}),
        ("resume", {"reason": ""}),
        ("terminate", {"reason": "重复登记"}),
    ):
        answer = office.post(f"{case}/{operation}", **body)
        assert answer.status_code == 200, (operation, answer.text)
    page = office.get(case).text
    for words in (
        "催办「办理」（第 1 次）",
        "请加快办理&lt;b&gt;",
        "抄送 陈砚秋",
        "@谭雅文",
        "挂起",
        "恢复办理",
        "终止",
        "已终止",
    ):
        assert words in page, words
    assert "供参阅" in Visitor(world, "leader").get(case).text


def test_an_operation_without_its_reason_names_the_field(world: World) -> None:
    world.dispatched("edu")
    answer = Visitor(world, "office").post(f"/cases/{world.case}/suspend", reason="  ", due="keep")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["path"] == "/reason"
    answer = Visitor(world, "office").post(f"/cases/{world.case}/suspend", reason="等待材料")
    assert answer.json is not None
    assert answer.json["errors"][0]["path"] == "/due"


def test_only_the_office_has_the_buttons_of_the_office(world: World) -> None:
    world.dispatched("edu")
    unit = Visitor(world, "handler-edu")
    assert "box-terminate" not in unit.get(f"/cases/{world.case}").text
    assert unit.post(f"/cases/{world.case}/terminate", reason="不办了").status_code == 403


def test_take_back_and_hand_over(world: World) -> None:
    world.dispatched("edu")
    unit = Visitor(world, "handler-edu")
    task = world.do("handler-edu", "handle")
    assert "box-take-back" in unit.get(f"/tasks/{task}").text
    assert unit.post(f"/tasks/{task}/take-back", reason="还要补充").status_code == 200
    assert ("handle", "edu") in world.open_steps()
    assert unit.post(f"/tasks/{task}/claim").status_code == 200
    assert unit.post(f"/tasks/{task}/acknowledge").status_code == 200
    assert unit.post(f"/tasks/{task}/release").status_code == 200
    refused = unit.post(f"/tasks/{task}/reassign", to="handler-housing", reason="请代办")
    assert refused.status_code == 422


@pytest.mark.parametrize("path", ["", "/history"])
def test_a_copy_that_is_read_through_the_api_is_read(world: World, path: str) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        sharing.copy(session, instance_id=world.case, to=["leader"], actor=world.actor("office"), now=clock.now())
    world.api("office").get(f"/instances/{world.case}{path}")  # somebody else's reading
    assert happened(world, "copy_read") == []
    for _ in range(2):
        assert world.api("leader").get(f"/instances/{world.case}{path}").status_code == 200
    assert [one.actor for one in happened(world, "copy_read")] == ["leader"]
    assert "已读" in Visitor(world, "leader").get("/cases/copied").text
    assert mismatches(world) == []


@ON_BOTH
def test_a_copy_is_read_once_and_listed(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        sharing.copy(session, instance_id=world.case, to=["leader"], actor=world.actor("office"), now=clock.now())
    leader = Visitor(world, "leader")
    assert "阅读</button>" in leader.get("/cases/copied").text
    assert leader.submit(f"/cases/{world.case}/read").location == f"/cases/{world.case}"
    assert "已读" in leader.get("/cases/copied").text


def test_a_copy_that_is_opened_by_its_title_is_read_and_the_journal_says_so_once(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        sharing.copy(session, instance_id=world.case, to=["leader"], actor=world.actor("office"), now=clock.now())
    leader = Visitor(world, "leader")
    for path in ("/cases/copied", "/cases/copied.xlsx"):
        leader.get(path)
    Visitor(world, "office").get(f"/cases/{world.case}")  # somebody else's reading
    assert happened(world, "copy_read") == []
    for _ in range(2):
        assert leader.get(f"/cases/{world.case}").status_code == 200
    assert "已读" in leader.get("/cases/copied").text
    assert "阅读</button>" not in leader.get("/cases/copied").text
    [read] = happened(world, "copy_read")
    assert read.actor == "leader"
    assert "阅读抄送" in leader.get(f"/cases/{world.case}").text
    assert mismatches(world) == []
    with world.transaction() as session:  # withdrawn and sent again, it is new again
        office = world.actor("office")
        sharing.withdraw_copy(session, instance_id=world.case, username="leader", actor=office, now=clock.now())
        sharing.copy(session, instance_id=world.case, to=["leader"], actor=office, now=clock.now())
    assert "阅读</button>" in leader.get("/cases/copied").text
    assert mismatches(world) == []


@ON_BOTH
def test_a_reading_that_would_have_to_wait_holds_up_no_page(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        sharing.copy(session, instance_id=world.case, to=["leader"], actor=world.actor("office"), now=clock.now())
    leader = Visitor(world, "leader")
    leader.get("/cases/copied")
    with world.database.transaction() as session:
        session.scalars(select(Instance).where(Instance.id == world.case).with_for_update()).one()
        assert leader.get(f"/cases/{world.case}").status_code == 200
    assert "阅读</button>" in leader.get("/cases/copied").text
    leader.get(f"/cases/{world.case}")
    assert "已读" in leader.get("/cases/copied").text


def test_text_of_people_cannot_leave_its_place(world: World) -> None:
    nasty = '</script><script>alert("x")</script>'
    world.recorded(title=nasty, description=nasty)
    office = Visitor(world, "office")
    for path in ("/", "/tasks", "/ledger", f"/cases/{world.case}", f"/tasks/{world.task('accept').id}"):
        assert "<script>alert" not in office.get(path).text, path


def test_an_administrator_retries_an_incident(world: World) -> None:
    world.dispatched("edu")
    with world.transaction() as session:
        timer = timers.due_timers(session, now=clock.now().replace(year=2027))[0]
        for _ in range(timers.MAX_ATTEMPTS):
            due = session.get_one(Timer, timer).due_at
            timers.failed(session, timer_id=timer, error="测试用的故障", now=due)
        incident = session.query(Incident).one().id
    world.clock.advance(seconds=(due - world.clock.now).total_seconds())
    admin = Visitor(world, "admin")
    assert "测试用的故障" in admin.get("/system").text
    assert admin.submit(f"/system/incidents/{incident}/retry").status_code == 302
    assert "没有需要处理的异常" in admin.get("/system").text
    assert Visitor(world, "office").get("/system").status_code == 403


def test_the_process_is_shown_as_drawn(world: World) -> None:
    visitor = Visitor(world, "handler-edu")
    assert "高层次人才需求处理" in visitor.get("/processes").text
    drawn = island(visitor.get("/processes/request/1"), "diagram-data")
    assert drawn["diagrams"][0]["id"] == "request"
    assert len(drawn["diagrams"]) == 4
    assert visitor.get("/processes/request/99").status_code == 404


@ON_BOTH
def test_people_are_found_for_remarks_by_initials(world: World) -> None:
    found = Visitor(world, "office").get("/lookup/accounts", q="tyw").json
    assert found is not None
    assert [item["name"] for item in found["items"]] == ["谭雅文"]
    assert found["items"][0]["unit_name"] == "区教育局"


@ON_BOTH
def test_the_ledger_shows_the_columns_asked_for_and_exports_its_rows(world: World) -> None:
    world.dispatched("edu", title="甲事项")
    world.recorded(title="=乙事项")
    office = Visitor(world, "office")
    page = office.get("/ledger", col=["编号", "镇街"]).text
    heads = re.findall(r"<th [^>]*>(?:<a [^>]*>)?([^<▼▲]+)", page)
    assert [head.strip() for head in heads] == ["编号", "需求", "镇街"]
    assert "桂城街道" in page
    answer = office.get("/ledger.xlsx", q="甲")
    assert answer.status_code == 200
    rows = list(load_workbook(BytesIO(answer.data)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[1] for row in rows] == ["需求", "甲事项"]
    chosen = office.get("/ledger.xlsx", col=["编号", "镇街"])
    rows = list(load_workbook(BytesIO(chosen.data)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[0] == ("编号", "需求", "镇街")
    assert {row[2] for row in rows[1:]} == {"桂城街道"}
    everything = list(load_workbook(BytesIO(office.get("/ledger.xlsx").data)).active.iter_rows())  # type: ignore[union-attr]
    assert {row[1].data_type for row in everything} <= {"s", "inlineStr"}


def test_a_case_is_late_in_the_ledger_before_its_late_answer_comes(world: World) -> None:
    world.dispatched("edu", title="甲事项")
    world.do("office", "feedback_accepted")
    office = Visitor(world, "office")
    assert "甲事项" not in office.get("/ledger", late="yes").text
    world.pass_days(12)
    assert "甲事项" in office.get("/ledger", late="yes").text
    assert "甲事项" not in office.get("/ledger", late="no").text
    book = load_workbook(BytesIO(office.get("/ledger.xlsx", col="是否超期").data))
    rows = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[-1] for row in rows] == ["是否超期", "是"]
    assert "超期" in Visitor(world, "liaison-hrss").get("/cases/started").text
    office.post(f"/cases/{world.case}/suspend", reason="等待材料", due="keep")
    assert "甲事项" in office.get("/ledger", late="yes").text, "it was late before it was suspended"


def test_a_task_that_nobody_must_do_any_more_shows_no_light(world: World) -> None:
    world.dispatched("edu")
    task = world.task("handle").id
    office = Visitor(world, "office")
    assert 'class="light light-' in office.get(f"/tasks/{task}").text
    office.post(f"/cases/{world.case}/terminate", reason="重复登记")
    page = office.get(f"/tasks/{task}").text
    assert "本步骤已取消" in page
    assert 'class="light light-' not in page


def test_an_export_holds_only_what_its_reader_may_see(world: World) -> None:
    world.dispatched("edu", title="甲事项")
    answer = Visitor(world, "handler-housing").get("/ledger.xlsx")
    assert len(list(load_workbook(BytesIO(answer.data)).active.iter_rows())) == 1  # type: ignore[union-attr]


def test_a_review_opens_the_answer_of_its_own_unit(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do("handler-edu", "handle", {"result": "done", "reply": "教育局的回复"}, unit="edu")
    world.do("handler-guicheng", "handle", {"result": "done", "reply": "桂城的回复"}, unit="guicheng")
    with world.database.reading() as session:
        reviews = [task.id for task in open_tasks(session, world.case) if task.task == "review_reply"]
    office = Visitor(world, "office")
    shown = [office.get(f"/tasks/{review}").text for review in reviews]
    before = [page[page.index("<h1>") : page.index('data-form="form-data"')] for page in shown]
    opened = [re.findall(r'<details class="unit-work" open>.*?</details>', part, re.DOTALL) for part in before]
    assert [len(parts) for parts in opened] == [1, 1]
    assert sorted("教育局的回复" in part for (part,) in opened) == [False, True]
    assert sorted("桂城的回复" in part for (part,) in opened) == [False, True]


@pytest.mark.parametrize(
    ("received", "said"),
    [
        ("2026-09-14", ""),
        ("2026-09-11", "收到次日起第 3 个工作日，超过 2 个工作日（本系统默认，非文件规定）"),
    ],
)
def test_a_need_that_was_filed_late_says_so_where_it_is_shown(world: World, received: str, said: str) -> None:
    world.recorded(received_on=received)
    page = Visitor(world, "office").get(f"/tasks/{world.task('accept').id}").text
    assert ("<dt>填报</dt>" in page) == bool(said)
    assert said in page
    assert said in Visitor(world, "liaison-hrss").get(f"/cases/{world.case}").text
