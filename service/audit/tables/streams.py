"""Folding the streams of records, a batch at a time, and comparing every row that they tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import String, and_, cast, exists, literal, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased
from sqlalchemy.types import NullType

from service import history
from service.audit.tables.baseline import take_baseline
from service.audit.tables.comparing import Comparison, Found, Told, told_row
from service.audit.tables.files import FILES, fold_file
from service.audit.tables.registry import FAMILIES, HELD, Merged
from service.db.lists import chunks
from service.errors import DAMAGE
from service.history import HistoryEvent, OutboxEntry
from service.history.folding import BASELINE, Digest, Event, Rows
from service.history.notices import NOTICE
from service.notifications.fields import TOLD
from service.processes.deployed import Mismatch
from service.studio.models import DraftFile, KeptContent, VersionScenario

NOTICES = "notice:"
Progress = Callable[[int, int], None]


def verify_records(
    session: Session, progress: Progress | None = None, found: list[Found] | None = None
) -> Iterator[Mismatch]:
    """Every row of every folded table is as its stream tells, and no row is there that none tells of.

    ``found`` takes what rows say that no event tells (of an upgrade).
    """
    for family in FAMILIES.values():
        yield from verify_family(session, family, progress, found)
    yield from verify_rest(session)


def verify_family(
    session: Session, family: Merged, progress: Progress | None = None, found: list[Found] | None = None
) -> Iterator[Mismatch]:
    """The rows of the streams of one prefix."""
    comparisons = [Comparison(session, held) for held in family.held]
    for one in comparisons:
        one.found = found
    if family.single:
        yield from _single(session, family, comparisons)
        return
    names = set(history.streams(session, f"{family.prefix}:"))
    for one in comparisons:
        names |= one.owners(family.prefix)
    listed = sorted(names)
    for done, some in enumerate(chunks(listed)):
        if progress is not None:
            progress(done * len(some), len(listed))
        yield from _batch(session, family, comparisons, some)


def verify_these(session: Session, family: Merged, streams: Sequence[str]) -> Iterator[Mismatch]:
    """The rows of some streams of a prefix."""
    comparisons = [Comparison(session, held) for held in family.held]
    for some in chunks(streams):
        yield from _batch(session, family, comparisons, some)


def verify_rest(session: Session, *, notices: bool = True) -> Iterator[Mismatch]:
    """Rows that streams of several prefixes tell: files, notices still owed, the contents of drafts."""
    yield from _files(session)
    if notices:
        yield from undelivered(session)
    yield from _contents(session)


def verify_stream_rows(session: Session, stream: str) -> Iterator[Mismatch]:
    """The same of one stream."""
    family = FAMILIES[stream.partition(":")[0]]
    comparisons = [Comparison(session, held) for held in family.held]
    if family.single:
        yield from _single(session, family, comparisons)
    else:
        yield from _batch(session, family, comparisons, [stream])
    yield from _files(session, [stream])


def _batch(
    session: Session, family: Merged, comparisons: Sequence[Comparison], streams: Sequence[str]
) -> Iterator[Mismatch]:
    told: dict[Any, list[Told]] = {one.held.model: [] for one in comparisons}
    damaged: set[str] = set()
    for stream, rows in _folded(session, streams, family.fold):
        if rows is None:
            damaged.add(stream)
            yield Mismatch(stream, None, "历史无法读取，未能核对由它而来的记录")
            continue
        for one in comparisons:
            told[one.held.model] += [told_row(one.held, one.known, stream, row) for row in rows.of(one.held.model)]
    for one in comparisons:
        stored = [(stream, row) for stream, row in one.stored(streams) if stream not in damaged]
        yield from one.compare(stored, told[one.held.model])


def _single(session: Session, family: Merged, comparisons: Sequence[Comparison]) -> Iterator[Mismatch]:
    [(_, rows)] = _folded(session, [family.prefix], family.fold)
    if rows is None:
        yield Mismatch(family.prefix, None, "历史无法读取，未能核对由它而来的记录")
        return
    for one in comparisons:
        told = [told_row(one.held, one.known, family.prefix, row) for row in rows.of(one.held.model)]
        yield from one.compare(one.stored(None), told)


def _files(session: Session, streams: Sequence[str] | None = None) -> Iterator[Mismatch]:
    """The files of all records: which streams have any is asked of the table and of the journal."""
    comparison = Comparison(session, FILES)
    if streams is None:
        kinds = HistoryEvent.kind.in_(("file_attached", "file_withdrawn"))
        names = set(session.scalars(select(HistoryEvent.stream).where(kinds).distinct()))
        streams = sorted(names | comparison.owners(""))
    for some in chunks(streams):
        told = []
        for stream, rows in _folded(session, some, fold_file, ("file_attached", "file_withdrawn", BASELINE)):
            if rows is not None:
                told += [told_row(FILES, comparison.known, stream, row) for row in rows.of(FILES.model)]
        yield from comparison.compare(comparison.stored(some), told)


def _folded(
    session: Session,
    streams: Sequence[str],
    fold: Callable[[Rows, Event], None],
    kinds: Collection[str] | None = None,
) -> Iterator[tuple[str, Rows | None]]:
    """Each stream with the rows that its events make; None where an event cannot be read."""
    try:
        made = {stream: Rows(stream) for stream in streams}
        broken: set[str] = set()
        for notice in _notices(session, [stream for stream in streams if stream.startswith(NOTICES)]):
            fold(made[f"{NOTICES}{notice.id}"], notice)
        for event in _events(session, streams, kinds):
            if event.stream in broken:
                continue
            try:
                if event.kind == BASELINE:
                    take_baseline(made[event.stream], event, HELD)
                else:
                    fold(made[event.stream], event)
            except DAMAGE:
                broken.add(event.stream)
    except DAMAGE:
        if len(streams) == 1:
            yield streams[0], None
            return
        for stream in streams:
            yield from _folded(session, [stream], fold, kinds)
        return
    for stream, rows in made.items():
        yield stream, None if stream in broken else rows


def _notices(session: Session, streams: Sequence[str]) -> Iterator[Any]:
    """The notices whose delivery these streams tell of, less those that an older release has delivered."""
    numbers = [int(name) for stream in streams if (name := stream.partition(":")[2]).isdecimal()]
    if not numbers:
        return
    until, owed = delivered_before(session)
    one = HistoryEvent
    columns = (one.id, one.stream, one.seq, one.at, one.actor, one.on_behalf_of, one.kind, one.task, one.data)
    # by their numbers, not by the index of kinds, as in ``undelivered``
    for row in session.execute(select(*columns).where(one.id.in_(numbers), one.kind.concat("") == NOTICE)):
        if row.id > until or row.id in owed:
            yield row


def undelivered(session: Session, span: tuple[int, int] | None = None) -> Iterator[Mismatch]:
    """Notices, all or those numbered in a span, that are neither owed nor told: somebody has taken them out of the
    outbox.

    Kinds are compared as no index knows them: by that of kinds SQLite would read all notices for each of them.
    """
    until, owed = delivered_before(session)
    one, told = HistoryEvent, aliased(HistoryEvent)
    stream = literal(NOTICES).concat(cast(one.id, String))
    gone = (
        ~exists().where(OutboxEntry.event_id == one.id),
        ~exists().where(told.stream == stream, told.kind.concat("") == TOLD),
    )
    late = or_(one.id > until, one.id.in_(owed))
    found = select(one.id, one.stream, one.seq).where(late, *gone)
    among = (one.kind == NOTICE,) if span is None else (one.kind.concat("") == NOTICE, one.id.between(*span))
    found = found.where(*among)
    for row in session.execute(found):
        values = {"must": "已送达，或在待送达之列", "have": "没有送达，也不待送达"}
        yield Mismatch(row.stream, row.seq, "提醒没有送达，也不在待送达之列", "outbox", f"日志第 {row.id} 条", **values)


def delivered_before(session: Session) -> tuple[int, frozenset[int]]:
    """Up to which event an older release has delivered notices, less those that it still owed then."""
    first = session.scalar(select(HistoryEvent.data).where(HistoryEvent.stream == BASELINE, HistoryEvent.seq == 1))
    said = first if isinstance(first, dict) else {}
    return int(said.get("notices_until", 0)), frozenset(said.get("owed", ()))


def _events(session: Session, streams: Sequence[str], kinds: Collection[str] | None) -> Iterator[Any]:
    one = HistoryEvent
    columns = (one.id, one.stream, one.seq, one.at, one.actor, one.on_behalf_of, one.kind, one.task, one.data)
    found = select(*columns).where(one.stream.in_(streams)).order_by(one.stream, one.seq)
    if kinds is not None:
        found = found.where(one.kind.in_(kinds))
    yield from session.execute(found.execution_options(yield_per=1000))


def _contents(session: Session) -> Iterator[Mismatch]:
    """The contents of drafts and scenarios stand under their own digest."""
    table = KeptContent.__tablename__
    digest, content = type_coerce(KeptContent.digest, NullType()), type_coerce(KeptContent.content, NullType())
    known: Any
    kept: Any
    for known, kept in session.execute(select(digest, content).execution_options(yield_per=20)):
        if not isinstance(kept, bytes | memoryview) or Digest.of(bytes(kept)).sha256 != known:
            what = f"草稿内容「{str(known)[:12]}…」与摘要不符"
            told = {"must": f"摘要 {str(known)[:12]}… 的内容", "have": "摘要不同的内容"}
            yield Mismatch(f"content:{known}", None, what, table, str(known), "content", **told)
    for stream, name, lacking in _lost_contents(session):
        told = {"must": f"摘要 {lacking[:12]}… 的内容", "have": "没有这份内容"}
        yield Mismatch(stream, None, f"文件「{name}」的内容缺少", table, lacking, **told)


def _lost_contents(session: Session) -> Iterator[tuple[str, str, str]]:
    """(stream, name, digest) of each file of a draft, and scenario of a version, whose content is not there."""
    there = exists().where(KeptContent.digest == DraftFile.digest)
    once = exists().where(KeptContent.digest == DraftFile.former)
    files = select(DraftFile.draft_id, DraftFile.name, DraftFile.digest, DraftFile.former, there, once).where(
        or_(and_(DraftFile.digest.is_not(None), ~there), and_(DraftFile.former.is_not(None), ~once))
    )
    for draft, name, digest, former, has, _ in session.execute(files.order_by(DraftFile.draft_id, DraftFile.name)):
        yield f"draft:{draft}", name, str(former if digest is None or has else digest)
    one = VersionScenario
    kept = exists().where(KeptContent.digest == one.digest)
    scenarios = select(one.process, one.version, one.name, one.digest).where(~kept)
    for process, version, name, digest in session.execute(scenarios.order_by(one.process, one.version, one.name)):
        yield f"definition:{process}", f"第 {version} 版的用例 {name}", digest
