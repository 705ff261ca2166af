"""The way of a case, folded from its steps, and the map counted from many: times, variants, deviations."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from service.audit.ways import way
from service.audit.ways.counting import RETURNED, TAKEN_BACK, Times, counted
from service.audit.ways.way import ANSWERED, GONE, WAITS, CaseWay
from service.clock import SHANGHAI
from service.workdays import Calendar

CALENDAR = Calendar.from_config()
MONDAY = date(2026, 9, 14)


def at(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 9, day, hour, tzinfo=SHANGHAI)


def row(step: str, day: int, due: int | None = None) -> dict[str, Any]:
    due_on = date(2026, 9, due) if due else None
    return {"process": "p", "task": step, "scope": "", "unit": "edu", "entered_at": at(day), "due_on": due_on}


def step(kind: str, day: int, **more: Any) -> Any:
    """A step of a replay, as far as a way reads it."""
    said = {
        "kind": kind,
        "at": at(day),
        "version": 1,
        "digest": "d",
        "task": None,
        "process": "p",
        "step": None,
        "scope": "",
        "data": {},
        "taken_back": None,
        "entered": (),
        "tasks": {},
        "passed": (),
        "row": {"ended_at": None, "status": "running"},
    }
    return SimpleNamespace(**{**said, **more})


ENDED = {"ended_at": at(18), "status": "completed"}


def way_of(steps: list[Any], **diagrams: str) -> CaseWay:
    """The way by a definition that draws these processes."""
    made = SimpleNamespace(diagrams={process: (process, xml) for process, xml in diagrams.items()})
    return way.way_of(steps, lambda _: made)  # type: ignore[arg-type, return-value]


def sent_back() -> list[Any]:
    """Ask on Monday, answered late on Thursday, sent back from the review, answered again, accepted on Friday."""
    ask, again = row("ask", 14, due=16), row("ask", 17)
    return [
        step("started", 14, entered=("a",), tasks={"a": ask}, passed=[("p", "", "begin", None)]),
        step(
            "completed",
            17,
            task="a",
            step="ask",
            data={"late_days": 1},
            entered=("b",),
            tasks={"b": row("review", 17)},
            passed=[("p", "", "ask", "begin")],
        ),
        step("returned", 17, task="b", step="review", data={"target": "ask"}, entered=("c",), tasks={"c": again}),
        step(
            "completed",
            18,
            task="c",
            step="ask",
            entered=("d",),
            tasks={"d": row("review", 18)},
            passed=[("p", "", "ask", "begin")],
        ),
        step("completed", 18, task="d", step="review", passed=[("p", "", "review", "ask")], row=ENDED),
    ]


def test_a_step_that_was_sent_back_was_done_twice_along_one_flow() -> None:
    found = way_of(sent_back())
    assert [(one.step[1], one.became, one.late) for one in found.stays] == [
        ("ask", ANSWERED, True),
        ("review", GONE, False),
        ("ask", ANSWERED, False),
        ("review", ANSWERED, False),
    ]
    assert [flow for flow, _, _ in found.flows] == [("p", "begin", "ask"), ("p", "ask", "review")]
    assert found.way == [("p", "ask"), ("p", "review")]
    assert found.returns == [(("p", "review"), "ask")]
    assert (found.end, found.ended, found.began) == ("completed", at(18).date().toordinal(), MONDAY.toordinal())


def test_a_step_that_opens_one_before_it_goes_back_and_that_one_goes_forward_again() -> None:
    steps = [
        step("started", 14, entered=("a",), tasks={"a": row("ask", 14)}),
        step("completed", 15, task="a", step="ask", entered=("b",), tasks={"b": row("review", 15)}),
        step("completed", 16, task="b", step="review", entered=("c",), tasks={"c": row("ask", 16)}),
        step("completed", 17, task="c", step="ask", entered=("d",), tasks={"d": row("review", 17)}),
        step("completed", 18, task="d", step="review", row=ENDED),
    ]
    found = way_of(steps)
    assert (found.returns, found.again) == ([], [(("p", "review"), "ask")])
    told = counted([(UUID(int=1), found.data())], CALENDAR, date(2026, 9, 29)).deviations
    assert list(told) == [("again", "p", "review", "ask")]


def test_a_step_that_was_taken_back_goes_on_from_where_it_came_up() -> None:
    ask = row("ask", 14, due=15)
    steps = [
        step("started", 14, entered=("a",), tasks={"a": ask}),
        step("completed", 15, task="a", step="ask", taken_back=9, passed=[("p", "", "ask", "begin")]),
        step("taken_back", 16, task="a", step="ask", entered=("a",), tasks={"a": ask}),
    ]
    found = way_of(steps)
    assert [(one.entered, one.left, one.became) for one in found.stays] == [(MONDAY.toordinal(), None, WAITS)]
    assert (found.way, found.flows, found.taken_back) == ([], [], [("p", "ask")])


JOINED = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">
<parallelGateway id="split"/><parallelGateway id="join"/><exclusiveGateway id="either"/>
<sequenceFlow id="1" sourceRef="split" targetRef="ask"/><sequenceFlow id="2" sourceRef="split" targetRef="tell"/>
<sequenceFlow id="3" sourceRef="ask" targetRef="join"/><sequenceFlow id="4" sourceRef="tell" targetRef="join"/>
<sequenceFlow id="5" sourceRef="split" targetRef="either"/><sequenceFlow id="6" sourceRef="either" targetRef="join"/>
<sequenceFlow id="7" sourceRef="either" targetRef="end"/></process></definitions>"""


