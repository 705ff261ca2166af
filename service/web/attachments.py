"""Files attached to records, wherever the record's page stands, and those that are uploaded beside open forms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service import attachments, clock
from service.errors import Finding, Invalid, NotFound
from service.http.context import actor, db, wired
from service.http.files import download
from service.http.receiving import received
from service.storage import CALLED, LARGEST, SHOWN, Attachment, Received, StagedFile, content_of, kind_of, words_of
from service.web.access import requires
from service.web.answers import done, sent, text

blueprint = Blueprint("attachments", __name__)

UPLOAD = LARGEST + 100_000
SEVERAL = 3 * LARGEST + 100_000
"""Bytes of all files that a page sends at once."""
PLACE = "#files"
NOT_SHOWN = "这种文件不能在页面里预览，请下载后用相应的软件打开"
POLICIES = {
    "application/pdf": "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'",
    "image/png": "default-src 'none'; sandbox; frame-ancestors 'self'",
    "image/jpeg": "default-src 'none'; sandbox; frame-ancestors 'self'",
}
"""Media type → the policy of a file that is shown within a page: it may do nothing; a PDF is drawn by the browser."""
CARD = "default-src 'none'; style-src 'self'; font-src 'self'; img-src data:; frame-ancestors 'self'; base-uri 'none'"
"""The policy of the card of a file: a page without a program."""


def of_record(stream: str) -> attachments.Files:
    """The files of a record for its page, and what the reader may do with them."""
    return attachments.files_of(db(), stream, actor(), clock.now())


def _for_record() -> list[Received]:
    """The files for a record to which the sender may attach some."""
    with wired().database.reading() as session:
        stream = text(sent(), "stream")
        attachments.require_attach(session, stream=stream, actor=actor(), now=clock.now())
    return _several()


def _several() -> list[Received]:
    """The files that were sent, kept before the transaction of the request: all, or none is attached."""
    sent_files = [one for one in request.files.getlist("file") if one.filename]
    if not sent_files:
        raise Invalid("请选择要上传的文件", [Finding("/file", "请选择要上传的文件")])
    if len(sent_files) > attachments.MOST:
        said = f"一次最多上传 {attachments.MOST} 个文件，请分几次上传"
        raise Invalid(said, [Finding("/file", said)])
    return [received(str(one.filename), one.read()) for one in sent_files]


def _one() -> Received:
    """The one file that a form's script has sent."""
    with wired().database.reading() as session:
        attachments.require_room(session, actor())
    found = _several()
    if len(found) > 1:
        raise Invalid("一次只能上传一个文件", [Finding("/file", "一次只能上传一个文件，请逐个上传")])
    return found[0]


@blueprint.post("/files")
@requires(body=SEVERAL, ahead=_for_record)
def attach() -> ResponseReturnValue:
    """Attaches files to the record of ``stream``: all or none."""
    stream = text(sent(), "stream")
    for one in g.ahead:
        attachments.attach(db(), stream=stream, file=one, actor=actor(), now=clock.now())
    return done("附件已上传。" if len(g.ahead) == 1 else f"{len(g.ahead)} 个附件已上传。", _page_of(stream))


@blueprint.get("/files/<uuid:file_id>")
@requires()
def file(file_id: UUID) -> ResponseReturnValue:
    """A file, for whoever may see its record; always as a download."""
    kept = attachments.attachment_for(db(), file_id, actor(), with_content=True)
    name = kept.name if kept.withdrawn_at is None else f"（已撤回）{kept.name}"
    return download(content_of(db(), kept), kept.media_type, name)


@blueprint.get("/files/<uuid:file_id>/view")
@requires()
def view(file_id: UUID) -> ResponseReturnValue:
    """A PDF or picture to be shown within a page, of other files a card, for whoever may see its record."""
    kept = attachments.attachment_for(db(), file_id, actor(), with_content=True)
    if kept.media_type in SHOWN:
        return _shown(kept.name, kept.media_type, content_of(db(), kept))
    return _card(kept)


@blueprint.post("/files/<uuid:file_id>/withdraw")
@requires()
def withdraw(file_id: UUID) -> ResponseReturnValue:
    """Hides a file; the sender says why."""
    why = text(sent(), "reason")
    kept = attachments.withdraw_attachment(db(), attachment_id=file_id, reason=why, actor=actor(), now=clock.now())
    return done("附件已撤回。", _page_of(kept.stream))


@blueprint.post("/files/staged")
@requires(body=UPLOAD, ahead=_one)
def stage() -> ResponseReturnValue:
    """Takes a file beside an open form; the form names it by the id of the answer (JSON)."""
    return jsonify(_said(attachments.stage(db(), file=g.ahead, actor=actor(), now=clock.now()))), 201


@blueprint.get("/files/staged")
@requires()
def staged() -> ResponseReturnValue:
    """The reader's own files that are not handed in yet, as JSON: whether a kept draft's are still there."""
    return jsonify(items=[_said(one) for one in attachments.staged_files(db(), actor())])


@blueprint.get("/files/staged/<uuid:file_id>/view")
@requires()
def view_staged(file_id: UUID) -> ResponseReturnValue:
    """The same as ``view``, of a file that its uploader has not handed in yet."""
    kept = attachments.staged_file(db(), file_id, actor())
    return _shown(kept.name, kept.media_type, content_of(db(), kept) if kept.media_type in SHOWN else b"")


@blueprint.post("/files/staged/<uuid:file_id>/drop")
@requires()
def drop(file_id: UUID) -> ResponseReturnValue:
    """Removes a file that is not handed in."""
    attachments.drop_staged(db(), file_id=file_id, actor=actor())
    return jsonify(dropped=str(file_id))


def _said(kept: StagedFile) -> dict[str, Any]:
    return {"id": str(kept.id), "name": kept.name, "size": kept.size, "shown": kept.media_type in SHOWN}


def _shown(name: str, media_type: str, content: bytes) -> Response:
    if media_type not in SHOWN:
        raise NotFound(NOT_SHOWN)
    return framed(download(content, media_type, name, save=False), media_type)


def _card(kept: Attachment) -> Response:
    """The name, kind, size and digest of a file that no browser draws; of an OFD file its words too."""
    kind = kind_of(kept.name)
    page = render_template(
        "attachments/card.html",
        name=kept.name,
        kind=CALLED.get(kind, kind.upper()),
        size=kept.size,
        sha256=kept.sha256,
        address=url_for("web.attachments.file", file_id=kept.id),
        words=words_of(content_of(db(), kept)) if kind == "ofd" else "",
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = CARD
    return answer


def framed(answer: Response, media_type: str) -> Response:
    """A file that may be shown in a frame of a page of this service."""
    answer.headers["Content-Security-Policy"] = POLICIES[media_type]
    return answer


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
