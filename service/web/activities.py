"""活动: activities with invitations, who was invited and who came."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts
from service.contacts import Activity, ActivityFilter, ContactFilter
from service.contacts.fields import ACTIVITY, CAME
from service.contacts.rules import ACTIVITY_KINDS
from service.db.lists import Page
from service.fields import picked
from service.history import version_of
from service.http.context import actor, db
from service.usecases.names import Names
from service.web import attachments, stale
from service.web.access import requires
from service.web.answers import PER_PAGE, done, given, listed, offset, sent, text
from service.web.asked import asked
from service.web.changes import changes_with_files
from service.web.choices import every_unit, may_for, own_units
from service.web.exports import Columns, exported

blueprint = Blueprint("activities", __name__)

SENT_AS = {True: "yes", False: "no", None: "unknown"}
"""How the page sends whether somebody came."""

COLUMNS: Columns[Activity] = {
    "日期": lambda one: one.held_on,
    "活动": lambda one: one.name,
    "状态": lambda one: "已取消" if one.cancelled_at else "",
    "地点": lambda one: one.place,
    "类型": lambda one: ACTIVITY_KINDS[one.kind],
    "主办单位": lambda one: one.organizer.name,
    "邀请人数": lambda one: len(one.invitations),
    "到场人数": lambda one: sum(bool(row.attended) for row in one.invitations),
}


@blueprint.get("/activities")
@requires(right="view_activities")
def activities() -> ResponseReturnValue:
    """活动."""
    page = _found(PER_PAGE, offset())
    return render_template(
        "activities/activities.html",
        page=page,
        kinds=ACTIVITY_KINDS,
        units=every_unit(),
        own_units=own_units("manage_activities"),
        today=clock.today(),
    )


@blueprint.post("/activities")
@requires()
def add() -> ResponseReturnValue:
    """A new activity with its first invitations."""
    fields = sent()
    made = contacts.add_activity(
        db(),
        **given(picked(ACTIVITY, "name", "kind", "held_on", "place", "note")),
        organizer_unit=text(fields, "unit"),
        talent_ids=listed(fields, "talent"),
        actor=actor(),
        now=clock.now(),
    )
    return done("活动已登记。", url_for(".activity", activity_id=made.id))


@blueprint.get("/activities/<uuid:activity_id>")
@requires(right="view_activities")
def activity(activity_id: UUID) -> ResponseReturnValue:
    """One activity: who was invited, who came, the contacts that were part of it."""
    found = contacts.get_activity(db(), activity_id, actor())
    part = contacts.search_contacts(db(), actor(), ContactFilter(activity_id=str(found.id)))
    return render_template(
        "activities/activity.html",
        activity=found,
        invited=sorted(found.invitations, key=lambda row: (row.talent.pinyin, row.talent_id)),
        kinds=ACTIVITY_KINDS,
        names=Names(db()),
        may_change=may_for("manage_activities", found.organizer_unit),
        held=found.held_on <= clock.today(),
        version=version_of(db(), contacts.attendance_edits(found)),
        contacts=part,
        form_name=contacts.form_name,
        files=attachments.of_record(f"activity:{found.id}"),
        changes=changes_with_files(f"activity:{found.id}"),
    )


@blueprint.post("/activities/<uuid:activity_id>/invite")
@requires()
def invite(activity_id: UUID) -> ResponseReturnValue:
    """Invites talents."""
    fresh = contacts.invite(
        db(), activity_id=activity_id, talent_ids=listed(sent(), "talent"), actor=actor(), now=clock.now()
    )
    said = f"已邀请 {len(fresh)} 人。" if fresh else "所选人才此前都已邀请。"
    return done(said, url_for(".activity", activity_id=activity_id))


@blueprint.post("/activities/<uuid:activity_id>/attendance")
@requires()
def attendance(activity_id: UUID) -> ResponseReturnValue:
    """Enters who came."""
    fields, found = sent(), contacts.get_activity(db(), activity_id, actor())
    said = {sent_as: came for came, sent_as in SENT_AS.items()}
    came = {
        name.removeprefix("came_"): said.get(str(value)) for name, value in fields.items() if name.startswith("came_")
    }
    words = {sent_as: CAME[came] for came, sent_as in SENT_AS.items()}
    names = {f"came_{row.talent_id}": row.talent.name for row in found.invitations}
    with stale.named(fields, "came_", values=SENT_AS, words=words, labels=names):
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


def _found(limit: int, offset: int) -> Page[Activity]:
    return contacts.search_activities(db(), actor(), asked(ActivityFilter), limit, offset)


exported(blueprint, "/activities.xlsx", "活动", _found, COLUMNS, right="view_activities")
