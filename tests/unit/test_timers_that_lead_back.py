"""A timer that interrupts its task and leads back to it: a reminder every so often, for as long as it takes."""

from __future__ import annotations

import hashlib

import pytest

from service import engine
from tests.factories.engines import Walk, choice, end, flow, process, service, start, timer, user

ASK = start("ask") + user("ask") + flow("ask", "finish") + end()
AGAIN = timer("again", "ask", "'PT1H'", cancels=True, kind="timeDuration")
AT_ONCE = process(ASK + AGAIN + flow("again", "ask"))
TELL = service("tell", "notice", "told")
REMINDING = process(ASK + AGAIN + flow("again", "tell") + TELL + flow("tell", "ask"))
WATCHED_TWICE = process(
    ASK
    + AGAIN
    + timer("late", "ask", "'PT9H'", kind="timeDuration")
    + flow("late", "check")
    + user("check")
    + flow("check", "checked")
    + end("checked")
    + flow("again", "often")
    + choice("often", "ask")
    + flow("often", "stop", "often_enough")
    + flow("often", "ask")
    + user("stop")
    + flow("stop", "finish")
)
LOOPS = (AT_ONCE, REMINDING, WATCHED_TWICE)


@pytest.mark.parametrize("body", LOOPS)
def test_the_task_is_open_once_and_the_state_no_larger_after_a_hundred_rounds(body: str) -> None:
    walk = Walk(body)
    walk.fire("again")
    size, nodes, waiting = walk.size, walk.nodes(), walk.waiting
    for _ in range(100):
        walk.fire("again")
        assert (walk.open, walk.waiting) == (["ask"], waiting)
    assert walk.nodes() == nodes
    assert walk.size < size + 50  # a count in a notice's result has more digits
    assert walk.do("ask").completed


CALLED = process(start("inner_ask") + user("inner_ask") + flow("inner_ask", "finish") + end(), "inner")
CALL = '<bpmn:callActivity id="ask" name="ask" calledElement="inner" />'
PART = (
    '<bpmn:subProcess id="ask" name="ask"><bpmn:startEvent id="part_begin" />'
    + flow("part_begin", "inner_ask")
    + user("inner_ask")
    + flow("inner_ask", "part_end")
    + '<bpmn:endEvent id="part_end" /></bpmn:subProcess>'
)


@pytest.mark.parametrize("host", [CALL, PART])
@pytest.mark.parametrize("back", [flow("again", "ask"), flow("again", "tell") + TELL + flow("tell", "ask")])
def test_so_it_is_with_what_is_called_or_embedded(host: str, back: str) -> None:
    body = process(start("ask") + host + AGAIN + back + flow("ask", "finish") + end())
    walk = Walk(body, *([CALLED] if host == CALL else []))
    walk.fire("again")
    nodes = walk.nodes()
    for _ in range(30):
        walk.fire("again")
        assert [one.task for one in walk.landing.open_tasks.values()] == ["inner_ask"]
    assert walk.nodes() == nodes
    assert walk.do("inner_ask").completed


def test_what_another_clock_began_goes_on_when_the_task_comes_back() -> None:
    walk = Walk(WATCHED_TWICE)
    walk.fire("late")
    assert walk.open == ["ask", "check"]
    for _ in range(5):
        walk.fire("again")
    assert walk.open == ["ask", "check"]
    assert walk.waiting == ["again", "late"]
    walk.do("check")
    assert walk.do("ask").completed


def test_where_the_task_was_open_more_than_once_by_older_rules_each_can_be_done() -> None:
    walk = Walk(AT_ONCE, rules=2)
    walk.fire("again")
    walk.fire("again")
    assert walk.open == ["ask", "ask"]
    walk.options["rules"] = engine.RULES
    walk.fire("again")
    for task in list(walk.landing.open_tasks):
        walk.step(engine.complete, task, {}, frozenset())
    assert walk.landing.completed


SEALS = {
    AT_ONCE: "43d03c5431f505c5957ab3bfc060e9a16559dc76f3b6d2114e0eb257fdecfb75",
    REMINDING: "15d0ff6b75cfadc091f616f339e8a502e10ec3d1c4fdc0d95a3e4d846cd665a4",
}
"""Of the states after four rounds that the version with the second rules wrote."""


@pytest.mark.parametrize("body", SEALS)
def test_what_ran_by_the_second_rules_comes_out_the_same_byte_for_byte(body: str) -> None:
    walk = Walk(body, rules=2)
    for _ in range(4):
        walk.fire("again")
    assert hashlib.sha256(walk.landing.state.encode()).hexdigest() == SEALS[body]
