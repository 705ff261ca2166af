"""Wishes about words that say how many days: they follow the diagram, on pages and in the basis of a due date."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service import engine
from service.checks import check
from service.processes import effects
from service.processes.calendars import DayFunctions
from service.processes.told_texts import told_text
from service.usecases import check_context
from tests.factories.diagrams import choice, form
from tests.factories.engines import end, flow, service, start, user
from tests.factories.rehearsals import MONDAY, calendar
from tests.factories.steps import mismatches
from tests.factories.visitor import Visitor, island
from tests.factories.wishes import House, Office, bundle
from tests.factories.world import World

KINDS = choice("类别", housing="住房", school="入学")
REPLY = {
    "type": "string",
    "title": "答复",
    "maxLength": 100,
    "description": "请在 {due_on} 前答复，共 {due_days} 个工作日。",
}
FORMS = {
    "ask": form("申请", {"category": KINDS}, description="{due_days} 个工作日内登记。"),
    "answer": form("答复", {"reply": REPLY}),
    "answer.ui": {"ui:order": ["reply"], "reply": {"ui:help": "类别：{category}"}},
}
BASIS = "区人才办通知：{due_days} 个工作日内"


def bundled(days: str = "5 if category == 'housing' else 7", basis: str = BASIS, **forms: Any) -> dict[str, bytes]:
    body = (
        start("ask")
        + user("ask", stage="intake", due="working_days(2)")
        + flow("ask", "reckon")
        + service("reckon", "set", "days", value=days)
        + flow("reckon", "answer")
        + user("answer", stage="handling", due="working_days(days)", due_basis=basis)
        + flow("answer", "finish")
        + end()
    )
    return bundle("told", {"liaison": "ask", "talent_office": "answer"}, body, {**FORMS, **forms})


def found(files: dict[str, bytes], tmp_path: Path) -> list[tuple[str, str]]:
    office = Office(tmp_path)
    return [
        (one.rule, one.message) for one in check(files, context=check_context(office.settings, office.organization))
    ]


def test_five_days_for_housing_are_told_everywhere(world: World, tmp_path: Path) -> None:
    house = House(world, tmp_path)
    forms = {"answer.ui": {"ui:order": ["reply"], "reply": {"ui:help": "类别：{category}，{as_text(nothing)}"}}}
    forms["answer"] = form("答复", {"reply": REPLY, "nothing": {"type": "string", "title": "备注", "maxLength": 9}})
    forms["answer.ui"]["ui:order"] = ["reply", "nothing"]
    house.deploy("told", bundled(**forms))
    house.pages()
    first = island(Visitor(world, "liaison-hrss").get("/cases/new/told"), "form-data")["schema"]
    assert first["description"] == "2 个工作日内登记。"
    house.begin("told", {"category": "housing"}, by="liaison-hrss")
    task = world.task("answer")
    assert (task.due_on, task.due_basis) == (date(2026, 9, 22), "区人才办通知：5 个工作日内")
    page = Visitor(world, "office").get(f"/tasks/{task.id}")
    shown = island(page, "form-data")
    assert shown["schema"]["properties"]["reply"]["description"] == "请在 2026年9月22日 前答复，共 5 个工作日。"
    assert shown["ui_schema"]["reply"]["ui:help"] == "类别：housing，——"
    assert "区人才办通知：5 个工作日内" in page.text
    told = world.api("office").get(f"/tasks/{task.id}").json
    assert told["schema"]["properties"]["reply"]["description"] == "请在 2026年9月22日 前答复，共 5 个工作日。"
    assert mismatches(world) == []
    house.begin("told", {"category": "school"}, by="liaison-hrss")
    assert world.task("answer").due_basis == "区人才办通知：7 个工作日内"


def test_what_was_entered_by_older_rules_keeps_its_words(tmp_path: Path) -> None:
    made = Office(tmp_path).made("told", bundled())
    opened = engine.OpenTask("t", "told", "answer", "", {"days": 5})
    properties = made.program.user_tasks["told", "answer"].properties
    days = DayFunctions(calendar(), MONDAY)
    said = [effects.due_of(properties, opened, days, rules=rules)["basis"] for rules in (2, 3)]
    assert said == [BASIS, "区人才办通知：5 个工作日内"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{due_days}天", "5天"),
        ("{ due_days + 1 }天", "6天"),
        ("{day}", "2026年3月9日"),
        ("{working_days(1)}", "2026年3月3日"),
        ("{nobody}", "——"),
        ("{units}", "edu、dali"),
        ("{due_days.real}", "——"),
        ("{1 / 0}", "——"),
        ("{not code}", "是"),
        ("{花括号 里的话}", "{花括号 里的话}"),
        ("{}{{}}", "{}{{}}"),
        ("{__import__('os')}", "——"),
    ],
)
def test_a_text_shows_values_and_never_runs_anything(text: str, says: str) -> None:
    names = {"due_days": 5, "day": "2026-03-09", "units": ["edu", "dali"]}
    assert told_text(text, names, DayFunctions(calendar(), MONDAY).table()) == says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"basis": "{due_dais} 天"}, "期限的依据里的{due_dais}：不认识数据 due_dais"),
        ({"basis": "{eval(1)}"}, "不认识函数 eval"),
        ({"answer": form("答复", {"reply": {**REPLY, "description": "{nothing_yet}"}})}, "不认识数据 nothing_yet"),
    ],
)
def test_a_value_that_nobody_knows_is_told(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    files = bundled(**changes)
    told = list(found(files, tmp_path))
    assert [rule for rule, message in told if says in message] == ["text-value"]


def test_a_form_without_a_deadline_has_no_due_days(tmp_path: Path) -> None:
    files = bundled()
    files["bpmn/told.bpmn"] = files["bpmn/told.bpmn"].replace(
        b'name="due" value="working_days(2)"', b'name="sign" value="unit"'
    )
    assert [message for rule, message in found(files, tmp_path) if rule == "text-value"] == [
        "说明里的{due_days}：due_days 只能用在有期限的任务的表单里"
    ]
