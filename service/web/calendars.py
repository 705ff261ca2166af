"""工作日历: the year drawn; notices and closures, each with a preview of every date that it would move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.errors import Finding, Invalid
from service.http.context import actor, db
from service.ids import as_id
from service.processes.calendars import current
from service.processes.queries import instances_by_id, seen_among
from service.processes.rules import NEED, numbered
from service.rights import may
from service.usecases import calendar_jobs, calendars
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, day, done, going_to, offset, sent, text
from service.web.asked import asked_number
from service.web.exports import Columns, groups, workbook
from service.web.present import moment
from service.web.studio_impact import STATUSES
from service.workdays import CalendarNotices, missing_notice_reminder
from service.workdays.announcement import LONGEST, read_announcement
from service.workdays.years import year_of

blueprint = Blueprint("calendars", __name__)

TYPHOON = "台风停工"
_UNCOUNTED: Mapping[str, Any] = {"step": "", "unit": None, "timer": None, "old": None, "new": None}
VERDICTS = {"moves": "期限或提醒有变", "failed": "算不出"}


@blueprint.get("/calendar")
@requires(for_administrators=True)
def index() -> ResponseReturnValue:
    """A year, drawn; for who keeps the calendar what stands in it and how it is changed."""
    calendar, today = current(db()), clock.today()
    known = range(calendar.first.year, calendar.last.year + 1)
    year, keeps = asked_number("year", known) or today.year, may(actor(), calendars.RIGHT)
    found = calendars.entries(db()) if keeps else []
    running = jobs.about(db(), calendars.RECOUNT, limit=1) if keeps else []
    return render_template(
        "calendars/calendar.html",
        year=year_of(calendar, year),
        known=known,
        today=today,
        tomorrow=today + timedelta(days=1),
        closed=calendar.closures,
        keeps=keeps,
        missing=missing_notice_reminder(calendar, today) if keeps else None,
        entries=found,
        counting=running[0] if running else None,
        statuses=STATUSES,
        typhoon=TYPHOON,
        longest=LONGEST,
        longest_reason=calendars.LONGEST_REASON,
        names=Names(db()).learn(
            [one.event.actor for one in found] + [one.withdrawn.actor for one in found if one.withdrawn]
        ),
    )


@blueprint.post("/calendar/notices")
@requires(right=calendars.RIGHT)
def preview_notice() -> ResponseReturnValue:
    """Previews a pasted notice, or days off one a line."""
    notices = _typed(sent())
    return _previewed(notices, "在页面上录入的安排", "text")


@blueprint.post("/calendar/closures")
@requires(right=calendars.RIGHT)
def preview_closure() -> ResponseReturnValue:
    """Previews a local closure: today, tomorrow, or days that are named."""
    fields = sent()
    first = day(fields, "from", "停工的第一天")
    last = day(fields, "to", "停工的最后一天") if text(fields, "to").strip() else first
    said = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "reason": text(fields, "reason").strip(),
        "number": text(fields, "number").strip(),
    }
    notices = _read({"closures": [{key: value for key, value in said.items() if value or key == "reason"}]})
    return _previewed(notices, f"{said['reason']} {first}", "from")


@blueprint.post("/calendar/entries/<int:seq>/withdraw")
@requires(right=calendars.RIGHT)
def preview_withdrawal(seq: int) -> ResponseReturnValue:
    """Previews taking back what was loaded."""
    job = calendar_jobs.preview_withdrawal(db(), seq=seq, reason=text(sent(), "reason"), actor=actor(), now=clock.now())
    return going_to(url_for(".preview", job_id=job.id))


@blueprint.get("/calendar/previews/<uuid:job_id>")
@requires(right=calendars.RIGHT)
def preview(job_id: UUID) -> ResponseReturnValue:
    """A preview: what was understood, and every date and wake-up that would move."""
    job = calendar_jobs.preview_of(db(), job_id, actor())
    listed = jobs.items_of(db(), job.id, verdict=argument("verdict"), limit=PER_PAGE, offset=offset())
    units = [move["unit"] for one in listed.items for move in one.data.get("moves", ())]
    ids = [key for one in listed.items if (key := as_id(one.key)) is not None]
    cases = instances_by_id(db(), seen_among(db(), ids, actor()))
    return render_template(
        "calendars/preview.html",
        cases={str(key): case for key, case in cases.items()},
        job=job,
        status=STATUSES[job.status],
        moving_on=job.status in (jobs.QUEUED, jobs.RUNNING),
        notices=calendar_jobs.notices_of(job),
        page=listed,
        counts=jobs.counts(db(), job.id),
        verdicts=VERDICTS,
        names=Names(db()).learn([job.made_by], units),
    )


@blueprint.get("/calendar/previews/<uuid:job_id>.xlsx")
@requires(right=calendars.RIGHT)
def sheet(job_id: UUID) -> ResponseReturnValue:
    """The dates of a preview as a workbook."""
    job = calendar_jobs.preview_of(db(), job_id, actor())
    rows = (
        (numbered(one.data.get("number"), one.data.get("key", NEED)), one.data["process"], move)
        for one in jobs.all_items(db(), job.id)
        for move in one.data.get("moves", [{**_UNCOUNTED, "why": one.data.get("why")}])
    )

    def columns(some: Sequence[tuple[str, str, Any]]) -> Columns[tuple[str, str, Any]]:
        names = Names(db()).learn((), [move["unit"] for _, _, move in some if move["unit"]])
        return {
            "编号": lambda row: row[0],
            "流程": lambda row: row[1],
            "步骤": lambda row: row[2]["step"],
            "单位": lambda row: names.unit(row[2]["unit"]),
            "期限或提醒": lambda row: VERDICTS["failed"] if "why" in row[2] else row[2]["timer"] or "期限",
            "原来": lambda row: _when(row[2], "old"),
            "改为": lambda row: _when(row[2], "new"),
            "算不出的原因": lambda row: row[2].get("why") or "",
        }

    return workbook("工作日历预览", groups(rows, list), columns)


@blueprint.post("/calendar/previews/<uuid:job_id>/confirm")
@requires(right=calendars.RIGHT)
def confirm(job_id: UUID) -> ResponseReturnValue:
    """Does what the preview has shown."""
    loaded = calendar_jobs.confirm(db(), job_id=job_id, actor=actor(), now=clock.now())
    failed = f"另有 {loaded.failed} 件算不出，见“系统状态”。" if loaded.failed else ""
    said = (
        f"已生效，重新计算了 {loaded.changed} 件事项的期限。{failed}"
        if loaded.job is None
        else "已生效。未答复的事项较多，期限正由后台任务重新计算。"
    )
    return done(said, url_for(".index"))


@blueprint.post("/calendar/recount")
@requires(right=calendars.RIGHT)
def recount() -> ResponseReturnValue:
    """Has every open case counted anew with the calendar in force."""
    calendar_jobs.count_again(db(), actor=actor(), now=clock.now())
    return done("已提交，由后台任务按现在的工作日历重新计算。", url_for(".index"))


def _when(move: Mapping[str, Any], name: str) -> str:
    return str(moment(move[name]) if move["timer"] else move[name] or "")


def _previewed(notices: CalendarNotices, name: str, field: str) -> ResponseReturnValue:
    """On to the preview. Raises Invalid at ``field`` for days that contradict what is registered."""
    try:
        job = calendar_jobs.preview_notices(db(), notices=notices, name=name, actor=actor(), now=clock.now())
    except Invalid as error:
        raise Invalid(error.message, [Finding(f"/{field}", one.message) for one in error.findings]) from error
    return going_to(url_for(".preview", job_id=job.id))


def _typed(fields: Mapping[str, Any]) -> CalendarNotices:
    """The notice of the form. Raises Invalid at its fields."""
    given = text(dict(fields), "year").strip()
    if given and not (given.isascii() and given.isdecimal() and len(given) == 4):
        raise Invalid("放假安排没有读懂", [Finding("/year", "年份：请填写四位年份，例如 2027")])
    found = read_announcement(text(dict(fields), "text"), int(given) if given else None)
    number = text(dict(fields), "number").strip() or found.number
    if not number:
        raise Invalid("放假安排没有读懂", [Finding("/number", "文号：请填写，例如 国办发明电〔2026〕×号")])
    notice: dict[str, Any] = {
        "year": found.year,
        "number": number,
        "days_off": [
            {"from": first.isoformat(), "to": last.isoformat(), "name": name} for first, last, name in found.days_off
        ],
        "worked_weekends": [one.isoformat() for one in found.worked],
    }
    if amends := text(dict(fields), "amends").strip():
        notice["amends"] = amends
    return _read({"notices": [notice]})


def _read(data: Mapping[str, object]) -> CalendarNotices:
    """The same as notices. Raises Invalid, each finding at the field of the form that it is about."""
    try:
        return CalendarNotices.from_data(data, "页面上录入的安排")
    except Invalid as error:
        raise Invalid("日期有误", [Finding(f"/{_field(one.path)}", one.message) for one in error.findings]) from error


def _field(path: str) -> str:
    last = path.rpartition(".")[2]
    return last if last in ("from", "to", "reason", "number", "year", "amends") and "days_off" not in path else "text"
