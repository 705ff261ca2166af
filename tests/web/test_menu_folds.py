"""The side menu shows few lines at once: groups fold after the first, all but that of the present page."""

from __future__ import annotations

import re

import pytest

from service.web.menu import GROUPS, MOST_OPEN
from tests.factories.visitor import Visitor
from tests.factories.world import World


def lines(page: str) -> tuple[int, list[str]]:
    """How many lines stand open, and the titles of the open groups that fold."""
    menu = page[page.index('aria-label="主菜单"') : page.index("</nav>")]
    opened = re.findall(r'<details class="side-fold" open><summary[^>]*>([^<]+)<', menu)
    folded = re.sub(r'<details class="side-fold">.*?</details>', "", menu, flags=re.DOTALL)
    return folded.count("<li>"), opened


def test_no_two_groups_open_more_lines_than_may_stand_open() -> None:
    first, *others = (len(entries) for _, entries in GROUPS)
    assert first + max(others) <= MOST_OPEN


@pytest.mark.parametrize(("path", "group"), [("/contacts", ["联系"]), ("/accounts", ["账号与权限"]), ("/", [])])
def test_a_long_menu_opens_the_group_of_the_present_page(world: World, path: str, group: list[str]) -> None:
    user = "admin" if path == "/accounts" else "office"
    count, opened = lines(Visitor(world, user).get(path).text)
    assert opened == group
    assert count <= MOST_OPEN


@pytest.mark.parametrize("user", ["office", "handler-edu", "leader", "auditor", "owner"])
def test_only_a_long_menu_folds(world: World, user: str) -> None:
    page = Visitor(world, user).get("/").text
    menu = page[page.index('aria-label="主菜单"') : page.index("</nav>")]
    assert ("side-fold" in menu) == (menu.count("<li>") > MOST_OPEN)
