"""停表与改期 in words: the stops of a case's clocks and its agreed dates, for the pages of the case and its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service import clock
from service.history import HistoryEvent
from service.http.context import db
from service.processes.calendars import current
from service.processes.rules import one_line
from service.processes.stops import KINDS, OUTCOMES, PENDING, SUSPENSION, WAITING, Moved, Stop, stops_of
from service.usecases.names import Names


@dataclass(frozen=True, slots=True)
class Row:
    """A stop as a row of the table. ``asked`` and ``approved`` are names, ``span`` the days that the clock stood."""

    stop: Stop
    kind: str
    outcome: str
    where: str
    span: str
    asked: str
    approved: str
    moved: Sequence[tuple[str, Moved]]
    pending: bool

    @property
    def asked_at(self) -> datetime | None:
        """When it was asked for."""
        return self.stop.asked_at


def stops_on(events: Sequence[HistoryEvent], names: Names) -> list[Row]:
    """The stops that these events of a case tell of, the latest first."""
    found = stops_of(events, current(db()), clock.today())
    names.learn(
        [name for one in found for name in (one.asked_by, one.approved_by)],
        [unit for one in found for unit in (one.unit, *(moved.unit for moved in one.moved))],
    )
    return [_row(one, names) for one in reversed(found)]


def standing_words(rows: Sequence[Row]) -> list[str]:
    """The clocks that stand still now, for the head of the page: 待上会 12 天, 挂起 3 个工作日（期限顺延）."""
    return [
        f"{row.kind} {row.stop.days} 天" if row.stop.kind == WAITING else f"挂起 {row.span}（{row.outcome}）"
        for row in rows
        if row.stop.lasts
    ]


def _row(stop: Stop, names: Names) -> Row:
    unit = names.unit(stop.unit) if stop.unit else ""
    step = one_line(stop.step)
    where = f"{step}（{unit}）" if unit and unit not in step else step
    return Row(
        stop,
        KINDS[stop.kind],
        OUTCOMES.get(stop.outcome, ""),
        "整件事项" if stop.kind == SUSPENSION else where,
        "" if stop.since is None else f"{stop.days} {'天' if stop.kind == WAITING else '个工作日'}",
        stop.asked_for or names.person(stop.asked_by),
        stop.approved_for or names.person(stop.approved_by),
        [(_of(moved, names), moved) for moved in stop.moved] if stop.kind == SUSPENSION else [],
        stop.outcome == PENDING,
    )


def _of(moved: Moved, names: Names) -> str:
    step, unit = one_line(moved.step), names.unit(moved.unit) if moved.unit else ""
    return f"{step}（{unit}）" if unit and unit not in step else step
