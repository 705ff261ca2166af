"""Files that somebody has uploaded beside an open form and not yet handed in: theirs alone, for some days."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service import ids
from service.attachments.records import attachment_for
from service.errors import Conflict, LiaisonError, NotFound
from service.ids import as_id
from service.rights import Actor
from service.storage import Attachment, Received, StagedFile, store_of, stored_digests

MOST_STAGED = 100
"""Files that one person may have uploaded and not yet handed in."""
SETTLED = timedelta(days=1)
"""Bytes in the store that no row names are left alone for so long: an upload may be about to name them."""


def stage(session: Session, *, file: Received, actor: Actor, now: datetime) -> StagedFile:
    """Keeps a file that was received until its uploader hands it in with a form. Raises ``Conflict`` for too many."""
    require_room(session, actor)
    kept = StagedFile(
        id=ids.new(),
        username=actor.username,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        added_at=now,
    )
    session.add(kept)
    session.flush()
    return kept


def require_room(session: Session, actor: Actor) -> None:
    """Raises ``Conflict`` where the actor has as many files as somebody may have that are not handed in."""
    count = session.scalar(select(func.count()).where(StagedFile.username == actor.username)) or 0
    if count >= MOST_STAGED:
        raise Conflict(f"您有 {count} 个已上传而没有提交的附件，请先提交表单，或在表单里移除不用的")


def staged_files(session: Session, actor: Actor) -> list[StagedFile]:
    """The actor's own files that are not handed in, the oldest first."""
    own = select(StagedFile).where(StagedFile.username == actor.username)
    return list(session.scalars(own.order_by(StagedFile.added_at, StagedFile.name, StagedFile.id)))


def staged_file(session: Session, file_id: UUID, actor: Actor) -> StagedFile:
    """One of the actor's own; raises ``NotFound`` for all others."""
    found = session.get(StagedFile, file_id)
    if found is None or found.username != actor.username:
        raise NotFound("没有这个附件，或已提交、已移除")
    return found


def drop_staged(session: Session, *, file_id: UUID, actor: Actor) -> None:
    """Removes a file that its uploader does not want any more; the sweep forgets its bytes."""
    session.delete(staged_file(session, file_id, actor))
    session.flush()


def file_name(session: Session, file_id: str) -> str | None:
    """The name of a file, by the id that stands in a form (``x-ref``: ``files``); None where there is none."""
    key = as_id(file_id)
    if key is None:
        return None
    kept = select(Attachment.name).where(Attachment.id == key)
    return session.scalar(kept.union_all(select(StagedFile.name).where(StagedFile.id == key)))


def may_name(session: Session, file_id: str, actor: Actor) -> bool:
    """Whether the actor's form may name a file: uploaded by themselves, or one of a record that they may see."""
    key = as_id(file_id)
    if key is None:
        return False
    staged = session.get(StagedFile, key)
    if staged is not None:
        return staged.username == actor.username
    try:
        return attachment_for(session, key, actor).withdrawn_at is None
    except LiaisonError:
        return False


def forget_staged(session: Session, *, days: int, now: datetime) -> int:
    """Deletes the files that were uploaded ``days`` ago and never handed in; gives how many."""
    old = delete(StagedFile).where(StagedFile.added_at < now - timedelta(days=days))
    return len(session.execute(old.returning(StagedFile.id)).all())


def forget_bytes(session: Session, *, now: datetime) -> int:
    """Forgets bytes in the store that no row names, and that were written ``SETTLED`` ago; gives how many.

    With a session that only reads: the store may be far away. A file that is put again counts as written then.
    """
    named, store, before = set(stored_digests(session)), store_of(session), now - SETTLED
    stray = (digest for digest, written in store.listed() if digest not in named and written < before)
    return sum(store.drop(digest, before) for digest in stray)
