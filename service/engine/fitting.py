"""Whether the tokens of a running case have a place in another version of its program, and whether they get on there.

Every name in the state is looked up before anything is moved: the library takes a name that a version does not have
for a start. Each finding is said of an element of the drawing, in words for staff.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask, MultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.specs.defaults import UserTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service.engine.flowing import Place, faults_of
from service.engine.program import Program
from service.engine.specs import EventGateway, Join
from service.engine.timers import ArmedTimer

Moves = Mapping[tuple[str, str], str]
"""(process, element) of the old version → the element of the new one that takes its token."""

SPLIT, WATCH_END, INSTANCE = ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]"
LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


@dataclass(frozen=True, slots=True)
class Misfit:
    """A token without a place. ``why`` is ``removed``, ``moved_in`` (into a called process), ``changed`` (its kind),
    ``instances`` (the shape of a multi-instance), ``called`` (another process), ``stuck`` or ``twice``; ``message``
    says so in Chinese. ``mappable``: naming a task of the new version for it would help."""

    process: str
    node: str
    name: str
    why: str
    message: str
    mappable: bool = False


def renamed(name: str, process: str, mapping: Moves) -> str:
    """The name of a spec in the new version: that of its element, mapped, with what the library has added to it."""
    for suffix in (SPLIT, WATCH_END, INSTANCE):
        if name.endswith(suffix):
            base = name.removesuffix(suffix)
            return mapping.get((process, base), base) + suffix
    return mapping.get((process, name), name)


def specs_of(program: Program, process: str) -> Any:
    """The specs of a process of a program; None where it has no such process."""
    return program.spec if process == program.key else program.subprocess_specs.get(process)


def parts_of(workflow: BpmnWorkflow) -> list[Any]:
    """The case itself and the called processes that run in it."""
    return [part for part in [workflow, *workflow.subprocesses.values()] if not part.completed]


def misfits(old: Program, new: Program, workflow: BpmnWorkflow, mapping: Moves) -> tuple[Misfit, ...]:
    """The tokens of ``workflow`` (loaded on ``old``) that have no place in ``new``; none: it can be moved."""
    found: dict[tuple[str, str, str], Misfit] = {}
    for part in parts_of(workflow):
        for one in _of_part(old, new, part, mapping):
            found.setdefault((one.process, one.node, one.why), one)
    if not found:
        for part in parts_of(workflow):
            for one in _ways_on(new, part, mapping):
                found.setdefault((one.process, one.node, one.why), one)
    return tuple(found.values())


def _of_part(old: Program, new: Program, part: Any, mapping: Moves) -> Iterator[Misfit]:
    process = part.spec.name
    specs = specs_of(new, process)
    if specs is None:
        yield Misfit(process, process, process, "called", f"新版不再调用流程「{_title(old, process)}」")
        return
    for task in part.tasks.values():
        if task.has_state(LIVE):
            misfit = _of_task(old, new, part, task, specs.task_specs, mapping)
            if misfit is not None:
                yield misfit


def _of_task(
    old: Program, new: Program, part: Any, task: Task, specs: Mapping[str, Any], mapping: Moves
) -> Misfit | None:
    spec, process = task.task_spec, part.spec.name
    node = getattr(spec, "bpmn_id", None)
    if not node or spec.name.endswith((SPLIT, WATCH_END)) or isinstance(spec, BoundaryEvent):
        return None  # what watches a task, and what the library adds: it comes and goes with the task
    if spec.name.endswith(INSTANCE):
        node = spec.name.removesuffix(INSTANCE)
    there, name = specs.get(renamed(spec.name, process, mapping)), old.names.get((process, node), node)

    def misfit(why: str, words: str) -> Misfit:
        return Misfit(process, node, name, why, words, mappable=isinstance(spec, UserTask))

    if there is None:
        if isinstance(spec, CatchingEvent) and _one_of_several(task, specs, process, mapping):
            return None
        inside = [key for key, one in new.names.items() if key[1] == node and key[0] != process]
        if inside:
            return misfit("moved_in", f"「{name}」在新版中移到了「{_title(new, inside[0][0])}」里")
        return misfit("removed", f"新版没有「{name}」")
    if isinstance(spec, UserTask):
        return None if isinstance(there, UserTask) else misfit("changed", f"「{name}」在新版中不再由人办理，或改成多份")
    if type(there) is not type(spec):
        return misfit("changed", f"「{name}」在新版中换了种类")
    if isinstance(spec, LoopTask) and _shape(spec) != _shape(there):
        return misfit("instances", f"「{name}」的多份办理方式在新版中改变了")
    if isinstance(spec, SubWorkflowTask) and there.spec != spec.spec:
        return misfit("called", f"「{name}」在新版中调用另一个流程")
    if isinstance(spec, CatchingEvent) and not _same_event(spec, there):
        return misfit("changed", f"「{name}」在新版中等待另一种事件")
    return None


def _one_of_several(task: Task, specs: Mapping[str, Any], process: str, mapping: Moves) -> bool:
    """Whether another event behind the same gateway still waits in the new version."""
    gateway = task.parent
    if gateway is None or not isinstance(gateway.task_spec, EventGateway):
        return False
    names = [renamed(one.task_spec.name, process, mapping) for one in gateway.children if one.has_state(LIVE)]
    return any(name in specs for name in names)


def _same_event(spec: Any, there: Any) -> bool:
    here, other = spec.event_definition, there.event_definition
    if isinstance(here, ArmedTimer):
        return isinstance(other, ArmedTimer)
    if isinstance(here, MessageEventDefinition):
        return isinstance(other, MessageEventDefinition) and here.name == other.name
    return type(here) is type(other)


def _shape(spec: Any) -> tuple[object, ...]:
    if not isinstance(spec, MultiInstanceTask):
        return (type(spec),)
    named = (spec.data_input, spec.data_output, spec.input_item, spec.output_item)
    return (type(spec), *(one.bpmn_id if one is not None else None for one in named))


def _title(program: Program, process: str) -> str:
    specs = specs_of(program, process)
    return str(getattr(specs, "description", None) or process)


# --- Whether they get on there --------------------------------------------------------------------------------------


def _ways_on(new: Program, part: Any, mapping: Moves) -> Iterator[Misfit]:
    """Tokens that in the new version would wait for one another for ever, or do a step twice, and did not before."""
    process = part.spec.name
    before = tuple(sorted(_places(part, {})))
    after = tuple(sorted(_places(part, mapping)))
    if len(before) < 1:
        return
    found = faults_of(specs_of(new, process), after)
    if found and faults_of(part.spec, before):
        return  # it was no better before
    for why, node in found:
        name = new.names.get((process, node), node)
        words = {
            "stuck": f"迁移后「{name}」会一直等不到其余分支：并行的分支在新版中改了",
            "twice": f"迁移后「{name}」会重复出现：原来并行的环节在新版中先后办理",
        }
        yield Misfit(process, node, name, why, words[why])


def _places(part: Any, mapping: Moves) -> Iterator[Place]:
    """Where tokens stand: (element, '') at a step, (join, the way in by which it came) before a join."""
    process = part.spec.name
    seen: set[str] = set()
    for task in part.tasks.values():
        spec = task.task_spec
        if not task.has_state(LIVE) or not getattr(spec, "bpmn_id", None):
            continue
        if isinstance(spec, BoundaryEvent) or spec.name.endswith((WATCH_END, SPLIT, INSTANCE)):
            continue
        if isinstance(spec, Join):
            yield from _arrived(part, task, mapping)
            continue
        if task.parent is not None and isinstance(task.parent.task_spec, EventGateway):
            if task.parent.id in seen:
                continue
            seen.add(task.parent.id)
        yield renamed(spec.name, process, mapping), ""


def _arrived(part: Any, waiting: Task, mapping: Moves) -> Iterator[Place]:
    """By which ways tokens of this round have come to the join at which ``waiting`` stands."""
    process, name = part.spec.name, waiting.task_spec.name
    for task in part.tasks.values():
        if task.task_spec.name != name or task.parent is None or task.has_state(TaskState.PREDICTED_MASK):
            continue
        if "joined" in task.internal_data or task.parent.state != TaskState.COMPLETED:
            continue
        yield renamed(name, process, mapping), renamed(task.parent.task_spec.name, process, mapping)


def is_main(task: Task) -> bool:
    """Whether a live task is an activity to which events may be attached."""
    spec = task.task_spec
    kind = isinstance(spec, UserTask | SubWorkflowTask | LoopTask)
    return task.has_state(LIVE) and kind and not spec.name.endswith(INSTANCE)


def split_of(task: Task) -> Task | None:
    """The library's own node before an activity, under which the events stand that watch it; None without such."""
    above = task.parent
    if above is None or not isinstance(above.task_spec, BoundaryEventSplit):
        return None
    return above if above.task_spec.name == f"{task.task_spec.name}{SPLIT}" else None
