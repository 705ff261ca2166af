"""Changes in diagrams, by element id: steps, flows, clocks, lanes, what they say, where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from lxml import etree

from service.checks.model import BPMN, Flow, Lane, MultiInstance, Node, Operation, ProcessModel, Timer, local, model_of
from service.checks.titles import PROCESS_TITLES, TASK_TITLES
from service.engine.xml import parse_xml
from service.processes.rules import one_line
from service.studio.difference.names import Names
from service.studio.difference.shape import ADDED, CHANGED, MOVED, REMOVED, Change, other, turned, value

KINDS: Mapping[str, str] = {
    "startEvent": "开始",
    "endEvent": "结束",
    "userTask": "步骤",
    "task": "步骤",
    "manualTask": "步骤",
    "serviceTask": "系统动作",
    "sendTask": "系统动作",
    "scriptTask": "系统动作",
    "businessRuleTask": "查规则表",
    "receiveTask": "等待",
    "callActivity": "另一张图",
    "subProcess": "内嵌子流程",
    "exclusiveGateway": "选一条路",
    "inclusiveGateway": "选一条或几条路",
    "parallelGateway": "分头同时做、汇合",
    "eventBasedGateway": "等先发生的一件",
    "boundaryEvent": "钟",
    "intermediateCatchEvent": "等待",
    "intermediateThrowEvent": "中间点",
}
PROPERTIES: Mapping[str, str] = {**PROCESS_TITLES, **TASK_TITLES}
_LOOP: Mapping[str, str] = {
    "sequential": "是否依次办理",
    "cardinality": "办几份",
    "collection": "按哪份名单分办",
    "item": "每一份的名称",
    "output_collection": "结果汇总到",
    "output_item": "每一份的结果",
    "completion": "提前结束的条件",
}
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"

Box = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two versions of a process, with the words for what it says."""

    process: ProcessModel
    names: Names


def changes(
    before: Mapping[str, bytes], after: Mapping[str, bytes], mine_named: Names, theirs_named: Names
) -> Iterator[Change]:
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
            told = list(_process(_Side(mine, mine_named), _Side(theirs, theirs_named)))
            yield from told
            known = {one.element for one in told}
            for element in [*theirs.nodes, *theirs.flows, *theirs.lanes]:
                if element not in known and element in old_places and old_places[element] != new_places.get(element):
                    yield Change(MOVED, theirs.file, key, element, ())


def _process(before: _Side, after: _Side) -> Iterator[Change]:
    old, new = before.process, after.process
    whole = [
        *_names("流程名称", old.name, new.name),
        *_properties("流程：", (before, old.properties, None), (after, new.properties, None)),
    ]
    if whole:
        yield Change(CHANGED, new.file, new.id, new.id, tuple(whole))
    yield from _lanes(old, new)
    for name, node in new.nodes.items():
        if name not in old.nodes:
            yield Change(ADDED, new.file, new.id, name, (f"新增{titled(node, new)}{_about(node, after)}",))
        elif lines := list(_node(old.nodes[name], node, before, after)):
            said = f"{titled(node, new)}："
            yield Change(CHANGED, new.file, new.id, name, tuple(said + line for line in lines))
    for name, node in old.nodes.items():
        if name not in new.nodes:
            yield Change(REMOVED, new.file, new.id, name, (f"删除{titled(node, old)}",))
    for name, flow in new.flows.items():
        if name not in old.flows:
            told = f"，条件是{after.names.condition(flow.condition, name)}" if flow.condition else ""
            yield Change(ADDED, new.file, new.id, name, (f"新增连线{_flow_name(flow, new)}{told}",))
        elif lines := list(_flow(old.flows[name], flow, before, after)):
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
            _, was = mine.get(key, ("", None))
            name, now = theirs.get(key, (mine[key][0] if key in mine else "", None))
            if key[0] in old and key[0] in new and was != now:
                file, element = key
                yield Change(CHANGED, file, "", element, (other(f"「{name}」的{what}" if name else what, was, now),))


def _words(roots: Mapping[str, etree._Element], tag: str) -> dict[tuple[str, str], tuple[str, str]]:
    """File and element → its name and its words."""
    found = {}
    for file, root in roots.items():
        for one in root.iter(f"{BPMN}{tag}"):
            owner = one if tag == "message" else one.getparent()
            name = "" if owner is None or tag == "message" else one_line(owner.get("name", ""))
            said = one.get("name", "") if tag == "message" else (one.text or "").strip()
            found[file, "" if owner is None else owner.get("id", "")] = (name, said)
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


def _about(node: Node, side: _Side) -> str:
    """The words of a new element, in brackets."""
    told = []
    if node.lane and node.type == "userTask":
        told.append(_lane_name(side.process.lanes, node.lane))
        if "candidates" in node.properties:
            told.append(f"由{side.names.holder(node.properties['candidates'])}办")
    if "due" in node.properties:
        told.append(f"期限{side.names.date(node.properties['due'], node)}")
    if node.timer is not None:
        told.append(_timer(node, side))
    if node.type == "boundaryEvent":
        told.append("到时取消原步骤" if node.interrupting else "到时原步骤照办")
    if node.called is not None and node.type == "callActivity":
        told.append(f"调用{side.names.called(node.called)}")
    if node.operation is not None:
        told.append(f"动作{side.names.action(node.operation.action)}")
    return f"（{'，'.join(told)}）" if told else ""


