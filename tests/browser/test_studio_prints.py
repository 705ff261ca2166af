"""The editor of print templates: a new paper is made, something is written into it by a click, and it is looked at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Site
from tests.browser.test_studio import draft_of, kept

pytestmark = pytest.mark.browser

SLOW = 60_000


def test_a_paper_is_made_and_looked_at(site: Site) -> None:
    draft = draft_of(site)
    page = site.visit("owner", f"/studio/{draft}/prints", PHONE)
    page.wait_for_selector("[data-studio-prints][data-ready]")
    page.get_by_label("新打印件的名称").fill("住房便笺")
    page.get_by_role("button", name="新建").click()
    page.wait_for_selector(".source[data-ready]")
    page.get_by_label("找可以印的内容").fill("下次反馈日期")
    page.locator(".print-names button").first.click()
    expect(page.locator(".studio-saved")).to_contain_text("已保存 ")
    name = page.locator(".form-pick").input_value()
    text = kept(site, draft, name)
    assert text.startswith("// 住房便笺\n")
    assert '#field("next_date")' in text
    expect(page.get_by_alt_text("第 1 页")).to_be_visible(timeout=SLOW)
    assert page.get_by_alt_text("第 1 页").evaluate("one => one.naturalWidth") > 300
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
