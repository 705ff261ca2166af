"""Each decision on one page: values filled in, 常用语 by keyboard, the diagram folded, likes beside a form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from service.processes import operations
from tests.browser.conftest import PHONE, Site
from tests.factories.browsing import fill_need, pick, submit
from tests.factories.steps import DONE, NOT_OURS, act, answered, steps, tasks

pytestmark = pytest.mark.browser


def test_what_the_service_filled_in_says_so_until_it_is_changed(site: Site) -> None:
    answered(site.world)
    site.world.do("office", "review_reply")
    page = site.visit("office", f"/tasks/{site.world.task('feedback_result').id}")
    content = page.locator('[data-field="root_content"]')
    expect(content.locator("textarea")).to_have_value(re.compile(DONE["reply"]))
    expect(content.get_by_text("系统预填，可修改")).to_be_visible()
    content.locator("textarea").fill("已当面告知")
    expect(content.get_by_text("系统预填，可修改")).to_have_count(0)
    assert page.locator("input[type=radio]:checked").count() == 0


def test_a_phrase_is_kept_and_put_in_by_keyboard(site: Site) -> None:
    site.world.dispatched()
    page = site.visit("office", f"/cases/{site.world.case}")
    remark = page.get_by_label("意见或说明")
    remark.fill("请补充落实时间")
    remark.press("Alt+c")
    page.get_by_role("button", name="存为常用语").click()
    expect(page.get_by_role("option", name="请补充落实时间")).to_be_focused()
    page.keyboard.press("Escape")
    expect(remark).to_be_focused()
    remark.fill("")
    remark.press("Alt+c")
    expect(page.get_by_role("option", name="请补充落实时间")).to_be_focused()
    page.keyboard.press("Enter")
    expect(remark).to_have_value("请补充落实时间")


def test_the_diagram_stays_folded_by_choice(site: Site) -> None:
    site.world.dispatched()
    page = site.visit("office", f"/cases/{site.world.case}")
    page.locator("summary", has_text="流程图").click()
    expect(page.locator("[data-diagram-island]")).to_be_hidden()
    page.reload()
    expect(page.locator("[data-diagram-island]")).to_be_hidden()
    page.locator("summary", has_text="流程图").click()
    expect(page.locator(".diagram[data-ready]")).to_be_visible()


def test_likes_stand_beside_the_form_and_several_matters_go_at_once(site: Site) -> None:
    site.world.recorded(title="子女小学转学")
    page = site.visit("liaison-hrss", "/cases/new")
    fill_need(page)
    beside = page.locator("#form-beside")
    expect(beside).to_contain_text("子女小学转学")
    beside.get_by_label("与本件关联").check()
    page.get_by_role("button", name="同时登记另一件事项").click()
    second = page.get_by_role("region", name="第 2 件事项")
    second.get_by_label("事项标题").fill("人才公寓轮候")
    second.get_by_label("需求（问题）内容").fill("申请一年仍未轮到")
    second.get_by_label("事项类别").select_option(label="住房保障")
    second.get_by_label("否，提交区人才办受理").check()
    submit(page)
    expect(page.get_by_role("status").filter(has_text="已登记 2 件")).to_be_visible()
    expect(page.locator("#related")).to_contain_text("人才公寓轮候")
    expect(page.locator("#related")).to_contain_text("子女小学转学")


def test_on_a_phone_the_need_stands_first_and_nothing_is_wider(site: Site) -> None:
    answered(site.world, "edu", "housing")
    page = site.visit("office", f"/tasks/{tasks(site.world, 'review_reply')[0].id}")
    page.set_viewport_size(PHONE)
    need, units, form = (page.locator(one).bounding_box() for one in (".deal-need", "#units", "[data-form]"))
    assert need is not None
    assert units is not None
    assert form is not None
    assert need["y"] < units["y"] < form["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_what_is_picked_is_removed_without_a_list_over_the_next_field(site: Site) -> None:
    site.world.accepted()
    page = site.visit("office", f"/tasks/{site.world.task('dispatch').id}")
    lead, assisting = (page.locator(f'[data-field="root_{name}"]') for name in ("lead_unit", "assisting_units"))
    lead.get_by_role("button", name="移除").click()
    expect(lead.get_by_role("combobox")).to_be_focused()
    assisting.get_by_role("button", name="移除").click()  # nothing lies over it
    expect(page.locator("ref-pick [role=listbox]:visible")).to_have_count(0)
    lead.get_by_role("combobox").click()
    expect(lead.get_by_role("option").first).to_be_visible()


def test_a_reason_given_for_another_decision_is_not_carried_on(site: Site) -> None:
    answered(site.world)
    task = site.world.task("review_reply").id
    site.world.do("office", "review_reply", {"decision": "redo", "comment": "答复未写明学位年级"})
    act(site.world, "office", operations.take_back, task_id=task, reason="选错了")
    page = site.visit("office", f"/tasks/{task}")
    comment = page.locator('[data-field="root_comment"] textarea')
    expect(comment).to_have_value("答复未写明学位年级")
    page.get_by_label("同意办结").check()
    expect(comment).to_have_value("")
    comment.fill("材料齐全")
    page.get_by_label("退回重办").check()
    expect(comment).to_have_value("材料齐全")  # what the person has written stays


def test_a_unit_at_work_is_refused_at_its_field_and_the_other_way_is_taken(site: Site) -> None:
    site.world.dispatched("edu", "guicheng")
    site.world.do("handler-guicheng", "handle", NOT_OURS, unit="guicheng")
    site.expected = ("422",)
    page = site.visit("office", f"/tasks/{site.world.task('redispatch').id}")
    page.get_by_label("改派", exact=True).check()
    pick(page, "改派至", "教育")
    page.get_by_label("改派意见").fill("请一并办理")
    submit(page)
    expect(page.locator('[data-field="root_unit"]')).to_contain_text("区教育局（主办）已在办理本事项")
    page.get_by_label("不再改派（由其他单位继续办理）").check()
    page.get_by_label("不再改派的理由").fill("由区教育局一并办理")
    submit(page)
    expect(page.get_by_label("不再改派的理由")).to_have_count(0)
    assert steps(site.world) == ["feedback_accepted", "handle"]
