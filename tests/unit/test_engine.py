"""The engine adapter: bytes and dicts in, dataclasses out; deterministic, bounded, without specs in its state."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from SpiffWorkflow.exceptions import WorkflowException

from service import clock, engine
from service.engine.world import world
from service.errors import Conflict, Invalid, NotFound
from tests.factories.engines import (
    LINE,
    NOW,
    SLOT,
    SPLIT,
    Walk,
    bpmn,
    choice,
    end,
    flow,
    process,
    service,
    slots,
    start,
    timer,
    user,
    working_days_between,
)

ROUND = {"open_round": ["edu", "health"]}
MESSAGE = '<bpmn:message id="withdrawn" name="withdrawn" />' + process(
    start("wait")
    + '<bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition id="wait_for" messageRef="withdrawn" />'
    + "</bpmn:intermediateCatchEvent>"
    + flow("wait", "note")
    + user("note")
    + flow("note", "finish")
    + end()
)


class TestStartAndComplete:
    def test_start_stops_at_the_first_user_task_with_the_data(self) -> None:
        walk = Walk(LINE, data={"title": "入学"})
        task = walk.task("ask")
        assert (task.process, task.scope, dict(task.data)) == ("p", "", {"title": "入学"})
        assert not walk.landing.completed

    def test_completing_merges_fields_and_drops_those_not_submitted(self) -> None:
        walk = Walk(LINE, data={"title": "入学", "answer": "旧"})
        walk.do("ask", drop=frozenset({"answer"}), title="转学", town="xiqiao")
        assert dict(walk.task("check").data) == {"title": "转学", "town": "xiqiao"}

    def test_last_step_completes_with_its_end(self) -> None:
        walk = Walk(LINE)
        walk.do("ask", answer=1)
        landing = walk.do("check", decision="ok")
        assert (landing.completed, landing.end, landing.open_tasks, landing.timers) == (True, "finish", {}, {})
        assert landing.data == {"answer": 1, "decision": "ok"}

    def test_absent_name_takes_the_default_flow(self) -> None:
        walk = Walk(LINE)
        walk.do("ask")
        assert walk.do("check").completed

    @pytest.mark.parametrize("wrong", ["00000000-0000-0000-0000-000000000000", None])
    def test_task_that_is_not_open(self, wrong: str | None) -> None:
        walk = Walk(LINE)
        done = walk.task("ask").id
        walk.do("ask")
        with pytest.raises(Conflict):
            walk.step(engine.complete, wrong or done, {}, frozenset())

    def test_finished_instance_takes_nothing_more(self) -> None:
        walk = Walk(LINE)
        walk.do("ask")
        check = walk.task("check").id
        walk.do("check")
        with pytest.raises(Conflict):
            walk.step(engine.complete, check, {}, frozenset())

    def test_path_is_told_with_where_each_step_came_from(self) -> None:
        walk = Walk(LINE)
        passed = walk.do("ask").passed
        assert [(step.node, step.source) for step in passed] == [("ask", "begin")]
        passed = walk.do("check", decision="redo").passed
        assert [(step.node, step.source) for step in passed][:2] == [("check", "ask"), ("fine", "check")]

    def test_path_names_the_step_before_also_when_that_is_long_past(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        for _ in range(3):
            walk.do("handle", "edu")
            (passed, *_) = walk.do("review", "edu", decision="redo").passed
            assert (passed.node, passed.source) == ("review", "handle")
            (timer, *_) = walk.fire("late", "edu").passed
            assert (timer.node, timer.source) == ("late", "fine")
        (passed, *_) = walk.do("handle", "edu").passed
        assert (passed.node, passed.source) == ("handle", "fine")
        (passed, *_) = walk.do("tell").passed
        assert (passed.node, passed.source) == ("tell", "fork")

    def test_path_of_a_returned_step_comes_from_where_it_was_returned(self) -> None:
        walk = Walk(LINE)
        walk.do("ask")
        walk.step(engine.move, walk.task("check").id, "ask")
        (passed, *_) = walk.do("ask").passed
        assert (passed.node, passed.source) == ("ask", "check")

    def test_caller_keeps_its_data(self) -> None:
        given = {"list": [1, {"a": 1}]}
        walk = Walk(LINE, data=given)
        walk.do("ask", list=[2])
        assert given == {"list": [1, {"a": 1}]}

    def test_inspecting_changes_nothing(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        before = walk.landing
        after = walk.step(engine.inspect)
        assert (after.state, after.open_tasks, after.timers) == (before.state, before.open_tasks, before.timers)


class TestState:
    def test_state_holds_no_spec(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        assert "conditionExpression" not in walk.landing.state
        assert "working_days" not in walk.landing.state

    def test_state_of_rework_stays_flat(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        sizes = []
        for _ in range(100):
            walk.do("handle", "edu", reply="已办")
            walk.do("review", "edu", decision="redo")
            sizes.append((walk.size, walk.nodes()))
        assert sizes[99][0] < sizes[0][0] * 1.1
        assert sizes[99][1] <= sizes[0][1] + 2
        assert walk.open == ["handle:edu", "handle:health", "tell"]

    def test_state_of_many_rounds_stays_flat(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        sizes = []
        for _ in range(30):
            walk.do("tell")
            for unit in ("edu", "health"):
                walk.do("handle", unit)
                walk.do("review", unit, decision="accept")
            walk.do("after", decision="again")
            sizes.append(walk.size)
        assert sizes[29] < sizes[1] * 1.2

    def test_state_without_pruning_grows(self) -> None:
        walk = Walk(LINE, pruning=False)
        first = walk.nodes()
        for _ in range(10):
            walk.do("ask")
            walk.do("check", decision="redo")
        assert walk.nodes() > first + 30


class TestDeterminism:
    def walk(self) -> list[str]:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        states = [walk.landing.state]
        states += [walk.do("handle", unit).state for unit in ("edu", "health")]
        states.append(walk.do("tell").state)
        states.append(walk.do("review", "edu", decision="redo").state)
        states.append(walk.fire("late", "edu").state)
        return states

    def test_same_inputs_give_the_same_bytes(self) -> None:
        assert self.walk() == self.walk()

    def test_ids_come_from_the_input(self) -> None:
        one, other = Walk(LINE), Walk(LINE)
        assert one.task("ask").id == other.task("ask").id
        third = engine.start(one.program, {}, one.context_at(NOW, 99))
        assert one.task("ask").id not in third.open_tasks

    def test_order_of_keys_does_not_matter(self) -> None:
        one, other = Walk(LINE, data={"a": 1, "b": {"c": 1, "d": 2}}), Walk(LINE, data={"b": {"d": 2, "c": 1}, "a": 1})
        assert one.landing.state == other.landing.state

    def test_machines_time_never_enters(self) -> None:
        assert json.loads(Walk(LINE).landing.state)[1] == [NOW.timestamp()]


class TestTimers:
    def test_timer_waits_for_its_day_at_the_opening(self) -> None:
        (armed,) = Walk(LINE).landing.timers.values()
        assert armed.fire_at == datetime(2026, 9, 18, 1, 0, tzinfo=UTC)
        assert (armed.event, armed.process) == ("soon", "p")

    def test_timer_knows_the_task_that_it_watches(self) -> None:
        walk = Walk(LINE)
        (armed,) = walk.landing.timers.values()
        assert armed.task == walk.task("ask").id

    def test_firing_leaves_the_task_open_and_calls_the_action_once(self) -> None:
        walk = Walk(LINE)
        walk.fire("soon")
        assert [(call.name, call.parameters) for call in walk.called] == [("notice", {"kind": "due_today"})]
        assert (walk.open, walk.waiting) == (["ask"], [])

    def test_completing_the_task_disarms_its_timers(self) -> None:
        walk = Walk(LINE)
        (armed,) = walk.landing.timers
        walk.do("ask")
        assert walk.waiting == []
        with pytest.raises(Conflict):
            walk.step(engine.fire_timer, armed)

    def test_fired_timer_does_not_fire_again(self) -> None:
        walk = Walk(LINE)
        (armed,) = walk.landing.timers
        walk.fire("soon")
        with pytest.raises(Conflict):
            walk.step(engine.fire_timer, armed)

    def test_reentered_task_has_its_timers_again(self) -> None:
        walk = Walk(LINE)
        walk.fire("soon")
        walk.do("ask")
        walk.now += timedelta(days=1)
        walk.do("check", decision="redo")
        (armed,) = walk.landing.timers.values()
        assert armed.fire_at == datetime(2026, 9, 19, 1, 0, tzinfo=UTC)

    def test_interrupting_timer_takes_the_task_away(self) -> None:
        body = process(
            start("ask")
            + user("ask")
            + timer("over", "ask", "P2D", cancels=True, kind="timeDuration")
            + flow("over", "late")
            + user("late")
            + flow("late", "finish")
            + flow("ask", "finish")
            + end()
        )
        quoted = body.replace(">P2D<", ">'P2D'<")
        walk = Walk(quoted)
        (armed,) = walk.landing.timers.values()
        assert armed.fire_at == NOW + timedelta(days=2)
        walk.fire("over")
        assert walk.open == ["late"]

    def test_month_is_a_month_of_the_calendar(self) -> None:
        body = process(
            start("ask")
            + user("ask")
            + timer("over", "ask", "'P1M'", kind="timeDuration")
            + flow("over", "told")
            + end("told")
            + flow("ask", "finish")
            + end()
        )
        (armed,) = Walk(body).landing.timers.values()
        assert armed.fire_at == datetime(2026, 10, 16, 1, 0, tzinfo=UTC)

    def test_expression_that_gives_no_date_fails(self) -> None:
        with pytest.raises(engine.EngineFailure, match="soon"):
            Walk(LINE.replace(">due_on<", ">'soon'<"))

    def test_expression_that_gives_no_duration_fails(self) -> None:
        body = LINE.replace("timeDate>", "timeDuration>").replace(">due_on<", ">'two days'<")
        with pytest.raises(engine.EngineFailure, match="two days"):
            Walk(body)

    def test_recompute_moves_waiting_timers_as_of_when_they_were_armed(self) -> None:
        walk = Walk(LINE)
        walk.now += timedelta(days=1)
        landing = walk.step(
            lambda program, state, context: engine.recompute(
                program, state, lambda moment: walk.context_at(moment + timedelta(days=3), 1), context
            )
        )
        (armed,) = landing.timers.values()
        assert armed.fire_at == datetime(2026, 9, 21, 1, 0, tzinfo=UTC)
        assert walk.open == ["ask"]

    @pytest.mark.parametrize(
        ("drawn", "days"), [("due_on", 0), ("working_days(2)", 2), ("'2026-09-18T15:30:00+08:00'", 2)]
    )
    def test_a_timer_that_is_drawn_without_the_due_date_moves_by_the_days_that_stood_still(
        self, drawn: str, days: int
    ) -> None:
        walk = Walk(LINE.replace("due_on", drawn))
        (before,) = walk.landing.timers.values()

        def recomputed(stood: tuple[str, str] | None) -> datetime:
            landing = walk.step(
                lambda program, state, context: engine.recompute(
                    program, state, lambda moment: walk.context_at(moment, 1), context, stood
                )
            )
            (timer,) = landing.timers.values()
            return timer.fire_at

        moved = recomputed(("2026-09-17", "2026-09-19"))
        assert working_days_between(clock.local(before.fire_at).date(), clock.local(moved).date()) == days
        assert clock.local(moved).time() == clock.local(before.fire_at).time()
        assert recomputed(None) == moved

    @pytest.mark.parametrize(("rules", "waiting"), [(5, []), (engine.RULES, ["soon"])])
    def test_recompute_gives_back_a_fired_timer_whose_moment_is_to_come(self, rules: int, waiting: list[str]) -> None:
        walk = Walk(LINE)
        walk.fire("soon")
        walk.options["rules"] = rules
        landing = walk.step(
            lambda program, state, context: engine.recompute(
                program, state, lambda moment: walk.context_at(moment, 1), context
            )
        )
        assert [timer.event for timer in landing.timers.values()] == waiting


class TestMessages:
    def test_message_moves_what_waits_for_it(self) -> None:
        walk = Walk(MESSAGE)
        assert (walk.open, walk.landing.waiting_messages) == ([], ("withdrawn",))
        walk.step(engine.deliver, "withdrawn", {"reason": "自行解决"})
        assert walk.open == ["note"]

    def test_message_that_nobody_waits_for(self) -> None:
        walk = Walk(MESSAGE)
        for name in ("unknown", "withdrawn"):
            if name == "withdrawn":
                walk.step(engine.deliver, "withdrawn", {})
            with pytest.raises(Conflict):
                walk.step(engine.deliver, name, {})


class TestCancel:
    def test_nothing_is_left(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        walk.do("handle", "edu")
        landing = walk.step(engine.cancel)
        assert (landing.open_tasks, landing.timers, landing.completed) == ({}, {}, True)
        assert landing.end is None


class TestMove:
    def test_token_goes_back_and_timers_arm_anew(self) -> None:
        walk = Walk(LINE)
        first = walk.task("ask").id
        walk.fire("soon")
        walk.do("ask", answer=1)
        walk.step(engine.move, walk.task("check").id, "ask")
        assert (walk.open, walk.waiting) == (["ask"], ["soon"])
        assert walk.task("ask").id != first
        assert dict(walk.task("ask").data)["answer"] == 1

    def test_open_task_with_timers_can_be_moved(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        walk.do("handle", "edu")
        walk.do("review", "edu", decision="redo")
        walk.step(engine.move, walk.task("handle", "edu").id, "review")
        assert walk.open == ["handle:health", "review:edu", "tell"]
        assert walk.waiting == ["late"]

    def test_sibling_slots_stay(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        walk.do("handle", "health")
        walk.do("review", "health", decision="accept")
        walk.do("handle", "edu")
        walk.step(engine.move, walk.task("review", "edu").id, "handle")
        walk.do("handle", "edu")
        walk.do("review", "edu", decision="accept")
        walk.do("tell")
        assert walk.open == ["after"]
        assert sorted(walk.task("after").data["decisions"]) == ["accept", "accept"]

    def test_moved_a_hundred_times(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        walk.do("handle", "edu")
        walk.step(engine.move, walk.task("review", "edu").id, "handle")
        size = walk.size
        for _ in range(100):
            walk.do("handle", "edu")
            walk.step(engine.move, walk.task("review", "edu").id, "handle")
        assert walk.size < size * 1.1
        assert walk.waiting == ["late", "late"]

    def test_unknown_target(self) -> None:
        walk = Walk(LINE)
        with pytest.raises(NotFound):
            walk.step(engine.move, walk.task("ask").id, "nowhere")

    def test_ways_back_end_at_a_split(self) -> None:
        program = Walk(SPLIT, SLOT, results=ROUND).program
        assert program.ways_back["slot", "review"] == ("handle",)
        assert program.ways_back["slot", "handle"] == ("review",)
        assert program.ways_back["p", "tell"] == ()
        assert program.ways_back["p", "after"] == ()


class TestParallel:
    def test_each_slot_has_its_scope_and_item(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        assert walk.open == ["handle:edu", "handle:health", "tell"]
        assert walk.task("handle", "edu").scope != walk.task("handle", "health").scope

    def test_slots_do_not_see_each_others_data(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        walk.do("handle", "edu", reply="甲")
        assert "reply" not in walk.task("handle", "health").data

    def test_join_waits_for_all(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        walk.do("tell", told="yes")
        for unit in ("edu", "health"):
            assert "after" not in walk.open
            walk.do("handle", unit)
            walk.do("review", unit, decision=unit)
        assert walk.open == ["after"]

    def test_join_takes_from_each_branch_what_it_changed(self) -> None:
        walk = Walk(SPLIT, SLOT, data={"told": "旧", "kept": "是", "list": ["a", "b"]}, results=ROUND)
        walk.do("tell", told="新", list=["c"])
        for unit in ("edu", "health"):
            walk.do("handle", unit)
            walk.do("review", unit, decision=unit)
        data = walk.task("after").data
        assert (data["told"], data["kept"], data["list"]) == ("新", "是", ["c"])
        assert sorted(data["decisions"]) == ["edu", "health"]

    def test_join_takes_away_what_a_branch_dropped(self) -> None:
        walk = Walk(SPLIT, SLOT, data={"told": "旧"}, results=ROUND)
        walk.do("tell", drop=frozenset({"told"}))
        for unit in ("edu", "health"):
            walk.do("handle", unit)
            walk.do("review", unit, decision="accept")
        assert "told" not in walk.task("after").data

    def test_second_round_collects_only_its_own_decisions(self) -> None:
        walk = Walk(SPLIT, SLOT, results=dict(ROUND))
        self.finish_round(walk, "refer")
        walk.results["open_round"] = ["police"]
        walk.do("after", decision="again")
        assert walk.open == ["handle:police", "tell"]
        walk.do("tell")
        walk.do("handle", "police")
        walk.do("review", "police", decision="accept")
        assert walk.task("after").data["decisions"] == ["accept"]

    @pytest.mark.parametrize("pruning", [True, False])
    @pytest.mark.parametrize("first", ["tell", "units"])
    @pytest.mark.parametrize("then", ["tell", "units"])
    def test_later_round_waits_for_all_of_its_own(self, pruning: bool, first: str, then: str) -> None:
        walk = Walk(SPLIT, SLOT, results={"open_round": ["edu"]}, pruning=pruning)
        for order in (first, then, first, then):
            self.units(walk) if order == "units" else walk.do("tell", told=order)
            assert "after" not in walk.open
            walk.do("tell", told="last") if order == "units" else self.units(walk)
            assert walk.open == ["after"]
            data = walk.task("after").data
            assert (data["told"], data["decisions"]) == ("last" if order == "units" else "tell", ["accept"])
            walk.do("after", decision="again")

    def units(self, walk: Walk) -> None:
        walk.do("handle", "edu")
        walk.do("review", "edu", decision="accept")

    def test_round_without_units_goes_on(self) -> None:
        walk = Walk(SPLIT, SLOT, results={"open_round": []})
        assert walk.open == ["tell"]
        walk.do("tell")
        assert walk.open == ["after"]

    def finish_round(self, walk: Walk, decision: str) -> None:
        walk.do("tell")
        for unit in ("edu", "health"):
            walk.do("handle", unit)
            walk.do("review", unit, decision=decision)


class TestActions:
    def test_parameters_are_expressions_and_the_result_enters_the_data(self) -> None:
        walk = Walk(SPLIT, SLOT, data={"lead": "edu"}, results=ROUND)
        (call,) = walk.called
        assert (call.name, call.parameters, call.variable, call.scope) == ("open_round", {"lead": "edu"}, "units", "")
        assert walk.task("tell").data["units"] == ["edu", "health"]

    def test_action_that_fails_stops_the_advance(self) -> None:
        def refuse(call: engine.Call) -> None:
            raise engine.EngineFailure("动作失败")

        with pytest.raises(engine.EngineFailure, match="动作失败"):
            Walk(SPLIT, SLOT, action=refuse)


class TestWordsOfFailures:
    """A failure names the step and the expression, and never in the words of Python or of the library."""

    def test_an_expression_names_itself_and_its_step(self) -> None:
        walk = Walk(LINE.replace("decision == 'redo'", "decision &gt; 3"))
        walk.do("ask")
        with pytest.raises(engine.EngineFailure) as failure:
            walk.do("check", decision="redo")
        assert str(failure.value) == (
            "流程图执行失败，步骤「fine」：表达式 decision > 3 无法计算：文字“redo”与数字 3不能比大小"
        )

    def test_what_only_the_library_can_say_is_for_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(engine.EngineFailure) as failure, world(Walk(LINE).context()):
            raise WorkflowException("Something is not None")
        assert str(failure.value) == "流程图执行失败：引擎无法继续，请把这张流程图和技术日志交给管理员"
        assert "Something is not None" in caplog.text


class TestFailures:
    def test_loop_without_a_wait_is_stopped(self) -> None:
        body = process(
            start("one")
            + choice("one", "two")
            + flow("one", "two")
            + flow("one", "finish", "False")
            + choice("two", "one")
            + flow("two", "one")
            + flow("two", "finish", "False")
            + end()
        )
        with pytest.raises(engine.EngineFailure, match="步"):
            Walk(body, budget=200)

    def test_work_within_the_budget_is_done(self) -> None:
        many = [f"unit{number}" for number in range(60)]
        walk = Walk(SPLIT, SLOT, results={"open_round": many})
        assert len(walk.landing.open_tasks) == 61

    @pytest.mark.parametrize("expression", ["().__class__", "1 +", "decision.upper()", "open('x')", "1 / 0"])
    def test_bad_condition_fails_and_names_itself(self, expression: str) -> None:
        walk = None
        try:
            walk = Walk(LINE.replace("decision == 'redo'", expression))
            walk.do("ask")
            walk.do("check")
        except (engine.EngineFailure, Invalid):
            return
        raise AssertionError("a bad expression ran")

    def test_script_task_is_never_run(self) -> None:
        body = process(
            start("run")
            + '<bpmn:scriptTask id="run"><bpmn:script>import os; os.system("true")</bpmn:script></bpmn:scriptTask>'
            + flow("run", "finish")
            + end()
        )
        with pytest.raises((engine.EngineFailure, Invalid)):
            Walk(body)

    def test_failed_step_leaves_the_state_usable(self) -> None:
        walk = Walk(LINE.replace("decision == 'redo'", "decision.code == 'redo'"))
        walk.do("ask")
        with pytest.raises(engine.EngineFailure):
            walk.do("check", decision="text has no code")
        assert walk.do("check", decision={"code": "redo"}).open_tasks


class TestInstances:
    """How many instances of an activity open side by side, and over what."""

    ASKED = process(
        start("ask") + user("ask") + flow("ask", "all") + slots("all", "slot") + flow("all", "finish") + end()
    )
    SLOT = process(start("handle") + user("handle") + flow("handle", "finish") + end(), "slot")
    TIMES = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{}</bpmn:loopCardinality>"
        "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    )

    def test_as_many_as_allowed(self) -> None:
        walk = Walk(self.ASKED, self.SLOT, instances=3)
        walk.do("ask", units=["a", "b", "c"])
        assert walk.open == ["handle:a", "handle:b", "handle:c"]

    def test_one_more_is_refused_with_the_way_out_before_any_is_made(self) -> None:
        walk = Walk(self.ASKED, self.SLOT, instances=3)
        with pytest.raises(engine.TooMany, match=r"「all」要同时办 4 份，超过上限 3 份；.*most_instances"):
            walk.do("ask", units=["a", "b", "c", "d"])

    def test_what_was_opened_before_the_ceiling_was_lowered_replays(self) -> None:
        walk = Walk(self.ASKED, self.SLOT)
        assert len(walk.do("ask", units=["a", "b", "c", "d"]).open_tasks) == 4

    def test_instances_that_would_carry_too_much_data_are_refused(self) -> None:
        walk = Walk(self.ASKED, self.SLOT, instances=500)
        with pytest.raises(engine.TooMany, match="合计过大"):
            walk.do("ask", units=[str(n) for n in range(400)], text="长" * 30_000)

    @pytest.mark.parametrize("units", [{}, {"units": None}, {"units": []}])
    def test_over_nothing_it_is_passed_at_once(self, units: dict[str, object]) -> None:
        landing = Walk(self.ASKED, self.SLOT).do("ask", **units)
        assert landing.completed
        assert landing.data["decisions"] == []

    @pytest.mark.parametrize(("units", "kind"), [("edu", "文字“edu”"), (7, "数字 7")])
    def test_over_what_is_no_list_it_fails_in_words(self, units: object, kind: str) -> None:
        with pytest.raises(engine.EngineFailure, match=f"各办一份的名单 units 不是名单，而是{kind}"):
            Walk(self.ASKED, self.SLOT).do("ask", units=units)

    def test_an_instance_that_gives_nothing_gives_an_empty_value(self) -> None:
        walk = Walk(self.ASKED, self.SLOT)
        walk.do("ask", units=["a", "b"])
        walk.do("handle", "a", decision="accept")
        assert walk.do("handle", "b").data["decisions"] == ["accept", None]

    @pytest.mark.parametrize("count", ["10 * 1000 * 1000", "9 * 9"])
    def test_a_number_of_instances_is_bounded_too(self, count: str) -> None:
        many = user("many").replace("</bpmn:userTask>", self.TIMES.format(count))
        with pytest.raises(engine.TooMany, match="超过上限 50 份"):
            Walk(process(start("many") + many + flow("many", "finish") + end()), instances=50)

    @pytest.mark.parametrize("count", ["-1", "'a'", "missing", "True", "1.5"])
    def test_what_is_no_number_of_instances_fails_in_words(self, count: str) -> None:
        many = user("many").replace("</bpmn:userTask>", self.TIMES.format(count))
        with pytest.raises(engine.EngineFailure, match="应得出不小于 0 的整数"):
            Walk(process(start("many") + many + flow("many", "finish") + end()))


class TestParsing:
    def test_user_tasks_with_lane_and_properties(self) -> None:
        body = process(
            '<bpmn:laneSet id="lanes"><bpmn:lane id="office"><bpmn:flowNodeRef>ask</bpmn:flowNodeRef></bpmn:lane>'
            "</bpmn:laneSet>" + start("ask") + user("ask", stage="intake") + flow("ask", "finish") + end()
        )
        info = Walk(body).program.user_tasks["p", "ask"]
        assert (info.lane, info.properties["stage"]) == ("office", "intake")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"not xml",
            b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            bpmn(process(start("nowhere"))),
            bpmn(process(start("call") + slots("call", "missing") + flow("call", "finish") + end())),
        ],
    )
    def test_what_is_no_process_is_refused(self, content: bytes) -> None:
        with pytest.raises(Invalid) as refused:
            engine.parse({"bpmn/bad.bpmn": content}, "p")
        assert refused.value.findings

    def test_missing_process(self) -> None:
        with pytest.raises(Invalid, match="other"):
            engine.parse({"bpmn/p.bpmn": bpmn(LINE)}, "other")

    def test_repeating_timer_within_a_process_is_refused(self) -> None:
        body = LINE.replace("timeDate>", "timeCycle>").replace(">due_on<", ">'R/P1D'<")
        with pytest.raises(Invalid):
            engine.parse({"bpmn/p.bpmn": bpmn(body)}, "p")

    def test_one_program_serves_many_instances(self) -> None:
        walk = Walk(SPLIT, SLOT, results=ROUND)
        other = engine.start(walk.program, {}, walk.context_at(NOW, 50))
        walk.do("handle", "edu")
        again = engine.inspect(walk.program, other.state, walk.context_at(NOW, 51))
        assert again.state == other.state


def test_names_of_nodes_are_known() -> None:
    program = Walk(LINE).program
    assert program.names["p", "finish"] == "结束"
    assert program.names["p", "remind"] == "remind"


def test_service_task_without_parameters() -> None:
    walk = Walk(
        process(
            start("count")
            + service("count", "count", "n")
            + flow("count", "ask")
            + user("ask")
            + flow("ask", "finish")
            + end()
        ),
        results={"count": 7},
    )
    assert walk.task("ask").data["n"] == 7
