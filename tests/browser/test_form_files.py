"""Files in an open form, as a person handles them: dragged, refused, tried again, previewed, kept, handed in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from service import attachments, clock
from tests.browser.conftest import PHONE, Site
from tests.factories.files import PDF
from tests.factories.pictures import seal

pytestmark = pytest.mark.browser
PNG = seal()  # a picture that can be drawn: a broken one is told in words instead

DROP = """([name, type, text]) => {
  const held = new DataTransfer();
  held.items.add(new File([text], name, { type }));
  const box = document.querySelector(".form-files");
  for (const kind of ["dragenter", "dragover", "drop"]) {
    box.dispatchEvent(new DragEvent(kind, { dataTransfer: held, bubbles: true, cancelable: true }));
  }
}"""


def form(site: Site, **options: object) -> Page:
    """The handler's open form of a dispatched need."""
    site.world.dispatched("edu")
    page = site.visit("handler-edu", f"/tasks/{site.world.task('handle', unit='edu').id}", **options)
    page.wait_for_selector("[data-ready] .form-files")
    return page


def choose(page: Page, *files: tuple[str, str, bytes]) -> None:
    """Chooses files as the system's dialog would give them."""
    chosen = [{"name": name, "mimeType": kind, "buffer": content} for name, kind, content in files]
    page.locator(".form-files input[multiple]").set_input_files(chosen)


def test_files_go_up_beside_the_open_form_and_in_with_it(site: Site) -> None:
    site.expected = ("422", "ERR_FAILED", "Failed to load resource")
    page = form(site)
    page.evaluate(DROP, ["拖来的.pdf", "application/pdf", PDF.decode()])
    box = page.locator(".form-files")
    expect(box.get_by_text("拖来的.pdf")).to_be_visible()
    choose(page, ("假的.pdf", "application/pdf", b"MZ"), ("程序.exe", "application/x", b"MZ"))
    expect(box.get_by_text("内容与它的后缀")).to_be_visible()
    expect(box.get_by_text("只能上传")).to_be_visible()
    for name in ("假的.pdf", "程序.exe"):
        box.locator("li", has_text=name).get_by_role("button", name="移除").click()
    page.route("**/files/staged", lambda route: route.abort())
    choose(page, ("现场.png", "image/png", PNG))
    expect(box.get_by_text("没有连接到服务器")).to_be_visible()
    page.unroute("**/files/staged")
    box.get_by_role("button", name="重试").click()
    expect(box.get_by_role("button", name="移除现场.png")).to_be_visible()
    page.locator("label", has_text="已办理，正式回复").click()
    page.locator("#root_reply").fill("已经解决。")
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    page.reload()
    expect(page.get_by_text("未提交的内容")).to_be_visible()
    expect(box.get_by_text("拖来的.pdf")).to_be_visible()
    box.get_by_role("button", name="移除拖来的.pdf").click()
    expect(box.get_by_text("拖来的.pdf")).to_have_count(0)
    page.get_by_role("button", name="提交", exact=True).click()
    page.wait_for_url("**/cases/**")
    panel = page.locator("#files")
    expect(panel.get_by_text("随「办理」提交")).to_be_visible()
    panel.get_by_role("link", name="预览").click()
    expect(page.locator("dialog.file-preview img")).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.file-preview")).to_be_hidden()
    with site.world.database.reading() as session:
        assert attachments.staged_files(session, site.world.actor("handler-edu")) == []
        found = attachments.files_of(session, f"instance:{site.world.case}", site.world.actor("office"), clock.now())
        assert [one.name for one in found.items] == ["现场.png"]


def test_files_chosen_together_stand_in_the_order_in_which_they_were_chosen(site: Site) -> None:
    """They stood in the order in which they had arrived: the minutes before the photographs that they tell of."""
    page = form(site)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "现场一" in (route.request.post_data_buffer or b"").decode(errors="replace"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/files/staged", hold)
    choose(page, ("现场一.png", "image/png", PNG), ("纪要二.pdf", "application/pdf", PDF))
    box = page.locator(".form-files")
    expect(box.get_by_role("button", name="移除纪要二.pdf")).to_be_visible()
    held[0].continue_()
    expect(box.get_by_role("button", name="移除现场一.png")).to_be_visible()
    expect(box.locator(".form-files-list .form-files-name")).to_have_text(["现场一.png", "纪要二.pdf"])


def test_a_draft_that_is_thrown_away_takes_its_files_along(site: Site) -> None:
    page = form(site)
    choose(page, ("一.pdf", "application/pdf", PDF), ("二.png", "image/png", PNG))
    expect(page.get_by_role("button", name="移除二.png")).to_be_visible()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="放弃，重新填写").click()
    expect(page.locator(".form-files-name")).to_have_count(0)
    for _ in range(50):  # they go one by one
        with site.world.database.reading() as session:
            left = attachments.staged_files(session, site.world.actor("handler-edu"))
        if not left:
            break
        page.wait_for_timeout(200)
    assert left == []


def test_a_phone_has_its_camera_and_no_sideways_scrolling(site: Site) -> None:
    page = form(site, size=PHONE, has_touch=True, is_mobile=True)
    expect(page.get_by_role("button", name="拍照")).to_be_visible()
    camera = page.locator(".form-files input[capture=environment]")
    camera.set_input_files([{"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0 photo"}])
    expect(page.get_by_role("button", name="移除IMG_1.jpg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
