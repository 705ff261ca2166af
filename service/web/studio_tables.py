"""The tab 规则表: the decision tables of a draft, with the choices of their columns by name, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.checks.bundle import Bundle, read
from service.checks.findings import Report
from service.errors import Finding, Invalid
from service.http.context import actor, db, settings, wired
from service.processes.calendars import current
from service.studio import drafts
from service.studio.deciding import answer
from service.studio.models import Draft
from service.studio.names import bundle_of
from service.web.access import requires
from service.web.answers import sent, text
from service.web.studio import RIGHT, editing, tab_page
from service.web.studio_rates import told as rates

blueprint = Blueprint("studio_tables", __name__)

ENDPOINT = "web.studio_tables.page"


@blueprint.get("/studio/<uuid:draft_id>/tables")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The tables, to be changed."""
    draft = drafts.get(db(), draft_id, actor())
    files = drafts.files(db(), draft)
    return tab_page("studio/tables.html", draft, ENDPOINT, island=_island(draft, files), **rates(draft, files))


@blueprint.post("/studio/<uuid:draft_id>/tables/ask")
@requires(right=RIGHT)
def ask(draft_id: UUID) -> ResponseReturnValue:
    """``{rules, outputs}``: what a table as it is typed answers to ``{name, text, data}``."""
    drafts.get(db(), draft_id, actor())
    fields = sent()
    data = fields.get("data")
    if not isinstance(data, dict):
        raise Invalid("请选好条件再试", [Finding("/data", "应写成 名称: 值")])
    found = answer(
        text(fields, "text").encode(), text(fields, "name"), data, settings().process, current(db()), clock.now()
    )
    return jsonify(rules=list(found.rules), outputs=found.outputs)


def _island(draft: Draft, files: Mapping[str, bytes]) -> dict[str, Any]:
    tables = {name: content.decode("utf-8", "replace") for name, content in files.items() if name.endswith(".dmn")}
    bundle = read(bundle_of(files), Report())
    return {
        "files": tables,
        "open": next(iter(sorted(tables)), ""),
        "columns": _columns(bundle),
        **editing(
            draft,
            ask=url_for("web.studio_tables.ask", draft_id=draft.id),
            spelling=url_for("web.studio_diagram.spelling"),
        ),
    }


def _columns(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """Name of a field → its title, its choices (code, name) where it has any, and whether it takes several of them."""
    found: dict[str, dict[str, Any]] = {}
    for form in bundle.forms.values():
        for name, field in form.fields.items():
            schema = field.schema
            many = schema.get("type") == "array"
            items = schema.get("items") if many else schema
            choices = _choices(items if isinstance(items, Mapping) else {})
            if name not in found or (choices and not found[name]["choices"]):
                found[name] = {
                    "title": str(schema.get("title") or name),
                    "choices": choices,
                    "many": many,
                    "kind": str(schema.get("type") or "string"),
                }
    return found


def _choices(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    organization = wired().organization
    if schema.get("x-ref") == "units":
        return [{"code": one.code, "name": one.name} for one in organization.units.values()]
    if listed := organization.lists.get(str(schema.get("x-options", ""))):
        return [{"code": code, "name": name} for code, name in listed]
    given = schema.get("oneOf")
    if isinstance(given, list):
        named = [one for one in given if isinstance(one, dict) and isinstance(one.get("const"), str)]
        return [{"code": one["const"], "name": str(one.get("title") or one["const"])} for one in named]
    return []
