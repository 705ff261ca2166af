"""Previews of another calendar, and counting many cases anew: jobs of the worker, some cases at a time (CLOCK)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from service import clock, jobs
from service.auth.queries import actor_of
from service.db.failures import describe, explain, told
from service.errors import Conflict, Finding, Invalid, NotFound
from service.ids import as_id
from service.processes.calendars import by_digest, find_current
from service.processes.definitions import list_definitions
from service.processes.models import Instance
from service.processes.recount import outlook
from service.processes.timers import count_open_cases, open_cases
from service.rights import Actor, require, service_name
from service.usecases.calendars import (
    CHANGED,
    FAILED,
    RECOUNT,
    RIGHT,
    Loaded,
    add,
    counted,
    entries,
    merged,
    require_reason,
    require_withdrawable,
    source_of,
    withdraw,
)
from service.workdays import Calendar, CalendarNotices

PREVIEW = "calendar_preview"
MOVES = "moves"
LOOKED_AT, TOGETHER = 25, 10
"""Cases that a preview takes at a time, and that are counted anew in a transaction: a tenth of a second or so."""

log = structlog.get_logger(__name__)


def preview_notices(session: Session, *, notices: CalendarNotices, name: str, actor: Actor, now: datetime) -> jobs.Job:
    """A job that tells every date which further notices would move; nothing is changed.

    Raises NotAllowed, and Invalid where they contradict what holds, leave a year out or forget a statutory holiday.
    """
    require(actor, RIGHT)
    calendar = Calendar.from_config(merged(entries(session)).merged(notices))
    params = {"notices": notices.to_data(), "of": None, "reason": "", "source": source_of(notices, name)}
    return _submit(session, calendar, params, actor, now)


def preview_withdrawal(session: Session, *, seq: int, reason: str, actor: Actor, now: datetime) -> jobs.Job:
    """The same of taking back what was loaded under a number. Raises what ``withdraw`` raises."""
    require(actor, RIGHT)
    one = require_withdrawable(session, seq)
    calendar = Calendar.from_config(merged(entries(session), less=seq))
    source = f"撤销 {one.event.data['source']}"
    params = {"notices": None, "of": seq, "reason": require_reason(reason), "source": source}
    return _submit(session, calendar, params, actor, now)


def confirm(session: Session, *, job_id: UUID, actor: Actor, now: datetime) -> Loaded:
    """Does what a preview has shown. Raises NotFound, NotAllowed, and Conflict where the preview is not complete, or
    the calendar has changed since.

    A job then looks at every case, also at those that began with the calendar of before while this was done.
    """
    job = preview_of(session, job_id, actor)
    if job.status != jobs.DONE:
        raise Conflict("预览还没有完成，请等它完成后再确认")
    version = find_current(session)
    if version is None or version.digest != job.params["based_on"]:
        raise Conflict("预览之后工作日历又有变动，请重新预览")
    if job.params["of"] is not None:
        loaded = withdraw(session, seq=job.params["of"], reason=job.params["reason"], actor=actor, now=now)
    else:
        loaded = add(session, notices_of(job), name=job.params["source"], actor=actor, now=now)
    if loaded.job is None:
        count_again(session, actor=actor, now=now)
    return loaded


def preview_of(session: Session, job_id: UUID, actor: Actor) -> jobs.Job:
    """The preview. Raises NotFound, NotAllowed."""
    job = jobs.visible_job(session, job_id, actor)
    if job.kind != PREVIEW:
        raise Conflict("这不是工作日历的预览")
    return job


def notices_of(job: jobs.Job) -> CalendarNotices:
    """The notices that a preview is about; none where it is about taking some back."""
    return CalendarNotices.from_data(job.params["notices"] or {})


def count_again(session: Session, *, actor: Actor, now: datetime) -> jobs.Job:
    """A job that counts every open case with the calendar in force; what is right stays. Raises NotAllowed."""
    require(actor, RIGHT)
    version = find_current(session)
    source = version.source if version is not None else ""
    return jobs.submit(
        session, kind=RECOUNT, params={"source": source}, actor=actor, now=now, total=count_open_cases(session)
    )


def kinds() -> tuple[jobs.Kind, ...]:
    """The kinds of jobs: the preview, and the counting itself."""
    return (
        jobs.Kind(PREVIEW, "工作日历预览", RIGHT, _look),
        jobs.Kind(RECOUNT, "按新的工作日历计算期限", RIGHT, _count),
    )


def _submit(session: Session, calendar: Calendar, params: Mapping[str, Any], actor: Actor, now: datetime) -> jobs.Job:
    version = find_current(session)
    if version is not None and version.digest == calendar.digest:
        message = "与现在的工作日历没有不同，不用录入"
        raise Invalid(message, [Finding("/text", message)])
    based_on = version.digest if version is not None else ""
    asked = {**params, "based_on": based_on}
    return jobs.submit(session, kind=PREVIEW, params=asked, actor=actor, now=now, total=count_open_cases(session))


def _look(run: jobs.Run) -> Mapping[str, Any]:
    """The work of a preview: every date and wake-up of every open case that would move."""
    with run.database.reading() as session:
        found, version = entries(session), find_current(session)
        if version is None or version.digest != run.params["based_on"]:
            raise Conflict("工作日历在预览期间又有变动，请重新预览")
        names = {one.key: one.name for one in list_definitions(session)}
        notices = merged(found, less=run.params["of"])
    if run.params["notices"] is not None:
        notices = notices.merged(CalendarNotices.from_data(run.params["notices"]))
    calendar = Calendar.from_config(notices)
    after, dates = as_id(run.state.get("after") or ""), int(run.state.get("dates", 0))
    while True:
        with run.database.reading() as session:
            ids = open_cases(session, after=after, limit=LOOKED_AT)
            items = _outlooks(session, ids, calendar, names)
        if not ids:
            return {"dates": dates}
        after, dates = ids[-1], dates + sum(len(one.data.get("moves", ())) for one in items)
        run.tell(done=run.done + len(ids), items=items, state={"after": str(after), "dates": dates})


def _outlooks(session: Session, ids: Sequence[UUID], calendar: Calendar, names: Mapping[str, str]) -> list[jobs.Item]:
    items: list[jobs.Item] = []
    for one in ids:
        case = session.get_one(Instance, one)
        about = {"number": case.number, "key": case.process, "process": names.get(case.process, case.process)}
        try:
            moved = outlook(session, case, calendar=calendar, now=clock.now())
        except Exception as error:  # what is wrong with one case must not hide the others
            if explain(error) is not None:
                raise
            log.warning("preview_failed", case=str(one), error=describe(error))
            items.append(jobs.Item(str(one), FAILED, {**about, "why": told(error)}))
            continue
        if moved:
            items.append(jobs.Item(str(one), MOVES, {**about, "moves": [asdict(each) for each in moved]}))
    return items


def _count(run: jobs.Run) -> Mapping[str, Any]:
    """The work of counting anew, with the calendar that is in force while it goes on."""
    after, changed = as_id(run.state.get("after") or ""), int(run.state.get("changed", 0))
    while True:
        with run.database.transaction() as session:
            actor = _maker(session, run.made_by)
            ids = open_cases(session, after=after, limit=TOGETHER)
            if not ids:
                return {"changed": changed}
            version = find_current(session)  # not that of the submission: another may hold by now
            if version is None:
                raise NotFound("数据库里还没有工作日历，请先运行 liaison migrate")
            calendar, now = by_digest(session, version.digest), clock.now()
            made = [counted(session, one, calendar, version.source, actor=actor, now=now) for one in ids]
            items = [one for one in made if one is not None]
            after, changed = ids[-1], changed + sum(one.verdict == CHANGED for one in items)
            state = {"after": str(after), "changed": changed}
            run.step(session, done=run.done + len(ids), items=items, state=state)
        run.go_on()


def _maker(session: Session, username: str) -> Actor:
    """The actor who submitted a job, also at the command line, where no account is known."""
    known = service_name(username)
    return actor_of(session, username) if known is None else Actor(username=username, name=known)
