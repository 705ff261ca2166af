"""The editor of forms: a field is added, asked for on a condition and tried at once; what uses it is told first."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Site
from tests.browser.test_studio import draft_of, kept

pytestmark = pytest.mark.browser

HANDLE = "forms/handle.json"


def opened(site: Site, draft: object, form: str, size: dict[str, int] | None = None) -> Page:
    page = site.visit("owner", f"/studio/{draft}/forms#forms/{form}.json", size)
    page.wait_for_selector("[data-studio-forms][data-ready]")
    return page


def saved(page: Page) -> None:
    expect(page.locator(".studio-saved")).to_contain_text("已保存 ")


def test_a_field_is_added_shown_on_a_condition_and_tried_at_once(site: Site) -> None:
    draft = draft_of(site)
    before = kept(site, draft, HANDLE)
    page = opened(site, draft, "handle")
    page.get_by_label("新字段的名称").fill("走访日期")
    page.get_by_role("button", name="加一个字段").click()
    page.get_by_label("种类").select_option("date")
    page.get_by_label("何时显示").select_option("when")
    page.get_by_label("看哪个字段").select_option("result")
    page.get_by_label("已办理，正式回复").first.check()
    expect(page.get_by_label("何时显示")).to_have_value("when")
    page.get_by_label("必填").select_option("yes")
    saved(page)
    schema = json.loads(kept(site, draft, HANDLE))
    then = schema["allOf"][0]["then"]
    (name,) = set(then["properties"]) - {"reply"}
    assert then["properties"][name] == {"type": "string", "title": "走访日期", "format": "date"}
    assert then["required"] == ["reply", name]
    assert json.loads(kept(site, draft, "forms/handle.ui.json"))["ui:order"][-1] == name
    live = page.get_by_label("表单的样子")
    expect(live.get_by_text("走访日期")).to_have_count(0)
    live.get_by_label("已办理，正式回复").check()
    expect(live.get_by_text("走访日期")).to_be_visible()
    live.get_by_role("button", name="试着提交").click()
    expect(live.get_by_role("alert")).to_contain_text("处需要修改")
    undo = page.get_by_role("button", name="撤销")
    while undo.is_enabled():
        undo.click()
    saved(page)
    assert kept(site, draft, HANDLE) == before


def test_what_uses_a_field_is_told_before_it_goes_and_a_source_that_is_no_list_says_why(site: Site) -> None:
    draft = draft_of(site)
    page = opened(site, draft, "record_need", PHONE)
    page.locator(".field-name", has_text="所在镇街").click()
    page.get_by_role("button", name="删去这个字段").click()
    told = page.get_by_role("alertdialog")
    expect(told).to_contain_text("规则表的条件列")
    told.get_by_role("button", name="不删去了").click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("tab", name="源文件", exact=True).click()
    source = page.get_by_label("源文件", exact=True)
    source.press("Control+A")
    source.press_sequentially('{"type": "object", "title": "另写的", "anyOf": []}')
    expect(page.get_by_text("这张表单不能列成字段")).to_contain_text("anyOf")
    saved(page)
    assert "另写的" in kept(site, draft, "forms/record_need.json")
