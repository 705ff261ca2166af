"""督办台: what it counts, what is done with many rows at once, what of it goes through and what not, and why."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from service import clock
from service.ledger.circulars import circular
from service.processes import operations
from service.processes.incidents import CLOCK, open_incident
from service.processes.models import OPEN, Instance, UserTask
from service.processes.sharing import note_printed
from service.rights import SYSTEM
from tests.factories.databases import ON_BOTH
from tests.factories.documents import text_of
from tests.factories.exports import exported_rows
from tests.factories.statements import counted
from tests.factories.versions import version
from tests.factories.visitor import Visitor
from tests.factories.workers import happened, mismatches, work_all
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH


def send(visitor: Visitor, key: str = "", **body: Any) -> Any:
    """The operation as the page's script sends it."""
    headers = {"X-CSRFToken": visitor.token(), "Accept": "application/json"}
    return visitor.client.post("/board", json=body, headers=headers | ({"Idempotency-Key": key} if key else {}))


def late(world: World, *units: str) -> UUID:
    """A need whose units are one working day past their date."""
    case = world.dispatched(*units)
    world.do(OFFICE, "feedback_accepted")
    return case


def test_what_was_answered_a_second_ago_is_told_and_keeps_no_other_back(world: World) -> None:
    late(world, "edu", "hrss")
    first, second = world.task("handle", "edu"), world.task("handle", "hrss")
    world.clock.advance(days=12)
    office = Visitor(world, OFFICE)
    page = office.get("/board", light="red", tick="late").text
    assert page.count(" checked>") == 2
    world.do("handler-edu", "handle", world.sample("handle"), unit="edu")
    tasks = [str(first.id), str(second.id), str(uuid4()), "nonsense"]
    answer = send(
        office, "k", operation="urge", task=tasks, urge_text="{单位}{主协办}：{时限}，{催办次数} 次", channel="phone"
    )
    again = send(
        office, "k", operation="urge", task=tasks, urge_text="{单位}{主协办}：{时限}，{催办次数} 次", channel="phone"
    )
    assert answer.status_code == again.status_code == 200
    assert answer.json == again.json
    [urged] = [event for event in happened(world, "urged") if event.data["by_hand"]]
    assert urged.data["channel"] == "phone"
    assert re.fullmatch(r"区人力资源和社会保障局.*协办：超期 \d 个工作日，0 次", urged.data["text"]), urged.data["text"]
    told = office.get(answer.json["location"]).text
    assert "不必催办" in told
    assert told.count("没有这个任务，或您无权查看") == 2
    assert "成功 1 件，未成功 3 件" in told
    assert Visitor(world, "handler-hrss").get(answer.json["location"]).status_code in (403, 404)
    assert mismatches(world) == []


def test_a_text_with_an_unknown_name_is_refused_whole(world: World) -> None:
    late(world, "edu")
    task = str(world.task("handle", "edu").id)
    office = Visitor(world, OFFICE)
    long = "长" * 1001
    refused = [("{没有}", "不能使用 {没有}"), ("{编号", "花括号不成对")]
    refused += [(" ", "催办内容：必填，请填写"), (long, "催办内容：不能超过 1000 个字")]
    for text, said in refused:
        answer = send(office, operation="urge", task=[task], urge_text=text)
        assert answer.status_code == 422
        assert said in answer.json["detail"]
    assert send(office, operation="urge", task=[], urge_text="请抓紧").status_code == 422
    assert send(office, operation="fly", task=[task]).status_code == 422
    assert send(office, operation="urge", task=[str(uuid4()) for _ in range(201)], urge_text="x").status_code == 422
    assert happened(world, "urged") == []


