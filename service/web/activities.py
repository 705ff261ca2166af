"""活动、单位事项、制度文件: activities with invitations, a unit's own matters and its regulation on liaison."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts
from service.attachments import Files
from service.contacts.models import Activity, Matter
from service.contacts.rules import ACTIVITY_KINDS
from service.db.lists import Page
from service.history import version_of
from service.people.filters import UnitFilter
from service.people.models import Unit
from service.people.queries import get_unit, search_units
from service.rights import may
from service.storage import attachments_of
from service.web import files, stale
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, asked_day, day, done, offset, sent, text
from service.web.context import actor, db, selves
from service.web.exports import Columns, batches, workbook
from service.web.names import Names

blueprint = Blueprint("activities", __name__)

ALL_UNITS = 200
CAME = {"yes": True, "no": False}
CAME_AS = {True: "yes", False: "no", None: "unknown"}
CAME_WORDS = {"yes": "到场", "no": "未到场", "unknown": "未登记"}

ACTIVITY_COLUMNS: Columns[Activity] = {
    "日期": lambda one: one.held_on,
    "活动": lambda one: one.name,
    "状态": lambda one: "已取消" if one.cancelled_at else "",
    "地点": lambda one: one.place,
    "类型": lambda one: ACTIVITY_KINDS[one.kind],
    "主办单位": lambda one: one.organizer.name,
    "邀请人数": lambda one: len(one.invitations),
    "到场人数": lambda one: sum(bool(row.attended) for row in one.invitations),
}
MATTER_COLUMNS: Columns[Matter] = {
    "提出日期": lambda one: one.raised_on,
    "人才": lambda one: one.talent.name,
    "事项": lambda one: one.title,
    "情况说明": lambda one: one.description,
    "单位": lambda one: one.unit.name,
    "状态": lambda one: "已办结" if one.solved_on else "在办",
    "跟进情况": lambda one: "\n".join(f"{step.done_on.isoformat()} {step.text}" for step in one.progress),
    "办理结果": lambda one: one.result,
    "办结日期": lambda one: one.solved_on,
}


@blueprint.get("/activities")
@requires(right="view_activities")
def index() -> ResponseReturnValue:
    """活动."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "activities/index.html",
        page=page,
        kinds=ACTIVITY_KINDS,
        units=search_units(db(), limit=ALL_UNITS).items,
        own_units=_own_units("manage_activities"),
        today=clock.today(),
    )


@blueprint.get("/activities.xlsx")
@requires(right="view_activities")
def export() -> ResponseReturnValue:
    """活动 as the list shows it, all its pages."""
    return workbook("活动", batches(_found), lambda _: ACTIVITY_COLUMNS)


@blueprint.post("/activities")
@requires()
def add() -> ResponseReturnValue:
    """A new activity with its first invitations."""
    fields = sent()
    made = contacts.add_activity(
        db(),
        name=text(fields, "name"),
        kind=text(fields, "kind"),
        held_on=day(fields, "held_on", "活动日期"),
        organizer_unit=text(fields, "unit"),
        place=text(fields, "place"),
        note=text(fields, "note"),
        talent_ids=_list(fields, "talent"),
        actor=actor(),
        now=clock.now(),
    )
    return done("活动已登记。", url_for(".activity", activity_id=made.id))


@blueprint.get("/activities/<uuid:activity_id>")
@requires(right="view_activities")
def activity(activity_id: UUID) -> ResponseReturnValue:
    """One activity: who was invited, who came, the contacts that were part of it."""
    found = contacts.get_activity(db(), activity_id, actor())
    part = contacts.search_contacts(db(), actor(), filters=contacts.ContactFilter(activity_id=found.id), limit=50)
    return render_template(
        "activities/activity.html",
        activity=found,
        invited=sorted(found.invitations, key=lambda row: (row.talent.pinyin, row.talent_id)),
        kinds=ACTIVITY_KINDS,
        names=Names(db()),
        may_change=_may("manage_activities", found.organizer_unit),
        held=found.held_on <= clock.today(),
        version=version_of(db(), contacts.attendance_edits(found)),
        contacts=part,
        form_name=contacts.form_name,
        files=files.of_record(f"activity:{found.id}"),
    )


@blueprint.post("/activities/<uuid:activity_id>/invite")
@requires()
def invite(activity_id: UUID) -> ResponseReturnValue:
    """Invites talents."""
    fresh = contacts.invite(
        db(), activity_id=activity_id, talent_ids=_list(sent(), "talent"), actor=actor(), now=clock.now()
    )
    said = f"已邀请 {len(fresh)} 人。" if fresh else "所选人才此前都已邀请。"
    return done(said, url_for(".activity", activity_id=activity_id))


@blueprint.post("/activities/<uuid:activity_id>/attendance")
@requires()
def attendance(activity_id: UUID) -> ResponseReturnValue:
    """Who came."""
    fields, found = sent(), contacts.get_activity(db(), activity_id, actor())
    came = {
        name.removeprefix("came_"): CAME.get(str(value)) for name, value in fields.items() if name.startswith("came_")
    }
    names = {f"came_{row.talent_id}": row.talent.name for row in found.invitations}
    with stale.named(fields, "came_", values=CAME_AS, words=CAME_WORDS, labels=names):
        contacts.record_attendance(
            db(),
            activity_id=activity_id,
            attended=came,
            version=stale.version(fields),
            actor=actor(),
            now=clock.now(),
        )
    return done("出席情况已登记。", url_for(".activity", activity_id=activity_id))


