"""The tab 打印模板: the print templates of a draft, changed beside the paper that they make of a case."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.checks.bundle import read
from service.checks.findings import Report
from service.documents import PDF, Draft, Shown, render_apart
from service.errors import NotFound
from service.http.context import actor, db, wired
from service.http.files import download
from service.ids import as_id
from service.processes.options import frozen
from service.processes.rules import NEED
from service.studio import drafts, papers
from service.studio.models import Draft as StudioDraft
from service.studio.names import bundle_of
from service.web.access import requires
from service.web.answers import sent, text
from service.web.studio import RIGHT, editing, tab_page

blueprint = Blueprint("studio_prints", __name__)

ENDPOINT = "web.studio_prints.page"
TEXTS = (".typ", ".toml", ".svg")
"""Files that are shown and changed as text; the others are pictures."""


@blueprint.get("/studio/<uuid:draft_id>/prints")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The templates, to be changed."""
    draft = drafts.get(db(), draft_id, actor())
    return tab_page("studio/prints.html", draft, ENDPOINT, island=_island(draft, drafts.files(db(), draft)))


def _shown(draft_id: UUID) -> Shown:
    said = sent()
    return _rendered(draft_id, text(said, "name"), text(said, "case"), pdf=False)


@blueprint.post("/studio/<uuid:draft_id>/prints/preview")
@requires(right=RIGHT, ahead=_shown)
def preview(draft_id: UUID) -> ResponseReturnValue:
    """``{pages: [address of a picture], count}`` of the template ``{name, case}`` as the draft is saved; no case: a
    made-up one."""
    drafts.get(db(), draft_id, actor())
    shown: Shown = g.ahead
    pages = [f"data:image/png;base64,{b64encode(one).decode()}" for one in shown.pages]
    return jsonify(pages=pages, count=shown.count)


def _paper(draft_id: UUID, name: str) -> Shown:
    return _rendered(draft_id, name, request.args.get("case", ""), pdf=True)


@blueprint.get("/studio/<uuid:draft_id>/prints/<name>.pdf")
@requires(right=RIGHT, ahead=_paper)
def paper(draft_id: UUID, name: str) -> ResponseReturnValue:
    """The same as a PDF; ``?case=`` names a case."""
    drafts.get(db(), draft_id, actor())
    shown: Shown = g.ahead
    return download(shown.pdf, PDF, f"{name}.pdf", save=False)


def _rendered(draft_id: UUID, name: str, case: str, *, pdf: bool) -> Shown:
    """The paper of a template, made with no transaction open."""
    with wired().database.reading() as session:
        draft = drafts.get(session, draft_id, g.actor)
        files = bundle_of(drafts.files(session, draft))
        templates = papers.templates(files)
        if f"{name}.typ" not in templates:
            raise NotFound("草稿里没有这个打印模板")
        if case:
            if (instance := as_id(case)) is None:
                raise NotFound("没有这件事项")
            data = papers.case_data(session, draft.process, instance, name, g.actor)
        else:
            data = papers.sample_data(read(frozen(files, wired().organization.lists), Report()), name)
    return render_apart(Draft(templates, name, data, clock.now()), pdf=pdf)


def _island(draft: StudioDraft, files: Mapping[str, bytes]) -> dict[str, Any]:
    own = {name: content for name, content in files.items() if name.startswith(papers.FOLDER)}
    bundle = read(bundle_of(files), Report())
    house = papers.templates({}) if draft.process == NEED else {}
    return {
        "files": {
            name: content.decode("utf-8-sig", "replace") for name, content in own.items() if name.endswith(TEXTS)
        },
        "pictures": [name for name in own if not name.endswith(TEXTS)],
        "house": {
            f"{papers.FOLDER}{name}": {
                "title": papers.title(name.removesuffix(".typ"), content),
                "text": content.decode("utf-8-sig"),
            }
            for name, content in house.items()
        },
        "names": {
            **papers.names_for(bundle),
            "case": [{"id": name, "title": title} for name, title in papers.CASE.items()],
            "step": [{"id": name, "title": title} for name, title in papers.STEP.items()],
        },
        "cases": [
            {"id": str(one.id), "title": f"{one.number or ''} {one.title or ''}".strip()}
            for one in papers.finished(db(), draft.process, actor())
        ],
        **editing(
            draft,
            preview=url_for("web.studio_prints.preview", draft_id=draft.id),
            paper=url_for("web.studio_prints.paper", draft_id=draft.id, name="x").removesuffix("x.pdf"),
            spelling=url_for("web.studio_diagram.spelling"),
        ),
    }
