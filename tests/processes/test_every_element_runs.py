"""Every element that the deployment checks allow runs to its end, on each kind of database, and replays.

The list of elements is the checks' own: an element that is newly allowed has no run here, and the test fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from service import clock
from service.checks.elements import EVENTS, HOSTS, SUPPORTED
from service.checks.gate import checked
from service.processes import commands, replay
from service.processes.commands import Occurrence
from service.processes.definitions import deploy
from service.processes.models import Instance
from service.rights import SYSTEM
from service.usecases import check_context
from tests.factories.elements import (
    FORMAL,
    INNER,
    MESSAGE,
    PART,
    START,
    TOLD,
    around,
    ask,
    bundle,
    catch,
    chain,
    do,
    end,
    fire,
    first_of,
    split,
    timer,
    way,
)
from tests.factories.steps import mismatches, steps

if TYPE_CHECKING:
    from tests.factories.world import World

Step = tuple[Any, list[str]]
"""The events of a run (a task's id: it is completed, with data in a pair; hours: they go by; ``MESSAGE``: it comes),
and the tasks that are open then."""


# --- Pieces ----------------------------------------------------------------------------------------------------------


def boundary(host: str, event: str, interrupts: bool) -> str:
    cancels = str(interrupts).lower()
    return (
        f'<bpmn:boundaryEvent id="watch" name="等候" attachedToRef="{host}" cancelActivity="{cancels}">{event}'
        "</bpmn:boundaryEvent>" + chain("watch", "watched", "over") + ask("watched") + end("over")
    )


LOOP = "<bpmn:multiInstanceLoopCharacteristics>{}</bpmn:multiInstanceLoopCharacteristics>"
OVER_UNITS = LOOP.format('<bpmn:loopDataInputRef>units</bpmn:loopDataInputRef><bpmn:inputDataItem id="unit" />')
TWICE = LOOP.format(f"<bpmn:loopCardinality {FORMAL}>2</bpmn:loopCardinality>")
CALL = '<bpmn:callActivity id="node" name="调用" calledElement="inner">{}</bpmn:callActivity>'
HOSTED = {
    "userTask": (ask("node"), "node"),
    "callActivity": (CALL.format(""), "inner_task"),
    "subProcess": (PART, "inner_task"),
}
AROUND: list[Step] = [("last", [])]


def watched(host: str, event: str, interrupts: bool) -> tuple[str, list[Step]]:
    """The host with a boundary event that happens."""
    node, inside = HOSTED[host]
    happens: Any = 2 if event == timer() else MESSAGE
    after: list[Step] = [(happens, ["watched"]), ("watched", [])]
    if not interrupts:
        after = [(happens, sorted([inside, "watched"])), (inside, ["last", "watched"]), ("watched", ["last"]), *AROUND]
    return around(node + boundary("node", event, interrupts)), [("first", [inside]), *after]


def forked(kind: str, *conditions: str) -> str:
    """A gateway of that kind with two ways that come together in another."""
    default = "right" if kind != "parallelGateway" else ""
    return (
        START
        + chain("begin", "first", "split")
        + ask("first")
        + split(kind, default)
        + way("split", "left", *conditions)
        + way("split", "right")
        + ask("left")
        + ask("right")
        + chain("left", "join")
        + chain("right", "join", "last", "finish")
        + f'<bpmn:{kind} id="join" />'
        + ask("last")
        + end("finish")
    )


WAITING = first_of(soon=timer("PT1H"), later=timer("P1D"), called_off=TOLD)
SERVICE = (
    '<bpmn:serviceTask id="node" name="编号"><bpmn:extensionElements><spiffworkflow:serviceTaskOperator '
    'id="issue_number" resultVariable="number"><spiffworkflow:parameters /></spiffworkflow:serviceTaskOperator>'
    "</bpmn:extensionElements></bpmn:serviceTask>"
)
RULES = (
    '<bpmn:businessRuleTask id="node" name="建议"><bpmn:extensionElements><spiffworkflow:calledDecisionId>units_for'
    "</spiffworkflow:calledDecisionId></bpmn:extensionElements></bpmn:businessRuleTask>"
)
CYCLE = (
    '<bpmn:startEvent id="tick" name="每月"><bpmn:timerEventDefinition id="monthly"><bpmn:timeCycle '
    f"{FORMAL}>R/2026-01-01T09:00:00+08:00/P1M</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:startEvent>"
)
FIRST: list[Step] = [("first", ["last"]), *AROUND]
BOTH: list[Step] = [("first", ["left", "right"]), ("left", ["right"]), ("right", ["last"]), *AROUND]

# (element, event): runs of it, each the drawing and what happens
RUNS: dict[tuple[str, str | None], list[tuple[str, list[Step]]]] = {
    ("startEvent", None): [(INNER, [("inner_task", [])])],
    ("startEvent", "timer"): [
        (CYCLE + chain("tick", "inner_task") + INNER, [("tick", ["inner_task"]), ("inner_task", [])])
    ],
    ("endEvent", None): [(INNER, [("inner_task", [])])],
    ("endEvent", "terminate"): [
        (
            forked("parallelGateway").replace(chain("left", "join"), chain("left", "over"))
            + end("over", '<bpmn:terminateEventDefinition id="all" />'),
            [("first", ["left", "right"]), ("left", [])],
        )
    ],
    ("intermediateCatchEvent", "timer"): [(around(catch("node", timer())), [("first", []), (2, ["last"]), *AROUND])],
    ("intermediateCatchEvent", "message"): [
        (around(catch("node", TOLD)), [("first", []), (MESSAGE, ["last"]), *AROUND])
    ],
    ("intermediateThrowEvent", None): [(around('<bpmn:intermediateThrowEvent id="node" name="到此" />'), FIRST)],
    ("boundaryEvent", "timer"): [watched(host, timer(), cuts) for host in sorted(HOSTS) for cuts in (True, False)],
    ("boundaryEvent", "message"): [watched(host, TOLD, True) for host in sorted(HOSTS)],
    ("userTask", None): [
        (INNER, [("inner_task", [])]),
        *(
            (
                around(ask("node", loop)),
                [
                    (("first", {"units": ["edu", "sci"]}), ["node", "node"]),
                    ("node", ["node"]),
                    ("node", ["last"]),
                    *AROUND,
                ],
            )
            for loop in (OVER_UNITS, TWICE)
        ),
    ],
    ("serviceTask", None): [(around(SERVICE), FIRST)],
    ("businessRuleTask", None): [(around(RULES), [(("first", {"category": "school"}), ["last"]), *AROUND])],
    ("callActivity", None): [
        (around(CALL.format("")), [("first", ["inner_task"]), ("inner_task", ["last"]), *AROUND]),
        *(
            (
                around(CALL.format(loop)),
                [
                    (("first", {"units": ["edu", "sci"]}), ["inner_task", "inner_task"]),
                    ("inner_task", ["inner_task"]),
                    ("inner_task", ["last"]),
                    *AROUND,
                ],
            )
            for loop in (OVER_UNITS, TWICE)
        ),
        # over a list that nobody has filled in it is passed at once
        (around(CALL.format(OVER_UNITS)), FIRST),
    ],
    ("subProcess", None): [(around(PART), [("first", ["inner_task"]), ("inner_task", ["last"]), *AROUND])],
    ("exclusiveGateway", None): [
        (forked("exclusiveGateway", "count == 1"), [(("first", {"count": 1}), ["left"]), ("left", ["last"]), *AROUND]),
        (forked("exclusiveGateway", "count == 1"), [("first", ["right"]), ("right", ["last"]), *AROUND]),
    ],
    ("inclusiveGateway", None): [
        (forked("inclusiveGateway", "count == 1"), [(("first", {"count": 1}), ["left"]), ("left", ["last"]), *AROUND]),
        (forked("inclusiveGateway", "count == 1"), [("first", ["right"]), ("right", ["last"]), *AROUND]),
        (
            forked("inclusiveGateway", "count == 1")
            .replace('default="split_right"', 'default="split_last"')
            .replace(way("split", "right"), way("split", "right", "count &lt; 3") + way("split", "last")),
            [(("first", {"count": 1}), ["left", "right"]), ("left", ["right"]), ("right", ["last"]), *AROUND],
        ),
    ],
    ("parallelGateway", None): [(forked("parallelGateway"), BOTH)],
    ("eventBasedGateway", None): [
        (WAITING, [("first", []), (2, ["after_soon"]), (48, ["after_soon"]), ("after_soon", [])]),
        (
            WAITING,
            [("first", []), (MESSAGE, ["after_called_off"]), (48, ["after_called_off"]), ("after_called_off", [])],
        ),
        (
            first_of(later=timer("P1D"), latest=timer("P2D")),
            [("first", []), (25, ["after_later"]), ("after_later", [])],
        ),
    ],
}


def test_there_is_a_run_of_every_element_that_may_be_drawn() -> None:
    assert set(RUNS) == {(element, event) for element in SUPPORTED for event in EVENTS.get(element, {None})}
    assert set(HOSTED) == HOSTS


def test_every_element_that_may_be_drawn_runs_to_its_end(world: World) -> None:
    checks = replace(check_context(world.settings, world.organization), key="p", messages=frozenset({MESSAGE}))
    for (element, event), runs in RUNS.items():
        for n, (body, script) in enumerate(runs):
            which = f"{element} {event} #{n}"
            with world.transaction() as session:
                files = bundle(body.replace("开始", f"开始：{which}"))
                deploy(session, checked(files, key="p", context=checks), actor=SYSTEM, now=clock.now())
            walked(world, which, script)
    with world.database.reading() as session:
        assert list(replay.verify(session)) == []


def walked(world: World, which: str, script: list[Step]) -> None:
    """A case taken through the script; whatever it does must replay at once."""
    for n, (what, opened) in enumerate(started(world, script)):
        if isinstance(what, int | float):
            world.clock.advance(hours=what)
            fire(world)
        elif what == MESSAGE:
            with world.transaction() as session:
                commands.deliver_message(
                    session,
                    instance_id=world.case,
                    message=what,
                    payload={"why": "撤回"},
                    actor=world.actor("office"),
                    now=clock.now(),
                )
        elif what is not None:
            step, data = what if isinstance(what, tuple) else (what, {})
            do(world, step, data)
        assert steps(world) == opened, (which, n, what)
        assert mismatches(world) == [], (which, n, what)
    with world.database.reading() as session:
        assert session.get_one(Instance, world.case).status == "completed", which


def started(world: World, script: list[Step]) -> Iterator[Step]:
    """Starts the case, by the calendar where the script says so."""
    tick = Occurrence("tick", 0, clock.now()) if script[0][0] == "tick" else None
    with world.transaction() as session:
        world.case = commands.begin(
            session, process="p", data={}, actor=world.actor("office"), now=clock.now(), occurrence=tick
        ).id
    if tick is not None:
        yield None, script[0][1]
    yield from script[1 if tick else 0 :]
