"""审计查询: each question in one view, by its filters, as a sheet and by the API; nothing restricted, no ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import event, select

from service import clock
from service.audit.questions import QUESTIONS
from service.audit.questions.declared import SINCE, UNTIL
from service.audit.questions.places import GROUPS, asked_words, place
from service.audit.questions.words import detail, done, setting, titled
from service.history import HistoryEvent
from service.history.records import record
from service.http.context import KEY
from service.processes import operations
from service.rights import SYSTEM
from service.usecases import wire
from service.usecases.configuration import note_configuration
from service.workdays import Calendar
from tests.conftest import FakeClock
from tests.factories.databases import ON_BOTH
from tests.factories.everything import fill
from tests.factories.replays import replayed, returned
from tests.factories.steps import INTERIM, NOT_OURS, REDO
from tests.factories.visitor import Visitor
from tests.factories.workers import worker_of
from tests.factories.world import World

NEEDED = {"acts": {"person": "office"}, "on-a-day": {"day": "2026-09-16"}}
PERIOD = (SINCE, UNTIL)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-")


@pytest.fixture(scope="module")
def filled(sqlite_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which something of everything was done; read by all tests of this module."""
    path = tmp_path_factory.mktemp("questions") / "questions.db"
    copy(sqlite_world, path)
    with ExitStack() as stack:
        clock = FakeClock(stack)
        world = stack.enter_context(closing(World(f"sqlite:///{path}", clock)))
        fill(world)
        _more(world)
        yield world


def _more(world: World) -> None:
    """A step that is given to somebody, who does not do it."""
    with world.transaction() as session:
        task = world.task("handle", "edu").id
        now = clock.now()
        operations.release(session, task_id=task, actor=world.actor("handler-edu"), now=now)
        operations.reassign(
            session, task_id=task, to="handler-edu", reason="由其统一答复", actor=world.actor("office"), now=now
        )
    with world.transaction() as session:
        of_case = {"instance": world.case, "digest": "d" * 64, "sha256": "e" * 64, "seal": 7}
        note_configuration(session, world.settings, world.organization, actor=SYSTEM, now=clock.now())
        record(session, "seals", "evidence_exported", of_case, actor=world.actor("auditor"), now=clock.now())
    world.clock.advance(days=40)  # past the date of the step


def test_a_returned_step_tells_where_it_went(world: World) -> None:
    returned(world)
    [back] = answer(world, "returns", kind="returned")
    assert back["detail"] == "退回到「办理」；步骤「办理审核」；理由：理由不足"
    world.do("office", "review_reply", {"decision": "redo", "comment": "请补充材料"})
    world.do("office", "feedback_accepted")
    auditor = Visitor(world, "auditor")
    steps = [one.step for one in replayed(world, "auditor").shown]
    pages = {one.seq: auditor.get(f"/cases/{world.case}/replay/{one.seq}").text for one in steps}
    sent = next(one for one in steps if one.kind == "completed" and one.step == "dispatch")
    assert re.search(r"发出处理单.*?<td>区教育局、桂城街道办事处</td>", pages[sent.seq])
    again = next(one for one in steps if one.kind == "completed" and one.step == "review_reply")
    assert re.search(r">理由<.{0,200}<td>请补充材料</td>", pages[again.seq], re.DOTALL)
    assert "（等其余分支）" in pages[steps[-1].seq]
    assert not [seq for seq, page in pages.items() if re.search(r"\d{4}年\d+月\d+日", page)]
    assert not [seq for seq, page in pages.items() if ">备注（选填）<" in page]
    choices = next(one for one in QUESTIONS if one.name == "exports").filters
    words = [word for one in choices if one.name == "kind" for word in one.choices.values()]
    assert len(words) == len(set(words)) > 2


def answer(world: World, name: str, **more: Any) -> list[dict[str, Any]]:
    """The items of a question as the API gives them to the auditor."""
    found = world.api("auditor").get(f"/audit/{name}", **{**NEEDED.get(name, {}), **more})
    assert found.status_code == 200, found.text
    assert found.json is not None
    return list(found.json["items"])


EMPTY = {"dates", "four-eyes", "migrations", "refused-files", "restricted", "substitution"}
"""Questions to which nothing of this world is an answer."""


