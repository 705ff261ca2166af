"""发布, 影响 and 在办事项迁移: an owner puts a draft in force, and moves open cases there and back."""

from __future__ import annotations

import re
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook

from service import jobs
from service.processes.models import Definition, Instance
from tests.factories.jobs import work_off
from tests.factories.owners import Owner
from tests.factories.versions import FIVE_DAYS, version
from tests.factories.visitor import Visitor
from tests.factories.world import World

UNIT = "bpmn/unit_handling.bpmn"


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def draft(owner: Owner) -> UUID:
    return owner.draft()


def shorten(owner: Owner, draft: UUID) -> None:
    """A draft in which units have 5 working days for a need about housing."""
    found = owner.client.get(f"/studio/{draft}/files/{UNIT}")
    text = found.text.replace("else working_days(7)", "else working_days(5 if category == 'housing' else 7)")
    assert owner.put(draft, UNIT, text, int(found.headers["ETag"].strip('"'))).status_code == 200


def agreed(owner: Owner, draft: UUID) -> None:
    """The same draft, and the scenario that counted on 7 days takes the new date."""
    shorten(owner, draft)
    assert len(owner.accept_scenarios(draft)) == 1


def send(owner: Owner, address: str, **fields: str) -> str:
    """Sends a plain form; the address that it leads to."""
    answer = owner.client.post(address, data={**fields, "csrf_token": owner.visitor.token()})
    assert answer.status_code == 302, re.sub(r"<[^>]+>|\s+", " ", answer.text.partition("<main")[2])[:600]
    return str(answer.headers["Location"])


def test_a_draft_is_published_with_its_note_and_the_page_says_what_changes(owner: Owner, draft: UUID) -> None:
    shorten(owner, draft)
    page = owner.client.get(f"/studio/{draft}/publish").text
    assert (
        "「办理」（区住房城乡建设和水利局）的期限：应为 2026-03-11，实为 2026-03-09" in page
    )  # a scenario counts on 7 days
    agreed(owner, draft)
    page = owner.client.get(f"/studio/{draft}/publish").text
    assert "流程检查没有错误" in page
    assert "办理" in page.partition("与现行版本的差别")[2]
    led = send(owner, f"/studio/{draft}/publish", note="住房类改为 5 个工作日")
    assert led.endswith("/studio/processes/request")
    assert "住房类改为 5 个工作日" in owner.client.get(led).text
    with owner.world.transaction() as session:
        made = session.query(Definition).filter_by(key="request", version=2).one()
        assert (made.note, made.deployed_by) == ("住房类改为 5 个工作日", "owner")
    assert "已发布为第 2 版" in owner.client.get(f"/studio/{draft}/publish").text


def test_a_draft_that_was_overtaken_is_merged_file_by_file_in_the_words_of_its_files(owner: Owner, draft: UUID) -> None:
    other = owner.draft()
    for one, name in ((draft, "承办"), (other, "经办")):
        found = owner.client.get(f"/studio/{one}/files/{UNIT}")
        renamed = found.text.replace('name="办理"', f'name="{name}"', 1)
        assert owner.put(one, UNIT, renamed, int(found.headers["ETag"].strip('"'))).status_code == 200
    send(owner, f"/studio/{draft}/publish", note="叫法改了")
    token = {"csrf_token": owner.visitor.token()}
    page = owner.client.post(f"/studio/{other}/rebase", data=token)
    assert "流程图“责任单位办理”" in page.text
    assert f">{UNIT}<" not in page.text
    refused = owner.client.post(f"/studio/{other}/publish", data={**token, "note": "也改"})
    assert "现行版本已是第 2 版（" in refused.text
    assert "owner 发布" not in refused.text
    send(owner, f"/studio/{other}/rebase", **{f"keep:{UNIT}": "mine"})
    assert "以第 2 版为底" in owner.client.get(f"/studio/{other}/publish").text


def test_no_note_and_no_difference_are_refused_in_words(owner: Owner, draft: UUID) -> None:
    for note, told in (("", "请写明为什么修改"), ("没有改", "没有差别")):
        answer = owner.client.post(f"/studio/{draft}/publish", data={"note": note, "csrf_token": owner.visitor.token()})
        assert answer.status_code in (409, 422)
        assert told in answer.text


