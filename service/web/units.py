"""单位与人员: the directory of units and their liaison officers, each unit with its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, people
from service.db.lists import Page
from service.fields import FLAG, Field, chosen, form_of, held
from service.http.context import actor, db, settings, wired
from service.people import Unit, queries
from service.people.edits import head_edits, liaison_edits, unit_edits
from service.people.fields import HEAD, LIAISON, UNIT
from service.people.filters import LeaderFilter, LiaisonFilter, PersonFilter, UnitFilter
from service.people.models import Liaison
from service.people.rules import CLASSES, OFFICE_UNIT
from service.rights import may, require
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset
from service.web.asked import asked
from service.web.changes import changes_of
from service.web.exports import Columns, exported
from service.web.filling import Filling, changed, form_page, submitted
from service.web.present import named

blueprint = Blueprint("units", __name__)


@blueprint.get("/units")
@requires(for_administrators=True)
def units() -> ResponseReturnValue:
    """单位名录."""
    organization, page = wired().organization, _units(PER_PAGE, offset())
    return render_template(
        "people/units.html",
        page=page,
        kinds=organization.kinds,
        towns=organization.towns,
        liaisons=_liaisons_of(page.items),
        may_add=may(actor(), "manage_units"),
        shows_people=may(actor(), "view_directory"),
    )


@blueprint.get("/units/new")
@requires(right="manage_units")
def new_unit() -> ResponseReturnValue:
    """登记单位."""
    return _new_page(Filling(_fields(new=True)))


@blueprint.post("/units")
@requires(right="manage_units")
def add_unit() -> ResponseReturnValue:
    """Enters a unit into the people."""

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        unit = people.add_unit(db(), **values, organization=wired().organization, actor=actor(), now=clock.now())
        return done(f"已登记{unit.name}。", url_for("web.units.unit", code=unit.code))

    return submitted(Filling.sent(_fields(new=True)), operation, _new_page)


@blueprint.get("/units/<code>")
@requires(for_administrators=True)
def unit(code: str) -> ResponseReturnValue:
    """One unit: its facts, liaisons, leaders, people and history."""
    found, organization = queries.get_unit(db(), code), wired().organization
    kind, town = organization.kinds.get(found.kind), organization.towns.get(found.town or "")
    shows_people = may(actor(), "view_directory")
    return render_template(
        "people/unit.html",
        unit=found,
        kind=kind.name if kind else found.kind,
        town=town.name if town else "",
        shows_people=shows_people,
        head=people.heads_of(db(), [code], clock.today()).get(code) if shows_people else None,
        liaisons=queries.liaisons_of(db(), unit_code=code) if shows_people else (),
        leaders=queries.search_leaders(db(), LeaderFilter(unit_code=code), limit=PER_PAGE) if shows_people else None,
        staff=queries.search_people(db(), PersonFilter(unit_code=code), limit=PER_PAGE) if shows_people else None,
        classes=CLASSES,
        contact=settings().contact if code == OFFICE_UNIT else None,
        may_edit=may(actor(), "manage_units"),
        may_name=may(actor(), "name_liaison", unit=code),
        may_add=may(actor(), "manage_people", unit=code),
        changes=changes_of(f"unit:{code}") if shows_people else (),
    )


@blueprint.get("/units/<code>/edit")
@requires(right="manage_units")
def edit_unit(code: str) -> ResponseReturnValue:
    """修改单位信息."""
    found = queries.get_unit(db(), code)
    return _edit_page(found, Filling.of(_fields(), held(found, form_of(UNIT, new=False)), unit_edits(found)))


@blueprint.post("/units/<code>")
@requires(right="manage_units")
def change_unit(code: str) -> ResponseReturnValue:
    """Changes a unit."""
    found = queries.get_unit(db(), code)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        wanted = changed(values, held(found, form_of(UNIT, new=False)))
        people.update_unit(
            db(),
            code=code,
            changes=wanted,
            version=form.version,
            organization=wired().organization,
            actor=actor(),
            now=clock.now(),
        )
        return done("已保存。", url_for("web.units.unit", code=code))

    form = Filling.sent(_fields())
    return submitted(form, operation, lambda page: _edit_page(found, page))


@blueprint.get("/liaison-officers")
@requires(right="view_directory")
def liaisons() -> ResponseReturnValue:
    """联络员名录."""
    return render_template("people/liaisons.html", page=_liaisons(PER_PAGE, offset()))


@blueprint.get("/units/<code>/liaison")
@requires()
def liaison_form(code: str) -> ResponseReturnValue:
    """指定联络员."""
    found = queries.get_unit(db(), code)
    require(actor(), "name_liaison", unit=code)
    form = Filling.of(_liaison_fields(found), {"starts_on": clock.today()}, liaison_edits(found))
    return _liaison_page(found, form)


@blueprint.post("/units/<code>/liaison")
@requires()
def name_liaison(code: str) -> ResponseReturnValue:
    """Names the one liaison of a unit; the present one ends only if that is said."""
    found = queries.get_unit(db(), code)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        replace = bool(values.pop("replace", False))
        people.name_liaison(
            db(), unit_code=code, **values, replace=replace, version=form.version, actor=actor(), now=clock.now()
        )
        return done("已指定联络员。", url_for("web.units.unit", code=code))

    form = Filling.sent(_liaison_fields(found))
    return submitted(form, operation, lambda page: _liaison_page(found, page))


@blueprint.post("/units/<code>/liaison/end")
@requires()
def end_liaison(code: str) -> ResponseReturnValue:
    """Ends the service of a unit's liaison without a successor, as of today."""
    people.end_liaison(db(), unit_code=code, ends_on=clock.today(), actor=actor(), now=clock.now())
    return done("联络员任职已结束，请尽快指定新的联络员。", url_for("web.units.unit", code=code))


