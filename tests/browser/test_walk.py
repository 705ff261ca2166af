"""A need goes from its registration to its print at the pages alone, and ends the same in every browser."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from service.history import stream_events
from tests.browser.conftest import Site
from tests.factories.browsing import fill_need, pick, submit
from tests.factories.steps import mismatches

pytestmark = pytest.mark.browser

TITLE = "子女小学转学学位"
TODAY = "2026-09-16"

# Asked for by the page itself, so that it is the browser that gets the print.
_PRINT = """async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw Error(`${answer.status}`);
  return btoa(String.fromCharCode(...new Uint8Array(await answer.arrayBuffer())));
}"""


@dataclass(frozen=True)
class End:
    """How a walk ended: what the journal holds of it, what stands on the page of the case and on paper."""

    journal: list[tuple[str, str, str, Any]]
    page: str
    paper: str


class Walk:
    """The people at their windows; each signs in once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._windows: dict[str, Page] = {}

    def desk(self, username: str) -> Page:
        """The desk of ``username``."""
        if username not in self._windows:
            self._windows[username] = self.site.visit(username, "/")
        page = self._windows[username]
        page.goto("/")
        return page

    def opened(self, username: str, step: str) -> Page:
        """The page of the only open ``step``, reached from the desk of ``username``."""
        page = self.desk(username)
        page.get_by_role("row", name=step).locator("a[href^='/tasks/']", has_text=TITLE).click()
        page.get_by_role("button", name="提交", exact=True).wait_for()
        return page


def sent(page: Page) -> None:
    """The form is taken."""
    submit(page)
    expect(page.get_by_role("status").filter(has_text="已提交")).to_be_visible()


def feedback(page: Page, content: str) -> None:
    """Fills in how the talent was told."""
    page.get_by_label("反馈方式").select_option(label="电话")
    page.get_by_label("反馈日期").fill(TODAY)
    page.get_by_label("反馈内容").fill(content)


def walk(site: Site) -> End:
    """Registration, acceptance, dispatch to two, a hand-back, handling, review, feedback, print."""
    on = Walk(site)
    liaison = on.desk("liaison-hrss")
    menu = liaison.get_by_role("navigation")
    menu.locator("summary", has_text="需求").first.click()  # its group is folded
    menu.get_by_role("link", name="登记需求").click()
    fill_need(liaison, TITLE)
    submit(liaison)
    expect(liaison.get_by_role("heading", name=TITLE)).to_be_visible()

    page = on.opened("office", "受理审核")
    page.get_by_label("受理", exact=True).check()
    submit(page)
    expect(page.get_by_text("2026-需-0001").first).to_be_visible()

    page = on.opened("office", "派单")
    expect(page.locator("[data-field=root_lead_unit] .ref-pick-chip")).to_contain_text("区教育局")
    expect(page.locator("[data-field=root_assisting_units] .ref-pick-chip")).to_contain_text("桂城街道办事处")
    page.get_by_label("转办意见").fill("请区教育局牵头办理。")
    submit(page)
    expect(page.locator("#units summary").filter(has_text="区教育局").first).to_be_visible()

    page = on.opened("office", "反馈受理情况")
    feedback(page, "已电话告知受理情况。")
    sent(page)

    page = on.opened("handler-guicheng", "办理")
    page.get_by_label("不属于本单位职责", exact=False).check()
    page.get_by_label("退回理由").fill("学位由区教育局统筹。")
    sent(page)
    page = on.opened("office", "改派：桂城街道办事处")
    page.get_by_label("改派", exact=True).check()
    pick(page, "改派至", "住房")
    page.get_by_label("改派意见").fill("请区住房城乡建设和水利局接续办理。")
    sent(page)

    for username, reply in (("handler-edu", "已安排入读。"), ("handler-housing", "已出具居住证明。")):
        page = on.opened(username, "办理")
        page.get_by_label("已办理，正式回复").check()
        page.get_by_label("办理情况（回复）").fill(reply)
        sent(page)
    for unit in ("区教育局", "区住房城乡建设和水利局"):
        page = on.opened("office", f"办理审核：{unit}")
        page.get_by_label("同意办结").check()
        sent(page)

    page = on.opened("office", "反馈办理情况")
    page.get_by_label("已解决", exact=True).check()
    feedback(page, "已告知入读安排，对象表示满意。")
    sent(page)
    page.goto("/ledger")
    page.get_by_role("link", name=TITLE).click()
    expect(page.get_by_text("结束：办结")).to_be_visible()
    return ended(site, page)


def ended(site: Site, page: Page) -> End:
    """How the case stands whose page is open."""
    case = site.world.case = UUID(page.url.rpartition("/")[2])
    assert mismatches(site.world) == []
    with site.world.database.reading() as session:
        journal = [
            (one.kind, one.actor, str(one.data.get("name", "")), one.data.get("data"))
            for one in stream_events(session, f"instance:{case}")
        ]
    address = page.get_by_role("link", name="需求处理单").get_attribute("href")
    paper = PdfReader(BytesIO(base64.b64decode(page.evaluate(_PRINT, address))))
    shown = page.locator("#main").inner_text()
    return End(journal, shown, "\n".join(one.extract_text() for one in paper.pages))


def test_a_walk_ends_the_same_in_the_oldest_browser_and_in_a_present_one(old_site: Site, site: Site) -> None:
    before, now = walk(old_site), walk(site)
    assert before.journal == now.journal
    assert before.page == now.page
    assert before.paper == now.paper
    done = [(name, data) for kind, _, name, data in now.journal if kind == "completed"]
    assert [name for name, _ in done] == [
        *("登记需求", "受理审核", "派单", "反馈受理情况"),
        *("办理", "改派", "办理", "办理", "办理审核", "办理审核", "反馈办理情况"),
    ]
    for words in ("2026-需-0001", "走访约见", "请区教育局牵头办理", "已安排入读", "已出具居住证明"):
        assert words in now.paper.replace("\n", ""), words
    assert done[-1][1]["content"] == "已告知入读安排，对象表示满意。"
