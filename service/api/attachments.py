"""Files attached to records: contacts, activities, matters, units' regulations, half-year reports, cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response

from service import attachments, clock
from service.api.calls import Calls
from service.api.fields import Flag, Id, Moment, Said, Schema, Whole
from service.api.instances import Reason
from service.api.records import Row, whole
from service.api.shapes import page_of
from service.api.uploads import ENVELOPE, one_file, uploaded
from service.errors import NotAllowed
from service.http.context import actor, db, wired
from service.http.files import download
from service.http.receiving import received
from service.storage import KINDS, LARGEST, Attachment, Received, StagedFile, content_of
from service.usecases.names import Names

calls = Calls("attachments", "Files attached to records, with the rights of the record")

UPLOAD = one_file("file", "PDF, OFD, Word, Excel, WPS, PNG or JPEG, told by name and content, of at most 10 MB")
SIZE = LARGEST + ENVELOPE
MEDIA_TYPES = tuple(dict.fromkeys(media_type for media_type, _ in KINDS.values()))


class AttachmentItem(Schema):
    """A file. ``record`` is what it belongs to (``contact:<id>``), ``may_withdraw`` whether I may take it back.

    ``task`` is the task with whose form it was handed in, in its ``field``; null of one that was attached beside.
    ``withdrawn`` is when it was taken back, by whom and why; null of one that is there. These are listed for auditors.
    """

    id = Id(required=True)
    record = Said(required=True, attribute="stream")
    name = Said(required=True)
    media_type = Said(required=True)
    size = Whole(required=True)
    sha256 = Said(required=True)
    added_by = Said(required=True)
    added_by_name = Said(required=True, allow_none=True)
    added_at = Moment(required=True)
    task = Id(required=True, allow_none=True, attribute="task_id")
    field = Said(required=True, allow_none=True)
    may_withdraw = Flag(required=True)
    withdrawn = Moment(required=True, allow_none=True, attribute="withdrawn_at")
    withdrawn_by = Said(required=True, allow_none=True)
    withdrawn_by_name = Said(required=True, allow_none=True)
    withdrawn_why = Said(required=True, allow_none=True)


Attachments = page_of(AttachmentItem, "Attachments", may_attach=Flag(required=True))
"""All files of a record, the oldest first, for auditors those withdrawn behind them; ``may_attach`` says whether I may
add one."""


class Withdrawn(Schema):
    """The file that is hidden from now on."""

    id = Id(required=True)
    record = Said(required=True, attribute="stream")
    name = Said(required=True)


class StagedItem(Schema):
    """A file of mine that is not handed in yet; its ``id`` stands in the form's field."""

    id = Id(required=True)
    name = Said(required=True)
    media_type = Said(required=True)
    size = Whole(required=True)
    sha256 = Said(required=True)
    added_at = Moment(required=True)


class Dropped(Schema):
    """The file that is gone."""

    id = Id(required=True)


def _staging() -> Received:
    """The one file that was sent, kept before the transaction of the call, where the sender has room for one."""
    with wired().database.reading() as session:
        attachments.require_room(session, actor())
    return _received()


def _received() -> Received:
    return received(*uploaded("file", "请选择要上传的文件"))


def _takes(kind: str) -> Mapping[str, Any]:
    """How a call takes a file for a record of a kind, of which the one part of its address is the key."""

    def first(**address: Any) -> Received:
        [key] = address.values()
        with wired().database.reading() as session:
            attachments.require_attach(session, stream=f"{kind}:{key}", actor=actor(), now=clock.now())
        return _received()

    return {"upload": UPLOAD, "size": SIZE, "first": first}


@calls.get("/attachments", answer=page_of(StagedItem, "StagedFiles"))
def staged() -> Mapping[str, Any]:
    """My files that I have uploaded and not handed in, the oldest first."""
    return whole([Row(one) for one in attachments.staged_files(db(), actor())])


@calls.post("/attachments", answer=StagedItem, status=201, upload=UPLOAD, size=SIZE, first=_staging)
def stage(prepared: Received) -> StagedFile:
    """Takes a file that a form is to name: ``{"data": {"attachments": ["<id>"]}}`` of ``POST /tasks/{id}/complete``.

    It is mine alone, and gone after some days, until then; handed in, it is a file of the case, under the same id.
    """
    return attachments.stage(db(), file=prepared, actor=actor(), now=clock.now())


@calls.post("/attachments/<uuid:attachment_id>/drop", answer=Dropped)
def drop(_body: dict[str, Any], attachment_id: UUID) -> Mapping[str, Any]:
    """Removes a file of mine that I have not handed in."""
    attachments.drop_staged(db(), file_id=attachment_id, actor=actor())
    return {"id": attachment_id}


@calls.get("/contacts/<uuid:contact_id>/attachments", answer=Attachments)
def of_contact(contact_id: UUID) -> Mapping[str, Any]:
    """The files of a contact; beside a restricted note (C4) only for who may read that."""
    return _listed(f"contact:{contact_id}")


@calls.post(
    "/contacts/<uuid:contact_id>/attachments",
    answer=AttachmentItem,
    status=201,
    **_takes("contact"),
)
def attach_to_contact(prepared: Received, contact_id: UUID) -> Row:
    """Attaches a file to a contact that is not withdrawn."""
    return _attached(f"contact:{contact_id}", prepared)


