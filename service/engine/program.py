"""From the files of a definition to something that can run: parsed once per digest, shared by all its instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any, ClassVar

from dateutil.relativedelta import relativedelta
from lxml import etree
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    InclusiveGateway,
    IntermediateCatchEvent,
    ParallelGateway,
    StartEvent,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
    TimerEventDefinition,
)
from SpiffWorkflow.spiff.parser.event_parsers import (
    SpiffBoundaryEventParser,
    SpiffIntermediateCatchEventParser,
    SpiffStartEventParser,
)
from SpiffWorkflow.spiff.parser.process import VALIDATOR, SpiffBpmnParser, SpiffProcessParser
from SpiffWorkflow.spiff.parser.task_spec import CallActivityParser, UserTaskParser
from SpiffWorkflow.spiff.specs.defaults import CallActivity, ParallelMultiInstanceTask, UserTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from service import clock
from service.engine.expressions import ExpressionError, as_date
from service.engine.xml import parse_xml
from service.errors import Finding, Invalid

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_NAMES = {"b": BPMN}
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"


@dataclass(frozen=True, slots=True)
class UserTaskInfo:
    """What the diagram says of a user task. ``lane`` is the lane's id: a role."""

    process: str
    id: str
    name: str
    lane: str | None
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TimerStart:
    """A start event that begins an instance by itself. ``cycle`` is its ISO 8601 repeating interval, as drawn."""

    event: str
    name: str
    cycle: str


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed definition. ``key`` is the id of the process that an instance starts with."""

    key: str
    spec: Any
    subprocess_specs: Mapping[str, Any]
    user_tasks: Mapping[tuple[str, str], UserTaskInfo] = field(default_factory=dict)
    collections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Input collection of each multi-instance activity -> its output collections."""
    ways_back: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(process, user task) -> earlier user tasks to which its token can be moved without crossing a parallel split."""
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(process, node) -> its label."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """What the diagram says of the process itself (``title``, ``stages``)."""
    slot_titles: Mapping[str, str] = field(default_factory=dict)
    """Called process -> the expression that says whose slot it is (its ``title``), where its diagram has one."""
    timer_starts: tuple[TimerStart, ...] = ()
    """The start events that a calendar fires; the service schedules them."""


def parse(files: Mapping[str, bytes], key: str) -> Program:
    """Parses a bundle. ``files`` maps names (``bpmn/request.bpmn``, ``bpmn/dispatch.dmn``) to their bytes.

    Raises Invalid, naming file and line, when the engine cannot run the process ``key``.
    """
    parser = _Parser(validator=VALIDATOR)
    roots: dict[str, etree._Element] = {}
    for name, content in sorted(files.items()):
        if name.endswith((".bpmn", ".dmn")):
            roots[name] = parse_xml(content, name=name)
    try:
        for name, root in roots.items():
            add = parser.add_dmn_xml if name.endswith(".dmn") else parser.add_bpmn_xml
            add(root, filename=name)
        if key not in parser.process_parsers:
            raise Invalid(f"定义里没有流程 {key}", [Finding(key, "请在图中把流程的 id 设为该名称")])
        spec = parser.get_spec(key)
        subprocess_specs = parser.get_subprocess_specs(key)
    except ValidationException as error:
        where = f"{error.file_name or key}:{error.line_number or 0}"
        raise Invalid(f"引擎不能执行该定义：{error}", [Finding(where, str(error))]) from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # the library's parser is not total: a diagram that breaks it is a bad diagram, not a bug to hide
        raise Invalid(f"引擎不能解析该定义：{error!r}", [Finding(key, repr(error))]) from error
    specs = {key: spec, **subprocess_specs}
    _connect_instances(specs)
    return Program(
        key=key,
        spec=spec,
        subprocess_specs=subprocess_specs,
        user_tasks={(info.process, info.id): info for info in _user_tasks(roots, specs)},
        collections=_collections(specs),
        ways_back={
            (process, task.bpmn_id): _ways_back(task)
            for process, spec in specs.items()
            for task in spec.task_specs.values()
            if isinstance(task, UserTask)
        },
        names={
            (process, task.bpmn_id): task.bpmn_name or task.bpmn_id
            for process, spec in specs.items()
            for task in spec.task_specs.values()
            if getattr(task, "bpmn_id", None)
        },
        properties=_process_properties(roots, key),
        slot_titles={
            process: title
            for process in specs
            if process != key and (title := _process_properties(roots, process).get("title"))
        },
        timer_starts=tuple(_timer_starts(roots, key)),
    )


def processes_in(content: bytes, name: str) -> list[tuple[str, str]]:
    """(id, name) of the processes that a diagram file defines."""
    root = parse_xml(content, name=name)
    return [
        (one.get("id") or "", one.get("name") or one.get("id") or "") for one in root.iterfind(f"{{{BPMN}}}process")
    ]


def _process(roots: Mapping[str, etree._Element], key: str) -> etree._Element | None:
    found = (root.find(f"b:process[@id='{key}']", BPMN_NAMES) for root in roots.values())
    return next((process for process in found if process is not None), None)


def _process_properties(roots: Mapping[str, etree._Element], key: str) -> dict[str, str]:
    process = _process(roots, key)
    if process is None:
        return {}
    named = process.iterfind("b:extensionElements/s:properties/s:property", {**BPMN_NAMES, "s": SPIFF})
    return {one.get("name") or "": one.get("value") or "" for one in named}


def _timer_starts(roots: Mapping[str, etree._Element], key: str) -> Iterator[TimerStart]:
    process = _process(roots, key)
    for event in process.iterfind("b:startEvent", BPMN_NAMES) if process is not None else ():
        cycle = event.findtext("b:timerEventDefinition/b:timeCycle", namespaces=BPMN_NAMES)
        if cycle is not None and cycle.strip():
            yield TimerStart(event.get("id") or "", event.get("name") or event.get("id") or "", cycle.strip())


def _user_tasks(roots: Mapping[str, etree._Element], specs: Mapping[str, Any]) -> Iterator[UserTaskInfo]:
    lanes = {
        reference.text.strip(): lane.get("id")
        for root in roots.values()
        for lane in root.iterfind(f".//{{{BPMN}}}lane")
        for reference in lane.iterfind(f"{{{BPMN}}}flowNodeRef")
        if reference.text
    }
    for process, spec in specs.items():
        for task in spec.task_specs.values():
            if isinstance(task, UserTask):
                yield UserTaskInfo(
                    process=process,
                    id=task.bpmn_id,
                    name=task.bpmn_name or task.bpmn_id,
                    lane=lanes.get(task.bpmn_id),
                    properties=dict(getattr(task, "extensions", {}).get("properties", {})),
                )


def _connect_instances(specs: Mapping[str, Any]) -> None:
    """A multi-instance activity hears of its instances' ends, also in a process that did not open them."""
    for spec in specs.values():
        for task in spec.task_specs.values():
            if isinstance(task, _MultiInstance):
                inner = spec.task_specs[task.task_spec]
                if not inner.completed_event.is_connected(task.merge_child):
                    inner.completed_event.connect(task.merge_child)


