"""Every branch of the need process (W1–W13), walked through the real commands on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service.errors import Conflict, Invalid, NotAllowed, NotFound
from service.processes import forms, queries
from service.processes.advance import open_tasks
from tests.factories import steps as case
from tests.factories.databases import ON_BOTH
from tests.factories.steps import DONE, INTERIM, NOT_OURS, REDO, REFER
from tests.factories.world import LIAISON, OFFICE, World


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """The case's journal must replay to what is stored, whatever a test has done to it."""
    yield world
    if world.case.int:
        assert case.mismatches(world) == []


@ON_BOTH
class TestIntake:
    def test_on_the_spot_answer_ends_the_case_without_a_number(self, world: World) -> None:
        world.start()
        world.do(LIAISON, "record_need", world.need(on_the_spot=True, answer="当场说明了入学办法"))
        ended = case.instance(world)
        assert (ended.status, ended.end, ended.end_name) == ("completed", "end_on_the_spot", "现场解答")
        assert ended.number is None
        assert ended.stage is None
        assert ended.data["answer"] == "当场说明了入学办法"

    def test_on_the_spot_case_stands_in_the_ledger(self, world: World) -> None:
        world.start()
        world.do(LIAISON, "record_need", world.need(on_the_spot=True, answer="当场说明了入学办法"))
        with world.database.reading() as session:
            listed = queries.cases(session, world.actor(OFFICE))
            assert [one.id for one in listed.items] == [world.case]

    def test_on_the_spot_needs_its_answer(self, world: World) -> None:
        world.start()
        with pytest.raises(Invalid) as refused:
            world.do(LIAISON, "record_need", world.need(on_the_spot=True))
        assert [found.path for found in refused.value.findings] == ["/data/answer"]
        assert case.steps(world) == ["record_need"]

    def test_acceptance_gives_the_number_of_the_year_in_order(self, world: World) -> None:
        world.accepted()
        first = case.instance(world).number
        world.accepted()
        assert (first, case.instance(world).number) == ("2026-需-0001", "2026-需-0002")

    def test_need_has_no_number_before_it_is_accepted(self, world: World) -> None:
        world.recorded()
        assert case.instance(world).number is None

    def test_return_for_correction_brings_the_need_back_with_the_reason(self, world: World) -> None:
        world.recorded()
        world.do(OFFICE, "accept", {"decision": "return", "reason": "请补充学籍信息"})
        task = world.task("record_need")
        assert task.data["reason"] == "请补充学籍信息"
        assert task.role == "liaison"
        assert task.unit == "hrss"
        assert case.instance(world).number is None

    def test_corrected_need_is_prefilled_and_goes_on(self, world: World) -> None:
        world.recorded()
        world.do(OFFICE, "accept", {"decision": "return", "reason": "请补充学籍信息"})
        detail = case.detail(world, LIAISON, world.task("record_need"))
        assert detail.data["title"] == "子女入学"
        assert detail.data["on_the_spot"] is False  # what was said before the return stands
        world.do(LIAISON, "record_need", world.need(description="已补充学籍信息"))
        world.do(OFFICE, "accept")
        assert case.instance(world).data["description"] == "已补充学籍信息"
        assert case.steps(world) == ["dispatch"]

    def test_return_for_correction_may_repeat(self, world: World) -> None:
        world.recorded()
        for number in range(3):
            world.do(OFFICE, "accept", {"decision": "return", "reason": f"第 {number} 次补正"})
            world.do(LIAISON, "record_need", world.need())
        assert case.steps(world) == ["accept"]
        assert len(case.tasks(world, "record_need")) == 4

    def test_rejection_ends_the_case_and_tells_why(self, world: World) -> None:
        world.recorded()
        world.do(OFFICE, "accept", {"decision": "reject", "reason": "不属于人才服务范围"})
        ended = case.instance(world)
        assert (ended.status, ended.end_name, ended.number) == ("completed", "不予受理", None)
        (notice,) = case.notices(world, "rejected")
        assert "不属于人才服务范围" in notice["text"]
        assert notice["to"]["usernames"] == [LIAISON]

    @pytest.mark.parametrize("decision", ["return", "reject"])
    def test_refusal_needs_a_reason(self, world: World, decision: str) -> None:
        world.recorded()
        with pytest.raises(Invalid):
            world.do(OFFICE, "accept", {"decision": decision})
        assert case.steps(world) == ["accept"]


