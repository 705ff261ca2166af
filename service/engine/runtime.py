"""Running a program: start, complete, fire a timer, deliver a message, move a token, cancel.

Every call takes the stored state (a JSON text that holds no spec) and gives the new one. Nothing here asks the
machine for the time or for randomness: ``Context`` brings both, so that replay meets the same ids and moments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

import SpiffWorkflow.task as library_task
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service import ids
from service.engine.expressions import FUNCTIONS, ExpressionError, as_date, check_expression, evaluate
from service.engine.program import Program, _ArmedTimer, attached_to
from service.engine.prune import CAME_FROM, came_from, prune
from service.engine.state import dump, load
from service.errors import Conflict, Incident, NotFound

STEP_BUDGET = 2000
"""Engine steps that one input may take; a diagram that needs more is looping."""


class EngineFailure(Incident):
    """A diagram failed while it ran: an expression, an action, a loop."""


@dataclass(frozen=True, slots=True)
class Call:
    """A service action that a diagram calls; its result goes into the data as ``variable``."""

    name: str
    parameters: Mapping[str, Any]
    variable: str
    data: Mapping[str, Any]
    task: str
    scope: str


@dataclass(frozen=True, slots=True)
class Context:
    """What an advance may use of the world, all of it recorded or reproducible.

    ``seed`` is unique to the input (instance and sequence number): ids are derived from it. ``action`` runs a service
    action and gives its JSON value. ``opening`` is when office hours begin.
    """

    now: datetime
    seed: UUID
    functions: Mapping[str, Callable[..., Any]]
    action: Callable[[Call], Any]
    opening: time = time(9, 0)
    budget: int = STEP_BUDGET
    pruning: bool = True


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A user task that waits for a person. ``scope`` is '' at the top, else the id of the call it runs in."""

    id: str
    process: str
    task: str
    scope: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WaitingTimer:
    """An armed timer. ``task`` is the user task it watches (None for an intermediate event)."""

    id: str
    process: str
    event: str
    name: str
    fire_at: datetime
    task: str | None


@dataclass(frozen=True, slots=True)
class Passed:
    """A node that the token passed, and the node it came from, for the drawn trail."""

    process: str
    scope: str
    node: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Landing:
    """Where an advance came to rest."""

    state: str
    open_tasks: Mapping[str, OpenTask]
    timers: Mapping[str, WaitingTimer]
    waiting_messages: tuple[str, ...]
    passed: tuple[Passed, ...]
    completed: bool
    end: str | None
    data: Mapping[str, Any] = field(default_factory=dict)


# --- The calls -------------------------------------------------------------------------------------------------------


def start(program: Program, data: Mapping[str, Any], context: Context, event: str | None = None) -> Landing:
    """A new instance with ``data`` at its start: at the timer start event ``event``, or at the one without a timer.

    Raises NotFound when the diagram has no such start event.
    """
    with _world(context):
        workflow = BpmnWorkflow(program.spec, dict(program.subprocess_specs))
        workflow.script_engine = _ScriptEngine(program, context)
        begin = workflow.get_next_task(spec_name="Start") or workflow.task_tree
        _begin_at(workflow, begin, event, frozenset(one.event for one in program.timer_starts))
        begin.set_data(**_ordered(data))
        return _advance(program, workflow, context)


def _begin_at(workflow: BpmnWorkflow, begin: Task, event: str | None, timed: frozenset[str]) -> None:
    """Leaves of several start events the one that was named; a timer there counts as fired."""
    chosen = [
        child
        for child in begin.children
        if (child.task_spec.bpmn_id == event if event is not None else child.task_spec.bpmn_id not in timed)
    ]
    if not chosen:
        raise NotFound("该流程只能按图中的时间自动启动" if event is None else f"流程图里没有开始事件 {event}")
    for child in begin.children:
        if child not in chosen:
            workflow._remove_task(child.id)
        elif event is not None:
            child._set_internal_data(event_fired=True)


