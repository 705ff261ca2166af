"""The tab 走查: every way through a draft walked by the worker; what it found, each with the shortest way there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.checks.bundle import Bundle
from service.checks.model import ProcessModel
from service.errors import Invalid
from service.http.context import actor, db, wired
from service.processes.rules import one_line
from service.studio import drafts
from service.studio.checking import as_findings
from service.studio.models import Draft
from service.studio.names import bundle_of
from service.usecases.walks import CONTENT, content_of, last, submit
from service.web import diagrams
from service.web.access import requires
from service.web.answers import going_to
from service.web.studio import RIGHT, tab_page
from service.web.studio_files import address_of, draft_checked, names_of, places_of, readable, shown

blueprint = Blueprint("studio_proof", __name__)

ENDPOINT = "web.studio_proof.page"


@blueprint.get("/studio/<uuid:draft_id>/proof")
@requires(right=RIGHT, ahead=draft_checked)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The last walk: how far it is, or what it found."""
    draft = drafts.get(db(), draft_id, actor())
    files = drafts.files(db(), draft)
    found = last(db(), draft_id)
    drawn = diagrams.pictures(bundle_of(files), draft.process)
    result = found.result if found is not None and found.status == jobs.DONE else None
    bundle = readable(files)
    names = names_of(bundle)
    under_way = found is not None and found.status in (jobs.QUEUED, jobs.RUNNING)
    if result is not None:
        by_id = {picture.id: picture for picture in drawn}
        for process, element in result["passed"]:
            if process in by_id:
                by_id[process].done.append(element)
    return tab_page(
        "studio/proof.html",
        draft,
        ENDPOINT,
        job=found,
        result=result,
        under_way=under_way,
        waited=round((clock.now() - found.made_at).total_seconds()) if found is not None and under_way else 0,
        errors=[one for one in shown(draft_id, *g.ahead) if one["severity"] == "error"] if draft.is_open else [],
        stale=result is not None and result.get(CONTENT) != _content(files),
        told=[] if result is None else [_told(draft, one, names) for one in (*result["faults"], *result["warnings"])],
        missed=[] if result is None else _missed(result, bundle, places_of(draft_id, bundle)),
        places=0 if result is None else len(result["passed"]),
        drawn=drawn,
        drawing=diagrams.island(drawn),
    )


@blueprint.post("/studio/<uuid:draft_id>/proof")
@requires(right=RIGHT, ahead=draft_checked)
def walk(draft_id: UUID) -> ResponseReturnValue:
    """Has the draft walked. Raises Invalid where the check finds errors."""
    content = _content(drafts.files(db(), drafts.get(db(), draft_id, actor())))
    if wrong := as_findings(g.ahead[0]):
        raise Invalid(f"没有开始走查：流程检查有 {len(wrong)} 处错误，请先按说明改好", wrong)
    submit(db(), draft_id=draft_id, content=content, actor=actor(), now=clock.now())
    return going_to(url_for(ENDPOINT, draft_id=draft_id))


@blueprint.post("/studio/<uuid:draft_id>/proof/cancel")
@requires(right=RIGHT)
def cancel(draft_id: UUID) -> ResponseReturnValue:
    """Ends the walk that is under way."""
    drafts.get(db(), draft_id, actor())
    found = last(db(), draft_id)
    if found is not None:
        jobs.cancel(db(), job_id=found.id, actor=actor(), now=clock.now())
    return going_to(url_for(ENDPOINT, draft_id=draft_id))


def _content(files: Mapping[str, bytes]) -> str:
    return content_of(files, wired().organization.lists)


def _told(draft: Draft, one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    address = address_of(draft.id, one["file"], one["line"], one["element"])
    return {**one, "place": names.get(one["element"], ""), "address": address}


def _missed(result: Mapping[str, Any], bundle: Bundle, places: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """(in words, address) of the places to which the walk did not come: also of those without a name on the drawing."""
    processes = bundle.processes
    return [
        (place_in_words(processes[process], element), places.get((process, element), ""))
        for process, element in result["missed"]
        if process in processes
    ]


def place_in_words(process: ProcessModel, element: str) -> str:
    """A node or a flow by its name; a flow without one by its ends, a node without one by its sort and neighbours."""
    if (flow := process.flows.get(element)) is not None:
        ends = "到".join(place_in_words(process, one) for one in (flow.source, flow.target))
        return f"连线「{one_line(flow.name)}」" if flow.name else f"从{ends}的连线"
    node = process.nodes.get(element)
    if node is not None and node.name:
        return f"「{one_line(node.name)}」"
    before = [one.name for one in process.nodes.values() if one.name and _leads(process, one.id, element)]
    return f"「{one_line(before[0])}」之后没有名称的图形" if before else "没有名称的图形"


def _leads(process: ProcessModel, source: str, target: str) -> bool:
    return any((flow.source, flow.target) == (source, target) for flow in process.flows.values())
