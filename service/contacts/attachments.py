"""Files attached to contacts, activities, matters and units (R6), with their entry in the record's journal."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth import Actor, may
from service.contacts.access import acting_for_unit, acting_on_leader, selves, visible
from service.contacts.models import Activity, Contact, Matter
from service.errors import Conflict, NotFound
from service.people.journal import record
from service.people.queries import as_id, find_unit
from service.storage import Attachment, attachments_of, get_attachment, keep

Row = TypeVar("Row", Contact, Activity, Matter)

MOST = 20
"""Files of one record."""


def attach(
    session: Session,
    *,
    stream: str,
    name: str,
    content: bytes,
    actor: Actor,
    now: datetime,
) -> Attachment:
    """Attaches a file to the record of journal ``stream``: ``contact:<id>``, ``activity:<id>``, ``matter:<id>`` or
    ``unit:<code>`` (a unit's regulation, R6).

    The media type follows from the file's name and content, whatever a sender claims.
    Raises ``NotAllowed``, ``NotFound``, ``Invalid``, and ``Conflict`` where the record has ``MOST`` files already or
    the very same one.
    """
    entering = _acting(session, stream, actor, now)
    there = attachments_of(session, [stream]).get(stream, [])
    if len(there) >= MOST:
        raise Conflict(f"一条记录最多 {MOST} 个附件，请先撤回不用的附件")
    digest = sha256(content).hexdigest()
    if any(one.sha256 == digest for one in there):
        raise Conflict(f"附件“{name}”已经上传过")
    kept = keep(session, stream=stream, name=name, content=content, added_by=entering.username, now=now)
    data = {"id": kept.id, "name": kept.name, "size": kept.size, "sha256": kept.sha256}
    record(session, stream, "file_attached", data, actor=entering, now=now)
    return kept


def withdraw_attachment(session: Session, *, attachment_id: UUID, actor: Actor, now: datetime) -> Attachment:
    """Hides a file; it stays in the database, and the journal names its SHA-256."""
    kept = get_attachment(session, attachment_id)
    entering = _acting(session, kept.stream, actor, now)
    kept.withdrawn_at = now
    session.flush()
    data = {"id": kept.id, "name": kept.name, "sha256": kept.sha256}
    record(session, kept.stream, "file_withdrawn", data, actor=entering, now=now)
    return kept


def attachment_for(session: Session, attachment_id: UUID, actor: Actor) -> Attachment:
    """A file with its content, for who may see its record; raises ``NotFound`` for others."""
    kept = get_attachment(session, attachment_id, with_content=True)
    if not _sees(session, kept.stream, actor):
        raise NotFound("没有这个附件，或您无权查看")
    return kept


def _acting(session: Session, stream: str, actor: Actor, now: datetime) -> Actor:
    kind, _, key = stream.partition(":")
    if kind == "contact" and (contact := _row(session, Contact, key)) is not None:
        return acting_on_leader(session, actor, "record_contacts", contact.leader, now)
    if kind == "activity" and (activity := _row(session, Activity, key)) is not None:
        return acting_for_unit(session, actor, "manage_activities", activity.organizer_unit, now)
    if kind == "matter" and (matter := _row(session, Matter, key)) is not None:
        return acting_for_unit(session, actor, "record_matters", matter.unit_code, now)
    if kind == "unit" and find_unit(session, key) is not None:
        return acting_for_unit(session, actor, "record_matters", key, now)
    raise NotFound("没有可以添加附件的记录，请刷新后重试")


def _sees(session: Session, stream: str, actor: Actor) -> bool:
    kind, _, key = stream.partition(":")
    mine = selves(session, actor)
    if kind == "contact":
        wanted = select(Contact.id).where(Contact.id == as_id(key), visible(session, actor))
        return session.scalar(wanted) is not None
    if kind == "activity":
        return any(may(one, "view_activities") for one in mine)
    if kind == "matter":
        matter = _row(session, Matter, key)
        return matter is not None and any(may(one, "view_matters", unit=matter.unit_code) for one in mine)
    # a unit's regulation is for everybody to read
    return kind == "unit"


def _row(session: Session, table: type[Row], key: str) -> Row | None:
    found = as_id(key)
    return session.get(table, found) if found is not None else None
