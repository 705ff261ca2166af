"""One field name with different choices in two forms: said, refused where it is read, or made a step's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.checks import check
from tests.unit.test_definition_checks import FILES, REQUEST

OWN = "x-own"
RECORD, ACCEPTED, RESULT = (f"forms/{name}.json" for name in ("record_need", "feedback_accepted", "feedback_result"))


def changed(**forms: dict[str, Any]) -> dict[str, bytes]:
    """The shipped files with some fields of forms changed: form → field → keywords; None drops one."""
    files = dict(FILES)
    for form, fields in forms.items():
        name = f"forms/{form}.json"
        content = json.loads(files[name])
        for field, words in fields.items():
            content["properties"].setdefault(field, {}).update(words)
            kept = {word: value for word, value in content["properties"][field].items() if value is not None}
            content["properties"][field] = kept
        files[name] = json.dumps(content, ensure_ascii=False, indent=1).encode()
    return files


def with_text(files: dict[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new, 1).encode()}


def found(files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    return [(one.rule, one.element, one.severity) for one in check(files, context=REQUEST)]


def test_a_later_form_that_covers_another_is_warned_of() -> None:
    files = changed(feedback_accepted={"channel": {OWN: None}})
    [one] = check(files, context=REQUEST)
    assert (one.rule, one.severity) == ("field-shared", "warning")
    assert all(
        word in one.message for word in ("（channel）", "表单「登记需求」", "表单「反馈受理情况」", '"x-own": true')
    )
    assert "反馈办理情况" not in one.message


def test_the_same_choices_are_no_trouble() -> None:
    fields = {"channel": {OWN: None}}
    options = json.loads(FILES[RECORD])["properties"]["channel"]["oneOf"]
    same = {"channel": {OWN: None, "oneOf": options}}
    assert found(changed(feedback_accepted=same, feedback_result=same)) == []
    other = {"channel": {OWN: None, "oneOf": [*options[:-1], {**options[-1], "title": "别的说法"}]}}
    assert [rule for rule, _, _ in found(changed(feedback_accepted=other, feedback_result=fields))] == [
        "field-shared",
        "field-shared",
    ]


def test_what_the_ledger_counts_must_mean_one_thing() -> None:
    own = {"type": "string", "title": "类别", "oneOf": [{"const": "housing", "title": "房子"}]}
    files = changed(assess={"category": own})
    files = with_text(files, "forms/assess.ui.json", '"comment"', '"category", "comment"')
    assert ("field-ambiguous", "error") in [(rule, severity) for rule, _, severity in found(files)]
    marked = changed(assess={"category": {**own, OWN: True}})
    assert found(with_text(marked, "forms/assess.ui.json", '"comment"', '"category", "comment"')) == []


@pytest.mark.parametrize(
    ("expression", "ambiguous"),
    [
        ("channel == 'visit'", True),  # 走访约见 of the need, 当面 of a telling
        ("channel == 'symposium'", False),
        ("channel in ['symposium', 'liaison']", False),
        ("channel in ['symposium', 'phone']", True),
        ("title if channel else 'x'", True),
    ],
)
def test_a_condition_that_may_read_either_form_is_refused(expression: str, ambiguous: bool) -> None:
    old = "held_on or decided_on or settings.group_opinion_required"
    files = with_text(dict(FILES), "bpmn/request.bpmn", old, f"held_on or ({expression})")
    said = [(rule, severity) for rule, _, severity in found(files)]
    assert (("field-ambiguous", "error") in said) is ambiguous, said


def test_a_condition_right_after_its_step_may_read_what_the_step_said() -> None:
    """``decision`` has other choices in six forms, and each gateway stands behind one of them."""
    assert found(dict(FILES)) == []


def test_a_title_must_not_change_its_meaning() -> None:
    title = '<spiffworkflow:property name="title" value="channel" />'
    stages = '<spiffworkflow:property name="stages" value="intake:'
    files = with_text(dict(FILES), "bpmn/request.bpmn", stages, title + stages)
    assert found(files) == []  # the tellings leave the case's data alone
    told = changed(feedback_accepted={"channel": {OWN: None}})["forms/feedback_accepted.json"]
    assert ("field-ambiguous", "request", "error") in found({**files, "forms/feedback_accepted.json": told})


def test_a_field_must_not_begin_with_what_another_form_meant() -> None:
    files = changed(feedback_accepted={"channel": {OWN: None, "x-prefill": True}})
    assert ("field-ambiguous", "feedback_accepted", "error") in found(files)


def test_a_decision_table_must_not_be_asked_for_either() -> None:
    files = with_text(dict(FILES), "bpmn/dispatch.dmn", "<text>category</text>", "<text>decision</text>")
    assert not [rule for rule, _, _ in found(files) if rule == "field-ambiguous"]  # asked after the acceptance alone
    again = 'sourceRef="new_round" targetRef="dispatch"'
    files = with_text(files, "bpmn/request.bpmn", again, again.replace('"dispatch"', '"propose_dispatch"'))
    [one] = [one for one in check(files, context=REQUEST) if one.rule == "field-ambiguous"]
    assert (one.file, one.severity) == ("bpmn/dispatch.dmn", "error")
    assert all(name in one.message for name in ("表单「受理审核」", "表单「会议纪要」"))


def test_the_word_takes_only_true() -> None:
    assert [rule for rule, _, _ in found(changed(assess={"route": {OWN: "yes"}}))] == ["form-keyword"]
