"""``prove``: walks a bundle and says what is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from service import clock
from service.processes.bundles import compile_bundle
from service.proof.diagram import Diagram
from service.proof.explorer import Explorer
from service.proof.findings import Bounds, Proof
from service.proof.judging import Judge
from service.proof.outcomes import MOST_SLOTS
from service.proof.starts import starts_of
from service.proof.states import Start
from service.rehearsal.core import Plan
from service.workdays import Calendar

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=clock.SHANGHAI)
"""When walks begin: always the same, so that the same bundle gives the same report."""


def prove(
    files: Mapping[str, bytes],
    key: str,
    calendar: Calendar,
    plan: Plan,
    bounds: Bounds = Bounds(),
    *,
    starts_at: datetime = MONDAY,
    starts: Sequence[Start] = (),
) -> Proof:
    """Walks every way through the process ``key`` of the bundle ``files``.

    ``starts`` are the ways to begin (default: all that the product allows, at ``starts_at``). Raises Invalid for a
    bundle that cannot be compiled; whatever else is wrong is a fault of the proof.
    """
    began = time.process_time()
    made = compile_bundle(files, key)
    rehearsed = frozenset(name for name, action in plan.actions.items() if action.rehearsed is not None)
    diagram = Diagram(files, made, plan.scopes, rehearsed)
    walked = Explorer(diagram, calendar, plan, bounds, list(starts) or starts_of(made, calendar, plan, starts_at))
    walked.run()
    found = Judge(diagram, walked).faults()
    return Proof(
        faults=tuple(one for one in found if one.severity == "error"),
        warnings=tuple(one for one in found if one.severity != "error"),
        states=len(walked.states),
        ways=walked.ways,
        seconds=time.process_time() - began,
        unexplored=tuple(_left_out(walked, bounds)),
        passed=tuple(sorted(_passed(walked))),
        missed=tuple(sorted(_all_places(diagram) - _passed(walked))),
        left=walked.left,
    )


def _left_out(walked: Explorer, bounds: Bounds) -> list[str]:
    """The parts that were not walked, in words."""
    found = [f"{why}，没有再往下走（{count} 种情形）" for why, count in sorted(walked.cuts.items())]
    if walked.left:
        found.append(
            f"{walked.left} 种情形没有走完：到了上限（{bounds.seconds:g} 秒、{bounds.states:,} 种情形）；"
            "因此没有判断走不到的环节、定时和结束"
        )
    for name in walked.outcomes.beyond:
        compared = walked.diagram.readings.longest(name) - 1
        found.append(
            f"流程比较「{name}」有没有 {compared} 个，走查最多试到 {MOST_SLOTS} 个；因此走不到的只作提示，"
            f"{compared} 个以上的请在“试办”里办一遍"
        )
    names = walked.diagram.made.program.names
    for task in sorted(walked.outcomes.shortened):
        title = next((name for (_, node), name in sorted(names.items()) if node == task), task)
        found.append(f"「{title}」的选项太多，没有试遍所有组合，每个选项至少试了一次；因此走不到的只作提示")
    return found


def _passed(walked: Explorer) -> set[tuple[str, str]]:
    found = set(walked.nodes) | set(walked.entered)
    for process in walked.diagram.processes.values():
        for flow in process.flows.values():
            alone = (process.id, flow.source) in walked.nodes and len(process.nodes[flow.source].outgoing) == 1
            if alone or (process.id, flow.source, flow.target) in walked.moves:
                found.add((process.id, flow.id))
    return found & _all_places(walked.diagram)


def _all_places(diagram: Diagram) -> set[tuple[str, str]]:
    nodes = {place for place, _ in diagram.places()}
    return nodes | {(process.id, flow) for process in diagram.processes.values() for flow in process.flows}
