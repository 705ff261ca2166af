"""A need travels all five stages by calls of the API alone, through every kind of branch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service import clock
from service.processes.bundles import read_bundle
from service.processes.definitions import deploy
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.databases import ON_BOTH
from tests.factories.visitor import Visitor, island
from tests.factories.world import HOME, Api, World

pytestmark = ON_BOTH


class Traveller:
    """Takes one need through its steps, as programs of several offices would."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._apis: dict[str, Api] = {}
        started = self.api("liaison-hrss").post("/instances", {"process": "request", "data": world.need()})
        assert started.status_code == 201
        self.state = started.json
        self.open: list[dict[str, Any]] = self.state["open_tasks"]

    def api(self, user: str) -> Api:
        if user not in self._apis:
            self._apis[user] = self.world.api(user)
        return self._apis[user]

    def task(self, step: str, unit: str | None = None) -> dict[str, Any]:
        found = [task for task in self.open if task["task"] == step and unit in (None, task["unit"])]
        assert len(found) == 1, (step, unit, [(task["task"], task["unit"]) for task in self.open])
        return found[0]

    def do(self, user: str, step: str, data: dict[str, Any] | None = None, *, unit: str | None = None) -> None:
        task = self.task(step, unit)
        body = {"data": self.world.sample(step) if data is None else data, "revision": task["revision"]}
        answer = self.api(user).post(f"/tasks/{task['id']}/complete", body)
        assert answer.status_code == 200, answer.json
        assert answer.json["task"]["status"] == "completed"
        self.state, self.open = answer.json["instance"], answer.json["open_tasks"]

    def steps(self) -> list[tuple[str, str | None]]:
        return [(task["task"], task["unit"]) for task in self.open]


def test_need_from_registration_to_feedback(world: World) -> None:
    need = Traveller(world)
    assert need.state["status"] == "running"
    assert need.state["stage"] == "intake"
    assert need.state["number"] is None
    need.do("liaison-hrss", "record_need", world.need())
    need.do("office", "accept")
    assert need.state["number"] == "2026-需-0001"
    assert need.state["stage"] == "dispatch"
    need.do("office", "dispatch", {**world.sample("dispatch"), "assisting_units": ["guicheng"]})
    assert sorted(need.steps(), key=str) == [("feedback_accepted", None), ("handle", "edu"), ("handle", "guicheng")]
    handle = need.task("handle", "edu")
    assert (handle["due_on"], handle["light"]) == ("2026-09-24", "green")
    need.do("office", "feedback_accepted")

    interim = {"result": "interim", "reason": "需分步解决", "progress": "已受理", "next_date": "2026-10-12"}
    need.do("handler-edu", "handle", interim, unit="edu")
    need.do("office", "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-12"})
    assert need.task("handle", "edu")["due_on"] == "2026-10-12"
    need.do("handler-edu", "handle", unit="edu")
    need.do("office", "review_reply", {"decision": "refer", "comment": "需专题研究"})
    need.do("handler-guicheng", "handle", unit="guicheng")
    need.do("office", "review_reply")

    need.do("office", "assess", {"route": "meeting", "comment": "召集专题会议"})
    need.do("office", "convene_meeting")
    need.do("office", "record_minutes", {"decision": "escalate", "minutes": "纪要", "decisions": "提请上会"})
    need.do("office", "submit_topic")
    assert need.task("record_decision")["light"] == "grey"
    need.do("office", "record_decision")
    need.do("office", "group_opinion")
    need.do("office", "feedback_result")

    assert need.open == []
    assert need.state["status"] == "completed"
    read = need.api("office").get(f"/instances/{need.state['id']}").json
    assert read["end_name"] == "办结"
    assert read["ended_at"].endswith("+08:00")
    assert {task["task"] for task in read["done_tasks"]} >= {"record_need", "dispatch", "record_decision"}

    history = need.api("office").get(f"/instances/{need.state['id']}/history").json
    assert [event["seq"] for event in history["items"]] == list(range(1, history["total"] + 1))
    assert history["items"][0]["kind"] == "started"
    assert history["items"][0]["actor_name"] == "何静怡"
    for before, after in zip(history["items"], history["items"][1:], strict=False):
        assert after["prev_hash"] == before["hash"]

    diagram = need.api("office").get(f"/instances/{need.state['id']}/diagram").json
    assert diagram["process"] == "request"
    assert "<bpmn:definitions" in diagram["xml"] or "<definitions" in diagram["xml"]
    assert {drawing["process"] for drawing in diagram["drawings"]} == {
        "request",
        "unit_handling",
        "special_meeting",
        "escalation",
    }
    assert {step["node"] for step in diagram["trail"]} >= {"record_need", "accept", "dispatch"}


