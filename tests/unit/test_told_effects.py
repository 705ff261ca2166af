"""The results of a step that a replay gives and those that stand in the journal, told apart in words."""

from __future__ import annotations

import json
from typing import Any

from service.processes import effects as fx
from service.processes.told_effects import WORDS, apart


def result(kind: str, task: str | None = None, **data: Any) -> tuple[str, str | None, str]:
    return kind, task, json.dumps(data)


HANDLE = {"name": "办理", "due_on": "2026-09-24", "basis": "七个工作日", "unit": "edu"}


def test_a_moved_date_is_told_with_its_step() -> None:
    told = apart([result("entered", "1", **HANDLE)], [result("entered", "1", **{**HANDLE, "due_on": "2027-01-04"})])
    assert told == {"must": "进入步骤「办理」：到期日 2026-09-24", "have": "进入步骤「办理」：到期日 2027-01-04"}


def test_texts_that_people_read_are_not_told() -> None:
    told = apart([result("entered", "1", **HANDLE)], [result("entered", "1", **{**HANDLE, "basis": "张三说的"})])
    assert told == {"must": "进入步骤「办理」：到期日的依据不同", "have": "进入步骤「办理」：到期日的依据不同"}


def test_results_that_are_missing_or_too_many_are_named() -> None:
    one, other = result("entered", "1", **HANDLE), result("ended", name="办结")
    assert apart([one, other], [one]) == {"must": "结束「办结」", "have": "没有这个结果"}
    assert apart([one], [one, other]) == {"must": "没有这个结果", "have": "结束「办结」"}
    assert apart([one, other], [other, one])["have"] == "同样的结果，先后不同"


def test_of_many_results_the_number_is_told() -> None:
    many = [result("cancelled", str(number)) for number in range(6)]
    assert apart(many, [])["must"].endswith("；另有 2 处")


def test_a_state_is_told_by_its_digest_and_a_path_by_its_length() -> None:
    must = result("advanced", state="ab" * 32, passed=[["p", "", "a", None]], timers=[])
    have = result("advanced", state="cd" * 32, passed=[], timers=[])
    told = apart([must], [have])
    assert told["must"] == "流程推进：走过的路径 1 处、流程状态 abababababab…"
    assert told["have"] == "流程推进：走过的路径 0 处、流程状态 cdcdcdcdcdcd…"


def test_what_a_migration_and_a_take_back_lead_to_has_words() -> None:
    said = {"name": "办理", "was": "承办", "kept": {"due": "add(7)"}, "handed_on": True}
    told = apart([result("renewed", "1", **said)], [result("renewed", "1", **said | {"was": "", "kept": None})])
    assert told["must"].endswith("「办理」：沿用的期限算法不同、原步骤 承办")
    assert told["have"].endswith("「办理」：没有沿用的期限算法、原步骤 无")
    told = apart([result("renewed", "1", **said)], [result("renewed", "1", **said | {"handed_on": False})])
    assert (told["must"][-5:], told["have"][-5:]) == ("换了人 是", "换了人 否")
    must = result("reopened", "1", entered_at="2026-09-16T01:00:00+00:00")
    told = apart([must], [result("reopened", "1", entered_at="2026-09-17T01:30:00+00:00")])
    assert told["must"].endswith("：到达时间 2026-09-16 09:00:00")
    assert told["have"].endswith("：到达时间 2026-09-17 09:30:00")
    assert apart([must], [result("reopened", "1", entered_at="gestern")])["have"].endswith("：到达时间 gestern")


def test_each_part_of_a_task_and_of_a_date_has_a_word() -> None:
    assert {*fx.FACTS, *fx.DUE, "leader", "person", "old_due_on", "notice"} <= WORDS