def test_open_cases_are_looked_at_moved_and_moved_back(owner: Owner, draft: UUID) -> None:
    case = owner.world.dispatched()
    agreed(owner, draft)
    looked = send(owner, f"/studio/{draft}/impact", due="recount")
    work_off(owner.world)
    page = owner.client.get(looked).text
    assert "已完成" in page
    assert "可以迁移" in page
    send(owner, f"/studio/{draft}/publish", note="住房类改为 5 个工作日")
    page = owner.client.get("/studio/processes/request/move").text
    assert 'required value="住房类改为 5 个工作日"' in page  # nobody is asked the same twice
    assert 'value="look" formnovalidate' in page
    wish = {"from": "1", "to": "2", "due": "keep", "reason": "改期"}
    asked = {**wish, "operation": "ask", "csrf_token": owner.visitor.token()}
    page = owner.client.post("/studio/processes/request/move", data=asked, follow_redirects=True).text
    assert "<h1>迁移 1 件？</h1>" in page
    assert "第 1 版的全部在办事项" in page
    assert "照原来承诺的" in page
    assert version_of(owner.world, case) == 1
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.partition("<h1>")[2]))
    assert {name: hidden[name] for name in wish} == wish  # the answer carries all that was asked
    nobody = owner.client.post("/studio/processes/request/move", data={**asked, "from": "", "to": "1"})
    assert (nobody.status_code, "没有可以迁移的在办事项" in nobody.text) == (422, True)
    looked = send(owner, "/studio/processes/request/move", **{**wish, "operation": "look"})
    work_off(owner.world)
    page = owner.client.get(looked).text
    [alone] = re.findall(r'href="([^"]+)">只迁这件', page)
    page = owner.client.get(alone.replace("&amp;", "&")).text
    assert f'name="case" value="{case}"' in page
    assert '<option value="2" selected>' in page
    moved = send(owner, "/studio/processes/request/move", **{**wish, "operation": "move"})
    work_off(owner.world)
    page = owner.client.get(moved).text
    assert "已迁移" in page
    assert "第 1 版 → 第 2 版" in page
    assert "理由：改期" in page
    assert version_of(owner.world, case) == 2
    [key] = re.findall(r'name="case" value="([^"]+)"', page)
    asked = {"case": key, "to": "1", "due": "keep", "operation": "move", "csrf_token": owner.visitor.token()}
    refused = owner.client.post("/studio/processes/request/move", data={**asked, "reason": " "})
    assert (refused.status_code, "请写明为什么迁移" in refused.text) == (422, True)
    back = send(owner, "/studio/processes/request/move", **{**asked, "reason": "改得太急"})
    work_off(owner.world)
    page = owner.client.get(back).text
    assert "已迁移" in page
    assert re.search(r"2026-需-\d{4}，第 2 版 → 第 1 版", page)
    assert "现按第 1 版办理" in page
    assert version_of(owner.world, case) == 1
    page = owner.client.get(moved).text  # the job of before says where the case is now, and offers nothing
    assert "已迁回，现按第 1 版" in page
    assert "data-dialog" not in page.partition("<h2>逐件结果</h2>")[2]


def test_the_form_for_one_case_asks_for_its_number_and_never_takes_all(owner: Owner) -> None:
    owner.world.dispatched()
    to = str(version(owner.world, FIVE_DAYS))
    for operation in ("look", "ask", "move"):
        sent = {"number": " ", "to": to, "due": "keep", "reason": "改期", "operation": operation}
        answer = owner.client.post("/studio/processes/request/move", data={**sent, "csrf_token": owner.visitor.token()})
        assert (answer.status_code, "请填写事项编号，如 2026-需-0012" in answer.text) == (422, True), operation
        del sent["number"]  # a page with script leaves out what is empty
        answer = owner.visitor.post("/studio/processes/request/move", **sent, alone="yes")
        assert (answer.status_code, (answer.json or {})["errors"][0]["path"]) == (422, "/number"), operation
    assert owner.client.get("/studio/processes/request/move?asked=1&number=&to=2&reason=x").status_code == 422
    with owner.world.transaction() as session:
        assert jobs.jobs(session, owner.world.actor("owner"), limit=5).items == ()


def test_moving_back_offers_the_dates_of_before_where_the_move_counted_anew(owner: Owner) -> None:
    case = owner.world.dispatched()
    promised = owner.world.task("handle").due_on
    to = str(version(owner.world, FIVE_DAYS))
    wish = {"to": to, "due": "recount", "reason": "缩短", "operation": "move"}
    moved = send(owner, "/studio/processes/request/move", **wish)
    work_off(owner.world)
    assert owner.world.task("handle").due_on != promised
    page = owner.client.get(moved).text
    assert '<option value="recount" selected>' in page
    day = r"\d{4}-\d\d-\d\d"
    due, warn = (rf"{name}由 {day} 变为 {day}" for name in ("期限", "预警（转黄）"))
    assert re.search(rf"「办理」{due}；{warn}；临期提醒（到期前3个工作日）由 {day} 09:00 变为", page)
    [address] = set(re.findall(r'href="(/studio/jobs/[^"]+\.xlsx)"', page))
    rows = list(load_workbook(BytesIO(owner.client.get(address).data)).active.values)
    step, name, was, would = (
        rows[0].index("步骤"),
        rows[0].index("期限或定时"),
        rows[0].index("原来"),
        rows[0].index("迁移后"),
    )
    [due] = [row for row in rows[1:] if (row[step], row[name]) == ("办理", "到期")]
    assert (due[was].date(), due[would] < due[was]) == (promised, True)
    send(owner, "/studio/processes/request/move", **{**wish, "case": str(case), "to": "1"})
    work_off(owner.world)
    assert owner.world.task("handle").due_on == promised
    told = Visitor(owner.world, "office").client.get(f"/cases/{case}").text
    assert told.count("换版本后重新计算，到期日由") == 2
    assert "工作日历调整" not in told


def version_of(world: World, case: UUID) -> int:
    with world.transaction() as session:
        return session.get_one(Instance, case).version
