"""A round over many units is one case: each unit sees its own slot of it and no other's (R5, R6)."""

from __future__ import annotations

from typing import Any

from service.processes.models import UserTask
from tests.factories.rounds import calendar_starts
from tests.factories.visitor import Visitor
from tests.factories.world import World

SAID = "教育线走访发现的问题不宜外传"
OWN = "人社线走访 12 次"


def _round(world: World) -> UserTask:
    """Two offices have sent their reports, and the Talent Office has returned one of them."""
    calendar_starts(world, "half_year_report", "every_half_year")
    other = "sci"
    world.do(f"liaison-{other}", "submit_half_year", {"work": SAID, "plans": "继续走访。"}, unit=other)
    world.do("office", "review_report", {"decision": "return", "reason": f"退回：{SAID}"})
    world.do("liaison-hrss", "submit_half_year", {"work": OWN, "plans": "继续走访。"}, unit="hrss")
    return world.task("submit_half_year", other)


def _everything(world: World, user: str) -> str:
    """All that the pages and the API say of the case."""
    api, visitor = world.api(user), Visitor(world, user)
    answers: list[Any] = [
        api.get(f"/instances/{world.case}"),
        api.get(f"/instances/{world.case}/history"),
        api.get(f"/instances/{world.case}/diagram"),
        visitor.get(f"/cases/{world.case}"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    return "\n".join(answer.get_data(as_text=True) for answer in answers)


def test_a_unit_sees_its_own_slot_of_a_round_only(world: World) -> None:
    foreign = _round(world)
    told = _everything(world, "liaison-hrss")
    assert OWN in told
    assert SAID not in told
    listed = world.api("liaison-hrss").get(f"/instances/{world.case}")
    assert str(foreign.id) not in listed.get_data(as_text=True)
    assert world.api("liaison-hrss").get(f"/tasks/{foreign.id}").status_code == 404
    assert Visitor(world, "liaison-hrss").get(f"/tasks/{foreign.id}").status_code == 404


def test_the_talent_office_and_auditors_see_all_of_a_round(world: World) -> None:
    foreign = _round(world)
    for user in ("office", "auditor"):
        told = _everything(world, user)
        assert SAID in told
        assert OWN in told
        assert world.api(user).get(f"/tasks/{foreign.id}").status_code == 200


def test_a_copy_of_a_round_shows_no_more_than_its_sender_sees(world: World) -> None:
    _round(world)
    world.api("liaison-hrss").post(f"/instances/{world.case}/copy", {"to": ["handler-edu"]})
    told = _everything(world, "handler-edu")
    assert OWN not in told
    assert SAID not in told
    world.api("office").post(f"/instances/{world.case}/copy", {"to": ["handler-sci"]})
    assert SAID in _everything(world, "handler-sci")
