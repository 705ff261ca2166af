"""The library's parser, with our nodes and timers in place of its own."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import SpiffWorkflow.dmn.parser.DMNParser as library_tables  # noqa: N813 - a module, called like its class
from lxml import etree
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, StartEvent
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
)
from SpiffWorkflow.spiff.parser.event_parsers import (
    SpiffBoundaryEventParser,
    SpiffIntermediateCatchEventParser,
    SpiffStartEventParser,
)
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser, SpiffProcessParser
from SpiffWorkflow.spiff.parser.task_spec import CallActivityParser, UserTaskParser
from SpiffWorkflow.spiff.specs.defaults import CallActivity, UserTask

from service.engine.expressions import readable
from service.engine.specs import CatchEvent, EventGateway, Join, MultiInstance, WatchJoin
from service.engine.timers import DateTimer, DurationTimer, StartTimer


class _Timers:
    """Mixed into the event parsers: our timers in place of the library's, which ask the machine's clock."""

    def parse_timer_event(self, event: etree._Element) -> Any:
        definition = super().parse_timer_event(event)  # type: ignore[misc]  # mixed into the library's untyped parsers
        if isinstance(self, SpiffStartEventParser):
            return StartTimer(definition.name, definition.expression, description=definition.description)
        for theirs, ours in ((TimeDateEventDefinition, DateTimer), (DurationTimerEventDefinition, DurationTimer)):
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
    PARALLEL_MI_CLASS = MultiInstance


class _CallParser(CallActivityParser):
    PARALLEL_MI_CLASS = MultiInstance


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


class Parser(SpiffBpmnParser):
    PROCESS_PARSER_CLASS = _ProcessParser
    OVERRIDE_PARSER_CLASSES: ClassVar[dict[str, tuple[type, type]]] = {
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("userTask"): (_UserTaskParser, UserTask),
        full_tag("callActivity"): (_CallParser, CallActivity),
        full_tag("parallelGateway"): (GatewayParser, Join),
        full_tag("eventBasedGateway"): (GatewayParser, EventGateway),
        full_tag("boundaryEvent"): (_BoundaryParser, BoundaryEvent),
        full_tag("intermediateCatchEvent"): (_CatchParser, CatchEvent),
        full_tag("startEvent"): (_StartParser, StartEvent),
    }


class _Ast:
    """Stands for the module ``ast`` within the library's reader of tables: expressions are parsed in one place."""

    @staticmethod
    def parse(text: str) -> object:
        tree = readable(text)
        if tree is None:
            raise SyntaxError(text[:80])
        return tree


library_tables.ast = _Ast
sys.modules[TaskParser.__module__].BoundaryEventJoin = WatchJoin  # type: ignore[attr-defined]  # that of the library