@blueprint.post("/activities/<uuid:activity_id>/cancel")
@requires()
def cancel(activity_id: UUID) -> ResponseReturnValue:
    """Cancels an activity."""
    contacts.cancel_activity(
        db(), activity_id=activity_id, reason=text(sent(), "reason"), actor=actor(), now=clock.now()
    )
    return done("活动已取消。", url_for(".activity", activity_id=activity_id))


@blueprint.get("/matters")
@requires()
def matters() -> ResponseReturnValue:
    """单位事项: what units take care of by themselves, and their regulations on liaison (R6, R7)."""
    page = _found_matters(PER_PAGE, offset())
    own = _own_units("record_matters")
    shown = [unit for unit in own if unit.code == argument("unit")] or own[:1]
    return render_template(
        "activities/matters.html",
        page=page,
        units=search_units(db(), limit=ALL_UNITS).items,
        own_units=own,
        unit=shown[0] if shown else None,
        files=files.of_record(f"unit:{shown[0].code}") if shown else None,
        names=Names(db()).learn([step.entered_by for one in page.items for step in one.progress]),
        attached=_attached(page.items, {unit.code for unit in own}),
        today=clock.today(),
    )


@blueprint.get("/matters.xlsx")
@requires()
def export_matters() -> ResponseReturnValue:
    """单位事项 as the list shows it, all its pages."""
    return workbook("单位事项", batches(_found_matters), lambda _: MATTER_COLUMNS)


@blueprint.post("/matters")
@requires()
def add_matter() -> ResponseReturnValue:
    """Logs a matter of a unit."""
    fields = sent()
    contacts.record_matter(
        db(),
        unit_code=text(fields, "unit"),
        talent_id=text(fields, "talent"),
        title=text(fields, "title"),
        description=text(fields, "description"),
        raised_on=day(fields, "raised_on", "提出日期"),
        result=text(fields, "result"),
        actor=actor(),
        now=clock.now(),
    )
    return done("事项已登记。", url_for(".matters"))


@blueprint.post("/matters/<uuid:matter_id>/progress")
@requires()
def follow(matter_id: UUID) -> ResponseReturnValue:
    """Says what was done about a matter (R7)."""
    fields = sent()
    contacts.get_matter(db(), matter_id, actor())
    contacts.follow_matter(
        db(),
        matter_id=matter_id,
        text=text(fields, "text"),
        done_on=day(fields, "done_on", "进展日期"),
        actor=actor(),
        now=clock.now(),
    )
    return done("进展已登记。", url_for(".matters"))


@blueprint.post("/matters/<uuid:matter_id>/solve")
@requires()
def solve(matter_id: UUID) -> ResponseReturnValue:
    """Says how a matter was solved."""
    fields = sent()
    contacts.get_matter(db(), matter_id, actor())
    contacts.solve_matter(
        db(),
        matter_id=matter_id,
        result=text(fields, "result"),
        solved_on=day(fields, "solved_on", "办结日期"),
        actor=actor(),
        now=clock.now(),
    )
    return done("事项已办结。", url_for(".matters"))


def _found(limit: int, offset: int) -> Page[Activity]:
    return contacts.search_activities(
        db(),
        actor(),
        q=argument("q"),
        kind=argument("kind"),
        unit=argument("unit"),
        talent_id=argument("talent"),
        since=asked_day("since"),
        until=asked_day("until"),
        limit=limit,
        offset=offset,
    )


def _found_matters(limit: int, offset: int) -> Page[Matter]:
    return contacts.search_matters(
        db(),
        actor(),
        q=argument("q"),
        unit=argument("unit"),
        talent_id=argument("talent"),
        solved={"yes": True, "no": False}.get(request.args.get("solved", "")),
        since=asked_day("since"),
        until=asked_day("until"),
        limit=limit,
        offset=offset,
    )


def _attached(shown: Iterable[Matter], own: Collection[str]) -> dict[UUID, Files]:
    """The files of the matters of a page, all of which the reader sees; one statement."""
    streams = {one.id: f"matter:{one.id}" for one in shown}
    kept = attachments_of(db(), streams.values())
    found = {}
    for one in shown:
        items, mine = tuple(kept.get(streams[one.id], ())), one.unit_code in own
        found[one.id] = Files(streams[one.id], items, mine, frozenset(each.id for each in items if mine))
    return found


def _may(right: str, unit: str) -> bool:
    return any(may(one, right, unit=unit) for one in selves())


def _own_units(right: str) -> list[Unit]:
    """The units for which the actor has the right: of the Talent Office all member units, its own one first."""
    mine = selves()
    codes = sorted({grant.unit for one in mine for grant in one.grants if grant.unit is not None})
    found = [get_unit(db(), code) for code in codes if _may(right, code)]
    if any(may(one, right) for one in mine):
        home = [get_unit(db(), actor().unit or "")] if actor().unit else []
        every = search_units(db(), UnitFilter(member_units_only=True), limit=ALL_UNITS).items
        found = list({unit.code: unit for unit in (*home, *found, *every)}.values())
    return found


def _list(fields: dict[str, Any], name: str) -> list[str]:
    value = fields.get(name)
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str) and one]
