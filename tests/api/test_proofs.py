"""走查 of drafts through the API: a job in the background, its result with the ways as scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from service import clock, jobs
from service.rehearsal.scenarios import read, run, scenario_of
from service.studio.names import bundle_of
from service.usecases import proofs
from tests.api.test_drafts import made, save
from tests.factories.rehearsals import calendar, plan, shipped
from tests.factories.world import World

DIAGRAM = "bpmn/eligibility_review.bpmn"


def spoilt(world: World) -> dict[str, Any]:
    """A draft with a loop without a way out of it: whatever is decided, the review begins again."""
    draft = made(world, process="eligibility_review")
    text = world.api("owner").get(f"/drafts/{draft['id']}/files/{DIAGRAM}").data.decode()
    kept = text.replace("decision == 'end'", "decision == 'end' and talent_id == 'nobody'")
    assert kept != text
    assert save(world, draft, DIAGRAM, kept.encode(), draft["revision"]).status_code == 200
    return draft


def work(world: World) -> bool:
    return jobs.work(world.database, world.database.session_info[jobs.KEY], lambda: False, clock.now())


def test_a_draft_is_walked_in_the_background(world: World) -> None:
    draft, api = spoilt(world), world.api("owner")
    answer = api.post(f"/drafts/{draft['id']}/prove", {"seconds": 60})
    assert (answer.status_code, answer.json["status"], answer.json["kind"]) == (202, "queued", "proof")
    assert work(world)
    found = api.get(f"/jobs/{answer.json['id']}").json
    assert (found["status"], found["done"], found["total"]) == ("done", 1, 1), found["message"]
    result = found["result"]
    assert (result["holds"], result["revision"], result["counts"]["faults"]) == (False, draft["revision"] + 1, 1)
    [fault] = result["faults"]
    assert (fault["kind"], fault["kind_name"], fault["file"]) == ("unpassed", "没有走到", DIAGRAM)
    assert fault["way"][0] == "由系统发起"
    assert ["eligibility_review", fault["element"]] in result["missed"]
    scenario = scenario_of(read(fault["scenario"].encode(), "s.yaml"))
    made_up = shipped("eligibility_review")
    assert run(scenario, made_up, plan(), lambda _names: calendar()).state is not None


def test_a_draft_with_errors_is_not_walked_and_the_job_says_why(world: World) -> None:
    draft, api = made(world, process="eligibility_review"), world.api("owner")
    assert save(world, draft, DIAGRAM, b"<nothing", draft["revision"]).status_code == 200
    job = api.post(f"/drafts/{draft['id']}/prove", {}).json["id"]
    assert work(world)
    found = api.get(f"/jobs/{job}").json
    assert (found["status"], found["result"]) == ("failed", None)
    assert "流程定义有" in found["message"]


def test_who_may_not_change_processes_may_not_have_them_walked(world: World) -> None:
    draft = made(world, process="eligibility_review")
    assert world.api("office").post(f"/drafts/{draft['id']}/prove", {}).status_code == 403
    assert world.api("owner").post(f"/drafts/{draft['id']}/prove", {"seconds": 0}).status_code == 422
    assert world.api("owner").delete(f"/drafts/{draft['id']}").status_code == 200
    assert world.api("owner").post(f"/drafts/{draft['id']}/prove", {}).status_code == 409


def test_a_cancelled_walk_ends_its_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, api = made(world, process="request"), world.api("owner")
    job = api.post(f"/drafts/{draft['id']}/prove", {}).json["id"]
    monkeypatch.setattr(proofs, "_HEARTBEAT", 0)
    monkeypatch.setattr(proofs, "verdict", lambda files, **_k: _Passed(bundle_of(files)))
    beat = proofs._Heart.beat

    def cancelled(heart: Any) -> None:
        api.post(f"/jobs/{job}/cancel", {})
        beat(heart)

    monkeypatch.setattr(proofs._Heart, "beat", cancelled)
    assert work(world)
    assert api.get(f"/jobs/{job}").json["status"] == "cancelled"


@dataclass
class _Passed:
    """A draft whose check has passed: not this test's matter."""

    files: Mapping[str, bytes]

    def required(self) -> _Passed:
        return self
