"""Whether the tokens of a running case have a place in another version of its program, and whether they get on there.

Every name in the state is looked up before anything is moved: the library takes a name that a version does not have
for a start. Each finding is said of an element of the drawing, in words for staff.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
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


MAP_IT = "请为它选定新版中的一个步骤（改停在），或留在原版办完"
WAYS_OUT = {
    "removed": "请等它过去以后再迁移，或在新版里保留它",
    "moved_in": "请等它过去以后再迁移，或在新版里把它留在原来的流程",
    "arrived": "请等其余分支到齐、过了汇合再迁移，或在新版里保留它",
    "changed": "请等这一步办完再迁移，或退回到前面的步骤再迁移",
    "instances": "请等各份都办完再迁移，或在新版里保留原来的多份办理方式",
    "called": "请等这一段办完再迁移，或在新版里保留原来调用的流程",
    "stuck": "请等各分支都办完、过了汇合再迁移，或在新版里保留原来的分支",
    "twice": "请等各分支都办完、过了汇合再迁移，或在新版里保留原来的分支",
}
"""Why a token has no place → the way out: it is gone; it went into a called process; it waits at a join by a way that
is gone; its kind, the shape of a multi-instance or the called process is another; it would wait for ever, or come
twice."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A token without a place. ``why`` is one of ``WAYS_OUT``; ``message`` says so in Chinese. ``mappable``: naming a
    task of the new version for it would help."""

    process: str
    node: str
    name: str
    why: str
    message: str
    mappable: bool = False

    @property
    def way_out(self) -> str:
        """The way in which people can go on."""
        return MAP_IT if self.mappable else WAYS_OUT[self.why]


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
            for one in _ways_on(old, new, part, mapping):
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

    if isinstance(spec, CatchingEvent) and behind_gateway(task):  # what waits there is armed by the new drawing
        above = task.parent.task_spec.bpmn_id
        words = f"「{old.names.get((process, above), above)}」（等候几种情况之一）在新版中没有了"
        gone = Misfit(process, above, old.names.get((process, above), above), "changed", words)
        return gone if gateway_of(task, specs, mapping) is None else None
    if there is None:
        inside = [key for key, one in new.names.items() if key[1] == node and key[0] != process]
        if inside:
            return misfit("moved_in", f"「{name}」在新版中移到了「{_title(new, inside[0][0])}」里")
        return misfit("removed", f"新版没有「{name}」")
    if isinstance(spec, UserTask):
        return None if isinstance(there, UserTask) else misfit("changed", f"「{name}」在新版中不再由人办理，或改成多份")
    changed = _changed(spec, there, name)
    return misfit(*changed) if changed is not None else None


def _changed(spec: Any, there: Any, name: str) -> tuple[str, str] | None:
    if type(there) is not type(spec):
        return "changed", f"「{name}」在新版中换了种类"
    if isinstance(spec, LoopTask) and _shape(spec) != _shape(there):
        return "instances", f"「{name}」的多份办理方式在新版中改变了"
    if isinstance(spec, SubWorkflowTask) and there.spec != spec.spec:
        return "called", f"「{name}」在新版中调用另一个流程"
    if isinstance(spec, CatchingEvent) and not same_event(spec, there):
        return "changed", f"「{name}」在新版中等待另一种事件"
    return None


def behind_gateway(task: Task) -> bool:
    """Whether an event is one of several behind a gateway, of which the first that happens takes the token."""
    return task.parent is not None and isinstance(task.parent.task_spec, EventGateway)


def gateway_of(task: Task, specs: Mapping[str, Any], mapping: Moves) -> Any:
    """The gateway of the new version behind which a token waits that waits at the event ``task``: the one of the same
    name, else the one behind which the same event stands; None without such."""
    process, above = task.workflow.spec.name, task.parent.task_spec
    there = specs.get(renamed(above.name, process, mapping))
    if isinstance(there, EventGateway):
        return there
    names = [renamed(one.task_spec.name, process, mapping) for one in task.parent.children if one.has_state(LIVE)]
    found = {one.name: one for name in names if name in specs for one in specs[name].inputs}
    gateways = [one for one in found.values() if isinstance(one, EventGateway)]
    return gateways[0] if len(gateways) == 1 else None


def same_event(spec: Any, there: Any) -> bool:
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


def _ways_on(old: Program, new: Program, part: Any, mapping: Moves) -> Iterator[Misfit]:
    """Tokens that in the new version would wait for one another for ever, or do a step twice, and did not before."""
    process, there = part.spec.name, specs_of(new, part.spec.name)
    before, after = _places(part, part.spec, {}), _places(part, there, mapping)
    if not before:
        return
    found = faults_of(there, after)
    if not found or faults_of(part.spec, before):
        return  # it was no better before
    lost = [place for place in after if _is_lost(place, there)]
    if lost and rerouted(part, there, mapping):
        return
    for join, way in lost:
        name = old.names.get((process, way), way)
        if way not in there.task_specs:
            at = new.names.get((process, join), join)
            message = f"「{name}」已办完，正在「{at}」等候其余分支；新版没有「{name}」这一支"
            yield Misfit(process, way, name, "arrived", message, (process, way) in old.user_tasks)
            return
    for why, node in found:
        name = new.names.get((process, node), node)
        words = {
            "stuck": f"迁移后「{name}」会一直等不到其余分支：并行的分支在新版中改了",
            "twice": f"迁移后「{name}」会重复出现：原来并行的步骤在新版中先后办理",
        }
        yield Misfit(process, node, name, why, words[why])


MOST_ROUTES = 200


def rerouted(part: Any, there: Any, mapping: Moves) -> dict[str, str | None]:
    """The tokens that wait at joins by ways that the new version ``there`` no longer has: id of each such arrival → the
    way in by which it counts from now on, None where its branch is gone and nobody waits for it.

    Empty where none has to, or where no choice lets the case get on. A token counts only by a way that leads on from
    where it came: the steps between are done with.
    """
    places = list(_standing(part, there, mapping))
    if not faults_of(there, [place for _, place in places]) or faults_of(part.spec, _places(part, part.spec, {})):
        return {}
    lost = [(task_id, place) for task_id, place in places if task_id and _is_lost(place, there)]
    rest = [place for task_id, place in places if (task_id, place) not in lost]
    options = [[*_ways_from(there, place, rest), None] for _, place in lost]
    for chosen in islice(product(*options), MOST_ROUTES):
        joined = [(place[0], way) for (_, place), way in zip(lost, chosen, strict=True) if way is not None]
        if not _fires(there, [*rest, *joined]) and not faults_of(there, [*rest, *joined]):
            return {task_id: way for (task_id, _), way in zip(lost, chosen, strict=True)}
    return {}


def _is_lost(place: Place, there: Any) -> bool:
    spec = there.task_specs.get(place[0])
    return bool(place[1]) and isinstance(spec, Join) and place[1] not in {one.name for one in spec.inputs}


def _ways_from(there: Any, place: Place, rest: list[Place]) -> Iterator[str]:
    """The ways into a join, taken by nobody, to which the way by which a token came leads on in the new version."""
    join, seen = there.task_specs[place[0]], {place[0]}
    todo = [there.task_specs[place[1]]] if place[1] in there.task_specs else []
    while todo:
        here = todo.pop()
        if here.name not in seen:
            seen.add(here.name)
            todo += here.outputs
    for one in join.inputs:
        if one.name in seen and (join.name, one.name) not in rest:
            yield one.name


def _fires(there: Any, places: list[Place]) -> bool:
    """Whether a join has all that it waits for: nothing advances in a move, so nobody would ever let it go on."""
    joins = {name for name, way in places if way}
    ways = {join: {one.name for one in there.task_specs[join].inputs} for join in joins if join in there.task_specs}
    return any(need <= {way for name, way in places if name == join} for join, need in ways.items())


def _places(part: Any, there: Any, mapping: Moves) -> list[Place]:
    """Where tokens stand in the version ``there``: (element, '') at a step, (join, the way in by which it came) before
    a join."""
    return sorted(place for _, place in _standing(part, there, mapping))


def _standing(part: Any, there: Any, mapping: Moves) -> Iterator[tuple[str, Place]]:
    """(id of the arrival at a join, else '', where the token stands)."""
    process = part.spec.name
    seen: set[str] = set()
    for task in part.tasks.values():
        spec = task.task_spec
        if not task.has_state(LIVE) or not getattr(spec, "bpmn_id", None):
            continue
        if isinstance(spec, BoundaryEvent) or spec.name.endswith((WATCH_END, SPLIT, INSTANCE)):
            continue
        if isinstance(spec, Join):
            if spec.name not in seen:  # all that have come to it, once
                seen.add(spec.name)
                yield from _arrived(part, task, mapping)
            continue
        if behind_gateway(task):
            if task.parent.id in seen:
                continue
            seen.add(task.parent.id)
            spec = gateway_of(task, there.task_specs, mapping) or spec
        yield "", (renamed(spec.name, process, mapping), "")


def _arrived(part: Any, waiting: Task, mapping: Moves) -> Iterator[tuple[str, Place]]:
    """By which ways tokens of this round have come to the join at which ``waiting`` stands."""
    process, name = part.spec.name, waiting.task_spec.name
    for task in part.tasks.values():
        if task.task_spec.name != name or task.parent is None or task.has_state(TaskState.PREDICTED_MASK):
            continue
        if "joined" in task.internal_data or task.parent.state != TaskState.COMPLETED:
            continue
        yield task.id, (renamed(name, process, mapping), renamed(task.parent.task_spec.name, process, mapping))


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
