"""统计 out of the kept sums (``processes.figure_tallies``), for whoever sees all needs and asks about all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from service.db.memory import remembered
from service.processes.figure_folding import (
    ANSWERED_IN_TIME,
    ANSWERED_LATE,
    ANSWERS,
    CASES,
    DISPATCH,
    SAID,
    STAGE,
    STEPS,
    TOTAL,
    UNANSWERED,
    UNIT,
)
from service.processes.figure_tallies import Sums, sums
from service.processes.lateness import Answers
from service.processes.need_figures import FIGURES, REGISTERED

MONTH = "month"


@dataclass(slots=True)
class Kept:
    """The figures of a period. ``rows``: as the direct count gives them; ``steps``: (stage, whether a unit's,
    first day, last day, how many), ``cases``: (stage, whether a unit's) → needs; ``answers``: unit → its answers;
    ``leads``: (category, town) → unit that leads → (needs, of these handed back)."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    steps: list[tuple[str, bool, date, date, int]] = field(default_factory=list)
    cases: dict[tuple[str, bool], int] = field(default_factory=dict)
    answers: dict[str, Answers] = field(default_factory=dict)
    leads: dict[tuple[str | None, str | None], dict[str, tuple[int, int]]] = field(default_factory=dict)


def kept(session: Session, since: date, until: date, on: date, bins: Sequence[tuple[date, date]]) -> Kept | None:
    """The figures of all needs registered in a period, as of the end of a day; None where they must be counted one by
    one. A fixed number of statements."""
    found = remembered(session, (kept, since, until, on, *bins), lambda: sums(session, since, until, on, bins))
    return _told(found) if found is not None else None


def _told(found: Sums) -> Kept:
    told, counts = Kept(), dict[tuple[str, str | None], dict[str, int]]()
    answers: dict[str, dict[str, int]] = {}
    for (dimension, key, place, figure), number in found.items():
        if dimension == STEPS:
            stage, first, last = key.rsplit("|", 2)
            told.steps.append((*_stage(stage), date.fromisoformat(first), date.fromisoformat(last), number))
        elif dimension == STAGE and figure == CASES:
            told.cases[_stage(key)] = number
        elif dimension == DISPATCH:
            category, town, lead = json.loads(key)
            needs = told.leads.setdefault((category, town), {})
            number_of, back = needs.get(lead, (0, 0))
            needs[lead] = (number_of + number, back) if figure == REGISTERED else (number_of, back + number)
        elif dimension == ANSWERS:
            answers.setdefault(key.removeprefix(SAID), {})[figure] = number
        else:
            said = key.removeprefix(SAID) if key.startswith(SAID) else None
            numbers = counts.setdefault((dimension, said), {})
            numbers[figure] = numbers.get(figure, 0) + number
            if dimension == TOTAL:
                counts.setdefault((MONTH, str(place)), {})[figure] = number
    for (dimension, said), numbers in counts.items():
        if numbers.get(REGISTERED):
            told.rows.append({"dimension": dimension, "key": said, **dict.fromkeys(FIGURES, 0), **numbers})
    for unit, given in answers.items():
        told.answers[unit] = Answers(*(given.get(name, 0) for name in (ANSWERED_IN_TIME, ANSWERED_LATE, UNANSWERED)))
    return told


def _stage(key: str) -> tuple[str, bool]:
    return key.removesuffix(f".{UNIT}"), key.endswith(f".{UNIT}")