@calls.get("/activities/<uuid:activity_id>/attachments", answer=Attachments, right="view_activities")
def of_activity(activity_id: UUID) -> Mapping[str, Any]:
    """The files of an activity."""
    return _listed(f"activity:{activity_id}")


@calls.post(
    "/activities/<uuid:activity_id>/attachments",
    answer=AttachmentItem,
    status=201,
    **_takes("activity"),
    right="view_activities",
)
def attach_to_activity(prepared: Received, activity_id: UUID) -> Row:
    """Attaches a file to an activity that is not cancelled."""
    return _attached(f"activity:{activity_id}", prepared)


@calls.get("/matters/<uuid:matter_id>/attachments", answer=Attachments)
def of_matter(matter_id: UUID) -> Mapping[str, Any]:
    """The files of a unit's own matter."""
    return _listed(f"matter:{matter_id}")


@calls.post(
    "/matters/<uuid:matter_id>/attachments",
    answer=AttachmentItem,
    status=201,
    **_takes("matter"),
)
def attach_to_matter(prepared: Received, matter_id: UUID) -> Row:
    """Attaches a file to a unit's own matter."""
    return _attached(f"matter:{matter_id}", prepared)


@calls.get("/units/<code>/attachments", answer=Attachments)
def of_unit(code: str) -> Mapping[str, Any]:
    """A unit's regulation on liaison and the like (R6), for everybody to read."""
    return _listed(f"unit:{code}")


@calls.post("/units/<code>/attachments", answer=AttachmentItem, status=201, **_takes("unit"))
def attach_to_unit(prepared: Received, code: str) -> Row:
    """Attaches a unit's regulation."""
    return _attached(f"unit:{code}", prepared)


@calls.get("/reports/<uuid:report_id>/attachments", answer=Attachments)
def of_report(report_id: UUID) -> Mapping[str, Any]:
    """The files of a half-year report (T6)."""
    return _listed(f"report:{report_id}")


@calls.post(
    "/reports/<uuid:report_id>/attachments",
    answer=AttachmentItem,
    status=201,
    **_takes("report"),
)
def attach_to_report(prepared: Received, report_id: UUID) -> Row:
    """Attaches a file to a half-year report before it is submitted, or after it was returned."""
    return _attached(f"report:{report_id}", prepared)


@calls.get("/instances/<uuid:instance_id>/attachments", answer=Attachments)
def of_instance(instance_id: UUID) -> Mapping[str, Any]:
    """The files of a case: the evidence of a reported change (R9), the signed form of a need (W3)."""
    return _listed(f"instance:{instance_id}")


@calls.post(
    "/instances/<uuid:instance_id>/attachments",
    answer=AttachmentItem,
    status=201,
    **_takes("instance"),
)
def attach_to_instance(prepared: Received, instance_id: UUID) -> Row:
    """Attaches a file to a running case, for who has a part in it; rounds over many units take none."""
    return _attached(f"instance:{instance_id}", prepared)


@calls.file("/attachments/<uuid:attachment_id>", media_types=MEDIA_TYPES)
def content(attachment_id: UUID) -> Response:
    """A file itself, for whoever may see its record."""
    kept = attachments.attachment_for(db(), attachment_id, actor(), with_content=True)
    return download(content_of(db(), kept), kept.media_type, kept.name)


@calls.post("/attachments/<uuid:attachment_id>/withdraw", answer=Withdrawn, body=Reason)
def withdraw(body: dict[str, Any], attachment_id: UUID) -> Attachment:
    """Hides a file, for who may attach one; of a case for who attached it and the Talent Office."""
    return attachments.withdraw_attachment(db(), attachment_id=attachment_id, **body, actor=actor(), now=clock.now())


def _listed(stream: str) -> Mapping[str, Any]:
    found = attachments.files_of(db(), stream, actor(), clock.now())
    if found.hidden:
        raise NotAllowed(attachments.RESTRICTED)
    return {**whole(_rows(found.items, found.withdrawable, found.gone)), "may_attach": found.may_attach}


def _attached(stream: str, file: Received) -> Row:
    kept = attachments.attach(db(), stream=stream, file=file, actor=actor(), now=clock.now())
    return _rows([kept], {kept.id})[0]


def _rows(
    kept: Iterable[Attachment], withdrawable: Iterable[UUID], gone: Sequence[attachments.Withdrawn] = ()
) -> list[Row]:
    back = {one.file.id: one for one in gone}
    rows, mine = [*kept, *(one.file for one in gone)], set(withdrawable)
    names = Names(db()).learn([*(row.added_by for row in rows), *(one.by for one in gone if one.by)])

    def told(row: Attachment) -> Row:
        one = back.get(row.id)
        by = one.by or None if one is not None else None
        return Row(
            row,
            added_by_name=names.known_person(row.added_by),
            may_withdraw=row.id in mine,
            withdrawn_by=by,
            withdrawn_by_name=names.known_person(by) if by else None,
            withdrawn_why=one.reason if one is not None else None,
        )

    return [told(row) for row in rows]
