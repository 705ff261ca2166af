"""Excel imports: upload, progress and findings, confirming, giving up. The worker does the work in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from service import clock, exchange
from service.api.calls import Calls
from service.api.fields import Body, Choice, Flag, Id, List, Moment, Nested, Said, Schema, Whole
from service.api.records import Pages, paged
from service.api.shapes import page_of
from service.api.uploads import ENVELOPE
from service.errors import Finding, Invalid
from service.exchange import KINDS, ImportJob
from service.http.context import actor, db, settings, wired
from service.http.files import download
from service.ledger.workbooks import XLSX

calls = Calls("imports", "Excel imports: checked row by row, then written all or nothing")


UPLOAD = {
    "type": "object",
    "required": ["kind", "file"],
    "properties": {
        "kind": {"type": "string", "enum": list(KINDS)},
        "file": {"type": "string", "contentMediaType": "application/octet-stream", "description": "an .xlsx file"},
    },
}


class FaultItem(Schema):
    """A fault and its place: ``row`` as Excel counts (0: the whole file), ``column`` a heading or empty."""

    row = Whole(required=True)
    column = Said(required=True)
    message = Said(required=True)


class ImportItem(Schema):
    """An import: ``done`` of ``total`` rows; ``findings`` say what was wrong (at most 500).

    ``notes`` say what the file holds beside the rows that were read (other sheets, columns without a heading, comments,
    pictures, rows that the sheet hides: ``hidden`` are their numbers).
    """

    id = Id(required=True)
    kind = Choice(*KINDS, required=True)
    name = Said(required=True)
    sha256 = Said(required=True)
    status = Said(required=True)
    total = Whole(required=True)
    done = Whole(required=True)
    findings = List(Nested(FaultItem), required=True)
    notes = List(Nested(FaultItem), required=True)
    hidden = List(Whole(), required=True)
    created_by = Said(required=True)
    created_at = Moment(required=True)
    finished_at = Moment(required=True, allow_none=True)


class ConfirmImport(Body):
    """The rows to write: without ``skip_hidden`` those too that the sheet hides."""

    skip_hidden = Flag(load_default=False)


@calls.get("/imports", answer=page_of(ImportItem, "Imports"), query=Pages, right="import_data")
def imports(query: dict[str, Any]) -> Mapping[str, Any]:
    """Lists the imports."""
    return paged(exchange.jobs(db(), actor(), **query))


@calls.file("/imports/templates/<kind>", media_types=(XLSX,), right="import_data")
def template(kind: str) -> Response:
    """The sheet to fill in, with its columns explained."""
    wanted = exchange.kind_for(kind, actor())
    made = exchange.template(wanted, exchange.Basis(wired().organization, settings().contacts))
    return download(made, XLSX, f"{wanted.name}导入模板.xlsx")


@calls.post(
    "/imports", answer=ImportItem, status=201, upload=UPLOAD, size=exchange.MAX_BYTES + ENVELOPE, right="import_data"
)
def upload() -> ImportJob:
    """Takes in a file of at most 20 MB for checking; look again until its ``status`` is ``checked`` or ``refused``.

    Only of a kind whose records the account may write by hand as well.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    kind, file = request.form.get("kind", ""), request.files.get("file")
    if kind not in KINDS:
        raise Invalid("请求有 1 处需要修改", [Finding("/kind", f"须是下列之一：{'、'.join(KINDS)}")])
    if file is None:
        raise Invalid("没有收到文件", [Finding("/file", "请以 multipart/form-data 上传 .xlsx 文件")])
    content = file.read()
    file.stream.seek(0)  # a second try reads it again
    return exchange.upload(db(), kind=kind, name=file.filename or "", content=content, actor=actor(), now=clock.now())


@calls.get("/imports/<uuid:job_id>", answer=ImportItem, right="import_data")
def one_import(job_id: UUID) -> ImportJob:
    """How far it is, and what was found."""
    return exchange.get_job(db(), job_id, actor())


@calls.post("/imports/<uuid:job_id>/confirm", answer=ImportItem, body=ConfirmImport, right="import_data")
def confirm(body: dict[str, Any], job_id: UUID) -> ImportJob:
    """Has a checked import written, with the rows that the sheet hides unless ``skip_hidden``."""
    skip = body["skip_hidden"]
    return exchange.confirm(db(), job_id=job_id, actor=actor(), now=clock.now(), skip_hidden=skip)


@calls.post("/imports/<uuid:job_id>/cancel", answer=ImportItem, right="import_data")
def cancel(_body: dict[str, Any], job_id: UUID) -> ImportJob:
    """Gives an import up before it is written."""
    return exchange.cancel(db(), job_id=job_id, actor=actor(), now=clock.now())