def complete(
    program: Program, state: str, task_id: str, data: Mapping[str, Any], drop: frozenset[str], context: Context
) -> Landing:
    """Completes the open user task ``task_id``: its fields ``drop`` leave the data, ``data`` enters.

    Raises Conflict when the task is not open.
    """
    with _running(program, state, context) as workflow:
        task = _open_task(workflow, task_id)
        for name in drop:
            task.data.pop(name, None)
        task.data.update(_ordered(data))
        trail = [_passed(task)]
        task.run()
        return _advance(program, workflow, context, trail)


def fire_timer(program: Program, state: str, timer_id: str, context: Context) -> Landing:
    """Lets the waiting timer ``timer_id`` fire. Raises Conflict when it no longer waits."""
    with _running(program, state, context) as workflow:
        task = _find(workflow, timer_id)
        if task is None or task.state != TaskState.WAITING or not isinstance(task.task_spec, CatchingEvent):
            raise Conflict("该定时已经取消或触发过")
        task._set_internal_data(event_fired=True)
        task.task_spec._update(task)
        return _advance(program, workflow, context)


def deliver(program: Program, state: str, message: str, payload: Mapping[str, Any], context: Context) -> Landing:
    """Delivers ``message``. Raises Conflict when nothing waits for it."""
    with _running(program, state, context) as workflow:
        waiting = [event for event in _waiting_messages(workflow) if event.name == message]
        if not waiting:
            raise Conflict(f"当前没有步骤在等待消息「{message}」")
        workflow.send_event(BpmnEvent(waiting[0], _ordered(payload)))
        return _advance(program, workflow, context)


def cancel(program: Program, state: str, context: Context) -> Landing:
    """Ends the instance where it stands; nothing more will happen in it."""
    with _running(program, state, context) as workflow:
        workflow.cancel()
        return _landing(program, workflow, context, [])