def test_each_question_is_a_page_a_sheet_and_a_call(filled: World) -> None:
    auditor = Visitor(filled, "auditor")
    for question in QUESTIONS:
        given = NEEDED.get(question.name, {})
        page = auditor.get(f"/audit/{question.name}", **given)
        assert page.status_code == 200, question.name
        assert question.title in page.text
        said = re.sub(r'href="[^"]*"', "", page.text.split("<tbody>")[-1] if "<tbody>" in page.text else "")
        assert ID.search(said) is None, question.name
        items = answer(filled, question.name)
        sheet = auditor.get(f"/audit/{question.name}.xlsx", **given)
        rows = list(load_workbook(BytesIO(sheet.data), read_only=True).active.iter_rows(values_only=True))
        assert list(rows[0]) == [one.title for one in question.columns]
        assert len(rows) > len(items) >= (0 if question.name in EMPTY else 1), question.name


@ON_BOTH
def test_each_question_is_answered_on_both_databases(world: World) -> None:
    world.dispatched("edu")
    for question in QUESTIONS:
        narrowed = {one.name: "2026-09-01" if one.name == "since" else "2026-09-30" for one in PERIOD}
        answer(world, question.name, **{one.name: narrowed[one.name] for one in question.filters if one in PERIOD})
        answer(world, question.name)
    assert [one["number"] for one in answer(world, "numbers")] == ["2026-需-0001"]


def test_a_question_takes_as_many_statements_for_many_rows_as_for_one(filled: World) -> None:
    auditor, sent = filled.api("auditor"), []
    event.listen(filled.database.engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
    for question in QUESTIONS:
        counts = set()
        for limit in (1, 200):
            auditor.get(f"/audit/{question.name}", limit=limit, **NEEDED.get(question.name, {}))
            sent.clear()
            auditor.get(f"/audit/{question.name}", limit=limit, **NEEDED.get(question.name, {}))
            counts.add(len(sent))
        assert max(counts) - min(counts) <= 8, (question.name, counts)  # one more for a kind of record that came up
        assert max(counts) < 30, (question.name, counts)


def test_what_cannot_be_asked_is_told_at_its_filter(filled: World) -> None:
    auditor = Visitor(filled, "auditor")
    for given, says in (
        ({"case": "2026-需-9999"}, "没有编号为 2026-需-9999 的事项"),
        ({"talent": "无此人"}, "没有叫“无此人”的人才"),
        ({"person": "nobody"}, "没有叫“nobody”的账号"),
        ({"since": "下周"}, "请写成 2026-01-31 的格式"),
        ({"act": "eat"}, "只能是"),
    ):
        page = auditor.get("/audit/looks", **given)
        assert page.status_code == 200
        assert says in page.text
    assert "请先填写条件" in auditor.get("/audit/acts").text
    refused = filled.api("auditor").get("/audit/looks", talent="无此人")
    assert refused.status_code == 422
    assert refused.json is not None
    assert refused.json["errors"][0]["path"] == "/talent"


def test_answers_name_who_what_and_why(filled: World) -> None:
    [moved] = answer(filled, "returns", kind="reassigned")
    assert "由其统一答复" in moved["detail"]
    assert moved["about"].startswith("2026-需-")
    acts = answer(filled, "acts", person="handler-edu", limit=200)
    assert {one["who"] for one in acts} == {acts[0]["who"]}
    assert "领办" in {one["what"] for one in acts}
    assert answer(filled, "acts", person=acts[0]["who"].partition("（")[0], limit=200) == acts
    assert [one["what"] for one in answer(filled, "urges", kind="urged")][:1] == ["催办"]
    assert ("2026-需-0001", "已给出") in [(one["number"], one["what"]) for one in answer(filled, "numbers")]
    assert "角色：审计人员" in {one["detail"].partition("；")[0] for one in answer(filled, "settings", limit=200)}
    held = [one["detail"] for one in answer(filled, "acts", limit=200) if one["what"] == "登记活动"]
    assert held
    assert all("名称：" in one and "文件：" not in one for one in held)
    looked = answer(filled, "looks", talent="T0001")
    assert any(one["who"].endswith("（office）") for one in looked)


def test_an_evidence_package_is_told_with_its_case_and_receipt(filled: World) -> None:
    for given in ({"case": "2026-需-0001"}, {"kind": "evidence_exported"}):
        [one] = answer(filled, "exports", **given)
        assert one["about"].startswith("2026-需-0001")
        assert "清单的摘要（回执）：" + "d" * 64 in one["detail"]


def test_a_number_is_told_with_who_gave_it_and_when(filled: World) -> None:
    numbers = answer(filled, "numbers", case="2026-需-0001")
    [number] = [one for one in numbers if one["number"] == "2026-需-0001"]
    with filled.database.reading() as session:
        given = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "action")).all()
        [issued] = [one for one in given if one.data["result"] == number["number"]]
        assert datetime.fromisoformat(number["at"]) == issued.at
    assert number["who"].endswith("（office）")