@blueprint.get("/units/<code>/head")
@requires()
def head_form(code: str) -> ResponseReturnValue:
    """登记负责人."""
    found = queries.get_unit(db(), code)
    require(actor(), "name_liaison", unit=code)
    entered = people.entered_head(db(), code)
    values = {"person_id": entered.id if entered is not None else None}
    return _head_page(found, Filling.of(list(HEAD), values, head_edits(found)))


@blueprint.post("/units/<code>/head")
@requires()
def name_head(code: str) -> ResponseReturnValue:
    """Enters the head of a unit; nobody where the field is empty."""
    found = queries.get_unit(db(), code)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        people.name_head(
            db(),
            unit_code=code,
            person_id=values.get("person_id"),
            version=form.version,
            actor=actor(),
            now=clock.now(),
        )
        return done("已保存负责人。", url_for("web.units.unit", code=code))

    form = Filling.sent(list(HEAD))
    return submitted(form, operation, lambda page: _head_page(found, page))


LIAISON_COLUMNS: Columns[Liaison] = {
    "单位": lambda one: one.unit.name,
    "联络员": lambda one: one.person.name,
    "职务": lambda one: one.person.post,
    "电话": lambda one: one.person.phone,
    "开始": lambda one: one.starts_on,
    "结束": lambda one: one.ends_on,
}


def _units(limit: int, offset: int) -> Page[Unit]:
    return queries.search_units(db(), asked(UnitFilter), limit, offset)


def _unit_columns(found: Sequence[Unit]) -> Columns[Unit]:
    organization = wired().organization
    kinds, towns = organization.kinds, organization.towns
    named = {"联络员": _named_liaison(_liaisons_of(found))} if may(actor(), "view_directory") else {}
    return {
        "单位": lambda unit: unit.name,
        "状态": lambda unit: "" if unit.active else "已停用",
        "类别": lambda unit: kinds[unit.kind].name if unit.kind in kinds else unit.kind,
        "镇街": lambda unit: towns[unit.town].name if unit.town in towns else "",
        "成员单位": lambda unit: "是" if unit.is_member_unit else "否",
        **named,
    }


def _liaisons_of(found: Sequence[Unit]) -> Mapping[str, Liaison]:
    """Unit → its liaison of today, for who may read the people."""
    codes = [unit.code for unit in found] if may(actor(), "view_directory") else []
    return queries.liaisons_on(db(), codes, clock.today()) if codes else {}


def _named_liaison(liaisons: Mapping[str, Liaison]) -> Callable[[Unit], str]:
    return lambda unit: liaisons[unit.code].person.name if unit.code in liaisons else "未指定"


def _liaisons(limit: int, offset: int) -> Page[Liaison]:
    return queries.search_liaisons(db(), asked(LiaisonFilter), limit, offset)


def _fields(*, new: bool = False) -> list[Field]:
    organization = wired().organization
    known = chosen(UNIT, kinds=dict(named(organization.kinds)), towns=dict(named(organization.towns)))
    return form_of(known, new=new)


def _new_page(form: Filling) -> str:
    return form_page(form, title="登记单位", action=url_for("web.units.add_unit"), back=url_for("web.units.units"))


def _edit_page(found: Unit, form: Filling) -> str:
    back, action = (url_for(f"web.units.{name}", code=found.code) for name in ("unit", "change_unit"))
    return form_page(form, title=f"修改{found.name}", action=action, back=back)


def _liaison_fields(found: Unit) -> list[Field]:
    fields = list(LIAISON)
    present = queries.liaisons_of(db(), unit_code=found.code)
    if present and present[0].ends_on is None:
        note = f"现任联络员{present[0].person.name}的任职到新联络员开始的前一天为止"
        fields.append(Field("replace", "更换现任联络员", FLAG, note=note))
    return fields


def _liaison_page(found: Unit, form: Filling) -> str:
    back, action = (url_for(f"web.units.{name}", code=found.code) for name in ("unit", "name_liaison"))
    lead = "每个单位只设一名联络员，负责沟通协调、及时总结，并每半年向区人才办报送开展情况。"
    return form_page(form, title=f"指定{found.name}的联络员", action=action, back=back, lead=lead)


def _head_page(found: Unit, form: Filling) -> str:
    back, action = (url_for(f"web.units.{name}", code=found.code) for name in ("unit", "name_head"))
    return form_page(form, title=f"登记{found.name}的负责人", action=action, back=back)


exported(blueprint, "/units.xlsx", "单位名录", _units, _unit_columns, for_administrators=True, name="export_units")
exported(
    blueprint,
    "/liaison-officers.xlsx",
    "联络员名录",
    _liaisons,
    LIAISON_COLUMNS,
    right="view_directory",
    name="export_liaisons",
)
