"""Operations beside completing: who may, the reason, the journal entry, the effect. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import inspect, select

from service import clock
from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.processes import applying, commands, halting, operations, queries, sharing
from service.processes.models import CopyTo, UserTask
from service.rights import Actor
from tests.factories import steps as case
from tests.factories.absences import on_leave
from tests.factories.databases import ON_BOTH
from tests.factories.steps import DONE, REFER, act
from tests.factories.world import LIAISON, OFFICE, World

pytestmark = ON_BOTH


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A dispatched need; whatever a test does to it, its journal must replay to what is stored."""
    world.dispatched()
    yield world
    assert case.mismatches(world) == []


def test_a_task_that_comes_again_has_the_first_value_of_every_column(world: World) -> None:
    """Merging onto the old row would leave as it was each column that ``_row`` does not set."""
    said = ("process", "task", "name", "scope", "stage", "role", "unit", "slot", "paused", "due_on", "warn_on")
    data = {**dict.fromkeys((*said, "provisional", "basis")), "explanation": {}}
    row = applying._row(case.instance(world), str(uuid4()), data, {}, 1, clock.now())
    left_out = {column.key for column in inspect(UserTask).column_attrs} - inspect(row).dict.keys()
    assert left_out == set()


class TestClaim:
    def test_claimed_task_is_the_claimers_alone(self, world: World) -> None:
        task = world.task("handle")
        act(world, "handler-edu", operations.claim, task_id=task.id)
        assert world.task("handle").assignee == "handler-edu"
        with pytest.raises(Conflict, match="谭雅文"):
            case.complete(world, "handler-edu-2", task.id, DONE)
        case.complete(world, "handler-edu", task.id, DONE)
        (event,) = case.events(world, "claimed")
        assert (event.actor, event.task, event.data["assignee"]) == ("handler-edu", str(task.id), "handler-edu")

    def test_second_claim_is_a_conflict(self, world: World) -> None:
        task = world.task("handle")
        act(world, "handler-edu", operations.claim, task_id=task.id)
        with pytest.raises(Conflict):
            act(world, "handler-edu-2", operations.claim, task_id=task.id)

    def test_claiming_ones_own_task_again_changes_nothing(self, world: World) -> None:
        task = world.task("handle")
        for _ in range(2):
            act(world, "handler-edu", operations.claim, task_id=task.id)
        assert len(case.events(world, "claimed")) == 1

    @pytest.mark.parametrize("user", ["handler-housing", LIAISON, "auditor", "leader", OFFICE])
    def test_only_candidates_claim(self, world: World, user: str) -> None:
        with pytest.raises(NotFound if user == "handler-housing" else NotAllowed):
            act(world, user, operations.claim, task_id=world.task("handle").id)

    def test_unknown_task(self, world: World) -> None:
        for wrong in ("nonsense", "00000000-0000-0000-0000-000000000000"):
            with pytest.raises(NotFound):
                act(world, "handler-edu", operations.claim, task_id=wrong)


class TestRelease:
    def test_released_task_is_open_to_all_candidates(self, world: World) -> None:
        task = world.task("handle")
        act(world, "handler-edu", operations.claim, task_id=task.id)
        act(world, "handler-edu", operations.release, task_id=task.id)
        case.complete(world, "handler-edu-2", task.id, DONE)
        (event,) = case.events(world, "released")
        assert event.data["was"] == "handler-edu"

    def test_office_releases_for_somebody_who_is_away(self, world: World) -> None:
        task = world.task("handle")
        act(world, "handler-edu", operations.claim, task_id=task.id)
        act(world, OFFICE, operations.release, task_id=task.id)
        assert world.task("handle").assignee is None

    def test_others_do_not_release(self, world: World) -> None:
        task = world.task("handle")
        act(world, "handler-edu", operations.claim, task_id=task.id)
        with pytest.raises(NotAllowed):
            act(world, "handler-edu-2", operations.release, task_id=task.id)

    def test_nobodys_task_is_not_released(self, world: World) -> None:
        with pytest.raises(Conflict):
            act(world, "handler-edu", operations.release, task_id=world.task("handle").id)