def test_a_unit_sees_its_own_part_and_is_offered_nothing_of_the_offices(world: World) -> None:
    late(world, "edu", "hrss")
    task = world.task("handle", "edu").id
    other = world.task("handle", "hrss").id
    edu, office = Visitor(world, "handler-edu"), Visitor(world, OFFICE)
    page = edu.get("/board").text
    assert 'value="claim"' in page
    assert "do-urge" not in page
    assert str(task) in page
    assert str(other) not in page
    figures = world.api("handler-edu").get("/board").json
    assert {cell["unit"] for cell in figures["cells"]} == {"edu"}
    everybody = world.api(OFFICE).get("/board").json
    assert {"edu", "hrss"} <= {cell["unit"] for cell in everybody["cells"]}
    assert sum(everybody["lights"].values()) == sum(cell["count"] for cell in everybody["cells"])
    refused = send(edu, operation="urge", task=[str(task)], urge_text="请抓紧")
    assert "未成功 1 件" in edu.get(refused.json["location"]).text
    claimed = send(edu, operation="claim", task=[str(task), str(other)])
    told = edu.get(claimed.json["location"]).text
    assert "已领办" in told
    assert "没有这个任务，或您无权查看" in told or "职责范围" in told
    assert office.get("/board").text.count("已领办") >= 1


def test_half_of_a_batch_may_be_accepted(world: World) -> None:
    cases = [world.recorded(), world.recorded()]
    waiting = []
    for case in cases:
        world.case = case
        waiting.append(str(world.task("accept").id))
    late(world, "edu")
    handling = str(world.task("handle", "edu").id)
    office = Visitor(world, OFFICE)
    answer = send(office, operation="accept", task=[waiting[0], handling, waiting[1]])
    told = office.get(answer.json["location"]).text
    assert "成功 2 件，未成功 1 件" in told
    assert "当前步骤是「办理」，不能在这里受理" in told
    numbers = set(re.findall(r"2026-需-\d{4}", told))
    assert len(numbers) == 3
    again = send(office, operation="accept", task=waiting)
    assert office.get(again.json["location"]).text.count("已由") >= 2


def test_a_circular_about_a_unit_that_has_answered_meanwhile_says_so(world: World) -> None:
    """Its answer waits for its review: 仍未回复 on paper would be untrue, and no day more is late."""
    late(world, "edu")
    world.clock.advance(days=12)
    office, task = Visitor(world, OFFICE), world.task("handle", "edu")
    send(office, operation="propose", task=[str(task.id)], propose_text="多次催办未办")
    world.do("handler-edu", "handle", world.sample("handle"), unit="edu")
    answered = world.done("handle")
    world.clock.advance(days=10)
    issued = send(office, operation="issue", task=[str(world.task("approve_circular").id)], issue_text="")
    assert "已选“发出通报”" in office.get(issued.json["location"]).text
    [event] = happened(world, "circular_issued")
    assert answered.late_days > 0
    assert f"超期 {answered.late_days} 个工作日，其间" in event.data["text"]
    assert re.search(r"次，2026年\d+月\d+日才回复。现予通报。$", event.data["text"]), event.data["text"]
    with world.database.reading() as session:
        paper = circular(session, world.case, 1, world.actor(OFFICE))
    [said] = [one["value"] for one in paper.data["facts"] if one["name"] == "已超期"]
    assert re.fullmatch(rf"{answered.late_days} 个工作日（\S+回复）", said)


@pytest.mark.parametrize(
    ("answer", "told", "late_by", "on_paper"),
    [
        ("taken back", "仍未回复。现予通报，请抓紧办理并书面回复区人才办。", 4, r"截至\S+"),
        ("handed back", r"\S+日退回改派。现予通报。", 1, r"\S+日退回改派"),
        ("sent back", r"\S+日才回复。现予通报。", 1, r"\S+日回复"),
    ],
)
def test_a_circular_and_its_paper_tell_the_same_of_an_answer(
    world: World, answer: str, told: str, late_by: int, on_paper: str
) -> None:
    """One that was taken back is none, one that hands the work back ends what the unit is late by, and one that was
    sent back began another round, which the circular is not about."""
    late(world, "edu")
    world.clock.advance(days=12)
    office, task = Visitor(world, OFFICE), world.task("handle", "edu")
    send(office, operation="propose", task=[str(task.id)], propose_text="多次催办未办")
    said = {"result": "not_ours", "reason": "不属本单位职责"} if answer == "handed back" else world.sample("handle")
    world.do("handler-edu", "handle", said, unit="edu")
    if answer == "taken back":
        own = {"actor": world.actor("handler-edu"), "now": clock.now()}
        with world.transaction() as session:
            operations.take_back(session, task_id=world.done("handle").id, reason="附件传错", **own)
    elif answer == "sent back":
        world.do(OFFICE, "review_reply", {"decision": "redo", "comment": "请补充"})
    world.clock.advance(days=10)
    send(office, operation="issue", task=[str(world.task("approve_circular").id)], issue_text="")
    [event] = happened(world, "circular_issued")
    assert re.search(rf"，超期 {late_by} 个工作日，其间催办0次，{told}$", event.data["text"]), event.data["text"]
    with world.database.reading() as session:
        paper = circular(session, world.case, 1, world.actor(OFFICE))
    [found] = [one["value"] for one in paper.data["facts"] if one["name"] == "已超期"]
    assert re.fullmatch(rf"{late_by} 个工作日（{on_paper}）", found), found
    assert mismatches(world) == []


