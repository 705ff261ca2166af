"""Lists by the keyboard, numbers in the menu that stay true, and a talent's file as a browser shows it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from service.clock import today
from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.factories.browsing import UNLABELLED
from tests.factories.contact_pages import record

pytestmark = pytest.mark.browser

WHERE = "[...document.querySelectorAll('table.sheet > tbody > tr')].indexOf(document.activeElement)"


def test_keys_move_over_the_rows_and_open_one_but_not_while_somebody_types(site: Site) -> None:
    for title in ("甲事项", "乙事项", "丙事项"):
        site.world.recorded(title=title)
    page = site.visit("office", "/tasks")
    for key, row in (("j", 0), ("j", 1), ("ArrowDown", 2), ("j", 2), ("k", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert page.evaluate(WHERE) == row, key
    page.keyboard.press("/")
    expect(page.get_by_label("编号或事项")).to_be_focused()
    page.keyboard.type("jkx?/")
    assert page.get_by_label("编号或事项").input_value() == "jkx?/"
    page.get_by_label("编号或事项").fill("")
    page.locator("h1").click()
    page.keyboard.press("k")
    title = page.locator("tbody tr").last.locator("a").first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*-*")
    expect(page.get_by_text(title).first).to_be_visible()


def test_the_keys_are_told_and_can_be_turned_off(site: Site) -> None:
    site.world.recorded()
    page = site.visit("office", "/tasks")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="列表的键盘操作")).to_be_visible()
    page.get_by_label("使用这些按键").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate(WHERE) == -1
    page.get_by_role("button", name="按键").click()  # the way back
    page.get_by_label("使用这些按键").check()
    page.get_by_role("button", name="知道了").click()
    page.locator("h1").click()
    page.keyboard.press("j")
    assert page.evaluate(WHERE) == 0


def test_x_ticks_the_row_in_which_the_focus_stands(site: Site) -> None:
    site.world.recorded()
    page = site.visit("office", "/board")
    page.locator("tbody tr:has(input[type=checkbox])").first.evaluate("row => { row.tabIndex = -1; row.focus(); }")
    page.keyboard.press("x")
    assert page.locator("tbody input[type=checkbox]:checked").count() == 1
    page.keyboard.press("x")
    assert page.locator("tbody input[type=checkbox]:checked").count() == 0


def test_the_number_beside_the_tasks_comes_by_itself_but_not_to_a_hidden_page(site: Site) -> None:
    page = site.visit("office", "about:blank")
    page.clock.install(time=site.now)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/waiting") else None)
    page.goto("/help")
    badge = page.locator("[data-waiting=tasks]")
    expect(badge).to_be_hidden()
    site.world.recorded()
    _hide(page, hidden=True)
    page.clock.fast_forward(180_000)
    assert asked == []
    _hide(page, hidden=False)
    expect(badge).to_have_text("1")
    expect(badge).to_have_attribute("aria-label", "1 项待办")
    assert len(asked) == 1
    page.clock.fast_forward(61_000)
    page.wait_for_timeout(300)
    assert len(asked) <= 2


def _hide(page: Page, *, hidden: bool) -> None:
    state = "hidden" if hidden else "visible"
    page.evaluate(
        f"""() => {{
            Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }});
            document.dispatchEvent(new Event('visibilitychange'));
        }}"""
    )


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_talents_file_fits_is_labelled_and_turns_its_pages(site: Site, size: dict[str, int]) -> None:
    record(site.world, topic=["3"], note_research="牵头的省重点研发项目进入中期" * 6, held_on=today().isoformat())
    page = site.visit("office", "/talents/T0001", size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate(UNLABELLED) == []
    page.get_by_role("navigation", name="按类别查看").get_by_role("link", name="科研等情况").click()
    page.wait_for_url("**kind=note**")
    expect(page.locator("ol.file-line > li")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("user", ["office", "leader", "liaison-hrss", "handler-edu", "auditor"])
def test_own_name_and_the_way_out_stand_on_every_desk_of_a_small_screen(site: Site, user: str) -> None:
    page = site.visit(user, "/", DESKTOP)
    for part in (
        page.get_by_role("button", name="退出登录"),
        page.locator(".side-me a"),
        page.get_by_role("navigation").first,
    ):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= DESKTOP["height"]
    phone = site.visit(user, "/", PHONE)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_conditions_fold_on_a_phone_and_stay_as_the_reader_left_them(site: Site) -> None:
    site.world.recorded(title="甲事项")
    page = site.visit("office", "/ledger", PHONE)
    status, button = page.locator("#f-status"), page.locator(".filters-toggle")
    expect(page.get_by_label("检索")).to_be_visible()
    expect(status).to_be_hidden()
    expect(button).to_have_text("筛选条件")
    button.click()
    status.select_option("running")
    expect(button).to_have_text("筛选条件（已设 1 项）")
    expect(status).to_be_visible()
    expect(page.get_by_role("link", name="甲事项")).to_be_visible()
    page.set_viewport_size(DESKTOP)
    expect(button).to_be_hidden()


def test_a_phone_shows_what_to_do_with_rows_once_one_is_ticked(site: Site) -> None:
    site.world.recorded(title="甲事项")
    page = site.visit("office", "/board", PHONE)
    urge = page.get_by_role("button", name="催办", exact=True)
    expect(page.get_by_text("请先勾选要办理的行")).to_be_visible()
    expect(urge).to_be_hidden()
    page.locator("input[name='task[]']").first.check()
    expect(urge).to_be_visible()
