"""The map as rows of a workbook: steps, flows, variants, deviations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from service.audit.ways.counting import Times, Worked
from service.audit.ways.picking import WORDS, deviation_words
from service.audit.ways.queries import Ways
from service.ledger import Cell

COLUMNS = (
    "类别",
    "名称",
    "次数",
    "件数",
    "占比%",
    "中位数（工作日）",
    "九成以内（工作日）",
    "合计（工作日）",
    "正在等待",
    "超期",
)


def rows(found: Ways, units: Mapping[str, str]) -> Iterator[Sequence[Cell]]:
    """The rows of ``COLUMNS``; ``units`` are names by code."""
    shown = found.shown
    everything = len(shown.ids)
    yield ("总计", found.made.name, None, everything, 100, *_times(shown.times), None, None)
    for (process, step), worked in busiest(found):
        share = percent(worked.waited, shown.waited)
        counts = (worked.came, len(worked.cases), share, worked.times.median, worked.times.p90, worked.waited)
        yield ("步骤", found.name(process, step), *counts, worked.waits, worked.late + worked.overdue)
    for (process, step, unit), worked in slowest_units(found):
        name = f"{found.name(process, step)}：{units.get(unit, unit)}"
        share = percent(worked.waited, shown.waited)
        counts = (worked.came, len(worked.cases), share, worked.times.median, worked.times.p90, worked.waited)
        yield ("单位", name, *counts, worked.waits, worked.late + worked.overdue)
    for (process, source, node), gone in sorted(shown.flows.items(), key=lambda one: (-one[1].count, one[0])):
        name = f"{found.name(process, source)} → {found.name(process, node)}"
        share = percent(len(gone.cases), everything)
        yield ("连线", name, gone.count, len(gone.cases), share, *_times(gone.times), None, None)
    for way in shown.ranked:
        taken = shown.variants[way]
        if taken.cases:
            name = " → ".join(found.name(*step) for step in way) or "（还没有办过一步）"
            share = percent(len(taken.cases), everything)
            yield ("走法", name, None, len(taken.cases), share, *_times(taken.times), None, None)
    for key, cases in sorted(shown.deviations.items(), key=lambda one: (-len(one[1]), one[0])):
        share = percent(len(cases), everything)
        yield (WORDS[key[0]], deviation_words(found, *key), None, len(cases), share, *[None] * 5)


def busiest(found: Ways) -> list[tuple[tuple[str, str], Worked]]:
    """The steps, those first at which cases waited longest in all."""
    return sorted(found.shown.steps.items(), key=lambda one: (-one[1].waited, one[0]))


def slowest_units(found: Ways) -> list[tuple[tuple[str, str, str], Worked]]:
    """The steps of each unit, those first at which cases waited longest in all."""
    return sorted(found.shown.units.items(), key=lambda one: (-one[1].waited, one[0]))


def units_of(found: Ways) -> set[str]:
    """The codes of the units that had a step."""
    return {unit for _, _, unit in found.shown.units}


def _times(times: Times) -> tuple[Cell, Cell, Cell]:
    return times.median, times.p90, times.total


def percent(part: int, whole: int) -> int:
    """So many of a hundred."""
    return round(100 * part / whole) if whole else 0
