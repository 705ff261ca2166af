"""Counting the ways of many cases: flows, steps, variants, deviations, each with its cases. Pure.

Times are whole working days by the calendar in force: those after the first day up to and with the last, as due dates
are counted. Median and 90th percentile are nearest ranks: the time within which half, or nine of ten, were done.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from service.audit.ways.way import ANSWERED, WAITS, Flow, StepId
from service.workdays import Calendar

RETURNED, AGAIN, TAKEN_BACK, MIGRATED, TERMINATED = "returned", "again", "taken_back", "migrated", "terminated"
Variant = tuple[StepId, ...]


@dataclass(slots=True)
class Times:
    """How long something took: working days → how often."""

    days: Counter[int] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many times were measured."""
        return sum(self.days.values())

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(days * often for days, often in self.days.items())

    @property
    def median(self) -> int | None:
        """Half took no longer; None where nothing was measured."""
        return self.within(50)

    @property
    def p90(self) -> int | None:
        """Nine of ten took no longer."""
        return self.within(90)

    def within(self, percent: int) -> int | None:
        """So many of a hundred took no longer (nearest rank)."""
        count = self.count
        rank, reached = -(-count * percent // 100), 0
        for days in sorted(self.days):
            reached += self.days[days]
            if reached >= rank:
                return days
        return None


def places() -> Any:
    """An empty list of places of cases."""
    return array("L")


@dataclass(slots=True)
class Gone:
    """A flow: how often it was gone, in which cases, how long from the element before to the next."""

    count: int = 0
    cases: Any = field(default_factory=places)
    times: Times = field(default_factory=Times)


@dataclass(slots=True)
class Worked:
    """A step: how often it came up, was done, waits now, in which cases; of those done and of those that wait how many
    are late; how long it took (``times``) and how long those that wait have waited (``open``)."""

    came: int = 0
    done: int = 0
    waits: int = 0
    late: int = 0
    overdue: int = 0
    cases: Any = field(default_factory=places)
    waiting: Any = field(default_factory=places)
    late_cases: Any = field(default_factory=places)
    times: Times = field(default_factory=Times)
    open: Times = field(default_factory=Times)

    def take(self, place: int, became: int, took: int, *, overdue: bool) -> None:
        """Counts a time that it came up, in the case at ``place``."""
        self.came += 1
        _add(self.cases, place)
        if became == WAITS:
            self.waits += 1
            self.overdue += overdue
            self.open.days[took] += 1
            _add(self.waiting, place)
        else:
            self.done += became == ANSWERED
            self.late += overdue
            self.times.days[took] += 1
        if overdue:
            _add(self.late_cases, place)

    @property
    def waited(self) -> int:
        """Working days of all its times together, those of what waits until today among them."""
        return self.times.total + self.open.total


@dataclass(slots=True)
class Taken:
    """The cases that took a variant, and how long the ended ones took from begin to end."""

    cases: Any = field(default_factory=places)
    times: Times = field(default_factory=Times)


@dataclass(slots=True)
class WayMap:
    """The map. ``ids`` are the counted cases, whose places stand for them everywhere; ``units`` the steps of each unit
    (process, step, unit); ``deviations`` are (kind, process, step, target) → cases; ``times`` how long the ended ones
    took."""

    ids: list[UUID] = field(default_factory=list)
    ended: int = 0
    flows: dict[Flow, Gone] = field(default_factory=dict)
    steps: dict[StepId, Worked] = field(default_factory=dict)
    units: dict[tuple[str, str, str], Worked] = field(default_factory=dict)
    variants: dict[Variant, Taken] = field(default_factory=dict)
    deviations: dict[tuple[str, str, str, str], Any] = field(default_factory=dict)
    times: Times = field(default_factory=Times)

    @property
    def waited(self) -> int:
        """Working days of all steps together."""
        return sum(one.waited for one in self.steps.values())

    @property
    def ranked(self) -> list[Variant]:
        """The variants, the most frequent first; of two alike the shorter."""
        return sorted(self.variants, key=lambda way: (-len(self.variants[way].cases), len(way), way))

    @property
    def usual(self) -> Variant:
        """The way that most ended cases took: one that goes on has not taken it yet. Of two alike the shorter."""
        ended = sorted(self.variants, key=lambda way: (-self.variants[way].times.count, len(way), way))
        return ended[0] if ended else ()

    def aside(self, place: int) -> list[str]:
        """The kinds of deviations of a case."""
        return list(dict.fromkeys(kind for (kind, *_), cases in self.deviations.items() if place in cases))


class Days:
    """Working days between two ordinals; each pair is asked of the calendar once."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._known: dict[tuple[int, int], int] = {}

    def between(self, first: int, last: int) -> int:
        """The working days after ``first`` up to and with ``last``."""
        if first == last:
            return 0
        known = self._known.get((first, last))
        if known is None:
            known = self._calendar.between(date.fromordinal(first), date.fromordinal(last))
            self._known[first, last] = known
        return known


def counted(
    ways: Iterable[tuple[UUID, Mapping[str, Any]]], calendar: Calendar, today: date, only: Variant | None = None
) -> WayMap:
    """The map of these cases, by what their rows keep (``CaseWay.data``); of one variant alone where it is named.

    An open step has waited until ``today``, and is late where its date is over.
    """
    found, days, now = WayMap(), Days(calendar), today.toordinal()
    for instance, told in ways:
        way = tuple((process, step) for process, step in told["w"])
        taken = found.variants.setdefault(way, Taken())
        if only is not None and way != only:
            continue
        place = len(found.ids)
        found.ids.append(instance)
        taken.cases.append(place)
        if told["e"] is not None:
            found.ended += 1
            took = days.between(told["b"], told["e"])
            taken.times.days[took] += 1
            found.times.days[took] += 1
        _steps(found, place, told["s"], days, now)
        _flows(found, place, told["f"], days)
        _deviations(found, place, told)
    return found


def _steps(found: WayMap, place: int, stays: Iterable[list[Any]], days: Days, now: int) -> None:
    for process, step, unit, entered, left, became, due, late in stays:
        waits = became == WAITS
        took = days.between(entered, max(now, entered) if waits else left)
        overdue = bool(late) or (waits and due is not None and due < now)
        one = found.steps.get((process, step))
        if one is None:
            one = found.steps[process, step] = Worked()
        one.take(place, became, took, overdue=overdue)
        if unit is not None:
            one = found.units.get((process, step, unit))
            if one is None:
                one = found.units[process, step, unit] = Worked()
            one.take(place, became, took, overdue=overdue)


def _flows(found: WayMap, place: int, flows: Iterable[list[Any]], days: Days) -> None:
    for process, source, node, before, after in flows:
        one = found.flows.get((process, source, node))
        if one is None:
            one = found.flows[process, source, node] = Gone()
        one.count += 1
        _add(one.cases, place)
        one.times.days[days.between(before, after)] += 1


def _deviations(found: WayMap, place: int, told: Mapping[str, Any]) -> None:
    kinds = [(RETURNED, *one) for one in told["r"]]
    kinds += [(AGAIN, *one) for one in told["a"]]
    kinds += [(TAKEN_BACK, *one, "") for one in told["t"]]
    kinds += [(MIGRATED, "", "", "")] if told["m"] else []
    kinds += [(TERMINATED, "", "", "")] if told["x"] == "terminated" else []
    for key in kinds:
        cases = found.deviations.get(key)
        if cases is None:
            cases = found.deviations[key] = places()
        _add(cases, place)


def _add(cases: Any, place: int) -> None:
    """A case is listed once, however often it went there."""
    if not cases or cases[-1] != place:
        cases.append(place)
