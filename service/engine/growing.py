"""Growth of the tree of tasks as the library makes it: the same tasks, ids and data in the same order, with less work.

At every step the library predicts what comes: it makes tasks by the hundred, looks each neighbour up by name, and
copies what it then throws away. The functions here do the same and leave nothing out; states stay the same byte by
byte, as the digests in the journal demand.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import SpiffWorkflow.bpmn.specs.mixins.multiinstance_task as library_instances
import SpiffWorkflow.bpmn.specs.mixins.subworkflow_task as library_calls
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.StartTask import StartTask
from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.ahead import foresees
from service.engine.data import look, share
from service.engine.world import next_id_and_moment

_PREDICTED, _DEFINITE = TaskState.PREDICTED_MASK, TaskState.DEFINITE_MASK
_UNFINISHED, _FINISHED = TaskState.NOT_FINISHED_MASK, TaskState.FINISHED_MASK
_OVER = TaskState.COMPLETED | TaskState.CANCELLED
_ATOMS = frozenset({str, int, float, bool, type(None)})


# --- Tasks -----------------------------------------------------------------------------------------------------------


def begin(
    task: Task,
    workflow: Any,
    task_spec: Any,
    parent: Task | None = None,
    state: int = TaskState.MAYBE,
    id: str | None = None,  # noqa: A002 - as the library calls it
) -> None:
    """Makes a task, and a child of its parent."""
    made, moment = next_id_and_moment(needed=id is None)
    task.id = id or made
    tasks = workflow.tasks
    tasks[task.id] = task
    task.workflow = workflow
    task._parent = parent.id if parent is not None else None
    task._children = []
    task._state = state
    task.triggered = False
    task.task_spec = task_spec or StartTask(workflow.spec)
    task.thread_id = Task.thread_id_pool
    task.data = {}
    task.internal_data = {}
    task.last_state_change = moment
    if task._parent in tasks:
        tasks[task._parent]._children.append(task.id)


def sync_children(task: Task, task_specs: list[Any] | None, state: int = TaskState.MAYBE) -> None:
    """Gives a task one child of each spec, and takes those that were predicted of others."""
    if task_specs is None:
        raise ValueError('"task_specs" argument is None')
    wanted = task_specs
    if task._children:
        wanted, gone, tasks = task_specs[:], [], task.workflow.tasks
        for child in [tasks[one] for one in task._children]:
            if child.triggered:
                continue
            if child.task_spec in wanted:
                wanted.remove(child.task_spec)
                if child._state & _UNFINISHED:
                    child._set_state(state)
            elif child._state & _DEFINITE:
                raise WorkflowException(f"removal of non-predicted child {child}", task_spec=task.task_spec)
            else:
                gone.append(child)
        for child in gone:
            task.workflow._remove_task(child.id)
    for spec in wanted:
        task._add_child(spec, state)


def predict(
    spec: Any, task: Task, seen: object = None, looked_ahead: int = 0, mask: int = TaskState.PREDICTED_MASK
) -> None:
    """Adds what may come behind a task. ``seen`` never holds anything back: the library compares tasks with specs."""
    if not foresees(task.workflow):
        return
    if task._state & mask:
        spec._predict_hook(task)
    if task._state & _DEFINITE or looked_ahead + 1 < spec.lookahead:
        tasks = task.workflow.tasks
        for child in [tasks[one] for one in task._children]:
            if child._state & mask:
                child.task_spec._predict(child, seen, looked_ahead + 1, mask)


def inherit(task: Task) -> None:
    """Takes over the data of the parent. Both share them, until one of them is asked for its own."""
    parent = task.workflow.tasks[task._parent]
    above, data = look(parent), look(task)
    if data is above or data == above:
        return
    if data:
        _library_inherit(task)
    else:
        share(parent, task)


_library_inherit = Task._inherit_data


def end_may_join(spec: Any, task: Task) -> bool:
    """Whether nothing but the end itself is unfinished in a process."""
    tasks, waiting = task.workflow.tasks, [task.workflow.task_tree]
    while waiting:
        here = waiting.pop()
        if here._state & _UNFINISHED and here is not task:
            return False
        if here._children and here.task_spec.name != spec.name:
            waiting += [tasks[one] for one in here._children]
    return True


def finish(spec: Any, task: Task) -> None:
    """Has those that follow a finished task look whether they may begin, then those of its process that wait."""
    if not spec.quiet_end:
        spec._on_complete_hook(task)
    workflow = task.workflow
    tasks = workflow.tasks
    for child in [tasks[one] for one in task._children]:
        if not child._state & _FINISHED:
            child.task_spec._update(child)
    workflow._task_completed_notify(task)


def update(spec: Any, task: Task) -> None:
    """Has a task look whether it may begin."""
    if task._state & _PREDICTED:
        spec._predict(task)
    if spec.quiet_update:
        task._inherit_data()
        task._ready()
    elif spec._update_hook(task):
        task._ready()


def ready(task: Task) -> None:
    """Lets a task be run, unless it is over."""
    if not task._state & _OVER:
        task._set_state(TaskState.READY)
        task.task_spec._on_ready(task)


def add_child(task: Task, task_spec: Any, state: int = TaskState.MAYBE) -> Task:
    """A new child of a task, by a spec."""
    if task._state & _PREDICTED and not state & _PREDICTED:
        raise WorkflowException("Attempt to add non-predicted child to predicted task", task_spec=task.task_spec)
    child = Task(task.workflow, task_spec, task, state=state)
    child.thread_id = task.thread_id
    if state == TaskState.READY:
        child._ready()
    return child


# --- Specs -----------------------------------------------------------------------------------------------------------


def keep_neighbours(specs: Iterable[Any]) -> None:
    """Looks up the neighbours of all specs of some processes once, and what their hooks do. Nothing is drawn in them
    now, and nobody begins to listen."""
    for process in specs:
        for spec in process.task_specs.values():
            _note_quiet(spec)
            spec.kept_inputs, spec.kept_outputs = _named(spec, spec._inputs), _named(spec, spec._outputs)


def tested(spec: Any, task: Task) -> None:
    """Runs the hooks of a spec when a task of it is ready; that it is drawn soundly is looked at once."""
    if "kept_sound" not in spec.__dict__:
        spec.test()
        if "kept_outputs" in spec.__dict__:
            spec.kept_sound = True
    for assignment in spec.pre_assign:
        assignment.assign(task, task)
    if not spec.quiet_ready:
        spec._on_ready_hook(task)


def _note_quiet(spec: Any) -> None:
    """Notes which hooks of a spec do nothing but tell the listeners of their event, of whom there are none, and, at an
    update, take over data: these are not asked."""
    facts, kind = spec.__dict__, type(spec)
    alone = not any(facts.get(name) for name in _BESIDE)
    spec.quiet_update = (
        alone and kind._update_hook in _UPDATES and facts.get("prescript") is None and _unheard(spec.update_event)
    )
    spec.quiet_ready = kind._on_ready_hook is TaskSpec._on_ready_hook and _unheard(spec.ready_event)
    spec.quiet_end = (
        alone and kind._on_complete_hook in _ENDS and facts.get("postscript") is None and _unheard(spec.completed_event)
    )


def _unheard(event: Any) -> bool:
    return event.hard_subscribers is None and event.weak_subscribers is None


_BESIDE = ("data_input_associations", "data_output_associations", "io_specification")
_UPDATES = frozenset({BpmnTaskSpec._update_hook, SpiffBpmnTask._update_hook})
_ENDS = frozenset({BpmnTaskSpec._on_complete_hook, SpiffBpmnTask._on_complete_hook})


def _named(spec: Any, names: Iterable[str]) -> list[Any]:
    return [spec._wf_spec.task_specs.get(name) for name in names]


def _inputs(spec: Any) -> list[Any]:
    kept = spec.__dict__.get("kept_inputs")
    return kept if kept is not None and len(kept) == len(spec._inputs) else _named(spec, spec._inputs)


def _outputs(spec: Any) -> list[Any]:
    kept = spec.__dict__.get("kept_outputs")
    return kept if kept is not None and len(kept) == len(spec._outputs) else _named(spec, spec._outputs)


# --- Data ------------------------------------------------------------------------------------------------------------


def deep_copy(value: Any) -> Any:
    """``copy.deepcopy`` of what is mostly JSON."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {key: one if type(one) in _ATOMS else deep_copy(one) for key, one in value.items()}
    if kind is list:
        return [one if type(one) in _ATOMS else deep_copy(one) for one in value]
    return deepcopy(value)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (Task, "__init__", begin),
    (Task, "_sync_children", sync_children),
    (Task, "_inherit_data", inherit),
    (Task, "_ready", ready),
    (Task, "_add_child", add_child),
    (TaskSpec, "_predict", predict),
    (TaskSpec, "_on_ready", tested),
    (TaskSpec, "_on_complete", finish),
    (TaskSpec, "_update", update),
    (TaskSpec, "inputs", TaskSpec.inputs.getter(_inputs)),
    (TaskSpec, "outputs", TaskSpec.outputs.getter(_outputs)),
    (_EndJoin, "_check_threshold_unstructured", end_may_join),
    (library_calls, "deepcopy", deep_copy),
    (library_instances, "deepcopy", deep_copy),
)
"""Owner in the library, name, what stands there instead."""
LIBRARY = tuple((owner, name, vars(owner)[name]) for owner, name, _ in REPLACED)
"""The same as the library has it: a test lets both run side by side."""
TaskSpec.quiet_update = TaskSpec.quiet_ready = TaskSpec.quiet_end = False  # of specs of which nothing was noted yet
for _owner, _name, _ours in REPLACED:
    setattr(_owner, _name, _ours)
