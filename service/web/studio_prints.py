"""The tab 打印模板: the print templates of a draft, changed beside the paper that they make of a case."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.checks.bundle import Bundle, read
from service.checks.findings import Report
from service.documents import PDF, WORD, Draft, Printed, Shown, render_apart, word_apart, words_of
from service.errors import Invalid, NotFound
from service.http.context import actor, db, settings, wired
from service.http.files import download
from service.ids import as_id
from service.processes.filters import CaseFilter
from service.processes.options import frozen
from service.processes.queries import cases
from service.processes.rules import NEED, one_line
from service.rehearsal.scenarios import scenario_of
from service.rehearsal.scenarios.text import read as read_scenario
from service.studio import drafts, papers
from service.studio.models import Draft as StudioDraft
from service.studio.names import bundle_of, scenarios_of
from service.studio.written import Written, walked
from service.usecases.studio import house_of, ready_to_try
from service.web.access import requires
from service.web.answers import sent, text
from service.web.studio import RIGHT, editing, tab_page

blueprint = Blueprint("studio_prints", __name__)

ENDPOINT = "web.studio_prints.page"
WORDS = ".docx"
TEXTS = (".typ", ".toml", ".svg")
"""Files that are shown and changed as text; the others are pictures and Word templates."""
MOST_PARAGRAPHS = 200
"""Paragraphs of a Word file that are shown."""


@blueprint.get("/studio/<uuid:draft_id>/prints")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The templates, to be changed."""
    draft = drafts.get(db(), draft_id, actor())
    return tab_page("studio/prints.html", draft, ENDPOINT, island=_island(draft, drafts.files(db(), draft)))


@dataclass(frozen=True, slots=True)
class Of:
    """The content of a paper: a case (by id or number), or a scenario of the draft up to a step; else a made-up one."""

    case: str = ""
    number: str = ""
    scenario: str = ""
    upto: int | None = None


def _of(said: Mapping[str, Any]) -> Of:
    upto = text(dict(said), "upto")
    number = text(dict(said), "number").strip()
    return Of(text(dict(said), "case"), number, text(dict(said), "scenario"), int(upto) if upto.isdecimal() else None)


def _shown(draft_id: UUID) -> Shown:
    said = sent()
    return _rendered(draft_id, text(said, "name"), _of(said), pdf=False)


@blueprint.post("/studio/<uuid:draft_id>/prints/preview")
@requires(right=RIGHT, ahead=_shown)
def preview(draft_id: UUID) -> ResponseReturnValue:
    """``{pages: [address of a picture], count}`` of the template ``name`` as the draft is saved, on the content that
    the rest of the body names (``Of``)."""
    drafts.get(db(), draft_id, actor())
    shown: Shown = g.ahead
    pages = [f"data:image/png;base64,{b64encode(one).decode()}" for one in shown.pages]
    return jsonify(pages=pages, count=shown.count)


def _paper(draft_id: UUID, name: str) -> Shown:
    return _rendered(draft_id, name, _of(request.args), pdf=True)


@blueprint.get("/studio/<uuid:draft_id>/prints/<name>.pdf")
@requires(right=RIGHT, ahead=_paper)
def paper(draft_id: UUID, name: str) -> ResponseReturnValue:
    """The same as a PDF; the query names the content."""
    drafts.get(db(), draft_id, actor())
    shown: Shown = g.ahead
    return download(shown.pdf, PDF, f"{name}.pdf", save=False)


def _filled(draft_id: UUID, name: str) -> Printed:
    return word_apart(_draft(draft_id, name, _of(request.args)))


@blueprint.get("/studio/<uuid:draft_id>/prints/<name>.docx")
@requires(right=RIGHT, ahead=_filled)
def word(draft_id: UUID, name: str) -> ResponseReturnValue:
    """The Word file that the template makes; the query names the content."""
    drafts.get(db(), draft_id, actor())
    made: Printed = g.ahead
    return download(made.content, WORD, f"{name}.docx")


@blueprint.get("/studio/<uuid:draft_id>/prints/<name>/words")
@requires(right=RIGHT, ahead=_filled)
def words(draft_id: UUID, name: str) -> ResponseReturnValue:
    """``{paragraphs: [text]}`` of the same: what Word would show, without its looks."""
    drafts.get(db(), draft_id, actor())
    made: Printed = g.ahead
    return jsonify(paragraphs=words_of(made.content)[:MOST_PARAGRAPHS])


