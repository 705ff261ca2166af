"""Rehearsals in memory: what a step costs, without any database."""

from __future__ import annotations

from time import process_time

from service.rehearsal.scenarios import read, run, scenario_of
from tests.bench.figures import Table
from tests.factories.rehearsals import HOME, calendar, plan, shipped

TIMES = 3


def rehearsing(table: Table, column: str) -> None:
    """The scenarios of ``request``, run on the work of this process alone."""
    paths = sorted((HOME / "bpmn/request/scenarios").glob("*.yaml"))
    scenarios = [scenario_of(read(path.read_bytes(), path.name)) for path in paths]
    made, days = shipped("request"), calendar()
    inputs, began = 0, process_time()
    for scenario in scenarios * TIMES:
        outcome = run(scenario, made, plan(), lambda _names: days)
        if outcome.state is None or not outcome.passed:
            raise RuntimeError(f"the shipped scenarios do not pass: {outcome.difference}")
        inputs += 1 + len(outcome.state.done) + len(outcome.state.fired)
    busy = process_time() - began
    table.put("rehearsal: each step", column, f"{busy * 1000 / inputs:7.1f} ms  {inputs / busy:5.0f} a second")
    table.put("rehearsal: a scenario of request", column, f"{busy * 1000 / TIMES / len(scenarios):7.1f} ms")
