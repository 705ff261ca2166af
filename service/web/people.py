"""单位与人员: the persons of the directory, each with posts, substitutes and the whole history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, people
from service.auth import Account
from service.auth.queries import accounts_of_person, grants_of
from service.db.lists import Page
from service.errors import Conflict, Finding
from service.fields import form_of, held
from service.http.context import actor, db
from service.liaisons import Link, LinkFilter, keeps_links, search_links, sees_links, standing_service_teams
from service.people import BODIES, DUTIES, Person, namesakes, queries
from service.people.access import keeps_leader, may_declare, shown_person
from service.people.edits import person_edits
from service.people.fields import PERSON
from service.people.filters import PersonFilter, SubstituteFilter
from service.people.namesakes import CONFIRM
from service.people.rules import CLASSES
from service.rights import may, require, units_with
from service.usecases.leaving import held_by
from service.usecases.names import Names
from service.web.access import requires
from service.web.answers import PER_PAGE, argument, done, offset
from service.web.asked import asked
from service.web.changes import changes_of
from service.web.context import role_name
from service.web.exports import Columns, exported
from service.web.filling import Filling, changed, form_page, submitted

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
@requires(right="view_directory")
def persons() -> ResponseReturnValue:
    """人员名录."""
    code, page = argument("unit"), _persons(PER_PAGE, offset())
    unit = queries.find_unit(db(), code) if code else None
    return render_template("people/persons.html", page=page, unit=unit, may_add=_may_add(code))


@blueprint.get("/people/new")
@requires(right="view_directory")
def new_person() -> ResponseReturnValue:
    """登记人员."""
    own = next(iter(sorted(units_with(actor(), "manage_people"))), None)
    code = argument("unit") or (None if may(actor(), "manage_people") else own)
    require(actor(), "manage_people", unit=code)
    return _new_page(Filling.of(form_of(PERSON, new=True), {"unit_code": code}))


@blueprint.post("/people")
@requires(right="view_directory")
def add_person() -> ResponseReturnValue:
    """Enters a person; a namesake in the same unit must be confirmed."""

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        with _alike(form, values):
            person = people.add_person(db(), **values, confirm_duplicate=form.confirmed, actor=actor(), now=clock.now())
        return done(f"已登记{person.name}。", url_for("web.people.person", person_id=person.id))

    form = Filling.sent(form_of(PERSON, new=True))
    return submitted(form, operation, _new_page)


@blueprint.get("/people/<uuid:person_id>")
@requires(for_administrators=True)
def person(person_id: UUID) -> ResponseReturnValue:
    """One person: posts, services as liaison, substitutes and history."""
    found = shown_person(db(), person_id, actor())
    taken = queries.posts_of(db(), person_id)
    seen = [post.id for post in taken if sees_links(actor(), post)]
    return render_template(
        "people/person.html",
        person=found,
        posts=taken,
        kept={post.id for post in taken if keeps_leader(actor(), post)},
        served=queries.liaisons_of(db(), person_id=person_id),
        substitutes=queries.search_substitutes(db(), SubstituteFilter(person_id=person_id, include_former=True)),
        links={post: _links(post) for post in seen},
        teams=standing_service_teams(db(), seen, clock.today()),
        arranged={post.id for post in taken if post.ends_on is None and keeps_links(actor(), post)},
        classes=CLASSES,
        bodies=BODIES,
        duties=DUTIES,
        today=clock.today(),
        may_edit=may(actor(), "manage_people", unit=found.unit_code),
        may_post=may_post(found),
        may_substitute=may_declare(actor(), found) and may(actor(), "view_directory"),
        accounts=_accounts(person_id) if may(actor(), "view_accounts") else None,
        changes=changes_of(f"person:{person_id}"),
    )


@blueprint.get("/people/<uuid:person_id>/edit")
@requires(right="view_directory")
def edit_person(person_id: UUID) -> ResponseReturnValue:
    """修改人员信息."""
    found = queries.get_person(db(), person_id)
    require(actor(), "manage_people", unit=found.unit_code)
    return _edit_page(found, Filling.of(form_of(PERSON, new=False), held(found, PERSON), person_edits(found)))


@blueprint.post("/people/<uuid:person_id>")
@requires(right="view_directory")
def change_person(person_id: UUID) -> ResponseReturnValue:
    """Changes a person."""
    found = queries.get_person(db(), person_id)

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        wanted = changed(values, held(found, PERSON))
        with _alike(form, {**held(found, PERSON), **wanted}, person_id):
            people.update_person(
                db(),
                person_id=person_id,
                changes=wanted,
                confirm_duplicate=form.confirmed,
                version=form.version,
                actor=actor(),
                now=clock.now(),
            )
        return done("已保存。", url_for("web.people.person", person_id=person_id))

    form = Filling.sent(form_of(PERSON, new=False))
    return submitted(form, operation, lambda page: _edit_page(found, page))


PERSON_COLUMNS: Columns[Person] = {
    "姓名": lambda one: one.name,
    "状态": lambda one: "" if one.active else "已离任",
    "单位": lambda one: one.unit.name if one.unit else "",
    "职务": lambda one: one.post,
    "办公电话": lambda one: one.phone,
}


def _persons(limit: int, offset: int) -> Page[Person]:
    return queries.search_people(db(), asked(PersonFilter), limit, offset)


def _accounts(person_id: UUID) -> list[tuple[Account, list[str]]]:
    """The accounts of a person, each with its roles of today as people call them."""
    accounts = accounts_of_person(db(), person_id)
    grants = grants_of(db(), [account.username for account in accounts], clock.today())
    names = Names(db()).learn(units=[grant.unit for given in grants.values() for grant in given])
    return [
        (
            account,
            sorted(
                (role_name(one.role) or one.role) + (f"（{names.unit(one.unit)}）" if one.unit else "")
                for one in grants.get(account.username, ())
            ),
        )
        for account in accounts
    ]


@contextmanager
def _alike(form: Filling, values: Mapping[str, Any], except_id: UUID | None = None) -> Iterator[None]:
    """Where the command meets namesakes, the page shows them with the box that says that it is none of them."""
    try:
        yield
    except Conflict as error:
        if not any(finding.path == CONFIRM for finding in error.findings):
            raise
        form.alike = [
            {
                "name": one.name,
                "detail": "，".join(filter(None, [one.unit.name if one.unit else "未填单位", one.post])),
                "address": url_for("web.people.person", person_id=one.id),
                "why": "同一单位已有同名人员",
            }
            for one in namesakes(db(), name=values["name"], unit_code=values["unit_code"], except_id=except_id)
        ]
        said = "同一单位已有同名人员，请核对后勾选“继续保存”"
        raise Conflict("可能重复登记", [Finding("", said)]) from error


def _new_page(form: Filling) -> str:
    return form_page(
        form, title="登记人员", action=url_for("web.people.add_person"), back=url_for("web.people.persons")
    )


def _edit_page(found: Person, form: Filling) -> str:
    back, action = (url_for(f"web.people.{name}", person_id=found.id) for name in ("person", "change_person"))
    return form_page(form, title=f"修改{found.name}的信息", action=action, back=back, lead=_leaving(found))


def _leaving(found: Person) -> str:
    """The tasks and claims that go back to the unit when the person leaves it, or is entered as having left."""
    accounts = accounts_of_person(db(), found.id)
    tasks = [task for one in accounts for task in held_by(db(), one.username, clock.today()).claimed]
    if not tasks:
        return ""
    dates = sorted((task.due_on, task.due_provisional) for task in tasks if task.due_on)
    first = f"（最早 {dates[0][0].isoformat()} 到期{'，暂定' if dates[0][1] else ''}）" if dates else ""
    return f"现领办 {len(tasks)} 项任务{first}。换单位或登记离任后，任务退回原单位待办，原单位的办理角色同时收回。"


def _links(leader_id: UUID) -> Sequence[Link]:
    return search_links(db(), LinkFilter(leader_id=str(leader_id), include_ended=False), limit=200).items


def _may_add(unit_code: str | None) -> bool:
    return may(actor(), "manage_people", unit=unit_code) or bool(units_with(actor(), "manage_people"))


def may_post(found: Person) -> bool:
    """Whether the reader may make this person a leader."""
    return may(actor(), "manage_leaders_a") or may(actor(), "manage_leaders_b", unit=found.unit_code)


exported(blueprint, "/people.xlsx", "人员名录", _persons, PERSON_COLUMNS, right="view_directory")
