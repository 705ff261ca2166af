"""The files that were deleted from a draft: they can be brought back as long as it is open."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import Conflict
from service.rights import Actor
from service.studio import drafts, names
from service.studio.models import Draft, DraftFile


def deleted(session: Session, draft: Draft, folder: str) -> list[DraftFile]:
    """The deleted files of a draft below ``folder``, by name."""
    gone = (DraftFile.draft_id == draft.id, DraftFile.digest.is_(None), DraftFile.former.is_not(None))
    query = select(DraftFile).where(*gone, DraftFile.name.startswith(folder, autoescape=True))
    return list(session.scalars(query.order_by(DraftFile.name)))


def bring_back(session: Session, *, draft_id: UUID, name: str, actor: Actor, now: datetime) -> int:
    """Brings a deleted file back as it was; gives the new revision.

    Raises NotAllowed, NotFound, Conflict (the draft is not open; the file is there, or never was), Invalid (no room).
    """
    draft = drafts.locked(session, draft_id, actor)
    row = session.get(DraftFile, (draft.id, name))
    if row is None or row.digest is not None or row.former is None:
        raise Conflict("这个文件没有删去，或已经恢复")
    sizes = {one.name: one.size for one in drafts.states(session, draft)}
    names.require_whole({**sizes, name: len(drafts.content(session, row.former))})
    return drafts.change(session, draft, {name: row.former}, actor, now)
