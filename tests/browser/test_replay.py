"""A case is replayed by slider, keyboard and links, in a present browser and in the oldest that is promised."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Site
from tests.factories.replays import eventful, replayed
from tests.factories.world import World

pytestmark = pytest.mark.browser


def walk(page: Page, world: World) -> None:
    """Goes through the steps by all ways there are."""
    steps = [one.step for one in replayed(world, "auditor").shown]
    first = next(place for place, one in enumerate(steps) if one.taken_back is not None)
    slider = page.get_by_role("slider", name="办理步骤")
    expect(slider).to_have_value(str(len(steps) - 1))
    page.locator(".diagram[data-ready]").wait_for()
    slider.fill(str(first))
    expect(page.get_by_role("heading", name=f"第 {first + 1} 步，共 {len(steps)} 步")).to_be_visible()
    expect(page.locator("#step")).to_contain_text("已撤回")
    assert page.url.endswith(f"?at={steps[first].seq}")
    expect(page.get_by_role("tab", name="第 1 版").first).to_be_visible()
    expect(page.get_by_role("tab", name="第 2 版")).to_have_count(0)
    page.get_by_text("按当时的版式显示整张表单").click()
    expect(page.get_by_label("办理情况（回复）")).to_have_value("先前的答复")
    expect(page.get_by_label("办理情况（回复）")).not_to_be_editable()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name=f"第 {first + 2} 步")).to_be_visible()
    page.get_by_role("button", name="末步").click()
    expect(page.get_by_role("tab", name="第 2 版").first).to_be_visible()
    page.get_by_role("button", name="首步").click()
    page.get_by_role("button", name="播放").click()
    expect(page.get_by_role("heading", name="第 3 步")).to_be_visible()
    page.get_by_role("button", name="暂停").click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_case_is_walked_through(site: Site) -> None:
    eventful(site.world)
    site.now = site.world.clock.now
    walk(site.visit("auditor", f"/cases/{site.world.case}/replay"), site.world)
    drawn = site.visit("auditor", "/ways?by=begun")  # the way of this one case, drawn and counted
    drawn.get_by_role("link", name="到「登记需求」1 次").click()
    expect(drawn.get_by_role("heading", name="到「登记需求」")).to_be_visible()
    expect(drawn.get_by_role("link", name="回放")).to_have_count(1)
    assert drawn.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_case_is_walked_through_on_a_phone_of_2021(old_site: Site) -> None:
    eventful(old_site.world)
    old_site.now = old_site.world.clock.now
    walk(old_site.visit("auditor", f"/cases/{old_site.world.case}/replay", PHONE), old_site.world)


def test_without_a_script_the_steps_are_links(site: Site) -> None:
    site.world.finished()
    page = site.visit("auditor", f"/cases/{site.world.case}/replay", java_script_enabled=False)
    page.get_by_role("link", name="上一步").click()
    expect(page.get_by_role("heading", name="当时看到和提交的表单")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_count(0)