class TestDispatch:
    def test_table_proposes_and_a_person_decides(self, world: World) -> None:
        world.accepted(category="education", town="xiqiao")
        task = world.task("dispatch")
        assert (task.data["lead_unit"], task.data["assisting_units"]) == ("edu", ["xiqiao"])
        world.do(OFFICE, "dispatch", {"opinion": "请办理", "basis": "territorial", "lead_unit": "xiqiao"})
        assert world.task("handle").unit == "xiqiao"

    def test_each_unit_has_its_own_slot_and_clock(self, world: World) -> None:
        world.dispatched("edu", "guicheng", "health")
        assert world.open_steps() == [
            ("feedback_accepted", None),
            ("handle", "edu"),
            ("handle", "guicheng"),
            ("handle", "health"),
        ]
        scopes = {world.task("handle", unit).scope for unit in ("edu", "guicheng", "health")}
        assert len(scopes) == 3
        assert str(world.task("handle", "health").due_on) == "2026-09-24"

    def test_unit_named_twice_gets_one_slot(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        # as an office's own form that lets both be chosen
        monkeypatch.setattr(forms.Form, "_same_findings", lambda *_: iter(()))
        world.dispatched("edu", "edu")
        assert [unit for step, unit in world.open_steps() if step == "handle"] == ["edu"]

    def test_acceptance_is_told_only_after_the_dispatch(self, world: World) -> None:
        world.accepted()
        assert "feedback_accepted" not in case.steps(world)
        assert case.tasks(world, "feedback_accepted") == []
        world.do(OFFICE, "dispatch")
        assert "feedback_accepted" in case.steps(world)

    def test_unknown_unit_is_refused(self, world: World) -> None:
        world.accepted()
        with pytest.raises(Invalid) as refused:
            world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "nobody"})
        assert refused.value.findings[0].path == "/data/lead_unit"

    def test_case_waits_for_the_word_to_the_talent(self, world: World) -> None:
        world.dispatched()
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["feedback_accepted"]
        world.do(OFFICE, "feedback_accepted")
        assert case.steps(world) == ["feedback_result"]


