"""Links as only a browser shows them: picked records in a form, suggestions, the lines of a draft."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from service.demonstration.organization import derived
from tests.browser.conftest import DESKTOP, PHONE, Site

pytestmark = pytest.mark.browser

SECOND = derived("leader", "程望津")


def test_a_link_is_registered_with_a_picked_talent(site: Site) -> None:
    page = site.visit("office", "/links/new")
    page.get_by_label("领导").fill("cwj")
    page.get_by_role("option", name="程望津").click()
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_text("要求不少于 2 名")).to_be_visible()
    page.get_by_label("人才", exact=False).last.fill("zmb")
    page.get_by_role("option", name="周慕白").click()
    page.get_by_label("了解掌握").check()
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="程望津联系周慕白")).to_be_visible()
    expect(page.get_by_text("这位人才另由陈砚秋联系")).to_be_visible()


def test_a_draft_takes_lines_that_stay_and_a_line_that_is_picked(site: Site) -> None:
    page = site.visit("office", "/rosters/new?scope=A")
    page.get_by_label("列入 陈砚秋联系周慕白").uncheck()
    page.get_by_label("第 16 行的领导").fill("cwj")
    page.get_by_role("option", name="程望津").click()
    page.get_by_label("第 16 行的人才").fill("zmb")
    page.get_by_role("option", name="周慕白").click()
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("heading", name="区领导（A类）名单 第 1 版")).to_be_visible()
    expect(page.get_by_role("row", name="周慕白")).to_contain_text("程望津")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_scrolls_sideways(site: Site, size: dict[str, int]) -> None:
    page = site.visit("office", "/links", size)
    for path in (
        "/links",
        f"/links/new?leader={SECOND}",
        "/quotas",
        "/service-teams",
        f"/service-teams/new?leader={SECOND}",
        "/rosters",
        "/rosters/new?scope=A",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path


def test_who_serves_the_talent_is_proposed_as_the_leader_of_a_need(site: Site) -> None:
    page = site.visit("liaison-hrss", "/cases/new")
    page.get_by_label("联系服务对象").fill("zmb")
    page.get_by_role("option", name="周慕白").click()
    expect(page.locator('[data-field="root_leader_id"] .ref-pick-chip')).to_contain_text("陈砚秋")
