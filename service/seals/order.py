"""Time and seals: an event that came after a seal does not say to be from before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from sqlalchemy import Text, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent, Mismatch, played_until
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
    looked at behind each head, and keep nobody from being named. A demonstration's past is no finding.
    """
    raw = session.get_bind().dialect.name == "sqlite"
    made_up = played_until(session)
    for position, head in enumerate(heads):
        if head.number < proven and not known:
            continue
        at = type_coerce(HistoryEvent.at, Text) if raw else HistoryEvent.at
        found = select(HistoryEvent.stream, HistoryEvent.seq, at).where(
            HistoryEvent.id > head.last_id,
            HistoryEvent.at < head.made_at - EARLIER_BY,
            HistoryEvent.at >= made_up,
        )
        if head.number < proven:
            found = found.where(tuple_(HistoryEvent.stream, HistoryEvent.seq).in_(sorted(known)))
        if position + 1 < len(heads):
            found = found.where(HistoryEvent.id <= heads[position + 1].last_id)
        for stream, seq, moment in session.execute(found.order_by(HistoryEvent.id).limit(MOST + len(known))):
            must = f"不早于 {clock.local(head.made_at):%Y-%m-%d %H:%M:%S}"
            yield Mismatch(stream, seq, f"{DOUBTFUL} {head.number} 次封存", must, moment_words(moment))
