"""Checking the seals that the database holds: the tree is built again from the journal and held against each head.

Finds whatever was changed without the seals, or in the seals. A hand that also makes the seals anew, with a key of its
own, is found by heads that are kept elsewhere (``against``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.errors import Invalid
from service.history import HistoryEvent, Mismatch, stream_events
from service.seals import apart, tree
from service.seals.growth import Growth
from service.seals.heads import NOTHING, Head, digest_of, head_of
from service.seals.keys import BEGUN, STREAM, known_keys
from service.seals.models import Seal, SealBlock, SealKey
from service.seals.order import too_early
from service.seals.reading import lines
from service.seals.statements import Keys, Statement

Progress = Callable[[int, int], None]
"""Told how many events of how many are done."""
_PARTS = ("编号", "时间", "条数", "末条的号", "密钥", "摘要")
"""The parts of a head that its row repeats."""
EVERY = 5000
"""Events between two words of progress."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check: what is wrong, and what people should know besides (a key that was lost)."""

    mismatches: list[Mismatch]
    remarks: list[str]
    seals: int
    size: int


def check_seals(
    session: Session,
    progress: Progress | None = None,
    *,
    proven: int = 0,
    known: Collection[tuple[str, int]] = (),
) -> Checked:
    """Checks keys, heads, blocks and every root, in one pass over the journal.

    ``proven``: the number of a head of which the caller knows that all that it covers, its full blocks and the heads
    up to it stand as they stood when they were checked: the tree then grows from there on. ``known``: events (stream
    and number) whose moments were found doubtful before; these are looked at all the same.
    """
    keys = Keys(known_keys(session))
    found = [Mismatch(STREAM, 0, what, *apart.KEY) for what in (*keys.faults, *_key_rows(session))]
    seals = list(session.scalars(select(Seal).order_by(Seal.number)))
    heads: list[Head] = []
    for one in _heads(seals, keys):
        if isinstance(one, Head):
            heads.append(one)
        else:
            found.append(one)
    size = 0
    if heads:
        found += _roots(session, heads, progress, next((one for one in heads if one.number == proven), None))
        found += too_early(session, heads, proven=proven, known=known)
        size = heads[-1].size
    return Checked(found, keys.remarks, len(seals), size)


def _key_rows(session: Session) -> Iterator[str]:
    """Whether the keys are those that the journal tells of, begun when they say."""
    told = {str(event.data.get("key")) for event in stream_events(session, STREAM) if event.kind == BEGUN}
    rows = {row.id: row for row in session.scalars(select(SealKey))}
    for key in sorted(told ^ rows.keys()):
        yield f"密钥 {key} {'的记录被删除' if key in told else '没有启用的记录'}"
    for row in rows.values():
        said = Statement(row.statement, row.own, row.old).said
        if (row.id, row.begun_at.isoformat(timespec="microseconds")) != (said.get("id"), said.get("begun_at")):
            yield f"密钥 {row.id} 的记录与签名的内容不符"


def _heads(seals: list[Seal], keys: Keys) -> Iterator[Head | Mismatch]:
    """Each head that can be read, and what is wrong with heads."""

    def wrong(what: str, told: apart.Told) -> Mismatch:
        return Mismatch(STREAM, 0, what, *told)

    previous, expected = NOTHING, 1
    for row in seals:
        name = f"第 {row.number} 次封存"
        if row.number != expected:
            yield wrong(f"缺少第 {expected} 次封存的记录", apart.LOST_HEAD)
        try:
            head = head_of(row.head)
        except Invalid as error:
            yield wrong(f"{name}：{error.message}", apart.READABLE)
        else:
            yield head
            must = (head.number, head.made_at, head.size, head.last_id, head.key, digest_of(row.head))
            told = (row.number, row.made_at, row.size, row.last_id, row.key_id, row.digest)
            if told != must:
                parts = (dict(zip(_PARTS, each, strict=True)) for each in (must, told))
                yield wrong(f"{name}的记录与签名的内容不符", apart.of_parts(*parts))
            if row.number == expected and head.previous != previous:
                yield wrong(f"{name}与前一次封存不衔接", apart.of_hash(previous, head.previous, "前一次的摘要"))
            if (fault := keys.checked(row.head, row.signature, head.key)) is not None:
                yield wrong(f"{name}：{fault}", apart.SIGNATURE)
            if (begun := keys.begun.get(head.key, head.key_begun)) != head.key_begun:
                yield wrong(f"{name}写的密钥来历与密钥的记录不符", apart.of_origin(begun, head.key_begun))
        previous, expected = digest_of(row.head), row.number + 1


