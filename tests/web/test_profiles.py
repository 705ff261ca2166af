"""A process that somebody draws is on every page as its diagram says, without a line of Python."""

from __future__ import annotations

import json
import re

import pytest

from service import clock
from service.checks.gate import checked
from service.processes import properties
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.processes.queries import case_detail
from service.processes.replay import verify
from service.rights import SYSTEM
from service.usecases.prepare import check_context
from service.web.begins import PAGES
from service.web.menu import GROUPS
from tests.factories.change_reports import MOVED
from tests.factories.diagrams import drawn, form
from tests.factories.visitor import Visitor
from tests.factories.world import HOME, World

SAYS = {
    "stages": "ask:申办 grant:核发",
    "order": "5",
    "occasion": "人才提出时",
    "work": "区人才办收下申请并发证",
    "button": "申办人才证",
    "purpose": "为人才申办服务证",
    "page": "activities",
}


def tiny(says: dict[str, str], start: str = "") -> dict[str, bytes]:
    """A process of two steps that the Talent Office takes; ``start``: another start event, by the calendar."""
    said = "".join(f'<spiffworkflow:property name="{name}" value="{value}" />' for name, value in says.items())
    step = (
        '<bpmn:userTask id="{0}" name="{1}"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="stage" value="{2}" />'
        '<spiffworkflow:property name="form" value="ask_card" />'
        "</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>"
    )
    stages = [code for code, _ in properties.stages_of(says.get("stages", "intake handling"))]
    held = "<bpmn:extensionElements><spiffworkflow:properties>{}</spiffworkflow:properties></bpmn:extensionElements>"
    body = (
        f'<bpmn:process id="card" name="人才服务证" isExecutable="true">{held.format(said) if said else ""}'
        '<bpmn:laneSet id="lanes"><bpmn:lane id="talent_office" name="区人才办">'
        "<bpmn:flowNodeRef>ask_card</bpmn:flowNodeRef><bpmn:flowNodeRef>grant_card</bpmn:flowNodeRef>"
        "</bpmn:lane></bpmn:laneSet>"
        '<bpmn:startEvent id="begin" name="申办" />'
        '<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="ask_card" />'
        f"{step.format('ask_card', '提出申请', stages[0])}"
        '<bpmn:sequenceFlow id="f2" sourceRef="ask_card" targetRef="grant_card" />'
        f"{step.format('grant_card', '发给证件', stages[1])}"
        '<bpmn:sequenceFlow id="f3" sourceRef="grant_card" targetRef="done" /><bpmn:endEvent id="done" name="办结" />'
        f"{start}</bpmn:process>"
    )
    asked = form("申办人才证", {"remark": {"type": "string", "title": "说明", "maxLength": 100}})
    return {"bpmn/card.bpmn": drawn(body).encode(), "forms/ask_card.json": json.dumps(asked).encode()}


def publish(world: World, key: str, files: dict[str, bytes]) -> None:
    """Deploys as ``liaison deploy`` does, checks included."""
    context = check_context(world.settings, world.organization)
    with world.transaction() as session:
        deploy(session, checked(files, key=key, context=context), actor=SYSTEM, now=clock.now())


