"""Work of once a working day, by whichever worker comes first."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import clock, history
from service.auth.queries import accounts_of_role
from service.db import IdempotentAnswer
from service.history.notices import NOTICE, Goal, Notice
from service.history.records import record
from service.processes import calendars
from service.processes.incidents import open_incident
from service.processes.models import Incident
from service.processes.upkeep import WorkerBeat
from service.rights import ADMIN, SYSTEM
from service.workdays import missing_notice_reminder

CALENDAR = "calendar"
REMINDER = "calendar_missing"
DAILY = "daily"
"""The kind of incidents of what is done once a working day."""
FORGET_WORKERS_AFTER = timedelta(days=1)
FORGET_ANSWERS_AFTER = timedelta(days=7)
"""A program that has lost an answer asks again within minutes; a week also covers one that was off over a holiday."""


def remind_of_missing_notice(session: Session, *, now: datetime) -> bool:
    """From 1 November on, tells administrators once a day that next year's notice on holidays is missing (CALENDAR).

    Any number of workers may ask; the lock on the calendar's journal lets one of them tell. False when there is nothing
    to tell or it has been told today.
    """
    today = clock.local(now).date()
    text = missing_notice_reminder(calendars.current(session), today)
    if text is None or not accounts_of_role(session, ADMIN, on=today):
        return False
    history.lock(session, CALENDAR)
    for event in reversed(history.stream_events(session, CALENDAR)):
        if event.kind == NOTICE and clock.local(event.at).date() == today:
            return False
    told = Notice(REMINDER, Goal(role=ADMIN), text=text)
    record(session, CALENDAR, NOTICE, told.data(), actor=SYSTEM, now=now)
    return True


def failed(session: Session, message: str, *, now: datetime) -> None:
    """A daily operation failed (its transaction is gone): an incident that people see, one a day for all workers."""
    history.lock(session, DAILY)
    midnight = clock.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    told = select(Incident.id).where(Incident.kind == DAILY, Incident.message == message[:2000])
    if session.scalar(told.where(Incident.happened_at >= midnight).limit(1)) is None:
        open_incident(session, kind=DAILY, message=message, now=now)
    session.flush()


def forget_dead_workers(session: Session, *, now: datetime) -> None:
    """Drops the heartbeats of workers that have not been heard of for a day."""
    session.execute(delete(WorkerBeat).where(WorkerBeat.beat_at < now - FORGET_WORKERS_AFTER))


def forget_old_answers(session: Session, *, now: datetime) -> None:
    """Drops the answers that the interface keeps by ``Idempotency-Key`` once nobody asks for them again."""
    session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.at < now - FORGET_ANSWERS_AFTER))
