"""The data of tasks stay as they were read until somebody asks for them, and then are each task's own."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from service import engine
from service.engine.compact import ENDED, compact_text
from service.engine.data import Kept, kept_of, look, share
from service.engine.state import load
from tests.factories.engines import SLOT, SPLIT, Walk, end, flow, process, start, user
from tests.unit.test_engine_compact import SCENARIOS, landings


def test_a_state_is_written_alike_whoever_has_looked_at_its_data() -> None:
    steps = [step for file in SCENARIOS[::7] for step in landings(file, engine.RULES)]
    going_on = [(program, landing) for program, landing in steps if landing.state != ENDED]
    assert len(going_on) > 20
    for program, landing in going_on:
        assert compact_text(load(program, landing.state)) == landing.state
        asked = load(program, landing.state)
        for part in (asked, *asked.subprocesses.values()):
            for task in part.tasks.values():
                assert look(task) == task.data
        assert compact_text(asked) == landing.state
        assert compact_text(asked) == landing.state  # kept again as they were written


def test_a_task_that_changes_its_data_changes_no_others() -> None:
    walk = Walk(SPLIT, SLOT, data={"lead": {"units": ["edu"]}}, results={"open_round": ["edu", "health"]})
    workflow = load(walk.program, walk.landing.state)
    tasks = [task for part in (workflow, *workflow.subprocesses.values()) for task in part.tasks.values()]
    changed, before = tasks[-1], {task.id: deepcopy(look(task)) for task in tasks}
    changed.data["units"].append("housing")
    changed.data["said"] = "yes"
    assert {task.id for task in tasks if look(task) != before[task.id]} == {changed.id}
    written = compact_text(workflow)
    assert written != walk.landing.state
    assert {task.id for task in tasks if look(task) != before[task.id]} == {changed.id}
    again = load(walk.program, written)
    found = {task.id: task.data for part in (again, *again.subprocesses.values()) for task in part.tasks.values()}
    assert found == {**before, changed.id: {**before[changed.id], "units": ["edu", "health", "housing"], "said": "yes"}}


def test_kept_data_are_put_together_from_those_above() -> None:
    above = Kept(None, {"a": [1], "b": {"c": 2}}, 0)
    below = Kept(above, {"d": "x"}, ["a"])
    same = Kept(below, 0, 0)
    assert same.known() is below.known()
    assert same.own() == {"b": {"c": 2}, "d": "x"}
    own: dict[str, Any] = same.own()
    own["b"]["c"] = 3
    own["e"] = 4
    assert same.own() == {"b": {"c": 2}, "d": "x"}
    assert above.own() == {"a": [1], "b": {"c": 2}}


def test_tasks_share_their_data_until_one_of_them_asks() -> None:
    walk = Walk(SPLIT, SLOT, data={"lead": {"units": ["edu"]}}, results={"open_round": ["edu", "health"]})
    workflow = load(walk.program, walk.landing.state)
    child = [task for task in workflow.tasks.values() if task.parent is not None][-1]
    parent = child.parent
    assert parent is not None
    parent.data["said"] = ["a"]
    share(parent, child)
    assert look(child) is look(parent)
    assert compact_text(load(walk.program, compact_text(workflow))) == compact_text(workflow)
    share(parent, child)
    child.data["said"].append("b")
    assert look(parent)["said"] == ["a"]
    parent.data["said"].append("c")
    parent.data["more"] = True
    assert look(child)["said"] == ["a", "b"]
    assert "more" not in look(child)


def test_nobody_has_asked_for_the_data_of_most_tasks_of_a_step() -> None:
    walk = Walk(SPLIT, SLOT, data={"lead": {"units": ["edu"]}}, results={"open_round": ["edu", "health"]})
    workflow = load(walk.program, walk.landing.state)
    tasks = [task for part in (workflow, *workflow.subprocesses.values()) for task in part.tasks.values()]
    assert all(kept_of(task) is not None for task in tasks)
    assert tasks[0].data
    assert kept_of(tasks[0]) is None


EACH = process(
    start("ask")
    + user("ask")
    + flow("ask", "all")
    + '<bpmn:userTask id="all" name="all"><bpmn:multiInstanceLoopCharacteristics>'
    + '<bpmn:loopDataInputRef>units</bpmn:loopDataInputRef><bpmn:inputDataItem id="unit" />'
    + "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    + flow("all", "after")
    + user("after")
    + flow("after", "finish")
    + end()
)
"""Units that each change the same data: nothing is collected, so the library merges them, as deep as they go."""


def test_a_state_is_the_same_whether_its_workflow_stayed_or_was_read() -> None:
    for stayed, read in zip(_each(live=True), _each(), strict=True):
        assert str(stayed.landing.state) == read.landing.state


def _each(**options: Any) -> Iterator[Walk]:
    walk = Walk(EACH, data={"units": ["edu", "health"], "rows": [{"n": 1}], "box": {"a": {"b": 1}}}, **options)
    yield walk
    walk.do("ask")
    for n, unit in enumerate(("edu", "health"), start=2):
        yield walk
        walk.do("all", unit, rows=[{"n": n}], box={"a": {"b": n}})
    assert walk.task("after").data["rows"] == [{"n": 3}]
    assert walk.task("after").data["box"] == {"a": {"b": 3}}
    yield walk
