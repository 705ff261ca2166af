"""Tokens find their place in another version, or it is said why not: small drawings, without a database."""

from __future__ import annotations

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


def moved(case: Rehearsal, new: Compiled) -> engine.Landing:
    """Where ``case`` stands on ``new``. Raises engine.Unfit."""
    context = context_of(INSTANCE, 99, DayFunctions(calendar(), case.now), no_action, plan().opening)
    state: Any = case._course.landing
    then, change = as_of(calendar(), context), engine.Change()
    return engine.migrate(case.made.program, new.program, state.state, change, then, context)


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
    gone = {**WAY, "f2": "gate four", "f3": "gate three", "f4": "four a", "f5": "three a"}
    with pytest.raises(engine.Unfit, match="新版没有"):
        moved(case, drawn(START, gate, timer("four", 3), timer("three", 7), task("a"), END, **gone))


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
    case.do("a", {})  # who waits at the join came by a way that is another there
    with pytest.raises(engine.Unfit) as refused:
        moved(case, more)
    assert [one.why for one in refused.value.misfits] == ["stuck"]