class TestHandling:
    def test_accepted_reply_leads_to_the_final_word(self, world: World) -> None:
        world.finished()
        ended = case.instance(world)
        assert (ended.status, ended.end_name, world.standing.late) == ("completed", "办结", False)
        assert case.timers(world) == []

    def test_case_waits_for_every_unit(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-edu", "handle", unit="edu")
        world.do(OFFICE, "review_reply")
        assert world.open_steps() == [("handle", "guicheng")]
        world.do("handler-guicheng", "handle", unit="guicheng")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["feedback_result"]

    def test_redo_opens_a_new_clock_and_keeps_the_old_one(self, world: World) -> None:
        case.answered(world)
        world.pass_days(1)
        world.do(OFFICE, "review_reply", REDO)
        old, new = case.tasks(world, "handle")
        assert (str(old.due_on), str(new.due_on)) == ("2026-09-24", "2026-09-28")
        assert old.status == "completed"
        assert new.data["comment"] == REDO["comment"]

    def test_interim_with_an_agreed_date_moves_only_the_new_deadline(self, world: World) -> None:
        case.answered(world, data=INTERIM)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        old, new = case.tasks(world, "handle")
        assert (str(old.due_on), str(new.due_on)) == ("2026-09-24", "2026-10-14")
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["feedback_result"]

    def test_interim_may_follow_interim(self, world: World) -> None:
        case.answered(world, data=INTERIM)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        world.do("handler-edu", "handle", {**INTERIM, "next_date": "2026-10-15"})
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-15"})
        assert str(world.task("handle").due_on) == "2026-10-15"

    def test_next_progress_is_at_most_twenty_working_days_away(self, world: World) -> None:
        world.dispatched()
        with pytest.raises(Invalid) as refused:
            world.do("handler-edu", "handle", {**INTERIM, "next_date": "2026-11-20"})
        assert refused.value.findings[0].path == "/data/next_date"

    def test_interim_not_agreed_goes_back_with_seven_days(self, world: World) -> None:
        case.answered(world, data=INTERIM)
        world.do(OFFICE, "confirm_interim", REDO)
        assert str(world.task("handle").due_on) == "2026-09-24"

    def test_redo_after_an_agreed_date_counts_seven_days_again(self, world: World) -> None:
        case.answered(world, data=INTERIM)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply", REDO)
        assert str(world.task("handle").due_on) == "2026-09-24"

    def test_interim_redo_after_an_agreed_date_counts_seven_days_again(self, world: World) -> None:
        case.answered(world, data=INTERIM)
        world.do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        world.do("handler-edu", "handle", INTERIM)
        world.do(OFFICE, "confirm_interim", REDO)
        assert str(world.task("handle").due_on) == "2026-09-24"

    def test_interim_referred_waits_for_the_assessment(self, world: World) -> None:
        case.answered(world, data=INTERIM)
        world.do(OFFICE, "confirm_interim", REFER)
        assert case.steps(world) == ["assess"]

    def test_not_ours_is_dispatched_to_another_unit_with_a_new_clock(self, world: World) -> None:
        world.dispatched()
        world.pass_days(1)
        world.do("handler-edu", "handle", NOT_OURS)
        world.do(OFFICE, "redispatch", {"decision": "redispatch", "unit": "housing", "opinion": "请接续办理"})
        task = world.task("handle")
        assert (task.unit, str(task.due_on)) == ("housing", "2026-09-28")
        assert case.instance(world).started_at < task.entered_at
        with pytest.raises(NotAllowed):
            world.do("handler-edu", "handle")
        world.do("handler-housing", "handle")
        assert case.steps(world) == ["feedback_accepted", "review_reply"]

    def test_not_ours_after_one_working_day_is_warned_never_blocked(self, world: World) -> None:
        world.dispatched()
        world.pass_days(2)
        world.do("handler-edu", "handle", NOT_OURS)
        (done,) = [event for event in case.events(world, "completed") if event.data["step"] == "handle"]
        assert "超过 1 个工作日" in done.data["warnings"][0]

    def test_not_ours_within_one_working_day_is_not_warned(self, world: World) -> None:
        world.dispatched()
        world.pass_days(1)
        world.do("handler-edu", "handle", NOT_OURS)
        (done,) = [event for event in case.events(world, "completed") if event.data["step"] == "handle"]
        assert done.data["warnings"] == []

    def test_any_referred_slot_leads_to_the_assessment_once_all_are_done(self, world: World) -> None:
        case.answered(world, "edu", "guicheng")
        first, second = case.tasks(world, "review_reply")
        case.complete(world, OFFICE, first.id, REFER)
        assert case.steps(world) == ["review_reply"]
        case.complete(world, OFFICE, second.id, {"decision": "accept"})
        assert case.steps(world) == ["assess"]


class TestAssessment:
    def test_explanation_leads_to_the_final_word(self, world: World) -> None:
        case.assessed(world, "explain")
        assert case.steps(world) == ["feedback_result"]
        world.do(
            OFFICE,
            "feedback_result",
            {
                **world.sample("feedback_result"),
                "outcome": "policy_limited",
                "explanation": "现行政策尚不支持",
                "policy_reference": "招生办法",
            },
        )
        assert case.instance(world).data["outcome"] == "policy_limited"

    def test_policy_limited_needs_explanation_and_reference(self, world: World) -> None:
        case.assessed(world, "explain")
        with pytest.raises(Invalid) as refused:
            world.do(OFFICE, "feedback_result", {**world.sample("feedback_result"), "outcome": "policy_limited"})
        assert {found.path for found in refused.value.findings} == {"/data/explanation", "/data/policy_reference"}

    def test_redispatch_opens_a_new_round(self, world: World) -> None:
        case.assessed(world, "redispatch")
        assert case.steps(world) == ["dispatch"]
        world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "hrss", "assisting_units": ["police"]})
        assert world.open_steps() == [("feedback_accepted", None), ("handle", "hrss"), ("handle", "police")]

    def test_new_round_does_not_see_the_old_rounds_decisions(self, world: World) -> None:
        case.assessed(world, "redispatch")
        world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "lead_unit": "hrss"})
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-hrss", "handle")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["feedback_result"]

    def test_a_unit_that_leads_is_not_taken_as_assisting_too(self, world: World) -> None:
        case.assessed(world, "redispatch")
        asked = {**world.sample("dispatch"), "lead_unit": "edu", "assisting_units": ["dali", "edu"]}
        with pytest.raises(Invalid) as refused:
            world.do(OFFICE, "dispatch", asked)
        assert {(one.path, one.message) for one in refused.value.findings} == {
            ("/data/assisting_units", "协办单位：与“主办单位”选了同一项，请改选或删去")
        }

    def test_a_date_to_answer_by_is_a_working_day(self, world: World) -> None:
        world.dispatched("edu")
        world.do(OFFICE, "feedback_accepted")
        with pytest.raises(Invalid) as refused:
            world.do("handler-edu", "handle", {**INTERIM, "next_date": "2026-10-03"})
        assert [one.path for one in refused.value.findings] == ["/data/next_date"]
        assert "不是工作日" in refused.value.message + refused.value.findings[0].message
        assert "可填 2026-09-30 或 2026-10-08" in refused.value.findings[0].message

    def test_new_round_keeps_the_number(self, world: World) -> None:
        case.assessed(world, "redispatch")
        world.do(OFFICE, "dispatch")
        assert case.instance(world).number == "2026-需-0001"

    def test_many_rounds(self, world: World) -> None:
        case.assessed(world, "redispatch")
        for _ in range(4):
            world.do(OFFICE, "dispatch", {**world.sample("dispatch"), "assisting_units": ["guicheng"]})
            world.do(OFFICE, "feedback_accepted")
            for unit in ("guicheng", "edu"):
                world.do(f"handler-{unit}", "handle", unit=unit)
                world.do(OFFICE, "review_reply", REFER if unit == "edu" else None)
            world.do(OFFICE, "assess", {"route": "redispatch", "comment": "再派"})
        assert case.steps(world) == ["dispatch"]


