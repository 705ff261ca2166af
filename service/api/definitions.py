"""Definitions: the versions of each process, and deploying a new one after all checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import UnsupportedMediaType

from service import clock
from service.api.calls import Calls
from service.api.errors import problem
from service.api.fields import Choice, Flag, List, Moment, Nested, Problem, Said, Schema, Whole
from service.api.records import Row, whole
from service.api.shapes import page_of
from service.checks import DefinitionFinding
from service.checks.bundle import read
from service.checks.confined import check_confined
from service.checks.findings import Report
from service.checks.gate import passed, place, refusal
from service.checks.graph import entries
from service.checks.kinds import grouped
from service.errors import Finding, Invalid
from service.http.context import actor, db, settings, wired
from service.processes.bundles import CheckedBundle
from service.processes.definitions import list_definitions, newest_files
from service.spelling import tidy
from service.studio.fields import LONGEST_NOTE
from service.studio.publishing import SAME, release
from service.usecases import check_context
from service.usecases.holders import known_people, named_people
from service.usecases.panels import choices_of

calls = Calls("definitions", "Definitions of processes: versions and deployment")

FOLDERS = {".bpmn": "bpmn", ".dmn": "bpmn"}
"""Where a file stands in a bundle, if its name does not say; all other kinds belong to the forms."""

UPLOAD = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
            "description": "all files of the process: *.bpmn, *.dmn, forms *.json and *.ui.json, print templates",
        },
        "process": {"type": "string", "description": "id of the process; default: the one that no other calls"},
        "note": {"type": "string", "description": "why; stands with the version"},
        "dry_run": {"type": "boolean", "default": False, "description": "check only, deploy nothing"},
    },
}


class DefinitionItem(Schema):
    """Version ``version`` of the process ``key``; ``digest`` is the SHA-256 of its content.

    ``approved_by`` is the second person, where one was needed; ``restores`` the earlier version whose content it is
    once more. ``walk``: how its content stood with the walk when it was published from a draft: ``clean``, ``cut`` (it
    was cut short, and who published consented), ``faulty``, ``none``, ``stale``, ``failed`` or ``under_way``.
    """

    key = Said(required=True)
    version = Whole(required=True)
    name = Said(required=True)
    digest = Said(required=True)
    deployed_at = Moment(required=True)
    deployed_by = Said(required=True)
    note = Said(required=True, allow_none=True)
    approved_by = Said(required=True, allow_none=True)
    restores = Whole(required=True, allow_none=True)
    walk = Said(required=True, allow_none=True)
    newest = Flag(required=True)


class FindingItem(Schema):
    """A finding of a deployment check about one place."""

    file = Said(required=True)
    line = Whole(required=True)
    element = Said(required=True)
    rule = Said(required=True)
    message = Said(required=True)
    severity = Choice("error", "warning", required=True)


class GroupItem(Schema):
    """The findings of one rule and severity: its name for people, and how many there are."""

    rule = Said(required=True)
    name = Said(required=True)
    severity = Choice("error", "warning", required=True)
    total = Whole(required=True)


class Deployed(Schema):
    """The deployed version (null for a dry run), and the warnings that the checks found.

    ``groups`` counts the findings by kind.
    """

    dry_run = Flag(required=True)
    definition = Nested(DefinitionItem, required=True, allow_none=True)
    findings = List(Nested(FindingItem), required=True)
    groups = List(Nested(GroupItem), required=True)


class DefinitionProblem(Problem):
    """A refused definition: ``findings`` has every error and warning with its place, ``groups`` counts them by kind.

    Errors are before warnings in ``groups``.
    """

    findings = List(Nested(FindingItem))
    groups = List(Nested(GroupItem))


@calls.get("/definitions", answer=page_of(DefinitionItem, "Definitions"), right="view_definitions")
def definitions() -> Mapping[str, Any]:
    """The deployed versions."""
    rows = list_definitions(db())
    newest = {row.key: max(one.version for one in rows if one.key == row.key) for row in rows}
    return whole([Row(row, newest=row.version == newest[row.key]) for row in rows])


@dataclass(frozen=True, slots=True)
class _Checked:
    """The checks' findings on an upload, and the bundle where it is to be deployed and may be."""

    found: Sequence[DefinitionFinding]
    bundle: CheckedBundle | None = None
    note: str = ""


