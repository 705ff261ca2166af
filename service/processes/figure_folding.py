"""How one need counts in the figures on the evening of each day, as a pure function of its days and clocks (adr/0068).

The conditions are those of ``need_figures`` and ``lateness``, said here of rows at hand: a test holds both against each
other over random days. A need tells little; ``cells`` makes of it the numbers that the tallies sum.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from service.canonical import encoder
from service.processes.models import COMPLETED, RUN_ANSWERED, RUN_HANDED_BACK, RUN_MOVED, RUN_SUSPENDED
from service.processes.need_figures import (
    ACCEPTED,
    ASKED,
    DONE,
    FIGURES,
    IN_SEVEN,
    IN_TIME,
    INTERIM,
    INTERIM_STEP,
    JUDGED,
    LATE,
    LIMITED,
    ON_THE_SPOT,
    OVERDUE,
    POLICY_LIMITED,
    REDISPATCHED,
    REGISTERED,
    REJECTED,
)
from service.rights import RESPONSIBLE_UNIT

TOTAL, UNIT, TOWN, CATEGORY, LEADER = "total", "unit", "town", "category", "leader"
STAGE, STEPS, ANSWERS, DISPATCH = "stage", "steps", "answers", "dispatch"
"""The counts: all needs, those of a unit, a town …; those of a category and a town that one unit leads (``key``:
the three as JSON); the needs in which a stage was done, its steps by the days from which to which they took (``key``:
``stage|first day|last day``), and the answers of a unit, one by one."""
ANSWERED_IN_TIME, ANSWERED_LATE, UNANSWERED = "in_time", "late", "unanswered"
CASES, DONE_STEPS = "cases", "steps"
SAID, UNSAID = "=", ""
"""Before a key that was said; the key of what nobody said."""
DAY_AT, DAY_SIGNS = len('{"day":'), 6
"""Where the day of registering stands in what a need tells: an ordinal of so many signs."""
_OF_UNIT = f".{UNIT}"
NEVER = date(9999, 12, 31).toordinal()
"""The day of an answer that nobody has given yet."""

_told = encoder(sort_keys=False, allow_nan=True)
_led = encoder(separators=(", ", ": "), sort_keys=False, allow_nan=True)
_BIT = {name: 1 << place for place, name in enumerate(FIGURES)}
OF_DISPATCH = _BIT[REGISTERED] | _BIT[REDISPATCHED]
"""The figures, as bits, that are counted by what a need is led by."""
_OF_CASE = _BIT[REGISTERED] | _BIT[ACCEPTED] | _BIT[ASKED] | _BIT[DONE] | _BIT[LIMITED]


class Cell(NamedTuple):
    """A row of the tallies but for its number; days as ordinals."""

    dimension: str
    key: str
    day: int
    on_day: int
    figure: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days of a need, as ordinals; ``bits`` of the figures that its own row tells."""

    first: int
    after: int
    bits: int
    titled: bool
    said: tuple[str, str, str]
    dispatched: str | None


@dataclass(slots=True)  # not frozen: that takes thrice as long, and each step makes some
class Run:
    """A run of a clock, its days as ordinals (``NEVER`` where it has none); ``began``: from when its task's clock ran.

    ``task``, ``step``, ``scope`` and ``stage`` are those of its task.
    """

    id: int
    task: Any
    step: str
    scope: str
    stage: str | None
    by_unit: bool
    unit: str | None
    due: int
    first: int
    until: int
    ended: str | None
    void: int
    began: int

    def counts(self, on: int) -> bool:
        """Whether it had begun by the end of a day and still counted."""
        return self.first <= on < self.void

    def late(self, on: int) -> bool:
        """Whether it was late as of the end of a day."""
        return self.due < on and self.counts(on) and self.due < self.until

    def answered(self, on: int) -> bool:
        """Whether it had ended with an answer."""
        return self.ended == RUN_ANSWERED and self.until <= on


def ordinal(day: date | None) -> int:
    """A day as a number; ``NEVER`` for none."""
    return day.toordinal() if day is not None else NEVER


def span_of(row: Mapping[str, Any]) -> Span:
    """A stretch out of the columns of its row."""
    bits = _BIT[REGISTERED] | (_BIT[ACCEPTED] if row["number"] is not None else 0)
    end = row["end"]
    ended = row["ended_at"] is not None and row["status"] == COMPLETED and end is not None
    if ended and end not in (ON_THE_SPOT, REJECTED):
        bits |= _BIT[DONE] | (_BIT[LIMITED] if row["outcome"] == POLICY_LIMITED else 0)
    led = [row[name] for name in ("category", "town", "lead_unit")]
    return Span(
        ordinal(row["from_on"]),
        ordinal(row["until_on"]),
        bits,
        row["title"] != "",
        (_key(row["town"]), _key(row["category"]), _key(row["leader_id"])),
        _led(led) if row["lead_unit"] is not None else None,
    )