def test_operations_on_a_task(world: World) -> None:
    world.dispatched("edu", "guicheng")
    task = world.task("handle", "edu").id
    handler, office = world.api("handler-edu"), world.api("office")

    assert handler.post(f"/tasks/{task}/acknowledge").status_code == 200
    claimed = handler.post(f"/tasks/{task}/claim", {}).json["task"]
    assert (claimed["assignee"], claimed["revision"]) == ("handler-edu", 2)
    assert handler.post(f"/tasks/{task}/release").json["task"]["assignee"] is None
    moved = office.post(f"/tasks/{task}/reassign", {"to": "handler-edu", "reason": "由其办理"}).json["task"]
    assert moved["assignee"] == "handler-edu"
    said = handler.post(f"/tasks/{task}/comment", {"text": "@office 请协助 👍"})
    assert (said.status_code, said.json["data"]["mentions"]) == (201, ["office"])

    done = handler.post(f"/tasks/{task}/complete", {"data": world.sample("handle")}).json
    assert ("review_reply", "edu") not in [(one["task"], one["unit"]) for one in done["open_tasks"]]
    assert any(one["task"] == "review_reply" for one in done["open_tasks"])
    back = handler.post(f"/tasks/{task}/take_back", {"reason": "写错了"})
    assert back.status_code == 200
    assert {one["task"] for one in back.json["open_tasks"]} == {"handle", "feedback_accepted"}


def test_a_task_is_returned_to_an_earlier_step(world: World) -> None:
    world.dispatched()
    world.do("handler-edu", "handle")
    office, review = world.api("office"), world.task("review_reply").id
    detail = office.get(f"/tasks/{review}").json
    assert {"task": "handle", "name": "办理"} in detail["targets"]
    answer = office.post(f"/tasks/{review}/return", {"target": "handle", "reason": "请补充材料"})
    assert answer.status_code == 200
    assert "handle" in {one["task"] for one in answer.json["open_tasks"]}
    nowhere = office.post(f"/tasks/{world.task('handle').id}/return", {"target": "accept", "reason": "错"})
    assert nowhere.status_code == 403  # the office does not hold the unit's task


def test_operations_on_a_case(world: World) -> None:
    case = world.dispatched()
    office = world.api("office")
    urged = office.post(f"/instances/{case}/urge", {"text": "请尽快办理"})
    assert urged.json["instance"]["urges"] == 1
    assert office.post(f"/instances/{case}/suspend", {"reason": "等待材料"}).json["instance"]["status"] == "suspended"
    stopped = world.api("handler-edu").post(
        f"/tasks/{world.task('handle').id}/complete", {"data": world.sample("handle")}
    )
    assert (stopped.status_code, stopped.json["type"]) == (409, "conflict")
    assert office.post(f"/instances/{case}/resume").json["instance"]["status"] == "running"
    assert office.post(f"/instances/{case}/comment", {"text": "已电话沟通"}).status_code == 201
    copied = office.post(f"/instances/{case}/copy", {"to": ["leader", "auditor"], "note": "供参考"})
    assert [row["username"] for row in copied.json["items"]] == ["leader", "auditor"]
    ended = office.post(f"/instances/{case}/terminate", {"reason": "联系对象撤回"})
    assert ended.json["instance"]["status"] == "terminated"
    assert ended.json["open_tasks"] == []
    assert office.post(f"/instances/{case}/urge", {"text": "再催"}).status_code == 409


def test_task_detail_has_form_and_reasons(world: World) -> None:
    world.dispatched()
    detail = world.api("handler-edu").get(f"/tasks/{world.task('handle').id}").json
    assert detail["schema"]["properties"]["result"]["title"]
    assert "ui:order" in detail["ui_schema"]
    assert detail["due_on"] == "2026-09-24"
    assert [note["number"] for note in detail["due_explanation"]["explanation"] if note["counted"]] == list(range(1, 8))
    assert detail["talent"] == {"id": "T0001", "name": "周慕白"}
    assert detail["may"] == {
        "complete": True,
        "claim": True,
        "release": False,
        "reassign": True,
        "take_back": False,
        "ask_extension": True,
        "decide_extension": False,
    }


FAN = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(8)} | {"s8": {"type": "string"}}


@pytest.mark.parametrize(
    ("more", "why"), [({"$ref": "#/$defs/s0"}, "表单过大：引用展开后有"), ({"$ref": "#"}, "绕回了自己")]
)
def test_a_form_from_before_forms_were_measured_is_not_handed_out(world: World, more: dict[str, str], why: str) -> None:
    """Drawing it would unfold all of it; a page refuses it with the same words."""
    files = read_bundle(HOME / "bpmn" / "request", HOME / "forms" / "request")
    form = json.loads(files["forms/record_need.json"]) | {"$defs": FAN}
    form["properties"]["more"] = more
    files["forms/record_need.json"] = json.dumps(form).encode()
    with world.transaction() as session:  # as it was deployed then: nothing held it to a measure
        deploy(session, unchecked("request", files), actor=SYSTEM, now=clock.now())
    world.start()
    told = world.api("liaison-hrss").get(f"/tasks/{world.task('record_need').id}").json
    assert why in told["refused"]
    assert "请流程管理员精简表单" in told["refused"]
    assert (told["schema"], told["ui_schema"]) == ({}, {})
    assert told["may"]["complete"]
    page = Visitor(world, "liaison-hrss").get(f"/tasks/{world.task('record_need').id}")
    assert island(page, "form-data")["refused"] == told["refused"]
