"""The replay in an evidence package opens from the disk, without a network, and walks by itself."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from service.config.sealing import Sealing
from service.rights import SYSTEM
from service.seals import Sealer
from service.usecases.evidence import hand_out
from tests.browser.conftest import PHONE, Site
from tests.factories.replays import eventful

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desk", "phone"])
def test_a_case_is_replayed_from_the_disk(site: Site, tmp_path: Path, size: dict[str, int]) -> None:
    world = site.world
    eventful(world)
    site.now = world.clock.now
    Sealer(world.database, Sealing(None, tmp_path / "seal.key", None, False, (), 5), mail=False).seal(
        by=SYSTEM, now=world.clock.advance(minutes=1)
    )
    package = hand_out(world.database, world.case, world.actor("auditor"))[0]
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        archive.extractall(tmp_path / "package")
    (offline,) = (tmp_path / "package").rglob("*.html")
    site.expected = (offline.as_uri(),)
    page = site.visit("auditor", "/", size or None)
    page.goto(offline.as_uri())
    page.context.set_offline(True)
    page.reload()
    count = page.locator("#count")
    steps = int(count.inner_text().split("/")[1])
    expect(count).to_have_text(f"1 / {steps}")
    page.get_by_role("button", name="下一步").click()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    expect(count).to_have_text(f"3 / {steps}")
    page.keyboard.press("ArrowLeft")
    expect(count).to_have_text(f"2 / {steps}")
    page.get_by_role("button", name="播放").click()
    expect(count).to_have_text(re.compile(rf"^([4-9]|\d\d) / {steps}$"))
    page.get_by_role("button", name="上一步").click()  # who moves by hand stops it
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    page.get_by_role("slider", name="第几步").fill(str(steps))
    page.get_by_role("button", name="播放").click()  # from the last step it begins anew
    expect(count).to_have_text(re.compile(rf"^[2-9] / {steps}$"))
    assert page.locator("#drawings svg").count() >= 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
