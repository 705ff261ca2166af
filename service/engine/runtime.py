"""Running a program: start, complete, fire a timer, deliver a message, move a token, cancel.

Every call takes the stored state (a JSON text that holds no spec) and gives the new one. Nothing here asks the
machine for the time or for randomness: ``Context`` brings both, so that replay meets the same ids and moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.ahead import grow
from service.engine.data import look
from service.engine.lying import lying
from service.engine.program import Program
from service.engine.prune import CAME_FROM, came_from, prune
from service.engine.reviving import revive
from service.engine.scripts import ScriptEngine, scope_of
from service.engine.specs import EventGateway
from service.engine.state import at_work, dump, going_on, kept_live, load
from service.engine.timers import ArmedTimer, attached_to, moment_of, stand
from service.engine.walking import refresh_timers, run_ready
from service.engine.world import Context, EngineFailure, all_decided, copied, ordered, world
from service.errors import Conflict, NotFound


@dataclass(slots=True)  # not frozen: that takes thrice as long, and each step makes some
class OpenTask:
    """A user task that waits for a person. ``scope`` is '' at the top, else the id of the call it runs in."""

    id: str
    process: str
    task: str
    scope: str
    data: Mapping[str, Any]


@dataclass(slots=True)  # not frozen: that takes thrice as long, and each step makes some
class WaitingTimer:
    """An armed timer. ``task`` is the user task it watches (None for an intermediate event)."""

    id: str
    process: str
    event: str
    name: str
    fire_at: datetime
    task: str | None


class Passed(NamedTuple):
    """A node that the token passed, and the node it came from, for the drawn trail."""

    process: str
    scope: str
    node: str
    source: str | None


@dataclass(slots=True)  # not frozen: that takes thrice as long, and each step makes some
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
    decided: tuple[tuple[str, str], ...] = ()
    """(decision table, rule) of each rule that answered on the way."""
    lying: bool = False
    """Whether a token lies for ever (``engine.lying``)."""


# --- The calls -------------------------------------------------------------------------------------------------------


def start(program: Program, data: Mapping[str, Any], context: Context, event: str | None = None) -> Landing:
    """A new instance with ``data`` at its start: at the timer start event ``event``, or at the one without a timer.

    Raises NotFound when the diagram has no such start event.
    """
    with world(context):
        workflow = BpmnWorkflow(program.spec, dict(program.subprocess_specs))
        with at_work(workflow):
            workflow.script_engine = ScriptEngine(program, context)
            begin = workflow.get_next_task(spec_name="Start") or workflow.task_tree
            grow(begin)
            _begin_at(workflow, begin, event, frozenset(one.event for one in program.timer_starts))
            begin.set_data(**ordered(data))
            return advanced(program, workflow, context)


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
    with running(program, state, context) as workflow:
        task = _open_task(workflow, task_id)
        for name in drop:
            task.data.pop(name, None)
        task.data.update(ordered(data))
        trail = [_passed(task)]
        task.run()
        return advanced(program, workflow, context, trail)


def fire_timer(program: Program, state: str, timer_id: str, context: Context) -> Landing:
    """Lets the waiting timer ``timer_id`` fire. Raises Conflict when it no longer waits."""
    with running(program, state, context) as workflow:
        task = _find(workflow, timer_id)
        if task is None or task.state != TaskState.WAITING or not isinstance(task.task_spec, CatchingEvent):
            raise Conflict("该定时已经取消或触发过")
        task._set_internal_data(event_fired=True)
        task.task_spec._update(task)
        return advanced(program, workflow, context)


def deliver(program: Program, state: str, message: str, payload: Mapping[str, Any], context: Context) -> Landing:
    """Delivers ``message``. Raises Conflict when nothing waits for it."""
    with running(program, state, context) as workflow:
        waiting = [event for event in _waiting_messages(workflow) if event.name == message]
        if not waiting:
            raise Conflict(f"当前没有步骤在等待消息「{message}」")
        workflow.send_event(BpmnEvent(waiting[0], ordered(payload)))
        return advanced(program, workflow, context)


def cancel(program: Program, state: str, context: Context) -> Landing:
    """Ends the instance where it stands; nothing more will happen in it."""
    with running(program, state, context) as workflow:
        workflow.cancel()
        return _landing(program, workflow, context, [])


def move(program: Program, state: str, task_id: str, target: str, context: Context) -> Landing:
    """Moves the token of the open task ``task_id`` back to the user task ``target`` of the same scope (退回).

    The token takes along the data that it has now. Whether the move is sound (no parallel split in between) is for the
    caller to check on the graph.
    """
    with running(program, state, context) as workflow:
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
        child.data = ordered(task.data)  # what stands above may be long past: the steps between have been pruned
        return advanced(program, workflow, context)


def _withdraw(task: Task) -> None:
    """Takes the token from an open task. A watch on it ends with it; what a watch has begun (a circular that
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


def recompute(
    program: Program,
    state: str,
    armed: Callable[[datetime], Context],
    context: Context,
    stood: tuple[str, str] | None = None,
) -> Landing:
    """Computes the moments of all waiting timers anew, each as of the time it was armed (a calendar has changed).

    Timers that rang wait again where their new moment is to come. ``armed`` gives the context as of a past moment, with
    the new calendar. ``stood``: the days (ISO) between which the case stood still; the timers move by them.
    """
    with running(program, state, context) as workflow:
        for task in waiting_timers(workflow):
            then = datetime.fromisoformat(task.internal_data["armed_at"])
            workflow.script_engine = ScriptEngine(program, armed(then))
            if stood is not None:
                stand(task, *stood)
            task._set_internal_data(event_value=moment_of(task).isoformat())
        again = revive(workflow, program, armed, context.now) if context.rules > 5 else []
        workflow.script_engine = ScriptEngine(program, context)
        for event in again:
            event.task_spec._predict(event, mask=TaskState.NOT_FINISHED_MASK)
        return _landing(program, workflow, context, [])


def wake(program: Program, state: str, context: Context) -> Landing:
    """Lets what older rules left waiting for ever go on by today's. Raises Conflict when nothing was."""
    with running(program, state, context) as workflow:
        if not _waiting_gateways(workflow):
            raise Conflict("没有需要唤醒的步骤")
        return advanced(program, workflow, context)


def sleeps(program: Program, state: str) -> bool:
    """Whether something in ``state`` waits for ever by older rules."""
    return bool(_waiting_gateways(load(program, state)))


def inspect(program: Program, state: str, context: Context) -> Landing:
    """Lists everything open in ``state``, without advancing it."""
    with running(program, state, context) as workflow:
        return _landing(program, workflow, context, [])


# --- Advancing -------------------------------------------------------------------------------------------------------


@contextmanager
def running(program: Program, state: str, context: Context) -> Iterator[BpmnWorkflow]:
    with world(context):
        with at_work(going_on(program, state)) as workflow:
            workflow.script_engine = ScriptEngine(program, context)
            yield workflow


def advanced(program: Program, workflow: BpmnWorkflow, context: Context, trail: list[Passed] | None = None) -> Landing:
    passed = trail if trail is not None else []
    steps = 0
    for gateway in _waiting_gateways(workflow):
        gateway.task_spec._update(gateway)

    def count(_task: Task) -> None:
        nonlocal steps
        steps += 1
        if steps > context.budget:
            raise EngineFailure(f"流程图在一次推进中超过 {context.budget} 步仍未停下，可能存在没有等待的循环")

    def note(task: Task) -> None:
        if getattr(task.task_spec, "bpmn_id", None):
            passed.append(_passed(task))

    while run_ready(workflow, count, note):
        pass
    refresh_timers(workflow)
    return _landing(program, workflow, context, passed)


def landed(program: Program, workflow: BpmnWorkflow, context: Context) -> Landing:
    """Where ``workflow`` stands, without a step having been taken."""
    return _landing(program, workflow, context, [])


def _landing(program: Program, workflow: BpmnWorkflow, context: Context, passed: list[Passed]) -> Landing:
    if context.pruning:
        prune(workflow)
    open_tasks, timers, messages = {}, {}, []
    for task in _waiting_for_others(workflow):
        definition = getattr(task.task_spec, "event_definition", None)
        if task._state == TaskState.WAITING and isinstance(definition, MessageEventDefinition):
            messages.append(definition.name)
        elif workflow.completed:
            continue
        elif task._state == TaskState.READY and task.task_spec.manual:
            open_tasks[task.id] = OpenTask(
                id=task.id,
                process=task.workflow.spec.name,
                task=task.task_spec.bpmn_id,
                scope=scope_of(task),
                data=copied(look(task)),
            )
        elif task._state == TaskState.WAITING and isinstance(definition, ArmedTimer):
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
        state=kept_live(program, workflow) if context.live else dump(workflow, in_memory=context.in_memory),
        open_tasks=open_tasks,
        timers=timers,
        waiting_messages=tuple(messages),
        passed=tuple(passed),
        completed=bool(workflow.completed),
        end=ends[-1] if ends else None,
        data=copied(workflow.data) if workflow.completed else {},
        decided=all_decided(),
        lying=bool(lying(workflow)),
    )