def test_numbers_of_urges_are_asked_for_and_a_receipt_says_what_it_is_of(world: World) -> None:
    world.dispatched("edu")
    told = {"actor": world.actor("handler-edu"), "now": clock.now()}
    with world.transaction() as session:
        operations.acknowledge(session, task_id=world.task("handle", "edu").id, **told)
    for _ in range(3):
        with world.transaction() as session:
            office = world.actor("office")
            operations.urge(session, instance_id=world.case, text="请抓紧", actor=office, now=clock.now())
    year = world.clock.now.year
    given = [one["number"] for one in answer(world, "numbers", series="urge")]
    assert given == [f"催办〔{year}〕{n}号" for n in (3, 2, 1)]
    [receipt] = answer(world, "urges", kind="acknowledged")
    assert "签收的是步骤，当时还没有催办" in receipt["detail"]


def test_who_approved_after_a_step_of_their_own_is_told_from_who_began(world: World) -> None:
    world.dispatched("edu")
    world.do("handler-edu", "handle")
    world.do("office", "review_reply")
    assert answer(world, "four-eyes")
    assert answer(world, "four-eyes", began="began") == []


def test_what_somebody_did_is_named(filled: World) -> None:
    """A verification, and the kind of a job; a sheet of questions tells which cases it named."""
    wire(filled.database, filled.settings, filled.organization)
    auditor = Visitor(filled, "auditor")
    for page in ("/verifications", "/seals"):
        auditor.post(page)
    for _ in range(3):
        worker_of(filled).tick(filled.clock.advance(minutes=1))
    acts = answer(filled, "acts", person="auditor", limit=200)
    told = {(one["what"], one["detail"].partition("；")[0]) for one in acts}
    assert {("提交后台任务", "种类：核验"), ("提交后台任务", "种类：封存"), ("核验", "方式：增量")} <= told
    assert "其他记录" not in str(acts)
    assert re.search(r"封存[^<]*（auditor）提交", auditor.get("/seals").text)


def test_a_sheet_of_questions_is_noted_with_the_cases_that_it_names(filled: World) -> None:
    auditor = Visitor(filled, "auditor")
    auditor.get("/audit/numbers.xlsx")
    auditor.get("/audit/acts.xlsx", person="office")
    sheets = [one["detail"] for one in answer(filled, "exports", kind="exported")][:2]
    assert all(re.search(r"涉及的人才、事项数：[1-9]", one) for one in sheets), sheets
    filled.app.extensions[KEY].keeper.flush()
    found = answer(filled, "looks", case="2026-需-0001", own="own", limit=200)
    assert len([one for one in found if one["act"] == "导出" and "auditor" in one["who"]]) >= 2


def test_looks_name_their_pages_and_leave_out_the_readers_own(filled: World) -> None:
    Visitor(filled, "auditor").get("/talents/T0001", at="17")
    filled.app.extensions[KEY].keeper.flush()
    assert "（auditor）" not in str(answer(filled, "looks", limit=200))
    own = [one for one in answer(filled, "looks", own="own", limit=200) if "auditor" in one["who"]]
    assert own[0]["way"] == "网页 人才信息库·详情"
    assert own[0]["asked"] == ""
    assert place("page", "/cases/<uuid:instance_id>/replay") == "网页 事项·回放"
    assert place("api", "/api/v1/instances/<uuid:instance_id>/events") == "接口 事项·日志"


def test_filters_of_an_address_are_words() -> None:
    cursor = "5c9ab914-edea-4e07-8b8e-6f3a3a0f1c11"
    assert asked_words(f"person=office；day=；after={cursor}") == "人员：office"
    kept = {"name": "单位 名录.xlsx", "asked": "talent_id=T0001；q=", "way": "网页 /audit/exports.xlsx"}
    assert (
        detail("exported", "handed_out:1", kept, str) == "文件：单位 名录.xlsx；条件：人才：T0001；经由：网页 审计查询"
    )


