"""The tab 用例: the scenarios of a draft, how each goes, and what of the drawing none of them passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, g, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.http.context import actor, db, settings, wired
from service.rehearsal.scenarios import KINDS, Coverage, Part
from service.studio import drafts
from service.studio.checking import Checked, checked
from service.studio.deleted import bring_back, deleted
from service.studio.names import SCENARIOS, bundle_of, scenarios_of
from service.usecases.names import Names
from service.usecases.studio import house_of, knowing, read_draft
from service.web import diagrams
from service.web.access import requires
from service.web.answers import done
from service.web.studio import RIGHT, tab_page
from service.web.studio_files import places_of, readable

blueprint = Blueprint("studio_scenarios", __name__)

ENDPOINT = "web.studio_scenarios.page"


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of a kind of parts the scenarios pass, and which parts they miss."""

    name: str
    passed: int
    all: int
    missed: tuple[Part, ...]


def _run(draft_id: UUID) -> Checked:
    """Runs the scenarios, with no transaction open."""
    found = read_draft(wired().database, draft_id, g.actor)
    house = knowing(house_of(settings(), wired().organization), found.people)
    return checked(found.files, key=found.process, house=house, calendar=found.calendar, base=found.base)


@blueprint.get("/studio/<uuid:draft_id>/scenarios")
@requires(right=RIGHT, ahead=_run)
def page(draft_id: UUID) -> ResponseReturnValue:
    """Each scenario with its result, and the drawing with what they pass."""
    found: Checked = g.ahead
    draft = drafts.get(db(), draft_id, actor())
    files, gone = drafts.files(db(), draft), deleted(db(), draft, SCENARIOS)
    drawn = diagrams.pictures(bundle_of(files), draft.process)
    covered = [] if found.covered is None else _covered(found.covered)
    if found.covered is not None:
        _mark(drawn, found.covered)
    return tab_page(
        "studio/scenarios.html",
        draft,
        ENDPOINT,
        errors=[one for one in found.verdict.findings if one.severity == "error"],
        outcomes=found.outcomes,
        sources={name: content.decode("utf-8", "replace") for name, content in scenarios_of(files).items()},
        deleted=gone,
        names=Names(db()).learn([one.changed_by for one in gone]),
        covered=covered,
        places=places_of(draft_id, readable(files)),
        drawn=drawn,
        drawing=diagrams.island(drawn),
    )


def _covered(found: Coverage) -> list[Covered]:
    return [
        Covered(name, *found.count(kind), tuple(one for one in found.missed if one.kind == kind))
        for kind, name in KINDS.items()
        if found.count(kind)[1]
    ]


def _mark(drawn: list[diagrams.Picture], found: Coverage) -> None:
    """Marks in each drawing the steps and flows that a scenario passes."""
    by_id: Mapping[str, Any] = {picture.id: picture for picture in drawn}
    for part in found.passed:
        if part.where in by_id:
            by_id[part.where].done.append(part.id)


@blueprint.post("/studio/<uuid:draft_id>/scenarios/<path:name>/delete")
@requires(right=RIGHT)
def delete(draft_id: UUID, name: str) -> ResponseReturnValue:
    """Takes a scenario out of the draft."""
    draft = drafts.get(db(), draft_id, actor())
    drafts.delete_file(db(), draft_id=draft_id, name=name, revision=draft.revision, actor=actor(), now=clock.now())
    return done("用例已删去；可以在本页下方恢复。", url_for(ENDPOINT, draft_id=draft_id))


@blueprint.post("/studio/<uuid:draft_id>/scenarios/<path:name>/restore")
@requires(right=RIGHT)
def restore(draft_id: UUID, name: str) -> ResponseReturnValue:
    """Brings a deleted scenario back."""
    bring_back(db(), draft_id=draft_id, name=name, actor=actor(), now=clock.now())
    return done("用例已恢复。", url_for(ENDPOINT, draft_id=draft_id))
