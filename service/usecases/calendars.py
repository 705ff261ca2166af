"""Notices on holidays: those of ``config/calendar.toml`` and those that were loaded later, all kept in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from service import history, jobs
from service.db.failures import describe, explain, told
from service.errors import Conflict, Finding, Invalid, NotFound
from service.history import HistoryEvent
from service.history.records import record
from service.processes.advance import lock
from service.processes.calendars import current, find_current
from service.processes.incidents import close_incident, incidents_of, open_incident
from service.processes.recount import recount as recount_case
from service.processes.timers import count_open_cases, open_cases, put_in_force
from service.rights import SYSTEM, Actor, require
from service.workdays import Calendar, CalendarNotices, load_notices, parse_notice_file

STREAM, RIGHT = "calendar", "load_calendar"
FILED, ADDED, WITHDRAWN = "notices_filed", "notices_added", "notices_withdrawn"
INCIDENT = "calendar"
"""The kind of the incidents of cases that could not be counted anew."""
FAILED, CHANGED = "failed", "changed"
"""The outcomes of counting a case anew."""
RECOUNT = "calendar_recount"
"""The kind of the jobs that count many cases anew."""
AT_ONCE = 100
"""Cases that are counted anew in the transaction of the notice; more are a job's, some at a time."""
LONGEST_REASON = 200
OF_FILE = "配置文件"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of a notice: how many cases ``changed`` and how many could not be counted (``failed``), or the
    ``job`` that counts them anew."""

    changed: int = 0
    failed: int = 0
    job: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Notices that stand in the journal. ``event`` is their entry, ``withdrawn`` the one that takes them back."""

    event: HistoryEvent
    notices: CalendarNotices
    withdrawn: HistoryEvent | None = None

    @property
    def of_file(self) -> bool:
        """Whether they stand in ``config/calendar.toml``, where alone they can be taken back."""
        return self.event.kind == FILED


def entries(session: Session) -> list[Entry]:
    """All notices of the journal in their order: of the file those of the last time, then what was loaded."""
    filed: list[Entry] = []
    added: dict[int, Entry] = {}
    for event in history.stream_events(session, STREAM):
        if event.kind == FILED:
            filed = [Entry(event, CalendarNotices.from_data(event.data["notices"], OF_FILE))]
        elif event.kind == ADDED:
            read = CalendarNotices.from_data(event.data["notices"], f"已载入的 {event.data['source']}")
            added[event.seq] = Entry(event, read)
        elif event.kind == WITHDRAWN and event.data["of"] in added:
            one = added[event.data["of"]]
            added[event.data["of"]] = Entry(one.event, one.notices, event)
    return [*filed, *added.values()]


def merged(found: Sequence[Entry], base: CalendarNotices | None = None, *, less: int | None = None) -> CalendarNotices:
    """The notices that hold together, ``base`` in the place of the file's where it is given; ``less`` one by its
    number. Raises Invalid, naming the places, where two contradict each other."""
    notices = base or CalendarNotices()
    for one in found:
        if one.withdrawn is None and one.event.seq != less and not (one.of_file and base is not None):
            notices = notices.merged(one.notices)
    return notices


def notices_in_force(session: Session, config: Path) -> CalendarNotices:
    """The notices of the directory ``config`` and all that were loaded since; what both hold counts once.

    Raises Invalid, naming the places, where the file and what was loaded contradict each other.
    """
    return merged(entries(session), load_notices(config))


def ensure_calendar(session: Session, config: Path, *, now: datetime) -> Loaded:
    """At an upgrade: journals what the file holds, and puts its calendar in force where that is another."""
    calendar = Calendar.from_config(_file(session, config, actor=SYSTEM, now=now))
    found = find_current(session)
    if found is not None and found.digest == calendar.digest:
        return Loaded()
    return apply(session, calendar, OF_FILE, actor=SYSTEM, now=now)


def _file(session: Session, config: Path, *, actor: Actor, now: datetime) -> CalendarNotices:
    """Journals the notices of the file where they are not those of the last time; gives all that hold."""
    history.lock(session, STREAM)
    notices, found = load_notices(config), entries(session)
    known = next((one.notices for one in found if one.of_file), None)
    if known != notices:
        record(session, STREAM, FILED, {"source": OF_FILE, "notices": notices.to_data()}, actor=actor, now=now)
    return merged(found, notices)


def add_notices(session: Session, *, content: bytes, name: str, config: Path, actor: Actor, now: datetime) -> Loaded:
    """Loads a file of notices (shape: ``config/calendar.toml``), in force from now on and after every restart.

    Due dates of unanswered items are recomputed, at once or by a job. Loading what is in force already changes
    nothing. ``name`` is what the journal calls the file. Raises Invalid naming each bad place, NotAllowed.
    """
    require(actor, RIGHT)
    added = parse_notice_file(content, name)
    _require_some(added, name)
    before = _file(session, config, actor=actor, now=now)
    return _add(session, before, added, name, actor=actor, now=now)


def add(session: Session, notices: CalendarNotices, *, name: str, actor: Actor, now: datetime) -> Loaded:
    """The same of notices that have been read already, upon those that the journal holds."""
    require(actor, RIGHT)
    _require_some(notices, name)
    history.lock(session, STREAM)
    return _add(session, merged(entries(session)), notices, name, actor=actor, now=now)


