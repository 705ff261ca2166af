"""Scenarios are read strictly, run on the rehearsal, and say at file and line what first came out otherwise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.errors import Invalid
from service.processes.bundles import digest_of, read_bundle
from service.rehearsal.scenarios import Outcome, coverage, read, run_file, scenario_of
from service.workdays import Calendar
from tests.factories.rehearsals import HOME, calendar, plan, shipped

PROCESSES = sorted(path.name for path in HOME.glob("bpmn/*"))
PLAIN = """title: 登记
starts: 2026-03-02T09:30
fill: true
steps:
  - do: record_need
    by: liaison@hrss
    data: {received_on: 2026-03-02, category: housing, on_the_spot: false}
  - {wait: 1}
  - {do: accept, data: {decision: accept}}
"""


def dated(_names: Sequence[str]) -> Calendar:
    return calendar()


def ran(text: str) -> Outcome:
    return run_file(text.encode(), "some.yaml", shipped("request"), plan(), dated)


def difference(text: str) -> tuple[str, str]:
    found = ran(text).difference
    assert found is not None
    return found.path, found.message


def outcomes(process: str) -> list[Outcome]:
    paths = sorted((HOME / "bpmn" / process / "scenarios").glob("*.yaml"))
    return [run_file(path.read_bytes(), path.name, shipped(process), plan(), dated) for path in paths]


@pytest.mark.parametrize("process", PROCESSES)
def test_the_shipped_scenarios_pass_and_leave_nothing_of_the_drawing(process: str) -> None:
    came = outcomes(process)
    assert [one.difference for one in came if not one.passed] == []
    files = read_bundle(HOME / "bpmn" / process, HOME / "forms" / process)
    passed = coverage(files, [one.state for one in came if one.state is not None])
    assert passed.missed == ()
    assert passed.count("flows")[1] > 5


def test_the_example_of_the_guide_runs() -> None:
    _, _, rest = (HOME / "docs/diagrams.zh.md").read_text().partition("```yaml\n")
    example, _, _ = rest.partition("```")
    found = ran(example)
    assert found.difference is None, found.difference
    assert found.title == "逾期，催办，通报，再办结"


def test_what_one_scenario_leaves_is_named() -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    alone = [one.state for one in outcomes("request") if one.file == "plain.yaml" and one.state is not None]
    missed = {(part.kind, part.id) for part in coverage(files, alone).missed}
    assert {("flows", "rejected"), ("steps", "assess"), ("timers", "overdue"), ("rules", "rule_10")} <= missed
    assert not {("flows", "accepted"), ("flows", "talent_told"), ("steps", "handle"), ("rules", "rule_01")} & missed


def test_scenarios_are_no_part_of_the_bundle(tmp_path: Path) -> None:
    for name, content in read_bundle(HOME / "bpmn/request", HOME / "forms/request").items():
        kind, _, file = name.partition("/")
        (tmp_path / kind / "request").mkdir(parents=True, exist_ok=True)
        (tmp_path / kind / "request" / file).write_bytes(content)
    assert not (tmp_path / "bpmn/request/scenarios").exists()
    bare = digest_of(read_bundle(tmp_path / "bpmn/request", tmp_path / "forms/request"))
    assert bare == digest_of(read_bundle(HOME / "bpmn/request", HOME / "forms/request"))


def test_what_is_not_named_is_not_compared_but_the_end_is() -> None:
    assert ran(PLAIN).passed
    assert difference(PLAIN + "expect: {end: end_done}\n") == (
        "some.yaml:10",
        "结束：应为「办结」，实为仍在办，待办：「派单」",
    )


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ("passed: [record_need]", "办过的步骤：多出「受理审核」"),
        ("passed: [record_need, dispatch]", "办过的步骤第 2 个：应为「派单」，实为「受理审核」"),
        ("passed: [record_need, accept, dispatch]", "办过的步骤第 3 个：应为「派单」，实为没有了"),
        ("open: []", "待办的步骤：多出「派单」"),
        ("fired: [overdue]", "触发的定时第 1 个：应为「逾期1个工作日」，实为没有了"),
        ("notices: [urge]", "发出的提醒第 1 个：应为「催办」，实为没有了"),
        ("due: {accept: 2026-03-04}", "「受理审核」的期限：应为 2026-03-04，实为 2026-03-03"),
        ("due: {handle: 2026-03-04}", "「办理」的期限：应为 2026-03-04，实际没有"),
        ("late: {accept: 1}", "「受理审核」的逾期：应为 1 个工作日，实为 0 个工作日"),
        ("data: {category: edu}", "“事项类别”：应为 edu，实为 “住房保障”"),
        ("data: {on_the_spot: 0}", "“是否已当场解答”：应为 0，实为 “否，提交区人才办受理”"),
        ("data: {reply/edu: 已办}", "“办理情况（回复）”（区教育局）：应为 已办，实际没有"),
    ],
)
def test_the_first_difference_is_said_at_its_line(expect: str, says: str) -> None:
    assert difference(f"{PLAIN}expect:\n  {expect}\n") == ("some.yaml:11", says)


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            "{do: handle, unit: edu}",
            "第 4 步（办理「办理」（区教育局））：「办理」（区教育局）不在待办；待办：「派单」",
        ),
        (
            "{do: dispatch, by: liaison@hrss}",
            "第 4 步（办理「派单」）：「派单」由区人才办办理，联络员（区人力资源和社会保障局）不能办理",
        ),
        ("{do: dispatch, fill: false, data: {basis: competent}}", "转办意见：必填，请填写"),
        ("{until: 2026-03-01T09:00}", "时间不能倒退"),
        ("{message: nobody}", "当前没有步骤在等待消息「nobody」"),
        ("{answers: {nothing: 1}}", "没有服务动作 nothing"),
    ],
)
def test_a_step_that_does_not_fit_is_named_with_the_reason(step: str, says: str) -> None:
    path, message = difference(f"{PLAIN}  - {step}\n")
    assert path == "some.yaml:10"
    assert says in message


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: &x 1\nb: *x\n", 1, "锚点和引用"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "类型标记"),
        ("a: 1\na: 2\n", 2, "a 写了两次"),
        ("a: [1\n", 2, "不是有效的 YAML"),
        ("? [1]\n: 2\n", 1, "名称只能是一行文字"),
        ("[" * 40 + "]" * 40, 1, "嵌套过深"),
        ("a: 1\n---\nb: 2\n", 2, "多份文档"),
        ("- 1\n" * 30_000, 19_998, "内容过多"),
        ("a: \x07\n", 1, "不是有效的 YAML"),
        ('a: "\\u0007"\n', 1, "不能用的字符"),
    ],
)
def test_yaml_that_a_scenario_does_not_need_is_refused_at_its_line(text: str, line: int, says: str) -> None:
    started = time.monotonic()
    with pytest.raises(Invalid) as refused:
        read(text.encode(), "some.yaml")
    [finding] = refused.value.findings
    assert finding.path == f"some.yaml:{line}"
    assert says in finding.message
    assert time.monotonic() - started < 10


def test_too_much_and_no_text_is_refused() -> None:
    with pytest.raises(Invalid, match="文件过大"):
        read(b"#" * 200_001, "some.yaml")
    with pytest.raises(Invalid, match="UTF-8"):
        read("title: 登记".encode("gb18030"), "some.yaml")


def test_days_and_hours_stay_text_and_numbers_are_numbers() -> None:
    said = read(b"{a: 2026-03-02, b: 09:30, c: 12, d: 007, e: no, f: true, g: null, h: '12', i: 1.5}", "x").value
    assert said == {
        "a": "2026-03-02",
        "b": "09:30",
        "c": 12,
        "d": "007",
        "e": "no",
        "f": True,
        "g": None,
        "h": "12",
        "i": 1.5,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: 登记\n", ["some.yaml:1 请用 starts"]),
        (PLAIN + "more: 1\n", ["some.yaml:10 不认识 more"]),
        (PLAIN + "  - {do: accept, wait: 1}\n", ["some.yaml:10 每一步写且只写"]),
        (PLAIN + "  - {do: accept, date: {}}\n", ["some.yaml:10 do 这一步不认识 date"]),
        (
            PLAIN + "  - {wait: 0}\n  - {give_back: accept}\n",
            ["some.yaml:10 wait 应为工作日数", "some.yaml:11 退回请用"],
        ),
        (PLAIN + "expect: {due: {accept: 三月}, passed: accept}\n", ["期限应写成", "passed 应为名称的列表"]),
        ("- 1\n", ["用例应写成"]),
    ],
)
def test_a_scenario_that_is_not_one_is_told_all_that_is_wrong(text: str, says: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        scenario_of(read(text.encode(), "some.yaml"))
    told = [f"{one.path} {one.message}" for one in refused.value.findings]
    assert len(told) == len(says), told
    for one, wanted in zip(told, says, strict=True):
        assert wanted in one