@ON_BOTH
class TestMeetings:
    def test_meeting_settles_and_the_group_signs(self, world: World) -> None:
        case.minuted(world, "settled")
        assert case.steps(world) == ["group_opinion"]
        world.do(OFFICE, "group_opinion")
        world.do(OFFICE, "feedback_result")
        assert case.instance(world).end_name == "办结"

    def test_meeting_opens_a_new_round_and_the_group_still_signs(self, world: World) -> None:
        case.minuted(world, "redispatch")
        world.do(OFFICE, "dispatch")
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["group_opinion"]

    def test_meeting_may_escalate(self, world: World) -> None:
        case.minuted(world, "escalate")
        assert case.steps(world) == ["submit_topic"]
        world.do(OFFICE, "submit_topic")
        world.do(OFFICE, "record_decision")
        assert case.steps(world) == ["group_opinion"]

    def test_committee_settles_and_the_group_signs(self, world: World) -> None:
        case.decided(world, "settled")
        assert case.steps(world) == ["group_opinion"]

    def test_committee_opens_a_new_round(self, world: World) -> None:
        case.decided(world, "redispatch")
        assert case.steps(world) == ["dispatch"]
        world.do(OFFICE, "dispatch")
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["group_opinion"]

    def test_the_units_are_proposed_and_hear_of_their_meeting(self, world: World) -> None:
        case.assessed(world, "meeting")
        proposed = world.task("convene_meeting").data["participants"]
        assert proposed == ["edu"]
        world.do(OFFICE, "convene_meeting", {**world.sample("convene_meeting"), "held_at": "14:30"})
        told = case.notices(world, "meeting")
        assert [one["to"]["units"] for one in told] == [["edu", "guicheng"]]
        assert "14:30，区人才办会议室。议题：研究入学事宜" in told[0]["text"]

    def test_second_meeting_in_a_later_round(self, world: World) -> None:
        case.minuted(world, "redispatch")
        world.do(OFFICE, "dispatch")
        world.do(OFFICE, "feedback_accepted")
        world.do("handler-edu", "handle")
        world.do(OFFICE, "review_reply", REFER)
        world.do(OFFICE, "assess", {"route": "meeting", "comment": "再次开会"})
        world.do(OFFICE, "convene_meeting")
        world.do(OFFICE, "record_minutes")
        assert case.steps(world) == ["group_opinion"]

    def test_wait_for_the_committee_has_no_deadline_and_a_grey_light(self, world: World) -> None:
        case.assessed(world, "escalate")
        world.do(OFFICE, "submit_topic")
        task = world.task("record_decision")
        assert (task.due_on, task.paused, case.light(world, "record_decision")) == (None, True, "grey")
        world.pass_days(30)
        assert case.detail(world, OFFICE, task).waiting_days == 30
        assert case.light(world, "record_decision") == "grey"
        world.do(OFFICE, "record_decision")
        assert world.done("record_decision").late_days == 0

    def test_group_opinion_is_skipped_without_a_meeting(self, world: World) -> None:
        case.answered(world)
        world.do(OFFICE, "review_reply")
        assert case.steps(world) == ["feedback_result"]


