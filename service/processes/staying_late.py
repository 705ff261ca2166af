"""The rules by which clocks of tasks that change, stand still or are gone stay late (adr/0098, adr/0102)."""

from __future__ import annotations

from datetime import date

from service.processes.agreed import EXTENDED, SHIFTED

TAKEN_BACK, MIGRATED = "taken_back", "migrated"


def withdrawn(cause: str, old: date | None, new: date | None, on: date, *, suspended: bool) -> bool:
    """Whether a clock whose date moves counts no more from ``on``.

    Not where a later date was agreed (延期), or came with another version (迁移), after the first had passed: late it
    stays late, or asking late would pay. Where the new date has passed as well, or the clock stands still, the run that
    begins anew, or ``excused``, says so.
    """
    if not _past(old, on):
        return True
    return cause != EXTENDED if cause != MIGRATED else suspended or _past(new, on)


def excused(cause: str, due_on: date | None, on: date, *, suspended: bool) -> bool:
    """Whether a clock that stands still, or goes on after that, is not late any more by its new date: it was by days
    off alone, and days that stood still are added (顺延), or another version gives the task a later date (迁移)."""
    if cause == MIGRATED:
        return suspended and not _past(due_on, on)
    return cause == SHIFTED and due_on is not None and due_on >= on


def stilled(cause: str, due_on: date | None, on: date, *, paused: bool) -> bool:
    """Whether another version stops the clock of a task (待上会) that was late: it stays so."""
    return cause == MIGRATED and paused and _past(due_on, on)


def unasked(cause: str, due_on: date | None, on: date) -> bool:
    """Whether the clock of a task that is gone counts no more from ``on``: the step that had brought it was taken back
    (撤回) before its date passed. Late it stays late: a dispatch that is taken back and done again wipes out nothing.
    """
    return cause == TAKEN_BACK and not _past(due_on, on)


def _past(due_on: date | None, on: date) -> bool:
    return due_on is not None and due_on < on
