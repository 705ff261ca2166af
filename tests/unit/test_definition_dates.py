"""Rules on dates (x-dates) that name what is not there, or say nothing readable, are refused at the check."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.checks import check
from tests.unit.test_definition_checks import FILES, REQUEST

RULE = {"field": "decided_on", "not_before": "submitted_on", "message": "决定早于提交（{date}）"}


def findings(rules: Any) -> list[tuple[str, str, str]]:
    content = json.loads(FILES["forms/record_decision.json"]) | {"x-dates": rules}
    files = {**FILES, "forms/record_decision.json": json.dumps(content, ensure_ascii=False).encode()}
    return [(one.rule, one.severity, one.message) for one in check(files, context=REQUEST)]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"refuse": True},
        {"days": -3},
        {"not_before": "today"},
        {"not_before": "step:submit_topic"},
        {"not_before": None, "not_after": "received_on"},
        {"field": "content", "value": "today"},
        {"message": "决定早于提交"},
    ],
)
def test_a_sound_rule_passes(change: dict[str, Any]) -> None:
    rule = {word: value for word, value in {**RULE, **change}.items() if value is not None}
    assert findings([rule]) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"field": "gone"}, "本表单的字段"),
        ({"field": "content"}, "不是日期字段"),
        ({"not_before": "content"}, "content 应为 today"),
        ({"not_before": "step:gone"}, "没有编号为 gone 的任务"),
        ({"not_before": 3}, "应为文字"),
        ({"value": "nothing"}, "value"),
        ({"not_after": "today"}, "之一"),
        ({"not_before": None}, "之一"),
        ({"days": "3"}, "整数"),
        ({"days": 99_999}, "最多"),
        ({"refuse": "yes"}, "refuse"),
        ({"message": "too early"}, "中文提示"),
        ({"message": "早于 {day}"}, "花括号"),
        ({"message": None}, "中文提示"),
        ({"colour": "red"}, "应只有"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(change: dict[str, Any], says: str) -> None:
    rule = {word: value for word, value in {**RULE, **change}.items() if value is not None}
    found = findings([rule])
    assert {(name, severity) for name, severity, _ in found} == {("form-dates", "error")}
    assert any(says in message for _, _, message in found), found


def test_the_rules_are_a_list() -> None:
    assert [name for name, _, _ in findings({"field": "decided_on"})] == ["form-dates"]