def row(page: str) -> str:
    """The line of the process in the help page's table."""
    found = re.search(r"<tr>(?:(?!<tr>).)*/processes/card/\d+.*?</tr>", page, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", "|", found[0])


def test_a_new_process_is_found_everywhere_by_what_its_diagram_says(world: World) -> None:
    publish(world, "card", tiny(SAYS))
    office = Visitor(world, "office")
    help_page = office.get("/help").text
    told = row(help_page)
    for said in ("人才提出时", "人才服务证", "区人才办收下申请并发证", "活动"):
        assert f"|{said}" in told
    assert re.findall(r"/processes/(\w+)/\d+", help_page)[0] == "card"  # its order is the first
    for page in ("/", "/activities"):
        assert re.search(r'href="/cases/new/card"[^>]*>申办人才证</a>', office.get(page).text)
    assert "为人才申办服务证" in office.get("/").text
    assert "/cases/new/card" not in office.get("/talents").text
    assert "/cases/new/card" not in Visitor(world, "liaison-hrss").get("/activities").text
    case = office.post("/cases/new/card", data={"remark": "张三"}).json["location"]
    assert "核发 · 发给证件" in office.get(case).text
    assert "核发 · 发给证件" in office.get("/tasks").text
    choices = re.search(r'name="stage">(.*?)</select>', office.get("/tasks?process=card").text, re.DOTALL)
    assert choices is not None
    assert re.findall(r">([^<]+)</option>", choices[1]) == ["全部", "申办", "核发"]
    assert "核发" in office.get("/cases/started").text


@pytest.mark.parametrize("page", sorted(properties.PAGES.keys() - {properties.TODO}))
def test_a_process_is_begun_on_the_page_of_its_records(world: World, page: str) -> None:
    publish(world, "card", tiny(SAYS | {"page": page}))
    with world.app.test_request_context():
        address = world.app.url_for(PAGES[page])
    assert 'href="/cases/new/card"' in Visitor(world, "office").get(address).text


def test_the_pages_of_diagrams_are_those_of_the_menu() -> None:
    shown = {entry.label for _, entries in GROUPS for entry in entries}
    assert set(properties.PAGES.values()) <= shown


def test_a_process_that_says_nothing_has_a_default_everywhere(world: World) -> None:
    publish(world, "card", tiny({}))
    office = Visitor(world, "office")
    told = row(office.get("/help").text)
    for said in ("随时", "受理、派单、办理、督办、反馈", "待办"):
        assert f"|{said}" in told
    desk = office.get("/").text
    assert re.search(r'href="/cases/new/card"[^>]*>发起人才服务证</a></dt><dd>受理、派单、办理、督办、反馈</dd>', desk)


def test_the_days_of_the_calendar_are_said_beside_the_occasion(world: World) -> None:
    yearly = (
        '<bpmn:startEvent id="yearly" name="每年"><bpmn:timerEventDefinition id="t">'
        '<bpmn:timeCycle xsi:type="bpmn:tFormalExpression">R/2027-05-04T09:00:00+08:00/P1Y</bpmn:timeCycle>'
        "</bpmn:timerEventDefinition></bpmn:startEvent>"
        '<bpmn:sequenceFlow id="f9" sourceRef="yearly" targetRef="ask_card" />'
    )
    publish(world, "card", tiny(SAYS, yearly))
    office = Visitor(world, "office")
    assert "|每年 5 月 4 日，或人才提出时" in row(office.get("/help").text)
    assert "为人才申办服务证；每年 5 月 4 日另由系统自动发起" in office.get("/").text


def test_cases_of_a_version_from_before_go_on_under_their_stages(world: World) -> None:
    """The shipped processes as they were, without these properties: pages, running cases and replay stay sound."""
    files = read_bundle(HOME / "bpmn" / "change_report", HOME / "forms" / "change_report")
    name = "bpmn/change_report.bpmn"
    named = "report:报告 acknowledge:知悉 review:审核 eligibility:资格复核"
    old = files[name].decode().replace(named, "report acknowledge review eligibility")
    for word in ("order", "occasion", "work", "button", "purpose", "page"):
        old, count = re.subn(rf'\s*<spiffworkflow:property name="{word}"[^>]*/>', "", old)
        assert count == 1
    publish(world, "change_report", {**files, name: old.encode()})
    liaison, office = Visitor(world, "liaison-district_office"), Visitor(world, "office")
    case = liaison.post("/cases/new/change_report", data=MOVED).json["location"]
    assert "知悉 · 区人才办知悉" in office.get("/tasks").text
    help_page = office.get("/help").text
    assert "报告、知悉、审核、资格复核" in help_page
    words = (("acknowledge:知悉".encode(), "noted:已阅".encode()), (b'value="acknowledge"', b'value="noted"'))
    renamed = files
    for word, other in words:
        renamed = {file: content.replace(word, other) for file, content in renamed.items()}
    publish(world, "change_report", renamed)
    assert "知悉 · 区人才办知悉" in office.get("/tasks").text  # the stage that the newest version has no more
    assert "知悉 · 区人才办知悉" in office.get(case).text
    with world.database.reading() as session:
        assert list(verify(session)) == []


def test_a_case_tells_its_stage_by_the_name_of_its_own_process(world: World) -> None:
    """Two processes may call a stage of one code by different names."""
    publish(world, "card", tiny(SAYS | {"stages": "intake:收件 handling:制证"}))
    office = Visitor(world, "office")
    case = office.post("/cases/new/card", data={"remark": "张三"}).json["location"]
    assert "制证 · 发给证件" in office.get(case).text
    with world.database.reading() as session:
        assert case_detail(session, case.rpartition("/")[2], world.actor("office")).instance.stage == "handling"
    world.recorded()
    assert "受理 · 受理审核" in office.get("/tasks").text
