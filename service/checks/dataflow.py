"""The data that can be there when a token comes to a node: those that some way before it may have written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from service.checks.bundle import Bundle
from service.checks.decision_model import Decision
from service.checks.expressions import ALWAYS_KNOWN, Use, places, uses
from service.checks.findings import Report
from service.checks.graph import Calls, entries
from service.checks.model import Node, ProcessModel
from service.checks.sampling import names_in
from service.checks.wording import data, table
from service.checks.wording import node as named
from service.engine.cells import PLACEHOLDER, asked
from service.processes.terms import UNIT

MOST_STEPS = 200_000
"""Of one check through its diagrams: a definition that needs more is not looked at further."""

GIVEN = ALWAYS_KNOWN - {UNIT}
"""The data that a case has from its start; ``unit`` is there only where a form, an action or a slot gives it."""

_UNTOLD = frozenset({"title"})
"""Places that are asked at any time, and take what is not there yet for nothing."""

Names = int
"""A set of names, a bit a name."""

Place = tuple[str, str]
"""A process and a node of it, by their ids."""


class DataFlow:
    """For each node the names that may have been written before a token comes to it, over calls and slots.

    A called process sees the data of its caller; they come back to the caller, from slots only as the collection that
    the activity names. Sets of names are whole numbers here, a bit a name: large diagrams take no time.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._callers = Calls(bundle.processes).callers
        self._bits: dict[str, int] = {}
        self._before: dict[Place, int] = {}
        self.complete = self._flows()
        """Whether the whole bundle was looked at."""

    def before(self, process: ProcessModel, node: Node) -> Names:
        """The names that may be there when the node begins, its own item included."""
        found = self._before.get((process.id, node.id), 0)
        return found | self._set(node.loop.item) if node.loop is not None else found

    def at_end(self, process: ProcessModel) -> Names:
        """The names that may be there when the process ends."""
        found = 0
        for end in process.ends():
            found |= self._before.get((process.id, end.id), 0)
        return found

    def has(self, names: Names, name: str) -> bool:
        """Whether the name may be among them: where a message came by, any may."""
        return bool(names & (1 << self._bits.get(name, len(self._bits)) | self._set(_ANY)))

    def reaches(self, process: ProcessModel, node: Node) -> bool:
        """Whether a token comes to the node at all."""
        return (process.id, node.id) in self._before

    def given_back(self, node: Node) -> Names:
        """The names that a multi-instance activity gathers while it runs."""
        return self._set(node.loop.output_item, node.loop.output_collection) if node.loop is not None else 0

    @cached_property
    def writers(self) -> dict[str, list[Node]]:
        """Name → the nodes that write it."""
        found: dict[str, list[Node]] = {}
        for process in self._bundle.processes.values():
            for node in process.nodes.values():
                for name in {*self._written(node), *([node.loop.item] if node.loop and node.loop.item else [])}:
                    found.setdefault(name, []).append(node)
        return found

    def _flows(self) -> bool:
        written = {
            (process.id, node.id): self._set(*self._written(node))
            for process in self._bundle.processes.values()
            for node in process.nodes.values()
        }
        waiting: list[Place] = []
        for process in entries(self._bundle):
            begin = self._set(*GIVEN, *process.properties.get("given", "").split())
            waiting += self._reach(process, process.starts(), begin)
        steps = 0
        while waiting:
            steps += 1
            if steps > MOST_STEPS:
                return False
            process_id, node_id = waiting.pop()
            process = self._bundle.processes[process_id]
            node = process.nodes[node_id]
            before = self._before[process_id, node_id]
            called = self._bundle.processes.get(node.called or "")
            after, inside = before | written[process_id, node_id], before
            if called is not None:
                item = self._set(node.loop.item) if node.loop is not None else 0
                waiting += self._reach(called, called.starts(), before | item)
                if node.loop is None:
                    inside |= self.at_end(called)
                    after |= inside
            if node.type == "endEvent":
                for caller, activity in self._callers.get(process_id, ()):
                    if activity.loop is None and (caller.id, activity.id) in self._before:
                        waiting.append((caller.id, activity.id))
            waiting += self._reach(process, (process.nodes[one] for one in node.boundaries), inside)
            onward = (process.nodes.get(process.flows[flow].target) for flow in node.outgoing)
            waiting += self._reach(process, (one for one in onward if one is not None), after)
        return True

    def _reach(self, process: ProcessModel, nodes: Iterable[Node], names: int) -> Iterator[Place]:
        """The nodes to which the names are news."""
        for node in nodes:
            place = (process.id, node.id)
            known = self._before.get(place)
            if known is None or names | known != known:
                self._before[place] = names | (known or 0)
                yield place

    def _written(self, node: Node) -> Iterator[str]:
        form = self._bundle.forms.get(node.form or "")
        if form is not None:
            yield from form.fields
        if node.operation is not None and node.operation.result:
            yield node.operation.result
        decision = self._bundle.decisions.get(node.decision or "")
        if decision is not None:
            yield from (output.text for output in decision.outputs)
        if node.loop is not None and node.loop.output_collection:
            yield node.loop.output_collection
        if node.event == "message":
            yield _ANY

    def _set(self, *names: str | None) -> int:
        found = 0
        for name in names:
            if name:
                found |= 1 << self._bits.setdefault(name, len(self._bits))
        return found


