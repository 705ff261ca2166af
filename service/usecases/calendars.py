"""Notices on holidays: those of ``config/calendar.toml`` and those that were loaded later, kept in the journal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from service import history
from service.errors import Finding, Invalid
from service.processes.calendars import current, find_current
from service.processes.timers import load_calendar, recompute
from service.rights import Actor, require
from service.workdays import Calendar, CalendarNotices, load_notices, parse_notice_file

STREAM = "calendar"
ADDED = "notices_added"


def notices_in_force(session: Session, config: Path) -> CalendarNotices:
    """The notices of the directory ``config`` and all that were loaded since; what both hold counts once.

    Raises Invalid, naming the places, where the file and what was loaded contradict each other.
    """
    notices = load_notices(config)
    for event in history.stream_events(session, STREAM):
        if event.kind == ADDED:
            loaded = CalendarNotices.from_data(event.data["notices"], f"已载入的 {event.data['source']}")
            notices = notices.merged(loaded)
    return notices


def add_notices(session: Session, *, content: bytes, name: str, config: Path, actor: Actor, now: datetime) -> int:
    """Loads a file of notices (shape: ``config/calendar.toml``), in force from now on and after every restart.

    Due dates of unanswered items are recomputed; gives how many cases changed. Loading what is in force already changes
    nothing. ``name`` is what the journal calls the file. Raises Invalid naming each bad place, NotAllowed.
    """
    require(actor, "load_calendar")
    added = parse_notice_file(content, name)
    if not added.notices and not added.closures:
        message = "没有放假安排（[[notices]]）也没有临时停工（[[closures]]）"
        raise Invalid(f"{name} {message}", [Finding(name, message)])
    history.lock(session, STREAM)
    before = notices_in_force(session, config)
    calendar = Calendar.from_config(before.merged(added))
    version = find_current(session)
    if before.merged(added) == before and version is not None and version.digest == calendar.digest:
        return 0
    numbers = [notice.number for notice in added.notices] + [one.number for one in added.closures if one.number]
    source = "、".join(dict.fromkeys(numbers)) or name
    history.append(
        session,
        stream=STREAM,
        kind=ADDED,
        actor=actor.username,
        on_behalf_of=actor.on_behalf_of,
        at=now,
        data={"source": source, "notices": added.to_data()},
    )
    return load_calendar(session, calendar=calendar, source=source, actor=actor, now=now)


def recount(session: Session, *, actor: Actor, now: datetime) -> int:
    """Counts with the calendar in force what began with an earlier one while this was being loaded (CLOCK)."""
    require(actor, "load_calendar")
    version = find_current(session)
    if version is None:
        return 0
    return recompute(session, calendar=current(session), source=version.source, actor=actor, now=now)
