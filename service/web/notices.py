"""The inbox: what the process tells a person, read and confirmed here (W10)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.auth.accounts import ACCESS
from service.http.context import actor, db, settings
from service.notifications import Notification, inbox, mark_all_read, mark_read, signed_for
from service.processes import freeing
from service.rights import may
from service.seals import STREAM as SEALS
from service.usecases.receipts import sign_notice
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset

blueprint = Blueprint("notices", __name__)

PAGES = {
    "instance": ("web.cases.case", "instance_id"),
    "draft": ("web.studio.draft", "draft_id"),
    "brief": ("web.briefs.brief", "brief_id"),
    "report": ("web.reports.report", "report_id"),
    "roster": ("web.rosters.roster", "roster_id"),
    "link": ("web.links.link", "link_id"),
    "talent": ("web.talents.talent", "talent_id"),
    "person": ("web.people.person", "person_id"),
    "stamp": ("web.stamps.stamp", "stamp_id"),
    "unit": ("web.units.unit", "code"),
    "contact": ("web.contacts.contact", "contact_id"),
    "policy": ("web.revisits.change", "change_id"),
    "verification": ("web.verifications.result", "verification_id"),
}
"""Kind of journal -> (page of what it is about, the name of its key)."""
WHOLE = {SEALS: "web.seals.index", ACCESS: "web.access_proposals.index"}
"""Journal of no single record -> the page of what its notices are about."""


@blueprint.get("/notices")
@requires(for_administrators=True)
def notices() -> ResponseReturnValue:
    """提醒: the reader's notices, the latest first."""
    unread, to_sign = (request.args.get(name) == "1" for name in ("unread", "sign"))
    page = inbox(db(), actor(), unread=unread, to_sign=to_sign, limit=PER_PAGE, offset=offset())
    return render_template(
        "notices/inbox.html",
        page=page,
        signed=signed_for(db(), page.items),
        unread_only=unread,
        to_sign_only=to_sign,
        previews=may(actor(), "preview_notices"),
        opens=settings().office_opens,
        closes=settings().office_closes,
        leads=lambda notice: notice.stream in WHOLE or notice.stream.partition(":")[0] in PAGES,
    )


@blueprint.post("/notices/<uuid:notification_id>/open")
@requires(for_administrators=True)
def open_notice(notification_id: UUID) -> ResponseReturnValue:
    """Read, and on to the case or the record that the notice is about."""
    return redirect(_about(mark_read(db(), notification_id=notification_id, actor=actor(), now=clock.now())))


@blueprint.post("/notices/<uuid:notification_id>/receipt")
@requires(for_administrators=True)
def confirm(notification_id: UUID) -> ResponseReturnValue:
    """签收: an urge or a circular has been received; it stands in the case's history."""
    going = sign_notice(db(), notification_id=notification_id, actor=actor(), now=clock.now())
    said = "已签收；同一步骤此前的催办一并记为已签收。" if going else "已标为已读；该任务已经完成，无需签收。"
    return done(said, url_for("web.notices.notices"))


@blueprint.post("/notices/read")
@requires(for_administrators=True)
def read_all() -> ResponseReturnValue:
    """The reader has seen all of it."""
    mark_all_read(db(), actor=actor(), now=clock.now())
    return done("已全部标为已读。", url_for("web.notices.notices"))


def _about(notice: Notification) -> str:
    """The page of the case or the record; the inbox where there is none."""
    if notice.template == freeing.NOTICE:
        return url_for("web.stuck.index")
    if notice.stream in WHOLE:
        return url_for(WHOLE[notice.stream])
    kind, _, key = notice.stream.partition(":")
    if kind not in PAGES:
        return url_for("web.notices.notices")
    endpoint, name = PAGES[kind]
    values: dict[str, Any] = {name: key}
    return url_for(endpoint, **values)
