"""Dates that contradict are said at the field in the form's own words: refused where they cannot be right (x-dates)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from service import clock
from service.errors import Invalid
from service.processes import commands
from service.processes.dated import DateRule, rules_of
from service.processes.forms import load_form
from tests.factories.steps import DONE, REFER, events, mismatches
from tests.factories.visitor import Visitor, island
from tests.factories.world import OFFICE, World


def refused(world: World, step: str, **data: Any) -> dict[str, str]:
    """The step's findings by field; asserts that nothing has changed."""
    before = len(events(world))
    with pytest.raises(Invalid) as error:
        world.do(OFFICE, step, {**world.sample(step), **data})
    assert len(events(world)) == before
    return {found.path.removeprefix("/data/"): found.message for found in error.value.findings}


def warned(world: World, step: str, **data: Any) -> list[str]:
    """The warnings that the journal keeps of the step once it is submitted."""
    world.do(OFFICE, step, {**world.sample(step), **data})
    done = [event for event in events(world, "completed") if event.data["step"] == step][-1]
    return list(done.data["warnings"])


def day(world: World, days: int = 0) -> str:
    return (clock.local(world.clock.now).date() + timedelta(days=days)).isoformat()


def test_the_talent_is_not_told_before_the_need_was_received(world: World) -> None:
    world.dispatched(received_on=day(world, -5))
    assert refused(world, "feedback_accepted", given_on=day(world, -6)) == {
        "given_on": f"反馈日期早于收到诉求的日期（{day(world, -5)}），请核对这两个日期。"
    }


def test_the_talent_told_before_the_dispatch_is_warned_of_and_recorded(world: World) -> None:
    world.dispatched(received_on=day(world, -5))
    said = warned(world, "feedback_accepted", given_on=day(world, -1))
    assert said == [
        f"反馈日期早于派单的日期（{day(world)}）。受理情况应在派单后反馈，请核对；确已先行告知的，仍可提交。"
    ]
    assert mismatches(world) == []


def test_a_date_in_its_place_says_nothing(world: World) -> None:
    world.dispatched(received_on=day(world, -5))
    assert warned(world, "feedback_accepted", given_on=day(world)) == []


def test_a_result_is_not_told_before_there_was_one(world: World) -> None:
    world.dispatched(received_on=day(world, -5))
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", DONE)
    world.do(OFFICE, "review_reply")
    found = refused(world, "feedback_result", given_on=day(world, -1))
    assert found == {"given_on": f"反馈日期早于派单的日期（{day(world)}），那时还没有办理结果，请核对。"}


def referred(world: World, route: str) -> None:
    world.dispatched(received_on=day(world, -5))
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", DONE)
    world.do(OFFICE, "review_reply", REFER)
    world.do(OFFICE, "assess", {"route": route, "comment": "须开会"})


def test_minutes_wait_for_the_meeting_and_meetings_stand_near(world: World) -> None:
    referred(world, "meeting")
    assert set(refused(world, "convene_meeting", held_on=day(world, -6))) == {"held_on"}
    assert warned(world, "convene_meeting", held_on=day(world, 61)) == ["会议日期在 60 天以后，请核对年份和月份。"]
    found = refused(world, "record_minutes")
    assert set(found) == {"minutes"}
    assert day(world, 61) in found["minutes"]
    world.clock.advance(days=61)
    assert warned(world, "record_minutes") == [f"会议就在今天（{day(world)}），请确认会议已经开完。"]
    assert mismatches(world) == []


def test_a_decision_does_not_come_before_its_submission(world: World) -> None:
    referred(world, "escalate")
    world.do(OFFICE, "submit_topic")
    world.clock.advance(days=3)
    found = refused(world, "record_decision", decided_on=day(world, -4))
    assert found == {"decided_on": f"决定日期早于提交上会的日期（{day(world, -3)}），请核对这两个日期。"}
    assert warned(world, "record_decision") == []


def test_a_need_received_long_ago_is_doubted(world: World) -> None:
    world.start()
    with world.transaction() as session:
        commands.complete(
            session,
            task_id=world.task("record_need").id,
            data=world.need(received_on="2025-09-10"),
            actor=world.actor("liaison-hrss"),
            now=clock.now(),
        )
    [done] = events(world, "completed")
    assert done.data["warnings"] == ["收到日期距今已超过 180 天，请核对年份。确属早前收到的，仍可提交。"]


def test_the_api_says_the_same_and_gives_the_rules_with_their_days(world: World) -> None:
    world.dispatched(received_on=day(world, -5))
    office, task = world.api(OFFICE), world.task("feedback_accepted").id
    rules = office.get(f"/tasks/{task}").json["dates"]
    assert [(one["other"], one["refuse"]) for one in rules] == [
        ({"day": day(world, -5)}, True),
        ({"day": day(world)}, False),
    ]
    early = {**world.sample("feedback_accepted"), "given_on": "2026-01-02"}
    wrong = office.post(f"/tasks/{task}/complete", {"data": early})
    assert (wrong.status_code, [one["path"] for one in wrong.json["errors"]]) == (422, ["/data/given_on"])
    data = {**world.sample("feedback_accepted"), "given_on": day(world, -1)}
    done = office.post(f"/tasks/{task}/complete", {"data": data})
    assert done.status_code == 200
    assert len(done.json["warnings"]) == 1
    assert "早于派单" in done.json["warnings"][0]


def test_the_page_gets_the_rules_with_their_days(world: World) -> None:
    world.dispatched(received_on=day(world, -5))
    page = Visitor(world, OFFICE).get(f"/tasks/{world.task('feedback_accepted').id}")
    rules = island(page, "form-data")["dates"]
    assert [one["other"] for one in rules] == [{"day": day(world, -5)}, {"day": day(world)}]
    assert all(one["value"] == {"field": "given_on"} for one in rules)
    first = island(Visitor(world, "liaison-hrss").get("/cases/new"), "form-data")["dates"]
    assert [(one["field"], one["other"], one["days"]) for one in first] == [("received_on", {"day": day(world)}, -180)]


@pytest.mark.parametrize(
    ("rule", "given", "broken"),
    [
        ({"not_before": "other"}, "2026-09-10", False),
        ({"not_before": "other"}, "2026-09-09", True),
        ({"not_after": "other"}, "2026-09-10", False),
        ({"not_after": "other"}, "2026-09-11", True),
        ({"not_before": "other", "days": 2}, "2026-09-11", True),
        ({"not_before": "other", "days": 2}, "2026-09-12", False),
        ({"not_after": "other", "days": -2}, "2026-09-09", True),
        ({"not_before": "unknown"}, "1900-01-01", False),
    ],
)
def test_the_days_are_compared_to_the_day(rule: dict[str, Any], given: str, broken: bool) -> None:
    [made] = rules_of({"x-dates": [{"field": "given", "message": "早于 {date}", **rule}]})
    said = made.says({"given": date.fromisoformat(given), "other": date(2026, 9, 10)})
    assert said == ("早于 2026-09-10" if broken else None)


def test_a_form_without_rules_has_none() -> None:
    assert rules_of(load_form("plain", b'{"type": "object"}', None).schema) == []
    assert DateRule("a", "a", "b", True, 10**9, "x", False).says({"a": date.max, "b": date.max}) is None
