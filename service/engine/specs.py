"""Our changes to the library's nodes: instances side by side, joins, event gateways."""

from __future__ import annotations

import json
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.specs.defaults import IntermediateCatchEvent, ParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.spiff.specs.defaults import ParallelMultiInstanceTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.ahead import LAST_FORESEEING, only_behind
from service.engine.expressions import ExpressionError, kind_of
from service.engine.timers import ArmedTimer
from service.engine.world import TooMany, by_rules, most_instances

DATA_BUDGET = 10_000_000
"""Characters (as JSON) of data of all instances of one activity together: each has a copy of all there is."""


class MultiInstance(ParallelMultiInstanceTask):
    """May be entered again: what an earlier round left under its names is dropped first.

    Over what is not there yet it is passed at once; more instances than allowed are refused before any is made.
    """

    def create_children(self, my_task: Task) -> None:
        for item in (self.input_item, self.output_item, self.data_output):
            if item is not None and item is not self.data_input:
                my_task.data.pop(item.bpmn_id, None)
        count = self._count(my_task)
        self._refuse_too_many(my_task, count)
        if count or self.data_output is not None:
            super().create_children(my_task)

    def merge_child(self, workflow: Any, child: Task) -> None:
        """Collects what an instance gives; what it never wrote is empty, as everywhere."""
        if self.output_item is not None and self.data_output is not None and not self.output_item.exists(child):
            self.output_item.set(child, None)
        super().merge_child(workflow, child)

    def _count(self, my_task: Task) -> int:
        if self.data_input is not None:
            found = self.data_input.get(my_task)
            if found is None:
                my_task.data[self.data_input.bpmn_id] = found = []
            if not isinstance(found, list | dict):
                raise ExpressionError(f"各办一份的名单 {self.data_input.bpmn_id} 不是名单，而是{kind_of(found)}")
            return len(found)
        count = my_task.workflow.script_engine.evaluate(my_task, self.cardinality)
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ExpressionError(f"各办几份 {self.cardinality} 应得出不小于 0 的整数，得到的是{kind_of(count)}")
        return int(count)

    def _refuse_too_many(self, my_task: Task, count: int) -> None:
        limit = most_instances()
        if limit is None or count < 2:
            return
        name = self.bpmn_name or self.bpmn_id
        if count > limit:
            raise TooMany(
                f"「{name}」要同时办 {count:,} 份，超过上限 {limit:,} 份；请减少名单，分几次办，"
                "或请管理员调高设置 most_instances"
            )
        if count * len(json.dumps(my_task.data, ensure_ascii=False)) > DATA_BUDGET:
            raise TooMany(
                f"「{name}」要同时办 {count:,} 份，每份都带着全部数据，合计过大；请精简已填的内容，或分几次办"
            )


JOINED = "joined"
"""Under what name a token at a join remembers with which other it went on."""


class Join(ParallelGateway):
    """Waits for one token of this round on each way in; joins data by what each branch changed since the split.

    The library counts tokens of earlier rounds too, where they are still in the tree. It merges lists item by item and
    lets an untouched old value of one branch win over the other branch's new one; a second dispatch round would then
    see the first round's outcome.
    """

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        awaited = {spec.name for spec in self.inputs}
        if by_rules() > LAST_FORESEEING:
            awaited -= only_behind(self)
        for task in named_alike(my_task):
            if _is_behind(task, my_task):  # a way back into this join: nobody comes that way before it has fired
                above = task
                while above is not None and above.task_spec.name not in awaited:
                    above = above.parent
                if above is not None:
                    awaited.discard(above.task_spec.name)
            elif JOINED not in task.internal_data and task.parent.state == TaskState.COMPLETED:
                awaited.discard(task.parent.task_spec.name)
        return not awaited

    def _update_hook(self, my_task: Task) -> bool:
        fires = bool(super()._update_hook(my_task))
        if fires:
            for task in named_alike(my_task):
                arrived = task is my_task or task.has_state(TaskState.FINISHED_MASK)
                if arrived and JOINED not in task.internal_data:
                    task._set_internal_data(**{JOINED: str(my_task.id)})
        return fires

    def _run_hook(self, my_task: Task) -> bool:
        others = [
            task
            for task in my_task.workflow.get_tasks(spec_name=self.name)
            if task is not my_task and task.internal_data.get(JOINED) == str(my_task.id)
        ]
        branches = [task.parent for task in sorted(others, key=lambda t: t.last_state_change)] + [my_task.parent]
        base = _common_ancestor(branches).data
        merged = dict(base)
        for branch in branches:
            for name in [*base, *branch.data]:
                if name not in branch.data:
                    merged.pop(name, None)
                elif name not in base or branch.data[name] != base[name]:
                    merged[name] = branch.data[name]
        my_task.data = merged
        return True


