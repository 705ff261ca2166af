"""流程管理: the shell of the studio, the files that its pages save, and what the editor of diagrams asks meanwhile."""

from __future__ import annotations

import gzip
import re
from io import BytesIO
from itertools import groupby
from pathlib import Path

import pytest

from service import clock
from service.actions.table import action_table
from service.app import HOME
from service.checks.bundle import read
from service.checks.findings import Report
from service.checks.known import FUNCTIONS
from service.checks.titles import PARAMETER_TITLES, PROCESS_TITLES, TASK_TITLES
from service.engine.expressions import FUNCTIONS as ENGINE_FUNCTIONS
from service.engine.expressions import check_expression
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.processes.properties import PROCESS, TASK
from service.studio.panel import panel
from service.studio.reckoning import spelled
from service.usecases.panels import choices_of
from service.workdays import Calendar, load_notices
from tests.factories.bundles import unchecked
from tests.factories.owners import Owner
from tests.factories.visitor import Visitor, island
from tests.factories.world import World, read_config

REQUEST = "bpmn/request.bpmn"


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


def test_the_shell_counts_open_cases_by_version_and_step_and_shows_none(owner: Owner) -> None:
    owner.world.dispatched("edu", "hrss", title="保密的事项")
    owner.world.recorded(title="另一件")
    page = owner.visitor.get("/studio").text
    assert "第 1 版 2 件" in page
    assert "办理 2" in page
    assert "受理审核 1" in page
    assert "保密的事项" not in page
    assert "流程管理" in owner.visitor.get("/").text
    assert "流程管理" not in Visitor(owner.world, "office").get("/").text


def test_a_draft_is_made_put_away_and_brought_back(owner: Owner) -> None:
    made = owner.visitor.submit("/studio", process="request")
    page = owner.visitor.get("/studio").text
    assert "以哪一版为底" in page
    assert f'href="{made.location}.zip"' in page
    address = made.location
    owner.visitor.submit(f"{address}/discard")
    assert "弃置的草稿（1 份" in owner.visitor.get("/studio").text
    assert "已弃置，不能再改" in owner.visitor.get(f"{address}/diagram").text
    owner.visitor.submit(f"{address}/restore")
    assert "弃置的草稿" not in owner.visitor.get("/studio").text


def test_two_owners_on_one_file_overwrite_nothing(owner: Owner) -> None:
    draft = owner.draft()
    first = owner.put(draft, "forms/accept.json", '{"title": "甲"}', 1)
    assert first.json == {"revision": 2}
    other = Owner(owner.world, "admin")
    refused = other.put(draft, "forms/accept.json", '{"title": "乙"}', 1)
    assert refused.status_code == 409
    assert refused.json is not None
    assert refused.json["same_file"] is True
    assert refused.json["revision"] == 2
    assert refused.json["by"] not in ("", "owner")  # the person's name, not the account's
    elsewhere = other.put(draft, "forms/dispatch.json", '{"title": "乙"}', 1)
    assert elsewhere.json is not None
    assert elsewhere.json["same_file"] is False
    assert other.put(draft, "forms/dispatch.json", '{"title": "乙"}', 2).json == {"revision": 3}
    assert owner.client.get(f"/studio/{draft}/files/forms/accept.json").data == '{"title": "甲"}'.encode()


def test_findings_name_the_place_and_lead_to_the_tab_of_their_file(owner: Owner) -> None:
    draft = owner.draft()
    drawn = owner.client.get(f"/studio/{draft}/files/{REQUEST}").text
    assert owner.ask(f"/studio/{draft}/check", {}) == {"findings": []}
    broken = drawn.replace('name="stage" value="intake"', 'name="stage" value="intak"')
    owner.put(draft, REQUEST, broken, 1)
    findings = owner.ask(f"/studio/{draft}/check", {})["findings"]
    assert findings[0]["severity"] == "error"
    [named, *_] = (one for one in findings if one["place"])
    assert named["address"] == f"/studio/{draft}/diagram#{REQUEST}!{named['element']}"
    kinds = [(one["severity"], one["kind"]) for one in findings]
    assert [kind for kind, _ in groupby(kinds)] == sorted(set(kinds), key=kinds.index)  # each kind stands together


