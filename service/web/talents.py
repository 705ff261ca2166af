"""高层次人才信息库: the list of talents, one talent with everything known, and the operations on the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service import talents as registry
from service.db.lists import Page
from service.errors import Conflict, Finding, Invalid, NotFound
from service.fields import Field, chosen, defaults, form_of, held
from service.http.context import actor, db, wired
from service.ledger.reported import reports_about
from service.liaisons import leaders_of, scopes_of, served_ids
from service.people.namesakes import CONFIRM
from service.people.queries import find_leader, find_unit
from service.processes.first_steps import may_start
from service.rights import may
from service.talents import CATEGORIES, FIELDS, TYPES, Talent, TalentFilter
from service.talents.edits import talent_edits
from service.talents.fields import SOURCE
from service.talents.photos import LARGEST
from service.usecases.names import Names
from service.usecases.talent_file import KINDS
from service.usecases.talents import update_talent
from service.web import talent_file
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset
from service.web.asked import asked
from service.web.changes import Reading
from service.web.exports import Columns, exported
from service.web.filling import Filling, changed, form_page, submitted
from service.web.present import named

blueprint = Blueprint("talents", __name__)

STALE_DAYS = 183
"""Half a year: how long a confirmation of the file is taken for fresh (R4)."""


@blueprint.get("/talents")
@requires(right="view_talents")
def talents() -> ResponseReturnValue:
    """人才信息库."""
    today, leader_id, code = clock.today(), argument("leader"), argument("unit")
    page = _found(PER_PAGE, offset())
    return render_template(
        "talents/talents.html",
        page=page,
        leaders=leaders_of(db(), [talent.id for talent in page.items], today, actor()),
        sees_leaders=may(actor(), "view_serving_leaders"),
        reasons={talent.id: registry.eligibility(talent, today) for talent in page.items},
        leader=find_leader(db(), leader_id) if leader_id else None,
        unit=find_unit(db(), code) if code else None,
        towns=wired().organization.towns,
        categories=CATEGORIES,
        types=TYPES,
        sort=_wanted().sort,
        stale=today - timedelta(days=STALE_DAYS),
        may_edit=may(actor(), "edit_talents"),
    )


@blueprint.get("/talents/new")
@requires(right="edit_talents")
def new_talent() -> ResponseReturnValue:
    """登记人才."""
    return _new_page(Filling.of(_fields(), defaults(FIELDS)))


@blueprint.post("/talents")
@requires(right="edit_talents")
def add_talent() -> ResponseReturnValue:
    """Enters a talent; who may be the same person is shown first, and must be ruled out."""

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        with _alike(form, values):
            talent = registry.add_talent(
                db(), **values, confirm_duplicate=form.confirmed, actor=actor(), now=clock.now()
            )
        return done(f"已登记{talent.name}，编号 {talent.id}。", url_for("web.talents.talent", talent_id=talent.id))

    form = Filling.sent(_fields())
    return submitted(form, operation, _new_page)


@blueprint.get("/talents/<talent_id>")
@requires(right="view_talents")
def talent(talent_id: str) -> ResponseReturnValue:
    """One talent: recognition, employer, contact data, leaders, teams, and all that is known as one list by time."""
    found, today = registry.get_talent(db(), talent_id, actor()), clock.today()
    leaders = leaders_of(db(), [talent_id], today, actor())[talent_id]
    town = wired().organization.towns.get(found.town or "")
    return render_template(
        "talents/talent.html",
        talent=found,
        contact=registry.shown(actor(), found, leaders),
        sees_contact=registry.sees_contact(actor(), leaders, found.employer_unit),
        sees_leaders=may(actor(), "view_serving_leaders"),
        sees_links=may(actor(), "view_links"),
        sees_identity=may(actor(), "view_talent_identity"),
        leaders=leaders,
        meets=[one for one in leaders if may(actor(), "record_contacts", unit=one.unit_code, person_id=one.person_id)],
        may_link=found.active and bool(scopes_of(db(), actor())),
        reasons=registry.eligibility(found, today),
        teams=registry.teams_of(db(), talent_id),
        photo=registry.has_photo(db(), talent_id),
        town=town.name if town else "",
        category=CATEGORIES.get(found.category or 0),
        type=TYPES.get(found.type or 0),
        open_type=max(TYPES),
        stale=found.confirmed_on is None or found.confirmed_on < today - timedelta(days=STALE_DAYS),
        may_edit=may(actor(), "edit_talents"),
        may_confirm=may(actor(), "confirm_talents", unit=found.employer_unit),
        reports=reports_about(db(), talent_id, actor()),
        may_report=may_start(db(), "change_report", actor()),
        file=talent_file.shown(found),
        file_address=talent_file.address_of,
        file_kinds=KINDS,
    )


@blueprint.get("/talents/<talent_id>/edit")
@requires(right="edit_talents")
def edit_talent(talent_id: str) -> ResponseReturnValue:
    """修改人才信息."""
    found = registry.get_talent(db(), talent_id)
    return _edit_page(found, Filling.of(_fields(new=False), _values(found), talent_edits(found)))


@blueprint.post("/talents/<talent_id>")
@requires(right="edit_talents")
def change_talent(talent_id: str) -> ResponseReturnValue:
    """Changes a talent's file."""
    found = registry.get_talent(db(), talent_id)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        source = values.pop("source")
        wanted = changed(values, _values(found))
        with _alike(form, {**_values(found), **wanted}, talent_id):
            _, reviewed = update_talent(
                db(),
                talent_id=talent_id,
                changes=wanted,
                source=source,
                version=form.version,
                confirm_duplicate=form.confirmed,
                actor=actor(),
                now=clock.now(),
            )
        if reviewed:
            said = "已保存。该人才目前不符合联系对象条件，已发起资格复核，请在待办中决定是否继续联系。"
            return done(said, url_for("web.talents.talent", talent_id=talent_id))
        return done("已保存。", url_for("web.talents.talent", talent_id=talent_id))

    form = Filling.sent(_fields(new=False))
    return submitted(form, operation, lambda page: _edit_page(found, page))


