"""Only what the engine runs well may be drawn; every id is well formed, unique and every reference holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.model import BPMN, FLOW_NODES, SPIFF, ProcessModel, local
from service.checks.wording import element as element_named
from service.engine.xml import line_of

MAX_NODES = 300
"""Of one process: more than people can read and return through."""
MAX_FLOWS = 900
"""Of one process."""
MAX_PROCESSES = 60
"""Of one definition, embedded sub-processes included."""
MAX_ALL_NODES = 1_500
"""Of all processes of one definition."""

MODEL_NAMESPACE = BPMN.strip("{}")
SPIFF_NAMESPACE = SPIFF.strip("{}")

SUPPORTED = frozenset(
    {
        *("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("userTask", "serviceTask", "businessRuleTask", "callActivity", "subProcess"),
        *("exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway"),
    }
)
"""The elements that may be drawn. A test runs each of them, each kind of event and each host of a boundary event."""
EVENTS: dict[str, set[str | None]] = {
    "startEvent": {None, "timer"},
    "endEvent": {None, "terminate"},
    "intermediateCatchEvent": {"timer", "message"},
    "intermediateThrowEvent": {None},
    "boundaryEvent": {"timer", "message"},
}
HOSTS = frozenset({"userTask", "callActivity", "subProcess"})

_IN_DEFINITIONS = frozenset({"process", "collaboration", "category", "message", "extensionElements", "documentation"})
_IN_COLLABORATION = frozenset(
    {"participant", "textAnnotation", "association", "group", "documentation", "extensionElements"}
)
_IN_PROCESS = frozenset(
    {
        *("sequenceFlow", "laneSet", "textAnnotation", "association", "group", "documentation", "extensionElements"),
        "property",  # names a collection of data; editors drop a reference to what nothing declares
    }
)
_IN_NODE = frozenset({"documentation", "extensionElements", "incoming", "outgoing"})
_IN_ACTIVITY = _IN_NODE | {"multiInstanceLoopCharacteristics"}
_IN_LOOP = frozenset(
    {
        *("loopCardinality", "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem"),
        *("completionCondition", "documentation", "extensionElements"),
    }
)
_EXTENSIONS = {
    "userTask": {"properties", "instructionsForEndUser"},
    "serviceTask": {"properties", "serviceTaskOperator"},
    "businessRuleTask": {"properties", "calledDecisionId"},
    "intermediateCatchEvent": {"properties", "messageVariable"},
    "boundaryEvent": {"properties", "messageVariable"},
}
_SCRIPTS = frozenset({"preScript", "postScript", "unitTests"})
_ADVICE = {
    "scriptTask": "图中不能写脚本；请改用“系统动作”",
    "task": "请换成“要人办的任务”或“系统动作”",
    "manualTask": "请换成“要人办的任务”，并配上表单",
    "sendTask": "请换成“系统动作”，做什么选发通知",
    "receiveTask": "请换成“等消息”",
    "complexGateway": "请换成“选一条路”或“分头同时做、汇合”",
    "adHocSubProcess": "请把各步骤按先后画出来",
    "transaction": "请换成“内嵌子流程”或“另一张图”",
    "standardLoopCharacteristics": "请用“选一条路”画出返回的连线",
    "ioSpecification": "数据在整个流程中共用，请删去",
}
_SNAKE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_NAMED = frozenset({"userTask", "serviceTask", "businessRuleTask", "callActivity", "subProcess"})


def check(bundle: Bundle, report: Report) -> None:
    """Rules element-unsupported, event-unsupported, script-forbidden, extension-unknown, id-format, id-duplicate,
    reference-broken and process-size."""
    for file, root in bundle.diagrams.items():
        report.looking_at(file)
        _Diagram(file, root, report).check()
    _unique_across_files(bundle, report)
    if len(bundle.processes) > MAX_PROCESSES:
        message = f"定义里有 {len(bundle.processes)} 个流程，超过上限 {MAX_PROCESSES} 个"
        report.error("-", 0, "-", "process-size", message)
    if (total := _all_nodes(bundle)) > MAX_ALL_NODES:
        message = f"定义里一共有 {total:,} 个图形，超过上限 {MAX_ALL_NODES:,} 个；请拆成几个流程分别部署"
        report.error("-", 0, "-", "process-size", message)
    for process in bundle.processes.values():
        _references(process, report)
        _ids(process, report)
        for count, limit, what in ((len(process.nodes), MAX_NODES, "图形"), (len(process.flows), MAX_FLOWS, "连线")):
            if count > limit:
                message = f"流程有 {count} 个{what}，超过上限 {limit} 个；请拆成被调用的流程"
                report.error(process.file, process.line, process.id, "process-size", message)


def too_large(bundle: Bundle) -> bool:
    """Whether rule process-size is broken."""
    return (
        len(bundle.processes) > MAX_PROCESSES
        or _all_nodes(bundle) > MAX_ALL_NODES
        or any(
            len(process.nodes) > MAX_NODES or len(process.flows) > MAX_FLOWS for process in bundle.processes.values()
        )
    )


def _all_nodes(bundle: Bundle) -> int:
    return sum(len(process.nodes) for process in bundle.processes.values())


class _Diagram:
    """One BPMN file under inspection."""

    def __init__(self, file: str, root: etree._Element, report: Report) -> None:
        self.file, self.root, self.report = file, root, report
        self.messages = {message.get("id") for message in root.iterfind(f"{BPMN}message")}

    def check(self) -> None:
        if self.root.tag != f"{BPMN}definitions":
            self._error(self.root, "element-unsupported", "根元素应为 BPMN 2.0 的 definitions")
            return
        self._children(self.root, _IN_DEFINITIONS)
        for collaboration in self.root.iterfind(f"{BPMN}collaboration"):
            self._children(collaboration, _IN_COLLABORATION)
            processes = {process.get("id") for process in self.root.iterfind(f"{BPMN}process")}
            for participant in collaboration.iterfind(f"{BPMN}participant"):
                if participant.get("processRef") not in processes:
                    self._error(participant, "reference-broken", "泳池没有对应的流程；请删去重画")
        for process in self.root.iterfind(f"{BPMN}process"):
            if process.get("isExecutable") == "false":
                self._error(process, "element-unsupported", "流程没有标为可执行，请在原来的编辑器里勾选“可执行”")
            self._scope(process)
        self._extensions()

    def _scope(self, scope: etree._Element) -> None:
        nodes: dict[str | None, etree._Element] = {
            child.get("id"): child for child in self._bpmn(scope) if local(child) in FLOW_NODES
        }
        inside = _IN_PROCESS | FLOW_NODES
        self._children(scope, inside | _IN_ACTIVITY if local(scope) == "subProcess" else inside)
        self._lanes(scope, set(nodes))
        for node in nodes.values():
            self._node(node, nodes)

    def _lanes(self, scope: etree._Element, nodes: set[str | None]) -> None:
        seen: Counter[str] = Counter()
        for lane in scope.iterfind(f"{BPMN}laneSet//{BPMN}lane"):
            for reference in lane.iterfind(f"{BPMN}flowNodeRef"):
                node_id = (reference.text or "").strip()
                seen[node_id] += 1
                if node_id not in nodes:
                    self._error(
                        lane, "reference-broken", f"泳道里列的图形 {node_id} 不在图中；请删去泳道重画", reference
                    )
                elif seen[node_id] > 1:
                    self._error(
                        lane,
                        "reference-broken",
                        f"{element_named(self.file, node_id)}同时在两条泳道里；请拖到其中一条里",
                        reference,
                    )

    def _node(self, node: etree._Element, nodes: dict[str | None, etree._Element]) -> None:
        kind = local(node)
        if kind not in SUPPORTED:
            rule = "script-forbidden" if kind == "scriptTask" else "element-unsupported"
            self._error(node, rule, f"这种图形（{kind}）系统不能运行；{_ADVICE.get(kind, '请换成支持的图形')}")
            return
        if kind in EVENTS:
            self._event(node, kind)
        elif kind == "subProcess":
            if node.get("triggeredByEvent") == "true":
                self._error(node, "element-unsupported", "不支持由事件触发的子流程；请改用任务上的钟，或“选一条路”")
            self._scope(node)
        else:
            self._children(node, _IN_ACTIVITY if kind in _NAMED else _IN_NODE)
        for loop in node.iterfind(f"{BPMN}multiInstanceLoopCharacteristics"):
            self._children(loop, _IN_LOOP, owner=node)
        if kind == "boundaryEvent":
            host = nodes.get(node.get("attachedToRef"))
            if host is None:
                self._error(node, "reference-broken", "它附着的任务不在图中；请删去，在任务上重新加")
            elif local(host) not in HOSTS:
                self._error(
                    node, "event-unsupported", "钟和消息只能加在“要人办的任务”“另一张图”或“内嵌子流程”上；请换个地方"
                )

    def _event(self, node: etree._Element, kind: str) -> None:
        definitions = [child for child in self._bpmn(node) if local(child).endswith("EventDefinition")]
        rest = {local(child) for child in definitions}
        self._children(node, _IN_NODE | rest)
        if len(definitions) > 1:
            self._error(node, "event-unsupported", "一个事件只能有一种触发方式，请拆成几个事件")
            return
        event = local(definitions[0]).removesuffix("EventDefinition") if definitions else None
        if event not in EVENTS[kind]:
            allowed = "、".join(sorted(_EVENT_NAMES[known] for known in EVENTS[kind]))
            self._error(
                node, "event-unsupported", f"这里不能用{_EVENT_NAMES.get(event, event or '')}事件；可用：{allowed}"
            )
        elif event == "message":
            if definitions[0].get("messageRef") not in self.messages:
                self._error(node, "reference-broken", "没有写等什么消息；请在右边写上消息的名称")
            if kind == "boundaryEvent" and node.get("cancelActivity") == "false":
                self._error(
                    node,
                    "event-unsupported",
                    "来了消息，任务不能照常办：请换成“来消息就不再办，转走这条路”；催办等请用页面上的操作",
                )

    def _extensions(self) -> None:
        for holder in self.root.iter(f"{BPMN}extensionElements"):
            owner = holder.getparent()
            if owner is None:
                continue
            allowed = _EXTENSIONS.get(local(owner), {"properties"})
            for child in holder:
                namespace, name = etree.QName(child).namespace, local(child)
                if namespace != SPIFF_NAMESPACE:
                    continue  # of another modeler: those have rules of their own
                if name in _SCRIPTS:
                    self._error(owner, "script-forbidden", f"不能写 {name}；数据由表单、规则表和系统动作给出", child)
                elif name not in allowed:
                    self._error(owner, "extension-unknown", f"这里不能用扩展 {name}", child)
                elif any(local(part) == "retry" for part in child):
                    self._error(owner, "extension-unknown", "不能在图中写重试；失败的动作由系统重试并列入异常", child)

    def _children(
        self, element: etree._Element, allowed: frozenset[str] | set[str], owner: etree._Element | None = None
    ) -> None:
        for child in self._bpmn(element):
            name = local(child)
            if name not in allowed:
                rule = "script-forbidden" if name == "script" else "element-unsupported"
                advice = _ADVICE.get(name, "请删去，或用文字注释说明")
                self._error(owner if owner is not None else element, rule, f"系统不能用 {name}；{advice}", child)

    def _bpmn(self, element: etree._Element) -> Iterator[etree._Element]:
        return (child for child in element if etree.QName(child).namespace == MODEL_NAMESPACE)

    def _error(self, owner: etree._Element, rule: str, message: str, at: etree._Element | None = None) -> None:
        line = line_of(owner if at is None else at)
        self.report.error(self.file, line, owner.get("id", "-"), rule, message)


_EVENT_NAMES: dict[str | None, str] = {
    None: "普通",
    "timer": "定时",
    "message": "消息",
    "terminate": "终止",
    "signal": "信号",
    "error": "错误",
    "escalation": "升级",
    "conditional": "条件",
    "compensate": "补偿",
    "cancel": "取消",
    "link": "链接",
}


def _unique_across_files(bundle: Bundle, report: Report) -> None:
    seen: dict[str, str] = {}
    for file, root in bundle.diagrams.items():
        here: set[str] = set()
        for element in root.iter():
            element_id = element.get("id")
            if element_id is None or etree.QName(element).namespace == SPIFF_NAMESPACE:
                continue
            if element_id in here and local(element) not in ("inputDataItem", "outputDataItem"):
                report.error(
                    file, line_of(element), element_id, "id-duplicate", f"编号 {element_id} 重复；请给其中一个换编号"
                )
            here.add(element_id)
            if local(element) not in ("process", "userTask", "subProcess"):
                continue
            if element_id in seen and seen[element_id] != file:
                report.error(
                    file,
                    line_of(element),
                    element_id,
                    "id-duplicate",
                    f"编号 {element_id} 已用于 {seen[element_id]}；图和任务的编号在整个流程里不能重复，请换一个",
                )
            seen.setdefault(element_id, file)
    decisions: dict[str, str] = {}
    for file, root in bundle.tables.items():
        for element in root:
            if local(element) != "decision":
                continue
            decision_id = element.get("id", "")
            if decision_id in decisions:
                report.error(
                    file,
                    line_of(element),
                    decision_id,
                    "id-duplicate",
                    f"规则表的编号 {decision_id} 重复；请给其中一张换编号",
                )
            decisions[decision_id] = file


def _references(process: ProcessModel, report: Report) -> None:
    for flow in process.flows.values():
        for end, node_id in (("起点", flow.source), ("终点", flow.target)):
            if node_id not in process.nodes:
                report.error(process.file, flow.line, flow.id, "reference-broken", f"连线的{end}不在图中；请删去重画")
    for node in process.nodes.values():
        if node.default is not None and node.default not in node.outgoing:
            report.error(
                node.file,
                node.line,
                node.id,
                "reference-broken",
                "“其他情况”走的连线不是从这里出发的；请另选一条",
            )


def _ids(process: ProcessModel, report: Report) -> None:
    def snake(line: int, element_id: str, what: str) -> None:
        if not _SNAKE.fullmatch(element_id):
            report.error(
                process.file,
                line,
                element_id or "-",
                "id-format",
                f"{what}的编号应以小写英文字母开头，只用小写字母、数字和下划线，例如 review_reply",
            )

    snake(process.line, process.id, "流程")
    for lane in process.lanes.values():
        snake(lane.line, lane.id, "泳道")
    for node in process.nodes.values():
        if node.type in _NAMED:
            snake(node.line, node.id, "图形")
        elif not _IDENTIFIER.fullmatch(node.id) or node.id in _RESERVED:
            message = "编号只能用英文字母、数字和下划线，且不能是引擎保留的名称；请换一个"
            report.error(node.file, node.line, node.id or "-", "id-format", message)
