"""An owner changes a rule by name, tries the draft with a moved clock, and keeps the way as a scenario."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from service import clock
from service.studio import drafts
from tests.browser.conftest import PHONE, Site

pytestmark = pytest.mark.browser

TABLE = "bpmn/dispatch.dmn"
SLOW_MS = 60_000
"""A draft is checked in a process of its own, which on a busy machine has to wait."""


@pytest.fixture
def draft(site: Site) -> UUID:
    with site.world.transaction() as session:
        return drafts.create(session, process="request", actor=site.world.actor("owner"), now=clock.now()).id


def file(site: Site, draft: UUID, name: str) -> str:
    with site.world.database.reading() as session:
        return drafts.file(session, drafts.get(session, draft, site.world.actor("owner")), name).decode()


def narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_rule_is_changed_by_name_and_nothing_else_of_the_file_changes(site: Site, draft: UUID) -> None:
    before = file(site, draft, TABLE)
    page = site.visit("owner", f"/studio/{draft}/tables")
    page.wait_for_selector("[data-studio-tables][data-ready]")
    page.locator("tbody tr").first.locator("td.is-outputs button").first.click()
    page.locator(".table-picks label", has_text="区财政局").click()
    expect(page.locator(".studio-saved")).to_contain_text("已保存")
    assert file(site, draft, TABLE) == before.replace('"edu"', '"finance"', 1)
    for label, choice in (("事项类别", "子女教育"), ("所在镇街", "西樵镇")):
        page.get_by_label(label).select_option(label=choice)
    page.get_by_role("button", name="看结果").click()
    expect(page.get_by_text("用第 1 条：主办单位 区财政局；协办单位 西樵镇")).to_be_visible()
    page.get_by_label("在第 1 条下加一条").click()
    page.get_by_label("删去第 2 条").click()
    expect(page.locator(".studio-saved")).to_contain_text("已保存")
    assert file(site, draft, TABLE) == before.replace('"edu"', '"finance"', 1)
    page.set_viewport_size(PHONE)
    assert narrow(page)


def test_a_draft_is_tried_with_a_moved_clock_and_kept_as_a_scenario(site: Site, draft: UUID) -> None:
    page = site.visit("owner", f"/studio/{draft}/try")
    page.wait_for_selector('[data-studio-try][data-ready="0"]', timeout=SLOW_MS)
    page.get_by_role("button", name="填入样例").click()
    page.locator("#root_on_the_spot-1, #root_on_the_spot_1").first.check()  # 否
    page.get_by_role("button", name="办理这一步").click()
    page.wait_for_selector('[data-studio-try][data-ready="1"]', timeout=SLOW_MS)
    expect(page.locator(".try-open")).to_contain_text("受理审核")
    page.locator(".try-waits button", has_text="3").first.click()
    page.wait_for_selector('[data-studio-try][data-ready="2"]', timeout=SLOW_MS)
    expect(page.locator(".try-open")).to_contain_text("已超期")
    page.get_by_placeholder("这个用例是什么情形").fill("受理超期")
    page.get_by_role("button", name="存成用例").click()
    expect(page.get_by_text("已存为用例")).to_be_visible()
    assert "title: 受理超期" in file(site, draft, "scenarios/shou_li_chao_qi.yaml")
    page.get_by_role("button", name="从头再来").click()
    page.wait_for_selector('[data-studio-try][data-ready="0"]', timeout=SLOW_MS)
    page.set_viewport_size(PHONE)
    assert narrow(page)
