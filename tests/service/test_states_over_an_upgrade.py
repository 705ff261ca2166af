"""A case begun before states became compact goes on by today's rules: it replays, is taken back, moved and ended."""

from __future__ import annotations

import pytest

from service import engine
from service.engine.ahead import LAST_FORESEEING
from service.engine.compact import ENDED, is_compact
from service.processes import operations
from service.processes.moves import RECOUNT
from tests.factories.steps import DONE, REDO, act, instance, mismatches, timers
from tests.factories.versions import FIVE_DAYS, move, version
from tests.factories.world import OFFICE, World

EDU = "handler-edu"


@pytest.fixture
def before(world: World) -> World:
    """A need that the version before handed out."""
    with pytest.MonkeyPatch.context() as then:
        then.setattr(engine, "RULES", LAST_FORESEEING)
        world.dispatched()
        world.do(OFFICE, "feedback_accepted")
    assert not is_compact(instance(world).state)
    assert mismatches(world) == []
    return world


def test_it_goes_on_to_its_end(before: World) -> None:
    largest = len(instance(before).state)
    before.do(EDU, "handle", DONE)
    assert is_compact(instance(before).state)
    assert len(instance(before).state) < largest / 5
    assert mismatches(before) == []
    before.do(OFFICE, "review_reply", REDO)
    before.do(EDU, "handle", DONE)
    before.do(OFFICE, "review_reply")
    assert mismatches(before) == []
    before.do(OFFICE, "feedback_result")
    assert (instance(before).state, instance(before).end) == (ENDED, "end_done")
    assert mismatches(before) == []


def test_a_step_by_the_new_rules_is_taken_back_to_the_state_of_the_old_ones(before: World) -> None:
    state = instance(before).state
    task = before.task("handle").id
    before.do(EDU, "handle", DONE)
    act(before, EDU, operations.take_back, task_id=task, reason="附件漏传")
    assert instance(before).state == state
    assert before.task("handle").id == task
    assert mismatches(before) == []
    before.do(EDU, "handle", DONE)
    assert is_compact(instance(before).state)
    assert mismatches(before) == []


def test_a_step_by_the_old_rules_is_taken_back_after_the_upgrade(world: World) -> None:
    with pytest.MonkeyPatch.context() as then:
        then.setattr(engine, "RULES", LAST_FORESEEING)
        world.dispatched()
        task = world.task("handle").id
        world.do(EDU, "handle", DONE)
    act(world, EDU, operations.take_back, task_id=task, reason="附件漏传")
    assert not is_compact(instance(world).state)
    assert mismatches(world) == []
    world.do(EDU, "handle", DONE)
    assert mismatches(world) == []


def test_it_moves_to_another_version_with_its_dates_counted_anew(before: World) -> None:
    first = before.task("handle")
    move(before, version(before, FIVE_DAYS), due=RECOUNT)
    after = before.task("handle")
    assert (after.id, is_compact(instance(before).state)) == (first.id, True)
    assert after.due_on != first.due_on
    assert timers(before) == ["due_soon", "due_today", "long_overdue", "overdue"]
    assert mismatches(before) == []
    before.do(EDU, "handle", DONE)
    assert mismatches(before) == []


def test_its_timers_ring(before: World) -> None:
    before.pass_days(30)
    assert before.task("approve_circular")
    assert is_compact(instance(before).state)
    assert mismatches(before) == []
    before.do(OFFICE, "approve_circular", {"decision": "hold"})
    before.do(EDU, "handle", DONE)
    assert mismatches(before) == []
