"""Time and seals: an event that came after a seal does not say to be from before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent, Mismatch, played_until
from service.history.confirmed import Confirmed, confirmations
from service.history.folding import moment_words
from service.seals.heads import Head

EARLIER_BY = timedelta(hours=1)
"""So much earlier than a seal an event after it may say that it is: long work takes the time when it begins."""
MOST = 20
"""Events after one seal that are named."""
DOUBTFUL = "时间早于此前的第"
"""How what is said of such an event begins: its bytes may be right all the same."""


def too_early(
    session: Session, heads: Sequence[Head], *, proven: int = 0, known: Collection[tuple[str, int]] = ()
) -> Iterator[Mismatch]:
    """The events with a moment of before the last seal when they came: a clock was set back, or a past made up.

    One statement a head, of those that are not before the head ``proven``; ``known`` events (stream and number) are
    looked at behind each head, and keep nobody from being named. A demonstration's past is no finding. Behind a seal
    that a fast clock made, events are held against it up to a person's word that the clock is right.
    """
    made_up = played_until(session)
    confirmed: list[Confirmed] | None = None
    for position, head in enumerate(heads):
        if head.number < proven and not known:
            continue
        only = known if head.number < proven else None
        end = heads[position + 1].last_id if position + 1 < len(heads) else None
        look = _Look(made_up, only, MOST + len(known))
        found = look.earlier(session, head.last_id, end, head.made_at)
        if found and confirmed is None:
            confirmed = confirmations(session)
        turn = _turn(confirmed or (), head, end) if found else None
        if turn is not None:
            found = look.earlier(session, head.last_id, turn.id, head.made_at)
        yield from _named(found, head, head.made_at)
        if turn is not None:
            yield from _named(look.earlier(session, turn.id, end, turn.at), head, turn.at)


def _turn(confirmed: Sequence[Confirmed], head: Head, end: int | None) -> Confirmed | None:
    """The word of a person, behind a seal and before the next, that the clock is right, where the seal is from a time
    yet to come: what stands behind that word is held against it (adr/0113)."""
    for one in confirmed:
        if one.id > head.last_id and (end is None or one.id <= end) and one.at < head.made_at - EARLIER_BY:
            return one
    return None


def _named(found: Iterable[tuple[str, int, Any]], head: Head, bound: datetime) -> Iterator[Mismatch]:
    must = f"不早于 {clock.local(bound):%Y-%m-%d %H:%M:%S}"
    for stream, seq, moment in found:
        yield Mismatch(stream, seq, f"{DOUBTFUL} {head.number} 次封存", must, moment_words(moment))


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks for events that say to be earlier: none of before ``made_up``, of ``only`` these, the first ``most``."""

    made_up: datetime
    only: Collection[tuple[str, int]] | None
    most: int

    def earlier(self, session: Session, after: int, until: int | None, bound: datetime) -> list[tuple[str, int, Any]]:
        """Stream, number and moment of the events behind the event ``after``, up to ``until``, that are too early."""
        raw = session.get_bind().dialect.name == "sqlite"
        at = type_coerce(HistoryEvent.at, Text) if raw else HistoryEvent.at
        found = select(HistoryEvent.stream, HistoryEvent.seq, at).where(
            HistoryEvent.id > after, HistoryEvent.at < bound - EARLIER_BY, HistoryEvent.at >= self.made_up
        )
        if self.only is not None:
            found = found.where(tuple_(HistoryEvent.stream, HistoryEvent.seq).in_(sorted(self.only)))
        if until is not None:
            found = found.where(HistoryEvent.id <= until)
        rows = session.execute(found.order_by(HistoryEvent.id).limit(self.most))
        return [(stream, seq, moment) for stream, seq, moment in rows]
