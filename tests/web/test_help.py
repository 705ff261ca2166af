"""The help page, and what a task's page says of where its deadline comes from."""

from __future__ import annotations

import re

import pytest

from service import clock
from service.processes.bundles import compile_bundle, read_bundle
from service.processes.definitions import deploy
from service.processes.wording import due_in_words, starts_in_words
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.visitor import Visitor
from tests.factories.world import HOME, World

ASSUMED = "本系统默认，非文件规定"
POLICY = "实施方案三（二）3"


def _deadlines(page: str) -> dict[str, tuple[str, str]]:
    """Step -> (working days, whose rule) in the help page's table."""
    rows = re.findall(r"<tr><td[^>]*>\w+</td><td>(.*?)</td><td>(.*?)</td><td class=\"basis\">(.*?)</td></tr>", page)
    return {step: (days, basis) for step, days, basis in rows}


def test_help_tells_the_policys_deadline_from_our_own(world: World) -> None:
    found = _deadlines(Visitor(world, None).get("/help").text)
    assert found["办理"] == (
        "“办理结果”为“暂未解决或须分步解决，阶段反馈”且填了“同意的期限”时，按“同意的期限”；其他情况，7 个工作日",
        POLICY,
    )
    assert found["受理审核"] == ("1 个工作日", ASSUMED)
    assert found["会议决定"] == ("不计时", "—")
    assert {basis for _, basis in found.values()} == {POLICY, ASSUMED, "—"}
    assert [step for step, (_, basis) in found.items() if basis == POLICY] == ["办理"]


def test_a_task_says_whose_rule_its_deadline_is(world: World) -> None:
    world.dispatched("edu")
    handle = Visitor(world, "handler-edu").get(f"/tasks/{world.task('handle').id}").text
    assert POLICY in handle
    assert ASSUMED not in handle.split("到期日是怎样算出来的")[1].split("</details>")[0]
    told = Visitor(world, "office").get(f"/tasks/{world.task('feedback_accepted').id}").text
    assert ASSUMED in told.split("到期日是怎样算出来的")[1].split("</details>")[0]


def shipped(process: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    """The shipped bundle with texts of its diagrams replaced; every change bites."""
    files = read_bundle(HOME / "bpmn" / process, HOME / "forms" / process)
    for old, new in changes:
        assert any(old.encode() in content for content in files.values()), old
        files = {name: content.replace(old.encode(), new.encode()) for name, content in files.items()}
    return files


def publish(world: World, process: str, *changes: tuple[str, str]) -> None:
    with world.transaction() as session:
        files = shipped(process, *changes)
        deploy(session, unchecked(process, files), actor=SYSTEM, now=clock.now())


def test_dates_and_days_of_the_year_are_those_of_the_deployed_diagrams(world: World) -> None:
    office = Visitor(world, "office")
    before, desk = office.get("/help").text, office.get("/").text
    assert "每年 4 月 1 日、10 月 1 日" in before
    assert "每年 6 月 30 日、10 月 31 日、12 月 1 日、12 月 31 日" in before
    assert "发生后 10 个工作日内报告" in before
    assert "每年 4 月 1 日、10 月 1 日另由系统自动发起" in desk
    assert "每月 1 日另由系统自动发起" in desk
    publish(world, "registry_review", ("R/2027-04-01T09:00:00+08:00/P6M", "R/2027-05-20T09:00:00+08:00/P4M"))
    publish(world, "leader_brief", ("R/2026-12-01T09:00:00+08:00/P1M", "R/2026-12-05T09:00:00+08:00/P1M"))
    publish(world, "change_report", ('id="within" type="str" value="10"', 'id="within" type="str" value="15"'))
    publish(world, "request", ("else working_days(7)", "else working_days(6)"))
    after, desk = office.get("/help").text, office.get("/").text
    for page in (after, desk):
        assert "每年 1 月 20 日、5 月 20 日、9 月 20 日" in page
        assert "每月 5 日" in page
        assert "发生后 15 个工作日内报告" in page
        assert "4 月 1 日" not in page
    assert "7 个工作日" not in after
    assert "其他情况，6 个工作日" in after


@pytest.mark.parametrize(
    ("cycle", "words"),
    [
        ("R/2027-03-01T09:00:00+08:00/P1Y", "每年 3 月 1 日"),
        ("R/2027-01-31T09:00:00+08:00/P3M", "每年 1 月 31 日、4 月 30 日、7 月 31 日、10 月 31 日"),
        ("R/2027-03-01T09:00:00+08:00/P2Y", "自 2027-03-01 起每 2 年一次"),
        ("R/2027-03-01T09:00:00+08:00/P2W", "自 2027-03-01 起每 14 天一次"),
        ("R3/2027-03-01T09:00:00+08:00/P1Y", "自 2027-03-01 起每 1 年一次，共 3 次"),
        ("R/2027-03-01T09:00:00+08:00/P5M", "自 2027-03-01 起每 5 个月一次"),
        ("R/2027-01-31T09:00:00+08:00/P1M", "每月 31 日（没有这一天的月份为最后一天）"),
        ("R/2027-01-05T09:00:00+08:00/P1M", "每月 5 日"),
    ],
)
def test_a_start_is_told_as_it_is_drawn(cycle: str, words: str) -> None:
    made = compile_bundle(shipped("roster", ("R/2027-03-01T09:00:00+08:00/P1Y", cycle)), "roster")
    assert starts_in_words(made) == words


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("", "不计时"),
        ("working_days(3)", "3 个工作日"),
        ("5", "5 个工作日"),
        ("agreed_date or working_days(7)", "填了“同意的期限”时，按“同意的期限”；其他情况，7 个工作日"),
        ("working_days_after(agreed_date, -2)", "“同意的期限”前 2 个工作日"),
        ("working_days_after(handover.ended_on, 10)", "起算日后 10 个工作日"),
        (
            "working_days(2) if body in ['government'] else working_days(1) if not document_no else 9",
            "“提交的会议”为“区政府常务会议”时，2 个工作日；其他情况，未填“文号”时，1 个工作日；其他情况，9 个工作日",
        ),
        ("working_days(2) if settings.x else today()", "符合流程图里写的条件时，2 个工作日；其他情况，当日"),
        ("period.due_on", "按系统算出的日期"),
    ],
)
def test_every_case_of_a_deadline_is_told_with_its_condition(due: str, words: str) -> None:
    assert due_in_words(compile_bundle(shipped("request"), "request"), "unit_handling", due) == words
