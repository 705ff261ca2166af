"""Drafts as files: the folders as a zip, ways through a draft in words, and how many cases are open on what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response

from service import clock
from service.api.calls import Calls
from service.api.drafts import RIGHT, DraftState, state
from service.api.fields import Choice, Count, Flag, List, Nested, Query, Said, Schema, Whole
from service.api.records import RecordHistory, Row, journal, journal_of, whole
from service.api.shapes import page_of
from service.api.uploads import ENVELOPE, one_file, uploaded
from service.errors import NotFound
from service.history import stream_events
from service.http.context import actor, db, settings, wired
from service.http.files import download
from service.processes.definitions import stream_of
from service.processes.tallies import open_tallies
from service.studio import drafts, packing
from service.studio.fields import SAVED
from service.studio.ways import BACK, CHOICE, CLOCK, END, SERVICE, STEP, ProcessWays, ways
from service.usecases.panels import choices_of

calls = Calls("drafts", "Drafts of processes: change, compare, check, rehearse, publish", noun="draft_files")

ZIP = "application/zip"


class WayStepItem(Schema):
    """A line of a way, and the element that it is about."""

    kind = Choice(STEP, SERVICE, CHOICE, CLOCK, BACK, END, required=True)
    element = Said(required=True)
    text = Said(required=True)


class WaysItem(Schema):
    """The ways of one process; ``beside`` begin at a clock beside a step that goes on.

    ``bounded``: there are more than are listed.
    """

    process = Said(required=True)
    name = Said(required=True)
    ways = List(List(Nested(WayStepItem)), required=True)
    beside = List(List(Nested(WayStepItem)), required=True)
    bounded = Flag(required=True)


class OpenStepItem(Schema):
    """How many tasks of a step, by its name, are open."""

    name = Said(required=True)
    count = Whole(required=True)


class OpenCasesItem(Schema):
    """How many cases of a version are open, and at which steps: counts alone."""

    process = Said(required=True)
    version = Whole(required=True)
    cases = Whole(required=True)
    steps = List(Nested(OpenStepItem), required=True)


class OfVersion(Query):
    """The version; default: the newest."""

    version = Count(low=1, high=2**31 - 1)


Ways = page_of(WaysItem, "Ways")


@calls.file("/drafts/<uuid:draft_id>/zip", media_types=(ZIP,), right=RIGHT)
def draft_zip(draft_id: UUID) -> Response:
    """The folders ``bpmn/<process>`` and ``forms/<process>`` of a draft, scenarios and print templates included."""
    found = drafts.get(db(), draft_id, actor())
    content = packing.packed(found.process, drafts.files(db(), found))
    return download(content, ZIP, f"{found.process}.zip")


@calls.file("/definitions/<process>/versions/<version>/zip", media_types=(ZIP,), right=RIGHT)
def version_zip(process: str, version: str) -> Response:
    """The same folders of a version."""
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise NotFound(f"流程 {process} 没有第 {version[:20]} 版")
    definition = drafts.version(db(), process, int(version))
    content = packing.packed(process, drafts.version_files(db(), definition))
    return download(content, ZIP, f"{process}-{version}.zip")


@calls.post(
    "/drafts/import",
    answer=DraftState,
    status=201,
    upload=one_file("file", "a zip of the folders bpmn/<process> and forms/<process>"),
    size=packing.LARGEST_ZIP + ENVELOPE,
    right=RIGHT,
)
def import_draft() -> Row:
    """Makes a draft of the folders in a zip: of a process that there is, or of a new one."""
    _, content = uploaded("file", "请选择要导入的压缩包（.zip）")
    process, files = packing.unpacked(content)
    return state(drafts.create(db(), process=process, files=files, actor=actor(), now=clock.now()))


@calls.get("/drafts/<uuid:draft_id>/ways", answer=Ways, right=RIGHT)
def draft_ways(draft_id: UUID) -> Mapping[str, Any]:
    """Every path through a draft's diagrams, as lists of steps in words."""
    found = drafts.get(db(), draft_id, actor())
    return _ways(drafts.files(db(), found), found.process)


@calls.get("/definitions/<process>/ways", answer=Ways, query=OfVersion, right=RIGHT)
def version_ways(query: dict[str, Any], process: str) -> Mapping[str, Any]:
    """Every path through a version's diagrams, as lists of steps in words."""
    definition = drafts.version(db(), process, query.get("version"))
    return _ways(drafts.version_files(db(), definition), process)


@calls.get("/drafts/<uuid:draft_id>/history", answer=RecordHistory, right=RIGHT)
def draft_history(draft_id: UUID) -> Mapping[str, Any]:
    """The journal of a draft: who made, proposed, published or discarded it; not each save of a file."""
    events = stream_events(db(), drafts.stream_of(drafts.get(db(), draft_id, actor()).id))
    return journal((event, event.data) for event in events if event.kind != SAVED)


@calls.get("/definitions/<process>/history", answer=RecordHistory, right=RIGHT)
def process_history(process: str) -> Mapping[str, Any]:
    """The journal of a process: every version and picture, by whom, why, and what changed in words."""
    return journal_of(stream_of(drafts.version(db(), process, None).key))


@calls.get("/definitions/open", answer=page_of(OpenCasesItem, "OpenCases"), right=RIGHT)
def open_cases() -> Mapping[str, Any]:
    """How many cases are open per version and step; no case's content."""
    rows = [
        {
            "process": process,
            "version": version,
            "cases": tally.cases,
            "steps": [{"name": name, "count": count} for name, count in tally.steps.items()],
        }
        for (process, version), tally in sorted(open_tallies(db()).items())
    ]
    return whole(rows)


def _ways(files: Mapping[str, bytes], process: str) -> Mapping[str, Any]:
    return _listed(ways(files, process, choices_of(settings(), wired().organization)))


def _listed(found: list[ProcessWays]) -> Mapping[str, Any]:
    return whole(found)
