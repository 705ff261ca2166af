"""The run of a clock that speaks for a case, out of the runs at hand: what ``speaking`` asks of the database.

A test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from service.processes.models import RUN_MOVED, RUN_SUSPENDED
from service.processes.speaking import Term
from service.rights import RESPONSIBLE_UNIT

Row = Mapping[str, Any]


def spoken(runs: Sequence[Row], first_due: Mapping[Any, date | None], on: date, *, steps: bool = False) -> Term | None:
    """The run that speaks for a case as of the end of a day, as ``speaking.terms`` gives it; None where there is none.

    ``runs``: the columns of its runs, in the order of their numbers; ``first_due``: the date that each of its tasks
    first had, by id.
    """
    best: tuple[tuple[int, ...], Row] | None = None
    for place, run in enumerate(runs):
        if (run["role"] == RESPONSIBLE_UNIT) is steps or not _counts(run, on):
            continue
        until, ended = run["until_on"], run["ended"]
        opened = until is None or until > on
        # what stands still in a suspended case speaks for nothing: its date is open
        if not opened if steps else ended == RUN_SUSPENDED and (until is None or until <= on):
            continue
        due = run["due_on"].toordinal()
        last = (0, due, 0) if opened else (1, -until.toordinal(), 0 if ended == RUN_MOVED else 1)
        if best is None or (*last, due, place) < best[0]:
            best = (*last, due, place), run
    return _term(best[1], runs, first_due, on) if best is not None else None


def _term(run: Row, runs: Sequence[Row], first_due: Mapping[Any, date | None], on: date) -> Term:
    task, unit, until, due = run["task_id"], run["unit"], run["until_on"], run["due_on"]
    received = min(one["from_on"] for one in runs if one["task_id"] == task and _goes_on(one, on))
    theirs = [one for one in runs if unit is not None and one["unit"] == unit and one["role"] == RESPONSIBLE_UNIT]
    rounds = len({one["task_id"] for one in theirs if _counts(one, on)})
    over = until is not None and until <= on
    return Term(
        unit, received, due, first_due[task] or due, until if over else None, run["ended"] if over else None, rounds
    )


def _counts(run: Row, on: date) -> bool:
    """As ``lateness.counts``."""
    return run["from_on"] <= on and (run["void_on"] is None or run["void_on"] > on)


def _goes_on(run: Row, on: date) -> bool:
    """Whether its task's clock ran from there on: another date or a suspension begins no new one."""
    return run["void_on"] is None or run["void_on"] > on or run["ended"] in (RUN_MOVED, RUN_SUSPENDED)
