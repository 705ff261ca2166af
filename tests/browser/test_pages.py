"""A person works at the pages, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.rights import SYSTEM
from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.factories.browsing import UNLABELLED, fill_need, pick, submit
from tests.factories.bundles import unchecked

pytestmark = pytest.mark.browser


def test_a_liaison_records_a_need_and_the_office_dispatches_it(site: Site) -> None:
    liaison = site.visit("liaison-hrss", "/cases/new")
    fill_need(liaison)
    submit(liaison)
    expect(liaison.get_by_role("heading", name="子女小学转学学位")).to_be_visible()
    expect(liaison.get_by_role("link", name="受理审核")).to_be_visible()

    office = site.visit("office", "/tasks")
    office.get_by_role("link", name="子女小学转学学位").click()
    office.get_by_label("受理", exact=True).check()
    submit(office)
    expect(office.get_by_text("2026-需-0001").first).to_be_visible()
    office.get_by_role("link", name="派单", exact=False).first.click()
    expect(office.locator("ref-pick").first).to_contain_text("区教育局")  # what the decision table proposes
    office.get_by_label("转办意见").fill("请区教育局牵头办理。")
    submit(office)
    expect(office.locator("#units")).to_contain_text("区教育局")

    unit = site.visit("handler-edu", "/")
    unit.get_by_role("link", name="子女小学转学学位").first.click()
    expect(unit.get_by_role("heading", name="还剩 7 个工作日")).to_be_visible()
    unit.get_by_label("已办理，正式回复").check()
    unit.get_by_label("办理情况（回复）").fill("已安排入读。")
    submit(unit)
    expect(unit.get_by_role("status").filter(has_text="已提交")).to_be_visible()


def test_nothing_is_decided_beforehand(site: Site) -> None:
    site.world.dispatched("edu")
    page = site.visit("handler-edu", f"/tasks/{site.world.task('handle').id}")
    page.get_by_label("已办理，正式回复").wait_for()
    assert page.locator("input[type=radio]:checked").count() == 0


def test_what_was_typed_comes_back_and_goes_when_it_is_sent(site: Site) -> None:
    page = site.visit("liaison-hrss", "/cases/new")
    fill_need(page, "还没有写完的事项")
    page.reload()
    expect(page.get_by_text("已恢复您")).to_be_visible()
    expect(page.get_by_label("事项标题")).to_have_value("还没有写完的事项")
    expect(page.locator("ref-pick").first).to_contain_text("周慕白")
    submit(page)
    page.get_by_role("heading", name="还没有写完的事项").wait_for()
    page.goto("/cases/new")
    expect(page.get_by_label("事项标题")).to_have_value("")


def test_a_draft_can_be_thrown_away(site: Site) -> None:
    page = site.visit("liaison-hrss", "/cases/new")
    page.get_by_label("事项标题").fill("不要了")
    page.reload()
    page.get_by_role("button", name="放弃，重新填写").click()
    expect(page.get_by_label("事项标题")).to_have_value("")
    page.reload()
    page.get_by_label("事项标题").wait_for()
    expect(page.get_by_text("已恢复您")).to_have_count(0)


def test_errors_stand_at_the_field_and_in_a_summary_that_leads_there(site: Site) -> None:
    page = site.visit("liaison-hrss", "/cases/new")
    fill_need(page)
    page.get_by_label("事项标题").fill("")
    page.get_by_label("收到日期").fill("2026-09-30")
    submit(page)
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("有 2 处需要修改")
    expect(page.get_by_text("不能晚于今天").last).to_be_visible()
    summary.get_by_role("link", name="事项标题").click()
    expect(page.get_by_label("事项标题")).to_be_focused()
    expect(page.get_by_label("事项标题")).to_have_attribute("aria-invalid", "true")


def test_the_summary_names_a_field_as_the_branch_that_shows_it(site: Site) -> None:
    site.world.dispatched("edu")
    unit = site.visit("handler-edu", f"/tasks/{site.world.task('handle').id}")
    unit.get_by_label("不属于本单位职责", exact=False).check()
    submit(unit)
    expect(unit.get_by_role("link", name="退回理由")).to_be_visible()
    expect(unit.get_by_role("link", name="事情原委")).to_have_count(0)


def test_own_name_and_sign_out_are_in_sight_beside_the_longest_menu(site: Site) -> None:
    office = site.visit("office", "/")
    for one in (".side-me a", ".side-me [type=submit]"):
        expect(office.locator(one)).to_be_in_viewport(ratio=1)


def test_a_date_that_contradicts_is_doubted_at_its_field_or_refused_there(site: Site) -> None:
    site.world.dispatched("edu", received_on="2026-09-10")
    page = site.visit("office", f"/tasks/{site.world.task('feedback_accepted').id}")
    page.get_by_label("反馈方式").select_option(label="电话")
    page.get_by_label("反馈内容").fill("已告知受理。")
    field = page.locator("[data-field=root_given_on]")
    page.get_by_label("反馈日期").fill("2026-09-09")
    submit(page)
    expect(field.locator(".form-error")).to_contain_text("反馈日期早于收到诉求的日期（2026-09-10）")
    page.get_by_label("反馈日期").fill("2026-09-11")
    expect(field.locator(".form-doubt")).to_contain_text("反馈日期早于派单的日期")
    submit(page)
    expect(page.locator("#timeline")).to_contain_text("反馈日期早于派单的日期")


def test_a_year_far_from_today_is_doubted_on_the_page_of_a_record(site: Site) -> None:
    page = site.visit("office", "/talents/new")
    page.get_by_label("认定日期").fill("1926-09-10")
    expect(page.locator(".form-doubt")).to_contain_text("请核对年份")
    page.get_by_label("认定日期").fill("2026-09-10")
    expect(page.locator(".form-doubt")).to_be_hidden()


def test_a_pattern_that_would_hold_the_page_is_left_to_the_server(site: Site) -> None:
    """A form deployed before such patterns were refused."""
    page = site.visit("liaison-hrss", "/")

    def with_pattern(route: Route) -> None:
        answer = route.fetch()
        held = answer.text().replace('"pattern": "\\\\S"', '"pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"')
        assert held != answer.text()
        route.fulfill(response=answer, body=held)

    page.route("**/cases/new", with_pattern)
    page.goto("/cases/new")
    page.get_by_label("事项标题").fill("a" * 90)
    submit(page)
    expect(page.locator("[data-field=root_title] .form-error")).to_contain_text("格式不正确", timeout=3000)


FAN = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(7)} | {"s7": {"type": "string"}}


@pytest.mark.parametrize(
    ("more", "why"), [({"$ref": "#/$defs/s0"}, "表单过大"), ({"$ref": "#"}, "绕回了自己")], ids=["fan", "circle"]
)
def test_a_form_from_before_forms_were_measured_does_not_hold_the_page(
    site: Site, more: dict[str, str], why: str
) -> None:
    files = read_bundle(Path("bpmn/request"), Path("forms/request"))
    form = json.loads(files["forms/record_need.json"])
    form |= {"$defs": FAN}
    form["properties"]["more"] = more
    files["forms/record_need.json"] = json.dumps(form).encode()
    with site.world.transaction() as session:  # as it was deployed then: nothing held it to a measure
        deploy(session, unchecked("request", files), actor=SYSTEM, now=site.now)
    page = site.visit("liaison-hrss", "/cases/new")
    expect(page.get_by_role("alert")).to_contain_text(why, timeout=5_000)
    expect(page.get_by_role("alert")).to_contain_text("请流程管理员精简表单")
    assert page.get_by_role("button", name="提交").count() == 0


def test_a_form_is_checked_where_no_code_may_be_made(site: Site) -> None:
    page = site.visit("liaison-hrss", "/cases/new")
    made = page.evaluate(
        "new Promise((tell) => setTimeout(() => { try { tell(Function('return 1')()); } catch { tell('refused'); } }))"
    )
    assert made == "refused"
    submit(page)
    expect(page.get_by_role("alert")).to_contain_text("处需要修改")
    site.expected = ("unsafe-eval",)  # what this test itself tried


def test_what_only_the_server_knows_is_told_at_the_field_too(site: Site) -> None:
    site.expected = ("422",)
    site.world.dispatched("edu")
    page = site.visit("handler-edu", f"/tasks/{site.world.task('handle').id}")
    page.get_by_label("暂未解决或须分步解决，阶段反馈").check()
    page.get_by_label("事情原委").fill("学位紧张")
    page.get_by_label("进展情况").fill("已与学校沟通")
    page.get_by_label("下次反馈日期").fill("2027-01-20")
    submit(page)
    expect(page.locator("[data-field=root_next_date] .form-error")).to_contain_text("最多 20 个工作日")
    expect(page.get_by_label("事情原委")).to_have_value("学位紧张")


def test_a_conflict_says_what_happened_and_keeps_the_text(site: Site) -> None:
    site.expected = ("409",)
    site.world.dispatched("edu")
    task = site.world.task("handle").id
    page = site.visit("handler-edu", f"/tasks/{task}")
    page.get_by_label("已办理，正式回复").check()
    page.get_by_label("办理情况（回复）").fill("我写了很久的回复")
    site.world.do("handler-edu", "handle")
    submit(page)
    expect(page.get_by_role("alert")).to_contain_text("不能再办理")
    expect(page.get_by_label("办理情况（回复）")).to_have_value("我写了很久的回复")


def test_a_lost_session_keeps_the_text_and_goes_on_after_sign_in(site: Site) -> None:
    site.expected = ("401", "400")
    site.world.dispatched("edu")
    page = site.visit("handler-edu", f"/tasks/{site.world.task('handle').id}")
    page.get_by_label("已办理，正式回复").check()
    page.get_by_label("办理情况（回复）").fill("已协调解决。")
    page.context.clear_cookies()
    submit(page)
    expect(page.get_by_role("alert")).to_contain_text("登录已过期")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="在新窗口登录").click()
    site.sign_in(opened.value, "handler-edu")
    submit(page)
    expect(page.get_by_role("status").filter(has_text="已提交")).to_be_visible()


def test_the_diagram_shows_where_the_case_stands(site: Site) -> None:
    site.world.dispatched("edu", "guicheng")
    page = site.visit("office", f"/cases/{site.world.case}")
    page.locator(".diagram").scroll_into_view_if_needed()
    expect(page.locator(".djs-element.trail-active[data-element-id=handle]")).to_have_count(1)
    main = page.get_by_role("tab", name="高层次人才需求处理")
    main.click()
    expect(main).to_have_attribute("aria-selected", "true")
    expect(page.locator(".djs-element.trail-active[data-element-id=unit_slots]")).to_have_count(1)
    assert page.locator(".djs-connection.trail-flow").count() > 5
    expect(page.locator(".diagram-stage svg[aria-label*='当前位置']")).to_have_count(1)
    before = page.locator(".viewport").get_attribute("transform")
    page.get_by_role("button", name="放大").click()
    assert page.locator(".viewport").get_attribute("transform") != before


def test_the_diagram_is_there_before_anybody_scrolls_to_it(site: Site) -> None:
    site.world.dispatched("edu", "guicheng")
    page = site.visit("office", f"/cases/{site.world.case}", PHONE)
    assert page.locator(".diagram").bounding_box()["y"] > PHONE["height"]  # type: ignore[index]  # it has a box
    expect(page.locator(".djs-element.trail-active[data-element-id=handle]")).to_have_count(1)
    assert page.evaluate("window.scrollY") == 0


def test_an_urge_is_sent_from_its_dialog_and_keeps_the_text_when_refused(site: Site) -> None:
    site.expected = ("409",)
    site.world.dispatched("edu")
    site.world.do("office", "feedback_accepted")
    page = site.visit("office", f"/cases/{site.world.case}")
    page.get_by_role("button", name="催办").first.click()
    dialog = page.get_by_role("dialog", name="催办")
    dialog.get_by_label("催办内容").fill("请于明日前回复")
    site.world.do("handler-edu", "handle")  # the answer comes in while the office types
    dialog.get_by_role("button", name="催办").click()
    expect(dialog.get_by_text("没有可催办的任务")).to_be_visible()
    expect(dialog.get_by_label("催办内容")).to_have_value("请于明日前回复")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_refusal_of_the_board_is_said_where_the_person_looks(site: Site, size: dict[str, int]) -> None:
    site.expected = ("422",)
    site.world.dispatched("edu")
    page = site.visit("office", "/board", size)
    bar = page.locator(".batch-bar")
    for name in ("催办", "领办"):
        button = bar.get_by_role("button", name=name, include_hidden=True)
        expect(button).to_be_disabled()
        expect(button).to_be_visible(visible=size["width"] >= 600)
    expect(bar.get_by_text("请先勾选要办理的行")).to_be_in_viewport()
    page.locator("input[name='task[]']").first.check()
    expect(bar.get_by_text("请先勾选要办理的行")).to_be_hidden()
    bar.get_by_role("button", name="催办").click()
    dialog = page.get_by_role("dialog", name="催办")
    dialog.get_by_label("催办内容").fill("请{不存在}")
    dialog.get_by_role("button", name="催办").click()
    expect(dialog.get_by_role("alert")).to_contain_text("不能使用 {不存在}")
    expect(dialog.get_by_role("alert")).to_be_in_viewport()
    expect(dialog.locator(".form-field-bad")).to_contain_text("催办内容")
    expect(dialog.get_by_label("催办内容")).to_have_value("请{不存在}")
    dialog.get_by_role("button", name="取消").click()
    page.locator("input[name='task[]']").first.evaluate("box => { box.value = ''; }")  # as if the row were gone
    bar.get_by_role("button", name="打印").click()
    expect(bar.get_by_role("alert")).to_contain_text("请先勾选要办理的行")
    expect(bar.get_by_role("alert")).to_be_in_viewport()


def test_a_remark_reminds_somebody_picked_by_initials(site: Site) -> None:
    site.world.dispatched("edu")
    page = site.visit("office", f"/cases/{site.world.case}")
    page.get_by_label("意见或说明").fill("请与学校联系")
    pick(page, "提醒谁查看", "tyw")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#timeline")).to_contain_text("@谭雅文")


def test_filters_stay_in_the_address_bar(site: Site) -> None:
    site.world.recorded(title="甲事项")
    site.world.recorded(title="乙事项")
    page = site.visit("office", "/ledger")
    page.get_by_label("检索").fill("甲")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("link", name="乙事项")).to_have_count(0)
    page.get_by_role("combobox", name="状态").select_option(label="在办")
    page.wait_for_url("**status=running**")
    assert "q=" in page.url
    page.reload()
    expect(page.get_by_role("link", name="甲事项")).to_be_visible()
    expect(page.get_by_role("combobox", name="状态")).to_have_value("running")
    page.go_back()
    expect(page.get_by_role("combobox", name="状态")).to_have_value("")


@pytest.mark.parametrize("size", [PHONE, {"width": 1366, "height": 768}], ids=["phone", "desktop"])
def test_no_page_scrolls_sideways_and_each_is_labelled(site: Site, size: dict[str, int]) -> None:
    world = site.world
    long = (
        "关于协调解决省重点实验室引进团队成员子女跨镇街入读公办小学并同步办理学籍转接及午托服务事项的请示（补充材料）"
    )
    world.dispatched("edu", "guicheng", title=long)
    world.pass_days(10)
    site.now = world.clock.now
    page = site.visit("office", "/", size)
    handle = world.task("handle", "edu").id
    own = f"/tasks/{world.task('feedback_accepted').id}"
    paths = [
        "/",
        "/tasks",
        "/tasks/done",
        "/cases/started",
        "/cases/copied",
        "/ledger",
        "/processes",
        "/help",
        "/account",
        "/notices/settings",
        "/notices/wordings",
    ]
    for path in [*paths, "/processes/request/1", f"/cases/{world.case}", f"/tasks/{handle}", own, "/nowhere"]:
        if path == "/nowhere":
            site.expected = ("404",)
        page.goto(path)
        page.locator("h1").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        assert page.locator("h1").count() == 1, path
        assert page.evaluate(UNLABELLED) == [], path
