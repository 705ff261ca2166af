"""Drafts of processes: files saved while people type, compared, checked, published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue

from service import clock
from service.api.calls import Calls
from service.api.errors import problem
from service.api.fields import Body, Flag, Id, List, Moment, Nested, Problem, Query, Said, Schema, Text, Whole
from service.api.records import Row, whole
from service.api.shapes import page_of
from service.errors import Finding, Invalid
from service.http.context import actor, db, wired
from service.http.files import download
from service.rights import TALENT_OFFICE
from service.studio import drafts
from service.studio.fields import MOST_FILE_BYTES
from service.studio.models import Draft

calls = Calls("drafts", "Drafts of processes: change, compare, check, rehearse, publish")

RIGHT = drafts.EDIT
_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')
OTHER = "application/octet-stream"


class DraftItem(Schema):
    """A draft of a process. ``base_version`` is null for a process that there is not yet."""

    id = Id(required=True)
    process = Said(required=True)
    title = Said(required=True)
    base_version = Whole(required=True, allow_none=True)
    revision = Whole(required=True)
    author = Said(required=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)
    updated_by = Said(required=True)
    discarded_at = Moment(required=True, allow_none=True)
    published_at = Moment(required=True, allow_none=True)
    published_version = Whole(required=True, allow_none=True)
    proposed_by = Said(required=True, allow_none=True)
    proposed_at = Moment(required=True, allow_none=True)
    proposed_note = Said(required=True, allow_none=True)


class DraftFileItem(Schema):
    """A file of a draft: its SHA-256, size in bytes, and who changed it last in this draft, as which revision."""

    name = Said(required=True)
    digest = Said(required=True)
    size = Whole(required=True)
    revision = Whole(required=True)
    changed_by = Said(required=True)
    changed_at = Moment(required=True)


class DraftState(DraftItem):
    """A draft with its files."""

    files = List(Nested(DraftFileItem), required=True)


class NewDraft(Body):
    """``process``: the process to change; with a ``template`` the id of a new one, called ``name``.

    ``template`` is ``empty`` (whose one step is for ``role``), or the process whose newest version is copied.
    """

    process = Text(longest=64, required=True)
    title = Text(longest=200, load_default="")
    template = Text(longest=64, load_default="")
    name = Text(longest=200, load_default="")
    role = Text(longest=64, load_default=TALENT_OFFICE)


class DraftQuery(Query):
    """The drafts of one process; ``discarded``: those that can be brought back instead of the open ones."""

    process = Text(longest=64)
    discarded = Flag(load_default=False)


class Revision(Schema):
    """The revision of the draft after the change; the next change names it in ``If-Match``."""

    revision = Whole(required=True)


class OthersChange(Schema):
    """A file that somebody changed after the revision that was read; ``content`` is null where it was deleted."""

    name = Said(required=True)
    by = Said(required=True)
    at = Moment(required=True)
    revision = Whole(required=True)


class Theirs(OthersChange):
    """The same file as the other person saved it; ``content`` is null where it was deleted or is no text."""

    deleted = Flag(required=True)
    content = Said(required=True, allow_none=True)


class OtherRevision(Problem):
    """409: whose changes came between. Save with ``revision`` to keep one's own, or take ``theirs``."""

    revision = Whole()
    changes = List(Nested(OthersChange))
    theirs = Nested(Theirs, allow_none=True)


@calls.get("/drafts", answer=page_of(DraftItem, "Drafts"), query=DraftQuery, right=RIGHT)
def draft_list(query: dict[str, Any]) -> Mapping[str, Any]:
    """The drafts of everybody, the newest first."""
    return whole(drafts.listed(db(), actor(), process=query.get("process"), discarded=query["discarded"]))


@calls.post("/drafts", answer=DraftState, status=201, body=NewDraft, right=RIGHT)
def make_draft(body: dict[str, Any]) -> Row:
    """Makes a draft of the newest version of a process, or of a new process from a template."""
    process, template = body["process"], body["template"]
    if not template:
        return state(drafts.create(db(), process=process, title=body["title"], actor=actor(), now=clock.now()))
    roles = {role.id: role.name for role in wired().organization.roles.values()}
    made = drafts.create_new(
        db(),
        process=process,
        name=body["name"],
        template=template,
        role=body["role"],
        roles=roles,
        actor=actor(),
        now=clock.now(),
    )
    return state(made)


