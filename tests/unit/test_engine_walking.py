"""Walks of the engine: the tasks that the library finds, in its order; a state in memory says what its text says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.util.task import TaskIterator, TaskState

from service import engine
from service.engine import growing, walking
from service.engine.ahead import LAST_FORESEEING
from service.engine.compact import compact_text
from service.engine.fitting import parts_of
from service.engine.state import InMemory, _to_dict, load
from service.engine.writing import text_of
from service.rehearsal.core import Rehearsal
from tests.factories.rehearsals import handed_out

STATES = (TaskState.READY, TaskState.WAITING, TaskState.FINISHED_MASK, TaskState.PREDICTED_MASK, TaskState.ANY_MASK)


@pytest.fixture(scope="module", params=[LAST_FORESEEING, engine.RULES])
def rules(request: pytest.FixtureRequest) -> int:
    """The last rules by which what may come is in the tree, and today's."""
    found: int = request.param
    return found


@pytest.fixture(scope="module")
def stands(rules: int) -> list[Rehearsal]:
    """Where a need of two units stands: handed out, urged, answered by one of them, sent back."""
    return walked(rules)


def walked(rules: int) -> list[Rehearsal]:
    with pytest.MonkeyPatch.context() as then:
        then.setattr(engine, "RULES", rules)
        return steps()


def steps() -> list[Rehearsal]:
    rehearsal = handed_out()
    found = [rehearsal.fork()]
    rehearsal.wait(working_days=9)
    found.append(rehearsal.fork())
    rehearsal.do("handle", {"result": "done", "reply": "已办"}, unit="edu")
    found.append(rehearsal.fork())
    rehearsal.do("review_reply", {"decision": "redo", "comment": "请补充"}, unit="edu")
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


def test_a_state_in_memory_says_what_its_text_says(stands: list[Rehearsal], rules: int) -> None:
    write = writer(rules)
    for one in stands:
        assert one.landing is not None
        state = one.landing.state
        assert isinstance(state, InMemory)
        said = write(load(one.made.program, state))
        assert said == write(load(one.made.program, said)), "as whoever reads its text would go on"
        first, second = (load(one.made.program, state) for _ in range(2))
        task = next(task for task in first.tasks.values() if task.data)
        task.data.clear()
        assert write(second) == said, "each who goes on has a state of its own"


def writer(rules: int) -> Callable[[Any], str]:
    return text_of if rules <= LAST_FORESEEING else compact_text


def texts(stands: list[Rehearsal]) -> list[str]:
    return [text_of(load(one.made.program, one.landing.state)) for one in stands if one.landing is not None]


def test_a_state_as_text_is_what_the_encoder_writes() -> None:
    for one in walked(LAST_FORESEEING):
        assert one.landing is not None
        workflow = load(one.made.program, one.landing.state)
        workflow.data["odd"] = {"a": [1.5, None, True, "“”\n\u2028"]}
        for task in workflow.tasks.values():
            task.internal_data["odd"] = '\t"\\'
        assert text_of(workflow) == json.dumps(_to_dict(workflow), ensure_ascii=False, separators=(",", ":"))


def test_the_tree_grows_as_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name, theirs in growing.LIBRARY:
        monkeypatch.setattr(owner, name, theirs)
    monkeypatch.setattr(walking, "_armed", lambda _: False)
    by_library = texts(walked(LAST_FORESEEING))
    monkeypatch.undo()
    assert by_library == texts(walked(LAST_FORESEEING))
