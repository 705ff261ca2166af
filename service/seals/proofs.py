"""Proof that an event is in the tree of a seal: the few digests that lead from it to the signed root."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import Conflict, NotFound
from service.history.models import HistoryEvent
from service.seals import tree
from service.seals.heads import head_of
from service.seals.models import Seal, SealBlock


@dataclass(frozen=True, slots=True)
class Proof:
    """``at`` is the place of the event's ``hash`` among the ``size`` leaves, from 0; ``path`` and ``root`` are hex."""

    stream: str
    seq: int
    at: int
    size: int
    hash: str
    path: Sequence[str]
    root: str


class Altered(Conflict):
    """The journal is not as it was sealed between the numbers ``first_id`` and ``last_id``: no event there can be
    proven, whichever of them was changed."""

    def __init__(self, seal: int, first_id: int, last_id: int) -> None:
        super().__init__(f"日志第 {first_id} 号到第 {last_id} 号的记录与第 {seal} 次封存时不符")
        self.first_id, self.last_id = first_id, last_id


def proof(session: Session, seal: Seal, stream: str, seq: int) -> Proof:
    """The proof of one event. Raises NotFound; Conflict where the event came after the seal; Altered."""
    return proofs(session, seal, stream, (seq,))[0]


def proofs(session: Session, seal: Seal, stream: str, seqs: Iterable[int] | None = None) -> list[Proof]:
    """The proofs of events of a stream (of all that the seal covers), by seq. Reads one block an event at most.

    Raises NotFound, Conflict, Altered.
    """
    wanted = select(HistoryEvent.id, HistoryEvent.seq, HistoryEvent.hash).where(HistoryEvent.stream == stream)
    asked = None if seqs is None else set(seqs)
    if asked is not None:
        wanted = wanted.where(HistoryEvent.seq.in_(asked))
    events = session.execute(wanted.order_by(HistoryEvent.seq)).all()
    if asked is not None and len(events) != len(asked):
        raise NotFound("没有这条记录")
    covered = [event for event in events if event.id <= seal.last_id]
    if asked is not None and len(covered) != len(events):
        raise Conflict(f"这条记录晚于第 {seal.number} 次封存，请用之后的封存")
    blocks = list(
        session.execute(
            select(SealBlock.number, SealBlock.first_id, SealBlock.last_id, SealBlock.sha256)
            .where(SealBlock.number < seal.size // tree.BLOCK)
            .order_by(SealBlock.number)
        )
    )
    digests = [bytes.fromhex(block.sha256) for block in blocks]
    rest_after = blocks[-1].last_id if blocks else 0
    rest = _leaves(session, rest_after, seal.last_id)
    if rest:
        digests.append(tree.digest_of(tree.sha256, [leaf for _, leaf in rest]))
    root = head_of(seal.head).sha256
    if digests and tree.reduced(tree.sha256, digests).hex() != root:
        raise Altered(seal.number, rest_after + 1, seal.last_id)
    found, known = list[Proof](), dict[int, list[tuple[int, bytes]]]()
    for event in covered:
        number = next((n for n, block in enumerate(blocks) if event.id <= block.last_id), len(blocks))
        if number not in known:
            block = blocks[number] if number < len(blocks) else None
            known[number] = rest if block is None else _leaves(session, block.first_id - 1, block.last_id)
        leaves = known[number]
        place = next(n for n, (id_, _) in enumerate(leaves) if id_ == event.id)
        inner = [tree.sha256(b"\x00" + leaf) for _, leaf in leaves]
        path = [*tree.path(tree.sha256, inner, place), *tree.path(tree.sha256, digests, number)]
        at = number * tree.BLOCK + place
        made = Proof(stream, event.seq, at, seal.size, event.hash, [one.hex() for one in path], root)
        if tree.root_by(tree.sha256, bytes.fromhex(event.hash), at, seal.size, path) != bytes.fromhex(root):
            block = blocks[number] if number < len(blocks) else None
            first, last = (rest_after + 1, seal.last_id) if block is None else (block.first_id, block.last_id)
            raise Altered(seal.number, first, last)
        found.append(made)
    return found


def _leaves(session: Session, after: int, until: int) -> list[tuple[int, bytes]]:
    events = select(HistoryEvent.id, HistoryEvent.hash).where(HistoryEvent.id > after, HistoryEvent.id <= until)
    return [(row.id, bytes.fromhex(row.hash)) for row in session.execute(events.order_by(HistoryEvent.id))]
