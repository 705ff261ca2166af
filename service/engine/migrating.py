"""Moving a running case to another version of its program: the same tokens, by the same ids, on the new drawing.

The stored state holds no spec. It is opened on the old version, where every name is known; what the new version no
longer draws is taken out (finished steps, watches, predictions), the rest gets its name there, and the result is
opened on the new version. Then the new events of open tasks are armed, each as of the moment at which its task was
entered. Nothing advances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.fitting import (
    LIVE,
    SPLIT,
    Misfit,
    Moves,
    behind_gateway,
    gateway_of,
    is_main,
    misfits,
    parts_of,
    renamed,
    rerouted,
    same_event,
    specs_of,
    split_of,
)
from service.engine.program import Program
from service.engine.prune import CAME_FROM, came_from
from service.engine.reviving import FIRED, armed_anew, keep_begun, revive
from service.engine.runtime import Landing, landed, waiting_timers
from service.engine.scripts import ScriptEngine
from service.engine.state import load, reopened
from service.engine.timers import moment_of
from service.engine.world import Context, by_rules, world
from service.errors import Conflict

SETTINGS = "settings"
_AHEAD = TaskState.PREDICTED_MASK | TaskState.FUTURE


class Unfit(Conflict):
    """The case cannot be moved: ``misfits`` says which of its tokens have no place in the new version."""

    def __init__(self, found: tuple[Misfit, ...]) -> None:
        super().__init__("；".join(dict.fromkeys(one.message for one in found)))
        self.misfits = found


@dataclass(frozen=True, slots=True)
class Change:
    """How a case is moved. ``mapping`` says which task takes the token of one that is gone; ``settings`` are what the
    diagram reads from now on; ``recount``: moments of waiting timers are computed anew, and those that have rung wait
    again where their new moment is to come; else they stay."""

    mapping: Moves = field(default_factory=dict)
    settings: Mapping[str, Any] | None = None
    recount: bool = False


def migrate(
    old: Program,
    new: Program,
    state: str,
    change: Change,
    armed: Callable[[datetime], Context],
    context: Context,
) -> Landing:
    """The case on ``new``, where it stood on ``old``. ``armed`` gives the context as of a past moment.

    Raises Unfit where a token has no place, EngineFailure where a new timer cannot be computed.
    """
    with world(context):
        workflow = load(old, state)
        if found := misfits(old, new, workflow, change.mapping):
            raise Unfit(found)
        waiting: set[str] = set()
        for part in [workflow, *workflow.subprocesses.values()]:
            waiting |= _transplant(part, new, change.mapping)
            if change.settings is not None:
                _renew(part, change.settings)
        workflow = reopened(new, workflow)
        for part in parts_of(workflow):
            _watch(workflow, part, new, armed, waiting)
        if change.recount:
            for task in waiting_timers(workflow):
                then = datetime.fromisoformat(task.internal_data["armed_at"])
                workflow.script_engine = ScriptEngine(new, armed(then))
                task._set_internal_data(event_value=moment_of(task).isoformat())
            if by_rules() > 4:
                revive(workflow, new, armed, context.now)
        workflow.script_engine = ScriptEngine(new, context)
        for part in parts_of(workflow):
            for task in list(part.tasks.values()):
                if task.has_state(LIVE) and task.id in part.tasks:
                    task.task_spec._predict(task, mask=TaskState.NOT_FINISHED_MASK)
        return landed(new, workflow, context)


# --- On the old version: out with what the new one does not draw ----------------------------------------------------


def _transplant(part: Any, new: Program, mapping: Moves) -> set[str]:
    """Gives ``part`` the specs of ``new``; the ids of the event gateways at which a token waits."""
    process, there = part.spec.name, specs_of(new, part.spec.name)
    if there is None:  # a called process that is over; nothing in it is looked at again
        return set()
    specs = there.task_specs
    routes = {} if part.completed else rerouted(part, there, mapping)
    waiting = _gateways(part, specs, mapping)
    for task in list(part.tasks.values()):
        if task.id in part.tasks and task.has_state(_AHEAD):
            part._remove_task(task.id)
    _reroute(part, specs, routes)
    for task in [one for one in part.tasks.values() if is_main(one)]:
        _fit_watches(part, task, specs, mapping)
    for task in list(part.tasks.values()):
        if task.id not in part.tasks or task.id in waiting:
            continue
        spec = specs.get(renamed(task.task_spec.name, process, mapping))
        if _other_event(task, spec):
            part._remove_task(task.id)
        elif spec is not None and (task.has_state(LIVE) or type(spec) is type(task.task_spec)):
            task.task_spec = spec
        elif task.has_state(LIVE):  # the end of a watch that is gone, an event of several
            part._remove_task(task.id)
        else:
            _let_go(part, task, specs)
    part.spec = there
    return waiting


def _gateways(part: Any, specs: Mapping[str, Any], mapping: Moves) -> set[str]:
    """Gives the event gateways at which tokens wait their place in the new version; their ids."""
    waiting = {task.parent.id: task for task in part.tasks.values() if task.has_state(LIVE) and behind_gateway(task)}
    found = {one: gateway_of(task, specs, mapping) for one, task in waiting.items()}
    for gateway, spec in found.items():
        part.tasks[gateway].task_spec = spec
    return set(found)


def _other_event(task: Task, spec: Any) -> bool:
    """Whether behind an event gateway ``spec`` is another event than the one that waits, or stands elsewhere."""
    if not (task.has_state(LIVE) and behind_gateway(task)):
        return False
    return spec is None or not same_event(task.task_spec, spec) or task.parent.task_spec not in spec.inputs


def _reroute(part: Any, specs: Mapping[str, Any], routes: Mapping[str, str | None]) -> None:
    """Lets tokens that wait at joins wait there by other ways; those whose branch is gone no longer wait."""
    for arrival, way in routes.items():
        task = part.tasks[arrival]
        if way is None:
            part._remove_task(arrival)
            continue
        _insert_above(part, task, specs[way], task.parent.data)


def _fit_watches(part: Any, task: Task, specs: Mapping[str, Any], mapping: Moves) -> None:
    """Leaves of the watches on an activity those that the new version draws too, and makes or drops their node."""
    process, split = part.spec.name, split_of(task)
    wanted = specs.get(renamed(task.task_spec.name, process, mapping) + SPLIT)
    kept = {spec.name for spec in wanted.outputs} if wanted is not None else set()
    if split is not None:
        for event in list(split.children):
            if event is task or not isinstance(event.task_spec, BoundaryEvent):
                continue
            name = renamed(event.task_spec.name, process, mapping)
            if name in kept and type(specs[name].event_definition) is type(event.task_spec.event_definition):
                continue
            if event.has_state(TaskState.FINISHED_MASK):
                fired = [*task.internal_data.get(FIRED, ()), event.task_spec.name]
                task._set_internal_data(**{FIRED: sorted(set(fired))})
                keep_begun(part, event, split)
            part._remove_task(event.id)
    if wanted is not None and split is None:
        _insert_above(part, task, wanted, task.data)
    elif wanted is None and split is not None:
        _splice(part, split)


def _insert_above(part: Any, task: Task, spec: Any, data: Mapping[str, Any]) -> None:
    above = task.parent
    made = Task(part, spec, above, state=TaskState.COMPLETED)
    made.last_state_change = task.last_state_change
    made.data = dict(data)
    above._children.remove(made.id)
    above._children[above._children.index(task.id)] = made.id
    made._children.append(task.id)
    task.parent = made


def _let_go(part: Any, task: Task, specs: Mapping[str, Any]) -> None:
    """A finished step that the new version does not draw: out of the tree, or, where ways parted there, nameless."""
    if task.parent is None or len(task._children) > 1 or task is part.last_task:
        task.task_spec = specs["Start"]
    elif not task._children:
        part._remove_task(task.id)
    else:
        _splice(part, task)


def _splice(part: Any, task: Task) -> None:
    above, below = task.parent, list(task._children)
    for child_id in below:
        child = part.tasks[child_id]
        if not child.has_state(TaskState.FINISHED_MASK) or not getattr(child.task_spec, "bpmn_id", None):
            child._set_internal_data(**{CAME_FROM: came_from(child)})
        child.parent = above
    place = above._children.index(task.id)
    above._children[place : place + 1] = below
    part.tasks.pop(task.id)


def _renew(part: Any, settings: Mapping[str, Any]) -> None:
    """The settings that the diagram reads are those of today, at every step that still counts."""
    for data in [part.data, *(task.data for task in part.tasks.values())]:
        if SETTINGS in data:
            data[SETTINGS] = dict(settings)


# --- On the new version: in with what only it draws -----------------------------------------------------------------


def _watch(
    workflow: BpmnWorkflow, part: Any, new: Program, armed: Callable[[datetime], Context], waiting: set[str]
) -> None:
    for task in [one for one in part.tasks.values() if is_main(one)]:
        if (split := split_of(task)) is not None:
            _arm(workflow, new, split, task, set(task.internal_data.get(FIRED, ())), armed)
    for gateway in [task for task in part.tasks.values() if task.id in waiting]:
        _arm(workflow, new, gateway, gateway, set(), armed)


def _arm(
    workflow: BpmnWorkflow,
    new: Program,
    above: Task,
    since: Task,
    fired: set[str],
    armed: Callable[[datetime], Context],
) -> None:
    """Arms the events of ``above`` that are not there yet, as of the moment at which ``since`` was entered."""
    there = {child.task_spec.name for child in above.children}
    for spec in above.task_spec.outputs:
        if spec.name not in there and spec.name not in fired and hasattr(spec, "event_definition"):
            armed_anew(workflow, new, above, since, spec, armed)
