"""A person in a browser: picks records, fills in and sends the form of a need."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def pick(page: Page, label: str, typed: str) -> None:
    """Picks the first that ``typed`` finds, by keyboard."""
    field = page.get_by_role("combobox", name=label)
    field.fill(typed)
    page.locator("ref-pick [role=option]:visible").first.wait_for()
    field.press("Enter")


def fill_need(page: Page, title: str = "子女小学转学学位") -> None:
    pick(page, "联系服务对象", "zmb")
    expect(page.locator('[data-field="root_leader_id"] .ref-pick-chip')).to_contain_text("陈砚秋")  # who serves him
    page.get_by_label("反映形式").select_option(label="走访约见")
    page.get_by_label("收到日期").fill("2026-09-15")
    page.get_by_label("事项标题").fill(title)
    page.get_by_label("需求（问题）内容").fill("其长子由外省转入，希望就近入读公办小学。\n" * 6)
    page.get_by_label("事项类别").select_option(label="子女教育")
    page.get_by_label("所在镇街").select_option(label="桂城街道")
    page.get_by_label("否，提交区人才办受理").check()


def submit(page: Page) -> None:
    page.get_by_role("button", name="提交", exact=True).click()


UNLABELLED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]")]
  .filter((one) => one.offsetParent !== null)
  .filter((one) => !(one.labels?.length || one.getAttribute("aria-label") || one.title || one.textContent.trim()))
  .map((one) => one.outerHTML.slice(0, 120))"""
