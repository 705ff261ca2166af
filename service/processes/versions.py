"""The versions by which a case has run, one after the other: its past is told in the words of its time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from service.db.memory import remembered
from service.db.prepared import Prepared
from service.history import HistoryEvent
from service.processes.at_hand import held
from service.processes.bundles import Compiled, compiled
from service.processes.forms import Form
from service.processes.models import Instance
from service.processes.moves import MIGRATED
from service.processes.recording import stream_of


class Versions:
    """The definitions of a case. ``starts`` are the sequence numbers from which each held, in order, with its digest
    and the number of its version."""

    def __init__(self, starts: Sequence[tuple[int, str, int]], load: Callable[[str], Compiled]) -> None:
        self.starts = list(starts)
        self._load = load
        self._seqs = [start[0] for start in self.starts]

    def at(self, seq: int) -> Compiled:
        """The definition by which the entry ``seq`` of the journal came about; that of a migration is the new one."""
        return self._load(self.starts[max(0, bisect_right(self._seqs, seq) - 1)][1])

    def form_of(self, event: HistoryEvent) -> Form:
        """The form by which a completed step was filled in."""
        return self.at(event.seq).form_of(event.data["process"], event.data["step"])


def versions_of(session: Session, instance: Instance, events: Iterable[HistoryEvent]) -> Versions:
    """The versions of a case, by the entries of its journal."""
    return _versions(session, instance, [(event.seq, event.data) for event in events if event.kind == MIGRATED])


def find_versions(session: Session, instance: Instance) -> Versions:
    """The same, where the journal is not at hand; one statement a transaction, none where the case is locked by it and
    was never moved."""
    hand = held(session, instance.id)
    if hand is not None and hand.stays(instance):
        return _versions(session, instance, [])
    return remembered(
        session,
        (find_versions, instance.id),
        lambda: _versions(session, instance, _MOVES.rows(session, {"stream": stream_of(instance.id)})),
    )


_MOVES = Prepared(
    select(HistoryEvent.seq, HistoryEvent.data)
    .where(HistoryEvent.stream == bindparam("stream"), HistoryEvent.kind == literal_column(f"'{MIGRATED}'"))
    .order_by(HistoryEvent.seq)
)


def _versions(session: Session, instance: Instance, moves: Sequence[Sequence[Any]]) -> Versions:
    """``moves``: number and data of each migration."""
    starts = [(0, instance.digest, instance.version)]
    if moves:
        first = moves[0][1]["from"]
        starts = [(0, first["digest"], first["version"])]
        starts += [(seq, data["to"]["digest"], data["to"]["version"]) for seq, data in moves]
    return Versions(starts, lambda digest: compiled(session, digest, instance.process))
