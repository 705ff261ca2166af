"""The figures of needs on a half-year report and on the roll-up, each with the ledger's list of what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from service.ledger import OUTCOMES
from service.processes.models import COMPLETED, RUNNING, SUSPENDED, TERMINATED
from service.processes.need_figures import ON_THE_SPOT, REJECTED

ASKED: Mapping[str, Mapping[str, str]] = {
    **{one: {"outcome": one, "status": COMPLETED} for one in OUTCOMES},
    "on_the_spot": {"end": ON_THE_SPOT},
    "rejected": {"end": REJECTED},
    "terminated": {"status": TERMINATED},
    RUNNING: {"status": RUNNING},
    SUSPENDED: {"status": SUSPENDED},
}
"""Outcome (``ledger.counts.NEED_OUTCOMES``) → the filter of the ledger that finds it; an end without a result has
none."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A figure with the address of its cases."""

    name: str
    count: int
    where: str


def opened_needs(counted: Mapping[str, Any], since: str, until: str, office: str | None = None) -> list[Opened]:
    """The figures of ``ledger.counts.need_counts`` of a period, of one liaison ``office`` or of all; none of a report
    that does not know as of which day it was counted."""
    on = counted.get("on")
    if not isinstance(on, str):
        return []
    days: dict[str, Any] = {"since": since, "until": min(until, on), "as_of": on, "office": office}

    def told() -> Iterator[Opened]:
        for name, count, more in _figures(counted):
            if count:
                yield Opened(name, count, url_for("web.ledger.ledger", **days, **dict[str, Any](more)))

    return list(told())


def _figures(counted: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, str]]]:
    yield "全部", counted.get("started", 0), {}
    names, outcomes = counted.get("names", {}), counted.get("outcomes", {})
    for outcome, asked in ASKED.items():
        yield names.get(outcome, outcome), outcomes.get(outcome, 0), asked
    yield "曾超期", counted.get("late", 0), {"late": "yes"}
    yield "环节超期", counted.get("late_steps", 0), {"late": "steps"}
