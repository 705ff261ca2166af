"""A rehearsal kept as a scenario: its steps as they were taken, and where they led."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from service.errors import Conflict, Finding, Invalid
from service.rehearsal.scenarios import Outcome, read
from service.rehearsal.scenarios.run import ABOUT_TASKS
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
    text: str = yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    return text


def renewed(content: bytes, file: str, outcome: Outcome) -> str:
    """The scenario with what came of it now in place of what it expected, item by item; comments are lost.

    Raises Conflict where its steps cannot be taken any more: then it is the way that must be tried anew.
    """
    state = outcome.state
    if state is None or (outcome.difference is not None and not outcome.walked):
        raise Conflict("用例的步骤已走不通，不能只更新结果；请在试办中打开，重新走一遍再存")
    said = dict(read(content, file).value)
    wanted = dict(said.get("expect") or {})
    due = {label: day.isoformat() if day else None for label, day in state.due.items()}
    late = {one.label: one.late_days for one in state.done}
    came: dict[str, Any] = {
        "passed": [one.label for one in state.done],
        "open": [one.label for one in state.open],
        "fired": list(state.fired),
        "notices": [one.kind for one in state.notices if one.kind not in ABOUT_TASKS],
        "due": {label: due[label] for label in wanted.get("due", {}) if label in due},
        "late": {label: late[label] for label in wanted.get("late", {}) if label in late},
        "data": {name: state.data[name] for name in wanted.get("data", {}) if name in state.data},
    }
    others = {name: came.get(name, value) for name, value in wanted.items() if name != "end"}
    said["expect"] = {"end": state.end, **others} if state.end else others
    text: str = yaml.safe_dump(said, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    return text
