"""The outcome of a backtest: of one finished case, and of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

SAME, OTHER, ASKED, FAILS = "same", "other", "asked", "fails"
MOST_REASONS = 100
"""Reasons that are told apart in the summary of a backtest; the cases tell all."""

Flow = tuple[str, str, str]
"""(process, element, next element)."""


@dataclass(frozen=True, slots=True)
class Due:
    """The date of a step that both ways share: as it was, as it would be, and when the step was done.

    ``days`` is by how many working days it would be later (negative: earlier); ``done_now``: when it would be done,
    where what is supposed comes before it.
    """

    step: str
    was: date | None
    would: date | None
    done_on: date
    days: int
    done_now: date | None = None

    @property
    def late_was(self) -> bool:
        """Whether the step was done after its date."""
        return self.was is not None and self.done_on > self.was

    @property
    def late_would(self) -> bool:
        """Whether it would have been."""
        return self.would is not None and (self.done_now or self.done_on) > self.would


@dataclass(frozen=True, slots=True)
class Tested:
    """How a finished case would have gone. ``verdict``: the same way, another way, it would have waited for what nobody
    was asked (``step``, ``fields``), or the version fails in it. ``message``: where they part, in Chinese; ``flows``:
    (process, element, next element) → how often it was gone, as far as they go together; ``before``: how often it was
    gone then; ``supposed``: the steps whose answer was supposed, each as often as it was."""

    instance: UUID
    number: str | None
    verdict: str
    message: str = ""
    step: str = ""
    fields: tuple[str, ...] = ()
    dues: tuple[Due, ...] = ()
    flows: Mapping[Flow, int] = field(default_factory=dict)
    before: Mapping[Flow, int] = field(default_factory=dict)
    supposed: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """As a job's item keeps it."""
        dues = [
            {
                "step": one.step,
                "from": one.was.isoformat() if one.was else None,
                "to": one.would.isoformat() if one.would else None,
                "days": one.days,
                "late_before": one.late_was,
                "late_after": one.late_would,
            }
            for one in self.dues
            if one.was != one.would
        ]
        told = {"message": self.message, "step": self.step, "fields": list(self.fields), "due": dues}
        told["supposed"] = list(dict.fromkeys(self.supposed))
        return {"number": self.number, **{name: value for name, value in told.items() if value}}


@dataclass
class Summary:
    """The summary of all cases: dates by step, how often each flow was gone by the new drawing and then (``before``),
    and for what reason how many parted, by verdict; ``supposed``: of how many an answer was supposed, in all (under '')
    and by step."""

    steps: dict[str, dict[str, int]] = field(default_factory=dict)
    flows: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    supposed: Counter[str] = field(default_factory=Counter)

    def take(self, one: Tested) -> None:
        """Adds a case."""
        for due in one.dues:
            row = self.steps.setdefault(due.step, dict.fromkeys(_COLUMNS, 0))
            row["n"] += 1
            row["earlier"] += due.days < 0
            row["later"] += due.days > 0
            row["days"] += due.days
            row["late_before"] += due.late_was
            row["late_after"] += due.late_would
        self.supposed.update({*one.supposed, ""} if one.supposed else ())
        for tally, gone in ((self.flows, one.flows), (self.before, one.before)):
            for flow, count in gone.items():
                tally["/".join(flow)] += count
        if one.message:
            told = self.reasons.setdefault(one.verdict, {})
            if one.message in told or len(told) < MOST_REASONS:
                told[one.message] = told.get(one.message, 0) + 1

    def data(self) -> dict[str, Any]:
        """As a job keeps it."""
        flows = {"flows": dict(self.flows), "before": dict(self.before)}
        return {"steps": self.steps, **flows, "reasons": self.reasons, "supposed": dict(self.supposed)}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Summary:
        """The summary that a job has kept."""
        return cls(
            {step: dict(row) for step, row in said.get("steps", {}).items()},
            Counter(said.get("flows", {})),
            Counter(said.get("before", {})),
            {verdict: dict(told) for verdict, told in said.get("reasons", {}).items()},
            Counter(said.get("supposed", {})),
        )


_COLUMNS = ("n", "earlier", "later", "days", "late_before", "late_after")


WORDS: Mapping[str, str] = {
    SAME: "走法相同",
    OTHER: "走另一条路",
    ASKED: "要等当时没有问到的内容",
    FAILS: "新版办不下去",
}
"""The verdicts in words."""


def unlike(was: Mapping[str, int], would: Mapping[str, int]) -> list[tuple[Flow, int, int]]:
    """(flow, how often it was gone then, how often it would be) of every flow of the summary of a backtest."""
    found = [(flow.split("/"), was.get(flow, 0), would.get(flow, 0)) for flow in sorted({*was, *would})]
    return [((process, source, node), old, new) for (process, source, node), old, new in found]


def moved(days: int) -> str:
    """By how much a date would be another, in words."""
    return f"期限{'晚' if days > 0 else '早'} {abs(days)} 个工作日" if days else "期限由有变无或由无变有"