def test_a_proposed_text_that_knows_of_no_answer_is_not_issued_unread_once_there_is_one(world: World) -> None:
    """As by the form of a version from before: opened, it can be put right."""
    known = "{facts.answered or facts.handed_back or '仍未'}"
    words = "{'才回复' if facts.answered else '退回改派' if facts.handed_back else '回复'}"
    asked = "{'现予通报。' if facts.answered or facts.handed_back else '现予通报，请抓紧办理并书面回复区人才办。'}"
    said, wished = (f"{known}{words}", "仍未回复"), (asked, "现予通报。")
    version(world, {"forms/approve_circular.json": [said, wished]})
    late(world, "edu")
    world.clock.advance(days=12)
    office, task = Visitor(world, OFFICE), world.task("handle", "edu")
    send(office, operation="propose", task=[str(task.id)], propose_text="多次催办未办")
    world.do("handler-edu", "handle", world.sample("handle"), unit="edu")
    approving = str(world.task("approve_circular").id)
    issued = send(office, operation="issue", task=[approving], issue_text="")
    assert "回复，预先拟好的文字没有写到，请逐件核对后再办" in office.get(issued.json["location"]).text
    assert happened(world, "circular_issued") == []
    worded = send(office, operation="issue", task=[approving], issue_text="{单位}逾期才回复，现予通报。")
    assert "已选“发出通报”" in office.get(worded.json["location"]).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{单位}的“{事项}”{时限}，催办 {催办次数} 次", r"区教育局的“子女入学”超期 \d 个工作日，催办 0 次"),
        ("", r"区教育局承办的“子女入学”（2026-需-0001）.*现予通报.*"),
    ],
    ids=["words", "as the form proposes"],
)
def test_a_circular_is_proposed_by_hand_and_issued_from_the_board(world: World, text: str, said: str) -> None:
    late(world, "edu")
    task = world.task("handle", "edu")
    office = Visitor(world, OFFICE)
    early = send(office, operation="propose", task=[str(task.id)], propose_text="拟通报")
    assert "没有超期，不能提请通报" in office.get(early.json["location"]).text
    world.clock.advance(days=12)
    answer = send(office, operation="propose", task=[str(task.id)], propose_text="{单位}多次催办未办")
    assert "已提请通报，待审批" in office.get(answer.json["location"]).text
    twice = send(office, operation="propose", task=[str(task.id)], propose_text="再提")
    assert "已经提请过通报，请在待办里审批" in office.get(twice.json["location"]).text
    approving = world.task("approve_circular")
    issued = send(office, operation="issue", task=[str(approving.id)], issue_text=text)
    assert "已选“发出通报”" in office.get(issued.json["location"]).text
    after = send(office, operation="propose", task=[str(task.id)], propose_text="又提")
    assert "也已审批，结果见该事项的办理过程" in office.get(after.json["location"]).text
    [event] = happened(world, "circular_issued")
    assert event.data["scope"] == "unit"
    assert re.fullmatch(said, event.data["text"]), event.data["text"]
    [done] = [event for event in happened(world, "completed") if event.data["step"] == "approve_circular"]
    assert "现予通报" in str(done.data["filled"]), "what the form had proposed, whatever was written in its place"
    fired = [event for event in happened(world, "timer_fired") if event.data.get("by_hand")]
    assert [(one.actor, one.data["reason"]) for one in fired] == [(OFFICE, "区教育局多次催办未办")]
    assert "区教育局多次催办未办" in office.get(f"/cases/{world.case}").text
    assert mismatches(world) == []


