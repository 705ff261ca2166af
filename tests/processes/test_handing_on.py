"""改派: no unit gets a second part in a round, and a unit that only assists may go without another in its place."""

from __future__ import annotations

from typing import Any

import pytest

from service import clock
from service.errors import Invalid
from service.ledger.sheet import sheet
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.processes.facts import form_facts
from service.processes.models import UserTask
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.steps import DONE, NOT_OURS, events, instance, mismatches, steps, tasks
from tests.factories.visitor import Visitor
from tests.factories.world import HOME, OFFICE, World

DROP = {"decision": "drop", "opinion": "由区教育局一并办理"}
DROPPED = "不再改派（由其他单位继续办理）"


def to(unit: str) -> dict[str, Any]:
    return {"decision": "redispatch", "unit": unit, "opinion": "请接续办理"}


def handed_back(world: World, *units: str, by: str) -> None:
    """A need that the ``units`` handle, of which ``by`` has handed it back."""
    world.dispatched(*units)
    world.do(OFFICE, "feedback_accepted")
    world.do(f"handler-{by}", "handle", NOT_OURS, unit=by)


def refused(world: World, data: dict[str, Any], task: UserTask | None = None) -> tuple[str, str]:
    """Where and why the API and the page refuse it, in the same words; nothing changes."""
    row = task or world.task("redispatch")
    before = (len(events(world)), steps(world), instance(world).data)
    answer = world.api(OFFICE).post(f"/tasks/{row.id}/complete", {"data": data})
    page = Visitor(world, OFFICE).post(f"/tasks/{row.id}/complete", data=data)
    assert (answer.status_code, page.status_code) == (422, 422)
    [finding] = answer.json["errors"]
    assert page.get_json()["errors"] == [finding]
    assert (len(events(world)), steps(world), instance(world).data) == before
    return finding["path"], finding["message"]


def test_a_unit_at_work_is_not_given_the_need_again(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="guicheng")
    due = world.task("handle", "edu").due_on
    path, said = refused(world, to("edu"))
    assert path == "/data/unit"
    assert f"改派至：区教育局（主办）已在办理本事项，期限 {due}" in said
    assert f"请改选其他单位，或选“{DROPPED}”" in said
    world.do(OFFICE, "redispatch", to("housing"))
    assert {world.task("handle", unit).unit for unit in ("edu", "housing")} == {"edu", "housing"}


def test_a_unit_that_has_answered_is_not_given_the_need_again(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="edu")
    world.do("handler-guicheng", "handle", DONE, unit="guicheng")
    path, said = refused(world, to("guicheng"))
    assert path == "/data/unit"
    assert f"（协办）已于 {clock.today()} 答复本事项（办理）" in said
    assert said.endswith("请改选其他单位")  # who leads cannot be dropped
    world.do(OFFICE, "review_reply")
    assert refused(world, to("guicheng")) == (path, said)


def test_a_unit_whose_hand_back_waits_is_not_given_another_part(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="edu")
    world.do("handler-guicheng", "handle", NOT_OURS, unit="guicheng")
    [lead] = [one for one in tasks(world, "redispatch") if one.slot == "edu"]
    [assisting] = [one for one in tasks(world, "redispatch") if one.slot == "guicheng"]
    path, said = refused(world, to("guicheng"), lead)
    assert (path, "已退回本事项，还待改派" in said) == ("/data/unit", True)
    path, said = refused(world, DROP, assisting)
    assert (path, "本轮没有其他单位在办理或已答复" in said) == ("/data/decision", True)


def test_the_unit_that_handed_back_and_one_of_an_earlier_round_may_be_chosen(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="guicheng")
    world.do(OFFICE, "redispatch", to("guicheng"))
    world.do("handler-guicheng", "handle", DONE, unit="guicheng")
    world.do(OFFICE, "review_reply", {"decision": "refer", "comment": "请研判"})
    world.do("handler-edu", "handle", DONE, unit="edu")
    world.do(OFFICE, "review_reply")
    world.do(OFFICE, "assess", {"route": "redispatch", "comment": "另派"})
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "housing"})
    world.do("handler-housing", "handle", NOT_OURS)
    world.do(OFFICE, "redispatch", to("edu"))
    assert world.task("handle").unit == "edu"


def test_an_assisting_unit_is_dropped_and_the_case_goes_on_with_the_others(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="guicheng")
    world.do(OFFICE, "redispatch", DROP)
    assert steps(world) == ["handle"]
    world.do("handler-edu", "handle")
    world.do(OFFICE, "review_reply")
    task = world.task("feedback_result")
    with world.database.reading() as session:
        facts = form_facts(session, task, world.actor(OFFICE), today=clock.today())
        paper = sheet(session, world.case, world.actor(OFFICE)).data
    assert (facts["units"], facts["unit_codes"]) == ("区教育局", ["edu"])
    [entry] = [one for one in paper["office"] if one["heading"] == "不再改派"]
    assert f"退回后：{DROPPED}" in str(entry["facts"])
    assert "由区教育局一并办理" in str(entry)
    assert f"改派：{DROPPED}" in Visitor(world, OFFICE).get(f"/cases/{world.case}").text
    world.do(OFFICE, "feedback_result")
    assert instance(world).end == "end_done"
    assert mismatches(world) == []


@pytest.mark.parametrize("units", [("edu",), ("edu", "guicheng")])
def test_who_leads_cannot_be_dropped(world: World, units: tuple[str, ...]) -> None:
    handed_back(world, *units, by="edu")
    path, said = refused(world, DROP)
    assert path == "/data/decision"
    assert said == f"如何处理：这是主办单位（区教育局）的一份，不能空缺，不能选“{DROPPED}”；请选“改派”"


def test_who_leads_after_a_change_of_unit_cannot_be_dropped_either(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="edu")
    world.do(OFFICE, "redispatch", to("housing"))
    world.do("handler-housing", "handle", NOT_OURS, unit="housing")
    assert "主办单位（区住房城乡建设和水利局）" in refused(world, DROP)[1]


def test_a_dropped_unit_may_take_over_another_part(world: World) -> None:
    handed_back(world, "edu", "guicheng", by="guicheng")
    world.do(OFFICE, "redispatch", DROP)
    world.do("handler-edu", "handle", NOT_OURS, unit="edu")
    world.do(OFFICE, "redispatch", to("guicheng"))
    assert world.task("handle").unit == "guicheng"


def test_a_case_of_older_forms_goes_on_as_before(world: World) -> None:
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    older = {name: content.replace(b'"x-new-unit": true', b'"x-own": true') for name, content in files.items()}
    with world.transaction() as session:
        deploy(session, unchecked("request", older), actor=SYSTEM, now=clock.now())
    handed_back(world, "edu", "guicheng", by="guicheng")
    with world.transaction() as session:
        deploy(session, unchecked("request", files), actor=SYSTEM, now=clock.now())
    world.do(OFFICE, "redispatch", to("edu"))
    assert steps(world) == ["handle", "handle"]
    handed_back(world, "edu", "guicheng", by="guicheng")
    with pytest.raises(Invalid):
        world.do(OFFICE, "redispatch", to("edu"))
