"""A replayed case: each step says who did what, what was seen and changed, and stands where the engine stood."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service import clock, history
from service.audit.replay import case_replay
from service.audit.replay.ways import compared, usual_way
from service.errors import NotFound
from service.processes import operations, sharing
from service.processes.effects import EFFECTS
from service.processes.recording import stream_of
from service.processes.told_effects import WORDS
from service.rights import SYSTEM
from tests.factories.replays import differences, eventful, replayed, returned, seen_form
from tests.factories.rounds import begin
from tests.factories.steps import DONE, INTERIM, NOT_OURS
from tests.factories.world import OFFICE, World


def test_each_step_stands_where_the_engine_stood(world: World) -> None:
    eventful(world)
    assert differences(world) == []
    assert differences(world, on_the_way=True) == []
    kinds = {one.step.kind for one in replayed(world, "auditor").shown}
    assert {"taken_back", "migrated", "calendar_changed", "commented", "urged", "file_withdrawn"} <= kinds
    with world.database.reading() as session:
        events = history.stream_events(session, stream_of(world.case))
        assert {name for one in events if one.kind in EFFECTS for name in one.data} <= WORDS


def test_what_was_taken_back_stays_readable_and_counts_no_longer(world: World) -> None:
    eventful(world)
    found = replayed(world, "auditor")
    done = [one for one in found.shown if one.step.kind == "completed" and one.step.step == "handle"]
    back = next(one for one in found.shown if one.step.kind == "taken_back")
    assert [one.step.taken_back for one in done] == [back.step.seq, None]
    assert done[0].step.data["data"]["reply"] == "先前的答复"
    gone = {change.path.rsplit("/", 1)[-1]: (change.old, change.new) for change in back.changes}
    assert gone["reply"] == ("先前的答复", None)


def test_what_was_sent_back_is_marked_with_the_return(world: World) -> None:
    returned(world)
    assert differences(world, on_the_way=True) == []
    shown = [one.step for one in replayed(world, "auditor").shown]
    assert shown[-1].kind == "returned"
    assert [(one.step, one.unit) for one in shown if one.redone == shown[-1].seq] == [("handle", "edu")]


def test_a_date_says_why_it_is_so_and_whether_it_moved(world: World) -> None:
    eventful(world)
    found = replayed(world, "auditor")
    by_kind = {one.step.kind: one.step for one in found.shown}
    moved = {one.name: one for one in by_kind["calendar_changed"].due_changes if one.unit == "edu"}
    assert moved["办理"].moved
    assert (moved["办理"].why, moved["办理"].notice) == ("calendar", "南府通〔2026〕8号")
    assert "台风停工" in str(moved["办理"].explanation)
    unmoved = [one for one in by_kind["calendar_changed"].due_changes if not one.moved]
    assert [one.old == one.new for one in unmoved] == [True] * len(unmoved)
    assert {one.why for one in by_kind["migrated"].due_changes} == {"migrated"}
    first = next(one.step for one in found.shown if one.step.due_changes)
    assert {one.why for one in first.due_changes} == {"set"}


def test_the_form_is_the_one_that_the_person_saw(world: World) -> None:
    eventful(world)
    auditor = world.actor("auditor")
    done = [one.step for one in replayed(world, "auditor").shown if one.step.step == "handle" and one.step.form]
    first, again = (seen_form(world, auditor, one.seq) for one in done)
    assert (first.data.get("reply"), first.typed["reply"]) == (None, "先前的答复")
    assert (again.data["reply"], again.typed["reply"]) == ("先前的答复", DONE["reply"])
    assert (done[0].version, done[1].version) == (1, 2)
    assert (done[1].actor, done[1].on_behalf_of) == ("deputy-edu", "handler-edu")


def test_a_task_that_came_up_twice_is_shown_with_the_data_of_its_first_time(world: World) -> None:
    world.accepted()
    first = world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "opinion": "第一次的意见"})
    told = [one for one in replayed(world, "auditor").shown if one.step.kind == "completed"]
    seen = seen_form(world, world.actor("auditor"), told[-1].step.seq)
    with world.transaction() as session:
        operations.take_back(session, task_id=first, reason="改", actor=world.actor(OFFICE), now=clock.now())
    world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "opinion": "第二次的意见"})
    assert seen_form(world, world.actor("auditor"), told[-1].step.seq) == seen
    assert differences(world, on_the_way=True) == []


def test_a_file_taken_back_is_told_as_of_each_step(world: World) -> None:
    eventful(world)
    files = {one.step.kind: one.step.files for one in replayed(world, "auditor").shown}
    assert [one.withdrawn for one in files["file_attached"]] == [None]
    assert [one.withdrawn_by for one in files["file_withdrawn"]] == [OFFICE]


def test_units_of_a_round_replay_their_own_slot_alone(world: World) -> None:
    begin(world, "half_year_report", OFFICE)
    world.do(OFFICE, "choose_period", {"year": 2026, "half": 1})
    whole = replayed(world, "auditor")
    assert differences(world, on_the_way=True) == []
    other = world.task("submit_half_year", "edu")
    with world.transaction() as session:
        sharing.comment(
            session,
            instance_id=world.case,
            text="本单位另报",
            actor=world.actor(OFFICE),
            now=clock.now(),
            task_id=other.id,
        )
    mine = replayed(world, "liaison-hrss")
    units = {row["unit"] for row in mine.shown[-1].step.tasks.values()}
    assert units == {"hrss"}
    assert len({row["unit"] for row in whole.shown[-1].step.tasks.values()}) > 2
    assert "本单位另报" not in str([one.step.data for one in mine.shown])
    assert str(other.scope) not in str([(one.step, one.changes) for one in mine.shown])


def test_who_may_not_see_the_case_is_told_that_there_is_none(world: World) -> None:
    world.dispatched("edu")
    with world.database.reading() as session, pytest.raises(NotFound):
        case_replay(session, world.case, world.actor("handler-health"))


def test_a_case_is_held_against_the_way_that_most_take(world: World) -> None:
    for _ in range(2):
        world.finished()
    world.dispatched()
    world.do(OFFICE, "feedback_accepted")
    world.do("handler-edu", "handle", DONE)
    with world.database.reading() as session:
        usual = usual_way(session, "request", world.case)
    assert usual is not None
    assert (usual.alike, usual.cases) == (2, 2)
    steps = [one.step for one in replayed(world, "auditor").shown]
    beside = compared(steps, usual, ended=False)
    assert (beside.left, beside.instead, beside.aside) == (None, None, [])
    world.do(OFFICE, "review_reply", {"decision": "refer", "comment": "涉及多个单位"})
    world.do(OFFICE, "assess", {"route": "meeting", "comment": "经研究决定"})
    steps = [one.step for one in replayed(world, "auditor").shown]
    beside = compared(steps, usual, ended=False)
    assert beside.instead == ("request", "feedback_result")
    assert [one.step for one in steps if one.seq == beside.left] == ["assess"]


@pytest.mark.parametrize("answer", [DONE, INTERIM, NOT_OURS])
def test_every_answer_of_a_unit_replays(world: World, answer: dict[str, str]) -> None:
    world.dispatched("edu", "guicheng")
    world.do("handler-edu", "handle", answer, unit="edu")
    world.pass_days(12)
    assert differences(world, on_the_way=True) == []
    assert timedelta(0) < clock.now() - replayed(world, "auditor").shown[0].step.at
    assert SYSTEM.username in {one.step.actor for one in replayed(world, "auditor").shown}