def test_no_circular_is_proposed_about_the_office_itself(world: World) -> None:
    world.recorded()
    world.clock.advance(days=30)
    office = Visitor(world, OFFICE)
    own = send(office, operation="propose", task=[str(world.task("accept").id)], propose_text="拟通报")
    assert "本步骤由区人才办承办，不提请通报，请直接办理" in office.get(own.json["location"]).text


def test_the_forms_of_ticked_rows_are_one_file_each_noted_as_printed(world: World) -> None:
    cases = [late(world, "edu"), world.recorded()]
    tasks = []
    for case in cases:
        world.case = case
        tasks.append(str(world.task("handle" if case == cases[0] else "accept").id))
    office = Visitor(world, OFFICE)
    answer = send(office, operation="print", task=tasks)
    assert "成功 2 件" in office.get(answer.json["location"]).text
    paper = office.get(f"{answer.json['location']}/papers.pdf")
    assert paper.mimetype == "application/pdf"
    assert len(PdfReader(BytesIO(paper.data)).pages) >= 2
    for case in cases:
        world.case = case
        assert [event.data["paper"] for event in happened(world, "printed")] == ["sheet"]
    assert Visitor(world, "handler-edu").get(f"{answer.json['location']}/papers.pdf").status_code == 404


def test_any_kind_of_paper_is_printed_for_the_ticked_rows(world: World) -> None:
    cases = [late(world, "edu"), late(world, "hrss")]
    office, tasks = Visitor(world, OFFICE), []
    for case, unit in zip(cases, ("edu", "hrss"), strict=True):
        world.case = case
        tasks.append(str(world.task("handle", unit).id))
    world.clock.advance(days=12)
    send(office, operation="urge", task=tasks[:1], urge_text="请抓紧")
    assert '<option value="urge_letter">催办通知书</option>' in office.get("/board").text
    answer = send(office, operation="print", task=tasks, paper="urge_letter")
    told = office.get(answer.json["location"]).text
    assert "成功 1 件，未成功 1 件" in told
    assert "本件没有这种文书可以打印" in told
    paper = office.get(f"{answer.json['location']}/papers.pdf")
    assert paper.status_code == 200
    words = text_of(paper.data)
    assert "催办通知书" in words
    assert "区教育局" in words
    world.case = cases[0]
    assert [event.data["paper"] for event in happened(world, "printed")] == ["urge_letter"]
    none = send(office, operation="print", task=tasks, paper="nothing")
    assert office.get(f"{none.json['location']}/papers.pdf").status_code == 404


def test_a_circular_that_the_board_prints_is_counted_as_one_printed_alone(world: World) -> None:
    office, cases = Visitor(world, OFFICE), [late(world, "edu"), late(world, "hrss")]
    tasks = []
    world.clock.advance(days=12)
    for case, unit in zip(cases, ("edu", "hrss"), strict=True):
        world.case = case
        tasks.append(str(world.task("handle", unit).id))
    send(office, operation="propose", task=tasks, propose_text="多次催办未办")
    for case in cases:
        world.case = case
        send(office, operation="issue", task=[str(world.task("approve_circular").id)])
    assert office.get("/circulars").text.count("未打印") == 2
    answer = send(office, operation="print", task=tasks, paper="circular")
    assert office.get(f"{answer.json['location']}/papers.pdf").status_code == 200
    office.get(f"/cases/{cases[0]}/circulars/1.pdf")
    told = office.get(answer.json["location"]).text
    assert "通报〔2026〕1号" in told
    assert "通报 通报" not in told
    rows = {row[2].value: row[13].value for row in exported_rows(office, "/circulars.xlsx")}
    assert rows == {"区教育局": 2, "区人力资源和社会保障局": 1}
    world.case = cases[0]
    assert len({(one.data["name"], one.data["as_of"]) for one in happened(world, "printed")}) == 1
    world.case = cases[1]
    [printed] = happened(world, "printed")
    assert printed.data["name"].startswith("通报〔2026〕2号 ")


