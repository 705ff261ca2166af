"""Files attached to records: upload, download, withdrawing, wherever the record's page stands."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service import attachments, clock
from service.errors import Finding, Invalid
from service.http.context import actor, db
from service.http.files import download
from service.storage import LARGEST
from service.web.access import requires
from service.web.answers import done, sent, text

blueprint = Blueprint("attachments", __name__)

UPLOAD = LARGEST + 100_000
PLACE = "#files"


def of_record(stream: str) -> attachments.Files:
    """The files of a record for its page, and what the reader may do with them."""
    return attachments.files_of(db(), stream, actor(), clock.now())


@blueprint.post("/files")
@requires(body=UPLOAD)
def attach() -> ResponseReturnValue:
    """Attaches a file to the record of ``stream``."""
    fields = sent()
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("请选择要上传的文件", [Finding("/file", "请选择要上传的文件")])
    stream = text(fields, "stream")
    attachments.attach(db(), stream=stream, name=file.filename, content=file.read(), actor=actor(), now=clock.now())
    return done("附件已上传。", _page_of(stream))


@blueprint.get("/files/<uuid:file_id>")
@requires()
def file(file_id: UUID) -> ResponseReturnValue:
    """A file, for whoever may see its record; always as a download."""
    kept = attachments.attachment_for(db(), file_id, actor(), with_content=True)
    return download(kept.content, kept.media_type, kept.name if kept.withdrawn_at is None else f"（已撤回）{kept.name}")


@blueprint.post("/files/<uuid:file_id>/withdraw")
@requires()
def withdraw(file_id: UUID) -> ResponseReturnValue:
    """Hides a file."""
    kept = attachments.withdraw_attachment(db(), attachment_id=file_id, actor=actor(), now=clock.now())
    return done("附件已撤回。", _page_of(kept.stream))


def _page_of(stream: str) -> str:
    kind, _, key = stream.partition(":")
    match kind:
        case "contact":
            return url_for("web.contacts.contact", contact_id=UUID(key)) + PLACE
        case "activity":
            return url_for("web.activities.activity", activity_id=UUID(key)) + PLACE
        case "report":
            return url_for("web.reports.report", report_id=UUID(key)) + PLACE
        case "instance":
            return url_for("web.cases.case", instance_id=UUID(key)) + PLACE
        case "unit":
            return url_for("web.matters.matters", unit=key) + PLACE
        case _:
            return url_for("web.matters.matters")
