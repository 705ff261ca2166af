"""``prove``: walks a bundle and says what is wrong with it."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from service import clock
from service.processes.bundles import compile_bundle
from service.proof.diagram import Diagram
from service.proof.explorer import Explorer
from service.proof.findings import Bounds, Proof
from service.proof.judging import Judge
from service.proof.left_out import bound_of, left_out, untried
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
    diagram = Diagram(files, made, plan.scopes, rehearsed, plan.names)
    walked = Explorer(diagram, calendar, plan, bounds, list(starts) or starts_of(made, calendar, plan, starts_at))
    with _collecting_seldom():
        walked.run()
    found = Judge(diagram, walked).faults()
    return Proof(
        faults=tuple(one for one in found if one.severity == "error"),
        warnings=tuple(one for one in found if one.severity != "error"),
        states=len(walked.states),
        ways=walked.ways,
        seconds=time.process_time() - began,
        unexplored=tuple(left_out(walked)),
        passed=tuple(sorted(_passed(walked))),
        missed=tuple(sorted(_all_places(diagram) - _passed(walked))),
        left=walked.left,
        bound=bound_of(walked),
        untried=untried(walked),
    )


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Lets a walk, which makes and drops thousands of task trees, look for rings of them a tenth as often."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what is there already (the drawing, the forms) stays
    gc.set_threshold(10 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


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
