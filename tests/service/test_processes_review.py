"""What a close look at commands, operations, replay and verification found wrong once; each stays put right here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from service import clock
from service.errors import Invalid
from service.processes import commands, operations, queries

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


# --- Bad input -------------------------------------------------------------------------------------------------------


def nested(levels: int) -> Any:
    """A text inside so many lists."""
    value: Any = "字"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "data",
    [
        {"result": "?", "next_date": "明天"},
        {"next_date": "明天"},
        {"result": "done", "reply": nested(600)},
        {"result": "done", "reply": 10**400},
        {"result": "done", "reply": float("nan")},
        [1, 2],
        None,
        "done",
    ],
    ids=["date-of-another-branch", "date-without-branch", "deep", "huge", "nan", "list", "nothing", "text"],
)
def test_a_form_that_nobody_could_fill_in_so_is_refused_and_changes_nothing(world: World, data: Any) -> None:
    world.dispatched("edu")
    task = world.task("handle")
    with pytest.raises(Invalid) as refused, world.transaction() as session:
        commands.complete(session, task_id=task.id, data=data, actor=world.actor(HANDLER), now=clock.now())
    assert all(finding.path.startswith("/data") for finding in refused.value.findings)
    assert world.task("handle").revision == task.revision


@pytest.mark.parametrize("value", [float("nan"), "\ud800", "\x00", nested(600)], ids=["nan", "half", "nul", "deep"])
def test_a_start_with_what_no_database_keeps_is_refused(world: World, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        world.start(description=value)
    assert [finding.path.split("/")[:3] for finding in refused.value.findings] == [["", "data", "description"]]


def test_a_name_typed_in_capitals_gets_the_copy(world: World) -> None:
    world.recorded()
    with world.transaction() as session:
        operations.copy(
            session, instance_id=world.case, to=["Owner ", "owner"], actor=world.actor(OFFICE), now=clock.now()
        )
    with world.database.reading() as session:
        assert queries.copied_to(session, world.actor("owner")).total == 1


def test_a_mention_needs_no_blanks_around_it(world: World) -> None:
    world.recorded()
    with world.transaction() as session:
        event = operations.comment(
            session,
            instance_id=world.case,
            text="请@handler-edu看一下，并告@Owner。邮箱x@office.cn",
            actor=world.actor(OFFICE),
            now=clock.now(),
        )
        assert event.data["mentions"] == ["handler-edu", "owner"]
