"""Ways that run at once and ways of which one is taken: what splits one way must not come together the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.checks.bundle import Bundle
from service.checks.findings import Report
from service.checks.model import Node, ProcessModel
from service.checks.wording import node as named

MOST_STEPS = 300_000
"""Of one check through its diagrams: what comes after is not looked at."""

_ONE_OF = {
    "exclusiveGateway": "只走一条路",
    "inclusiveGateway": "可能只走其中几条路",
}
_SPLITTING = frozenset({"parallelGateway", "inclusiveGateway"})

Lines = Mapping[str, frozenset[str]]
"""Each line into a join → the nodes from which a token comes to it by that line, the join not passed."""


@dataclass(slots=True)
class _Steps:
    """How much has been looked at."""

    taken: int = 0

    @property
    def enough(self) -> bool:
        return self.taken > MOST_STEPS


def check(bundle: Bundle, report: Report) -> None:
    """Rules join-waits and merge-twice."""
    steps = _Steps()
    for process in bundle.processes.values():
        joins = {
            node.id: _lines(process, node, steps)
            for node in process.nodes.values()
            if node.type == "parallelGateway" and len(node.incoming) > 1
        }
        for node in process.nodes.values():
            if steps.enough:
                return
            ways = _ways(process, node)
            if node.type in _ONE_OF:  # an event gateway has a rule of its own
                _waits(process, node, node.outgoing, _ONE_OF[node.type], joins, report)
            for clock in _clocks(process, node, interrupting=True):
                _waits(
                    process, clock, [*node.outgoing, *clock.outgoing], "到时间就结束这一步、走另一条路", joins, report
                )
            for clock in _clocks(process, node, interrupting=False):
                _strikes(process, node, clock, joins, report)
            if node.type in _SPLITTING:
                together = [[process.nodes[process.flows[flow].target]] for flow in _together(process, node)]
                _merges(process, node, together, "同时走的几条路", joins, steps, report)
            for clock in _clocks(process, node, interrupting=False):
                _merges(
                    process,
                    clock,
                    [ways, _ways(process, clock)],
                    "那只钟引出的路和原来的路",
                    joins,
                    steps,
                    report,
                )


def _ways(process: ProcessModel, node: Node) -> list[Node]:
    """The nodes to which the flows of a node lead."""
    return [
        process.nodes[process.flows[flow].target]
        for flow in node.outgoing
        if process.flows[flow].target in process.nodes
    ]


def _together(process: ProcessModel, node: Node) -> Iterator[str]:
    """The flows of a split that may be taken at once: the default one is taken alone."""
    return (flow for flow in node.outgoing if flow != node.default and process.flows[flow].target in process.nodes)


def _clocks(process: ProcessModel, node: Node, *, interrupting: bool) -> Iterator[Node]:
    return (process.nodes[one] for one in node.boundaries if process.nodes[one].interrupting is interrupting)


def _lines(process: ProcessModel, join: Node, steps: _Steps) -> Lines:
    found: dict[str, frozenset[str]] = {}
    for flow in join.incoming:
        seen: set[str] = set()
        waiting = [process.flows[flow].source]
        while waiting and not steps.enough:
            steps.taken += 1
            current = waiting.pop()
            if current in seen or current == join.id or current not in process.nodes:
                continue
            seen.add(current)
            waiting.extend(node.id for node in process.before(current))
        found[flow] = frozenset(seen)
    return found


def _waits(
    process: ProcessModel, node: Node, ways: Sequence[str], why: str, joins: Mapping[str, Lines], report: Report
) -> None:
    """Of the ways (flows) one is taken: a join that waits for two, or for one while another ends, waits for ever.

    Sound is a join to which every way comes by the same lines, or one that stands on a single way with all its lines.
    """
    for join_id, lines in joins.items():
        taken = [_by(process, way, lines) for way in ways]
        # where a way ends the whole process, nothing waits any more
        lasting = [
            lines_of for way, lines_of in zip(ways, taken, strict=True) if lines_of or not _terminates(process, way)
        ]
        whole = frozenset(lines)
        apart = len({one for one in lasting if one}) > 1 or (not all(lasting) and whole not in lasting)
        if any(lasting) and apart:
            join = process.nodes[join_id]
            message = (
                f"{named(node)}{why}，{named(join)}却要等每一条，会一直等下去；"
                "请换成“选一条路”来汇合，或让各条路先合成一条再来这里"
            )
            report.error(join.file, join.line, join_id, "join-waits", message)


def _by(process: ProcessModel, way: str, lines: Lines) -> frozenset[str]:
    """The lines of a join on which a token comes that takes a way."""
    if way in lines:
        return frozenset({way})
    return frozenset(line for line, before in lines.items() if process.flows[way].target in before)


def _strikes(process: ProcessModel, host: Node, clock: Node, joins: Mapping[str, Lines], report: Report) -> None:
    """A line of a join on which a token comes only if a clock strikes that may not."""
    for join_id, lines in joins.items():
        for line, before in lines.items():
            if clock.id in before and not _otherwise(process, process.flows[line].source, join_id, clock.id):
                join = process.nodes[join_id]
                message = (
                    f"{named(join)}要等{named(clock)}引出的路，"
                    f"而{named(host)}按时办完就不会走那条路，会一直等下去；请让那条路单独结束"
                )
                report.error(join.file, join.line, join_id, "join-waits", message)


def _otherwise(process: ProcessModel, node_id: str, *passed: str) -> bool:
    """Whether a token comes from the start to the node past none of ``passed``."""
    seen = set(passed)
    waiting = [start.id for start in process.starts()]
    while waiting:
        current = waiting.pop()
        if current == node_id:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(node.id for node in process.after(current))
    return False


def _merges(
    process: ProcessModel,
    node: Node,
    ways: list[list[Node]],
    what: str,
    joins: Mapping[str, Lines],
    steps: _Steps,
    report: Report,
) -> None:
    """Ways that run at once and come together where nothing waits for both: what follows is done twice."""
    for first, second in itertools.combinations(ways[:MOST_WAYS], 2):
        common = _reached(process, first, node, frozenset(), steps) & _reached(
            process, second, node, frozenset(), steps
        )
        cut = frozenset(joins) & common | _inclusive(process, common)
        one, other = _reached(process, first, node, cut, steps), _reached(process, second, node, cut, steps)
        at = _first_of(process, (one & other) - cut, (one ^ other) | {node.id, node.attached_to or ""})
        if at is None or steps.enough:
            continue
        message = (
            f"{named(node)}之后{what}在{named(at)}合到一起，却没有等齐，"
            "后面的步骤会办两遍；请在这里先放一个“分头同时做、汇合”，或让其中一条路单独结束"
        )
        report.error(at.file, at.line, at.id, "merge-twice", message)
        return


MOST_WAYS = 12
"""Of one split."""


def _reached(process: ProcessModel, begin: Iterable[Node], split: Node, cut: frozenset[str], steps: _Steps) -> set[str]:
    """Where a token comes from a way; neither past ``cut`` nor through the split again, nor into a clock."""
    seen: set[str] = set()
    waiting = [node.id for node in begin]
    stop = {split.id, split.attached_to}
    while waiting and not steps.enough:
        steps.taken += 1
        current = waiting.pop()
        if current in seen or current in stop:
            continue
        seen.add(current)
        if current not in cut:
            waiting.extend(node.id for node in process.after(current))
    return seen


def _inclusive(process: ProcessModel, nodes: Iterable[str]) -> frozenset[str]:
    """Inclusive gateways wait for whatever is still on its way."""
    return frozenset(one for one in nodes if process.nodes[one].type == "inclusiveGateway")


def _first_of(process: ProcessModel, nodes: set[str], apart: set[str]) -> Node | None:
    """Where the ways come together first, from what only one of them passes; None where only ends have both."""
    found = [node for node in process.nodes.values() if node.id in nodes and node.type != "endEvent"]
    return next(
        (node for node in found if any(before.id in apart for before in process.before(node.id))),
        found[0] if found else None,
    )


def _terminates(process: ProcessModel, way: str) -> bool:
    """Whether a way ends in nothing but ends that end everything."""
    begin = process.flows[way].target
    ends = [process.nodes[one] for one in process.reachable([begin]) if process.nodes[one].type == "endEvent"]
    return bool(ends) and all(end.event == "terminate" for end in ends)
