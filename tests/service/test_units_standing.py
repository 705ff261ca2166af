"""The ledger says of each unit whether it answered, handed back, gave no answer or stands still."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from service.clock import SHANGHAI
from service.ledger import COLUMNS, ledger_rows
from service.processes import commands, extensions, halting, queries
from tests.factories.exports import exported_rows
from tests.factories.steps import act
from tests.factories.versions import version
from tests.factories.visitor import Visitor
from tests.factories.world import OFFICE, World


def on(day: int) -> date:
    return date(2026, 9, day)


def go(world: World, day: int) -> None:
    """It is that day; no timer fires meanwhile."""
    world.clock.set(datetime(2026, 9, day, 10, tzinfo=SHANGHAI))


@pytest.fixture
def handled(world: World) -> World:
    """A need that waits for edu's answer from 16 until 24 September; the talent has been told."""
    world.dispatched("edu")
    world.do(OFFICE, "feedback_accepted")
    return world


def told(world: World, day: date) -> tuple[str, str]:
    """各单位期限 and 剩余/超期 of the case as of a day."""
    with world.database.reading() as session:
        [case] = queries.instances_by_id(session, [world.case]).values()
        [row] = ledger_rows(session, [case], world.organization, day)
    named = dict(zip(COLUMNS, row, strict=True))
    return str(named["各单位期限"]), str(named["剩余/超期"])


def test_a_unit_that_hands_back_has_not_answered(handled: World) -> None:
    go(handled, 17)
    handled.do("handler-edu", "handle", {"result": "not_ours", "reason": "不归本单位管"})
    assert told(handled, on(17)) == ("区教育局（主办） 2026-09-24，已退回", "已退回")
    assert told(handled, on(16))[0] == "区教育局（主办） 2026-09-24"


def test_a_unit_whose_case_is_terminated_has_not_answered(world: World) -> None:
    world.dispatched("edu", "guicheng")
    go(world, 17)
    act(world, OFFICE, commands.terminate, instance_id=world.case, reason="不办了")
    units, standing = told(world, on(17))
    assert (units.count("，未答复"), units.count("已答复"), standing) == (2, 0, "未答复")
    assert "未答复" not in told(world, on(16))[0]
    office = Visitor(world, OFFICE)
    assert "2026-09-24，未答复" in office.get("/ledger", col=["各单位期限", "剩余/超期"]).text
    assert "2026-09-24，未答复" not in office.get("/ledger", col="各单位期限", as_of="2026-09-16").text
    [row] = exported_rows(office, "/ledger.xlsx?col=各单位期限&col=剩余/超期")
    assert {units, "未答复"} <= {cell.value for cell in row}


def test_a_unit_that_is_late_and_extended_has_not_answered_when_the_case_is_suspended(handled: World) -> None:
    go(handled, 28)
    key = handled.task("handle", "edu").id
    act(handled, OFFICE, extensions.extend, task_id=key, due_on="2026-10-12", reason="材料不齐", asked_by="来电")
    go(handled, 30)
    act(handled, OFFICE, halting.suspend, instance_id=handled.case, reason="出国")
    units, standing = told(handled, on(30))
    assert "已答复" not in units
    assert standing == "挂起期间不计时"
    assert told(handled, on(29)) == ("区教育局（主办） 2026-10-12，原定 2026-09-24", "还剩 5 个工作日")


def test_an_answer_on_the_day_of_an_extension_is_an_answer(handled: World) -> None:
    go(handled, 28)
    key = handled.task("handle", "edu").id
    act(handled, OFFICE, extensions.extend, task_id=key, due_on="2026-10-12", reason="材料不齐", asked_by="来电")
    handled.do("handler-edu", "handle")
    assert told(handled, on(28)) == ("区教育局（主办） 2026-10-12，原定 2026-09-24，已答复", "按期答复")


def test_an_answer_is_in_time_or_late(handled: World) -> None:
    go(handled, 28)
    handled.do("handler-edu", "handle")
    units, standing = told(handled, on(28))
    assert units == "区教育局（主办） 2026-09-24，已答复"
    assert standing.endswith("个工作日答复")


def test_a_unit_of_a_suspended_case_is_named_though_nothing_is_counted(world: World) -> None:
    world.dispatched("edu", "guicheng")
    world.do(OFFICE, "feedback_accepted")
    go(world, 17)
    world.do("handler-edu", "handle", unit="edu")
    go(world, 18)
    act(world, OFFICE, halting.suspend, instance_id=world.case, reason="出国")
    still = "区教育局（主办） 2026-09-24，已答复；桂城街道办事处（挂起，不计时）"
    assert told(world, on(18)) == (still, "挂起期间不计时")
    assert "挂起期间不计时" in Visitor(world, OFFICE).get("/ledger").text
    go(world, 21)
    act(world, OFFICE, halting.resume, instance_id=world.case, reason="")
    assert told(world, on(20)) == (still, "挂起期间不计时")
    assert "；桂城街道办事处 2026-09-24" in told(world, on(21))[0]
    go(world, 22)
    act(world, OFFICE, halting.suspend, instance_id=world.case, reason="出国")
    act(world, OFFICE, commands.terminate, instance_id=world.case, reason="不办了")
    assert "；桂城街道办事处 2026-09-24，未答复" in told(world, on(22))[0]


def test_a_unit_that_waits_for_a_meeting_is_named_though_nothing_is_counted(world: World) -> None:
    form = '<spiffworkflow:property name="form" value="handle" />'
    paused = f'{form}<spiffworkflow:property name="clock" value="paused" />'
    version(world, {"bpmn/unit_handling.bpmn": [(form, paused)]})
    world.dispatched("edu", "guicheng")
    world.do(OFFICE, "feedback_accepted")
    waits = "区教育局（主办）（待上会，不计时）；桂城街道办事处（待上会，不计时）"
    assert told(world, on(16)) == (waits, "")
    go(world, 17)
    world.do("handler-edu", "handle", unit="edu")
    assert told(world, on(17))[0] == "桂城街道办事处（待上会，不计时）"
    go(world, 18)
    assert told(world, on(16))[0] == waits
