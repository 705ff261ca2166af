"""The help page, and what a task's page says of where its deadline comes from."""

from __future__ import annotations

import re

from tests.factories.world import World
from tests.web.visitor import Visitor

ASSUMED = "本系统默认，非文件规定"
POLICY = "实施方案三（二）3"


def _deadlines(page: str) -> dict[str, tuple[str, str]]:
    """Step -> (working days, whose rule) in the help page's table."""
    rows = re.findall(r"<tr><td[^>]*>\w+</td><td>(.*?)</td><td class=\"num\">(.*?)</td><td>(.*?)</td></tr>", page)
    return {step: (days, basis) for step, days, basis in rows}


def test_help_tells_the_policys_deadline_from_our_own(world: World) -> None:
    found = _deadlines(Visitor(world, None).get("/help").text)
    assert found["办理"] == ("7", POLICY)
    assert found["受理审核"] == ("1", ASSUMED)
    assert found["会议决定"] == ("不计时", "—")
    assert {basis for _, basis in found.values()} == {POLICY, ASSUMED, "—"}
    assert [step for step, (_, basis) in found.items() if basis == POLICY] == ["办理"]


def test_a_task_says_whose_rule_its_deadline_is(world: World) -> None:
    world.dispatched("edu")
    handle = Visitor(world, "handler-edu").get(f"/tasks/{world.task('handle').id}").text
    assert POLICY in handle
    assert ASSUMED not in handle.split("到期日是怎样算出来的")[1].split("</details>")[0]
    told = Visitor(world, "office").get(f"/tasks/{world.task('feedback_accepted').id}").text
    assert ASSUMED in told.split("到期日是怎样算出来的")[1].split("</details>")[0]