def test_an_expression_is_judged_while_it_is_typed(owner: Owner) -> None:
    draft = owner.draft()
    today = clock.local(clock.now()).date()
    calendar = Calendar.from_config(load_notices(HOME / "config"))
    in_five, in_two = calendar.add(today, 5).due, calendar.add(calendar.add(today, 5).due, -3).due

    def told(kind: str, text: str, due: str = "", element: str = "") -> tuple[str, str]:
        body = {"kind": kind, "text": text, "due": due, "element": element}
        said = owner.ask(f"/studio/{draft}/reckon", body)
        return "；".join(said["problems"]), said["says"]

    problems, says = told("due", "working_days(5)")
    assert not problems
    assert says.startswith(f"今天开始办的，{in_five}（周")
    assert told("due", "working_days(5")[0]
    assert "应为日期" in told("due", "7")[0]
    assert "（decision）" in told("condition", "decisoin == 'accept'")[0]
    problems, says = told("timer-date", "working_days_after(due_on, -3)", "working_days(5)")
    assert not problems
    assert f"{in_two}（周" in says
    assert "到期日（due_on）只能用在" in told("timer-date", "working_days_after(due_on, -3)")[0]
    assert "大于零" in told("timer-duration", "'P0D'")[0]
    problems, says = told("condition", "decision == 'accept' and not (talent_id is None)")
    assert not problems
    assert says == "“审核意见（受理审核）”是“受理／同意办结”，并且不是（“联系服务对象（登记需求）”没有填）"
    assert (
        "“审核意见（受理审核）”是“受理”，"
        in told("condition", "decision == 'accept' and on_the_spot", "", "accepted")[1]
    )
    assert told("condition", "working_days(1) > today()")[1] == ""
    assert told("timer-cycle", "R/2027-01-01T09:00:00+08:00/P6M") == ("", "")
    assert "重复间隔" in told("timer-cycle", "每年")[0]


def test_an_id_is_spelled_from_a_chinese_name() -> None:
    assert spelled("受理审核") == "shou_li_shen_he"
    assert spelled("银行长") == "yin_hang_zhang"
    assert spelled("A 类 2 次") == "a_lei_2_ci"
    assert spelled("①") == "step_1"
    assert spelled("…") == "step"
    assert len(spelled("区" * 200)) <= 40


def test_the_panel_has_a_chinese_title_for_whatever_a_diagram_may_say() -> None:
    assert set(TASK) <= set(TASK_TITLES)
    assert set(PROCESS) <= set(PROCESS_TITLES)
    settings, _ = read_config("sqlite://")
    for action in action_table(settings).values():
        assert {*action.parameters, *action.optional} <= set(PARAMETER_TITLES), action.name
    assert set(ENGINE_FUNCTIONS) <= set(FUNCTIONS)


def test_every_shipped_property_has_a_field_in_the_panel() -> None:
    settings, organization = read_config("sqlite://")
    for folder in sorted((HOME / "bpmn").iterdir()):
        key = folder.name
        bundle = read(read_bundle(folder, HOME / "forms" / key), Report())
        told = panel(bundle, choices_of(settings, organization), key)
        task = set(told["kinds"]["user"]["schema"]["properties"])
        process = set(told["kinds"]["process"]["schema"]["properties"])
        for one in bundle.processes.values():
            assert set(one.properties) <= process
            for node in one.nodes.values():
                assert set(node.properties) <= (task if node.type == "userTask" else {"stage"})
                if node.operation is not None:
                    assert set(node.operation.parameters) <= set(told["actions"][node.operation.action]["parameters"])
        for offered in told["known"]:
            text = offered.get("insert", offered["name"])
            if text.isidentifier():
                assert check_expression(text, None, frozenset()) == []


def test_the_history_says_and_draws_what_changed_and_leads_back(owner: Owner) -> None:
    world = owner.world
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    drawn = files[REQUEST].replace(b"working_days(2)", b"working_days(4)", 1)
    assert drawn != files[REQUEST]
    with world.transaction() as session:
        deploy(session, unchecked("request", {**files, REQUEST: drawn}), actor=world.actor("owner"), now=clock.now())
    page = owner.visitor.get("/studio/processes/request")
    assert "第 2 版" in page.text
    assert "由“2 个工作日”改为“4 个工作日”" in page.text
    marks = island(page, "diagram-data")["diagrams"][0]["marks"]
    assert set(marks.values()) == {"changed"}
    assert "没有差别" not in page.text
    back = owner.visitor.submit("/studio/processes/request", version="1")
    [made] = owner.drafts()
    assert str(made) in back.location
    assert owner.client.get(f"/studio/{made}/files/{REQUEST}").data == files[REQUEST]
    assert owner.visitor.submit("/studio/processes/request", version="7").status_code == 404