@ON_BOTH
class TestEnds:
    def test_ended_case_takes_nothing_more(self, world: World) -> None:
        world.finished()
        with pytest.raises(Conflict):
            case.complete(world, "handler-edu", world.done("handle").id, DONE)

    def test_each_completion_happens_once(self, world: World) -> None:
        world.recorded()
        task = world.task("accept")
        case.complete(world, OFFICE, task.id, {"decision": "accept"})
        with pytest.raises(Conflict):
            case.complete(world, "office-2", task.id, {"decision": "accept"})
        assert len([event for event in case.events(world, "completed") if event.data["step"] == "accept"]) == 1

    @pytest.mark.parametrize(
        ("step", "user"),
        [("accept", LIAISON), ("accept", "auditor"), ("accept", "leader")],
    )
    def test_only_the_lane_acts(self, world: World, step: str, user: str) -> None:
        world.recorded()
        with pytest.raises(NotAllowed):
            world.do(user, step)

    def test_who_has_no_part_in_a_case_learns_nothing_of_its_tasks(self, world: World) -> None:
        world.recorded()
        with pytest.raises(NotFound):
            world.do("handler-edu", "accept")

    def test_unit_acts_only_on_its_own_slot(self, world: World) -> None:
        world.dispatched("edu", "guicheng")
        with pytest.raises(NotAllowed):
            world.do("handler-edu", "handle", DONE, unit="guicheng")


class TestPrefill:
    DECISIONS = frozenset({"decision", "result", "route", "outcome", "body", "next_date"})

    def test_no_decision_is_ever_preselected(self, world: World) -> None:
        seen = set()

        def look() -> None:
            with world.database.reading() as session:
                rows = open_tasks(session, world.case)
                session.expunge_all()
            for row in rows:
                user = {"liaison": LIAISON, "responsible_unit": f"handler-{row.unit}"}.get(row.role or "", OFFICE)
                found = case.detail(world, user, row)
                assert not self.DECISIONS & set(found.data), (row.task, found.data)
                assert "default" not in str(found.schema), row.task
                seen.add(row.task)

        def do(user: str, step: str, data: dict[str, Any] | None = None) -> None:
            world.do(user, step, data)
            look()

        world.recorded()
        look()
        do(OFFICE, "accept", {"decision": "return", "reason": "请补充"})
        do(LIAISON, "record_need", world.need())
        do(OFFICE, "accept")
        do(OFFICE, "dispatch")
        do(OFFICE, "feedback_accepted")
        do("handler-edu", "handle", INTERIM)
        do(OFFICE, "confirm_interim", {"decision": "agree", "agreed_date": "2026-10-14"})
        do("handler-edu", "handle", NOT_OURS)
        do(OFFICE, "redispatch")
        world.pass_days(30)
        look()
        do("handler-housing", "handle")
        do(OFFICE, "review_reply", REFER)
        do(OFFICE, "assess", {"route": "meeting", "comment": "开会"})
        do(OFFICE, "convene_meeting")
        do(OFFICE, "record_minutes", {**world.sample("record_minutes"), "decision": "escalate"})
        do(OFFICE, "submit_topic")
        do(OFFICE, "record_decision", {**world.sample("record_decision"), "decision": "redispatch"})
        do(OFFICE, "dispatch")
        do(OFFICE, "feedback_accepted")
        do("handler-edu", "handle")
        do(OFFICE, "review_reply")
        do(OFFICE, "group_opinion")
        assert len(seen) == 16


@pytest.mark.slow
def test_a_hundred_rounds_of_rework_keep_the_state_flat(world: World) -> None:
    case.answered(world)
    sizes = []
    for _ in range(100):
        world.do(OFFICE, "review_reply", REDO)
        world.do("handler-edu", "handle")
        sizes.append(len(case.instance(world).state))
    assert sizes[99] < sizes[1] * 1.1
    assert len(case.tasks(world, "handle")) == 101
    assert [len({row.id for row in case.tasks(world, step)}) for step in ("handle", "review_reply")] == [101, 101]
