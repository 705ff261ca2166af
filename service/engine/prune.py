"""The task tree only grows in the library; here it stays as large as what is still open.

The journal keeps the past, so the tree need not: finished leaves are dropped, finished tasks with one child are
spliced out, and called processes whose call is gone are forgotten. Only below finished parents: a running
multi-instance activity still counts its finished instances.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.Join import Join
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.ahead import LAST_FORESEEING
from service.engine.lying import ahead_of, live_of
from service.engine.specs import JOINED
from service.engine.specs import Join as OurJoin
from service.engine.world import by_rules

CAME_FROM = "came_from"
"""Under what name a task remembers the node before it, once that is pruned."""


_FINISHED = TaskState.FINISHED_MASK


def prune(workflow: BpmnWorkflow) -> None:
    """Drops from ``workflow`` and its called processes what no longer matters for what can still happen."""
    if workflow.completed:
        return
    for part in [workflow, *workflow.subprocesses.values()]:
        if not part.completed:
            finished = [task for task in part.tasks.values() if task._state & _FINISHED]
            pending = _pending(part)
            if by_rules() > LAST_FORESEEING:
                pending |= _counting(part, finished)
            while _pass(part, finished, pending):
                pass
    _forget_subprocesses(workflow)


def _pending(part: Any) -> set[str]:
    """The names of the joins that have not fired yet."""
    return {
        task.task_spec.name
        for task in part.tasks.values()
        # a gateway with one way in only splits: it waits for nobody
        if task._state & TaskState.NOT_FINISHED_MASK
        and isinstance(task.task_spec, Join)
        and len(task.task_spec._inputs) > 1
        # the end of a watch looks at what it watched, which is kept, and at nothing that came before
        and not (isinstance(task.task_spec, BoundaryEventJoin) and by_rules() > 2)
    }


def _counting(part: Any, finished: list[Task]) -> set[str]:
    """The names of the joins to which tokens have come that count, though none waits there any more, and to which
    others still can: nothing in the tree says so where it holds no step that only may come."""
    come = {task.task_spec.name for task in finished if isinstance(task.task_spec, OurJoin) and _counts(task)}
    return come & ahead_of(live_of(part)) if come else come


def _counts(task: Task) -> bool:
    return len(task.task_spec._inputs) > 1 and JOINED not in task.internal_data


def _pass(part: Any, finished: list[Task], pending: set[str]) -> bool:
    changed = False
    for task in finished:
        if task.id not in part.tasks or not _removable(part, task) or _feeds_join(task, pending):
            continue
        children = task._children
        if not children:
            part._remove_task(task.id)
            changed = True
        elif len(children) == 1:
            _splice(part, task)
            changed = True
    return changed


def _removable(part: Any, task: Task) -> bool:
    parent = part.tasks.get(task._parent)
    if parent is None or parent is part.task_tree or not parent._state & _FINISHED:
        return False
    if task is part.last_task and not task._children:
        return False
    return not (isinstance(parent.task_spec, BoundaryEventSplit) and _still_watched(parent))


def _feeds_join(task: Task, pending: set[str]) -> bool:
    """A join that has not fired yet counts its arrivals by their own tasks and those before them."""
    return bool(pending) and any(one.task_spec.name in pending for one in (task, *task.children))


def _still_watched(split: Task) -> bool:
    """The join behind a task with boundary events looks the task up among the split's children."""
    tasks = split.workflow.tasks
    return any(not tasks[child]._state & _FINISHED for child in split._children)


def came_from(task: Task) -> str | None:
    """The node of the diagram from which the token came to ``task``, also where the steps between were pruned."""
    here = task
    while here is not None:
        if (known := here.internal_data.get(CAME_FROM)) is not None:
            return str(known)
        here = here.workflow.tasks.get(here._parent)
        if here is not None and getattr(here.task_spec, "bpmn_id", None):
            return str(here.task_spec.bpmn_id)
    return None


def _splice(part: Any, task: Task) -> None:
    parent, (child_id,) = part.tasks[task._parent], task._children
    child = part.tasks[child_id]
    # what is on its way, and what is no node of the diagram itself, is asked later where it came from
    if not child._state & _FINISHED or not getattr(child.task_spec, "bpmn_id", None):
        child.internal_data[CAME_FROM] = came_from(child)
    parent._children[parent._children.index(task.id)] = child_id
    child._parent = parent.id
    part.tasks.pop(task.id)
    part.top_workflow.event_manager.remove_task(task)


def _forget_subprocesses(workflow: BpmnWorkflow) -> None:
    while True:
        parts = [workflow, *workflow.subprocesses.values()]
        alive = {task_id for part in parts for task_id in part.tasks}
        gone = [task_id for task_id in workflow.subprocesses if task_id not in alive]
        if not gone:
            return
        for task_id in gone:
            del workflow.subprocesses[task_id]