def test_an_earlier_version_comes_back_with_a_note(owner: Owner) -> None:
    world = owner.world
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    drawn = files[REQUEST].replace(b"working_days(2)", b"working_days(4)", 1)
    with world.transaction() as session:
        deploy(session, unchecked("request", {**files, REQUEST: drawn}), actor=world.actor("owner"), now=clock.now())
    refused = owner.visitor.post("/studio/processes/request/1/back", note="")
    assert refused.status_code == 422
    owner.visitor.post("/studio/processes/request/1/back", note="四个工作日太长")
    page = owner.visitor.get("/studio/processes/request").text
    assert "第 3 版" in page
    assert "四个工作日太长" in page
    assert "由“4 个工作日”改为“2 个工作日”" in page


def test_a_new_process_runs_as_it_is_and_goes_out_and_in_as_a_zip(owner: Owner) -> None:
    empty, copied = (
        str((owner.visitor.post("/studio/new", name="住房走访", source=source).json or {})["location"])[8:]
        for source in ("liaison", "copy:request")
    )
    for draft in (copied, empty):
        assert [one for one in owner.ask(f"/studio/{draft}/check", {})["findings"] if one["severity"] == "error"] == []
    assert 'id="zhu_fang_zou_fang_2"' in owner.client.get(f"/studio/{copied}/diagram").text.replace("\\", "")
    packed = owner.client.get(f"/studio/{empty}.zip")
    assert packed.mimetype == "application/zip"
    token, file = owner.visitor.token(), (BytesIO(packed.data), "流程.zip")
    back = owner.client.post("/studio/import", data={"file": file, "csrf_token": token})
    assert back.status_code == 302
    assert owner.client.get(f"{back.location}.zip").data == packed.data
    assert owner.client.get("/studio/processes/request/1.zip").data[:2] == b"PK"
    wrong = owner.client.post("/studio/import", data={"file": (BytesIO(b"x"), "x.zip"), "csrf_token": token})
    assert wrong.status_code == 422
    assert "不是有效的 zip 压缩包" in wrong.text
    assert owner.visitor.post("/studio/new", name="", source="liaison").status_code == 422


HEAVIEST, ROOM = 420_000, 8_000
"""Bytes, compressed, of all that the editor's page brings along, and how many of them are left for what comes."""
LATER = 30_000
"""Of what is loaded when it is first opened."""
LOADED = re.compile(r"""(?:src|href)="(/static/dist/[^"?]+\.(?:js|css))""")
IMPORTED = re.compile(r"""(?:from|import)\s*"(\./[^"]+\.js|\.\./[^"]+\.js)\"""")
OPENED = re.compile(r"""import\("(\./[^"]+\.js)"\)""")
FONT = re.compile(r"""url\("(\./fonts/[^"]+\.woff2)""")


def test_the_page_of_the_editor_weighs_no_more_than_it_may(owner: Owner) -> None:
    """The form's bundle is the very one that every task has."""
    page = owner.visitor.get(f"/studio/{owner.draft()}/diagram").text
    dist = Path(__file__).parents[2] / "service/web/static/dist"

    def brought(names: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        waiting = [dist / name.removeprefix("/static/dist/") for name in names]
        while waiting:
            path = waiting.pop()
            if str(path) in found:
                continue
            content = path.read_bytes()
            plain = path.suffix == ".woff2"  # is compressed as it is
            found[str(path)] = len(content) if plain else len(gzip.compress(content))
            parts = IMPORTED if path.suffix == ".js" else FONT
            waiting += [(path.parent / one).resolve() for one in parts.findall("" if plain else content.decode())]
        return found

    loaded = brought(LOADED.findall(page))
    total = sum(loaded.values()) + len(gzip.compress(page.encode()))
    assert total <= HEAVIEST - ROOM, loaded
    parts = [one for name in loaded if name.endswith(".js") for one in OPENED.findall(Path(name).read_text())]
    later = {
        name: size for name, size in brought([f"/static/dist/{one}" for one in parts]).items() if name not in loaded
    }
    assert 0 < sum(later.values()) <= LATER, later
    assert len(loaded) > 8
    form = brought(["/static/dist/form.js"])
    assert sum(size for name, size in form.items() if name in loaded) > 0.93 * sum(form.values())
