"""Tokens find their place in another version, or it is said why not: small drawings, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from service import engine
from service.processes.bundles import Compiled
from service.processes.calendars import DayFunctions
from service.processes.contexts import as_of, context_of
from service.processes.moves import no_action
from service.rehearsal.core import INSTANCE, Rehearsal
from tests.factories.rehearsals import MONDAY, calendar, made_of, plan

NAMES = 'targetNamespace="t" xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:s="http://spiffworkflow.org/bpmn/schema/1.0/core"'
FORM = b'{"type": "object", "properties": {}, "additionalProperties": true}'


def drawn(*nodes: str, **flows: str) -> Compiled:
    """A process ``p`` of these nodes; ``flows`` is id → ``from to``; every task is for the Talent Office."""
    role = '<s:property name="candidates" value="talent_office"/><s:property name="form" value="any"/>'
    inside = f"<extensionElements><s:properties>{role}</s:properties></extensionElements></userTask>"
    body = "".join(node.replace("</userTask>", inside) for node in nodes)
    ways = "".join(
        '<sequenceFlow id="{}" sourceRef="{}" targetRef="{}"/>'.format(name, *ends.split())
        for name, ends in flows.items()
    )
    return made_of(
        f'<definitions {NAMES}><process id="p" isExecutable="true">{body}{ways}</process></definitions>'.encode(),
        {"any": FORM},
    )


START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'


def task(name: str) -> str:
    return f'<userTask id="{name}" name="{name}"></userTask>'


def timer(name: str, days: int) -> str:
    when = f"<timerEventDefinition><timeDuration>'P{days}D'</timeDuration></timerEventDefinition>"
    return f'<intermediateCatchEvent id="{name}" name="{name}">{when}</intermediateCatchEvent>'


def moved(case: Rehearsal, new: Compiled, mapping: Mapping[tuple[str, str], str] | None = None) -> engine.Landing:
    """Where ``case`` stands on ``new``. Raises engine.Unfit."""
    context = context_of(INSTANCE, 99, DayFunctions(calendar(), case.now), no_action, plan().opening)
    state: Any = case._course.landing
    then, change = as_of(calendar(), context), engine.Change(mapping or {})
    return engine.migrate(case.made.program, new.program, state.state, change, then, context)


def standing(case: Rehearsal, new: Compiled) -> Rehearsal:
    """``case``, moved to ``new``, going on there."""
    other = case.fork()
    landing = moved(case, new)
    other.made, other._begun = new, replace(case._begun, made=new)
    other._course.landing = landing
    other._told.open = {name: one for name, one in other._told.open.items() if name in landing.open_tasks}
    return other


WAY = {"f1": "s gate", "f2": "gate one", "f3": "gate two", "f4": "one a", "f5": "two a", "f6": "a e"}


def test_of_several_events_one_may_go_and_another_come() -> None:
    gate = '<eventBasedGateway id="gate"/>'
    old = drawn(START, gate, timer("one", 3), timer("two", 5), task("a"), END, **WAY)
    case = Rehearsal(old, calendar(), plan(), MONDAY)
    flows = {**WAY, "f3": "gate three", "f5": "three a"}
    after = moved(case, drawn(START, gate, timer("one", 3), timer("three", 7), task("a"), END, **flows))
    assert sorted(one.event for one in after.timers.values()) == ["one", "three"]
    kept = {one.event: one.fire_at for one in after.timers.values()}
    assert kept["one"] == next(one.fire_at for one in case.timers if one.event == "one")
    others = {**WAY, "f2": "gate four", "f3": "gate three", "f4": "four a", "f5": "three a"}
    after = moved(case, drawn(START, gate, timer("four", 3), timer("three", 7), task("a"), END, **others))
    assert sorted(one.event for one in after.timers.values()) == ["four", "three"]


def test_events_go_with_their_gateway_and_the_first_withdraws_the_others_there() -> None:
    gate = '<eventBasedGateway id="gate"/>'
    old = drawn(START, gate, timer("one", 3), timer("two", 5), task("a"), END, **WAY)
    case = Rehearsal(old, calendar(), plan(), MONDAY)
    flows = {name: ends.replace("gate", "other") for name, ends in WAY.items()}
    renamed = drawn(START, gate.replace("gate", "other"), timer("one", 3), timer("two", 5), task("a"), END, **flows)
    on = standing(case, renamed)
    on.wait(working_days=8)
    assert ([one.task for one in on.open], list(on.timers)) == (["a"], [])
    plain = drawn(START, timer("three", 3), task("a"), END, f1="s three", f2="three a", f3="a e")
    with pytest.raises(engine.Unfit) as refused:
        moved(case, plain)
    [misfit] = refused.value.misfits
    assert (misfit.why, misfit.way_out) == ("changed", "请等这一步办完再迁移，或退回到前面的步骤再迁移")


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ({"f1": "s a", "f2": "a b", "f3": "b e"}, None),
        ({"f1": "s split", "f2": "split a", "f3": "split b", "f4": "a join", "f5": "b join", "f6": "join e"}, "stuck"),
    ],
)
def test_a_single_step_that_becomes_one_of_two_branches_is_refused(new: dict[str, str], why: str | None) -> None:
    case = Rehearsal(drawn(START, task("a"), END, f1="s a", f2="a e"), calendar(), plan(), MONDAY)
    gates = '<parallelGateway id="split"/><parallelGateway id="join"/>' if why else ""
    version = drawn(START, gates, task("a"), task("b"), END, **new)
    if why is None:
        assert [one.task for one in moved(case, version).open_tasks.values()] == ["a"]
        return
    with pytest.raises(engine.Unfit) as refused:
        moved(case, version)
    assert [one.why for one in refused.value.misfits] == [why]


def test_two_branches_that_become_a_row_are_refused_and_one_more_step_in_a_branch_is_not() -> None:
    gates = '<parallelGateway id="split"/><parallelGateway id="join"/>'
    flows = {"f1": "s split", "f2": "split a", "f3": "split b", "f4": "a join", "f5": "b join", "f6": "join e"}
    case = Rehearsal(drawn(START, gates, task("a"), task("b"), END, **flows), calendar(), plan(), MONDAY)
    row = drawn(START, task("a"), task("b"), END, f1="s a", f2="a b", f3="b e")
    with pytest.raises(engine.Unfit) as refused:
        moved(case, row)
    assert [(one.why, one.node) for one in refused.value.misfits] == [("twice", "b")]
    longer = {**flows, "f4": "a c", "f7": "c join"}
    more = drawn(START, gates, task("a"), task("b"), task("c"), END, **longer)
    assert sorted(one.task for one in moved(case, more).open_tasks.values()) == ["a", "b"]


GATES = '<parallelGateway id="split"/><parallelGateway id="join"/>'
THREE = {
    "f1": "s split",
    "a1": "split a",
    "b1": "split b",
    "c1": "split c",
    "a2": "a join",
    "b2": "b join",
    "c2": "c join",
    "f2": "join z",
    "f3": "z e",
}


def waiting(*done: str) -> Rehearsal:
    """A case of three branches, of which those that are ``done`` wait at the join."""
    nodes = (START, GATES, task("a"), task("b"), task("c"), task("z"), END)
    case = Rehearsal(drawn(*nodes, **THREE), calendar(), plan(), MONDAY)
    for one in done:
        case.do(one, {one: "done"})
    return case


def goes_on(case: Rehearsal, new: Compiled, *rest: str) -> None:
    """The case, moved, comes by the ``rest`` of its branches to the step behind the join, with all that they gave."""
    on = standing(case, new)
    for one in rest:
        assert "z" not in [step.task for step in on.open]
        on.do(one, {one: "done"})
    [last] = on.open
    assert last.task == "z"
    assert {one: last.data.get(one) for one in rest} == dict.fromkeys(rest, "done")
    on.do("z", {})
    assert on.state.end == "e"


@pytest.mark.parametrize("done", [("a",), ("a", "b"), ("b", "a")])
def test_who_waits_at_a_join_waits_on_when_its_branch_has_got_a_step_more(done: tuple[str, ...]) -> None:
    nodes = (START, GATES, task("a"), task("b"), task("c"), task("d"), task("z"), END)
    longer = drawn(*nodes, **{**THREE, "a2": "a d", "a3": "d join"})
    case = waiting(*done)
    goes_on(case, longer, *[one for one in "bc" if one not in done])


@pytest.mark.parametrize("done", [("a",), ("a", "b"), ("b", "a")])
def test_who_waits_by_a_branch_that_is_gone_waits_no_longer(done: tuple[str, ...]) -> None:
    less = {name: ends for name, ends in THREE.items() if name not in ("a1", "a2")}
    case = waiting(*done)
    goes_on(
        case,
        drawn(START, GATES, task("b"), task("c"), task("z"), END, **less),
        *[one for one in "bc" if one not in done],
    )


def test_who_waits_by_a_branch_that_is_another_now_is_refused_with_the_way_out() -> None:
    nodes = (START, GATES, task("b"), task("c"), task("d"), task("z"), END)
    other = drawn(*nodes, **{**THREE, "a1": "split d", "a2": "d join"})
    with pytest.raises(engine.Unfit) as refused:
        moved(waiting("a"), other)
    [misfit] = refused.value.misfits
    assert (misfit.why, misfit.node, misfit.mappable) == ("arrived", "a", True)
    assert misfit.message == "「a」已办完，正在「join」等候其余分支；新版没有「a」这一支"
    after = moved(waiting("a"), other, {("p", "a"): "d"})
    assert sorted(one.task for one in after.open_tasks.values()) == ["b", "c"]


def test_a_branch_more_is_refused_with_the_way_out() -> None:
    nodes = (START, GATES, task("a"), task("b"), task("c"), task("d"), task("z"), END)
    more = drawn(*nodes, **{**THREE, "d1": "split d", "d2": "d join"})
    with pytest.raises(engine.Unfit) as refused:
        moved(waiting("a", "b"), more)
    assert refused.value.misfits[0].way_out == "请等各分支都办完、过了汇合再迁移，或在新版里保留原来的分支"
