"""Signing in with a telephone's code, and the end of a session that nobody uses, as people see them."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import expect

from service.demonstration import PASSWORD
from tests.browser.conftest import PHONE, Site

pytestmark = pytest.mark.browser


def test_a_telephone_is_enrolled_and_asked_for_at_the_next_sign_in(site: Site) -> None:
    page = site.visit("office", "/account", size=PHONE)
    page.get_by_role("link", name="登记二次验证").click()
    page.get_by_role("button", name="开始登记").click()
    expect(page.locator("svg.seal-code")).to_be_visible()
    telephone = pyotp.TOTP(page.locator("#secret").inner_text().replace(" ", ""))
    page.get_by_label("验证码").fill("000000")
    site.expected = ("422", "401")
    page.get_by_role("button", name="完成登记").click()
    expect(page.get_by_role("alert")).to_contain_text("验证码不正确")
    page.get_by_label("验证码").fill(telephone.at(site.now))
    page.get_by_role("button", name="完成登记").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    recovery = page.locator("#recovery-codes li").first.inner_text()
    page.get_by_role("link", name="已保存，进入工作台").click()
    for code in (lambda: telephone.at(site.now), lambda: recovery):
        site.now += timedelta(minutes=1)
        page.context.clear_cookies()
        page.goto("/sign-in?next=/ledger")
        page.get_by_label("用户名").fill("office")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", name="二次验证")).to_be_visible()
        page.get_by_label("验证码").fill(code())
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", name="需求台账")).to_be_visible()
    expect(page.get_by_text("上次登录：2026-09-16")).to_be_visible()
    site.check()


def test_the_end_is_told_before_and_what_was_typed_stays(site: Site) -> None:
    page = site.visit("office", "/account")
    page.clock.install(time=site.now)
    page.reload()

    def wait(minutes: float) -> None:
        site.now += timedelta(minutes=minutes)
        page.clock.fast_forward(int(minutes * 60_000))

    page.get_by_label("用途").fill("数据对接")
    with page.expect_response("**/session/token") as heard:
        wait(2)  # typing keeps the session: the server is told once a minute
    heard.value.finished()
    wait(28.5)
    told = page.get_by_role("dialog")
    expect(told).to_contain_text("2 分钟后将自动退出登录")
    told.get_by_role("button", name="继续使用").click()
    expect(told).to_be_hidden()
    wait(29)
    expect(told).to_contain_text("即将退出登录")
    wait(2)
    expect(told).to_contain_text("已退出登录")
    site.expected = ("401",)
    with page.context.expect_page() as opened:
        told.get_by_role("link", name="在新窗口登录").click()
    site.sign_in(opened.value, "office")
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(told).to_be_hidden()
    expect(page.get_by_label("用途")).to_have_value("数据对接")
    page.get_by_role("button", name="签发令牌").click()
    expect(page.get_by_role("alert")).to_contain_text("liaison_")
    site.check()