def _passed(task: Task) -> Passed:
    return Passed(task.workflow.spec.name, scope_of(task), task.task_spec.bpmn_id, came_from(task))


def _workflows(workflow: BpmnWorkflow) -> Iterator[Any]:
    yield workflow
    yield from list(workflow.subprocesses.values())


def _waiting_for_others(workflow: BpmnWorkflow) -> list[Task]:
    """The tasks that wait for a person, a timer or a message, process by process: few among those predicted."""
    held = TaskState.READY | TaskState.WAITING
    return [task for part in _workflows(workflow) for task in part.tasks.values() if task._state & held]


def waiting_timers(workflow: BpmnWorkflow) -> Iterator[Task]:
    """The armed timers of a case and of what it calls."""
    for part in _workflows(workflow):
        for task in list(part.tasks.values()):
            if task.state == TaskState.WAITING and isinstance(
                getattr(task.task_spec, "event_definition", None), ArmedTimer
            ):
                yield task


def _waiting_gateways(workflow: BpmnWorkflow) -> list[Task]:
    """Event gateways that older rules left waiting for ever; by today's they pass the token on to their events."""
    return [
        task
        for part in _workflows(workflow)
        for task in part.tasks.values()
        if task._state == TaskState.WAITING and isinstance(task.task_spec, EventGateway)
    ]


def _waiting_messages(workflow: BpmnWorkflow) -> list[MessageEventDefinition]:
    return [
        task.task_spec.event_definition
        for part in _workflows(workflow)
        for task in part.tasks.values()
        if task._state == TaskState.WAITING
        and isinstance(getattr(task.task_spec, "event_definition", None), MessageEventDefinition)
    ]


def _find(workflow: BpmnWorkflow, task_id: str) -> Task | None:
    found: Task | None = None
    for part in _workflows(workflow):
        if (found := part.tasks.get(task_id)) is not None:
            return found
    spelled = str(UUID(task_id))  # however the caller spells it
    return _find(workflow, spelled) if spelled != task_id else None


def _open_task(workflow: BpmnWorkflow, task_id: str) -> Task:
    task = _find(workflow, task_id)
    if task is None or task.state != TaskState.READY or not task.task_spec.manual:
        raise Conflict("该任务已经完成或取消")
    return task