@blueprint.get("/studio/<uuid:draft_id>/prints/house/<name>.docx")
@requires(right=RIGHT)
def house_word(draft_id: UUID, name: str) -> ResponseReturnValue:
    """The house's Word template, to be changed in Word and sent up."""
    drafts.get(db(), draft_id, actor())
    found = papers.templates({}).get(f"{name}.docx")
    if found is None:
        raise NotFound("系统没有这个 Word 模板")
    return download(found, WORD, f"{name}.docx")


def _rendered(draft_id: UUID, name: str, of: Of, *, pdf: bool) -> Shown:
    """The paper of a template, made with no transaction open."""
    return render_apart(_draft(draft_id, name, of), pdf=pdf)


def _draft(draft_id: UUID, name: str, of: Of) -> Draft:
    """The paper of a template of the draft, ready to be made."""
    rehearsal = _walked(draft_id, of) if of.scenario else None
    with wired().database.reading() as session:
        draft = drafts.get(session, draft_id, g.actor)
        files = bundle_of(drafts.files(session, draft))
        templates = papers.templates(files)
        if f"{name}.typ" not in templates:
            raise NotFound("草稿里没有这个打印模板")
        if rehearsal is not None:
            data = papers.rehearsed_data(session, rehearsal, name, g.actor, templates)
        elif of.case or of.number:
            case = as_id(of.case) if of.case else papers.case_numbered(session, draft.process, of.number, g.actor)
            if case is None:
                raise NotFound("没有这件事项")
            data = papers.case_data(session, draft.process, case, name, g.actor, templates)
        else:
            bundle = read(frozen(files, wired().organization.lists), Report())
            data = papers.sample_data(bundle, name, templates[f"{name}.typ"])
    return Draft(templates, name, data, clock.now())


def _walked(draft_id: UUID, of: Of) -> Written:
    """The scenario of the draft, walked up to its step: the draft is checked first, as in 试办."""
    database, house = wired().database, house_of(settings(), wired().organization)
    made, calendar = ready_to_try(database, house, draft=draft_id, process="", version=None, actor=g.actor)
    with database.reading() as session:
        content = drafts.file(session, drafts.get(session, draft_id, g.actor), of.scenario)
    return walked(scenario_of(read_scenario(content, of.scenario)), made, house.plan, calendar, of.upto)


def _scenarios(files: Mapping[str, bytes], bundle: Bundle) -> list[dict[str, Any]]:
    """The scenarios of the draft that can be read, each with its steps in words."""
    names = {node.id: node.name for process in bundle.processes.values() for node in process.nodes.values()}
    found = []
    for name, content in scenarios_of(files).items():
        try:
            scenario = scenario_of(read_scenario(content, name))
        except Invalid:
            continue
        steps = [
            f"第 {at} 步{'　' + one_line(names.get(str(step.about)) or '') if step.kind == 'do' else ''}"
            for at, step in enumerate(scenario.steps, 1)
        ]
        found.append({"name": name, "title": scenario.title, "steps": steps})
    return found


def _island(draft: StudioDraft, files: Mapping[str, bytes]) -> dict[str, Any]:
    own = {name: content for name, content in files.items() if name.startswith(papers.FOLDER)}
    bundle = read(bundle_of(files), Report())
    house = papers.templates({}) if draft.process == NEED else {}
    return {
        "files": {
            name: content.decode("utf-8-sig", "replace") for name, content in own.items() if name.endswith(TEXTS)
        },
        "pictures": [name for name in own if not name.endswith((*TEXTS, WORDS))],
        "words": [name for name in own if name.endswith(WORDS)],
        "house_words": [f"{papers.FOLDER}{name}" for name in house if name.endswith(WORDS)],
        "house": {
            f"{papers.FOLDER}{name}": {
                "title": papers.title(name.removesuffix(".typ"), content),
                "text": content.decode("utf-8-sig"),
            }
            for name, content in house.items()
            if name.endswith(".typ")
        },
        "names": {
            **papers.names_for(bundle),
            "case": [{"id": name, "title": title} for name, title in papers.CASE.items()],
            "step": [{"id": name, "title": title} for name, title in papers.STEP.items()],
        },
        "scenarios": _scenarios(files, bundle),
        "sees": bool(cases(db(), actor(), filters=CaseFilter(process=draft.process), limit=1).total),
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
