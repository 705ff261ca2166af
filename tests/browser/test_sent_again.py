"""While the database is being switched, pages keep what was typed and send it again by themselves, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import event, func, select

from service.jobs.models import Job
from tests.browser.conftest import Site
from tests.factories.browsing_leaders import served
from tests.factories.world import World

pytestmark = pytest.mark.browser


@contextmanager
def switching(world: World) -> Iterator[None]:
    """Within the block the database takes nothing, as while another server is becoming the primary."""

    def refuse(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA query_only = on")

    event.listen(world.database.engine, "connect", refuse)
    world.database.engine.dispose()
    yield
    event.remove(world.database.engine, "connect", refuse)
    world.database.engine.dispose()


def test_a_plain_form_is_sent_again_from_the_page_that_says_so(site: Site) -> None:
    site.expected = ("503",)
    page = site.visit("auditor", "/verifications")
    with switching(site.world):
        page.get_by_role("button", name="全部重新执行").click()
        expect(page.get_by_text("5 秒后自动再次提交")).to_be_visible()
    expect(page.get_by_text("已提交，后台任务正在核验")).to_be_visible()
    with site.world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_a_form_that_the_script_sends_says_so_and_goes_on(site: Site) -> None:
    site.expected = ("503",)
    served(site.world)
    page = site.visit("leader", "/my-talents")
    page.locator("article", has_text="周慕白").get_by_role("link", name="登记联系", exact=True).click()
    page.get_by_label("电话联系", exact=True).check()
    page.get_by_label("了解科研、学科、经营、培养情况").check()
    page.get_by_label("情况摘要").fill("电话了解项目进展，一切顺利。")
    with switching(site.world):
        page.get_by_role("button", name="提交登记").click()
        expect(page.get_by_text("正在自动再次提交，请不要关闭本页")).to_be_visible()
    expect(page.get_by_text("联系记录已登记。")).to_be_visible()
