"""From the files of a definition to something that can run: parsed once per digest, shared by all its instances."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EndEvent, InclusiveGateway, ParallelGateway
from SpiffWorkflow.spiff.parser.process import VALIDATOR
from SpiffWorkflow.spiff.specs.defaults import UserTask

from service.engine.growing import keep_neighbours
from service.engine.parser import Parser
from service.engine.specs import MultiInstance
from service.engine.xml import parse_xml
from service.errors import Finding, Invalid

_log = logging.getLogger(__name__)
_WAY_OUT = "请核对图中的连线、事件和属性；改不好时，请把这些文件和技术日志交给管理员"

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMN_NAMES = {"b": BPMN}
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"


@dataclass(frozen=True, slots=True)
class UserTaskInfo:
    """The diagram's words about a user task. ``lane`` is the lane's id: a role; ``inherited`` whether it is that of the
    sub-process in which the task stands."""

    process: str
    id: str
    name: str
    lane: str | None
    properties: Mapping[str, str]
    inherited: bool = False


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
    """The diagram's words about the process itself (``title``, ``stages``)."""
    brings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(process, event) -> the label of the step or the action to which the event leads."""
    slot_titles: Mapping[str, str] = field(default_factory=dict)
    """Called process -> the expression that says whose slot it is (its ``title``), where its diagram has one."""
    timer_starts: tuple[TimerStart, ...] = ()
    """The start events that a calendar fires; the service schedules them."""


def parse(files: Mapping[str, bytes], key: str) -> Program:
    """Parses a bundle. ``files`` maps names (``bpmn/request.bpmn``, ``bpmn/dispatch.dmn``) to their bytes.

    Raises Invalid, naming file and line, when the engine cannot run the process ``key``.
    """
    parser = Parser(validator=VALIDATOR)
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
        _log.warning("the workflow library refuses a definition", exc_info=error)
        message = f"引擎不能执行「{error.name or error.id or key}」的写法，{_WAY_OUT}"
        raise Invalid(f"引擎不能执行该定义：{message}", [Finding(where, message)]) from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # the library's parser is not total: a diagram that breaks it is a bad diagram, not a bug to hide
        _log.warning("the workflow library cannot read a definition", exc_info=error)
        raise Invalid(f"引擎不能解析该定义，{_WAY_OUT}", [Finding(key, f"引擎不能解析，{_WAY_OUT}")]) from error
    specs = {key: spec, **subprocess_specs}
    _connect_instances(specs)
    keep_neighbours(specs.values())
    return Program(
        key=key,
        spec=spec,
        subprocess_specs=subprocess_specs,
        user_tasks={(info.process, info.id): info for info in _user_tasks(roots, specs)},
        collections=_collections(specs),
        ways_back={
            (process, task.bpmn_id): ways_back(task)
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
        brings={
            (process, task.bpmn_id): _brings(task)
            for process, spec in specs.items()
            for task in spec.task_specs.values()
            if getattr(task, "bpmn_id", None) and hasattr(task, "event_definition")
        },
        properties=_process_properties(roots, key),
        slot_titles={
            process: title
            for process in specs
            if process != key and (title := _process_properties(roots, process).get("title"))
        },
        timer_starts=tuple(_timer_starts(roots, key)),
    )


def _brings(event: Any) -> str:
    """The label of the first activity behind an event; '' where ways part before there is one, or it ends."""
    here, seen = event, {event.name}
    while True:
        behind = [one for one in here.outputs if getattr(one, "bpmn_id", None)]
        if len(behind) != 1 or isinstance(behind[0], BoundaryEvent | EndEvent):
            return ""
        [here] = behind
        if here.name in seen:
            return ""
        seen.add(here.name)
        if getattr(here, "bpmn_name", None):
            return str(here.bpmn_name)


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
    around = dict(_sub_process_lanes(roots, lanes))
    for process, spec in specs.items():
        for task in spec.task_specs.values():
            if isinstance(task, UserTask):
                yield UserTaskInfo(
                    process=process,
                    id=task.bpmn_id,
                    name=task.bpmn_name or task.bpmn_id,
                    lane=lanes.get(task.bpmn_id, around.get(task.bpmn_id)),
                    properties=dict(getattr(task, "extensions", {}).get("properties", {})),
                    inherited=task.bpmn_id not in lanes,
                )


def _sub_process_lanes(
    roots: Mapping[str, etree._Element], lanes: Mapping[str, str | None]
) -> Iterator[tuple[str, str | None]]:
    """(task, lane) of what stands in a sub-process: the lane of the innermost one around it that has a lane."""
    for root in roots.values():
        for scope in root.iter(f"{{{BPMN}}}subProcess"):  # in the order of the file: inner ones after those around them
            if (lane := lanes.get(scope.get("id") or "")) is not None:
                for task in scope.iter(f"{{{BPMN}}}userTask"):
                    yield task.get("id") or "", lane


def _connect_instances(specs: Mapping[str, Any]) -> None:
    """A multi-instance activity hears of its instances' ends, also in a process that did not open them."""
    for spec in specs.values():
        for task in spec.task_specs.values():
            if isinstance(task, MultiInstance):
                inner = spec.task_specs[task.task_spec]
                if not inner.completed_event.is_connected(task.merge_child):
                    inner.completed_event.connect(task.merge_child)


def _collections(specs: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for spec in specs.values():
        for task in spec.task_specs.values():
            if isinstance(task, MultiInstance) and task.data_input is not None and task.data_output is not None:
                name = task.data_input.bpmn_id
                found[name] = (*found.get(name, ()), task.data_output.bpmn_id)
    return found


def ways_back(task: Any) -> tuple[str, ...]:
    """The user tasks before a node: backwards, past exclusive gateways and finished activities only."""
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
