"""The processes that one may begin are found where one looks for them: on the desk, and on the page of the matter."""

from __future__ import annotations

import json
import re

import pytest

OFFICE_PLACES = {
    "/talents": {"change_report", "registry_review"},
    "/talents/T0001": {"change_report"},
    "/rosters": {"roster"},
    "/reports": {"half_year_report"},
    "/briefs": {"leader_brief"},
}


def begun(page: str) -> set[str]:
    """The processes that a page's links begin."""
    return set(re.findall(r"/cases/new/(\w+)", page))


def prefilled(page: str) -> dict[str, str]:
    """The first values of a page's form."""
    island = re.search(r'id="form-data">(.*?)</script>', page, re.DOTALL)
    assert island is not None
    found: dict[str, str] = json.loads(island[1])["data"]
    return found


def text(world, user: str, path: str) -> str:
    return world.as_user(user).get(path, follow_redirects=True).get_data(as_text=True)


def test_the_desk_lists_what_one_may_begin_with_what_it_is_for(world):
    office = text(world, "office", "/")
    assert begun(office) == {
        "change_report",
        "instruction",
        "roster",
        "registry_review",
        "half_year_report",
        "leader_brief",
    }
    assert "发生后 10 个工作日内报告" in office
    assert begun(text(world, "liaison-hrss", "/")) == {"change_report", "instruction", "roster"}
    assert begun(text(world, "leader", "/")) == {"instruction"}


@pytest.mark.parametrize("path", OFFICE_PLACES)
def test_the_page_of_a_matter_begins_it(world, path):
    assert begun(text(world, "office", path)) == OFFICE_PLACES[path]


def test_what_a_page_begins_opens(world):
    for process in begun(text(world, "office", "/")):
        assert world.as_user("office").get(f"/cases/new/{process}").status_code == 200
    assert prefilled(text(world, "office", "/cases/new/change_report?talent_id=T0001")) == {"talent_id": "T0001"}
    assert prefilled(text(world, "office", "/cases/new/change_report?talent_id=T9999")) == {}


def test_the_stages_to_choose_from_are_those_of_the_chosen_process(world):
    page = text(world, "office", "/tasks?process=change_report")
    choices = re.search(r'name="stage">(.*?)</select>', page, re.DOTALL)
    assert choices is not None
    assert re.findall(r">([^<]+)</option>", choices[1]) == ["全部", "报告", "知悉", "审核", "资格复核"]


def test_help_tells_of_a_years_work_with_its_diagrams(world):
    page = text(world, "office", "/help")
    told = re.findall(r"/processes/(\w+)/\d+", page)
    assert told == [
        "roster", "registry_review", "request", "instruction", "change_report", "eligibility_review", "liaison_change",
        "interview_check", "half_year_report", "leader_brief",
    ]  # fmt: skip


def test_who_has_begun_nothing_is_led_to_what_they_may_begin(world):
    for user, may_record in (("liaison-hrss", True), ("leader", False), ("handler-edu", False), ("auditor", False)):
        page = world.as_user(user).get("/cases/started").get_data(as_text=True)
        page = page[page.index('<div class="nothing">') :].partition("</main>")[0]
        assert ('/cases/new"' in page) is may_record, user
        for process in begun(page):
            assert world.as_user(user).get(f"/cases/new/{process}").status_code == 200