def test_a_batch_that_an_earlier_version_noted_by_its_file_is_counted_where_it_can_mean_one_alone(world: World) -> None:
    office, case = Visitor(world, OFFICE), late(world, "edu", "hrss")
    world.clock.advance(days=12)

    def circulated(unit: str) -> None:
        task = str(world.task("handle", unit).id)
        send(office, operation="propose", task=[task], propose_text="多次催办未办")
        send(office, operation="issue", task=[str(world.task("approve_circular").id)])

    def printed() -> list[tuple[Any, Any, Any]]:
        with world.database.transaction() as session:
            said = {"paper": "circular", "name": "通报 2 份", "sha256": "0" * 64, "at": None}
            note_printed(session, instance_id=case, actor=world.actor(OFFICE), now=world.clock.now, **said)
        rows = exported_rows(office, "/circulars.xlsx")
        return [(row[13].value, bool(row[14].value), bool(row[15].value)) for row in rows]

    circulated("edu")
    assert "未打印" in office.get("/circulars").text
    assert printed() == [(1, True, False)]
    assert "未打印" not in office.get("/circulars").text
    circulated("hrss")
    assert printed() == [(0, False, True), (1, True, True)]
    assert "当时没有记是哪一份" in office.get("/circulars").text


def test_the_register_of_circulars_tells_who_has_signed(world: World) -> None:
    office, _ = Visitor(world, OFFICE), late(world, "edu")
    world.clock.advance(days=12)
    send(office, operation="propose", task=[str(world.task("handle").id)], propose_text="多次催办未办")
    send(office, operation="issue", task=[str(world.task("approve_circular").id)])
    work_all(world)
    assert "未签收" in office.get("/circulars").text
    [row] = exported_rows(office, "/circulars.xlsx")
    assert (row[11].value, row[12].value) == (None, None)
    handler = Visitor(world, "handler-edu")
    for address in re.findall(r'action="(/notices/[0-9a-f-]+/receipt)"', handler.get("/notices").text):
        handler.submit(address)
    assert "未签收" not in office.get("/circulars").text
    [row] = exported_rows(office, "/circulars.xlsx")
    assert row[11].value in office.get("/circulars").text
    assert row[12].value is not None


def test_lists_cost_the_same_however_long_they_are(world: World) -> None:
    late(world, "edu")
    office = Visitor(world, OFFICE)
    office.get("/board")
    with counted(world) as few:
        office.get("/board")
    for _ in range(4):
        late(world, "edu", "hrss")
    with counted(world) as many:
        assert office.get("/board").status_code == 200
    assert len(many) <= len(few) + 2, (len(few), len(many))  # a second unit has names and a part of its own


def test_filters_edited_by_hand_are_told_or_passed_over(world: World) -> None:
    late(world, "edu")
    office = Visitor(world, OFFICE)
    for query in ({"light": "purple"}, {"sort": "; drop"}, {"urged": "perhaps"}):
        page = office.get("/board", **query)
        assert (page.status_code, "没有按它筛选" in page.text) == (200, True), query
        assert world.api(OFFICE).get(f"/board/tasks?{urlencode(query)}").status_code == 422, query
    for query in ({"stage": "\x00"}, {"q": "'"}):
        assert office.get("/board", **query).status_code == 200, query
    for path in ("/board", "/urges", "/circulars", "/contacts"):
        page = office.get(path, unit="nowhere").text
        assert "“单位”写的“nowhere”不是单位名录里的单位，没有按它筛选" in page, path
    whole = office.get("/board").text
    for unknown in ({"unit": "nowhere"}, {"role": "x" * 300}, {"unit": "\x00"}):
        page = office.get("/board", **unknown).text
        assert "没有按它筛选" in page
        assert page.count('name="task[]" value=') == whole.count('name="task[]" value=') > 0


def test_the_workbook_holds_the_rows_that_the_filters_let_through(world: World) -> None:
    late(world, "edu", "hrss")
    world.recorded()
    office = Visitor(world, OFFICE)
    assert len(exported_rows(office, "/board.xlsx")) == 3
    [row] = exported_rows(office, "/board.xlsx?unit=hrss")
    assert [row[4].value, row[5].value] == ["区人力资源和社会保障局", "协办"]
    assert len(exported_rows(office, "/board.xlsx?q=znrx&unit=edu")) == 1
    assert exported_rows(office, "/board.xlsx?q=公寓") == []
    [row] = exported_rows(office, "/board.xlsx?role=talent_office")
    assert row[7].value == "受理审核"