def test_what_was_entered_is_told_as_it_was() -> None:
    assert detail("urged", "instance:1", {"text": "须在 7 个工作日内 答复"}, str) == "内容：须在 7 个工作日内 答复"


def test_every_route_that_is_read_has_a_word(filled: World) -> None:
    read = {one.rule for one in filled.app.url_map.iter_rules() if "GET" in (one.methods or ())}
    assert len(read) > 200
    assert {one for one in read if place("page", one).startswith("网页 其他页面")} == set()
    assert all("<" not in place("page", one) for one in read)
    first = {part for one in read for part in (one.removeprefix("/api/v1").strip("/").split("/")[0],)}
    assert GROUPS.keys() <= first | {one.partition(".")[0] for one in first}


def test_a_first_start_is_no_difference_and_settings_have_the_names_of_their_file(filled: World) -> None:
    told = {one["what"] for one in answer(filled, "settings", kind="settings_loaded")}
    assert told == {"系统设置首次记录"}
    assert done("settings_loaded", {"changes": {"demo": [False, True]}}) == "系统设置与上次启动不同"
    names = ("accounts.by_two", "token_lifetime", "contacts.tags.research", "mail.enabled")
    assert [setting(one) for one in names] == [
        "[accounts] grants_by_two",
        "token_days",
        "[tags] research",
        "[mail] enabled",
    ]
    assert titled("accounts.by_two") == "授权两个人（[accounts] grants_by_two）"
    assert titled("contact.phone") == "电话（[contact] phone）"
    assert titled("something.new") == "[something] new"


def test_steps_that_nobody_holds_come_before_working_days_without_work(filled: World) -> None:
    found = answer(filled, "gaps", limit=200)
    kinds = [one["what"] for one in found]
    assert kinds == sorted(kinds, key=lambda one: one != "无人领办的步骤")
    days = [one["since"] for one in found if one["what"] == "没有后台活动的日子"]
    assert days
    calendar = Calendar.from_config()
    assert all(calendar.is_working_day(date.fromisoformat(one)) for one in days)
    assert [one["since"] for one in answer(filled, "gaps", limit=200, kind="idle")] == days
    held = [one["what"] for one in answer(filled, "gaps", limit=200, kind="not_taken")]
    assert set(held) == {"无人领办的步骤"}
    assert len(held) == len(found) - len(days)


