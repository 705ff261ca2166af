"""Checking the access log: each entry against the digest that its batch keeps, and the index against the entries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Text, exists, select, type_coerce
from sqlalchemy.orm import Session

from service import clock
from service.access_log.entries import digest_of
from service.access_log.models import AccessBatch, AccessEntry, AccessSubject
from service.access_log.sealing import STREAM
from service.canonical import dumps
from service.errors import DAMAGE

Fault = tuple[str, str, str]
"""The table, the number of the entry, what is wrong in Chinese."""
_AT_ONCE = 500
_LEAF = 32


def check(session: Session) -> Iterator[Fault]:
    """Every entry that is missing, changed or too many, by its number; memory does not grow with them."""
    batches = select(AccessBatch.number, AccessBatch.first_id, AccessBatch.last_id, AccessBatch.entries)
    before = 0
    for number, first, last, entries in session.execute(batches.order_by(AccessBatch.number)).all():
        row = session.execute(
            select(AccessBatch.leaves, AccessBatch.ended_at).where(AccessBatch.number == number)
        ).one()
        yield from _outside(session, before, first)
        yield from _batch(session, number, (first, last), entries, row.leaves, ended=row.ended_at is not None)
        before = last
    yield from _index(session)


def _batch(
    session: Session, number: int, span: tuple[int, int], entries: int, leaves: bytes, *, ended: bool
) -> Iterator[Fault]:
    """The entries of a batch beside its leaves: a digest that is not there in its turn is of one that was taken out."""
    kept = [leaves[at : at + _LEAF] for at in range(0, len(leaves), _LEAF)]
    found = [(one, digest) for one, digest in _digests(session, *span)]
    if ended:
        for one, _ in found:
            yield "access_entry", str(one), f"第 {number} 批访问记录的保存已结束，第 {one} 条仍在"
        return
    if len(kept) == len(found):
        for (one, digest), leaf in zip(found, kept, strict=True):
            if digest != leaf:
                yield "access_entry", str(one), f"访问记录第 {one} 条被改动（第 {number} 批）{_now(session, one)}"
        return
    there, known = {digest for _, digest in found}, set(kept)
    for one, digest in found:
        if digest not in known:
            what = f"访问记录第 {one} 条被改动，或是事后插入的（第 {number} 批）{_now(session, one)}"
            yield "access_entry", str(one), what
    for at, leaf in enumerate(kept, 1):
        if leaf not in there:
            what = f"第 {number} 批访问记录（第 {span[0]} 到 {span[1]} 条）的第 {at} 条被删除或改动"
            yield "access_entry", f"{number}-{at}", what
    if len(kept) != entries:
        yield "access_entry", str(number), f"第 {number} 批访问记录的摘要有 {len(kept)} 条，应为 {entries} 条"


def _now(session: Session, one: int) -> str:
    """The words for whose look of which moment an entry tells as it stands now; '' where that cannot be read."""
    try:
        row = session.execute(select(AccessEntry.username, AccessEntry.at).where(AccessEntry.id == one)).one()
        at = clock.local(row.at)
        return f"；现在记的是 {row.username} {clock.written(at.date())}{at:%H:%M} 的访问"
    except DAMAGE:
        return ""


def _outside(session: Session, after: int, before: int) -> Iterator[Fault]:
    """Entries between two batches, which nothing puts under the journal."""
    found = select(AccessEntry.id).where(AccessEntry.id > after, AccessEntry.id < before)
    for one in session.scalars(found.order_by(AccessEntry.id)):
        yield "access_entry", str(one), f"访问记录第 {one} 条不属于任何一批，是事后插入的{_now(session, one)}"


def _digests(session: Session, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    raw = _raw(session)
    columns = [
        type_coerce(one, Text).label(one.key) if raw and one.key in _TEXTS else one
        for one in AccessEntry.__table__.columns
    ]
    query = select(*columns).where(AccessEntry.id.between(first, last)).order_by(AccessEntry.id)
    with session.execute(query.execution_options(yield_per=_AT_ONCE)) as rows:
        for row in rows.mappings():
            try:
                yield row["id"], digest_of(row["id"], _read(row) if raw else dict(row))
            except (ValueError, TypeError, RecursionError):  # what cannot be read is none of what was written
                yield row["id"], b""


_TEXTS = ("at", "reasons", "asked", "subjects")


def _read(row: Any) -> dict[str, Any]:
    """The values behind the texts that SQLite keeps. Raises ValueError for a text that this product does not write."""
    found = dict(row)
    found["at"] = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
    if f"{found['at']:%Y-%m-%d %H:%M:%S.%f}" != row["at"]:
        raise ValueError(row["at"])
    for name in _TEXTS[1:]:
        found[name] = json.loads(row[name])
        if dumps(found[name]) != row[name]:
            raise ValueError(row[name])
    return found


def _index(session: Session) -> Iterator[Fault]:
    """Rows of the index that no entry tells of, and entries that the index lacks."""
    lost = select(AccessSubject.subject, AccessSubject.entry_id).where(
        ~exists().where(AccessEntry.id == AccessSubject.entry_id)
    )
    for subject, one in session.execute(lost):
        yield "access_subject", f"{subject} {one}", f"访问记录的索引「{subject}」指向不存在的第 {one} 条"
    after = 0
    while True:
        some = select(
            AccessEntry.id, type_coerce(AccessEntry.subjects, Text) if _raw(session) else AccessEntry.subjects
        )
        rows = session.execute(some.where(AccessEntry.id > after).order_by(AccessEntry.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        after = rows[-1][0]
        have: dict[int, set[str]] = {}
        kept = select(AccessSubject.entry_id, AccessSubject.subject)
        for one, subject in session.execute(kept.where(AccessSubject.entry_id.between(rows[0][0], after))):
            have.setdefault(one, set()).add(subject)
        for one, subjects in rows:
            if have.get(one, set()) != _subjects(subjects):
                yield "access_subject", str(one), f"访问记录第 {one} 条的索引与记录不符"


def _raw(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _subjects(stored: Any) -> set[str]:
    try:
        return set(json.loads(stored) if isinstance(stored, str) else stored)
    except (ValueError, TypeError):
        return set()


__all__ = ["STREAM", "Fault", "check"]
