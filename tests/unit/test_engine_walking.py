"""Walks of the engine: the tasks that the library finds, in its order; a state in memory says what its text says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.util.task import TaskIterator, TaskState

from service.engine import walking
from service.engine.fitting import parts_of
from service.engine.state import InMemory, dump, load, stored_in
from service.rehearsal.core import Rehearsal
from tests.factories.rehearsals import handed_out

STATES = (TaskState.READY, TaskState.WAITING, TaskState.FINISHED_MASK, TaskState.PREDICTED_MASK, TaskState.ANY_MASK)


@pytest.fixture(scope="module")
def stands() -> list[Rehearsal]:
    """Where a need of two units stands: handed out, urged, answered by one of them."""
    rehearsal = handed_out()
    found = [rehearsal.fork()]
    rehearsal.wait(working_days=9)
    found.append(rehearsal.fork())
    rehearsal.do("handle", {"result": "done", "reply": "已办"}, unit="edu")
    return [*found, rehearsal]


def parts(stands: list[Rehearsal]) -> Iterator[Any]:
    for one in stands:
        assert one.landing is not None
        yield from parts_of(load(one.made.program, one.landing.state))


def test_the_same_tasks_are_found_in_the_same_order(stands: list[Rehearsal]) -> None:
    seen = 0
    for part in parts(stands):
        for state in STATES:
            library = [task.id for task in BpmnTaskIterator(part.task_tree, state=state)]
            assert [task.id for task in part.get_tasks(state=state)] == library
            own = [task.id for task in TaskIterator(part.task_tree, state=state)]
            assert [task.id for task in walking._going(part, state)] == own
            seen += len(library)
        for name in {task.task_spec.name for task in part.tasks.values()}:
            library = [task.id for task in BpmnTaskIterator(part.task_tree, spec_name=name)]
            assert [task.id for task in part.get_tasks(spec_name=name)] == library
    assert seen > 100


def test_a_state_in_memory_says_what_its_text_says(stands: list[Rehearsal]) -> None:
    for one in stands:
        assert one.landing is not None
        state = one.landing.state
        assert isinstance(state, InMemory)
        workflow = load(one.made.program, state)
        assert stored_in(dump(workflow, in_memory=True)) == json.loads(dump(workflow))
        first, second = stored_in(state), stored_in(state)
        first["tasks"].clear()
        assert second["tasks"]
