"""Known values are filled into a form before anybody types, said to be so, and never decide (``x-fill``)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from service.config.supervision import FACTS
from service.history import HistoryEvent
from service.http import filled
from service.ledger.board import facts_of, tasks_by_id
from service.liaisons import leaders_of
from service.processes import commands
from service.processes.bundles import compiled
from service.processes.facts import form_facts, step_facts
from service.processes.models import Instance, UserTask
from service.processes.terms import FORM_FACTS, TALENT_FACTS
from service.processes.wiring import wiring
from tests.factories.rounds import begin
from tests.factories.steps import DONE, INTERIM, REFER, answered, detail
from tests.factories.versions import version
from tests.factories.visitor import Visitor, island
from tests.factories.world import LIAISON, OFFICE, World


def form(world: World, user: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = island(Visitor(world, user).get(path), "form-data")
    return found


def of_task(world: World, user: str, step: str) -> dict[str, Any]:
    return form(world, user, f"/tasks/{world.task(step).id}")


def test_the_tables_name_what_there_is(world: World) -> None:
    world.dispatched()
    task = world.task("handle")
    with world.database.reading() as session:
        rows = list(tasks_by_id(session, [task.id]).values())
        assert tuple(facts_of(session, rows, world.clock.now.date())[task.id]) == FACTS
        assert step_facts(session, rows, today=world.clock.now.date())[task.id].keys() <= FORM_FACTS.keys()
        found = form_facts(session, task, world.actor(OFFICE), today=world.clock.now.date())
        assert found.keys() == FORM_FACTS.keys()
        assert wiring(session).told["talents"](session, "T0001", world.actor(OFFICE)).keys() == TALENT_FACTS.keys()


def test_an_agreed_date_begins_with_the_units_and_the_decision_with_nothing(world: World) -> None:
    world.dispatched()
    world.do("handler-edu", "handle", INTERIM)
    page = of_task(world, OFFICE, "confirm_interim")
    assert page["data"] == {"agreed_date": INTERIM["next_date"]}
    assert page["proposed"] == ["agreed_date"]
    assert detail(world, "handler-edu", world.done("handle")).proposed == frozenset()


def test_a_feedback_is_drafted_from_the_answers_of_the_last_round(world: World) -> None:
    answered(world, "edu")
    world.do(OFFICE, "review_reply", REFER)
    world.do(OFFICE, "assess", {"route": "redispatch", "comment": "重新派单"})
    units = {"lead_unit": "housing", "assisting_units": ["guicheng"]}
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), **units})
    told = of_task(world, OFFICE, "feedback_accepted")["data"]
    assert told["given_on"] == world.clock.now.date().isoformat()
    assert "由区住房城乡建设和水利局、桂城街道办事处办理，预计 2026年9月24日 前答复" in told["content"]
    world.do(OFFICE, "feedback_accepted")
    for unit in ("housing", "guicheng"):
        world.do(f"handler-{unit}", "handle", {**DONE, "reply": f"{unit} 的答复"}, unit=unit)
        world.do(OFFICE, "review_reply")
    page = of_task(world, OFFICE, "feedback_result")
    assert page["data"]["content"].endswith(
        "\n区住房城乡建设和水利局（主办）：housing 的答复\n桂城街道办事处（协办）：guicheng 的答复"
    )
    assert page["proposed"] == ["content", "given_on"]
    assert "outcome" not in page["data"]


def test_a_feedback_tells_what_meetings_settled_since_the_units_answered(world: World) -> None:
    answered(world, "edu")
    world.do(OFFICE, "review_reply", REFER)
    world.do(OFFICE, "assess", {"route": "meeting", "comment": "须协调"})
    world.do(OFFICE, "convene_meeting")
    minutes = {"decision": "escalate", "minutes": "各方意见不一", "decisions": "提请政府常务会议审定"}
    world.do(OFFICE, "record_minutes", minutes)
    topic = of_task(world, OFFICE, "submit_topic")["data"]["summary"]
    assert "\n会议议定：提请政府常务会议审定\n" in topic
    world.do(OFFICE, "submit_topic")
    world.do(OFFICE, "record_decision")
    world.do(OFFICE, "group_opinion")
    told = of_task(world, OFFICE, "feedback_result")["data"]["content"]
    assert told.endswith("\n会议议定：提请政府常务会议审定\n会议决定（南府会〔2026〕1号）：同意解决")


def test_what_a_meeting_settled_before_the_last_dispatch_is_no_result(world: World) -> None:
    answered(world, "edu")
    world.do(OFFICE, "review_reply", REFER)
    world.do(OFFICE, "assess", {"route": "meeting", "comment": "须协调"})
    world.do(OFFICE, "convene_meeting")
    minutes = {"decision": "redispatch", "minutes": "改由住建办理", "decisions": "由住建部门接办"}
    world.do(OFFICE, "record_minutes", minutes)
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "housing", "assisting_units": []})
    with world.database.reading() as session:
        task = world.task("handle")
        found = form_facts(session, task, world.actor(OFFICE), today=world.clock.now.date())
    assert found["results"] == found["answers"] == ""


SETTLED_BY_UNITS = {
    "forms/submit_half_year.json": [
        (
            '"properties": {',
            '"properties": {\n    "decisions": { "type": "string", "title": "会议议定", "x-own": true },',
        )
    ],
    "forms/submit_half_year.ui.json": [('"plans"\n  ]', '"plans", "decisions"\n  ]')],
}


def test_what_one_unit_of_a_round_settled_is_filled_into_no_other_units_form(world: World) -> None:
    version(world, SETTLED_BY_UNITS, "half_year_report")
    begin(world, "half_year_report", OFFICE)
    world.do(OFFICE, "choose_period", {"year": 2026, "half": 1})
    said = {"work": "走访", "plans": "继续", "decisions": "调整本局分工"}
    world.do("liaison-hrss", "submit_half_year", said, unit="hrss")
    with world.database.reading() as session:
        task, today = world.task("submit_half_year", "district_office"), world.clock.now.date()
        for user, seen in (("liaison-district_office", False), (OFFICE, True)):
            found = form_facts(session, task, world.actor(user), today=today)["results"]
            assert ("调整本局分工" in found) is seen


def test_a_circular_is_drafted_with_the_facts_of_the_late_unit(world: World) -> None:
    world.dispatched()
    world.do(OFFICE, "feedback_accepted")
    world.pass_days(25)
    text = of_task(world, OFFICE, "approve_circular")["data"]["text"]
    late = world.task("handle")
    assert text.startswith("区教育局承办的“子女入学”（2026-需-")
    assert "应于2026年9月24日前办理" in text
    assert "，超期 " in text
    assert f"其间催办{late.urges}次" in text


def test_what_was_filled_in_before_is_not_drafted_again(world: World) -> None:
    answered(world)
    world.do(OFFICE, "review_reply")
    done = world.do(OFFICE, "feedback_result")
    typed = world.done("feedback_result").submitted
    Visitor(world, OFFICE).post(f"/tasks/{done}/take-back", reason="改写")
    page = of_task(world, OFFICE, "feedback_result")
    assert (page["data"], page["proposed"]) == (typed, [])


def test_a_need_begins_with_today_and_follows_the_picked_talent(world: World) -> None:
    page = form(world, LIAISON, "/cases/new")
    assert page["data"] == {"received_on": world.clock.now.date().isoformat()}
    told = Visitor(world, LIAISON).get(page["knows"], talent_id="T0001").json
    with world.database.reading() as session:
        town = wiring(session).told["talents"](session, "T0001", world.actor(LIAISON))["town"]
        leader = leaders_of(session, ["T0001"], world.clock.now.date())["T0001"][0]
        key, name = str(leader.id), leader.person.name
    assert told["values"]["town"] == town
    assert told["values"]["leader_id"] == key
    assert told["labels"] == {key: name}
    assert "town" not in Visitor(world, LIAISON).get(page["knows"], talent_id="T9999").json["values"]


def test_a_replay_shows_with_what_the_service_had_filled_the_form(world: World) -> None:
    answered(world, "edu")
    world.do(OFFICE, "review_reply")
    task = world.task("feedback_result")
    office = world.api(OFFICE)
    seen = office.get(f"/tasks/{task.id}").json
    drafted = seen["data"]["content"]
    typed = {**world.sample("feedback_result"), **seen["data"], "content": "已经办好，请您放心。"}
    world.clock.advance(days=1)  # today is another day when it is sent
    sent = office.post(f"/tasks/{task.id}/complete", {"data": typed, "filled": seen["filled"]})
    assert sent.status_code == 200, sent.text
    seq = world.done("feedback_result").completed_seq
    form = world.api("auditor").get(f"/instances/{world.case}/replay/{seq}").json["form"]
    assert form["data"]["content"] == drafted
    assert form["data"]["given_on"] == seen["data"]["given_on"]
    assert (form["filled"], form["lost"], form["typed"]["content"]) == (["content", "given_on"], [], typed["content"])
    page = Visitor(world, "auditor").get(f"/cases/{world.case}/replay/{seq}").text
    assert drafted.splitlines()[0] in page


def test_a_step_that_was_returned_does_not_say_that_its_form_was_empty(world: World) -> None:
    world.dispatched()
    world.do("handler-edu", "handle", INTERIM)
    task = world.task("confirm_interim")
    with world.database.reading() as session:
        row = session.get_one(UserTask, task.id)
        made = compiled(session, session.get_one(Instance, world.case).digest, "request")
        [*_, (target, _)] = commands.return_targets(session, made, row)
    returned = world.api(OFFICE).post(f"/tasks/{task.id}/return", {"target": target, "reason": "请核对"})
    assert returned.status_code == 200, returned.text
    with world.database.reading() as session:
        seq = session.scalar(select(func.max(HistoryEvent.seq)).where(HistoryEvent.kind == "returned"))
    page = Visitor(world, "auditor").get(f"/cases/{world.case}/replay/{seq}").text
    assert "可能由系统预先填上" in page
    assert "表单打开时是空的" not in page


def test_a_text_that_would_not_be_taken_back_is_not_handed_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(world, "edu")
    world.do(OFFICE, "review_reply")
    task = world.task("feedback_result")
    monkeypatch.setattr(filled, "LONGEST", 100)
    assert world.api(OFFICE).get(f"/tasks/{task.id}").json["filled"] == ""


def test_what_is_not_signed_for_the_sender_is_not_taken_for_what_filled_the_form(world: World) -> None:
    answered(world, "edu")
    world.do(OFFICE, "review_reply")
    task = world.task("feedback_result")
    signed = world.api("office-2").get(f"/tasks/{task.id}").json["filled"]
    data = world.sample("feedback_result")
    sent = world.api(OFFICE).post(f"/tasks/{task.id}/complete", {"data": data, "filled": signed})
    assert sent.status_code == 200, sent.text
    seq = world.done("feedback_result").completed_seq
    form = world.api("auditor").get(f"/instances/{world.case}/replay/{seq}").json["form"]
    assert (form["filled"], form["lost"]) == ([], ["content", "given_on"])
    page = Visitor(world, "auditor").get(f"/cases/{world.case}/replay/{seq}").text
    assert "可能由系统预先填上；当时填的内容日志没有留存" in page