def _roots(session: Session, heads: list[Head], progress: Progress | None, proven: Head | None) -> Iterator[Mismatch]:
    growth, waiting, after = Growth(), iter(heads), 0
    blocks = list(session.scalars(select(SealBlock).order_by(SealBlock.number)))
    if proven is not None:
        growth.counted, growth.streams = proven.last_id, proven.streams
        full = proven.size // tree.BLOCK
        before = [row for row in blocks if 0 <= row.number < full]
        after, waiting = growth.skip(before), iter([one for one in heads if one.number > proven.number])
        blocks = [row for row in blocks if not 0 <= row.number < full]
    head = next(waiting, None)
    known = {row.number: row for row in blocks}
    covered = HistoryEvent.id.between(after + 1, heads[-1].last_id)
    total = session.scalar(select(func.count()).where(covered)) or 0
    named, torn = False, _Torn()
    for done, line in enumerate(lines(session, after=after, until=heads[-1].last_id)):
        while head is not None and line.id > head.last_id:
            yield from torn.of(head, growth)
            head = next(waiting, None)
            growth.forget_days()
        growth.add(line)
        if growth.full:
            made = growth.full.pop()
            if not named and not _same(made, known.get(made.number)):
                named = True  # what comes after it differs as well
                kept = known.get(made.number)
                told = apart.of_hash(kept.sha256, made.sha256, "摘要") if kept is not None else apart.LINES
                yield Mismatch(STREAM, 0, _place(made), *told)
            known.pop(made.number, None)
        if progress is not None and done % EVERY == 0:
            progress(done, total)
    while head is not None:
        yield from torn.of(head, growth)
        head = next(waiting, None)
        growth.forget_days()
    yield from torn.rest()
    if known and not named:
        last = f"封存的分段 {min(known)} 没有对应的记录，末尾的记录被删除"
        yield Mismatch(STREAM, 0, last, *apart.of_number(tree.BLOCK, 0))


class _Torn:
    """Tells of the first head that differs. Each that follows it differs as well: these are counted."""

    def __init__(self) -> None:
        self._numbers: list[int] = []

    def of(self, head: Head, growth: Growth) -> Iterator[Mismatch]:
        """The faults of the first head that has any."""
        found = list(head_faults(head, growth))
        if found and not self._numbers:
            yield from found
        if found:
            self._numbers.append(head.number)

    def rest(self) -> Iterator[Mismatch]:
        """One line about all later heads that differ as well."""
        if len(self._numbers) > 1:
            later = self._numbers[1:]
            what = f"其后到第 {later[-1]} 次封存的 {len(later)} 次也都不符，由最早的不符而来"
            yield Mismatch(STREAM, 0, what, *apart.of_number(0, len(later), "次"))


def _same(made: SealBlock, kept: SealBlock | None) -> bool:
    if kept is None or (made.first_id, made.last_id, made.sha256) != (kept.first_id, kept.last_id, kept.sha256):
        return False
    return None in (made.sm3, kept.sm3) or made.sm3 == kept.sm3


def _place(block: SealBlock) -> str:
    return (
        f"日志第 {block.first_id} 号到第 {block.last_id} 号的记录与封存时不符；"
        "用保存在别处的封存核对（liaison verify --against），可指明是哪一条"
    )


def head_faults(head: Head, growth: Growth, *, days: bool = True) -> Iterator[Mismatch]:
    """The differences between the tree as it has grown and the one that the head was signed over.

    Those of ``days`` only where the counts of the tree began after the head before.
    """
    name = f"第 {head.number} 次封存（{clock.local(head.made_at):%Y-%m-%d}）"
    if growth.size != head.size:
        kind = "少了" if growth.size < head.size else "多了"
        gap = abs(growth.size - head.size)
        what = f"{name}时有 {head.size} 条记录，现在{kind} {gap} 条"
        yield Mismatch(STREAM, 0, what, *apart.of_number(head.size, growth.size))
    elif growth.roots()[0] != head.sha256 or _other(growth.roots()[1], head.sm3):
        what = f"{name}的根值与现在的 {head.size} 条记录不符，记录被改动"
        yield Mismatch(STREAM, 0, what, *apart.of_hash(head.sha256, growth.roots()[0]))
    if growth.streams != head.streams:
        what = f"{name}时有 {head.streams} 条链，现在有 {growth.streams} 条"
        yield Mismatch(STREAM, 0, what, *apart.of_number(head.streams, growth.streams, "条链"))
    for day, (events, begun) in head.days.items() if days else ():
        have = growth.days.get(day, 0), growth.begun.get(day, 0)
        if have != (events, begun):
            what = f"{name}：{day} 封存了 {events} 条记录、{begun} 条新链，现在是 {have[0]} 条、{have[1]} 条"
            yield Mismatch(STREAM, 0, what, *apart.of_day((events, begun), have))
    for day in sorted(growth.days.keys() - head.days.keys()) if days else ():
        what = f"{name}：{day or '时间无法读取'} 多出 {growth.days[day]} 条记录"
        yield Mismatch(STREAM, 0, what, *apart.of_number(0, growth.days[day]))


def _other(made: str | None, kept: str | None) -> bool:
    return None not in (made, kept) and made != kept
