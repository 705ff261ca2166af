"""Records of the people side step by step: their rows after each entry of the journal, by the folds of verification.

Events in, rows out. The feature says what of them a reader may see: events come masked where they must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service import clock
from service.audit.replay.steps import NO_STEP
from service.audit.tables.baseline import take_baseline
from service.audit.tables.registry import FAMILIES, HELD
from service.errors import NotFound
from service.fields import hides_change
from service.history import HistoryEvent
from service.history.folding import BASELINE, Row, Rows
from service.liaisons.models import Link, Roster, RosterItem
from service.talents.models import Talent

About = Callable[[Rows], tuple[Row | None, list[Row]]]
"""The record among the rows of its stream, and its lines."""


@dataclass(frozen=True, slots=True)
class RecordStep:
    """An entry of a record's journal, with the record as it stood after it (None: it was not there) and its lines.

    ``before`` is the record until then, empty where it was not there; ``changed`` are the columns that it set or
    changed.
    """

    event: HistoryEvent
    data: Mapping[str, Any]
    row: Row | None
    lines: Sequence[Row]
    before: Row
    changed: frozenset[str]


def talent_steps(talent_id: str, entries: Iterable[tuple[HistoryEvent, Mapping[str, Any]]]) -> list[RecordStep]:
    """A talent's file after each entry of its journal; ``entries`` have their data as the reader may see them."""
    return _steps(f"talent:{talent_id}", entries, lambda rows: (rows.get(Talent, rows.name), []), lambda _: True)


def link_steps(link: Link, events: Iterable[HistoryEvent]) -> list[RecordStep]:
    """A link after each entry about it; ``events`` are those of its talent's stream."""
    key = str(link.id)
    return _steps(
        f"talent:{link.talent_id}",
        ((event, event.data) for event in events),
        lambda rows: (rows.get(Link, key), []),
        lambda data: key in (data.get("link_id"), data.get("from_link_id")),
    )


def roster_steps(roster: Roster, events: Iterable[HistoryEvent]) -> list[RecordStep]:
    """A version of a roster and its lines after each entry about it; ``events`` are those of its scope's stream."""
    key = str(roster.id)

    def about(rows: Rows) -> tuple[Row | None, list[Row]]:
        return rows.get(Roster, key), [row for row in rows.of(RosterItem) if row["roster_id"] == key]

    return _steps(
        f"roster:{roster.scope}",
        ((event, event.data) for event in events),
        about,
        lambda data: key == data.get("id") or key in data.get("superseded", ()),
    )


def step_at(steps: Sequence[RecordStep], *, seq: int | None = None, on: date | None = None) -> RecordStep:
    """The step at the entry ``seq``, or as the record stood at the end of the day ``on``; of none the last.

    Raises NotFound where the record was not there yet, and after its last entry.
    """
    if seq is not None and seq > steps[-1].event.seq:
        raise NotFound(NO_STEP)
    fitting = [
        one
        for one in steps
        if (seq is None or one.event.seq <= seq) and (on is None or clock.local(one.event.at).date() <= on)
    ]
    if not fitting:
        raise NotFound("那时还没有这条记录，请选择较晚的日期")
    return fitting[-1]


def _steps(
    stream: str,
    entries: Iterable[tuple[HistoryEvent, Mapping[str, Any]]],
    about: About,
    concerns: Callable[[Mapping[str, Any]], bool],
) -> list[RecordStep]:
    rows, fold = Rows(stream), FAMILIES[stream.partition(":")[0]].fold
    found: list[RecordStep] = []
    before: Row = {}
    for event, data in entries:
        told = _Told(event, dict(data))
        if event.kind == BASELINE:
            take_baseline(rows, told, HELD)
        else:
            fold(rows, told)
        row, lines = about(rows)
        row = dict(row) if row is not None else None
        if concerns(data) and event.kind != BASELINE:
            changed = {name for name, value in (row or {}).items() if before.get(name) != value}
            changed |= {name for name, value in data.items() if name in (row or {}) and hides_change(value)}
            found.append(RecordStep(event, data, row, [dict(line) for line in lines], before, frozenset(changed)))
        before = row or {}
    return found


class _Told:
    """An event whose data are those that the reader may see."""

    def __init__(self, event: HistoryEvent, data: dict[str, Any]) -> None:
        self.id, self.seq, self.at = event.id, event.seq, event.at
        self.stream, self.task = event.stream, event.task
        self.actor, self.kind, self.data = event.actor, event.kind, data
