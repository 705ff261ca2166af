"""The registry in a real browser: filters in the address bar, pickers, a duplicate that must be ruled out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Site
from tests.factories.browsing import pick

pytestmark = pytest.mark.browser


def test_filters_stay_in_the_address_bar(site: Site) -> None:
    page = site.visit("office", "/talents")
    page.get_by_label("类别", exact=True).select_option(label="四类人才")
    expect(page).to_have_url(re.compile("category=4"))
    expect(page.get_by_text("共 4 条")).to_be_visible()
    pick(page, "联系领导", "chengwangjin")
    expect(page).to_have_url(re.compile("leader="))
    expect(page.locator("ref-pick").last).to_contain_text("程望津")
    page.get_by_label("姓名、编号或单位").fill("xiqiao")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("link", name="杜若飞")).to_be_visible()
    expect(page.get_by_text("共 1 条")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="杜若飞")).to_be_visible()


def test_a_duplicate_is_shown_and_what_was_typed_stays(site: Site) -> None:
    site.expected = ("409",)
    page = site.visit("office", "/talents/new", PHONE)
    page.get_by_label("姓名", exact=False).first.fill("周慕白")
    page.get_by_label("工作单位").first.fill("岭南先进材料研究院")
    page.get_by_label("人才类别").select_option(label="二类人才")
    pick(page, "主管单位", "rlzy")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("link", name="T0001 周慕白")).to_be_visible()
    expect(page.locator("ref-pick")).to_contain_text("区人力资源和社会保障局")
    page.get_by_label("已核对，不是同一人，继续保存").check()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status").filter(has_text="编号 T0016")).to_be_visible()
    expect(page.get_by_text("登记人才").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
