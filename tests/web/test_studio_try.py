"""试办 and 用例: an owner plays a draft, keeps the way as a scenario, and sees how each scenario goes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.factories.owners import Owner
from tests.factories.world import World

BEGIN: dict[str, Any] = {"starts": "2026-03-02T09:30", "steps": []}
NEED = {
    "do": "record_need",
    "fill": True,
    "data": {"received_on": "2026-03-02", "category": "research", "town": "xiqiao", "on_the_spot": False},
}


@pytest.fixture
def owner(world: World) -> Owner:
    return Owner(world)


@pytest.fixture
def draft(owner: Owner) -> UUID:
    return owner.draft()


def tried(owner: Owner, draft: UUID, *steps: dict[str, Any]) -> Any:
    return owner.ask(f"/studio/{draft}/try", {**BEGIN, "steps": list(steps)})


def test_a_rehearsal_begins_with_its_first_step_and_a_sample_for_its_form(owner: Owner, draft: UUID) -> None:
    state = tried(owner, draft)
    [step] = state["open"]
    assert (step["name"], step["who"], step["due"]) == ("登记需求", "联络员", "2026-03-04（周三）")
    assert tried(owner, draft, {"do": "record_need", "data": step["sample"]})["end_name"] == "现场解答"


def test_the_clock_moves_by_working_days_and_tells_whom_it_would_remind(owner: Owner, draft: UUID) -> None:
    steps = [
        NEED,
        {"do": "accept", "data": {"decision": "accept"}},
        {"do": "dispatch", "fill": True, "data": {"lead_unit": "edu"}},
    ]
    state = tried(owner, draft, *steps, {"wait": 8})
    assert state["now"] == "2026-03-12（周四）09:30"
    assert state["steps"][-2:] == ["办理「派单」", "过 8 个工作日"]
    late = next(one for one in state["open"] if one["task"] == "handle")
    assert (late["slot"], late["light"], late["late"]) == ("区教育局", "red", 1)
    assert any(one["text"].startswith("催办") for one in state["notices"])
    position = {one["id"]: one["active"] for one in state["drawing"]}
    assert position["unit_handling"] == ["handle"]
    assert "unit_slots" in position["request"]


def test_the_data_are_told_in_the_words_of_the_forms(owner: Owner, draft: UUID) -> None:
    told = {one["name"]: one["value"] for one in tried(owner, draft, NEED)["data"]}
    assert (told["事项类别"], told["所在镇街"], told["是否已当场解答"]) == ("科研平台与项目", "西樵镇", "否")


def test_data_of_one_name_have_the_title_of_the_form_that_wrote_them(owner: Owner, draft: UUID) -> None:
    told = tried(owner, draft, NEED, {"do": "accept", "data": {"decision": "accept"}})["data"]
    assert [one for one in told if one["value"] == "受理"] == [{"name": "审核意见", "value": "受理"}]


def test_the_units_that_a_form_begins_with_are_named(owner: Owner, draft: UUID) -> None:
    [step] = tried(owner, draft, NEED, {"do": "accept", "data": {"decision": "accept"}})["open"]
    proposed = step["prefill"]["lead_unit"]
    assert step["labels"][proposed].startswith("区")
    assert {step["sample"]["lead_unit"], *step["sample"].get("assisting_units", ())} <= step["labels"].keys()


def test_a_step_that_does_not_fit_names_itself_and_what_is_open(owner: Owner, draft: UUID) -> None:
    answer = owner.client.post(
        f"/studio/{draft}/try",
        json={**BEGIN, "steps": [NEED, {"do": "dispatch"}]},
        headers={"X-CSRFToken": owner.visitor.token(), "Accept": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["path"] == "/steps/1"
    assert "受理审核" in answer.json["errors"][0]["message"]


def test_a_way_kept_as_a_scenario_runs_with_each_check_and_opens_again(owner: Owner, draft: UUID) -> None:
    said = {**BEGIN, "steps": [NEED, {"do": "accept", "data": {"decision": "reject"}, "fill": True}]}
    kept = owner.ask(f"/studio/{draft}/try/keep", {**said, "title": "不予受理"})
    assert kept["name"] == "scenarios/bu_yu_shou_li.yaml"
    again = owner.ask(f"/studio/{draft}/try/keep", {**said, "title": "不予受理"})
    assert again["name"] == "scenarios/bu_yu_shou_li_2.yaml"
    page = owner.client.get(f"/studio/{draft}/scenarios").text
    assert (page.count("不予受理的走法"), "不符" in page) == (0, False)
    over = owner.ask(f"/studio/{draft}/try/keep", {**said, "title": "不予受理的走法", "scenario": kept["name"]})
    assert over["name"] == kept["name"]
    assert "不予受理的走法" in owner.client.get(f"/studio/{draft}/files/{kept['name']}").text
    opened = owner.client.get(f"/studio/{draft}/try?scenario={kept['name']}").text
    assert '"decision": "reject"' in opened


def test_a_scenario_that_is_changed_for_the_worse_says_its_first_difference(owner: Owner, draft: UUID) -> None:
    said = {**BEGIN, "steps": [NEED]}
    name = owner.ask(f"/studio/{draft}/try/keep", {**said, "title": "只登记"})["name"]
    found = owner.client.get(f"/studio/{draft}/files/{name}")
    revision = int(found.headers["ETag"].strip('"'))
    assert owner.put(draft, name, found.text.replace("[accept]", "[dispatch]"), revision).status_code == 200
    page = owner.client.get(f"/studio/{draft}/scenarios").text
    assert "1 个用例不符" in page
    assert page.count(">不符<") == 1
    assert "待办的步骤：应有「派单」，实为「受理审核」" in page


def test_a_title_is_asked_for(owner: Owner, draft: UUID) -> None:
    answer = owner.client.post(
        f"/studio/{draft}/try/keep",
        json={**BEGIN, "steps": [NEED], "title": " "},
        headers={"X-CSRFToken": owner.visitor.token(), "Accept": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["path"] == "/title"
