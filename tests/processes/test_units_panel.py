"""各单位办理情况 stands above the form of who decides, and on the case: every round, read from the steps."""

from __future__ import annotations

import re

from service.processes.models import Instance
from tests.factories.statements import counted
from tests.factories.steps import DONE, NOT_OURS, REDO, REFER, answered, complete, tasks
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World

FORM = 'data-form="form-data"'


def panel(text: str) -> str:
    """The panel of a page."""
    found = re.search(r'<section class="panel" id="units">.*?</section>', text, re.DOTALL)
    assert found is not None
    return found[0]


def page(world: World, user: str, step: str, unit: str | None = None) -> str:
    return Visitor(world, user).get(f"/tasks/{world.task(step, unit).id}").text


def test_rounds_parts_answers_and_reviews_are_told_from_the_steps(world: World) -> None:
    world.accepted()
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "opinion": "第一轮意见", "assisting_units": ["housing"]})
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", {**DONE, "reply": "初次答复"}, unit="edu")
    world.do(OFFICE, "review_reply", REDO)
    world.do("handler-edu", "handle", {**DONE, "reply": "再次答复"}, unit="edu")
    world.do(OFFICE, "review_reply", REFER)
    world.do("handler-housing", "handle", NOT_OURS, unit="housing")
    world.do(OFFICE, "redispatch", {"decision": "redispatch", "unit": "guicheng", "opinion": "改由街道办理"})
    world.do("handler-guicheng", "handle", {**DONE, "reply": "街道的答复"}, unit="guicheng")
    world.do(OFFICE, "review_reply")
    with world.transaction() as session:  # whatever the flat data say
        case = session.get_one(Instance, world.case)
        case.data = {**case.data, "lead_unit": "health", "opinion": "别的", "slots": {}}

    shown = page(world, OFFICE, "assess")
    told = panel(shown)
    assert shown.index('id="units"') < shown.index(FORM)
    for said in ("第一轮意见", "初次答复", REDO["comment"], "再次答复", "街道的答复", "改由街道办理", "此前 1 次办理"):
        assert said in told, said
    assert re.search(r"<b>区教育局</b>（主办）", told)
    assert re.search(r"<b>桂城街道[^<]*</b>（协办）", told)
    assert "退回改派，不算答复" in told
    assert "别的" not in told
    opened = re.findall(r'<details class="unit-work"( open)?>', told)
    assert opened == [" open", ""]  # what was referred is decided on

    world.do(OFFICE, "assess", {"route": "redispatch", "comment": "重新派单"})
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "opinion": "第二轮意见", "lead_unit": "housing"})
    told = panel(Visitor(world, OFFICE).get(f"/cases/{world.case}").text)
    assert told.index("第二轮意见") < told.index("第 1 轮派单") < told.index("第一轮意见")
    assert "尚未回复" in told
    assert "还剩 7 个工作日" in told


def test_whoever_must_do_it_again_reads_why_without_a_click(world: World) -> None:
    """W11: the answer and the reason for which it was handed back stand open above the form of the next round."""
    answered(world)
    world.do(OFFICE, "review_reply", REDO)
    told = panel(page(world, "handler-edu", "handle", "edu"))
    again = re.search(r'<details class="fold mt-1" open><summary>此前 1 次办理.*?</details>', told, re.DOTALL)
    assert again is not None
    assert REDO["comment"] in again[0]
    assert '<details class="fold mt-1" open>' not in panel(Visitor(world, OFFICE).get(f"/cases/{world.case}").text)


def test_who_signs_or_feeds_back_sees_the_answers_above_the_form_and_nothing_twice(world: World) -> None:
    answered(world, "edu", "housing")
    for review in tasks(world, "review_reply"):
        complete(world, OFFICE, review.id, world.sample("review_reply"))
    shown = page(world, OFFICE, "feedback_result")
    assert panel(shown).count(">已协调解决<") == 2
    assert shown.index(">已协调解决<") < shown.index(FORM)
    assert shown.index("需求内容") < shown.index("各单位办理情况")  # on a phone the need is read first
    assert "上一步：办理" not in shown
    assert shown.count("希望协调子女入读公办学校") == 2  # the need, and the step in the course of the case
    assert "<dd>子女入学</dd>" not in shown[: shown.index("办理过程")]


def test_titles_name_the_unit_and_the_days(world: World) -> None:
    world.dispatched("edu", "housing")
    shown = page(world, "handler-edu", "handle", "edu")
    assert re.search(r"<title>办理 · 区教育局 · 还剩 7 个工作日 · 2026-需-\d+", shown)
    case = Visitor(world, OFFICE).get(f"/cases/{world.case}").text
    assert re.search(r"<title>2026-需-\d+ · .*个工作日 等 3 步", case)


def test_more_units_cost_no_more_statements(world: World) -> None:
    counts = []
    for units in (("edu", "housing"), ("edu", "housing", "guicheng", "health", "police")):
        world.dispatched(*units)
        office = Visitor(world, OFFICE)
        office.get(f"/cases/{world.case}")
        with counted(world) as sent:
            office.get(f"/cases/{world.case}")
        counts.append(len([one for one in sent if "user_task" in one]))
    assert counts[0] == counts[1]
