"""Each task says how often its step had come up in its slot: live, by replay and after an upgrade alike."""

from __future__ import annotations

from importlib import import_module

import pytest
from sqlalchemy import select, text, update

from service import clock
from service.processes import operations, rounds
from service.processes.models import UserTask
from service.processes.rounds import ranked
from tests.factories.diagrams import changed_form, definition, forms
from tests.factories.replays import returned
from tests.factories.statements import counted
from tests.factories.steps import INTERIM, REDO, mismatches
from tests.factories.stuck import DECIDE, MATTER, begun, deployed
from tests.factories.versions import move, version
from tests.factories.world import OFFICE, World

migration = import_module("service.db.migrations.versions.0096_rounds_of_tasks")


def numbers(world: World) -> list[tuple[str, int]]:
    """(step, round) of the tasks of the case, in the order in which they came up."""
    return [(one.task, one.round) for one in sorted(all_tasks(world), key=lambda one: (one.entered_seq, one.task))]


def all_tasks(world: World) -> list[UserTask]:
    with world.database.reading() as session:
        found = list(session.scalars(select(UserTask).where(UserTask.instance_id == world.case)))
        session.expunge_all()
        return found


@pytest.mark.parametrize("most", [rounds.MOST, 0], ids=["each place", "all places"])
def test_a_step_that_comes_up_again_is_of_the_next_round(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(rounds, "MOST", most)
    world.dispatched()
    world.do("office", "feedback_accepted")
    world.do("handler-edu", "handle", INTERIM)
    world.do("office", "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
    world.do("handler-edu", "handle")
    world.do("office", "review_reply", REDO)
    steps = numbers(world)
    assert [number for step, number in steps if step == "handle"] == [1, 2, 3]
    assert {number for step, number in steps if step in ("record_need", "accept", "dispatch")} == {1}
    assert mismatches(world) == []


def test_a_return_by_hand_and_a_step_taken_back_count_as_the_rows_then_stand(world: World) -> None:
    returned(world)
    assert [number for step, number in numbers(world) if step == "handle"] == [1, 1, 2]
    world.do("handler-edu", "handle")
    with world.transaction() as session:
        last = max((one for one in all_tasks(world) if one.completed_seq), key=lambda one: one.completed_seq or 0)
        handler = world.actor("handler-edu")
        operations.take_back(session, task_id=last.id, reason="写错了", actor=handler, now=clock.now())
    world.do("handler-edu", "handle")
    steps = numbers(world)
    assert [number for step, number in steps if step == "handle"] == [1, 1, 2]
    assert [number for step, number in steps if step == "review_reply"][-1] > 1
    assert mismatches(world) == []


def test_a_case_that_is_moved_counts_by_the_places_of_its_new_version(world: World) -> None:
    returned(world)
    to = version(world, {"bpmn/request.bpmn": [('name="受理审核"', 'name="接件"')]})
    move(world, to, reason="改名")
    assert [number for step, number in numbers(world) if step == "handle"] == [1, 1, 2]
    assert mismatches(world) == []


def test_an_upgrade_counts_the_tasks_there_are(world: World) -> None:
    returned(world)
    before = numbers(world)
    assert max(number for _, number in before) > 1
    with world.transaction() as session:
        session.execute(update(UserTask).values(round=1))
        session.execute(text(migration.FILL))
    assert numbers(world) == before


def test_a_changed_round_is_named(world: World) -> None:
    returned(world)
    with world.transaction() as session:
        session.execute(update(UserTask).where(UserTask.task == "handle", UserTask.round == 2).values(round=1))
    [wrong] = mismatches(world)
    assert (wrong.table, wrong.column, wrong.must, wrong.have) == ("user_task", "round", "2", "1")
    assert "第几次到这一步（round）" in wrong.what


def test_tasks_that_one_input_opens_in_a_place_are_of_one_round() -> None:
    place = {"process": "p", "task": "t", "scope": ""}
    rows = [{**place, "id": n, "entered_seq": seq} for n, seq in enumerate((9, 1, 4, 4))]
    assert ranked(rows) == {0: 4, 1: 1, 2: 2, 3: 2}
    assert ranked([*rows, {**place, "scope": "other", "id": 4, "entered_seq": 20}])[4] == 1


def test_a_step_that_opens_many_places_asks_no_longer_a_question(world: World) -> None:
    asked = {"type": "array", "title": "名单", "maxItems": 60, "items": {"type": "string", "maxLength": 9}}
    form = changed_form("decide", properties={**forms()["decide.json"]["properties"], "asked": asked})
    several = (MATTER, "InputRef>units<", "InputRef>asked<")
    of_office = ("bpmn/slot.bpmn", 'value="unit:unit"', 'value="talent_office"')
    deployed(world, definition(several, of_office, extra=form))
    begun(world)
    with counted(world) as told:
        world.do(OFFICE, "decide", {**DECIDE, "asked": [f"第{number}份" for number in range(60)]})
    assert numbers(world)[-60:] == [("handle", 1)] * 60
    questions = [one for one in told if "FROM user_task" in one]
    assert questions
    assert max(map(len, questions)) < 4_000
    assert mismatches(world) == []
