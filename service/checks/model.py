"""A definition's diagrams as a plain graph: what stands in the XML, without the engine's rewriting.

Used by the deployment checks, for the targets of a return (退回) and by whoever draws a position on a diagram.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from service.engine.xml import line_of, parse_xml

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"

FLOW_NODES = frozenset(
    {
        *("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask"),
        *("callActivity", "subProcess", "transaction", "adHocSubProcess"),
        *("exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"),
        *("implicitThrowEvent", "callChoreography", "choreographyTask", "subChoreography", "event"),
    }
)
"""Local names of all BPMN elements that a sequence flow may join, supported here or not."""

SUBPROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})

_TIMERS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; ``condition`` is its expression, ``default`` whether its source takes it when none holds."""

    id: str
    name: str
    source: str
    target: str
    condition: str | None
    default: bool
    line: int


@dataclass(frozen=True, slots=True)
class Timer:
    """``kind`` is date, duration or cycle; ``expression`` the text as drawn."""

    kind: str
    expression: str
    line: int


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """How often an activity runs side by side: over ``collection`` (as ``item``) or ``cardinality`` times."""

    sequential: bool
    cardinality: str | None
    collection: str | None
    item: str | None
    output_collection: str | None
    output_item: str | None
    completion: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Operation:
    """The call of a service task: an action, expressions for its parameters, the name of its result in the data."""

    action: str
    result: str | None
    parameters: Mapping[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class Node:
    """A task, event or gateway.

    ``type`` is its BPMN name (``userTask``); ``lane`` the lane's id: a role; ``event`` the kind of its event
    (``timer``, ``message``, ``terminate`` …; None: a plain one); ``attached_to`` the task that a boundary event
    watches and ``boundaries`` the boundary events on a task; ``called`` the id of the process it runs (call activity,
    sub-process); ``decision`` the decision it asks; ``message`` the id of the message it waits for. ``incoming`` and
    ``outgoing`` are flow ids.
    """

    id: str
    name: str
    type: str
    file: str
    line: int
    lane: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    boundaries: tuple[str, ...] = ()
    default: str | None = None
    attached_to: str | None = None
    interrupting: bool = True
    events: tuple[str, ...] = ()
    message: str | None = None
    timer: Timer | None = None
    called: str | None = None
    decision: str | None = None
    operation: Operation | None = None
    loop: MultiInstance | None = None

    @property
    def event(self) -> str | None:
        """The kind of the node's event; None when it has none."""
        return self.events[0] if self.events else None

    @property
    def form(self) -> str | None:
        """The form that a user task shows; None for any other node."""
        return self.properties.get("form") or self.id if self.type == "userTask" else None


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: its id is a role."""

    id: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class ProcessModel:
    """One process, or one embedded sub-process (``parent`` is the process around it), as a graph."""

    id: str
    name: str
    file: str
    line: int
    parent: str | None
    executable: bool
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, Lane]
    properties: Mapping[str, str] = field(default_factory=dict)

    def after(self, node_id: str) -> tuple[Node, ...]:
        """Where a token goes from the node: along its flows, and into the boundary events it carries."""
        return tuple(self._after(node_id))

    def _after(self, node_id: str) -> Iterator[Node]:
        node = self.nodes.get(node_id)
        if node is None:
            return
        for flow_id in node.outgoing:
            if (target := self.nodes.get(self.flows[flow_id].target)) is not None:
                yield target
        for boundary in node.boundaries:
            yield self.nodes[boundary]

    def before(self, node_id: str) -> tuple[Node, ...]:
        """Where a token may come from: along the node's incoming flows, or from the task it is attached to."""
        node = self.nodes.get(node_id)
        if node is None:
            return ()
        sources = [self.flows[flow_id].source for flow_id in node.incoming]
        if node.attached_to is not None:
            sources.append(node.attached_to)
        return tuple(self.nodes[source] for source in sources if source in self.nodes)

    def starts(self) -> tuple[Node, ...]:
        """The start events."""
        return tuple(node for node in self.nodes.values() if node.type == "startEvent")

    def ends(self) -> tuple[Node, ...]:
        """The end events."""
        return tuple(node for node in self.nodes.values() if node.type == "endEvent")

    def reachable(self, node_ids: Iterable[str]) -> frozenset[str]:
        """The nodes that a token at any of ``node_ids`` can come to, these included."""
        return self._closure(node_ids, forward=True)

    def leading_to(self, node_ids: Iterable[str]) -> frozenset[str]:
        """The nodes from which a token can come to any of ``node_ids``, these included."""
        return self._closure(node_ids, forward=False)

    def upstream(self, node_id: str) -> frozenset[str]:
        """The nodes from which a token can come to the node; the node itself only when it lies on a loop."""
        return self.leading_to(node.id for node in self.before(node_id))

    def earlier_tasks(self, node_id: str) -> tuple[Node, ...]:
        """The user tasks of this scope that may have been done before the node: whither it may be returned (退回).

        In the order of the diagram file. The node itself is left out, even on a loop.
        """
        upstream = self.upstream(node_id) - {node_id}
        return tuple(node for node in self.nodes.values() if node.type == "userTask" and node.id in upstream)

    def _closure(self, node_ids: Iterable[str], *, forward: bool) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(node_ids)
        while waiting:
            current = waiting.pop()
            if current in seen or current not in self.nodes:
                continue
            seen.add(current)
            step = self.after(current) if forward else self.before(current)
            waiting.extend(node.id for node in step)
        return frozenset(seen)


def model(files: Mapping[str, bytes]) -> dict[str, ProcessModel]:
    """The processes of a bundle by id, embedded sub-processes among them.

    ``files`` maps names (``bpmn/request.bpmn``) to bytes; other files are passed over. Raises Invalid for XML that
    the hardened parser refuses. Broken references stay in the model as drawn: the checks name them.
    """
    return model_of({name: parse_xml(data, name=name) for name, data in files.items() if name.endswith(".bpmn")})


def model_of(roots: Mapping[str, etree._Element]) -> dict[str, ProcessModel]:
    """As :func:`model`, of files already parsed. Of two processes with one id the first counts."""
    found: dict[str, ProcessModel] = {}
    for file, root in sorted(roots.items()):
        for process in root.iterfind(f"{BPMN}process"):
            for scope in _scopes(process, file, None, {}):
                found.setdefault(scope.id, scope)
    return found


def local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return etree.QName(element).localname


def _scopes(
    scope: etree._Element, file: str, parent: str | None, lanes_around: Mapping[str, str]
) -> Iterator[ProcessModel]:
    lanes = {
        lane.get("id", ""): Lane(lane.get("id", ""), lane.get("name", ""), line_of(lane))
        for lane in scope.iterfind(f"{BPMN}laneSet//{BPMN}lane")
    }
    lane_of = {**lanes_around, **_lane_of(scope)}
    scope_id = scope.get("id", "")
    if parent is not None and scope_id in lanes_around:
        # what stands in a sub-process stands in the sub-process's lane
        inner = [child.get("id", "") for child in scope if local(child) in FLOW_NODES]
        lane_of = {**dict.fromkeys(inner, lanes_around[scope_id]), **lane_of}
    elements = [child for child in scope if child.tag.startswith(BPMN) and local(child) in FLOW_NODES]
    defaults = {element.get("id"): element.get("default") for element in elements}
    flows = {flow.id: flow for flow in (_flow(element, defaults) for element in scope.iterfind(f"{BPMN}sequenceFlow"))}
    graph = _Graph.of(elements, flows.values())
    yield ProcessModel(
        id=scope_id,
        name=scope.get("name", ""),
        file=file,
        line=line_of(scope),
        parent=parent,
        executable=scope.get("isExecutable", "true") == "true",
        nodes={node.id: node for node in (_node(element, file, lane_of, graph) for element in elements)},
        flows=flows,
        lanes=lanes,
        properties=_properties(scope),
    )
    for element in elements:
        if local(element) in SUBPROCESSES:
            yield from _scopes(element, file, scope_id, lane_of)


def _lane_of(scope: etree._Element) -> dict[str, str]:
    return {
        (reference.text or "").strip(): lane.get("id", "")
        for lane in scope.iterfind(f"{BPMN}laneSet//{BPMN}lane")
        for reference in lane.iterfind(f"{BPMN}flowNodeRef")
    }


def _flow(element: etree._Element, defaults: Mapping[str | None, str | None]) -> Flow:
    source = element.get("sourceRef", "")
    return Flow(
        id=element.get("id", ""),
        name=element.get("name", ""),
        source=source,
        target=element.get("targetRef", ""),
        condition=_text(element, "conditionExpression"),
        default=defaults.get(source) == element.get("id"),
        line=line_of(element),
    )


@dataclass(frozen=True, slots=True)
class _Graph:
    """Flow and boundary event ids by the node that they touch."""

    incoming: Mapping[str, list[str]]
    outgoing: Mapping[str, list[str]]
    boundaries: Mapping[str, list[str]]

    @classmethod
    def of(cls, elements: Iterable[etree._Element], flows: Iterable[Flow]) -> _Graph:
        incoming: dict[str, list[str]] = {}
        outgoing: dict[str, list[str]] = {}
        boundaries: dict[str, list[str]] = {}
        for flow in flows:
            incoming.setdefault(flow.target, []).append(flow.id)
            outgoing.setdefault(flow.source, []).append(flow.id)
        for element in elements:
            host = element.get("attachedToRef")
            if host is not None:
                boundaries.setdefault(host, []).append(element.get("id", ""))
        return cls(incoming, outgoing, boundaries)


def _node(element: etree._Element, file: str, lane_of: Mapping[str, str], graph: _Graph) -> Node:
    node_id, kind = element.get("id", ""), local(element)
    called = element.get("calledElement") if kind == "callActivity" else None
    return Node(
        id=node_id,
        name=element.get("name", ""),
        type=kind,
        file=file,
        line=line_of(element),
        lane=lane_of.get(node_id),
        properties=_properties(element),
        incoming=tuple(graph.incoming.get(node_id, ())),
        outgoing=tuple(graph.outgoing.get(node_id, ())),
        boundaries=tuple(graph.boundaries.get(node_id, ())),
        default=element.get("default"),
        attached_to=element.get("attachedToRef"),
        interrupting=element.get("cancelActivity", "true") == "true",
        events=tuple(local(child).removesuffix("EventDefinition") for child in _event_definitions(element)),
        message=_message(element),
        timer=_timer(element),
        called=node_id if kind in SUBPROCESSES else called,
        decision=_text(element, f"{BPMN}extensionElements/{SPIFF}calledDecisionId", bare=True),
        operation=_operation(element),
        loop=_loop(element),
    )


def _event_definitions(element: etree._Element) -> Iterator[etree._Element]:
    for child in element:
        if child.tag.startswith(BPMN) and local(child).endswith(("EventDefinition", "eventDefinitionRef")):
            yield child


def _properties(element: etree._Element) -> dict[str, str]:
    path = f"{BPMN}extensionElements/{SPIFF}properties/{SPIFF}property"
    return {entry.get("name", ""): entry.get("value", "") for entry in element.iterfind(path)}


def _timer(element: etree._Element) -> Timer | None:
    for definition in element.iterfind(f"{BPMN}timerEventDefinition"):
        for child in definition:
            kind = _TIMERS.get(local(child))
            if kind is not None:
                return Timer(kind, (child.text or "").strip(), line_of(child))
    return None


def _message(element: etree._Element) -> str | None:
    definition = element.find(f"{BPMN}messageEventDefinition")
    return None if definition is None else definition.get("messageRef")


def _operation(element: etree._Element) -> Operation | None:
    operator = element.find(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
    if operator is None:
        return None
    parameters = {
        parameter.get("id", ""): parameter.get("value", "")
        for parameter in operator.iterfind(f"{SPIFF}parameters/{SPIFF}parameter")
    }
    return Operation(operator.get("id", ""), operator.get("resultVariable") or None, parameters, line_of(operator))


def _loop(element: etree._Element) -> MultiInstance | None:
    loop = element.find(f"{BPMN}multiInstanceLoopCharacteristics")
    if loop is None:
        return None
    item, output_item = loop.find(f"{BPMN}inputDataItem"), loop.find(f"{BPMN}outputDataItem")
    return MultiInstance(
        sequential=loop.get("isSequential") == "true",
        cardinality=_text(loop, "loopCardinality"),
        collection=_text(loop, "loopDataInputRef"),
        item=None if item is None else item.get("id"),
        output_collection=_text(loop, "loopDataOutputRef"),
        output_item=None if output_item is None else output_item.get("id"),
        completion=_text(loop, "completionCondition"),
        line=line_of(loop),
    )


def _text(element: etree._Element, child: str, *, bare: bool = False) -> str | None:
    found = element.find(child if bare else BPMN + child)
    if found is None:
        return None
    return (found.text or "").strip()
