"""Making a seal: the tree grows by the events since the last one, and its head is signed.

All reading and hashing happens beside the people at work; only the few rows that are kept are written in a transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import history
from service.db import Database
from service.history.records import owe_notice
from service.rights import AUDITOR, Actor
from service.seals.growth import Growth
from service.seals.heads import NOTHING, Head, digest_of, groups, head_of
from service.seals.keys import STREAM, Key, known_keys
from service.seals.models import Seal, SealBlock
from service.seals.reading import lines, settled_end
from service.seals.statements import FIRST

NOTICE = "sealed"
"""The notice that carries the head's digest to the auditors."""


def last_seal(session: Session) -> Seal | None:
    """The newest seal."""
    return session.scalars(select(Seal).order_by(Seal.number.desc()).limit(1)).first()


def seal(database: Database, key: Key, *, by: Actor, tell: bool, now: datetime) -> Seal | None:
    """Seals all that is settled in the journal; with ``tell`` the auditors are owed a notice of the head.

    None where it cannot be done at this moment: somebody writes for long, or another worker has just sealed.
    """
    end = settled_end(database)
    if end is None:
        return None
    with database.reading(long=True) as session:
        before = last_seal(session)
        growth = Growth(counted=before.last_id if before is not None else 0)
        after = growth.skip(session.scalars(select(SealBlock).order_by(SealBlock.number)))
        for line in lines(session, after=after, until=end):
            growth.add(line)
        head = _head(session, growth, before, key, by=by, end=end, now=now)
    text = head.text()
    made = Seal(
        number=head.number,
        made_at=now,
        size=head.size,
        last_id=head.last_id,
        head=text,
        digest=digest_of(text),
        key_id=key.id,
        signature=key.sign(text),
    )
    with database.transaction() as session:
        history.lock(session, STREAM)
        if (session.scalar(select(func.max(Seal.number))) or 0) != head.number - 1:
            return None
        session.add_all([*growth.full, made])
        if tell:
            _tell(session, head, made.digest, by=by, now=now)
    return made


def _head(
    session: Session, growth: Growth, before: Seal | None, key: Key, *, by: Actor, end: int, now: datetime
) -> Head:
    earlier = head_of(before.head) if before is not None else None
    sha256, sm3 = growth.roots()
    begun = next((str(one.said.get("begun")) for one in known_keys(session) if one.said.get("id") == key.id), FIRST)
    return Head(
        number=earlier.number + 1 if earlier is not None else 1,
        made_at=now,
        by=by.username,
        size=growth.size,
        last_id=end,
        streams=growth.streams + (earlier.streams if earlier is not None else 0),
        days=growth.counts(),
        sha256=sha256,
        sm3=sm3,
        previous=before.digest if before is not None else NOTHING,
        key=key.id,
        key_begun=begun,
    )


def _tell(session: Session, head: Head, digest: str, *, by: Actor, now: datetime) -> None:
    owe_notice(
        session,
        STREAM,
        NOTICE,
        title=f"第 {head.number} 次封存",
        text=f"共 {head.size} 条记录，根值 {' '.join(groups(head.sha256))}，摘要 {' '.join(groups(digest))}",
        role=AUDITOR,
        actor=by,
        now=now,
    )
