"""Ways in words: every path through a diagram as a numbered list of steps, for approval and training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.checks.model import Flow, Node, ProcessModel, model
from service.processes.rules import one_line
from service.studio.difference.diagrams import titled
from service.studio.difference.names import Names
from service.studio.panel import NOTHING_KNOWN, Choices

MOST_WAYS, LONGEST_WAY = 200, 120
"""Ways that are listed of one process, and steps of one way; beyond, it is told that there are more."""
MOST_TRIES = 50_000
"""Places that are looked at: in a wide net most ways lead nowhere new."""

STEP, SERVICE, CHOICE, CLOCK, BACK, END = "step", "service", "choice", "clock", "back", "end"


@dataclass(frozen=True, slots=True)
class WayStep:
    """One line of a way: ``kind`` of STEP, SERVICE, CHOICE, CLOCK, BACK (rework), END; the element, and its words."""

    kind: str
    element: str
    text: str


@dataclass(frozen=True, slots=True)
class ProcessWays:
    """The ways of one process. ``beside`` are those that a clock begins beside a step that goes on.

    ``bounded``: there are more than are listed. A way ends where it comes back to a step that it has passed.
    """

    process: str
    name: str
    ways: tuple[tuple[WayStep, ...], ...]
    beside: tuple[tuple[WayStep, ...], ...]
    bounded: bool


def ways(files: Mapping[str, bytes], key: str, house: Choices = NOTHING_KNOWN) -> list[ProcessWays]:
    """The ways of each process of a bundle, that of ``key`` first; ``house`` names the codes of the house.

    Raises Invalid for a diagram that cannot be read.
    """
    processes, names = model(files), Names(files, house)
    ordered = sorted(processes.values(), key=lambda one: (one.id != key, one.id))
    return [_ways_of(one, processes, names) for one in ordered]


def lines(found: ProcessWays) -> Iterator[str]:
    """The ways as lines of text."""
    yield f"流程「{found.name}」：{len(found.ways)} 条路径{'（只列出这些，还有更多）' if found.bounded else ''}"
    for what, listed in (("路径", found.ways), ("另行触发", found.beside)):
        for number, way in enumerate(listed, 1):
            yield f"{what} {number}"
            step = 0
            for one in way:
                if one.kind in (STEP, SERVICE, BACK, END):
                    step += 1
                    yield f"  {step}. {one.text}"
                else:
                    yield f"     {one.text}"


def _ways_of(process: ProcessModel, processes: Mapping[str, ProcessModel], names: Names) -> ProcessWays:
    walk = _Walk(process, processes, names)
    told = [way for start in process.starts() for way in walk.all_from(start)]
    clocks = [one for one in process.nodes.values() if one.attached_to is not None and not one.interrupting]
    beside = [way for clock in clocks for way in walk.all_from(clock)]
    return ProcessWays(process.id, one_line(process.name) or process.id, tuple(told), tuple(beside), walk.bounded)


@dataclass(frozen=True, slots=True)
class _Token:
    """Where a way stands: the next node."""

    node: str


class _Walk:
    """All ways through one process, depth first, within the bounds."""

    def __init__(self, process: ProcessModel, processes: Mapping[str, ProcessModel], names: Names) -> None:
        self.process, self.processes, self.names = process, processes, names
        self.bounded = False
        self._tries = self._found = 0

    def all_from(self, start: Node) -> Iterator[tuple[WayStep, ...]]:
        """The ways that begin at ``start``, each once."""
        self._found = 0
        seen: set[tuple[WayStep, ...]] = set()
        for way in self._walk((_Token(start.id),), (), frozenset(), {}):
            if way not in seen:
                seen.add(way)
                self._found += 1
                yield way

    def _walk(
        self, tokens: tuple[_Token, ...], way: tuple[WayStep, ...], taken: frozenset[str], joins: Mapping[str, int]
    ) -> Iterator[tuple[WayStep, ...]]:
        self._tries += 1
        if self._found >= MOST_WAYS or self._tries > MOST_TRIES or len(way) > LONGEST_WAY:
            self.bounded = True
            return
        if not tokens:
            yield way
            return
        token, rest = tokens[0], tokens[1:]
        node = self.process.nodes[token.node]
        if node.type == "parallelGateway" and len(node.incoming) > 1:
            came = joins.get(node.id, 0) + 1
            joins = {**joins, node.id: came}
            if came < len(node.incoming) and rest:
                yield from self._walk(rest, way, taken, joins)
                return
        told = (*way, *self._told(node))
        if node.type == "endEvent" and "terminate" in node.events:
            yield told
            return
        for said, following in self._onward(node):
            fresh = [one for one in following if one.id not in taken and not self._again(one, told)]
            back = tuple(self._back(one) for one in following if one not in fresh)
            after = tuple(_Token(one.target) for one in fresh if one.target in self.process.nodes)
            gone = taken | {one.id for one in fresh}
            yield from self._walk((*after, *rest), (*told, *said, *back), gone, joins)

    def _onward(self, node: Node) -> Iterator[tuple[tuple[WayStep, ...], list[Flow]]]:
        """Each way to go on: what is said of the choice, and the flows that are taken together."""
        flows = [self.process.flows[one] for one in node.outgoing]
        if node.type in ("exclusiveGateway", "eventBasedGateway", "inclusiveGateway") and len(flows) > 1:
            for flow in flows:
                yield (WayStep(CHOICE, flow.id, self._condition(node, flow)),), [flow]
        else:
            yield (), flows
        for name in node.boundaries:
            boundary = self.process.nodes[name]
            if boundary.interrupting:
                said = WayStep(CLOCK, name, f"如果{self._clock(boundary)}，「{one_line(node.name)}」不再办，改走：")
                yield (said,), [self.process.flows[one] for one in boundary.outgoing]

    def _again(self, flow: Flow, way: Sequence[WayStep]) -> bool:
        """Whether a flow leads back to a step that the way has passed."""
        return any(one.element == flow.target and one.kind == STEP for one in way)

    def _back(self, flow: Flow) -> WayStep:
        target = self.process.nodes.get(flow.target)
        where = titled(target, self.process) if target is not None else "前面"
        return WayStep(BACK, flow.id, f"回到{where}，以后同前")

    def _told(self, node: Node) -> tuple[WayStep, ...]:
        name = one_line(node.name)
        if node.type == "userTask":
            told = f"{self._who(node)}：{name or node.id}"
            due = node.properties.get("due")
            return (
                WayStep(
                    STEP, node.id, told + (f"（期限{self.names.date(due, node)}）" if due else "") + self._times(node)
                ),
            )
        if node.type == "callActivity" or node.called:
            called = self.processes.get(node.called or "")
            inner = f"（见流程「{one_line(called.name) or called.id}」）" if called is not None else ""
            return (WayStep(STEP, node.id, f"{name or node.id}{inner}{self._times(node)}"),)
        if node.type.endswith("Task") or node.type == "task":
            return (WayStep(SERVICE, node.id, f"系统：{name or node.id}"),)
        if node.type == "endEvent":
            return (WayStep(END, node.id, f"结束：{name or node.id}"),)
        if node.attached_to is not None:
            host = self.process.nodes.get(node.attached_to)
            whose = f"「{one_line(host.name)}」" if host is not None else ""
            return (WayStep(CLOCK, node.id, f"{whose}{self._clock(node)}："),)
        if node.type in ("intermediateCatchEvent", "receiveTask"):
            return (WayStep(CLOCK, node.id, f"等到{self._clock(node)}"),)
        if node.type == "startEvent" and name:
            return (WayStep(CHOICE, node.id, f"开始：{name}"),)
        return ()

    def _who(self, node: Node) -> str:
        lane = self.process.lanes.get(node.lane or "")
        who = lane.name if lane is not None and lane.name else node.lane or "（没有泳道）"
        return f"{who}（指定单位）" if node.properties.get("candidates", "").startswith("unit:") else who

    def _times(self, node: Node) -> str:
        if node.loop is None:
            return ""
        return "，几份依次办" if node.loop.sequential else "，几份同时办"

    def _clock(self, node: Node) -> str:
        name = one_line(node.name)
        return (
            f"“{name}”"
            if name
            else self.names.date(node.timer.expression, node)
            if node.timer is not None
            else "收到消息"
        )

    def _condition(self, node: Node, flow: Flow) -> str:
        asked = one_line(node.name) or titled(node, self.process)
        if flow.name:
            return f"{asked} {one_line(flow.name)}"
        if flow.condition:
            return f"{asked} {self.names.condition(flow.condition, flow.id)}"
        target = self.process.nodes.get(flow.target)
        if node.type == "eventBasedGateway" and target is not None:
            return f"先到的是{self._clock(target)}"
        return f"{asked} 其余情况"