class TestReassign:
    def reassign(self, world: World, user: str, to: str, reason: str = "外出学习") -> None:
        act(world, user, operations.reassign, task_id=world.task("handle").id, to=to, reason=reason)

    @pytest.mark.parametrize("user", ["handler-edu", OFFICE])
    def test_task_goes_to_a_colleague_who_is_told(self, world: World, user: str) -> None:
        self.reassign(world, user, "handler-edu-2")
        assert world.task("handle").assignee == "handler-edu-2"
        (event,) = case.events(world, "reassigned")
        assert (event.actor, event.data["to"], event.data["reason"]) == (user, "handler-edu-2", "外出学习")
        (notice,) = case.notices(world, "reassigned")
        assert notice["to"]["usernames"] == ["handler-edu-2"]
        with pytest.raises(Conflict):
            world.do("handler-edu", "handle")
        world.do("handler-edu-2", "handle")

    def test_deadline_stays(self, world: World) -> None:
        before = world.task("handle").due_on
        world.pass_days(2)
        self.reassign(world, "handler-edu", "handler-edu-2")
        assert world.task("handle").due_on == before

    @pytest.mark.parametrize("to", ["handler-housing", "auditor", "nobody", ""])
    def test_only_to_somebody_who_may_do_it(self, world: World, to: str) -> None:
        with pytest.raises(Invalid) as refused:
            self.reassign(world, "handler-edu", to)
        assert refused.value.findings[0].path == "/to"

    def test_needs_a_reason(self, world: World) -> None:
        with pytest.raises(Invalid):
            self.reassign(world, "handler-edu", "handler-edu-2", "  ")

    def test_outsiders_do_not_reassign(self, world: World) -> None:
        with pytest.raises(NotFound):
            self.reassign(world, "handler-housing", "handler-edu-2")

    def test_not_to_who_has_it(self, world: World) -> None:
        self.reassign(world, "handler-edu", "handler-edu-2")
        with pytest.raises(Conflict):
            self.reassign(world, OFFICE, "handler-edu-2")


