"""专报: the briefs to leaders, one brief with its words and figures, and the operations on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, reports
from service.auth.queries import signs_in
from service.db.lists import Page
from service.history import version_of
from service.http.context import actor, db
from service.http.files import printed
from service.reports import Brief, BriefFilter
from service.reports.edits import brief_edits
from service.reports.numbering import BRIEF, brief_number
from service.reports.papers import brief_paper
from service.usecases import issuing_reports
from service.usecases.briefs import draw_up, draw_up_all, release_from_page
from service.usecases.issuing import RIGHT
from service.usecases.names import Names
from service.web import stale
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset, sent, text, whole
from service.web.asked import asked
from service.web.context import may_today, selves
from service.web.exports import Columns, exported
from service.web.instructions import instructions_on, ways_to_instruct
from service.web.issuing import example_of, numbered
from service.web.prints import without_type

blueprint = Blueprint("briefs", __name__)

COLUMNS: Columns[Brief] = {
    "专报": lambda one: f"{one.year} 年 {one.month} 月",
    "领导": lambda one: one.leader.person.name,
    "领导职务": lambda one: one.leader.post,
    "需求件数": lambda one: one.facts["needs"].get("total") or 0,
    "联系次数": lambda one: len(one.facts["contacts"]),
    "签发时间": lambda one: one.released_at,
    "阅知时间": lambda one: one.read_at,
}


@blueprint.get("/briefs")
@requires()
def briefs() -> ResponseReturnValue:
    """专报."""
    before = clock.today().replace(day=1) - timedelta(days=1)
    page, may_release = _found(PER_PAGE, offset()), may_today("release_briefs")
    return render_template("briefs/briefs.html", page=page, may_release=may_release, before=before)


@blueprint.post("/briefs")
@requires(right="release_briefs")
def draft_briefs() -> ResponseReturnValue:
    """Draws up the brief of one leader for a month, or of every serving leader that has none released."""
    fields = sent()
    year, month, leader = whole(fields, "year"), whole(fields, "month"), text(fields, "leader")
    if leader:
        made = draw_up(db(), leader_id=leader, year=year, month=month, actor=actor(), now=clock.now())
        return done("专报已编制，请核对后签发。", _at(made.id))
    count = draw_up_all(db(), year=year, month=month, actor=actor(), now=clock.now())
    return done(f"已编制 {count} 份专报，请逐份核对后签发。", url_for("web.briefs.briefs", year=year, month=month))


@blueprint.get("/briefs/<uuid:brief_id>")
@requires()
def brief(brief_id: UUID) -> ResponseReturnValue:
    """One brief."""
    found = reports.get_brief(db(), brief_id, actor())
    names = Names(db())
    mine = any(one.person_id == found.leader.person_id for one in selves())
    return render_template(
        "briefs/brief.html",
        brief=found,
        version=version_of(db(), brief_edits(found)),
        paper=(paper := brief_paper(found, brief_number(db(), found.id))),
        example=example_of(BRIEF),
        may_number=may_today(RIGHT),
        lacking=without_type(paper),
        needs=found.facts["needs"].get("items", ()),
        names=names,
        instructions=instructions_on(found.id, names),
        ways_to_instruct=list(ways_to_instruct("about_brief", found.id, str(found.leader_id))),
        may_write=may_today("release_briefs") and found.released_at is None,
        on_paper=may_today("release_briefs") and not signs_in(db(), found.leader.person_id),
        may_read=mine and found.released_at is not None and found.read_at is None,
    )


@blueprint.post("/briefs/<uuid:brief_id>/edit")
@requires(right="release_briefs")
def edit(brief_id: UUID) -> ResponseReturnValue:
    """Keeps the words of a brief."""
    _reword(brief_id, sent())
    return done("专报已保存，尚未签发。", _at(brief_id))


@blueprint.post("/briefs/<uuid:brief_id>/release")
@requires(right="release_briefs")
def release(brief_id: UUID) -> ResponseReturnValue:
    """Releases a brief to its leader, with the words as they stand on the page: both or neither."""
    fields = sent()
    if text(fields, "text"):
        _reword(brief_id, fields)
    release_from_page(db(), brief_id=brief_id, actor=actor(), now=clock.now())
    person = reports.get_brief(db(), brief_id, actor()).leader.person_id
    told = "领导会收到提醒" if signs_in(db(), person) else "请打印呈送"
    return done(f"专报已签发，{told}。", _at(brief_id))


@blueprint.post("/briefs/<uuid:brief_id>/number")
@requires(right=RIGHT)
def number(brief_id: UUID) -> ResponseReturnValue:
    """编文号: gives the released brief its number, once."""
    return numbered(_at(brief_id), issuing_reports.number_brief, brief_id=brief_id)


@blueprint.post("/briefs/<uuid:brief_id>/read")
@requires()
def read(brief_id: UUID) -> ResponseReturnValue:
    """The leader has read it."""
    reports.get_brief(db(), brief_id, actor())
    reports.read_brief(db(), brief_id=brief_id, actor=actor(), now=clock.now())
    return redirect(_at(brief_id))


@blueprint.get("/briefs/<uuid:brief_id>.<any(pdf, docx):suffix>")
@requires()
def paper(brief_id: UUID, suffix: str) -> ResponseReturnValue:
    """The brief as PDF or for Word."""
    found = reports.get_brief(db(), brief_id, actor())
    made = reports.brief_document(found, suffix, number=brief_number(db(), found.id))
    return printed(made, found.name, suffix, save=suffix == "docx")


def _found(limit: int, offset: int) -> Page[Brief]:
    """The briefs that the address asks for."""
    return reports.search_briefs(db(), asked(BriefFilter), limit, offset, reader=actor())


def _reword(brief_id: UUID, fields: dict[str, Any]) -> None:
    said, version = text(fields, "text"), stale.version(fields)
    with stale.named(fields):
        reports.edit_brief(db(), brief_id=brief_id, text=said, version=version, actor=actor(), now=clock.now())


def _at(brief_id: UUID) -> str:
    return url_for("web.briefs.brief", brief_id=brief_id)


exported(blueprint, "/briefs.xlsx", "专报", _found, COLUMNS)
