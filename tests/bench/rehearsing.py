"""Rehearsals in memory and proofs: what they cost, without any database."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

from service.checks import check
from service.config import load, load_organization
from service.processes.bundles import read_bundle
from service.proof import prove
from service.rehearsal.scenarios import read, run, scenario_of
from service.usecases import check_context
from tests.bench.figures import Table
from tests.factories.rehearsals import CONFIG, HOME, calendar, plan, shipped

TIMES = 3


def proving(table: Table, column: str) -> None:
    """The proof of each shipped process, on the work of this process alone."""
    for process in sorted(path.name for path in (HOME / "bpmn").iterdir()):
        files = read_bundle(HOME / "bpmn" / process, HOME / "forms" / process)
        proof = prove(files, process, calendar(), plan())
        if not proof.holds:
            raise RuntimeError(f"the shipped {process} does not hold: {proof.faults[0]}")
        figures = f"{proof.seconds:7.1f} s  {proof.states:5} states {proof.ways:6} steps"
        table.put(f"proof of {process}", column, figures)


def checking(table: Table, column: str) -> None:
    """The deployment checks of ``request``, without the process of their own in which the service runs them."""
    context = replace(check_context(load(CONFIG, {}), load_organization(CONFIG)), key="request")
    files = read_bundle(HOME / "bpmn/request", HOME / "forms/request")
    spent = []
    for _ in range(1 + TIMES):
        began = process_time()
        if found := check(files, context=context):
            raise RuntimeError(f"the shipped process has findings: {found[0]}")
        spent.append(process_time() - began)
    table.put("check of request", column, f"{sorted(spent[1:])[TIMES // 2]:7.2f} s   first {spent[0]:.2f} s")


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
