"""Changes in diagrams, by element id: steps, flows, clocks, lanes, what they say, where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from lxml import etree

from service.checks.model import BPMN, Flow, Lane, MultiInstance, Node, Operation, ProcessModel, Timer, local, model_of
from service.engine.xml import parse_xml
from service.processes.rules import one_line
from service.studio.difference.shape import ADDED, CHANGED, MOVED, REMOVED, Change, other, value

KINDS: Mapping[str, str] = {
    "startEvent": "开始",
    "endEvent": "结束",
    "userTask": "步骤",
    "task": "步骤",
    "manualTask": "步骤",
    "serviceTask": "自动步骤",
    "sendTask": "自动步骤",
    "scriptTask": "自动步骤",
    "businessRuleTask": "规则表步骤",
    "receiveTask": "等待",
    "callActivity": "调用的流程",
    "subProcess": "子流程",
    "exclusiveGateway": "分支",
    "inclusiveGateway": "分支",
    "parallelGateway": "并行",
    "eventBasedGateway": "先到先走",
    "boundaryEvent": "边界事件",
    "intermediateCatchEvent": "等待",
    "intermediateThrowEvent": "中间事件",
}
PROPERTIES: Mapping[str, str] = {
    "stage": "阶段",
    "form": "表单",
    "candidates": "办理人",
    "due": "期限",
    "due_basis": "期限依据",
    "due_days": "期限天数",
    "warn": "到期前几日提醒",
    "sign": "签字栏",
    "clock": "计时方式",
    "about": "所决定的单位",
    "title": "事项标题",
    "stages": "阶段划分",
    "given": "发起时带来的数据",
    "occasion": "什么时候办",
    "work": "谁做什么",
    "button": "按钮上的字",
    "purpose": "为什么发起",
    "page": "所在页面",
    "order": "排在第几",
}
_LOOP: Mapping[str, str] = {
    "sequential": "是否依次办理",
    "cardinality": "办几份",
    "collection": "按哪份名单分办",
    "item": "每一份的名称",
    "output_collection": "结果汇总到",
    "output_item": "每一份的结果",
    "completion": "提前结束的条件",
}
_TIMERS: Mapping[str, str] = {"date": "到", "duration": "过", "cycle": "每隔"}
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"

Box = tuple[str, ...]


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterator[Change]:
    """The changes, process by process. Raises Invalid for a diagram that cannot be read."""
    old_roots = {name: parse_xml(content, name=name) for name, content in before.items()}
    new_roots = {name: parse_xml(content, name=name) for name, content in after.items()}
    old, new = model_of(old_roots), model_of(new_roots)
    old_places, new_places = _places(old_roots), _places(new_roots)
    yield from _apart(old_roots, new_roots)
    for key in [*new, *(key for key in old if key not in new)]:
        mine, theirs = old.get(key), new.get(key)
        if mine is None and theirs is not None:
            yield Change(ADDED, theirs.file, key, key, (f"新增流程{value(theirs.name or key)}",))
        elif theirs is None and mine is not None:
            yield Change(REMOVED, mine.file, key, key, (f"删除流程{value(mine.name or key)}",))
        elif mine is not None and theirs is not None:
            told = list(_process(mine, theirs))
            yield from told
            known = {one.element for one in told}
            for element in [*theirs.nodes, *theirs.flows, *theirs.lanes]:
                if element not in known and element in old_places and old_places[element] != new_places.get(element):
                    yield Change(MOVED, theirs.file, key, element, ())


def _process(old: ProcessModel, new: ProcessModel) -> Iterator[Change]:
    whole = [*_names("流程名称", old.name, new.name), *_properties("流程：", old.properties, new.properties)]
    if whole:
        yield Change(CHANGED, new.file, new.id, new.id, tuple(whole))
    yield from _lanes(old, new)
    for name, node in new.nodes.items():
        if name not in old.nodes:
            yield Change(ADDED, new.file, new.id, name, (f"新增{titled(node, new)}{_about(node, new)}",))
        elif lines := list(_node(old.nodes[name], node, old, new)):
            said = f"{titled(node, new)}："
            yield Change(CHANGED, new.file, new.id, name, tuple(said + line for line in lines))
    for name, node in old.nodes.items():
        if name not in new.nodes:
            yield Change(REMOVED, new.file, new.id, name, (f"删除{titled(node, old)}",))
    for name, flow in new.flows.items():
        if name not in old.flows:
            told = f"，条件是{value(flow.condition)}" if flow.condition else ""
            yield Change(ADDED, new.file, new.id, name, (f"新增连线{_flow_name(flow, new)}{told}",))
        elif lines := list(_flow(old.flows[name], flow, old, new)):
            said = f"连线{_flow_name(flow, new)}："
            yield Change(CHANGED, new.file, new.id, name, tuple(said + line for line in lines))
    for name, flow in old.flows.items():
        if name not in new.flows:
            yield Change(REMOVED, new.file, new.id, name, (f"删除连线{_flow_name(flow, old)}",))
    yield from _order(old, new)


def _order(old: ProcessModel, new: ProcessModel) -> Iterator[Change]:
    """Of several conditions the first that holds is taken: their order is part of what happens."""
    for name, node in new.nodes.items():
        if name not in old.nodes or not node.type.endswith("Gateway"):
            continue
        mine = [one for one in old.nodes[name].outgoing if one in node.outgoing and old.flows[one].condition]
        theirs = [one for one in node.outgoing if one in mine]
        if mine != theirs:
            first = "、".join(_flow_name(new.flows[one], new) for one in theirs)
            yield Change(CHANGED, new.file, new.id, name, (f"{titled(node, new)}：条件的先后改为{first}",))


def _lanes(old: ProcessModel, new: ProcessModel) -> Iterator[Change]:
    for name, lane in new.lanes.items():
        if name not in old.lanes:
            yield Change(ADDED, new.file, new.id, name, (f"新增泳道「{lane.name or name}」",))
        elif old.lanes[name].name != lane.name:
            line = f"泳道{other('名称', old.lanes[name].name, lane.name)}"
            yield Change(CHANGED, new.file, new.id, name, (line,))
    for name, lane in old.lanes.items():
        if name not in new.lanes:
            yield Change(REMOVED, new.file, new.id, name, (f"删除泳道「{lane.name or name}」",))


def _apart(old: Mapping[str, etree._Element], new: Mapping[str, etree._Element]) -> Iterator[Change]:
    """The rest, beside steps, flows and lanes: what the drawing says of its parts, and the messages that it knows."""
    for tag, what in (("documentation", "说明"), ("message", "消息名称")):
        mine, theirs = _words(old, tag), _words(new, tag)
        for key in [*theirs, *(key for key in mine if key not in theirs)]:
            if key[0] in old and key[0] in new and mine.get(key) != theirs.get(key):
                file, element, name = key
                said = f"「{name}」的{what}" if name else what
                yield Change(CHANGED, file, "", element, (other(said, mine.get(key), theirs.get(key)),))


def _words(roots: Mapping[str, etree._Element], tag: str) -> dict[tuple[str, str, str], str]:
    found = {}
    for file, root in roots.items():
        for one in root.iter(f"{BPMN}{tag}"):
            owner = one if tag == "message" else one.getparent()
            name = "" if owner is None or tag == "message" else one_line(owner.get("name", ""))
            said = one.get("name", "") if tag == "message" else (one.text or "").strip()
            found[file, "" if owner is None else owner.get("id", ""), name] = said
    return found


def titled(node: Node, process: ProcessModel) -> str:
    """An element as a sentence names it: ``步骤「受理」``; one without a name by what stands before it."""
    kind = KINDS.get(node.type, "元素")
    if node.type == "boundaryEvent":
        kind = {"timer": "定时", "message": "消息"}.get(node.event or "", kind)
    if name := one_line(node.name):
        return f"{kind}「{name}」"
    before = next((one_line(one.name) for one in process.before(node.id) if one.name), "")
    return f"「{before}」之后的{kind}" if before else f"未命名的{kind}（{node.id}）"


def _about(node: Node, process: ProcessModel) -> str:
    """The words of a new element, in brackets."""
    told = []
    if node.lane and node.type == "userTask":
        told.append(_lane_name(process.lanes, node.lane))
    if "due" in node.properties:
        told.append(f"期限{value(node.properties['due'])}")
    if node.timer is not None:
        told.append(_timer_words(node.timer))
    if node.type == "boundaryEvent":
        told.append("到时取消原步骤" if node.interrupting else "到时原步骤照办")
    if node.operation is not None:
        told.append(f"动作{value(node.operation.action)}")
    return f"（{'，'.join(told)}）" if told else ""


def _node(old: Node, new: Node, before: ProcessModel, after: ProcessModel) -> Iterator[str]:
    yield from _names("名称", one_line(old.name), one_line(new.name))
    if old.type != new.type:
        yield f"由{KINDS.get(old.type, '其他元素')}改为{KINDS.get(new.type, '其他元素')}"
    if old.lane != new.lane:
        yield f"由泳道「{_lane_name(before.lanes, old.lane)}」改归「{_lane_name(after.lanes, new.lane)}」"
    yield from _properties("", old.properties, new.properties)
    if old.timer != new.timer and _timer_said(old.timer) != _timer_said(new.timer):
        yield f"时间由{_timer_words(old.timer)}改为{_timer_words(new.timer)}"
    if old.interrupting != new.interrupting:
        yield "改为到时取消原步骤" if new.interrupting else "改为到时原步骤照办"
    if old.attached_to != new.attached_to:
        yield f"改为附在步骤「{_node_name(after, new.attached_to)}」上"
    if old.events != new.events:
        yield "事件的种类改了"
    for what, mine, theirs in (
        ("调用的流程", old.called, new.called),
        ("规则表", old.decision, new.decision),
        ("等待的消息", old.message, new.message),
    ):
        if mine != theirs:
            yield other(what, mine, theirs)
    if old.default != new.default:
        flow = after.flows.get(new.default or "")
        yield f"其余情况改走{_flow_name(flow, after) if flow is not None else '（没有）'}"
    yield from _operation(old.operation, new.operation)
    yield from _loop(old.loop, new.loop)


def _flow(old: Flow, new: Flow, before: ProcessModel, after: ProcessModel) -> Iterator[str]:
    yield from _names("名称", old.name, new.name)
    if (old.condition or "") != (new.condition or ""):
        yield other("条件", old.condition, new.condition)
    if old.source != new.source:
        yield f"改从「{_node_name(after, new.source)}」出发（原为「{_node_name(before, old.source)}」）"
    if old.target != new.target:
        yield f"改到「{_node_name(after, new.target)}」（原为「{_node_name(before, old.target)}」）"


def _names(what: str, old: str, new: str) -> Iterator[str]:
    if old != new:
        yield other(what, old, new)


def _properties(said: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield said + other(PROPERTIES.get(name, f"属性 {name} "), old.get(name), new.get(name))


def _operation(old: Operation | None, new: Operation | None) -> Iterator[str]:
    mine, theirs = old or Operation("", None, {}, 0), new or Operation("", None, {}, 0)
    yield from _names("动作", mine.action, theirs.action)
    if mine.result != theirs.result:
        yield other("结果的名称", mine.result, theirs.result)
    for name in [*theirs.parameters, *(name for name in mine.parameters if name not in theirs.parameters)]:
        if mine.parameters.get(name) != theirs.parameters.get(name):
            yield other(f"动作的参数 {name} ", mine.parameters.get(name), theirs.parameters.get(name))


def _loop(old: MultiInstance | None, new: MultiInstance | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"改为分几份同时办（{value(new.collection or new.cardinality)}）"
    elif new is None and old is not None:
        yield "不再分几份同时办"
    elif old is not None and new is not None:
        for one in fields(MultiInstance):
            if one.name != "line" and getattr(old, one.name) != getattr(new, one.name):
                yield other(_LOOP[one.name], getattr(old, one.name), getattr(new, one.name))


def _timer_said(timer: Timer | None) -> tuple[str, str] | None:
    return None if timer is None else (timer.kind, timer.expression)


def _timer_words(timer: Timer | None) -> str:
    return "（没有）" if timer is None else f"{_TIMERS.get(timer.kind, '')}{value(timer.expression)}"


def _lane_name(lanes: Mapping[str, Lane], name: str | None) -> str:
    lane = lanes.get(name or "")
    return lane.name or lane.id if lane is not None else name or "没有泳道"


def _node_name(process: ProcessModel, name: str | None) -> str:
    node = process.nodes.get(name or "")
    return one_line(node.name) or KINDS.get(node.type, "元素") if node is not None else name or ""


def _flow_name(flow: Flow, process: ProcessModel) -> str:
    ways = f"「{_node_name(process, flow.source)} → {_node_name(process, flow.target)}」"
    return f"“{one_line(flow.name)}”{ways}" if flow.name else ways


def _places(roots: Mapping[str, etree._Element]) -> dict[str, Box]:
    """Element id → where it stands: its box, or the points of its line."""
    found: dict[str, Box] = {}
    for root in roots.values():
        for one in root.iter(f"{_DI}BPMNShape", f"{_DI}BPMNEdge"):
            points = [child for child in one if local(child) in ("Bounds", "waypoint")]
            place = [" ".join(str(point.get(key)) for key in ("x", "y", "width", "height")) for point in points]
            found.setdefault(one.get("bpmnElement", ""), tuple(place))
    return found
