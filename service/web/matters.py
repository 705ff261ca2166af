"""单位事项: what units take care of by themselves, and their regulations on liaison (R6, R7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, contacts
from service.attachments import Files
from service.auth.queries import account_names
from service.contacts import Matter, MatterFilter
from service.contacts.fields import MATTER, PROGRESS, SOLUTION
from service.db.lists import Page
from service.fields import picked
from service.http.context import actor, db
from service.storage import attachments_of
from service.usecases.names import Names
from service.web import attachments as attachments
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, given, offset, sent, text
from service.web.asked import asked
from service.web.choices import every_unit, own_units
from service.web.exports import Columns, exported

blueprint = Blueprint("matters", __name__)

COLUMNS: Columns[Matter] = {
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


@blueprint.get("/matters")
@requires()
def matters() -> ResponseReturnValue:
    """单位事项: what units take care of by themselves, and their regulations on liaison (R6, R7)."""
    page = _found(PER_PAGE, offset())
    own = own_units("record_matters")
    shown = [unit for unit in own if unit.code == argument("unit")] or own[:1]
    return render_template(
        "matters/matters.html",
        page=page,
        units=every_unit(),
        own_units=own,
        unit=shown[0] if shown else None,
        files=attachments.of_record(f"unit:{shown[0].code}") if shown else None,
        names=Names(db()).learn([step.entered_by for one in page.items for step in one.progress]),
        attached=_attached(page.items, {unit.code for unit in own}),
        today=clock.today(),
    )


@blueprint.post("/matters")
@requires()
def add() -> ResponseReturnValue:
    """Logs a matter of a unit."""
    fields = sent()
    contacts.record_matter(
        db(),
        unit_code=text(fields, "unit"),
        talent_id=text(fields, "talent"),
        **given(picked(MATTER, "title", "description", "raised_on", "result")),
        actor=actor(),
        now=clock.now(),
    )
    return done("事项已登记。", url_for(".matters"))


@blueprint.post("/matters/<uuid:matter_id>/progress")
@requires()
def follow(matter_id: UUID) -> ResponseReturnValue:
    """Says what was done about a matter (R7)."""
    contacts.follow_matter(db(), matter_id=matter_id, **given(PROGRESS), actor=actor(), now=clock.now())
    return done("进展已登记。", url_for(".matters"))


@blueprint.post("/matters/<uuid:matter_id>/solve")
@requires()
def solve(matter_id: UUID) -> ResponseReturnValue:
    """Says how a matter was solved."""
    contacts.solve_matter(db(), matter_id=matter_id, **given(SOLUTION), actor=actor(), now=clock.now())
    return done("事项已办结。", url_for(".matters"))


def _found(limit: int, offset: int) -> Page[Matter]:
    return contacts.search_matters(db(), actor(), asked(MatterFilter), limit, offset)


def _attached(shown: Iterable[Matter], own: Collection[str]) -> dict[UUID, Files]:
    """The files of the matters of a page, all of which the reader sees; two statements."""
    streams = {one.id: f"matter:{one.id}" for one in shown}
    kept = attachments_of(db(), streams.values())
    people = account_names(db(), {each.added_by for items in kept.values() for each in items})
    found = {}
    for one in shown:
        items, mine = tuple(kept.get(streams[one.id], ())), one.unit_code in own
        found[one.id] = Files(streams[one.id], items, mine, frozenset(each.id for each in items if mine), people=people)
    return found


exported(blueprint, "/matters.xlsx", "单位事项", _found, COLUMNS)
