"""The files of a draft, beside its pages: read, saved while people type, checked. Every tab of the studio uses these.

Answers are JSON; who saves names the revision that was read in ``If-Match``, and a 409 says whose change came between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.checks import DefinitionFinding
from service.checks.bundle import Bundle, read
from service.checks.findings import Report
from service.checks.kinds import grouped
from service.checks.speaking import flow_titled, titled
from service.errors import Finding, Invalid
from service.http.context import actor, db, settings, wired
from service.http.failures import problem
from service.studio import drafts
from service.studio.checking import verdict
from service.studio.fields import MOST_FILE_BYTES
from service.studio.names import bundle_of
from service.usecases import check_context
from service.usecases.holders import known_people, named_people
from service.usecases.names import Names
from service.web.access import requires
from service.web.studio import RIGHT, TABS

blueprint = Blueprint("studio_files", __name__)

_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


@blueprint.get("/studio/<uuid:draft_id>/files/<path:name>")
@requires(right=RIGHT)
def read_file(draft_id: UUID, name: str) -> ResponseReturnValue:
    """A file of a draft as it is now; ``ETag`` is the draft's revision."""
    found = drafts.get(db(), draft_id, actor())
    answer = Response(drafts.file(db(), found, name), mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = "attachment"
    answer.headers["ETag"] = f'"{found.revision}"'
    return answer


@blueprint.put("/studio/<uuid:draft_id>/files/<path:name>")
@requires(right=RIGHT, body=MOST_FILE_BYTES + 1)
def save_file(draft_id: UUID, name: str) -> ResponseReturnValue:
    """Saves a file: ``{revision}``, or 409 ``{revision, same_file, by, at}``."""
    try:
        revision = drafts.put(
            db(),
            draft_id=draft_id,
            name=name,
            content=request.get_data(),
            revision=_revision(),
            actor=actor(),
            now=clock.now(),
        )
    except drafts.OtherRevision as error:
        return _meanwhile(error)
    return jsonify(revision=revision)


@blueprint.delete("/studio/<uuid:draft_id>/files/<path:name>")
@requires(right=RIGHT)
def delete_file(draft_id: UUID, name: str) -> ResponseReturnValue:
    """Takes a file out of a draft; answers as ``save_file`` does."""
    try:
        revision = drafts.delete_file(
            db(), draft_id=draft_id, name=name, revision=_revision(), actor=actor(), now=clock.now()
        )
    except drafts.OtherRevision as error:
        return _meanwhile(error)
    return jsonify(revision=revision)


def draft_checked(draft_id: UUID) -> tuple[Sequence[DefinitionFinding], Bundle]:
    """The findings on the draft's files, and the bundle of those that can be read; with no transaction open."""
    with wired().database.reading() as session:
        draft = drafts.get(session, draft_id, g.actor)
        files, key = bundle_of(drafts.files(session, draft)), draft.process
        base = drafts.base_files(session, draft)
        people = known_people(named_people(session, files, base))
    context = replace(check_context(settings(), wired().organization), people=people)
    found = verdict(files, key=key, context=context, base=base).findings
    return found, readable(files, found)


def readable(files: Mapping[str, bytes], found: Sequence[DefinitionFinding] = ()) -> Bundle:
    """The files that can be read, as far as the findings say so."""
    unreadable = {one.file for one in found if one.rule in ("xml", "json", "check-limit")}
    return read({name: one for name, one in bundle_of(files).items() if name not in unreadable}, Report())


@blueprint.post("/studio/<uuid:draft_id>/check")
@requires(right=RIGHT, ahead=draft_checked)
def check(draft_id: UUID) -> ResponseReturnValue:
    """``{findings: […]}`` as ``liaison check`` finds and groups them: kind by kind, errors first."""
    return jsonify(findings=shown(draft_id, *g.ahead))


def shown(draft_id: UUID, found: Sequence[DefinitionFinding], bundle: Bundle) -> list[dict[str, Any]]:
    """The findings as pages show them, kind by kind, errors first."""
    names = names_of(bundle)
    kinds = grouped(found, most=len(found))
    return [{**_told(draft_id, one, names), "kind": kind.name} for kind in kinds for one in kind.shown]


def names_of(bundle: Bundle) -> Mapping[str, str]:
    """Id of an element, name of a file → what people call it."""
    names: dict[str, str] = {}
    for process in bundle.processes.values():
        names[process.id] = names[process.file] = process.name or "未命名流程"
        names |= {flow: flow_titled(flow, process) for flow in process.flows}
        names |= {lane.id: f"泳道「{lane.name}」" for lane in process.lanes.values()}
        names |= {node.id: titled(node, process) for node in process.nodes.values()}
    for decision in bundle.decisions.values():
        names[decision.file] = f"规则表「{decision.name}」"
        names.setdefault(decision.id, names[decision.file])  # the step that asks it is often called alike
    for form in bundle.forms.values():
        title = form.schema.get("title") if isinstance(form.schema, dict) else None
        names[form.file] = f"表单「{title or form.name}」"
    return names


def file_in_words(names: Mapping[str, str], file: str) -> str:
    """A file of a draft as people call it: by what is drawn or asked in it, else by its sort."""
    if file in names:
        return names[file] if file.endswith((".dmn", ".json")) else f"流程图“{names[file]}”"
    form = file.replace(".ui.json", ".json")
    if form in names:
        return f"{names[form]}的排版"
    sort = "用例" if file.startswith("scenarios/") else "打印模板" if file.startswith("print/") else "文件"
    return f"{sort}“{file.rpartition('/')[2]}”"


def _told(draft_id: UUID, one: DefinitionFinding, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "file": one.file,
        "file_name": names.get(one.file, one.file),
        "line": one.line,
        "element": one.element,
        "place": names.get(one.file if one.file.endswith(".dmn") else one.element, ""),
        "rule": one.rule,
        "message": one.message,
        "severity": one.severity,
        "address": address_of(draft_id, one.file, one.line, one.element),
    }


def address_of(draft_id: UUID, file: str, line: int, element: str) -> str | None:
    """Where the studio opens a place of a draft's file; None for a file that no tab edits.

    An element of a diagram is found by its id, whatever else of a form or a table by its line.
    """
    tab = next((tab for tab in TABS if tab.edits(file)), None)
    if tab is None:
        return None
    return f"{url_for(tab.endpoint, draft_id=draft_id)}#{file}!{element if file.endswith('.bpmn') else line}"


def places_of(draft_id: UUID, bundle: Bundle) -> Mapping[tuple[str, str], str]:
    """(Process or table, id of an element or a rule in it) → where the studio opens it."""
    found: dict[tuple[str, str], str | None] = {}
    for process in bundle.processes.values():
        for node in process.nodes.values():
            found[process.id, node.id] = address_of(draft_id, process.file, node.line, node.id)
        for flow in process.flows.values():
            found[process.id, flow.id] = address_of(draft_id, process.file, flow.line, flow.id)
    for decision in bundle.decisions.values():
        for rule in decision.rules:
            found[decision.id, rule.id] = address_of(draft_id, decision.file, rule.line, rule.id)
    return {place: address for place, address in found.items() if address is not None}


def _revision() -> int:
    given = _TAG.fullmatch(request.headers.get("If-Match", "").strip())
    if given is None:
        raise Invalid("没有说明改的是哪一次的内容", [Finding("If-Match", "请刷新本页后再改")])
    return int(given[1])


def _meanwhile(error: drafts.OtherRevision) -> Response:
    theirs = error.theirs or (error.changes[0] if error.changes else None)
    said: dict[str, Any] = {"revision": error.revision, "same_file": error.theirs is not None}
    if theirs is not None:
        said |= {"by": Names(db()).learn([theirs.by]).person(theirs.by), "at": theirs.at.isoformat()}
    return problem(409, "conflict", "他人也改了", error.message, **said)