def _node(old: Node, new: Node, before: _Side, after: _Side) -> Iterator[str]:
    mine, theirs = before.names, after.names
    yield from _names("名称", one_line(old.name), one_line(new.name))
    if old.type != new.type:
        yield f"由{KINDS.get(old.type, '其他元素')}改为{KINDS.get(new.type, '其他元素')}"
    if old.lane != new.lane:
        was, now = _lane_name(before.process.lanes, old.lane), _lane_name(after.process.lanes, new.lane)
        yield f"由泳道「{was}」改归「{now}」"
    yield from _properties("", (before, old.properties, old), (after, new.properties, new))
    if _timer_said(old.timer) != _timer_said(new.timer):
        yield turned("时间", _timer(old, before), _timer(new, after))
    if old.interrupting != new.interrupting:
        yield "改为到时取消原步骤" if new.interrupting else "改为到时原步骤照办"
    if old.attached_to != new.attached_to:
        yield f"改为附在步骤「{_node_name(after.process, new.attached_to)}」上"
    if old.events != new.events:
        yield "事件的种类改了"
    if old.called != new.called:
        yield turned("调用的流程", mine.called(old.called), theirs.called(new.called))
    if old.decision != new.decision:
        yield turned("规则表", mine.decision(old.decision), theirs.decision(new.decision))
    if old.message != new.message:
        yield turned("等待的消息", mine.message(old.message), theirs.message(new.message))
    if old.default != new.default:
        yield _otherwise(old, new, before.process, after.process)
    yield from _operation(old.operation, new.operation, mine, theirs)
    yield from _loop(old.loop, new.loop, mine, theirs)


def _otherwise(old: Node, new: Node, before: ProcessModel, after: ProcessModel) -> str:
    """The way that is taken where no condition holds: another one, none any more, or one where there was none."""
    was, now = before.flows.get(old.default or ""), after.flows.get(new.default or "")
    said = "各条件都不成立时"
    if now is None:
        return f"{said}不再有路可走（原来走{_flow_name(was, before) if was is not None else '（没有）'}）"
    way = _flow_name(now, after)
    return f"{said}改走{way}（原来走{_flow_name(was, before)}）" if was is not None else f"{said}走{way}（原来没有写）"


def _flow(old: Flow, new: Flow, before: _Side, after: _Side) -> Iterator[str]:
    yield from _names("名称", old.name, new.name)
    if (old.condition or "") != (new.condition or ""):
        if new.default and not new.condition:
            yield f"不再写条件，改为各条件都不成立时走（原条件是{before.names.condition(old.condition, old.id)}）"
        else:
            mine, theirs = (side.names.condition(one.condition, one.id) for side, one in ((before, old), (after, new)))
            yield turned("条件", mine, theirs)
    if old.source != new.source:
        was, now = _node_name(before.process, old.source), _node_name(after.process, new.source)
        yield f"改从「{now}」出发（原为「{was}」）"
    if old.target != new.target:
        was, now = _node_name(before.process, old.target), _node_name(after.process, new.target)
        yield f"改到「{now}」（原为「{was}」）"


def _names(what: str, old: str, new: str) -> Iterator[str]:
    if old != new:
        yield other(what, old, new)


_Properties = tuple[_Side, Mapping[str, str], Node | None]


def _properties(said: str, old: _Properties, new: _Properties) -> Iterator[str]:
    before, mine, old_node = old
    after, theirs, new_node = new
    for name in [*theirs, *(name for name in mine if name not in theirs)]:
        if mine.get(name) == theirs.get(name):
            continue
        title = PROPERTIES.get(name, f"属性 {name} ")
        was = before.names.property(name, mine.get(name), old_node)
        now = after.names.property(name, theirs.get(name), new_node)
        worded = was != now and (was, now) != (value(mine.get(name)), value(theirs.get(name)))
        yield said + (turned(title, was, now) if worded else other(title, mine.get(name), theirs.get(name)))


def _operation(old: Operation | None, new: Operation | None, mine: Names, theirs: Names) -> Iterator[str]:
    was, now = old or Operation("", None, {}, 0), new or Operation("", None, {}, 0)
    if was.action != now.action:
        yield turned("动作", mine.action(was.action), theirs.action(now.action))
    if was.result != now.result:
        yield turned("结果的名称", mine.data(was.result), theirs.data(now.result))
    for name in [*now.parameters, *(name for name in was.parameters if name not in now.parameters)]:
        if was.parameters.get(name) != now.parameters.get(name):
            before = mine.argument(was.action, name, was.parameters.get(name))
            after = theirs.argument(now.action, name, now.parameters.get(name))
            yield turned(f"动作的参数{theirs.parameter(now.action or was.action, name)}", before, after)


def _loop(old: MultiInstance | None, new: MultiInstance | None, mine: Names, theirs: Names) -> Iterator[str]:
    if old is None and new is not None:
        yield f"改为分几份同时办（{theirs.data(new.collection or new.cardinality)}）"
    elif new is None and old is not None:
        yield "不再分几份同时办"
    elif old is not None and new is not None:
        for one in fields(MultiInstance):
            was, now = getattr(old, one.name), getattr(new, one.name)
            if one.name == "line" or was == now:
                continue
            named = one.name not in ("sequential", "completion")
            yield (
                turned(_LOOP[one.name], mine.data(was), theirs.data(now)) if named else other(_LOOP[one.name], was, now)
            )


def _timer_said(timer: Timer | None) -> tuple[str, str] | None:
    return None if timer is None else (timer.kind, timer.expression)


def _timer(node: Node, side: _Side) -> str:
    return value(None) if node.timer is None else side.names.date(node.timer.expression, node)


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