@calls.get("/drafts/<uuid:draft_id>", answer=DraftState, right=RIGHT)
def draft(draft_id: UUID) -> Row:
    """A draft with the list of its files."""
    return state(drafts.get(db(), draft_id, actor()))


@calls.delete("/drafts/<uuid:draft_id>", answer=DraftItem, right=RIGHT)
def discard_draft(draft_id: UUID) -> Draft:
    """Discards a draft; within 30 days it can be brought back."""
    return drafts.discard(db(), draft_id=draft_id, actor=actor(), now=clock.now())


@calls.post("/drafts/<uuid:draft_id>/restore", answer=DraftState, right=RIGHT)
def restore_draft(_body: dict[str, Any], draft_id: UUID) -> Row:
    """Brings a discarded draft back."""
    return state(drafts.restore(db(), draft_id=draft_id, actor=actor(), now=clock.now()))


@calls.file("/drafts/<uuid:draft_id>/files/<path:name>", media_types=(OTHER,), right=RIGHT)
def draft_file(draft_id: UUID, name: str) -> Response:
    """A file of a draft; ``ETag`` is the draft's revision."""
    found = drafts.get(db(), draft_id, actor())
    answer = download(drafts.file(db(), found, name), OTHER, PurePosixPath(name).name)
    answer.headers["ETag"] = f'"{found.revision}"'
    return answer


@calls.put(
    "/drafts/<uuid:draft_id>/files/<path:name>",
    answer=Revision,
    size=MOST_FILE_BYTES + 1,
    also={409: OtherRevision},
    right=RIGHT,
)
def save_draft_file(draft_id: UUID, name: str) -> ResponseReturnValue | Mapping[str, Any]:
    """Saves a file; ``If-Match`` names the revision that was read, and is needed."""
    try:
        revision = drafts.put(
            db(),
            draft_id=draft_id,
            name=name,
            content=request.get_data(),
            revision=read_revision(),
            actor=actor(),
            now=clock.now(),
        )
    except drafts.OtherRevision as error:
        return changed_meanwhile(error)
    return {"revision": revision}


@calls.delete("/drafts/<uuid:draft_id>/files/<path:name>", answer=Revision, also={409: OtherRevision}, right=RIGHT)
def delete_draft_file(draft_id: UUID, name: str) -> ResponseReturnValue | Mapping[str, Any]:
    """Takes a file out of a draft; ``If-Match`` names the revision that was read, and is needed."""
    try:
        revision = drafts.delete_file(
            db(), draft_id=draft_id, name=name, revision=read_revision(), actor=actor(), now=clock.now()
        )
    except drafts.OtherRevision as error:
        return changed_meanwhile(error)
    return {"revision": revision}


def state(found: Draft) -> Row:
    """A draft with its files, as an answer."""
    return Row(found, files=drafts.states(db(), found))


def read_revision() -> int:
    """The revision that the caller read, in ``If-Match``. Raises Invalid without one."""
    given = _TAG.fullmatch(request.headers.get("If-Match", "").strip())
    if given is None:
        message = "请写明读取草稿时的修订号，例如 If-Match: 3"
        raise Invalid("缺少修订号", [Finding("If-Match", message)])
    return int(given[1])


def changed_meanwhile(error: drafts.OtherRevision) -> Response:
    """409 with whose changes came between, and the other's content of the same file."""
    more: dict[str, Any] = {
        "revision": error.revision,
        "changes": OthersChange(many=True).dump(error.changes),
        "theirs": None,
    }
    if error.theirs is not None:
        content = error.theirs.content
        more["theirs"] = Theirs().dump(Row(error.theirs, deleted=content is None, content=_text(content)))
    return problem(409, error.message, error.findings, more=more)


def _text(content: bytes | None) -> str | None:
    try:
        return content.decode() if content is not None else None
    except UnicodeDecodeError:
        return None
