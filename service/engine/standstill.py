"""Where a case stands that nobody can move: nothing open, no timer armed, no end. And the way back from there.

A gateway that waits for a branch that never comes, a message that nobody sends: the drawing has a hole, and the token
lies in it until a person puts it back to an earlier step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.fitting import SPLIT, parts_of
from service.engine.lying import live_of, lying
from service.engine.program import Program, ways_back
from service.engine.prune import CAME_FROM
from service.engine.runtime import Landing, advanced, running, waiting_timers
from service.engine.specs import JOINED, Join
from service.engine.state import load
from service.engine.world import Context, ordered
from service.errors import Conflict, NotFound

JOIN, MESSAGE, CALL, OTHER = "join", "message", "call", "other"
"""The kinds of what holds a token: a gateway that joins branches, a message, a called process, anything else."""

NOT_STILL = "该事项不是无法继续的状态，可能已有人处理，请刷新页面"


@dataclass(frozen=True, slots=True)
class Held:
    """A node that holds a token: of which ``process``, in which ``scope`` ('' for the case itself), and why (``kind``).
    ``message`` is the name of what it waits for."""

    process: str
    scope: str
    node: str
    kind: str
    message: str = ""


def held(program: Program, state: str) -> tuple[Held, ...]:
    """All that holds a token in ``state``, the innermost scopes first, each node of a scope once."""
    workflow = load(program, state)
    found: dict[Held, None] = {}
    for part in reversed(parts_of(workflow)):
        for task in live_of(part):
            if node := getattr(task.task_spec, "bpmn_id", None):
                found.setdefault(_held(part, _scope(workflow, part), task, node))
    return tuple(found)


def lying_in(program: Program, state: str) -> tuple[Held, ...]:
    """As ``held``, of the tokens that lie for ever, whether or not others can move."""
    workflow = load(program, state)
    found = [_held(part, _scope(workflow, part), task, task.task_spec.bpmn_id) for part, task in lying(workflow)]
    return tuple(dict.fromkeys(found))


def ways_back_of(program: Program, process: str, node: str) -> tuple[str, ...]:
    """The user tasks before a node, on ways without splits."""
    part = program.spec if process == program.spec.name else program.subprocess_specs[process]
    spec = part.task_specs.get(node)
    return ways_back(spec) if spec is not None else ()


def _held(part: Any, scope: str, task: Task, node: str) -> Held:
    spec, message = task.task_spec, ""
    event = getattr(spec, "event_definition", None)
    if isinstance(spec, SubWorkflowTask | LoopTask):
        kind = CALL
    elif isinstance(spec, Join):
        kind = JOIN
    elif isinstance(event, MessageEventDefinition):
        kind, message = MESSAGE, str(event.name)
    else:
        kind = OTHER
    return Held(part.spec.name, scope, node, kind, message)


def put_back(program: Program, state: str, scope: str, target: str, context: Context) -> Landing:
    """Takes all tokens of the process in ``scope`` from where they lie and puts one at its user task ``target``.

    Where others of the case can move, those that lie for ever are all. It takes along the data of the token that came
    last. Raises Conflict where nothing there stands still, NotFound where the process has no such step.
    """
    with running(program, state, context) as workflow:
        part = _part(workflow, scope)
        still = [one for where, one in lying(workflow) if where is part] if _moves(workflow) else live_of(part)
        if not still:
            raise Conflict(NOT_STILL)
        specs = part.spec.task_specs
        spec = specs.get(f"{target}{SPLIT}") or specs.get(target)
        if spec is None or (part.spec.name, target) not in program.user_tasks:
            raise NotFound(f"本流程里没有步骤 {target}")
        ids = {task.id for task in still}
        last = max((one for one in still if one.parent.id not in ids), key=lambda one: one.last_state_change)
        anchor = last.parent.parent if isinstance(last.parent.task_spec, BoundaryEventSplit) else last.parent
        waits = context.rules > 3 and isinstance(last.task_spec, Join)  # data come to a join when it goes on
        data, source = ordered((last.parent if waits else last).data), last.task_spec.bpmn_id
        for task in still:
            task.cancel()
            if isinstance(task.task_spec, Join):  # it must not count among the arrivals of the next round
                task._set_internal_data(**{JOINED: str(task.id)})
        child = anchor._add_child(spec, TaskState.FUTURE)
        child._set_internal_data(**{CAME_FROM: source})
        child.task_spec._predict(child, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
        child.task_spec._update(child)
        child.data = data
        return advanced(program, workflow, context)


def _part(workflow: BpmnWorkflow, scope: str) -> Any:
    part = workflow.subprocesses.get(scope) if scope else workflow
    if part is None or part.completed:
        raise Conflict(NOT_STILL)
    return part


def _scope(workflow: BpmnWorkflow, part: Any) -> str:
    return "" if part is workflow else str(part.parent_task_id)


def _moves(workflow: BpmnWorkflow) -> bool:
    """Whether a person or a timer can still move the case."""
    manual = (
        task.state == TaskState.READY and task.task_spec.manual
        for part in parts_of(workflow)
        for task in part.tasks.values()
    )
    return any(manual) or next(waiting_timers(workflow), None) is not None