def move(program: Program, state: str, task_id: str, target: str, context: Context) -> Landing:
    """Moves the token of the open task ``task_id`` back to the user task ``target`` of the same scope (退回).

    The token takes along the data that it has now. Whether the move is sound (no parallel split in between) is for the
    caller to check on the graph.
    """
    with _running(program, state, context) as workflow:
        task = _open_task(workflow, task_id)
        specs = task.workflow.spec.task_specs
        spec = specs.get(f"{target}.BoundaryEventSplit") or specs.get(target)
        if spec is None:
            raise NotFound(f"本流程里没有步骤 {target}")
        split = task.parent if isinstance(task.parent.task_spec, BoundaryEventSplit) else None
        anchor = split.parent if split is not None else task.parent
        _withdraw(task)
        child = anchor._add_child(spec, TaskState.FUTURE)
        child._set_internal_data(**{CAME_FROM: task.task_spec.bpmn_id})
        child.task_spec._predict(child, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
        child.task_spec._update(child)
        child.data = _ordered(task.data)  # what stands above may be long past: the steps between have been pruned
        return _advance(program, workflow, context)


def _withdraw(task: Task) -> None:
    """Takes the token from an open task. What still watches it ends with it; what a watch has begun (a circular that
    waits for its approval) goes on."""
    task.cancel()
    if not isinstance(task.parent.task_spec, BoundaryEventSplit):
        return
    for watch in task.parent.children:
        if not watch.has_state(TaskState.FINISHED_MASK):
            watch.cancel()
            continue
        for after in watch.children:
            if isinstance(after.task_spec, BoundaryEventJoin):
                after.cancel()  # it would take the cancelled task for a finished one


def recompute(program: Program, state: str, armed: Callable[[datetime], Context], context: Context) -> Landing:
    """Computes the moments of all waiting timers anew, each as of the time it was armed (a calendar has changed).

    ``armed`` gives the context as of a past moment, with the new calendar.
    """
    with _running(program, state, context) as workflow:
        for task in _waiting_timers(workflow):
            then = datetime.fromisoformat(task.internal_data["armed_at"])
            workflow.script_engine = _ScriptEngine(program, armed(then))
            moment = task.task_spec.event_definition.moment(task)
            task._set_internal_data(event_value=moment.isoformat())
        workflow.script_engine = _ScriptEngine(program, context)
        return _landing(program, workflow, context, [])


def inspect(program: Program, state: str, context: Context) -> Landing:
    """What is open in ``state``, without advancing it."""
    with _running(program, state, context) as workflow:
        return _landing(program, workflow, context, [])


# --- Advancing -------------------------------------------------------------------------------------------------------


@contextmanager
def _running(program: Program, state: str, context: Context) -> Iterator[BpmnWorkflow]:
    with _world(context):
        workflow = load(program, state)
        workflow.script_engine = _ScriptEngine(program, context)
        yield workflow


def _advance(program: Program, workflow: BpmnWorkflow, context: Context, trail: list[Passed] | None = None) -> Landing:
    passed = trail if trail is not None else []
    steps = 0

    def count(_task: Task) -> None:
        nonlocal steps
        steps += 1
        if steps > context.budget:
            raise EngineFailure(f"流程图在一次推进中超过 {context.budget} 步仍未停下，可能存在没有等待的循环")

    def note(task: Task) -> None:
        if getattr(task.task_spec, "bpmn_id", None):
            passed.append(_passed(task))

    workflow.do_engine_steps(will_complete_task=count, did_complete_task=note)
    return _landing(program, workflow, context, passed)


def _landing(program: Program, workflow: BpmnWorkflow, context: Context, passed: list[Passed]) -> Landing:
    if context.pruning:
        prune(workflow)
    open_tasks = {}
    for task in _manual_tasks(workflow):
        opened = OpenTask(
            id=task.id,
            process=task.workflow.spec.name,
            task=task.task_spec.bpmn_id,
            scope=_scope(task),
            data=json.loads(json.dumps(task.data)),
        )
        open_tasks[opened.id] = opened
    timers = {}
    if not workflow.completed:
        for task in _waiting_timers(workflow):
            watched = attached_to(task)
            timers[task.id] = WaitingTimer(
                id=task.id,
                process=task.workflow.spec.name,
                event=task.task_spec.bpmn_id,
                name=task.task_spec.bpmn_name or task.task_spec.bpmn_id,
                fire_at=datetime.fromisoformat(task.internal_data["event_value"]),
                task=watched.id if watched is not None else None,
            )
    ends = [
        step.node for step in passed if not step.scope and isinstance(program.spec.task_specs.get(step.node), EndEvent)
    ]
    return Landing(
        state=dump(workflow),
        open_tasks=open_tasks,
        timers=timers,
        waiting_messages=tuple(event.name for event in _waiting_messages(workflow)),
        passed=tuple(passed),
        completed=bool(workflow.completed),
        end=ends[-1] if ends else None,
        data=json.loads(json.dumps(workflow.data)) if workflow.completed else {},
    )


def _passed(task: Task) -> Passed:
    return Passed(
        process=task.workflow.spec.name,
        scope=_scope(task),
        node=task.task_spec.bpmn_id,
        source=came_from(task),
    )


def _scope(task: Task) -> str:
    return str(task.workflow.parent_task_id) if isinstance(task.workflow, BpmnSubWorkflow) else ""


def _workflows(workflow: BpmnWorkflow) -> Iterator[Any]:
    yield workflow
    yield from list(workflow.subprocesses.values())


def _manual_tasks(workflow: BpmnWorkflow) -> Iterator[Task]:
    if workflow.completed:
        return
    for part in _workflows(workflow):
        for task in part.tasks.values():
            if task.state == TaskState.READY and task.task_spec.manual:
                yield task


def _waiting_timers(workflow: BpmnWorkflow) -> Iterator[Task]:
    for part in _workflows(workflow):
        for task in list(part.tasks.values()):
            if task.state == TaskState.WAITING and isinstance(
                getattr(task.task_spec, "event_definition", None), _ArmedTimer
            ):
                yield task


def _waiting_messages(workflow: BpmnWorkflow) -> list[MessageEventDefinition]:
    return [
        task.task_spec.event_definition
        for part in _workflows(workflow)
        for task in part.tasks.values()
        if task.state == TaskState.WAITING
        and isinstance(getattr(task.task_spec, "event_definition", None), MessageEventDefinition)
    ]


def _find(workflow: BpmnWorkflow, task_id: str) -> Task | None:
    wanted = str(UUID(task_id))  # however the caller spells it
    for part in _workflows(workflow):
        if wanted in part.tasks:
            return part.tasks[wanted]
    return None


def _open_task(workflow: BpmnWorkflow, task_id: str) -> Task:
    task = _find(workflow, task_id)
    if task is None or task.state != TaskState.READY or not task.task_spec.manual:
        raise Conflict("该任务已经完成或取消")
    return task


# --- Expressions and actions -----------------------------------------------------------------------------------------


class _Environment(BasePythonScriptEngineEnvironment):
    def __init__(self, context: Context) -> None:
        super().__init__({})
        self.context = context
        self.now = context.now
        self.opening = context.opening

    def evaluate(self, expression: str, context: Mapping[str, Any], external_context: Any = None) -> Any:
        return evaluate(expression, {**context, **(external_context or {})}, self.context.functions)

    def execute(self, script: str, context: Any, external_context: Any = None) -> Any:
        raise ExpressionError("流程图里不允许脚本")

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        raise ExpressionError("服务动作只能由引擎调用")


class _ScriptEngine(PythonScriptEngine):
    def __init__(self, program: Program, context: Context) -> None:
        super().__init__(_Environment(context))
        self.program = program
        self.context = context

    def validate(self, expression: str) -> None:
        problems = check_expression(expression, None, FUNCTIONS | {"dmninputexpr"})
        if problems:  # the library takes SyntaxError to mean «try it as the right side of a comparison»
            raise SyntaxError("；".join(problems))

    def call_service(self, task: Task, **kwargs: Any) -> str:
        parameters = {name: value["value"] for name, value in kwargs["operation_params"].items()}
        result = self.context.action(
            Call(
                name=kwargs["operation_name"],
                parameters=parameters,
                variable=task.task_spec.result_variable,
                data=dict(task.data),
                task=task.task_spec.bpmn_id,
                scope=_scope(task),
            )
        )
        for output in self.program.collections.get(task.task_spec.result_variable, ()):
            task.data.pop(output, None)  # a new round opens: what the last one collected is in the journal
        return json.dumps(result, sort_keys=True)

    def due_of(self, task: Task | None) -> str | None:
        """The due date (ISO) that the diagram gives the user task, for the timers attached to it."""
        if task is None:
            return None
        expression = getattr(task.task_spec, "extensions", {}).get("properties", {}).get("due")
        day = as_date(self.evaluate(task.parent, expression)) if expression else None
        return day.isoformat() if day else None


# --- Determinism and state -------------------------------------------------------------------------------------------


class _World:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.made = 0

    def next_id(self) -> str:
        self.made += 1
        return str(ids.derive(self.context.seed, str(self.made)))


_current: ContextVar[_World | None] = ContextVar("engine_world", default=None)


@contextmanager
def _world(context: Context) -> Iterator[None]:
    token = _current.set(_World(context))
    try:
        yield
    except ExpressionError as error:
        raise EngineFailure(str(error)) from error
    except WorkflowTaskException as error:
        cause = error.__cause__ or error.__context__
        raise EngineFailure(f"流程图执行失败：{cause if isinstance(cause, ExpressionError) else error}") from error
    except (SpiffWorkflowException, ValidationException) as error:
        raise EngineFailure(f"流程图执行失败：{error}") from error
    finally:
        _current.reset(token)


def _ordered(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose keys stand in one order: a database gives JSON back in an order of its own."""
    copy: dict[str, Any] = json.loads(json.dumps(dict(data), sort_keys=True))
    return copy


def _next_id() -> str:
    world = _current.get()
    return world.next_id() if world is not None else str(ids.new())


class _Time:
    """Stands for the module ``time`` within the library's task module."""

    @staticmethod
    def time() -> float:
        world = _current.get()
        return world.context.now.timestamp() if world is not None else 0.0


library_task.uuid4 = _next_id
library_task.time = _Time  # it uses nothing but time.time()
