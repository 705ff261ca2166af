"""Checking the journal against heads that were kept elsewhere: proof against the one who owns the database.

Every hash is made anew from the content of its event, so nothing that the database says of itself is believed. The
tree over the events must have each head's root at each head's size; where it has not, the files of leaves tell which
events differ, the first of them first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import zip_longest
from operator import itemgetter
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import Invalid
from service.history import HistoryEvent, Mismatch
from service.seals import apart
from service.seals.checking import EVERY, Checked, Progress, head_faults
from service.seals.growth import Growth
from service.seals.heads import digest_of
from service.seals.keys import STREAM
from service.seals.models import Seal
from service.seals.reading import Line
from service.seals.rehashing import remade
from service.seals.statements import Keys, Statement
from service.seals.witnesses import Witness, leaves_of

NAMED = 20
"""How many changed places, and lost streams, are named; of more the number is told."""
GONE = "整条链被删除"
Place = tuple[str, int]
"""Stream and number of an event."""
Sealed = dict[str, tuple[int, str]]
"""Stream → number and hash of its last event that files of leaves have named."""
Named = Callable[[str], str]
"""The name of the record of a stream, as people call it."""


def check_against(
    session: Session, witnesses: Sequence[Witness], progress: Progress | None = None, named: Named = str
) -> Checked:
    """Checks signatures, the sequence of the heads, the rows of the seals, and every event that the heads cover.

    ``named`` names a stream within the words of a finding; by default the stream stands there itself.
    """
    keys = Keys(_statements(witnesses))
    found = [Mismatch(STREAM, 0, what, *apart.KEY) for what in keys.faults]
    told = (*_heads(witnesses, keys), *_rows(session, witnesses))
    found += [Mismatch(STREAM, 0, what, *values) for what, values in told]
    found += _events(session, witnesses, progress, named)
    return Checked(found, keys.remarks, len(witnesses), witnesses[-1].head.size)


def heads_differ(session: Session, witnesses: Sequence[Witness]) -> bool:
    """Whether the database lacks one of the heads that were kept, or holds another in its place; one statement."""
    return any(True for _ in _rows(session, witnesses))


def _statements(witnesses: Sequence[Witness]) -> list[Statement]:
    """Each key once, as the earliest head that names it says."""
    return list({one.text: one for witness in reversed(witnesses) for one in witness.keys}.values())


def _heads(witnesses: Sequence[Witness], keys: Keys) -> Iterator[tuple[str, apart.Told]]:
    before: Witness | None = None
    for witness in witnesses:
        if (fault := keys.checked(witness.text, witness.signature, witness.head.key)) is not None:
            yield f"{witness.name}：{fault}", apart.SIGNATURE
        if before is not None:
            one, other = before.head, witness.head
            if other.number == one.number and before.text != witness.text:
                digests = apart.of_hash(digest_of(before.text), digest_of(witness.text), "摘要")
                yield f"{witness.name}与 {before.file.name} 编号相同而内容不同", digests
            if other.number == one.number + 1 and other.previous != (must := digest_of(before.text)):
                digests = apart.of_hash(must, other.previous, "前一次的摘要")
                yield f"{witness.name}与前一次封存不衔接", digests
            if other.size < one.size or other.streams < one.streams or other.last_id < one.last_id:
                fewer = f"不少于 {one.size} 条记录、{one.streams} 条链", f"{other.size} 条记录、{other.streams} 条链"
                yield f"{witness.name}的记录比前一次封存少", fewer
        before = witness


def _rows(session: Session, witnesses: Sequence[Witness]) -> Iterator[tuple[str, apart.Told]]:
    """Whether the database holds the very heads that were kept."""
    have = {row.number: row.head for row in session.scalars(select(Seal))}
    for witness in witnesses:
        number = witness.head.number
        if number not in have:
            yield f"数据库里没有{witness.name}", apart.LOST_HEAD
        elif have[number] != witness.text:
            digests = apart.of_hash(digest_of(witness.text), digest_of(have[number]), "摘要")
            yield f"数据库里的第 {number} 次封存不是当时的那一次，封存被重做，以 {witness.file.name} 为准", digests


def _events(
    session: Session, witnesses: Sequence[Witness], progress: Progress | None, named: Named
) -> Iterator[Mismatch]:
    """The first event that is not what was sealed, and the counts that differ."""
    last_id = max(one.head.last_id for one in witnesses)
    total = session.scalar(select(func.count()).where(HistoryEvent.id <= last_id)) or 0
    growth, waiting, good = Growth(), list(witnesses), None
    with closing(_with_end(remade(session, until=last_id))) as events:
        for done, line in enumerate(events):
            while waiting and (line is None or line.id > waiting[0].head.last_id):
                bad = waiting.pop(0)
                follows = bad.head.number == (good.head.number + 1 if good is not None else 1)
                faults = [*head_faults(bad.head, growth, days=follows)]
                growth.forget_days()
                if faults:
                    yield from _bounded(_changed(session, good, bad, waiting, named, follows=follows))
                    yield from faults
                    return
                good = bad
            if line is not None:
                growth.add(line)
                growth.full.clear()
            if progress is not None and done % EVERY == 0:
                progress(done, total)


def _with_end(found: Iterable[Line]) -> Generator[Line | None, None, None]:
    yield from found
    yield None


def _bounded(found: Iterable[Mismatch]) -> Iterator[Mismatch]:
    """The first ``NAMED`` events and ``NAMED`` lost streams, and how many there are besides; what names no event is
    always told."""
    events = streams = 0
    for one in found:
        lost = one.what == GONE
        streams += lost
        events += bool(one.seq)
        if (streams if lost else events) <= NAMED or not (lost or one.seq):
            yield one
    if (more := streams - NAMED) > 0:
        yield Mismatch(STREAM, 0, f"另有 {more} 条链被整条删除", *apart.of_number(more, 0, "条链"))
    if (more := events - NAMED) > 0:
        yield Mismatch(STREAM, 0, f"另有 {more} 处与封存时不同", *apart.LINES)


def _changed(
    session: Session, good: Witness | None, bad: Witness, later: Sequence[Witness], named: Named, *, follows: bool
) -> Iterator[Mismatch]:
    """All that is not as it was sealed: the first event, the other events and the lost streams of that head, then those
    of each later head whose leaves are there, in the order of the journal."""
    first = _first(session, good, bad, named, follows=follows)
    yield first
    there = set(session.scalars(select(HistoryEvent.stream).distinct()))
    gone, sealed = set[str](), Sealed()
    before, heads = good, [bad, *later]
    for head in heads:
        number = before.head.number if before is not None else 0
        if head.leaves is not None and head.head.number == number + 1:
            after = before.head.last_id if before is not None else 0
            try:
                for one in _others(session, head, head.leaves, after, sealed, _since(before, head)):
                    if one.stream not in there:
                        if one.stream not in gone:
                            gone.add(one.stream)
                            yield Mismatch(one.stream, 0, GONE, *apart.STREAM)
                    elif (one.stream, one.seq) != (first.stream, first.seq):
                        yield one
            except Invalid as error:
                if not first.what.startswith(error.message):  # of the first it may be told already
                    yield Mismatch(STREAM, 0, f"{error.message}，不能指明是哪一条", *apart.LINES)
        before = head


def _others(
    session: Session, head: Witness, leaves: Path, after: int, sealed: Sealed, since: str
) -> Iterator[Mismatch]:
    """Each event of a head that was changed, deleted or put in, wherever it stands; in the order of the journal.

    ``sealed`` is what leaves have named so far, and grows. Raises Invalid where the file is damaged.
    """
    missing: dict[Place, tuple[int, str]] = {}
    put_in: dict[Place, tuple[int, str]] = {}
    differing: dict[Place, tuple[int, str]] = {}
    with closing(remade(session, after=after, until=head.head.last_id)) as present:
        for at, (was, line) in enumerate(zip_longest(leaves_of(leaves), present)):
            places: list[Place] = []
            if was is not None:
                places.append((was[2], was[1]))
                missing[was[2], was[1]] = at, was[0]
            if line is not None:
                places.append((line.stream, line.seq))
                put_in[line.stream, line.seq] = at, line.hash
            for place in places:
                if place in missing and place in put_in:
                    kept, (_, made) = missing.pop(place), put_in.pop(place)
                    if kept[1] != made:
                        differing[place] = kept
    found = [
        (at, Mismatch(*place, f"内容与封存时不同（{since}）", *apart.of_hash(differing[place][1], made, "哈希")))
        for place, at, made in _rewritten(session, head, leaves, after, sealed, differing)
    ]
    found += [
        (at, Mismatch(*place, f"封存时的这条记录被删除（{since}）", *apart.LINE)) for place, (at, _) in missing.items()
    ]
    found += [
        (at, Mismatch(*place, f"封存时没有这条记录，事后插入（{since}）", *apart.NO_LINE))
        for place, (at, _) in put_in.items()
    ]
    yield from (one for _, one in sorted(found, key=itemgetter(0)))


def _rewritten(
    session: Session,
    head: Witness,
    leaves: Path,
    after: int,
    sealed: Sealed,
    differing: Mapping[Place, tuple[int, str]],
) -> list[tuple[Place, int, str]]:
    """Of the events with another hash those that have it also when linked to the sealed hash of the event before: one
    that was only linked anew to a changed one is not taken for a changed one. (event, place of its leaf, hash)"""
    linked: dict[Place, str] = {}
    for digest, seq, stream in leaves_of(leaves):
        if (stream, seq) in differing and sealed.get(stream, (0, ""))[0] == seq - 1 > 0:
            linked[stream, seq] = sealed[stream][1]
        sealed[stream] = seq, digest
    if not differing:
        return []
    with closing(
        remade(session, after=after, until=head.head.last_id, before=lambda stream, seq: linked.get((stream, seq)))
    ) as present:
        return [
            (place, differing[place][0], line.hash)
            for line in present
            if (place := (line.stream, line.seq)) in differing and line.hash != differing[place][1]
        ]


def _since(good: Witness | None, bad: Witness) -> str:
    return f"{good.name}之后、{bad.name}之前" if good is not None else f"{bad.name}之前"


def _first(session: Session, good: Witness | None, bad: Witness, named: Named, *, follows: bool) -> Mismatch:
    """The first event between two heads that is not as it was, or why none can be named."""
    since = _since(good, bad)
    if bad.leaves is None or not follows:
        lacking = f"缺少 {bad.file.stem}.leaves.gz" if bad.leaves is None else "中间缺少一次封存的文件"
        return Mismatch(STREAM, 0, f"改动发生在{since}的记录里；{lacking}，不能指明是哪一条", *apart.LINES)
    after = good.head.last_id if good is not None else 0
    try:
        return _differing(session, bad, bad.leaves, after, since, named)
    except Invalid as error:
        return Mismatch(STREAM, 0, f"{error.message}，不能指明是哪一条（改动在{since}）", *apart.LINES)


def _differing(session: Session, bad: Witness, leaves: Path, after: int, since: str, named: Named) -> Mismatch:
    with closing(remade(session, after=after, until=bad.head.last_id)) as present:
        for was, line in zip_longest(leaves_of(leaves), present):
            if was is None and line is not None:
                return Mismatch(line.stream, line.seq, f"封存时没有这条记录，事后插入（{since}）", *apart.NO_LINE)
            if was is not None and (line is None or was != (line.hash, line.seq, line.stream)):
                return _said(session, was, line, since, named)
    what = f"{leaves.name} 与 {bad.file.name} 不符，不能指明是哪一条（改动在{since}）"
    return Mismatch(STREAM, 0, what, *apart.LINES)


def _said(session: Session, was: tuple[str, int, str], line: Line | None, since: str, named: Named) -> Mismatch:
    sealed, seq, stream = was
    if line is not None and (line.seq, line.stream) == (seq, stream):
        what = f"内容与封存时不同，是最早被改动的一条（{since}）"
        return Mismatch(stream, seq, what, *apart.of_hash(sealed, line.hash, "哈希"))
    there = select(HistoryEvent.id).where(HistoryEvent.stream == stream, HistoryEvent.seq == seq)
    if session.scalar(there.limit(1)) is None:
        return Mismatch(stream, seq, f"封存时的这条记录被删除，是最早被改动的一处（{since}）", *apart.LINE)
    if line is None:
        return Mismatch(stream, seq, f"记录的先后与封存时不同（{since}）", "封存时的先后", "另外的先后")
    what = f"封存时这里是 {named(stream)} 第 {seq} 条：记录被插入或调换（{since}）"
    have = f"{named(line.stream)} 第 {line.seq} 条"
    return Mismatch(line.stream, line.seq, what, f"{named(stream)} 第 {seq} 条", have)
