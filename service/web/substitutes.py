"""代理: who acts for whom, declared and taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service import clock, people
from service.auth.absence import cover_of, gaps
from service.db.lists import Page
from service.errors import Conflict, Finding
from service.http.context import actor, db
from service.people import Person, queries
from service.people.access import may_declare, shown_person
from service.people.fields import SUBSTITUTE
from service.people.filters import SubstituteFilter
from service.people.models import Substitute
from service.rights import require
from service.web.access import requires
from service.web.answers import PER_PAGE, done, offset
from service.web.asked import asked
from service.web.exports import Columns, exported
from service.web.filling import Filling, form_page, submitted

blueprint = Blueprint("substitutes", __name__)


@blueprint.get("/substitutes")
@requires(right="view_directory")
def substitutes() -> ResponseReturnValue:
    """代理名录."""
    page = _substitutes(PER_PAGE, offset())
    said = gaps(db(), [cover_of(one) for one in page.items if one.withdrawn_at is None], clock.today())
    standing = [one.id for one in page.items if one.withdrawn_at is None]
    return render_template(
        "people/substitutes.html",
        page=page,
        today=clock.today(),
        may_end=lambda person: may_declare(actor(), person),
        gaps=dict(zip(standing, said, strict=True)),
    )


@blueprint.get("/people/<uuid:person_id>/substitutes/new")
@requires()
def new_substitute(person_id: UUID) -> ResponseReturnValue:
    """指定代理人."""
    found = shown_person(db(), person_id, actor())
    require(actor(), "declare_substitute", unit=found.unit_code, person_id=found.id)
    return _substitute_page(found, Filling.of(SUBSTITUTE, {"starts_on": clock.today()}))


@blueprint.post("/people/<uuid:person_id>/substitutes")
@requires()
def declare_substitute(person_id: UUID) -> ResponseReturnValue:
    """Declares who acts for a person, from when to when."""
    found = shown_person(db(), person_id, actor())

    def operation(values: dict[str, Any]) -> ResponseReturnValue:
        declared = people.declare_substitute(db(), person_id=person_id, **values, actor=actor(), now=clock.now())
        [doubts] = gaps(db(), [cover_of(declared)], clock.today())
        if doubts and not form.confirmed:
            form.doubts = doubts
            raise Conflict("代理可能不起作用", [Finding("", "代理期间可能无人办理，请核对后勾选“仍然指定”")])
        return done("已指定代理人。", url_for("web.people.person", person_id=person_id))

    form = Filling.sent(SUBSTITUTE)
    return submitted(form, operation, lambda form: _substitute_page(found, form))


@blueprint.post("/substitutes/<uuid:declaration_id>/withdraw")
@requires()
def withdraw_substitute(declaration_id: UUID) -> ResponseReturnValue:
    """Takes back a declared substitute at once."""
    taken = people.withdraw_substitute(db(), declaration_id=declaration_id, actor=actor(), now=clock.now())
    return done("已撤销代理。", url_for("web.people.person", person_id=taken.person_id))


SUBSTITUTE_COLUMNS: Columns[Substitute] = {
    "本人": lambda one: one.person.name,
    "代理人": lambda one: one.substitute.name,
    "开始日期": lambda one: one.starts_on,
    "结束日期": lambda one: one.ends_on,
    "事由": lambda one: one.reason,
    "是否已撤销": lambda one: "已撤销" if one.withdrawn_at else "",
}


def _substitutes(limit: int, offset: int) -> Page[Substitute]:
    return queries.search_substitutes(db(), asked(SubstituteFilter), limit, offset)


def _substitute_page(found: Person, form: Filling) -> str:
    back = url_for("web.people.person", person_id=found.id)
    action = url_for("web.substitutes.declare_substitute", person_id=found.id)
    lead = "代理期间，代理人可办理其全部待办，办理记录同时写明两人姓名。"
    return form_page(form, title=f"指定{found.name}的代理人", action=action, back=back, lead=lead)


exported(blueprint, "/substitutes.xlsx", "代理", _substitutes, SUBSTITUTE_COLUMNS, right="view_directory")
