"""Lists: filters, pages, names, and a number of statements that does not grow with the list."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from service import clock, people
from service.people.queries import find_person
from service.processes.models import Incident
from service.rights import SYSTEM, may
from tests.factories.databases import ON_BOTH
from tests.factories.statements import counted
from tests.factories.world import World

pytestmark = ON_BOTH


def test_lists_take_as_many_statements_for_one_as_for_many(world: World, subtests: pytest.Subtests) -> None:
    for talent in ("T0001", "T0002", "T0003", "T0004"):
        world.dispatched("edu", "guicheng", talent_id=talent)
    world.finished(talent_id="T0005")
    office = world.api("office")
    for path in (
        "/tasks",
        "/tasks?status=completed",
        "/requests",
        "/units",
        "/people",
        "/leaders",
        "/liaisons",
        "/talents",
    ):
        with subtests.test(path):
            address, joint = path, "&" if "?" in path else "?"
            total = len(office.get(address).json["items"])
            assert total > 1
            one_at_a_time = []
            for offset in range(min(total, 20)):  # what one of them shows may need one more statement than another
                with counted(world) as sent:
                    assert len(office.get(f"{address}{joint}limit=1&offset={offset}").json["items"]) == 1
                one_at_a_time.append(len(sent))
            with counted(world) as many:
                office.get(address)
            assert len(many) == max(one_at_a_time)
            assert len(many) <= 13  # one of them asks whether a page has changed the settings


def test_tasks_are_filtered(world: World) -> None:
    first = world.dispatched("edu", "guicheng")
    second = world.recorded(title="实验室用地", category="research")
    office = world.api("office")

    def names(**query: Any) -> list[tuple[str, str]]:
        return [(task["task"], task["instance"]) for task in office.get("/tasks", **query).json["items"]]

    assert set(names()) == {("feedback_accepted", str(first)), ("accept", str(second))}
    assert names(instance=str(second)) == [("accept", str(second))]
    assert names(instance=str(uuid4())) == names(instance="nonsense") == []
    assert names(stage="feedback") == [("feedback_accepted", str(first))]
    assert names(process="nothing") == []
    assert names(q="sysyd") == [("accept", str(second))]
    assert names(q="2026-需-0001") == [("feedback_accepted", str(first))]
    assert names(q="") == names(light="", status="") == names()
    assert names(light="green") == names()
    assert names(light="red") == []
    assert {step for step, _ in names(status="completed")} == {"accept", "dispatch"}
    handler = world.api("handler-edu").get("/tasks", unit="edu").json
    assert [(task["task"], task["unit_name"]) for task in handler["items"]] == [("handle", "区教育局")]


def test_late_tasks_are_red_and_suspended_ones_grey(world: World) -> None:
    case = world.dispatched()
    world.clock.advance(days=12)
    handler, office = world.api("handler-edu"), world.api("office")
    assert [task["light"] for task in handler.get("/tasks", light="red").json["items"]] == ["red"]
    assert office.get("/requests").json["items"][0]["light"] == "red"
    office.post(f"/instances/{case}/suspend", {"reason": "等待材料"})
    assert [task["light"] for task in handler.get("/tasks", light="grey").json["items"]] == ["grey"]


def test_pages_follow_each_other(world: World) -> None:
    for _ in range(3):
        world.recorded()
    office = world.api("office")
    seen, offset = [], 0
    while offset is not None:
        page = office.get("/tasks", limit=2, offset=offset).json
        assert page["total"] == 3
        seen += [task["id"] for task in page["items"]]
        offset = page["next"]
    assert len(set(seen)) == 3


def test_the_ledger_is_filtered(world: World) -> None:
    done = str(world.finished())
    running = str(world.dispatched("housing", title="人才住房", category="housing", town="dali", talent_id="T0002"))
    office = world.api("office")

    def ids(**query: Any) -> list[str]:
        return sorted(row["id"] for row in office.get("/requests", **query).json["items"])

    assert ids() == sorted([done, running])
    for query in (
        {"status": "running"},
        {"category": "housing"},
        {"town": "dali"},
        {"talent": "T0002"},
        {"unit": "housing"},
        {"number": "2026-需-0002"},
        {"q": "rczf"},
        {"stage": "handling", "late": "false"},
    ):
        assert ids(**query) == [running], query
    assert ids(status="completed", end="completed") in ([done], [])
    assert ids(late="true") == []
    assert ids(until="2026-09-15") == ids(leader="nobody") == []
    assert ids(since="2026-09-16", until="2026-09-16") == sorted([done, running])
    row = office.get("/requests", status="running").json["items"][0]
    assert row["talent"] == {"id": "T0002", "name": "沈清越"}
    assert row["leader"]["name"]
    assert row["initiator_name"] == "何静怡"
    assert (row["units"], row["light"], row["due_on"]) == (["housing"], "green", "2026-09-17")


def test_a_case_is_late_in_the_ledger_as_soon_as_a_day_has_passed(world: World) -> None:
    case = str(world.dispatched("housing"))
    world.pass_days(12)
    late = world.api("office").get("/requests", late="true").json["items"]
    assert [(row["id"], row["late"]) for row in late] == [(case, True)]
    assert world.api("office").get("/requests", late="false").json["items"] == []


def test_people_are_found_as_they_are_typed(world: World) -> None:
    api = world.api("handler-edu")
    assert [unit["code"] for unit in api.get("/units", q="教育").json["items"]] == ["edu"]
    assert "edu" in [unit["code"] for unit in api.get("/units", q="jyj").json["items"]]
    assert [one["name"] for one in api.get("/people", q="tanyawen").json["items"]] == ["谭雅文"]
    assert {one["unit"] for one in api.get("/people", unit="edu").json["items"]} == {"edu"}
    assert [one["id"] for one in api.get("/talents", q="zmb").json["items"]] == ["T0001"]
    assert {one["class"] for one in api.get("/leaders", **{"class": "A"}).json["items"]} == {"A"}
    assert [one["name"] for one in api.get("/liaisons", unit="hrss").json["items"]] == ["何静怡"]
    assert api.get("/talents", q="%_\\").json["total"] == 0


def test_phones_of_talents_are_for_those_who_call_them(world: World) -> None:
    whole = world.api("office").get("/talents", q="T0001").json["items"][0]["phone"]
    masked = world.api("auditor").get("/talents", q="T0001").json["items"][0]["phone"]
    assert "*" not in whole
    assert masked.count("*") >= 4
    assert whole[-2:] == masked[-2:]


def test_a_substitute_sees_and_does_the_tasks_of_the_absent(world: World) -> None:
    world.dispatched()
    with world.transaction() as session:
        absent, present = (world.actor(name).person_id for name in ("handler-edu", "handler-health"))
        assert absent is not None
        assert present is not None
        assert find_person(session, absent)
        people.declare_substitute(
            session,
            person_id=absent,
            substitute_id=present,
            starts_on=clock.today(),
            ends_on=clock.today(),
            actor=SYSTEM,
            now=clock.now(),
        )
    api, task = world.api("handler-health"), world.task("handle").id
    assert api.get("/me").json["represents"] == [{"username": "handler-edu", "name": "谭雅文"}]
    assert [one["id"] for one in api.get("/tasks").json["items"]] == [str(task)]
    assert api.get(f"/tasks/{task}").json["on_behalf_of_name"] == "谭雅文"
    assert api.post(f"/tasks/{task}/complete", {"data": world.sample("handle")}).status_code == 200
    events = world.api("office").get(f"/instances/{world.case}/history").json["items"]
    done = [one for one in events if one["kind"] == "completed"][-1]
    assert (done["actor"], done["on_behalf_of"]) == ("handler-health", "handler-edu")


def test_due_dates_with_their_reasons(world: World) -> None:
    api = world.api("handler-edu")
    due = api.get("/calendar/due", **{"from": "2026-09-28", "days": "7"}).json
    assert (due["due"], due["provisional"]) == ("2026-10-13", False)
    assert sum(note["counted"] for note in due["explanation"]) == 7
    assert api.get("/calendar/due").json["from"] == "2026-09-16"
    assert api.get("/calendar/due").json["due"] == "2026-09-24"
    guessed = api.get("/calendar/due", **{"from": "2026-12-24"}).json
    assert (guessed["due"], guessed["provisional"]) == ("2027-01-05", True)
    assert api.get("/calendar/due", days="-1").json["due"] == "2026-09-15"


def test_incidents_are_listed_and_tried_again(world: World) -> None:
    case = world.dispatched()
    incident = uuid4()
    with world.transaction() as session:
        session.add(
            Incident(id=incident, kind="timer", instance_id=case, message="定时执行失败", happened_at=clock.now())
        )
    admin = world.api("admin")
    assert [(row["id"], row["instance"]) for row in admin.get("/incidents").json["items"]] == [
        (str(incident), str(case))
    ]
    retried = admin.post(f"/incidents/{incident}/retry")
    assert (retried.status_code, retried.json["resolved_by"]) == (200, "admin")
    assert admin.post(f"/incidents/{incident}/retry").status_code == 409
    assert admin.post(f"/incidents/{uuid4()}/retry").status_code == 404
    assert admin.get("/incidents").json["total"] == 0
    assert may(world.actor("admin"), "retry_incidents")


def test_the_ledger_takes_the_stages_that_the_process_names_and_no_other(world: World) -> None:
    world.dispatched()
    office = world.api("office")
    assert office.get("/requests", stage="handling").json["total"] == 1
    refused = office.get("/requests", stage="handlin")
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (422, "/stage")
    assert "handling（办理）" in refused.json["errors"][0]["message"]
