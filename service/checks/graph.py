"""Every token gets somewhere and no token runs for ever: starts, ends, gateways, loops and calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property

from service.checks.bundle import Bundle
from service.checks.findings import CheckContext, Report
from service.checks.model import Flow, Node, ProcessModel
from service.checks.wording import node as node_named
from service.engine.timers import duration_of
from service.processes.rules import one_line

MAX_CALL_DEPTH = 5

_CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})
_GATEWAYS = _CHOOSING | {"parallelGateway", "eventBasedGateway"}
_Joins = Mapping[str, Mapping[str, frozenset[str]]]
"""Parallel join -> each line into it -> the nodes from which a token comes to it by that line, the join not passed."""

_SHORTEST = timedelta(minutes=1)
"""A duration below is no wait: a loop that waits for it runs day and night."""
_LATER = re.compile(r"working_days\(\s*[1-9]\d*\s*\)")
_AFTER_DUE = re.compile(r"due_on|working_days_after\(\s*due_on\s*,\s*\d+\s*\)")


def check(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """Rules start-event, dead-end, unreachable, flow-multiple, flow-condition, gateway-default, event-gateway,
    loop-without-wait, call-unresolved, call-recursive, call-depth and entry-process."""
    calls = Calls(bundle.processes)
    _calls(bundle, calls, context, report)
    for process in bundle.processes.values():
        _start(process, calls, report)
        _ways(process, report)
        choosing = [node for node in process.nodes.values() if node.type == "eventBasedGateway"]
        joins = _joins(process) if choosing else {}
        for node in process.nodes.values():
            _flows(process, node, report)
        for node in choosing:
            _event_gateway(process, node, joins, report)
        if not calls.recursive:
            _loops(process, calls, report)


class Calls:
    """The calls between processes (call activities and embedded sub-processes)."""

    def __init__(self, processes: Mapping[str, ProcessModel]) -> None:
        self.processes = processes
        self._passes: dict[str, bool] = {}
        self._depths: dict[str, int] = {}

    @cached_property
    def callers(self) -> Mapping[str, list[tuple[ProcessModel, Node]]]:
        """Process id -> the activities that run it."""
        found: dict[str, list[tuple[ProcessModel, Node]]] = {}
        for process in self.processes.values():
            for node in process.nodes.values():
                if node.called is not None:
                    found.setdefault(node.called, []).append((process, node))
        return found

    @cached_property
    def recursive(self) -> frozenset[str]:
        """Ids of processes that come, by calls, to themselves."""
        return frozenset(process_id for process_id in self.processes if process_id in self._below(process_id))

    def depth(self, process_id: str) -> int:
        """How many call activities stand one in another below the process (embedded ones are not counted)."""
        if process_id not in self._depths:
            depths = [
                self.depth(called) + (1 if self.processes[called].parent is None else 0)
                for called in self._called(process_id)
            ]
            self._depths[process_id] = max(depths, default=0)
        return self._depths[process_id]

    def waits(self, process: ProcessModel, node: Node) -> bool:
        """Whether a token cannot pass the node without a person, a message or a timer that is sure to lie ahead."""
        if node.called is not None and node.called in self.processes:
            # over an empty collection a multi-instance activity is passed at once
            return node.loop is None and not self._passes_through(node.called)
        if node.event == "timer":
            return node.type in ("intermediateCatchEvent", "boundaryEvent") and _lies_ahead(process, node)
        return node.event == "message" or (node.type == "userTask" and node.loop is None)

    def _passes_through(self, process_id: str) -> bool:
        if process_id not in self._passes:
            self._passes[process_id] = self._finds_way(self.processes[process_id])
        return self._passes[process_id]

    def _finds_way(self, process: ProcessModel) -> bool:
        waiting, seen = [node.id for node in process.starts()], set[str]()
        while waiting:
            node = process.nodes[waiting.pop()]
            if node.id in seen or self.waits(process, node):
                continue
            seen.add(node.id)
            if node.type == "endEvent":
                return True
            # what does not interrupt its task ends nothing
            waiting.extend(after.id for after in _entered(process, node) if after.interrupting)
        return False

    def _called(self, process_id: str) -> set[str]:
        nodes = self.processes[process_id].nodes.values()
        return {node.called for node in nodes if node.called is not None and node.called in self.processes}

    def _below(self, process_id: str) -> set[str]:
        found: set[str] = set()
        waiting = [process_id]
        while waiting:
            for called in self._called(waiting.pop()) - found:
                found.add(called)
                waiting.append(called)
        return found


def entries(bundle: Bundle) -> list[ProcessModel]:
    """The processes that no other calls."""
    called = {node.called for process in bundle.processes.values() for node in process.nodes.values()}
    return [process for process in bundle.tops if process.id not in called]


def _by_id(process: ProcessModel) -> str:
    return process.id


def _calls(bundle: Bundle, calls: Calls, context: CheckContext, report: Report) -> None:
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if node.type == "callActivity" and (not node.called or node.called not in bundle.processes):
                known = "、".join(f"「{one_line(each.name) or each.id}」" for each in sorted(bundle.tops, key=_by_id))
                message = f"没有“{node.called or '（未填）'}”这张图；请在“哪一张图”里选一张：{known}"
                report.error(node.file, node.line, node.id, "call-unresolved", message)
            elif node.type == "callActivity" and bundle.processes[node.called or ""].parent is not None:
                report.error(
                    node.file,
                    node.line,
                    node.id,
                    "call-unresolved",
                    "不能用别的图里的内嵌子流程；请把它做成单独的一张图",
                )
    for process_id in sorted(calls.recursive):
        process = bundle.processes[process_id]
        message = "这张图直接或间接地又用到自己，会无穷无尽；请改成在同一张图里画返回的连线"
        report.error(process.file, process.line, process.id, "call-recursive", message)
    if calls.recursive:
        return
    uncalled = entries(bundle)
    for process in uncalled:
        if calls.depth(process.id) > MAX_CALL_DEPTH:
            message = f"图里用图，一层套一层超过 {MAX_CALL_DEPTH} 层，请合并"
            report.error(process.file, process.line, process.id, "call-depth", message)
    if context.key is not None and context.key not in bundle.processes:
        message = f"没有主流程；请把主流程的编号设为 {context.key}"
        report.error("-", 0, context.key, "entry-process", message)
    key = context.key or (uncalled[0].id if uncalled else None)
    for process in uncalled:
        if process.id != key:
            message = "没有哪张图用到它，它也不是主流程；请在主流程里用“另一张图”接上它，或删去"
            report.error(process.file, process.line, process.id, "entry-process", message)


def _start(process: ProcessModel, calls: Calls, report: Report) -> None:
    starts = process.starts()
    plain = [start for start in starts if start.event is None]
    called = process.id in calls.callers
    if not starts:
        report.error(process.file, process.line, process.id, "start-event", "流程没有“开始”；请加一个")
    elif len(plain) > 1 or (called and (len(plain) != 1 or len(starts) > 1)):
        expected = "被别的图用到的流程应恰有一个“开始”" if called else "流程只能有一个“开始”"
        report.error(
            process.file,
            starts[-1].line,
            starts[-1].id,
            "start-event",
            f"{expected}，现在有 {len(starts)} 个；请删去多余的",
        )
    for start in starts:
        if start.incoming:
            report.error(start.file, start.line, start.id, "start-event", "“开始”不能有进入的连线；请删去那条连线")


def _ways(process: ProcessModel, report: Report) -> None:
    reached = process.reachable(start.id for start in process.starts())
    ending = process.leading_to(end.id for end in process.ends())
    for node in process.nodes.values():
        if node.id not in reached and process.starts():
            report.error(node.file, node.line, node.id, "unreachable", "从“开始”走不到这里，请补上连线或删去")
        if node.type == "endEvent":
            if node.outgoing:
                report.error(node.file, node.line, node.id, "dead-end", "“结束”不能有离开的连线；请删去那条连线")
        elif not node.outgoing:
            report.error(node.file, node.line, node.id, "dead-end", "走到这里就断了，请连到下一步或“结束”")
        elif node.id not in ending:
            report.error(node.file, node.line, node.id, "dead-end", "从这里走不到任何“结束”，请补上出路")


def _flows(process: ProcessModel, node: Node, report: Report) -> None:
    flows = [process.flows[flow_id] for flow_id in node.outgoing]
    if len(flows) > 1 and node.type not in _GATEWAYS:
        message = "这里只能引出一条连线；要选一条走的请接“选一条路”，要同时做的请接“分头同时做、汇合”"
        report.error(node.file, node.line, node.id, "flow-multiple", message)
    if node.type not in _CHOOSING:
        for flow in flows:
            if flow.condition is not None:
                message = "只有从“选一条路”引出的连线才能写条件；请在这里接一个“选一条路”"
                report.error(node.file, flow.line, flow.id, "flow-condition", message)
        return
    if len(flows) > 1 and not any(flow.default for flow in flows):
        message = "没有“其他情况”走的连线，条件都不成立时流程会卡住；请在其中一条连线上勾“其他情况走这条”"
        report.error(node.file, node.line, node.id, "gateway-default", message)
    for flow in flows:
        if flow.default and flow.condition is not None:
            report.warning(
                node.file, flow.line, flow.id, "flow-condition", "“其他情况”走的连线上，条件不起作用，请删去"
            )
        elif len(flows) > 1 and not flow.default and not flow.condition:
            report.error(
                node.file, flow.line, flow.id, "flow-condition", "这条连线没有写条件；请写上，或勾“其他情况走这条”"
            )


def _event_gateway(process: ProcessModel, node: Node, joins: _Joins, report: Report) -> None:
    targets = [process.nodes[flow.target] for flow in _out(process, node) if flow.target in process.nodes]
    for target in targets:
        if target.type != "intermediateCatchEvent":
            message = f"“等先发生的一件”后面只能直接接“等到时间”或“等消息”，不能接{node_named(target)}"
            report.error(node.file, node.line, node.id, "event-gateway", message)
    if len(targets) < 2:
        report.error(node.file, node.line, node.id, "event-gateway", "“等先发生的一件”至少要引出两条连线")
    messages = [target.message for target in targets if target.message]
    if repeated := sorted({message for message in messages if messages.count(message) > 1}):
        message = f"后面有几处等同一条消息（{'、'.join(repeated)}），分不清走哪条路；请合并，或换一条消息"
        report.error(node.file, node.line, node.id, "event-gateway", message)
    _joins_behind(process, node, targets, joins, report)


def _joins_behind(process: ProcessModel, node: Node, targets: list[Node], joins: _Joins, report: Report) -> None:
    """Of the ways behind an event gateway one is taken: a join that waits for two of them waits for ever.

    Sound is a join to which every way comes by the same lines, or one that stands on a single way.
    """
    for join_id, lines in joins.items():
        ways = [frozenset(line for line, before in lines.items() if target.id in before) for target in targets]
        apart = len({way for way in ways if way}) > 1 or (not all(ways) and frozenset(lines) not in ways)
        if any(ways) and apart:
            message = (
                f"“等先发生的一件”后面只走一条路，{node_named(process.nodes[join_id])}却要等另外的路，"
                "会一直等下去；请先用“选一条路”把各条路合成一条，再接过去"
            )
            report.error(node.file, node.line, node.id, "event-gateway", message)


def _joins(process: ProcessModel) -> _Joins:
    return {
        join.id: {line: _before(process, process.flows[line].source, join.id) for line in join.incoming}
        for join in process.nodes.values()
        if join.type == "parallelGateway" and len(join.incoming) > 1
    }


def _before(process: ProcessModel, node_id: str, join: str) -> frozenset[str]:
    seen: set[str] = set()
    waiting = [node_id]
    while waiting:
        current = waiting.pop()
        if current not in seen and current != join:
            seen.add(current)
            waiting.extend(before.id for before in process.before(current))
    return frozenset(seen)


def _out(process: ProcessModel, node: Node) -> list[Flow]:
    return [process.flows[flow_id] for flow_id in node.outgoing]


def _entered(process: ProcessModel, node: Node) -> Iterator[Node]:
    """The nodes that a token meets as soon as it leaves the node: what comes next, and the boundary events on that."""
    for flow in _out(process, node):
        if (target := process.nodes.get(flow.target)) is not None:
            yield target
            yield from (process.nodes[boundary] for boundary in target.boundaries)


def _lies_ahead(process: ProcessModel, node: Node) -> bool:
    """Whether a timer is sure to wait: for a minute at least, or for a day that is counted from today on."""
    if node.timer is None:
        return False
    text = node.timer.expression.strip()
    if node.timer.kind == "duration":
        length = duration_of(text[1:-1]) if text[:1] in ("'", '"') else None
        return length is not None and _START + length >= _START + _SHORTEST
    host = process.nodes.get(node.attached_to or "")
    due = host.properties.get("due", "") if host is not None else ""
    dated = _LATER.fullmatch(due.strip()) is not None
    return _LATER.fullmatch(text) is not None or (dated and _AFTER_DUE.fullmatch(text) is not None)


_START = datetime(2026, 3, 2, tzinfo=UTC)


def _loops(process: ProcessModel, calls: Calls, report: Report) -> None:
    """Nodes that a token can come back to without waiting anywhere."""
    running = {node.id for node in process.nodes.values() if not calls.waits(process, node)}
    onward = {
        node_id: [after.id for after in _entered(process, process.nodes[node_id]) if after.id in running]
        for node_id in sorted(running)
    }
    named: set[str] = set()
    for node_id in onward:
        if node_id in named:
            continue
        circle = _circle(node_id, onward)
        if circle:
            named.update(circle)
            node = process.nodes[node_id]
            names = " → ".join(node_named(process.nodes[each]) for each in [*circle, node_id])
            message = (
                f"死循环：{names} 一圈下来没有任何等待；请在圈里放一个要人办的任务、“等消息”，或至少 1 分钟的“等到时间”"
            )
            report.error(node.file, node.line, node.id, "loop-without-wait", message)


def _circle(start: str, onward: Mapping[str, list[str]]) -> list[str]:
    """A shortest way from ``start`` back to itself, ``start`` first; empty when there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    for current in waiting:
        for after in onward[current]:
            if after == start:
                way = [current]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if after not in came_from:
                came_from[after] = current
                waiting.append(after)
    return []