_ANY = "*"
"""Stands among the names for whatever a message brought."""


def check(bundle: Bundle, flow: DataFlow, report: Report) -> None:
    """Rule data-unwritten."""
    if not flow.complete:
        return
    reached = _reached(bundle)
    for use in uses(bundle):
        if use.process is None or use.node is None or use.kind in _UNTOLD:
            continue
        if (use.process.id, use.node.id) not in reached:
            continue
        there = list(_there(bundle, flow, use))
        for name in sorted(names_in(use.text) - use.extra):
            _told(use.file, use.line, use.element, use.said, name, there, flow, report)
    for process in bundle.processes.values():
        for node in process.nodes.values():
            if (process.id, node.id) not in reached:
                continue
            if node.loop is not None and node.loop.collection:
                there = [flow.before(process, node)]
                where = f"各办一份的名单{data(node.loop.collection)}"
                _told(node.file, node.loop.line, node.id, where, node.loop.collection, there, flow, report)
            decision = bundle.decisions.get(node.decision or "")
            for where, name in _asked_by(decision) if decision is not None else ():
                _told(node.file, node.line, node.id, where, name, [flow.before(process, node)], flow, report)


def _reached(bundle: Bundle) -> frozenset[Place]:
    """The places to which a token comes: what is cut off has a finding of its own, and not one more for each name."""
    found: set[Place] = set()
    waiting = entries(bundle)
    while waiting:
        process = waiting.pop()
        for node in process.reachable(start.id for start in process.starts()):
            if (process.id, node) in found:
                continue
            found.add((process.id, node))
            called = bundle.processes.get(process.nodes[node].called or "")
            if called is not None:
                waiting.append(called)
    return frozenset(found)


def _asked_by(decision: Decision) -> Iterator[tuple[str, str]]:
    """Each name that a table reads, once, with where it stands."""
    cells = [("条件列", cell.text) for cell in decision.inputs]
    for rule in decision.rules:
        cells += [("条件格", cell.text) for cell in rule.inputs]
        cells += [("结果格", cell.text) for cell in rule.outputs]
    found: dict[str, str] = {}
    for kind, text in cells:
        for name in sorted(names_in(asked(text)) - {PLACEHOLDER}):
            found.setdefault(name, f"{table(decision.id)}的{kind}“{text}”")
    return ((where, name) for name, where in found.items())


def _there(bundle: Bundle, flow: DataFlow, use: Use) -> Iterator[Names]:
    """The names at each of the places from which the expression is asked."""
    if use.process is None or use.node is None:
        return
    if use.kind == "slots":
        for called in {process.id: process for process, _ in places(bundle, use, use.process, use.node)}.values():
            yield flow.at_end(called)
        return
    yield flow.before(use.process, use.node) | (flow.given_back(use.node) if use.kind == "completion" else 0)


def _told(
    file: str,
    line: int,
    element: str,
    where: str,
    name: str,
    there: list[Names],
    flow: DataFlow,
    report: Report,
) -> None:
    """Reports a name that nothing has written in any of the places from which it is read."""
    if not there or any(flow.has(names, name) for names in there):
        return
    if name not in flow.writers:
        if name == UNIT:  # what else nobody writes is unknown data
            cure = "请把名单上每一项记作 unit，或改用给出单位的字段"
            report.error(
                file, line, element, "data-unwritten", f"{where}：没有哪一步给出{data(name)}，值总是空的；{cure}"
            )
        return
    by = "、".join(dict.fromkeys(named(node) for node in flow.writers[name][:3]))
    message = (
        f"{where}：到这里还没有哪一步填写{data(name)}（由{by}填写），值总是空的；"
        "请改用前面已有的数据，或把填写的步骤移到前面"
    )
    report.error(file, line, element, "data-unwritten", message)