def named_alike(my_task: Task) -> list[Task]:
    """The tasks of a process, and of what it calls, of the name of a task's spec, in any order."""
    workflow, name = my_task.workflow, my_task.task_spec.name
    called, parts, found = workflow.top_workflow.subprocesses, [workflow], list[Task]()
    for part in parts:
        found += [task for task in part.tasks.values() if task.task_spec.name == name]
        if called:
            parts += [called[one] for one in called.keys() & part.tasks.keys()]
    return found


def _is_behind(task: Task, other: Task) -> bool:
    """Whether one task is an ancestor of the first."""
    tasks = task.workflow.tasks
    above = tasks.get(task._parent)
    while above is not None:
        if above is other:
            return True
        above = tasks.get(above._parent)
    return False


def _common_ancestor(tasks: list[Task]) -> Task:
    def line(task: Task) -> list[Task]:
        found = [task]
        while (above := found[-1].parent) is not None:
            found.append(above)
        return found

    shared = line(tasks[0])
    for task in tasks[1:]:
        ids = {ancestor.id for ancestor in line(task)}
        shared = [ancestor for ancestor in shared if ancestor.id in ids]
    return shared[0]


class WatchJoin(BoundaryEventJoin):
    """Ends the watch on a task, when it is done or an event has interrupted it: of this round of the task alone.

    The library withdraws the joins of all rounds below. Where an event leads back to its task at once, the next round
    has begun by then, and its task would never be withdrawn again.
    """

    def _find_tasks(self, my_task: Task) -> list[Task]:
        if by_rules() < 3:
            every: list[Task] = super()._find_tasks(my_task)
            return every
        mine = my_task.find_ancestor(self.split_task)
        tasks, waiting, found = my_task.workflow.tasks, [mine or my_task.workflow.task_tree], list[Task]()
        while waiting:
            task = waiting.pop()
            if task.task_spec.name != self.name:
                waiting += [tasks[child] for child in reversed(task._children)]
            elif task is my_task or (
                task.thread_id == my_task.thread_id and task.find_ancestor(self.split_task) is mine
            ):
                found.append(task)
        return found


class EventGateway(BpmnSpecMixin):
    """Arms all the events behind it; the first that happens takes the token, and the others are withdrawn.

    The library moves the events into the gateway, where nobody who asks what is waited for finds them. So it was by
    the first rules, and what ran by them must come out the same.
    """

    def _predict_hook(self, my_task: Task) -> None:
        if by_rules() == 1:
            my_task._sync_children(self.outputs, state=TaskState.MAYBE)
        else:
            super()._predict_hook(my_task)

    def _update_hook(self, my_task: Task) -> bool:
        super()._update_hook(my_task)
        if by_rules() > 1:
            return True
        for event in self.outputs:
            if isinstance(event.event_definition, ArmedTimer):
                event.event_definition.has_fired(my_task)
                break
        my_task.internal_data["seen_events"] = []
        if my_task.state != TaskState.WAITING:
            my_task._set_state(TaskState.WAITING)
        return False


class CatchEvent(IntermediateCatchEvent):
    """An event in the middle of the way. Behind an event gateway it withdraws those that it came before."""

    def catch(self, my_task: Task, event: Any) -> None:
        """Takes the event, unless another behind the same gateway has just taken it."""
        if not my_task.has_state(TaskState.FINISHED_MASK):
            super().catch(my_task, event)

    def _on_ready_hook(self, my_task: Task) -> None:
        super()._on_ready_hook(my_task)
        if isinstance(my_task.parent.task_spec, EventGateway):
            for other in my_task.parent.children:
                if other is not my_task and other.has_state(TaskState.NOT_FINISHED_MASK):
                    other.cancel()