def withdraw(session: Session, *, seq: int, reason: str, actor: Actor, now: datetime) -> Loaded:
    """Takes back what was loaded under the number ``seq``: an entry of its own, and the dates are counted anew.

    Raises NotAllowed, NotFound, Conflict (taken back already, or of the file), Invalid (no reason; others rest on it).
    """
    require(actor, RIGHT)
    history.lock(session, STREAM)
    one = require_withdrawable(session, seq)
    data = {"of": seq, "source": one.event.data["source"], "reason": require_reason(reason)}
    calendar = Calendar.from_config(merged(entries(session), less=seq))
    record(session, STREAM, WITHDRAWN, data, actor=actor, now=now)
    return apply(session, calendar, f"撤销 {one.event.data['source']}", actor=actor, now=now)


def require_withdrawable(session: Session, seq: int) -> Entry:
    """The entry that was loaded under a number and still holds. Raises NotFound, Conflict."""
    one = next((one for one in entries(session) if one.event.seq == seq), None)
    if one is None:
        raise NotFound("没有这份放假安排或停工")
    if one.of_file:
        raise Conflict("这份写在 config/calendar.toml 里，请修改该文件后运行 liaison migrate")
    if one.withdrawn is not None:
        raise Conflict("这份已经撤销")
    return one


def require_reason(text: str) -> str:
    """The reason without blanks around. Raises Invalid at ``/reason``."""
    reason = " ".join(text.split())
    if not reason or len(reason) > LONGEST_REASON:
        message = f"理由：请写明为什么撤销（最多 {LONGEST_REASON} 字）"
        raise Invalid("没有撤销", [Finding("/reason", message)])
    return reason


def apply(session: Session, calendar: Calendar, source: str, *, actor: Actor, now: datetime) -> Loaded:
    """Puts a calendar in force; a few open cases are counted anew at once, many by a job of the worker."""
    count = count_open_cases(session)
    put_in_force(session, calendar=calendar, source=source, actor=actor, now=now)
    if count > AT_ONCE:
        job = jobs.submit(session, kind=RECOUNT, params={"source": source}, actor=actor, now=now, total=count)
        return Loaded(job=job.id)
    return _counted_all(session, calendar, source, actor, now)


def _counted_all(session: Session, calendar: Calendar, source: str, actor: Actor, now: datetime) -> Loaded:
    found = [counted(session, one, calendar, source, actor=actor, now=now) for one in open_cases(session)]
    verdicts = [one.verdict for one in found if one is not None]
    return Loaded(verdicts.count(CHANGED), verdicts.count(FAILED))


def counted(
    session: Session, case: UUID, calendar: Calendar, source: str, *, actor: Actor, now: datetime
) -> jobs.Item | None:
    """Counts one case anew; None where nothing is another.

    A case that cannot be counted leaves the others alone: it stays as it was, with an incident that is closed once it
    can.
    """
    instance = lock(session, case)
    try:
        with session.begin_nested():
            moved = recount_case(session, instance, calendar=calendar, source=source, actor=actor, now=now)
    except Exception as error:  # whatever is wrong with one case must not undo the notice for all
        if explain(error) is not None:
            raise
        log.warning("recount_failed", case=str(case), error=describe(error), exc_info=error)
        if not incidents_of(session, INCIDENT, case):
            message = f"工作日历变动后没有能重新计算期限，排除原因后请在“工作日历”页重新计算：{told(error)}"
            open_incident(session, kind=INCIDENT, instance_id=case, message=message, now=now)
        return jobs.Item(str(case), FAILED, {"number": instance.number, "why": told(error)})
    for incident in incidents_of(session, INCIDENT, case):
        close_incident(session, incident, actor=SYSTEM, now=now)
    return jobs.Item(str(case), CHANGED, {"number": instance.number}) if moved else None


def recount(session: Session, *, actor: Actor, now: datetime) -> Loaded:
    """Counts with the calendar in force what began with an earlier one while this was being loaded (CLOCK).

    Each case in a savepoint, as ``counted`` says. Raises NotAllowed.
    """
    require(actor, RIGHT)
    version = find_current(session)
    return Loaded() if version is None else _counted_all(session, current(session), version.source, actor, now)


def source_of(notices: CalendarNotices, name: str) -> str:
    """How people call notices: by their numbers, else by ``name``."""
    numbers = [one.number for one in notices.notices] + [one.number for one in notices.closures if one.number]
    return "、".join(dict.fromkeys(numbers)) or name


def _add(
    session: Session, before: CalendarNotices, added: CalendarNotices, name: str, *, actor: Actor, now: datetime
) -> Loaded:
    both, version = before.merged(added), find_current(session)
    calendar = Calendar.from_config(both)
    if both == before and version is not None and version.digest == calendar.digest:
        return Loaded()
    source = source_of(added, name)
    data: Mapping[str, Any] = {"source": source, "notices": added.to_data()}
    record(session, STREAM, ADDED, data, actor=actor, now=now)
    return apply(session, calendar, source, actor=actor, now=now)


def _require_some(notices: CalendarNotices, name: str) -> None:
    if not notices.notices and not notices.closures:
        message = "没有放假安排（[[notices]]）也没有临时停工（[[closures]]）"
        raise Invalid(f"{name} {message}", [Finding(name, message)])
