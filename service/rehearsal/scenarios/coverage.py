"""How much of a drawing scenarios pass: flows, steps, timers and rules of decision tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from service.checks.decision_model import decisions_of
from service.checks.model import Node, ProcessModel, model
from service.checks.speaking import kind_name
from service.engine.xml import parse_xml
from service.processes.rules import one_line
from service.rehearsal.core import State

FLOWS, STEPS, TIMERS, RULES = "flows", "steps", "timers", "rules"
KINDS: Mapping[str, str] = {FLOWS: "连线", STEPS: "步骤", TIMERS: "定时", RULES: "规则"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a drawing: its kind of KINDS, the process (or table) that it stands in, its id, and its name."""

    kind: str
    where: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The parts of a drawing and those that were passed."""

    parts: tuple[Part, ...]
    passed: frozenset[Part]

    def count(self, kind: str) -> tuple[int, int]:
        """(passed, all) of a kind."""
        every = [part for part in self.parts if part.kind == kind]
        return sum(part in self.passed for part in every), len(every)

    @property
    def missed(self) -> tuple[Part, ...]:
        """The parts that no scenario passed."""
        return tuple(part for part in self.parts if part not in self.passed)


def coverage(files: Mapping[str, bytes], states: Iterable[State]) -> Coverage:
    """How much of the bundle ``files`` the rehearsals passed that came to ``states``."""
    processes = model(files)
    tables = {name: parse_xml(content, name=name) for name, content in files.items() if name.endswith(".dmn")}
    ways: set[tuple[str, str | None, str]] = set()
    decided: set[tuple[str, str]] = set()
    for state in states:
        ways |= {(one.process, one.source, one.node) for one in state.path}
        decided |= set(state.decided)
    parts, passed = [], set()
    for process in processes.values():
        for part, done in _parts(process, ways):
            parts.append(part)
            passed |= {part} if done else set()
    rules_passed = {rule for _, rule in decided}
    for decision in decisions_of(tables).values():
        for number, rule in enumerate(decision.rules, 1):
            part = Part(RULES, decision.id, rule.id, f"{decision.name}第 {number} 条")
            parts.append(part)
            passed |= {part} if rule.id in rules_passed else set()
    return Coverage(tuple(parts), frozenset(passed))


def _parts(process: ProcessModel, ways: set[tuple[str, str | None, str]]) -> Iterator[tuple[Part, bool]]:
    nodes = {node for where, _, node in ways if where == process.id}
    for node in process.nodes.values():
        if node.type.lower().endswith("task") or node.type == "callActivity":
            yield Part(STEPS, process.id, node.id, one_line(node.name)), node.id in nodes
        elif node.timer is not None:
            yield Part(TIMERS, process.id, node.id, one_line(node.name)), node.id in nodes
    for flow in process.flows.values():
        source = process.nodes.get(flow.source)
        alone = source is not None and len(source.outgoing) == 1 and flow.source in nodes
        done = alone or (process.id, flow.source, flow.target) in ways
        yield Part(FLOWS, process.id, flow.id, _between(process.nodes, flow.source, flow.target, flow.name)), done


def _between(nodes: Mapping[str, Node], source: str, target: str, name: str) -> str:
    ends = [
        one_line(nodes[one].name) or f"“{kind_name(nodes[one])}”" if one in nodes else one for one in (source, target)
    ]
    return f"{ends[0]} → {ends[1]}" + (f"（{one_line(name)}）" if name else "")
