"""Contents by digest: drafts and versions that hold the same file hold it once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.studio.models import DraftFile, KeptContent, VersionScenario


def keep(session: Session, contents: Iterable[bytes]) -> list[str]:
    """Keeps each content; gives its digest, in the same order. At most two statements."""
    listed = [(sha256(content).hexdigest(), content) for content in contents]
    digests = [digest for digest, _ in listed]
    known = set(session.scalars(select(KeptContent.digest).where(KeptContent.digest.in_(set(digests)))))
    fresh = {digest: content for digest, content in listed if digest not in known}
    if fresh:
        # SQLAlchemy has ON CONFLICT only on each dialect's own insert: two may keep the same at once.
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        rows = [{"digest": digest, "content": content} for digest, content in fresh.items()]
        session.execute(insert(KeptContent).on_conflict_do_nothing(), rows)
    return digests


def contents_of(session: Session, digests: Collection[str]) -> Mapping[str, bytes]:
    """Digest → content."""
    rows = select(KeptContent.digest, KeptContent.content).where(KeptContent.digest.in_(set(digests)))
    return {row.digest: row.content for row in session.execute(rows)}


def forget_unheld(session: Session) -> None:
    """Forgets the contents that no draft and no version holds any more."""
    holders = (DraftFile.digest, DraftFile.former, VersionScenario.digest)
    unheld = [~select(one).where(one == KeptContent.digest).exists() for one in holders]
    session.execute(delete(KeptContent).where(*unheld), execution_options={"synchronize_session": False})
