"""The tab 走查: every way through a draft walked by the worker; what it found, each with the shortest way there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from service import clock, jobs
from service.http.context import actor, db, wired
from service.studio import drafts
from service.studio.models import Draft
from service.studio.names import bundle_of
from service.usecases.walks import CONTENT, content_of, last, submit
from service.web import diagrams
from service.web.access import requires
from service.web.answers import going_to
from service.web.studio import RIGHT, tab_page
from service.web.studio_files import address_of, names_of, places_of, readable

blueprint = Blueprint("studio_proof", __name__)

ENDPOINT = "web.studio_proof.page"


@blueprint.get("/studio/<uuid:draft_id>/proof")
@requires(right=RIGHT)
def page(draft_id: UUID) -> ResponseReturnValue:
    """The last walk: how far it is, or what it found."""
    draft = drafts.get(db(), draft_id, actor())
    files = drafts.files(db(), draft)
    found = last(db(), draft_id)
    drawn = diagrams.pictures(bundle_of(files), draft.process)
    result = found.result if found is not None and found.status == jobs.DONE else None
    bundle = readable(files)
    names = names_of(bundle)
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
        under_way=found is not None and found.status in (jobs.QUEUED, jobs.RUNNING),
        stale=result is not None and result.get(CONTENT) != _content(files),
        told=[] if result is None else [_told(draft, one, names) for one in (*result["faults"], *result["warnings"])],
        missed=[] if result is None else _missed(result, names, places_of(draft_id, bundle)),
        drawn=drawn,
        drawing=diagrams.island(drawn),
    )


@blueprint.post("/studio/<uuid:draft_id>/proof")
@requires(right=RIGHT)
def walk(draft_id: UUID) -> ResponseReturnValue:
    """Has the draft walked."""
    content = _content(drafts.files(db(), drafts.get(db(), draft_id, actor())))
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


def _missed(
    result: Mapping[str, Any], names: Mapping[str, str], places: Mapping[tuple[str, str], str]
) -> list[tuple[str, str]]:
    """(name, address) of what no way passes."""
    found = ((process, element) for process, element in result["missed"] if names.get(element))
    return [(names[element], places.get((process, element), "")) for process, element in found]
