"""Keeping and finding attached files. The caller checks the right and writes the journal."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from service import ids
from service.errors import Finding, Invalid, NotFound
from service.storage.models import Attachment
from service.storage.rules import fault, media_type, plain_name

LONGEST_NAME = 120


def keep(session: Session, *, stream: str, name: str, content: bytes, added_by: str, now: datetime) -> Attachment:
    """Keeps a file as belonging to the record of journal ``stream``. Raises ``Invalid`` for a kind not allowed."""
    clean = plain_name(name)
    found = fault(clean, content)
    if found is None and len(clean) > LONGEST_NAME:
        found = f"文件名最多 {LONGEST_NAME} 个字，请改短后上传"
    if found is not None:
        raise Invalid(found, [Finding("/file", found)])
    kept = Attachment(
        id=ids.new(),
        stream=stream,
        name=clean,
        media_type=media_type(clean),
        size=len(content),
        sha256=sha256(content).hexdigest(),
        content=content,
        added_by=added_by,
        added_at=now,
    )
    session.add(kept)
    session.flush()
    return kept


def attachments_of(session: Session, streams: Collection[str]) -> dict[str, list[Attachment]]:
    """Stream → its files that were not withdrawn, the oldest first, without their content; one statement."""
    found: dict[str, list[Attachment]] = {}
    wanted = select(Attachment).where(Attachment.stream.in_(streams), Attachment.withdrawn_at.is_(None))
    for row in session.scalars(wanted.order_by(Attachment.added_at, Attachment.id)):
        found.setdefault(row.stream, []).append(row)
    return found


def get_attachment(
    session: Session, attachment_id: UUID, *, with_content: bool = False, withdrawn: bool = False
) -> Attachment:
    """A file that was not withdrawn, or that was, where ``withdrawn`` ones are asked for; raises ``NotFound``."""
    wanted = select(Attachment).where(Attachment.id == attachment_id)
    if not withdrawn:
        wanted = wanted.where(Attachment.withdrawn_at.is_(None))
    found = session.scalar(wanted.options(undefer(Attachment.content)) if with_content else wanted)
    if found is None:
        raise NotFound("没有这个附件，或已撤回")
    return found
