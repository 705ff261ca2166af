"""The deployment checks: what a definition must hold before any instance runs on it.

The rules, for the people who draw: docs/diagram-checks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from service.checks import (
    choices,
    contradictions,
    dates,
    deadlines,
    decisions,
    drawing,
    elements,
    expressions,
    fills,
    foreign,
    forms,
    graph,
    holders,
    joins,
    messages,
    named,
    options,
    overlap,
    profile,
    reliance,
    shadows,
    tasks,
    tested,
    texts,
    words,
)
from service.checks.bundle import Bundle, check_schemas, read
from service.checks.dataflow import DataFlow
from service.checks.dataflow import check as check_data
from service.checks.findings import (
    ActionSignature,
    CheckContext,
    DefinitionFinding,
    Enough,
    Reliance,
    Report,
    Severity,
)
from service.checks.model import Flow, Lane, MultiInstance, Node, Operation, ProcessModel, Timer, model
from service.checks.speaking import Speaker
from service.checks.values import Writers
from service.engine.program import parse
from service.errors import Invalid
from service.processes.options import frozen

__all__ = [
    "ActionSignature",
    "CheckContext",
    "DefinitionFinding",
    "Flow",
    "Lane",
    "MultiInstance",
    "Node",
    "Operation",
    "ProcessModel",
    "Reliance",
    "Severity",
    "Timer",
    "check",
    "model",
]


def check(
    files: Mapping[str, bytes], *, context: CheckContext, looking_at: Callable[[str], None] | None = None
) -> list[DefinitionFinding]:
    """The faults of a definition, sorted by file and line; empty when it may be deployed as it is.

    ``files`` maps bundle names (``bpmn/request.bpmn``, ``bpmn/dispatch.dmn``, ``forms/accept.json``,
    ``forms/accept.ui.json``, ``print/…``) to bytes. Never raises for bad content: a finding of severity ``error``
    forbids deployment, a ``warning`` is shown. Files that cannot be read at all are reported alone. ``looking_at`` is
    told of each file before it is looked at.
    """
    report = Report(looking_at or _nobody)
    with suppress(Enough):
        bundle = read(frozen(files, context.options), report)
        if not report.failed:
            report.spoken = Speaker(bundle, context).spoken
            _content(bundle, context, report)
    return report.findings


def _nobody(_file: str) -> None:
    pass


def _content(bundle: Bundle, context: CheckContext, report: Report) -> None:
    check_schemas(bundle, report)
    elements.check(bundle, report)
    foreign.check(bundle, report)
    if elements.too_large(bundle):
        return  # the checks below take time that grows with the square of a process
    entry = _entry(bundle, context)
    graph.check(bundle, context, report)
    tasks.check(bundle, context, report)
    named.check(bundle, context, report)
    profile.check(bundle, report, entry)
    forms.check(bundle, context, report)
    options.check(bundle, context, report)
    fills.check(bundle, context, report)
    texts.check(bundle, context, report)
    contradictions.check(bundle, report)
    choices.check(bundle, report)
    dates.check(bundle, report)
    decisions.check(bundle, context, report)
    expressions.check_timers(bundle, report)
    expressions.check(bundle, context, report)
    drawing.check(bundle, report)
    _meaning(bundle, context, entry, report)
    if not report.failed:
        _engine(bundle, context, report)


def _meaning(bundle: Bundle, context: CheckContext, entry: str | None, report: Report) -> None:
    """Finds the faults of a definition that is well drawn and means something else than its author meant."""
    if graph.Calls(bundle.processes).recursive:
        return
    flow, writers = DataFlow(bundle), Writers(bundle, context)
    joins.check(bundle, report)
    check_data(bundle, flow, report)
    holders.check(bundle, context, writers, report)
    tested.check(bundle, context, writers, report)
    overlap.check(bundle, writers, report)
    messages.check(bundle, context, report)
    deadlines.check(bundle, report)
    shadows.check(bundle, report)
    words.check(bundle, report)
    reliance.check(bundle, context, entry, report)


def _entry(bundle: Bundle, context: CheckContext) -> str | None:
    """The process that an instance starts with; None where every one is called."""
    return context.key or next((process.id for process in graph.entries(bundle)), None)


def _engine(bundle: Bundle, context: CheckContext, report: Report) -> None:
    """The engine has the last word: what passed every rule must also run (rule engine)."""
    key = _entry(bundle, context) or ""
    try:
        parse(bundle.files, key)
    except Invalid as error:
        for finding in error.findings:
            file, _, line = finding.path.rpartition(":")
            known = file in bundle.files and line.isdigit()
            report.error(
                file if known else bundle.processes[key].file,
                int(line) if known else 1,
                key,
                "engine",
                f"引擎不能执行该定义：{finding.message}",
            )
