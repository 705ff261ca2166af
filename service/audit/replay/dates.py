"""The dates of tasks that a step set, moved or left, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.audit.replay.steps import DueChange, Row
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.agreed import EXTENDED, SHIFTED
from service.processes.moves import MIGRATED
from service.processes.rules import one_line

SET, CALENDAR, MOVED_VERSION, BACK = "set", "calendar", "migrated", "taken_back"
WHY_MOVED = {
    "calendar_changed": CALENDAR,
    MIGRATED: MOVED_VERSION,
    "taken_back": BACK,
    EXTENDED: EXTENDED,
    SHIFTED: SHIFTED,
}
"""Steps by which the dates of other tasks may move, and why a date then is as it is."""


def due_changes(
    event: HistoryEvent,
    effects: Sequence[tuple[str, str, Mapping[str, Any]]],
    before: Mapping[str, Row],
    rows: Mapping[str, Row],
) -> list[DueChange]:
    """The dates that a step set, moved, or left although its notice might have moved them.

    ``effects`` are (kind, task, data) of the step, ``before`` the tasks that a notice found open, ``rows`` all tasks
    after it.
    """
    found: list[DueChange] = []
    told = set()
    for kind, task, data in effects:
        if kind == fx.ENTERED and data["due_on"]:
            found.append(_change(task, rows[task], None, data, SET, ""))
        elif kind == fx.DUE_CHANGED and task in rows:
            why = WHY_MOVED.get(event.kind, CALENDAR)
            found.append(_change(task, rows[task], data["old_due_on"], data, why, str(data["notice"])))
            told.add(task)
    if event.kind == "calendar_changed":
        notice = str(event.data.get("notice") or "")
        for task, row in before.items():
            if task not in told and row["due_on"] is not None:
                found.append(_change(task, rows[task], row["due_on"].isoformat(), _of_row(row), CALENDAR, notice))
    return found


def _of_row(row: Row) -> Mapping[str, Any]:
    return {
        "due_on": row["due_on"].isoformat(),
        "provisional": row["due_provisional"],
        "basis": row["due_basis"],
        "explanation": row["due_explanation"],
    }


def _change(task: str, row: Row, old: str | None, data: Mapping[str, Any], why: str, notice: str) -> DueChange:
    return DueChange(
        task=task,
        name=one_line(row["name"]),
        scope=row["scope"],
        unit=row["unit"],
        old=old,
        new=data["due_on"],
        provisional=data["provisional"],
        why=why,
        notice=notice,
        basis=data["basis"],
        explanation=data["explanation"],
    )
