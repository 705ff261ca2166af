"""工作日历: a year day by day, what is registered, and changing it by way of a preview of every date that moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, jobs
from service.api.calls import Calls
from service.api.fields import Body, Count, Day, Flag, Form, Id, List, Moment, Nested, Query, Said, Schema, Text, Whole
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db
from service.processes.calendars import current
from service.usecases import calendar_jobs, calendars
from service.workdays import CalendarNotices
from service.workdays.years import year_of

calls = Calls("calendar", "Working days: due dates with their explanation", noun="calendar_notices")


class CalendarDay(Schema):
    """A day. ``kind`` is ``work``, ``weekend``, ``off`` (a holiday), ``worked`` (a worked weekend) or ``closed``."""

    date = Day(required=True)
    kind = Said(required=True)
    reason = Said(required=True)


class CalendarYear(Schema):
    """A year. ``number`` is that of its notice; ``provisional``: there is none yet, the days are guessed."""

    year = Whole(required=True)
    number = Said(required=True, allow_none=True)
    provisional = Flag(required=True)
    working_days = Whole(required=True)
    days = List(Nested(CalendarDay), required=True)


class NoticeEntry(Schema):
    """Notices that were registered under the number ``seq``, in the shape of ``config/calendar.toml``.

    ``of_file``: they stand in that file. ``withdrawn_at``, ``reason``: they were taken back.
    """

    seq = Whole(required=True)
    at = Moment(required=True)
    actor = Said(required=True)
    source = Said(required=True)
    of_file = Flag(required=True)
    notices = Form(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    reason = Said(required=True, allow_none=True)


class NoticeEntries(Schema):
    """All of them, in the order in which they were registered."""

    items = List(Nested(NoticeEntry), required=True)


class PreviewBody(Body):
    """The change: ``notices`` and ``closures`` in the shape of ``config/calendar.toml``, or taking back
    (``withdraw``) what was registered under a number, with a ``reason``."""

    notices = List(Form(), load_default=list)
    closures = List(Form(), load_default=list)
    withdraw = Whole(load_default=None, allow_none=True)
    reason = Text(longest=calendars.LONGEST_REASON, load_default="")


class CalendarMove(Schema):
    """A due date that would move, or a wake-up (``timer``, whose ``old`` and ``new`` are moments)."""

    step = Said(required=True)
    unit = Said(required=True, allow_none=True)
    timer = Said(required=True, allow_none=True)
    old = Said(required=True, allow_none=True)
    new = Said(required=True, allow_none=True)
    provisional = Flag(required=True)


class CalendarMoves(Schema):
    """The dates of a case that would move; ``why`` they could not be counted."""

    instance = Said(required=True)
    number = Said(required=True, allow_none=True)
    process = Said(required=True)
    moves = List(Nested(CalendarMove), required=True)
    why = Said(required=True, allow_none=True)


class CalendarPreview(Schema):
    """A preview: a job whose ``status`` is ``done`` once all open cases were looked at."""

    id = Id(required=True)
    source = Said(required=True)
    status = Said(required=True)
    message = Said(required=True)
    done = Whole(required=True)
    of = Whole(required=True)
    items = List(Nested(CalendarMoves), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class CalendarLoaded(Schema):
    """It is in force. ``changed`` cases were counted anew, or the ``job`` counts them."""

    changed = Whole(required=True)
    job = Id(required=True, allow_none=True)


class PreviewQuery(Query):
    """The part of the cases of a preview."""

    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


@calls.get("/calendar/years/<int:year>", answer=CalendarYear, for_administrators=True)
def year(year: int) -> Mapping[str, Any]:
    """The days of a year."""
    calendar = current(db())
    if not calendar.first.year <= year <= calendar.last.year:
        raise NotFound(f"工作日历只有 {calendar.first.year} 到 {calendar.last.year} 年")
    drawn = year_of(calendar, year)
    return {
        "year": year,
        "number": drawn.number or None,
        "provisional": drawn.number is None,
        "working_days": drawn.working_days,
        "days": [day for month in drawn.months for week in month for day in week if day is not None],
    }


@calls.get("/calendar/notices", answer=NoticeEntries, right=calendars.RIGHT)
def notices() -> Mapping[str, Any]:
    """The notices and closures that are registered."""
    return {"items": [_entry(one) for one in calendars.entries(db())]}


@calls.post("/calendar/previews", answer=CalendarPreview, status=201, body=PreviewBody, right=calendars.RIGHT)
def preview(body: dict[str, Any]) -> Mapping[str, Any]:
    """Submits a preview, which the worker computes; nothing is changed until it is confirmed."""
    given = {name: body[name] for name in ("notices", "closures") if body[name]}
    if (body["withdraw"] is None) == (not given):
        message = "请写明 notices、closures，或者 withdraw"
        raise Invalid(message, [Finding("/notices", message)])
    if body["withdraw"] is not None:
        job = calendar_jobs.preview_withdrawal(
            db(), seq=body["withdraw"], reason=body["reason"], actor=actor(), now=clock.now()
        )
    else:
        read = CalendarNotices.from_data(given, "接口提交的安排")
        job = calendar_jobs.preview_notices(db(), notices=read, name="接口提交的安排", actor=actor(), now=clock.now())
    return _preview(job, 50, 0)


@calls.get("/calendar/previews/<uuid:preview_id>", answer=CalendarPreview, query=PreviewQuery, right=calendars.RIGHT)
def previewed(query: dict[str, Any], preview_id: UUID) -> Mapping[str, Any]:
    """A preview: every date that would move, case by case."""
    return _preview(calendar_jobs.preview_of(db(), preview_id, actor()), query["limit"], query["offset"])


@calls.post("/calendar/previews/<uuid:preview_id>/confirm", answer=CalendarLoaded, right=calendars.RIGHT)
def confirm(_body: dict[str, Any], preview_id: UUID) -> calendars.Loaded:
    """Does what a preview has shown; refused where the calendar has changed since."""
    return calendar_jobs.confirm(db(), job_id=preview_id, actor=actor(), now=clock.now())


def _entry(one: calendars.Entry) -> Mapping[str, Any]:
    return {
        "seq": one.event.seq,
        "at": one.event.at,
        "actor": one.event.actor,
        "source": one.event.data["source"],
        "of_file": one.of_file,
        "notices": one.notices.to_data(),
        "withdrawn_at": one.withdrawn.at if one.withdrawn else None,
        "reason": one.withdrawn.data["reason"] if one.withdrawn else None,
    }


def _preview(job: jobs.Job, limit: int, offset: int) -> Mapping[str, Any]:
    found = jobs.items_of(db(), job.id, limit=limit, offset=offset)
    after = offset + len(found.items)
    return {
        "id": job.id,
        "source": job.params["source"],
        "status": job.status,
        "message": job.message,
        "done": job.done,
        "of": job.total,
        "items": [
            {
                "instance": one.key,
                "number": one.data["number"],
                "process": one.data["process"],
                "moves": one.data.get("moves", []),
                "why": one.data.get("why"),
            }
            for one in found.items
        ],
        "total": found.total,
        "next": after if after < found.total else None,
    }