class TestSubstitute:
    def test_substitute_acts_and_both_names_are_kept(self, world: World) -> None:
        on_leave(world, "handler-edu", "deputy-edu")
        world.do("deputy-edu", "handle")
        done = world.done("handle")
        assert (done.completed_by, done.on_behalf_of) == ("deputy-edu", "handler-edu")
        event = case.events(world, "completed")[-1]
        assert (event.actor, event.on_behalf_of) == ("deputy-edu", "handler-edu")
        assert event.data["signature"]["name"] == "殷若溪"
        assert event.data["signature"]["on_behalf_of"] == "谭雅文"

    def test_substitute_does_what_the_absent_one_had_claimed(self, world: World) -> None:
        act(world, "handler-edu", operations.claim, task_id=world.task("handle").id)
        on_leave(world, "handler-edu", "deputy-edu")
        world.do("deputy-edu", "handle")
        assert world.done("handle").on_behalf_of == "handler-edu"

    def test_substitute_sees_the_task_in_the_inbox(self, world: World) -> None:
        on_leave(world, "handler-edu", "deputy-edu")
        actor = world.actor("deputy-edu")
        with world.database.reading() as session:
            listed = queries.open_tasks(session, actor, today=clock.today())
            assert [task.task for task in listed.items] == ["handle"]

    def test_nobody_acts_without_a_declaration(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.do("deputy-edu", "handle")

    def test_substitution_ends_with_its_last_day(self, world: World) -> None:
        on_leave(world, "handler-edu", "deputy-edu")
        world.pass_days(15)
        with pytest.raises(NotFound):
            world.do("deputy-edu", "handle")

    def test_substitute_takes_back_only_what_he_did(self, world: World) -> None:
        on_leave(world, "handler-edu", "deputy-edu")
        world.do("handler-edu", "handle")
        with pytest.raises(NotAllowed):
            act(world, "deputy-edu", operations.take_back, task_id=world.done("handle").id, reason="更正")


class TestReturn:
    def test_task_goes_back_with_the_reason(self, world: World) -> None:
        world.do("handler-edu", "handle")
        review = world.task("review_reply")
        act(world, OFFICE, commands.return_task, task_id=review.id, target="handle", reason="请补充附件")
        old, new = case.tasks(world, "handle")
        assert (old.status, new.status) == ("completed", "open")
        assert new.scope == old.scope
        (event,) = case.events(world, "returned")
        assert (event.actor, event.data["target"], event.data["reason"]) == (OFFICE, "handle", "请补充附件")
        assert [row.status for row in case.tasks(world, "review_reply")] == ["cancelled"]

    def test_returned_task_has_all_its_timers_again(self, world: World) -> None:
        armed = case.timers(world)
        assert armed == ["due_soon", "due_today", "long_overdue", "overdue"]
        world.pass_days(5)
        world.do("handler-edu", "handle")
        assert case.timers(world) == []
        act(
            world,
            OFFICE,
            commands.return_task,
            task_id=world.task("review_reply").id,
            target="handle",
            reason="请补充附件",
        )
        assert case.timers(world) == armed
        world.pass_days(26)
        assert len(case.notices(world, "due_soon")) == 2
        assert len(case.events(world, "urged")) == 1
        assert "approve_circular" in case.steps(world)

    def test_return_never_drops_a_siblings_work(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        world.do("handler-guicheng", "handle", unit="guicheng")
        world.do(OFFICE, "review_reply")
        world.do("handler-edu", "handle", unit="edu")
        task = world.task("review_reply")
        act(world, OFFICE, commands.return_task, task_id=task.id, target="handle", reason="请补充")
        assert world.open_steps() == [("feedback_accepted", None), ("handle", "edu")]
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["feedback_accepted"]
        slots = case.instance(world).data["slots"]
        assert sorted(slot["unit"] for slot in slots.values()) == ["edu", "guicheng"]

    def test_return_keeps_an_open_sibling_and_its_timers(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        sibling = world.task("handle", "guicheng")
        world.do("handler-edu", "handle", unit="edu")
        act(
            world, OFFICE, commands.return_task, task_id=world.task("review_reply").id, target="handle", reason="请补充"
        )
        assert world.task("handle", "guicheng").id == sibling.id
        assert len(case.timers(world)) == 8

    def test_feedback_goes_back_to_the_groups_opinion(self, world: World) -> None:
        case.minuted(world, "settled")
        world.do(OFFICE, "group_opinion")
        task = world.task("feedback_result")
        assert case.detail(world, OFFICE, task).targets[0] == ("group_opinion", "领导小组意见")
        act(world, OFFICE, commands.return_task, task_id=task.id, target="group_opinion", reason="意见需修改")
        world.do(OFFICE, "group_opinion")
        assert case.steps(world) == ["feedback_result"]

    def test_feedback_goes_back_over_a_held_meeting_to_the_assessment(self, world: World) -> None:
        case.minuted(world, "settled")
        task = world.task("group_opinion")
        act(world, OFFICE, commands.return_task, task_id=task.id, target="assess", reason="另行研判")
        world.do(OFFICE, "assess", {"route": "meeting", "comment": "再次开会"})
        world.do(OFFICE, "convene_meeting")
        world.do(OFFICE, "record_minutes")
        assert case.steps(world) == ["group_opinion"]

    def test_dispatch_goes_back_to_acceptance_and_keeps_the_number(self, world: World) -> None:
        world.accepted()
        number = case.instance(world).number
        act(world, OFFICE, commands.return_task, task_id=world.task("dispatch").id, target="accept", reason="受理有误")
        world.do(OFFICE, "accept")
        assert case.instance(world).number == number

    @pytest.mark.parametrize("target", ["accept", "dispatch", "assess", "feedback_result", "nonsense", "handle"])
    def test_not_across_a_parallel_split_nor_forward(self, world: World, target: str) -> None:
        task = world.task("feedback_accepted")
        with pytest.raises(Invalid) as refused:
            act(world, OFFICE, commands.return_task, task_id=task.id, target=target, reason="退回")
        assert refused.value.findings[0].path == "/target"
        assert world.task("feedback_accepted").id == task.id

    def test_step_that_was_never_done_is_no_target(self, world: World) -> None:
        world.do("handler-edu", "handle")
        detail = case.detail(world, OFFICE, world.task("review_reply"))
        assert [target for target, _ in detail.targets] == ["handle"]

    def test_who_may_not_do_the_task_may_not_return_it(self, world: World) -> None:
        world.do("handler-edu", "handle")
        with pytest.raises(NotAllowed):
            act(
                world,
                "handler-edu",
                commands.return_task,
                task_id=world.task("review_reply").id,
                target="handle",
                reason="想改",
            )

    def test_needs_a_reason(self, world: World) -> None:
        world.do("handler-edu", "handle")
        with pytest.raises(Invalid):
            act(world, OFFICE, commands.return_task, task_id=world.task("review_reply").id, target="handle", reason="")


class TestTakeBack:
    def take_back(self, world: World, user: str, task: UserTask, reason: str = "附件传错") -> None:
        act(world, user, operations.take_back, task_id=task.id, reason=reason)

    def test_long_after_each_is_told_the_newest_alone(self, world: World) -> None:
        world.do("handler-edu", "handle")
        world.pass_days(40)
        self.take_back(world, "handler-edu", world.done("handle"))
        world.pass_days(1)
        assert case.light(world, "handle") == "red"
        assert [notice["template"] for notice in case.notices(world)] == ["accepted", "urge", "late"]
        assert [event.data.get("overtaken", False) for event in case.events(world, "timer_fired")] == [
            *(True, True, True, False)
        ]
        assert "approve_circular" in case.steps(world)
        assert case.mismatches(world) == []

    def test_before_the_due_day_the_missed_reminder_is_still_worth_saying(self, world: World) -> None:
        world.do("handler-edu", "handle")
        world.pass_days(6)
        self.take_back(world, "handler-edu", world.done("handle"))
        world.pass_days(1)
        assert [notice["template"] for notice in case.notices(world)] == ["accepted", "due_soon"]
        world.pass_days(2)
        assert [notice["template"] for notice in case.notices(world)] == ["accepted", "due_soon", "due_today"]
        assert case.mismatches(world) == []

    def test_own_step_comes_back_as_it_was(self, world: World) -> None:
        before = world.task("handle")
        armed = case.timers(world)
        world.do("handler-edu", "handle")
        self.take_back(world, "handler-edu", world.done("handle"))
        after = world.task("handle")
        assert (after.id, after.due_on, after.entered_at) == (before.id, before.due_on, before.entered_at)
        assert (after.submitted, after.completed_by, after.late_days) == (None, None, None)
        assert case.timers(world) == armed
        assert "review_reply" not in case.steps(world)
        (event,) = case.events(world, "taken_back")
        assert (event.actor, event.data["reason"], event.data["step"]) == ("handler-edu", "附件传错", "handle")

    def test_step_is_done_again_and_the_case_goes_on(self, world: World) -> None:
        for _ in range(3):
            world.do("handler-edu", "handle")
            self.take_back(world, "handler-edu", world.done("handle"))
        world.do("handler-edu", "handle", {**DONE, "reply": "更正后的回复"})
        assert world.done("handle").submitted == {**DONE, "reply": "更正后的回复"}
        world.do(OFFICE, "review_reply")
        world.do(OFFICE, "feedback_accepted")
        world.do(OFFICE, "feedback_result")
        assert case.instance(world).status == "completed"

    def test_submitted_fields_leave_the_data(self, world: World) -> None:
        world.do(OFFICE, "feedback_accepted")
        told = world.done("feedback_accepted")
        assert case.instance(world).data["given_on"] == "2026-09-16"
        self.take_back(world, OFFICE, told)
        assert "given_on" not in case.instance(world).data

    def test_dispatch_is_taken_back_with_all_its_slots(self, world: World) -> None:
        self.take_back(world, OFFICE, world.done("dispatch"))
        assert case.steps(world) == ["dispatch"]
        assert case.timers(world) == []
        world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "health"})
        assert world.task("handle").unit == "health"

    def test_not_once_somebody_has_acted_on_it(self, world: World) -> None:
        world.do("handler-edu", "handle")
        done = world.done("handle")
        world.do(OFFICE, "review_reply", REFER)
        with pytest.raises(Conflict):
            self.take_back(world, "handler-edu", done)
        with pytest.raises(Conflict):
            self.take_back(world, OFFICE, case.tasks(world, "dispatch")[0])

    def test_not_once_somebody_has_claimed_what_follows(self, world: World) -> None:
        world.do("handler-edu", "handle")
        act(world, OFFICE, operations.claim, task_id=world.task("review_reply").id)
        with pytest.raises(Conflict, match="梁文韬"):
            self.take_back(world, "handler-edu", world.done("handle"))

    def test_siblings_answer_given_later_stays(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        world.do("handler-edu", "handle", unit="edu")
        mine = world.done("handle")
        world.do("handler-guicheng", "handle", unit="guicheng")
        self.take_back(world, "handler-edu", mine)
        assert ("handle", "edu") in world.open_steps()
        assert ("review_reply", None) in world.open_steps()
        assert [row.unit for row in case.tasks(world, "handle") if row.status == "completed"] == ["guicheng"]

    def test_only_ones_own_step(self, world: World) -> None:
        world.do("handler-edu", "handle")
        with pytest.raises(NotAllowed):
            self.take_back(world, OFFICE, world.done("handle"))

    def test_open_step_is_not_taken_back(self, world: World) -> None:
        with pytest.raises(Conflict):
            self.take_back(world, "handler-edu", world.task("handle"))

    def test_last_step_of_an_ended_case(self, world: World) -> None:
        world.finished()
        self.take_back(world, OFFICE, world.done("feedback_result"))
        running = case.instance(world)
        assert (running.status, running.ended_at, running.end) == ("running", None, None)
        assert case.steps(world) == ["feedback_result"]
        world.do(OFFICE, "feedback_result")
        assert case.instance(world).end_name == "办结"

    def test_who_takes_a_late_answer_back_has_not_answered(self, world: World) -> None:
        world.pass_days(15)
        world.do("handler-edu", "handle")
        assert (world.standing.late, world.standing.overdue) == (True, False)
        self.take_back(world, "handler-edu", world.done("handle"))
        assert (world.standing.late, world.standing.overdue) == (True, True)

    def test_needs_a_reason(self, world: World) -> None:
        world.do("handler-edu", "handle")
        with pytest.raises(Invalid):
            self.take_back(world, "handler-edu", world.done("handle"), "")


class TestComment:
    def test_remark_stands_in_the_journal(self, world: World) -> None:
        act(world, "handler-edu", sharing.comment, instance_id=world.case, text="已与家长联系")
        (event,) = case.events(world, "commented")
        assert (event.actor, event.data["text"], event.data["mentions"]) == ("handler-edu", "已与家长联系", [])

    def test_mentioned_colleague_is_told(self, world: World) -> None:
        act(
            world,
            OFFICE,
            sharing.comment,
            instance_id=world.case,
            text="请 @handler-edu 尽快联系， @nobody 也看一下",
            task_id=world.task("handle").id,
        )
        (notice,) = case.notices(world, "mentioned")
        assert notice["to"]["usernames"] == ["handler-edu"]
        assert notice["step"] == "办理"

    def test_who_may_not_see_the_case_may_not_comment(self, world: World) -> None:
        with pytest.raises(NotFound):
            act(world, "handler-housing", sharing.comment, instance_id=world.case, text="看看")

    @pytest.mark.parametrize("text", ["", "   ", "坏\x00字", "长" * 5000])
    def test_bad_text(self, world: World, text: str) -> None:
        with pytest.raises(Invalid):
            act(world, OFFICE, sharing.comment, instance_id=world.case, text=text)
        assert case.events(world, "commented") == []


class TestCopy:
    def test_copied_case_becomes_visible(self, world: World) -> None:
        assert not self.sees(world, "handler-housing")
        act(world, OFFICE, sharing.copy, instance_id=world.case, to=["handler-housing"], note="供参阅")
        assert self.sees(world, "handler-housing")
        (notice,) = case.notices(world, "copied")
        assert (notice["to"]["usernames"], notice["text"]) == (["handler-housing"], "供参阅")
        (event,) = case.events(world, "copied")
        assert event.data["to"] == ["handler-housing"]

    def test_copied_twice_is_listed_and_told_once(self, world: World) -> None:
        for _ in range(2):
            act(world, OFFICE, sharing.copy, instance_id=world.case, to=["leader", "leader"])
        with world.database.reading() as session:
            assert session.scalars(select(CopyTo.username)).all() == ["leader"]
        assert len(case.notices(world, "copied")) == 1

    def test_reading_is_noted(self, world: World) -> None:
        act(world, OFFICE, sharing.copy, instance_id=world.case, to=["leader"])
        act(world, "leader", sharing.mark_copy_read, instance_id=world.case)
        with world.database.reading() as session:
            assert session.scalars(select(CopyTo.read_at)).one() is not None

    @pytest.mark.parametrize("to", [[], ["nobody"], ["leader"] * 51])
    def test_bad_recipients(self, world: World, to: list[str]) -> None:
        with pytest.raises(Invalid):
            act(world, OFFICE, sharing.copy, instance_id=world.case, to=to)

    def sees(self, world: World, user: str) -> bool:
        actor: Actor = world.actor(user)
        with world.database.reading() as session:
            return bool(queries.cases(session, actor).items)


class TestSuspend:
    def suspend(self, world: World) -> None:
        act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国")

    def test_nothing_can_be_done_and_no_timer_fires(self, world: World) -> None:
        self.suspend(world)
        assert case.light(world, "handle") == "grey"
        world.pass_days(20)
        assert [notice["template"] for notice in case.notices(world)] == ["accepted"]
        with pytest.raises(Conflict):
            world.do("handler-edu", "handle")
        with pytest.raises(Conflict):
            act(world, "handler-edu", operations.claim, task_id=world.task("handle").id)

    def test_resumed_case_goes_on_with_its_deadlines(self, world: World) -> None:
        due = world.task("handle").due_on
        self.suspend(world)
        world.pass_days(14)
        act(world, OFFICE, halting.resume, instance_id=world.case, reason="已回国")
        assert world.task("handle").due_on == due
        world.pass_days(1)
        assert [event.data["n"] for event in case.events(world, "urged")] == [1]
        world.do("handler-edu", "handle")
        kinds = [(event.kind, event.data["reason"]) for event in case.events(world, "suspended", "resumed")]
        assert kinds == [("suspended", "本人出国"), ("resumed", "已回国")]

    def test_only_the_office(self, world: World) -> None:
        for user in ("handler-edu", LIAISON, "auditor", "admin"):
            with pytest.raises(NotFound if user == "admin" else NotAllowed):
                act(world, user, halting.suspend, instance_id=world.case, reason="暂停")

    def test_twice_is_a_conflict(self, world: World) -> None:
        self.suspend(world)
        with pytest.raises(Conflict):
            self.suspend(world)
        act(world, OFFICE, halting.resume, instance_id=world.case, reason="")
        with pytest.raises(Conflict):
            act(world, OFFICE, halting.resume, instance_id=world.case, reason="")


class TestTerminate:
    def terminate(self, world: World, user: str = OFFICE, reason: str = "本人撤回需求") -> None:
        act(world, user, commands.terminate, instance_id=world.case, reason=reason)

    def test_everything_ends(self, world: World) -> None:
        self.terminate(world)
        ended = case.instance(world)
        assert (ended.status, ended.end_name, ended.stage) == ("terminated", "终止", None)
        assert case.steps(world) == []
        assert case.timers(world) == []
        (event,) = case.events(world, "terminated")
        assert event.data["reason"] == "本人撤回需求"
        world.pass_days(20)
        assert [notice["template"] for notice in case.notices(world)] == ["accepted", "result"]

    def test_suspended_case_too(self, world: World) -> None:
        act(world, OFFICE, halting.suspend, instance_id=world.case, reason="本人出国")
        self.terminate(world)
        assert case.instance(world).status == "terminated"

    def test_ended_case_is_not_terminated(self, world: World) -> None:
        self.terminate(world)
        with pytest.raises(Conflict):
            self.terminate(world)

    def test_nothing_is_taken_back_after_it(self, world: World) -> None:
        self.terminate(world)
        with pytest.raises(Conflict):
            act(world, OFFICE, operations.take_back, task_id=world.done("dispatch").id, reason="更正")

    def test_only_the_office_with_a_reason(self, world: World) -> None:
        with pytest.raises(NotAllowed):
            self.terminate(world, "handler-edu")
        with pytest.raises(Invalid):
            self.terminate(world, reason=" ")


class TestUrge:
    def urge(self, world: World, user: str = OFFICE, text: str = "请抓紧办理", **more: Any) -> int:
        return int(act(world, user, operations.urge, instance_id=world.case, text=text, **more))

    def test_counts_journals_and_tells_the_unit(self, world: World) -> None:
        assert self.urge(world) == 1
        assert self.urge(world) == 2
        task = world.task("handle")
        assert (task.urges, case.instance(world).urges) == (2, 2)
        assert [(event.data["n"], event.data["by_hand"]) for event in case.events(world, "urged")] == [
            (1, True),
            (2, True),
        ]
        notice = case.notices(world, "urge")[-1]
        assert (notice["to"]["role"], notice["to"]["unit"], notice["text"]) == ("responsible_unit", "edu", "请抓紧办理")

    def test_all_units_that_have_not_answered(self, world: World) -> None:
        world.dispatched("edu", "guicheng", "health")
        world.do("handler-edu", "handle", unit="edu")
        self.urge(world)
        assert sorted(event.data["unit"] for event in case.events(world, "urged")) == ["guicheng", "health"]

    def test_one_unit(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        self.urge(world, task_id=world.task("handle", "guicheng").id)
        assert [event.data["unit"] for event in case.events(world, "urged")] == ["guicheng"]

    def test_not_once_the_answer_is_in(self, world: World) -> None:
        task = world.task("handle")
        world.do("handler-edu", "handle")
        for more in ({}, {"task_id": task.id}):
            with pytest.raises(Conflict):
                self.urge(world, **more)
        assert case.events(world, "urged") == []

    def test_only_the_office_with_a_text(self, world: World) -> None:
        with pytest.raises(NotAllowed):
            self.urge(world, "handler-edu")
        with pytest.raises(Invalid):
            self.urge(world, text="")

    def test_receipt_is_recorded_and_moves_no_deadline(self, world: World) -> None:
        due = world.task("handle").due_on
        self.urge(world)
        act(world, "handler-edu", operations.acknowledge, task_id=world.task("handle").id)
        (event,) = case.events(world, "acknowledged")
        assert (event.actor, event.data["urges"]) == ("handler-edu", 1)
        assert world.task("handle").due_on == due


class TestStalePage:
    def test_page_that_was_open_while_the_task_changed(self, world: World) -> None:
        task = world.task("handle")
        act(world, OFFICE, operations.reassign, task_id=task.id, to="handler-edu", reason="指定经办人")
        with pytest.raises(Conflict, match="刷新"):
            act(world, "handler-edu", commands.complete, task_id=task.id, data=DONE, revision=task.revision)
        assert world.task("handle").id == task.id

    def test_current_page_is_taken(self, world: World) -> None:
        task = world.task("handle")
        act(world, "handler-edu", commands.complete, task_id=task.id, data=DONE, revision=task.revision)
        assert "review_reply" in case.steps(world)
