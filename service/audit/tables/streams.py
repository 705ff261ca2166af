"""Folding the streams of records, a batch at a time, and comparing every row that they tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import history
from service.audit.tables.baseline import take_baseline
from service.audit.tables.comparing import Comparison, Found, Told, chunks, told_row
from service.audit.tables.files import FILES, fold_file
from service.audit.tables.registry import FAMILIES, Merged
from service.history import HistoryEvent
from service.history.folding import BASELINE, Event, Rows
from service.processes.deployed import DAMAGE, Mismatch

Progress = Callable[[int, int], None]


def verify_records(
    session: Session, progress: Progress | None = None, found: list[Found] | None = None
) -> Iterator[Mismatch]:
    """Every row of every folded table is as its stream tells, and no row is there that none tells of.

    ``found`` takes what rows say that no event tells (of an upgrade).
    """
    for family in FAMILIES.values():
        comparisons = [Comparison(session, held) for held in family.held]
        for one in comparisons:
            one.found = found
        if family.single:
            yield from _single(session, family, comparisons)
            continue
        names = set(history.streams(session, f"{family.prefix}:"))
        for one in comparisons:
            names |= one.owners(family.prefix)
        listed = sorted(names)
        for done, some in enumerate(chunks(listed)):
            if progress is not None:
                progress(done * len(some), len(listed))
            yield from _batch(session, family, comparisons, some)
    yield from _files(session)


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
        for event in _events(session, streams, kinds):
            if event.stream in broken:
                continue
            try:
                if event.kind == BASELINE:
                    take_baseline(made[event.stream], event)
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


def _events(session: Session, streams: Sequence[str], kinds: Collection[str] | None) -> Iterator[Any]:
    one = HistoryEvent
    columns = (one.id, one.stream, one.seq, one.at, one.actor, one.on_behalf_of, one.kind, one.task, one.data)
    found = select(*columns).where(one.stream.in_(streams)).order_by(one.stream, one.seq)
    if kinds is not None:
        found = found.where(one.kind.in_(kinds))
    yield from session.execute(found.execution_options(yield_per=1000))