def _collections(specs: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for spec in specs.values():
        for task in spec.task_specs.values():
            if isinstance(task, _MultiInstance) and task.data_input is not None and task.data_output is not None:
                name = task.data_input.bpmn_id
                found[name] = (*found.get(name, ()), task.data_output.bpmn_id)
    return found


def _ways_back(task: Any) -> tuple[str, ...]:
    """Backwards through the graph, past exclusive gateways and finished activities only."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    queue = list(task.inputs)
    while queue:
        spec = queue.pop(0)
        if spec.name in seen or isinstance(spec, ParallelGateway | InclusiveGateway | BoundaryEvent):
            continue
        seen.add(spec.name)
        if isinstance(spec, UserTask) and spec.name != task.name:
            found[spec.bpmn_id] = None
        queue.extend(spec.inputs)
    return tuple(found)


# --- What we change in the library -----------------------------------------------------------------------------------


class _MultiInstance(ParallelMultiInstanceTask):
    """May be entered again: what an earlier round left under its names is dropped first."""

    def create_children(self, my_task: Task) -> None:
        for item in (self.input_item, self.output_item, self.data_output):
            if item is not None and item is not self.data_input:
                my_task.data.pop(item.bpmn_id, None)
        super().create_children(my_task)


_JOINED = "joined"
"""Under what name a token at a join remembers with which other it went on."""


class _Join(ParallelGateway):
    """Waits for one token of this round on each way in; joins data by what each branch changed since the split.

    The library counts tokens of earlier rounds too, where they are still in the tree. It merges lists item by item and
    lets an untouched old value of one branch win over the other branch's new one; a second dispatch round would then
    see the first round's outcome.
    """

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        awaited = {spec.name for spec in self.inputs}
        for task in my_task.workflow.get_tasks(spec_name=self.name):
            if task.is_descendant_of(my_task):  # a way back into this join: nobody comes that way before it has fired
                above = task
                while above is not None and above.task_spec.name not in awaited:
                    above = above.parent
                if above is not None:
                    awaited.discard(above.task_spec.name)
            elif _JOINED not in task.internal_data and task.parent.state == TaskState.COMPLETED:
                awaited.discard(task.parent.task_spec.name)
        return not awaited

    def _update_hook(self, my_task: Task) -> bool:
        fires = bool(super()._update_hook(my_task))
        if fires:
            for task in my_task.workflow.get_tasks(spec_name=self.name):
                arrived = task is my_task or task.has_state(TaskState.FINISHED_MASK)
                if arrived and _JOINED not in task.internal_data:
                    task._set_internal_data(**{_JOINED: str(my_task.id)})
        return fires

    def _run_hook(self, my_task: Task) -> bool:
        others = [
            task
            for task in my_task.workflow.get_tasks(spec_name=self.name)
            if task is not my_task and task.internal_data.get(_JOINED) == str(my_task.id)
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


_DURATION = re.compile(
    r"P(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?"
)
"""ISO 8601 durations: a month stays a month until it is added to a date."""


class _ArmedTimer:
    """A timer knows when it is due; that it has fired, it is told (an input), so replay needs no clock."""

    expression: str

    def has_fired(self, my_task: Task) -> bool:
        if my_task._get_internal_data("event_value") is None:
            moment = self.moment(my_task)
            armed = my_task.workflow.script_engine.environment.now
            my_task._set_internal_data(event_value=moment.isoformat(), armed_at=armed.isoformat())
        return bool(my_task._get_internal_data("event_fired", False))

    def moment(self, my_task: Task) -> datetime:
        """When the timer is due (aware, UTC). Raises ExpressionError when the expression gives no time."""
        raise NotImplementedError

    def no_time(self, value: Any) -> ExpressionError:
        """What is wrong when the expression gave ``value``."""
        return ExpressionError(f"定时的表达式 {self.expression} 得到 {value!r}，不是日期、时间或时长")

    def value(self, my_task: Task) -> Any:
        engine = my_task.workflow.script_engine
        return engine.evaluate(
            my_task, self.expression, external_context={"due_on": engine.due_of(attached_to(my_task))}
        )


class _DateTimer(_ArmedTimer, TimeDateEventDefinition):
    def moment(self, my_task: Task) -> datetime:
        value = self.value(my_task)
        if isinstance(value, str) and len(value) > len("2026-01-01"):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                raise self.no_time(value) from error
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=clock.SHANGHAI)).astimezone(UTC)
        day = as_date(value)
        if day is None:
            raise self.no_time(value)
        opening: time = my_task.workflow.script_engine.environment.opening
        return datetime.combine(day, opening, tzinfo=clock.SHANGHAI).astimezone(UTC)


class _DurationTimer(_ArmedTimer, DurationTimerEventDefinition):
    def moment(self, my_task: Task) -> datetime:
        value = self.value(my_task)
        found = _DURATION.fullmatch(value.upper()) if isinstance(value, str) else None
        length = {unit: int(n) for unit, n in found.groupdict().items() if n is not None} if found else {}
        if not length:
            raise self.no_time(value)
        start: datetime = my_task.workflow.script_engine.environment.now
        end: datetime = clock.local(start) + relativedelta(**length)
        return end.astimezone(UTC)


class _StartTimer(TimerEventDefinition):
    """A start event of a calendar: the service says when (an input), so that replay needs no clock."""

    def has_fired(self, my_task: Task) -> bool:
        return bool(my_task._get_internal_data("event_fired", False))


def attached_to(my_task: Task) -> Task | None:
    """The user task that a boundary event watches; None for any other event."""
    if my_task.parent is None or not isinstance(my_task.parent.task_spec, BoundaryEventSplit):
        return None
    for sibling in my_task.parent.children:
        if not isinstance(sibling.task_spec, BoundaryEvent):
            return sibling
    return None


class _Timers:
    """Mixed into the event parsers: our timers in place of the library's, which ask the machine's clock."""

    def parse_timer_event(self, event: etree._Element) -> Any:
        definition = super().parse_timer_event(event)  # type: ignore[misc]  # mixed into the library's untyped parsers
        if isinstance(self, SpiffStartEventParser):
            return _StartTimer(definition.name, definition.expression, description=definition.description)
        for theirs, ours in ((TimeDateEventDefinition, _DateTimer), (DurationTimerEventDefinition, _DurationTimer)):
            if isinstance(definition, theirs):
                return ours(definition.name, definition.expression, description=definition.description)
        if isinstance(definition, CycleTimerEventDefinition):
            raise ValidationException("重复的定时只能用在开始事件上", node=event)
        return definition


class _BoundaryParser(_Timers, SpiffBoundaryEventParser):
    pass


class _CatchParser(_Timers, SpiffIntermediateCatchEventParser):
    pass


class _StartParser(_Timers, SpiffStartEventParser):
    pass


class _UserTaskParser(UserTaskParser):
    PARALLEL_MI_CLASS = _MultiInstance


class _CallParser(CallActivityParser):
    PARALLEL_MI_CLASS = _MultiInstance


class _ProcessParser(SpiffProcessParser):
    def _index_process_nodes(self) -> None:
        super()._index_process_nodes()
        # an action may be called as the task that runs it: only BPMN elements are nodes
        for node in self.xpath(".//bpmn:*[@id]"):
            self.nodes_by_id[node.get("id")] = node

    def add_tasks(self) -> None:
        super().add_tasks()
        # the library lets all start events run against each other; here an input names the one that begins
        tasks = self.spec.task_specs
        if "StartEventSplit" in tasks:
            events, join = tasks["StartEventSplit"].outputs, tasks["StartEventJoin"]
            for event in events:
                event.inputs = [self.spec.start]
                event.outputs = [after for after in event.outputs if after is not join]
            self.spec.start.outputs = events
            del tasks["StartEventSplit"], tasks["StartEventJoin"]


class _Parser(SpiffBpmnParser):
    PROCESS_PARSER_CLASS = _ProcessParser
    OVERRIDE_PARSER_CLASSES: ClassVar[dict[str, tuple[type, type]]] = {
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("userTask"): (_UserTaskParser, UserTask),
        full_tag("callActivity"): (_CallParser, CallActivity),
        full_tag("parallelGateway"): (GatewayParser, _Join),
        full_tag("boundaryEvent"): (_BoundaryParser, BoundaryEvent),
        full_tag("intermediateCatchEvent"): (_CatchParser, IntermediateCatchEvent),
        full_tag("startEvent"): (_StartParser, StartEvent),
    }