@blueprint.post("/talents/<talent_id>/confirm")
@requires()
def confirm(talent_id: str) -> ResponseReturnValue:
    """The file is right as of today (R4)."""
    registry.confirm_talent(db(), talent_id=talent_id, on=clock.today(), actor=actor(), now=clock.now())
    return done("已记录：人才信息今天核实无误。", url_for("web.talents.talent", talent_id=talent_id))


@blueprint.post("/talents/<talent_id>/approve")
@requires(right="edit_talents")
def approve(talent_id: str) -> ResponseReturnValue:
    """The Talent Office agrees to the open-ended group (S1)."""
    today = clock.today()
    registry.approve_type(db(), talent_id=talent_id, approved_on=today, actor=actor(), now=clock.now())
    return done("已审核同意。", url_for("web.talents.talent", talent_id=talent_id))


@blueprint.get("/talents/<talent_id>/photo")
@requires(right="view_talents")
def photo(talent_id: str) -> ResponseReturnValue:
    """The photo, as a picture and nothing else."""
    kept = registry.find_photo(db(), registry.get_talent(db(), talent_id, actor()).id)
    if kept is None:
        raise NotFound("没有照片")
    answer = Response(kept.content, mimetype=kept.media_type)
    suffix = kept.media_type.removeprefix("image/")
    answer.headers["Content-Disposition"] = f'inline; filename="{talent_id}.{suffix}"'
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@blueprint.post("/talents/<talent_id>/photo")
@requires(right="edit_talents", body=LARGEST + 100_000)
def set_photo(talent_id: str) -> ResponseReturnValue:
    """Takes in a photo."""
    registry.get_talent(db(), talent_id)
    given = request.files.get("photo")
    if given is None or not given.filename:
        raise Invalid("请选择一张照片", [Finding("/photo", "请选择 JPG 或 PNG 格式的照片")])
    registry.set_photo(db(), talent_id=talent_id, content=given.read(), actor=actor(), now=clock.now())
    return done("照片已更换。", url_for("web.talents.talent", talent_id=talent_id))