def test_the_wall_names_no_person_and_no_matter(world: World) -> None:
    late(world, "edu")
    world.clock.advance(days=12)
    page = Visitor(world, OFFICE).get("/board/wall").text
    assert "区教育局" in page
    assert re.search(r"2026-需-\d{4}", page)
    for secret in ("子女入学", "周慕白", "林见深"):
        assert secret not in page
    assert 'data-reload="60"' in page


def test_a_board_without_rows_says_so(world: World) -> None:
    page = Visitor(world, OFFICE).get("/board").text
    assert "没有未办结的步骤" in page
    assert "催办超期的" not in page


def test_to_claim_is_offered_to_who_has_something_to_take(world: World) -> None:
    late(world, "edu")
    claim = 'name="operation" value="claim"'
    assert claim in Visitor(world, "handler-edu").get("/board").text
    assert claim not in Visitor(world, "auditor").get("/board").text
    assert 'value="print"' in Visitor(world, "auditor").get("/board").text


def test_urging_the_late_is_offered_where_a_unit_is_late_and_the_offices_own_step_is_signed_for(world: World) -> None:
    world.recorded()
    world.clock.advance(days=5)
    office, task = Visitor(world, OFFICE), str(world.task("accept").id)
    page = office.get("/board").text
    assert "催办超期的" not in page
    assert "超期 1" in page
    sign = f'action="/tasks/{task}/acknowledge"'
    assert sign not in office.get(f"/tasks/{task}").text
    with world.transaction() as session:  # by the clock: the office does not urge itself by hand
        row = session.get_one(UserTask, UUID(task))
        said = {"actor": SYSTEM, "now": world.clock.now, "text": "请抓紧", "by_hand": False}
        operations.count_urge(session, session.get_one(Instance, world.case), row, **said)
    assert sign in office.get(f"/tasks/{task}").text
    assert office.post(f"/tasks/{task}/acknowledge").status_code == 200
    assert sign not in office.get(f"/tasks/{task}").text
    assert "签收 1 次" in office.get("/board").text
    late(world, "edu")
    world.clock.advance(days=30)
    assert "催办超期的" in office.get("/board").text


def test_pages_that_wait_for_the_worker_say_that_it_stands_still(world: World) -> None:
    late(world, "edu")
    office = Visitor(world, OFFICE)
    assert not any("后台已停止" in office.get(path).text for path in ("/", "/board"))
    with world.transaction() as session:
        open_incident(session, kind=CLOCK, message="时钟跳变", now=world.clock.now)
    assert all("后台已停止" in office.get(path).text for path in ("/", "/board"))


def test_the_offices_own_steps_are_not_urged(world: World) -> None:
    world.recorded()
    own = str(world.task("accept").id)
    late(world, "edu")
    tasks = [own, str(world.task("handle").id)]
    world.clock.advance(days=12)
    office = Visitor(world, OFFICE)
    told = office.get(send(office, operation="urge", task=tasks, urge_text="请办理").json["location"]).text
    assert "成功 1 件，未成功 1 件" in told
    assert "本步骤由区人才办承办，不必催办，请直接办理" in told


def test_the_urges_of_a_row_without_a_number_open_its_own_alone(world: World) -> None:
    cases = [world.recorded(title="人才公寓续租") for _ in range(2)]
    for world.case in cases:  # back with the liaison, without a number still
        world.do(OFFICE, "accept", {"decision": "return", "reason": "请补充"})
    cases.append(world.dispatched(title="子女入学"))
    for one in cases:
        with world.transaction() as session:
            operations.urge(
                session,
                instance_id=one,
                task_id=next(
                    row.id
                    for row in session.scalars(select(UserTask).where(UserTask.instance_id == one))
                    if row.status == OPEN and row.task in ("record_need", "handle")
                ),
                text="请尽快办理",
                actor=world.actor(OFFICE),
                now=world.clock.now,
            )
    office = Visitor(world, OFFICE)
    links = {unescape(link) for link in re.findall(r'href="(/urges\?[^"]*)"', office.get("/board").text)}
    found = [office.get(link).text for link in links]
    assert [page.partition("<tbody>")[2].count("<tr>") for page in found] == [1, 1, 1]
    assert sorted("人才公寓续租" in page for page in found) == [False, True, True]
