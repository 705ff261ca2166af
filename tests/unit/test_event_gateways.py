"""Event gateways: the first event takes the token, wherever the gateway stands; what older rules left comes alive."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from service import engine
from service.errors import Conflict
from tests.factories.engines import NOW, Walk, choice, end, flow, process, service, slots, start, user

MESSAGE = '<bpmn:message id="withdrawn" name="withdrawn" />'
GATEWAY = '<bpmn:eventBasedGateway id="first" />'


def catch(name: str, kind: str, what: str) -> str:
    """An event behind a gateway: of a timer (``kind``: timeDuration or timeDate), or of a message."""
    event = f'<bpmn:timerEventDefinition id="{name}_d"><bpmn:{kind}>{what}</bpmn:{kind}></bpmn:timerEventDefinition>'
    if kind == "message":
        event = f'<bpmn:messageEventDefinition id="{name}_d" messageRef="{what}" />'
    return f'<bpmn:intermediateCatchEvent id="{name}" name="{name}">{event}</bpmn:intermediateCatchEvent>'


EVENTS = (
    GATEWAY
    + flow("first", "called_off")
    + flow("first", "soon")
    + flow("first", "later")
    + catch("called_off", "message", "withdrawn")
    + catch("soon", "timeDuration", "'PT5S'")
    + catch("later", "timeDate", "working_days(2)")
)


def ways(**targets: str) -> str:
    """Where each event leads."""
    return "".join(flow(event, target) for event, target in targets.items())


LINE = MESSAGE + process(
    start("ask")
    + user("ask")
    + flow("ask", "first")
    + EVENTS
    + ways(soon="urge", later="give_up", called_off="note")
    + "".join(user(name) + flow(name, "finish") for name in ("urge", "give_up", "note"))
    + end()
)
MERGED = ways(soon="merge", later="merge", called_off="merge") + choice("merge", "join") + flow("merge", "join")
BESIDE = MESSAGE + process(
    start("fork")
    + '<bpmn:parallelGateway id="fork" />'
    + flow("fork", "side")
    + user("side")
    + flow("side", "join")
    + flow("fork", "first")
    + EVENTS
    + MERGED
    + '<bpmn:parallelGateway id="join" />'
    + flow("join", "after")
    + user("after")
    + flow("after", "finish")
    + end()
)
ROUNDS = MESSAGE + process(
    start("fork")
    + '<bpmn:parallelGateway id="fork" />'
    + flow("fork", "side")
    + user("side")
    + flow("side", "join")
    + flow("fork", "again")
    + choice("again", "first")
    + flow("again", "first")
    + EVENTS
    + flow("soon", "tell")
    + service("tell", "notice", "told", kind="'due_soon'")
    + flow("tell", "again")
    + ways(later="merge", called_off="merge")
    + choice("merge", "join")
    + flow("merge", "join")
    + '<bpmn:parallelGateway id="join" />'
    + flow("join", "after")
    + user("after")
    + flow("after", "finish")
    + end()
)
SLOT = MESSAGE + process(
    start("handle")
    + user("handle")
    + flow("handle", "first")
    + EVENTS
    + ways(soon="finish", later="finish", called_off="finish")
    + end(),
    "slot",
)
CALLING = process(
    start("open") + user("open") + flow("open", "all") + slots("all", "slot") + flow("all", "finish") + end()
)


def happens(walk: Walk, what: str) -> None:
    """An event of the gateway, or the completion of a task."""
    if what == "called_off":
        walk.step(engine.deliver, "withdrawn", {"why": "x"})
    elif what in ("soon", "later"):
        walk.fire(what)
    else:
        walk.do(what)


@pytest.mark.parametrize(("event", "task"), [("soon", "urge"), ("later", "give_up"), ("called_off", "note")], ids=str)
def test_the_first_event_takes_the_token_and_the_others_are_withdrawn(event: str, task: str) -> None:
    walk = Walk(LINE)
    passed = [(step.node, step.source) for step in walk.do("ask").passed]
    assert passed == [("ask", "begin"), ("first", "ask")]
    assert (walk.open, walk.waiting, walk.landing.waiting_messages) == ([], ["later", "soon"], ("withdrawn",))
    assert {timer.fire_at - NOW for timer in walk.landing.timers.values()} >= {timedelta(seconds=5)}
    happens(walk, event)
    assert [(step.node, step.source) for step in walk.landing.passed] == [(event, "first")]
    assert (walk.open, walk.waiting, walk.landing.waiting_messages) == ([task], [], ())
    assert walk.do(task).completed


def test_what_is_withdrawn_cannot_happen_any_more() -> None:
    walk = Walk(LINE)
    walk.do("ask")
    [later] = [timer.id for timer in walk.landing.timers.values() if timer.event == "later"]
    walk.fire("soon")
    with pytest.raises(Conflict):
        walk.step(engine.fire_timer, later)
    with pytest.raises(Conflict):
        walk.step(engine.deliver, "withdrawn", {})


@pytest.mark.parametrize("event", ["soon", "later", "called_off"])
@pytest.mark.parametrize("side_first", [True, False])
def test_a_join_waits_for_the_way_that_was_taken(event: str, side_first: bool) -> None:
    walk = Walk(BESIDE)
    for what in ["side", event] if side_first else [event, "side"]:
        assert "after" not in walk.open
        happens(walk, what)
    assert (walk.open, walk.waiting, walk.landing.waiting_messages) == (["after"], [], ())
    assert walk.do("after").completed


@pytest.mark.parametrize("last", ["later", "called_off"])
@pytest.mark.parametrize("side_at", [0, 3, 50])
def test_a_hundred_rounds_through_a_gateway_leave_it_as_small_as_one(last: str, side_at: int) -> None:
    walk = Walk(ROUNDS)
    sizes = []
    for n in range(60):
        if n == side_at:
            walk.do("side")
        walk.fire("soon")
        sizes.append(walk.nodes())
        assert walk.waiting == ["later", "soon"]
    assert sizes[-1] <= sizes[side_at]
    happens(walk, last)
    assert walk.open == ["after"]
    assert walk.do("after").completed


def test_each_slot_waits_for_itself() -> None:
    walk = Walk(CALLING, SLOT)
    walk.do("open", units=["edu", "health"])
    walk.do("handle", "edu", decision="accept")
    assert (walk.open, walk.waiting) == (["handle:health"], ["later", "soon"])
    walk.do("handle", "health", decision="refer")
    assert walk.waiting == ["later", "later", "soon", "soon"]
    walk.step(engine.fire_timer, next(one.id for one in walk.landing.timers.values() if one.event == "soon"))
    assert walk.waiting == ["later", "soon"]
    walk.step(engine.deliver, "withdrawn", {})
    assert walk.landing.completed
    assert walk.landing.data["decisions"] == ["accept", "refer"]


@pytest.mark.parametrize("what", [("side", "soon"), ("soon", "side"), ("side", "later"), ("called_off", "side")])
def test_pruning_changes_nothing(what: tuple[str, ...]) -> None:
    pruned, whole = Walk(ROUNDS), Walk(ROUNDS, pruning=False)
    for one in ("soon", *what):
        for walk in (pruned, whole):
            happens(walk, one)
        assert (pruned.open, pruned.waiting, pruned.landing.passed) == (whole.open, whole.waiting, whole.landing.passed)


def test_a_step_behind_is_returned_to_one_before() -> None:
    walk = Walk(LINE)
    walk.do("ask")
    walk.fire("soon")
    assert walk.program.ways_back["p", "urge"] == ("ask",)
    walk.step(engine.move, walk.task("urge").id, "ask")
    walk.do("ask")
    assert walk.waiting == ["later", "soon"]


def test_another_calendar_moves_the_timers_behind_a_gateway() -> None:
    walk = Walk(LINE)
    walk.do("ask")
    before = {timer.event: timer.fire_at for timer in walk.landing.timers.values()}

    def armed(moment: object) -> engine.Context:
        given = walk.context_at(NOW, 1)
        shifted = {**given.functions, "working_days": lambda n: given.functions["working_days"](n + 1)}
        return replace(given, functions=shifted)

    walk.step(engine.recompute, armed)
    after = {timer.event: timer.fire_at for timer in walk.landing.timers.values()}
    assert after == {"soon": before["soon"], "later": before["later"] + timedelta(days=1)}


def test_an_ended_case_waits_for_nothing() -> None:
    walk = Walk(LINE)
    walk.do("ask")
    landing = walk.step(engine.cancel)
    assert (landing.completed, landing.timers, landing.waiting_messages) == (True, {}, ())


# --- The first rules -------------------------------------------------------------------------------------------------

_OLD = MESSAGE + process(
    start("fork")
    + '<bpmn:parallelGateway id="fork" />'
    + flow("fork", "side")
    + user("side")
    + flow("side", "beside")
    + user("beside")
    + flow("beside", "join")
    + flow("fork", "ev")
    + '<bpmn:eventBasedGateway id="ev" />'
    + flow("ev", "m")
    + flow("ev", "t1")
    + flow("ev", "t2")
    + catch("m", "message", "withdrawn")
    + catch("t1", "timeDuration", "'PT5S'")
    + catch("t2", "timeDuration", "'P1D'")
    + flow("t1", "merge")
    + flow("t2", "merge")
    + flow("m", "merge")
    + choice("merge", "join")
    + flow("merge", "join")
    + '<bpmn:parallelGateway id="join" />'
    + flow("join", "after")
    + user("after")
    + flow("after", "finish")
    + end()
)
SEALS = (
    "ae1473a6e2b263a6d2365b2af0184eacaa331eebecdee4c5724944c51f478e66",
    "2069980f9e96c8bb6e9094e5c290979a28b604fe1384b081c5b1651266977277",
    "ef6e424a3d8ee0ce97274877f3e46639bcb9ad365db5357e1fc074647823bf86",
)
"""Of the states that the version with the first rules wrote: begun, a step further, ended."""


def seal(walk: Walk) -> str:
    return hashlib.sha256(walk.landing.state.encode()).hexdigest()


def test_what_ran_by_the_first_rules_comes_out_the_same_byte_for_byte() -> None:
    walk = Walk(_OLD, data={"title": "入学"}, rules=1)
    states = [seal(walk)]
    walk.do("side", x=1)
    assert (walk.open, walk.waiting, walk.landing.waiting_messages) == (["beside"], [], ())
    states.append(seal(walk))
    walk.step(engine.cancel)
    assert (*states, seal(walk)) == SEALS


def test_what_waited_for_ever_waits_for_its_events_after_the_next_step() -> None:
    walk = Walk(_OLD, rules=1)
    walk.options["rules"] = engine.RULES
    walk.do("side")
    assert (walk.waiting, walk.landing.waiting_messages) == (["t1", "t2"], ("withdrawn",))
    walk.fire("t1")
    walk.do("beside")
    assert walk.do("after").completed
