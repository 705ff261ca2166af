"""Publishing drafts: what changed, the next version, two people where two are needed, back to an earlier version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response
from flask.typing import ResponseReturnValue

from service import clock
from service.api.calls import Calls
from service.api.definitions import DefinitionItem
from service.api.drafts import RIGHT, DraftState, changed_meanwhile, read_revision, state
from service.api.errors import problem
from service.api.fields import Body, Choice, Count, Flag, Form, List, Nested, Problem, Query, Said, Schema, Text, Whole
from service.api.records import Row
from service.errors import Finding
from service.http.context import actor, db, settings, wired
from service.processes.options import frozen
from service.studio import drafts, house_prints, publishing
from service.studio.difference import ADDED, CHANGED, MOVED, REMOVED, Difference, compare
from service.studio.fields import LONGEST_NOTE
from service.usecases.holders import named_people
from service.usecases.panels import choices_of
from service.usecases.studio import back_to, house_of, publish_draft

calls = Calls("drafts", "Drafts of processes: change, compare, check, rehearse, publish", noun="publishing")

DEPLOY = publishing.DEPLOY


class ChangeItem(Schema):
    """An element that is other than before; ``where`` is its process, table or form.

    ``moved``: on the drawing alone.
    """

    kind = Choice(ADDED, REMOVED, CHANGED, MOVED, required=True)
    file = Said(required=True)
    where = Said(required=True)
    element = Said(required=True)
    lines = List(Said(), required=True)


class DifferenceView(Schema):
    """The difference from a version: ``lines`` in words, ``elements`` process → element → kind, for the drawing.

    ``sort``: ``same``, ``layout`` (only the drawing), or ``content``.
    """

    process = Said(required=True)
    base = Whole(required=True, allow_none=True)
    sort = Choice("same", "layout", "content", required=True)
    lines = List(Said(), required=True)
    changes = List(Nested(ChangeItem), required=True)
    elements = Form(required=True)


class Note(Body):
    """Why; needed but for whoever approves what another one proposed.

    ``consent``: also where the walk of the content was cut short, which else is refused (422 at ``/consent``).
    """

    note = Text(longest=LONGEST_NOTE, load_default="")
    consent = Flag(load_default=False)


class Published(Schema):
    """The outcome: a new ``version``, a new picture of the newest one (``layout``), new ``scenarios`` of it, or a
    proposal (``proposed``: 202, version null) that a second person publishes by the same call."""

    outcome = Choice("version", "layout", "scenarios", "proposed", required=True)
    version = Whole(required=True, allow_none=True)
    definition = Nested(DefinitionItem, required=True, allow_none=True)
    lines = List(Said(), required=True)


class Back(Note):
    """The number of the version whose content becomes the newest one."""

    version = Whole(low=1, high=2**31 - 1, required=True)


class Decisions(Body):
    """Of the files that both sides changed: which one stays, by name."""

    keep = Form(load_default=dict)


class Undecided(Problem):
    """409: files that both sides changed; say for each whether ``mine`` or ``theirs`` stays."""

    undecided = List(Said())


class WithVersion(Query):
    """The version to compare with; default: the newest."""

    version = Count(low=1, high=2**31 - 1)


class Between(Query):
    """The two versions."""

    before = Count(low=1, high=2**31 - 1, required=True)
    after = Count(low=1, high=2**31 - 1, required=True)


@calls.get("/drafts/<uuid:draft_id>/difference", answer=DifferenceView, query=WithVersion, right=RIGHT)
def draft_difference(query: dict[str, Any], draft_id: UUID) -> Mapping[str, Any]:
    """The changes of a draft, in words and by element."""
    draft = drafts.get(db(), draft_id, actor())
    after = frozen(drafts.files(db(), draft), wired().organization.lists)  # as it would be deployed today
    wanted = query.get("version")
    if wanted is None and draft.base_version is None:
        return _difference(draft.process, None, _compare({}, after))
    base = drafts.version(db(), draft.process, wanted)
    old, new = house_prints.since(db(), base, after)
    told = _compare({**drafts.version_files(db(), base), **old}, {**after, **new})
    return _difference(draft.process, base.version, told)


@calls.get("/definitions/<process>/difference", answer=DifferenceView, query=Between, right=RIGHT)
def version_difference(query: dict[str, Any], process: str) -> Mapping[str, Any]:
    """The changes between two versions of a process."""
    before, after = (drafts.version(db(), process, query[name]) for name in ("before", "after"))
    old, new = house_prints.between(db(), before, after)
    told = _compare({**drafts.version_files(db(), before), **old}, {**drafts.version_files(db(), after), **new})
    return _difference(process, before.version, told)


@calls.post(
    "/drafts/<uuid:draft_id>/deploy",
    answer=Published,
    status=201,
    also={202: Published},
    body=Note,
    right=DEPLOY,
    apart=True,
)
def deploy_draft(body: dict[str, Any], draft_id: UUID) -> tuple[Mapping[str, Any], int]:
    """Checks a draft with its scenarios and publishes it; where two are needed, proposes it to the second one."""
    house = house_of(settings(), wired().organization)
    made = publish_draft(wired().database, house, draft_id, note=body["note"], consent=body["consent"], **_who())
    return _published(made)


@calls.post("/drafts/<uuid:draft_id>/recall", answer=DraftState, right=DEPLOY)
def recall_draft(_body: dict[str, Any], draft_id: UUID) -> Row:
    """Takes a proposal back, or turns it down."""
    return state(publishing.recall(db(), draft_id=draft_id, actor=actor(), now=clock.now()))


@calls.post("/drafts/<uuid:draft_id>/rebase", answer=DraftState, body=Decisions, also={409: Undecided}, right=RIGHT)
def rebase_draft(body: dict[str, Any], draft_id: UUID) -> ResponseReturnValue | Row:
    """Lets a draft stand on the newest version, file by file; ``If-Match`` names the revision that was read."""
    mine = {str(name): value != "theirs" for name, value in body["keep"].items()}
    try:
        draft, undecided = publishing.rebase(
            db(), draft_id=draft_id, keep_mine=mine, revision=read_revision(), actor=actor(), now=clock.now()
        )
    except drafts.OtherRevision as error:
        return changed_meanwhile(error)
    return _undecided(undecided) if undecided else state(draft)


@calls.post(
    "/definitions/<process>/back",
    answer=Published,
    status=201,
    also={202: Published},
    body=Back,
    right=DEPLOY,
    apart=True,
)
def back(body: dict[str, Any], process: str) -> tuple[Mapping[str, Any], int]:
    """Makes the content of an earlier version the newest version."""
    house = house_of(settings(), wired().organization)
    said = {"note": body["note"], "consent": body["consent"], **_who()}
    made = back_to(wired().database, house, process, body["version"], **said)
    return _published(made)


def _who() -> dict[str, Any]:
    return {"actor": actor(), "now": clock.now()}


def _published(made: publishing.Release) -> tuple[Mapping[str, Any], int]:
    definition = made.definition
    shown = {
        "outcome": made.outcome,
        "version": definition.version if definition is not None else None,
        "definition": Row(definition, newest=True) if definition is not None else None,
        "lines": made.difference.lines,
    }
    return shown, 201 if definition is not None else 202


def _undecided(names: list[str]) -> Response:
    findings = [Finding(name, "现行版本和草稿都改了这个文件，请选择保留哪一份") for name in names]
    message = "有的文件现行版本和草稿都改过：请在 keep 中逐个写明 mine（保留草稿的）或 theirs（采用现行版本的）"
    return problem(409, message, findings, more={"undecided": names})


def _compare(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Difference:
    people = named_people(db(), before, after)
    return compare(before, after, choices_of(settings(), wired().organization, people))


def _difference(process: str, base: int | None, told: Difference) -> Mapping[str, Any]:
    return {
        "process": process,
        "base": base,
        "sort": told.sort,
        "lines": told.lines,
        "changes": told.changes,
        "elements": told.elements,
    }