def _checked() -> _Checked:
    """Reads and checks the upload, with no transaction open: a hostile one takes what time it may have."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    dry_run, process, files = _dry_run(), request.form.get("process") or None, _files()
    context = replace(check_context(settings(), wired().organization), key=process)
    with wired().database.reading() as session:
        context = replace(context, people=known_people(named_people(session, files)))
    found = check_confined(files, context=replace(context, base=_newest(process)))
    if process is None and all(finding.severity != "error" for finding in found):  # now the files may be read
        tops = _tops(files)
        if base := _newest(tops[0] if len(tops) == 1 else None):
            found = check_confined(files, context=replace(context, base=base))
    if dry_run or any(finding.severity == "error" for finding in found):
        return _Checked(found)
    bundle = passed(files, found, key=process or _key(files), context=context)
    return _Checked(found, bundle, tidy(request.form.get("note", ""))[:LONGEST_NOTE])


@calls.post(
    "/definitions",
    answer=Deployed,
    status=201,
    also={200: Deployed, 422: DefinitionProblem},
    upload=UPLOAD,
    right="deploy_definitions",
    first=_checked,
)
def deploy_definition(prepared: _Checked) -> ResponseReturnValue | tuple[Mapping[str, Any], int]:
    """Checks the files and deploys them as the next version of their process.

    201: deployed, or a new picture of the newest version where only the layout changed; 200: a dry run that found no
    error, or what the newest version says already; 422 with all findings: refused, nothing was changed.
    """
    if any(finding.severity == "error" for finding in prepared.found):
        return _refused(prepared.found)
    findings = prepared.found
    if prepared.bundle is None:
        return {"dry_run": True, "definition": None, "findings": findings, "groups": grouped(findings)}, 200
    words = choices_of(settings(), wired().organization)
    made = release(db(), prepared.bundle, note=prepared.note, words=words, actor=actor(), now=clock.now())
    status = 200 if made.outcome == SAME else 201
    told = {"findings": findings, "groups": grouped(findings)}
    return {"dry_run": False, "definition": Row(made.definition, newest=True), **told}, status


def _newest(process: str | None) -> Mapping[str, bytes] | None:
    """The files that an upload is to follow."""
    if process is None:
        return None
    with wired().database.reading() as session:
        return newest_files(session, process) or None


def _dry_run() -> bool:
    if unknown := sorted(set(request.form) - {"dry_run", "process", "note"}):
        raise Invalid("有未知的字段", [Finding(f"/{name}", "没有这个字段，请删去") for name in unknown])
    given = request.form.get("dry_run", "false").lower()
    if given not in ("", "true", "false", "1", "0"):
        raise Invalid("请求有 1 处需要修改", [Finding("/dry_run", "应为 true 或 false")])
    return given in ("true", "1")


def _files() -> dict[str, bytes]:
    """Bundle name → content of the uploaded files, whatever their parts are called."""
    files: dict[str, bytes] = {}
    for _, file in request.files.items(multi=True):  # noqa: PERF102 - values() has only one a part's name
        name = _bundle_name(file.filename or "")
        if name in files:
            raise Invalid("同一个文件上传了两次", [Finding(name, "同名文件只能有一个")])
        files[name] = file.stream.read()
        file.stream.seek(0)  # who looks at the request after us finds it as it came
    if not files:
        raise Invalid("没有收到流程文件", [Finding("/files", "请以 multipart/form-data 上传流程图和表单文件")])
    return files


def _bundle_name(given: str) -> str:
    """A name of the bundle (``bpmn/request.bpmn``) from that of an uploaded file; a wrong one the checks refuse."""
    path = PurePosixPath(given.replace("\\", "/"))
    folder = path.parent.name
    if folder not in ("bpmn", "forms", "print"):
        folder = FOLDERS.get(path.suffix, "forms")
    return f"{folder}/{path.name}"


def _tops(files: Mapping[str, bytes]) -> list[str]:
    """The processes that no other calls; the checks have made sure that the files can be read."""
    return sorted(top.id for top in entries(read(files, Report())))


def _key(files: Mapping[str, bytes]) -> str:
    """The one process that no other calls. Raises Invalid."""
    tops = _tops(files)
    if len(tops) != 1:
        raise Invalid("请指明要部署的流程", [Finding("/process", f"文件中有多个可发起的流程：{'、'.join(tops)}")])
    return tops[0]


def _refused(found: Sequence[DefinitionFinding]) -> Response:
    errors = [finding for finding in found if finding.severity == "error"]
    return problem(
        422,
        refusal(errors),
        [Finding(place(one), one.message) for one in errors],
        more={"findings": FindingItem(many=True).dump(found), "groups": GroupItem(many=True).dump(grouped(found))},
    )
