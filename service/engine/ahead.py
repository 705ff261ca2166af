"""Foresight of the library: nobody needs it but an inclusive gateway.

The library keeps in the tree of tasks all steps that may come, two thirds of it, which are made, written and read at
every step and mostly thrown away. By today's rules a task gets those that follow when it runs, and none is kept. An
inclusive gateway asks which of its ways in can still be taken: in its process they are foreseen anew, whenever the case
moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from SpiffWorkflow.bpmn.specs.mixins.inclusive_gateway import InclusiveGateway
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.MultiChoice import MultiChoice
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.world import by_rules

LAST_FORESEEING = 7
"""The last of the rules by which what may come is kept in the state."""
_COMING = TaskState.PREDICTED_MASK | TaskState.FUTURE
_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


def foresees(workflow: Any) -> bool:
    """Whether in a process of a case the steps that may come stand in the tree, in the advance that runs."""
    return by_rules() <= LAST_FORESEEING or _asks(workflow.spec)


def grow(task: Task) -> None:
    """Gives a task that is about to run those that follow it; a choice makes its own, and what is foreseen is there."""
    spec = task.task_spec
    if not spec._outputs or isinstance(spec, MultiChoice):
        return
    if task._children:
        tasks = task.workflow.tasks
        if not all(tasks[child].triggered for child in task._children):
            return
    spec._predict_hook(task)


def forget(workflow: Any) -> None:
    """Takes from the tree of a case and of what it calls what only may come, and puts the rest in the tree's order.

    A called process that is over goes with it, once its caller is done: nothing in it is asked again.
    """
    for part in parts(workflow):
        tasks, found, waiting = part.tasks, {}, [part.task_tree]
        while waiting:
            task = waiting.pop()
            found[task.id] = task
            children = task._children
            if children:
                left = [below for child in children if not (below := tasks[child])._state & _COMING]
                if len(left) < len(children):
                    task._children = [below.id for below in left]
                left.reverse()
                waiting += left
        part.tasks = found
    called = workflow.subprocesses
    while called:
        here = {key: task for part in parts(workflow) for key, task in part.tasks.items()}
        over = [key for key, part in called.items() if key not in here or _is_over(part, here[key])]
        for key in over:
            del called[key]
        if not over:
            break


def _is_over(part: Any, caller: Task) -> bool:
    return part.completed and bool(caller._state & TaskState.FINISHED_MASK)


def foresee(workflow: Any) -> None:
    """Puts into the tree what may come, in processes that ask for it."""
    for part in parts(workflow):
        if _asks(part.spec) and not part.completed:
            for task in [one for one in part.tasks.values() if one._state & _LIVE]:
                task.task_spec._predict(task, mask=TaskState.NOT_FINISHED_MASK)


def parts(workflow: Any) -> Iterator[Any]:
    """A case and the processes that it calls."""
    yield workflow
    yield from list(workflow.subprocesses.values())


def only_behind(join: Any) -> frozenset[str]:
    """The ways into a join on which a token comes only after it has fired: none leads there but by the join itself."""
    known: frozenset[str] | None = _behind.get(join)
    if known is None:
        reached, waiting = {join.name}, [join._wf_spec.start]
        while waiting:
            here = waiting.pop()
            if here.name not in reached:
                reached.add(here.name)
                waiting += here.outputs
        known = _behind[join] = frozenset(one.name for one in join.inputs if one.name not in reached)
    return known


_behind: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()
_asking: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
"""By spec: a drawing does not change, and each step of each case asks."""


def _asks(spec: Any) -> bool:
    found = _asking.get(spec)
    if found is None:
        gateways = (one for one in spec.task_specs.values() if isinstance(one, InclusiveGateway))
        found = _asking[spec] = any(len(one._inputs) > 1 for one in gateways)
    return found


_library_run = TaskSpec._run


def _run(spec: Any, task: Task) -> Any:
    if by_rules() > LAST_FORESEEING:
        grow(task)
    return _library_run(spec, task)


TaskSpec._run = _run