@blueprint.post("/talents/<talent_id>/photo/withdraw")
@requires(right="edit_talents")
def withdraw_photo(talent_id: str) -> ResponseReturnValue:
    """Takes the photo out of the file."""
    registry.withdraw_photo(db(), talent_id=talent_id, actor=actor(), now=clock.now())
    return done("照片已删除。", url_for("web.talents.talent", talent_id=talent_id))


def _found(limit: int, offset: int) -> Page[Talent]:
    """The talents that the address asks for."""
    leader_id = argument("leader")
    among = served_ids(leader_id=leader_id, reader=actor()) if leader_id else None
    return registry.search_talents(db(), _wanted(), limit, offset, among=among, reader=actor())


def _wanted() -> TalentFilter:
    """The filter of the address; ``confirmed=stale`` asks for files not confirmed for half a year."""
    found = asked(TalentFilter)
    if argument("confirmed") == "stale":
        return replace(found, confirmed_before=clock.today() - timedelta(days=STALE_DAYS))
    return found


def _columns(found: Sequence[Talent]) -> Columns[Talent]:
    """The fields of a file as its table tells them, without private ones, and what the list adds to them."""
    today = clock.today()
    leaders = leaders_of(db(), [talent.id for talent in found], today, actor())
    nobody = "未安排" if may(actor(), "view_serving_leaders") else ""
    reasons = {talent.id: registry.eligibility(talent, today) for talent in found}
    stale = today - timedelta(days=STALE_DAYS)
    reading = Reading(Names(db()).learn(units=[talent.employer_unit for talent in found]))
    return {
        **{one.label: partial(reading.cell, one) for one in FIELDS if not one.private},
        "编号": lambda one: one.id,
        "联系领导": lambda one: "、".join(leader.person.name for leader in leaders[one.id]) or nobody,
        "资格": lambda one: "不符合" if reasons[one.id] else "符合",
        "不符合的原因": lambda one: "；".join(reasons[one.id]),
        "最近核实": lambda one: one.confirmed_on,
        "是否待核实": lambda one: "待核实" if one.confirmed_on is None or one.confirmed_on < stale else "",
    }


def _fields(*, new: bool = True) -> list[Field]:
    table = chosen(FIELDS, towns=dict(named(wired().organization.towns)))
    return form_of([*table, SOURCE], new=new)


def _values(found: Talent) -> dict[str, object]:
    return held(found, FIELDS)


@contextmanager
def _alike(form: Filling, values: Mapping[str, Any], except_id: str | None = None) -> Iterator[None]:
    """Where the command meets who may be the same person, the page shows them with the box that says it is nobody."""
    try:
        yield
    except Conflict as error:
        if not any(finding.path == CONFIRM for finding in error.findings):
            raise
        tail = str(values["id_tail"] or "").upper() or None
        form.alike = [
            {
                "name": f"{one.talent.id} {one.talent.name}",
                "detail": one.talent.employer + ("" if one.talent.active else "，已移出"),
                "address": url_for("web.talents.talent", talent_id=one.talent.id),
                "why": one.why,
            }
            for one in registry.duplicates(
                db(), name=values["name"] or "", id_tail=tail, employer=values["employer"] or "", except_id=except_id
            )
        ]
        said = "人才信息库中可能已有此人，请核对后勾选“继续保存”"
        raise Conflict("可能重复登记", [Finding("", said)]) from error


def _new_page(form: Filling) -> str:
    back, action = url_for("web.talents.talents"), url_for("web.talents.add_talent")
    return form_page(form, title="登记人才", action=action, back=back)


def _edit_page(found: Talent, form: Filling) -> str:
    back, action = (url_for(f"web.talents.{name}", talent_id=found.id) for name in ("talent", "change_talent"))
    return form_page(form, title=f"修改{found.name}的信息", action=action, back=back)


# No contact data, as on the page.
exported(blueprint, "/talents.xlsx", "人才信息库", _found, _columns, right="view_talents")
