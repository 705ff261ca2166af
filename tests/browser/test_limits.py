"""A field takes as much as the service takes, with script and without; times are the office's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from service.clock import SHANGHAI
from tests.browser.conftest import Site
from tests.factories.browsing import pick

pytestmark = pytest.mark.browser

LIMIT = 4000
FULL = ("第一行\n" * (LIMIT // 4))[: LIMIT - 1] + "止"


def test_a_full_remark_is_taken_without_script(site: Site) -> None:
    """A form without script sends two characters for the end of each of its thousand lines."""
    site.world.dispatched("edu")
    page = site.visit("office", f"/cases/{site.world.case}", java_script_enabled=False)
    page.get_by_label("意见或说明").fill(FULL)
    assert page.get_by_label("意见或说明").input_value() == FULL
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#timeline")).to_contain_text("第一行")
    expect(page.get_by_text("已发送。")).to_be_visible()


def test_a_full_remark_may_name_somebody(site: Site) -> None:
    site.world.dispatched("edu")
    page = site.visit("office", f"/cases/{site.world.case}")
    page.get_by_label("意见或说明").fill(FULL)
    pick(page, "提醒谁查看", "tyw")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#timeline")).to_contain_text("@谭雅文")


def test_what_is_too_long_stays_and_is_told_until_it_fits(site: Site) -> None:
    site.world.dispatched("edu")
    page = site.visit("office", f"/cases/{site.world.case}")
    field = page.get_by_label("意见或说明")
    field.click()
    page.keyboard.insert_text(
        "𠮷" * (LIMIT + 7)
    )  # what is pasted; each character is two to a browser and one to the service
    assert field.evaluate("one => [...one.value].length") == LIMIT + 7
    told = page.get_by_text(f"最多 {LIMIT} 字，现有 {LIMIT + 7} 字，请精简。")
    expect(told).to_be_visible()
    page.get_by_role("button", name="发送").click()
    expect(told).to_be_visible()
    field.fill("𠮷" * LIMIT)
    expect(told).to_be_hidden()
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#timeline")).to_contain_text("𠮷𠮷𠮷")


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_the_time_of_a_draft_is_the_office_s(site: Site, zone: str) -> None:
    page = site.visit("liaison-hrss", "/cases/new", timezone_id=zone)
    page.clock.set_fixed_time(datetime(2026, 9, 16, 15, 30, tzinfo=SHANGHAI).astimezone(UTC))
    page.get_by_label("事项标题").fill("还没有写完")
    page.clock.run_for(1000)
    expect(page.get_by_text("草稿已保存")).to_contain_text("9/16 15:30")
    page.reload()
    expect(page.get_by_text("已恢复您")).to_contain_text("9/16 15:30")
