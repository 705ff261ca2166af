"""A rehearsal kept as a scenario: its steps as they were taken, and where they led."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from service.errors import Finding, Invalid
from service.rehearsal.scenarios.text import written
from service.rehearsal.state import State
from service.studio.reckoning import spelled

LONGEST_TITLE = 100
_FOLDER = "scenarios/"
_SAID = ("starts", "by", "event", "data", "answers", "fill", "steps")


def scenario_file(title: str, taken: Collection[str]) -> str:
    """The name of the file of a new scenario: the title spelled in Latin letters, and a number where it is taken.

    Raises Invalid for a title that is empty or too long.
    """
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise Invalid("用例没有保存", [Finding("/title", f"请写明这个用例是什么情形，最多 {LONGEST_TITLE} 字")])
    words = spelled(title)
    names = [words, *(f"{words}_{number}" for number in range(2, len(taken) + 3))]
    return next(name for one in names if (name := f"{_FOLDER}{one}.yaml") not in taken)


def scenario_text(title: str, said: Mapping[str, Any], state: State) -> str:
    """The file: the steps as a request said them, and what came of them as its expectation."""
    kept = {name: said[name] for name in _SAID if said.get(name)}
    expect: dict[str, Any] = {"end": state.end} if state.end else {}
    expect |= {
        "passed": [one.label for one in state.done],
        "open": [one.label for one in state.open],
        "due": {label: day.isoformat() if day else None for label, day in state.due.items()},
    }
    if late := {one.label: one.late_days for one in state.done if one.late_days}:
        expect["late"] = late
    if state.fired:
        expect["fired"] = list(state.fired)
    whole = {"title": title.strip(), **kept, "expect": expect}
    return written(whole)
