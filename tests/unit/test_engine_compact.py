"""The compact state: nothing in it only may come, it is a tenth of the old one, and the case goes the same way."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from SpiffWorkflow.util.task import TaskState

from service import engine
from service.engine.ahead import LAST_FORESEEING
from service.engine.compact import ENDED, alike, compact_text, is_compact
from service.engine.state import load
from service.engine.walking import refresh_timers
from service.rehearsal.scenarios.run import run_file
from tests.factories.engines import LINE, SLOT, SPLIT, Walk, bpmn, choice, end, flow, process, start, timer, user
from tests.factories.rehearsals import HOME, calendar, handed_out, plan, shipped

SCENARIOS = sorted(HOME.glob("bpmn/*/scenarios/*.yaml"))
_COMING = TaskState.PREDICTED_MASK | TaskState.FUTURE
ROUND = {"open_round": ["edu", "health"]}


def landings(file: Path, rules: int) -> Iterator[tuple[engine.Program, engine.Landing]]:
    """Where each step of a shipped scenario lands, its states as texts."""
    found: list[tuple[engine.Program, engine.Landing]] = []

    def noted(run: Any) -> Any:
        def call(program: engine.Program, *given: Any) -> engine.Landing:
            texts = [replace(one, in_memory=False) if isinstance(one, engine.Context) else one for one in given]
            found.append((program, run(program, *texts)))
            return found[-1][1]

        return call

    with pytest.MonkeyPatch.context() as then:
        then.setattr(engine, "RULES", rules)
        for name in ("start", "complete", "move", "put_back", "fire_timer", "deliver", "cancel", "recompute"):
            then.setattr(engine, name, noted(getattr(engine, name)))
        made = shipped(file.parent.parent.name)
        outcome = run_file(file.read_bytes(), file.name, made, plan(), lambda _names: calendar())
    assert outcome.passed, outcome.difference
    yield from found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, -0.0, 1.0, 2.5, "", "1", "字"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.dictionaries(st.sampled_from([1, True]), inner, max_size=1)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
@example({1: "a"}, {True: "a"})
def test_two_values_are_alike_where_they_have_one_text(one: Any, other: Any) -> None:
    for first, second in (
        (one, other),
        (one, copied(one)),
        (one, as_float(one)),
        ([other, one], [other, as_float(one)]),
    ):
        same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
        assert alike(first, second) == same


def copied(value: Any) -> Any:
    """The value in other objects and lists."""
    return deepcopy(value)


def as_float(value: Any) -> Any:
    """The value with its whole numbers and truths as numbers that are equal to them and have another text."""
    if isinstance(value, dict):
        return {key: as_float(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_float(item) for item in value]
    return float(value) if isinstance(value, int) else value


def told(landing: engine.Landing) -> tuple[Any, ...]:
    """A landing without its ids, and without the order of what is there at once."""
    opened = sorted((one.process, one.task, bool(one.scope)) for one in landing.open_tasks.values())
    armed = sorted((one.process, one.event, one.fire_at, one.task is None) for one in landing.timers.values())
    passed = [(one.process, bool(one.scope), one.node, one.source) for one in landing.passed]
    messages, at_end = sorted(landing.waiting_messages), (landing.completed, landing.end, landing.data)
    return opened, armed, messages, passed, at_end, landing.decided, landing.lying


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_every_shipped_scenario_goes_as_by_the_rules_before(file: Path) -> None:
    older = [told(landing) for _, landing in landings(file, LAST_FORESEEING)]
    for (program, landing), before in zip(landings(file, engine.RULES), older, strict=True):
        assert told(landing) == before
        assert is_compact(landing.state)
        workflow = load(program, landing.state)
        assert compact_text(workflow) == landing.state, "what is read is what was written"
        for part in (workflow, *workflow.subprocesses.values()):
            assert not [one for one in part.tasks.values() if one._state & _COMING]


def test_by_the_rules_before_the_states_are_the_same_byte_for_byte() -> None:
    seal = hashlib.sha256()
    for name in ("request/scenarios/plain", "request/scenarios/late_and_named"):
        for _, landing in landings(HOME / "bpmn" / f"{name}.yaml", LAST_FORESEEING):
            seal.update(landing.state.encode())
    assert seal.hexdigest() == "2689f088a4a917ee3ed1a42af78225f4f22e15f4a134b8a4c7c14c03cba5c5e5"


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (0, False), (1, 1.0), ([1], [True]), ({"a": 0}, {"a": False})]
)
def test_a_value_that_only_python_calls_equal_is_kept(before: Any, after: Any) -> None:
    walk = Walk(process(start("one") + user("one") + flow("one", "two") + user("two") + flow("two", "finish") + end()))
    workflow = load(walk.program, walk.landing.state)
    task = next(one for one in workflow.tasks.values() if one._state == TaskState.READY)
    workflow.tasks[task._parent].data = {"x": before, "text": "a", "none": None}
    task.data = {"x": after, "text": "a", "none": None}
    again = load(walk.program, compact_text(workflow))
    assert repr(again.tasks[task.id].data["x"]) == repr(after)
    assert repr(again.tasks[task._parent].data["x"]) == repr(before)


def test_a_timer_whose_task_has_left_the_tree_is_let_go() -> None:
    body = process(
        start("ask")
        + user("ask")
        + timer("soon", "ask", "working_days(2)")
        + flow("soon", "told")
        + user("told")
        + flow("told", "over")
        + end("over")
        + flow("ask", "finish")
        + end()
    )
    walk = Walk(body)
    workflow = load(walk.program, walk.landing.state)
    waiting = next(iter(workflow.event_manager.tasks.values()))
    del workflow.tasks[waiting._parent]
    refresh_timers(workflow)
    del workflow.tasks[waiting.id]
    refresh_timers(workflow)


def test_the_state_of_a_need_with_two_units_is_small() -> None:
    rehearsal = handed_out()
    assert rehearsal.landing is not None
    text = compact_text(load(rehearsal.made.program, rehearsal.landing.state))
    assert len(text.encode()) < 4_000
    assert text.count(next(iter(rehearsal.landing.open_tasks))) == 1


def test_of_a_case_that_has_ended_nothing_is_kept() -> None:
    walk = Walk(LINE)
    walk.do("ask")
    assert walk.do("check").state == ENDED
    cancelled = Walk(LINE)
    assert cancelled.step(engine.cancel).state == ENDED
    assert engine.marking(walk.program, ENDED) == ()
    assert walk.step(engine.inspect).completed


def test_a_called_process_that_is_over_leaves_the_state() -> None:
    walk = Walk(SPLIT, SLOT, results=ROUND)
    assert len(json.loads(walk.landing.state)[2]) == 3
    walk.do("handle", "edu", reply="已办")
    walk.do("review", "edu", decision="accept")
    assert len(json.loads(walk.landing.state)[2]) == 2
    walk.do("tell")
    walk.do("handle", "health")
    walk.do("review", "health", decision="accept")
    assert walk.open == ["after"]
    assert walk.task("after").data["decisions"] == ["accept", "accept"]


def test_a_case_of_the_rules_before_goes_on_in_the_compact_state() -> None:
    walk = Walk(SPLIT, SLOT, results=ROUND, rules=LAST_FORESEEING)
    walk.do("handle", "edu", reply="已办")
    before = walk.landing
    assert not is_compact(before.state)
    walk.options["rules"] = engine.RULES
    walk.do("tell")
    assert is_compact(walk.landing.state)
    assert len(walk.landing.state) < len(before.state) / 4
    walk.do("review", "edu", decision="redo")
    walk.do("handle", "health")
    walk.do("review", "health", decision="accept")
    walk.do("handle", "edu")
    walk.do("review", "edu", decision="accept")
    assert walk.do("after", decision="ok").completed


UNWATCHED = process(start("ask") + user("ask") + flow("ask", "finish") + end())
WATCHED = process(
    start("ask")
    + user("ask")
    + timer("soon", "ask", "working_days(3)")
    + flow("soon", "told")
    + user("told")
    + flow("told", "over")
    + end("over")
    + flow("ask", "finish")
    + end()
)


def test_an_open_step_keeps_its_data_where_another_version_is_the_first_to_watch_it() -> None:
    walk = Walk(UNWATCHED, data={"title": "入学"})
    version = engine.parse({"bpmn/0.bpmn": bpmn(WATCHED)}, "p")
    context = walk.context()
    moved = engine.migrate(walk.program, version, walk.landing.state, engine.Change(), lambda _: context, context)
    assert [one.event for one in moved.timers.values()] == ["soon"]
    assert [dict(one.data) for one in moved.open_tasks.values()] == [{"title": "入学"}]


def test_a_step_leaves_nothing_to_the_collector() -> None:
    walk = Walk(SPLIT, SLOT, results=ROUND)
    walk.do("tell")
    gc.collect()
    gc.disable()
    try:
        walk.do("handle", "edu")
        assert gc.collect() == 0
    finally:
        gc.enable()


def gateway(name: str, default: str = "", kind: str = "inclusive") -> str:
    given = f' default="{name}_{default}"' if default else ""
    return f'<bpmn:{kind}Gateway id="{name}"{given} />'


INCLUSIVE = process(
    start("first")
    + user("first")
    + flow("first", "split")
    + gateway("split", "left")
    + flow("split", "left")
    + flow("split", "right", "count &gt; 1")
    + flow("split", "early", "count &gt; 2")
    + user("left")
    + user("right")
    + user("early")
    + flow("early", "later")
    + user("later")
    + flow("left", "merge")
    + flow("right", "merge")
    + flow("later", "merge")
    + gateway("merge")
    + flow("merge", "last")
    + user("last")
    + flow("last", "finish")
    + end()
)


@pytest.mark.parametrize("rules", [LAST_FORESEEING, engine.RULES])
def test_an_inclusive_gateway_waits_for_whom_it_has_to(rules: int) -> None:
    walk = Walk(INCLUSIVE, rules=rules)
    walk.do("first", count=3)
    assert walk.open == ["early", "right"]
    walk.do("right")
    assert walk.open == ["early"]
    walk.do("early")
    assert walk.open == ["later"]
    walk.do("later")
    assert walk.open == ["last"]
    alone = Walk(INCLUSIVE, rules=rules)
    alone.do("first", count=1)
    alone.do("left")
    assert alone.open == ["last"]


AROUND = process(
    start("fork")
    + gateway("fork", kind="parallel")
    + flow("fork", "one")
    + flow("fork", "other")
    + user("one")
    + user("other")
    + flow("one", "join")
    + flow("other", "join")
    + gateway("join", kind="parallel")
    + flow("join", "fine")
    + choice("fine", "finish")
    + flow("fine", "join", "decision == 'again'")
    + flow("fine", "finish")
    + end()
)


@pytest.mark.parametrize("rules", [LAST_FORESEEING, engine.RULES])
def test_a_join_does_not_wait_for_a_way_that_leads_only_from_itself(rules: int) -> None:
    walk = Walk(AROUND, rules=rules)
    walk.do("one")
    assert walk.open == ["other"]
    assert walk.do("other", decision="ok").completed
