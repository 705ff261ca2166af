"""A leader with a phone enters a contact; no page of contacts and reports scrolls sideways; all is labelled."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from playwright.sync_api import Page, expect

from service import clock, contacts, reports
from service.clock import SHANGHAI
from service.ledger.counts import leader_needs, need_counts
from service.processes.calendars import current
from service.rights import SYSTEM
from tests.browser.conftest import DESKTOP, PHONE, Site
from tests.factories.browsing import UNLABELLED
from tests.factories.browsing_leaders import LEADER, served
from tests.factories.world import World

pytestmark = pytest.mark.browser

LONG = "走访省重点实验室引进团队，了解中试基地建设进展，就研发用地、设备通关、子女入读公办小学等事项听取意见建议。"


def lived_in(world: World) -> list[str]:
    """A district in which something has happened; gives the addresses of every page."""
    served(world)
    world.recorded(leader_id=str(LEADER), title="子女小学转学学位")
    with world.transaction() as session:
        made = contacts.record_contact(
            session,
            leader_id=LEADER,
            talent_ids=["T0001", "T0003"],
            form="visit",
            held_on=date(2026, 9, 8),
            topics=[2, 3, 4],
            summary=LONG,
            place="岭南先进材料研究院",
            participants="区科技局、狮山镇",
            tags=["stationed", "warm_spring"],
            opinions=[{"talent_id": "T0001", "text": LONG}, {"talent_id": "T0003", "text": "希望简化进口设备通关"}],
            restricted="近期家中老人住院",
            calendar=current(session),
            actor=world.actor("liaison-district_office"),
            now=clock.now(),
        )
        activity = contacts.add_activity(
            session,
            name="高层次人才政策咨询论证会",
            kind="consultation",
            held_on=date(2026, 9, 15),
            organizer_unit="hrss",
            place="区人才办会议室",
            talent_ids=["T0001", "T0002", "T0003"],
            actor=SYSTEM,
            now=clock.now(),
        )
        contacts.record_matter(
            session,
            unit_code="hrss",
            talent_id="T0002",
            title="职称评审材料",
            description=LONG,
            raised_on=date(2026, 9, 10),
            actor=SYSTEM,
            now=clock.now(),
        )
        report = reports.compile_report(
            session,
            unit_code="district_office",
            year=2026,
            half=2,
            needs=need_counts(session, unit="district_office", starts_on=date(2026, 7, 1), ends_on=date(2026, 12, 31)),
            due_on=date(2027, 1, 15),
            actor=world.actor("liaison-district_office"),
            now=clock.now(),
        )
        brief = reports.draft_brief(
            session,
            leader_id=LEADER,
            year=2026,
            month=9,
            needs=leader_needs(session, leader_id=LEADER, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30)),
            actor=world.actor("office"),
            now=clock.now(),
        )
        return [
            "/my-talents",
            "/contacts",
            f"/contacts/new?leader={LEADER}",
            f"/contacts/{made.id}",
            f"/contacts/new?copy={made.id}",
            "/opinions",
            f"/cases/new?opinion={made.opinions[0].id}",
            "/interviews",
            "/activities",
            f"/activities/{activity.id}",
            "/matters",
            "/reports",
            f"/reports/{report.id}",
            "/reports/roll-up?year=2026&half=2",
            "/briefs",
            f"/briefs/{brief.id}",
            "/assessment",
        ]


def test_a_leader_with_a_phone_enters_a_contact_in_a_few_taps(site: Site) -> None:
    served(site.world)
    page = site.visit("leader", "/my-talents", PHONE)
    page.locator("article", has_text="周慕白").get_by_role("link", name="登记联系", exact=True).click()
    expect(page.get_by_label("周慕白", exact=True)).to_be_checked()
    page.get_by_label("电话联系", exact=True).check()
    page.get_by_label("了解科研、学科、经营、培养情况").check()
    page.get_by_label("情况摘要").fill("电话了解项目进展，一切顺利。")
    page.get_by_role("button", name="提交登记").click()
    expect(page.get_by_text("联系记录已登记。")).to_be_visible()
    expect(page.get_by_text("电话了解项目进展，一切顺利。")).to_be_visible()


def test_a_refused_contact_keeps_what_was_typed(site: Site) -> None:
    served(site.world)
    page = site.visit("liaison-district_office", f"/contacts/new?leader={LEADER}")
    page.get_by_label("走访约见", exact=True).check()
    page.get_by_label("情况摘要").fill("到企业走访。")
    page.get_by_role("button", name="提交登记").click()
    expect(page.locator(".form-error", has_text="请至少选择一位联系对象")).to_be_visible()
    page.get_by_role("link", name="请至少选择一项联系内容").click()
    expect(page.get_by_role("checkbox", name="宣传通报")).to_be_focused()
    expect(page.get_by_label("情况摘要")).to_have_value("到企业走访。")
    site.expected = ("422",)


@pytest.mark.parametrize("which", ["old_site", "site"])
def test_two_answers_to_an_opinion_are_told_of_each_other(which: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(which)
    site.expected = ("409",)
    lived_in(site.world)
    first, second = site.visit("office", "/opinions"), site.visit("office-2", "/opinions", PHONE)
    for page, words in ((first, "先说的话"), (second, "后说的话")):
        page.get_by_role("button", name="登记处理结果").first.click()
        page.get_by_role("dialog").get_by_role("textbox").fill(words)
    first.get_by_role("dialog").get_by_role("radio", name="已答复").check()
    first.get_by_role("dialog").get_by_role("button", name="保存").click()
    first.get_by_text("处理结果已登记。").wait_for()
    dialog = second.get_by_role("dialog")
    dialog.get_by_role("radio", name="已答复").check()
    dialog.get_by_role("button", name="保存").click()
    expect(dialog.locator("[data-outcome]")).to_contain_text("改为“先说的话”；您填写的内容已保留")
    expect(dialog.get_by_role("textbox")).to_have_value("后说的话")
    assert second.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    dialog.get_by_role("button", name="保存").click()
    expect(second.locator("#opinions p.quote:visible")).to_have_text("后说的话")


def test_a_choice_that_nobody_touched_follows_what_another_chose(site: Site) -> None:
    site.expected = ("409",)
    lived_in(site.world)
    windows = [site.visit(name, "/activities") for name in ("office", "office-2")]
    for page in windows:
        page.locator("td a[href^='/activities/']").first.click()
        page.get_by_role("heading", name="邀请和出席").wait_for()
    first, second = (page.locator("select[name^=came_]") for page in windows)
    first.nth(0).select_option(label="未到场")
    windows[0].get_by_role("button", name="保存出席情况").click()
    windows[0].get_by_text("出席情况已登记。").wait_for()
    second.nth(1).select_option(label="未到场")
    windows[1].get_by_role("button", name="保存出席情况").click()
    expect(windows[1].locator("#invited [data-outcome]")).to_contain_text("改为“未到场”，已采用")
    expect(second.nth(0)).to_have_value("no")
    expect(second.nth(1)).to_have_value("no")
    windows[1].get_by_role("button", name="保存出席情况").click()
    expect(windows[1].get_by_text("出席情况已登记。")).to_be_visible()


def test_a_refused_upload_fits_a_phone(site: Site) -> None:
    site.expected = ("422",)
    page = site.visit("office", "/imports", PHONE)
    row = page.get_by_role("row").filter(has=page.get_by_label("单位文件"))
    row.get_by_label("单位文件").set_input_files({"name": "a.xlsx", "mimeType": "", "buffer": b"no sheet"})
    row.get_by_role("button", name="上传检查").click()
    expect(page.get_by_role("alert")).to_contain_text("不是 Excel 工作簿")
    for one in ("input[type=file]", ".form-error"):
        box = page.locator(f".upload {one}").first.bounding_box()
        assert box is not None
        assert box["width"] > 200, one
        assert box["x"] + box["width"] < PHONE["width"], one


def test_a_report_is_sent_with_the_words_on_the_page(site: Site) -> None:
    paths = lived_in(site.world)
    site.now = datetime(2027, 1, 8, 9, 0, tzinfo=SHANGHAI)
    page = site.visit("liaison-district_office", next(path for path in paths if path.startswith("/reports/")))
    page.get_by_role("button", name="保存并报送区人才办").click()
    expect(page.get_by_role("link", name="还没有填写")).to_be_visible()  # the summary leads to the field
    expect(page.locator(".form-field-bad").get_by_text("还没有填写")).to_be_visible()
    page.get_by_label("五、下一步工作打算").fill("继续走访，跟踪意见建议办理情况。")
    asked: list[str] = []  # a page tells once what has been done: asked for twice, it would tell nobody
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.get_by_role("button", name="保存并报送区人才办").click()
    expect(page.get_by_text("已报送区人才办。")).to_be_visible()
    assert len(asked) == 1
    expect(page.get_by_text("继续走访，跟踪意见建议办理情况。")).to_be_visible()
    site.expected = ("422",)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_scrolls_sideways_and_each_is_labelled(site: Site, size: dict[str, int]) -> None:
    paths = lived_in(site.world)
    page = site.visit("liaison-district_office", "/", size)
    look(page, [path for path in paths if not path.startswith(("/reports/roll-up", "/briefs/"))], size)
    look(site.visit("office", "/", size), [path for path in paths if "opinion" not in path], size)


def look(page: Page, paths: list[str], size: dict[str, int]) -> None:
    for path in paths:
        page.goto(path)
        page.locator("h1").first.wait_for()
        assert "没有找到" not in page.title(), path
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        assert page.locator("h1").count() == 1, path
        assert page.evaluate(UNLABELLED) == [], path