def runs_of(rows: Sequence[Mapping[str, Any]]) -> list[Run]:
    """The runs of a need out of the columns of their rows and those of their tasks, in the order of their numbers."""
    began: dict[Any, int] = {}
    for row in rows:
        if row["ended"] in (RUN_MOVED, RUN_SUSPENDED):
            began[row["task_id"]] = min(began.get(row["task_id"], NEVER), ordinal(row["from_on"]))
    return [
        Run(
            row["id"],
            row["task_id"],
            row["task"],
            row["scope"],
            row["stage"],
            row["role"] == RESPONSIBLE_UNIT,
            row["unit"],
            ordinal(row["due_on"]),
            ordinal(row["from_on"]),
            ordinal(row["until_on"]),
            row["ended"],
            ordinal(row["void_on"]),
            began.get(row["task_id"], ordinal(row["from_on"])),
        )
        for row in sorted(rows, key=lambda row: row["id"])
    ]


def told_of(registered: int, spans: Sequence[Span], runs: Sequence[Run], ways: Iterable[str]) -> str:
    """All that a need adds to the tallies, registered on a day, as JSON; ``ways``: those in which whole units see it
    (``readers.of_many``)."""
    steps = list(_steps(spans, runs))
    return _told(
        {
            "day": registered,
            "states": list(_states(spans, runs)),
            "steps": [step for _, step in steps],
            "whose": [unit for unit, _ in steps],
            "answers": list(_answers(runs)),
            "ways": sorted(ways),
        }
    )


def cells(told: str) -> Counter[Cell]:
    """The rows that a need adds to the tallies, by what it tells, each with its number."""
    made: Counter[Cell] = Counter()
    data = json.loads(told)
    day = data["day"]
    before: dict[tuple[str, str], int] = {}
    for on, bits, said, units, led in data["states"]:
        now: dict[tuple[str, str], int] = {}
        if bits:
            now = dict.fromkeys(((TOTAL, UNSAID), (TOWN, said[0]), (CATEGORY, said[1]), (LEADER, said[2])), bits)
            now |= {(UNIT, unit): own for unit, own in units.items()}
            if led is not None:
                now[DISPATCH, led] = bits & OF_DISPATCH
        for about in {**before, **now}:
            was, is_now = before.get(about, 0), now.get(about, 0)
            if was != is_now:
                _changed(made, (*about, day, on), was, is_now)
        before = now
    _of_stages(made, day, data["steps"])
    for unit, stop, figure, first, after in data["answers"]:
        made[Cell(ANSWERS, SAID + unit, stop, first, figure)] += 1
        if after != NEVER:
            made[Cell(ANSWERS, SAID + unit, stop, after, figure)] -= 1
    return Counter({cell: number for cell, number in made.items() if number})


@cache
def figures_of(bits: int) -> tuple[str, ...]:
    """The names of the figures that are kept as bits."""
    return tuple(figure for figure, bit in _BIT.items() if bits & bit)


def then(states: Sequence[list[Any]], on: int) -> list[Any] | None:
    """The state of a need at the end of a day, of those that it tells; None before the first."""
    return next((state for state in reversed(states) if state[0] <= on), None)


def steps_done(data: Mapping[str, Any], on: int, unit: str | None) -> Iterator[tuple[str, int, int]]:
    """(stage with ``.unit`` where a responsible unit's, first day, last day) of the steps of a need that were done and
    counted at the end of a day; of a ``unit`` its own and those of no unit."""
    for step, whose in zip(data["steps"], data["whose"], strict=True):
        if step[3] > on or (unit is not None and whose != unit and step[0].endswith(_OF_UNIT)):
            continue
        if len(step) == 4 or sum(turn <= on for turn in step[3:]) % 2:
            yield step[0], step[1], step[2]


def _changed(made: Counter[Cell], about: tuple[str, str, int, int], was: int, now: int) -> None:
    for figure in figures_of(was ^ now):
        made[Cell(*about, figure)] += 1 if now & _BIT[figure] else -1


def _of_stages(made: Counter[Cell], day: int, steps: Iterable[Sequence[Any]]) -> None:
    going: dict[str, Counter[int]] = {}
    for key, began, until, *turns in steps:
        days = f"{key}|{date.fromordinal(began)}|{date.fromordinal(until)}"
        for place, on in enumerate(turns):
            number = -1 if place % 2 else 1
            made[Cell(STEPS, days, day, on, DONE_STEPS)] += number
            going.setdefault(key, Counter())[on] += number
    for key, moves in going.items():
        there = 0
        for on in sorted(moves):
            was, there = there, there + moves[on]
            if bool(was) != bool(there):
                made[Cell(STAGE, key, day, on, CASES)] += 1 if there else -1


# --- What is so on the evenings --------------------------------------------------------------------------------------


_NOTHING: list[Any] = [0, [], {}, None]


