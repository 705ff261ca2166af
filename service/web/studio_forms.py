"""The tab 表单: the forms of a draft as lists of fields beside the live form; it is told where a field is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.checks.bundle import Bundle, read
from service.checks.findings import Report
from service.checks.forms import LISTINGS, REFERENCES
from service.checks.known import LISTS, PRIVATE, title_of
from service.http.context import actor, db, settings, wired
from service.ledger.own_papers import title_of as paper_title
from service.processes.rules import one_line
from service.studio import drafts
from service.studio.models import Draft
from service.studio.names import bundle_of
from service.studio.uses import uses_of
from service.usecases import check_context
from service.web.access import requires
from service.web.answers import sent, text
from service.web.studio import RIGHT, editing, tab_page
from service.web.studio_files import names_of

blueprint = Blueprint("studio_forms", __name__)

ENDPOINT = "web.studio_forms.page"
_TITLE = re.compile(r"^title:(.*)$", re.MULTILINE)


@blueprint.get("/studio/<uuid:draft_id>/forms")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The forms, to be changed."""
    draft = drafts.get(db(), draft_id, actor())
    return tab_page("studio/forms.html", draft, ENDPOINT, island=_island(draft, drafts.files(db(), draft)))


@blueprint.post("/studio/<uuid:draft_id>/forms/uses")
@requires(right=RIGHT)
def uses(draft_id: UUID) -> ResponseReturnValue:
    """``{uses: [{place, words}]}`` of a field beside its form: ``{form, field}`` as the draft is saved."""
    draft = drafts.get(db(), draft_id, actor())
    fields = sent()
    files = drafts.files(db(), draft)
    bundle = read(files, Report())
    names = names_of(bundle)
    context = check_context(settings(), wired().organization)
    found = uses_of(bundle, context.relied.get(draft.process, ()), text(fields, "form"), text(fields, "field"))
    return jsonify(uses=[{"place": _place(files, names, one.file, one.element), "words": one.words} for one in found])


def _place(files: Mapping[str, bytes], names: Mapping[str, str], file: str, element: str) -> str:
    if file.startswith("scenarios/"):
        title = _TITLE.search(files[file].decode(errors="replace"))
        return f"用例“{title[1].strip() if title else file}”"
    if file.startswith("print/"):
        return f"打印模板“{paper_title(files[file]) or file.removeprefix('print/')}”"
    where = "" if file.startswith("forms/") else names.get(element, "")
    return one_line(where or names.get(file, file))


def _island(draft: Draft, files: Mapping[str, bytes]) -> dict[str, Any]:
    bundle = read(bundle_of(files), Report())
    forms = {
        name: content.decode("utf-8-sig", "replace")
        for name, content in sorted(files.items())
        if name.startswith("forms/") and name.endswith(".json")
    }
    tasks = list(_tasks(bundle, draft.process))
    first = next((one["form"] for one in tasks if f"forms/{one['form']}.json" in forms), "")
    return {
        "files": forms,
        "open": first or next((name[6:-5] for name in forms if not name.endswith(".ui.json")), ""),
        "tasks": tasks,
        "lists": {
            name: {
                "title": LISTS.get(name) or _some(choices),
                "choices": [{"const": c, "title": t} for c, t in choices],
            }
            for name, choices in wired().organization.lists.items()
        },
        "records": [{"code": code, "name": name} for code, name in REFERENCES.items()],
        "listings": [{"code": code, "name": name} for code, name in LISTINGS.items()],
        "private": [{"code": code, "name": name} for code, name in PRIVATE.items()],
        "days": list(_days(bundle)),
        "today": clock.today(),
        **editing(
            draft,
            uses=url_for("web.studio_forms.uses", draft_id=draft.id),
            spelling=url_for("web.studio_diagram.spelling"),
        ),
    }


def _some(choices: Any) -> str:
    names = [name for _, name in choices]
    return "、".join(names[:3]) + (" 等" if len(names) > 3 else "")


def _tasks(bundle: Bundle, key: str) -> Iterator[dict[str, str]]:
    """The user tasks: id, name, form; those of the main process first."""
    for process in sorted(bundle.processes.values(), key=lambda one: one.id != key):
        for node in process.nodes.values():
            if node.form is not None:
                yield {"id": node.id, "name": one_line(node.name) or node.id, "form": node.form}


def _days(bundle: Bundle) -> Iterator[dict[str, str]]:
    """The date fields of all forms: form, name, title."""
    for form in bundle.forms.values():
        for name, field in form.fields.items():
            if field.schema.get("format") == "date":
                title = f"{field.schema.get('title') or name}（{title_of(form.schema) or form.name}）"
                yield {"form": form.name, "name": name, "title": title}
