"""Checking the access log: each entry against the digest that its batch keeps, and the index against the entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Text, exists, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service import clock
from service.access_log.entries import digest_of
from service.access_log.models import AccessBatch, AccessEntry, AccessSubject
from service.access_log.sealing import READ_AT_ONCE, STREAM
from service.canonical import dumps
from service.db.failures import is_unreadable
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
        changed = [one for (one, digest), leaf in zip(found, kept, strict=True) if digest != leaf]
        yield from _named(session, changed, f"被改动（第 {number} 批）")
        return
    there, known = {digest for _, digest in found}, set(kept)
    others = [one for one, digest in found if digest not in known]
    yield from _named(session, others, f"被改动，或是事后插入的（第 {number} 批）")
    for at, leaf in enumerate(kept, 1):
        if leaf not in there:
            what = f"第 {number} 批访问记录（第 {span[0]} 到 {span[1]} 条）的第 {at} 条被删除或改动"
            yield "access_entry", f"{number}-{at}", what
    if len(kept) != entries:
        yield "access_entry", str(number), f"第 {number} 批访问记录的摘要有 {len(kept)} 条，应为 {entries} 条"


def _named(session: Session, entries: Iterable[int], what: str) -> Iterator[Fault]:
    """A fault for each entry, with whose look of which moment it tells as it stands now; 500 of them by a statement."""
    waiting = iter(entries)
    while some := list(islice(waiting, _AT_ONCE)):
        told = named_now(session, some)
        for one in some:
            yield "access_entry", str(one), f"访问记录第 {one} 条{what}{told.get(one, '')}"


def named_now(session: Session, entries: Sequence[int]) -> dict[int, str]:
    """Entry → whose look of which moment it tells; those that cannot be read are left out."""
    at = type_coerce(AccessEntry.at, Text) if _raw(session) else AccessEntry.at
    asked = select(AccessEntry.id, AccessEntry.username, at).where(AccessEntry.id.in_(entries))
    try:
        rows = session.execute(asked).all()
    except DBAPIError as error:  # bytes that are no text: those beside them are told all the same
        if not is_unreadable(error):
            raise
        half = len(entries) // 2
        return named_now(session, entries[:half]) | named_now(session, entries[half:]) if half else {}
    told: dict[int, str] = {}
    moment: Any
    for one, username, moment in rows:
        with suppress(*DAMAGE):
            read = datetime.fromisoformat(moment).replace(tzinfo=UTC) if isinstance(moment, str) else moment
            local = clock.local(read)
            told[one] = f"；现在记的是 {username} {clock.written(local.date())}{local:%H:%M} 的访问"
    return told


def _outside(session: Session, after: int, before: int) -> Iterator[Fault]:
    """Entries between two batches, which nothing puts under the journal."""
    found = select(AccessEntry.id).where(AccessEntry.id > after, AccessEntry.id < before)
    outside = session.scalars(found.order_by(AccessEntry.id))
    yield from _named(session, outside, "不属于任何一批，是事后插入的")


def _digests(session: Session, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    raw = _raw(session)
    columns = [
        type_coerce(one, Text).label(one.key) if raw and one.key in _TEXTS else one
        for one in AccessEntry.__table__.columns
    ]
    query = select(*columns).where(AccessEntry.id.between(first, last)).order_by(AccessEntry.id)
    with session.execute(query.execution_options(yield_per=READ_AT_ONCE)) as rows:
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