def _states(spans: Sequence[Span], runs: Sequence[Run]) -> Iterator[list[Any]]:
    """[day from which it is so, figures as bits, town, category and leader, unit → its figures, what it is led by]."""
    own = [run for run in runs if run.by_unit]
    reviews = [run for run in runs if run.step == INTERIM_STEP]
    days = {day for span in spans for day in (span.first, span.after)}
    for run in (*own, *reviews):
        days |= {run.first, run.due + 1, run.until, run.void}
    last: list[Any] = [0, *_NOTHING]
    for day in sorted(days):
        if day >= NEVER:
            break
        state = _state(day, spans, own, reviews)
        if state != last[1:]:
            last = [day, *state]
            yield last


def _state(on: int, spans: Sequence[Span], own: Sequence[Run], reviews: Sequence[Run]) -> list[Any]:
    span = next((one for one in spans if one.first <= on < one.after), None)
    if span is None or not span.titled:
        return _NOTHING
    of_units: dict[str | None, list[Run]] = {}
    for run in own:
        if run.counts(on):
            of_units.setdefault(run.unit, []).append(run)
    each = {unit: _of_unit(on, some) for unit, some in of_units.items()}
    for unit in set(_interims(on, own, reviews)):
        each[unit] = each.get(unit, 0) | _BIT[INTERIM]
    bits = span.bits | (_BIT[ASKED] if of_units else 0) | _together(each)
    told = {SAID + unit: some | bits & _OF_CASE for unit, some in each.items() if unit is not None and unit in of_units}
    return [bits, list(span.said), told, span.dispatched if of_units else None]


def _of_unit(on: int, runs: Sequence[Run]) -> int:
    """The figures of a unit in a need, as bits; its runs that count, in the order of their numbers."""
    late = [run for run in runs if run.late(on)]
    judged = [run for run in runs if run.answered(on) or run.late(on)]
    bits = _BIT[REDISPATCHED] if any(run.ended == RUN_HANDED_BACK and run.until <= on for run in runs) else 0
    if late:
        bits |= _BIT[LATE]
        if any(run.until > on for run in late):
            bits |= _BIT[OVERDUE]
    if judged:
        bits |= _BIT[JUDGED] | (0 if late else _BIT[IN_TIME])
        if not late or judged[0].id != late[0].id:
            bits |= _BIT[IN_SEVEN]
    return bits


def _together(each: Mapping[str | None, int]) -> int:
    """The figures of a need out of those of its units."""
    bits = 0
    for some in each.values():
        bits |= some & ~(_BIT[IN_SEVEN] | _BIT[IN_TIME])
    if bits & _BIT[JUDGED]:
        if not bits & _BIT[LATE]:
            bits |= _BIT[IN_TIME]
        if all(some & _BIT[IN_SEVEN] for some in each.values() if some & _BIT[JUDGED]):
            bits |= _BIT[IN_SEVEN]
    return bits


def _interims(on: int, own: Iterable[Run], reviews: Iterable[Run]) -> Iterator[str | None]:
    """The units that had answered for the time being."""
    begun = [one for one in reviews if one.first <= on and (on < one.void or one.ended in (RUN_MOVED, RUN_SUSPENDED))]
    if not begun:
        return
    for run in own:
        told = run.ended == RUN_ANSWERED and run.counts(on)
        if told and any(one.scope == run.scope and one.first == run.until for one in begun):
            yield run.unit


def _steps(spans: Sequence[Span], runs: Iterable[Run]) -> Iterator[tuple[str | None, list[Any]]]:
    """The unit whose step it was, and [stage, with ``.unit`` where a responsible unit's, first day, last day, day from
    which it counts, day from which not …]."""
    titled = [(span.first, span.after) for span in spans if span.titled]
    for run in runs:
        if run.ended != RUN_ANSWERED or run.stage is None:
            continue
        turns: list[int] = []
        for first, after in titled:
            begins, ends = max(first, run.until, run.first), min(after, run.void)
            if begins < ends:
                if turns and turns[-1] == begins:
                    turns.pop()
                else:
                    turns.append(begins)
                turns.append(ends)
        if turns and turns[-1] == NEVER:
            turns.pop()
        if turns:
            key = f"{run.stage}.{UNIT}" if run.by_unit else run.stage
            yield run.unit if run.by_unit else None, [key, run.began, run.until, *turns]


def _answers(runs: Iterable[Run]) -> Iterator[list[Any]]:
    """[unit, day of the answer, figure, day from which it counts, day from which not]."""
    for run in runs:
        if not run.by_unit or run.unit is None:
            continue
        overdue, answered = max(run.due + 1, run.first), max(run.until, run.first)
        given = run.ended == RUN_ANSWERED
        if given:
            name = ANSWERED_LATE if run.due < run.until else ANSWERED_IN_TIME
            yield from _counted(run, name, answered, run.void)
        if run.due < run.until:
            yield from _counted(run, UNANSWERED, overdue, min(run.void, run.until) if given else run.void)


def _counted(run: Run, figure: str, first: int, after: int) -> Iterator[list[Any]]:
    if first < after:
        yield [run.unit, run.until, figure, first, after]


def _key(value: object) -> str:
    return UNSAID if value is None else f"{SAID}{value}"
