"""New drafts of the studio: of a process that there is, of a new one from a template, from a zip; and the zips."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service import clock
from service.errors import Finding, Invalid
from service.http.context import actor, db, wired
from service.processes.definitions import find_latest, list_definitions
from service.rights import TALENT_OFFICE
from service.studio import drafts, packing, templates
from service.studio.reckoning import spelled
from service.web.access import requires
from service.web.answers import done, going_to, sent, text
from service.web.studio import RIGHT

blueprint = Blueprint("studio_new", __name__)

ZIP = "application/zip"
ENVELOPE = 10_000
"""Bytes that a browser puts around a file."""
COPY = "copy:"


@blueprint.post("/studio")
@requires(right=RIGHT)
def new_draft() -> ResponseReturnValue:
    """A draft of the newest version of a process."""
    fields = sent()
    made = drafts.create(
        db(), process=text(fields, "process"), title=text(fields, "title"), actor=actor(), now=clock.now()
    )
    return going_to(url_for("web.studio.draft", draft_id=made.id))


@blueprint.post("/studio/new")
@requires(right=RIGHT)
def new_process() -> ResponseReturnValue:
    """A draft of a new process: empty but runnable, or a copy of another one with ids of its own."""
    fields = sent()
    name, source = text(fields, "name"), text(fields, "source")
    key = _unused(name)
    if source.startswith(COPY):
        old = source.removeprefix(COPY)
        files = drafts.version_files(db(), drafts.version(db(), old, None))
        content = templates.copy(files, old, key, name)
    else:
        roles = wired().organization.roles
        role = roles.get(source) or roles[TALENT_OFFICE]
        content = templates.empty(key, name, role=role.id, role_name=role.name)
    made = drafts.create(db(), process=key, files=content, title=name, actor=actor(), now=clock.now())
    return going_to(url_for("web.studio.draft", draft_id=made.id))


@blueprint.post("/studio/import")
@requires(right=RIGHT, body=packing.LARGEST_ZIP + ENVELOPE)
def import_zip() -> ResponseReturnValue:
    """A draft of what a zip holds."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid("请选择要导入的压缩包（.zip）", [Finding("/file", "请选择要导入的压缩包（.zip）")])
    process, files = packing.unpacked(given.read())
    made = drafts.create(db(), process=process, files=files, actor=actor(), now=clock.now())
    return done("已导入为草稿，还没有生效。", url_for("web.studio.draft", draft_id=made.id))


@blueprint.get("/studio/<uuid:draft_id>.zip")
@requires(right=RIGHT)
def draft_zip(draft_id: UUID) -> ResponseReturnValue:
    """A draft's files as folders."""
    found = drafts.get(db(), draft_id, actor())
    return _zip(packing.packed(found.process, drafts.files(db(), found)), f"{found.process}.zip")


@blueprint.get("/studio/processes/<key>/<int:version>.zip")
@requires(right=RIGHT)
def version_zip(key: str, version: int) -> ResponseReturnValue:
    """A version's files as folders."""
    found = drafts.version(db(), key, version)
    return _zip(packing.packed(key, drafts.version_files(db(), found)), f"{key}-{version}.zip")


def _zip(content: bytes, name: str) -> Response:
    answer = Response(content, mimetype=ZIP)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _unused(name: str) -> str:
    """An id for a new process out of its name, that no process and no draft has."""
    base = spelled(name)
    taken = {one.key for one in list_definitions(db())} | {one.process for one in drafts.listed(db(), actor())}
    for number in range(1, 1000):
        end = "" if number == 1 else f"_{number}"
        key = f"{base[: 40 - len(end)].strip('_')}{end}"
        if key not in taken and find_latest(db(), key) is None:
            return key
    raise Invalid("名称相近的流程太多", [Finding("/name", "请换一个名称")])