@ON_BOTH
def test_returns_by_form_are_told_with_what_was_chosen_and_why(world: World) -> None:
    world.recorded()
    world.do("office", "accept", {"decision": "return", "reason": "请补充学籍信息"})
    world.do("liaison-hrss", "record_need", world.need())
    assert [one["what"] for one in answer(world, "returns")] == ["退回"]
    world.do("office", "accept")
    world.do("office", "dispatch")
    world.do("handler-edu", "handle", INTERIM)
    world.do("office", "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
    world.do("handler-edu", "handle")
    world.do("office", "review_reply", REDO)
    world.do("handler-edu", "handle", NOT_OURS)
    world.do("office", "redispatch", {"decision": "redispatch", "unit": "housing", "opinion": "请接续办理"})
    redispatched, redone, agreed, corrected = answer(world, "returns", kind="completed")
    assert [one["what"] for one in (redispatched, redone, agreed, corrected)] == [
        "退回",
        "退回",
        "回到办过的步骤",
        "退回",
    ]
    assert len(answer(world, "returns", kind="returned")) == 4  # all that are called 退回 stand under 退回
    assert len(answer(world, "unusual", kind="returned")) == 1
    assert corrected["detail"].endswith("；退回补正，理由：请补充学籍信息")
    assert "退回重办" in redone["detail"]
    assert "同意分步办理，改定期限" in agreed["detail"]
    assert "不属于本单位职责，退回改派" in redispatched["detail"]
    assert "请接续办理" in redispatched["detail"]
    moved = [one for one in answer(world, "dates") if one["after"] == "2026-10-14"]
    assert [(one["step"], one["before"], one["detail"]) for one in moved] == [
        ("办理", "2026-09-24", "再次办理，「阶段反馈审核」：同意分步办理，改定期限")
    ]
    [case] = answer(world, "unusual", kind="completed")
    assert case["detail"] == "在表单里退回、回到办过的步骤 4 次"
    acts = answer(world, "acts", person="office", kind="", limit=200)
    assert any("「受理审核」；退回补正" in one["detail"] for one in acts), acts


def test_late_steps_are_found_by_a_unit_of_the_list_and_open_ones_count_until_today(filled: World) -> None:
    found = answer(filled, "lateness", limit=200)
    waiting = [one for one in found if one["who"] == "尚未办结"]
    assert waiting
    assert all(one["late"] > 0 for one in waiting)
    named = waiting[0]["unit"]
    page = Visitor(filled, "auditor").get("/audit/lateness")
    assert re.search(rf'<option value="[^"]+"[^>]*>{named}</option>', page.text)
    assert {one["unit"] for one in answer(filled, "lateness", unit=named)} == {named}
    assert "没有叫“无此单位”的单位" in Visitor(filled, "auditor").get("/audit/lateness", unit="无此单位").text


def test_late_steps_of_the_office_are_found_under_its_name(world: World) -> None:
    world.recorded()
    world.clock.advance(days=40)
    [late] = answer(world, "lateness")
    assert (late["step"], late["unit"]) == ("受理审核", "区人才办")
    assert answer(world, "lateness", unit="区人才办") == [late]


def test_nothing_restricted_and_no_private_number_is_in_an_answer(filled: World) -> None:
    said = str([answer(filled, question.name, limit=200) for question in QUESTIONS])
    assert "家中老人住院" not in said
    assert not re.search(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", said)  # no digest of a file


def test_only_auditors_ask_and_administrators_of_accounts_alone(filled: World) -> None:
    for name, may in (("auditor", 200), ("admin", 403), ("office", 403), ("liaison-hrss", 403), ("handler-edu", 403)):
        visitor = Visitor(filled, name)
        found = visitor.get("/audit/acts", person="office")
        assert found.status_code == may, (name, found.headers)
        assert visitor.get("/audit/looks.xlsx").status_code == may, name
    admin = Visitor(filled, "admin")
    assert admin.get("/audit/sign-ins").status_code == 200
    assert "谁看了谁的资料" not in admin.get("/audit").text
    assert 'href="/audit"' in Visitor(filled, "auditor").get("/help").text
    assert 'href="/audit"' not in Visitor(filled, "office").get("/help").text


def test_the_first_settings_and_the_first_calendar_say_what_stood_in_them(filled: World) -> None:
    rows = answer(filled, "settings", limit=200)
    told = {one["what"]: one["detail"] for one in rows}
    assert "登录最长时间（session_hours）：（空） → 10 小时" in told["系统设置首次记录"]
    assert "上班时间（office_opens）：（空） → 09:00；" in told["系统设置首次记录"]
    assert "夜间核验时间（[verify] at）：（空） → 02:30；" in told["系统设置首次记录"]
    assert re.search(r"roles\.auditor\.\w+：（空） → ", told["组织配置首次记录"])
    calendar = told["启用工作日历（首次）"]
    assert "2026 年的放假安排：（空） → 国办发明电〔2025〕7号" in calendar
    assert re.search(r"；2026-01-01(?: 至 2026-01-0\d)?：照常 → 放假（元旦", calendar)
    assert "2026 年安排的文号：（空） → 国办发明电〔2025〕7号" in told["配置文件中的放假安排（首次记录）"]
    page = Visitor(filled, "auditor").get("/audit/settings", kind="settings_loaded").text
    assert re.search(r"<summary>首次记录 \d+ 项，此前没有记录：", page)


def test_a_condition_that_no_question_knows_is_named_and_nothing_is_answered(filled: World) -> None:
    auditor = Visitor(filled, "auditor")
    for address in ("/audit/acts?person=office&from=2026-11-06", "/audit/acts.xlsx?person=office&from=2026-11-06"):
        page = auditor.get(address)
        assert "没有“from”这个条件" in page.text, address
        assert "从（since）" in page.text, address
        assert "<tbody>" not in page.text
    assert auditor.get("/audit/acts?person=office&offset=0").text.count("这个条件") == 0


def test_a_period_that_ends_before_it_begins_is_refused_everywhere(filled: World) -> None:
    period = "since=2026-12-01&until=2026-11-01"
    for address in ("/audit/looks", "/audit/returns", "/audit/looks.xlsx"):
        page = Visitor(filled, "auditor").get(f"{address}?{period}")
        assert "晚于" in page.text, address
        assert "没有符合条件的记录" not in page.text, address
    answer = filled.api("auditor").get("/audit/looks", since="2026-12-01", until="2026-11-01")
    assert answer.status_code == 422
    assert "晚于" in answer.text
