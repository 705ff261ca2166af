"""Makes the pictures of the READMEs: a fresh service with demonstration data, and the first case walked in a browser.

``make pictures`` runs it; ``make.py studio`` takes those of the guide to the studio that change most and leaves the
others. Needs Chromium; writes the PNG files beside this script.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from playwright.sync_api import Browser, Page, sync_playwright

from service import clock
from service.demonstration import PASSWORD

HERE = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
TITLE = "子女入读公办小学的学位协调"
DESCRIPTION = "拟于明年秋季到桂城入学，现住人才公寓，希望协调户籍所在片区之外的公办小学学位，并告知办理所需材料。"


def main() -> None:
    """Starts the service on a free port and takes the pictures."""
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        (studio if sys.argv[1:] == ["studio"] else walk)(browser, base)
        browser.close()


def studio(browser: Browser, base: str) -> None:
    """A draft by which units have fewer days for a need about housing: its drawing, 回测 and 改派率."""
    page = _signed_in(browser, base, "owner")
    page.goto(f"{base}/studio")
    row = page.locator("tr", has=page.get_by_role("button", name="改这个流程"))
    row.filter(has_text="高层次人才需求处理").get_by_role("button", name="改这个流程").click()
    page.locator("[data-ready]").wait_for()
    draft = page.url.partition("/diagram")[0]
    page.get_by_role("tab", name="责任单位办理").click()
    page.evaluate(
        """() => { const at = name => studio.modeler.get(name);
                   at('selection').select([at('elementRegistry').get('handle')]); }"""
    )
    page.get_by_label("期限", exact=True).select_option(label="分情况，几个工作日")
    page.get_by_label("哪一项", exact=True).select_option(value="category")
    page.get_by_label("哪个选项", exact=True).first.select_option(value="housing")
    page.get_by_label("这时的工作日数").fill("5")
    page.locator(".studio-findings-state", has_text="处提醒").wait_for(timeout=120_000)
    page.get_by_label("谁办", exact=True).evaluate("one => one.closest('.form-field').scrollIntoView()")
    _shoot(page, "studio")
    page.goto(f"{draft}/backtest")
    page.get_by_role("button", name="开始回测").click()
    page.get_by_role("heading", name="已完成").wait_for(timeout=300_000)
    _shoot(page, "studio-backtest")
    page.goto(f"{draft}/tables")
    page.get_by_role("button", name="统计").click()
    page.locator("#rates").get_by_role("link", name="导出 Excel").wait_for(timeout=300_000)
    page.locator("#rates").evaluate("one => one.scrollIntoView()")
    page.wait_for_timeout(1000)
    page.screenshot(path=HERE / "studio-rates.png")


def walk(browser: Browser, base: str) -> None:
    """The first case from the record over a special meeting and the committee to its end; pictures on the way."""
    page = _signed_in(browser, base, "liaison-hrss")
    page.goto(f"{base}/cases/new")
    page.get_by_role("button", name="提交").wait_for()
    _pick(page, "联系服务对象", "周慕白")
    page.locator('[data-field="root_leader_id"] .ref-pick-chip').wait_for()  # who serves the talent is proposed
    _choose(page, "反映形式", "走访约见")
    page.get_by_label("收到日期").fill(clock.today().isoformat())
    page.get_by_label("事项标题").fill(TITLE)
    page.get_by_label("需求（问题）内容").fill(DESCRIPTION)
    _choose(page, "事项类别", "子女教育")
    _choose(page, "所在镇街", "桂城街道")
    page.get_by_label("否，提交区人才办受理").check()
    _shoot(page, "record-need", whole=True)
    _submit(page)

    page = _signed_in(browser, base, "office")
    _shoot(page, "desk")
    _open(page, base, TITLE)
    page.get_by_label("受理", exact=True).check()
    _submit(page)
    _open(page, base, TITLE)
    page.get_by_label("转办意见").fill("请区教育局牵头研究学位安排，桂城街道协办，于7个工作日内办理并回复。")
    _shoot(page, "dispatch")
    _submit(page)

    page = _signed_in(browser, base, "handler-edu")
    _open(page, base, TITLE)
    page.get_by_text("到期日是怎样算出来的").click()
    _shoot(page, "handle")
    page.get_by_label("已办理，正式回复").check()
    page.get_by_label("办理情况（回复）").fill("片区内学位已满，跨片区入学须由区级统筹。")
    _submit(page)
    page = _signed_in(browser, base, "handler-guicheng")
    _open(page, base, TITLE)
    page.get_by_label("已办理，正式回复").check()
    page.get_by_label("办理情况（回复）").fill("居住证明已核，可按户籍所在片区之外的学位协调。")
    _submit(page)
    office = _signed_in(browser, base, "office")
    decide(office, base)
    page = _signed_in(browser, base, "auditor")
    page.goto(f"{office.url.partition('?')[0]}/replay")
    page.locator(".diagram[data-ready]").wait_for()
    page.get_by_role("button", name="上一步").click()
    _shoot(page, "replay")
    page.goto(f"{base}/ways")
    if page.get_by_role("button", name="现在汇总").count():  # of few cases the page itself takes in what has changed
        page.get_by_role("button", name="现在汇总").click()
    page.get_by_text("时间用在哪里").wait_for(timeout=120_000)  # the page comes anew when the job has ended
    page.locator(".diagram[data-ready]").wait_for()
    _shoot(page, "ways")


def decide(page: Page, base: str) -> None:
    """The office's way from the units' answers to the end: a special meeting, the standing committee, feedback."""
    today = clock.today().isoformat()
    _open(page, base, TITLE, "反馈受理情况")
    _choose(page, "反馈方式", "电话")
    page.get_by_label("反馈日期").fill(today)
    page.get_by_label("反馈内容").fill("已受理，由区教育局牵头办理。")
    _submit(page)
    for verdict in ("转研判（另作处理）", "同意办结"):
        _open(page, base, TITLE, "办理审核")
        page.get_by_label(verdict).check()
        if verdict != "同意办结":
            page.get_by_role("textbox", name="理由").first.fill("须区级统筹，建议专题研究。")
        _submit(page)
    _open(page, base, TITLE, "研判")
    page.get_by_label("召集专题工作会议").check()
    page.get_by_label("研判意见").fill("由区人才办牵头，教育、桂城街道参加。")
    _submit(page)
    _open(page, base, TITLE, "召集专题工作会议")
    page.get_by_label("会议日期").fill(today)
    page.get_by_label("会议地点").fill("区行政中心三号会议室")
    page.get_by_label("会议议题").fill("高层次人才子女跨片区入学的统筹")
    _submit(page)
    _open(page, base, TITLE, "会议纪要")
    page.get_by_label("提交区政府常务会议或区委常委会会议").check()
    page.get_by_role("textbox", name="会议纪要").fill("与会单位认为跨片区入学须有统一办法，提请区委常委会会议审定。")
    page.get_by_label("议定事项").fill("由区教育局拟定跨片区入学办法，提交区委常委会会议。")
    _shoot(page, "minutes")
    _submit(page)
    _open(page, base, TITLE, "提交上会")
    page.get_by_label("区委常委会会议", exact=True).check()
    page.get_by_label("提交日期").fill(today)
    page.get_by_label("议题摘要").fill("高层次人才子女跨片区入学办法。")
    _submit(page)
    _open(page, base, TITLE, "会议决定")
    page.get_by_label("已议定，转入反馈").check()
    page.get_by_label("决定日期").fill(today)
    page.get_by_label("文号").fill("南常纪〔2026〕41号")
    page.get_by_label("决定内容").fill("同意跨片区入学办法，由区教育局安排入读。")
    _shoot(page, "decision")
    _submit(page)
    _open(page, base, TITLE, "领导小组意见")
    page.get_by_role("textbox", name="领导小组意见").fill("同意，按会议决定办理。")
    _submit(page)
    _open(page, base, TITLE, "反馈办理情况")
    page.get_by_label("已解决", exact=True).check()
    _choose(page, "反馈方式", "当面")
    page.get_by_label("反馈日期").fill(today)
    page.get_by_label("反馈内容").fill("学位已落实，材料清单已送达。")
    _submit(page)
    _shoot(page, "case")


def _signed_in(browser: Browser, base: str, username: str) -> Page:
    looks = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
    page = browser.new_context(viewport={"width": 1366, "height": 768}, **looks).new_page()
    page.goto(f"{base}/sign-in")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{base}/")
    return page


def _open(page: Page, base: str, title: str, step: str = "") -> None:
    """Opens the person's task of the case, of its ``step`` where there may be several."""
    page.goto(f"{base}/tasks")
    rows = page.locator("tr", has=page.get_by_role("link", name=title)).filter(has_text=step)
    rows.first.get_by_role("link", name=title).click()
    page.wait_for_url("**/tasks/**")


def _pick(page: Page, label: str, name: str) -> None:
    page.get_by_label(label).first.fill(name)
    page.get_by_role("option", name=name).first.click()


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label).first.select_option(label=option)


def _submit(page: Page) -> None:
    here = page.url
    page.get_by_role("button", name="提交").click()
    page.wait_for_url(lambda url: url != here)


def _shoot(page: Page, name: str, *, whole: bool = False) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(500)  # the diagram settles on the present position
    page.screenshot(path=HERE / f"{name}.png", full_page=whole)


@contextmanager
def _service(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    environ = {**os.environ, "LIAISON_DATABASE_URL": f"sqlite:///{folder}/pictures.db", "LIAISON_BIND": bind}
    liaison = [sys.executable, "-m", "service"]
    subprocess.run([*liaison, "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*liaison, "demo", "--cases", "24"], env=environ, check=True, stdout=subprocess.DEVNULL)
    running = subprocess.Popen([*liaison, "run"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://{bind}/healthz")
        yield f"http://{bind}"
    finally:
        running.terminate()
        running.wait(20)


def _wait(url: str) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer")


if __name__ == "__main__":
    main()
