"""The oldest browser that the README names does all the work that a present one does; what is older says so."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.factories.browsing import fill_need, pick, submit
from tests.factories.browsing_leaders import LEADER, served

pytestmark = pytest.mark.browser

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


def test_it_is_an_old_browser_in_which_these_tests_run(old_site: Site) -> None:
    page = old_site.visit(None, "/sign-in")
    assert "Chrome/90." in page.evaluate("navigator.userAgent")
    assert page.evaluate("'hasIndices' in /a/d && !('hasOwn' in Reflect)")
    assert page.evaluate("typeof crypto.randomUUID") == "undefined"


@SIZES
def test_a_need_goes_its_way_in_an_old_browser(old_site: Site, size: dict[str, int]) -> None:
    liaison = old_site.visit("liaison-hrss", "/cases/new", size)
    submit(liaison)
    expect(liaison.get_by_role("alert")).to_contain_text("处需要修改")
    expect(liaison.locator("[data-field=root_title] .form-error")).to_be_visible()
    fill_need(liaison)
    assert liaison.evaluate(FITS)
    submit(liaison)
    expect(liaison.get_by_role("heading", name="子女小学转学学位")).to_be_visible()

    office = old_site.visit("office", "/", size)
    expect(office.get_by_role("heading", name="待我办理")).to_be_visible()
    office.get_by_role("link", name="子女小学转学学位").first.click()
    office.get_by_label("受理", exact=True).check()
    submit(office)
    expect(office.get_by_text("2026-需-0001").first).to_be_visible()
    expect(office.locator(".djs-element.trail-active")).not_to_have_count(0)
    office.get_by_role("link", name="派单", exact=False).first.click()
    expect(office.locator("ref-pick").first).to_contain_text("区教育局")
    office.locator("ref-pick").first.get_by_role("combobox").press("Backspace")  # takes the last one back
    expect(office.locator("ref-pick").first.locator(".ref-pick-chip")).to_have_count(0)
    pick(office, "主办单位", "教育")
    office.get_by_label("转办意见").fill("请区教育局牵头办理。")
    submit(office)
    expect(office.locator("#units summary").filter(has_text="区教育局").first).to_be_visible()


@SIZES
def test_lists_dialogs_and_remarks_work_in_an_old_browser(old_site: Site, size: dict[str, int]) -> None:
    old_site.world.dispatched("edu", title="甲事项")
    old_site.world.recorded(title="乙事项")
    page = old_site.visit("office", "/ledger", size)
    page.get_by_label("检索").fill("甲")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("link", name="乙事项")).to_have_count(0)
    if size["width"] < 600:
        page.get_by_role("button", name="筛选条件").click()
    page.get_by_role("combobox", name="状态").select_option(label="在办")
    page.wait_for_url("**status=running**")
    page.get_by_role("link", name="甲事项").click()
    page.get_by_role("button", name="催办").first.click()
    dialog = page.get_by_role("dialog", name="催办")
    dialog.get_by_label("催办内容").fill("请抓紧办理")
    dialog.get_by_role("button", name="催办").click()
    expect(page.locator("#timeline")).to_contain_text("请抓紧办理")
    page.get_by_label("意见或说明").fill("第一行\n" * 12)
    remark = page.get_by_label("意见或说明").element_handle()
    page.wait_for_function("one => one.clientHeight >= one.scrollHeight - 2", arg=remark)  # it has grown
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#timeline")).to_contain_text("第一行")


@SIZES
def test_a_leader_enters_a_contact_in_an_old_browser(old_site: Site, size: dict[str, int]) -> None:
    old_site.expected = ("422",)
    served(old_site.world)
    page = old_site.visit("leader", "/my-talents", size)
    assert page.evaluate(FITS)
    page.locator("article", has_text="周慕白").get_by_role("link", name="登记联系", exact=True).click()
    page.get_by_label("电话联系", exact=True).check()
    page.get_by_label("情况摘要").fill("电话了解项目进展，一切顺利。")
    page.get_by_role("button", name="提交登记").click()
    expect(page.locator(".form-error", has_text="请至少选择一项联系内容")).to_be_visible()
    page.get_by_label("了解科研、学科、经营、培养情况").check()
    page.get_by_role("button", name="提交登记").click()
    expect(page.get_by_text("联系记录已登记。")).to_be_visible()


@SIZES
def test_no_page_is_late_or_too_wide_in_an_old_browser(old_site: Site, size: dict[str, int]) -> None:
    served(old_site.world)
    old_site.world.dispatched("edu", "guicheng")
    page = old_site.visit("office", "/", size)
    task = old_site.world.task("feedback_accepted").id
    paths = ["/tasks", "/processes", "/talents", f"/contacts/new?leader={LEADER}", "/links", "/rosters", "/reports"]
    for path in [*paths, "/processes/request/1", f"/cases/{old_site.world.case}", f"/tasks/{task}", "/help"]:
        page.goto(path)
        page.locator("h1").wait_for()
        expect(page.get_by_text("正在载入")).to_have_count(0)
        assert page.evaluate(FITS), path
        if page.locator("[data-diagram-island]").count():
            page.locator("[data-diagram-island]").first.scroll_into_view_if_needed()
            expect(page.locator(".djs-shape").first).to_be_visible()


def test_the_documentation_of_the_api_opens_in_an_old_browser(old_site: Site) -> None:
    page = old_site.visit("office", "/api/docs")
    expect(page.get_by_text("/api/v1/tasks", exact=True).first).to_be_visible()


def test_a_browser_older_than_promised_is_told_so(site: Site) -> None:
    page = site.visit("liaison-hrss", "/")
    site.expected = ("ERR_FAILED",)
    page.add_init_script("delete String.prototype.replaceAll")
    page.route("**/form.js*", lambda route: route.abort())  # which an older browser cannot run
    page.goto("/cases/new")
    expect(page.locator("#page-trouble")).to_contain_text("浏览器版本过旧")
    expect(page.locator("[data-form]")).to_contain_text("Chromium 90")


@pytest.mark.parametrize(
    ("program", "path", "said"),
    [
        ("form.js", "/cases/new", "没有载入完整"),
        ("diagram.js", "/processes/request/1", "没有载入完整"),
        ("base.js", "/tasks", "没有载入完整"),
        ("apidocs.js", "/api/docs", "没有载入完整"),
    ],
)
def test_a_program_that_does_not_load_is_told(site: Site, program: str, path: str, said: str) -> None:
    site.expected = ("ERR_FAILED",)
    page = site.visit("office" if path != "/cases/new" else "liaison-hrss", "/")
    page.route(f"**/{program}*", lambda route: route.abort())
    page.goto(path)
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("link", name="刷新本页")).to_be_visible()
    expect(page.get_by_text("正在载入")).to_have_count(0)


def test_a_program_that_fails_at_its_start_is_told(site: Site) -> None:
    site.expected = ("made to fail",)
    page = site.visit("liaison-hrss", "/")
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw Error('made to fail'); }})")
    page.goto("/cases/new")
    expect(page.locator("[data-form]").get_by_role("alert")).to_contain_text("这部分内容无法显示")


def test_a_form_that_fails_while_it_is_drawn_is_told(site: Site) -> None:
    site.expected = ("made to fail", "React")
    page = site.visit("liaison-hrss", "/")
    page.add_init_script("Intl.DateTimeFormat = class { format() { throw Error('made to fail'); } }")
    page.goto("/cases/new")
    page.get_by_label("事项标题").fill("还没有写完的事项")  # the draft's time cannot be said
    expect(page.locator("[data-form]").get_by_role("alert")).to_contain_text("表单无法显示")