def test_all_ways_into_a_join_are_counted_and_how_long_each_waited() -> None:
    """The journal names the last one alone. From a choice, which may lead elsewhere, only what it names counts."""
    steps = [
        step("started", 14, passed=[("p", "", "split", None), ("p", "", "either", "split")]),
        step("completed", 14, task="a", step="ask", passed=[("p", "", "ask", "split")]),
        step("completed", 16, task="b", step="tell", passed=[("p", "", "tell", "split"), ("p", "", "join", "tell")]),
    ]
    into = [(flow[1], after - before) for flow, before, after in way_of(steps, p=JOINED).flows if flow[2] == "join"]
    assert into == [("tell", 0), ("ask", 2)]


def test_times_are_nearest_ranks() -> None:
    times = Times()
    assert (times.median, times.p90) == (None, None)
    for days in range(1, 11):
        times.days[days] += 1
    assert (times.median, times.p90, times.total) == (5, 9, 55)
    times.days[100] += 1
    assert (times.median, times.p90) == (6, 10)


def test_the_map_counts_flows_steps_variants_and_deviations_each_with_its_cases() -> None:
    straight = sent_back()
    del straight[2:4]
    waiting = [step("started", 14, entered=("a",), tasks={"a": row("ask", 14, due=15)})]
    ways = [way_of(steps).data() for steps in (sent_back(), straight, waiting)]
    cases = [UUID(int=number) for number in range(3)]
    found = counted(zip(cases, ways, strict=True), CALENDAR, date(2026, 9, 18))
    assert (found.ids, found.ended, found.times.median) == (cases, 2, 4)
    assert (found.flows["p", "begin", "ask"].count, list(found.flows["p", "begin", "ask"].cases)) == (2, [0, 1])
    ask = found.steps["p", "ask"]
    assert (ask.came, ask.done, ask.waits, ask.late, ask.overdue) == (4, 3, 1, 2, 1)
    assert (list(ask.cases), list(ask.waiting), list(ask.late_cases)) == ([0, 1, 2], [2], [0, 1, 2])
    assert (ask.times.total, ask.open.total, ask.times.median) == (3 + 1 + 3, 4, 3)
    assert [len(found.variants[way].cases) for way in found.ranked] == [2, 1]
    assert counted(zip(cases, [ways[0], ways[2], ways[2]], strict=True), CALENDAR, MONDAY).usual == found.ranked[0]
    assert {kind for kind, *_ in found.deviations} == {RETURNED}
    assert found.aside(0) == [RETURNED]
    assert found.aside(1) == []
    alone = counted(zip(cases, ways, strict=True), CALENDAR, date(2026, 9, 18), only=())
    assert (alone.ids, alone.flows, len(alone.ranked)) == ([cases[2]], {}, 2)
    assert TAKEN_BACK not in {kind for kind, *_ in found.deviations}


def test_days_off_do_not_count() -> None:
    """From Friday, 25 September (the Mid-Autumn holiday begins) to Monday, 28 September."""
    steps = [
        step("started", 24, entered=("a",), tasks={"a": row("ask", 24)}),
        step("completed", 28, task="a", step="ask", row={"ended_at": at(28), "status": "completed"}),
    ]
    found = counted([(UUID(int=1), way_of(steps).data())], CALENDAR, date(2026, 9, 29))
    assert found.times.median == CALENDAR.between(date(2026, 9, 24), date(2026, 9, 28)) < 3
