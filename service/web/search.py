"""Search everywhere (Ctrl+K): people, units, matters, files and pages by whatever is remembered of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from service.http.context import actor, db
from service.processes.first_steps import may_start
from service.usecases.finding import CASE, FILE, KINDS, TALENT, UNIT, Hit, find
from service.web.access import admits, requires
from service.web.answers import argument
from service.web.menu import called, menu

blueprint = Blueprint("search", __name__)

LONGEST = 60
PAGES = {
    TALENT: ("web.talents.talent", "talent_id"),
    UNIT: ("web.units.unit", "code"),
    CASE: ("web.cases.case", "instance_id"),
}
"""Kind of what is found → its page, and what names it there."""


@blueprint.get("/search")
@requires()
def search() -> ResponseReturnValue:
    """搜索."""
    q = argument("q", LONGEST) or ""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for hit in find(db(), actor(), q) if q else ():
        groups.setdefault(KINDS[hit.kind], []).append((_address(hit), hit.title, hit.note))
    if pages := list(_pages(q)):
        groups["页面"] = pages
    return render_template("search/search.html", q=q, groups=groups)


def _pages(q: str) -> Iterator[tuple[str, str, str]]:
    groups = menu(actor(), lambda process: may_start(db(), process, actor()), admits)
    for entry in called(groups, q):
        yield url_for(entry.endpoint), entry.label, ""


def _address(hit: Hit) -> str:
    if hit.kind == FILE:
        return url_for("web.attachments.file", file_id=hit.id.rpartition(" ")[2])
    endpoint, name = PAGES[hit.kind]
    named: dict[str, Any] = {name: hit.id}
    return url_for(endpoint, **named)
