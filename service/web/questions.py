"""审计查询: a page and a sheet for each question of the auditors, with its filters in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.audit.questions import QUESTIONS, Asked, Column, Question, Row
from service.audit.questions.declared import MOMENT, UNIT
from service.audit.questions.table import ACCESS, ALL
from service.clock import local
from service.db.lists import Page
from service.errors import Invalid
from service.http.context import actor, db, wired
from service.ledger import Cell
from service.people.queries import all_unit_names
from service.rights import may
from service.web.access import requires
from service.web.answers import PER_PAGE, offset
from service.web.exports import Columns, batches, workbook

blueprint = Blueprint("questions", __name__)

BESIDE = frozenset({"offset"})
"""The parts of a question's address that are no filters."""
PAGES: Mapping[str, tuple[str, str]] = {
    "case": ("web.cases.case", "instance_id"),
    "talent": ("web.talents.talent", "talent_id"),
    "contact": ("web.contacts.contact", "contact_id"),
    "person": ("web.people.person", "person_id"),
}
"""Kind of record → its page, and the name of its key there."""


@blueprint.get("/audit")
@requires(right=ALL, instead=ACCESS)
def index() -> ResponseReturnValue:
    """The questions that the reader may ask."""
    return render_template("questions/index.html", questions=[one for one in QUESTIONS if may(actor(), one.right)])


def _page(question: Question) -> ResponseReturnValue:
    values, fault = _values(question)
    found = None
    if fault is None and not question.lacking(values):
        try:
            found = question.find(_asked(values, PER_PAGE, offset()))
        except Invalid as error:
            fault = error
    return render_template(
        "questions/question.html",
        question=question,
        page=found,
        fault=fault,
        given=request.args,
        address=_address,
        units=_units(question),
    )


def _units(question: Question) -> list[tuple[str, str]]:
    """The units that the question may be narrowed to: codes and names, by name."""
    if all(one.kind != UNIT for one in question.filters):
        return []
    return sorted(all_unit_names(db()).items(), key=lambda one: one[1])


def _sheet(question: Question) -> ResponseReturnValue:
    values = question.read(request.args, BESIDE)
    if question.lacking(values):
        return redirect(url_for(f".{_name(question)}"))

    def find(limit: int, start: int) -> Page[Row]:
        return question.find(_asked(values, limit, start))

    return workbook(question.title, batches(find), lambda _: _columns(question.columns))


def _values(question: Question) -> tuple[dict[str, Any], Invalid | None]:
    try:
        return question.read(request.args, BESIDE), None
    except Invalid as error:
        return {}, error


def _asked(values: Mapping[str, Any], limit: int, start: int) -> Asked:
    return Asked(db(), actor(), wired().organization, values, limit, start)


def _columns(columns: Sequence[Column]) -> Columns[Row]:
    def cell(column: Column) -> Any:
        def value(row: Row) -> Cell:
            found = row.get(column.name)
            if column.kind == MOMENT and found is not None:
                return f"{local(found):%Y-%m-%d %H:%M:%S}"
            return found if found is not None else ""

        return value

    return {one.title: cell(one) for one in columns}


def _address(link: tuple[str, str]) -> str:
    if link[0] == "step":
        case, _, seq = link[1].partition("@")
        return url_for("web.replay.case", instance_id=case, at=seq)
    endpoint, name = PAGES[link[0]]
    values: dict[str, Any] = {name: link[1]}
    return url_for(endpoint, **values)


def _name(question: Question) -> str:
    return question.name.replace("-", "_")


def _register(question: Question) -> None:
    @requires(right=question.right)
    def page() -> ResponseReturnValue:
        return _page(question)

    @requires(right=question.right)
    def sheet() -> ResponseReturnValue:
        return _sheet(question)

    name = _name(question)
    blueprint.add_url_rule(f"/audit/{question.name}", name, page)
    blueprint.add_url_rule(f"/audit/{question.name}.xlsx", f"{name}_sheet", sheet)


for _one in QUESTIONS:
    _register(_one)
