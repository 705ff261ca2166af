"""How journals make incidents and planned starts: verification folds and compares them. Pure.

The rows of cases are told by their replay (``projections``).
"""

from __future__ import annotations

from service.history.folding import Event, Family, Held, Rows, moment_words
from service.processes.incidents import CLOSED, OPENED, WORDS
from service.processes.models import Incident, Schedule
from service.processes.schedules import DROPPED, FAILED, PLANNED, RETRIED, STARTED


def _incident(rows: Rows, event: Event) -> None:
    if event.kind == OPENED:
        open_still = {"id": rows.name, "resolved_at": None, "resolved_by": None}
        rows.put(Incident, rows.name, event.data, open_still, happened_at=event.at)
    elif event.kind == CLOSED:
        rows.set(Incident, rows.name, resolved_at=event.at, resolved_by=event.actor)


def _schedule(rows: Rows, event: Event) -> None:
    key = event.data.get("event")
    if event.kind in (PLANNED, STARTED, FAILED, RETRIED):
        rows.put(Schedule, key, event.data, process=rows.name)
    elif event.kind == DROPPED:
        rows.drop(Schedule, key)


FAMILIES = (
    Family(
        "incident",
        (
            Held(
                Incident,
                Incident.id,
                "异常",
                lambda row: f"{WORDS.get(row['kind'], row['kind'])} {moment_words(row['happened_at'])}",
                late=True,
                key=lambda row: row["id"],
            ),
        ),
        _incident,
    ),
    Family(
        "schedule",
        (
            Held(
                Schedule,
                Schedule.process,
                "定时开始",
                lambda row: f"{row['process']} {row['event']}",
                late=True,
                key=lambda row: row["event"],
            ),
        ),
        _schedule,
    ),
)
