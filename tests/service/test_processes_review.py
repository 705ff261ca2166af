"""What a close look at commands, operations, replay and verification found wrong once; each stays put right here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service import clock
from service.processes import commands

if TYPE_CHECKING:
    from tests.factories.world import World

OFFICE, HANDLER = "office", "handler-edu"


def returned(world: World, user: str, step: str, target: str, *, unit: str | None = None) -> None:
    """``user`` returns the open ``step`` to ``target``."""
    task = world.task(step, unit)
    with world.transaction() as session:
        commands.return_task(
            session, task_id=task.id, target=target, reason="请补充", actor=world.actor(user), now=clock.now()
        )


def form_of(world: World, step: str) -> dict[str, Any]:
    """What the open ``step`` has in its data."""
    return dict(world.task(step).data)


# --- Return ----------------------------------------------------------------------------------------------------------


def test_a_return_keeps_what_was_filled_in_before(world: World) -> None:
    world.start(title="入学")
    world.do("liaison-hrss", "record_need", world.need(title="子女入读公办学校"))
    returned(world, OFFICE, "accept", "record_need")
    assert form_of(world, "record_need")["title"] == "子女入读公办学校"


def test_a_return_goes_to_the_unit_that_took_over_not_to_the_first(world: World) -> None:
    world.dispatched("edu")
    world.do(HANDLER, "handle", {"result": "not_ours", "reason": "不属于本单位职责"})
    world.do(OFFICE, "redispatch", {"unit": "housing", "opinion": "请接续办理"})
    world.do("handler-housing", "handle")
    returned(world, OFFICE, "review_reply", "handle")
    assert world.task("handle").unit == "housing"
