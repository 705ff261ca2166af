"""试办 and checking of drafts through the API: the state by the steps alone, findings, scenarios' results."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from service.history import HistoryEvent
from tests.api.test_drafts import made, save
from tests.factories.mistakes import MISTAKES
from tests.factories.world import World

NEED = {"do": "record_need", "by": "liaison@hrss", "data": {"category": "education", "on_the_spot": False}}
START = {"process": "request", "starts": "2026-03-02T09:30", "fill": True}


def rehearse(world: World, *steps: dict[str, Any], **more: Any) -> Any:
    return world.api("owner").post("/rehearsals", {**START, "steps": list(steps), **more})


def test_steps_lead_to_a_state_with_forms(world: World) -> None:
    found = rehearse(world, NEED, {"do": "accept", "data": {"decision": "accept"}}).json
    [task] = found["open_tasks"]
    assert (task["task"], task["role"], task["due_on"]) == ("dispatch", "talent_office", "2026-03-03")
    assert "lead_unit" in task["schema"]["properties"]
    assert task["ui_schema"]
    assert [one["task"] for one in found["done"]] == ["record_need", "accept"]
    assert {one["node"] for one in found["marking"]} >= {"dispatch"}
    assert (found["data"]["category"], found["end"]) == ("education", "")
    assert found == rehearse(world, NEED, {"do": "accept", "data": {"decision": "accept"}}).json, "the same steps"


def test_nothing_is_kept(world: World) -> None:
    with world.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(HistoryEvent))
    rehearse(world, NEED)
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(HistoryEvent)) == before + 1, "the token was issued"


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ({"do": "handle"}, "/steps/1"),
        ({"do": "accept", "data": {"decision": "perhaps"}}, "/steps/1/data/decision"),
        ({"do": "accept", "by": "employer@x"}, "/steps/1"),
        ({"wait": 0}, "/steps/1"),
        ({"fly": 1}, "/steps/1"),
        ({"until": "2020-01-01T09:00"}, "/steps/1/until"),
    ],
)
def test_the_step_that_does_not_fit_is_named(world: World, step: dict[str, Any], path: str) -> None:
    answer = rehearse(world, NEED, step)
    assert answer.status_code == 422, answer.json
    assert answer.json["errors"][0]["path"] == path, answer.json["errors"]


def test_what_is_rehearsed_is_named_once(world: World) -> None:
    api = world.api("owner")
    for more in ({"process": ""}, {"draft": made(world)["id"]}, {"starts": "tomorrow"}, {"steps": [{}] * 501}):
        assert api.post("/rehearsals", {**START, **more}).status_code == 422, more
    assert api.post("/rehearsals", {**START, "version": 9}).status_code == 404
    assert world.api("office").post("/rehearsals", START).status_code == 403


def test_a_draft_is_rehearsed_once_it_has_no_error(world: World) -> None:
    draft, api = made(world), world.api("owner")
    name = "bpmn/request.bpmn"
    drawn = api.get(f"/drafts/{draft['id']}/files/{name}").data
    changed = drawn.replace(b'name="due" value="working_days(2)"', b'name="due" value="working_days(9)"')
    assert changed != drawn
    assert save(world, draft, name, changed, 1).status_code == 200
    asked = {"draft": draft["id"], "starts": START["starts"], "fill": True, "steps": [NEED]}
    found = api.post("/rehearsals", asked)
    assert found.status_code == 200, found.json
    assert save(world, draft, name, drawn.replace(b"bpmn:userTask", b"bpmn:scriptTask", 1), 2).status_code == 200
    refused = api.post("/rehearsals", asked)
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"].startswith("bpmn/request.bpmn:")


def test_a_check_says_what_has_changed_unawares_since_the_version_in_force(world: World) -> None:
    """An editor gives the tasks of a deleted lane to the neighbour; the draft stays fit to be published."""
    draft, api = made(world), world.api("owner")
    spoilt = next(one for one in MISTAKES if one.name == "a step dragged into the neighbour's lane")
    assert save(world, draft, spoilt.file, spoilt.files()[spoilt.file], 1).status_code == 200
    found = api.post(f"/drafts/{draft['id']}/check").json
    assert [(one["element"], one["rule"], one["severity"]) for one in found["findings"]] == [
        (spoilt.element, "lane-changed", "warning")
    ]
    assert found["groups"] == [{"rule": "lane-changed", "name": "办理人变了", "severity": "warning", "total": 1}]


def test_a_diagram_of_another_encoding_is_kept_in_utf_8_and_checked(world: World) -> None:
    draft, api = made(world), world.api("owner")
    drawn = api.get(f"/drafts/{draft['id']}/files/bpmn/request.bpmn").data.decode()
    other = drawn.replace("UTF-8", "GBK", 1).replace("登记需求", "登记诉求").encode("gbk")
    assert save(world, draft, "bpmn/request.bpmn", other, 1).status_code == 200
    kept = api.get(f"/drafts/{draft['id']}/files/bpmn/request.bpmn").data.decode()
    assert "登记诉求" in kept
    assert "GBK" not in kept
    assert [one["severity"] for one in api.post(f"/drafts/{draft['id']}/check").json["findings"]] == []


def test_a_check_tells_findings_and_how_scenarios_go(world: World) -> None:
    draft, api = made(world), world.api("owner")
    scenario = (
        b"title: t\nstarts: 2026-03-02T09:30\nfill: true\nsteps:\n"
        b"  - {do: record_need, data: {on_the_spot: false}}\nexpect: {open: [accept]}\n"
    )
    wrong = scenario.replace(b"[accept]", b"[dispatch]")
    assert save(world, draft, "scenarios/good.yaml", scenario, 1).status_code == 200
    assert save(world, draft, "scenarios/bad.yaml", wrong, 2).status_code == 200
    found = api.post(f"/drafts/{draft['id']}/check").json
    assert [one for one in found["findings"] if one["severity"] == "error"] == []
    told = {
        one["name"]: (one["passed"], one["line"])
        for one in found["scenarios"]
        if "/good" in one["name"] or "/bad" in one["name"]
    }
    assert told == {"scenarios/good.yaml": (True, None), "scenarios/bad.yaml": (False, 6)}
    assert {one["kind"] for one in found["coverage"]} == {"flows", "steps", "timers", "rules"}
    assert found["revision"] == 3
    table = api.get(f"/drafts/{draft['id']}/files/bpmn/dispatch.dmn").data
    assert save(world, draft, "bpmn/dispatch.dmn", table[:-20], 3).status_code == 200
    found = api.post(f"/drafts/{draft['id']}/check").json
    assert any(one["severity"] == "error" and one["file"] == "bpmn/dispatch.dmn" for one in found["findings"])
    assert found["scenarios"] == []
